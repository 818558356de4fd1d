/*
 * Claude Code: claude -p with stream-json both ways and --permission-prompt-tool stdio. A turn
 * ends with "result"; a refused request is "subtype":"success" with is_error. Cost is the sum of
 * the process, usage that of the turn; a reply has its own, whose output is not counted to its end.
 * A budget it can only be given, and holds it in its turn. With --replay-user-messages it tells of each input that it
 * has taken it: what is said in a turn may come into it, or make one of its own.
 */
#include "agent/kinds.h"
#include "agent/talk.h"

#include <string.h>

static void say_control(struct agent_talk *t, const char *id, const char *subtype)
{
	cJSON *o = cJSON_CreateObject(), *request;

	cJSON_AddStringToObject(o, "type", "control_request");
	cJSON_AddStringToObject(o, "request_id", id);
	request = cJSON_AddObjectToObject(o, "request");
	cJSON_AddStringToObject(request, "subtype", subtype);
	talk_say(t, o);
}

static bool say_user(struct agent_talk *t, const char *text)
{
	cJSON *o = cJSON_CreateObject(), *message;

	cJSON_AddStringToObject(o, "type", "user");
	message = cJSON_AddObjectToObject(o, "message");
	cJSON_AddStringToObject(message, "role", "user");
	cJSON_AddStringToObject(message, "content", text);
	cJSON_AddNullToObject(o, "parent_tool_use_id");
	cJSON_AddStringToObject(o, "session_id", "");
	talk_say(t, o);
	t->open++;
	return true;
}

static void begin(struct agent_talk *t)
{
	say_control(t, "ganger-begin", "initialize");
	(void)say_user(t, t->prompt); /* it takes what is said at any time */
}

static void interrupt(struct agent_talk *t)
{
	say_control(t, "ganger-break", "interrupt");
}

/* The head of an answer to a request of its; what follows is put into *ret. */
static cJSON *response(const cJSON *o, const char *subtype, cJSON **ret)
{
	cJSON *answer = cJSON_CreateObject();

	cJSON_AddStringToObject(answer, "type", "control_response");
	*ret = cJSON_AddObjectToObject(answer, "response");
	cJSON_AddStringToObject(*ret, "subtype", subtype);
	cJSON_AddStringToObject(*ret, "request_id", record_text(o, "request_id"));
	return answer;
}

static void answer(struct agent_talk *t, const cJSON *o, bool allow, const char *why)
{
	const cJSON *request = cJSON_GetObjectItemCaseSensitive(o, "request");
	const cJSON *input = cJSON_GetObjectItemCaseSensitive(request, "input");
	cJSON *body, *to_say = response(o, "success", &body);

	body = cJSON_AddObjectToObject(body, "response");
	cJSON_AddStringToObject(body, "behavior", allow ? "allow" : "deny");
	if (allow)
		cJSON_AddItemToObject(body, "updatedInput",
				      input ? cJSON_Duplicate(input, true) : cJSON_CreateObject());
	else
		cJSON_AddStringToObject(body, "message", why);
	talk_say(t, to_say);
}

static const char *what_it_does(const char *tool)
{
	static const struct {
		const char *tool, *does;
	} tools[] = {
		{"Bash",         "run"  },
                {"Write",        "write"},
                {"Edit",         "write"},
		{"MultiEdit",    "write"},
                {"NotebookEdit", "write"},
                {"Read",         "read" },
		{"Glob",         "read" },
                {"Grep",         "read" },
                {"WebFetch",     "fetch"},
		{"WebSearch",    "fetch"},
	};

	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		if (streq(tools[i].tool, tool))
			return tools[i].does;
	return NULL;
}

static void take_request(struct agent_talk *t, const cJSON *o)
{
	const cJSON *request = cJSON_GetObjectItemCaseSensitive(o, "request");
	const cJSON *input = cJSON_GetObjectItemCaseSensitive(request, "input");
	const char *tool = record_text(request, "tool_name");
	struct permission_ask ask = {.tool = tool};
	cJSON *body, *to_say;

	if (!record_text(o, "request_id"))
		return;
	if (!streq(record_text(request, "subtype"), "can_use_tool") || !tool) {
		to_say = response(o, "error", &body);
		cJSON_AddStringToObject(body, "error", "not supported");
		talk_say(t, to_say);
		return;
	}
	ask.does = what_it_does(tool);
	ask.command = record_text(input, "command");
	ask.path = record_text(input, "file_path");
	ask.path = ask.path ? ask.path : record_text(input, "notebook_path");
	ask.path = ask.path ? ask.path : record_text(input, "path");
	talk_permission(t, o, &ask);
}

