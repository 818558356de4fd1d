#include "base/check.h"
#include "core/core-impl.h"

#include <stdlib.h>
#include <string.h>

void core_init(struct core *c, const struct policy *p)
{
	*c = (struct core){.policy = *p};
	c->run.epic = c->run.base = c->run.remote = "";
}

void core_done(struct core *c)
{
	for (size_t i = 0; i < c->tasks.n; i++) {
		VEC_DONE(&c->tasks.items[i].needs);
		VEC_DONE(&c->tasks.items[i].dependents);
		VEC_DONE(&c->tasks.items[i].beside);
	}
	VEC_DONE(&c->tasks);
	for (size_t i = 0; i < c->kinds.n; i++)
		VEC_DONE(&c->kinds.items[i].ready.items);
	VEC_DONE(&c->kinds);
	VEC_DONE(&c->queue.items);
	VEC_DONE(&c->due.items);
	VEC_DONE(&c->slots);
	VEC_DONE(&c->train);
	VEC_DONE(&c->unsynced);
	VEC_DONE(&c->actions);
	VEC_DONE(&c->transitions);
	VEC_DONE(&c->dirty);
	VEC_DONE(&c->new_passes);
	VEC_DONE(&c->new_edges);
	VEC_DONE(&c->cut_edges);
	map_done(&c->by_id);
	map_done(&c->passes);
	arena_done(&c->arena);
}

int core_add_kind(struct core *c, const char *name, int max)
{
	struct kind *k = VEC_ADD(&c->kinds);
	k->name = arena_strdup(&c->arena, name);
	k->place = (int64_t)c->kinds.n - 1;
	k->max = max;
	k->streak_task = -1;
	k->dirty = true;
	return (int)c->kinds.n - 1;
}

int core_find_kind(const struct core *c, const char *name)
{
	for (size_t i = 0; i < c->kinds.n; i++)
		if (streq(c->kinds.items[i].name, name))
			return (int)i;
	return 0;
}

int core_find(const struct core *c, const char *id)
{
	size_t at = 0;
	return map_find(&c->by_id, id, &at) ? (int)at : -1;
}

bool core_task_fits(const struct core *c, const struct task *t)
{
	if (!t->id[0] || core_find(c, t->id) >= 0)
		return false;
	if (t->state <= TASK_NONE || t->state >= TASK_STATE_COUNT)
		return false;
	if (t->gave_up && task_state_action((enum task_state)t->state) == ACT_NONE)
		return false;
	if (t->place > 0 || t->train < 0 || t->gate < 0 || t->verdict < VERDICT_NONE ||
	    t->verdict > VERDICT_MADE || t->resolve < 0 || t->resolve > 1 || t->resolves < 0 ||
	    t->waits_for < 0)
		return false;
	if (t->slot < 0 || t->slot > SLOT_MAX || (task_is(t, F_SLOT) && !t->slot))
		return false;
	if (t->check < 0 || t->check >= CORE_CHECKS_MAX || t->skips < 0 || t->reds < 0)
		return false;
	return t->from >= FROM_FRESH && t->from <= FROM_MERGED && t->session >= SESSION_NONE &&
	       t->session <= SESSION_FAILED;
}

int core_add_task(struct core *c, const struct task *row)
{
	CHECK(core_find(c, row->id) < 0);
	CHECK(row->state > TASK_NONE && row->state < TASK_STATE_COUNT);
	int at = (int)c->tasks.n;
	struct task *t = VEC_ADD(&c->tasks);
	*t = *row;
	t->id = arena_strdup(&c->arena, row->id);
	t->title = arena_strdup(&c->arena, row->title);
	memset(&t->needs, 0, sizeof(t->needs));
	memset(&t->dependents, 0, sizeof(t->dependents));
	memset(&t->beside, 0, sizeof(t->beside));
	t->busy = 0;
	t->under_way = false;
	t->unmet = 0;
	t->heap_pos = t->due_pos = -1;
	t->dirty = t->unsynced = false;
	map_set(&c->by_id, t->id, (size_t)at);
	return at;
}

void core_add_edge(struct core *c, int task, int needs)
{
	struct task *t = &c->tasks.items[task], *n = &c->tasks.items[needs];
	for (size_t i = 0; i < t->needs.n; i++)
		if (t->needs.items[i] == needs)
			return;
	VEC_PUSH(&t->needs, needs);
	VEC_PUSH(&n->dependents, task);
	if (!task_met(n))
		t->unmet++;
	heap_update(c, needs);
}

