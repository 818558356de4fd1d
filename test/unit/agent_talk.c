/* Talks: what is said to the programs, and what exit codes hide, in lines as they write them. */
#include "agent/judge.h"
#include "base/file.h"
#include "config/presets.h"
#include "tmp.h"
#include "unit/talk_fixture.h"

#define INIT   "{\"type\":\"system\",\"subtype\":\"init\",\"cwd\":\"/w\",\"session_id\":\"s-1\"}\n"
#define ECHO   "{\"type\":\"user\",\"isReplay\":true,\"message\":{\"content\":\"x\"}}\n"
#define RESULT "{\"type\":\"result\",\"session_id\":\"s-1\",\"subtype\":"
#define OK     RESULT "\"success\",\"is_error\":false,\"result\":\"ok\"}\n"
#define ASK(id, tool, input)                                                                       \
	"{\"type\":\"control_request\",\"request_id\":\"" id "\",\"request\":{\"subtype\":"        \
	"\"can_use_tool\",\"tool_name\":\"" tool "\",\"input\":" input "}}\n"

/* ---- verdicts ---- */

struct verdict_case {
	const char *kind;
	int code;
	const char *log;
	enum agent_result result;
};

/* clang-format off: one case a line */
static const struct verdict_case verdicts[] = {
  /* Success is a record of it. */
	{"claude", 0,   INIT OK,								AGENT_DONE   },
	{"claude", 0,   INIT OK "warning: no JSON\n",                                           AGENT_DONE   },
	{"claude", 143, INIT OK,								AGENT_DONE   },
	{"claude", 0,   RESULT "\"success\",\"result\":\"ganger: nothing to do\"}\n",           AGENT_NOTHING},
 /* Exit 0 without one is not: SIGINT, SIGTERM, a log that is empty or another's. */
	{"claude", 0,   INIT,								   AGENT_FAILED },
	{"claude", 0,   "",								     AGENT_FAILED },
	{"claude", 0,   "all done\n",							   AGENT_FAILED },
	{"claude", 0,   OK INIT,								AGENT_FAILED },
	{"claude", 0,   "{\"type\":\"turn.completed\",\"usage\":{}}\n",                         AGENT_FAILED },
 /* Nor is a record that says success and failure at once. */
	{"claude", 0,   RESULT "\"success\",\"is_error\":true,\"result\":\"x\"}\nlater line\n",
	 AGENT_FAILED											},
	{"claude", 0,
	 RESULT "\"error_during_execution\",\"terminal_reason\":\"aborted_streaming\"}\n",
	 AGENT_FAILED											},
	{"claude", 0,   RESULT "\"error_max_turns\"}\n",                                        AGENT_FAILED },
	{"claude", 0,
	 RESULT "\"success\",\"result\":\"ganger: nothing to do\","
		"\"permission_denials\":[{\"tool_name\":\"Bash\"}]}\n",			 AGENT_FAILED },
 /* A limit is waited for, whatever the exit code; not one that the agent writes about. */
	{"claude", 0,   RESULT "\"success\",\"is_error\":true,\"api_error_status\":429}\n",
	 AGENT_LATER											 },
	{"claude", 1,
	 RESULT "\"success\",\"is_error\":true,\"result\":\"You've hit your limit\"}\n",
	 AGENT_LATER											 },
	{"claude", 1,
	 INIT "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"429 "
	      "rate limit\"}]}}\n",							     AGENT_FAILED },
};
/* clang-format on */

static struct agent_verdict
judge(const struct verdict_case *c, enum job_how how, const char *errors)
{
	char *dir = tmp_make(), *log CLEANUP(freep) = path_join(dir, "log");
	char *errors_path CLEANUP(freep) = path_join(dir, "errors");
	const struct agent_settings s = {.name = "a",
					 .pause_on = config_preset_find(c->kind)->pause_on};
	const struct agent_attempt a = {.log_path = log, .errors_path = errors_path};
	const struct job_end end = {.how = how, .code = c->code};
	struct agent_verdict v = {0};
	struct err e = ERR_INIT;

	assert_int_equal(file_write(log, str_of(c->log), false, &e), 0);
	if (errors)
		assert_int_equal(file_write(errors_path, str_of(errors), false, &e), 0);
	if (agent_judge(agent_kind_find(c->kind), &s, &a, &end, INT64_C(1795285733000), &v, &e))
		fail_msg("%s", e.msg);
	tmp_done(dir);
	return v;
}

