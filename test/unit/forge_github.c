#include "base/clean.h"
#include "base/clock.h"
#include "forge/github.h"
#include "github_fake.h"
#include "tmp.h"
#include "wire/github.h"
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

/*
 * Pull requests on GitHub when things go wrong, against its stand-in: whatever a call may have
 * done is found out, and nothing is done twice.
 */

static char *dir;
static struct github_fake hub;
static struct forge *f;
static struct err e;

static void open_forge(bool draft)
{
	struct github_options client = {
		.url = hub.url, .token_env = "TEST_TOKEN", .repository = "o/r"};

	if (f)
		f->ops->free(f);
	if (forge_github_new(&(struct forge_github_options){.client = &client, .draft = draft}, &f,
			     &e))
		fail_msg("%s", e.msg);
}

static int setup(void **state)
{
	(void)state;
	dir = tmp_make();
	memset(&e, 0, sizeof(e));
	setenv("TEST_TOKEN", "test-token", 1);
	github_fake_start(&hub, dir, "");
	free(github_fake_git(&hub, "git update-ref refs/heads/epic/e main"));
	f = NULL;
	open_forge(false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	f->ops->free(f);
	github_fake_check(&hub);
	github_fake_stop(&hub);
	tmp_done(dir);
	return 0;
}

static const struct pull_spec first = {
	.head = "ganger/e/1", .base = "epic/e", .title = "one", .body = "Closes #1", .task = "1"};

/* How often the server did such a thing. */
static int times(const char *kind)
{
	char *text CLEANUP(freep) = github_fake_control(&hub, "journal", NULL);
	struct cJSON *list CLEANUP(json_freep) = json_parse(str_of(text));
	const struct cJSON *one;
	int n = 0;

	cJSON_ArrayForEach(one, list) n += streq(json_text(one, "kind"), kind);
	return n;
}

/* How often the server was asked so ("PUT *" and the end of a route). */
static int asked(const char *what)
{
	char *text CLEANUP(freep) = github_fake_control(&hub, "asked", NULL);
	struct cJSON *j CLEANUP(json_freep) = json_parse(str_of(text));
	const char *end = strchr(what, '*') + 1;
	const struct cJSON *one;
	int n = 0;

	cJSON_ArrayForEach(one, json_at(j, "requests"))
	{
		if (strncmp(one->string, what, (size_t)(end - 1 - what)) == 0 &&
		    str_ends(str_of(one->string), end))
			n += one->valueint;
	}
	return n;
}

static void fault(const char *method, const char *route, const char *act)
{
	char *text CLEANUP(freep) = mem_printf(
		"{\"method\": \"%s\", \"route\": \"%s\", \"act\": %s}", method, route, act);

	github_fake_tell(&hub, "fault", text);
}

/* Again and again, as the outbox does; at most five times. */
static int64_t ensure(void)
{
	int64_t number = -1;
	int rc = ERR_BUSY;

	for (int i = 0; rc && i < 5; i++) {
		rc = f->ops->ensure(f, &first, &number, &e);
		if (rc && rc != ERR_BUSY && rc != ERR_IO && rc != ERR_LIMIT)
			fail_msg("%d: %s", rc, e.msg);
	}
	if (rc)
		fail_msg("%d: %s", rc, e.msg);
	return number;
}

static const char *const cuts[] = {
	"\"status\", \"status\": 500",
	"\"status\", \"status\": 502, \"html\": true",
	"\"status\", \"status\": 503, \"after\": true",
	"\"status\", \"status\": 504, \"after\": true",
	"\"close\"",
	"\"close\", \"after\": true",
	"\"half\"",
	"\"slow\"",
	"\"secondary\", \"seconds\": 1",
};

static void test_forge_github__opens_one_whatever_is_cut(void **state)
{
	static const char *const calls[][2] = {
		{"GET",  "*/pulls"},
                {"POST", "*/pulls"}
        };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts) - 1; i++) {
		for (size_t c = 0; c < ARRAY_LEN(calls); c++) {
			int before = times("pull");
			free(github_fake_push(&hub, first.head, (int)(10 * i + c)));
			fault(calls[c][0], calls[c][1], cuts[i]);
			int64_t number = ensure();
			assert_true(number > 0);
			assert_int_equal(times("pull"), before + 1);
			assert_int_equal(ensure(), number);
			if (f->ops->finish(f, number, NULL, &e))
				fail_msg("%s: %s", cuts[i], e.msg);
			github_fake_tell(&hub, "heal", "{}");
		}
	}
}

/* Rate limits are waited for by the caller: nothing is sent before (the stand-in's books). */
static void test_forge_github__a_limit_is_busy_until_a_time(void **state)
{
	int64_t number = 0;

	(void)state;
	free(github_fake_push(&hub, first.head, 1));
	fault("POST", "*/pulls", cuts[ARRAY_LEN(cuts) - 1]);
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_BUSY);
	assert_true(e.until_ms > clock_now().wall_ms);
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_BUSY);
	assert_int_equal(times("pull"), 0);
}

