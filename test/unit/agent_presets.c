#include "agent/judge.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/presets.h"
#include "tmp.h"
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

/* What the real programs wrote as their last line before exit 1 ('make test-agents'), or are
 * reported to write; and what a preset makes of it. */
struct preset_case {
	const char *preset, *line;
	enum agent_result result;
};

#define CLAUDE(status, text)                                                                       \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"api_error_"              \
	"status\":" #status ",\"duration_ms\":1429,\"num_turns\":1,\"result\":\"" text             \
	"\",\"total_cost_usd\":0,\"usage\":{\"input_tokens\":529,\"output_tokens\":401}}\n"
#define CODEX(text) "{\"type\":\"turn.failed\",\"error\":{\"message\":\"" text "\"}}\n"

static const struct preset_case cases[] = {
	{"claude",				      CLAUDE(400,                   "API Error: 400 scripted failure 400"),AGENT_FAILED},
	{"claude",					     CLAUDE(401,								  "Failed to authenticate. API Error: 401 x"),AGENT_LATER},
	{"claude",				  CLAUDE(429,							      "API Error: Request rejected (429) · x"),                                            AGENT_LATER},
	{"claude",    CLAUDE(529,"API Error: 529 x. This is a server-side issue"),AGENT_LATER},
	{"claude",				CLAUDE(null,						     "Not logged in · Please run /login"),															      AGENT_LATER},
	{"claude",				      CLAUDE(null,                        "Session limit · resets 10:20pm"),AGENT_LATER},
	{"claude",					     CLAUDE(null,								  "You've hit your limit · resets 3am (UTC)"),AGENT_LATER},
	{"claude",				  CLAUDE(null,							      "Credit balance is too low"),															 AGENT_LATER},
	{"claude", "Claude AI usage limit reached|1795290000\n",AGENT_LATER},
	{"claude", CLAUDE(null,"Prompt is too long"),AGENT_FAILED},
	{"claude",				      "{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":true}\n",
	 AGENT_FAILED},
	{"claude",				      "Error: Session ID x is already in use.\n",                                                       AGENT_FAILED},
	{"codex",					     CODEX("exceeded retry limit, last status: 429 Too Many Requests"),                                                                  AGENT_LATER},
	{"codex",					     CODEX("unexpected status 401 Unauthorized: x, url: http://h/"),                                                                  AGENT_LATER},
	{"codex",					     CODEX("unexpected status 529 <unknown status code>: x"),                                                                   AGENT_LATER},
	{"codex",					     CODEX("You've hit your usage limit. Try again at 3:05 PM."),                                                                   AGENT_LATER       },
	{"codex",					     CODEX("{\\\"error\\\":{\\\"message\\\":\\\"scripted failure 400\\\"}}"),
	 AGENT_FAILED},
	{"codex",					     CODEX("unexpected status 404 Not Found: no such model"),                                                                   AGENT_FAILED      },
	{"copilot",					     "400 scripted failure 400\n",								   AGENT_FAILED},
	{"copilot",
	 "Failed to get response from the AI model; retried 5 times (total retry wait "
	 "time: 5.50 seconds) Last error: 429 x\n",								   AGENT_LATER},
	{"copilot",					     "Authentication failed with provider at http://h/v1 (HTTP 401).\n",
	 AGENT_LATER},
	{"copilot",					     "Error: No authentication information found.\n\nCopilot can be\n",                                                                 AGENT_LATER},
	{"copilot",					     "Error: no such file\n",								 AGENT_FAILED},
};

static enum agent_result judge_line(const char *dir, const struct preset_case *c)
{
	const struct config_preset *p = config_preset_find(c->preset);
	char *log CLEANUP(freep) = path_join(dir, "log");
	const struct agent_settings s = {.name = c->preset, .pause_on = p->pause_on};
	const struct agent_attempt a = {.log_path = log};
	const struct job_end end = {.how = JOB_EXITED, .code = 1};
	struct agent_verdict v = {0};
	struct err e = ERR_INIT;

	assert_int_equal(file_write(log, str_of(c->line), false, &e), 0);
	if (agent_judge(agent_kind_find("command"), &s, &a, &end, INT64_C(1795285733000), &v, &e))
		fail_msg("%s", e.msg);
	return v.result;
}

static void test_presets__know_limits_from_failures(void **state)
{
	char *dir = tmp_make();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (judge_line(dir, &cases[i]) != cases[i].result)
			fail_msg("%s: %s", cases[i].preset, cases[i].line);
	tmp_done(dir);
}

/* Its database is made by whoever comes first, and eight that begin at once each try to. */
static void test_presets__opencode_makes_its_database_before_it_is_begun(void **state)
{
	(void)state;
	assert_string_equal(config_preset_find("opencode")->probe, "opencode session list");
}

static void test_presets__can_be_started(void **state)
{
	(void)state;
	for (const struct config_preset *p = config_presets; p->name; p++) {
		const struct agent_settings s = {.name = p->name, .pause_on = p->pause_on};
		struct err e = ERR_INIT;

		if (agent_patterns_check(&s, &e))
			fail_msg("%s: %s", p->name, e.msg);
		assert_true(strlen(p->command) > 0);
		/* The prompt is no argument: one may have 128 KiB at most. */
		assert_null(strstr(p->command, "$(cat"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets__know_limits_from_failures),
		cmocka_unit_test(test_presets__opencode_makes_its_database_before_it_is_begun),
		cmocka_unit_test(test_presets__can_be_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
