#include "unit/core_fixture.h"

/* Who may start, and when: the graph, priorities, limits at once, pauses of a kind. */

static void test_schedule__a_chain_runs_one_after_the_other(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abc");
	needs(&r, "b", "a");
	needs(&r, "c", "b");
	begin(&r);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_state(&r, "b", TASK_BLOCKED);
	to_queue(&r, "a");
	assert_state(&r, "b", TASK_BLOCKED);
	merge_made(&r, "a");
	land(&r, "a");
	assert_state(&r, "b", TASK_CLAIMING); /* in the branch is enough, closing comes after */
	ANSWER(&r, "a", ACT_CLOSE, .kind = EV_DONE);
	whole(&r, "b");
	assert_state(&r, "c", TASK_CLAIMING);
	whole(&r, "c");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	assert_int_equal(core_status(&r.c), STATUS_DONE);
	assert_int_equal(r.live_most, 1);
	assert_int_equal(r.notices[NOTICE_DONE], 1);
	rig_done(&r);
}

static void test_schedule__a_diamond_joins_when_both_sides_are_in(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abcd");
	needs(&r, "b", "a");
	needs(&r, "c", "a");
	needs(&r, "d", "b");
	needs(&r, "d", "c");
	needs(&r, "d", "c"); /* said twice, counted once */
	begin(&r);
	whole(&r, "a");
	assert_int_equal(r.c.live, 2);
	whole(&r, "b");
	assert_state(&r, "d", TASK_BLOCKED);
	whole(&r, "c");
	whole(&r, "d");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

/* What comes to need it makes it more urgent, while it waits already. */
static void test_schedule__what_is_needed_later_comes_before(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "abc");
	begin(&r);
	assert_state(&r, "a", TASK_CLAIMING);
	issues(&r, "d");
	needs(&r, "d", "c");
	run_event(&r, EV_SYNCED, 0);
	to_queue(&r, "a");
	assert_state(&r, "c", TASK_CLAIMING);
	assert_state(&r, "b", TASK_READY);
	rig_done(&r);
}

static void test_schedule__priority_then_dependents_then_age(void **state)
{
	static const char *const wanted[] = {"p", "y", "x", "z"};
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "xyz");
	issue_with(&r, "p", 0, ISSUE_OPEN);
	issue_with(&r, "d", 3, ISSUE_OPEN);
	needs(&r, "d", "y");
	begin(&r);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		assert_state(&r, wanted[i], TASK_CLAIMING);
		to_queue(&r, wanted[i]);
		to_closed(&r, wanted[i]);
	}
	assert_state(&r, "d", TASK_CLAIMING);
	rig_done(&r);
}

static void test_schedule__a_new_priority_counts_wherever_the_task_waits(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "wxyz");
	needs(&r, "z", "w");
	begin(&r);
	issue_with(&r, "y", 0, ISSUE_OPEN);
	issue_with(&r, "z", 1, ISSUE_OPEN); /* blocked as yet */
	run_event(&r, EV_SYNCED, 0);
	whole(&r, "w");
	assert_state(&r, "y", TASK_CLAIMING);
	whole(&r, "y");
	assert_state(&r, "z", TASK_CLAIMING);
	rig_done(&r);
}

static void test_schedule__never_more_than_max_concurrent(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 3;
	rig_init(&r, &p);
	issues(&r, "abcdefghij");
	begin(&r);
	assert_int_equal(r.c.live, 3);
	for (const char *id = "abcdefghij"; *id; id++)
		whole(&r, (char[]){*id, '\0'});
	assert_int_equal(r.live_most, 3);
	tidied(&r);
	rig_done(&r);
}

static void labelled(struct rig *r, const char *id, int kind)
{
	step(r, (struct core_event){.kind = EV_ISSUE,
				    .task = -1,
				    .text = id,
				    .text2 = id,
				    .n = 2,
				    .m = ISSUE_OPEN,
				    .code = kind});
}

