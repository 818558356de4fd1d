#include "base/check.h"
#include "core/core-impl.h"

#include <string.h>

/*
 * The train: entries that are merged and tested at once, each on the merge of the one before it
 * (docs/adr/0016). Nothing is remembered of who was built on whom but `onto`: whether an entry
 * still holds is asked anew after every event, so that a landing, an eviction, a cancel or a
 * branch that moved needs no message to those behind.
 */

void train_enter(struct core *c, struct task *t)
{
	size_t n = c->train.n;
	int64_t last = n ? c->tasks.items[c->train.items[n - 1]].train : 0;
	t->train = last + 1;
	t->gate = 0;
	for (int64_t gate = 1; !t->gate; gate++) {
		bool taken = false;
		for (size_t i = 0; i < n && !taken; i++)
			taken = c->tasks.items[c->train.items[i]].gate == gate;
		if (!taken)
			t->gate = gate;
	}
	VEC_PUSH(&c->train, task_index(c, t));
}

static size_t train_find(const struct core *c, const struct task *t)
{
	size_t at = 0;
	while (at < c->train.n && c->train.items[at] != task_index(c, t))
		at++;
	CHECK(at < c->train.n);
	return at;
}

void train_leave(struct core *c, struct task *t)
{
	size_t at = train_find(c, t);
	memmove(&c->train.items[at], &c->train.items[at + 1],
		(--c->train.n - at) * sizeof(*c->train.items));
	t->train = t->gate = 0;
	t->verdict = VERDICT_NONE;
}

/* By the rows' places; one a journal of before trains has is the only one. */
void train_loaded(struct core *c)
{
	c->train.n = 0;
	for (size_t i = 0; i < c->tasks.n; i++) {
		if (!task_is(&c->tasks.items[i], F_MERGE))
			continue;
		VEC_PUSH(&c->train, (int)i);
		for (size_t k = c->train.n - 1; k > 0; k--) {
			int *at = &c->train.items[k], other = at[-1];
			if (c->tasks.items[other].train <= c->tasks.items[*at].train)
				break;
			at[-1] = *at;
			*at = other;
		}
	}
}

/*
 * What an entry at this place is to be merged onto: the last before it that may land, else the
 * branch. One that has a bad verdict will not, as far as is known. NULL: it is not merged yet.
 */
static const struct oid *train_onto(const struct core *c, size_t at)
{
	while (at-- > 0) {
		const struct task *t = &c->tasks.items[c->train.items[at]];
		bool stands = t->state == TASK_STANDING;
		if (t->state == TASK_MERGING || (stands && t->verdict == VERDICT_NONE))
			return NULL;
		if (!stands || t->verdict == VERDICT_PASSED)
			return &t->merge;
	}
	return &c->run.epic_head;
}

static bool holds_at(const struct core *c, size_t at)
{
	const struct oid *onto = train_onto(c, at);
	return onto && strcmp(onto->hex, c->tasks.items[c->train.items[at]].onto.hex) == 0;
}

bool train_holds(const struct core *c, const struct task *t)
{
	return holds_at(c, train_find(c, t));
}

bool train_is_first(const struct core *c, const struct task *t)
{
	return c->train.n && c->train.items[0] == task_index(c, t);
}

/* It keeps its place and is merged anew, as soon as it is known onto what. */
void train_rebuild(struct core *c, struct task *t)
{
	t->verdict = VERDICT_NONE;
	t->reason[0] = '\0';
	task_set_state(c, t, TASK_STANDING);
}

/* What stands before it has changed: nothing that was found of it, or is being found, counts. */
static void drop_stale(struct core *c)
{
	for (size_t i = 0; i < c->train.n; i++) {
		struct task *t = &c->tasks.items[c->train.items[i]];
		bool waits = t->due_mono != 0 && !task_is(t, F_JOB); /* for another try */
		if (t->state == TASK_LANDING || holds_at(c, i))
			continue;
		if (t->state == TASK_STANDING ? t->verdict != VERDICT_NONE : waits) {
			train_rebuild(c, t);
		} else if (task_is(t, F_JOB) && !t->stop) {
			t->stop = 1;
			task_touch(c, t);
			emit_stop_job(c, t, t->job, false);
		}
	}
}

/* Nothing more is to land in this run: who waits for that goes back to the queue. */
static void dissolve(struct core *c)
{
	for (size_t i = c->train.n; i-- > 0;) {
		struct task *t = &c->tasks.items[c->train.items[i]];
		if (t->state == TASK_STANDING)
			task_set_state(c, t, TASK_QUEUED);
	}
}

static bool settle_first(struct core *c)
{
	if (!c->train.n)
		return false;
	struct task *t = &c->tasks.items[c->train.items[0]];
	if (t->state != TASK_STANDING || t->verdict == VERDICT_NONE || !holds_at(c, 0))
		return false;
	verdict_counts(c, t);
	return true;
}

static void merge_onto(struct core *c, struct task *t, const struct oid *onto)
{
	t->onto = *onto;
	task_set_state(c, t, TASK_MERGING);
}

static bool merge_next(struct core *c)
{
	for (size_t i = 0; i < c->train.n; i++) {
		struct task *t = &c->tasks.items[c->train.items[i]];
		const struct oid *onto = train_onto(c, i);
		if (t->state != TASK_STANDING || t->verdict != VERDICT_NONE || !onto)
			continue;
		merge_onto(c, t, onto);
		return true;
	}
	return false;
}

/* The best entry that is due and that nobody keeps; -1 none. */
static int best_queued(struct core *c)
{
	int best = -1;
	VEC(int) passed = {0};
	while (c->queue.items.n && best < 0) {
		int at = c->queue.items.items[0];
		const struct task *t = &c->tasks.items[at];
		if (t->due_mono > c->now.mono_ms || core_waits_for(t) != WAIT_NONE) {
			heap_remove(c, HEAP_QUEUE, at);
			VEC_PUSH(&passed, at);
		} else {
			best = at;
		}
	}
	for (size_t i = 0; i < passed.n; i++)
		heap_add(c, HEAP_QUEUE, passed.items[i]);
	VEC_DONE(&passed);
	return best;
}

/* The first entry that is due joins at the end. Its place is fixed from here on. */
static bool pull_next(struct core *c)
{
	/* Without a check the next one is merged while the one before it lands. */
	size_t most = !c->policy.n_checks      ? 2
		      : c->policy.gate_slots > 1 ? (size_t)c->policy.gate_slots
						 : 1;
	const struct oid *onto = train_onto(c, c->train.n);
	int best = c->train.n < most && onto ? best_queued(c) : -1;
	if (best < 0)
		return false;
	merge_onto(c, &c->tasks.items[best], onto);
	return true;
}

void queue_pump(struct core *c)
{
	if (c->run.state == RUN_NEW)
		return; /* the branch may have moved, and jobs are not asked for again yet */
	drop_stale(c);
	if (c->run.exit != 0 || c->run.stop == STOP_NOW) {
		dissolve(c);
		return;
	}
	if (c->run.state != RUN_RUNNING || c->run.paused || c->run.full)
		return;
	while (settle_first(c) || merge_next(c) || pull_next(c))
		drop_stale(c);
}
