#include "base/clean.h"
#include "base/clock.h"
#include "github_fake.h"
#include "tmp.h"
#include "tracker/github.h"
#include "wire/github.h"

#include <cjson/cJSON.h>
#include <poll.h>

/* The tracker 'github' against its stand-in: what the contract of all trackers does not ask for. */

static char *dir;
static struct github_fake hub;
static struct tracker *t;
static struct issue_graph g;
static struct issue epic;
static struct err e;

/* An epic of three with one dependency, one closed blocker outside, and a pull request's number. */
#define EPIC                                                                                       \
	", \"issues\": ["                                                                          \
	"{\"number\": 1, \"title\": \"epic\", \"children\": [2, 3, 4]},"                           \
	"{\"number\": 2, \"title\": \"one\", \"labels\": [\"a\", \"b c\"]},"                       \
	"{\"number\": 3, \"title\": \"two\", \"blocked_by\": [2]},"                                \
	"{\"number\": 4, \"title\": \"three\", \"blocked_by\": [3, 5]},"                           \
	"{\"number\": 5, \"title\": \"before\"}]"

static struct tracker *open_tracker(const char *state, const char *comments, const char *label)
{
	struct github_options o = {.url = hub.url, .token_env = "TEST_TOKEN", .repository = "o/r"};
	struct tracker *ret = NULL;

	if (tracker_github_new(&(struct github_tracker_spec){.api = &o,
							     .repository = "o/r",
							     .comments = comments,
							     .label = label,
							     .state_dir = state},
			       &ret, &e))
		fail_msg("%s", e.msg);
	return ret;
}

static void start(const char *issues)
{
	github_fake_start(&hub, dir, issues);
	t = open_tracker(dir, "one", NULL);
}

static int setup(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	dir = tmp_make();
	return setenv("TEST_TOKEN", "test-token", 1);
}

static void forget(void)
{
	issue_graph_done(&g);
	issue_done(&epic);
}

static int teardown(void **state)
{
	(void)state;
	forget();
	t->ops->free(t);
	t = NULL;
	github_fake_check(&hub);
	github_fake_stop(&hub);
	tmp_done(dir);
	return 0;
}

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (call)                                                                          \
			fail_msg(#call ": %s", e.msg);                                             \
	} while (0)

static int load(const char *id)
{
	forget();
	return t->ops->load(t, id, &epic, &g, &e);
}

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

/* How often this was effectively written. */
static int wrote(const char *kind)
{
	char *text CLEANUP(freep) = github_fake_control(&hub, "journal", NULL);
	struct cJSON *j CLEANUP(json_freep) = json_parse(str_of(text));
	const struct cJSON *one;
	int n = 0;

	cJSON_ArrayForEach(one, j)
	{
		n += streq(json_text(one, "kind"), kind) && !json_true(one, "again");
	}
	return n;
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
static void test_origins__a_dependency_that_cannot_be_read_is_an_error(void **state)
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
static void test_origins__dependencies_point_the_right_way(void **state)
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

/* ---- Claims ---- */

static int claim(struct tracker *by, const char *id)
{
	return by->ops->claim(by, &(struct issue_claim){"1", id, "me"}, &e);
}

static void test_github__of_two_clones_one_has_the_claim(void **state)
{
	char *elsewhere CLEANUP(freep) = path_join(dir, "elsewhere");

	(void)state;
	start(EPIC);
	OK(dir_make(elsewhere, &e));
	struct tracker *other = open_tracker(elsewhere, NULL, NULL);
	OK(claim(t, "2"));
	assert_int_equal(claim(other, "2"), ERR_CONFLICT); /* although it has the same name */
	assert_non_null(strstr(e.msg, "claimed by 'me, elsewhere'"));
	OK(other->ops->release(other, &(struct issue_claim){"1", "2", "me"}, &e));
	assert_int_equal(claim(other, "2"), ERR_CONFLICT);
	other->ops->free(other);
	/* After a crash it is ours still. */
	t->ops->free(t);
	t = open_tracker(dir, NULL, NULL);
	OK(claim(t, "2"));
	assert_int_equal(wrote("create_ref"), 1);
	char *refs CLEANUP(freep) = github_fake_git(&hub, "git for-each-ref --format='%(refname)'"
							  " refs/ganger");
	assert_string_equal(refs, "refs/ganger/claim/1/2");
}

/* What may happen to one write; the truth is read back, or the next try finds it. */
static const char *const faults[] = {
	"\"act\": \"status\", \"status\": 500",
	"\"act\": \"status\", \"status\": 502, \"html\": true",
	"\"act\": \"status\", \"status\": 503, \"after\": true",
	"\"act\": \"status\", \"status\": 504, \"html\": true, \"after\": true",
	"\"act\": \"close\"",
	"\"act\": \"close\", \"after\": true",
	"\"act\": \"half\"",
};

static void strike(size_t i, const char *method, const char *route)
{
	char *json CLEANUP(freep) =
		mem_printf("{%s, \"method\": \"%s\", \"route\": \"%s\"}", faults[i], method, route);

	github_fake_tell(&hub, "heal", "{}");
	github_fake_tell(&hub, "fault", json);
}

static void test_github__a_claim_survives_each_fault(void **state)
{
	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		const struct issue_claim c = {"1", "2", "me"};
		struct issue now;

		strike(i, "POST", "*/git/refs");
		int rc = claim(t, "2");
		assert_true(rc == 0 || rc == ERR_IO);
		OK(claim(t, "2"));
		OK(t->ops->get(t, "2", &now, NULL, &e));
		assert_string_equal(now.claimed_by, "me");
		issue_done(&now);
		strike(i, "DELETE", "*/git/refs/*");
		rc = t->ops->release(t, &c, &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->release(t, &c, &e));
		assert_int_equal(wrote("create_ref"), i + 1);
		assert_int_equal(wrote("delete_ref"), i + 1);
	}
}