static void test_schedule__labels_choose_the_kind(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	(void)core_add_kind(&r.c, "b", 1);
	labelled(&r, "a", 1);
	labelled(&r, "b", 1);
	labelled(&r, "c", 7); /* one that is not there */
	begin(&r);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_state(&r, "b", TASK_READY); /* its kind may have one, which is no other's limit */
	assert_state(&r, "c", TASK_CLAIMING);
	assert_int_equal(task(&r, "a")->agent, 1);
	assert_string_equal(task(&r, "a")->made_by, "b");
	assert_int_equal(task(&r, "c")->agent, 0);
	labelled(&r, "a", 0); /* what is under way goes on with whom it has */
	assert_int_equal(task(&r, "a")->agent, 1);
	assert_int_equal(r.c.kinds.items[1].live, 1);
	labelled(&r, "b", 0);
	step(&r, (struct core_event){.kind = EV_SYNCED, .task = -1});
	assert_state(&r, "b", TASK_CLAIMING);
	assert_int_equal(task(&r, "b")->agent, 0);
	core_check(&r.c);
	rig_done(&r);
}

static void test_schedule__a_kind_has_a_limit_of_its_own(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	r.c.kinds.items[0].max = 2;
	issues(&r, "abcd");
	begin(&r);
	assert_int_equal(r.c.live, 2);
	rig_done(&r);
}

static void test_schedule__slots_are_unique_and_given_back(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abc");
	needs(&r, "c", "a");
	begin(&r);
	assert_int_equal(task(&r, "a")->slot, 1);
	assert_int_equal(task(&r, "b")->slot, 2);
	whole(&r, "a");
	assert_int_equal(task(&r, "a")->slot, 0);
	assert_int_equal(task(&r, "c")->slot, 1);
	rig_done(&r);
}

static void test_schedule__outside_issues_are_waited_for_and_never_started(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issue_with(&r, "o", 2, ISSUE_OUTSIDE_OPEN);
	issue_with(&r, "q", 2, ISSUE_OUTSIDE_CLOSED);
	issues(&r, "ab");
	needs(&r, "a", "o");
	needs(&r, "b", "q");
	begin(&r);
	assert_state(&r, "o", TASK_BLOCKED);
	assert_false(core_accepts(&r.c, core_find(&r.c, "o"), EV_CANCEL));
	assert_state(&r, "a", TASK_BLOCKED);
	whole(&r, "b");
	tidied(&r);
	assert_int_equal(core_count(&r.c).total, 2);
	assert_int_equal(core_count(&r.c).held, 1);
	assert_int_equal(core_exit_code(&r.c), 1);
	issue_with(&r, "o", 2, ISSUE_OUTSIDE_CLOSED); /* the next run finds it closed */
	run_event(&r, EV_SYNCED, 0);
	run_event(&r, EV_START, 1);
	opened(&r);
	whole(&r, "a");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

/* A child that must not be started (hidden) is outside, but has dependencies like any other. */
static void test_schedule__a_hidden_child_is_not_started_when_its_needs_land(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	issue_with(&r, "h", 2, ISSUE_OUTSIDE_OPEN);
	needs(&r, "h", "a");
	begin(&r);
	whole(&r, "a");
	assert_state(&r, "h", TASK_BLOCKED);
	tidied(&r);
	rig_done(&r);
}

static void test_schedule__a_child_that_is_hidden_no_more_is_started(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	issue_with(&r, "h", 2, ISSUE_OUTSIDE_OPEN);
	begin(&r);
	whole(&r, "a");
	tidied(&r);
	issue_with(&r, "h", 2, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	run_event(&r, EV_START, 1);
	opened(&r);
	assert_state(&r, "h", TASK_CLAIMING);
	rig_done(&r);
}

static void fail_at_once(struct rig *r, const char *id)
{
	to_work(r, id);
	ANSWER(r, id, ACT_AGENT, .kind = EV_JOB_ENDED, .how = HOW_EXITED, .code = 1,
	       .started_ms = r->now.wall_ms - 10, .ended_ms = r->now.wall_ms);
	collected(r, id, RESULT_FAILED, 0);
}

static void test_breaker__three_alike_of_two_tasks_pause_the_kind(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "abcde");
	begin(&r);
	fail_at_once(&r, "a");
	fail_at_once(&r, "b");
	assert_int_equal(r.notices[NOTICE_PAUSED], 0);
	fail_at_once(&r, "c");
	assert_int_equal(r.notices[NOTICE_PAUSED], 1);
	assert_int_equal(r.c.live, 0);
	assert_state(&r, "d", TASK_READY);
	/* It is tried again by itself, one attempt at a time until one succeeds. */
	r.c.policy.max_concurrent = 10;
	for (int i = 0; i < 10 && !r.c.live; i++)
		pass_next(&r);
	assert_int_equal(r.c.live, 1);
	for (size_t i = 0; i < r.c.tasks.n; i++)
		if (r.c.tasks.items[i].state == TASK_CLAIMING) {
			to_queue(&r, r.c.tasks.items[i].id);
			break;
		}
	assert_true(r.c.live > 1);
	rig_done(&r);
}

static void test_breaker__one_task_alone_does_not_pause_the_kind(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.attempts = 5;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	for (int i = 0; i < 4; i++) {
		fail_at_once(&r, "a");
		pass_next(&r);
	}
	assert_int_equal(r.notices[NOTICE_PAUSED], 0);
	rig_done(&r);
}

static void test_breaker__different_ends_and_successes_do_not_add_up(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "abcdef");
	begin(&r);
	fail_at_once(&r, "a");
	fail_at_once(&r, "b");
	whole(&r, "c");
	fail_at_once(&r, "d");
	fail_at_once(&r, "e");
	attempt(&r, "f", RESULT_FAILED, 0); /* after a minute, and says something else */
	assert_int_equal(r.notices[NOTICE_PAUSED], 0);
	rig_done(&r);
}

