#include "base/clean.h"
#include "run/found.h"
#include "run/labels.h"
#include "run/plan.h"
#include "run/supervisor-impl.h"

#include <string.h>

/* The tracker's issues and edges, as events for the core: what is new, what has changed. */

/* What was submitted is in the queue already: nothing is started for it. */
static bool is_submitted(const struct core *c, const struct issue *i)
{
	int at = core_find(c, i->id);
	return at >= 0 && c->tasks.items[at].branch;
}

/* It was worked on, and so was the epic's; it is still there, for what depends on it. One that was
 * closed as well has come to its end, unless its work may still land. */
static bool was_ours(const struct core *c, const struct issue *i)
{
	int at = core_find(c, i->id);
	const struct task *t = at >= 0 ? &c->tasks.items[at] : NULL;
	return t && t->attempt > 0 && !t->branch && (i->open || core_is_under_way(t));
}

static enum core_issue how_of(const struct core *c, const struct issue *i, bool outside)
{
	if (outside && was_ours(c, i))
		return ISSUE_GONE;
	if (outside)
		return i->open ? ISSUE_OUTSIDE_OPEN : ISSUE_OUTSIDE_CLOSED;
	/* One that must not be started is not ours to do, but what needs it waits for it. */
	if (i->open && i->hidden && i->hidden[0] && !is_submitted(c, i))
		return ISSUE_OUTSIDE_OPEN;
	return i->open ? ISSUE_OPEN : ISSUE_CLOSED;
}

/* Would this change nothing that the core has of it? Then it is not worth a line of the trace. */
static bool is_known(const struct core *c, const struct issue *i, enum core_issue how, int own)
{
	int at = core_find(c, i->id);
	const struct task *t = at >= 0 ? &c->tasks.items[at] : NULL;
	if (!t || t->priority != i->priority)
		return false;
	if (t->state != TASK_CLOSED && i->title && *i->title && !streq(t->title, i->title))
		return false;
	if (how == ISSUE_CLOSED_EARLY)
		return t->away == AWAY_EARLY;
	if (how == ISSUE_CLOSED || how == ISSUE_OUTSIDE_CLOSED)
		return t->state == TASK_CLOSED || t->away == AWAY_SHUT || t->away == AWAY_EARLY;
	if (core_may_reopen(t))
		return false;
	if (how == ISSUE_GONE)
		return t->away == AWAY_GONE;
	if (how != ISSUE_OUTSIDE_OPEN)
		return t->away == AWAY_NO && t->own == own;
	return t->away == AWAY_OUT &&
	       (t->state != TASK_BLOCKED || streq(t->reason, i->hidden ? i->hidden : ""));
}

/*
 * Agents close their issues before they end, and then fail, or their work does. Of a closing in the
 * latest attempt's time, or on the way of its work into the branch, it is not known whose it is.
 */
#define CLOSED_SLACK_MS 1000 /* some times have no parts of a second */
static bool is_early(const struct core *c, const struct issue *i)
{
	int at = core_find(c, i->id);
	const struct task *t = at >= 0 ? &c->tasks.items[at] : NULL;
	if (!t || !t->attempt || t->branch || t->landed.hex[0] || t->state == TASK_CLOSED ||
	    i->closed_ms + CLOSED_SLACK_MS < t->attempt_ms)
		return false;
	return core_is_under_way(t) || i->closed_ms <= t->job_ended_ms;
}

static bool is_unsettled(const struct core *c, const char *id)
{
	int at = core_find(c, id);
	return at >= 0 &&
	       !(task_state_flags((enum task_state)c->tasks.items[at].state) & F_SETTLED);
}

/* Of what nobody works on it is seen in its state. */
static void say_gone(struct supervisor *s, const char *id)
{
	int at = core_find(&s->core, id);
	const struct task *t = at >= 0 ? &s->core.tasks.items[at] : NULL;
	if (!t || !t->attempt || t->state == TASK_MERGED || !is_unsettled(&s->core, id))
		return;
	bool merges = task_state_flags((enum task_state)t->state) & F_MERGE;
	supervisor_message(s, "task %s was taken out of the epic%s", id,
			   merges ? " while it was being merged: it may land all the same"
				  : ": what it comes to does not land unless it is put back");
}

