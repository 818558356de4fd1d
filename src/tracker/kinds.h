#ifndef TRACKER_KINDS_H
#define TRACKER_KINDS_H

#include "port/tracker.h"

struct github_options;

struct tracker_where {
	const char *state_dir; /* the folder of the repository's state */
	const char *root;      /* of the repository */
	const char *beads;     /* beads.path of the settings; may be NULL */
	const char *beads_rule;              /* beads.rule */
	const struct github_options *github; /* of the kind 'github'; else it may be NULL */
	const char *github_comments, *github_label;
	const char *github_graph; /* github.graph: "beads", or anything else */
};

/* The kinds of tracker there are; the contract tests run over every row. */
struct tracker_kind {
	const char *name; /* as in ganger.yaml: tracker: <name> */
	bool keeps;       /* what is in it outlives the process */
	bool plans;       /* issues have priorities, and the ids that are wanted for them */
	bool acyclic;     /* it refuses a cycle of dependencies */
	/* w: its state_dir exists. ret: ops->free(). */
	int (*open)(const struct tracker_where *w, struct tracker **ret, struct err *e);
};

extern const struct tracker_kind tracker_kinds[]; /* ends with one without a name */
/* NULL where there is none of that name. */
const struct tracker_kind *tracker_kind_find(const char *name);

#endif
