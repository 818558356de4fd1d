#include "base/clean.h"
#include "base/clock.h"
#include "tracker/mirror-impl.h"

#include <string.h>

/* What is said of an edge's end on GitHub: the id there, or where it is no copy, in Beads. */
static const char *name_of(const struct copies *c, const char *beads_id)
{
	const char *id = copies_id(c, beads_id);

	return id ? id : beads_id;
}

static struct issue *child(struct issue_graph *g, const char *id)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		if (streq(g->issues.items[i].id, id))
			return &g->issues.items[i];
	}
	return NULL;
}

static bool is_named(struct issue_graph *g, const char *id)
{
	for (size_t i = 0; i < g->outside.n; i++) {
		if (streq(g->outside.items[i].id, id))
			return true;
	}
	return child(g, id);
}

static bool has_edge(const struct issue_graph *g, const char *task, const char *needs)
{
	for (size_t i = 0; i < g->edges.n; i++) {
		if (streq(g->edges.items[i].task, task) && streq(g->edges.items[i].needs, needs))
			return true;
	}
	return false;
}

static void add_outside(const struct copies *c, const char *beads_id, struct issue_graph *g)
{
	const struct beads_issue *i = beads_find(&c->f, beads_id);

	*VEC_ADD(&g->outside) = (struct issue){.id = mem_strdup(name_of(c, beads_id)),
					       .title = mem_strdup(i->title),
					       .open = !beads_is_closed(i)};
}

static void
join_edges(const struct copies *c, const struct issue_graph *theirs, struct issue_graph *g)
{
	for (size_t i = 0; i < theirs->edges.n; i++) {
		const struct issue_edge *edge = &theirs->edges.items[i];
		const char *task = copies_id(c, edge->task), *needs = name_of(c, edge->needs);

		if (!task || !child(g, task) || has_edge(g, task, needs))
			continue;
		if (!is_named(g, needs))
			add_outside(c, edge->needs, g);
		*VEC_ADD(&g->edges) =
			(struct issue_edge){.task = mem_strdup(task), .needs = mem_strdup(needs)};
	}
}

static void join_issue(const struct copies *c, const struct issue *theirs, struct issue_graph *g)
{
	const char *id = copies_id(c, theirs->id);
	struct issue *mine = id ? child(g, id) : NULL;

	if (!id && theirs->open)
		VEC_PUSH(&g->notes, mem_printf("'%s' is in Beads alone, and not run: %s",
					       theirs->id, theirs->title));
	if (!mine || !mine->open || *mine->hidden)
		return;
	if (theirs->open && *theirs->hidden) {
		free(mine->hidden);
		mine->hidden = mem_printf("in Beads: %s", theirs->hidden);
	}
	if (!theirs->open)
		VEC_PUSH(&g->notes, mem_printf("'%s' is closed in Beads ('%s'), and open on GitHub",
					       id, theirs->id));
}

static void
join_found(const struct copies *c, const struct issue_graph *theirs, struct issue_graph *g)
{
	for (size_t i = 0; i < theirs->found.n; i++) {
		const struct issue_found *f = &theirs->found.items[i];

		*VEC_ADD(&g->found) = (struct issue_found){.id = mem_strdup(name_of(c, f->id)),
							   .title = mem_strdup(f->title),
							   .from = mem_strdup(name_of(c, f->from))};
	}
}

int mirror_join(const struct copies *c, const char *epic, struct issue_graph *g, struct err *e)
{
	const struct beads_issue *top = copies_find(c, epic);
	struct issue_graph theirs = {0};

	if (!top) {
		VEC_PUSH(&g->notes, mem_printf("epic '%s' is not in Beads yet", epic));
		return 0;
	}
	int rc = beads_graph(&c->f, top->id, clock_now().wall_ms, &theirs, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < theirs.issues.n; i++)
		join_issue(c, &theirs.issues.items[i], g);
	join_edges(c, &theirs, g);
	join_found(c, &theirs, g);
	issue_graph_done(&theirs);
	return 0;
}
