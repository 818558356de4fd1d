/*
 * The Agent Client Protocol, version 1: JSON-RPC with a message a line, a session, and a turn a
 * "session/prompt", whose answer ends it with a reason. Some agents end a turn with "end_turn" when
 * their provider refused, and say so in its text, or say nothing: that is no success.
 * Source: agentclientprotocol.com, protocol version 1.
 */
#include "agent/kinds.h"
#include "agent/rpc.h"
#include "base/clean.h"

#include <stdio.h>
#include <string.h>

#define ID_INITIALIZE 1
#define ERROR_TEXT    "Error:"

static void begin(struct agent_talk *t)
{
	cJSON *params = cJSON_CreateObject(), *can, *fs, *info;

	cJSON_AddNumberToObject(params, "protocolVersion", 1);
	can = cJSON_AddObjectToObject(params, "clientCapabilities");
	fs = cJSON_AddObjectToObject(can, "fs");
	cJSON_AddBoolToObject(fs, "readTextFile", false);
	cJSON_AddBoolToObject(fs, "writeTextFile", false);
	cJSON_AddBoolToObject(can, "terminal", false);
	info = cJSON_AddObjectToObject(params, "clientInfo");
	cJSON_AddStringToObject(info, "name", "ganger");
	cJSON_AddStringToObject(info, "version", GANGER_VERSION);
	(void)rpc_call(t, "initialize", params);
}

static cJSON *of_session(const char *session)
{
	cJSON *params = cJSON_CreateObject();

	if (session)
		cJSON_AddStringToObject(params, "sessionId", session);
	return params;
}

/* A new session, or the one wanted; what is told of its past is not of this attempt. */
static void open_session(struct agent_talk *t)
{
	cJSON *params = of_session(t->wanted);

	cJSON_AddStringToObject(params, "cwd", t->worktree);
	cJSON_AddArrayToObject(params, "mcpServers");
	(void)rpc_call(t, t->wanted ? "session/load" : "session/new", params);
}

static bool say(struct agent_talk *t, const char *text)
{
	cJSON *params, *block;

	if (t->open)
		return false;
	params = of_session(t->session ? t->session : "");
	block = cJSON_CreateObject();
	cJSON_AddStringToObject(block, "type", "text");
	cJSON_AddStringToObject(block, "text", text);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(params, "prompt"), block);
	t->open = 1;
	talk_turn(t);
	(void)rpc_call(t, "session/prompt", params);
	return true;
}

static void interrupt(struct agent_talk *t)
{
	if (t->session)
		rpc_notify(t, "session/cancel", of_session(t->session));
}

/* ---- permissions ---- */

/* The option of a kind; their order differs from agent to agent. */
static const char *option_of(const cJSON *o, const char *kind)
{
	const cJSON *option;

	cJSON_ArrayForEach(option, rpc_get(rpc_params(o), "options"))
	{
		if (streq(record_text(option, "kind"), kind))
			return record_text(option, "optionId");
	}
	return NULL;
}

static void answer(struct agent_talk *t, const cJSON *o, bool allow, const char *why)
{
	const char *option = option_of(o, allow ? "allow_once" : "reject_once");
	cJSON *result = cJSON_CreateObject(), *outcome;

	(void)why; /* there is no place for it */
	option = option ? option : option_of(o, allow ? "allow_always" : "reject_always");
	outcome = cJSON_AddObjectToObject(result, "outcome");
	cJSON_AddStringToObject(outcome, "outcome", option ? "selected" : "cancelled");
	if (option)
		cJSON_AddStringToObject(outcome, "optionId", option);
	rpc_reply(t, o, result);
}

static const char *what_it_does(const char *kind)
{
	static const struct {
		const char *kind, *does;
	} kinds[] = {
		{"edit",    "write"},
                {"delete",  "write"},
                {"move",    "write"},
                {"read",    "read" },
		{"search",  "read" },
                {"execute", "run"  },
                {"fetch",   "fetch"},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (streq(kinds[i].kind, kind))
			return kinds[i].does;
	return NULL;
}

/* Of the paths of a list the first, or one outside of the worktree where there is one. */
static const char *path_in(const struct agent_talk *t, const cJSON *list, const char *path)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const char *next = record_text(item, "path");

		if (next && (!path || permission_is_outside(t->worktree, next)))
			path = next;
	}
	return path;
}

static const char *command_of(const cJSON *call, const char *does)
{
	const cJSON *command = rpc_get(rpc_get(call, "rawInput"), "command");

	if (cJSON_IsArray(command)) /* often a shell and its text */
		command = cJSON_GetArrayItem(command, cJSON_GetArraySize(command) - 1);
	if (cJSON_IsString(command))
		return command->valuestring;
	return streq(does, "run") ? record_text(call, "title") : NULL;
}

