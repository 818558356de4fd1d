#include "agent/judge.h"
#include "base/file.h"
#include "base/mem.h"
#include "tmp.h"
#include "unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Saturday 2026-11-21 18:28:53 UTC. */
#define NOW_MS     INT64_C(1795285733000)
#define TEN_TWENTY INT64_C(1795299600000) /* that day, 22:20 UTC */

static const char *const patterns[] = {"(usage|session) limit", "rate.limit", NULL};
static const struct agent_settings settings = {
	.name = "a", .kind = "command", .pause_on = patterns};

struct world {
	char *dir, *log, *result;
	struct agent_attempt attempt;
};

static int world_make(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	setenv("TZ", "UTC", 1);
	tzset();
	w->dir = tmp_make();
	w->log = path_join(w->dir, "log");
	w->result = path_join(w->dir, "result");
	w->attempt = (struct agent_attempt){.log_path = w->log, .result_path = w->result};
	*state = w;
	return 0;
}

static int world_done(void **state)
{
	struct world *w = *state;

	tmp_done(w->dir);
	free(w->log);
	free(w->result);
	free(w);
	return 0;
}

static void put(const char *path, const char *text, size_t n)
{
	struct err e = ERR_INIT;

	assert_int_equal(file_write(path, (struct str){text, n}, false, &e), 0);
}

/* text NULL: no such file. */
static void put_text(const char *path, const char *text)
{
	(void)remove(path);
	if (text)
		put(path, text, strlen(text));
}

static struct agent_verdict judge(const struct world *w, struct job_end end)
{
	struct agent_verdict v = {0};
	struct err e = ERR_INIT;

	if (agent_judge(agent_kind_find("command"), &settings, &w->attempt, &end, NOW_MS, &v, &e))
		fail_msg("%s", e.msg);
	return v;
}

static struct agent_verdict judge_exit(const struct world *w, int code)
{
	return judge(w, (struct job_end){.how = JOB_EXITED, .code = code});
}

struct judge_case {
	int code;
	const char *log, *result_file;
	enum agent_result result;
	const char *reason; /* all of it; NULL: any */
	int64_t until_ms;
	bool provider_limit;
};

static void check(const struct world *w, const struct judge_case *c)
{
	struct agent_verdict v;

	put_text(w->log, c->log);
	put_text(w->result, c->result_file);
	v = judge_exit(w, c->code);
	if (v.result != c->result || v.until_ms != c->until_ms ||
	    v.provider_limit != c->provider_limit || (c->reason && strcmp(v.reason, c->reason)) ||
	    (!v.reason[0] && v.result != AGENT_DONE))
		fail_msg("exit %d, log '%s', file '%s': result %d, until %lld, limit %d, '%s'",
			 c->code, c->log ? c->log : "(none)",
			 c->result_file ? c->result_file : "(none)", (int)v.result,
			 (long long)v.until_ms, v.provider_limit, v.reason);
}

static void check_all(void **state, const struct judge_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(*state, &cases[i]);
}

static void test_judge__exit_0_is_done_or_nothing(void **state)
{
	static const struct judge_case cases[] = {
		{0, NULL,				      NULL, AGENT_DONE,    "",              0, false},
		{0, "",					NULL, AGENT_DONE,    "",              0, false},
		{0, "working\nall done\n",                     NULL, AGENT_DONE,    "",              0, false},
		{0, "hm\nganger: nothing to do\n",             NULL, AGENT_NOTHING, "nothing to do", 0, false},
		{0, "ganger: nothing to do",                   NULL, AGENT_NOTHING, NULL,            0, false},
		{0, "ganger: nothing to do\r\n \n\n",          NULL, AGENT_NOTHING, NULL,            0, false},
		{0, "\x1b[1mganger: nothing to do\x1b[0m\n",   NULL, AGENT_NOTHING, NULL,            0, false},
		{0, "\x1b]0;title\x07ganger: nothing to do\n", NULL, AGENT_NOTHING, NULL,            0, false},
		{0, "50%\r100%\rganger: nothing to do\n",      NULL, AGENT_NOTHING, NULL,            0, false},
		{0, "**ganger: nothing to do**\n",             NULL, AGENT_NOTHING, NULL,            0, false},
		{0, "ganger: nothing to do\nbut I did\n",      NULL, AGENT_DONE,    NULL,            0, false},
		{0, "not ganger: nothing to do\n",             NULL, AGENT_DONE,    NULL,            0, false},
	};

	check_all(state, cases, ARRAY_LEN(cases));
}

