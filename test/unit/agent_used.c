/* What an attempt has used while it works, as each wire tells it, and what it is broken off for. */
#include "base/file.h"
#include "tmp.h"
#include "unit/talk_fixture.h"

#define INIT "{\"type\":\"system\",\"subtype\":\"init\",\"cwd\":\"/w\",\"session_id\":\"s-1\"}\n"
#define REPLY(id)                                                                                  \
	"{\"type\":\"assistant\",\"message\":{\"id\":\"" id "\",\"content\":[],\"usage\":"         \
	"{\"input_tokens\":600,\"cache_read_input_tokens\":400,\"output_tokens\":1}}}\n"
#define OK                                                                                         \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"ok\","       \
	"\"total_cost_usd\":0.25,\"usage\":{\"input_tokens\":2000,\"output_tokens\":100}}\n"
#define OVER_BUDGET                                                                                \
	"{\"type\":\"result\",\"subtype\":\"error_max_budget_usd\",\"is_error\":true,"             \
	"\"errors\":[\"Reached maximum budget ($0.004)\"]}\n"
#define COST(amount, currency)                                                                     \
	"{\"method\":\"session/update\",\"params\":{\"sessionId\":\"a-1\",\"update\":{"            \
	"\"sessionUpdate\":\"usage_update\",\"used\":1,\"size\":9,\"cost\":{\"amount\":" amount    \
	",\"currency\":\"" currency "\"}}}}\n"

static void test_claude__a_reply_counts_once_and_its_turn_in_its_place(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "claude", NULL, NULL);
	hear(&k, INIT REPLY("m-1") REPLY("m-1"));
	assert_int_equal(agent_talk_used(k.t).tokens, 1001);
	hear(&k, REPLY("m-2"));
	assert_int_equal(agent_talk_used(k.t).tokens, 2002);
	assert_true(agent_talk_used(k.t).cost_usd == 0);
	hear(&k, OK);
	assert_int_equal(agent_talk_used(k.t).tokens, 2100);
	assert_true(agent_talk_used(k.t).cost_usd == 0.25);
}

static void test_acp__a_cost_is_of_this_attempt_and_in_dollars(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "acp", NULL, "a-1");
	hear(&k, "{\"id\":1,\"result\":{\"protocolVersion\":1,\"agentCapabilities\":{"
		 "\"loadSession\":true}}}\n" COST("0.5", "USD") "{\"id\":2,\"result\":{}}\n");
	assert_true(agent_talk_used(k.t).cost_usd == 0);
	hear(&k, COST("0.75", "USD"));
	assert_true(agent_talk_used(k.t).cost_usd == 0.25);
	hear(&k, COST("90", "EUR") COST("-1", "USD") COST("\"x\"", "USD") COST("1e999", "USD"));
	assert_true(agent_talk_used(k.t).cost_usd == 0.25);
}

#define ACP_BEGUN                                                                                  \
	"{\"id\":1,\"result\":{\"protocolVersion\":1}}\n"                                          \
	"{\"id\":2,\"result\":{\"sessionId\":\"a-1\"}}\n"
#define CALL(what, more)                                                                           \
	"{\"method\":\"session/update\",\"params\":{\"sessionId\":\"a-1\",\"update\":{"            \
	"\"sessionUpdate\":\"" what "\",\"toolCallId\":\"c\"" more "}}}\n"
#define MAY_I                                                                                      \
	"{\"id\":9,\"method\":\"session/request_permission\",\"params\":{\"toolCall\":{"           \
	"\"toolCallId\":\"c\",\"kind\":\"execute\",\"title\":\"make\"},\"options\":[]}}\n"

/* Some tell of a call by asking for it, some before that, some when it is allowed. */
static void test_acp__a_call_counts_once_however_it_is_told(void **state)
{
	static const char *const ways[] = {MAY_I, CALL("tool_call", "") MAY_I,
					   MAY_I CALL("tool_call", ",\"kind\":\"execute\"")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct talking k CLEANUP(talk_done) = {0};

		talk_begin(&k, "acp", NULL, NULL);
		hear(&k, ACP_BEGUN);
		hear(&k, ways[i]);
		assert_int_equal(agent_talk_used(k.t).tools, 1);
		assert_non_null(strstr(buf_cstr(&k.events), "{\"type\":\"tool\",\"id\":\"c\""));
		/* What is over may be done again, by the same name. */
		hear(&k, CALL("tool_call_update", ",\"status\":\"completed\"") MAY_I);
		assert_int_equal(agent_talk_used(k.t).tools, 2);
	}
}

static struct agent_verdict
judge(const char *kind, const char *text, struct agent_attempt a, enum job_how how)
{
	char *dir = tmp_make(), *log CLEANUP(freep) = path_join(dir, "log");
	const struct agent_settings s = {.name = "a"};
	const struct job_end end = {.how = how, .code = 1};
	struct agent_verdict v = {0};
	struct err e = ERR_INIT;

	assert_int_equal(file_write(log, str_of(text), false, &e), 0);
	a.log_path = log;
	if (agent_judge(agent_kind_find(kind), &s, &a, &end, INT64_C(1795285733000), &v, &e))
		fail_msg("%s", e.msg);
	tmp_done(dir);
	return v;
}

static void test_judge__a_limit_is_the_reason(void **state)
{
	const struct agent_attempt off = {.broken_off = "it uses too much"};
	const struct agent_attempt paid = {.cost_max = 0.004};

	(void)state;
	for (enum job_how how = JOB_EXITED; how <= JOB_SIGNALED; how++)
		assert_string_equal(judge("claude", INIT, off, how).reason,
				    "broken off: it uses too much");
	/* It had succeeded before. */
	assert_int_equal(judge("claude", INIT OK, off, JOB_EXITED).result, AGENT_DONE);
	for (int i = 0; i < 2; i++) {
		struct agent_verdict v =
			judge(i ? "claude" : "command", INIT OVER_BUDGET, paid, JOB_EXITED);

		assert_int_equal(v.result, AGENT_FAILED);
		assert_string_equal(v.reason, "broken off: it costs more than limits.attempt_cost");
	}
	/* A budget of its own command is nothing of ours. */
	assert_string_equal(
		judge("claude", INIT OVER_BUDGET, (struct agent_attempt){0}, JOB_EXITED).reason,
		"its turn failed: Reached maximum budget ($0.004)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claude__a_reply_counts_once_and_its_turn_in_its_place),
		cmocka_unit_test(test_acp__a_cost_is_of_this_attempt_and_in_dollars),
		cmocka_unit_test(test_acp__a_call_counts_once_however_it_is_told),
		cmocka_unit_test(test_judge__a_limit_is_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
