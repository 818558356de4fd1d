#include "base/check.h"
#include "core/core-impl.h"

/*
 * Tasks that touch the same files. With policy.overlap_wait one that is ready is not started
 * while another of them is at work or on its way into the branch: it would begin without that
 * one's work, and meet it again as a conflict. How many of them are is counted as they change,
 * so that who waits costs nothing.
 */

bool beside_under_way(const struct task *t)
{
	if (t->state == TASK_QUEUED) /* one that waits for a person may wait for long */
		return core_waits_for(t) == WAIT_NONE;
	return t->state == TASK_SUBMITTING || task_is(t, F_SLOT | F_MERGE);
}

/* A resolver's attempt finishes what is on its way in itself. */
bool beside_waits(const struct core *c, const struct task *t)
{
	return c->policy.overlap_wait && t->busy > 0 && !t->resolve;
}

static int64_t first_busy(const struct core *c, const struct task *t)
{
	for (size_t i = 0; i < t->beside.n; i++)
		if (c->tasks.items[t->beside.items[i]].under_way)
			return t->beside.items[i] + 1;
	return 0;
}

void ready_place(struct core *c, struct task *t)
{
	bool ready = t->state == TASK_READY, waits = ready && beside_waits(c, t);
	int64_t waits_for = waits ? first_busy(c, t) : 0;
	if (t->waits_for != waits_for) {
		t->waits_for = waits_for;
		task_touch(c, t);
	}
	if (ready && !waits && t->heap_pos < 0)
		heap_add(c, HEAP_READY, task_index(c, t));
	else if (waits && t->heap_pos >= 0)
		heap_remove(c, HEAP_READY, task_index(c, t));
}

static void count(struct core *c, int task, int by)
{
	struct task *t = &c->tasks.items[task];
	t->busy += by;
	CHECK(t->busy >= 0);
	ready_place(c, t);
}

void beside_update(struct core *c, struct task *t)
{
	bool now = beside_under_way(t);
	if (t->under_way == now)
		return;
	t->under_way = now;
	for (size_t i = 0; i < t->beside.n; i++)
		count(c, t->beside.items[i], now ? 1 : -1);
}

void beside_add(struct core *c, int a, int b)
{
	struct task *x = &c->tasks.items[a], *y = &c->tasks.items[b];
	for (size_t i = 0; i < x->beside.n; i++)
		if (x->beside.items[i] == b)
			return;
	if (a == b || x->beside.n >= BESIDE_MAX || y->beside.n >= BESIDE_MAX)
		return;
	VEC_PUSH(&x->beside, b);
	VEC_PUSH(&y->beside, a);
	count(c, a, y->under_way);
	count(c, b, x->under_way);
}
