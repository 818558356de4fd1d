#include "unit/core_fixture.h"

#include <errno.h>

/* One attempt: how it goes on from every end it can have. */

static void test_attempt__goes_through_its_states_and_sessions(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.has_setup = true;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	struct task *t = task(&r, "a");
	assert_int_equal(t->session, SESSION_CREATED);
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_DONE);
	ANSWER(&r, "a", ACT_PREPARE, .kind = EV_PREPARED, .a = oid_of("s"), .b = oid_of("s"));
	assert_state(&r, "a", TASK_SETTING_UP);
	job_ends(&r, "a", ACT_SETUP, HOW_EXITED, 0);
	assert_int_equal(t->session, SESSION_DISPATCHED);
	step(&r, (struct core_event){.kind = EV_JOB_STARTED,
				     .task = 0,
				     .serial = t->serial,
				     .pid = 77,
				     .pid_start = 5});
	assert_int_equal(t->session, SESSION_RUNNING);
	assert_int_equal(t->pid, 77);
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 0);
	assert_int_equal(t->session, SESSION_IDLE);
	assert_int_equal(t->pid, 0);
	collected(&r, "a", RESULT_DONE, 2);
	assert_int_equal(t->session, SESSION_COMPLETED);
	assert_state(&r, "a", TASK_SUBMITTING);
	rig_done(&r);
}

/* A job is found by its number, and an answer by its serial: neither is given twice, or forgotten. */
static void test_attempt__has_numbers_of_its_own(void **state)
{
	struct action a = {0};
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	to_work(&r, "a");
	to_work(&r, "b");
	assert_int_not_equal(task(&r, "a")->job, task(&r, "b")->job);
	issues(&r, "c");
	run_event(&r, EV_SYNCED, 0);
	assert_true(rig_pop(&r, "c", ACT_CLAIM, &a));
	core_step(&r.c, &(struct core_event){
				.kind = EV_DONE, .task = a.task, .serial = a.serial, .at = r.now});
	assert_int_equal(task(&r, "c")->serial, a.serial + 1);
	assert_true(r.c.run_dirty); /* which has the last one */
	rig_take(&r);
	rig_done(&r);
}

static void test_attempt__one_that_fails_counts_and_waits_longer_each_time(void **state)
{
	struct rig r;
	int64_t last = 0;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	for (int i = 1; i <= 2; i++) {
		attempt(&r, "a", RESULT_FAILED, 1);
		assert_state(&r, "a", TASK_WAITING);
		assert_int_equal(task(&r, "a")->spent, i);
		assert_int_equal(task(&r, "a")->from, FROM_FRESH);
		int64_t ms = core_next_ms(&r.c);
		assert_in_range(ms, 30000 * i * 3 / 4, 30000 * i);
		assert_true(ms > last);
		last = ms;
		pass_ms(&r, ms - 1);
		assert_state(&r, "a", TASK_WAITING);
		pass_ms(&r, 1);
	}
	attempt(&r, "a", RESULT_FAILED, 0);
	assert_state(&r, "a", TASK_FAILING);
	assert_int_equal(r.notices[NOTICE_FAILED], 1);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&r, "a", TASK_FAILED);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 1);
	assert_int_equal(task(&r, "a")->attempt, 3);
	rig_done(&r);
}

static void test_attempt__success_without_a_change_is_a_failure(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	attempt(&r, "a", RESULT_DONE, 0);
	assert_state(&r, "a", TASK_WAITING);
	assert_non_null(strstr(task(&r, "a")->reason, "no changes"));
	rig_done(&r);
}

static void test_attempt__nothing_to_do_closes_and_unblocks(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	needs(&r, "b", "a");
	begin(&r);
	attempt(&r, "a", RESULT_NOTHING, 0);
	assert_state(&r, "a", TASK_NOTHING);
	assert_state(&r, "b", TASK_BLOCKED);
	ANSWER(&r, "a", ACT_CLOSE, .kind = EV_DONE);
	assert_state(&r, "b", TASK_CLAIMING);
	rig_done(&r);
}

