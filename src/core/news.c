#include "base/check.h"
#include "core/core-impl.h"

#include <stdio.h>
#include <string.h>

/* What comes from outside of the run: the tracker's issues and edges, and branches of people's. */

static void change_priority(struct core *c, struct task *t, int64_t priority)
{
	if (t->priority == priority)
		return;
	t->priority = priority;
	heap_update(c, task_index(c, t));
	task_touch(c, t);
}

/* It is what the next attempt is told, and what its pull request is called. */
static void change_title(struct core *c, struct task *t, const char *title)
{
	if (!title || !*title || strcmp(t->title, title) == 0)
		return;
	t->title = arena_strdup(&c->arena, title);
	task_touch(c, t);
}

static enum core_away away_of(enum core_issue how)
{
	if (how == ISSUE_CLOSED || how == ISSUE_OUTSIDE_CLOSED)
		return AWAY_SHUT;
	if (how == ISSUE_GONE)
		return AWAY_GONE;
	if (how == ISSUE_CLOSED_EARLY)
		return AWAY_EARLY;
	return how == ISSUE_OPEN ? AWAY_NO : AWAY_OUT;
}

/* A trace may name one that is no longer there. */
static int64_t kind_index(const struct core *c, int64_t index)
{
	return index > 0 && (size_t)index < c->kinds.n ? index : 0;
}

static void add_issue(struct core *c, const struct core_event *ev)
{
	enum core_away away = away_of((enum core_issue)ev->m);
	struct task row = {.id = ev->text,
			   .title = ev->text2,
			   .state = away == AWAY_SHUT ? TASK_CLOSED : TASK_BLOCKED,
			   .priority = ev->n,
			   .own = kind_index(c, ev->code),
			   .age = (int64_t)c->tasks.n,
			   .created_ms = c->now.wall_ms,
			   .outside = ev->m == ISSUE_OUTSIDE_OPEN || ev->m == ISSUE_OUTSIDE_CLOSED,
			   .away = away,
			   .tokens_in = -1,
			   .tokens_out = -1,
			   .cost = -1};
	if (away == AWAY_SHUT)
		(void)snprintf(row.reason, sizeof(row.reason), "closed in the tracker");
	else if (away == AWAY_OUT) /* cut where long */
		(void)snprintf(row.reason, sizeof(row.reason), "%s", ev->text3);
	int at = core_add_task(c, &row);
	task_touch(c, &c->tasks.items[at]);
}

bool core_may_reopen(const struct task *t)
{
	bool untouched = t->attempt == 0 || t->away == AWAY_SHUT;
	return t->state == TASK_CLOSED && !t->landed.hex[0] && untouched;
}

/* An issue as the tracker has it now: a new task, or news of one we have. */
static void on_issue(struct core *c, const struct core_event *ev)
{
	int at = core_find(c, ev->text);
	if (at < 0 && ev->m != ISSUE_GONE)
		add_issue(c, ev);
	if (at < 0)
		return;
	struct task *t = &c->tasks.items[at];
	enum core_away away = away_of((enum core_issue)ev->m);
	bool shut = away == AWAY_SHUT || away == AWAY_EARLY;
	bool reopened = !shut && core_may_reopen(t);
	change_priority(c, t, ev->n);
	change_title(c, t, ev->text2);
	t->away = away;
	t->own = ev->m == ISSUE_GONE ? t->own : kind_index(c, ev->code);
	heap_update(c, at);
	task_touch(c, t);
	if (reopened) {
		task_start_over(t);
		t->reason[0] = '\0';
		task_set_state(c, t, TASK_BLOCKED);
	}
	task_heed_tracker(c, t);
	if (t->outside && task_is_out(t) && t->state == TASK_BLOCKED)
		task_reason(c, t, "%s",
			    away == AWAY_GONE ? "it is no longer in the epic" : ev->text3);
	beside_update(c, t); /* out of the epic it keeps nobody */
}

