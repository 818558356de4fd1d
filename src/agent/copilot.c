/*
 * Copilot CLI, one-shot: copilot --output-format json. On SIGTERM and SIGINT it exits 0, and may
 * say "exitCode":0; that it was broken off shows as "abort", or as a turn without an end. After
 * "session.error" it goes idle as after success.
 */
#include "agent/judge.h"
#include "agent/kinds.h"
#include "agent/record.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* Tokens of one call of the model; the cached ones are among the input. */
static void take_usage(const cJSON *data, struct record *r)
{
	r->tokens_in = (r->tokens_in < 0 ? 0 : r->tokens_in) + record_count(data, "inputTokens");
	r->tokens_out =
		(r->tokens_out < 0 ? 0 : r->tokens_out) + record_count(data, "outputTokens");
}

static void take_start(struct record *r)
{
	r->found = r->failed = false;
	r->open = true;
}

static void take_result(const cJSON *o, struct record *r)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(o, "exitCode");
	const char *session = record_text(o, "sessionId");

	r->found = true;
	r->failed = r->failed || r->open || r->aborted || !cJSON_IsNumber(code) ||
		    code->valuedouble != 0;
	if (r->aborted || r->open)
		record_set_text(r, "it was broken off");
	if (session)
		(void)snprintf(r->session, sizeof(r->session), "%s", session);
}

static bool take(const cJSON *o, struct record *r)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");
	const char *type = record_text(o, "type");
	bool is_error = streq(type, "session.error");

	if (streq(type, "user.message"))
		record_reopen(r);
	else if (streq(type, "assistant.turn_start"))
		take_start(r);
	else if (streq(type, "assistant.turn_end"))
		r->open = false;
	else if (streq(type, "assistant.usage"))
		take_usage(data, r);
	else if (streq(type, "assistant.message"))
		record_set_text(r, record_text(data, "content"));
	else if (streq(type, "abort"))
		r->aborted = true;
	else if (streq(type, "result"))
		take_result(o, r);
	if (is_error) {
		r->found = r->failed = true;
		record_set_text(r, record_text(data, "message"));
	}
	return is_error;
}

const struct speech speech_copilot = {.take = take, .sums = true};

static int judge(const struct agent_settings *s,
		 const struct agent_attempt *a,
		 const struct job_end *end,
		 int64_t now_wall_ms,
		 struct agent_verdict *ret,
		 struct err *e)
{
	return agent_judge_speech(s, &speech_copilot, a, end, now_wall_ms, ret, e);
}

const struct agent_kind agent_kind_copilot = {
	.name = "copilot",
	.command = agent_command_start,
	.judge = judge,
};
