/*
 * Codex, one-shot: codex exec --json. A turn ends with "turn.completed" or "turn.failed"; usage
 * is the total of the thread, so that the last one counts. "error" is also said of tries that
 * are made again.
 */
#include "agent/judge.h"
#include "agent/kinds.h"
#include "agent/record.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static bool take(const cJSON *o, struct record *r)
{
	const char *type = record_text(o, "type"), *session = record_text(o, "thread_id");
	struct record words = {0}, ended = {.tokens_in = -1, .tokens_out = -1};

	if (streq(type, "thread.started") && session)
		(void)snprintf(r->session, sizeof(r->session), "%s", session);
	if (streq(type, "turn.started"))
		record_reopen(r);
	if (record_take_codex_words(o, &words))
		record_set_text(r, words.text);
	record_done(&words);
	if (streq(type, "error"))
		record_set_text(r, record_text(o, "message"));
	if (record_take_codex(o, &ended)) {
		r->found = true;
		r->failed = ended.failed;
		record_set_text(r, ended.text);
		if (ended.tokens_in >= 0) {
			r->tokens_in = ended.tokens_in;
			r->tokens_out = ended.tokens_out;
		}
	}
	record_done(&ended);
	return ended.failed;
}

const struct speech speech_codex = {.take = take};

static int judge(const struct agent_settings *s,
		 const struct agent_attempt *a,
		 const struct job_end *end,
		 int64_t now_wall_ms,
		 struct agent_verdict *ret,
		 struct err *e)
{
	return agent_judge_speech(s, &speech_codex, a, end, now_wall_ms, ret, e);
}

const struct agent_kind agent_kind_codex = {
	.name = "codex",
	.command = agent_command_start,
	.judge = judge,
};
