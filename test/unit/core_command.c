#include "base/err.h"
#include "unit/core_fixture.h"

/* What people ask for, in every state, and what becomes of actions that meet errors. */

static struct policy full_policy(void)
{
	struct policy p = RIG_POLICY;
	p.has_setup = p.allow_red = true;
	p.n_checks = 1;
	p.skip_dependents = true;
	return p;
}

/* One step of an attempt on the way to 'want'; false: its state is no attempt's. */
static bool go_attempt(struct rig *r, enum task_state want)
{
	switch ((enum task_state)task(r, "a")->state) {
	case TASK_CLAIMING:
		if (want == TASK_CANCELLED)
			order(r, "a", EV_CANCEL);
		ANSWER(r, "a", ACT_CLAIM, .kind = EV_DONE);
		return true;
	case TASK_PREPARING:
		ANSWER(r, "a", ACT_PREPARE, .kind = EV_PREPARED, .a = r->c.run.epic_head);
		return true;
	case TASK_SETTING_UP:
		job_ends(r, "a", ACT_SETUP, HOW_EXITED, 0);
		return true;
	case TASK_WORKING:
		if (want == TASK_CANCELLING)
			order(r, "a", EV_CANCEL);
		job_ends(r, "a", ACT_AGENT, HOW_EXITED, 0);
		return true;
	case TASK_COLLECTING:
		if (want == TASK_NOTHING)
			collected(r, "a", RESULT_NOTHING, 0);
		else if (want == TASK_WAITING)
			collected(r, "a", RESULT_FAILED, 0);
		else
			collected(r, "a", RESULT_DONE, 1);
		return true;
	default:
		return false;
	}
}

static void go_gating(struct rig *r, enum task_state want)
{
	if (want == TASK_QUEUED) {
		job_ends(r, "a", ACT_GATE, HOW_TIMEOUT, 0);
		return;
	}
	bool red = want == TASK_FAILED || want == TASK_FAILING;
	if (red)
		task(r, "a")->spent = r->c.policy.attempts;
	job_ends(r, "a", ACT_GATE, HOW_EXITED, red);
}

