#include "unit/core_fixture.h"

/* The merge queue: one entry at a time, from the pull request to the closed issue. */

static struct policy checked(void)
{
	struct policy p = RIG_POLICY;
	p.n_checks = 1;
	p.allow_red = true; /* no pre-flight: it is core_run.c's matter */
	return p;
}

static void test_queue__one_landing_at_a_time(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abc");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	to_queue(&r, "c");
	assert_state(&r, "a", TASK_MERGING);
	assert_state(&r, "b", TASK_QUEUED);
	merge_made(&r, "a");
	land(&r, "a");
	assert_state(&r, "b", TASK_MERGING); /* closing goes on beside it */
	assert_string_equal(task(&r, "b")->onto.hex, task(&r, "a")->landed.hex);
	ANSWER(&r, "a", ACT_CLOSE, .kind = EV_DONE);
	to_closed(&r, "b");
	to_closed(&r, "c");
	tidied(&r);
	rig_done(&r);
}

static void test_queue__priority_then_dependents_then_arrival(void **state)
{
	static const char *const wanted[] = {"p", "y", "x", "z"};
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "wzxyd");
	issue_with(&r, "p", 0, ISSUE_OPEN);
	needs(&r, "d", "y");
	begin(&r);
	for (const char *id = "wxzyp"; *id; id++)
		to_queue(&r, (char[]){*id, '\0'});
	to_closed(&r, "w"); /* it was at the head already */
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		to_closed(&r, wanted[i]);
	rig_done(&r);
}

static void test_queue__what_was_merged_is_gated_before_it_lands(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	p.has_setup = true;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "a", TASK_GATE_SETTING_UP);
	job_ends(&r, "a", ACT_GATE_SETUP, HOW_EXITED, 0);
	assert_false(asked(&r, "a", ACT_LAND));
	job_ends(&r, "a", ACT_GATE, HOW_EXITED, 0);
	assert_true(asked(&r, "a", ACT_LAND));
	rig_done(&r);
}

static void test_queue__a_tree_that_passed_is_not_gated_again(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("m1"), .b = oid_of("tree"));
	gated(&r, "a", HOW_EXITED, 0);
	ANSWER(&r, "a", ACT_LAND, .kind = EV_MOVED, .a = oid_of("e1"));
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("m2"), .b = oid_of("tree"));
	assert_state(&r, "a", TASK_LANDING);
	ANSWER(&r, "a", ACT_LAND, .kind = EV_MOVED, .a = oid_of("e2"));
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("m3"), .b = oid_of("other"));
	assert_state(&r, "a", TASK_GATE_PREPARING);
	rig_done(&r);
}

static void test_queue__red_goes_back_to_its_agent_on_its_own_work(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "ab");
	needs(&r, "b", "a");
	begin(&r);
	for (int i = 1; i <= 3; i++) {
		to_queue(&r, "a");
		merge_made(&r, "a");
		gated(&r, "a", HOW_EXITED, 1);
		if (i == 3)
			break;
		assert_state(&r, "a", TASK_CLAIMING);
		assert_int_equal(task(&r, "a")->from, FROM_MERGED);
		assert_int_equal(task(&r, "a")->red, 1);
	}
	assert_state(&r, "a", TASK_FAILING); /* limits.attempts */
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&r, "b", TASK_BLOCKED);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 1);
	assert_int_equal(core_count(&r.c).held, 1);
	rig_done(&r);
}

static void to_red(struct rig *r)
{
	issues(r, "a");
	begin(r);
	to_queue(r, "a");
	merge_made(r, "a");
	gated(r, "a", HOW_EXITED, 1);
}

/* "Nothing to do" after a red check would close an issue whose work is not in the branch. */
static void test_queue__after_a_red_check_nothing_to_do_is_no_success(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	to_red(&r);
	attempt(&r, "a", RESULT_NOTHING, 0);
	assert_state(&r, "a", TASK_WAITING);
	rig_done(&r);
}

/* Cut short before it added anything, it still owes a commit on top of what was red. */
static void test_queue__an_interrupted_attempt_stays_red(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	to_red(&r);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_LOST, 0);
	collected(&r, "a", RESULT_FAILED, 0);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_int_equal(task(&r, "a")->red, 1);
	assert_true(task(&r, "a")->head.hex[0] != '\0');
	assert_int_not_equal(task(&r, "a")->from, FROM_FRESH);
	rig_done(&r);
}

