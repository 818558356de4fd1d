/* Talks: what is said to the programs, and what exit codes hide, in lines as they write them. */
#include "agent/judge.h"
#include "base/file.h"
#include "config/presets.h"
#include "tmp.h"
#include "unit/talk_fixture.h"
#include "wire/frames.h"

#define INIT   "{\"type\":\"system\",\"subtype\":\"init\",\"cwd\":\"/w\",\"session_id\":\"s-1\"}\n"
#define ECHO   "{\"type\":\"user\",\"isReplay\":true,\"message\":{\"content\":\"x\"}}\n"
#define RESULT "{\"type\":\"result\",\"session_id\":\"s-1\",\"subtype\":"
#define OK     RESULT "\"success\",\"is_error\":false,\"result\":\"ok\"}\n"
#define ASK(id, tool, input)                                                                       \
	"{\"type\":\"control_request\",\"request_id\":\"" id "\",\"request\":{\"subtype\":"        \
	"\"can_use_tool\",\"tool_name\":\"" tool "\",\"input\":" input "}}\n"

#define THREAD                                                                                     \
	"{\"id\":1,\"result\":{\"userAgent\":\"x\"}}\n"                                            \
	"{\"id\":2,\"result\":{\"thread\":{\"id\":\"t-1\"}}}\n"                                    \
	"{\"method\":\"turn/started\",\"params\":{}}\n"
#define ITEM(text)                                                                                 \
	"{\"method\":\"item/"                                                                      \
	"completed\",\"params\":{\"item\":{\"type\":\"agentMessage\",\"id\":\"m\","                \
	"\"text\":\"" text "\"}}}\n"
#define TURN(status, error)                                                                        \
	"{\"method\":\"turn/completed\",\"params\":{\"turn\":{\"status\":\"" status                \
	"\",\"error\":" error "}}}\n"
#define ACP_SESSION                                                                                \
	"{\"id\":1,\"result\":{\"protocolVersion\":1,\"agentCapabilities\":{\"loadSession\":true}" \
	"}}\n"                                                                                     \
	"{\"id\":2,\"result\":{\"sessionId\":\"a-1\"}}\n"
#define UPDATE(update)                                                                             \
	"{\"method\":\"session/update\",\"params\":{\"sessionId\":\"a-1\",\"update\":" update "}}" \
	"\n"
#define CHUNK(text)                                                                                \
	UPDATE("{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\","        \
	       "\"text\":\"" text "\"}}")
