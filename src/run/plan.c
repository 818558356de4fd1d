#include "run/plan.h"

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/graph.h"

#include <stdlib.h>
#include <string.h>

/* What an id is. */
enum known { KNOWN_TASK, KNOWN_HIDDEN, KNOWN_CLOSED, KNOWN_OUTSIDE };

/* The plan in the making. */
struct maker {
	const struct issue_graph *g;
	struct plan *p;
	struct map ids; /* id to 4 * (place in tasks) + enum known */
	bool *stuck;
	VEC(struct graph_edge) edges;
};

static void *room(struct maker *m, size_t n, size_t each)
{
	return arena_grow(&m->p->arena, NULL, 0, n + 1, each);
}

/* Ids that are numbers by their value, all others as texts. */
static int by_id(const char *a, const char *b)
{
	size_t n_a = strlen(a), n_b = strlen(b);
	bool numbers = strspn(a, "0123456789") == n_a && strspn(b, "0123456789") == n_b;

	if (numbers && n_a != n_b)
		return n_a < n_b ? -1 : 1;
	return strcmp(a, b);
}

/* Who comes first where nothing else decides: the urgent, then the old. */
static int by_age(const void *a, const void *b)
{
	const struct issue *x = ((const struct plan_task *)a)->issue;
	const struct issue *y = ((const struct plan_task *)b)->issue;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->created_ms != y->created_ms)
		return x->created_ms < y->created_ms ? -1 : 1;
	return by_id(x->id, y->id);
}

static void know(struct maker *m, const char *id, enum known what, int task)
{
	map_set(&m->ids, id, (size_t)task * 4 + what);
}

/* Sort the issues into tasks, hidden and closed ones. */
static void collect(struct maker *m)
{
	struct plan *p = m->p;

	p->tasks = room(m, m->g->issues.n, sizeof(*p->tasks));
	p->hidden = room(m, m->g->issues.n, sizeof(*p->hidden));
	for (size_t i = 0; i < m->g->issues.n; i++) {
		const struct issue *issue = &m->g->issues.items[i];
		bool hidden = issue->hidden && issue->hidden[0];

		if (!issue->open) {
			p->n_closed++;
			know(m, issue->id, KNOWN_CLOSED, 0);
		} else if (hidden) {
			p->hidden[p->n_hidden++] = issue;
			know(m, issue->id, KNOWN_HIDDEN, 0);
		} else {
			p->tasks[p->n_tasks++].issue = issue;
		}
	}
	qsort(p->tasks, (size_t)p->n_tasks, sizeof(*p->tasks), by_age);
	for (int t = 0; t < p->n_tasks; t++)
		know(m, p->tasks[t].issue->id, KNOWN_TASK, t);
	for (size_t i = 0; i < m->g->outside.n; i++) {
		const struct issue *issue = &m->g->outside.items[i];

		know(m, issue->id, issue->open ? KNOWN_OUTSIDE : KNOWN_CLOSED, 0);
	}
}

static bool task_find(const struct maker *m, const char *id, int *ret)
{
	size_t found;

	if (!map_find(&m->ids, id, &found) || found % 4 != KNOWN_TASK)
		return false;
	*ret = (int)(found / 4);
	return true;
}

static bool is_named(const struct plan_task *t, const char *id)
{
	for (int i = 0; i < t->n_by; i++) {
		if (streq(t->by[i].id, id))
			return true;
	}
	return false;
}

/* Note that the task of an edge waits, if it does. What is nowhere does not block. */
static void edge_add(struct maker *m, const struct issue_edge *edge)
{
	struct plan_task *task;
	size_t found;
	int t;

	if (!task_find(m, edge->task, &t) || !map_find(&m->ids, edge->needs, &found))
		return;
	task = &m->p->tasks[t];
	if (found % 4 == KNOWN_CLOSED || is_named(task, edge->needs))
		return;
	if (found % 4 == KNOWN_TASK)
		VEC_PUSH(&m->edges, ((struct graph_edge){t, (int)(found / 4)}));
	else
		m->stuck[t] = true;
	task->by[task->n_by++] = (struct plan_need){
		.id = edge->needs,
		.why = found % 4 == KNOWN_HIDDEN    ? "hidden"
		       : found % 4 == KNOWN_OUTSIDE ? "open, outside the epic"
						    : NULL,
	};
}

/* All edges, with room in every task for the needs that it may have. */
static void connect(struct maker *m)
{
	struct plan_need *all = room(m, m->g->edges.n, sizeof(*all));
	size_t *count = room(m, (size_t)m->p->n_tasks, sizeof(*count)), at = 0;
	int t;

	for (size_t i = 0; i < m->g->edges.n; i++) {
		if (task_find(m, m->g->edges.items[i].task, &t))
			count[t]++;
	}
	for (t = 0; t < m->p->n_tasks; t++) {
		m->p->tasks[t].by = all + at;
		at += count[t];
	}
	m->stuck = room(m, (size_t)m->p->n_tasks, sizeof(*m->stuck));
	for (size_t i = 0; i < m->g->edges.n; i++)
		edge_add(m, &m->g->edges.items[i]);
}