/* The same from the pull request on. */
static bool go_queue(struct rig *r, enum task_state want)
{
	switch ((enum task_state)task(r, "a")->state) {
	case TASK_SUBMITTING:
		ANSWER(r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 3);
		return true;
	case TASK_MERGING:
		if (want == TASK_CONFLICTED || want == TASK_LOOKING)
			ANSWER(r, "a", ACT_MERGE, .kind = EV_CONFLICT);
		else
			merge_made(r, "a");
		return true;
	case TASK_GATE_PREPARING:
		ANSWER(r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
		return true;
	case TASK_GATE_SETTING_UP:
		job_ends(r, "a", ACT_GATE_SETUP, HOW_EXITED, 0);
		return true;
	case TASK_GATING:
		go_gating(r, want);
		return true;
	case TASK_LANDING:
		land(r, "a");
		return true;
	case TASK_MERGED:
		ANSWER(r, "a", ACT_CLOSE, .kind = EV_DONE);
		return true;
	default:
		return false;
	}
}

static void go_aside(struct rig *r)
{
	switch ((enum task_state)task(r, "a")->state) {
	case TASK_CONFLICTED:
		order(r, "a", EV_RETRY);
		break;
	case TASK_FAILING:
	case TASK_CANCELLING:
		ANSWER(r, "a", ACT_RELEASE, .kind = EV_DONE);
		break;
	default:
		fail_msg("no way from %s", task_state_name((enum task_state)task(r, "a")->state));
	}
}

/* Bring 'a' (which 'b' needs) to a state on its usual way; 'z' goes on all the time. */
static void go(struct rig *r, enum task_state want)
{
	struct policy p = full_policy();
	bool behind = want == TASK_BLOCKED || want == TASK_SKIPPED; /* another task, 'x' */
	p.until_submitted = want == TASK_SUBMITTED;
	rig_init(r, &p);
	issues(r, behind ? "zxab" : "zab");
	needs(r, "b", "a");
	if (behind)
		needs(r, "a", "x");
	if (want == TASK_READY)
		run_event(r, EV_PAUSE, 0);
	begin(r);
	if (want == TASK_SKIPPED) {
		order(r, "x", EV_CANCEL);
		ANSWER(r, "x", ACT_CLAIM, .kind = EV_DONE);
		ANSWER(r, "x", ACT_RELEASE, .kind = EV_DONE);
	}
	for (int i = 0; i < 20 && (enum task_state)task(r, "a")->state != want; i++)
		if (!go_attempt(r, want) && !go_queue(r, want))
			go_aside(r);
	assert_state(r, "a", want);
}

/* The action that a cancelled task in this state still waits for is answered with success. */
static void answer_last(struct rig *r)
{
	switch ((enum task_state)task(r, "a")->state) {
	case TASK_CLAIMING:
		ANSWER(r, "a", ACT_CLAIM, .kind = EV_DONE);
		break;
	case TASK_PREPARING:
		ANSWER(r, "a", ACT_PREPARE, .kind = EV_PREPARED);
		break;
	case TASK_SETTING_UP:
		job_ends(r, "a", ACT_SETUP, HOW_STOPPED, 0);
		break;
	case TASK_WORKING:
		job_ends(r, "a", ACT_AGENT, HOW_STOPPED, 0);
		assert_state(r, "a", TASK_COLLECTING);
		collected(r, "a", RESULT_FAILED, 1); /* the work is kept even so */
		break;
	case TASK_COLLECTING:
		collected(r, "a", RESULT_DONE, 1);
		break;
	case TASK_SUBMITTING:
		ANSWER(r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 3);
		break;
	case TASK_MERGING:
		merge_made(r, "a");
		break;
	case TASK_GATE_PREPARING:
		ANSWER(r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
		break;
	case TASK_GATE_SETTING_UP:
		job_ends(r, "a", ACT_GATE_SETUP, HOW_STOPPED, 0);
		break;
	case TASK_GATING:
		job_ends(r, "a", ACT_GATE, HOW_EXITED, 0);
		break;
	default:
		break;
	}
	if (task(r, "a")->state == TASK_CANCELLING)
		ANSWER(r, "a", ACT_RELEASE, .kind = EV_DONE);
}

static void test_cancel__is_carried_out_from_every_state_that_takes_it(void **state)
{
	static const enum task_state takes[] = {
		TASK_BLOCKED,         TASK_READY,   TASK_CLAIMING,   TASK_PREPARING,
		TASK_SETTING_UP,      TASK_WORKING, TASK_COLLECTING, TASK_WAITING,
		TASK_SUBMITTING,      TASK_QUEUED,  TASK_MERGING,    TASK_GATE_PREPARING,
		TASK_GATE_SETTING_UP, TASK_GATING,  TASK_CONFLICTED, TASK_FAILED,
		TASK_SKIPPED};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(takes); i++) {
		struct rig r;
		go(&r, takes[i]);
		assert_true(core_accepts(&r.c, core_find(&r.c, "a"), EV_CANCEL));
		order(&r, "a", EV_CANCEL);
		bool job = (task_state_flags(takes[i]) & F_JOB) != 0;
		assert_int_equal(r.stops, job);
		answer_last(&r);
		assert_state(&r, "a", TASK_CANCELLED);
		assert_string_equal(task(&r, "a")->reason, "cancelled");
		assert_state(&r, "b", TASK_SKIPPED);
		assert_int_equal(task(&r, "a")->cancel, 0);
		assert_int_equal(task(&r, "a")->slot, 0);
		rig_done(&r);
	}
}

static void test_cancel__is_not_taken_once_it_lands_or_is_over(void **state)
{
	static const enum task_state not [] = {TASK_LANDING,    TASK_MERGED,    TASK_NOTHING,
					       TASK_CLOSED,     TASK_LOOKING,   TASK_FAILING,
					       TASK_CANCELLING, TASK_CANCELLED, TASK_SUBMITTED};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(not ); i++) {
		struct rig r;
		go(&r, not [i]);
		assert_false(core_accepts(&r.c, core_find(&r.c, "a"), EV_CANCEL));
		order(&r, "a", EV_CANCEL);
		assert_state(&r, "a", not [i]);
		rig_done(&r);
	}
}

static void test_cancel__wins_over_a_conflict_and_a_refused_claim(void **state)
{
	struct rig r;
	(void)state;
	go(&r, TASK_MERGING);
	order(&r, "a", EV_CANCEL);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT);
	assert_state(&r, "a", TASK_CANCELLING);
	rig_done(&r);
	go(&r, TASK_CLAIMING);
	order(&r, "a", EV_CANCEL);
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_REFUSED, .text = "somebody else's");
	assert_state(&r, "a", TASK_CANCELLED);
	rig_done(&r);
}