#define STOP(reason) "{\"id\":3,\"result\":{\"stopReason\":\"" reason "\"}}\n"

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
	{"claude",		   0,          INIT OK,								AGENT_DONE					 },
	{"claude",		   0,          INIT OK "warning: no JSON\n",                                           AGENT_DONE                                         },
	{"claude",		   143,        INIT OK,								AGENT_DONE                                         },
	{"claude",		   0,          RESULT "\"success\",\"result\":\"ganger: nothing to do\"}\n",           AGENT_NOTHING                                      },
 /* Exit 0 without one is not: SIGINT, SIGTERM, a log that is empty or another's. */
	{"claude",		   0,          INIT,								   AGENT_FAILED                                       },
	{"claude",		   0,          "",								     AGENT_FAILED				       },
	{"claude",		   0,          "all done\n",							   AGENT_FAILED                                       },
	{"claude",		   0,          OK INIT,								AGENT_FAILED                                       },
	{"claude",		   0,          "{\"type\":\"turn.completed\",\"usage\":{}}\n",                         AGENT_FAILED                                       },
 /* Nor is a record that says success and failure at once. */
	{"claude",		   0,          RESULT "\"success\",\"is_error\":true,\"result\":\"x\"}\nlater line\n",
	 AGENT_FAILED																		       },
	{"claude",		   0,
	 RESULT "\"error_during_execution\",\"terminal_reason\":\"aborted_streaming\"}\n",
	 AGENT_FAILED																		       },
	{"claude",		   0,          RESULT "\"error_max_turns\"}\n",                                        AGENT_FAILED                                       },
	{"claude",		   0,
	 RESULT "\"success\",\"result\":\"ganger: nothing to do\","
		"\"permission_denials\":[{\"tool_name\":\"Bash\"}]}\n",						  AGENT_FAILED				       },
 /* A limit is waited for, whatever the exit code; not one that the agent writes about. */
	{"claude",		   0,          RESULT "\"success\",\"is_error\":true,\"api_error_status\":429}\n",
	 AGENT_LATER																			},
	{"claude",		   1,
	 RESULT "\"success\",\"is_error\":true,\"result\":\"You've hit your limit\"}\n",
	 AGENT_LATER																			},
	{"claude",		   1,
	 INIT "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"429 "
	      "rate limit\"}]}}\n",										      AGENT_FAILED				       },
	{"codex",		    0,          THREAD ITEM("ok") TURN("completed",                                     "null"),                                             AGENT_DONE},
	{"codex",			  0,			      THREAD ITEM("ganger: nothing to do") TURN("completed",                                                                          "null"),                                           AGENT_NOTHING},
	{"codex",             0,		       THREAD ITEM("ok"),										       AGENT_FAILED										  },
	{"codex",              0,			THREAD TURN("failed",  "{\"message\":\"no\"}"),AGENT_FAILED},
	{"codex",   0, THREAD TURN("interrupted",								      "null"),																			       AGENT_FAILED},
	{"codex", 0,    THREAD TURN("failed","{\"message\":\"last status: 429\"}"),AGENT_LATER},
	{"codex",			 0,            THREAD ITEM("status 429") TURN("failed",                                                     "{\"message\":\"no\"}"),
	 AGENT_FAILED},
	{"codex",		    0,
	 THREAD TURN("completed",                         "null") "{\"method\":\"turn/started\",\"params\":{}}\n",
	 AGENT_FAILED},
	{"codex",			  0,			      "{\"id\":1,\"error\":{\"message\":\"no\"}}\n",										AGENT_FAILED																	    },
 /* What "end_turn" hides. */
	{"acp",               0,			 ACP_SESSION CHUNK("o") CHUNK("k") STOP("end_turn"),											 AGENT_DONE														 },
	{"acp",              0,			ACP_SESSION CHUNK("ganger: nothing ") CHUNK("to do") STOP("end_turn"),
	 AGENT_NOTHING},
	{"acp",		0,			  ACP_SESSION CHUNK("Error: 400 x") STOP("end_turn"),    AGENT_FAILED},
	{"acp",              0,			ACP_SESSION CHUNK("I try") CHUNK("Error: 400 x") STOP("end_turn"),											  AGENT_FAILED																											  },
	{"acp",              0,			ACP_SESSION STOP("end_turn"),										       AGENT_FAILED																								    },
	{"acp",              0,			ACP_SESSION UPDATE("{\"sessionUpdate\":\"tool_call\"}") STOP("end_turn"),
	 AGENT_DONE},
	{"acp",              0,			ACP_SESSION CHUNK("x") STOP("cancelled"),    AGENT_FAILED},
	{"acp",		 0,			   ACP_SESSION CHUNK("x") STOP("refusal"),											     AGENT_FAILED																																						      },
	{"acp",              0,			ACP_SESSION CHUNK("x") STOP("max_tokens"),										       AGENT_FAILED																																		    },
	{"acp",              0,			ACP_SESSION "{\"id\":3,\"error\":{\"code\":-32603,\"message\":\"no\"}}\n",
	 AGENT_FAILED},
 /* A session that was taken up is not named in the answer. */
	{"acp",              143,
	 "{\"id\":1,\"result\":{}}\n" CHUNK("past") "{\"id\":2,\"result\":{}}\n" CHUNK("ok")
		 STOP("end_turn"),
	 AGENT_DONE},
};
/* clang-format on */

/* Messages as Copilot frames them. */
static char *with_lengths(const char *const *messages)
{
	struct buf b = BUF_INIT;

	for (; *messages; messages++)
		frames_put(&b, FRAMES_LENGTHS, str_of(*messages));
	return buf_take(&b);
}