/* What is refused before there is a turn. */
static void take_response(struct agent_talk *t, const cJSON *o)
{
	const cJSON *body = cJSON_GetObjectItemCaseSensitive(o, "response");
	const char *error = record_text(body, "error");

	if (streq(record_text(body, "subtype"), "error"))
		talk_fail(t, error ? error : "it refused to begin");
}

static void take_system(struct agent_talk *t, const cJSON *o)
{
	const char *subtype = record_text(o, "subtype");

	if (!streq(subtype, "init"))
		return;
	talk_set(&t->folder, record_text(o, "cwd"));
	talk_session(t, record_text(o, "session_id"), record_text(o, "model"));
	talk_turn(t);
}

static const cJSON *content(const cJSON *o)
{
	return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(o, "message"),
						"content");
}

/* A reply comes in several messages, each with its usage; t->turn is the last one counted. */
static void count_reply(struct agent_talk *t, const cJSON *message)
{
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(message, "usage");
	const char *id = record_text(message, "id");

	if (!id || streq(id, t->turn))
		return;
	talk_set(&t->turn, id);
	t->turn_tokens += record_count(usage, "input_tokens") +
			  record_count(usage, "cache_creation_input_tokens") +
			  record_count(usage, "cache_read_input_tokens") +
			  record_count(usage, "output_tokens");
}

static void take_assistant(struct agent_talk *t, const cJSON *o)
{
	const cJSON *block;

	count_reply(t, cJSON_GetObjectItemCaseSensitive(o, "message"));
	cJSON_ArrayForEach(block, content(o))
	{
		const char *type = record_text(block, "type");

		if (streq(type, "text"))
			talk_message(t, record_text(block, "text"));
		else if (streq(type, "tool_use"))
			talk_tool(t, record_text(block, "id"), record_text(block, "name"),
				  cJSON_GetObjectItemCaseSensitive(block, "input"));
	}
}

/* Text as it is, or the first block of it. */
static const char *result_text(const cJSON *block)
{
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(block, "content");

	return cJSON_IsArray(text) ? record_text(cJSON_GetArrayItem(text, 0), "text")
				   : cJSON_GetStringValue(text);
}

static void take_user(struct agent_talk *t, const cJSON *o)
{
	const cJSON *block, *blocks = content(o);

	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "isReplay"))) {
		t->has_echo = true;
		t->open--;
		return;
	}
	if (!cJSON_IsArray(blocks))
		return;
	cJSON_ArrayForEach(block, blocks)
	{
		if (streq(record_text(block, "type"), "tool_result"))
			talk_tool_end(
				t, record_text(block, "tool_use_id"),
				!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(block, "is_error")),
				result_text(block));
	}
}

static void add(int64_t *sum, int64_t n)
{
	if (n >= 0)
		*sum = (*sum < 0 ? 0 : *sum) + n;
}

static void take_result(struct agent_talk *t, const cJSON *o)
{
	struct record r = {.tokens_in = -1, .tokens_out = -1, .cost_usd = -1};

	(void)record_take_claude(o, &r); /* it is one */
	add(&t->record.tokens_in, r.tokens_in);
	add(&t->record.tokens_out, r.tokens_out);
	if (r.cost_usd >= 0)
		t->record.cost_usd = r.cost_usd;
	t->turn_tokens = 0;
	t->record.failed = r.failed;
	t->record.over_budget = r.over_budget;
	record_set_text(&t->record, r.text);
	if (r.denied[0])
		memcpy(t->record.denied, r.denied, sizeof(r.denied));
	talk_tokens(t);
	if (r.failed)
		talk_error(t, r.text);
	record_done(&r);
	/* Something that was said in the turn makes one of its own. */
	if (!t->record.failed && t->has_echo && t->open > 0)
		t->record.found = true;
	else
		talk_turn_end(t);
}

static void take(struct agent_talk *t, const cJSON *o)
{
	static const struct {
		const char *type;
		void (*take)(struct agent_talk *t, const cJSON *o);
	} types[] = {
		{"control_request",  take_request  },
		{"control_response", take_response },
		{"system",           take_system   },
		{"assistant",        take_assistant},
		{"user",             take_user     },
		{"result",           take_result   },
	};
	const char *type = record_text(o, "type");

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (streq(types[i].type, type))
			types[i].take(t, o);
}

static const struct talk_kind talk = {
	.frames = FRAMES_LINES,
	.begin = begin,
	.take = take,
	.say = say_user,
	.interrupt = interrupt,
	.answer = answer,
};

static const char *const reads[] = {"CLAUDE.md", NULL};

const struct agent_kind agent_kind_claude = {
	.name = "claude",
	.reads = reads,
	.talk = &talk,
	.silence_ms = AGENT_SILENCE_MS,
	.cost = {AGENT_SURELY, AGENT_NEVER },
	.tokens = {AGENT_SURELY, AGENT_SURELY},
	.command = agent_talk_start,
};