/* ---- what comes ---- */

/* A message comes in pieces, and ends with what comes next. */
static void end_message(struct agent_talk *t)
{
	if (t->chunk.n)
		talk_message(t, buf_cstr(&t->chunk));
	buf_reset(&t->chunk);
}

/* Once, however often it is told of before it is over. */
static void take_call(struct agent_talk *t, const cJSON *update)
{
	const char *id = record_text(update, "toolCallId"), *kind = record_text(update, "kind");
	const char *command = command_of(update, what_it_does(kind));
	cJSON *shown;

	if (id && rpc_get(t->items, id))
		return;
	t->has_acted = true;
	kind = kind ? kind : "other";
	if (id)
		cJSON_AddStringToObject(talk_items(t), id, kind);
	shown = cJSON_CreateString(command ? command : record_text(update, "title"));
	talk_tool(t, id, kind, shown);
	cJSON_Delete(shown);
}

static void take_call_update(struct agent_talk *t, const cJSON *update)
{
	const char *status = record_text(update, "status");
	const char *id = record_text(update, "toolCallId");
	const cJSON *content = cJSON_GetArrayItem(rpc_get(update, "content"), 0);

	if (!streq(status, "completed") && !streq(status, "failed"))
		return;
	talk_tool_end(t, id, streq(status, "completed"),
		      record_text(rpc_get(content, "content"), "text"));
	if (t->items && id)
		cJSON_DeleteItemFromObjectCaseSensitive(t->items, id);
}

static void take_request(struct agent_talk *t, const cJSON *o)
{
	const cJSON *call = rpc_get(rpc_params(o), "toolCall"), *raw = rpc_get(call, "rawInput");
	const char *kind = record_text(call, "kind"), *id = record_text(call, "toolCallId");
	struct permission_ask ask = {0};

	if (!streq(record_text(o, "method"), "session/request_permission")) {
		rpc_refuse(t, o);
		return;
	}
	/* The call may have been told of before, and be only named here; or be told of here alone. */
	end_message(t);
	take_call(t, call);
	if (!kind && id)
		kind = record_text(t->items, id);
	ask.tool = kind ? kind : "other";
	ask.does = what_it_does(kind);
	ask.command = command_of(call, ask.does);
	ask.path = path_in(t, rpc_get(call, "locations"), NULL);
	ask.path = path_in(t, rpc_get(call, "content"), ask.path);
	ask.path = ask.path ? ask.path : record_text(raw, "file_path");
	ask.path = ask.path ? ask.path : record_text(raw, "path");
	talk_permission(t, o, &ask);
}

/* Of the session, so far, from agents that know prices; some tell it only when a turn is over. */
static void take_cost(struct agent_talk *t, const cJSON *cost)
{
	const cJSON *amount = rpc_get(cost, "amount");
	double usd = cJSON_IsNumber(amount) ? amount->valuedouble : -1;

	if (!streq(record_text(cost, "currency"), "USD") || usd < 0 || usd > RECORD_COST_MAX)
		return;
	if (!t->is_begun)
		t->base_cost = usd;
	else
		t->record.cost_usd = usd > t->base_cost ? usd - t->base_cost : 0;
}

/* Qwen's place for it: of a call, behind what that said. */
static void take_call_usage(struct agent_talk *t, const cJSON *usage)
{
	struct record *r = &t->record;

	if (!cJSON_IsNumber(rpc_get(usage, "inputTokens")))
		return;
	r->tokens_in = (r->tokens_in < 0 ? 0 : r->tokens_in) + record_count(usage, "inputTokens");
	r->tokens_out =
		(r->tokens_out < 0 ? 0 : r->tokens_out) + record_count(usage, "outputTokens");
	talk_tokens(t);
}

static void take_update(struct agent_talk *t, const cJSON *params)
{
	const cJSON *update = rpc_get(params, "update");
	const char *what = record_text(update, "sessionUpdate");
	const char *text = record_text(rpc_get(update, "content"), "text");

	if (!t->session)
		talk_set(&t->session, record_text(params, "sessionId"));
	if (streq(what, "usage_update"))
		take_cost(t, rpc_get(update, "cost"));
	if (!t->open)
		return;
	if (streq(what, "agent_message_chunk")) {
		/* What a provider said is a piece of its own, behind whatever there was. */
		if (text && !strncmp(text, ERROR_TEXT, sizeof(ERROR_TEXT) - 1))
			end_message(t);
		buf_puts(&t->chunk, text ? text : "");
		take_call_usage(t, rpc_get(rpc_get(update, "_meta"), "usage"));
		return;
	}
	if (streq(what, "tool_call")) {
		end_message(t);
		take_call(t, update);
	} else if (streq(what, "tool_call_update")) {
		end_message(t);
		take_call_update(t, update);
	}
}

