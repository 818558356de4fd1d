#include "core_fixture.h"

/* A conflict goes to an agent first: who starts, from where, how often, and what counts. */

static struct policy policy_of(int attempts)
{
	struct policy p = RIG_POLICY;
	p.conflict_attempts = attempts;
	return p;
}

/* One agent for conflicts alone. */
static void add_resolver(struct rig *r)
{
	(void)core_add_kind(&r->c, "resolver", 1);
	r->c.policy.resolver = 1;
}

/* 'a' is done and in conflict; the others keep the run going. */
static void conflict(struct rig *r, const struct policy *p, const char *ids)
{
	rig_init(r, p);
	issues(r, ids);
	begin(r);
	to_queue(r, "a");
	ANSWER(r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "src/x.c (1 hunk)");
}

/* A resolver's attempt: what it ended as, and what git found of its merge. */
static void resolver(struct rig *r, enum core_result result, const char *problem, const char *head)
{
	to_work(r, "a");
	job_ends(r, "a", ACT_AGENT, HOW_EXITED, result == RESULT_FAILED);
	ANSWER(r, "a", ACT_COLLECT, .kind = EV_COLLECTED, .result = result, .ahead = 3,
	       .leftovers = 2, .a = oid_of(head), .tokens_in = -1, .tokens_out = -1, .cost = -1,
	       .text = result == RESULT_DONE ? "" : "it said so", .text2 = problem);
}

static void test_conflict__is_resolved_by_the_next_attempt(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	p.n_checks = 1;
	p.fail_uncommitted = true; /* it is ganger who commits the merge */
	conflict(&r, &p, "abz");
	assert_state(&r, "a", TASK_CLAIMING);
	assert_string_equal(task_word(task(&r, "a")), "resolving");
	assert_int_equal(task(&r, "a")->attempt, 2);
	assert_string_equal(task(&r, "a")->head.hex, "h1");
	assert_int_equal(r.notices[NOTICE_PERSON], 0);
	resolver(&r, RESULT_DONE, "", "merged");
	assert_string_equal(task(&r, "a")->head.hex, "merged");
	assert_string_equal(task(&r, "a")->reason, "");
	assert_int_equal(task(&r, "a")->spent, 1); /* the attempt at the task itself */
	ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
	assert_string_equal(task_word(task(&r, "a")), "merging");
	merge_made(&r, "a");
	assert_state(&r, "a", TASK_GATE_PREPARING); /* and tested as anything else */
	gated(&r, "a", HOW_EXITED, 0);
	land(&r, "a");
	ANSWER(&r, "a", ACT_CLOSE, .kind = EV_DONE);
	assert_state(&r, "a", TASK_CLOSED);
	rig_done(&r);
}

static void test_conflict__what_is_not_resolved_goes_to_a_person(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	conflict(&r, &p, "az");
	resolver(&r, RESULT_DONE, "conflict markers are left in 'x'", "h1");
	assert_state(&r, "a", TASK_WAITING);
	assert_string_equal(task_word(task(&r, "a")), "resolving");
	assert_string_equal(task(&r, "a")->head.hex, "h1");
	pass_ms(&r, 30000);
	resolver(&r, RESULT_FAILED, "", "half");
	assert_state(&r, "a", TASK_CONFLICTED);
	assert_string_equal(task(&r, "a")->head.hex, "h1"); /* the work is what it was */
	assert_non_null(strstr(task(&r, "a")->reason, "2 attempts (queue.conflict_attempts)"));
	assert_int_equal(r.notices[NOTICE_PERSON], 1);
	assert_int_equal(r.notices[NOTICE_FAILED], 0);
	rig_done(&r);
}

/* Resolved, it may conflict again with what landed meanwhile: that is bounded too. */
static void test_conflict__again_and_again_ends(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	conflict(&r, &p, "az");
	for (int i = 0; i < 2; i++) {
		resolver(&r, RESULT_DONE, "", i ? "m2" : "m1");
		ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
		ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "y.c");
	}
	assert_state(&r, "a", TASK_CONFLICTED);
	assert_string_equal(task(&r, "a")->head.hex, "m2");
	/* A person's retry begins the count anew. */
	order(&r, "a", EV_RETRY);
	ANSWER(&r, "a", ACT_LOOK, .kind = EV_FIXED, .a = oid_of("fix"), .b = oid_of("e0"));
	ANSWER(&r, "a", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "z.c");
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

static void test_conflict__an_interrupted_resolver_does_not_count(void **state)
{
	struct policy p = policy_of(1);
	struct rig r;
	(void)state;
	p.interruptions = 1;
	conflict(&r, &p, "az");
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_LOST, 0);
	collected(&r, "a", RESULT_FAILED, 1);
	assert_state(&r, "a", TASK_CLAIMING);
	assert_int_equal(task(&r, "a")->resolves, 0);
	to_work(&r, "a");
	job_ends(&r, "a", ACT_AGENT, HOW_LOST, 0);
	collected(&r, "a", RESULT_FAILED, 1);
	assert_state(&r, "a", TASK_CONFLICTED); /* limits.interruptions: the work did not fail */
	assert_string_equal(task(&r, "a")->head.hex, "h1");
	rig_done(&r);
}

