#ifndef CORE_GRAPH_H
#define CORE_GRAPH_H

#include "base/arena.h"

#include <stdbool.h>

/*
 * What the shape of a graph says before anything runs: waves, cycles, the longest chain.
 * Tasks are 0 to n - 1. Linear in tasks and edges, and without recursion.
 */

/* 'task' cannot start before 'needs' is done. The same edge twice counts once. */
struct graph_edge {
	int task, needs;
};

struct graph_spec {
	int n;
	const struct graph_edge *edges; /* borrowed */
	int n_edges;
	const bool *stuck; /* a flag a task: it waits for something that will not come; or NULL */
};

struct graph_list {
	const int *items;
	int n;
};

struct graph {
	int n;
	struct graph_list *needs; /* of each task, in the order of the edges */
	struct graph_list *users; /* the tasks that need it, in their order */
	int *wave;   /* of each task: 0 can start at once; -1 never, for it is stuck or in a cycle,
	                 or needs one that is */
	int *height; /* of each task in a wave: tasks on the longest chain from it on, itself too */
	struct graph_list *waves; /* the tasks of each wave, in their order */
	int n_waves;
	struct graph_list path;    /* the longest chain, from its start */
	struct graph_list *cycles; /* groups that all need one another; where a group is one ring,
	                              each member needs the next; the lowest first */
	int n_cycles;
};

/* All that ret points to lives in a. Edges name tasks that exist. */
void graph_analyse(struct arena *a, const struct graph_spec *s, struct graph *ret);

#endif