static void test_queue__a_gate_without_a_verdict_is_tried_again(void **state)
{
	static const enum core_how hows[] = {HOW_TIMEOUT, HOW_SIGNALED, HOW_LOST};
	struct policy p = checked();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	for (int i = 0; i < 2; i++) {
		merge_made(&r, "a");
		gated(&r, "a", hows[i], 9);
		assert_state(&r, "a", TASK_QUEUED);
		assert_state(&r, "b", TASK_MERGING); /* the others do not wait for it */
		merge_made(&r, "b");
		gated(&r, "b", HOW_STOPPED, 0); /* ours: no count, no delay */
		assert_int_equal(task(&r, "b")->gate_errors, 0);
		while (task(&r, "a")->state == TASK_QUEUED) {
			pass_next(&r);
			if (task(&r, "b")->state == TASK_MERGING) {
				merge_made(&r, "b");
				gated(&r, "b", HOW_STOPPED, 0);
			}
		}
	}
	merge_made(&r, "a");
	gated(&r, "a", hows[2], 0);
	assert_state(&r, "a", TASK_FAILING);
	assert_int_equal(task(&r, "a")->person, 1);
	rig_done(&r);
}

/* One that waits for its time and then for its turn is nothing to wake up for. */
static void test_queue__an_entry_that_is_due_waits_for_its_turn_quietly(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	merge_made(&r, "a");
	gated(&r, "a", HOW_TIMEOUT, 0);
	assert_state(&r, "b", TASK_MERGING);
	pass_next(&r);
	assert_state(&r, "a", TASK_QUEUED);
	assert_int_equal(core_next_ms(&r.c), -1);
	rig_done(&r);
}

static void test_queue__a_full_disk_gives_no_verdict(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	ANSWER(&r, "a", ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED, .code = 1, .m = 1);
	assert_state(&r, "a", TASK_QUEUED);
	rig_done(&r);
}

static void test_queue__a_conflict_is_left_for_a_person_and_holds_dependents(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.skip_dependents = true; /* even so: a conflict may be resolved */
	rig_init(&r, &p);
	issues(&r, "abc");
	needs(&r, "b", "a");
	begin(&r);
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "src/x.c");
	assert_state(&r, "a", TASK_CONFLICTED);
	assert_state(&r, "b", TASK_BLOCKED);
	assert_non_null(strstr(task(&r, "b")->reason, "conflicted"));
	assert_int_equal(r.notices[NOTICE_PERSON], 1);
	whole(&r, "c"); /* the rest goes on */
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 3);
	assert_int_equal(core_status(&r.c), STATUS_STUCK);
	rig_done(&r);
}

static void test_queue__a_persons_fix_lands(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abz"); /* z keeps the run going */
	needs(&r, "b", "a");
	begin(&r);
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "src/x.c");
	order(&r, "a", EV_RETRY);
	assert_state(&r, "a", TASK_LOOKING);
	ANSWER(&r, "a", ACT_LOOK, .kind = EV_FIXED, .a = oid_of("fix"), .b = oid_of("e0"));
	assert_int_equal(task(&r, "a")->attempt, 2);
	ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
	to_closed(&r, "a");
	whole(&r, "b");
	rig_done(&r);
}

static void test_queue__a_conflict_nobody_fixed_is_done_afresh(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "az");
	begin(&r);
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "src/x.c");
	order(&r, "a", EV_RETRY);
	ANSWER(&r, "a", ACT_LOOK, .kind = EV_UNFIXED);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_int_equal(task(&r, "a")->from, FROM_FRESH);
	assert_int_equal(task(&r, "a")->person, 0);
	rig_done(&r);
}

static void test_queue__a_branch_moved_by_a_person_is_merged_onto(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_LAND, .kind = EV_MOVED, .a = oid_of("theirs"));
	assert_state(&r, "a", TASK_MERGING);
	assert_string_equal(task(&r, "a")->onto.hex, "theirs");
	assert_string_equal(r.c.run.epic_head.hex, "theirs");
	to_closed(&r, "a");
	rig_done(&r);
}