/* ---- Comments ---- */

static int comments_of(const char *id, const char *words)
{
	struct issue i;
	int n = 0;

	OK(t->ops->get(t, id, &i, NULL, &e));
	for (const char *p = i.comments; (p = strstr(p, words)); p++)
		n++;
	issue_done(&i);
	return n;
}

/* Origins 4b.5: what was heard of twice was said twice. */
static void test_origins__one_comment_whatever_happens(void **state)
{
	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char *words CLEANUP(freep) = mem_printf("failed for reason %zu", i);

		strike(i, i ? "PATCH" : "POST", i ? "*/issues/comments/*" : "*/issues/*/comments");
		int rc = t->ops->comment(t, "2", "ganger:outcome", words, &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->comment(t, "2", "ganger:outcome", words, &e));
		assert_int_equal(comments_of("2", "failed for reason"), 1);
		assert_int_equal(comments_of("2", words), 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char *id CLEANUP(freep) = mem_printf("%zu", i % 3 + 3);
		char *marker CLEANUP(freep) = mem_printf("m%zu", i);

		strike(i, "POST", "*/issues/*/comments");
		int rc = t->ops->comment(t, id, marker, "said once", &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->comment(t, id, marker, "said once", &e));
	}
	int n = comments_of("3", "said once") + comments_of("4", "said once") +
		comments_of("5", "said once");
	assert_int_equal(n, ARRAY_LEN(faults));
}

static void test_github__the_same_words_are_not_written_again(void **state)
{
	(void)state;
	start(EPIC);
	OK(t->ops->comment(t, "2", "ganger:outcome", "x", &e));
	OK(t->ops->comment(t, "2", "ganger:outcome", "x", &e));
	assert_int_equal(wrote("comment"), 1);
	assert_int_equal(wrote("edit_comment"), 0);
}

static void test_github__comments_as_they_are_wanted(void **state)
{
	static const struct {
		const char *mode;
		int comments;
	} cases[] = {
		{"failures", 1},
                {"one",      1},
                {"none",     0}
        };

	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *id CLEANUP(freep) = mem_printf("%zu", i + 2);

		t->ops->free(t);
		t = open_tracker(dir, cases[i].mode, NULL);
		OK(t->ops->comment(t, id, "ganger:submitted", "a pull request", &e));
		OK(t->ops->comment(t, id, "ganger:outcome", "it failed", &e));
		assert_int_equal(comments_of(id, "it failed"), cases[i].comments);
		assert_int_equal(comments_of(id, "a pull request"), 0);
		OK(t->ops->close(t, id, "completed", "landed", &e));
		assert_int_equal(comments_of(id, "landed"), streq(cases[i].mode, "one"));
		OK(t->ops->comment(t, id, NULL, "a person's words", &e));
		assert_int_equal(comments_of(id, "a person's words"), 1);
	}
	assert_int_equal(wrote("comment"), 5);
}