static void send_issue(struct supervisor *s, const struct issue *i, enum core_issue how)
{
	const struct config_agent *agent = labels_agent(s->config, i->labels);
	int own = agent ? core_find_kind(&s->core, agent->name) : 0;
	if (how == ISSUE_CLOSED && s->tracker->ops->agents_write && is_early(&s->core, i))
		how = ISSUE_CLOSED_EARLY;
	if (is_known(&s->core, i, how, own))
		return;
	if (how == ISSUE_GONE)
		say_gone(s, i->id);
	struct core_event ev = {.kind = EV_ISSUE,
				.task = -1,
				.n = i->priority,
				.m = how,
				.code = own,
				.text = i->id,
				.text2 = i->title,
				.text3 = how == ISSUE_OUTSIDE_OPEN ? i->hidden : NULL};
	supervisor_event(s, &ev);
}

static void mark(const struct core *c, const struct issue *i, bool *ret)
{
	int at = core_find(c, i->id);
	if (at >= 0)
		ret[at] = true;
}

/* What the core has and the tracker does not show any more. A branch of a person's may have no issue. */
static void send_gone(struct supervisor *s, const struct issue_graph *g)
{
	bool *there CLEANUP(freep) = mem_alloc(s->core.tasks.n + 1);
	for (size_t i = 0; i < g->issues.n; i++)
		mark(&s->core, &g->issues.items[i], there);
	for (size_t i = 0; i < g->outside.n; i++)
		mark(&s->core, &g->outside.items[i], there);
	for (size_t i = 0; i < s->core.tasks.n; i++) {
		const struct task *t = &s->core.tasks.items[i];
		bool shut = t->away == AWAY_SHUT || t->away == AWAY_EARLY;
		bool ours = t->away == AWAY_NO || (t->away == AWAY_OUT && t->attempt > 0) ||
			    (shut && core_is_under_way(t));
		if (!ours || t->branch || there[i])
			continue;
		say_gone(s, t->id);
		supervisor_event(s, &(struct core_event){.kind = EV_ISSUE,
							 .task = -1,
							 .n = t->priority,
							 .m = ISSUE_GONE,
							 .text = t->id});
	}
}

static bool needs_already(const struct core *c, int task, int needs)
{
	const struct task *t = &c->tasks.items[task];
	for (size_t i = 0; i < t->needs.n; i++)
		if (t->needs.items[i] == needs)
			return true;
	return false;
}

/* By issue of g: does it need other tasks than the core knows of? ret has room for all. */
static void
mark_changed(const struct core *c, const struct issue_graph *g, const struct map *at, bool *ret)
{
	size_t *found = mem_alloc((g->issues.n + 1) * sizeof(*found));
	for (size_t i = 0; i < g->edges.n; i++) {
		size_t issue = 0;
		int task = core_find(c, g->edges.items[i].task);
		int needs = core_find(c, g->edges.items[i].needs);
		if (!map_find(at, g->edges.items[i].task, &issue))
			continue;
		found[issue]++;
		if (task < 0 || needs < 0 || !needs_already(c, task, needs))
			ret[issue] = true;
	}
	for (size_t i = 0; i < g->issues.n; i++) {
		int task = core_find(c, g->issues.items[i].id);
		if (task >= 0 && c->tasks.items[task].needs.n != found[i])
			ret[i] = true;
	}
	free(found);
}

/* What a task needs is sent as a whole, where anything of it changed. */
static void send_edges(struct supervisor *s, const struct issue_graph *g)
{
	struct map at CLEANUP(map_done) = {0};
	bool *changed CLEANUP(freep) = mem_alloc(g->issues.n + 1);
	for (size_t i = 0; i < g->issues.n; i++)
		map_set(&at, g->issues.items[i].id, i);
	mark_changed(&s->core, g, &at, changed);
	for (size_t i = 0; i < g->issues.n; i++)
		if (changed[i] && core_find(&s->core, g->issues.items[i].id) >= 0)
			supervisor_event(s, &(struct core_event){.kind = EV_UNEDGE,
								 .task = -1,
								 .text = g->issues.items[i].id});
	for (size_t i = 0; i < g->edges.n; i++) {
		const struct issue_edge *x = &g->edges.items[i];
		size_t issue = 0;
		if (map_find(&at, x->task, &issue) && changed[issue])
			supervisor_event(s, &(struct core_event){.kind = EV_EDGE,
								 .task = -1,
								 .text = x->task,
								 .text2 = x->needs});
	}
}

