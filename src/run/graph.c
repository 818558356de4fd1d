#include "base/clean.h"
#include "run/supervisor-impl.h"

/* The tracker's issues and edges, as events for the core: what is new, what has changed. */

static void send_issue(struct supervisor *s, const struct issue *i, enum core_issue how)
{
	struct core_event ev = {.kind = EV_ISSUE,
				.task = -1,
				.n = i->priority,
				.m = how,
				.text = i->id,
				.text2 = i->title};
	supervisor_event(s, &ev);
}

static enum core_issue how_of(const struct issue *i, bool outside)
{
	if (outside)
		return i->open ? ISSUE_OUTSIDE_OPEN : ISSUE_OUTSIDE_CLOSED;
	/* One that must not be started is not ours to do, but what needs it waits for it. */
	if (i->open && i->hidden && i->hidden[0])
		return ISSUE_OUTSIDE_OPEN;
	return i->open ? ISSUE_OPEN : ISSUE_CLOSED;
}

/* The needs of a task as one text in the tracker's order, to see whether they changed. */
static bool same_needs(const struct core *c, const struct issue_graph *g, const char *id)
{
	int at = core_find(c, id);
	if (at < 0)
		return false;
	const struct task *t = &c->tasks.items[at];
	size_t found = 0;
	for (size_t i = 0; i < g->edges.n; i++) {
		if (!streq(g->edges.items[i].task, id))
			continue;
		int needs = core_find(c, g->edges.items[i].needs);
		bool known = false;
		for (size_t k = 0; k < t->needs.n && !known; k++)
			known = t->needs.items[k] == needs;
		if (!known)
			return false;
		found++;
	}
	return found == t->needs.n;
}

static void send_edges(struct supervisor *s, const struct issue_graph *g)
{
	bool first = s->core.tasks.n == 0;
	for (size_t i = 0; !first && i < g->issues.n; i++)
		if (!same_needs(&s->core, g, g->issues.items[i].id))
			supervisor_event(s, &(struct core_event){.kind = EV_UNEDGE,
								 .task = -1,
								 .text = g->issues.items[i].id});
	for (size_t i = 0; i < g->edges.n; i++) {
		const struct issue_edge *x = &g->edges.items[i];
		if (first || !same_needs(&s->core, g, x->task))
			supervisor_event(s, &(struct core_event){.kind = EV_EDGE,
								 .task = -1,
								 .text = x->task,
								 .text2 = x->needs});
	}
}

/* Dispatched issues: those named, or on a resume those that are there. No edges. */
static int sync_dispatched(struct supervisor *s, struct err *e)
{
	VEC(const char *) ids = {0};
	for (const char *const *id = s->spec.ids; id && *id; id++)
		VEC_PUSH(&ids, *id);
	for (size_t i = 0; i < s->core.tasks.n; i++)
		VEC_PUSH(&ids, s->core.tasks.items[i].id);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < ids.n; i++) {
		struct issue issue CLEANUP(issue_done) = {0};
		rc = s->tracker->ops->get(s->tracker, ids.items[i], &issue, NULL, e);
		/* One that was closed is dispatched all the same when it is named: it was asked for. */
		if (rc == 0)
			send_issue(s, &issue, ISSUE_OPEN);
	}
	VEC_DONE(&ids);
	if (rc)
		return err_wrap(e, "could not read an issue to dispatch");
	s->epic_title = mem_strdup("dispatched issues");
	supervisor_event(s, &(struct core_event){.kind = EV_SYNCED, .task = -1});
	return 0;
}

int graph_sync(struct supervisor *s, struct err *e)
{
	struct issue epic CLEANUP(issue_done) = {0};
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	if (s->core.run.dispatch)
		return sync_dispatched(s, e);
	if (s->tracker->ops->load(s->tracker, s->spec.epic, &epic, &g, e))
		return err_wrap(e, "could not read epic '%s'", s->spec.epic);
	s->epic_title = mem_strdup(epic.title ? epic.title : "");
	for (size_t i = 0; i < g.outside.n; i++)
		send_issue(s, &g.outside.items[i], how_of(&g.outside.items[i], true));
	for (size_t i = 0; i < g.issues.n; i++)
		send_issue(s, &g.issues.items[i], how_of(&g.issues.items[i], false));
	send_edges(s, &g);
	supervisor_event(s, &(struct core_event){.kind = EV_SYNCED, .task = -1});
	return 0;
}
