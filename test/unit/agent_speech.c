/* Kinds claude, codex and copilot: what exit codes hide, in lines as the programs write them. */
#include "agent/judge.h"
#include "agent/record.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/presets.h"
#include "tmp.h"
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

#define INIT   "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s-1\"}\n"
#define CLAUDE "{\"type\":\"result\",\"session_id\":\"s-1\",\"subtype\":"
#define THREAD "{\"type\":\"thread.started\",\"thread_id\":\"t-1\"}\n{\"type\":\"turn.started\"}\n"
#define SAYS(text)                                                                                 \
	"{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"" text "\"}}\n"
#define CODEX_OK "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":9,\"output_tokens\":2}}\n"
#define START    "{\"type\":\"assistant.turn_start\",\"data\":{}}\n"
#define END      "{\"type\":\"assistant.turn_end\",\"data\":{}}\n"
#define ERROR(text, code)                                                                          \
	"{\"type\":\"session.error\",\"data\":{\"message\":\"" text "\",\"statusCode\":" #code "}}\n"
#define RESULT(code) "{\"type\":\"result\",\"sessionId\":\"c-1\",\"exitCode\":" #code "}\n"

struct speech_case {
	const char *kind;
	int code;
	const char *log;
	enum agent_result result;
};

/* clang-format off: one case a line */
static const struct speech_case cases[] = {
	/* Success is a record of it. */
	{"claude", 0, INIT CLAUDE "\"success\",\"is_error\":false,\"result\":\"ok\"}\n", AGENT_DONE},
	{"claude", 0, INIT CLAUDE "\"success\",\"is_error\":false}\nwarning: on stderr\n", AGENT_DONE},
	{"claude", 0, CLAUDE "\"success\",\"result\":\"ganger: nothing to do\"}\n", AGENT_NOTHING},
	{"codex", 0, THREAD SAYS("ok") CODEX_OK, AGENT_DONE},
	{"codex", 0, THREAD SAYS("ganger: nothing to do") CODEX_OK, AGENT_NOTHING},
	{"copilot", 0, START END RESULT(0), AGENT_DONE},
	/* Exit 0 without one is not: SIGINT, SIGTERM, a log that is empty or another's. */
	{"claude", 0, INIT, AGENT_FAILED},
	{"claude", 0, "", AGENT_FAILED},
	{"claude", 0, "all done\n", AGENT_FAILED},
	{"claude", 0, CLAUDE "\"success\"}\n" INIT, AGENT_FAILED},
	{"claude", 0, CODEX_OK, AGENT_FAILED},
	{"codex", 0, THREAD SAYS("ok"), AGENT_FAILED},
	{"codex", 0, THREAD CODEX_OK "{\"type\":\"turn.started\"}\n", AGENT_FAILED},
	{"copilot", 0, START END, AGENT_FAILED},
	{"copilot", 0, START RESULT(0), AGENT_FAILED},
	{"copilot", 0, START END "{\"type\":\"abort\",\"data\":{}}\n" RESULT(0), AGENT_FAILED},
	/* Nor is a record that says success and failure at once. */
	{"claude", 0, CLAUDE "\"success\",\"is_error\":true,\"result\":\"x\"}\nlater line\n", AGENT_FAILED},
	{"claude", 0, CLAUDE "\"error_max_turns\"}\n", AGENT_FAILED},
	{"claude", 0, CLAUDE "\"success\",\"result\":\"ganger: nothing to do\","
		"\"permission_denials\":[{\"tool_name\":\"Bash\"}]}\n", AGENT_FAILED},
	{"codex", 0, THREAD "{\"type\":\"turn.completed\",\"status\":\"failed\"}\n", AGENT_FAILED},
	{"codex", 0, THREAD "{\"type\":\"turn.completed\",\"turn\":{\"status\":\"interrupted\"}}\n", AGENT_FAILED},
	{"copilot", 0, START END ERROR("no", 400) RESULT(0), AGENT_FAILED},
	{"copilot", 0, START END RESULT(1), AGENT_FAILED},
	{"copilot", 1, START END RESULT(0), AGENT_FAILED},
	/* A limit is waited for, whatever the exit code; not one that the agent writes about. */
	{"claude", 0, CLAUDE "\"success\",\"is_error\":true,\"api_error_status\":429}\n", AGENT_LATER},
	{"codex", 1, THREAD "{\"type\":\"turn.failed\",\"error\":{\"message\":\"last status: 429\"}}\n", AGENT_LATER},
	{"copilot", 1, START END ERROR("x", 429) RESULT(1), AGENT_LATER},
	{"copilot", 1, "Error: No authentication information found.\n", AGENT_LATER},
	{"codex", 1, THREAD SAYS("I made the rate limit 429"), AGENT_FAILED},
	{"claude", 1, CLAUDE "\"success\",\"result\":\"the rate limit works\"}\n", AGENT_FAILED},
};
/* clang-format on */

