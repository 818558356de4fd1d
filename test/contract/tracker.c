#include "base/clean.h"
#include "contract/each.h"
#include "github_fake.h"
#include "tmp.h"
#include "tracker/fake.h"
#include "tracker/kinds.h"
#include "unit/test.h"
#include "wire/github.h"

#include <pthread.h>
#include <string.h>

/* What every tracker promises (src/port/tracker.h), the same cases for each kind there is. */

static const struct tracker_kind *kind;
static char *dir;
static struct tracker *t;
static struct err e;
static struct github_fake github;

static void open_tracker(void)
{
	struct github_options options = {
		.url = github.url, .token_env = "GANGER_TEST_TOKEN", .repository = "o/r"};

	if (kind->open(&(struct tracker_where){.state_dir = dir,
					       .root = dir,
					       .github = &options,
					       .github_comments = "one"},
		       &t, &e))
		fail_msg("%s", e.msg);
}

static int setup(void **state)
{
	kind = *state;
	dir = tmp_make();
	memset(&e, 0, sizeof(e));
	if (streq(kind->name, "github"))
		github_fake_start(&github, dir, "");
	open_tracker();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	t->ops->free(t);
	if (github.pid) {
		github_fake_check(&github);
		github_fake_stop(&github);
	}
	tmp_done(dir);
	return 0;
}

#define BY(issue, name) (&(struct issue_claim){.epic = "1", .id = issue, .who = name})
#define OK(call)                                                                                   \
	do {                                                                                       \
		if (call)                                                                          \
			fail_msg(#call ": %s", e.msg);                                             \
	} while (0)

static char *add(const char *title, const char *parent, const char *after)
{
	const char *const list[] = {after, NULL};
	char *id = NULL;

	OK(t->ops->add(t,
		       &(struct issue_new){
			       .title = title, .parent = parent, .after = list, .priority = -1},
		       &id, &e));
	return id;
}

static void make(const char *title, const char *parent, const char *after)
{
	free(add(title, parent, after));
}

static struct issue get(const char *id)
{
	struct issue i;

	OK(t->ops->get(t, id, &i, NULL, &e));
	return i;
}

static int by_names(const void *a, const void *b)
{
	const struct issue_edge *x = a, *y = b;
	int order = strcmp(x->task, y->task);

	return order ? order : strcmp(x->needs, y->needs);
}

/* "a>b c>d": the edges, by name. */
static char *edges(const struct issue_graph *g)
{
	struct buf b = BUF_INIT;

	if (g->edges.n)
		qsort(g->edges.items, g->edges.n, sizeof(g->edges.items[0]), by_names);
	for (size_t i = 0; i < g->edges.n; i++)
		buf_printf(&b, "%s%s>%s", i ? " " : "", g->edges.items[i].task,
			   g->edges.items[i].needs);
	return buf_take(&b);
}

static char *ids(const struct issue_graph *g)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < g->issues.n; i++)
		buf_printf(&b, "%s%s", i ? " " : "", g->issues.items[i].id);
	return buf_take(&b);
}

static void assert_loaded(const char *epic, const char *want_ids, const char *want_edges)
{
	struct issue_graph g;
	struct issue i;

	OK(t->ops->load(t, epic, &i, &g, &e));
	char *have_ids CLEANUP(freep) = ids(&g), *have_edges CLEANUP(freep) = edges(&g);
	assert_string_equal(have_ids, want_ids);
	assert_string_equal(have_edges, want_edges);
	issue_done(&i);
	issue_graph_done(&g);
}

static void test_tracker__add_numbers_issues(void **state)
{
	char *one CLEANUP(freep) = add("one", NULL, NULL),
		  *two CLEANUP(freep) = add("two", NULL, one);

	(void)state;
	assert_string_equal(one, "1");
	assert_string_equal(two, "2");
	struct issue i = get("1");
	assert_string_equal(i.title, "one");
	assert_string_equal(i.body, "");
	assert_string_equal(i.comments, "");
	assert_string_equal(i.labels, "");
	assert_string_equal(i.status, "open");
	assert_string_equal(i.claimed_by, "");
	assert_string_equal(i.hidden, "");
	assert_string_equal(i.closed_reason, "");
	assert_null(i.parent);
	assert_true(i.open);
	assert_int_equal(i.priority, 2);
	assert_true(i.created_ms > 0);
	assert_int_equal(i.closed_ms, 0);
	issue_done(&i);
}

