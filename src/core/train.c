#include "base/check.h"
#include "core/core-impl.h"

#include <string.h>

/*
 * The train: entries that are merged and tested at once, each on the merge of the one before it
 * (docs/adr/0016). Nothing is remembered of who was built on whom but `onto`: whether an entry
 * still holds is asked anew after every event, so that a landing, an eviction, a cancel or a
 * branch that moved needs no message to those behind. Which of them are tested is group.c's.
 */

struct task *train_at(const struct core *c, size_t at)
{
	return &c->tasks.items[c->train.items[at]];
}

void train_enter(struct core *c, struct task *t)
{
	size_t n = c->train.n;
	t->train = (n ? train_at(c, n - 1)->train : 0) + 1;
	t->cut = 0;
	t->fails_with[0] = '\0';
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
	t->train = t->cut = t->proof = 0;
	t->verdict = VERDICT_NONE;
}

/* The lowest gate worktree that no other check is in. */
void train_take_gate(struct core *c, struct task *t)
{
	t->gate = 0;
	for (int64_t gate = 1; !t->gate; gate++) {
		bool taken = false;
		for (size_t i = 0; i < c->train.n && !taken; i++)
			taken = task_is(train_at(c, i), F_GATE) && train_at(c, i)->gate == gate;
		if (!taken && !core_place_is_kept(c->run.gate_stays, gate))
			t->gate = gate;
	}
}

int train_gates(const struct core *c)
{
	int n = 0;
	for (size_t i = 0; i < c->train.n; i++)
		n += task_is(train_at(c, i), F_GATE);
	return n;
}

/* A row of before trains has the only gate; one of before groups landed alone. */
static void as_group(struct task *t)
{
	if (task_is(t, F_GATE) && !t->gate)
		t->gate = 1;
	if (t->state != TASK_LANDING || t->lands_as.hex[0])
		return;
	t->lands_on = t->onto;
	t->lands_as = t->merge;
}

/* By the rows' places; one a journal of before trains has is the only one. */
void train_loaded(struct core *c)
{
	c->train.n = 0;
	for (size_t i = 0; i < c->tasks.n; i++) {
		if (!task_is(&c->tasks.items[i], F_MERGE))
			continue;
		as_group(&c->tasks.items[i]);
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

static bool is_to_be_merged(const struct task *t)
{
	return t->state == TASK_MERGING ||
	       (t->state == TASK_STANDING && t->verdict == VERDICT_NONE);
}

/* It may land, as far as is known; one that has a bad verdict will not. */
static bool may_land(const struct task *t)
{
	return t->state != TASK_STANDING || t->verdict == VERDICT_PASSED ||
	       t->verdict == VERDICT_MADE;
}

/*
 * What an entry at this place is to be merged onto: the last before it that may land, else the
 * branch. NULL: that is not known yet, since one is not merged, or a group failed and who of it
 * will land is being found out.
 */
const struct oid *train_onto(const struct core *c, size_t at)
{
	for (size_t first = train_first(c); at-- > first;) {
		const struct task *t = train_at(c, at);
		if (t->state == TASK_LANDING)
			return &t->lands_as;
		if (is_to_be_merged(t) || group_failed(c, at))
			return NULL;
		if (may_land(t))
			return &t->merge;
	}
	return &c->run.epic_head;
}

bool train_holds_at(const struct core *c, size_t at)
{
	if (train_at(c, at)->proof) /* what it is merged onto has landed */
		return true;
	const struct oid *onto = train_onto(c, at);
	return onto && strcmp(onto->hex, train_at(c, at)->onto.hex) == 0;
}

bool train_holds(const struct core *c, const struct task *t)
{
	return train_holds_at(c, train_find(c, t));
}

bool train_is_first(const struct core *c, const struct task *t)
{
	size_t first = train_first(c);
	return first < c->train.n && c->train.items[first] == task_index(c, t);
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
		struct task *t = train_at(c, i);
		bool waits = t->due_mono != 0 && !task_is(t, F_JOB); /* for another try */
		if (t->state == TASK_LANDING || train_holds_at(c, i))
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
		struct task *t = train_at(c, i);
		if (t->state == TASK_STANDING)
			task_set_state(c, t, TASK_QUEUED);
	}
}

void train_land(struct core *c, struct task *t, const struct oid *on, const struct oid *as)
{
	t->lands_on = *on;
	t->lands_as = *as;
	t->maybe_in = 1;
	group_count(c, /* failed */ false);
	task_set_state(c, t, TASK_LANDING);
}

/* The whole first group at once: what its last one is was tested, and no tree before that. */
static void land_group(struct core *c, size_t first, size_t last)
{
	const struct oid on = train_at(c, first)->onto, as = train_at(c, last)->merge;
	for (size_t i = first; i <= last; i++)
		train_land(c, train_at(c, i), &on, &as);
}

/* What was found of the first one, or of its group, counts: nothing stands before it. */
static bool settle_first(struct core *c)
{
	size_t first = train_first(c), last = group_end(c, first);
	if (last == c->train.n || !train_holds_at(c, last))
		return false;
	struct task *t = train_at(c, last);
	if (t->state != TASK_STANDING || t->verdict == VERDICT_NONE || t->verdict == VERDICT_MADE)
		return false;
	if (last == first)
		verdict_counts(c, t);
	else if (t->verdict == VERDICT_PASSED)
		land_group(c, first, last);
	else
		return false; /* who of it is at fault is being found out */
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
		struct task *t = train_at(c, i);
		const struct oid *onto = train_onto(c, i);
		if (t->state != TASK_STANDING || t->verdict != VERDICT_NONE || !onto)
			continue;
		merge_onto(c, t, onto);
		return true;
	}
	return false;
}