static void test_github__copied_text_calls_nobody(void **state)
{
	(void)state;
	start(EPIC);
	OK(t->ops->comment(t, "2", "ganger:outcome",
			   "ask @torvalds about git/git#17, https://github.com/git/git/issues/5 "
			   "<!-- ganger:status -->",
			   &e));
	char *said CLEANUP(freep) = github_fake_control(&hub, "state", NULL);
	assert_null(strstr(said, "@torvalds"));
	assert_null(strstr(said, "git#17"));
	assert_null(strstr(said, "//github.com/git"));
	assert_non_null(strstr(said, "torvalds"));
	OK(t->ops->comment(t, "2", "ganger:outcome", "x", &e));
	assert_int_equal(wrote("comment"), 1); /* the false marker led nobody astray */
}

/* A conversation that is locked takes no comment; the issue is closed all the same. */
static void test_github__a_comment_that_is_refused_keeps_no_issue_open(void **state)
{
	(void)state;
	start(EPIC);
	github_fake_tell(
		&hub, "fault",
		"{\"act\": \"status\", \"status\": 403, \"method\": \"POST\","
		" \"route\": \"*/comments\", \"message\": \"This conversation is locked\"}");
	OK(t->ops->close(t, "2", "completed", "landed", &e));
	assert_int_equal(wrote("close"), 1);
}

/* ---- Closing ---- */

/* Origins 4c.4: what failed after it was done was recorded as not done. */
static void test_origins__a_close_that_was_done_is_done(void **state)
{
	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		strike(i, "PATCH", "*/issues/*");
		int rc = t->ops->close(t, "2", "completed", NULL, &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->close(t, "2", "completed", NULL, &e));
		assert_int_equal(wrote("close"), i + 1);
		github_fake_tell(&hub, "human", "{\"do\": \"reopen\", \"number\": 2}");
	}
}

static void test_github__a_person_was_faster_at_closing(void **state)
{
	struct issue i;

	(void)state;
	start(EPIC);
	github_fake_tell(&hub, "human", "{\"do\": \"close\", \"number\": 2}");
	OK(t->ops->close(t, "2", "completed", "landed", &e));
	OK(t->ops->get(t, "2", &i, NULL, &e));
	assert_string_equal(i.closed_reason, "not_planned");
	issue_done(&i);
	assert_int_equal(wrote("close") + wrote("comment"), 0);
}

/* ---- Limits ---- */

/* Origins 4a, PR #565: no handling of rate limits. */
static void test_origins__a_rate_limit_is_waited_for(void **state)
{
	static const struct {
		const char *fault;
		int64_t least_ms, most_ms;
	} cases[] = {
		{"{\"act\": \"secondary\", \"seconds\": 1}",                  1000, 1600},
		{"{\"act\": \"secondary\", \"seconds\": 1, \"status\": 429}", 1000, 1600},
		{"{\"act\": \"primary\", \"seconds\": 1}",                    1000, 3600},
	};

	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t now_ms = clock_now().wall_ms;

		github_fake_tell(&hub, "heal", "{}");
		github_fake_tell(&hub, "fault", cases[i].fault);
		assert_int_equal(load("1"), ERR_BUSY);
		assert_in_range(e.until_ms, now_ms + cases[i].least_ms, now_ms + cases[i].most_ms);
		/* That nothing is sent before is what the stand-in's books say. */
		int64_t until_ms = e.until_ms;
		assert_int_equal(claim(t, "2"), ERR_BUSY);
		int rc;
		while ((rc = load("1")) == ERR_BUSY && clock_now().wall_ms < until_ms + 5000)
			(void)poll(NULL, 0, 20);
		assert_int_equal(rc, 0);
		assert_true(clock_now().wall_ms >= until_ms);
	}
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
		T(test_origins__a_dependency_that_cannot_be_read_is_an_error),
		T(test_origins__dependencies_point_the_right_way),
		T(test_github__pull_requests_are_no_issues),
		T(test_github__what_people_do_is_seen_at_the_next_look),
		T(test_github__one_that_was_transferred_is_not_ours),
		T(test_github__a_renamed_repository_keeps_its_issues),
		T(test_github__what_did_not_change_is_read_for_nothing),
		T(test_github__of_two_clones_one_has_the_claim),
		T(test_github__a_claim_survives_each_fault),
		T(test_origins__one_comment_whatever_happens),
		T(test_github__the_same_words_are_not_written_again),
		T(test_github__comments_as_they_are_wanted),
		T(test_github__copied_text_calls_nobody),
		T(test_github__a_comment_that_is_refused_keeps_no_issue_open),
		T(test_origins__a_close_that_was_done_is_done),
		T(test_github__a_person_was_faster_at_closing),
		T(test_origins__a_rate_limit_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