static int by_age(const void *a, const void *b)
{
	const struct task *x = a, *y = b;
	return x->age < y->age ? -1 : x->age > y->age;
}

void core_order_tasks(struct core *c)
{
	if (c->tasks.n)
		qsort(c->tasks.items, c->tasks.n, sizeof(*c->tasks.items), by_age);
	for (size_t i = 0; i < c->tasks.n; i++) {
		CHECK(!c->tasks.items[i].needs.n && !c->tasks.items[i].dependents.n);
		map_set(&c->by_id, c->tasks.items[i].id, i);
	}
}

/* The heaps and counts are never stored: they follow from the rows. */
void core_loaded(struct core *c)
{
	c->live = 0;
	for (size_t i = 0; i < c->kinds.n; i++)
		c->kinds.items[i].live = 0;
	for (size_t i = 0; i < c->tasks.n; i++) {
		struct task *t = &c->tasks.items[i];
		CHECK(t->agent >= 0 && (size_t)t->agent < c->kinds.n);
		CHECK(t->own >= 0 && (size_t)t->own < c->kinds.n);
		if (task_is(t, F_SLOT)) {
			c->live++;
			c->kinds.items[t->agent].live++;
		}
		if (t->slot)
			slot_take(c, t->slot);
		if (t->due_mono)
			heap_add(c, HEAP_DUE, (int)i);
		if (t->state == TASK_READY)
			heap_add(c, HEAP_READY, (int)i);
		if (t->state == TASK_QUEUED)
			heap_add(c, HEAP_QUEUE, (int)i);
		beside_update(c, t);
		task_unsynced(c, t); /* by an earlier program, perhaps, or under another policy */
	}
	train_loaded(c);
}

/* What was lost (lost.c) may have led to an action already. */
static bool is_asked(const struct core *c, int64_t serial)
{
	for (size_t i = 0; i < c->actions.n; i++)
		if (c->actions.items[i].serial == serial)
			return true;
	return false;
}

void core_reissue(struct core *c)
{
	/* The run's own machine begins anew with START: until then nothing new is begun. */
	if (c->run.state != RUN_ENDED)
		c->run.state = RUN_NEW;
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		enum action_kind k = task_state_action((enum task_state)t->state);
		if (k == ACT_NONE || t->gave_up || t->due_mono || is_asked(c, t->serial))
			continue;
		VEC_PUSH(&c->actions, ((struct action){.kind = k,
						       .task = (int)i,
						       .serial = t->serial,
						       .job = task_is(t, F_JOB) ? t->job : 0}));
		if (t->stop)
			emit_stop_job(c, t, t->job, false);
	}
}

void core_take(struct core *c)
{
	for (size_t i = 0; i < c->dirty.n; i++)
		c->tasks.items[c->dirty.items[i]].dirty = false;
	for (size_t i = 0; i < c->kinds.n; i++)
		c->kinds.items[i].dirty = false;
	c->actions.n = c->transitions.n = c->dirty.n = c->new_passes.n = 0;
	c->new_edges.n = c->cut_edges.n = 0;
	c->run_dirty = false;
}

static void count_landed(struct core_totals *n, const struct task *t)
{
	n->landed += t->landed.hex[0] != '\0';
	n->taken_out += t->landed.hex[0] && t->taken_out;
}

static void count_task(struct core_totals *n, const struct task *t)
{
	n->total++;
	n->person += t->person != 0 || core_waits_for(t) != WAIT_NONE;
	count_landed(n, t);
	switch ((enum task_state)t->state) {
	case TASK_BLOCKED:
		n->blocked++;
		break;
	case TASK_READY:
	case TASK_WAITING:
		n->ready++;
		break;
	case TASK_CLAIMING:
	case TASK_PREPARING:
	case TASK_SETTING_UP:
	case TASK_WORKING:
	case TASK_COLLECTING:
	case TASK_NOTHING:
		n->working++;
		break;
	case TASK_SUBMITTING:
	case TASK_QUEUED:
	case TASK_MERGING:
	case TASK_GATE_PREPARING:
	case TASK_GATE_SETTING_UP:
	case TASK_GATING:
	case TASK_STANDING:
	case TASK_LANDING:
		n->queued++;
		break;
	case TASK_SUBMITTED:
		n->submitted++;
		break;
	case TASK_MERGED:
		n->merged++;
		break;
	case TASK_CLOSED:
		n->closed++;
		break;
	case TASK_CONFLICTED:
	case TASK_LOOKING:
		n->conflicted++;
		break;
	case TASK_FAILING:
	case TASK_FAILED:
		n->failed++;
		break;
	case TASK_SKIPPED:
		n->skipped++;
		break;
	case TASK_CANCELLING:
	case TASK_CANCELLED:
		n->cancelled++;
		break;
	case TASK_NONE:
	case TASK_STATE_COUNT:
		CHECK(!"a task has a state");
	}
}