static void test_tracker__wanted_id_is_kept_and_numbers_pass_it(void **state)
{
	char *id = NULL;

	(void)state;
	if (!kind->plans)
		skip();
	OK(t->ops->add(t, &(struct issue_new){.title = "x", .id = "bd-a3f", .priority = 0}, &id,
		       &e));
	assert_string_equal(id, "bd-a3f");
	free(id);
	OK(t->ops->add(t, &(struct issue_new){.title = "x", .id = "41", .priority = 0}, &id, &e));
	free(id);
	id = add("next", NULL, NULL);
	assert_string_equal(id, "42");
	free(id);
	assert_int_equal(t->ops->add(t, &(struct issue_new){.title = "x", .id = "41"}, &id, &e),
			 ERR_CONFLICT);
}

static void test_tracker__unknown_names_are_invalid_and_nothing_is_made(void **state)
{
	const char *const after[] = {"1", "77", NULL};
	const char *const good[] = {"1", NULL};
	char *id = NULL;

	(void)state;
	make("one", NULL, NULL);
	assert_int_equal(
		t->ops->add(t, &(struct issue_new){.title = "x", .after = after, .priority = -1},
			    &id, &e),
		ERR_INVALID);
	assert_non_null(strstr(e.msg, "'77'"));
	assert_int_equal(
		t->ops->add(t,
			    &(struct issue_new){
				    .title = "x", .parent = "78", .after = good, .priority = -1},
			    &id, &e),
		ERR_INVALID);
	assert_non_null(strstr(e.msg, "'78'"));
	assert_int_equal(
		t->ops->add(t, &(struct issue_new){.title = " \n", .priority = -1}, &id, &e),
		ERR_INVALID);
	assert_int_equal(t->ops->add(t, &(struct issue_new){.title = "x", .priority = 5}, &id, &e),
			 ERR_INVALID);
	assert_loaded(NULL, "1", "");
}

static void test_tracker__load_gives_children_and_edges(void **state)
{
	const char *const after[] = {"2", NULL};
	struct issue epic;
	struct issue_graph g;

	(void)state;
	make("epic", NULL, NULL);
	make("outside", NULL, NULL);
	make("a", "1", NULL);
	make("b", "1", "3");
	make("not in it", NULL, "3");
	OK(t->ops->close(t, "3", "completed", NULL, &e));
	OK(t->ops->edit(t, "3", &(struct issue_change){.after = after, .priority = -1}, &e));
	OK(t->ops->load(t, "1", &epic, &g, &e));
	assert_string_equal(epic.title, "epic");
	char *have CLEANUP(freep) = edges(&g), *are CLEANUP(freep) = ids(&g);
	assert_string_equal(are, "3 4");
	assert_string_equal(have, "3>2 4>3");
	assert_false(g.issues.items[0].open);
	assert_string_equal(g.issues.items[0].parent, "1");
	assert_int_equal(g.outside.n, 1);
	assert_string_equal(g.outside.items[0].id, "2");
	assert_string_equal(g.outside.items[0].title, "outside");
	assert_true(g.outside.items[0].open);
	issue_done(&epic);
	issue_graph_done(&g);
	assert_loaded(NULL, "1 2 3 4 5", "3>2 4>3 5>3");
	assert_int_equal(t->ops->load(t, "99", &epic, &g, &e), ERR_NOT_FOUND);
}

static void test_tracker__claim_is_for_one(void **state)
{
	(void)state;
	make("one", NULL, NULL);
	OK(t->ops->claim(t, BY("1", "me"), &e));
	OK(t->ops->claim(t, BY("1", "me"), &e));
	assert_int_equal(t->ops->claim(t, BY("1", "you"), &e), ERR_CONFLICT);
	assert_non_null(strstr(e.msg, "'me'"));
	struct issue i = get("1");
	assert_string_equal(i.claimed_by, "me");
	issue_done(&i);
	OK(t->ops->release(t, BY("1", "you"), &e)); /* not theirs: nothing happens */
	assert_int_equal(t->ops->claim(t, BY("1", "you"), &e), ERR_CONFLICT);
	OK(t->ops->release(t, BY("1", "me"), &e));
	OK(t->ops->release(t, BY("1", "me"), &e));
	OK(t->ops->claim(t, BY("1", "you"), &e));
	OK(t->ops->close(t, "1", "completed", NULL, &e));
	assert_int_equal(t->ops->claim(t, BY("1", "you"), &e), ERR_CONFLICT);
	assert_int_equal(t->ops->claim(t, BY("9", "you"), &e), ERR_NOT_FOUND);
	assert_int_equal(t->ops->release(t, BY("9", "you"), &e), ERR_NOT_FOUND);
}

