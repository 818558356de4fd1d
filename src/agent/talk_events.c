#include "agent/talk_events.h"

#include "base/clean.h"
#include "base/utf8.h"

#include <string.h>

/* NULL where nobody wants it. */
static cJSON *event(const struct agent_talk *t, const char *type)
{
	cJSON *o;

	if (!t->to.event)
		return NULL;
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "type", type);
	return o;
}

static void give(struct agent_talk *t, cJSON *o)
{
	struct buf line CLEANUP(buf_done) = BUF_INIT;
	char *text = o ? cJSON_PrintUnformatted(o) : NULL;

	if (text) {
		buf_puts(&line, text);
		buf_putc(&line, '\n');
		t->to.event(t->to.ctx, buf_str(&line));
	}
	free(text);
	cJSON_Delete(o);
}

static void add_text(cJSON *o, const char *key, const char *text)
{
	if (text)
		cJSON_AddStringToObject(o, key, text);
	else
		cJSON_AddNullToObject(o, key);
}

/* Cut to what is shown, between characters. */
static void add_shown(cJSON *o, const char *key, const char *text)
{
	size_t n = text ? strnlen(text, TALK_SHOWN_MAX + 1) : 0;
	char *cut CLEANUP(freep) = NULL;

	if (n > TALK_SHOWN_MAX) {
		cut = mem_strndup(text, TALK_SHOWN_MAX);
		utf8_mend(cut);
		text = cut;
	}
	add_text(o, key, text);
}

static void add_count(cJSON *o, const char *key, double n)
{
	if (n >= 0)
		cJSON_AddNumberToObject(o, key, n);
	else
		cJSON_AddNullToObject(o, key);
}

void talk_set(char **place, const char *text)
{
	if (!text)
		return;
	free(*place);
	*place = mem_strdup(text);
}

void talk_session(struct agent_talk *t, const char *id, const char *model)
{
	cJSON *o = event(t, "session");

	talk_set(&t->session, id);
	if (o) {
		add_text(o, "id", id);
		add_text(o, "model", model);
	}
	give(t, o);
}

void talk_turn(struct agent_talk *t)
{
	record_reopen(&t->record);
	give(t, event(t, "turn"));
}

void talk_event_said(struct agent_talk *t, const char *text)
{
	cJSON *o = event(t, "said");

	if (o)
		add_text(o, "text", text);
	give(t, o);
}

void talk_message(struct agent_talk *t, const char *text)
{
	cJSON *o = text && *text ? event(t, "message") : NULL;

	record_set_text(&t->record, text);
	if (o)
		add_text(o, "text", text);
	give(t, o);
}

/* Of what a tool is given, the part that tells most. */
static void add_input(cJSON *o, const cJSON *input)
{
	static const char *const telling[] = {"command", "cmd",   "file_path", "path", "pattern",
					      "url",     "query", "fileName",  "title"};
	char *text CLEANUP(freep) = NULL;

	if (cJSON_IsString(input)) {
		add_shown(o, "input", input->valuestring);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(telling); i++) {
		const char *value = record_text(input, telling[i]);

		if (value) {
			add_shown(o, "input", value);
			return;
		}
	}
	text = input ? cJSON_PrintUnformatted(input) : NULL;
	add_shown(o, "input", text);
}

void talk_tool(struct agent_talk *t, const char *id, const char *name, const cJSON *input)
{
	cJSON *o = event(t, "tool");

	t->tools++;
	if (o) {
		add_text(o, "id", id);
		add_text(o, "tool", name);
		add_input(o, input);
	}
	give(t, o);
}

void talk_tool_end(struct agent_talk *t, const char *id, bool ok, const char *output)
{
	cJSON *o = event(t, "tool_end");

	if (o) {
		add_text(o, "id", id);
		cJSON_AddBoolToObject(o, "ok", ok);
		add_shown(o, "output", output);
	}
	give(t, o);
}

void talk_event_permission(struct agent_talk *t,
			   const struct permission_ask *ask,
			   enum permission p,
			   const char *why,
			   const char *question)
{
	static const char *const words[] = {
		[PERMISSION_ALLOW] = "allow", [PERMISSION_DENY] = "deny", [PERMISSION_ASK] = "ask"};
	cJSON *o = event(t, "permission");

	if (o) {
		add_text(o, "tool", ask->tool);
		add_shown(o, "input", ask->command ? ask->command : ask->path);
		add_text(o, "decision", words[p]);
		add_text(o, "why", *why ? why : NULL);
		if (question)
			add_text(o, "question", question);
	}
	give(t, o);
}

void talk_event_decided(struct agent_talk *t, const char *question, const char *decision)
{
	cJSON *o = event(t, "decided");

	if (o) {
		add_text(o, "question", question);
		add_text(o, "decision", decision);
	}
	give(t, o);
}

void talk_tokens(struct agent_talk *t)
{
	cJSON *o = event(t, "tokens");

	if (o) {
		add_count(o, "in", (double)t->record.tokens_in);
		add_count(o, "out", (double)t->record.tokens_out);
		add_count(o, "cost_usd", record_cost(&t->record, t->price_in, t->price_out));
	}
	give(t, o);
}

void talk_error(struct agent_talk *t, const char *text)
{
	cJSON *o = event(t, "error");

	if (t->line.n && t->errors.n + t->line.n < t->errors.max) {
		buf_add(&t->errors, t->line.p, t->line.n);
		buf_putc(&t->errors, '\n');
	}
	if (o)
		add_text(o, "text", text);
	give(t, o);
}

void talk_event_turn_end(struct agent_talk *t)
{
	cJSON *o = event(t, "turn_end");

	if (o) {
		add_text(o, "status", t->record.failed ? "failed" : "completed");
		add_shown(o, "text", t->record.text);
	}
	give(t, o);
}
