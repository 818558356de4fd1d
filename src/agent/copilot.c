/*
 * Copilot CLI: copilot --headless --stdio, JSON-RPC with Content-Length, protocol 3. Here one server
 * serves one session. Permissions and tools come as events of the session and are answered by calls; the
 * turn, with all that was said in it, ends with "session.idle", also after "session.error".
 */
#include "agent/kinds.h"
#include "agent/rpc.h"
#include "base/clean.h"

#define ID_CONNECT 1

static void begin(struct agent_talk *t)
{
	(void)rpc_call(t, "connect", cJSON_CreateObject());
}

static cJSON *of_session(const char *session)
{
	cJSON *params = cJSON_CreateObject();

	if (session)
		cJSON_AddStringToObject(params, "sessionId", session);
	return params;
}

/* A model of one's own is asked for by the session, not by the environment of the server. */
static void add_provider(const struct agent_talk *t, cJSON *params)
{
	static const struct {
		const char *key, *variable, *otherwise;
	} keys[] = {
		{"baseUrl", "COPILOT_PROVIDER_BASE_URL", NULL         },
		{"type",    "COPILOT_PROVIDER_TYPE",     "openai"     },
		{"wireApi", "COPILOT_PROVIDER_WIRE_API", "completions"},
		{"apiKey",  "COPILOT_PROVIDER_API_KEY",  "none"       },
	};
	const char *model = talk_env(t, "COPILOT_MODEL");
	cJSON *provider;

	if (model)
		cJSON_AddStringToObject(params, "model", model);
	if (!talk_env(t, keys[0].variable))
		return;
	provider = cJSON_AddObjectToObject(params, "provider");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *value = talk_env(t, keys[i].variable);

		cJSON_AddStringToObject(provider, keys[i].key, value ? value : keys[i].otherwise);
	}
}

static void open_session(struct agent_talk *t)
{
	cJSON *params = of_session(t->wanted);

	cJSON_AddStringToObject(params, "workingDirectory", t->worktree);
	cJSON_AddBoolToObject(params, "requestPermission", true);
	add_provider(t, params);
	(void)rpc_call(t, t->wanted ? "session.resume" : "session.create", params);
}

static bool say(struct agent_talk *t, const char *text)
{
	cJSON *params;

	if (!t->session)
		return false;
	params = of_session(t->session);
	cJSON_AddStringToObject(params, "prompt", text);
	if (t->open)
		cJSON_AddStringToObject(params, "mode", "immediate");
	t->open = 1;
	(void)rpc_call(t, "session.send", params);
	return true;
}

static void interrupt(struct agent_talk *t)
{
	if (t->session)
		(void)rpc_call(t, "session.abort", of_session(t->session));
}

static void leave(struct agent_talk *t)
{
	(void)rpc_call(t, "runtime.shutdown", cJSON_CreateObject());
}

/* ---- permissions ---- */

static void answer(struct agent_talk *t, const cJSON *data, bool allow, const char *why)
{
	cJSON *params = of_session(t->session), *result;

	cJSON_AddStringToObject(params, "requestId", record_text(data, "requestId"));
	result = cJSON_AddObjectToObject(params, "result");
	cJSON_AddStringToObject(result, "kind", allow ? "approve-once" : "reject");
	if (!allow)
		cJSON_AddStringToObject(result, "feedback", why);
	(void)rpc_call(t, "session.permissions.handlePendingPermissionRequest", params);
}

static void take_permission(struct agent_talk *t, const cJSON *data)
{
	const cJSON *request = rpc_get(data, "permissionRequest");
	const char *kind = record_text(request, "kind");
	struct permission_ask ask = {.tool = kind ? kind : "other", .does = kind};

	if (!record_text(data, "requestId") || cJSON_IsTrue(rpc_get(data, "resolvedByHook")))
		return;
	if (streq(kind, "shell"))
		ask.does = "run";
	else if (streq(kind, "url"))
		ask.does = "fetch";
	ask.command = record_text(request, "fullCommandText");
	ask.path = record_text(request, "fileName");
	ask.path = ask.path ? ask.path : record_text(request, "path");
	ask.command = ask.command ? ask.command : record_text(request, "url");
	talk_permission(t, data, &ask);
}

