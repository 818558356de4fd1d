#include "unit/core_fixture.h"

/* What a person says of the queue: holds, releases, moves and approves entries. */

static void move_to(struct rig *r, const char *id, int place)
{
	step(r, (struct core_event){.kind = EV_MOVE, .task = core_find(&r->c, id), .n = place});
}

/* The order of those that wait, by their letters. */
static void assert_waiting(struct rig *r, const char *wanted)
{
	char found[32] = "";
	for (size_t i = 0; i < r->c.queue.items.n; i++) {
		size_t before = 0;
		for (size_t k = 0; k < r->c.queue.items.n; k++)
			before += core_queue_before(&r->c, r->c.queue.items.items[k],
						    r->c.queue.items.items[i]);
		found[before] = r->c.tasks.items[r->c.queue.items.items[i]].id[0];
	}
	assert_string_equal(found, wanted);
}

static void queued_abcd(struct rig *r)
{
	rig_init(r, NULL);
	issues(r, "wabcdz");
	issue_with(r, "p", 0, ISSUE_OPEN);
	begin(r);
	for (const char *id = "wabcd"; *id; id++)
		to_queue(r, (char[]){*id, '\0'});
	assert_waiting(r, "abcd"); /* w is being merged */
}

static void test_order__an_entry_goes_where_a_person_moves_it(void **state)
{
	static const struct {
		const char *id;
		int place;
		const char *wanted;
	} moves[] = {
		{"c", 1, "cabd"},
                {"d", 3, "cadb"},
                {"c", 3, "adcb"},
		{"a", 9, "dcba"},
                {"b", 3, "dcba"},
                {"b", 1, "bdca"},
	};
	struct rig r;
	(void)state;
	queued_abcd(&r);
	for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
		move_to(&r, moves[i].id, moves[i].place);
		assert_waiting(&r, moves[i].wanted);
	}
	to_closed(&r, "w");
	assert_state(&r, "b", TASK_MERGING);
	rig_done(&r);
}

/* Else whoever files an issue of a higher priority undoes what a person said. */
static void test_order__what_was_moved_stays_ahead_of_what_arrives(void **state)
{
	struct rig r;
	(void)state;
	queued_abcd(&r);
	move_to(&r, "c", 2);
	to_queue(&r, "z");
	to_queue(&r, "p");
	assert_waiting(&r, "acpbdz");
	rig_done(&r);
}

static void test_order__what_is_being_merged_has_its_place(void **state)
{
	struct rig r;
	(void)state;
	queued_abcd(&r);
	assert_false(core_accepts(&r.c, core_find(&r.c, "w"), EV_MOVE));
	assert_false(core_accepts(&r.c, core_find(&r.c, "w"), EV_HOLD));
	move_to(&r, "d", 1);
	assert_state(&r, "w", TASK_MERGING);
	rig_done(&r);
}

static void test_order__what_is_held_lets_the_others_pass(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, NULL);
	issues(&r, "abcd");
	needs(&r, "d", "b");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	order(&r, "b", EV_HOLD);
	to_queue(&r, "c");
	to_closed(&r, "a");
	to_closed(&r, "c");
	assert_state(&r, "b", TASK_QUEUED);
	tidied(&r); /* a run waits for nobody */
	assert_int_equal(core_exit_code(&r.c), 3);
	order(&r, "b", EV_RELEASE);
	run_event(&r, EV_START, 0);
	opened(&r);
	to_closed(&r, "b");
	whole(&r, "d");
	tidied(&r);
	assert_int_equal(core_exit_code(&r.c), 0);
	rig_done(&r);
}

static void test_order__what_is_released_goes_at_once(void **state)
{
	struct rig r;
	(void)state;
	queued_abcd(&r);
	order(&r, "a", EV_HOLD);
	to_closed(&r, "w");
	assert_state(&r, "b", TASK_MERGING);
	order(&r, "a", EV_RELEASE);
	to_closed(&r, "b");
	assert_state(&r, "a", TASK_MERGING);
	rig_done(&r);
}

static void test_order__a_person_approves_a_head_and_no_other(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.approve = true;
	rig_init(&r, &p);
	issues(&r, "abw"); /* w keeps the run from its end */
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	assert_state(&r, "a", TASK_QUEUED);
	assert_int_equal(core_waits_for(task(&r, "a")), WAIT_APPROVAL);
	assert_int_equal(r.notices[NOTICE_PERSON], 2);
	step(&r, (struct core_event){
			 .kind = EV_APPROVE, .task = core_find(&r.c, "b"), .a = oid_of("another")});
	assert_int_equal(core_waits_for(task(&r, "b")), WAIT_APPROVAL);
	order(&r, "b", EV_APPROVE);
	assert_state(&r, "b", TASK_MERGING); /* the one before it does not keep it */
	assert_state(&r, "a", TASK_QUEUED);
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	assert_state(&r, "b", TASK_CONFLICTED);
	step(&r, (struct core_event){.kind = EV_RETRY, .task = core_find(&r.c, "b")});
	ANSWER(&r, "b", ACT_LOOK, .kind = EV_FIXED, .a = oid_of("by hand"), .b = oid_of("e"));
	ANSWER(&r, "b", ACT_SUBMIT, .kind = EV_PULL, .n = 7);
	assert_state(&r, "b", TASK_QUEUED); /* it is another head by now */
	assert_int_equal(core_waits_for(task(&r, "b")), WAIT_APPROVAL);
	assert_int_equal(core_count(&r.c).person, 2);
	rig_done(&r);
}

/* A resolver added to it, and before that was asked for it was cancelled and is tried again. */
static void test_order__what_was_added_to_a_branch_is_asked_for_at_its_next_try(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.approve = true;
	rig_init(&r, &p);
	issues(&r, "aw");
	begin(&r);
	to_queue(&r, "a");
	task(&r, "a")->branch = 1;
	order(&r, "a", EV_APPROVE);
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	task(&r, "a")->head = oid_of("with a resolver's");
	order(&r, "a", EV_RETRY);
	ANSWER(&r, "a", ACT_LOOK, .kind = EV_UNFIXED);
	assert_state(&r, "a", TASK_QUEUED);
	assert_int_equal(core_waits_for(task(&r, "a")), WAIT_APPROVAL);
	rig_done(&r);
}

/* Of one run to the next the setting may change: what is queued follows it. */
static void test_order__the_setting_of_the_present_run_decides_on_approval(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.approve = true;
	rig_init(&r, &p);
	issues(&r, "a");
	begin(&r);
	to_queue(&r, "a");
	r.c.policy.approve = false;
	core_reissue(&r.c);
	core_take(&r.c);
	run_event(&r, EV_START, 1);
	assert_int_equal(core_waits_for(task(&r, "a")), WAIT_NONE);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order__a_person_approves_a_head_and_no_other),
		cmocka_unit_test(
			test_order__what_was_added_to_a_branch_is_asked_for_at_its_next_try),
		cmocka_unit_test(test_order__the_setting_of_the_present_run_decides_on_approval),
		cmocka_unit_test(test_order__an_entry_goes_where_a_person_moves_it),
		cmocka_unit_test(test_order__what_was_moved_stays_ahead_of_what_arrives),
		cmocka_unit_test(test_order__what_is_being_merged_has_its_place),
		cmocka_unit_test(test_order__what_is_held_lets_the_others_pass),
		cmocka_unit_test(test_order__what_is_released_goes_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
