/*
 * Copilot CLI: copilot --headless, JSON-RPC with Content-Length, protocol 3, measured on 1.0.102. One
 * server serves one session by its standard input, or many, each by a connection of its own. Permissions
 * and tools come as events of the session and are answered by calls; the turn, with all that was said in
 * it, ends with "session.idle", also after "session.error".
 *
 * A server that dies takes the turns of its sessions with it, but not the sessions: what was said is in
 * their folders as soon as it was taken. Over the next connection the session is resumed, asked for what
 * it has heard, told what it has not, and asked to go on.
 */
#include "agent/kinds.h"
#include "agent/rpc.h"
#include "base/clean.h"
#include "shim/connect.h"

/* The turn that was under way is not begun anew by itself. */
static const char go_on[] =
	"You were interrupted, as the program that you run in had to be started again. What you "
	"have done "
	"so far is there; a command that was running was ended. Go on where you were.";

static void begin(struct agent_talk *t)
{
	cJSON *params = cJSON_CreateObject();

	if (t->token)
		cJSON_AddStringToObject(params, "token", t->token);
	t->first_id = rpc_call(t, "connect", params);
	t->opening = t->history = 0;
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
	const char *id = t->session ? t->session : t->wanted;
	cJSON *params = of_session(id);

	cJSON_AddStringToObject(params, "workingDirectory", t->worktree);
	cJSON_AddBoolToObject(params, "requestPermission", true);
	add_provider(t, params);
	t->opening = rpc_call(t, id ? "session.resume" : "session.create", params);
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
	VEC_PUSH(&t->given, mem_strdup(text));
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
	if (!t->token)
		(void)rpc_call(t, "runtime.shutdown", cJSON_CreateObject());
	else if (t->session)
		(void)rpc_call(t, "session.destroy", of_session(t->session));
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

/* What comes once a turn is over, and before there is another, changes nothing of how it ended. */
static void take_error(struct agent_talk *t, const cJSON *data)
{
	if (t->record.found)
		return;
	t->record.failed = true;
	record_set_text(&t->record, record_text(data, "message"));
	talk_error(t, record_text(data, "message"));
}

static void take_abort(struct agent_talk *t, const cJSON *data)
{
	(void)data;
	if (t->record.found)
		return;
	t->record.failed = true;
	record_set_text(&t->record, "it was broken off");
}

static void take_idle(struct agent_talk *t, const cJSON *data)
{
	if (cJSON_IsTrue(rpc_get(data, "aborted")))
		take_abort(t, data);
	if (!t->record.found)
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

/* ---- after the server died ---- */

/* Is it among the last n things that a person said in the session? */
static bool is_heard(const cJSON *events, const char *text, size_t n)
{
	const cJSON *e = cJSON_IsArray(events) && events->child ? events->child->prev : NULL;

	for (; e && n; e = e == events->child ? NULL : e->prev) {
		if (!streq(record_text(e, "type"), "user.message"))
			continue;
		if (streq(record_text(rpc_get(e, "data"), "content"), text))
			return true;
		n--;
	}
	return false;
}

/* It goes on with what it has heard, and is given again what has not arrived. */
static void take_history(struct agent_talk *t, const cJSON *events)
{
	char **given = t->given.items;
	size_t n = t->given.n, heard = 0;

	t->given = (__typeof__(t->given)){0};
	t->open = 0;
	while (heard < n && is_heard(events, given[heard], n))
		VEC_PUSH(&t->given, given[heard++]);
	if (heard)
		(void)say(t, go_on);
	for (size_t i = heard; i < n; i++) {
		(void)say(t, given[i]);
		free(given[i]);
	}
	free(given);
}

static void connected_again(struct agent_talk *t)
{
	if (!t->is_closed && talk_lost(t))
		begin(t);
}

/* ---- answers ---- */

static void take_refusal(struct agent_talk *t, int64_t id, const char *why)
{
	if (id == t->opening && t->wanted && !t->session) {
		free(TAKE(t->wanted)); /* it is gone: a new one */
		open_session(t);
	} else if (!t->record.found) {
		talk_fail(t, why);
	}
}

static void take_opened(struct agent_talk *t, const char *session)
{
	if (t->session) {
		t->history = rpc_call(t, "session.getMessages", of_session(t->session));
		return;
	}
	session = session ? session : t->wanted;
	if (!session)
		return;
	talk_session(t, session, NULL);
	(void)say(t, t->prompt);
}

static void take_answer(struct agent_talk *t, const cJSON *o)
{
	int64_t id = rpc_answered(o);
	struct buf why CLEANUP(buf_done) = {.max = TALK_SHOWN_MAX};

	if (id < t->first_id)
		return; /* to what was for a connection that is gone */
	rpc_error(o, &why);
	if (why.n)
		take_refusal(t, id, buf_cstr(&why));
	else if (id == t->first_id)
		open_session(t);
	else if (id == t->opening)
		take_opened(t, record_text(rpc_result(o), "sessionId"));
	else if (id == t->history)
		take_history(t, rpc_get(rpc_result(o), "events"));
}

static void take(struct agent_talk *t, const cJSON *o)
{
	if (rpc_is_request(o))
		rpc_refuse(t, o);
	else if (streq(record_text(o, "method"), "session.event"))
		take_event(t, rpc_get(rpc_params(o), "event"));
	else if (streq(record_text(o, "method"), CONNECT_AGAIN))
		connected_again(t);
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

/* These go to everybody who is connected. */
static const char *const noise[] = {"session.lifecycle", "host.event", NULL};

static const struct agent_serving serving = {
	.arguments = "--port 0",
	.port_after = "listening on port ",
	.token_variable = "COPILOT_CONNECTION_TOKEN",
	.noise = noise,
};

const struct agent_kind agent_kind_copilot = {
	.name = "copilot",
	.serving = &serving,
	.reads = reads,
	.talk = &talk,
	.silence_ms = AGENT_SILENCE_MS,
	.tokens = {AGENT_SURELY, AGENT_SURELY},
	.command = agent_talk_start,
};
