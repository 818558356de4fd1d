#include "core_fixture.h"

/* Two that touch the same files, with queue.overlap "wait". */

static void overlap(struct rig *r, const char *a, const char *b)
{
	step(r, (struct core_event){.kind = EV_OVERLAP, .task = -1, .text = a, .text2 = b});
}

static void begin_with(struct rig *r, const char *ids, bool wait)
{
	struct policy p = RIG_POLICY;
	p.overlap_wait = wait;
	p.conflict_attempts = 1;
	rig_init(r, &p);
	issues(r, ids);
	overlap(r, "a", "b");
	overlap(r, "b", "a"); /* told twice, and the other way round: one pair */
	overlap(r, "a", "a");
	overlap(r, "a", "nobody");
	begin(r);
}

static void test_beside__one_starts_when_the_other_has_landed(void **state)
{
	struct rig r;
	(void)state;
	begin_with(&r, "abc", true);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_state(&r, "b", TASK_READY);
	assert_state(&r, "c", TASK_CLAIMING);
	assert_int_equal(task(&r, "b")->waits_for, 1);
	to_queue(&r, "a");
	assert_state(&r, "b", TASK_READY); /* it would begin without that work */
	merge_made(&r, "a");
	land(&r, "a");
	assert_state(&r, "b", TASK_CLAIMING);
	assert_int_equal(task(&r, "b")->waits_for, 0);
	rig_done(&r);
}

static void test_beside__by_default_nobody_waits(void **state)
{
	struct rig r;
	(void)state;
	begin_with(&r, "ab", false);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_state(&r, "b", TASK_CLAIMING);
	rig_done(&r);
}

static void test_beside__nobody_waits_for_what_a_person_keeps(void **state)
{
	struct rig r;
	(void)state;
	begin_with(&r, "abz", true);
	order(&r, "z", EV_CANCEL);
	attempt(&r, "a", RESULT_DONE, 1);
	run_event(&r, EV_PAUSE, 0);
	ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
	order(&r, "a", EV_HOLD);
	run_event(&r, EV_RESUME, 0);
	assert_state(&r, "b", TASK_CLAIMING);
	order(&r, "a", EV_RELEASE);
	assert_state(&r, "a", TASK_MERGING);
	rig_done(&r);
}

/* 'a' was taken out of the epic, or is now to be approved: by news of it, which is no order. */
static void test_beside__nobody_waits_for_what_news_keep(void **state)
{
	struct rig r;
	(void)state;
	for (int approve = 0; approve < 2; approve++) {
		begin_with(&r, "ab", true);
		run_event(&r, EV_PAUSE, 0);
		attempt(&r, "a", RESULT_DONE, 1);
		ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
		assert_state(&r, "a", TASK_QUEUED);
		assert_int_equal(task(&r, "b")->waits_for, 1);
		r.c.policy.approve = approve;
		if (approve) {
			step(&r,
			     (struct core_event){.kind = EV_START, .task = -1, .text = "boot-1"});
			opened(&r);
		} else {
			issue_with(&r, "a", 2, ISSUE_GONE);
			run_event(&r, EV_SYNCED, 0);
		}
		assert_int_equal(task(&r, "b")->waits_for, 0);
		run_event(&r, EV_RESUME, 0);
		assert_state(&r, "b", TASK_CLAIMING);
		rig_done(&r);
	}
}

static void test_beside__a_failure_lets_the_other_go(void **state)
{
	struct rig r;
	(void)state;
	begin_with(&r, "ab", true);
	attempt(&r, "a", RESULT_FAILED, 0);
	assert_state(&r, "a", TASK_WAITING);
	assert_state(&r, "b", TASK_CLAIMING);
	pass_ms(&r, 30000);
	assert_state(&r, "a", TASK_READY); /* and now it is its turn to wait */
	whole(&r, "b");
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

static void test_beside__a_resolver_waits_for_nobody(void **state)
{
	struct rig r;
	(void)state;
	begin_with(&r, "abc", true);
	overlap(&r, "a", "c"); /* learned while both are at work */
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_state(&r, "c", TASK_CLAIMING);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_int_equal(task(&r, "a")->resolve, 1);
	rig_done(&r);
}

/* Three thousand tasks that all wait for one another cost no more than three thousand. */
static void test_beside__many_that_wait_cost_nothing(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.overlap_wait = true;
	rig_init(&r, &p);
	for (int i = 0; i < 3000; i++) {
		char id[16], before[16];
		(void)snprintf(id, sizeof(id), "t%d", i);
		core_step(&r.c, &(struct core_event){.kind = EV_ISSUE, .task = -1, .text = id,
						     .text2 = id, .n = 2, .m = ISSUE_OPEN,
						     .at = r.now});
		for (int k = 1; k <= 20 && k <= i; k++) {
			(void)snprintf(before, sizeof(before), "t%d", i - k);
			core_step(&r.c, &(struct core_event){.kind = EV_OVERLAP, .task = -1,
							     .text = id, .text2 = before,
							     .at = r.now});
		}
	}
	rig_take(&r);
	begin(&r);
	assert_int_equal(r.c.live, 10);
	int started = 0;
	for (size_t i = 0; i < r.c.tasks.n; i++)
		started += r.c.tasks.items[i].state == TASK_CLAIMING;
	assert_int_equal(started, 10);
	/* Who waits is not looked at again when somebody could be claimed. */
	assert_true(r.c.kinds.items[0].ready.items.n < 2900);
	rig_done(&r);
}

/* A resolver of a kind that rests is set aside; the claim of one beside it puts it back. */
static void test_beside__who_is_set_aside_is_put_back_once(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.overlap_wait = true;
	rig_init(&r, &p);
	(void)core_add_kind(&r.c, "resolver", 0);
	r.c.kinds.items[1].paused_ms = r.now.wall_ms + 3600000;
	issues(&r, "ab");
	task(&r, "a")->own = 1;
	task(&r, "a")->resolve = 1;
	overlap(&r, "a", "b");
	begin(&r);
	assert_state(&r, "a", TASK_READY);
	assert_state(&r, "b", TASK_CLAIMING);
	assert_int_equal(r.c.kinds.items[1].ready.items.n, 1);
	pass_ms(&r, 3600001);
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside__one_starts_when_the_other_has_landed),
		cmocka_unit_test(test_beside__by_default_nobody_waits),
		cmocka_unit_test(test_beside__nobody_waits_for_what_a_person_keeps),
		cmocka_unit_test(test_beside__nobody_waits_for_what_news_keep),
		cmocka_unit_test(test_beside__a_failure_lets_the_other_go),
		cmocka_unit_test(test_beside__a_resolver_waits_for_nobody),
		cmocka_unit_test(test_beside__many_that_wait_cost_nothing),
		cmocka_unit_test(test_beside__who_is_set_aside_is_put_back_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
