#include "base/check.h"
#include "core/core-impl.h"

/*
 * Groups: entries of the train that are tested together, by the merge of the last of them
 * (docs/adr/0020). `cut` is all that is remembered: a group ends with each entry that has it. A
 * failing group is bisected by cutting it; a group of one that fails has the culprit.
 */

/* A group is worth its test while it is more likely to pass than not, */
#define GROUP_CHANCE 0.5
/* and a test beside others while it is of use in one case of four. */
#define DEPTH_CHANCE 0.25
/* Before anything is known one entry of ten is taken to fail. */
#define SEEN_BEFORE   10
#define FAILED_BEFORE 1
/* What was seen longer ago counts less and less. */
#define SEEN_MAX 100
/* Entries in the train, for each that may be tested at once. */
#define TRAIN_MAX 4

void group_count(struct core *c, bool failed)
{
	c->run.tested++;
	c->run.failed += failed;
	if (c->run.tested >= SEEN_MAX) {
		c->run.tested /= 2;
		c->run.failed /= 2;
	}
	c->run_dirty = true;
}

/* That an entry passes, by those seen so far. */
static double chance(const struct core *c)
{
	return 1 - (double)(c->run.failed + FAILED_BEFORE) / (double)(c->run.tested + SEEN_BEFORE);
}

/* Entries in a group: no more than queue.batch, and than are likely to pass together. */
static int group_size(const struct core *c, double *ret_chance)
{
	double one = chance(c), all = one;
	int n = 1;
	while (n < c->policy.batch && all * one >= GROUP_CHANCE) {
		all *= one;
		n++;
	}
	*ret_chance = all;
	return n;
}

/* Groups at once: no more than queue.slots, and than are likely to be of use. */
static int depth(const struct core *c, double group)
{
	double useful = group;
	int n = 1;
	while (n < c->policy.gate_slots && useful >= DEPTH_CHANCE) {
		useful *= group;
		n++;
	}
	return n;
}

/* It is merged, and tested by one behind it if by any. */
static bool is_open(const struct task *t)
{
	return t->state == TASK_STANDING && t->verdict == VERDICT_MADE && !t->cut;
}

/* It has no tree: it conflicts, or is there already. No group goes over it. */
static bool has_no_tree(const struct task *t)
{
	return t->state == TASK_STANDING &&
	       (t->verdict == VERDICT_CONFLICT || t->verdict == VERDICT_ALREADY);
}

size_t group_end(const struct core *c, size_t at)
{
	while (at < c->train.n && is_open(train_at(c, at)))
		at++;
	return at;
}

/* The first of the group that ends at 'last'. */
static size_t group_begin(const struct core *c, size_t last)
{
	while (last > 0 && is_open(train_at(c, last - 1)))
		last--;
	return last;
}

bool group_failed(const struct core *c, size_t last)
{
	const struct task *t = train_at(c, last);
	bool bad = t->state == TASK_STANDING &&
		   (t->verdict == VERDICT_RED || t->verdict == VERDICT_UNCLEAR);
	return bad && group_begin(c, last) < last;
}

/* Is it to be tested, and only waits for a gate? */
static bool is_testable(const struct core *c, size_t at)
{
	const struct task *t = train_at(c, at);
	return t->state == TASK_STANDING && t->verdict == VERDICT_MADE && t->cut &&
	       train_holds_at(c, at);
}

/*
 * Gates that are free. All but the first take a session's place: what is tested ahead of its
 * turn waits for agents, as they do for it; the first is what everything waits for.
 */
static int free_gates(const struct core *c)
{
	int taken = train_gates(c), most = c->policy.gate_slots;
	for (size_t i = train_first(c); i < c->train.n; i++)
		taken += is_testable(c, i);
	int places = c->policy.max_concurrent - c->live + 1;
	if (most > places)
		most = places < 1 ? 1 : places;
	return taken < most ? most - taken : 0;
}

/* Side by side: those that may land. One that failed alone only waits to be sent back. */
static int count_ends(const struct core *c)
{
	int n = 0;
	for (size_t i = train_first(c); i < c->train.n; i++) {
		const struct task *t = train_at(c, i);
		bool failed = t->state == TASK_STANDING && t->verdict != VERDICT_MADE &&
			      t->verdict != VERDICT_NONE && t->verdict != VERDICT_PASSED;
		n += t->cut && !failed;
	}
	return n;
}

/* Entries at the end that no group has been closed over. */
static int count_open(const struct core *c)
{
	int n = 0;
	for (size_t i = c->train.n; i-- > 0 && !train_at(c, i)->cut && !has_no_tree(train_at(c, i));)
		n++;
	return n;
}

bool group_has_room(const struct core *c)
{
	double likely;
	int size = group_size(c, &likely), open = count_open(c);
	if (!c->policy.n_checks) /* the next one is merged while the one before it lands */
		return c->train.n < 2;
	if (c->train.n >= (size_t)c->policy.gate_slots * (size_t)size * TRAIN_MAX)
		return false;
	return open ? open < size : count_ends(c) < depth(c, likely);
}

/* Nobody joins any more: the last one stands for them. Called when the queue had nothing. */
bool group_close(struct core *c)
{
	for (size_t i = 0; i < c->train.n; i++) {
		struct task *t = train_at(c, i);
		bool last = i + 1 == c->train.n;
		if (!is_open(t) || !(last || has_no_tree(train_at(c, i + 1))))
			continue;
		if (last && !free_gates(c)) /* while it waits others may join */
			continue;
		t->cut = 1;
		task_touch(c, t);
		return true;
	}
	return false;
}

/* Parts that are as alike as may be, one for each gate that is free and one more. */
static void cut_evenly(struct core *c, size_t begin, size_t last, size_t cuts)
{
	size_t n = last - begin + 1;
	for (size_t k = 1; k <= cuts; k++) {
		struct task *t = train_at(c, begin + k * n / (cuts + 1) - 1);
		t->cut = 1;
		task_touch(c, t);
	}
}

bool group_split(struct core *c)
{
	for (size_t last = 0; last < c->train.n; last++) {
		size_t begin = group_begin(c, last), cuts = (size_t)free_gates(c);
		if (!group_failed(c, last) || !train_holds_at(c, last) || !cuts)
			continue;
		cut_evenly(c, begin, last, cuts < last - begin ? cuts : last - begin);
		return true;
	}
	return false;
}

/* What one of them touches is tested for all: they land together. */
static void join_skips(struct core *c, size_t last)
{
	struct task *t = train_at(c, last);
	int64_t skips = t->skips;
	for (size_t i = group_begin(c, last); i < last; i++)
		skips &= train_at(c, i)->skips;
	gate_reset(c, t, skips);
	for (size_t i = group_begin(c, last); i < last; i++)
		gate_reset(c, train_at(c, i), skips);
}

static bool test_at(struct core *c, size_t at)
{
	int running = train_gates(c);
	if (!is_testable(c, at) || running >= c->policy.gate_slots ||
	    (running && c->live + running > c->policy.max_concurrent))
		return false;
	join_skips(c, at);
	gate_begin(c, train_at(c, at));
	return true;
}

/* In their order; proofs, which stand before all others, where a gate is left. */
bool group_test(struct core *c)
{
	size_t first = train_first(c);
	for (size_t i = first; i < c->train.n; i++)
		if (test_at(c, i))
			return true;
	for (size_t i = 0; i < first; i++)
		if (test_at(c, i))
			return true;
	return false;
}