static void test_attempt__a_history_git_cannot_use_is_a_failure(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 0);
	ANSWER(&r, "a", ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_DONE, .ahead = 3,
	       .a = oid_of("x"), .text2 = "an unfinished merge");
	assert_state(&r, "a", TASK_WAITING);
	assert_string_equal(task(&r, "a")->reason, "an unfinished merge");
	rig_done(&r);
}

static void test_attempt__leftovers_fail_where_the_policy_says_so(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.fail_uncommitted = true;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 0);
	ANSWER(&r, "a", ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_DONE, .ahead = 1,
	       .leftovers = 2, .a = oid_of("x"));
	assert_state(&r, "a", TASK_WAITING);
	rig_done(&r);
}

static void ends_with_work(struct rig *r, enum core_how how)
{
	to_work(r, "a");
	job_ends(r, "a", ACT_AGENT, how, 0);
	collected(r, "a", RESULT_FAILED, 1);
}

static void test_attempt__a_time_out_counts_and_the_next_goes_on_from_it(void **state)
{
	static const enum core_how limits[] = {HOW_TIMEOUT, HOW_SILENCE};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct rig r;
		rig_init(&r, NULL);
		issues(&r, "a");
		begin(&r);
		ends_with_work(&r, limits[i]);
		assert_state(&r, "a", TASK_WAITING);
		assert_int_equal(task(&r, "a")->spent, 1);
		assert_int_equal(task(&r, "a")->from, FROM_LAST);
		rig_done(&r);
	}
}

static void test_attempt__an_interrupted_one_does_not_count_up_to_a_limit(void **state)
{
	static const enum core_how hows[] = {HOW_STOPPED, HOW_LOST, HOW_SIGNALED};
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.interruptions = 3;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	for (size_t i = 0; i < ARRAY_LEN(hows); i++) {
		ends_with_work(&r, hows[i]);
		assert_state(&r, "a", TASK_CLAIMING);
		assert_int_equal(task(&r, "a")->spent, 0);
		assert_int_equal(task(&r, "a")->from, FROM_LAST);
	}
	ends_with_work(&r, HOW_LOST);
	assert_state(&r, "a", TASK_FAILING);
	rig_done(&r);
}

static void test_attempt__interruptions_count_anew_after_one_that_counted(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.interruptions = 1;
	p.n_checks = 1;
	p.allow_red = true;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	ends_with_work(&r, HOW_LOST);
	to_queue(&r, "a");
	merge_made(&r, "a");
	gated(&r, "a", HOW_EXITED, 1);
	assert_state(&r, "a", TASK_CLAIMING);
	ends_with_work(&r, HOW_LOST);
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

/* The agent's job could not be started; the supervisor says so in words, as it always does. */
static void not_started(struct rig *r, const char *id, int64_t code)
{
	issues(r, id);
	begin(r);
	to_work(r, id);
	ANSWER(r, id, ACT_AGENT, .kind = EV_JOB_ENDED, .how = HOW_NOT_STARTED, .code = code,
	       .text = "could not start 'shim'");
	collected(r, id, RESULT_FAILED, 0);
}

static void test_attempt__what_had_no_room_to_start_waits_and_does_not_count(void **state)
{
	static const int codes[] = {EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC};
	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct rig r;
		rig_init(&r, NULL);
		not_started(&r, "a", codes[i]);
		assert_state(&r, "a", TASK_WAITING);
		assert_int_equal(task(&r, "a")->spent, 0);
		assert_int_equal(task(&r, "a")->interruptions, 1);
		assert_non_null(strstr(task(&r, "a")->reason, "could not start 'shim'"));
		rig_done(&r);
	}
}

static void test_attempt__a_program_that_is_not_there_counts(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	not_started(&r, "a", ENOENT);
	assert_state(&r, "a", TASK_WAITING);
	assert_int_equal(task(&r, "a")->spent, 1);
	assert_int_equal(task(&r, "a")->interruptions, 0);
	rig_done(&r);
}

