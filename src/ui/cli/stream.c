#include "ui/cli/stream.h"

#include "base/clean.h"
#include "base/mem.h"
#include "ui/cli/events.h"

#include <cjson/cJSON.h>
#include <string.h>

/*
 * What known programs write of themselves, an object a line, as events of a talk (events.h). A line is
 * known by more than its type, so that an agent's own JSON stays as it is.
 */

static const cJSON *get(const cJSON *o, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(o, key);
}

static const char *text_of(const cJSON *o, const char *key)
{
	return cJSON_GetStringValue(get(o, key));
}

static void show(struct buf *out, const char *type, const char *text)
{
	cJSON *event = text && *text ? cJSON_CreateObject() : NULL;

	if (event && cJSON_AddStringToObject(event, "type", type) &&
	    cJSON_AddStringToObject(event, "text", text))
		event_show(out, event);
	cJSON_Delete(event);
}

/* What a person knows a call by, of its arguments; else all of them. */
static char *input_of(const cJSON *args)
{
	static const char *const keys[] = {"command", "file_path", "path", "pattern", "url"};
	const char *text = cJSON_GetStringValue(args);

	for (size_t i = 0; !text && i < ARRAY_LEN(keys); i++)
		text = text_of(args, keys[i]);
	return text ? mem_strdup(text) : args ? cJSON_PrintUnformatted(args) : NULL;
}

static void show_tool(struct buf *out, const char *name, const cJSON *args)
{
	char *input = input_of(args);
	cJSON *event = cJSON_CreateObject();

	if (cJSON_AddStringToObject(event, "type", "tool") &&
	    cJSON_AddStringToObject(event, "tool", name ? name : "a tool") &&
	    (!input || cJSON_AddStringToObject(event, "input", input)))
		event_show(out, event);
	cJSON_Delete(event);
	free(input);
}

static void show_output(struct buf *out, bool ok, const char *text)
{
	cJSON *event = text ? cJSON_CreateObject() : NULL;

	if (event && cJSON_AddStringToObject(event, "type", "tool_end") &&
	    cJSON_AddBoolToObject(event, "ok", ok) &&
	    cJSON_AddStringToObject(event, "output", text))
		event_show(out, event);
	cJSON_Delete(event);
}

/* {"type":"assistant.message","data":{…},"id","timestamp"}, and {"type":"result","sessionId","exitCode"} */
static bool take_copilot(struct buf *out, const char *type, const cJSON *o)
{
	const cJSON *data = get(o, "data");

	if (streq(type, "result") && text_of(o, "sessionId") && cJSON_IsNumber(get(o, "exitCode")))
		return true;
	if (!cJSON_IsObject(data) || !text_of(o, "id") || !text_of(o, "timestamp"))
		return false;
	if (streq(type, "assistant.message"))
		show(out, "message", text_of(data, "content"));
	else if (streq(type, "session.error"))
		show(out, "error", text_of(data, "message"));
	else if (streq(type, "tool.execution_start"))
		show_tool(out, text_of(data, "toolName"), get(data, "arguments"));
	else if (streq(type, "tool.execution_complete"))
		show_output(out, cJSON_IsTrue(get(data, "success")),
			    text_of(get(data, "result"), "content"));
	return true;
}

static void show_content(struct buf *out, const cJSON *part)
{
	const char *type = text_of(part, "type");
	const cJSON *content = get(part, "content");

	if (streq(type, "text"))
		show(out, "message", text_of(part, "text"));
	else if (streq(type, "tool_use"))
		show_tool(out, text_of(part, "name"), get(part, "input"));
	else if (streq(type, "tool_result"))
		show_output(out, !cJSON_IsTrue(get(part, "is_error")),
			    cJSON_IsArray(content) ? text_of(content->child, "text")
						   : cJSON_GetStringValue(content));
}

