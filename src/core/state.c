#include "base/check.h"
#include "base/utf8.h"
#include "core/core-impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	enum action_kind action;
	unsigned flags;
} states[TASK_STATE_COUNT] = {
#define STATE(id, word, action, flags) [TASK_##id] = {ACT_##action, flags},
#include "core/task.def"
};

enum action_kind task_state_action(enum task_state s)
{
	CHECK(s > TASK_NONE && s < TASK_STATE_COUNT);
	return states[s].action;
}

unsigned task_state_flags(enum task_state s)
{
	CHECK(s > TASK_NONE && s < TASK_STATE_COUNT);
	return states[s].flags;
}

bool task_is(const struct task *t, unsigned flags)
{
	return (task_state_flags((enum task_state)t->state) & flags) != 0;
}

int task_index(const struct core *c, const struct task *t)
{
	return (int)(t - c->tasks.items);
}

bool task_met(const struct task *t)
{
	return t->state == TASK_MERGED || t->state == TASK_CLOSED;
}

void task_unsynced(struct core *c, struct task *t)
{
	if (t->unsynced)
		return;
	t->unsynced = true;
	VEC_PUSH(&c->unsynced, task_index(c, t));
}

void task_touch(struct core *c, struct task *t)
{
	t->event_ms = c->now.wall_ms;
	task_unsynced(c, t);
	if (t->dirty)
		return;
	t->dirty = true;
	VEC_PUSH(&c->dirty, task_index(c, t));
}

void task_reason(struct core *c, struct task *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(t->reason, sizeof(t->reason), fmt, ap); /* cut where it is long */
	utf8_mend(t->reason);
	va_end(ap);
	task_touch(c, t);
}

void run_reason(struct core *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(c->run.reason, sizeof(c->run.reason), fmt, ap); /* cut where it is long */
	utf8_mend(c->run.reason);
	va_end(ap);
	c->run_dirty = true;
}

static bool action_has_job(enum action_kind k)
{
	return k == ACT_SETUP || k == ACT_AGENT || k == ACT_GATE_SETUP || k == ACT_GATE ||
	       k == ACT_PROBE;
}

void task_due(struct core *c, struct task *t, int64_t mono_ms, int64_t wall_ms)
{
	if (t->due_pos >= 0)
		heap_remove(c, HEAP_DUE, task_index(c, t));
	t->due_mono = mono_ms;
	t->due_ms = wall_ms;
	if (mono_ms)
		heap_add(c, HEAP_DUE, task_index(c, t));
}

void task_emit(struct core *c, struct task *t)
{
	enum action_kind k = task_state_action((enum task_state)t->state);
	CHECK(k != ACT_NONE);
	t->serial = ++c->run.serial;
	task_due(c, t, 0, 0);
	if (action_has_job(k)) {
		t->job = ++c->run.job;
		t->pid = t->pid_start = 0;
		t->stop = 0;
	}
	c->run_dirty = true;
	task_touch(c, t);
	VEC_PUSH(&c->actions, ((struct action){.kind = k,
					       .task = task_index(c, t),
					       .serial = t->serial,
					       .job = action_has_job(k) ? t->job : 0}));
}

void emit_stop_job(struct core *c, const struct task *t, int64_t job, bool at_once)
{
	VEC_PUSH(&c->actions, ((struct action){.kind = ACT_STOP_JOB,
					       .task = t ? task_index(c, t) : -1,
					       .job = job,
					       .n = at_once}));
}

void emit_notice(struct core *c, const struct task *t, enum core_notice n)
{
	VEC_PUSH(&c->actions,
		 ((struct action){.kind = ACT_NOTIFY, .task = t ? task_index(c, t) : -1, .n = n}));
}

void needs_changed(struct core *c, struct task *t)
{
	if (t->attempt == 0)
		return;
	t->renew = 1;
	t->from = FROM_FRESH;
	task_touch(c, t);
}

/* A dependency came to be in the epic branch (by: -1), or turned out not to be (by: 1). */
static void count_unmet(struct core *c, const struct task *t, int by)
{
	for (size_t i = 0; i < t->dependents.n; i++) {
		struct task *d = &c->tasks.items[t->dependents.items[i]];
		d->unmet += by;
		CHECK(d->unmet >= 0);
		if (by > 0)
			needs_changed(c, d);
		if (d->state == TASK_BLOCKED || d->state == TASK_READY)
			task_make_ready(c, d);
	}
}

void slot_take(struct core *c, int64_t slot)
{
	while (c->slots.n < (size_t)slot)
		VEC_PUSH(&c->slots, false);
	c->slots.items[slot - 1] = true;
}

bool core_place_is_kept(int64_t stays, int64_t place)
{
	return place <= PLACES_KEPT && (stays >> (place - 1) & 1);
}

void place_keep(struct core *c, int64_t *stays, int64_t place)
{
	if (place <= PLACES_KEPT)
		*stays |= INT64_C(1) << (place - 1);
	c->run_dirty = true;
}

static int take_lowest_slot(struct core *c)
{
	size_t at = 0;
	while ((at < c->slots.n && c->slots.items[at]) ||
	       core_place_is_kept(c->run.stays, (int64_t)at + 1))
		at++;
	slot_take(c, (int64_t)at + 1);
	return (int)at + 1;
}

/* What holding a slot, or a place in the train, costs and frees. */
static void move_between(struct core *c, struct task *t, unsigned from, unsigned to)
{
	if (!(from & F_SLOT) && (to & F_SLOT)) {
		int slot = take_lowest_slot(c);
		if (t->slot) /* kept, with work that could not be saved */
			c->slots.items[t->slot - 1] = false;
		t->slot = slot;
		c->live++;
		c->kinds.items[t->agent].live++;
	}
	if ((from & F_SLOT) && !(to & F_SLOT)) {
		c->slots.items[t->slot - 1] = false;
		t->slot = 0;
		c->live--;
		c->kinds.items[t->agent].live--;
	}
	if (!(from & F_GATE) && (to & F_GATE))
		train_take_gate(c, t);
	if ((from & F_GATE) && !(to & F_GATE))
		t->gate = 0;
	if (!(from & F_MERGE) && (to & F_MERGE))
		train_enter(c, t);
	if ((from & F_MERGE) && !(to & F_MERGE))
		train_leave(c, t);
}

void task_set_state(struct core *c, struct task *t, enum task_state s)
{
	CHECK(s > TASK_NONE && s < TASK_STATE_COUNT);
	int index = task_index(c, t);
	enum task_state from = (enum task_state)t->state;
	bool was_met = task_met(t);
	VEC_PUSH(&c->transitions, ((struct transition){index, (int)from, (int)s}));
	if (from == TASK_READY && t->heap_pos >= 0)
		heap_remove(c, HEAP_READY, index);
	if (from == TASK_QUEUED)
		heap_remove(c, HEAP_QUEUE, index);
	move_between(c, t, task_state_flags(from), task_state_flags(s));

	t->state = s;
	t->errors = 0;
	t->gave_up = 0;
	task_due(c, t, 0, 0);
	t->ended_ms = states[s].flags & F_SETTLED ? c->now.wall_ms : 0;
	task_touch(c, t);
	ready_place(c, t);
	if (s == TASK_QUEUED)
		heap_add(c, HEAP_QUEUE, index);
	if (states[s].action != ACT_NONE)
		task_emit(c, t);
	beside_update(c, t);
	if (task_met(t) != was_met)
		count_unmet(c, t, was_met ? 1 : -1);
}