/* An agent that was asked to handle rate limits will write about them. */
static void test_judge__a_limit_in_a_success_does_not_count(void **state)
{
	static const struct judge_case cases[] = {
		{0, "added tests for the rate limit, resets 10:20pm\n", NULL, AGENT_DONE,    "",   0,
		 false										     },
		{0, "usage limit\nganger: nothing to do\n",             NULL, AGENT_NOTHING, NULL, 0, false},
	};

	check_all(state, cases, ARRAY_LEN(cases));
}

static void test_judge__a_limit_is_later_and_says_until_when(void **state)
{
	static const struct judge_case cases[] = {
		{1,  "session limit \xc2\xb7 resets 10:20pm\n",                  NULL, AGENT_LATER,
		 "its provider refused: session limit \xc2\xb7 resets 10:20pm",                                                                TEN_TWENTY,    true },
		{1,  "Usage Limit reached|1795290000\n",                         NULL, AGENT_LATER, NULL,                                      1795290000000,
		 true																	      },
		{1,  "rate limit\n",					     NULL, AGENT_LATER, "its provider refused: rate limit",        0,             true },
		{1,  "resets 10:20pm: usage limit\n",                            NULL, AGENT_LATER, NULL,                                      TEN_TWENTY,    true },
		{1,  "session limit \xc2\xb7 resets 10:20pm\nrate limit, bye\n", NULL, AGENT_LATER,
		 "its provider refused: rate limit, bye",										      TEN_TWENTY,    true },
		{1,  "rate limit resets 9pm\nusage limit resets 10:20pm\nbye\n", NULL, AGENT_LATER,
		 "its provider refused: usage limit resets 10:20pm",									   TEN_TWENTY,    true },
		{75, "come back\n",					      NULL, AGENT_LATER,
		 "asked to be tried again later (exit 75): come back",									 0,             false},
		{75, NULL,						       NULL, AGENT_LATER, "asked to be tried again later (exit 75)", 0,             false},
		{75, "session limit \xc2\xb7 resets 10:20pm\n",                  NULL, AGENT_LATER, NULL,                                      TEN_TWENTY,
		 true																	      },
	};

	check_all(state, cases, ARRAY_LEN(cases));
}

static void test_judge__only_the_end_of_the_log_is_searched(void **state)
{
	struct world *w = *state;
	struct buf b = BUF_INIT;
	struct agent_verdict v;

	buf_puts(&b, "usage limit\n");
	for (int i = 0; i < 512; i++)
		buf_puts(&b, "1234567\n");
	put(w->log, b.p, b.n);
	v = judge_exit(w, 1);
	assert_int_equal(v.result, AGENT_FAILED);
	buf_puts(&b, "usage limit");
	buf_add(&b, "\0\0\0\n", 4);
	put(w->log, b.p, b.n);
	v = judge_exit(w, 1);
	assert_int_equal(v.result, AGENT_LATER);
	buf_done(&b);
}

static void test_judge__other_exits_fail_with_the_last_words(void **state)
{
	static const struct judge_case cases[] = {
		{1,   NULL,			      NULL, AGENT_FAILED, "exit 1, no output", 0, false},
		{127, "sh: 1: cluade: not found\n",      NULL, AGENT_FAILED,
		 "exit 127: sh: 1: cluade: not found",                                            0, false},
		{3,   "a\n\x1b[31mError:\x1b[0m no\n\n", NULL, AGENT_FAILED, "exit 3: Error: no", 0,
		 false										    },
		{3,   "ganger: nothing to do\n",         NULL, AGENT_FAILED, NULL,                0, false},
	};

	check_all(state, cases, ARRAY_LEN(cases));
}