static void on_unedge(struct core *c, const struct core_event *ev)
{
	int at = core_find(c, ev->text);
	if (at < 0)
		return;
	struct task *t = &c->tasks.items[at];
	task_unsynced(c, t);
	for (size_t i = 0; i < t->needs.n; i++) {
		struct task *n = &c->tasks.items[t->needs.items[i]];
		VEC_PUSH(&c->cut_edges, ((struct edge){at, t->needs.items[i]}));
		for (size_t k = 0; k < n->dependents.n; k++) {
			if (n->dependents.items[k] == at)
				n->dependents.items[k--] = n->dependents.items[--n->dependents.n];
		}
		heap_update(c, task_index(c, n));
	}
	t->needs.n = 0;
	t->unmet = 0;
}

static void on_edge(struct core *c, const struct core_event *ev)
{
	int task = core_find(c, ev->text), needs = core_find(c, ev->text2);
	if (task < 0 || needs < 0)
		return;
	core_add_edge(c, task, needs);
	VEC_PUSH(&c->new_edges, ((struct edge){task, needs}));
	struct task *t = &c->tasks.items[task];
	task_unsynced(c, t);
	needs_changed(c, t);
	if (t->state == TASK_READY)
		task_make_ready(c, t);
}

static void on_overlap(struct core *c, const struct core_event *ev)
{
	int a = core_find(c, ev->text), b = core_find(c, ev->text2);
	if (a >= 0 && b >= 0)
		beside_add(c, a, b);
}

/* Where many are dispatched it comes with each of them: what it costs is what changed, no more. */
static void on_synced(struct core *c, const struct core_event *ev)
{
	(void)ev;
	for (size_t i = 0; i < c->unsynced.n; i++) {
		struct task *t = &c->tasks.items[c->unsynced.items[i]];
		if (t->state == TASK_BLOCKED || t->state == TASK_READY)
			task_make_ready(c, t);
		ready_place(c, t);
	}
	for (size_t i = 0; i < c->unsynced.n; i++) /* new ones may wait for what failed before */
		needs_fall(c, &c->tasks.items[c->unsynced.items[i]]);
	for (size_t i = 0; i < c->unsynced.n; i++)
		c->tasks.items[c->unsynced.items[i]].unsynced = false;
	c->unsynced.n = 0;
}

/* Where nothing is under way for it. What is being merged has its place, and its commit. */
bool core_takes_branch(const struct task *t)
{
	switch ((enum task_state)t->state) {
	case TASK_BLOCKED:
	case TASK_READY:
	case TASK_WAITING:
	case TASK_QUEUED:
	case TASK_CONFLICTED:
	case TASK_FAILED:
	case TASK_SKIPPED:
	case TASK_CANCELLED:
		return true;
	default:
		return false;
	}
}

/* A person's branch: it enters where an agent's finished work does. What held it is held still. */
static void on_branch(struct core *c, const struct core_event *ev)
{
	int at = core_find(c, ev->text);
	if (at < 0 || !core_takes_branch(&c->tasks.items[at]))
		return;
	struct task *t = &c->tasks.items[at];
	int64_t hold = t->hold;
	t->attempt++;
	t->head = ev->a;
	t->head_base = ev->b;
	t->pull = ev->n;
	t->branch = ev->m;
	task_start_over(t);
	t->hold = hold;
	t->red = 0;
	t->reason[0] = '\0';
	queue_enter(c, t);
	dependents_rise(c, t);
}

/* Of a change in the tracker a task may be ready by one event, and not its own by the next. */
static void note_sync(struct core *c, enum core_event_kind k)
{
	if (k == EV_ISSUE || k == EV_EDGE || k == EV_UNEDGE)
		c->syncing = true;
	else if (k == EV_SYNCED || k == EV_BRANCH)
		c->syncing = false;
}

void news_step(struct core *c, const struct core_event *ev)
{
	static void (*const handlers[EV_COUNT])(struct core * c, const struct core_event *ev) = {
		[EV_ISSUE] = on_issue,     [EV_EDGE] = on_edge,     [EV_UNEDGE] = on_unedge,
		[EV_OVERLAP] = on_overlap, [EV_SYNCED] = on_synced, [EV_BRANCH] = on_branch,
	};
	CHECK(handlers[ev->kind]);
	note_sync(c, ev->kind);
	handlers[ev->kind](c, ev);
}
