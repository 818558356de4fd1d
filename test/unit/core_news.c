#include "unit/core_fixture.h"

/* What comes from outside of the run: the tracker's news, and branches of people's. */

static void test_submit__a_persons_branch_enters_the_queue(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.skip_dependents = true;
	p.attempts = 1;
	rig_init(&r, &p);
	issues(&r, "ab");
	needs(&r, "b", "a");
	begin(&r);
	attempt(&r, "a", RESULT_FAILED, 0);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	submit(&r, "a", "mine");
	assert_state(&r, "a", TASK_QUEUED);
	assert_state(&r, "b", TASK_BLOCKED); /* skipped no more */
	assert_int_equal(task(&r, "a")->attempt, 2);
	rig_done(&r);
}

static void test_submit__what_was_withdrawn_enters_again(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "az");
	submit(&r, "a", "one");
	order(&r, "a", EV_HOLD);
	order(&r, "a", EV_CANCEL);
	assert_false(core_takes_branch(task(&r, "a"))); /* its claim is being given back */
	submit(&r, "a", "lost");
	assert_string_equal(task(&r, "a")->head.hex, "one");
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_true(core_takes_branch(task(&r, "a")));
	submit(&r, "a", "two");
	assert_state(&r, "a", TASK_QUEUED);
	assert_string_equal(task(&r, "a")->head.hex, "two");
	assert_string_equal(task(&r, "a")->reason, "");
	begin(&r);
	assert_state(&r, "a", TASK_QUEUED); /* held still */
	order(&r, "a", EV_RELEASE);
	assert_state(&r, "a", TASK_MERGING);
	rig_done(&r);
}

/* Red, it is its author's to mend; its issue is not done. */
static void test_submit__what_does_not_pass_is_left_to_its_author(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.n_checks = 1;
	p.allow_red = true;
	rig_init(&r, &p);
	issues(&r, "az");
	submit(&r, "a", "mine");
	begin(&r);
	merge_made(&r, "a");
	gated(&r, "a", HOW_EXITED, 1);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&r, "a", TASK_FAILED);
	rig_done(&r);
}

static void test_submit__an_issue_opened_again_starts_no_agent(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "az");
	submit(&r, "a", "one");
	begin(&r);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	order(&r, "a", EV_CANCEL);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	issue_with(&r, "a", 2, ISSUE_CLOSED);
	assert_state(&r, "a", TASK_CLOSED);
	issue_with(&r, "a", 2, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "a", TASK_BLOCKED);
	assert_string_equal(task(&r, "a")->reason, "it stands for a branch: submit that again");
	submit(&r, "a", "two");
	assert_state(&r, "a", TASK_MERGING);
	rig_done(&r);
}

/* Needed by nobody any more it has no place before the others. */
static void test_news__what_is_needed_no_more_waits_its_turn(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "z");
	begin(&r);
	to_work(&r, "z");
	issues(&r, "abc");
	needs(&r, "c", "b");
	run_event(&r, EV_SYNCED, 0);
	step(&r, (struct core_event){.kind = EV_UNEDGE, .task = -1, .text = "c"});
	run_event(&r, EV_SYNCED, 0);
	to_queue(&r, "z");
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

static void test_news__nothing_is_claimed_before_all_is_known(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abz");
	needs(&r, "b", "a");
	begin(&r);
	order(&r, "a", EV_CANCEL);
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_REFUSED, .text = "no");
	issue_with(&r, "a", 2, ISSUE_CLOSED);
	assert_state(&r, "b", TASK_READY); /* and its own news come next */
	issue_with(&r, "b", 2, ISSUE_GONE);
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "b", TASK_BLOCKED);
	rig_done(&r);
}

/* What is queued is left to the next run; it was opened and tidied without end. */
static void test_stop__before_preflight_passed_lands_nothing_and_ends(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.n_checks = 1;
	rig_init(&r, &p);
	issues(&r, "a");
	submit(&r, "a", "one");
	run_event(&r, EV_SYNCED, 0);
	run_event(&r, EV_START, 1);
	opened(&r);
	assert_int_equal(r.c.run.state, RUN_PREPARING);
	run_event(&r, EV_STOP, STOP_GRACEFUL);
	ANSWER(&r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_int_equal(r.c.run.state, RUN_TIDYING);
	tidied(&r);
	assert_int_equal(r.c.run.state, RUN_ENDED);
	assert_state(&r, "a", TASK_QUEUED);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_submit__a_persons_branch_enters_the_queue),
		cmocka_unit_test(test_submit__what_was_withdrawn_enters_again),
		cmocka_unit_test(test_submit__what_does_not_pass_is_left_to_its_author),
		cmocka_unit_test(test_submit__an_issue_opened_again_starts_no_agent),
		cmocka_unit_test(test_news__what_is_needed_no_more_waits_its_turn),
		cmocka_unit_test(test_news__nothing_is_claimed_before_all_is_known),
		cmocka_unit_test(test_stop__before_preflight_passed_lands_nothing_and_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
