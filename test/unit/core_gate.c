#include "unit/core_fixture.h"

/* The check of an entry: run again after red, remembered once it is green. */

static struct policy checked(void)
{
	struct policy p = RIG_POLICY;
	p.n_checks = 1;
	p.allow_red = true; /* no pre-flight: it is core_run.c's matter */
	return p;
}

static void to_gate(struct rig *r, const struct policy *p)
{
	rig_init(r, p);
	issues(r, "a");
	begin(r);
	to_queue(r, "a");
	merge_made(r, "a");
	assert_state(r, "a", TASK_GATE_PREPARING);
}

static void test_gate__red_then_green_on_one_tree_is_flaky_and_lands(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	p.gate_retries = 2;
	to_gate(&r, &p);
	gated(&r, "a", HOW_EXITED, 1);
	assert_state(&r, "a", TASK_GATE_PREPARING); /* in a worktree made anew */
	gated(&r, "a", HOW_EXITED, 1);
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_LANDING);
	char wanted[100];
	(void)snprintf(wanted, sizeof(wanted), "\t%s\t2\n", task(&r, "a")->tree.hex);
	assert_string_equal(task(&r, "a")->flaky, wanted);
	rig_done(&r);
}

static void test_gate__what_is_flaky_is_red_where_the_user_says_so(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	p.gate_retries = 1;
	p.flaky_fails = true;
	to_gate(&r, &p);
	gated(&r, "a", HOW_EXITED, 1);
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_CLAIMING); /* back to its agent */
	assert_int_equal(task(&r, "a")->red, 1);
	assert_non_null(strstr(task(&r, "a")->reason, "flaky"));
	assert_true(task(&r, "a")->flaky[0] != '\0');
	assert_int_equal(r.c.passes.n, 0); /* and no proof of anything */
	rig_done(&r);
}

/* It is cancelled as it passes; submitted again, its tree is not tested twice. */
static void test_gate__a_pass_of_what_is_cancelled_is_kept(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	to_gate(&r, &p);
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	order(&r, "a", EV_CANCEL);
	job_ends(&r, "a", ACT_GATE, HOW_EXITED, 0);
	assert_state(&r, "a", TASK_CANCELLING);
	assert_int_equal(r.c.passes.n, 1);
	rig_done(&r);
}

/* The next run has it from the journal. */
static void test_gate__a_pass_is_to_be_written(void **state)
{
	struct policy p = checked();
	struct action a = {0};
	struct rig r;
	(void)state;
	to_gate(&r, &p);
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_true(rig_pop(&r, "a", ACT_GATE, &a));
	core_step(&r.c, &(struct core_event){.kind = EV_JOB_ENDED,
					     .task = a.task,
					     .serial = a.serial,
					     .how = HOW_EXITED,
					     .at = r.now});
	assert_int_equal(r.c.new_passes.n, 1);
	rig_take(&r);
	rig_done(&r);
}

static void test_gate__red_every_time_is_red(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	p.gate_retries = 1;
	to_gate(&r, &p);
	gated(&r, "a", HOW_EXITED, 1);
	gated(&r, "a", HOW_EXITED, 2);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_int_equal(task(&r, "a")->red, 1);
	assert_string_equal(task(&r, "a")->flaky, "");
	to_queue(&r, "a");
	merge_made(&r, "a");
	gated(&r, "a", HOW_EXITED, 1);
	assert_state(&r, "a", TASK_GATE_PREPARING); /* another tree has its own tries */
	rig_done(&r);
}

/* A run that gave no verdict is none of the tries, and makes no red one flaky. */
static void test_gate__a_time_out_is_no_try(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	p.gate_retries = 1;
	to_gate(&r, &p);
	gated(&r, "a", HOW_TIMEOUT, 0);
	assert_state(&r, "a", TASK_QUEUED);
	pass_next(&r);
	merge_made(&r, "a");
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_LANDING);
	assert_string_equal(task(&r, "a")->flaky, "");
	rig_done(&r);
}

/* Two checks; each has a key of its own. */
static struct policy two_checks(void)
{
	struct policy p = checked();
	p.n_checks = 2;
	(void)snprintf(p.checks[0].name, sizeof(p.checks[0].name), "unit");
	(void)snprintf(p.checks[0].key, sizeof(p.checks[0].key), "k1");
	(void)snprintf(p.checks[1].name, sizeof(p.checks[1].name), "lint");
	(void)snprintf(p.checks[1].key, sizeof(p.checks[1].key), "k2");
	return p;
}

static void test_gate__each_check_is_run_in_the_same_worktree(void **state)
{
	struct policy p = two_checks();
	struct rig r;
	(void)state;
	to_gate(&r, &p);
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_GATING);
	assert_int_equal(task(&r, "a")->check, 1);
	job_ends(&r, "a", ACT_GATE, HOW_EXITED, 3);
	assert_string_equal(task(&r, "a")->reason,
			    "the check 'lint' failed on the merged tree: exit code 3");
	rig_done(&r);
}

static void merged(struct rig *r, const char *merge, const char *tree, int skips)
{
	ANSWER(r, "a", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of(merge), .b = oid_of(tree),
	       .n = skips);
}

