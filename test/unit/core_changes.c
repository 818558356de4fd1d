#include "unit/core_fixture.h"

/* What others do to issues during a run. */

static void test_tracker__closed_while_worked_on_it_is_not_tried_again(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	needs(&r, "b", "a");
	begin(&r);
	to_work(&r, "a");
	issue_with(&r, "a", 2, ISSUE_CLOSED);
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "a", TASK_WORKING);
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 1);
	collected(&r, "a", RESULT_FAILED, 0);
	assert_state(&r, "a", TASK_WAITING);
	pass_ms(&r, 60000);
	assert_state(&r, "a", TASK_CLOSED);
	assert_state(&r, "b", TASK_CLAIMING);
	rig_done(&r);
}

/* Perhaps by its agent: what then fails frees nobody, until a person says what it is. */
static void test_tracker__closed_early_and_failed_it_frees_nobody(void **state)
{
	struct rig r;
	(void)state;
	for (int again = 0; again < 2; again++) {
		rig_init(&r, NULL);
		issues(&r, "ab");
		needs(&r, "b", "a");
		begin(&r);
		to_work(&r, "a");
		issue_with(&r, "a", 2, ISSUE_CLOSED_EARLY);
		run_event(&r, EV_SYNCED, 0);
		assert_state(&r, "a", TASK_WORKING);
		job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 1);
		collected(&r, "a", RESULT_FAILED, 0);
		pass_ms(&r, 60000);
		ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
		assert_state(&r, "a", TASK_FAILED);
		assert_state(&r, "b", TASK_BLOCKED);
		assert_non_null(strstr(task(&r, "a")->reason, "closed while it was worked on"));
		assert_int_equal(core_exit_code(&r.c), 3);
		/* Retried before it is open again it fails as before, for one reason, not for two. */
		char why[sizeof(task(&r, "a")->reason)];
		(void)snprintf(why, sizeof(why), "%s", task(&r, "a")->reason);
		order(&r, "a", EV_RETRY);
		ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
		assert_state(&r, "a", TASK_FAILED);
		assert_string_equal(task(&r, "a")->reason, why);
		if (again) {
			issue_with(&r, "a", 2, ISSUE_OPEN);
			run_event(&r, EV_SYNCED, 0);
			order(&r, "a", EV_RETRY);
			assert_state(&r, "a", TASK_READY);
		} else {
			order(&r, "a", EV_CANCEL);
			ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
			assert_state(&r, "a", TASK_CLOSED);
			assert_state(&r, "b", TASK_READY);
		}
		rig_done(&r);
	}
}

static void test_tracker__closed_early_it_lands_all_the_same(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	issue_with(&r, "a", 2, ISSUE_CLOSED_EARLY);
	run_event(&r, EV_SYNCED, 0);
	to_queue(&r, "a");
	to_closed(&r, "a");
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_tracker__closed_while_worked_on_it_lands_all_the_same(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	issue_with(&r, "a", 2, ISSUE_CLOSED);
	run_event(&r, EV_SYNCED, 0);
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 0);
	collected(&r, "a", RESULT_DONE, 1);
	ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 1);
	to_closed(&r, "a");
	assert_true(task(&r, "a")->landed.hex[0] != 0);
	rig_done(&r);
}

static void test_tracker__what_is_gone_is_not_started_until_it_is_back(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	issue_with(&r, "b", 2, ISSUE_GONE);
	run_event(&r, EV_SYNCED, 0);
	whole(&r, "a");
	assert_state(&r, "b", TASK_BLOCKED);
	assert_string_equal(task(&r, "b")->reason, "it is no longer in the epic");
	assert_int_equal(core_count(&r.c).total, 1);
	issue_with(&r, "b", 2, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	ANSWER(&r, NULL, ACT_TIDY, .kind = EV_DONE); /* it had come to its end without it */
	opened(&r);
	assert_state(&r, "b", TASK_CLAIMING);
	rig_done(&r);
}

/* It is worked on to its end, and waits in the queue for its issue, or for a person who ends it. */
static void test_tracker__what_was_taken_out_does_not_land_until_it_is_back(void **state)
{
	struct rig r;
	(void)state;
	for (int back = 0; back < 2; back++) {
		rig_init(&r, NULL);
		issues(&r, "a");
		begin(&r);
		to_work(&r, "a");
		issue_with(&r, "a", 2, ISSUE_GONE);
		run_event(&r, EV_SYNCED, 0);
		assert_state(&r, "a", TASK_WORKING);
		job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 0);
		collected(&r, "a", RESULT_DONE, 1);
		ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 1);
		assert_state(&r, "a", TASK_QUEUED);
		assert_int_equal(core_waits_for(task(&r, "a")), WAIT_EPIC);
		assert_int_equal(r.c.run.state, RUN_TIDYING);
		assert_int_equal(core_exit_code(&r.c), 3);
		if (back) {
			issue_with(&r, "a", 2, ISSUE_OPEN);
			run_event(&r, EV_SYNCED, 0);
			ANSWER(&r, NULL, ACT_TIDY, .kind = EV_DONE);
			opened(&r);
			to_closed(&r, "a");
			assert_true(task(&r, "a")->landed.hex[0] != 0);
		} else {
			order(&r, "a", EV_CANCEL);
			ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
			assert_state(&r, "a", TASK_CANCELLED);
			assert_int_equal(core_count(&r.c).total, 0);
			tidied(&r);
			assert_int_equal(core_exit_code(&r.c), 0);
		}
		rig_done(&r);
	}
}