static struct agent_verdict
judge(const struct verdict_case *c, enum job_how how, const char *errors)
{
	char *dir = tmp_make(), *log CLEANUP(freep) = path_join(dir, "log");
	char *errors_path CLEANUP(freep) = path_join(dir, "errors");
	const struct config_preset *p = config_preset_find(c->kind);
	const struct agent_settings s = {.name = "a", .pause_on = p ? p->pause_on : NULL};
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

#define EVENT(type, data)                                                                          \
	"{\"method\":\"session.event\",\"params\":{\"event\":{\"type\":\"" type                    \
	"\",\"data\":" data "}}}"

static void test_talk__copilot_is_idle_after_errors_too(void **state)
{
	static const struct {
		const char *messages[8];
		enum agent_result result;
	} cases[] = {
		{{EVENT("user.message", "{}"), EVENT("assistant.message", "{\"content\":\"ok\"}"),
		  EVENT("session.idle", "{}")},
		 AGENT_DONE											},
		{{EVENT("user.message", "{}"), EVENT("assistant.turn_end", "{}")},                     AGENT_FAILED},
		{{EVENT("user.message", "{}"), EVENT("session.error", "{\"message\":\"no\"}"),
		  EVENT("session.idle", "{}")},
		 AGENT_FAILED										      },
		{{EVENT("user.message", "{}"),
		  EVENT("session.error", "{\"message\":\"x\",\"statusCode\":429}"),
		  EVENT("session.idle", "{}")},
		 AGENT_LATER										       },
		{{EVENT("user.message", "{}"), EVENT("session.idle", "{\"aborted\":true}")},
		 AGENT_FAILED										      },
		{{EVENT("user.message", "{}"), EVENT("abort", "{}"), EVENT("session.idle", "{}")},
		 AGENT_FAILED										      },
 /* What comes late. */
		{{EVENT("user.message", "{}"), EVENT("assistant.message", "{\"content\":\"ok\"}"),
		  EVENT("session.idle", "{}"), EVENT("session.error", "{\"message\":\"no\"}"),
		  EVENT("abort", "{}"), EVENT("session.idle", "{\"aborted\":true}")},
		 AGENT_DONE											},
		{{EVENT("user.message", "{}"), EVENT("session.error", "{\"message\":\"no\"}"),
		  EVENT("session.idle", "{}"), EVENT("session.idle", "{}")},
		 AGENT_FAILED										      },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *log CLEANUP(freep) = with_lengths(cases[i].messages);
		const struct verdict_case c = {"copilot", 0, log, cases[i].result};

		if (judge(&c, JOB_EXITED, NULL).result != c.result)
			fail_msg("case %zu", i);
	}
}

static void test_talk__an_error_is_quoted_as_it_was(void **state)
{
	static const struct verdict_case c = {
		"acp", 0, ACP_SESSION CHUNK("Error: 400 no such thing") STOP("end_turn"),
		AGENT_FAILED};

	(void)state;
	assert_string_equal(judge(&c, JOB_EXITED, NULL).reason,
			    "its turn failed: Error: 400 no such thing");
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
	assert_string_equal(buf_cstr(&k.asked), "3.1 may it use Bash: ls\n3.2 may it use Bash\n");
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

/* ---- codex ---- */

#define IDS_OF_CODEX                                                                               \
	"{\"id\":1,\"result\":{}}\n{\"id\":2,\"result\":{\"thread\":{\"id\":\"t-1\"}}}\n"

static void test_codex__begins_a_thread_and_a_turn(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "codex", NULL, NULL);
	said_has(&k, "\"id\":1,\"method\":\"initialize\"");
	hear(&k, "{\"id\":1,\"result\":{}}\n");
	said_is(&k,
		"{\"jsonrpc\":\"2.0\",\"method\":\"initialized\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,"
		"\"method\":\"thread/start\",\"params\":{\"cwd\":\"/w\",\"approvalPolicy\":"
		"\"untrusted\",\"sandbox\":\"workspace-write\"}}\n");
	hear(&k, "{\"id\":2,\"result\":{\"thread\":{\"id\":\"t-1\"},\"model\":\"m\"}}\n");
	said_is(&k,
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"turn/start\",\"params\":{\"threadId\":"
		"\"t-1\",\"input\":[{\"type\":\"text\",\"text\":\"do it\"}]}}\n");
	hear(&k, TURN("completed", "null"));
	said_is(&k, "<end>\n");
}

static void test_codex__a_thread_that_is_gone_is_a_new_one(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "codex", NULL, "t-0");
	hear(&k, "{\"id\":1,\"result\":{}}\n");
	said_has(&k, "\"thread/resume\",\"params\":{\"threadId\":\"t-0\"");
	hear(&k, "{\"id\":2,\"error\":{\"message\":\"no rollout\"}}\n");
	said_has(&k, "\"id\":3,\"method\":\"thread/start\"");
	hear(&k, "{\"id\":3,\"result\":{\"thread\":{\"id\":\"t-1\"}}}\n");
	said_has(&k, "\"turn/start\"");
}

