#include "unit/core_fixture.h"

/* After a reboot: what a power cut took goes back to its last proven state. */

struct lost {
	const char *id;
	int mask;
};

/* As recovery does it: the same tables, what was lost of them, and what was under way. */
static void reboot(struct rig *r, const struct lost *lost, size_t n_lost, struct rig *ret)
{
	struct policy p = r->c.policy;
	*ret = (struct rig){.now = r->now, .commits = r->commits + 100};
	core_init(&ret->c, &p);
	for (size_t i = 0; i < r->c.kinds.n; i++) {
		const char *name = i ? "resolver" : "a"; /* the other one's goes with it */
		(void)core_add_kind(&ret->c, name, 0);
		ret->c.kinds.items[i] = r->c.kinds.items[i];
		ret->c.kinds.items[i].name = name;
		ret->c.kinds.items[i].ready = (struct heap){0};
	}
	ret->c.run = r->c.run;
	for (size_t i = 0; i < r->c.tasks.n; i++)
		(void)core_add_task(&ret->c, &r->c.tasks.items[i]);
	core_loaded(&ret->c);
	for (size_t i = 0; i < n_lost; i++) {
		struct core_event ev = {.kind = EV_LOST,
					.task = -1,
					.text = lost[i].id,
					.n = lost[i].mask,
					.at = ret->now};
		core_step(&ret->c, &ev);
		core_check(&ret->c);
	}
	core_reissue(&ret->c);
	rig_take(ret);
	step(ret, (struct core_event){.kind = EV_START, .task = -1, .text = "boot-2"});
	rig_done(r);
}

#define REBOOT(r, ret, ...)                                                                        \
	reboot(r, (const struct lost[]){__VA_ARGS__},                                              \
	       sizeof((const struct lost[]){__VA_ARGS__}) / sizeof(struct lost), ret)

static void begin_checked(struct rig *r, const char *ids)
{
	struct policy p = RIG_POLICY;
	p.n_checks = 1;
	p.allow_red = true;
	p.attempts = 1;
	p.gate_slots = 3;
	rig_init(r, &p);
	issues(r, ids);
	begin(r);
}

static void test_lost__work_in_the_queue_is_done_again_and_does_not_count(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "ab");
	run_event(&r, EV_PAUSE, 0);
	to_queue(&r, "a");
	to_queue(&r, "b");
	REBOOT(&r, &n, {"a", LOST_HEAD});
	run_event(&n, EV_RESUME, 0);
	assert_state(&n, "a", TASK_READY);
	assert_int_equal(task(&n, "a")->spent, 0);
	assert_state(&n, "b", TASK_QUEUED);
	assert_non_null(strstr(task(&n, "a")->reason, "lost by a power cut"));
	opened(&n);
	assert_int_equal(task(&n, "a")->attempt, 2);
	assert_int_equal(task(&n, "a")->from, FROM_FRESH);
	to_closed(&n, "b");
	whole(&n, "a");
	tidied(&n);
	assert_int_equal(core_exit_code(&n.c), 0);
	rig_done(&n);
}

static void test_lost__a_merge_is_made_anew_and_those_on_it(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "ab");
	to_queue(&r, "a");
	to_queue(&r, "b");
	merge_made(&r, "a");
	merge_made(&r, "b");
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "a", TASK_GATING);
	REBOOT(&r, &n, {"a", LOST_MERGE});
	assert_state(&n, "a", TASK_STANDING);
	assert_false(asked(&n, "a", ACT_GATE)); /* what was under way for it is not asked for */
	opened(&n);
	assert_state(&n, "a", TASK_MERGING);
	merge_made(&n, "a");
	gated(&n, "a", HOW_EXITED, 0);
	land(&n, "a");
	ANSWER(&n, "a", ACT_CLOSE, .kind = EV_DONE);
	ANSWER(&n, "b", ACT_GATE_PREPARE, .kind = EV_PREPARED); /* of its old merge: too late */
	assert_state(&n, "b", TASK_MERGING);
	rig_done(&n);
}

/* Whether it landed is not guessed: merged anew, it is found in the branch. */
static void test_lost__a_landing_is_found_again(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "a");
	to_queue(&r, "a");
	merge_made(&r, "a");
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_LANDING);
	REBOOT(&r, &n, {"a", LOST_MERGE});
	assert_false(asked(&n, "a", ACT_LAND));
	opened(&n);
	ANSWER(&n, "a", ACT_MERGE, .kind = EV_ALREADY);
	assert_state(&n, "a", TASK_MERGED);
	rig_done(&n);
}

/* One of a group that was being landed: none of it lands as it was tested. */
static void test_lost__a_landing_of_a_group(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "ab");
	r.c.policy.batch = 2;
	r.c.policy.gate_slots = 1;
	run_event(&r, EV_PAUSE, 0);
	to_queue(&r, "a");
	to_queue(&r, "b");
	run_event(&r, EV_RESUME, 0);
	merge_made(&r, "a");
	merge_made(&r, "b");
	gated(&r, "b", HOW_EXITED, 0);
	assert_state(&r, "a", TASK_LANDING);
	assert_state(&r, "b", TASK_LANDING);
	REBOOT(&r, &n, {"b", LOST_MERGE});
	assert_false(asked(&n, "a", ACT_LAND));
	opened(&n);
	ANSWER(&n, "a", ACT_MERGE, .kind = EV_ALREADY);
	assert_state(&n, "a", TASK_MERGED);
	rig_done(&n);
}