/* It was handed in by itself. */
static void test_tracker__a_branch_lands_whatever_its_issue_is_of(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "az");
	submit(&r, "a", "one");
	issue_with(&r, "a", 2, ISSUE_GONE);
	begin(&r);
	assert_state(&r, "a", TASK_MERGING);
	rig_done(&r);
}

/* What the next attempt is told is what its issue is called now; that it is gone says nothing of that. */
static void test_tracker__another_title_is_taken_over(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	step(&r, (struct core_event){.kind = EV_ISSUE,
				     .task = -1,
				     .text = "a",
				     .text2 = "anew",
				     .n = 2,
				     .m = ISSUE_OPEN});
	assert_string_equal(task(&r, "a")->title, "anew");
	step(&r, (struct core_event){
			 .kind = EV_ISSUE, .task = -1, .text = "a", .n = 2, .m = ISSUE_GONE});
	assert_string_equal(task(&r, "a")->title, "anew");
	rig_done(&r);
}

static void test_tracker__opened_again_it_is_waited_for_and_done(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "abc");
	needs(&r, "c", "b");
	issue_with(&r, "b", 2, ISSUE_CLOSED);
	begin(&r);
	to_work(&r, "a");
	assert_state(&r, "c", TASK_READY);
	issue_with(&r, "b", 2, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "b", TASK_READY);
	assert_state(&r, "c", TASK_BLOCKED);
	rig_done(&r);
}

/* An attempt that was cut short goes on from its work, but for one that does not contain a new need. */
static void test_tracker__it_begins_anew_with_what_it_came_to_need(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	needs(&r, "b", "a"); /* it is being claimed */
	to_work(&r, "b");
	run_event(&r, EV_SYNCED, 0);
	job_ends(&r, "b", ACT_AGENT, HOW_TIMEOUT, 0);
	collected(&r, "b", RESULT_FAILED, 1);
	assert_int_equal(task(&r, "b")->from, FROM_FRESH);
	pass_ms(&r, 60000);
	assert_state(&r, "b", TASK_BLOCKED);
	whole(&r, "a");
	assert_state(&r, "b", TASK_CLAIMING);
	assert_int_equal(task(&r, "b")->from, FROM_FRESH);
	rig_done(&r);
}

/* What landed stays done: a person who wants it again says so. */
static void test_tracker__what_has_landed_is_not_done_again(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	to_work(&r, "b");
	whole(&r, "a");
	issue_with(&r, "a", 2, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "a", TASK_CLOSED);
	rig_done(&r);
}

/* a has failed; what comes to need it afterwards is skipped or held as what needed it before. */
static void a_fails(struct rig *r, const struct policy *p, const char *ids)
{
	rig_init(r, p);
	issues(r, ids);
	begin(r);
	attempt(r, "a", RESULT_FAILED, 0);
	ANSWER(r, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(r, "a", TASK_FAILED);
}

static void test_tracker__what_comes_to_need_a_failed_one_is_skipped(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = p.attempts = 1;
	p.skip_dependents = true;
	a_fails(&r, &p, "abcf");
	needs(&r, "f", "c"); /* it waits already when another is added */
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "c", TASK_READY);
	assert_state(&r, "f", TASK_BLOCKED);
	needs(&r, "f", "a");
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "f", TASK_SKIPPED);
	needs(&r, "c", "a");
	issues(&r, "de");
	needs(&r, "d", "a");
	needs(&r, "e", "d");
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "c", TASK_SKIPPED);
	assert_state(&r, "d", TASK_SKIPPED);
	assert_state(&r, "e", TASK_SKIPPED);
	assert_string_equal(task(&r, "e")->reason, "needs 'd', which is skipped");
	rig_done(&r);
}

static void test_tracker__a_change_costs_no_look_at_what_did_not_change(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = p.attempts = 1;
	p.skip_dependents = false;
	a_fails(&r, &p, "ab");
	issues(&r, "c");
	needs(&r, "c", "a");
	run_event(&r, EV_SYNCED, 0);
	assert_int_equal(r.c.unsynced.n, 0);
	int64_t before = task(&r, "c")->event_ms;
	pass_ms(&r, 1000);
	issues(&r, "d");
	assert_int_equal(r.c.unsynced.n, 1);
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "d", TASK_READY);
	assert_int_equal(task(&r, "c")->event_ms, before);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracker__closed_while_worked_on_it_is_not_tried_again),
		cmocka_unit_test(test_tracker__closed_early_and_failed_it_frees_nobody),
		cmocka_unit_test(test_tracker__closed_early_it_lands_all_the_same),
		cmocka_unit_test(test_tracker__closed_while_worked_on_it_lands_all_the_same),
		cmocka_unit_test(test_tracker__what_is_gone_is_not_started_until_it_is_back),
		cmocka_unit_test(test_tracker__what_was_taken_out_does_not_land_until_it_is_back),
		cmocka_unit_test(test_tracker__a_branch_lands_whatever_its_issue_is_of),
		cmocka_unit_test(test_tracker__another_title_is_taken_over),
		cmocka_unit_test(test_tracker__opened_again_it_is_waited_for_and_done),
		cmocka_unit_test(test_tracker__it_begins_anew_with_what_it_came_to_need),
		cmocka_unit_test(test_tracker__what_has_landed_is_not_done_again),
		cmocka_unit_test(test_tracker__what_comes_to_need_a_failed_one_is_skipped),
		cmocka_unit_test(test_tracker__a_change_costs_no_look_at_what_did_not_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