static void test_judge__reasons_are_cut_and_escaped(void **state)
{
	struct world *w = *state;
	struct buf b = BUF_INIT;
	struct agent_verdict v;

	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "\xc3\xa4");
	put(w->log, b.p, b.n);
	v = judge_exit(w, 1);
	assert_true(strlen(v.reason) < 300);
	assert_true(str_utf8(str_of(v.reason)));
	assert_true(str_ends(str_of(v.reason), "..."));
	put_text(w->log, "a\x02z\n");
	v = judge_exit(w, 1);
	assert_null(strchr(v.reason, '\x02'));
	buf_done(&b);
}

static void test_judge__the_result_file_decides(void **state)
{
	static const struct judge_case cases[] = {
		{1, "usage limit\n", "{\"result\":\"done\"}",                                     AGENT_DONE,    "",   0,          false},
		{0, NULL,            "{\"result\":\"nothing\",\"reason\":\"was there\"}",         AGENT_NOTHING,
		 "nothing to do: was there",									   0,          false},
		{0, NULL,            "{\"result\":\"later\",\"until\":\"2026-11-21T22:20:00Z\"}", AGENT_LATER,
		 "asked to be tried again later",								      TEN_TWENTY, false},
		{0, NULL,            "{\"result\":\"later\",\"until\":1795299600}",               AGENT_LATER,   NULL,
		 TEN_TWENTY,												       false},
		{0, NULL,            "{\"result\":\"later\",\"until\":1795299600000}",            AGENT_LATER,   NULL,
		 TEN_TWENTY,												       false},
		{0, NULL,            "{\"result\":\"later\",\"until\":\"10:20pm\"}",              AGENT_LATER,   NULL,
		 TEN_TWENTY,												       false},
		{0, NULL,            "{\"result\":\"later\",\"until\":null}",                     AGENT_LATER,   NULL, 0,          false},
		{0, NULL,            "{\"result\":\"failed\",\"reason\":\"no\\ncompiler\"}",      AGENT_FAILED,
		 NULL,												 0,          false},
		{0, NULL,            "\n {\"result\":\"done\", \"more\":[1]}\n",                  AGENT_DONE,    "",   0,          false},
		{0, NULL,            "",							  AGENT_DONE,    "",   0,          false}, /* nothing was written */
		{0, NULL,            "\n",							AGENT_DONE,    "",   0,          false},
	};

	check_all(state, cases, ARRAY_LEN(cases));
}

static void test_judge__a_broken_result_file_fails(void **state)
{
	static const struct judge_case cases[] = {
		{0, NULL, "done",                   AGENT_FAILED, "its result file is not a JSON object: done", 0,
		 false												  },
		{0, NULL, "{\"result\":\"done\"",   AGENT_FAILED, NULL,                                         0, false},
		{0, NULL, "[\"done\"]",             AGENT_FAILED, NULL,                                         0, false},
		{0, NULL, "{}",                     AGENT_FAILED, "its result file has no \"result\"",          0, false},
		{0, NULL, "{\"result\":1}",         AGENT_FAILED, NULL,                                         0, false},
		{0, NULL, "{\"result\":\"great\"}", AGENT_FAILED, NULL,                                         0, false},
	};
	struct world *w = *state;
	struct agent_verdict v;
	struct buf b = BUF_INIT;

	check_all(state, cases, ARRAY_LEN(cases));
	buf_puts(&b, "{\"result\":\"done\",\"reason\":\"");
	for (int i = 0; i < 70000; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "\"}");
	put(w->result, b.p, b.n);
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_FAILED);
	assert_string_equal(v.reason, "its result file is over 64 KiB");
	buf_done(&b);
}

