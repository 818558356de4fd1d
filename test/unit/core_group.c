#include "unit/core_fixture.h"

/* Groups of the train: tested together, taken apart where they fail. */

struct groups {
	int slots, batch;
	const char *ids;
};

/* One that is merged before they come keeps them in the queue: they join one another. */
static void begin_groups(struct rig *r, struct groups g)
{
	struct policy p = RIG_POLICY;
	p.n_checks = 1;
	p.allow_red = true;
	p.gate_slots = g.slots;
	p.batch = g.batch;
	p.max_concurrent = 20;
	rig_init(r, &p);
	issues(r, g.ids);
	begin(r);
	for (const char *id = g.ids; *id; id++)
		attempt(r, (char[]){*id, '\0'}, RESULT_DONE, 1);
	run_event(r, EV_PAUSE, 0);
	for (const char *id = g.ids; *id; id++) {
		const char one[] = {*id, '\0'};
		ANSWER(r, one, ACT_SUBMIT, .kind = EV_PULL, .n = 7);
	}
	run_event(r, EV_RESUME, 0);
}

static void merge_all(struct rig *r, const char *ids)
{
	for (; *ids; ids++)
		merge_made(r, (char[]){*ids, '\0'});
}

/* Which of them are at a check, by their letters. */
static void assert_gates(struct rig *r, const char *wanted)
{
	char found[20];
	size_t n = 0;
	for (size_t i = 0; i < r->c.train.n; i++) {
		const struct task *t = &r->c.tasks.items[r->c.train.items[i]];
		if (task_state_flags((enum task_state)t->state) & F_GATE)
			found[n++] = t->id[0];
	}
	found[n] = '\0';
	assert_string_equal(found, wanted);
}

/* A group lands at once: what the branch becomes is the tree that was tested. */
static void lands(struct rig *r, const char *ids)
{
	const char *last = ids + strlen(ids) - 1;
	struct oid as = task(r, (char[]){*last, '\0'})->merge;
	for (; *ids; ids++) {
		const char id[] = {*ids, '\0'};
		assert_state(r, id, TASK_LANDING);
		assert_string_equal(task(r, id)->lands_as.hex, as.hex);
		assert_string_equal(task(r, id)->lands_on.hex, r->c.run.epic_head.hex);
	}
}

static void land_all(struct rig *r, const char *ids)
{
	lands(r, ids);
	struct oid as = task(r, (char[]){*ids, '\0'})->lands_as;
	for (const char *id = ids; *id; id++) {
		const char one[] = {*id, '\0'};
		ANSWER(r, one, ACT_LAND, .kind = EV_LANDED, .a = as);
	}
	assert_string_equal(r->c.run.epic_head.hex, as.hex);
}

static void test_group__is_tested_once_and_lands_at_once(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){1, 4, "abcd"});
	merge_all(&r, "abcd");
	assert_gates(&r, "d");
	gated(&r, "d", HOW_EXITED, 0);
	land_all(&r, "abcd");
	assert_string_equal(task(&r, "b")->landed.hex, task(&r, "b")->merge.hex);
	assert_state(&r, "d", TASK_MERGED);
	rig_done(&r);
}

/* What the first touches is tested for the last, too: they land together. */
static void test_group__is_tested_by_what_any_of_it_touches(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){1, 4, "ab"});
	r.c.policy.n_checks = 2;
	ANSWER(&r, "a", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("ma"), .b = oid_of("ta"),
	       .n = 1); /* it is not about the first check */
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of("mb"), .b = oid_of("tb"),
	       .n = 3); /* nor about any */
	assert_gates(&r, "b");
	assert_int_equal(task(&r, "b")->skips, 1);
	rig_done(&r);
}

static void test_group__a_failing_one_is_bisected_to_the_culprit(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){1, 4, "abcd"});
	merge_all(&r, "abcd");
	gated(&r, "d", HOW_EXITED, 1);
	assert_state(&r, "d", TASK_STANDING); /* it is only the last of them */
	assert_gates(&r, "b");
	gated(&r, "b", HOW_EXITED, 0);
	land_all(&r, "ab");
	assert_gates(&r, "c");
	gated(&r, "c", HOW_EXITED, 1); /* on what has landed: it is c's fault */
	assert_state(&r, "c", TASK_CLAIMING);
	assert_int_equal(task(&r, "c")->red, 1);
	assert_string_equal(task(&r, "d")->onto.hex, r.c.run.epic_head.hex);
	assert_int_equal(task(&r, "d")->red, 0);
	merge_made(&r, "d");
	assert_gates(&r, "d");
	rig_done(&r);
}