static void later(struct rig *r, const char *id, int64_t until_ms)
{
	to_work(r, id);
	job_ends(r, id, ACT_AGENT, HOW_EXITED, 1);
	ANSWER(r, id, ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_LATER, .provider = 1,
	       .until_ms = until_ms, .text = "limit", .tokens_in = -1, .tokens_out = -1,
	       .cost = -1);
}

static void test_pause__a_provider_limit_pauses_its_kind_until_then(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	int64_t until = r.now.wall_ms + 3600000;
	later(&r, "a", until);
	assert_state(&r, "a", TASK_READY);
	assert_int_equal(task(&r, "a")->spent, 0);
	assert_int_equal(r.c.kinds.items[0].paused_ms, until);
	assert_int_equal(core_next_ms(&r.c), 3600000);
	pass_ms(&r, 3599999);
	assert_state(&r, "a", TASK_READY);
	to_queue(&r, "b"); /* one under way goes on, and its success ends the trial */
	pass_ms(&r, 1);
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

static void test_pause__no_pause_is_longer_than_a_day(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	later(&r, "a", r.now.wall_ms + 30ll * 86400000);
	assert_int_equal(core_next_ms(&r.c), 86400000);
	rig_done(&r);
}

static void test_pause__a_clock_set_back_does_not_make_it_longer_than_a_day(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	later(&r, "a", r.now.wall_ms + 3600000);
	r.now.wall_ms -= 400ll * 86400000;
	core_step(&r.c, &(struct core_event){.kind = EV_TICK, .task = -1, .at = r.now});
	assert_true(r.c.run_dirty && r.c.kinds.items[0].dirty); /* and it is written down */
	rig_take(&r);
	assert_true(core_next_ms(&r.c) <= 86400000);
	pass_ms(&r, 86400000);
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

static void test_pause__a_limit_without_a_time_backs_off_further_each_time(void **state)
{
	struct rig r;
	int64_t last = 0;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	for (int i = 0; i < 4; i++) {
		later(&r, "a", 0);
		int64_t ms = core_next_ms(&r.c);
		assert_true(ms > last);
		last = ms;
		pass_ms(&r, ms);
		assert_state(&r, "a", TASK_CLAIMING);
	}
	rig_done(&r);
}

static void test_budget__what_is_spent_starts_nothing_more(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.cost_limit = 10;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 0);
	ANSWER(&r, "a", ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_DONE, .ahead = 1,
	       .a = oid_of("h"), .cost = 10.5, .tokens_in = 5, .tokens_out = -1);
	assert_state(&r, "b", TASK_READY);
	ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 1);
	to_closed(&r, "a"); /* what was paid for still lands */
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 1);
	assert_int_equal(r.c.run.tokens_in, 5);
	rig_done(&r);
}

static void test_budget__a_task_has_one_of_its_own(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.task_cost_limit = 1;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 1);
	ANSWER(&r, "a", ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_FAILED, .cost = 2,
	       .tokens_in = -1, .tokens_out = -1);
	assert_state(&r, "a", TASK_FAILING);
	rig_done(&r);
}

