#include "base/err.h"
#include "unit/core_fixture.h"

/* The run's own machine: opening, pre-flight, stopping, pausing, ending, beginning again. */

static struct policy with_preflight(void)
{
	struct policy p = RIG_POLICY;
	p.has_setup = true;
	p.probes = 1;
	p.n_checks = 1;
	return p;
}

static void start(struct rig *r, const struct policy *p, const char *ids)
{
	rig_init(r, p);
	issues(r, ids);
	run_event(r, EV_SYNCED, 0);
	run_event(r, EV_START, 42);
}

static void test_preflight__comes_before_the_first_claim_and_only_once(void **state)
{
	struct policy p = with_preflight();
	struct rig r;
	(void)state;
	start(&r, &p, "a");
	opened(&r);
	ANSWER(&r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	ANSWER(&r, NULL, ACT_GATE_SETUP, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	ANSWER(&r, NULL, ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_state(&r, "a", TASK_READY);
	ANSWER(&r, NULL, ACT_PROBE, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_state(&r, "a", TASK_CLAIMING);
	run_event(&r, EV_START, 42); /* another supervisor */
	opened(&r);
	assert_int_equal(r.c.run.state, RUN_RUNNING);
	rig_done(&r);
}

/* A worktree of the base is a whole checkout: none where nothing would be tried in it. */
static void test_preflight__is_none_where_there_is_nothing_to_try(void **state)
{
	static const struct {
		bool setup, probe;
		int n_checks, wanted;
	} cases[] = {
		{false, false, 0, RUN_RUNNING  },
		{true,  false, 0, RUN_PREPARING},
		{false, true,  0, RUN_PREPARING},
		{false, false, 1, RUN_PREPARING},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policy p = RIG_POLICY;
		struct rig r;
		p.has_setup = cases[i].setup;
		p.probes = cases[i].probe;
		p.n_checks = cases[i].n_checks;
		start(&r, &p, "a");
		opened(&r);
		assert_int_equal(r.c.run.state, cases[i].wanted);
		rig_done(&r);
	}
}

/* How the check of the untouched base may end, and what that makes of the run. */
static void test_preflight__red_claims_nothing_and_says_why(void **state)
{
	static const struct {
		enum action_kind at;
		enum core_how how;
		int code, exit;
	} cases[] = {
		{ACT_GATE_SETUP, HOW_EXITED,      1, 4},
                {ACT_GATE,       HOW_EXITED,      1, 3},
		{ACT_GATE,       HOW_TIMEOUT,     0, 4}, /* no verdict: it is not the base's fault */
		{ACT_GATE,       HOW_LOST,        0, 4},
                {ACT_PROBE,      HOW_EXITED,      1, 4},
		{ACT_PROBE,      HOW_NOT_STARTED, 0, 4},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policy p = with_preflight();
		struct rig r;
		start(&r, &p, "a");
		opened(&r);
		ANSWER(&r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
		for (enum action_kind k = ACT_NONE; k != cases[i].at;) {
			k = r.todo.items[0].kind;
			bool here = k == cases[i].at;
			ANSWER(&r, NULL, k, .kind = EV_JOB_ENDED,
			       .how = here ? cases[i].how : HOW_EXITED,
			       .code = here ? cases[i].code : 0);
		}
		assert_state(&r, "a", TASK_READY);
		assert_true(r.c.run.reason[0] != '\0');
		tidied(&r);
		assert_int_equal(core_exit_code(&r.c), cases[i].exit);
		assert_int_equal(r.c.run.attempts, 0);
		rig_done(&r);
	}
}

/* An issue whose labels choose this kind. */
static void issue_for(struct rig *r, const char *id, int kind)
{
	step(r, (struct core_event){.kind = EV_ISSUE,
				    .task = -1,
				    .text = id,
				    .text2 = id,
				    .n = 2,
				    .m = ISSUE_OPEN,
				    .code = kind});
}

static void rig_of_kinds(struct rig *r, int n)
{
	struct policy p = RIG_POLICY;
	p.probes = (1 << n) - 1;
	p.resolver = 1;
	rig_init(r, &p);
	for (int k = 1; k < n; k++)
		(void)core_add_kind(&r->c, (char[]){(char)('a' + k), '\0'}, 0);
}

static void to_probing(struct rig *r)
{
	run_event(r, EV_SYNCED, 0);
	run_event(r, EV_START, 42);
	opened(r);
	ANSWER(r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
}

static void probed(struct rig *r, int kind, int code)
{
	assert_int_equal(r->c.run.state, RUN_PROBING);
	assert_int_equal(r->c.run.probe, kind);
	ANSWER(r, NULL, ACT_PROBE, .kind = EV_JOB_ENDED, .how = HOW_EXITED, .code = code);
}

/* The one for all has nothing to do here, and the last agent has not either. */
static void test_preflight__probes_whom_the_tasks_may_need_once_each(void **state)
{
	struct rig r;
	(void)state;
	rig_of_kinds(&r, 4);
	issue_for(&r, "x", 2);
	issue_for(&r, "y", 2);
	to_probing(&r);
	probed(&r, 1, 0); /* of conflicts */
	probed(&r, 2, 0);
	assert_state(&r, "x", TASK_CLAIMING);
	/* While attempts of an earlier supervisor go on, nothing is probed. */
	issue_for(&r, "z", 3);
	core_reissue(&r.c);
	run_event(&r, EV_START, 42);
	opened(&r);
	assert_int_equal(r.c.run.state, RUN_RUNNING);
	rig_done(&r);

	/* Who is new to a later run is probed then, and nobody again. */
	rig_of_kinds(&r, 4);
	issue_for(&r, "x", 0);
	to_probing(&r);
	probed(&r, 0, 0);
	probed(&r, 1, 0);
	whole(&r, "x");
	tidied(&r);
	issue_for(&r, "z", 3);
	to_probing(&r);
	probed(&r, 3, 1);
	assert_string_equal(r.c.run.reason, "the probe of agent 'd' does not pass: exit code 1");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 4);
	assert_state(&r, "z", TASK_READY);
	rig_done(&r);
}

static void test_preflight__a_stop_ends_it(void **state)
{
	struct policy p = with_preflight();
	struct rig r;
	(void)state;
	start(&r, &p, "a");
	opened(&r);
	run_event(&r, EV_STOP, STOP_GRACEFUL);
	ANSWER(&r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED); /* no job is begun any more */
	tidied(&r);
	rig_done(&r);

	start(&r, &p, "a");
	opened(&r);
	ANSWER(&r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	run_event(&r, EV_STOP, STOP_GRACEFUL);
	assert_int_equal(r.stops, 1);
	ANSWER(&r, NULL, ACT_GATE_SETUP, .kind = EV_JOB_ENDED, .how = HOW_STOPPED);
	tidied(&r);
	rig_done(&r);

	start(&r, &p, "a");
	run_event(&r, EV_STOP, STOP_NOW);
	opened(&r);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 130);
	rig_done(&r);
}

static void test_run__an_error_of_its_own_action_is_tried_again_and_then_ends_it(void **state)
{
	struct rig r;
	(void)state;
	start(&r, NULL, "a");
	for (int i = 1; i < 20; i++) {
		error_to(&r, NULL, ACT_OPEN, ERR_IO);
		pass_next(&r);
	}
	error_to(&r, NULL, ACT_OPEN, ERR_IO);
	assert_int_equal(r.c.run.state, RUN_ENDED);
	assert_int_equal(core_exit_code(&r.c), 4);
	assert_string_equal(r.c.run.reason, "no luck");
	rig_done(&r);

	start(&r, NULL, "a");
	error_to(&r, NULL, ACT_OPEN, ERR_INVALID); /* the repository is bare, say */
	assert_int_equal(r.c.run.state, RUN_ENDED);
	rig_done(&r);

	start(&r, NULL, "a");
	opened(&r);
	whole(&r, "a");
	error_to(&r, NULL, ACT_TIDY, ERR_BUSY);
	pass_next(&r);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

/* What is asked for again has a new number, and the row with it must be written. */
static void test_run__another_try_is_journaled(void **state)
{
	struct rig r;
	(void)state;
	start(&r, NULL, "a");
	error_to(&r, NULL, ACT_OPEN, ERR_IO);
	r.now.mono_ms += core_next_ms(&r.c);
	core_step(&r.c, &(struct core_event){.kind = EV_TICK, .task = -1, .at = r.now});
	assert_int_equal(r.c.actions.n, 1);
	assert_true(r.c.run_dirty);
	rig_done(&r);
}

/* A tick at which nothing happens costs no write. */
static void test_run__a_tick_changes_nothing_by_itself(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	core_step(&r.c, &(struct core_event){.kind = EV_TICK, .task = -1, .at = r.now});
	assert_false(r.c.run_dirty);
	rig_done(&r);
}

static void test_run__tidying_that_fails_does_not_hide_why_it_ended(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.n_checks = 1;
	start(&r, &p, "a");
	opened(&r);
	ANSWER(&r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	ANSWER(&r, NULL, ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED, .code = 1);
	error_to(&r, NULL, ACT_TIDY, ERR_CONFLICT);
	assert_int_equal(r.c.run.state, RUN_ENDED);
	assert_non_null(strstr(r.c.run.reason, "already fails"));
	assert_int_equal(core_exit_code(&r.c), 4); /* of several the highest */
	rig_done(&r);
}

static void test_run__tidying_that_failed_is_done_by_the_next_run(void **state)
{
	struct rig r;
	(void)state;
	start(&r, NULL, "");
	opened(&r);
	error_to(&r, NULL, ACT_TIDY, ERR_CONFLICT);
	assert_int_equal(core_exit_code(&r.c), 4);
	run_event(&r, EV_START, 1);
	opened(&r);
	tidied(&r);
	assert_int_equal(r.c.run.state, RUN_ENDED);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_run__an_empty_epic_ends(void **state)
{
	struct rig r;
	(void)state;
	start(&r, NULL, "");
	opened(&r);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_stop__graceful_lets_agents_finish_and_lands_them(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 2;
	rig_init(&r, &p);
	issues(&r, "abc");
	begin(&r);
	to_work(&r, "a");
	run_event(&r, EV_STOP, STOP_GRACEFUL);
	assert_int_equal(r.stops, 0);
	to_queue(&r, "a");
	to_closed(&r, "a");
	attempt(&r, "b", RESULT_FAILED, 0); /* one that fails is not tried again */
	assert_state(&r, "c", TASK_READY);
	tidied(&r);
	assert_int_equal(core_status(&r.c), STATUS_STOPPED);
	assert_int_equal(core_exit_code(&r.c), 1);
	/* The next run goes on. */
	run_event(&r, EV_START, 1);
	opened(&r);
	assert_state(&r, "c", TASK_CLAIMING);
	rig_done(&r);
}

/* With 'a' in each state that may start a job next: none is started after a stop at once. */
static void test_stop__now_starts_nothing_more(void **state)
{
	static const enum action_kind last[] = {ACT_CLAIM,      ACT_PREPARE, ACT_SETUP,
						ACT_AGENT,      ACT_MERGE,   ACT_GATE_PREPARE,
						ACT_GATE_SETUP, ACT_GATE};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(last); i++) {
		struct policy p = RIG_POLICY;
		struct rig r;
		p.has_setup = p.allow_red = true;
		p.n_checks = 1;
		rig_init(&r, &p);
		issues(&r, "a");
		begin(&r);
		for (bool stopped = false; r.todo.n;) {
			enum action_kind k = r.todo.items[0].kind;
			enum core_event_kind answer_kind = EV_JOB_ENDED;
			enum core_how how = HOW_EXITED;
			assert_false(stopped && (k == ACT_SETUP || k == ACT_AGENT ||
						 k == ACT_GATE_SETUP || k == ACT_GATE));
			if (k == ACT_TIDY)
				break;
			if (k == last[i]) {
				run_event(&r, EV_STOP, STOP_NOW);
				stopped = true;
				how = r.stops ? HOW_STOPPED : HOW_EXITED;
			}
			if (k == ACT_CLAIM)
				answer_kind = EV_DONE;
			else if (k == ACT_PREPARE || k == ACT_GATE_PREPARE)
				answer_kind = EV_PREPARED;
			else if (k == ACT_COLLECT)
				answer_kind = EV_COLLECTED;
			else if (k == ACT_SUBMIT)
				answer_kind = EV_PULL;
			else if (k == ACT_MERGE)
				answer_kind = EV_MERGE_MADE;
			answer(&r, "a", k,
			       (struct core_event){.kind = answer_kind,
						   .how = how,
						   .result = RESULT_DONE,
						   .ahead = k == ACT_COLLECT && !stopped,
						   .a = oid_of("x"),
						   .b = oid_of("y")});
		}
		assert_int_equal(r.c.live, 0);
		tidied(&r);
		assert_int_equal(core_exit_code(&r.c), 130);
		rig_done(&r);
	}
}

static void test_pause__starts_and_lands_nothing_and_ends_nothing(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	to_work(&r, "a");
	run_event(&r, EV_PAUSE, 0);
	to_queue(&r, "a");
	assert_state(&r, "a", TASK_QUEUED);
	assert_state(&r, "b", TASK_READY);
	assert_int_equal(r.c.run.state, RUN_RUNNING);
	run_event(&r, EV_RESUME, 0);
	assert_state(&r, "a", TASK_MERGING);
	assert_state(&r, "b", TASK_CLAIMING);
	rig_done(&r);
}

static void test_disk__full_claims_nothing(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issues(&r, "ab");
	begin(&r);
	run_event(&r, EV_DISK, 1);
	to_queue(&r, "a");
	assert_state(&r, "a", TASK_QUEUED);
	assert_state(&r, "b", TASK_READY);
	run_event(&r, EV_DISK, 0);
	assert_state(&r, "a", TASK_MERGING);
	assert_state(&r, "b", TASK_CLAIMING);
	rig_done(&r);
}

static void test_policy__skip_takes_everything_that_waits_for_a_failure(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.skip_dependents = true;
	p.attempts = 1;
	rig_init(&r, &p);
	issues(&r, "abcd");
	needs(&r, "b", "a");
	needs(&r, "c", "b");
	begin(&r);
	attempt(&r, "a", RESULT_FAILED, 0);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&r, "b", TASK_SKIPPED);
	assert_state(&r, "c", TASK_SKIPPED);
	whole(&r, "d");
	tidied(&r);
	assert_int_equal(core_count(&r.c).skipped, 2);
	assert_int_equal(core_exit_code(&r.c), 1);
	rig_done(&r);
}

/* A child that is added behind a failure is like those that were there before. */
static void test_policy__skip_takes_children_that_are_added_later(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.skip_dependents = true;
	p.attempts = 1;
	rig_init(&r, &p);
	issues(&r, "az");
	begin(&r);
	attempt(&r, "a", RESULT_FAILED, 0);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	issues(&r, "bc");
	needs(&r, "b", "a");
	needs(&r, "c", "b");
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "b", TASK_SKIPPED);
	assert_state(&r, "c", TASK_SKIPPED);
	rig_done(&r);
}

static void test_sync__tasks_and_edges_may_come_in_mid_run(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	issues(&r, "bc");
	needs(&r, "b", "a");
	needs(&r, "c", "b");
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "b", TASK_BLOCKED);
	whole(&r, "a");
	whole(&r, "b");
	whole(&r, "c");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_sync__an_edge_holds_what_was_ready(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	run_event(&r, EV_PAUSE, 0);
	begin(&r);
	assert_state(&r, "b", TASK_READY);
	needs(&r, "b", "a");
	assert_state(&r, "b", TASK_BLOCKED);
	step(&r, (struct core_event){.kind = EV_UNEDGE, .task = -1, .text = "b"});
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "b", TASK_READY);
	rig_done(&r);
}

static void test_sync__what_was_closed_in_the_tracker_is_not_started(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	needs(&r, "b", "a");
	run_event(&r, EV_PAUSE, 0);
	begin(&r);
	issue_with(&r, "a", 2, ISSUE_CLOSED);
	assert_state(&r, "a", TASK_CLOSED);
	assert_state(&r, "b", TASK_READY);
	rig_done(&r);
}

static void test_run__an_ended_one_starts_nothing_unless_there_is_something(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	whole(&r, "a");
	tidied(&r);
	run_event(&r, EV_START, 1);
	assert_int_equal(r.c.run.state, RUN_ENDED);
	assert_int_equal(r.todo.n, 0);
	issues(&r, "b");
	run_event(&r, EV_SYNCED, 0);
	run_event(&r, EV_START, 1);
	opened(&r);
	whole(&r, "b");
	tidied(&r);
	rig_done(&r);
}

/* A retry that comes while the run is tidying is not left lying. */
static void test_run__goes_on_if_something_is_retried_while_it_tidies(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.attempts = 1;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	attempt(&r, "a", RESULT_FAILED, 0);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	order(&r, "a", EV_RETRY);
	ANSWER(&r, NULL, ACT_TIDY, .kind = EV_DONE);
	assert_int_equal(r.c.run.state, RUN_OPENING);
	opened(&r);
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preflight__comes_before_the_first_claim_and_only_once),
		cmocka_unit_test(test_preflight__is_none_where_there_is_nothing_to_try),
		cmocka_unit_test(test_preflight__red_claims_nothing_and_says_why),
		cmocka_unit_test(test_preflight__probes_whom_the_tasks_may_need_once_each),
		cmocka_unit_test(test_preflight__a_stop_ends_it),
		cmocka_unit_test(
			test_run__an_error_of_its_own_action_is_tried_again_and_then_ends_it),
		cmocka_unit_test(test_run__another_try_is_journaled),
		cmocka_unit_test(test_run__a_tick_changes_nothing_by_itself),
		cmocka_unit_test(test_run__tidying_that_fails_does_not_hide_why_it_ended),
		cmocka_unit_test(test_run__tidying_that_failed_is_done_by_the_next_run),
		cmocka_unit_test(test_run__an_empty_epic_ends),
		cmocka_unit_test(test_stop__graceful_lets_agents_finish_and_lands_them),
		cmocka_unit_test(test_stop__now_starts_nothing_more),
		cmocka_unit_test(test_pause__starts_and_lands_nothing_and_ends_nothing),
		cmocka_unit_test(test_disk__full_claims_nothing),
		cmocka_unit_test(test_policy__skip_takes_everything_that_waits_for_a_failure),
		cmocka_unit_test(test_policy__skip_takes_children_that_are_added_later),
		cmocka_unit_test(test_sync__tasks_and_edges_may_come_in_mid_run),
		cmocka_unit_test(test_sync__an_edge_holds_what_was_ready),
		cmocka_unit_test(test_sync__what_was_closed_in_the_tracker_is_not_started),
		cmocka_unit_test(test_run__an_ended_one_starts_nothing_unless_there_is_something),
		cmocka_unit_test(test_run__goes_on_if_something_is_retried_while_it_tidies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