static void test_codex__approvals_are_answered(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "codex", NULL, NULL);
	hear(&k, IDS_OF_CODEX);
	free(said(&k));
	hear(&k, "{\"id\":0,\"method\":\"item/commandExecution/requestApproval\",\"params\":{"
		 "\"command\":\"ls\"}}\n");
	said_is(&k, "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"decision\":\"accept\"}}\n");
	hear(&k, "{\"id\":1,\"method\":\"item/commandExecution/requestApproval\",\"params\":{"
		 "\"command\":\"ls\",\"reason\":\"without the sandbox\"}}\n");
	said_has(&k, "\"id\":1,\"result\":{\"decision\":\"decline\"}");
	hear(&k,
	     "{\"method\":\"item/"
	     "started\",\"params\":{\"item\":{\"type\":\"fileChange\",\"id\":\"f\","
	     "\"changes\":[{\"path\":\"/w/a\"},{\"path\":\"/etc/b\"}]}}}\n"
	     "{\"id\":\"x\",\"method\":\"item/fileChange/requestApproval\",\"params\":{\"itemId\":"
	     "\"f\"}}\n");
	said_has(&k, "\"id\":\"x\",\"result\":{\"decision\":\"decline\"}");
	hear(&k, "{\"id\":3,\"method\":\"item/tool/requestUserInput\",\"params\":{}}\n");
	said_has(&k, "\"id\":3,\"error\"");
}

static void test_codex__a_word_that_comes_too_late_has_a_turn_of_its_own(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "codex", NULL, NULL);
	hear(&k, IDS_OF_CODEX "{\"id\":3,\"result\":{\"turn\":{\"id\":\"u-1\"}}}\n");
	free(said(&k));
	assert_int_equal(order(&k, AGENT_SAY, "and that"), 0);
	said_has(&k, "\"id\":4,\"method\":\"turn/steer\"");
	hear(&k, "{\"id\":4,\"error\":{\"message\":\"no active turn\"}}\n");
	said_is(&k, "");
	hear(&k, TURN("completed", "null"));
	said_has(&k,
		 "\"turn/start\",\"params\":{\"threadId\":\"t-1\",\"input\":[{\"type\":\"text\","
		 "\"text\":\"and that\"}]");
	hear(&k, TURN("completed", "null"));
	said_is(&k, "<end>\n");
}

static void test_codex__counts_what_is_of_this_attempt(void **state)
{
#define USAGE(total)                                                                               \
	"{\"method\":\"thread/tokenUsage/updated\",\"params\":{\"tokenUsage\":{\"total\":{"        \
	"\"inputTokens\":" total ",\"outputTokens\":50},\"last\":{\"inputTokens\":1000,"           \
	"\"outputTokens\":50}}}}\n"
	static const struct verdict_case c = {
		"codex", 0, THREAD USAGE("8000") USAGE("9000") TURN("completed", "null"),
		AGENT_DONE};

	(void)state;
	assert_int_equal(judge(&c, JOB_EXITED, NULL).tokens_in, 2000);
}

/* ---- acp ---- */

#define ACP_ASK(options)                                                                           \
	"{\"id\":\"q\",\"method\":\"session/request_permission\",\"params\":{\"toolCall\":{"       \
	"\"toolCallId\":\"c\",\"kind\":\"edit\",\"locations\":[{\"path\":\"/w/a\"},{\"path\":\"/"  \
	"x\"}]"                                                                                    \
	"},\"options\":[" options "]}}\n"

