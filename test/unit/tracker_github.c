#include "unit/tracker_github_fixture.h"

/* What it reads. */

/* "2 3!": ids of an epic's issues, the closed ones marked; then "| 3>2": the edges. */
static void assert_graph(const char *want)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (size_t i = 0; i < g.issues.n; i++)
		buf_printf(&b, "%s%s%s", i ? " " : "", g.issues.items[i].id,
			   g.issues.items[i].open ? "" : "!");
	buf_puts(&b, " |");
	for (size_t i = 0; i < g.edges.n; i++)
		buf_printf(&b, " %s>%s", g.edges.items[i].task, g.edges.items[i].needs);
	assert_string_equal(buf_cstr(&b), want);
}

static bool noted(const char *words)
{
	for (size_t i = 0; i < g.notes.n; i++) {
		if (strstr(g.notes.items[i], words))
			return true;
	}
	return false;
}

static void test_github__an_epic_by_its_sub_issues(void **state)
{
	(void)state;
	start(EPIC);
	OK(load("1"));
	assert_string_equal(epic.title, "epic");
	assert_graph("2 3 4 | 3>2 4>3 4>5");
	assert_string_equal(g.issues.items[0].labels, "a\nb c");
	assert_int_equal(g.outside.n, 1);
	assert_true(g.outside.items[0].open);
	assert_int_equal(g.notes.n, 0);
}

/* As in symphony-ts#354, where one that was closed blocked for ever. */
static void test_github__a_closed_blocker_is_there_and_closed(void **state)
{
	(void)state;
	start(EPIC);
	github_fake_tell(&hub, "human", "{\"do\": \"close\", \"number\": 5}");
	github_fake_tell(&hub, "human", "{\"do\": \"close\", \"number\": 2}");
	OK(load("1"));
	assert_graph("2! 3 4 | 3>2 4>3 4>5");
	assert_false(g.outside.items[0].open);
	assert_string_equal(g.issues.items[0].closed_reason, "not_planned");
}

static void test_github__an_epic_by_its_task_list(void **state)
{
	(void)state;
	start(", \"issues\": ["
	      "{\"number\": 1, \"title\": \"epic\", \"body\": \"- [ ] #3\\n- [x] #2\\n```\\n- [ ] "
	      "#4\\n```\\n- #4\\n\"},"
	      "{\"number\": 2, \"title\": \"one\"},"
	      "{\"number\": 3, \"title\": \"two\", \"body\": \"Depends on: #2 and #4.\"},"
	      "{\"number\": 4, \"title\": \"three\"}]");
	OK(load("1"));
	assert_graph("3 2 | 3>2 3>4");
	assert_true(noted("task list"));
	assert_true(noted("'3' waits for '4': the text of its body says so"));
	assert_int_equal(g.outside.n, 1);
}

static void test_github__an_epic_by_a_label(void **state)
{
	(void)state;
	start(", \"issues\": [{\"number\": 1, \"title\": \"epic\"},"
	      "{\"number\": 2, \"title\": \"one\", \"labels\": [\"epic:1\"]},"
	      "{\"number\": 3, \"title\": \"two\", \"labels\": [\"epic:7\"]}]");
	t->ops->free(t);
	t = open_tracker(dir, NULL, "epic:{epic}");
	OK(load("1"));
	assert_graph("2 |");
	assert_true(noted("labelled 'epic:1'"));
}

static void test_github__an_epic_by_what_blocks_it(void **state)
{
	(void)state;
	start(", \"issues\": [{\"number\": 1, \"title\": \"epic\", \"blocked_by\": [2, 3]},"
	      "{\"number\": 2, \"title\": \"one\"},"
	      "{\"number\": 3, \"title\": \"two\", \"blocked_by\": [2]}]");
	OK(load("1"));
	assert_graph("2 3 | 3>2");
	assert_true(noted("block it"));
}

