#include "unit/core_fixture.h"

/* The check of an entry: run again after red, remembered once it is green. */

static struct policy checked(void)
{
	struct policy p = RIG_POLICY;
	p.has_check = true;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate__red_then_green_on_one_tree_is_flaky_and_lands),
		cmocka_unit_test(test_gate__what_is_flaky_is_red_where_the_user_says_so),
		cmocka_unit_test(test_gate__red_every_time_is_red),
		cmocka_unit_test(test_gate__a_time_out_is_no_try),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