static void test_retry__brings_back_every_settled_state(void **state)
{
	static const struct {
		enum task_state from, to;
	} cases[] = {
		{TASK_CONFLICTED, TASK_LOOKING }, /* its work may have been resolved by a person */
		{TASK_FAILED,     TASK_LOOKING },
                {TASK_SKIPPED,    TASK_BLOCKED },
		{TASK_SUBMITTED,  TASK_LOOKING },
                {TASK_WAITING,    TASK_CLAIMING},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		go(&r, cases[i].from);
		order(&r, "a", EV_RETRY);
		assert_state(&r, "a", cases[i].to);
		rig_done(&r);
	}
}

static void test_retry__starts_a_failed_task_over_and_takes_its_dependents_along(void **state)
{
	struct rig r;
	(void)state;
	go(&r, TASK_FAILED);
	assert_state(&r, "b", TASK_SKIPPED);
	order(&r, "a", EV_RETRY);
	assert_state(&r, "b", TASK_BLOCKED);
	assert_int_equal(task(&r, "a")->spent, 0);
	ANSWER(&r, "a", ACT_LOOK, .kind = EV_UNFIXED);
	to_queue(&r, "a");
	to_closed(&r, "a");
	assert_state(&r, "b", TASK_CLAIMING);
	rig_done(&r);
}

static void test_retry__a_cancelled_task_that_never_began_is_ready(void **state)
{
	struct rig r;
	(void)state;
	go(&r, TASK_READY);
	order(&r, "a", EV_CANCEL);
	assert_state(&r, "a", TASK_CANCELLED);
	order(&r, "a", EV_RETRY);
	assert_state(&r, "a", TASK_READY);
	rig_done(&r);
}

/* One of two failed needs tried again: what needs the other one still cannot be done. */
static void test_retry__leaves_skipped_what_another_failure_holds(void **state)
{
	struct policy p = full_policy();
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "xyab");
	needs(&r, "a", "x");
	needs(&r, "a", "y");
	needs(&r, "b", "a");
	run_event(&r, EV_PAUSE, 0);
	begin(&r);
	order(&r, "x", EV_CANCEL);
	order(&r, "y", EV_CANCEL);
	order(&r, "x", EV_RETRY);
	assert_state(&r, "a", TASK_SKIPPED);
	assert_state(&r, "b", TASK_SKIPPED);
	order(&r, "y", EV_RETRY);
	assert_state(&r, "a", TASK_BLOCKED);
	assert_state(&r, "b", TASK_BLOCKED);
	rig_done(&r);
}

static void test_retry__a_tracker_that_would_not_close_is_asked_again(void **state)
{
	static const enum task_state both[] = {TASK_MERGED, TASK_NOTHING};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		struct rig r;
		go(&r, both[i]);
		ANSWER(&r, "a", ACT_CLOSE, .kind = EV_REFUSED, .text = "locked");
		assert_int_equal(task(&r, "a")->gave_up, 1);
		assert_int_equal(task(&r, "a")->taken_out, 0);
		order(&r, "a", EV_RETRY);
		ANSWER(&r, "a", ACT_CLOSE, .kind = EV_REFUSED, .m = 1, .text = "not in");
		assert_int_equal(task(&r, "a")->taken_out, 1);
		order(&r, "a", EV_RETRY);
		ANSWER(&r, "a", ACT_CLOSE, .kind = EV_DONE);
		assert_state(&r, "a", TASK_CLOSED);
		assert_int_equal(task(&r, "a")->taken_out, 0);
		rig_done(&r);
	}
}