static void test_talk__success_is_a_record_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		struct agent_verdict v = judge(&verdicts[i], JOB_EXITED, NULL);

		if (v.result != verdicts[i].result || (!v.reason[0] && v.result != AGENT_DONE))
			fail_msg("%s, exit %d: %s: result %d, '%s'", verdicts[i].kind,
				 verdicts[i].code, verdicts[i].log, (int)v.result, v.reason);
	}
}

static void test_talk__what_we_ended_did_not_succeed(void **state)
{
	static const struct verdict_case c = {"claude", 0, INIT OK, AGENT_DONE};

	(void)state;
	assert_int_equal(judge(&c, JOB_STOPPED, NULL).result, AGENT_FAILED);
	assert_int_equal(judge(&c, JOB_TIMEOUT, NULL).result, AGENT_FAILED);
	assert_int_equal(judge(&c, JOB_SILENCE, NULL).result, AGENT_FAILED);
}

static void test_talk__errors_are_quoted_and_searched_for_limits(void **state)
{
	static const struct verdict_case c = {"claude", 1, "", AGENT_DONE};
	struct agent_verdict v = judge(&c, JOB_EXITED, "Error: No conversation found: x\n");

	(void)state;
	assert_int_equal(v.result, AGENT_FAILED);
	assert_non_null(strstr(v.reason, "No conversation found"));
	v = judge(&c, JOB_EXITED, "Not logged in. Please run /login\n");
	assert_int_equal(v.result, AGENT_LATER);
}

static void test_talk__counts_as_the_program_does(void **state)
{
#define USED(cost)                                                                                 \
	RESULT "\"success\",\"total_cost_usd\":" cost ",\"usage\":{\"input_tokens\":600,"          \
	       "\"cache_read_input_tokens\":400,\"output_tokens\":50}}\n"
	static const struct verdict_case two = {"claude", 0, INIT USED("0.5") INIT USED("0.75"),
						AGENT_DONE};
	struct agent_verdict v = judge(&two, JOB_EXITED, NULL);

	(void)state;
	assert_int_equal(v.tokens_in, 2000); /* of the turn: added up */
	assert_int_equal(v.tokens_out, 100);
	assert_true(v.cost_usd == 0.75); /* of the process */
}

/* ---- what is said ---- */

static void test_claude__is_given_its_prompt_and_an_end(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "claude", NULL, NULL);
	said_is(&k, "{\"type\":\"control_request\",\"request_id\":\"ganger-begin\",\"request\":"
		    "{\"subtype\":\"initialize\"}}\n{\"type\":\"user\",\"message\":{\"role\":"
		    "\"user\",\"content\":\"do it\"},\"parent_tool_use_id\":null,"
		    "\"session_id\":\"\"}\n");
	hear(&k, INIT ECHO);
	said_is(&k, "");
	hear(&k, OK);
	said_is(&k, "<end>\n");
	events_have(&k, "{\"type\":\"session\",\"id\":\"s-1\",\"model\":null}\n"
			"{\"type\":\"turn\"}\n");
	events_have(&k, "{\"type\":\"turn_end\",\"status\":\"completed\",\"text\":\"ok\"}\n");
	hear(&k, INIT OK ASK("1", "Bash", "{}"));
	said_is(&k, "");
}

static void test_claude__permissions_are_answered(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "claude", NULL, NULL);
	hear(&k, INIT);
	free(said(&k));
	hear(&k, ASK("q1", "Write", "{\"file_path\":\"/w/a\",\"content\":\"b\"}"));
	said_is(&k, "{\"type\":\"control_response\",\"response\":{\"subtype\":\"success\","
		    "\"request_id\":\"q1\",\"response\":{\"behavior\":\"allow\",\"updatedInput\":"
		    "{\"file_path\":\"/w/a\",\"content\":\"b\"}}}}\n");
	hear(&k, ASK("q2", "Edit", "{\"file_path\":\"/etc/a\"}"));
	said_has(&k, "\"request_id\":\"q2\",\"response\":{\"behavior\":\"deny\",\"message\":\"not "
		     "permitted: '/etc/a' is outside the worktree '/w'\"}");
	events_have(&k, "\"tool\":\"Edit\",\"input\":\"/etc/a\",\"decision\":\"deny\"");
	hear(&k, "{\"type\":\"control_request\",\"request_id\":\"q3\",\"request\":{\"subtype\":"
		 "\"mcp_message\"}}\n");
	said_has(&k, "\"subtype\":\"error\",\"request_id\":\"q3\"");
}

