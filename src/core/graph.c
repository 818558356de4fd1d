#include "core/graph.h"

#include "base/check.h"

#include <stdlib.h>

static int *ints(struct arena *a, int n)
{
	return arena_alloc(a, (size_t)(n ? n : 1) * sizeof(int));
}

/* Which end of the edges a list is kept by. */
enum side { BY_TASK, BY_NEEDS };

/*
 * The neighbours of every task on one side, as one array cut into pieces. 'items' was sized
 * for every edge; one that is there twice leaves a gap at the end.
 */
static struct graph_list *lists(struct arena *a, const struct graph_spec *s, enum side side)
{
	struct graph_list *ret = arena_alloc(a, (size_t)(s->n + 1) * sizeof(*ret));
	int *items = ints(a, s->n_edges), *count = ints(a, s->n), *end = ints(a, s->n + 1);

	for (int i = 0; i < s->n_edges; i++)
		count[side == BY_TASK ? s->edges[i].task : s->edges[i].needs]++;
	for (int t = 0, at = 0; t < s->n; t++) {
		ret[t].items = items + at;
		end[t] = at;
		at += count[t];
	}
	for (int i = 0; i < s->n_edges; i++) {
		const struct graph_edge *e = &s->edges[i];
		int t = side == BY_TASK ? e->task : e->needs;

		items[end[t]++] = side == BY_TASK ? e->needs : e->task;
		ret[t].n++;
	}
	return ret;
}

/* The edges without those that are there twice. */
static struct graph_spec unique(struct arena *a, const struct graph_spec *s)
{
	struct graph_spec ret = *s;
	struct graph_edge *edges = arena_alloc(a, (size_t)(s->n_edges + 1) * sizeof(*edges));
	struct graph_list *needs = lists(a, s, BY_TASK);
	int *seen = ints(a, s->n);
	int n = 0;

	for (int t = 0; t < s->n; t++) {
		for (int i = 0; i < needs[t].n; i++) {
			int need = needs[t].items[i];

			if (seen[need] == t + 1)
				continue;
			seen[need] = t + 1;
			edges[n++] = (struct graph_edge){t, need};
		}
	}
	ret.edges = edges;
	ret.n_edges = n;
	return ret;
}

/* Waves: a task comes one after the last of those it needs. Returns the order, *ret_n long. */
static int *waves_number(struct arena *a, const struct graph_spec *s, struct graph *g, int *ret_n)
{
	int *unmet = ints(a, s->n), *order = ints(a, s->n);
	int n = 0;

	for (int t = 0; t < s->n; t++) {
		unmet[t] = g->needs[t].n;
		g->wave[t] = -1;
		if (unmet[t] || (s->stuck && s->stuck[t]))
			continue;
		g->wave[t] = 0;
		order[n++] = t;
	}
	for (int i = 0; i < n; i++) {
		int done = order[i];

		for (int u = 0; u < g->users[done].n; u++) {
			int user = g->users[done].items[u];

			if (--unmet[user] || (s->stuck && s->stuck[user]))
				continue;
			/* 'done' is the last of its needs, and the order is by wave. */
			g->wave[user] = g->wave[done] + 1;
			order[n++] = user;
		}
	}
	*ret_n = n;
	return order;
}

static void waves_list(struct arena *a, struct graph *g)
{
	int *items = ints(a, g->n), *end;

	for (int t = 0; t < g->n; t++) {
		if (g->wave[t] >= g->n_waves)
			g->n_waves = g->wave[t] + 1;
	}
	g->waves = arena_alloc(a, (size_t)(g->n_waves + 1) * sizeof(*g->waves));
	end = ints(a, g->n_waves);
	for (int t = 0; t < g->n; t++) {
		if (g->wave[t] >= 0)
			g->waves[g->wave[t]].n++;
	}
	for (int w = 0, at = 0; w < g->n_waves; w++) {
		g->waves[w].items = items + at;
		end[w] = at;
		at += g->waves[w].n;
	}
	for (int t = 0; t < g->n; t++) {
		if (g->wave[t] >= 0)
			items[end[g->wave[t]]++] = t;
	}
}

/* Heights from the last task of the order to the first: whoever needs a task comes after it. */
static void heights(struct graph *g, const int *order, int n)
{
	for (int i = n - 1; i >= 0; i--) {
		int t = order[i], most = 0;

		for (int u = 0; u < g->users[t].n; u++) {
			int user = g->users[t].items[u];

			if (g->wave[user] >= 0 && g->height[user] > most)
				most = g->height[user];
		}
		g->height[t] = most + 1;
	}
}

static int next_on_path(const struct graph *g, int t)
{
	for (int u = 0; u < g->users[t].n; u++) {
		int user = g->users[t].items[u];

		if (g->wave[user] >= 0 && g->height[user] == g->height[t] - 1)
			return user;
	}
	return -1;
}