/* A fifo would hold us up for ever, a link could show us anything. */
static void test_judge__what_is_no_file_is_no_result(void **state)
{
	struct world *w = *state;
	char *other = path_join(w->dir, "other");

	assert_int_equal(mkfifo(w->result, 0600), 0);
	assert_int_equal(judge_exit(w, 0).result, AGENT_DONE);
	assert_int_equal(remove(w->result), 0);
	put_text(other, "{\"result\":\"failed\"}");
	assert_int_equal(symlink(other, w->result), 0);
	assert_int_equal(judge_exit(w, 0).result, AGENT_DONE);
	assert_int_equal(mkfifo(w->log, 0600), 0);
	assert_int_equal(judge_exit(w, 1).result, AGENT_FAILED);
	free(other);
}

static void test_judge__other_ends_fail_and_say_how(void **state)
{
	static const struct {
		struct job_end end;
		const char *reason;
	} cases[] = {
		{{.how = JOB_TIMEOUT, .started_ms = 1000, .ended_ms = 7201000},
		 "ended by its time limit after 2h: rate limit"									},
		{{.how = JOB_SILENCE},					  "ended because it was silent: rate limit"              },
		{{.how = JOB_SIGNALED, .code = SIGKILL},                        "ended by signal 9 (Killed): rate limit"               },
		{{.how = JOB_STOPPED},					  "stopped: rate limit"                                  },
		{{.how = JOB_LOST},					     "lost: the process that watched it is gone: rate limit"},
		{{.how = JOB_NOT_STARTED, .text = "no such folder"},
		 "could not be started: no such folder"										},
	};
	struct world *w = *state;

	put_text(w->log, "rate limit\n");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct agent_verdict v = judge(w, cases[i].end);

		assert_int_equal(v.result, AGENT_FAILED);
		assert_string_equal(v.reason, cases[i].reason);
		assert_false(v.provider_limit);
	}
	put_text(w->result, "{\"result\":\"done\"}");
	assert_int_equal(judge(w, (struct job_end){.how = JOB_TIMEOUT}).result, AGENT_DONE);
	assert_int_equal(judge(w, (struct job_end){.how = JOB_NOT_STARTED}).result, AGENT_FAILED);
}

static void test_judge__reads_claudes_record(void **state)
{
	static const char ok[] =
		"{\"type\":\"system\",\"subtype\":\"init\"}\n"
		"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":"
		"\"fine\\n"
		"ganger: nothing to "
		"do\",\"total_cost_usd\":0.0178,\"usage\":{\"input_tokens\":2400,"
		"\"cache_creation_input_tokens\":10,\"cache_read_input_tokens\":1600,"
		"\"output_tokens\":200}}\n";
	static const char denied[] =
		"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":"
		"\"ganger: "
		"nothing to do\",\"permission_denials\":[{\"tool_name\":\"Bash\"}]}\n";
	static const char limit[] =
		"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"result\":"
		"\"Session "
		"limit reached\\nTry again at 10:20pm\",\"total_cost_usd\":0}\n";
	struct world *w = *state;
	struct agent_verdict v;

	put_text(w->log, ok);
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_NOTHING);
	assert_int_equal(v.tokens_in, 4010);
	assert_int_equal(v.tokens_out, 200);
	assert_float_equal(v.cost_usd, 0.0178, 1e-9);
	put_text(w->log, denied);
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_FAILED);
	assert_string_equal(v.reason, "nothing done, but it was denied a tool: Bash");
	put_text(w->log, limit);
	v = judge_exit(w, 1);
	assert_int_equal(v.result, AGENT_LATER);
	assert_int_equal(v.until_ms, TEN_TWENTY);
	assert_string_equal(v.reason, "its provider refused: Session limit reached");
	assert_int_equal(v.tokens_in, -1);
	v = judge_exit(w, 0); /* which is no success */
	assert_int_equal(v.result, AGENT_LATER);
}

