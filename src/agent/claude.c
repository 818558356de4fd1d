/*
 * Claude Code, one-shot: claude -p --output-format stream-json --verbose. Its exit code says
 * little: an interrupt is exit 0 without "result" or with one that has is_error, and a
 * refused request is "subtype":"success" with is_error.
 */
#include "agent/judge.h"
#include "agent/kinds.h"
#include "agent/record.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static void take_denied(const cJSON *o, struct record *r)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "permission_denials");
	const char *tool = record_text(cJSON_GetArrayItem(list, 0), "tool_name");

	if (cJSON_IsArray(list) && cJSON_GetArraySize(list) > 0)
		(void)snprintf(r->denied, sizeof(r->denied), "%s", tool ? tool : "a tool");
}

static bool take(const cJSON *o, struct record *r)
{
	const char *type = record_text(o, "type"), *session = record_text(o, "session_id");
	const char *subtype = record_text(o, "subtype");

	if (session)
		(void)snprintf(r->session, sizeof(r->session), "%s", session);
	if (streq(type, "result")) {
		record_reopen(r);
		r->found = record_take_claude(o, r);
		take_denied(o, r);
		return r->failed;
	}
	/* What finished in the background begins a further turn, with a result of its own. */
	if (streq(type, "system") && streq(subtype, "init"))
		record_reopen(r);
	return false;
}

const struct speech speech_claude = {.take = take};

static int judge(const struct agent_settings *s,
		 const struct agent_attempt *a,
		 const struct job_end *end,
		 int64_t now_wall_ms,
		 struct agent_verdict *ret,
		 struct err *e)
{
	return agent_judge_speech(s, &speech_claude, a, end, now_wall_ms, ret, e);
}

const struct agent_kind agent_kind_claude = {
	.name = "claude",
	.command = agent_command_start,
	.judge = judge,
};