/* A task that waits for itself would wait for ever: better said before anything starts. */
static int check_cycles(const struct issue_graph *g, struct err *e)
{
	struct plan plan CLEANUP(plan_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	if (!g->edges.n)
		return 0;
	plan_make(g, &plan);
	if (!plan.n_cycles)
		return 0;
	buf_plan_cycle(&names, &plan, 0);
	(void)err_set(e, ERR_CONFLICT, "%s: a cycle, so nothing was started", buf_cstr(&names));
	if (plan.n_cycles > 1)
		return err_hint(
			e,
			"there are %d cycles: 'ganger plan' shows all; take one dependency out "
			"of each with 'ganger edit ID --after'",
			plan.n_cycles);
	return err_hint(e, "take one of these dependencies out with 'ganger edit ID --after'");
}

/* Dispatched issues are those that were registered; they have no edges. */
static int sync_dispatched(struct supervisor *s, struct err *e)
{
	for (size_t i = 0; i < s->core.tasks.n; i++) {
		const struct task *t = &s->core.tasks.items[i];
		struct issue issue CLEANUP(issue_done) = {0};
		if (task_state_flags((enum task_state)t->state) & F_SETTLED)
			continue;
		if (s->tracker->ops->get(s->tracker, t->id, &issue, NULL, e))
			return err_wrap(e, "could not read an issue to dispatch");
		/* One that was closed is dispatched all the same: it was asked for. */
		send_issue(s, &issue, ISSUE_OPEN);
	}
	s->epic_title = mem_strdup("dispatched issues");
	supervisor_event(s, &(struct core_event){.kind = EV_SYNCED, .task = -1});
	return 0;
}

/* Of these two, if they overlap; after so many it does not help any more. */
static void send_overlap(struct supervisor *s, size_t a, size_t from, size_t b)
{
	if (!overlaps_new(&s->overlaps, a, from, b))
		return;
	if (s->overlaps.n_pairs == OVERLAPS_MAX)
		supervisor_message(s,
				   "more than %d pairs of tasks touch the same files: the others "
				   "are not kept apart (queue.overlap)",
				   OVERLAPS_MAX);
	supervisor_event(s, &(struct core_event){.kind = EV_OVERLAP,
						 .task = -1,
						 .text = s->overlaps.tasks.items[a].id,
						 .text2 = s->overlaps.tasks.items[b].id});
}

static void add_paths(struct supervisor *s, const char *id, struct str paths)
{
	size_t number = overlaps_number(&s->overlaps, id);
	struct str path;
	while (str_next(&paths, '\0', &path))
		overlaps_add(&s->overlaps, number, path);
}

void graph_touched(struct supervisor *s, int task, struct str paths)
{
	const char *id = s->core.tasks.items[task].id;
	size_t number = overlaps_number(&s->overlaps, id);
	size_t known = s->overlaps.tasks.items[number].globs.n;
	bool changed = s->overlaps.changed; /* what is new is compared here */
	add_paths(s, id, paths);
	s->overlaps.changed = changed;
	if (s->overlaps.tasks.items[number].globs.n == known)
		return;
	for (size_t i = 0; i < s->overlaps.tasks.n; i++)
		send_overlap(s, number, known, i);
}

/* What issues say, of those that may be done, or are. The core may not have them yet. */
static void add_declared(struct supervisor *s, const struct issue_graph *g)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		const struct issue *x = &g->issues.items[i];
		/* Many an agent closes its issue before it ends. */
		if (how_of(&s->core, x, false) == ISSUE_OPEN || is_unsettled(&s->core, x->id))
			overlaps_declare(&s->overlaps, overlaps_number(&s->overlaps, x->id),
					 x->body);
	}
}

