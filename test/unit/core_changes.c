#include "unit/core_fixture.h"

/* What others do to issues during a run. */

/* The next look at the tracker finds it so. */
static void found(struct rig *r, const char *id, enum core_issue how)
{
	issue_with(r, id, 2, how);
	run_event(r, EV_SYNCED, 0);
}

/* 'a' is worked on, and then found so; 'b', where there is one, needs it. */
static void at_work(struct rig *r, const char *ids, enum core_issue how)
{
	issues(r, ids);
	if (strchr(ids, 'b'))
		needs(r, "b", "a");
	begin(r);
	to_work(r, "a");
	found(r, "a", how);
}

/* Its attempt ends well, up to its pull request. */
static void done(struct rig *r, const char *id)
{
	job_ends(r, id, ACT_AGENT, HOW_EXITED, 0);
	collected(r, id, RESULT_DONE, 1);
	ANSWER(r, id, ACT_SUBMIT, .kind = EV_PULL, .n = 1);
}

static void released(struct rig *r, const char *id)
{
	ANSWER(r, id, ACT_RELEASE, .kind = EV_DONE);
}

static void test_tracker__closed_while_worked_on_it_is_not_tried_again(void **state)
{
	struct rig *r = *state;

	at_work(r, "ab", ISSUE_CLOSED);
	assert_state(r, "a", TASK_WORKING);
	job_ends(r, "a", ACT_AGENT, HOW_EXITED, 1);
	collected(r, "a", RESULT_FAILED, 0);
	assert_state(r, "a", TASK_WAITING);
	pass_ms(r, 60000);
	assert_state(r, "a", TASK_CLOSED);
	assert_state(r, "b", TASK_CLAIMING);
}

/* Perhaps by its agent: what then fails frees nobody, until a person says what it is. */
static void closed_early_and_failed(struct rig *r)
{
	at_work(r, "ab", ISSUE_CLOSED_EARLY);
	assert_state(r, "a", TASK_WORKING);
	job_ends(r, "a", ACT_AGENT, HOW_EXITED, 1);
	collected(r, "a", RESULT_FAILED, 0);
	pass_ms(r, 60000);
	released(r, "a");
	assert_state(r, "a", TASK_FAILED);
	assert_state(r, "b", TASK_BLOCKED);
	assert_non_null(strstr(task(r, "a")->reason, "closed while it was worked on"));
	assert_int_equal(core_exit_code(&r->c), 3);
	/* Retried before it is open again it fails as before, for one reason, not for two. */
	char why[sizeof(task(r, "a")->reason)];
	(void)snprintf(why, sizeof(why), "%s", task(r, "a")->reason);
	order(r, "a", EV_RETRY);
	released(r, "a");
	assert_state(r, "a", TASK_FAILED);
	assert_string_equal(task(r, "a")->reason, why);
}

static void test_tracker__closed_early_and_failed_it_is_opened_again(void **state)
{
	struct rig *r = *state;

	closed_early_and_failed(r);
	found(r, "a", ISSUE_OPEN);
	order(r, "a", EV_RETRY);
	assert_state(r, "a", TASK_READY);
}

static void test_tracker__closed_early_and_failed_it_frees_once_it_is_cancelled(void **state)
{
	struct rig *r = *state;

	closed_early_and_failed(r);
	order(r, "a", EV_CANCEL);
	released(r, "a");
	assert_state(r, "a", TASK_CLOSED);
	assert_state(r, "b", TASK_READY);
}

static void test_tracker__closed_early_it_lands_all_the_same(void **state)
{
	struct rig *r = *state;

	at_work(r, "a", ISSUE_CLOSED_EARLY);
	to_queue(r, "a");
	to_closed(r, "a");
	assert_int_equal(core_exit_code(&r->c), 0);
}

static void test_tracker__closed_while_worked_on_it_lands_all_the_same(void **state)
{
	struct rig *r = *state;

	at_work(r, "a", ISSUE_CLOSED);
	done(r, "a");
	to_closed(r, "a");
	assert_true(task(r, "a")->landed.hex[0] != 0);
}

static void test_tracker__what_is_gone_is_not_started_until_it_is_back(void **state)
{
	struct rig *r = *state;

	r->c.policy.max_concurrent = 1;
	issues(r, "ab");
	begin(r);
	found(r, "b", ISSUE_GONE);
	whole(r, "a");
	assert_state(r, "b", TASK_BLOCKED);
	assert_string_equal(task(r, "b")->reason, "it is no longer in the epic");
	assert_int_equal(core_count(&r->c).total, 1);
	found(r, "b", ISSUE_OPEN);
	ANSWER(r, NULL, ACT_TIDY, .kind = EV_DONE); /* it had come to its end without it */
	opened(r);
	assert_state(r, "b", TASK_CLAIMING);
}