/* Every action that can meet an error, and where giving up leads. */
static const struct {
	enum task_state state;
	enum action_kind action;
	enum task_state given_up;
} actions[] = {
	{TASK_CLAIMING,       ACT_CLAIM,        TASK_FAILING   },
	{TASK_PREPARING,      ACT_PREPARE,      TASK_FAILING   },
	{TASK_COLLECTING,     ACT_COLLECT,      TASK_FAILING   },
	{TASK_SUBMITTING,     ACT_SUBMIT,       TASK_FAILING   },
	{TASK_MERGING,        ACT_MERGE,        TASK_FAILING   },
	{TASK_GATE_PREPARING, ACT_GATE_PREPARE, TASK_FAILING   },
	{TASK_LANDING,        ACT_LAND,         TASK_QUEUED    },
	{TASK_MERGED,         ACT_CLOSE,        TASK_MERGED    },
	{TASK_NOTHING,        ACT_CLOSE,        TASK_NOTHING   },
	{TASK_LOOKING,        ACT_LOOK,         TASK_CONFLICTED},
	{TASK_FAILING,        ACT_RELEASE,      TASK_FAILED    },
	{TASK_CANCELLING,     ACT_RELEASE,      TASK_CANCELLED },
};

static void test_error__an_action_is_tried_again_and_then_given_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		struct rig r;
		int64_t last = 0;
		go(&r, actions[i].state);
		for (int n = 1; n < 20; n++) {
			int64_t serial = task(&r, "a")->serial;
			error_to(&r, "a", actions[i].action, n % 2 ? ERR_IO : ERR_BUSY);
			assert_state(&r, "a", actions[i].state);
			assert_non_null(strstr(task(&r, "a")->reason, "no luck"));
			int64_t wait = task(&r, "a")->due_mono - r.now.mono_ms;
			assert_in_range(wait, last, 64000);
			last = wait;
			pass_ms(&r, wait);
			assert_true(task(&r, "a")->serial > serial);
		}
		error_to(&r, "a", actions[i].action, ERR_LIMIT);
		assert_state(&r, "a", actions[i].given_up);
		bool asks =
			actions[i].state != TASK_CANCELLING; /* that one is over and done with */
		assert_int_equal(task(&r, "a")->person, asks);
		rig_done(&r);
	}
}

static void test_error__what_trying_again_cannot_change_is_given_up_at_once(void **state)
{
	static const int codes[] = {ERR_INVALID, ERR_NOT_FOUND, ERR_CONFLICT, ERR_CORRUPT};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		for (size_t k = 0; k < ARRAY_LEN(codes); k++) {
			struct rig r;
			go(&r, actions[i].state);
			error_to(&r, "a", actions[i].action, codes[k]);
			assert_state(&r, "a", actions[i].given_up);
			rig_done(&r);
		}
	}
}

/* A provider's limit, checks that run: when to ask again is known, and no try is used up. */
static void test_error__a_known_time_is_waited_for(void **state)
{
	struct rig r;
	(void)state;
	go(&r, TASK_LANDING);
	for (int n = 0; n < 40; n++) {
		ANSWER(&r, "a", ACT_LAND, .kind = EV_ERROR, .n = ERR_BUSY, .text = "checks run",
		       .until_ms = r.now.wall_ms + 15000);
		assert_state(&r, "a", TASK_LANDING);
		assert_int_equal(task(&r, "a")->due_mono - r.now.mono_ms, 15000);
		assert_int_equal(task(&r, "a")->errors, 1);
		pass_ms(&r, 15000);
	}
	ANSWER(&r, "a", ACT_LAND, .kind = EV_ERROR, .n = ERR_BUSY, .text = "far off",
	       .until_ms = r.now.wall_ms + (int64_t)100 * 24 * 3600000);
	assert_int_equal(task(&r, "a")->due_mono - r.now.mono_ms, 24 * 3600000);
	int64_t serial = task(&r, "a")->serial;
	run_event(&r, EV_STOP, STOP_GRACEFUL); /* then it is asked for at once */
	assert_true(task(&r, "a")->serial > serial);
	rig_done(&r);
}

static void test_error__one_that_passes_is_forgotten(void **state)
{
	struct rig r;
	(void)state;
	go(&r, TASK_PREPARING);
	error_to(&r, "a", ACT_PREPARE, ERR_IO);
	pass_next(&r);
	ANSWER(&r, "a", ACT_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "a", TASK_SETTING_UP);
	assert_int_equal(task(&r, "a")->errors, 0);
	rig_done(&r);
}