/* What earlier attempts did, of those that did not land. */
static int add_seen(struct supervisor *s, struct err *e)
{
	for (size_t i = 0; i < s->core.tasks.n; i++) {
		const struct task *t = &s->core.tasks.items[i];
		struct buf paths CLEANUP(buf_done) = BUF_INIT;
		bool over = t->state == TASK_CLOSED || t->state == TASK_MERGED;
		if (over || !t->head.hex[0] || !t->head_base.hex[0])
			continue;
		if (s->git->ops->touched(s->git, &t->head_base, &t->head, &paths, e))
			return e->code;
		add_paths(s, t->id, buf_str(&paths));
	}
	return 0;
}

static void send_overlaps(struct supervisor *s, const struct issue_graph *g)
{
	if (!s->core.policy.overlap_wait)
		return;
	add_declared(s, g);
	for (size_t a = 0; s->overlaps.changed && a < s->overlaps.tasks.n; a++)
		for (size_t b = a + 1; b < s->overlaps.tasks.n; b++)
			send_overlap(s, a, 0, b);
	s->overlaps.changed = false;
}

void graph_apply(struct supervisor *s, const struct issue_graph *g)
{
	size_t before = s->inbox.n;
	for (size_t i = 0; i < g->outside.n; i++)
		send_issue(s, &g->outside.items[i], how_of(&s->core, &g->outside.items[i], true));
	for (size_t i = 0; i < g->issues.n; i++)
		send_issue(s, &g->issues.items[i], how_of(&s->core, &g->issues.items[i], false));
	send_gone(s, g);
	send_edges(s, g);
	send_overlaps(s, g);
	if (s->inbox.n != before || !s->started)
		supervisor_event(s, &(struct core_event){.kind = EV_SYNCED, .task = -1});
}

int graph_read(const struct supervisor *s,
	       struct issue *ret_epic,
	       struct issue_graph *ret,
	       struct err *e)
{
	const struct tracker_ops *ops = s->tracker->ops;
	if ((ops->follow ? ops->follow : ops->load)(s->tracker, s->spec.epic, ret_epic, ret, e))
		return err_wrap(e, "could not read epic '%s'", s->spec.epic);
	labels_gate(s->config, ret);
	return check_cycles(ret, e);
}

/* Roles are set, and none for this label: better said than that it is nobody in particular. */
static void say_no_role(struct supervisor *s, const struct issue *i)
{
	struct str rest = str_of(i->labels), line;
	if (!i->open || labels_choose(i->labels, s->config->prompt_roles) >= 0)
		return;
	while (str_next(&rest, '\n', &line)) {
		line = str_trim(line);
		if (line.n > 5 && memcmp(line.p, "role:", 5) == 0)
			supervisor_message(s,
					   "task %s: prompt.roles has no file for its label '%.*s'",
					   i->id, (int)line.n, line.p);
	}
}

void graph_found(struct supervisor *s, const struct issue_graph *g)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	for (size_t i = 0; i < g->found.n; i++) {
		const struct issue_found *f = &g->found.items[i];
		if (!found_has(s->found, f->id))
			supervisor_message(
				s, "%s was discovered from %s, and is no part of the epic: %s",
				f->id, f->from, f->title);
		found_add(&b, f);
	}
	if (streq(s->found, buf_cstr(&b))) /* at the start the journal may have others */
		return;
	free(s->found);
	s->found = buf_take(&b);
	s->found_new = true;
	s->unpublished = true;
}

int graph_sync(struct supervisor *s, struct err *e)
{
	struct issue epic CLEANUP(issue_done) = {0};
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	if (s->core.run.dispatch)
		return sync_dispatched(s, e);
	if (graph_read(s, &epic, &g, e))
		return e->code;
	s->epic_title = mem_strdup(epic.title ? epic.title : "");
	s->epic_body = TAKE(epic.body);
	for (size_t i = 0; s->config->prompt_roles && i < g.issues.n; i++)
		say_no_role(s, &g.issues.items[i]);
	if (s->core.policy.overlap_wait && add_seen(s, e))
		return err_wrap(e, "could not see which files the tasks touch");
	graph_apply(s, &g);
	graph_found(s, &g);
	return 0;
}