static void test_github__texts_count_only_where_no_dependency_does(void **state)
{
	(void)state;
	start(", \"issues\": [{\"number\": 1, \"title\": \"epic\", \"children\": [2, 3, 4]},"
	      "{\"number\": 2, \"title\": \"one\"},"
	      "{\"number\": 3, \"title\": \"two\", \"blocked_by\": [2]},"
	      "{\"number\": 4, \"title\": \"three\", \"body\": \"blocked by #2\"}]");
	OK(load("1"));
	assert_graph("2 3 4 | 3>2");
	assert_true(noted("'4' says that it depends on '2', which is not among its dependencies"));
}

static void test_github__an_older_server_has_texts_alone(void **state)
{
	(void)state;
	start(", \"issues\": [{\"number\": 1, \"title\": \"epic\", \"body\": \"* [ ] #2\\n* [ ] "
	      "#3\"},"
	      "{\"number\": 2, \"title\": \"one\"},"
	      "{\"number\": 3, \"title\": \"two\", \"body\": \"Blocked by #2\"}]");
	github_fake_tell(&hub, "conf", "{\"sub_issues\": false, \"dependencies\": false}");
	OK(load("1"));
	assert_graph("2 3 | 3>2");
	assert_true(noted("no sub-issues"));
	assert_true(noted("no dependencies"));
}

/* Origins 4d: where dependencies could not be fetched there were none. */
static void test_origins__4d_a_dependency_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	start(EPIC);
	github_fake_tell(&hub, "fault",
			 "{\"act\": \"gone\", \"route\": \"*/blocked_by\", \"nth\": 2}");
	assert_int_equal(load("1"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "what issue '4' depends on could not be read"));
	github_fake_tell(&hub, "fault",
			 "{\"act\": \"status\", \"route\": \"*/blocked_by\", \"times\": 3, "
			 "\"status\": 502}");
	assert_int_equal(load("1"), ERR_IO);
	/* Of two only one is shown: the other one is where this login may not look. */
	github_fake_tell(&hub, "fault",
			 "{\"act\": \"stale\", \"route\": \"*/blocked_by\", \"nth\": 2}");
	assert_int_equal(load("1"), ERR_IO);
	assert_non_null(strstr(e.msg, "of the 2 issues that '4' depends on only 1"));
	OK(load("1"));
}

/* Origins 4a, #617: 'blocked by' was read the wrong way round. */
static void test_origins__617_dependencies_point_the_right_way(void **state)
{
	struct issue i;

	(void)state;
	start(EPIC);
	OK(t->ops->get(t, "3", &i, &g, &e));
	assert_int_equal(g.edges.n, 2);
	assert_string_equal(g.edges.items[0].task, "3");
	assert_string_equal(g.edges.items[0].needs, "2");
	assert_string_equal(g.edges.items[1].task, "4");
	assert_string_equal(g.edges.items[1].needs, "3");
	issue_done(&i);
}

static void test_github__pull_requests_are_no_issues(void **state)
{
	(void)state;
	start(EPIC);
	free(github_fake_push(&hub, "x", 1));
	struct github_options o = {.url = hub.url, .token_env = "TEST_TOKEN"};
	struct github *api = NULL;
	struct github_answer a = {0};
	OK(github_open(&o, &api, &e));
	struct cJSON *body CLEANUP(json_freep) =
		json_parse(STR("{\"title\":\"p\",\"head\":\"x\",\"base\":\"main\"}"));
	OK(github_send(api, "POST", "/repos/o/r/pulls", body, &a, &e));
	assert_int_equal(a.result, GITHUB_DONE);
	assert_int_equal(json_int(a.json, "number"), 6);
	github_answer_done(&a);
	github_close(api);
	OK(load(NULL));
	assert_graph("1 2 3 4 5 | 3>2 4>3 4>5");
	assert_int_equal(load("6"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "pull request"));
}