static void test_lost__work_at_a_check_leaves_the_train(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "a");
	to_queue(&r, "a");
	merge_made(&r, "a");
	ANSWER(&r, "a", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	REBOOT(&r, &n, {"a", LOST_HEAD | LOST_MERGE});
	assert_int_equal(n.c.train.n, 0);
	assert_state(&n, "a", TASK_READY);
	opened(&n);
	whole(&n, "a");
	rig_done(&n);
}

/* Its release is asked for once, by what was decided before what was under way is asked for. */
static void test_lost__cancelled_meanwhile(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "a");
	to_queue(&r, "a");
	order(&r, "a", EV_CANCEL);
	REBOOT(&r, &n, {"a", LOST_HEAD});
	assert_state(&n, "a", TASK_CANCELLING);
	ANSWER(&n, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_false(asked(&n, "a", ACT_RELEASE));
	assert_state(&n, "a", TASK_CANCELLED);
	rig_done(&n);
}

/* In place of an attempt that could not begin; no more is done while the run is paused. */
static void submit_mine(struct rig *r)
{
	run_event(r, EV_PAUSE, 0);
	ANSWER(r, "a", ACT_CLAIM, .kind = EV_REFUSED, .text = "no");
	submit(r, "a", "mine");
}

static void test_lost__a_persons_work_is_for_a_person(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "a");
	submit_mine(&r);
	assert_state(&r, "a", TASK_QUEUED);
	REBOOT(&r, &n, {"a", LOST_HEAD});
	ANSWER(&n, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&n, "a", TASK_FAILED);
	assert_int_equal(task(&n, "a")->person, 1);
	rig_done(&n);
}

/* Out of the queue it stays where it is; a retry has nothing to take, and starts no agent. */
static void test_lost__a_branch_that_waits_for_its_author(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "az");
	submit_mine(&r);
	order(&r, "a", EV_CANCEL);
	ANSWER(&r, "a", ACT_RELEASE, .kind = EV_DONE);
	REBOOT(&r, &n, {"a", LOST_HEAD});
	assert_state(&n, "a", TASK_CANCELLED);
	order(&n, "a", EV_RETRY);
	ANSWER(&n, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&n, "a", TASK_FAILED);
	assert_string_equal(task(&n, "a")->reason, "nothing of it is left: submit it again");
	rig_done(&n);
}

/* It was to be cancelled at the answer to its merge: without a commit that cannot be asked for. */
static void test_lost__a_branch_that_is_being_withdrawn(void **state)
{
	struct rig r, n;
	(void)state;
	begin_checked(&r, "az");
	submit_mine(&r);
	run_event(&r, EV_RESUME, 0);
	assert_state(&r, "a", TASK_MERGING);
	order(&r, "a", EV_CANCEL);
	REBOOT(&r, &n, {"a", LOST_HEAD});
	assert_state(&n, "a", TASK_CANCELLING);
	rig_done(&n);
}

/* The resolver that is at it is collected first: nobody is at work in what is given up. */
static void test_lost__a_branch_that_a_resolver_is_at(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r, n;
	(void)state;
	p.conflict_attempts = p.resolver = 1;
	rig_init(&r, &p);
	(void)core_add_kind(&r.c, "resolver", 0);
	issues(&r, "az");
	submit(&r, "a", "mine");
	begin(&r);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	to_work(&r, "a");
	REBOOT(&r, &n, {"a", LOST_HEAD});
	assert_state(&n, "a", TASK_WORKING);
	job_ends(&n, "a", ACT_AGENT, HOW_LOST, 1);
	collected(&n, "a", RESULT_FAILED, 0);
	ANSWER(&n, "a", ACT_RELEASE, .kind = EV_DONE);
	assert_state(&n, "a", TASK_FAILED);
	rig_done(&n);
}

/* What is at work keeps its state; only where it began is no longer to be built on. */
static void test_lost__an_earlier_attempts_work(void **state)
{
	struct rig r, n;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_TIMEOUT, 0);
	collected(&r, "a", RESULT_FAILED, 1);
	assert_state(&r, "a", TASK_WAITING);
	assert_int_equal(task(&r, "a")->from, FROM_LAST);
	int64_t spent = task(&r, "a")->spent;
	REBOOT(&r, &n, {"a", LOST_HEAD});
	assert_state(&n, "a", TASK_WAITING);
	assert_int_equal(task(&n, "a")->from, FROM_FRESH);
	assert_string_equal(task(&n, "a")->head.hex, "");
	assert_int_equal(task(&n, "a")->spent, spent);
	rig_done(&n);
}