/*
 * What is counted differs: of agents that say it at all, most mean the turn; one means its last call
 * alone, which is no sum of anything. The sum has what came from a cache, too.
 */
static void take_usage(struct agent_talk *t, const cJSON *usage)
{
	int64_t in = record_count(usage, "inputTokens"), sum = record_count(usage, "totalTokens");

	if (!cJSON_IsNumber(rpc_get(usage, "inputTokens")) || streq(t->program, "OpenCode"))
		return;
	t->record.tokens_out = record_count(usage, "outputTokens");
	t->record.tokens_in = sum - t->record.tokens_out > in ? sum - t->record.tokens_out : in;
	talk_tokens(t);
}

/* Gemini's place for it, of the turn, too. */
static void take_quota(struct agent_talk *t, const cJSON *quota)
{
	const cJSON *count = rpc_get(quota, "token_count");

	if (!cJSON_IsNumber(rpc_get(count, "input_tokens")))
		return;
	t->record.tokens_in = record_count(count, "input_tokens");
	t->record.tokens_out = record_count(count, "output_tokens");
	talk_tokens(t);
}

/* What "end_turn" hides. */
static const char *hidden_failure(const struct agent_talk *t)
{
	const char *text = t->record.text;

	if (text && !strncmp(text, ERROR_TEXT, sizeof(ERROR_TEXT) - 1))
		return text;
	/* What we denied was not the end of one tool alone. */
	if (text && t->record.denied[0] && strstr(text, "cancelled by user"))
		return text;
	return text || t->has_acted ? NULL : "it ended its turn without a word or a deed";
}

static void take_turn_end(struct agent_talk *t, const cJSON *result)
{
	const char *reason = record_text(result, "stopReason"), *why;

	end_message(t);
	take_usage(t, rpc_get(result, "usage"));
	take_quota(t, rpc_get(rpc_get(result, "_meta"), "quota"));
	why = streq(reason, "end_turn") ? hidden_failure(t) : reason;
	if (why) {
		t->record.failed = true;
		record_set_text(&t->record, why);
		talk_error(t, t->record.text);
	}
	t->has_acted = false;
	talk_turn_end(t);
}

static void take_error(struct agent_talk *t, const char *why)
{
	if (t->wanted && !t->is_begun) {
		free(TAKE(t->wanted)); /* it is gone: a new one */
		open_session(t);
	} else if (!t->record.found) {
		end_message(t);
		talk_fail(t, why);
	}
}

static void take_answer(struct agent_talk *t, const cJSON *o)
{
	const cJSON *result = rpc_result(o), *can = rpc_get(result, "agentCapabilities");
	const char *session = record_text(result, "sessionId");
	struct buf why CLEANUP(buf_done) = {.max = TALK_SHOWN_MAX};

	rpc_error(o, &why);
	if (why.n) {
		take_error(t, buf_cstr(&why));
	} else if (rpc_answered(o) == ID_INITIALIZE) {
		talk_set(&t->program, record_text(rpc_get(result, "agentInfo"), "name"));
		if (!cJSON_IsTrue(rpc_get(can, "loadSession")))
			free(TAKE(t->wanted));
		open_session(t);
	} else if (record_text(result, "stopReason")) {
		take_turn_end(t, result);
	} else if (!t->is_begun) {
		/* One that was taken up is not named; whoever only judges knows of none. */
		t->is_begun = true;
		talk_session(t, session ? session : t->wanted, NULL);
		(void)say(t, t->prompt);
	}
}

static void take(struct agent_talk *t, const cJSON *o)
{
	if (rpc_is_request(o))
		take_request(t, o);
	else if (streq(record_text(o, "method"), "session/update"))
		take_update(t, rpc_params(o));
	else if (!record_text(o, "method"))
		take_answer(t, o);
}

static const struct talk_kind talk = {
	.frames = FRAMES_LINES,
	.begin = begin,
	.take = take,
	.say = say,
	.interrupt = interrupt,
	.answer = answer,
};

const struct agent_kind agent_kind_acp = {
	.name = "acp",
	.talk = &talk,
	.silence_ms = AGENT_SILENCE_MS,
	.cost = {AGENT_PERHAPS, AGENT_PERHAPS},
	.tokens = {AGENT_PERHAPS, AGENT_PERHAPS},
	.command = agent_talk_start,
};
