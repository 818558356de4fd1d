#include "base/check.h"
#include "core/core-impl.h"

static task_handler *const table[TASK_STATE_COUNT][EV_TASK_LAST + 1] = {
#define ROW(state, event, handler) [TASK_##state][EV_##event] = handler,
#include "core/task.def"
};

/* Answers name the action they answer; what people and clocks say does not. */
static bool is_answer(enum core_event_kind k)
{
	return k < EV_DUE;
}

static void task_step(struct core *c, const struct core_event *ev)
{
	CHECK(ev->task >= 0 && (size_t)ev->task < c->tasks.n);
	struct task *t = &c->tasks.items[ev->task];
	task_handler *handler = table[t->state][ev->kind];
	if (!handler || (is_answer(ev->kind) && ev->serial != t->serial)) {
		c->run.stale += is_answer(ev->kind);
		c->run_dirty = true;
		return;
	}
	task_touch(c, t);
	handler(c, t, ev);
	beside_update(c, t);
}

static void step_due(struct core *c)
{
	if (c->run.state == RUN_NEW)
		return; /* the times may be an earlier boot's; START translates them */
	run_due(c);
	while (c->due.items.n) {
		int at = c->due.items.items[0];
		struct task *t = &c->tasks.items[at];
		if (t->due_mono > c->now.mono_ms)
			break;
		task_due(c, t, 0, 0);
		task_touch(c, t);
		if (!table[t->state][EV_DUE]) /* its wait is over, and that is all */
			continue;
		struct core_event due = {.kind = EV_DUE, .task = at, .at = c->now};
		due.text = due.text2 = due.text3 = "";
		task_step(c, &due);
	}
}

bool core_accepts(const struct core *c, int task, enum core_event_kind k)
{
	CHECK(k > EV_NONE && k <= EV_TASK_LAST);
	const struct task *t = &c->tasks.items[task];
	return !t->outside && table[t->state][k] != NULL;
}

/*
 * After every event the same questions, whatever happened: what is due, what may be merged, may pre-flight begin,
 * what may start, is there anything left. Asking again is free, so nothing can be forgotten.
 */
void core_step(struct core *c, const struct core_event *given)
{
	struct core_event ev = *given;
	ev.text = ev.text ? ev.text : "";
	ev.text2 = ev.text2 ? ev.text2 : "";
	ev.text3 = ev.text3 ? ev.text3 : "";
	c->now = ev.at;
	kinds_check_clock(c);
	if (ev.task >= 0)
		task_step(c, &ev);
	else
		run_step(c, &ev);
	step_due(c);
	queue_pump(c);
	run_begin_preflight(c); /* after what may have ended the last check */
	schedule_claims(c);
	run_check_over(c);
}

static void earlier(int64_t *best, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	if (*best < 0 || ms < *best)
		*best = ms;
}

int64_t core_next_ms(const struct core *c)
{
	int64_t best = -1;
	if (c->run.state == RUN_NEW)
		return best; /* START comes by itself */
	if (c->run.due_mono)
		earlier(&best, c->run.due_mono - c->now.mono_ms);
	if (c->due.items.n)
		earlier(&best, c->tasks.items[c->due.items.items[0]].due_mono - c->now.mono_ms);
	for (size_t i = 0; i < c->kinds.n; i++) {
		const struct kind *k = &c->kinds.items[i];
		if (k->paused_ms > c->now.wall_ms && k->ready.items.n)
			earlier(&best, k->paused_ms - c->now.wall_ms);
	}
	return best;
}