/* The one that was just made is not in the list yet. */
static void test_forge_github__a_stale_list_makes_no_second_one(void **state)
{
	(void)state;
	free(github_fake_push(&hub, first.head, 1));
	fault("POST", "*/pulls", "\"close\", \"after\": true");
	fault("GET", "*/pulls", "\"stale\", \"nth\": 2, \"times\": 2");
	assert_int_equal(ensure(), 1);
	fault("GET", "*/pulls", "\"stale\", \"times\": 1");
	assert_int_equal(ensure(), 1);
	assert_int_equal(times("pull"), 1);
}

static void test_forge_github__nothing_between_them(void **state)
{
	int64_t number = -1;

	(void)state;
	free(github_fake_git(&hub, "git update-ref refs/heads/ganger/e/1 main"));
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), 0);
	assert_int_equal(number, 0);
}

static void test_forge_github__refusals_are_said(void **state)
{
	int64_t number;

	(void)state;
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_BUSY); /* no such branch yet */
	free(github_fake_push(&hub, first.head, 1));
	fault("POST", "*/pulls", "\"gone\"");
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.hint, "write pull requests"));
	fault("GET", "*/pulls", "\"unauthorized\", \"times\": 9");
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_INVALID);
	assert_null(strstr(e.msg, "test-token"));
}

/* Those of its issue, also where the answer is lost; what a person takes off stays off. */
static void test_forge_github__has_the_labels_of_its_issue(void **state)
{
	struct pull_spec spec = first;
	int64_t number = 0;

	(void)state;
	github_fake_stop(&hub);
	github_fake_start(&hub, dir,
			  ", \"issues\": [{\"number\": 1, \"title\": \"one\", "
			  "\"labels\": [\"bug\", \"good first\"]}]");
	open_forge(false);
	free(github_fake_git(&hub, "git update-ref refs/heads/epic/e main"));
	free(github_fake_push(&hub, first.head, 1));
	spec.labels_of = "1";
	fault("POST", "*/labels", "\"status\", \"status\": 502, \"after\": true");
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), ERR_IO);
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), 0);
	assert_int_equal(times("label"), 1);
	github_fake_tell(&hub, "human", "{\"do\": \"unlabel\", \"number\": 2, \"label\": \"bug\"}");
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), 0);
	assert_int_equal(times("label"), 1);
	assert_int_equal(number, 2);
	char *text CLEANUP(freep) = github_fake_control(&hub, "state", NULL);
	assert_non_null(strstr(text, "good first"));
}

/* A label is no reason not to have the pull request. */
static void test_forge_github__labels_may_be_refused(void **state)
{
	struct pull_spec spec = first;
	int64_t number = 0;

	(void)state;
	github_fake_stop(&hub);
	github_fake_start(
		&hub, dir,
		", \"issues\": [{\"number\": 1, \"title\": \"one\", \"labels\": [\"bug\"]}]");
	open_forge(false);
	free(github_fake_git(&hub, "git update-ref refs/heads/epic/e main"));
	free(github_fake_push(&hub, first.head, 1));
	spec.labels_of = "1";
	fault("POST", "*/labels", "\"status\", \"status\": 403");
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), 0);
	assert_int_equal(number, 2);
}

/* ---- Landing through the API ---- */

static struct forge_merge_spec spec_of(int64_t number, const char *head)
{
	return (struct forge_merge_spec){.number = number,
					 .head_sha = head,
					 .method = "merge",
					 .title = "one (#1)",
					 .message = "Ganger-Task: 1"};
}

static struct forge_merge merge(int64_t number, const char *head)
{
	struct forge_merge_spec s = spec_of(number, head);
	struct forge_merge m = {0};
	int rc = ERR_BUSY;

	for (int i = 0; rc && i < 5; i++) {
		rc = f->ops->merge(f, &s, &m, &e);
		if (rc && rc != ERR_BUSY && rc != ERR_IO && rc != ERR_LIMIT)
			fail_msg("%d: %s", rc, e.msg);
	}
	if (rc)
		fail_msg("%d: %s", rc, e.msg);
	return m;
}

static int merge_fails(int64_t number, const char *head)
{
	struct forge_merge_spec s = spec_of(number, head);
	struct forge_merge m;

	return f->ops->merge(f, &s, &m, &e);
}

static void assert_merged(const struct forge_merge *m)
{
	char *tip CLEANUP(freep) = github_fake_git(&hub, "git rev-parse epic/e");

	assert_int_equal(m->result, FORGE_MERGED);
	assert_string_equal(m->sha.hex, tip);
}