static void test_attempt__a_full_disk_is_no_verdict(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	run_event(&r, EV_DISK, 1);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_EXITED, 1);
	ANSWER(&r, "a", ACT_COLLECT, .kind = EV_COLLECTED, .result = RESULT_FAILED, .m = 1);
	assert_state(&r, "a", TASK_READY);
	assert_int_equal(task(&r, "a")->spent, 0);
	run_event(&r, EV_DISK, 0);
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

static void test_attempt__later_costs_nothing_up_to_a_limit(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.deferrals = 2;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	for (int i = 0; i < 2; i++) {
		attempt(&r, "a", RESULT_LATER, 0);
		assert_state(&r, "a", TASK_WAITING);
		pass_next(&r);
	}
	assert_int_equal(task(&r, "a")->spent, 0);
	attempt(&r, "a", RESULT_LATER, 0);
	assert_state(&r, "a", TASK_FAILING);
	rig_done(&r);
}

static void test_attempt__a_refused_claim_needs_a_person(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_REFUSED, .text = "it is somebody else's");
	assert_state(&r, "a", TASK_FAILED);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 3);
	rig_done(&r);
}

static void test_attempt__a_set_up_that_fails_counts(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.has_setup = true;
	p.attempts = 1;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_DONE);
	ANSWER(&r, "a", ACT_PREPARE, .kind = EV_PREPARED);
	job_ends(&r, "a", ACT_SETUP, HOW_EXITED, 2);
	assert_state(&r, "a", TASK_FAILING);
	assert_string_equal(task(&r, "a")->reason, "set-up: exit code 2");
	rig_done(&r);
}

static void test_attempt__a_set_up_that_fails_does_not_forget_where_to_go_on(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.has_setup = true;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	ends_with_work(&r, HOW_TIMEOUT);
	pass_next(&r);
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_DONE);
	ANSWER(&r, "a", ACT_PREPARE, .kind = EV_PREPARED);
	job_ends(&r, "a", ACT_SETUP, HOW_EXITED, 2);
	assert_int_equal(task(&r, "a")->from, FROM_LAST);
	rig_done(&r);
}

static void test_attempt__retry_from_is_the_users_choice(void **state)
{
	static const int choices[] = {FROM_FRESH, FROM_LAST};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		struct policy p = RIG_POLICY;
		struct rig r;
		p.retry_from = choices[i];
		rig_init(&r, &p);
		issues(&r, "a");
		begin(&r);
		attempt(&r, "a", RESULT_FAILED, 1);
		assert_int_equal(task(&r, "a")->from, choices[i]);
		rig_done(&r);
	}
}

/* An answer to an attempt that is over changes nothing and is counted. */
static void test_attempt__a_stale_answer_is_counted_and_ignored(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	int64_t old = task(&r, "a")->serial;
	to_work(&r, "a");
	step(&r, (struct core_event){.kind = EV_DONE, .task = 0, .serial = old});
	step(&r, (struct core_event){
			 .kind = EV_JOB_ENDED, .task = 0, .serial = old, .how = HOW_EXITED});
	assert_state(&r, "a", TASK_WORKING);
	assert_int_equal(r.c.run.stale, 2);
	rig_done(&r);
}

/* Silent on top of what was red, it is followed by one that stands on the same, and adds nothing. */
static void test_attempt__on_what_was_red_each_must_add_something(void **state)
{
	struct rig *r = *state;
	r->c.policy.n_checks = 1;
	r->c.policy.allow_red = true;
	r->c.policy.retry_delay_ms = 0;
	issues(r, "a");
	begin(r);
	to_queue(r, "a");
	merge_made(r, "a");
	gated(r, "a", HOW_EXITED, 1);
	assert_int_equal(task(r, "a")->red, 1);
	to_work(r, "a");
	job_ends(r, "a", ACT_AGENT, HOW_SILENCE, 0);
	collected(r, "a", RESULT_FAILED, 0);
	pass_ms(r, 1000);
	to_work(r, "a");
	assert_int_equal(task(r, "a")->from, FROM_LAST);
	assert_int_equal(task(r, "a")->red, 1); /* collecting counts from its start */
	job_ends(r, "a", ACT_AGENT, HOW_EXITED, 1);
	collected(r, "a", RESULT_FAILED, 0);
	assert_int_equal(task(r, "a")->red, 0); /* of one that begins anew nothing is owed */
	assert_int_equal(task(r, "a")->from, FROM_FRESH);
}