/* With gates to spare it is cut into more parts than two. */
static void test_group__is_taken_apart_over_all_gates(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){3, 6, "abcdef"});
	merge_all(&r, "abcdef");
	assert_gates(&r, "f");
	gated(&r, "f", HOW_EXITED, 1);
	assert_gates(&r, "acd");
	gated(&r, "d", HOW_EXITED, 0);
	gated(&r, "a", HOW_EXITED, 0);
	lands(&r, "a");
	land(&r, "a");
	gated(&r, "c", HOW_EXITED, 0);
	land_all(&r, "bc");
	land_all(&r, "d");
	assert_gates(&r, "e");
	gated(&r, "e", HOW_EXITED, 0);
	land(&r, "e");
	/* All before it have landed, and it fails on them. By itself too? */
	assert_int_equal(task(&r, "f")->proof, 1);
	assert_string_equal(task(&r, "f")->onto.hex, "e0");
	merge_made(&r, "f");
	gated(&r, "f", HOW_EXITED, 1);
	assert_state(&r, "f", TASK_CLAIMING);
	assert_string_equal(task(&r, "f")->reason,
			    "the check failed on the merged tree: exit code 1");
	rig_done(&r);
}

/* Four land; e fails on them, and passes on the branch as it was: with whom does it not go? */
static void to_proof(struct rig *r)
{
	begin_groups(r, (struct groups){2, 8, "abcde"});
	merge_all(r, "abcde");
	gated(r, "e", HOW_EXITED, 1);
	assert_gates(r, "ac");
	gated(r, "a", HOW_EXITED, 0);
	gated(r, "c", HOW_EXITED, 0);
	land_all(r, "a");
	land_all(r, "bc");
	gated(r, "d", HOW_EXITED, 0);
	land_all(r, "d");
	assert_int_equal(task(r, "e")->proof, 1);
	merge_made(r, "e");
}

static void test_group__who_it_fails_with_is_found_by_halves(void **state)
{
	struct rig r;
	(void)state;
	to_proof(&r);
	gated(&r, "e", HOW_EXITED, 0); /* alone it passes */
	assert_string_equal(task(&r, "e")->onto.hex, task(&r, "b")->landed.hex);
	merge_made(&r, "e");
	gated(&r, "e", HOW_EXITED, 0);
	assert_string_equal(task(&r, "e")->onto.hex, task(&r, "c")->landed.hex);
	merge_made(&r, "e");
	gated(&r, "e", HOW_EXITED, 1); /* on a, b and c: c it is */
	assert_state(&r, "e", TASK_CLAIMING);
	assert_string_equal(task(&r, "e")->reason,
			    "the check failed on the merged tree: exit code 1; it passes without "
			    "'c', which landed before it");
	assert_int_equal(task(&r, "e")->proof, 0);
	assert_int_equal(task(&r, "e")->red, 1);
	rig_done(&r);
}

static void test_group__what_cannot_be_found_out_is_left(void **state)
{
	struct rig r;
	(void)state;
	to_proof(&r);
	gated(&r, "e", HOW_TIMEOUT, 0);
	assert_state(&r, "e", TASK_CLAIMING);
	assert_string_equal(task(&r, "e")->reason,
			    "the check failed on the merged tree: exit code 1");
	assert_int_equal(task(&r, "e")->gate_errors, 0);
	rig_done(&r);
}

/* Those that came meanwhile land: what is failed keeps nobody. */
static void test_group__the_others_go_on_beside_a_proof(void **state)
{
	struct rig r;
	(void)state;
	to_proof(&r);
	issue_with(&r, "x", 2, ISSUE_OPEN);
	run_event(&r, EV_SYNCED, 0);
	to_queue(&r, "x");
	merge_made(&r, "x");
	assert_gates(&r, "ex");
	gated(&r, "x", HOW_EXITED, 0);
	land(&r, "x");
	assert_state(&r, "x", TASK_MERGED);
	gated(&r, "e", HOW_EXITED, 0);
	assert_string_equal(task(&r, "e")->onto.hex, task(&r, "b")->landed.hex);
	rig_done(&r);
}

/* Who stands behind a group that failed is not merged before it is known what will land. */
static void test_group__those_behind_a_failing_one_wait(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){2, 2, "abcd"});
	merge_all(&r, "abcd");
	assert_gates(&r, "bd");
	gated(&r, "b", HOW_EXITED, 1);
	assert_int_equal(r.stops, 0);
	ANSWER(&r, "d", ACT_GATE_PREPARE, .kind = EV_PREPARED);
	assert_state(&r, "d", TASK_STANDING);
	assert_gates(&r, "a");
	gated(&r, "a", HOW_EXITED, 1);
	assert_state(&r, "a", TASK_CLAIMING);
	merge_made(&r, "c"); /* it was begun without b, as far as was known */
	merge_all(&r, "bcd");
	assert_gates(&r, "bd"); /* the groups are as they were */
	rig_done(&r);
}

static void test_group__a_time_out_of_one_is_nobodys(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){1, 2, "ab"});
	merge_all(&r, "ab");
	gated(&r, "b", HOW_TIMEOUT, 0);
	assert_gates(&r, "a");
	gated(&r, "a", HOW_EXITED, 0);
	land(&r, "a");
	assert_state(&r, "b", TASK_QUEUED); /* it is tried again, by itself */
	assert_int_equal(task(&r, "b")->gate_errors, 1);
	rig_done(&r);
}

