#include "unit/core_fixture.h"

/* A core that goes on where another one left its tables. */

/* As recovery does it: the same tables in a new core, asked for what was under way. */
static void reload(struct rig *r, struct rig *ret, const char *boot)
{
	struct policy p = r->c.policy;
	*ret = (struct rig){.now = r->now, .commits = r->commits + 100};
	core_init(&ret->c, &p);
	(void)core_add_kind(&ret->c, "a", 0);
	ret->c.kinds.items[0] = r->c.kinds.items[0];
	ret->c.kinds.items[0].name = "a"; /* the other one's goes with it */
	ret->c.kinds.items[0].ready = (struct heap){0};
	ret->c.run = r->c.run;
	for (size_t i = r->c.tasks.n; i-- > 0;) /* a journal's order is its own */
		(void)core_add_task(&ret->c, &r->c.tasks.items[i]);
	core_order_tasks(&ret->c);
	for (size_t i = 0; i < r->c.tasks.n; i++) {
		assert_string_equal(ret->c.tasks.items[i].id, r->c.tasks.items[i].id);
		assert_int_equal(core_find(&ret->c, r->c.tasks.items[i].id), (int)i);
	}
	for (size_t i = 0; i < r->c.tasks.n; i++)
		for (size_t k = 0; k < r->c.tasks.items[i].needs.n; k++)
			core_add_edge(&ret->c, (int)i, r->c.tasks.items[i].needs.items[k]);
	core_loaded(&ret->c);
	core_reissue(&ret->c);
	run_event(ret, EV_SYNCED, 0);
	core_check(&ret->c);
	step(ret, (struct core_event){.kind = EV_START, .task = -1, .text = boot});
}