static void test_judge__knows_what_calls_a_refusal_a_success(void **state)
{
	static const char qwen[] =
		"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"
		"\"result\":\"[API Error: 400 no such thing]\",\"usage\":{\"input_tokens\":0,"
		"\"output_tokens\":0}}\n";
	static const char quoted[] =
		"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":"
		"\"It says [API Error: 400] no more\",\"usage\":{\"input_tokens\":4000,"
		"\"output_tokens\":200,\"cache_read_input_tokens\":1600,\"total_tokens\":4200}}\n";
	static const char gemini[] =
		"{\"type\":\"result\",\"status\":\"error\",\"error\":{\"message\":"
		"\"[API Error: no]\"},\"stats\":{\"total_tokens\":3150,\"input_tokens\":3000,"
		"\"output_tokens\":150}}\n";
	struct world *w = *state;
	struct agent_verdict v;

	put_text(w->log, qwen);
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_FAILED);
	assert_string_equal(v.reason, "exit 0, but its own record says that it failed: "
				      "[API Error: 400 no such thing]");
	put_text(w->log,
		 "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":"
		 "\"[API Error: 429 rate limit]\\nPlease wait and try again later.\"}\n");
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_LATER);
	put_text(w->log, quoted);
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_DONE);
	assert_int_equal(v.tokens_in, 4000); /* of which 1600 were cached */
	put_text(w->log, gemini);
	v = judge_exit(w, 144);
	assert_int_equal(v.result, AGENT_FAILED);
	assert_int_equal(v.tokens_in, 3000);
	assert_int_equal(v.tokens_out, 150);
	assert_string_equal(v.reason, "exit 144: [API Error: no]");
}

#define COPILOT(type, data) "{\"type\":\"" type "\",\"data\":{" data "}}\n"
#define COPILOT_END(code)                                                                          \
	"{\"type\":\"result\",\"sessionId\":\"s\",\"exitCode\":" code ",\"usage\":{}}\n"
#define COPILOT_SAYS(text) COPILOT("assistant.message", "\"content\":\"" text "\"")
#define GEMINI(text)                                                                               \
	"{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"" text "\",\"delta\":true}\n"
#define GEMINI_TOOL "{\"type\":\"tool_use\",\"tool_id\":\"t\"}\n"
#define GEMINI_END  "{\"type\":\"result\",\"status\":\"success\",\"stats\":{\"input_tokens\":1}}\n"

static void test_judge__reads_copilots_and_geminis_words(void **state)
{
	/* clang-format off: one case a line */
	static const struct judge_case cases[] = {
		{0,
		 COPILOT_SAYS("ganger: nothing to do") COPILOT("assistant.idle",         "")
			 COPILOT("x", "") COPILOT_END("0"),
		 NULL,																					     AGENT_NOTHING,										       "nothing to do",													  0, false},
		{0,							      COPILOT_SAYS("ok") COPILOT_END("0"),							       NULL,											  AGENT_DONE,              "", 0, false													 },
 /* Ended by a signal, which it calls 0. */
		{0,
		 COPILOT_SAYS("ganger: nothing to do") COPILOT("assistant.idle",                                                               "\"aborted\":true")
			 COPILOT("x",											  "") COPILOT_END("0"),
		 NULL,									      AGENT_FAILED,
		 "exit 0, but its own record says that it failed: it was broken off",																																																	    0, false},
		{1,
		 COPILOT("session.error", "\"message\":\"400 no\"") COPILOT("assistant.idle",                       "")
			 COPILOT_END("1"),
		 NULL,												AGENT_FAILED,																															       "exit 1: 400 no",																																								     0, false},
		{0,								GEMINI("hm") GEMINI_TOOL GEMINI("ganger: no") GEMINI("thing to do") GEMINI_END,
		 NULL,								AGENT_NOTHING,										   "nothing to do",                                    0,false},
	};
	/* clang-format on */

	check_all(state, cases, ARRAY_LEN(cases));
}