static struct agent_verdict judge(const struct speech_case *c, enum job_how how)
{
	char *dir = tmp_make(), *log CLEANUP(freep) = path_join(dir, "log");
	const struct agent_settings s = {.name = "a",
					 .pause_on = config_preset_find(c->kind)->pause_on};
	const struct agent_attempt a = {.log_path = log};
	const struct job_end end = {.how = how, .code = c->code};
	struct agent_verdict v = {0};
	struct err e = ERR_INIT;

	assert_int_equal(file_write(log, str_of(c->log), false, &e), 0);
	if (agent_kind_find(c->kind)->judge(&s, &a, &end, INT64_C(1795285733000), &v, &e))
		fail_msg("%s", e.msg);
	tmp_done(dir);
	return v;
}

static void test_speech__success_is_a_record_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct agent_verdict v = judge(&cases[i], JOB_EXITED);

		if (v.result != cases[i].result || (!v.reason[0] && v.result != AGENT_DONE))
			fail_msg("%s, exit %d: %s: result %d, '%s'", cases[i].kind, cases[i].code,
				 cases[i].log, (int)v.result, v.reason);
	}
}

/* Copilot answers our signal with a record of success. */
static void test_speech__what_we_ended_did_not_succeed(void **state)
{
	static const struct speech_case c = {"copilot", 0, START END RESULT(0), AGENT_DONE};

	(void)state;
	assert_int_equal(judge(&c, JOB_STOPPED).result, AGENT_FAILED);
	assert_int_equal(judge(&c, JOB_TIMEOUT).result, AGENT_FAILED);
}

static void fold(const struct speech *s, const char *log, bool cut, struct record *r)
{
	struct buf said CLEANUP(buf_done) = BUF_INIT;

	record_fold(s, str_of(log), cut, &said, r);
}

#define USAGE                                                                                      \
	"{\"type\":\"assistant.usage\",\"data\":{\"inputTokens\":1000,\"outputTokens\":50,"        \
	"\"cacheReadTokens\":400,\"cost\":1}}\n"

static void test_speech__counts_as_the_program_does(void **state)
{
	static const char total[] =
		"{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":2000,"
		"\"cached_input_tokens\":800,\"output_tokens\":100}}\n";
	struct record r;

	(void)state;
	fold(&speech_codex, THREAD CODEX_OK "{\"type\":\"turn.started\"}\n", false, &r);
	assert_string_equal(r.session, "t-1");
	assert_int_equal(r.tokens_in, 9);
	record_done(&r);
	char *two CLEANUP(freep) = mem_printf("%s%s", THREAD CODEX_OK, total);
	fold(&speech_codex, two, false, &r); /* of the thread: not added up */
	assert_int_equal(r.tokens_in, 2000);
	assert_int_equal(r.tokens_out, 100);
	record_done(&r);
	fold(&speech_copilot, USAGE USAGE START END RESULT(0), false, &r);
	assert_string_equal(r.session, "c-1");
	assert_int_equal(r.tokens_in, 2000);
	assert_int_equal(r.tokens_out, 100);
	assert_true(r.cost_usd < 0); /* its cost is no money */
	record_done(&r);
	fold(&speech_copilot, USAGE START END RESULT(0), true, &r);
	assert_true(r.found && !r.failed);
	assert_int_equal(r.tokens_in, -1);
	record_done(&r);
	fold(&speech_claude, INIT, false, &r);
	assert_string_equal(r.session, "s-1");
	assert_int_equal(r.tokens_in, -1);
	record_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_speech__success_is_a_record_of_it),
		cmocka_unit_test(test_speech__what_we_ended_did_not_succeed),
		cmocka_unit_test(test_speech__counts_as_the_program_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