/* A run without agents needs no pre-flight; its check goes on as the next one, with agents, begins. */
static void test_recovery__preflight_waits_for_a_check(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r, n;
	(void)state;
	p.n_checks = 1;
	p.no_agents = true;
	rig_init(&r, &p);
	issues(&r, "ab");
	submit(&r, "a", "w");
	begin(&r);
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "a", TASK_GATING);
	r.c.policy.no_agents = false;
	reload(&r, &n, "boot-1");
	opened(&n);
	assert_int_equal(n.c.run.state, RUN_WAITING);
	assert_false(asked(&n, NULL, ACT_GATE_PREPARE)); /* in the folder of that check */
	assert_state(&n, "b", TASK_READY);
	job_ends(&n, "a", ACT_GATE, HOW_EXITED, 0);
	assert_int_equal(n.c.run.state, RUN_PREPARING);
	land(&n, "a");
	ANSWER(&n, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	ANSWER(&n, NULL, ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_state(&n, "b", TASK_CLAIMING);
	rig_done(&r);
	rig_done(&n);
}

/* The branch moved meanwhile: what was being prepared for is merged anew, once pre-flight has passed. */
static void test_recovery__preflight_waits_for_no_check_that_is_given_up(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r, n;
	(void)state;
	p.n_checks = 1;
	p.no_agents = true;
	rig_init(&r, &p);
	issues(&r, "ab");
	submit(&r, "a", "w");
	begin(&r);
	merge_made(&r, "a");
	assert_state(&r, "a", TASK_GATE_PREPARING);
	r.c.policy.no_agents = false;
	reload(&r, &n, "boot-1");
	ANSWER(&n, NULL, ACT_OPEN, .kind = EV_OPENED, .a = oid_of("moved"), .b = oid_of("e0"),
	       .text = "main", .text2 = "");
	assert_int_equal(n.c.run.state, RUN_WAITING);
	ANSWER(&n, "a", ACT_GATE_PREPARE, .kind = EV_ERROR, .n = -4, .text = "nobody heard");
	assert_state(&n, "a", TASK_STANDING);
	assert_int_equal(n.c.run.state, RUN_PREPARING);
	rig_done(&r);
	rig_done(&n);
}

static void test_recovery__asks_again_for_what_was_under_way(void **state)
{
	struct rig r, n;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abc");
	needs(&r, "c", "a");
	begin(&r);
	to_work(&r, "a");
	int64_t serial = task(&r, "a")->serial, job = task(&r, "a")->job;
	reload(&r, &n, "boot-1");
	assert_int_equal(n.c.live, 2);
	struct action a = {0};
	assert_true(rig_pop(&n, "a", ACT_AGENT, &a));
	assert_int_equal(a.serial, serial);
	assert_int_equal(a.job, job);
	VEC_PUSH(&n.todo, a);
	assert_true(asked(&n, "b", ACT_CLAIM));
	opened(&n);
	to_queue(&n, "a");
	to_closed(&n, "a");
	to_queue(&n, "b");
	to_closed(&n, "b");
	whole(&n, "c");
	tidied(&n);
	assert_int_equal(core_exit_code(&n.c), 0);
	rig_done(&r);
	rig_done(&n);
}

/* Nothing new is begun before the epic was opened again, whatever the journal says. */
static void test_recovery__claims_nothing_before_the_epic_is_open(void **state)
{
	struct rig r, n;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	run_event(&r, EV_PAUSE, 0);
	begin(&r);
	r.c.run.paused = 0; /* and a crash just here */
	reload(&r, &n, "boot-1");
	assert_state(&n, "a", TASK_READY);
	opened(&n);
	assert_state(&n, "a", TASK_CLAIMING);
	rig_done(&r);
	rig_done(&n);
}

static void test_recovery__a_wait_goes_on_after_a_reboot(void **state)
{
	struct rig r, n;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	attempt(&r, "a", RESULT_FAILED, 0);
	int64_t wait = core_next_ms(&r.c);
	r.now.mono_ms = 5; /* the clock of the new boot */
	r.now.wall_ms += wait / 2;
	reload(&r, &n, "boot-2");
	opened(&n);
	assert_state(&n, "a", TASK_WAITING);
	assert_in_range(core_next_ms(&n.c), wait / 2, wait / 2 + 2);
	pass_next(&n);
	assert_state(&n, "a", TASK_CLAIMING);
	rig_done(&r);
	rig_done(&n);

	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	attempt(&r, "a", RESULT_FAILED, 0);
	r.now.mono_ms += 1000000000; /* a boot that has been up for longer: not due for that */
	reload(&r, &n, "boot-2");
	opened(&n);
	assert_state(&n, "a", TASK_WAITING);
	rig_done(&r);
	rig_done(&n);
}

static void test_recovery__asks_a_job_again_to_end(void **state)
{
	struct rig r, n;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	order(&r, "a", EV_CANCEL);
	reload(&r, &n, "boot-1");
	assert_int_equal(n.stops, 1);
	rig_done(&r);
	rig_done(&n);
}

/* Until START nothing is due: the times may be those of an earlier boot. */
static void test_recovery__waits_quietly_for_its_start(void **state)
{
	struct policy p = RIG_POLICY;
	struct core c;
	(void)state;
	core_init(&c, &p);
	(void)core_add_kind(&c, "a", 0);
	(void)core_add_task(&c, &(struct task){.id = "a",
					       .title = "a",
					       .state = TASK_WAITING,
					       .due_mono = 1,
					       .due_ms = 1});
	c.run.state = RUN_RUNNING;
	core_loaded(&c);
	core_reissue(&c);
	core_step(&c, &(struct core_event){
			      .kind = EV_SYNCED, .task = -1, .at = {5000, 5000}
        });
	assert_int_equal(c.tasks.items[0].state, TASK_WAITING);
	assert_int_equal(core_next_ms(&c), -1);
	core_done(&c);
}

/* A row was written under another policy, or by another program: all are looked at again. */
static void test_recovery__what_was_held_is_skipped_where_the_policy_is_so_now(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r, n;
	(void)state;
	p.attempts = 1;
	rig_init(&r, &p);
	issues(&r, "ab");
	needs(&r, "b", "a");
	begin(&r);
	attempt(&r, "a", RESULT_FAILED, 0);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&r, "b", TASK_BLOCKED);
	assert_string_equal(task(&r, "b")->reason, "needs 'a', which is failed");
	r.c.policy.skip_dependents = true;
	reload(&r, &n, "boot-1");
	assert_state(&n, "b", TASK_SKIPPED);
	rig_done(&r);
	rig_done(&n);
}

/* Begun without a check, and now there is one: the worktrees of those at work are not tidied for it. */
static void test_recovery__tries_no_base_while_agents_are_at_work(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "a");
	run_event(&r, EV_SYNCED, 0);
	run_event(&r, EV_START, 42);
	opened(&r);
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_DONE);
	ANSWER(&r, "a", ACT_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "a", TASK_WORKING);
	r.c.policy.n_checks = 1;
	core_reissue(&r.c);
	run_event(&r, EV_START, 42);
	opened(&r);
	assert_int_equal(r.c.run.state, RUN_RUNNING);
	assert_false(asked(&r, NULL, ACT_GATE_PREPARE));
	assert_false(r.c.run.checked);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recovery__tries_no_base_while_agents_are_at_work),
		cmocka_unit_test(test_recovery__preflight_waits_for_a_check),
		cmocka_unit_test(test_recovery__preflight_waits_for_no_check_that_is_given_up),
		cmocka_unit_test(test_recovery__waits_quietly_for_its_start),
		cmocka_unit_test(test_recovery__asks_again_for_what_was_under_way),
		cmocka_unit_test(test_recovery__claims_nothing_before_the_epic_is_open),
		cmocka_unit_test(test_recovery__a_wait_goes_on_after_a_reboot),
		cmocka_unit_test(test_recovery__asks_a_job_again_to_end),
		cmocka_unit_test(
			test_recovery__what_was_held_is_skipped_where_the_policy_is_so_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
