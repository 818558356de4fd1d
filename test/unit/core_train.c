#include "unit/core_fixture.h"

/* The train: several entries of the queue merged and tested at once, landing in their order. */

static void begin_train(struct rig *r, int slots, const char *ids)
{
	struct policy p = RIG_POLICY;
	p.n_checks = 1;
	p.allow_red = true; /* no pre-flight: it is core_run.c's matter */
	p.gate_slots = slots;
	rig_init(r, &p);
	issues(r, ids);
	begin(r);
	for (; *ids; ids++)
		to_queue(r, (char[]){*ids, '\0'});
}

static void to_gate(struct rig *r, const char *id)
{
	merge_made(r, id);
	ANSWER(r, id, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_state(r, id, TASK_GATING);
}

static void check_ends(struct rig *r, const char *id, int code)
{
	job_ends(r, id, ACT_GATE, HOW_EXITED, code);
}

static void assert_onto(struct rig *r, const char *id, const char *before)
{
	const struct oid *want = before ? &task(r, before)->merge : &r->c.run.epic_head;
	assert_string_equal(task(r, id)->onto.hex, want->hex);
}

/* a, b and c, each tested on the merge of the one before it. */
static void three(struct rig *r)
{
	begin_train(r, 3, "abcd");
	to_gate(r, "a");
	to_gate(r, "b");
	to_gate(r, "c");
}

static void test_train__prefixes_are_tested_at_once(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	assert_onto(&r, "a", NULL);
	assert_onto(&r, "b", "a");
	assert_onto(&r, "c", "b");
	assert_state(&r, "d", TASK_QUEUED); /* queue.slots */
	assert_int_equal(task(&r, "a")->gate, 1);
	assert_int_equal(task(&r, "b")->gate, 2);
	assert_int_equal(task(&r, "c")->gate, 3);
	rig_done(&r);
}

static void test_train__they_land_in_order_and_are_not_tested_again(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	check_ends(&r, "c", 0);
	check_ends(&r, "b", 0);
	assert_false(asked(&r, "b", ACT_LAND));
	check_ends(&r, "a", 0);
	assert_true(asked(&r, "a", ACT_LAND));
	assert_false(asked(&r, "b", ACT_LAND)); /* one at a time */
	land(&r, "a");
	assert_true(asked(&r, "b", ACT_LAND));
	assert_false(asked(&r, "c", ACT_LAND));
	land(&r, "b");
	land(&r, "c");
	assert_string_equal(r.c.run.epic_head.hex, task(&r, "c")->merge.hex);
	assert_onto(&r, "d", "c");
	rig_done(&r);
}

static void test_train__red_counts_once_all_before_it_has_landed(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	check_ends(&r, "b", 1);
	assert_state(&r, "b", TASK_STANDING);
	assert_int_equal(task(&r, "b")->verdict, VERDICT_RED);
	/* c is tested without it at once. */
	assert_int_equal(r.stops, 1);
	job_ends(&r, "c", ACT_GATE, HOW_STOPPED, 0);
	assert_onto(&r, "c", "a");
	to_gate(&r, "c");
	check_ends(&r, "a", 0);
	assert_state(&r, "b", TASK_STANDING);
	land(&r, "a");
	assert_state(&r, "b", TASK_CLAIMING);
	assert_int_equal(task(&r, "b")->red, 1);
	assert_int_equal(task(&r, "b")->train, 0);
	check_ends(&r, "c", 0);
	assert_true(asked(&r, "c", ACT_LAND));
	rig_done(&r);
}

static void test_train__the_one_before_was_the_culprit(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	check_ends(&r, "b", 1);
	check_ends(&r, "a", 1);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_onto(&r, "b", NULL);
	assert_int_equal(task(&r, "b")->red, 0);
	assert_string_equal(task(&r, "b")->reason, "");
	to_gate(&r, "b");
	job_ends(&r, "c", ACT_GATE, HOW_STOPPED, 0);
	assert_onto(&r, "c", "b");
	check_ends(&r, "b", 0);
	assert_true(asked(&r, "b", ACT_LAND));
	rig_done(&r);
}

static void test_train__a_conflict_counts_once_all_before_it_has_landed(void **state)
{
	struct rig r;
	(void)state;
	begin_train(&r, 3, "abc");
	to_gate(&r, "a");
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_CONFLICT, .text = "x.c");
	assert_state(&r, "b", TASK_STANDING);
	assert_onto(&r, "c", "a");
	to_gate(&r, "c");
	check_ends(&r, "a", 0);
	land(&r, "a");
	assert_state(&r, "b", TASK_CONFLICTED);
	assert_state(&r, "c", TASK_GATING); /* it was merged without it */
	rig_done(&r);
}

