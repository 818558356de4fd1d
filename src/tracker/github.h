#ifndef TRACKER_GITHUB_H
#define TRACKER_GITHUB_H

#include "port/tracker.h"

struct github_options;

/*
 * Issues on GitHub. An id is a number, "12"; of an issue in another repository "owner/name#12".
 *
 * The children of an epic are its sub-issues; where it has none those of the task list in its
 * body, else those with the label, else what blocks it; 'notes' say which. Dependencies are GitHub's own;
 * where none of the epic's issues has one, "depends on #12" in a body counts, and is a note. Where
 * the server knows neither (GitHub Enterprise before 3.19) the texts stand in.
 *
 * A claim is a ref, refs/ganger/claim/<epic>/<task>, at a commit whose message says whose it is:
 * creating a ref is the one thing here that only the first can do.
 */
struct github_tracker_spec {
	const struct github_options *api;
	const char *repository; /* owner/name */
	const char *comments;   /* github.comments: "failures", "one", "none"; NULL: the first */
	const char *label;      /* github.label, with {epic}; NULL or empty: none */
	const char *state_dir;  /* keeps the id that our claims have */
};

int tracker_github_new(const struct github_tracker_spec *spec,
		       struct tracker **ret,
		       struct err *e) MUST_CHECK;

#endif