static void test_forge_github__merges_once_whatever_is_cut(void **state)
{
	(void)state;
	for (int async = 0; async < 2; async++) {
		github_fake_tell(&hub, "conf", async ? "{\"async\": true}" : "{\"async\": false}");
		open_forge(false);
		for (size_t i = 0; i < ARRAY_LEN(cuts) - 1; i++) {
			char *head CLEANUP(freep) =
				github_fake_push(&hub, first.head, (int)i + 100 * async);
			int before = times("merge");
			int64_t number = ensure();
			fault("PUT", async ? "*/merge-async" : "*/merge", cuts[i]);
			struct forge_merge m = merge(number, head);
			assert_merged(&m);
			assert_int_equal(times("merge"), before + 1);
			m = merge(number, head); /* from before */
			assert_merged(&m);
			github_fake_tell(&hub, "heal", "{}");
		}
	}
}

static void test_forge_github__merges_only_what_was_tested(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	fault("PUT", "*/merge", "\"human\", \"do\": \"push_head\"");
	assert_int_equal(merge_fails(number, head), ERR_CONFLICT);
	assert_int_equal(merge_fails(number, head), ERR_CONFLICT);
	assert_int_equal(times("merge"), 0);
}

static void test_forge_github__a_405_has_many_reasons(void **state)
{
	static const struct {
		const char *act;
		int rc;
	} rows[] = {
		{"\"status\", \"status\": 405, \"message\": \"Base branch was modified. Review and "
		 "try the merge again.\"",				     0          },
		{"\"status\", \"status\": 405, \"message\": \"Pull Request is not mergeable\"", 0          },
		{"\"status\", \"status\": 405, \"message\": \"Required status check \\\"ci\\\" is "
		 "expected.\"",						ERR_BUSY   },
		{"\"status\", \"status\": 405, \"message\": \"At least 1 approving review is "
		 "required by reviewers with write access.\"",		 ERR_BUSY   },
		{"\"status\", \"status\": 405, \"message\": \"Changes must be made through the "
		 "merge queue\"",					      ERR_BUSY   },
		{"\"status\", \"status\": 405, \"message\": \"Squash merges are not allowed on "
		 "this repository.\"",					 ERR_INVALID},
		{"\"status\", \"status\": 403, \"message\": \"Resource not accessible by "
		 "integration\"",					      ERR_INVALID},
	};

	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	struct forge_merge_spec s = spec_of(ensure(), head);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct forge_merge m = {0};
		fault("PUT", "*/merge", rows[i].act);
		int rc = f->ops->merge(f, &s, &m, &e);
		if (rc != rows[i].rc || (rc == 0 && m.result != FORGE_MOVED))
			fail_msg("%s: %d %s", rows[i].act, rc, e.msg);
		if (rc == ERR_BUSY)
			assert_true(e.until_ms > clock_now().wall_ms);
	}
	assert_int_equal(times("merge"), 0);
	assert_int_equal(times("enqueue"), 1);
	assert_int_equal(merge(s.number, head).result, FORGE_MERGED);
}

/* A job of the asynchronous call that failed: its words are in its details. */
static void test_forge_github__a_job_that_fails_says_why(void **state)
{
	(void)state;
	github_fake_tell(&hub, "conf", "{\"async\": true}");
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	fault("PUT", "*/merge-async", "\"human\", \"do\": \"draft\"");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "still a draft"));
	fault("PUT", "*/merge-async",
	      "\"human\", \"do\": \"rules\", \"rules\": [{\"type\": \"required_status_checks\", "
	      "\"parameters\": {\"required_status_checks\": [{\"context\": \"ci\"}]}}]");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "\"ci\" is expected"));
	github_fake_tell(&hub, "human", "{\"do\": \"rules\", \"rules\": []}");
	fault("PUT", "*/merge-async",
	      "\"human\", \"do\": \"rules\", \"rules\": [{\"type\": \"merge_queue\"}]");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "merge queue"));
	github_fake_tell(&hub, "human", "{\"do\": \"run_queue\"}");
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

static void test_forge_github__waits_for_required_checks(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"rules\", \"rules\": [{\"type\": \"required_status_checks\", "
		"\"parameters\": {\"required_status_checks\": [{\"context\": \"ci\"}]}}]}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "waits for the check 'ci'"));
	assert_true(e.until_ms > clock_now().wall_ms);
	github_fake_tell(&hub, "human", "{\"do\": \"check\", \"name\": \"ci\"}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	github_fake_tell(&hub, "human",
			 "{\"do\": \"check\", \"name\": \"ci\", \"conclusion\": \"failure\"}");
	assert_int_equal(merge_fails(number, head), ERR_INVALID);
	assert_non_null(strstr(e.msg, "'ci', which failed"));
	github_fake_tell(&hub, "human",
			 "{\"do\": \"check\", \"name\": \"ci\", \"conclusion\": \"success\"}");
	assert_int_equal(asked("PUT */merge"), 0);
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

/* The older protection asks for checks as well, and for those of one app alone. */
static void test_forge_github__waits_for_checks_of_protection(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"protect\", \"protection\": {\"epic/e\": "
			 "{\"required_status_checks\": [{\"context\": \"ci\", \"app_id\": 7}]}}}");
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"check\", \"name\": \"ci\", \"app\": 8, \"conclusion\": \"success\"}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "waits for the check 'ci'"));
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"check\", \"name\": \"ci\", \"app\": 7, \"conclusion\": \"neutral\"}");
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

