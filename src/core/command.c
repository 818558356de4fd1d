#include "base/check.h"
#include "core/core-impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Errors of actions, and what people ask for: cancel, retry. */

/* Nothing is given up silently: what cannot be done is said, and a person is asked. */
static void give_up(struct core *c, struct task *t, const char *why)
{
	enum task_state s = (enum task_state)t->state;
	t->person = 1;
	task_reason(c, t, "could not %s: %s", action_name(task_state_action(s)), why);
	if (s == TASK_MERGED || s == TASK_NOTHING) {
		t->gave_up = 1;
		emit_notice(c, t, NOTICE_PERSON);
	} else if (s == TASK_LANDING || (s == TASK_MERGING && t->maybe_in)) {
		/* It may be in the branch: nothing says that it failed. */
		c->run.exit = 3;
		run_reason(c, "could not land '%s': %s", t->id, why);
		task_set_state(c, t, TASK_QUEUED);
		emit_notice(c, t, NOTICE_PERSON);
	} else if (s == TASK_COLLECTING) {
		/* The work is not saved: the slot, and with it the worktree, stays taken. */
		int64_t slot = t->slot;
		t->session = SESSION_FAILED;
		task_fail(c, t);
		t->slot = slot;
		slot_take(c, slot);
	} else if (s == TASK_FAILING) {
		on_failed(c, t, NULL);
	} else if (s == TASK_CANCELLING) {
		on_cancelled(c, t, NULL);
	} else if (s == TASK_LOOKING) {
		task_set_state(c, t, TASK_CONFLICTED);
		dependents_fall(c, t);
	} else {
		t->session = SESSION_FAILED;
		task_fail(c, t);
	}
}

/* Codes as in base/err.h: what trying again cannot change is given up at once. */
bool error_may_pass(int64_t code)
{
	return code == -3 || code == -4 || code == -5; /* BUSY, IO, LIMIT */
}

int64_t error_delay_ms(int64_t errors)
{
	int64_t delay = 250;
	for (int64_t i = 1; i < errors && delay < 60000; i++)
		delay *= 2;
	return delay;
}

/* After a stop nobody waits for what the next run may begin as well; what was done is found then. */
static bool leave_it(struct core *c, struct task *t)
{
	bool now = c->run.stop == STOP_NOW;
	switch ((enum task_state)t->state) {
	case TASK_CLAIMING:
	case TASK_PREPARING:
		if (c->run.stop == STOP_NO || t->cancel)
			return false;
		t->session = SESSION_FAILED;
		task_make_ready(c, t);
		return true;
	case TASK_MERGING:
	case TASK_GATE_PREPARING:
	case TASK_LANDING:
		if (now && !t->cancel)
			task_set_state(c, t, TASK_QUEUED);
		return now && !t->cancel;
	default:
		return false;
	}
}

/* What others are to be told, or have to do, the next run asks for again. */
static bool leave_to_next_run(struct core *c, struct task *t)
{
	switch ((enum task_state)t->state) {
	case TASK_SUBMITTING:
	case TASK_MERGED:
	case TASK_NOTHING:
	case TASK_FAILING:
	case TASK_CANCELLING:
		t->gave_up = c->run.stop == STOP_NOW && t->errors + 1 >= STOP_ERRORS_MAX;
		if (t->gave_up)
			task_touch(c, t);
		return t->gave_up;
	default:
		return false;
	}
}

/*
 * Whether it happened is unknown: the same action is asked for again later, and finds out.
 * The state stays.
 */
void on_error(struct core *c, struct task *t, const struct core_event *ev)
{
	if (error_may_pass(ev->n) && (leave_it(c, t) || leave_to_next_run(c, t)))
		return;
	/* Where it is known when to ask again nothing has failed, unless nobody is to wait. */
	bool told = ev->until_ms > c->now.wall_ms && c->run.stop != STOP_NOW;
	if (!told || !t->errors)
		t->errors++;
	if (!error_may_pass(ev->n) || t->errors >= ERRORS_MAX) {
		give_up(c, t, ev->text);
		return;
	}
	int64_t delay = error_delay_ms(t->errors);
	if (told)
		delay = ev->until_ms - c->now.wall_ms;
	if (delay > DAY_MS)
		delay = DAY_MS;
	task_reason(c, t, "could not %s, trying again: %s",
		    action_name(task_state_action((enum task_state)t->state)), ev->text);
	task_due(c, t, c->now.mono_ms + delay, c->now.wall_ms + delay);
}

void on_again(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	t->gave_up = 0;
	task_emit(c, t);
}