/* {"type":"assistant"|"user","message":{"content":[…]},"session_id"}, "system", "result" and more */
static bool take_claude(struct buf *out, const char *type, const cJSON *o)
{
	const cJSON *parts = get(get(o, "message"), "content"), *part;

	if (!text_of(o, "session_id"))
		return false;
	if (streq(type, "result") && cJSON_IsTrue(get(o, "is_error")))
		show(out, "error", text_of(o, "result"));
	if (streq(type, "assistant") || streq(type, "user")) {
		cJSON_ArrayForEach(part, parts) show_content(out, part);
	}
	return true;
}

/* {"type":"item.completed","item":{"type":"agent_message","text"}}, "thread.started", "turn.failed" */
static bool take_codex(struct buf *out, const char *type, const cJSON *o)
{
	const cJSON *item = get(o, "item"), *code = get(item, "exit_code");
	const char *what = text_of(item, "type");

	if (streq(type, "turn.failed"))
		show(out, "error", text_of(get(o, "error"), "message"));
	if (!cJSON_IsObject(item))
		return (streq(type, "thread.started") && text_of(o, "thread_id")) ||
		       streq(type, "turn.started") ||
		       (streq(type, "turn.completed") && cJSON_IsObject(get(o, "usage"))) ||
		       (streq(type, "turn.failed") && cJSON_IsObject(get(o, "error")));
	if (strncmp(type, "item.", 5) != 0)
		return false;
	if (streq(type, "item.started") && streq(what, "command_execution"))
		show_tool(out, "shell", get(item, "command"));
	else if (streq(type, "item.completed") && streq(what, "command_execution"))
		show_output(out, cJSON_IsNumber(code) && code->valuedouble == 0,
			    text_of(item, "aggregated_output"));
	else if (streq(type, "item.completed") && streq(what, "agent_message"))
		show(out, "message", text_of(item, "text"));
	else if (streq(type, "item.completed") && streq(what, "error"))
		show(out, "error", text_of(item, "message"));
	return true;
}

/*
 * {"type":"message","role":"assistant","content","delta":true,"timestamp"}, "tool_use", "tool_result",
 * "error", "result"; "init" is as Claude's. Source: packages/core/src/output/types.ts of the program.
 */
static bool take_gemini(struct buf *out, const char *type, const cJSON *o)
{
	const char *role = text_of(o, "role"), *status = text_of(o, "status");
	const char *error = text_of(get(o, "error"), "message"), *text = text_of(o, "output");

	if (!text_of(o, "timestamp"))
		return false;
	if (streq(type, "message") && role && text_of(o, "content")) {
		if (streq(role, "assistant"))
			show(out, "message", text_of(o, "content"));
	} else if (streq(type, "tool_use") && text_of(o, "tool_id")) {
		show_tool(out, text_of(o, "tool_name"), get(o, "parameters"));
	} else if (streq(type, "tool_result") && text_of(o, "tool_id")) {
		show_output(out, streq(status, "success"), text ? text : error);
	} else if (streq(type, "error") && text_of(o, "severity")) {
		show(out, "error", text_of(o, "message"));
	} else if (streq(type, "result") && status) {
		show(out, "error", error);
	} else {
		return false;
	}
	return true;
}

/* Is it a piece of a message, and the line it ends in goes on in the next? */
static bool goes_on(const cJSON *o)
{
	const char *text = text_of(o, "content");
	size_t n = text ? strlen(text) : 0;

	return cJSON_IsTrue(get(o, "delta")) && n && text[n - 1] != '\n';
}

bool stream_text(struct buf *out, struct str line, bool *open)
{
	struct buf one CLEANUP(buf_done) = BUF_INIT;
	cJSON *o = str_starts(line, "{") ? cJSON_ParseWithLength(line.p, line.n) : NULL;
	const char *type = text_of(o, "type");
	bool known = type && (take_copilot(&one, type, o) || take_claude(&one, type, o) ||
			      take_codex(&one, type, o) || take_gemini(&one, type, o));
	bool piece = known && one.n && cJSON_IsTrue(get(o, "delta"));

	if (known && one.n) {
		if (*open && !piece)
			buf_putc(out, '\n');
		*open = piece && goes_on(o);
		buf_add(out, one.p, one.n - *open);
	}
	cJSON_Delete(o);
	return known;
}