/* A process that nobody may end is still in its worktree: the next attempts are made elsewhere. */
static void test_attempt__where_something_could_not_be_ended_nobody_works(void **state)
{
	struct rig *r = *state;
	r->c.policy.retry_delay_ms = 0;
	issues(r, "ab");
	begin(r);
	to_work(r, "a");
	to_work(r, "b");
	assert_int_equal(task(r, "a")->slot, 1);
	ANSWER(r, "a", ACT_AGENT, .kind = EV_JOB_ENDED, .how = HOW_EXITED, .code = 1, .stay = 1);
	assert_int_equal(task(r, "a")->slot, 1); /* until its work is collected */
	collected(r, "a", RESULT_FAILED, 0);
	pass_ms(r, 1000);
	to_work(r, "a");
	assert_int_equal(task(r, "a")->slot, 3);
	job_ends(r, "b", ACT_AGENT, HOW_EXITED, 1);
	collected(r, "b", RESULT_FAILED, 0);
	pass_ms(r, 1000);
	to_work(r, "b");
	assert_int_equal(task(r, "b")->slot, 2);
	/* Nothing of it outlives the boot. */
	assert_int_equal(r->c.run.stays, 1);
	run_event(r, EV_START, 42);
	assert_int_equal(r->c.run.stays, 1);
	step(r, (struct core_event){.kind = EV_START, .task = -1, .n = 42, .text = "boot-2"});
	assert_int_equal(r->c.run.stays, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempt__goes_through_its_states_and_sessions),
		cmocka_unit_test(test_attempt__has_numbers_of_its_own),
		cmocka_unit_test(test_attempt__one_that_fails_counts_and_waits_longer_each_time),
		cmocka_unit_test(test_attempt__success_without_a_change_is_a_failure),
		cmocka_unit_test(test_attempt__nothing_to_do_closes_and_unblocks),
		cmocka_unit_test(test_attempt__a_history_git_cannot_use_is_a_failure),
		cmocka_unit_test(test_attempt__leftovers_fail_where_the_policy_says_so),
		cmocka_unit_test(test_attempt__a_time_out_counts_and_the_next_goes_on_from_it),
		cmocka_unit_test(test_attempt__an_interrupted_one_does_not_count_up_to_a_limit),
		cmocka_unit_test(test_attempt__interruptions_count_anew_after_one_that_counted),
		cmocka_unit_test(test_attempt__what_had_no_room_to_start_waits_and_does_not_count),
		cmocka_unit_test(test_attempt__a_program_that_is_not_there_counts),
		cmocka_unit_test(test_attempt__a_full_disk_is_no_verdict),
		cmocka_unit_test(test_attempt__later_costs_nothing_up_to_a_limit),
		cmocka_unit_test(test_attempt__a_refused_claim_needs_a_person),
		cmocka_unit_test(test_attempt__a_set_up_that_fails_counts),
		cmocka_unit_test(test_attempt__a_set_up_that_fails_does_not_forget_where_to_go_on),
		cmocka_unit_test(test_attempt__retry_from_is_the_users_choice),
		cmocka_unit_test(test_attempt__a_stale_answer_is_counted_and_ignored),
		RIG_TEST(test_attempt__on_what_was_red_each_must_add_something),
		RIG_TEST(test_attempt__where_something_could_not_be_ended_nobody_works),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