static void test_tracker__close_twice_is_once(void **state)
{
	(void)state;
	make("one", NULL, NULL);
	OK(t->ops->claim(t, BY("1", "me"), &e));
	OK(t->ops->close(t, "1", "not_planned", "why not", &e));
	struct issue first = get("1");
	OK(t->ops->close(t, "1", "completed", "again", &e));
	struct issue i = get("1");
	assert_false(i.open);
	assert_string_equal(i.status, "closed");
	assert_string_equal(i.closed_reason, "not_planned");
	assert_int_equal(i.closed_ms, first.closed_ms);
	assert_true(i.closed_ms > 0);
	assert_string_equal(i.claimed_by, "");
	assert_non_null(strstr(i.comments, "why not"));
	assert_null(strstr(i.comments, "again"));
	issue_done(&first);
	issue_done(&i);
	assert_int_equal(t->ops->close(t, "9", "completed", NULL, &e), ERR_NOT_FOUND);
}

static void test_tracker__a_marker_has_one_comment(void **state)
{
	(void)state;
	make("one", NULL, NULL);
	make("two", NULL, NULL);
	OK(t->ops->comment(t, "1", "m", "first words", &e));
	OK(t->ops->comment(t, "1", NULL, "plain", &e));
	OK(t->ops->comment(t, "1", NULL, "plain", &e));
	OK(t->ops->comment(t, "1", "m", "other words", &e));
	OK(t->ops->comment(t, "2", "m", "of two", &e));
	struct issue i = get("1");
	assert_null(strstr(i.comments, "first words"));
	const char *other = strstr(i.comments, "other words"), *plain = strstr(i.comments, "plain");
	assert_non_null(other);
	assert_non_null(plain);
	assert_true(other < plain); /* it keeps its place */
	assert_non_null(strstr(plain + 1, "plain"));
	assert_null(strstr(i.comments, "of two"));
	issue_done(&i);
	assert_int_equal(t->ops->comment(t, "9", NULL, "x", &e), ERR_NOT_FOUND);
}

static void test_tracker__edit_changes_what_is_given(void **state)
{
	const char *const after[] = {"2", NULL}, *const none[] = {NULL};

	(void)state;
	make("one", NULL, NULL);
	make("two", NULL, NULL);
	make("three", NULL, "1");
	OK(t->ops->edit(t, "3",
			&(struct issue_change){
				.title = "drei", .labels = "x, y", .after = after, .priority = -1},
			&e));
	struct issue i = get("3");
	assert_string_equal(i.title, "drei");
	assert_string_equal(i.labels, "x\ny");
	assert_string_equal(i.body, "");
	assert_int_equal(i.priority, 2);
	issue_done(&i);
	assert_loaded(NULL, "1 2 3", "3>2");
	OK(t->ops->edit(t, "3",
			&(struct issue_change){
				.body = "b", .after = none, .priority = kind->plans ? 0 : -1},
			&e));
	i = get("3");
	assert_string_equal(i.title, "drei");
	assert_string_equal(i.body, "b");
	assert_int_equal(i.priority, kind->plans ? 0 : 2);
	issue_done(&i);
	assert_loaded(NULL, "1 2 3", "");
	assert_int_equal(t->ops->edit(t, "9", &(struct issue_change){.priority = 1}, &e),
			 ERR_NOT_FOUND);
	assert_int_equal(
		t->ops->edit(t, "3", &(struct issue_change){.status = "?", .priority = -1}, &e),
		ERR_INVALID);
}

static void test_tracker__a_closed_issue_can_be_reopened(void **state)
{
	(void)state;
	make("one", NULL, NULL);
	OK(t->ops->close(t, "1", "completed", NULL, &e));
	OK(t->ops->edit(t, "1", &(struct issue_change){.status = "open", .priority = -1}, &e));
	struct issue i = get("1");
	assert_true(i.open);
	assert_string_equal(i.status, "open");
	assert_string_equal(i.closed_reason, "");
	assert_int_equal(i.closed_ms, 0);
	issue_done(&i);
}