/* What its agent, its check or its merge came to meanwhile is not why it ended. */
void task_cancel(struct core *c, struct task *t)
{
	task_reason(c, t, "cancelled");
	task_set_state(c, t, TASK_CANCELLING);
}

void on_cancel(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	if (t->attempt > 0) {
		task_cancel(c, t);
		return;
	}
	task_reason(c, t, "cancelled");
	on_cancelled(c, t, NULL);
}

void on_cancel_later(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	t->cancel = 1;
	task_reason(c, t, "cancelled");
}

/* What may be in the branch already is not cancelled: its turn says whether it is. */
void on_cancel_queued(struct core *c, struct task *t, const struct core_event *ev)
{
	if (t->maybe_in)
		on_cancel_later(c, t, ev);
	else
		on_cancel(c, t, ev);
}

void on_cancel_job(struct core *c, struct task *t, const struct core_event *ev)
{
	on_cancel_later(c, t, ev);
	t->stop = 1;
	emit_stop_job(c, t, t->job, false);
}

void on_cancelled(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	t->cancel = 0;
	t->person = 0;
	task_set_state(c, t, TASK_CANCELLED);
	dependents_fall(c, t);
	if (t->away == AWAY_EARLY) /* a person leaves it at that */
		t->away = AWAY_SHUT;
	if (t->away == AWAY_SHUT || task_is_out(t)) /* done, or none of the epic's any more */
		task_heed_tracker(c, t);
}

/* Why it failed stays: the next attempt is told. */
void task_start_over(struct task *t)
{
	t->spent = t->interruptions = t->deferrals = t->gate_errors = 0;
	t->resolve = t->resolves = 0;
	t->person = t->cancel = t->hold = 0;
	if (t->state != TASK_FAILED && t->state != TASK_CONFLICTED)
		t->reason[0] = '\0';
}

void branch_is_gone(struct core *c, struct task *t)
{
	task_reason(c, t, "nothing of it is left: submit it again");
	t->person = 1;
	task_fail(c, t);
}

void on_retry(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	task_start_over(t);
	if (t->head.hex[0])
		task_set_state(c, t, TASK_LOOKING);
	else if (!t->branch)
		task_make_ready(c, t);
	else
		branch_is_gone(c, t);
	dependents_rise(c, t);
}

void on_retry_conflicted(struct core *c, struct task *t, const struct core_event *ev)
{
	on_retry(c, t, ev);
}

void on_fixed(struct core *c, struct task *t, const struct core_event *ev)
{
	t->attempt++;
	t->head = ev->a;
	t->head_base = ev->b;
	if (t->branch) { /* its pull request is the person's, and there */
		queue_enter(c, t);
	} else {
		task_set_state(c, t, TASK_SUBMITTING);
	}
}

void on_unfixed(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	if (t->branch) {
		/* Perhaps with what a resolver made of it, which nobody has approved. */
		queue_enter(c, t);
		return;
	}
	if (t->from != FROM_MERGED)
		t->from = FROM_FRESH;
	task_make_ready(c, t);
}

/* ---- the order of the queue ---- */

void on_hold(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)c;
	(void)ev;
	t->hold = 1;
}

void on_release(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)c;
	(void)ev;
	t->hold = 0;
}

/*
 * Out of the queue, in their order: its first n, and every one that was given a place. Those are
 * its beginning.
 */
static void take_first(struct core *c, int64_t n, struct heap *ret)
{
	while (c->queue.items.n) {
		int at = c->queue.items.items[0];
		if ((int64_t)ret->items.n >= n && !c->tasks.items[at].place)
			break;
		heap_remove(c, HEAP_QUEUE, at);
		VEC_PUSH(&ret->items, at);
	}
}

/*
 * To the n-th place of those that wait. All up to there get a place too: one that arrives later,
 * with a higher priority, would push it back otherwise.
 */
void on_move(struct core *c, struct task *t, const struct core_event *ev)
{
	struct heap first = {0};
	heap_remove(c, HEAP_QUEUE, task_index(c, t));
	take_first(c, ev->n - 1, &first);
	size_t n = first.items.n, to = ev->n < 1 ? 0 : (size_t)ev->n - 1;
	to = to < n ? to : n;
	VEC_PUSH(&first.items, 0);
	memmove(&first.items.items[to + 1], &first.items.items[to],
		(n - to) * sizeof(*first.items.items));
	first.items.items[to] = task_index(c, t);
	for (size_t i = 0; i <= n; i++) {
		struct task *x = &c->tasks.items[first.items.items[i]];
		x->place = (int64_t)i - (int64_t)n - 1;
		task_touch(c, x);
		heap_add(c, HEAP_QUEUE, first.items.items[i]);
	}
	VEC_DONE(&first.items);
}