/* ---- events ---- */

static void take_turn(struct agent_talk *t, const cJSON *data)
{
	(void)data;
	talk_turn(t);
}

/* Of one call of the model; the cached ones are among the input. */
static void take_usage(struct agent_talk *t, const cJSON *data)
{
	struct record *r = &t->record;

	r->tokens_in = (r->tokens_in < 0 ? 0 : r->tokens_in) + record_count(data, "inputTokens");
	r->tokens_out =
		(r->tokens_out < 0 ? 0 : r->tokens_out) + record_count(data, "outputTokens");
	talk_tokens(t);
}

static void take_message(struct agent_talk *t, const cJSON *data)
{
	talk_message(t, record_text(data, "content"));
}

static void take_tool(struct agent_talk *t, const cJSON *data)
{
	talk_tool(t, record_text(data, "toolCallId"), record_text(data, "toolName"),
		  rpc_get(data, "arguments"));
}

static void take_tool_end(struct agent_talk *t, const cJSON *data)
{
	talk_tool_end(t, record_text(data, "toolCallId"), cJSON_IsTrue(rpc_get(data, "success")),
		      record_text(rpc_get(data, "result"), "content"));
}

static void take_error(struct agent_talk *t, const cJSON *data)
{
	t->record.failed = true;
	record_set_text(&t->record, record_text(data, "message"));
	talk_error(t, record_text(data, "message"));
}

static void take_abort(struct agent_talk *t, const cJSON *data)
{
	(void)data;
	t->record.failed = true;
	record_set_text(&t->record, "it was broken off");
}

static void take_idle(struct agent_talk *t, const cJSON *data)
{
	if (cJSON_IsTrue(rpc_get(data, "aborted")))
		take_abort(t, data);
	talk_turn_end(t);
}

static void take_event(struct agent_talk *t, const cJSON *event)
{
	static const struct {
		const char *type;
		void (*take)(struct agent_talk *t, const cJSON *data);
	} types[] = {
		{"user.message",            take_turn      },
		{"assistant.usage",         take_usage     },
		{"assistant.message",       take_message   },
		{"tool.execution_start",    take_tool      },
		{"tool.execution_complete", take_tool_end  },
		{"permission.requested",    take_permission},
		{"session.error",           take_error     },
		{"abort",                   take_abort     },
		{"session.idle",            take_idle      },
	};
	const char *type = record_text(event, "type");

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (streq(types[i].type, type))
			types[i].take(t, rpc_get(event, "data"));
}

/* ---- answers ---- */

static void take_answer(struct agent_talk *t, const cJSON *o)
{
	const char *session = record_text(rpc_result(o), "sessionId");
	struct buf why CLEANUP(buf_done) = {.max = TALK_SHOWN_MAX};

	rpc_error(o, &why);
	if (why.n && t->wanted && !t->session) {
		free(TAKE(t->wanted)); /* it is gone: a new one */
		open_session(t);
	} else if (why.n && !t->record.found) {
		talk_fail(t, buf_cstr(&why));
	} else if (rpc_answered(o) == ID_CONNECT) {
		open_session(t);
	} else if (!t->session && (session || t->wanted)) {
		talk_session(t, session ? session : t->wanted, NULL);
		(void)say(t, t->prompt);
	}
}

static void take(struct agent_talk *t, const cJSON *o)
{
	if (rpc_is_request(o))
		rpc_refuse(t, o);
	else if (streq(record_text(o, "method"), "session.event"))
		take_event(t, rpc_get(rpc_params(o), "event"));
	else if (!record_text(o, "method"))
		take_answer(t, o);
}

static const struct talk_kind talk = {
	.frames = FRAMES_LENGTHS,
	.begin = begin,
	.take = take,
	.say = say,
	.interrupt = interrupt,
	.leave = leave,
	.answer = answer,
};

static const char *const reads[] = {"AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md", NULL};

const struct agent_kind agent_kind_copilot = {
	.name = "copilot",
	.reads = reads,
	.talk = &talk,
	.silence_ms = AGENT_SILENCE_MS,
	.command = agent_talk_start,
};
