#include "base/clean.h"
#include "run/facts.h"
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

/* A run as the journal might have it: rows made by hand, then counted as after a load. */
struct fixture {
	struct core core;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct policy policy = {.max_concurrent = 4};

	core_init(&f->core, &policy);
	(void)core_add_kind(&f->core, "demo", 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	core_done(&f->core);
	free(f);
	return 0;
}

static int add(struct fixture *f, const char *id, enum task_state s)
{
	struct task row = {.id = id, .title = "", .state = s, .priority = 2};

	row.age = (int64_t)f->core.tasks.n;
	return core_add_task(&f->core, &row);
}

static struct task *task(struct fixture *f, int at)
{
	return &f->core.tasks.items[at];
}

static void assert_reason(struct fixture *f, int at, const char *wanted)
{
	struct facts facts CLEANUP(facts_done) = {0};
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	facts_find(&f->core, &facts);
	facts_reason(&b, &facts, at);
	assert_string_equal(buf_cstr(&b), wanted);
}

static void test_facts__what_waits_names_what_for(void **state)
{
	struct fixture *f = *state;
	int last = add(f, "9", TASK_BLOCKED);

	core_add_edge(&f->core, last, add(f, "1", TASK_CLOSED));
	core_add_edge(&f->core, last, add(f, "2", TASK_WORKING));
	core_add_edge(&f->core, last, add(f, "3", TASK_READY));
	assert_reason(f, last, "waits for 2, 3");
	core_add_edge(&f->core, last, add(f, "4", TASK_READY));
	core_add_edge(&f->core, last, add(f, "5", TASK_READY));
	core_add_edge(&f->core, last, add(f, "6", TASK_READY));
	core_add_edge(&f->core, last, add(f, "7", TASK_READY));
	assert_reason(f, last, "waits for 2, 3, 4, 5 and 2 more");
}

static void test_facts__what_failed_holds_all_behind_it(void **state)
{
	struct fixture *f = *state;
	struct facts facts CLEANUP(facts_done) = {0};
	int failed = add(f, "1", TASK_FAILED), next = add(f, "2", TASK_BLOCKED),
	    far = add(f, "3", TASK_BLOCKED), other = add(f, "4", TASK_BLOCKED);

	core_add_edge(&f->core, next, failed);
	core_add_edge(&f->core, far, next);
	core_add_edge(&f->core, other, add(f, "5", TASK_WORKING));
	assert_reason(f, next, "held: needs '1', which is failed");
	assert_reason(f, far, "held behind '1', which is failed");
	assert_reason(f, other, "waits for 5");
	facts_find(&f->core, &facts);
	assert_int_equal(facts.n_held, 2);
	assert_int_equal(facts.held[far], failed);
	assert_int_equal(facts.held[other], -1);
}

static void test_facts__what_is_open_outside_holds_too(void **state)
{
	struct fixture *f = *state;
	int here = add(f, "1", TASK_BLOCKED), outside = add(f, "77", TASK_BLOCKED);

	task(f, outside)->outside = 1;
	core_add_edge(&f->core, here, outside);
	assert_reason(f, here, "held: needs '77', which is open and not of this epic");
	task(f, outside)->state = TASK_CLOSED;
	assert_reason(f, here, "");
}

/* Its landing is in: only the tracker could not be told. Nothing is held for that. */
static void test_facts__an_issue_that_cannot_be_closed_holds_nothing(void **state)
{
	struct fixture *f = *state;
	struct facts facts CLEANUP(facts_done) = {0};
	int merged = add(f, "1", TASK_MERGED);

	task(f, merged)->gave_up = 1;
	core_add_edge(&f->core, add(f, "2", TASK_READY), merged);
	facts_find(&f->core, &facts);
	assert_int_equal(facts.n_held, 0);
	assert_true(task_needs_person(task(f, merged)));
}

static void test_facts__paths_come_in_one_line(void **state)
{
	struct fixture *f = *state;
	int at = add(f, "1", TASK_CONFLICTED);

	(void)snprintf(task(f, at)->reason, sizeof(task(f, at)->reason),
		       "conflicts with what has landed: a.c\nb.c\n");
	assert_reason(f, at, "conflicts with what has landed: a.c, b.c");
}

static void test_facts__a_wait_says_until_when(void **state)
{
	struct fixture *f = *state;
	int at = add(f, "1", TASK_WAITING);

	(void)setenv("TZ", "UTC", 1);
	task(f, at)->due_ms = (int64_t)1700000000 * 1000; /* 22:13:20 */
	assert_reason(f, at, "tries again at 22:13");
	(void)snprintf(task(f, at)->reason, sizeof(task(f, at)->reason), "exit 3: broken");
	assert_reason(f, at, "tries again at 22:13: exit 3: broken");
	task(f, at)->state = TASK_READY;
	task(f, at)->attempt = 1;
	f->core.kinds.items[0].paused_ms = task(f, at)->due_ms;
	assert_reason(f, at,
		      "to be tried again: exit 3: broken; agent 'demo' is paused until 22:13");
}

static void test_facts__the_queue_is_in_the_order_of_landing(void **state)
{
	struct fixture *f = *state;
	struct facts facts CLEANUP(facts_done) = {0};
	int late = add(f, "late", TASK_QUEUED), early = add(f, "early", TASK_QUEUED),
	    unblocks = add(f, "unblocks", TASK_QUEUED), urgent = add(f, "urgent", TASK_QUEUED),
	    merging = add(f, "merging", TASK_GATING);

	task(f, late)->queued_seq = 4;
	task(f, early)->queued_seq = 1;
	task(f, unblocks)->queued_seq = 3;
	task(f, urgent)->priority = 0;
	core_add_edge(&f->core, add(f, "next", TASK_BLOCKED), unblocks);
	core_loaded(&f->core);
	facts_find(&f->core, &facts);
	assert_int_equal(facts.queue.n, 5);
	assert_int_equal(facts.queue.items[0], merging);
	assert_int_equal(facts.queue.items[1], urgent);
	assert_int_equal(facts.queue.items[2], unblocks);
	assert_int_equal(facts.queue.items[3], early);
	assert_int_equal(facts.queue.items[4], late);
}

static void test_facts__the_run_says_why_it_rests(void **state)
{
	struct fixture *f = *state;
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct kind *k = &f->core.kinds.items[0];

	facts_run_reason(&b, &f->core);
	assert_int_equal(b.n, 0);
	(void)setenv("TZ", "UTC", 1);
	f->core.run.state = RUN_RUNNING;
	f->core.run.paused = 1;
	k->paused_ms = (int64_t)1700000000 * 1000;
	(void)snprintf(k->pause_reason, sizeof(k->pause_reason), "session limit");
	facts_run_reason(&b, &f->core);
	assert_string_equal(buf_cstr(&b), "paused: nothing starts or lands; agent 'demo' is paused "
					  "until 22:13: session limit");
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_facts__##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_waits_names_what_for),
		CASE(what_failed_holds_all_behind_it),
		CASE(what_is_open_outside_holds_too),
		CASE(an_issue_that_cannot_be_closed_holds_nothing),
		CASE(paths_come_in_one_line),
		CASE(a_wait_says_until_when),
		CASE(the_queue_is_in_the_order_of_landing),
		CASE(the_run_says_why_it_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