static void test_group__goes_over_no_conflict(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){1, 4, "abc"});
	merge_made(&r, "a");
	ANSWER(&r, "b", ACT_MERGE, .kind = EV_CONFLICT, .text = "x");
	merge_made(&r, "c");
	assert_gates(&r, "a");
	gated(&r, "a", HOW_EXITED, 0);
	land_all(&r, "a");
	assert_state(&r, "b", TASK_CONFLICTED); /* before c, which stood behind it */
	assert_gates(&r, "c");
	rig_done(&r);
}

/* A landing that found the branch elsewhere: all of it is made anew, whoever hears of it first. */
static void test_group__is_merged_anew_where_the_branch_moved(void **state)
{
	static const char *const orders[] = {"ab", "ba"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		struct rig r;
		begin_groups(&r, (struct groups){1, 2, "ab"});
		merge_all(&r, "ab");
		gated(&r, "b", HOW_EXITED, 0);
		lands(&r, "ab");
		for (const char *id = orders[i]; *id; id++) {
			const char one[] = {*id, '\0'};
			ANSWER(&r, one, ACT_LAND, .kind = EV_MOVED, .a = oid_of("theirs"));
		}
		assert_string_equal(task(&r, "a")->onto.hex, "theirs");
		if (orders[i][0] == 'b') /* it was begun before a said so */
			merge_made(&r, "b");
		merge_all(&r, "ab");
		assert_gates(&r, "b");
		assert_string_equal(task(&r, "b")->onto.hex, task(&r, "a")->merge.hex);
		rig_done(&r);
	}
}

/* What is likely to fail is not tested together, nor far ahead. */
static void test_group__is_as_large_as_it_is_likely_to_pass(void **state)
{
	struct rig r;
	(void)state;
	begin_groups(&r, (struct groups){4, 8, "abcdefgh"});
	r.c.run.tested = 40;
	r.c.run.failed = 24;
	merge_all(&r, "a");
	assert_gates(&r, "a");
	merge_made(&r, "b");
	merge_made(&r, "c");
	assert_gates(&r, "abc");
	assert_int_equal(r.c.train.n, 3); /* a fourth would be of use in one case of eight */
	rig_done(&r);
}

/* Agents and what is tested ahead share limits.max_concurrent; the first check needs no place. */
static void test_group__checks_ahead_take_the_place_of_sessions(void **state)
{
	struct policy p = RIG_POLICY;
	struct rig r;
	(void)state;
	p.n_checks = 1;
	p.allow_red = true;
	p.gate_slots = 3;
	p.max_concurrent = 2;
	rig_init(&r, &p);
	issues(&r, "abcde");
	begin(&r);
	to_queue(&r, "a");
	to_queue(&r, "b");
	merge_made(&r, "a");
	assert_state(&r, "c", TASK_CLAIMING);
	assert_state(&r, "d", TASK_CLAIMING);
	merge_made(&r, "b");
	assert_gates(&r, "a"); /* both places are sessions' */
	to_queue(&r, "c");
	assert_gates(&r, "ab"); /* before another session */
	assert_state(&r, "e", TASK_READY);
	gated(&r, "a", HOW_EXITED, 0);
	assert_state(&r, "e", TASK_CLAIMING);
	rig_done(&r);
}

/* Those that came first become more urgent the more of the later ones are begun before them. */
static void test_group__nobody_waits_for_ever(void **state)
{
	struct rig r;
	int landings = 0;
	(void)state;
	rig_init(&r, NULL);
	issue_with(&r, "z", 4, ISSUE_OPEN);
	issue_with(&r, "0", 0, ISSUE_OPEN);
	begin(&r);
	to_queue(&r, "0");
	to_queue(&r, "z");
	for (int i = 1; task(&r, "z")->state == TASK_QUEUED; i++) {
		const char id[] = {(char)('0' + i), '\0'};
		const char last[] = {(char)('0' + i - 1), '\0'};
		assert_true(++landings < 30);
		issue_with(&r, id, 0, ISSUE_OPEN);
		run_event(&r, EV_SYNCED, 0);
		to_queue(&r, id);
		to_closed(&r, last);
	}
	assert_int_equal(landings, 17); /* four for each step of priority, and the first */
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group__is_tested_once_and_lands_at_once),
		cmocka_unit_test(test_group__is_tested_by_what_any_of_it_touches),
		cmocka_unit_test(test_group__a_failing_one_is_bisected_to_the_culprit),
		cmocka_unit_test(test_group__is_taken_apart_over_all_gates),
		cmocka_unit_test(test_group__who_it_fails_with_is_found_by_halves),
		cmocka_unit_test(test_group__what_cannot_be_found_out_is_left),
		cmocka_unit_test(test_group__the_others_go_on_beside_a_proof),
		cmocka_unit_test(test_group__those_behind_a_failing_one_wait),
		cmocka_unit_test(test_group__a_time_out_of_one_is_nobodys),
		cmocka_unit_test(test_group__goes_over_no_conflict),
		cmocka_unit_test(test_group__is_merged_anew_where_the_branch_moved),
		cmocka_unit_test(test_group__is_as_large_as_it_is_likely_to_pass),
		cmocka_unit_test(test_group__checks_ahead_take_the_place_of_sessions),
		cmocka_unit_test(test_group__nobody_waits_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
