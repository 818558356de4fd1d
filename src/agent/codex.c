/*
 * Codex: codex app-server, JSON-RPC with a message a line. A thread is a session, a turn ends with
 * "turn/completed", whose status says how. Under the policy "untrusted" it asks before each command
 * that it does not know as harmless, and what is accepted still runs in its sandbox. Usage is the
 * thread's total, of earlier attempts too.
 */
#include "agent/kinds.h"
#include "agent/rpc.h"
#include "base/clean.h"

#include <stdio.h>

#define ID_INITIALIZE 1

static cJSON *input_of(const char *text)
{
	cJSON *list = cJSON_CreateArray(), *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "type", "text");
	cJSON_AddStringToObject(item, "text", text);
	cJSON_AddItemToArray(list, item);
	return list;
}

static cJSON *of_thread(const struct agent_talk *t)
{
	cJSON *params = cJSON_CreateObject();

	cJSON_AddStringToObject(params, "threadId", t->session ? t->session : "");
	return params;
}

static void begin(struct agent_talk *t)
{
	cJSON *params = cJSON_CreateObject(), *info = cJSON_AddObjectToObject(params, "clientInfo");

	cJSON_AddStringToObject(info, "name", "ganger");
	cJSON_AddStringToObject(info, "title", "ganger");
	cJSON_AddStringToObject(info, "version", GANGER_VERSION);
	(void)rpc_call(t, "initialize", params);
}

/* A new thread, or the one wanted. */
static void open_thread(struct agent_talk *t)
{
	cJSON *params = cJSON_CreateObject();

	if (t->wanted)
		cJSON_AddStringToObject(params, "threadId", t->wanted);
	cJSON_AddStringToObject(params, "cwd", t->worktree);
	cJSON_AddStringToObject(params, "approvalPolicy", "untrusted");
	cJSON_AddStringToObject(params, "sandbox", "workspace-write");
	(void)rpc_call(t, t->wanted ? "thread/resume" : "thread/start", params);
}

/* A turn of its own; into one that is under way only where its id is known. */
static bool say(struct agent_talk *t, const char *text)
{
	cJSON *params = of_thread(t);
	char key[32];

	if (t->open && !t->turn) {
		cJSON_Delete(params);
		return false;
	}
	cJSON_AddItemToObject(params, "input", input_of(text));
	if (!t->open) {
		t->open = 1;
		(void)rpc_call(t, "turn/start", params);
		return true;
	}
	cJSON_AddStringToObject(params, "expectedTurnId", t->turn);
	/* Where it comes too late, it is said once more. */
	(void)snprintf(key, sizeof(key), "%lld", (long long)t->next_id);
	cJSON_AddStringToObject(talk_items(t), key, text);
	(void)rpc_call(t, "turn/steer", params);
	return true;
}

static void interrupt(struct agent_talk *t)
{
	cJSON *params = of_thread(t);

	if (t->turn) {
		cJSON_AddStringToObject(params, "turnId", t->turn);
		(void)rpc_call(t, "turn/interrupt", params);
		return;
	}
	cJSON_Delete(params);
}

static void answer(struct agent_talk *t, const cJSON *o, bool allow, const char *why)
{
	cJSON *result = cJSON_CreateObject();

	(void)why; /* there is no place for it */
	cJSON_AddStringToObject(result, "decision", allow ? "accept" : "decline");
	rpc_reply(t, o, result);
}

/* ---- what comes ---- */

static void take_error(struct agent_talk *t, const cJSON *o, const char *why)
{
	char key[32];
	const char *text;

	(void)snprintf(key, sizeof(key), "%lld", (long long)rpc_answered(o));
	text = record_text(t->items, key);
	if (text) {
		talk_wait(t, text);
		cJSON_DeleteItemFromObjectCaseSensitive(t->items, key);
	} else if (t->wanted && !t->session) {
		free(TAKE(t->wanted)); /* it is gone: a new one */
		open_thread(t);
	} else if (!t->record.found) {
		talk_fail(t, why);
	}
}

static void take_answer(struct agent_talk *t, const cJSON *o)
{
	const cJSON *result = rpc_result(o);
	const char *thread = record_text(rpc_get(result, "thread"), "id");
	const char *turn = record_text(rpc_get(result, "turn"), "id");
	struct buf why CLEANUP(buf_done) = {.max = TALK_SHOWN_MAX};

	rpc_error(o, &why);
	if (why.n) {
		take_error(t, o, buf_cstr(&why));
	} else if (rpc_answered(o) == ID_INITIALIZE) {
		rpc_notify(t, "initialized", NULL);
		open_thread(t);
	} else if (thread && !t->session) {
		talk_session(t, thread, record_text(result, "model"));
		(void)say(t, t->prompt);
	} else if (turn && t->open) {
		talk_set(&t->turn, turn);
	}
}

/* Which file of a change is to be asked for: one outside, where there is one. */
static const char *changed_path(const struct agent_talk *t, const char *item)
{
	const cJSON *change, *changes = item ? rpc_get(t->items, item) : NULL;
	const char *path = NULL;

	cJSON_ArrayForEach(change, changes)
	{
		const char *next = record_text(change, "path");

		if (next && (!path || permission_is_outside(t->worktree, next)))
			path = next;
	}
	return path;
}

