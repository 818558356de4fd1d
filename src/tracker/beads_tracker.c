#include "base/clock.h"
#include "tracker/beads.h"

#include <string.h>

struct beads {
	struct tracker tracker; /* first, for beads_of() */
	struct beads_file file; /* never changed: any thread may read it */
};

static const struct tracker_ops beads_ops;

static struct beads *beads_of(struct tracker *t)
{
	CHECK(t->ops == &beads_ops);
	return (struct beads *)t;
}

static int read_only(struct err *e)
{
	(void)err_set(e, ERR_INVALID, "cannot change a Beads export");
	return err_hint(e, "bring it into the built-in tracker with 'ganger import beads FILE'");
}

/* Take the issue out of the graph of all. */
static int take(struct issue_graph *g, const char *id, struct issue *ret, struct err *e)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		if (!streq(g->issues.items[i].id, id))
			continue;
		*ret = g->issues.items[i];
		memset(&g->issues.items[i], 0, sizeof(*ret));
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "there is no issue '%s' in the file", id);
}

static int read_issue(struct beads *b, const char *id, struct issue *ret, struct err *e)
{
	struct issue_graph g = {0};
	int rc = beads_graph(&b->file, NULL, clock_now().wall_ms, &g, e);

	if (rc == 0)
		rc = take(&g, id, ret, e);
	issue_graph_done(&g);
	return rc;
}

static int load(struct tracker *t,
		const char *epic,
		struct issue *ret_epic,
		struct issue_graph *ret,
		struct err *e)
{
	struct beads *b = beads_of(t);
	struct issue i = {0};
	int rc = epic ? read_issue(b, epic, &i, e) : 0;

	if (rc == 0)
		rc = beads_graph(&b->file, epic, clock_now().wall_ms, ret, e);
	if (rc == 0 && ret_epic)
		*ret_epic = i;
	else
		issue_done(&i);
	return rc;
}

/* Keep the edges that touch an issue. */
static void keep_edges(struct issue_graph *g, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < g->edges.n; i++) {
		struct issue_edge *edge = &g->edges.items[i];

		if (streq(edge->task, id) || streq(edge->needs, id)) {
			g->edges.items[n++] = *edge;
			continue;
		}
		free(edge->task);
		free(edge->needs);
	}
	g->edges.n = n;
}

/* The issues beside the one that was asked for become what lies outside. */
static int get(struct tracker *t,
	       const char *id,
	       struct issue *ret,
	       struct issue_graph *ret_edges,
	       struct err *e)
{
	struct beads *b = beads_of(t);
	struct issue_graph g = {0};
	int rc = beads_graph(&b->file, NULL, clock_now().wall_ms, &g, e);

	if (rc == 0)
		rc = take(&g, id, ret, e);
	if (rc || !ret_edges) {
		issue_graph_done(&g);
		return rc;
	}
	keep_edges(&g, id);
	for (size_t i = 0; i < g.issues.n; i++) {
		struct issue *other = &g.issues.items[i];
		bool touched = false;

		for (size_t k = 0; other->id && k < g.edges.n; k++)
			touched |= streq(g.edges.items[k].task, other->id) ||
				   streq(g.edges.items[k].needs, other->id);
		if (touched)
			VEC_PUSH(&g.outside, *other);
		else
			issue_done(other);
	}
	VEC_DONE(&g.issues);
	*ret_edges = g;
	return 0;
}

static int epics(struct tracker *t, struct issue_graph *ret, struct err *e)
{
	(void)e; /* it was read already */
	beads_epics(&beads_of(t)->file, clock_now().wall_ms, ret);
	return 0;
}

static int claim(struct tracker *t, const char *id, const char *who, struct err *e)
{
	(void)t, (void)id, (void)who;
	return read_only(e);
}

/* close() and comment() alike. */
static int change(struct tracker *t, const char *id, const char *a, const char *b, struct err *e)
{
	(void)t, (void)id, (void)a, (void)b;
	return read_only(e);
}

static int add(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e)
{
	(void)t, (void)n, (void)ret_id;
	return read_only(e);
}

static int edit(struct tracker *t, const char *id, const struct issue_change *c, struct err *e)
{
	(void)t, (void)id, (void)c;
	return read_only(e);
}

static void free_tracker(struct tracker *t)
{
	if (!t)
		return;
	struct beads *b = beads_of(t);
	beads_file_done(&b->file);
	free(b);
}

static const struct tracker_ops beads_ops = {
	.name = "beads",
	.load = load,
	.claim = claim,
	.release = claim,
	.close = change,
	.comment = change,
	.add = add,
	.edit = edit,
	.get = get,
	.epics = epics,
	.free = free_tracker,
};

int tracker_beads_new(const char *path, struct tracker **ret, struct err *e)
{
	struct beads *b = mem_alloc(sizeof(*b));
	int rc = beads_load(path, &b->file, e);

	b->tracker.ops = &beads_ops;
	if (rc) {
		free(b);
		return rc;
	}
	*ret = &b->tracker;
	return 0;
}