static void path_find(struct arena *a, struct graph *g)
{
	int at = -1, n = 0;
	int *items;

	for (int t = 0; t < g->n; t++) {
		if (g->wave[t] == 0 && (at < 0 || g->height[t] > g->height[at]))
			at = t;
	}
	items = ints(a, at < 0 ? 0 : g->height[at]);
	for (; at >= 0; at = next_on_path(g, at))
		items[n++] = at;
	g->path = (struct graph_list){items, n};
}

/* Tarjan's search for groups, with a stack of its own instead of recursion. */
struct search {
	struct arena *a;
	struct graph *g;
	int *number; /* of each task in the order of discovery, from 1; 0 not seen yet */
	int *low;    /* the lowest number that is reached from it and not in a group yet */
	int *next;   /* which of its needs comes next */
	int *path;   /* the tasks being visited */
	int *open;   /* seen, in no group yet */
	bool *is_open;
	int n_path, n_open, n_seen;
};

static void enter(struct search *s, int t)
{
	s->number[t] = s->low[t] = ++s->n_seen;
	s->path[s->n_path++] = t;
	s->open[s->n_open++] = t;
	s->is_open[t] = true;
}

static bool needs_itself(const struct graph *g, int t)
{
	for (int i = 0; i < g->needs[t].n; i++) {
		if (g->needs[t].items[i] == t)
			return true;
	}
	return false;
}

/* Turned so that the lowest member is first; discovery followed the needs. */
static struct graph_list group_copy(struct arena *a, const int *from, int n)
{
	int *items = ints(a, n), first = 0;

	for (int i = 1; i < n; i++) {
		if (from[i] < from[first])
			first = i;
	}
	for (int i = 0; i < n; i++)
		items[i] = from[(first + i) % n];
	return (struct graph_list){items, n};
}

/* t is the first of its group: what was opened since belongs to it. */
static void group_close(struct search *s, int t)
{
	int n = 0, from;

	do {
		n++;
		from = s->n_open - n;
		s->is_open[s->open[from]] = false;
	} while (s->open[from] != t);
	s->n_open = from;
	if (n > 1 || needs_itself(s->g, t))
		s->g->cycles[s->g->n_cycles++] = group_copy(s->a, s->open + from, n);
}

/* One step at the end of the path: to the next need, or back. */
static void visit(struct search *s)
{
	int t = s->path[s->n_path - 1];

	if (s->next[t] < s->g->needs[t].n) {
		int need = s->g->needs[t].items[s->next[t]++];

		if (!s->number[need])
			enter(s, need);
		else if (s->is_open[need] && s->number[need] < s->low[t])
			s->low[t] = s->number[need];
		return;
	}
	if (s->low[t] == s->number[t])
		group_close(s, t);
	s->n_path--;
	if (s->n_path) {
		int before = s->path[s->n_path - 1];

		if (s->low[t] < s->low[before])
			s->low[before] = s->low[t];
	}
}

static int by_first(const void *a, const void *b)
{
	const struct graph_list *x = a, *y = b;

	return (x->items[0] > y->items[0]) - (x->items[0] < y->items[0]);
}

static void cycles_find(struct arena *a, struct graph *g)
{
	struct search s = {
		.a = a,
		.g = g,
		.number = ints(a, g->n),
		.low = ints(a, g->n),
		.next = ints(a, g->n),
		.path = ints(a, g->n),
		.open = ints(a, g->n),
		.is_open = arena_alloc(a, (size_t)g->n + 1),
	};

	g->cycles = arena_alloc(a, (size_t)(g->n + 1) * sizeof(*g->cycles));
	for (int t = 0; t < g->n; t++) {
		/* What is in a wave is in no cycle. */
		if (s.number[t] || g->wave[t] >= 0)
			continue;
		enter(&s, t);
		while (s.n_path)
			visit(&s);
	}
	qsort(g->cycles, (size_t)g->n_cycles, sizeof(*g->cycles), by_first);
}

void graph_analyse(struct arena *a, const struct graph_spec *s, struct graph *ret)
{
	struct graph_spec once;
	int *order, n;

	for (int i = 0; i < s->n_edges; i++) {
		CHECK(s->edges[i].task >= 0 && s->edges[i].task < s->n);
		CHECK(s->edges[i].needs >= 0 && s->edges[i].needs < s->n);
	}
	once = unique(a, s);
	*ret = (struct graph){.n = s->n, .wave = ints(a, s->n), .height = ints(a, s->n)};
	ret->needs = lists(a, &once, BY_TASK);
	ret->users = lists(a, &once, BY_NEEDS);
	order = waves_number(a, &once, ret, &n);
	waves_list(a, ret);
	heights(ret, order, n);
	path_find(a, ret);
	cycles_find(a, ret);
}