/* What is over needs nothing; an event of something else changes nothing. */
static void test_lost__only_what_is_needed(void **state)
{
	struct rig r, n;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "ab");
	begin(&r);
	whole(&r, "a");
	assert_int_equal(core_must_have(task(&r, "a")), 0);
	assert_int_equal(core_must_have(task(&r, "b")), 0);
	to_queue(&r, "b");
	assert_int_equal(core_must_have(task(&r, "b")), LOST_HEAD); /* it is being merged */
	merge_made(&r, "b");
	assert_int_equal(core_must_have(task(&r, "b")), LOST_HEAD | LOST_MERGE);
	REBOOT(&r, &n, {"a", LOST_HEAD}, {"nobody", LOST_HEAD});
	assert_state(&n, "a", TASK_CLOSED);
	assert_state(&n, "b", TASK_LANDING);
	rig_done(&n);
}

/* Nor who is dispatched, once its pull request is open. */
static void test_lost__what_was_handed_on(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.until_submitted = true;
	rig_init(&r, &p);
	issues(&r, "az");
	begin(&r);
	to_queue(&r, "a");
	assert_state(&r, "a", TASK_SUBMITTED);
	assert_int_equal(core_must_have(task(&r, "a")), 0);
	rig_done(&r);
}

/* It had ended well, and what it left may be cut: it begins anew, and that does not count. */
static void test_lost__what_nobody_took_yet(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r, n;
	(void)state;
	p.attempts = 1;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_work(&r, "a");
	ANSWER(&r, "a", ACT_AGENT, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_state(&r, "a", TASK_COLLECTING);
	REBOOT(&r, &n, {"a", LOST_FILES});
	opened(&n);
	assert_int_equal(task(&n, "a")->job_how, HOW_LOST);
	collected(&n, "a", RESULT_FAILED, 1);
	assert_string_equal(task(&n, "a")->reason, "the machine was restarted");
	assert_state(&n, "a", TASK_CLAIMING);
	rig_done(&n);
}

/* Claimed for the resolver, whose conflict went with the work: it is its own agent's again. */
static void test_lost__a_conflict_that_a_resolver_was_claimed_for(void **state)
{
	(void)state;
	for (int prepares = 0; prepares < 2; prepares++) {
		struct policy p = RIG_POLICY;
		struct rig r, n;
		p.conflict_attempts = p.resolver = 1;
		rig_init(&r, &p);
		(void)core_add_kind(&r.c, "resolver", 0);
		issues(&r, "a");
		begin(&r);
		to_queue(&r, "a");
		ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
		assert_int_equal(task(&r, "a")->agent, 1);
		if (prepares)
			ANSWER(&r, "a", ACT_CLAIM, .kind = EV_DONE);
		assert_state(&r, "a", prepares ? TASK_PREPARING : TASK_CLAIMING);
		REBOOT(&r, &n, {"a", LOST_HEAD});
		assert_state(&n, "a", TASK_READY);
		opened(&n);
		assert_state(&n, "a", TASK_CLAIMING);
		assert_int_equal(task(&n, "a")->agent, 0);
		assert_int_equal(task(&n, "a")->resolve, 0);
		whole(&n, "a");
		rig_done(&n);
	}
}

/* Nor does it keep a resolver's place among the ready ones: what is more urgent comes first. */
static void test_lost__a_conflict_that_waits_for_a_resolver(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r, n;
	(void)state;
	p.max_concurrent = p.conflict_attempts = 1;
	rig_init(&r, &p);
	issues(&r, "ac");
	begin(&r);
	to_queue(&r, "a");
	to_work(&r, "c"); /* so there is no place for others */
	issue_with(&r, "b", 1, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_state(&r, "a", TASK_READY);
	assert_int_equal(task(&r, "a")->resolve, 1);
	REBOOT(&r, &n, {"a", LOST_HEAD});
	opened(&n);
	to_queue(&n, "c");
	assert_state(&n, "b", TASK_CLAIMING);
	assert_state(&n, "a", TASK_READY);
	rig_done(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost__work_in_the_queue_is_done_again_and_does_not_count),
		cmocka_unit_test(test_lost__a_merge_is_made_anew_and_those_on_it),
		cmocka_unit_test(test_lost__a_landing_is_found_again),
		cmocka_unit_test(test_lost__a_landing_of_a_group),
		cmocka_unit_test(test_lost__work_at_a_check_leaves_the_train),
		cmocka_unit_test(test_lost__cancelled_meanwhile),
		cmocka_unit_test(test_lost__a_persons_work_is_for_a_person),
		cmocka_unit_test(test_lost__a_branch_that_waits_for_its_author),
		cmocka_unit_test(test_lost__a_branch_that_is_being_withdrawn),
		cmocka_unit_test(test_lost__a_branch_that_a_resolver_is_at),
		cmocka_unit_test(test_lost__an_earlier_attempts_work),
		cmocka_unit_test(test_lost__only_what_is_needed),
		cmocka_unit_test(test_lost__what_was_handed_on),
		cmocka_unit_test(test_lost__what_nobody_took_yet),
		cmocka_unit_test(test_lost__a_conflict_that_a_resolver_was_claimed_for),
		cmocka_unit_test(test_lost__a_conflict_that_waits_for_a_resolver),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