static void test_forge_github__waits_for_reviews(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"rules\", \"rules\": [{\"type\": \"pull_request\", "
			 "\"parameters\": {\"required_approving_review_count\": 2}}]}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "0 of 2 approving reviews"));
	github_fake_tell(&hub, "human", "{\"do\": \"review\", \"user\": \"ann\"}");
	github_fake_tell(&hub, "human", "{\"do\": \"review\", \"user\": \"ann\"}");
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"review\", \"user\": \"bob\", \"state\": \"CHANGES_REQUESTED\"}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "a review that asks for changes"));
	github_fake_tell(&hub, "human", "{\"do\": \"review\", \"user\": \"bob\"}");
	github_fake_tell(&hub, "human",
			 "{\"do\": \"review\", \"user\": \"ann\", \"state\": \"COMMENTED\"}");
	assert_int_equal(asked("PUT */merge"), 0);
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

/* A base with a merge queue of its own: it is given to that, once, and not merged by us. */
static void test_forge_github__a_queue_of_its_base_takes_it(void **state)
{
	(void)state;
	for (int async = 0; async < 2; async++) {
		github_fake_tell(&hub, "conf", async ? "{\"async\": true}" : "{\"async\": false}");
		open_forge(false);
		github_fake_tell(&hub, "human",
				 "{\"do\": \"rules\", \"rules\": [{\"type\": \"merge_queue\"}]}");
		char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1 + async);
		int64_t number = ensure();
		for (int i = 0; i < 2; i++) {
			assert_int_equal(merge_fails(number, head), ERR_BUSY);
			assert_non_null(strstr(e.msg, "in the merge queue of its base"));
		}
		assert_int_equal(times("enqueue"), 1 + async);
		assert_int_equal(asked("PUT */merge"), 0);
		github_fake_tell(&hub, "human", "{\"do\": \"run_queue\"}");
		struct forge_merge m = merge(number, head);
		assert_merged(&m);
	}
}

/* It is taken out of the queue again and again: that is said, and does not go on for ever. */
static void test_forge_github__what_its_queue_refuses_is_left(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"rules\", \"rules\": [{\"type\": \"merge_queue\"}]}");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(merge_fails(number, head), ERR_BUSY);
		github_fake_tell(&hub, "human", "{\"do\": \"empty_queue\"}");
	}
	assert_int_equal(merge_fails(number, head), ERR_INVALID);
	assert_non_null(strstr(e.msg, "out again 3 times"));
}

static void test_forge_github__a_draft_is_made_ready_to_be_merged(void **state)
{
	(void)state;
	open_forge(true);
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	assert_int_equal(times("ready"), 0);
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
	assert_int_equal(times("ready"), 1);
}

static void test_forge_github__a_closed_one_is_not_merged(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human", "{\"do\": \"close_pull\"}");
	assert_int_equal(merge_fails(number, head), ERR_CONFLICT);
	assert_non_null(strstr(e.msg, "somebody closed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_forge_github__opens_one_whatever_is_cut),
		T(test_forge_github__a_limit_is_busy_until_a_time),
		T(test_forge_github__a_stale_list_makes_no_second_one),
		T(test_forge_github__nothing_between_them),
		T(test_forge_github__refusals_are_said),
		T(test_forge_github__has_the_labels_of_its_issue),
		T(test_forge_github__labels_may_be_refused),
		T(test_forge_github__merges_once_whatever_is_cut),
		T(test_forge_github__merges_only_what_was_tested),
		T(test_forge_github__a_405_has_many_reasons),
		T(test_forge_github__a_job_that_fails_says_why),
		T(test_forge_github__waits_for_required_checks),
		T(test_forge_github__waits_for_checks_of_protection),
		T(test_forge_github__waits_for_reviews),
		T(test_forge_github__a_queue_of_its_base_takes_it),
		T(test_forge_github__what_its_queue_refuses_is_left),
		T(test_forge_github__a_draft_is_made_ready_to_be_merged),
		T(test_forge_github__a_closed_one_is_not_merged),
	};

	return cmocka_run_group_tests_name("forge_github", tests, NULL, NULL);
}