/* It is worked on to its end, and waits in the queue for its issue, or for a person who ends it. */
static void taken_out_and_done(struct rig *r)
{
	at_work(r, "a", ISSUE_GONE);
	assert_state(r, "a", TASK_WORKING);
	done(r, "a");
	assert_state(r, "a", TASK_QUEUED);
	assert_int_equal(core_waits_for(task(r, "a")), WAIT_EPIC);
	assert_int_equal(r->c.run.state, RUN_TIDYING);
	assert_int_equal(core_exit_code(&r->c), 3);
}

static void test_tracker__what_was_taken_out_lands_once_it_is_back(void **state)
{
	struct rig *r = *state;

	taken_out_and_done(r);
	found(r, "a", ISSUE_OPEN);
	ANSWER(r, NULL, ACT_TIDY, .kind = EV_DONE);
	opened(r);
	to_closed(r, "a");
	assert_true(task(r, "a")->landed.hex[0] != 0);
}

static void test_tracker__what_was_taken_out_ends_with_a_cancel(void **state)
{
	struct rig *r = *state;

	taken_out_and_done(r);
	order(r, "a", EV_CANCEL);
	released(r, "a");
	assert_state(r, "a", TASK_CANCELLED);
	assert_int_equal(core_count(&r->c).total, 0);
	tidied(r);
	assert_int_equal(core_exit_code(&r->c), 0);
}

/* It was handed in by itself. */
static void test_tracker__a_branch_lands_whatever_its_issue_is_of(void **state)
{
	struct rig *r = *state;

	issues(r, "az");
	submit(r, "a", "one");
	issue_with(r, "a", 2, ISSUE_GONE);
	begin(r);
	assert_state(r, "a", TASK_MERGING);
}

/* What the next attempt is told is what its issue is called now; that it is gone says nothing of that. */
static void test_tracker__another_title_is_taken_over(void **state)
{
	struct rig *r = *state;

	issues(r, "a");
	begin(r);
	step(r, (struct core_event){.kind = EV_ISSUE,
				    .task = -1,
				    .text = "a",
				    .text2 = "anew",
				    .n = 2,
				    .m = ISSUE_OPEN});
	assert_string_equal(task(r, "a")->title, "anew");
	step(r, (struct core_event){
			.kind = EV_ISSUE, .task = -1, .text = "a", .n = 2, .m = ISSUE_GONE});
	assert_string_equal(task(r, "a")->title, "anew");
}

static void test_tracker__opened_again_it_is_waited_for_and_done(void **state)
{
	struct rig *r = *state;

	r->c.policy.max_concurrent = 1;
	issues(r, "abc");
	needs(r, "c", "b");
	issue_with(r, "b", 2, ISSUE_CLOSED);
	begin(r);
	to_work(r, "a");
	assert_state(r, "c", TASK_READY);
	found(r, "b", ISSUE_OPEN);
	assert_state(r, "b", TASK_READY);
	assert_state(r, "c", TASK_BLOCKED);
}

/* An attempt that was cut short goes on from its work, but for one that does not contain a new need. */
static void test_tracker__it_begins_anew_with_what_it_came_to_need(void **state)
{
	struct rig *r = *state;

	issues(r, "ab");
	begin(r);
	needs(r, "b", "a"); /* it is being claimed */
	to_work(r, "b");
	run_event(r, EV_SYNCED, 0);
	job_ends(r, "b", ACT_AGENT, HOW_TIMEOUT, 0);
	collected(r, "b", RESULT_FAILED, 1);
	assert_int_equal(task(r, "b")->from, FROM_FRESH);
	pass_ms(r, 60000);
	assert_state(r, "b", TASK_BLOCKED);
	whole(r, "a");
	assert_state(r, "b", TASK_CLAIMING);
	assert_int_equal(task(r, "b")->from, FROM_FRESH);
	to_work(r, "b"); /* which has it */
	job_ends(r, "b", ACT_AGENT, HOW_TIMEOUT, 0);
	collected(r, "b", RESULT_FAILED, 1);
	assert_int_equal(task(r, "b")->from, FROM_LAST);
}

/* Nor is its work mended, and nothing is owed for its red check: what it stood on is left behind. */
static void test_tracker__it_begins_anew_after_a_red_check(void **state)
{
	struct rig *r = *state;

	r->c.policy.n_checks = 1;
	r->c.policy.allow_red = true;
	issues(r, "ab");
	begin(r);
	to_queue(r, "b");
	needs(r, "b", "a"); /* while its work is in the queue */
	run_event(r, EV_SYNCED, 0);
	merge_made(r, "b");
	gated(r, "b", HOW_EXITED, 1);
	assert_state(r, "b", TASK_BLOCKED);
	assert_int_equal(task(r, "b")->from, FROM_FRESH);
	whole(r, "a");
	assert_state(r, "b", TASK_CLAIMING);
	assert_int_equal(task(r, "b")->red, 0);
	attempt(r, "b", RESULT_NOTHING, 0);
	assert_state(r, "b", TASK_NOTHING);
}