/* Work that could not be saved is still in the worktree: nobody else may get that. */
static void test_error__work_that_is_not_saved_keeps_its_worktree(void **state)
{
	struct rig r;
	(void)state;
	go(&r, TASK_COLLECTING);
	int64_t slot = task(&r, "a")->slot;
	issues(&r, "c");
	error_to(&r, "a", ACT_COLLECT, ERR_CORRUPT);
	assert_int_equal(task(&r, "a")->slot, slot);
	run_event(&r, EV_SYNCED, 0);
	assert_state(&r, "c", TASK_CLAIMING);
	assert_int_not_equal(task(&r, "c")->slot, slot);
	rig_done(&r);
}

static void test_error__a_stop_does_not_wait_for_what_has_not_begun(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	to_queue(&r, "b");
	ANSWER(&r, "a", ACT_CLAIM, .kind = EV_DONE);
	ANSWER(&r, "a", ACT_PREPARE, .kind = EV_ERROR, .n = ERR_BUSY, .text = "held");
	assert_state(&r, "a", TASK_PREPARING);
	run_event(&r, EV_STOP, STOP_GRACEFUL);
	ANSWER(&r, "a", ACT_PREPARE, .kind = EV_ERROR, .n = ERR_BUSY, .text = "held");
	assert_state(&r, "a", TASK_READY);
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_ERROR, .n = ERR_BUSY, .text = "held");
	assert_state(&r, "b", TASK_MERGING);
	run_event(&r, EV_STOP, STOP_NOW);
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_ERROR, .n = ERR_BUSY, .text = "held");
	assert_state(&r, "b", TASK_QUEUED);
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 130);
	rig_done(&r);
}

/* A tracker or a forge that does not answer holds up no end: the next run asks it again. */
static void test_error__a_stop_at_once_does_not_wait_for_others(void **state)
{
	static const struct {
		enum task_state state;
		enum action_kind action;
	} those[] = {
		{TASK_SUBMITTING, ACT_SUBMIT },
                {TASK_MERGED,     ACT_CLOSE  },
		{TASK_NOTHING,    ACT_CLOSE  },
                {TASK_FAILING,    ACT_RELEASE},
		{TASK_CANCELLING, ACT_RELEASE},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(those); i++) {
		struct rig r;
		go(&r, those[i].state);
		run_event(&r, EV_STOP, STOP_NOW);
		for (const char *other = "z"; *other; other = *other == 'z' ? "b" : "")
			if (task(&r, other)->state == TASK_CLAIMING)
				error_to(&r, other, ACT_CLAIM, ERR_IO);
		for (int n = 0; n < 3; n++) {
			assert_int_equal(r.c.run.state, RUN_RUNNING);
			error_to(&r, "a", those[i].action, ERR_IO);
			assert_state(&r, "a", those[i].state);
			if (n < 2)
				pass_ms(&r, task(&r, "a")->due_mono - r.now.mono_ms);
		}
		assert_int_equal(task(&r, "a")->person, 0);
		tidied(&r);
		assert_int_equal(core_exit_code(&r.c), 130);
		run_event(&r, EV_START, 1);
		assert_int_equal(task(&r, "a")->gave_up, 0);
		ANSWER(&r, "a", those[i].action, .kind = EV_ERROR, .n = ERR_IO, .text = "asked");
		rig_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel__is_carried_out_from_every_state_that_takes_it),
		cmocka_unit_test(test_cancel__is_not_taken_once_it_lands_or_is_over),
		cmocka_unit_test(test_cancel__wins_over_a_conflict_and_a_refused_claim),
		cmocka_unit_test(test_retry__brings_back_every_settled_state),
		cmocka_unit_test(
			test_retry__starts_a_failed_task_over_and_takes_its_dependents_along),
		cmocka_unit_test(test_retry__a_cancelled_task_that_never_began_is_ready),
		cmocka_unit_test(test_retry__leaves_skipped_what_another_failure_holds),
		cmocka_unit_test(test_retry__a_tracker_that_would_not_close_is_asked_again),
		cmocka_unit_test(test_error__an_action_is_tried_again_and_then_given_up),
		cmocka_unit_test(test_error__what_trying_again_cannot_change_is_given_up_at_once),
		cmocka_unit_test(test_error__a_known_time_is_waited_for),
		cmocka_unit_test(test_error__one_that_passes_is_forgotten),
		cmocka_unit_test(test_error__work_that_is_not_saved_keeps_its_worktree),
		cmocka_unit_test(test_error__a_stop_does_not_wait_for_what_has_not_begun),
		cmocka_unit_test(test_error__a_stop_at_once_does_not_wait_for_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
