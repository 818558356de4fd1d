#include "base/clean.h"
#include "base/clock.h"
#include "tmp.h"
#include "unit/wire_server.h"
#include "wire/github.h"
#include "wire/github_budget.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#define TOKEN "ghp_secret0123456789"

static struct server server;
static struct github *g;
static struct err e;
static struct cJSON *json;
static struct github_answer answer;
/* The server's port is not known to a script: here its links are relative to nothing but this. */
static const char *paged[3];
static char *page_one;

static void open_with(const char *const *script, int64_t write_interval_ms)
{
	server_start(&server, script);
	char *url CLEANUP(freep) = mem_printf("http://127.0.0.1:%d/", server.port);

	if (github_open(&(struct github_options){.url = url,
						 .token_env = "TEST_TOKEN",
						 .write_interval_ms = write_interval_ms},
			&g, &e))
		fail_msg("%s", e.msg);
}

static int setup(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	return setenv("TEST_TOKEN", TOKEN, 1);
}

static int teardown(void **state)
{
	(void)state;
	json_free(json);
	json = NULL;
	github_answer_done(&answer);
	github_close(g);
	g = NULL;
	server_stop(&server);
	free(page_one); /* nobody sends it any more */
	page_one = NULL;
	return 0;
}

#define ANSWER(status, headers, body)                                                              \
	"HTTP/1.1 " status " X\r\n" headers "Connection: close\r\n\r\n" body

static int get(const char *path)
{
	json_free(json);
	json = NULL;
	return github_get(g, path, &json, &e);
}

static int write_something(void)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();

	github_answer_done(&answer);
	(void)cJSON_AddStringToObject(body, "body", "x");
	return github_send(g, "POST", "/repos/o/r/issues/1/comments", body, &answer, &e);
}