/* Whatever the next attempt would be for: one that was put off, or a red check. */
static void test_budget__of_a_task_is_asked_before_each_attempt(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.task_token_limit = 1000;
	p.n_checks = 1;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	for (int i = 0; i < 2; i++) {
		to_work(&r, i ? "b" : "a");
		job_ends(&r, i ? "b" : "a", ACT_AGENT, HOW_EXITED, 75);
		ANSWER(&r, i ? "b" : "a", ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_LATER,
		       .cost = -1, .tokens_in = i ? 900 : 990, .tokens_out = 10);
	}
	pass_next(&r);
	pass_next(&r);
	assert_state(&r, "a", TASK_FAILING);
	assert_string_equal(task(&r, "a")->reason, "limits.task_tokens is reached");
	assert_state(&r, "b", TASK_CLAIMING);
	to_work(&r, "b");
	job_ends(&r, "b", ACT_AGENT, HOW_EXITED, 0);
	ANSWER(&r, "b", ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_DONE, .ahead = 1,
	       .a = oid_of("h1"), .cost = -1, .tokens_in = 90, .tokens_out = 0);
	ANSWER(&r, "b", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
	merge_made(&r, "b");
	ANSWER(&r, "b", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	job_ends(&r, "b", ACT_GATE, HOW_EXITED, 1);
	assert_state(&r, "b", TASK_FAILING);
	rig_done(&r);
}

static void test_schedule__nobody_begins_while_the_queue_is_behind(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "abcdef");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	to_queue(&r, "c"); /* two wait for each that may run; the next one has begun by then */
	to_queue(&r, "d");
	assert_state(&r, "e", TASK_READY);
	merge_made(&r, "a"); /* b is taken on, c and d wait */
	assert_state(&r, "e", TASK_READY);
	land(&r, "a");
	merge_made(&r, "b");
	assert_state(&r, "e", TASK_CLAIMING);
	rig_done(&r);
}

static void test_schedule__agents_go_on_while_the_queue_waits_itself(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "abcdef");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_LAND, .kind = EV_ERROR, .n = ERR_IO, .text = "no way there");
	to_queue(&r, "c");
	to_queue(&r, "d");
	to_queue(&r, "e");
	assert_state(&r, "f", TASK_CLAIMING);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedule__a_chain_runs_one_after_the_other),
		cmocka_unit_test(test_schedule__a_diamond_joins_when_both_sides_are_in),
		cmocka_unit_test(test_schedule__what_is_needed_later_comes_before),
		cmocka_unit_test(test_schedule__priority_then_dependents_then_age),
		cmocka_unit_test(test_schedule__a_new_priority_counts_wherever_the_task_waits),
		cmocka_unit_test(test_schedule__never_more_than_max_concurrent),
		cmocka_unit_test(test_schedule__labels_choose_the_kind),
		cmocka_unit_test(test_schedule__a_kind_has_a_limit_of_its_own),
		cmocka_unit_test(test_schedule__slots_are_unique_and_given_back),
		cmocka_unit_test(test_schedule__outside_issues_are_waited_for_and_never_started),
		cmocka_unit_test(test_schedule__a_hidden_child_is_not_started_when_its_needs_land),
		cmocka_unit_test(test_schedule__a_child_that_is_hidden_no_more_is_started),
		cmocka_unit_test(test_breaker__three_alike_of_two_tasks_pause_the_kind),
		cmocka_unit_test(test_breaker__one_task_alone_does_not_pause_the_kind),
		cmocka_unit_test(test_breaker__different_ends_and_successes_do_not_add_up),
		cmocka_unit_test(test_pause__a_provider_limit_pauses_its_kind_until_then),
		cmocka_unit_test(test_pause__no_pause_is_longer_than_a_day),
		cmocka_unit_test(test_pause__a_clock_set_back_does_not_make_it_longer_than_a_day),
		cmocka_unit_test(test_pause__a_limit_without_a_time_backs_off_further_each_time),
		cmocka_unit_test(test_budget__what_is_spent_starts_nothing_more),
		cmocka_unit_test(test_budget__a_task_has_one_of_its_own),
		cmocka_unit_test(test_budget__of_a_task_is_asked_before_each_attempt),
		cmocka_unit_test(test_schedule__nobody_begins_while_the_queue_is_behind),
		cmocka_unit_test(test_schedule__agents_go_on_while_the_queue_waits_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