static void test_github__what_people_do_is_seen_at_the_next_look(void **state)
{
	(void)state;
	start(EPIC);
	OK(load("1"));
	github_fake_tell(&hub, "human", "{\"do\": \"close\", \"number\": 3}");
	github_fake_tell(&hub, "human", "{\"do\": \"label\", \"number\": 2, \"label\": \"new\"}");
	github_fake_tell(&hub, "human", "{\"do\": \"edit\", \"number\": 4, \"title\": \"other\"}");
	OK(load("1"));
	assert_graph("2 3! 4 | 3>2 4>3 4>5");
	assert_string_equal(g.issues.items[0].labels, "a\nb c\nnew");
	assert_string_equal(g.issues.items[2].title, "other");
	github_fake_tell(&hub, "human", "{\"do\": \"reopen\", \"number\": 3}");
	OK(load("1"));
	assert_graph("2 3 4 | 3>2 4>3 4>5");
	assert_string_equal(g.issues.items[1].closed_reason, "");
}

static void test_github__one_that_was_transferred_is_not_ours(void **state)
{
	struct issue i;
	char *other CLEANUP(freep) = NULL;

	(void)state;
	start(EPIC);
	other = mem_printf(
		"{\"repos\": {\"o/other\": {\"git\": \"%s\", \"issues\": [{\"number\": 1,"
		" \"title\": \"x\"}]}}}",
		hub.bare);
	github_fake_tell(&hub, "seed", other);
	github_fake_tell(&hub, "human",
			 "{\"do\": \"transfer\", \"number\": 2, \"to\": \"o/other\"}");
	assert_int_equal(t->ops->get(t, "2", &i, NULL, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "'o/other#2'"));
	assert_int_equal(t->ops->claim(t, &(struct issue_claim){"1", "2", "me"}, &e),
			 ERR_NOT_FOUND);
	OK(t->ops->get(t, "o/other#2", &i, NULL, &e));
	assert_string_equal(i.id, "o/other#2");
	issue_done(&i);
}

static void test_github__a_renamed_repository_keeps_its_issues(void **state)
{
	(void)state;
	start(EPIC);
	OK(load("1"));
	github_fake_tell(&hub, "human", "{\"do\": \"rename\", \"to\": \"o/new\"}");
	OK(load("1"));
	assert_graph("2 3 4 | 3>2 4>3 4>5");
	assert_string_equal(g.issues.items[0].hidden, "");
	OK(t->ops->close(t, "2", "completed", NULL, &e));
	OK(load("1"));
	assert_graph("2! 3 4 | 3>2 4>3 4>5");
}

static void test_github__what_did_not_change_is_read_for_nothing(void **state)
{
	(void)state;
	start(EPIC);
	OK(load("1"));
	char *first CLEANUP(freep) = github_fake_control(&hub, "asked", NULL);
	OK(load("1"));
	char *second CLEANUP(freep) = github_fake_control(&hub, "asked", NULL);
	const char *a = strstr(first, "\"unconditional\""),
		   *b = strstr(second, "\"unconditional\"");
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_github__an_epic_by_its_sub_issues),
		T(test_github__a_closed_blocker_is_there_and_closed),
		T(test_github__an_epic_by_its_task_list),
		T(test_github__an_epic_by_a_label),
		T(test_github__an_epic_by_what_blocks_it),
		T(test_github__texts_count_only_where_no_dependency_does),
		T(test_github__an_older_server_has_texts_alone),
		T(test_origins__4d_a_dependency_that_cannot_be_read_is_an_error),
		T(test_origins__617_dependencies_point_the_right_way),
		T(test_github__pull_requests_are_no_issues),
		T(test_github__what_people_do_is_seen_at_the_next_look),
		T(test_github__one_that_was_transferred_is_not_ours),
		T(test_github__a_renamed_repository_keeps_its_issues),
		T(test_github__what_did_not_change_is_read_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