static void test_train__what_is_in_the_one_before_lands_with_it(void **state)
{
	struct rig r;
	(void)state;
	begin_train(&r, 2, "ab");
	to_gate(&r, "a");
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_ALREADY);
	assert_state(&r, "b", TASK_STANDING);
	check_ends(&r, "a", 0);
	land(&r, "a");
	assert_state(&r, "b", TASK_MERGED);
	rig_done(&r);
}

/* Cancelled, it lands with that one all the same; it is cancelled where that one does not land. */
static void test_train__what_may_be_in_is_cancelled_at_its_turn(void **state)
{
	for (int red = 0; red < 2; red++) {
		struct rig r;
		(void)state;
		begin_train(&r, 2, "ab");
		to_gate(&r, "a");
		ANSWER(&r, "b", ACT_MERGE, .kind = EV_ALREADY);
		order(&r, "b", EV_CANCEL);
		assert_state(&r, "b", TASK_STANDING);
		check_ends(&r, "a", red);
		if (red)
			merge_made(&r, "b");
		else
			land(&r, "a");
		assert_state(&r, "b", red ? TASK_CANCELLING : TASK_MERGED);
		rig_done(&r);
	}
}

static void test_train__no_verdict_counts_against_the_first_only(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	job_ends(&r, "b", ACT_GATE, HOW_TIMEOUT, 0);
	assert_int_equal(task(&r, "b")->gate_errors, 0);
	check_ends(&r, "a", 0);
	land(&r, "a");
	assert_state(&r, "b", TASK_QUEUED);
	assert_int_equal(task(&r, "b")->gate_errors, 1);
	assert_non_null(strstr(task(&r, "b")->reason, "no verdict: queue.timeout was over"));
	rig_done(&r);
}

static void test_train__a_branch_that_moved_rebuilds_it(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	check_ends(&r, "b", 0);
	check_ends(&r, "a", 0);
	ANSWER(&r, "a", ACT_LAND, .kind = EV_MOVED, .a = oid_of("theirs"));
	assert_state(&r, "a", TASK_MERGING);
	assert_string_equal(task(&r, "a")->onto.hex, "theirs");
	assert_state(&r, "b", TASK_STANDING);
	assert_int_equal(task(&r, "b")->verdict, VERDICT_NONE);
	assert_int_equal(r.stops, 1); /* c's */
	merge_made(&r, "a");
	assert_onto(&r, "b", "a");
	assert_state(&r, "b", TASK_MERGING);
	/* The same tree once more: it is known to pass. */
	struct oid tree = task(&r, "b")->tree;
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("anew"), .b = tree);
	assert_state(&r, "b", TASK_STANDING);
	assert_int_equal(task(&r, "b")->verdict, VERDICT_PASSED);
	rig_done(&r);
}

/* b brings nothing to a's tree: red there beside a's green is flaky, and no reason to run it again. */
static void test_train__red_where_another_had_the_same_tree_pass_is_flaky(void **state)
{
	struct rig r;
	(void)state;
	begin_train(&r, 2, "ab");
	to_gate(&r, "a");
	struct oid tree = task(&r, "a")->tree;
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("mb"), .b = tree);
	ANSWER(&r, "b", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "b", TASK_GATING);
	check_ends(&r, "a", 0);
	check_ends(&r, "b", 1);
	assert_state(&r, "b", TASK_STANDING);
	assert_int_equal(task(&r, "b")->verdict, VERDICT_PASSED);
	assert_true(task(&r, "b")->flaky[0] != '\0');
	rig_done(&r);
}

/* Likewise where it was to be run again, and the other one was faster. */
static void test_train__red_is_not_run_again_once_its_tree_passed(void **state)
{
	struct rig r;
	(void)state;
	begin_train(&r, 2, "ab");
	r.c.policy.gate_retries = 1;
	to_gate(&r, "a");
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("mb"),
	       .b = task(&r, "a")->tree);
	ANSWER(&r, "b", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	check_ends(&r, "b", 1);
	assert_state(&r, "b", TASK_GATE_PREPARING);
	check_ends(&r, "a", 0);
	ANSWER(&r, "b", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "b", TASK_STANDING);
	assert_int_equal(task(&r, "b")->verdict, VERDICT_PASSED);
	assert_true(task(&r, "b")->flaky[0] != '\0');
	rig_done(&r);
}