static void test_github__says_who_it_is(void **state)
{
	static const char *const script[] = {ANSWER("200", "", "{\"number\":7,\"title\":\"t\"}"),
					     NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(get("/repos/o/r/issues/7"), 0);
	assert_int_equal(json_int(json, "number"), 7);
	assert_string_equal(json_text(json, "title"), "t");
	assert_string_equal(json_text(json, "number"), "");
	const char *asked = server.asked.items[0];
	assert_non_null(strstr(asked, "GET /repos/o/r/issues/7 HTTP/1.1\r\n"));
	assert_non_null(strstr(asked, "Authorization: Bearer " TOKEN "\r\n"));
	assert_non_null(strstr(asked, "Accept: application/vnd.github+json\r\n"));
	assert_non_null(strstr(asked, "X-GitHub-Api-Version: " GITHUB_API_VERSION "\r\n"));
	assert_non_null(strstr(asked, "User-Agent: ganger/"));
}

static void test_github__what_did_not_change_is_not_sent_again(void **state)
{
	static const char *const script[] = {ANSWER("200", "ETag: W/\"abc\"\r\n", "{\"number\":1}"),
					     ANSWER("304", "", ""),
					     ANSWER("200", "ETag: W/\"def\"\r\n", "{\"number\":2}"),
					     ANSWER("304", "", ""), NULL};

	(void)state;
	open_with(script, 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(get("/x"), 0);
		assert_int_equal(json_int(json, "number"), i < 2 ? 1 : 2);
	}
	assert_null(strcasestr(server.asked.items[0], "if-none-match"));
	assert_non_null(strstr(server.asked.items[1], "If-None-Match: W/\"abc\"\r\n"));
	assert_non_null(strstr(server.asked.items[3], "If-None-Match: W/\"def\"\r\n"));
}

static void test_github__pages_are_followed_and_nothing_is_there_twice(void **state)
{
	(void)state;
	server_start(&server, paged);
	page_one = mem_printf(
		ANSWER("200",
		       "ETag: \"1\"\r\nLink: <http://127.0.0.1:%d/y?page=2>; rel=\"next\", "
		       "<http://127.0.0.1:%d/y?page=9>; rel=\"last\"\r\n",
		       "[{\"id\":1},{\"id\":2}]"),
		server.port, server.port);
	paged[0] = page_one;
	paged[1] = ANSWER("200", "", "[{\"id\":2},{\"id\":3}]");
	char *url CLEANUP(freep) = mem_printf("http://127.0.0.1:%d", server.port);
	assert_int_equal(
		github_open(&(struct github_options){.url = url, .token_env = "TEST_TOKEN"}, &g,
			    &e),
		0);
	assert_int_equal(github_list(g, "/x?per_page=2", NULL, &json, &e), 0);
	assert_int_equal(cJSON_GetArraySize(json), 3);
	assert_non_null(strstr(server.asked.items[1], "GET /y?page=2 "));
}

static void test_github__a_link_to_another_machine_is_not_followed(void **state)
{
	static const char *const script[] = {
		ANSWER("200", "Link: <http://127.0.0.1:1/y>; rel=\"next\"\r\n", "[]"),
		ANSWER("302", "Location: http://127.0.0.1:1/y\r\n", ""), NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(github_list(g, "/x", NULL, &json, &e), ERR_INVALID);
	assert_int_equal(get("/z"), ERR_INVALID);
	assert_non_null(strstr(e.msg, "another machine"));
}

static void test_github__a_list_may_be_inside(void **state)
{
	static const char *const script[] = {
		ANSWER("200", "", "{\"total_count\":1,\"check_runs\":[{\"id\":4}]}"),
		ANSWER("200", "", "{\"message\":\"x\"}"), NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(github_list(g, "/x", "check_runs", &json, &e), 0);
	assert_int_equal(cJSON_GetArraySize(json), 1);
	json_free(json);
	json = NULL;
	assert_int_equal(github_list(g, "/x2", "check_runs", &json, &e), ERR_IO);
}

static void test_github__a_moved_repository_is_followed(void **state)
{
	static const char *const script[] = {
		ANSWER("301", "Location: /repositories/9/issues/1\r\n", "{}"),
		ANSWER("200", "", "{\"number\":1}"),
		ANSWER("307", "Location: /repositories/9/issues/1/comments\r\n", "{}"),
		ANSWER("201", "", "{\"id\":5}"), NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(get("/repos/o/old/issues/1"), 0);
	assert_non_null(strstr(server.asked.items[1], "GET /repositories/9/issues/1 "));
	assert_int_equal(write_something(), 0);
	assert_int_equal(answer.result, GITHUB_DONE);
	assert_non_null(strstr(server.asked.items[3], "POST /repositories/9/issues/1/comments "));
	assert_non_null(strstr(server.asked.items[3], "\r\n\r\n{\"body\":\"x\"}"));
}

static void test_github__redirects_end(void **state)
{
	static const char *const script[] = {
		ANSWER("301", "Location: /a\r\n", ""), ANSWER("301", "Location: /a\r\n", ""),
		ANSWER("301", "Location: /a\r\n", ""), ANSWER("301", "Location: /a\r\n", ""),
		ANSWER("301", "Location: /a\r\n", ""), NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(get("/a"), ERR_INVALID);
	assert_int_equal(server_asked(&server), 4);
}

static void test_github__a_read_is_tried_again_after_trouble(void **state)
{
	static const char *const script[] = {ANSWER("502", "", "<html>"),
					     "",
					     ANSWER("200", "", "{\"number\":1}"),
					     ANSWER("200", "", "<html>"),
					     ANSWER("200", "", "{\"cut"),
					     ANSWER("503", "", "{\"message\":\"down\"}"),
					     NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(get("/x"), 0);
	assert_int_equal(get("/y"), ERR_IO);
	assert_non_null(strstr(e.msg, "down"));
	assert_int_equal(server_asked(&server), 6);
}

static void test_github__reads_say_what_was_wrong(void **state)
{
	static const char *const script[] = {
		ANSWER("404", "", "{\"message\":\"Not Found\"}"),
		ANSWER("410", "", "{\"message\":\"This issue was deleted\"}"),
		ANSWER("403", "", "{\"message\":\"Resource not accessible\"}"),
		ANSWER("401", "", "{\"message\":\"Bad credentials\"}"), NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(get("/a"), ERR_NOT_FOUND);
	assert_int_equal(get("/a"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "This issue was deleted"));
	assert_int_equal(get("/a"), ERR_INVALID);
	assert_int_equal(get("/a"), ERR_INVALID);
	assert_non_null(strstr(e.msg, "Bad credentials"));
}

static void test_github__a_write_is_done_refused_or_unknown(void **state)
{
	static const char *const script[] = {
		ANSWER("201", "", "{\"id\":5}"),
		ANSWER("422", "",
		       "{\"message\":\"Validation "
		       "Failed\",\"errors\":[{\"resource\":\"PullRequest\","
		       "\"code\":\"custom\",\"message\":\"A pull request already exists for "
		       "o:b.\"}]}"),
		ANSWER("502", "", "<html>"),
		"",
		ANSWER("201", "Content-Length: 90\r\n", "{\"id\":"),
		ANSWER("200", "", "<html>"),
		"HTTP/1.1 204 No Content\r\n\r\n",
		NULL};
	static const enum github_result want[] = {GITHUB_DONE,    GITHUB_REFUSED, GITHUB_UNKNOWN,
						  GITHUB_UNKNOWN, GITHUB_UNKNOWN, GITHUB_UNKNOWN,
						  GITHUB_DONE};

	(void)state;
	open_with(script, 0);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(write_something(), 0);
		assert_int_equal(answer.result, want[i]);
		assert_true((answer.result == GITHUB_DONE) == !answer.text);
		if (i == 1) {
			assert_non_null(strstr(answer.text, "already exists for o:b."));
			assert_int_equal(github_refused(&answer, ERR_CONFLICT, "open it", &e),
					 ERR_CONFLICT);
			assert_string_equal(e.msg, "could not open it: Validation Failed; A pull "
						   "request already exists for o:b.");
		}
	}
	assert_int_equal(server_asked(&server), ARRAY_LEN(want)); /* nothing was tried again */
}

static void test_github__not_reached_is_an_error_not_a_doubt(void **state)
{
	static const char *const script[] = {NULL};

	(void)state;
	open_with(script, 0);
	shutdown(server.fd, SHUT_RDWR);
	assert_int_equal(write_something(), ERR_IO);
}

static void test_github__waits_as_it_is_told(void **state)
{
	static const char *const script[] = {
		ANSWER("403", "Retry-After: 7\r\n",
		       "{\"message\":\"You have exceeded a secondary rate limit\"}"),
		NULL};
	int64_t now_ms = clock_now().wall_ms;

	(void)state;
	open_with(script, 0);
	assert_int_equal(write_something(), ERR_BUSY);
	assert_in_range(e.until_ms, now_ms + 7000, now_ms + 17000);
	assert_non_null(strstr(e.msg, "secondary rate limit"));
	int64_t until_ms = e.until_ms;
	/* Until then nothing is sent, whoever asks. */
	assert_int_equal(get("/x"), ERR_BUSY);
	assert_int_equal(e.until_ms, until_ms);
	assert_int_equal(write_something(), ERR_BUSY);
	assert_int_equal(server_asked(&server), 1);
}

static void test_github__the_last_of_a_budget_is_used_and_then_none(void **state)
{
	static const char *const script[] = {
		ANSWER("201",
		       "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 2000000030\r\n"
		       "Date: Wed, 18 May 2033 03:33:20 GMT\r\n", /* 2000000000 */
		       "{}"),
		NULL};
	int64_t now_ms = clock_now().wall_ms;

	(void)state;
	open_with(script, 0);
	assert_int_equal(write_something(), 0);
	assert_int_equal(answer.result, GITHUB_DONE);
	assert_int_equal(get("/x"), ERR_BUSY);
	/* By GitHub's clock, whatever ours says. */
	assert_in_range(e.until_ms, now_ms + 30000, now_ms + 40000);
}

static void test_github__one_budget_a_credential(void **state)
{
	static const char *const script[] = {ANSWER("429", "Retry-After: 7\r\n", "{}"), NULL};
	struct github *same = NULL, *other = NULL;

	(void)state;
	open_with(script, 0);
	char *url CLEANUP(freep) = mem_printf("http://127.0.0.1:%d", server.port);
	struct github_options o = {.url = url, .token_env = "TEST_TOKEN"};
	assert_int_equal(github_open(&o, &same, &e), 0);
	assert_int_equal(setenv("TEST_TOKEN", "another", 1), 0);
	assert_int_equal(github_open(&o, &other, &e), 0);
	assert_ptr_equal(same, g);
	assert_ptr_not_equal(other, g);
	assert_int_equal(get("/x"), ERR_BUSY);
	assert_int_equal(github_get(same, "/x", &json, &e), ERR_BUSY);
	assert_int_equal(github_get(other, "/x", &json, &e), ERR_IO); /* the script is over */
	github_close(same);
	github_close(other);
}

static void test_github__writes_have_time_between_them(void **state)
{
	static const char *const script[] = {ANSWER("201", "", "{}"), ANSWER("200", "", "{}"),
					     ANSWER("201", "", "{}"), NULL};

	(void)state;
	open_with(script, 150);
	int64_t before_ms = clock_now().mono_ms;
	assert_int_equal(write_something(), 0);
	assert_int_equal(get("/x"), 0);
	assert_true(clock_now().mono_ms - before_ms < 150);
	int64_t first_ms = clock_now().mono_ms;
	assert_int_equal(write_something(), 0);
	assert_true(clock_now().mono_ms - before_ms >= 150);
	assert_true(clock_now().mono_ms - first_ms < 5000);
}

static void test_github__a_token_is_in_no_message(void **state)
{
	static const char *const script[] = {
		ANSWER("403", "", "{\"message\":\"bad " TOKEN "!\"}"),
		ANSWER("403", "", "{\"message\":\"bad " TOKEN "!\"}"),
		ANSWER("429", "Retry-After: 9\r\n", "{\"message\":\"slow " TOKEN "\"}"), NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(get("/x"), ERR_INVALID);
	assert_null(strstr(e.msg, TOKEN));
	assert_non_null(strstr(e.msg, "bad ***"));
	assert_int_equal(write_something(), 0);
	assert_null(strstr(answer.text, TOKEN));
	assert_int_equal(get("/x"), ERR_BUSY);
	assert_null(strstr(e.msg, TOKEN));
	assert_non_null(strstr(e.msg, "slow ***"));
}

/* What a disk or a wrong clock makes of the shared file holds nobody up for longer than GitHub ever does. */
static void test_github__a_wait_that_nobody_says_is_none(void **state)
{
	char *dir = tmp_make(), other[1024] = "";
	struct github_budget b, same;
	int64_t last;

	(void)state;
	github_budget_open(&b, dir, "url\n" TOKEN);
	github_budget_open(&same, dir, "url\n" TOKEN);
	assert_true(b.fd >= 0);
	assert_int_equal(github_budget_wait(&b, 1000), 0);
	github_budget_set_wait(&b, 2000);
	assert_int_equal(github_budget_wait(&same, 1000), 2000);
	assert_int_equal(github_budget_wait(&same, 2000), 0);
	github_budget_set_wait(&b, INT64_MAX);
	assert_int_equal(github_budget_wait(&same, 1000), 0);
	/* One writes at a time; when, is told, but not of a boot that is over. */
	assert_true(github_budget_enter(&b, 50, &last));
	assert_int_equal(last, 0);
	assert_false(github_budget_enter(&same, 50, &last));
	github_budget_leave(&b, 60);
	assert_true(github_budget_enter(&same, 70, &last));
	assert_int_equal(last, 60);
	github_budget_leave(&same, 60);
	assert_true(github_budget_enter(&b, 40, &last));
	assert_int_equal(last, 0);
	github_budget_close(&same);
	github_budget_close(&b);
	/* Where there is no such folder each keeps to its own. */
	(void)snprintf(other, sizeof(other), "%s/absent", dir);
	github_budget_open(&b, other, "x");
	assert_true(github_budget_enter(&b, 1, &last));
	github_budget_leave(&b, 1);
	assert_int_equal(github_budget_wait(&b, 1), 0);
	tmp_done(dir);
}

static void test_github__without_a_login_it_says_how_to_get_one(void **state)
{
	static const char *const script[] = {NULL};
	struct github *none = NULL;

	(void)state;
	open_with(script, 0);
	assert_int_equal(unsetenv("TEST_TOKEN"), 0);
	assert_int_equal(github_open(&(struct github_options){.url = "http://127.0.0.1:1",
							      .token_env = "TEST_TOKEN"},
				     &none, &e),
			 ERR_IO);
	assert_non_null(strstr(e.hint, "$TEST_TOKEN"));
	assert_int_equal(setenv("TEST_TOKEN", "a b\n", 1), 0);
	assert_int_equal(github_open(&(struct github_options){.url = "http://127.0.0.1:1",
							      .token_env = "TEST_TOKEN"},
				     &none, &e),
			 ERR_INVALID);
	assert_null(strstr(e.msg, "a b"));
}

static void test_github__a_hurry_ends_waiting(void **state)
{
	static const char *const script[] = {ANSWER("201", "", "{}"), NULL};

	(void)state;
	open_with(script, 3600000);
	assert_int_equal(write_something(), 0);
	github_hurry(g, 1000);
	assert_int_equal(write_something(), ERR_IO);
	assert_int_equal(server_asked(&server), 1);
}

static void test_github__graphql_errors_are_refusals(void **state)
{
	static const char *const script[] = {
		ANSWER("200", "", "{\"data\":{\"x\":{\"id\":\"I\"}}}"),
		ANSWER("200", "", "{\"data\":null,\"errors\":[{\"message\":\"not allowed\"}]}"),
		NULL};

	(void)state;
	open_with(script, 0);
	assert_int_equal(github_graphql(g, "mutation{x}", NULL, &answer, &e), 0);
	assert_int_equal(answer.result, GITHUB_DONE);
	assert_string_equal(json_text(json_at(answer.json, "x"), "id"), "I");
	assert_non_null(strstr(server.asked.items[0], "POST /graphql "));
	github_answer_done(&answer);
	assert_int_equal(github_graphql(g, "mutation{x}", NULL, &answer, &e), 0);
	assert_int_equal(answer.result, GITHUB_REFUSED);
	assert_string_equal(answer.text, "not allowed");
}

static void test_github__repository_of_a_remote(void **state)
{
	static const struct {
		const char *remote, *api, *want;
	} cases[] = {
		{"git@github.com:o/r.git",              NULL,                         "o/r"   },
		{"https://github.com/o/r",              NULL,                         "o/r"   },
		{"https://x:y@github.com/o/r.git/",     NULL,                         "o/r"   },
		{"ssh://git@github.com:22/o/r.git",     NULL,                         "o/r"   },
		{"https://ghe.example/o/r.js",          "https://ghe.example/api/v3", "o/r.js"},
		{"https://ghe.example/o/r",             NULL,                         NULL    },
		{"https://github.com.evil.example/o/r", NULL,                         NULL    },
		{"/srv/git/o/r.git",                    NULL,                         NULL    },
		{"https://github.com/o",                NULL,                         NULL    },
		{"https://github.com/o/r/s",            NULL,                         NULL    },
		{"",				    NULL,                         NULL    },
	};
	static const char *const script[] = {NULL};

	(void)state;
	open_with(script, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *have CLEANUP(freep) = github_repository_of(cases[i].remote, cases[i].api);

		if (cases[i].want)
			assert_string_equal(have, cases[i].want);
		else
			assert_null(have);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_github__says_who_it_is),
		T(test_github__what_did_not_change_is_not_sent_again),
		T(test_github__pages_are_followed_and_nothing_is_there_twice),
		T(test_github__a_link_to_another_machine_is_not_followed),
		T(test_github__a_list_may_be_inside),
		T(test_github__a_moved_repository_is_followed),
		T(test_github__redirects_end),
		T(test_github__a_read_is_tried_again_after_trouble),
		T(test_github__reads_say_what_was_wrong),
		T(test_github__a_write_is_done_refused_or_unknown),
		T(test_github__not_reached_is_an_error_not_a_doubt),
		T(test_github__waits_as_it_is_told),
		T(test_github__the_last_of_a_budget_is_used_and_then_none),
		T(test_github__one_budget_a_credential),
		T(test_github__writes_have_time_between_them),
		T(test_github__a_token_is_in_no_message),
		cmocka_unit_test(test_github__a_wait_that_nobody_says_is_none),
		T(test_github__without_a_login_it_says_how_to_get_one),
		T(test_github__a_hurry_ends_waiting),
		T(test_github__graphql_errors_are_refusals),
		T(test_github__repository_of_a_remote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