/* An exit with 0 in the middle of what ends with a record: Claude Code at SIGINT, say. */
static void test_judge__a_stream_without_its_record_is_no_success(void **state)
{
	static const char head[] = "exit 0, but without a record of success: ";
	static const char *const streams[] = {
		"{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\"}\n",
		"{\"type\":\"assistant\",\"message\":{},\"session_id\":\"s\"}\n",
		"{\"type\":\"item.completed\",\"item\":{}}\n",
		"{\"type\":\"init\",\"session_id\":\"s\"}\nWarning: x\n",
		COPILOT("assistant.turn_end", "") COPILOT("noise", ""),
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct agent_verdict v;

		put_text(w->log, streams[i]);
		v = judge_exit(w, 0);
		assert_int_equal(v.result, AGENT_FAILED);
		assert_true(strncmp(v.reason, head, strlen(head)) == 0);
	}
	/* What only looks like one is anybody's. */
	put_text(w->log, "{\"type\":\"user\"}\n{\"type\":\"message\",\"text\":\"done\"}\n");
	assert_int_equal(judge_exit(w, 0).result, AGENT_DONE);
}

static void test_judge__reads_codexs_record(void **state)
{
	static const char ok[] = "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_"
				 "message\",\"text\":\"first\"}}\n"
				 "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_"
				 "message\",\"text\":\"ganger: "
				 "nothing to do\"}}\n"
				 "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":4000,"
				 "\"cached_input_tokens\":"
				 "1600,\"output_tokens\":200}}\n";
	static const char bad[] =
		"{\"type\":\"turn.started\"}\n"
		"{\"type\":\"turn.failed\",\"error\":{\"message\":\"no model\"}}\n";
	struct world *w = *state;
	struct agent_verdict v;

	put_text(w->log, ok);
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_NOTHING);
	assert_int_equal(v.tokens_in, 4000);
	assert_int_equal(v.tokens_out, 200);
	assert_true(v.cost_usd < 0);
	put_text(w->log, bad);
	v = judge_exit(w, 1);
	assert_int_equal(v.result, AGENT_FAILED);
	assert_string_equal(v.reason, "exit 1: no model");
}

static void test_judge__numbers_are_unknown_without_a_record(void **state)
{
	struct world *w = *state;
	struct agent_verdict v;

	put_text(w->log, "{\"type\":\"other\"}\n{broken\n{\"usage\":{\"input_tokens\":1}}\n");
	v = judge_exit(w, 0);
	assert_int_equal(v.result, AGENT_DONE);
	assert_int_equal(v.tokens_in, -1);
	assert_int_equal(v.tokens_out, -1);
	assert_true(v.cost_usd < 0);
}

static void test_judge__a_broken_pattern_is_named(void **state)
{
	static const char *const broken[] = {"fine", "(", NULL};
	const struct agent_settings s = {.name = "a", .pause_on = broken};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(agent_patterns_check(&s, &e), ERR_INVALID);
	assert_non_null(strstr(e.msg, "'('"));
	assert_int_equal(agent_patterns_check(&settings, &e), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_make, world_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_judge__exit_0_is_done_or_nothing),
		TEST(test_judge__a_limit_in_a_success_does_not_count),
		TEST(test_judge__a_limit_is_later_and_says_until_when),
		TEST(test_judge__only_the_end_of_the_log_is_searched),
		TEST(test_judge__other_exits_fail_with_the_last_words),
		TEST(test_judge__reasons_are_cut_and_escaped),
		TEST(test_judge__the_result_file_decides),
		TEST(test_judge__a_broken_result_file_fails),
		TEST(test_judge__what_is_no_file_is_no_result),
		TEST(test_judge__other_ends_fail_and_say_how),
		TEST(test_judge__reads_claudes_record),
		TEST(test_judge__knows_what_calls_a_refusal_a_success),
		TEST(test_judge__reads_copilots_and_geminis_words),
		TEST(test_judge__a_stream_without_its_record_is_no_success),
		TEST(test_judge__reads_codexs_record),
		TEST(test_judge__numbers_are_unknown_without_a_record),
		TEST(test_judge__a_broken_pattern_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