/* It may begin, but for its turn. */
static bool is_waiting(const struct core *c, const struct task *t)
{
	return t->due_mono <= c->now.mono_ms && core_waits_for(t) == WAIT_NONE;
}

/* The best entry that is due and that nobody keeps; -1 none. */
static int best_queued(struct core *c)
{
	int best = -1;
	VEC(int) passed = {0};
	while (c->queue.items.n && best < 0) {
		int at = c->queue.items.items[0];
		if (is_waiting(c, &c->tasks.items[at])) {
			best = at;
		} else {
			heap_remove(c, HEAP_QUEUE, at);
			VEC_PUSH(&passed, at);
		}
	}
	for (size_t i = 0; i < passed.n; i++)
		heap_add(c, HEAP_QUEUE, passed.items[i]);
	VEC_DONE(&passed);
	return best;
}

/* Those that came before it and are passed by it: it makes them a little more urgent. */
static void let_pass(struct core *c, const struct task *best)
{
	VEC(int) passed = {0};
	for (size_t i = 0; i < c->queue.items.n; i++) {
		int at = c->queue.items.items[i];
		const struct task *t = &c->tasks.items[at];
		if (t->queued_seq < best->queued_seq && is_waiting(c, t))
			VEC_PUSH(&passed, at);
	}
	for (size_t i = 0; i < passed.n; i++) {
		struct task *t = &c->tasks.items[passed.items[i]];
		heap_remove(c, HEAP_QUEUE, passed.items[i]);
		t->passed_by++;
		task_touch(c, t);
		heap_add(c, HEAP_QUEUE, passed.items[i]);
	}
	VEC_DONE(&passed);
}

/* The first entry that is due joins at the end. Its place is fixed from here on. */
static bool pull_next(struct core *c)
{
	const struct oid *onto = train_onto(c, c->train.n);
	int best = onto && group_has_room(c) ? best_queued(c) : -1;
	if (best < 0)
		return false;
	struct task *t = &c->tasks.items[best];
	let_pass(c, t);
	t->joined = c->run.epic_head;
	merge_onto(c, t, onto);
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
	while (settle_first(c) || group_split(c) || merge_next(c) || pull_next(c) ||
	       group_close(c) || group_test(c))
		drop_stale(c);
}