/* It passed while the other's worktree was made, or set up: that one is not tested again. */
static void test_train__a_tree_that_passed_meanwhile_is_not_tested_again(void **state)
{
	(void)state;
	for (int sets_up = 0; sets_up < 2; sets_up++) {
		struct rig r;
		begin_train(&r, 2, "ab");
		to_gate(&r, "a");
		r.c.policy.has_setup = sets_up;
		ANSWER(&r, "b", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("mb"),
		       .b = task(&r, "a")->tree);
		if (sets_up)
			ANSWER(&r, "b", ACT_GATE_PREPARE, .kind = EV_PREPARED);
		check_ends(&r, "a", 0);
		if (sets_up)
			job_ends(&r, "b", ACT_GATE_SETUP, HOW_EXITED, 0);
		else
			ANSWER(&r, "b", ACT_GATE_PREPARE, .kind = EV_PREPARED);
		assert_state(&r, "b", TASK_STANDING);
		assert_int_equal(task(&r, "b")->verdict, VERDICT_PASSED);
		rig_done(&r);
	}
}

static void test_train__a_cancelled_one_is_left_out(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	check_ends(&r, "b", 0);
	order(&r, "b", EV_CANCEL);
	ANSWER(&r, "b", ACT_RELEASE, .kind = EV_DONE);
	job_ends(&r, "c", ACT_GATE, HOW_STOPPED, 0);
	assert_onto(&r, "c", "a");
	rig_done(&r);
}

static void test_train__a_merge_onto_what_is_gone_is_made_anew(void **state)
{
	struct rig r;
	(void)state;
	begin_train(&r, 2, "ab");
	to_gate(&r, "a");
	check_ends(&r, "a", 1); /* while b is merged onto it */
	error_to(&r, "b", ACT_MERGE, -1);
	assert_state(&r, "b", TASK_MERGING);
	assert_onto(&r, "b", NULL);
	assert_int_equal(task(&r, "b")->person, 0);
	rig_done(&r);
}

static void test_train__a_stop_at_once_puts_back_who_stands(void **state)
{
	struct rig r;
	(void)state;
	three(&r);
	check_ends(&r, "b", 0);
	run_event(&r, EV_STOP, STOP_NOW);
	assert_state(&r, "b", TASK_QUEUED);
	job_ends(&r, "a", ACT_GATE, HOW_STOPPED, 0);
	job_ends(&r, "c", ACT_GATE, HOW_STOPPED, 0);
	assert_state(&r, "a", TASK_QUEUED);
	assert_state(&r, "c", TASK_QUEUED);
	assert_int_equal(r.c.train.n, 0);
	rig_done(&r);
}

static void test_train__without_a_check_the_next_is_merged_while_one_lands(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abc");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	to_queue(&r, "c");
	merge_made(&r, "a");
	assert_true(asked(&r, "a", ACT_LAND));
	assert_state(&r, "b", TASK_MERGING);
	assert_onto(&r, "b", "a");
	merge_made(&r, "b");
	assert_state(&r, "b", TASK_STANDING);
	assert_state(&r, "c", TASK_QUEUED); /* one ahead, no more */
	land(&r, "a");
	assert_true(asked(&r, "b", ACT_LAND));
	assert_state(&r, "c", TASK_MERGING);
	assert_onto(&r, "c", "b");
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_train__prefixes_are_tested_at_once),
		cmocka_unit_test(test_train__they_land_in_order_and_are_not_tested_again),
		cmocka_unit_test(test_train__red_counts_once_all_before_it_has_landed),
		cmocka_unit_test(test_train__the_one_before_was_the_culprit),
		cmocka_unit_test(test_train__a_conflict_counts_once_all_before_it_has_landed),
		cmocka_unit_test(test_train__what_is_in_the_one_before_lands_with_it),
		cmocka_unit_test(test_train__what_may_be_in_is_cancelled_at_its_turn),
		cmocka_unit_test(test_train__no_verdict_counts_against_the_first_only),
		cmocka_unit_test(test_train__a_branch_that_moved_rebuilds_it),
		cmocka_unit_test(test_train__red_where_another_had_the_same_tree_pass_is_flaky),
		cmocka_unit_test(test_train__red_is_not_run_again_once_its_tree_passed),
		cmocka_unit_test(test_train__a_tree_that_passed_meanwhile_is_not_tested_again),
		cmocka_unit_test(test_train__a_cancelled_one_is_left_out),
		cmocka_unit_test(test_train__a_merge_onto_what_is_gone_is_made_anew),
		cmocka_unit_test(test_train__a_stop_at_once_puts_back_who_stands),
		cmocka_unit_test(test_train__without_a_check_the_next_is_merged_while_one_lands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
