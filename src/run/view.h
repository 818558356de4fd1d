#ifndef RUN_VIEW_H
#define RUN_VIEW_H

#include "core/core.h"
#include "run/paths.h"
#include "run/report.h"

struct config;
struct place;

/*
 * An epic as its journal has it: read-only, also while a supervisor runs or after one died.
 * The core is loaded and never stepped.
 */
struct view {
	char *found;                      /* as found.h has it; NULL: nothing */
	char *epic, *epic_branch, *title; /* title: as the tracker has it; may be empty */
	struct paths paths;
	struct core core;
	int64_t pid; /* of the supervisor; 0: none is alive */
	bool untested;
	const struct config *config; /* the run's settings, where its journal has them */
	struct config *own;          /* … which are these; NULL: config is the caller's */
};

/* e         NOT_FOUND: no run of this epic yet; CORRUPT, IO. view_done() in any case. */
int view_open(const struct place *p,
	      const struct config *c,
	      const char *epic,
	      struct view *ret,
	      struct err *e) MUST_CHECK;
void view_done(struct view *v);

/* The epic's title alone, while its journal is being written; owned; NULL: not known yet. */
char *view_title(const struct paths *p);

/*
 * Where the attempt began that ended with this commit, as the trace of events has it: what it
 * changed is what lies between. NOT_FOUND.
 */
int view_attempt_start(const struct view *v,
		       const char *task,
		       const struct oid *head,
		       struct oid *ret,
		       struct err *e) MUST_CHECK;

/* For the report and its next steps. */
struct report_spec view_report(const struct view *v);

/*
 * Epics that have a journal here, newest first; the caller frees with view_epics_done(). The
 * names are the journals' own, not those of their folders.
 */
struct view_epics {
	VEC(char *) ids;
};
int view_epics(const struct place *p, struct view_epics *ret, struct err *e) MUST_CHECK;
void view_epics_done(struct view_epics *v);

/*
 * The epic that has this task; NOT_FOUND; INVALID where several have one, with their names. What is
 * dispatched may be a task of an epic as well: that is meant then, and ret_beside the dispatch, else
 * NULL. The caller frees both.
 */
int view_epic_of(const struct place *p,
		 const struct config *c,
		 const char *task,
		 char **ret_epic,
		 char **ret_beside,
		 struct err *e) MUST_CHECK;

#endif