static void test_acp__options_are_chosen_by_kind(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "acp", (const char *const[]){"allow write(/y)", NULL}, NULL);
	hear(&k, ACP_SESSION);
	said_has(&k, "\"session/prompt\",\"params\":{\"sessionId\":\"a-1\",\"prompt\":[{\"type\":"
		     "\"text\",\"text\":\"do it\"}]}");
	hear(&k, ACP_ASK("{\"optionId\":\"1\",\"kind\":\"allow_always\"},{\"optionId\":\"2\","
			 "\"kind\":\"reject_once\"}"));
	said_has(&k, "{\"outcome\":\"selected\",\"optionId\":\"2\"}");
	hear(&k, ACP_ASK("{\"optionId\":\"1\",\"kind\":\"allow_once\"}"));
	said_has(&k, "{\"outcome\":\"cancelled\"}");
	hear(&k, "{\"id\":8,\"method\":\"fs/write_text_file\",\"params\":{\"path\":\"/w/a\"}}\n");
	said_has(&k, "\"id\":8,\"error\"");
	assert_int_equal(order(&k, AGENT_BREAK, NULL), 0);
	said_is(&k, "{\"jsonrpc\":\"2.0\",\"method\":\"session/"
		    "cancel\",\"params\":{\"sessionId\":\"a-1\"}}"
		    "\n<end>\n");
}

static void test_acp__a_session_is_loaded_where_it_can_be(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "acp", NULL, "a-0");
	hear(&k, "{\"id\":1,\"result\":{\"agentCapabilities\":{\"loadSession\":true}}}\n");
	said_has(&k, "\"session/load\",\"params\":{\"sessionId\":\"a-0\"");
	hear(&k, CHUNK("past") "{\"id\":2,\"result\":{}}\n");
	said_has(&k, "\"session/prompt\",\"params\":{\"sessionId\":\"a-0\"");
	hear(&k, CHUNK("now") STOP("end_turn"));
	events_have(&k, "{\"type\":\"message\",\"text\":\"now\"}\n");
	talk_done(&k);
	talk_begin(&k, "acp", NULL, "a-0");
	hear(&k, "{\"id\":1,\"result\":{\"agentCapabilities\":{}}}\n");
	said_has(&k, "\"session/new\"");
}

/* ---- copilot ---- */

static void hear_message(struct talking *k, const char *message)
{
	char *framed CLEANUP(freep) = with_lengths((const char *const[]){message, NULL});

	hear(k, framed);
}

static void test_copilot__serves_a_session(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin(&k, "copilot", NULL, NULL);
	said_is(&k,
		"Content-Length: 55\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"connect\","
		"\"params\":{}}");
	hear_message(&k, "{\"id\":1,\"result\":{\"ok\":true}}");
	said_has(&k, "\"session.create\",\"params\":{\"workingDirectory\":\"/"
		     "w\",\"requestPermission\":true}");
	hear_message(&k, "{\"id\":2,\"result\":{\"sessionId\":\"c-1\"}}");
	said_has(&k, "\"session.send\",\"params\":{\"sessionId\":\"c-1\",\"prompt\":\"do it\"}");
	hear_message(&k,
		     EVENT("permission.requested", "{\"requestId\":\"p\",\"permissionRequest\":{"
						   "\"kind\":\"write\",\"fileName\":\"/x\"}}"));
	said_has(
		&k,
		"\"requestId\":\"p\",\"result\":{\"kind\":\"reject\",\"feedback\":\"not permitted");
	assert_int_equal(order(&k, AGENT_SAY, "and that"), 0);
	said_has(&k, "\"prompt\":\"and that\",\"mode\":\"immediate\"");
	hear_message(&k, EVENT("session.idle", "{}"));
	said_has(&k, "\"runtime.shutdown\",\"params\":{}}<end>");
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
		cmocka_unit_test(test_talk__copilot_is_idle_after_errors_too),
		cmocka_unit_test(test_talk__an_error_is_quoted_as_it_was),
		cmocka_unit_test(test_codex__begins_a_thread_and_a_turn),
		cmocka_unit_test(test_codex__a_thread_that_is_gone_is_a_new_one),
		cmocka_unit_test(test_codex__approvals_are_answered),
		cmocka_unit_test(test_codex__a_word_that_comes_too_late_has_a_turn_of_its_own),
		cmocka_unit_test(test_codex__counts_what_is_of_this_attempt),
		cmocka_unit_test(test_acp__options_are_chosen_by_kind),
		cmocka_unit_test(test_acp__a_session_is_loaded_where_it_can_be),
		cmocka_unit_test(test_copilot__serves_a_session),
		cmocka_unit_test(test_talk__a_session_is_taken_up_in_its_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