static void test_conflict__a_persons_branch_is_left_to_a_person(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "az");
	submit_as(&r, "a", "w", 3, 1);
	begin(&r);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_state(&r, "a", TASK_CONFLICTED);
	rig_done(&r);
}

static void test_conflict__a_persons_branch_goes_to_an_agent_for_conflicts(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	add_resolver(&r);
	issues(&r, "az");
	submit_as(&r, "a", "w", 3, 1);
	begin(&r);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_state(&r, "a", TASK_CLAIMING);
	assert_int_equal(task(&r, "a")->agent, 1);
	assert_false(core_takes_branch(task(&r, "a")));
	attempt(&r, "a", RESULT_DONE, 1);
	assert_state(&r, "a", TASK_MERGING); /* no pull request beside the person's */
	assert_int_equal(task(&r, "a")->pull, 3);
	assert_string_equal(task(&r, "a")->head.hex, "h1");
	assert_int_equal(r.c.kinds.items[1].live, 0);
	rig_done(&r);
}

/* It was to be resolved, and the next run has no agent for conflicts: no other one gets it. */
static void test_conflict__the_agent_for_a_persons_branch_may_be_gone(void **state)
{
	struct policy p = policy_of(2);
	for (int claimed = 0; claimed < 2; claimed++) {
		struct rig r;
		(void)state;
		rig_init(&r, &p);
		add_resolver(&r);
		issues(&r, "a");
		submit(&r, "a", "w");
		begin(&r);
		run_event(&r, claimed ? EV_RESUME : EV_DISK, 1);
		ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
		assert_state(&r, "a", claimed ? TASK_CLAIMING : TASK_READY);
		r.c.policy.resolver = 0;
		if (claimed)
			ANSWER(&r, "a", ACT_CLAIM, .kind = EV_DONE);
		else
			run_event(&r, EV_DISK, 0);
		assert_state(&r, "a", TASK_CONFLICTED);
		assert_int_equal(r.c.live, 0);
		rig_done(&r);
	}
}

/* The base, on its way in, has no issue that could be claimed. */
static void test_conflict__what_has_no_issue_is_left_to_a_person(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	add_resolver(&r);
	issues(&r, "az");
	submit_as(&r, "a", "w", 3, 2);
	begin(&r);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_state(&r, "a", TASK_CONFLICTED);
	rig_done(&r);
}

/* What finishes something comes before what begins something. */
static void test_conflict__a_resolver_is_not_starved(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	p.max_concurrent = 1;
	rig_init(&r, &p);
	issue_with(&r, "a", 4, ISSUE_OPEN);
	begin(&r);
	to_queue(&r, "a");
	issue_with(&r, "b", 0, ISSUE_OPEN);
	issue_with(&r, "c", 0, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_state(&r, "a", TASK_READY);
	attempt(&r, "b", RESULT_DONE, 1);
	assert_state(&r, "a", TASK_CLAIMING);
	rig_done(&r);
}

static void test_conflict__has_an_agent_of_its_own(void **state)
{
	struct policy p = policy_of(2);
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	add_resolver(&r);
	issues(&r, "az");
	begin(&r);
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_int_equal(task(&r, "a")->agent, 1);
	assert_int_equal(r.c.kinds.items[1].live, 1);
	resolver(&r, RESULT_DONE, "", "m1");
	assert_int_equal(task(&r, "a")->agent, 1); /* who made the latest attempt */
	assert_int_equal(core_next_kind(&r.c, task(&r, "a")), 0);
	assert_int_equal(r.c.kinds.items[1].live, 0);
	rig_done(&r);
}

/* Whoever waits for it is told so again, where a person's look at it came to nothing. */
static void test_conflict__one_that_cannot_be_looked_at_is_waited_for(void **state)
{
	struct policy p = policy_of(0);
	struct rig r;
	(void)state;
	rig_init(&r, &p);
	issues(&r, "ab");
	needs(&r, "b", "a");
	begin(&r);
	to_queue(&r, "a");
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_string_equal(task(&r, "b")->reason, "needs 'a', which is conflicted");
	order(&r, "a", EV_RETRY);
	assert_string_equal(task(&r, "b")->reason, "");
	error_to(&r, "a", ACT_LOOK, -1);
	assert_state(&r, "a", TASK_CONFLICTED);
	assert_string_equal(task(&r, "b")->reason, "needs 'a', which is conflicted");
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflict__is_resolved_by_the_next_attempt),
		cmocka_unit_test(test_conflict__what_is_not_resolved_goes_to_a_person),
		cmocka_unit_test(test_conflict__again_and_again_ends),
		cmocka_unit_test(test_conflict__an_interrupted_resolver_does_not_count),
		cmocka_unit_test(test_conflict__a_persons_branch_is_left_to_a_person),
		cmocka_unit_test(test_conflict__a_persons_branch_goes_to_an_agent_for_conflicts),
		cmocka_unit_test(test_conflict__the_agent_for_a_persons_branch_may_be_gone),
		cmocka_unit_test(test_conflict__what_has_no_issue_is_left_to_a_person),
		cmocka_unit_test(test_conflict__a_resolver_is_not_starved),
		cmocka_unit_test(test_conflict__has_an_agent_of_its_own),
		cmocka_unit_test(test_conflict__one_that_cannot_be_looked_at_is_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