static void test_queue__a_rewritten_branch_stops_the_queue(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	to_queue(&r, "a");
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_LAND, .kind = EV_REWRITTEN, .a = oid_of("x"), .text = "reset");
	assert_state(&r, "a", TASK_QUEUED);
	assert_string_equal(r.c.run.epic_head.hex, "x");
	to_queue(&r, "b"); /* who works may finish; nothing lands */
	assert_state(&r, "b", TASK_QUEUED);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 3);
	/* Set right by a person, the next run lands both. */
	run_event(&r, EV_START, 1);
	opened(&r);
	to_closed(&r, "a");
	to_closed(&r, "b");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_queue__a_branch_rewritten_meanwhile_stops_the_run_once(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	to_queue(&r, "a");
	to_closed(&r, "a");
	run_event(&r, EV_START, 1);
	ANSWER(&r, NULL, ACT_OPEN, .kind = EV_OPENED, .a = oid_of("x"), .b = oid_of("e0"), .m = 1,
	       .text = "main", .text2 = "");
	assert_int_equal(core_exit_code(&r.c), 3);
	/* A crash before it was said: it still holds. Who works may finish; nothing lands. */
	run_event(&r, EV_START, 1);
	opened(&r);
	to_queue(&r, "b");
	assert_state(&r, "b", TASK_QUEUED);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 3);
	assert_non_null(strstr(r.c.run.reason, "is at x"));
	/* Said: who runs it again goes on from there. */
	run_event(&r, EV_START, 1);
	opened(&r);
	to_closed(&r, "b");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_queue__what_is_in_the_branch_already_is_closed(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_ALREADY);
	assert_state(&r, "a", TASK_MERGED);
	ANSWER(&r, "a", ACT_CLOSE, .kind = EV_DONE);
	tidied(&r);
	rig_done(&r);
}

/* Without its history in the branch (queue.method) it has landed as what it was to land as. */
static void test_queue__a_landing_that_nobody_heard_of_is_found(void **state)
{
	(void)state;
	for (int by_forge = 0; by_forge < 2; by_forge++) {
		struct rig r;
		rig_init(&r, NULL);
		issues(&r, "a");
		begin(&r);
		to_queue(&r, "a");
		merge_made(&r, "a");
		/* A forge squashes by itself. */
		const struct oid as = by_forge ? (struct oid){"f0"} : task(&r, "a")->lands_as;
		ANSWER(&r, "a", ACT_LAND, .kind = EV_ERROR, .n = -1, .text = "it cannot be done");
		assert_state(&r, "a", TASK_QUEUED);
		tidied(&r);
		run_event(&r, EV_START, 1);
		opened(&r);
		ANSWER(&r, "a", ACT_MERGE, .kind = EV_ALREADY, .a = as);
		assert_state(&r, "a", TASK_MERGED);
		assert_string_equal(task(&r, "a")->landed.hex, as.hex);
		rig_done(&r);
	}
}

/* What cannot be looked for either has not failed: it is looked for in the next run. */
static void test_queue__a_landing_that_nobody_can_look_for_has_not_failed(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	merge_made(&r, "a");
	for (int i = 0; i < 2; i++) {
		ANSWER(&r, "a", i ? ACT_MERGE : ACT_LAND, .kind = EV_ERROR, .n = -1,
		       .text = "it cannot be done");
		assert_state(&r, "a", TASK_QUEUED);
		assert_int_equal(core_exit_code(&r.c), 3);
		tidied(&r);
		run_event(&r, EV_START, 1);
		opened(&r);
	}
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_ALREADY);
	assert_state(&r, "a", TASK_MERGED);
	rig_done(&r);
}

/* Cancelled meanwhile, and held as well: its turn says whether there is anything left to cancel. */
static void test_queue__a_landing_that_nobody_heard_of_is_not_cancelled(void **state)
{
	for (int in = 0; in < 2; in++) {
		struct rig r;
		(void)state;
		rig_init(&r, NULL);
		issues(&r, "a");
		begin(&r);
		to_queue(&r, "a");
		merge_made(&r, "a");
		ANSWER(&r, "a", ACT_LAND, .kind = EV_ERROR, .n = -1, .text = "it cannot be done");
		tidied(&r);
		order(&r, "a", EV_HOLD);
		order(&r, "a", EV_CANCEL);
		assert_state(&r, "a", TASK_QUEUED);
		run_event(&r, EV_START, 1);
		opened(&r);
		if (in)
			ANSWER(&r, "a", ACT_MERGE, .kind = EV_ALREADY);
		else
			merge_made(&r, "a");
		assert_state(&r, "a", in ? TASK_MERGED : TASK_CANCELLING);
		rig_done(&r);
	}
}