/* In a wave: the urgent first, then what unblocks most, then the old. */
static int by_start(const void *a, const void *b, void *ctx)
{
	const struct plan_task *tasks = ctx;
	int x = *(const int *)a, y = *(const int *)b;

	if (tasks[x].issue->priority != tasks[y].issue->priority)
		return x - y;
	if (tasks[x].unblocks != tasks[y].unblocks)
		return tasks[y].unblocks - tasks[x].unblocks;
	return x - y;
}

static struct plan_list list_copy(struct maker *m, const struct graph_list *from)
{
	int *items = room(m, (size_t)from->n, sizeof(*items));

	if (from->n)
		memcpy(items, from->items, (size_t)from->n * sizeof(*items));
	return (struct plan_list){items, from->n};
}

static void waves_take(struct maker *m, const struct graph *g)
{
	struct plan *p = m->p;

	p->n_waves = g->n_waves;
	p->waves = room(m, (size_t)g->n_waves, sizeof(*p->waves));
	for (int t = 0; t < p->n_tasks; t++) {
		p->tasks[t].wave = g->wave[t];
		p->tasks[t].unblocks = g->users[t].n;
	}
	for (int w = 0; w < g->n_waves; w++) {
		p->waves[w] = list_copy(m, &g->waves[w]);
		qsort_r((int *)p->waves[w].items, (size_t)p->waves[w].n, sizeof(int), by_start,
			p->tasks);
	}
	p->path = list_copy(m, &g->path);
}

static void cycles_take(struct maker *m, const struct graph *g)
{
	struct plan *p = m->p;

	p->n_cycles = g->n_cycles;
	p->cycles = room(m, (size_t)g->n_cycles, sizeof(*p->cycles));
	for (int c = 0; c < g->n_cycles; c++) {
		p->cycles[c] = list_copy(m, &g->cycles[c]);
		for (int i = 0; i < p->cycles[c].n; i++)
			p->tasks[p->cycles[c].items[i]].in_cycle = true;
	}
}

void plan_make(const struct issue_graph *g, struct plan *ret)
{
	struct maker m = {.g = g, .p = ret};
	struct arena scratch = {0};
	struct graph shape;

	*ret = (struct plan){0};
	collect(&m);
	connect(&m);
	graph_analyse(&scratch,
		      &(struct graph_spec){ret->n_tasks, m.edges.items, (int)m.edges.n, m.stuck},
		      &shape);
	waves_take(&m, &shape);
	cycles_take(&m, &shape);
	arena_done(&scratch);
	VEC_DONE(&m.edges);
	map_done(&m.ids);
}

/* Does a wait for b? Both are in waves: there is no cycle on the way. */
static bool waits_for(const struct plan *p, const struct map *ids, int a, int b)
{
	VEC(int) left = {0};
	bool *seen = mem_alloc((size_t)p->n_tasks + 1), found = false;

	VEC_PUSH(&left, a);
	while (left.n && !found) {
		const struct plan_task *t = &p->tasks[left.items[--left.n]];

		for (int i = 0; i < t->n_by; i++) {
			size_t need;

			if (!map_find(ids, t->by[i].id, &need) || seen[need])
				continue;
			seen[need] = true;
			found = found || (int)need == b;
			VEC_PUSH(&left, (int)need);
		}
	}
	VEC_DONE(&left);
	free(seen);
	return found;
}

/* One of them, where they may run at the same time. */
static void overlap_add(struct plan *p, const struct map *ids, int a, int b, const char *files)
{
	bool later = p->tasks[a].wave > p->tasks[b].wave;

	if (!files || p->tasks[a].wave < 0 || p->tasks[b].wave < 0 || p->more_overlaps)
		return;
	if (p->tasks[a].wave != p->tasks[b].wave &&
	    waits_for(p, ids, later ? a : b, later ? b : a))
		return;
	p->more_overlaps = p->n_overlaps == PLAN_OVERLAPS_MAX;
	if (!p->more_overlaps)
		p->overlaps[p->n_overlaps++] = (struct plan_overlap){a, b, files};
}

void plan_overlaps(struct plan *p, struct overlaps *o)
{
	struct map ids = {0};

	p->overlaps = arena_grow(&p->arena, NULL, 0, PLAN_OVERLAPS_MAX, sizeof(*p->overlaps));
	for (int t = 0; t < p->n_tasks; t++) {
		map_set(&ids, p->tasks[t].issue->id, (size_t)t);
		overlaps_declare(o, (size_t)t, p->tasks[t].issue->body);
	}
	for (int a = 0; a < (int)o->tasks.n && !p->more_overlaps; a++)
		for (int b = a + 1; b < (int)o->tasks.n; b++)
			overlap_add(p, &ids, a, b, overlaps_between(o, (size_t)a, (size_t)b));
	map_done(&ids);
}

void plan_done(struct plan *p)
{
	if (!p)
		return;
	arena_done(&p->arena);
	*p = (struct plan){0};
}

void buf_plan_cycle(struct buf *b, const struct plan *p, int cycle)
{
	const struct plan_list *l = &p->cycles[cycle];
	for (int i = 0; i <= l->n; i++)
		buf_printf(b, "%s'%s'", i ? " needs " : "", p->tasks[l->items[i % l->n]].issue->id);
}