struct core_totals core_count(const struct core *c)
{
	struct core_totals n = {0};
	for (size_t i = 0; i < c->tasks.n; i++)
		if (!c->tasks.items[i].outside && c->tasks.items[i].branch < 2)
			count_task(&n, &c->tasks.items[i]);
	n.held = c->run.state == RUN_ENDED ? n.blocked : 0;
	return n;
}

int core_exit_code(const struct core *c)
{
	struct core_totals n = core_count(c);
	int code = 0;
	if (n.closed + n.merged + n.submitted < n.total)
		code = 1;
	if (n.person || n.conflicted)
		code = 3;
	if (c->run.exit > code)
		code = (int)c->run.exit;
	if (c->run.stop == STOP_NOW)
		code = 130;
	return code;
}

enum core_status core_status(const struct core *c)
{
	int code = core_exit_code(c);
	if (code == 0)
		return STATUS_DONE;
	if (code == 3)
		return STATUS_STUCK;
	/* Out of budget, say: there is work left, and nothing of it failed. */
	struct core_totals n = core_count(c);
	bool fallen = n.failed + n.skipped + n.cancelled > 0 || c->run.exit != 0;
	return c->run.stop != STOP_NO || !fallen ? STATUS_STOPPED : STATUS_FAILED;
}

static void check_kinds(const struct core *c)
{
	int live = 0;
	for (size_t i = 0; i < c->kinds.n; i++) {
		CHECK(c->kinds.items[i].live >= 0);
		live += c->kinds.items[i].live;
	}
	CHECK(live == c->live);
}

static void check_train(const struct core *c)
{
	for (size_t i = 0; i < c->train.n; i++) {
		const struct task *t = &c->tasks.items[c->train.items[i]];
		CHECK(task_is(t, F_MERGE));
		/* One landing at a time, in order: of a group that was tested together. */
		CHECK(t->state != TASK_LANDING || i == train_first(c) ||
		      strcmp(train_at(c, i - 1)->lands_as.hex, t->lands_as.hex) == 0);
		CHECK(!task_is(t, F_GATE) || t->gate);
		for (size_t k = 0; k < i; k++) {
			const struct task *before = &c->tasks.items[c->train.items[k]];
			CHECK(before->train < t->train);
			CHECK(!task_is(t, F_GATE) || !task_is(before, F_GATE) ||
			      before->gate != t->gate);
		}
	}
}

void core_check(const struct core *c)
{
	size_t merging = 0;
	int live = 0, slots = 0, taken = 0;
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		int unmet = 0;
		for (size_t k = 0; k < t->needs.n; k++)
			unmet += !task_met(&c->tasks.items[t->needs.items[k]]);
		CHECK(unmet == t->unmet);
		bool may_start = t->state == TASK_READY && !beside_waits(c, t);
		CHECK((t->heap_pos >= 0) == (may_start || t->state == TASK_QUEUED));
		int busy = 0;
		for (size_t k = 0; k < t->beside.n; k++)
			busy += c->tasks.items[t->beside.items[k]].under_way;
		CHECK(busy == t->busy);
		CHECK(t->under_way == beside_under_way(t));
		CHECK(t->state != TASK_READY || t->unmet == 0);
		CHECK(t->unsynced || sync_holds(c, t));
		CHECK(t->state != TASK_MERGED || t->landed.hex[0]);
		CHECK(t->place <= 0);
		CHECK((t->due_pos >= 0) == (t->due_mono != 0));
		CHECK(t->slot ? c->slots.items[t->slot - 1] : !task_is(t, F_SLOT));
		slots += t->slot != 0;
		live += task_is(t, F_SLOT);
		merging += task_is(t, F_MERGE);
	}
	for (size_t i = 0; i < c->slots.n; i++)
		taken += c->slots.items[i];
	CHECK(live == c->live && taken == slots);
	heap_check(c);
	CHECK(live <= c->policy.max_concurrent || c->policy.max_concurrent == 0);
	CHECK(merging == c->train.n);
	CHECK(c->run.state != RUN_WAITING || train_gates(c) > 0);
	/* All worktrees go then. */
	CHECK(c->run.state != RUN_TIDYING || c->live == 0);
	check_kinds(c);
	check_train(c);
}