static void test_gate__what_is_not_about_it_is_skipped_and_said(void **state)
{
	struct policy p = two_checks();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	merged(&r, "m1", "t1", 2);
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_LANDING);
	assert_string_equal(task(&r, "a")->not_run, "lint");
	ANSWER(&r, "a", ACT_LAND, .kind = EV_MOVED, .a = oid_of("e1"));
	merged(&r, "m2", "t2", 3);
	assert_state(&r, "a", TASK_LANDING); /* nothing is about it */
	assert_string_equal(task(&r, "a")->not_run, "unit, lint");
	rig_done(&r);
}

/* A pass is that of one check: what failed beside it does not take it back. */
static void test_gate__a_check_that_passed_on_a_tree_is_not_run_on_it_again(void **state)
{
	struct policy p = two_checks();
	struct rig r;
	(void)state;
	to_gate(&r, &p);
	gated(&r, "a", HOW_EXITED, 0);
	job_ends(&r, "a", ACT_GATE, HOW_LOST, 0);
	assert_state(&r, "a", TASK_QUEUED);
	pass_next(&r);
	merged(&r, "m9", task(&r, "a")->tree.hex, 0);
	assert_int_equal(task(&r, "a")->check, 1);
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_LANDING);
	rig_done(&r);
}

/* The settings may change while a check runs: what it was begun as is what it proves. */
static void test_gate__a_pass_of_another_command_does_not_count(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	(void)snprintf(p.checks[0].key, sizeof(p.checks[0].key), "old");
	to_gate(&r, &p);
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	(void)snprintf(r.c.policy.checks[0].key, sizeof(p.checks[0].key), "new");
	job_ends(&r, "a", ACT_GATE, HOW_EXITED, 0);
	assert_state(&r, "a", TASK_GATING);
	assert_true(asked(&r, "a", ACT_GATE));
	job_ends(&r, "a", ACT_GATE, HOW_EXITED, 0);
	assert_state(&r, "a", TASK_LANDING);
	rig_done(&r);
}

/* A mask goes by places: with other checks than then it is of others. */
static void test_gate__with_other_checks_nothing_is_skipped_unseen(void **state)
{
	struct policy p = two_checks();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	merged(&r, "m1", "t1", 2);
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	(void)snprintf(r.c.policy.checks_key, sizeof(p.checks_key), "others");
	core_reissue(&r.c);
	rig_take(&r);
	run_event(&r, EV_START, 1);
	opened(&r);
	job_ends(&r, "a", ACT_GATE, HOW_EXITED, 0);
	assert_state(&r, "a", TASK_GATING);
	assert_int_equal(task(&r, "a")->check, 1);
	assert_string_equal(task(&r, "a")->not_run, "");
	rig_done(&r);
}

static void test_gate__pre_flight_runs_all_checks(void **state)
{
	struct policy p = two_checks();
	struct rig r;
	(void)state;
	p.allow_red = false;
	rig_init(&r, &p);
	issues(&r, "a");
	run_event(&r, EV_SYNCED, 0);
	run_event(&r, EV_START, 42);
	opened(&r);
	ANSWER(&r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	ANSWER(&r, NULL, ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_int_equal(r.c.run.state, RUN_CHECKING);
	assert_int_equal(r.c.run.check, 1);
	ANSWER(&r, NULL, ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_int_equal(r.c.run.state, RUN_RUNNING);
	rig_done(&r);
}

static void test_gate__where_something_could_not_be_ended_nothing_is_checked(void **state)
{
	struct policy p = checked();
	struct rig r;
	(void)state;
	p.gate_retries = 1;
	to_gate(&r, &p);
	assert_int_equal(task(&r, "a")->gate, 1);
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	ANSWER(&r, "a", ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED, .code = 1, .stay = 1);
	assert_state(&r, "a", TASK_GATE_PREPARING); /* once more on the same tree */
	assert_int_equal(task(&r, "a")->gate, 2);
	gated(&r, "a", HOW_EXITED, 0);
	land(&r, "a");
	issues(&r, "b");
	run_event(&r, EV_SYNCED, 0);
	to_queue(&r, "b");
	merge_made(&r, "b");
	assert_int_equal(task(&r, "b")->gate, 2);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate__a_pass_of_what_is_cancelled_is_kept),
		cmocka_unit_test(test_gate__red_then_green_on_one_tree_is_flaky_and_lands),
		cmocka_unit_test(test_gate__what_is_flaky_is_red_where_the_user_says_so),
		cmocka_unit_test(test_gate__a_pass_is_to_be_written),
		cmocka_unit_test(test_gate__red_every_time_is_red),
		cmocka_unit_test(test_gate__a_time_out_is_no_try),
		cmocka_unit_test(test_gate__each_check_is_run_in_the_same_worktree),
		cmocka_unit_test(test_gate__what_is_not_about_it_is_skipped_and_said),
		cmocka_unit_test(test_gate__a_check_that_passed_on_a_tree_is_not_run_on_it_again),
		cmocka_unit_test(test_gate__a_pass_of_another_command_does_not_count),
		cmocka_unit_test(test_gate__with_other_checks_nothing_is_skipped_unseen),
		cmocka_unit_test(test_gate__pre_flight_runs_all_checks),
		cmocka_unit_test(test_gate__where_something_could_not_be_ended_nothing_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