/* As it was meant, without the shell around it, where it is one. */
static const cJSON *command_of(const cJSON *o)
{
	const cJSON *actions = rpc_get(o, "commandActions");
	const cJSON *one = rpc_get(cJSON_GetArrayItem(actions, 0), "command");

	return cJSON_GetArraySize(actions) == 1 && one ? one : rpc_get(o, "command");
}

static void take_request(struct agent_talk *t, const cJSON *o)
{
	const char *method = record_text(o, "method");
	const cJSON *params = rpc_params(o);
	struct permission_ask ask = {.tool = "shell", .does = "run"};

	if (streq(method, "item/commandExecution/requestApproval")) {
		ask.command = cJSON_GetStringValue(command_of(params));
		/* To run outside of its sandbox; without a reason it only asks whether to run. */
		if (record_text(params, "reason") ||
		    cJSON_IsObject(rpc_get(params, "networkApprovalContext")))
			ask.does = PERMISSION_ESCALATE;
	} else if (streq(method, "item/fileChange/requestApproval")) {
		ask = (struct permission_ask){.tool = "apply_patch", .does = "write"};
		ask.path = record_text(params, "grantRoot");
		if (!ask.path)
			ask.path = changed_path(t, record_text(params, "itemId"));
	} else {
		rpc_refuse(t, o);
		return;
	}
	talk_permission(t, o, &ask);
}

static void take_started(struct agent_talk *t, const cJSON *item)
{
	const char *type = record_text(item, "type"), *id = record_text(item, "id");
	const cJSON *changes = rpc_get(item, "changes");

	if (streq(type, "commandExecution"))
		talk_tool(t, id, "shell", command_of(item));
	else if (streq(type, "mcpToolCall") || streq(type, "dynamicToolCall"))
		talk_tool(t, id, record_text(item, "tool"), rpc_get(item, "arguments"));
	else if (streq(type, "webSearch"))
		talk_tool(t, id, type, rpc_get(item, "query"));
	if (!streq(type, "fileChange") || !id)
		return;
	talk_tool(t, id, "apply_patch", rpc_get(cJSON_GetArrayItem(changes, 0), "path"));
	if (changes && !rpc_get(talk_items(t), id))
		cJSON_AddItemToObject(t->items, id, cJSON_Duplicate(changes, true));
}

static void take_completed(struct agent_talk *t, const cJSON *item)
{
	const char *type = record_text(item, "type"), *id = record_text(item, "id");
	const char *status = record_text(item, "status");

	if (streq(type, "agentMessage"))
		talk_message(t, record_text(item, "text"));
	else if (status && id)
		talk_tool_end(t, id, streq(status, "completed"),
			      record_text(item, "aggregatedOutput"));
	if (streq(status, "declined"))
		(void)snprintf(t->record.denied, sizeof(t->record.denied), "%s", type);
	if (t->items && id)
		cJSON_DeleteItemFromObjectCaseSensitive(t->items, id);
}

/* Since this attempt began. */
static void take_usage(struct agent_talk *t, const cJSON *params)
{
	const cJSON *usage = rpc_get(params, "tokenUsage");
	const cJSON *total = rpc_get(usage, "total"), *last = rpc_get(usage, "last");
	int64_t in = record_count(total, "inputTokens"), out = record_count(total, "outputTokens");

	if (t->record.tokens_in < 0) {
		t->base_in = in - record_count(last, "inputTokens");
		t->base_out = out - record_count(last, "outputTokens");
	}
	t->record.tokens_in = in > t->base_in ? in - t->base_in : 0;
	t->record.tokens_out = out > t->base_out ? out - t->base_out : 0;
	talk_tokens(t);
}

static void take_turn_end(struct agent_talk *t, const cJSON *params)
{
	const cJSON *turn = rpc_get(params, "turn");
	const char *status = record_text(turn, "status");
	const char *why = record_text(rpc_get(turn, "error"), "message");

	t->record.failed = !streq(status, "completed");
	if (t->record.failed) {
		record_set_text(&t->record, why ? why : status);
		talk_error(t, t->record.text);
	}
	free(TAKE(t->turn));
	talk_turn_end(t);
}

static void take_notice(struct agent_talk *t, const cJSON *o)
{
	const char *method = record_text(o, "method");
	const cJSON *params = rpc_params(o), *item = rpc_get(params, "item");

	if (streq(method, "turn/started"))
		talk_turn(t);
	else if (streq(method, "item/started"))
		take_started(t, item);
	else if (streq(method, "item/completed"))
		take_completed(t, item);
	else if (streq(method, "thread/tokenUsage/updated"))
		take_usage(t, params);
	else if (streq(method, "turn/completed"))
		take_turn_end(t, params);
}

static void take(struct agent_talk *t, const cJSON *o)
{
	if (rpc_is_request(o))
		take_request(t, o);
	else if (record_text(o, "method"))
		take_notice(t, o);
	else
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

static const char *const reads[] = {"AGENTS.md", NULL};

const struct agent_kind agent_kind_codex = {
	.name = "codex",
	.reads = reads,
	.talk = &talk,
	.silence_ms = AGENT_SILENCE_MS,
	.tokens = {AGENT_SURELY, AGENT_SURELY},
	.command = agent_talk_start,
};