static void test_tracker__a_cycle_can_be_made_but_not_of_one(void **state)
{
	const char *const four[] = {"4", NULL}, *const self[] = {"1", NULL};

	(void)state;
	if (kind->acyclic)
		skip();
	make("one", NULL, NULL);
	make("two", NULL, "1");
	make("three", NULL, "2");
	make("four", NULL, "3");
	OK(t->ops->edit(t, "1", &(struct issue_change){.after = four, .priority = -1}, &e));
	assert_int_equal(
		t->ops->edit(t, "1", &(struct issue_change){.after = self, .priority = -1}, &e),
		ERR_INVALID);
	assert_non_null(strstr(e.msg, "itself"));
	struct issue i = {0};
	struct issue_graph g = {0};
	OK(t->ops->load(t, NULL, &i, &g, &e));
	char *have CLEANUP(freep) = edges(&g);
	assert_int_equal(g.edges.n, 4);
	assert_non_null(strstr(have, "1>4"));
	issue_done(&i);
	issue_graph_done(&g);
}

static void test_tracker__get_tells_both_sides(void **state)
{
	struct issue i;
	struct issue_graph g;

	(void)state;
	make("one", NULL, NULL);
	make("two", NULL, "1");
	make("three", NULL, "2");
	OK(t->ops->get(t, "2", &i, &g, &e));
	char *have CLEANUP(freep) = edges(&g);
	assert_string_equal(have, "2>1 3>2");
	assert_int_equal(g.outside.n, 2);
	issue_done(&i);
	issue_graph_done(&g);
	assert_int_equal(t->ops->get(t, "9", &i, NULL, &e), ERR_NOT_FOUND);
}

static void test_tracker__epics_are_open_issues_with_children(void **state)
{
	struct issue_graph g;

	(void)state;
	make("epic", NULL, NULL);
	make("done", NULL, NULL);
	make("plain", NULL, NULL);
	make("a", "1", NULL);
	make("b", "2", NULL);
	/* Not close(): that may be refused while a child is open. */
	OK(t->ops->edit(t, "2", &(struct issue_change){.status = "closed", .priority = -1}, &e));
	OK(t->ops->epics(t, &g, &e));
	char *are CLEANUP(freep) = ids(&g);
	assert_string_equal(are, "1");
	issue_graph_done(&g);
}

static void test_tracker__an_epic_inside_is_no_task_while_it_has_open_children(void **state)
{
	struct issue_graph g;

	(void)state;
	make("epic", NULL, NULL);
	make("inner", "1", NULL);
	make("leaf", "2", NULL);
	OK(t->ops->load(t, "1", NULL, &g, &e));
	assert_string_equal(g.issues.items[0].hidden, "an epic of its own");
	issue_graph_done(&g);
	OK(t->ops->close(t, "3", "completed", NULL, &e));
	OK(t->ops->load(t, "1", NULL, &g, &e));
	assert_string_equal(g.issues.items[0].hidden, "");
	issue_graph_done(&g);
}

static void test_tracker__children_wait_for_what_their_epic_waits_for(void **state)
{
	const char *const after[] = {"1", kind->acyclic ? NULL : "4", NULL};

	(void)state;
	make("before", NULL, NULL);
	make("upper", NULL, "1");
	make("epic", "2", NULL);
	make("first", "3", NULL);
	make("second", "3", "4");
	/* An epic that is linked to its own task as well must not hold it. */
	OK(t->ops->edit(t, "3", &(struct issue_change){.after = after, .priority = -1}, &e));
	assert_loaded("3", "4 5", "4>1 5>1 5>4");
	OK(t->ops->close(t, "1", "completed", NULL, &e));
	assert_loaded("3", "4 5", "5>4");
}

static void test_tracker__text_is_made_utf8(void **state)
{
	char *id CLEANUP(freep) = NULL;

	(void)state;
	OK(t->ops->add(t,
		       &(struct issue_new){.title = "a\xff"
						    "b\tc",
					   .body = "\xc3\x28",
					   .priority = -1},
		       &id, &e));
	struct issue i = get(id);
	assert_string_equal(i.title, "a\xef\xbf\xbd"
				     "b c");
	assert_string_equal(i.body, "\xef\xbf\xbd(");
	issue_done(&i);
}

static void test_tracker__survives_being_opened_again(void **state)
{
	(void)state;
	if (!kind->keeps)
		skip();
	make("one", NULL, NULL);
	make("two", "1", NULL);
	OK(t->ops->claim(t, BY("2", "me"), &e));
	t->ops->free(t);
	open_tracker();
	assert_loaded("1", "2", "");
	assert_int_equal(t->ops->claim(t, BY("2", "you"), &e), ERR_CONFLICT);
}