static void test_claude__a_person_may_be_asked(void **state)
{
	const char *const rules[] = {"ask Bash", NULL};
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "claude", rules, NULL);
	hear(&k, INIT);
	free(said(&k));
	assert_int_equal(order(&k, AGENT_ALLOW, NULL), ERR_INVALID);
	hear(&k, ASK("q1", "Bash", "{\"command\":\"ls\"}") ASK("q2", "Bash", "{}"));
	said_is(&k, "");
	assert_string_equal(buf_cstr(&k.asked), "may it use Bash: ls\nmay it use Bash\n");
	assert_int_equal(order(&k, AGENT_DENY, NULL), 0);
	said_has(&k, "\"request_id\":\"q1\",\"response\":{\"behavior\":\"deny\"");
	assert_int_equal(order(&k, AGENT_ALLOW, NULL), 0);
	said_has(&k, "\"request_id\":\"q2\",\"response\":{\"behavior\":\"allow\"");
	assert_int_equal(order(&k, AGENT_DENY, NULL), ERR_INVALID);
}

static void test_claude__what_people_say_has_a_turn_too(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "claude", NULL, NULL);
	hear(&k, INIT ECHO);
	free(said(&k));
	assert_int_equal(order(&k, AGENT_SAY, "and that"), 0);
	said_has(&k, "\"content\":\"and that\"");
	events_have(&k, "{\"type\":\"said\",\"text\":\"and that\"}\n");
	hear(&k, OK); /* of the turn before */
	said_is(&k, "");
	hear(&k, INIT ECHO OK);
	said_is(&k, "<end>\n");
	assert_int_equal(order(&k, AGENT_SAY, "too late"), ERR_NOT_FOUND);
}

static void test_claude__is_broken_off(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "claude", NULL, NULL);
	hear(&k, INIT);
	free(said(&k));
	assert_int_equal(order(&k, AGENT_BREAK, NULL), 0);
	said_is(&k, "{\"type\":\"control_request\",\"request_id\":\"ganger-break\",\"request\":"
		    "{\"subtype\":\"interrupt\"}}\n<end>\n");
}

static void test_claude__a_refused_beginning_is_a_failure(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "claude", NULL, NULL);
	free(said(&k));
	hear(&k, "{\"type\":\"control_response\",\"response\":{\"subtype\":\"error\",\"error\":"
		 "\"no such model\"}}\n");
	said_is(&k, "<end>\n");
	events_have(&k, "{\"type\":\"error\",\"text\":\"no such model\"}\n");
}

/* ---- sessions ---- */

static void test_talk__a_session_is_taken_up_in_its_folder(void **state)
{
	const struct agent_kind *claude = agent_kind_find("claude");
	char *dir = tmp_make(), *log CLEANUP(freep) = path_join(dir, "log");
	struct err e = ERR_INIT;

	(void)state;
	assert_null(agent_talk_session(claude, log, "/w"));
	assert_int_equal(file_write(log, STR(INIT), false, &e), 0);
	char *session CLEANUP(freep) = agent_talk_session(claude, log, "/w");
	assert_string_equal(session, "s-1");
	assert_null(agent_talk_session(claude, log, "/elsewhere"));
	tmp_done(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk__success_is_a_record_of_it),
		cmocka_unit_test(test_talk__what_we_ended_did_not_succeed),
		cmocka_unit_test(test_talk__errors_are_quoted_and_searched_for_limits),
		cmocka_unit_test(test_talk__counts_as_the_program_does),
		cmocka_unit_test(test_claude__is_given_its_prompt_and_an_end),
		cmocka_unit_test(test_claude__permissions_are_answered),
		cmocka_unit_test(test_claude__a_person_may_be_asked),
		cmocka_unit_test(test_claude__what_people_say_has_a_turn_too),
		cmocka_unit_test(test_claude__is_broken_off),
		cmocka_unit_test(test_claude__a_refused_beginning_is_a_failure),
		cmocka_unit_test(test_talk__a_session_is_taken_up_in_its_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