/* The branch was found elsewhere: it has not landed, and is cancelled at once. */
static void test_queue__what_has_not_landed_is_cancelled_at_once(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_LAND, .kind = EV_REWRITTEN, .a = oid_of("theirs"), .text = "");
	assert_state(&r, "a", TASK_QUEUED);
	order(&r, "a", EV_CANCEL);
	assert_state(&r, "a", TASK_CANCELLING);
	rig_done(&r);
}

static void test_queue__an_issue_that_cannot_be_closed_unblocks_and_is_asked_again(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	needs(&r, "b", "a");
	begin(&r);
	to_queue(&r, "a");
	merge_made(&r, "a");
	land(&r, "a");
	ANSWER(&r, "a", ACT_CLOSE, .kind = EV_REFUSED, .text = "locked");
	assert_state(&r, "a", TASK_MERGED);
	whole(&r, "b");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 3);
	run_event(&r, EV_START, 1); /* the next run tries again */
	ANSWER(&r, "a", ACT_CLOSE, .kind = EV_DONE);
	opened(&r);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_queue__dispatched_tasks_end_at_their_pull_request(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.until_submitted = true;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	to_queue(&r, "a");
	assert_state(&r, "a", TASK_SUBMITTED);
	to_queue(&r, "b");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_queue__without_agents_only_the_queue_moves(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.no_agents = true;
	rig_init(&r, &p);
	issues(&r, "ab");
	submit(&r, "a", "mine");
	begin(&r);
	to_closed(&r, "a");
	assert_state(&r, "b", TASK_READY);
	tidied(&r);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue__one_landing_at_a_time),
		cmocka_unit_test(test_queue__priority_then_dependents_then_arrival),
		cmocka_unit_test(test_queue__what_was_merged_is_gated_before_it_lands),
		cmocka_unit_test(test_queue__a_tree_that_passed_is_not_gated_again),
		cmocka_unit_test(test_queue__red_goes_back_to_its_agent_on_its_own_work),
		cmocka_unit_test(test_queue__after_a_red_check_nothing_to_do_is_no_success),
		cmocka_unit_test(test_queue__an_interrupted_attempt_stays_red),
		cmocka_unit_test(test_queue__a_gate_without_a_verdict_is_tried_again),
		cmocka_unit_test(test_queue__an_entry_that_is_due_waits_for_its_turn_quietly),
		cmocka_unit_test(test_queue__a_full_disk_gives_no_verdict),
		cmocka_unit_test(test_queue__a_conflict_is_left_for_a_person_and_holds_dependents),
		cmocka_unit_test(test_queue__a_persons_fix_lands),
		cmocka_unit_test(test_queue__a_conflict_nobody_fixed_is_done_afresh),
		cmocka_unit_test(test_queue__a_branch_moved_by_a_person_is_merged_onto),
		cmocka_unit_test(test_queue__a_rewritten_branch_stops_the_queue),
		cmocka_unit_test(test_queue__a_branch_rewritten_meanwhile_stops_the_run_once),
		cmocka_unit_test(test_queue__what_is_in_the_branch_already_is_closed),
		cmocka_unit_test(test_queue__a_landing_that_nobody_heard_of_is_found),
		cmocka_unit_test(test_queue__a_landing_that_nobody_can_look_for_has_not_failed),
		cmocka_unit_test(test_queue__a_landing_that_nobody_heard_of_is_not_cancelled),
		cmocka_unit_test(test_queue__what_has_not_landed_is_cancelled_at_once),
		cmocka_unit_test(
			test_queue__an_issue_that_cannot_be_closed_unblocks_and_is_asked_again),
		cmocka_unit_test(test_queue__dispatched_tasks_end_at_their_pull_request),
		cmocka_unit_test(test_queue__without_agents_only_the_queue_moves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