#define THREADS 4
#define ROUNDS  25 /* 5 where each call costs more */

static int rounds(void)
{
	return streq(kind->name, "beads") || github.pid ? 5 : ROUNDS;
}

static void *claim_rounds(void *arg)
{
	const char *who = arg;
	intptr_t won = 0;

	for (int i = 1; i <= rounds(); i++) {
		char *id = mem_printf("%d", i);
		won += t->ops->claim(t, BY(id, who), NULL) == 0;
		free(id);
	}
	return (void *)won;
}

static void test_tracker__threads_may_call_it(void **state)
{
	static const char *const who[THREADS] = {"a", "b", "c", "d"};
	pthread_t threads[THREADS];
	intptr_t won = 0;
	void *one;

	(void)state;
	for (int i = 0; i < rounds(); i++)
		make("x", NULL, NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, claim_rounds, (void *)(intptr_t)who[i]),
			0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &one), 0);
		won += (intptr_t)one;
	}
	assert_int_equal(won, rounds());
}

static void test_tracker__a_cycle_is_refused_in_its_words(void **state)
{
	const char *const two[] = {"2", NULL}, *const self[] = {"1", NULL};

	(void)state;
	if (!kind->acyclic)
		skip();
	make("one", NULL, NULL);
	make("two", NULL, "1");
	assert_int_equal(
		t->ops->edit(t, "1", &(struct issue_change){.after = two, .priority = -1}, &e),
		ERR_INVALID);
	assert_non_null(strstr(e.msg, "cycle"));
	assert_int_equal(
		t->ops->edit(t, "1", &(struct issue_change){.after = self, .priority = -1}, &e),
		ERR_INVALID);
	assert_loaded(NULL, "1 2", "2>1");
}

/* What the fake does on top of the contract. */
static void test_tracker__fake_fails_when_told(void **state)
{
	(void)state;
	if (!streq(kind->name, "fake"))
		skip();
	make("one", NULL, NULL);
	tracker_fake_fail(t, 2, ERR_IO, true);
	OK(t->ops->claim(t, BY("1", "me"), &e));
	assert_int_equal(t->ops->close(t, "1", "completed", NULL, &e), ERR_IO);
	struct issue i = get("1");
	assert_false(i.open);
	issue_done(&i);
	tracker_fake_fail(t, 1, ERR_BUSY, false);
	assert_int_equal(t->ops->comment(t, "1", "m", "x", &e), ERR_BUSY);
	i = get("1");
	assert_string_equal(i.comments, "");
	issue_done(&i);
}

/* Beads by its stand-in, with ids as the others give them. */
static void use_fake_bd(void)
{
	char *path CLEANUP(freep) =
		mem_printf("%s/test/fake:%s", getenv("GANGER_SOURCE"), getenv("PATH"));

	CHECK(setenv("PATH", path, 1) == 0);
	CHECK(setenv("BD_FAKE_NUMBERS", "1", 1) == 0);
}

int main(void)
{
	CHECK(setenv("GANGER_TEST_TOKEN", "test-token", 1) == 0);
	use_fake_bd();
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_tracker__add_numbers_issues),
		T(test_tracker__wanted_id_is_kept_and_numbers_pass_it),
		T(test_tracker__unknown_names_are_invalid_and_nothing_is_made),
		T(test_tracker__load_gives_children_and_edges),
		T(test_tracker__claim_is_for_one),
		T(test_tracker__close_twice_is_once),
		T(test_tracker__a_marker_has_one_comment),
		T(test_tracker__edit_changes_what_is_given),
		T(test_tracker__a_closed_issue_can_be_reopened),
		T(test_tracker__a_cycle_can_be_made_but_not_of_one),
		T(test_tracker__a_cycle_is_refused_in_its_words),
		T(test_tracker__get_tells_both_sides),
		T(test_tracker__epics_are_open_issues_with_children),
		T(test_tracker__an_epic_inside_is_no_task_while_it_has_open_children),
		T(test_tracker__children_wait_for_what_their_epic_waits_for),
		T(test_tracker__text_is_made_utf8),
		T(test_tracker__survives_being_opened_again),
		T(test_tracker__threads_may_call_it),
		T(test_tracker__fake_fails_when_told),
	};

	return each_kind("tracker", tracker_kinds, sizeof(tracker_kinds[0]), tests,
			 ARRAY_LEN(tests));
}
