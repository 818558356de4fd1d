#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include "base/arena.h"
#include "base/str.h"
#include "port/tracker.h"
#include "run/overlap.h"

/*
 * What a run would do with the issues as they are now: a dry run over what a tracker
 * says. Ids and titles are borrowed from the issues; everything else lives in the arena.
 */

/* A list of tasks, by their place in plan.tasks. */
struct plan_list {
	const int *items;
	int n;
};

struct plan_need {
	const char *id;
	const char *
		why; /* why it is not one of the tasks: "open, outside the epic"; NULL: it is one */
};

struct plan_task {
	const struct issue *issue;
	struct plan_need *by; /* what is not done and has to be, each once */
	int n_by;
	int wave;     /* 0: ready; -1: never, as things are */
	int unblocks; /* tasks that need it directly */
	bool in_cycle;
};

/* Two that touch the same files, and neither waits for the other. */
struct plan_overlap {
	int a, b;
	const char *files; /* one of the paths; borrowed from the overlaps */
};

/* Of more pairs nothing is said but how many. */
#define PLAN_OVERLAPS_MAX 1000

struct plan {
	struct arena arena;
	struct plan_task
		*tasks; /* open ones that may be started some time; by priority, then age */
	int n_tasks;
	struct plan_list *waves; /* each in the order of starting */
	int n_waves;
	struct plan_list *cycles; /* each member needs the next, where it is one ring */
	int n_cycles;
	struct plan_list path;       /* the longest chain */
	const struct issue **hidden; /* open, but must not be started: issue.hidden says why */
	int n_hidden;
	int n_closed;
	struct plan_overlap *overlaps; /* once plan_overlaps() has found them */
	int n_overlaps;
	bool more_overlaps;
};

/* Never fails: what could not be read was an error of load(). g is borrowed until plan_done. */
void plan_make(const struct issue_graph *g, struct plan *ret);
void plan_done(struct plan *p);

/* What the issues of its tasks declare is added to o, whose tasks are numbered as the plan's. */
void plan_overlaps(struct plan *p, struct overlaps *o);

/* The members of a cycle for a person: "'a' needs 'b' needs 'a'". */
void buf_plan_cycle(struct buf *b, const struct plan *p, int cycle);

#endif