/* Closed between two tries, and opened again: the first of them was of another time. */
static void test_tracker__opened_again_it_has_all_its_tries(void **state)
{
	struct rig *r = *state;

	r->c.policy.attempts = 2;
	issues(r, "az");
	begin(r);
	attempt(r, "a", RESULT_FAILED, 0);
	assert_state(r, "a", TASK_WAITING);
	found(r, "a", ISSUE_CLOSED);
	assert_state(r, "a", TASK_CLOSED);
	found(r, "a", ISSUE_OPEN);
	attempt(r, "a", RESULT_FAILED, 0);
	assert_state(r, "a", TASK_WAITING);
}

/* What landed stays done: a person who wants it again says so. */
static void test_tracker__what_has_landed_is_not_done_again(void **state)
{
	struct rig *r = *state;

	issues(r, "ab");
	begin(r);
	to_work(r, "b");
	whole(r, "a");
	found(r, "a", ISSUE_OPEN);
	assert_state(r, "a", TASK_CLOSED);
}

/* a has failed; what comes to need it afterwards is skipped or held as what needed it before. */
static void a_fails(struct rig *r, const char *ids)
{
	r->c.policy.max_concurrent = r->c.policy.attempts = 1;
	issues(r, ids);
	begin(r);
	attempt(r, "a", RESULT_FAILED, 0);
	released(r, "a");
	assert_state(r, "a", TASK_FAILED);
}

static void test_tracker__what_comes_to_need_a_failed_one_is_skipped(void **state)
{
	struct rig *r = *state;

	r->c.policy.skip_dependents = true;
	a_fails(r, "abcf");
	needs(r, "f", "c"); /* it waits already when another is added */
	run_event(r, EV_SYNCED, 0);
	assert_state(r, "c", TASK_READY);
	assert_state(r, "f", TASK_BLOCKED);
	needs(r, "f", "a");
	run_event(r, EV_SYNCED, 0);
	assert_state(r, "f", TASK_SKIPPED);
	needs(r, "c", "a");
	issues(r, "de");
	needs(r, "d", "a");
	needs(r, "e", "d");
	run_event(r, EV_SYNCED, 0);
	assert_state(r, "c", TASK_SKIPPED);
	assert_state(r, "d", TASK_SKIPPED);
	assert_state(r, "e", TASK_SKIPPED);
	assert_string_equal(task(r, "e")->reason, "needs 'd', which is skipped");
}

static void test_tracker__a_change_costs_no_look_at_what_did_not_change(void **state)
{
	struct rig *r = *state;

	a_fails(r, "ab");
	issues(r, "c");
	needs(r, "c", "a");
	run_event(r, EV_SYNCED, 0);
	assert_int_equal(r->c.unsynced.n, 0);
	int64_t before = task(r, "c")->event_ms;
	pass_ms(r, 1000);
	issues(r, "d");
	assert_int_equal(r->c.unsynced.n, 1);
	run_event(r, EV_SYNCED, 0);
	assert_state(r, "d", TASK_READY);
	assert_int_equal(task(r, "c")->event_ms, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_tracker__closed_while_worked_on_it_is_not_tried_again),
		RIG_TEST(test_tracker__closed_early_and_failed_it_is_opened_again),
		RIG_TEST(test_tracker__closed_early_and_failed_it_frees_once_it_is_cancelled),
		RIG_TEST(test_tracker__closed_early_it_lands_all_the_same),
		RIG_TEST(test_tracker__closed_while_worked_on_it_lands_all_the_same),
		RIG_TEST(test_tracker__what_is_gone_is_not_started_until_it_is_back),
		RIG_TEST(test_tracker__what_was_taken_out_lands_once_it_is_back),
		RIG_TEST(test_tracker__what_was_taken_out_ends_with_a_cancel),
		RIG_TEST(test_tracker__a_branch_lands_whatever_its_issue_is_of),
		RIG_TEST(test_tracker__another_title_is_taken_over),
		RIG_TEST(test_tracker__opened_again_it_is_waited_for_and_done),
		RIG_TEST(test_tracker__it_begins_anew_with_what_it_came_to_need),
		RIG_TEST(test_tracker__it_begins_anew_after_a_red_check),
		RIG_TEST(test_tracker__opened_again_it_has_all_its_tries),
		RIG_TEST(test_tracker__what_has_landed_is_not_done_again),
		RIG_TEST(test_tracker__what_comes_to_need_a_failed_one_is_skipped),
		RIG_TEST(test_tracker__a_change_costs_no_look_at_what_did_not_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
