#include "agent/record.h"

#include "base/mem.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record is looked for in this many lines at most, from the last one up. */
#define LINES_MAX 256

const char *record_text(const cJSON *o, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

int64_t record_count(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 1e15)
		return 0;
	return (int64_t)item->valuedouble;
}

static void take_text(struct record *r, const char *text)
{
	if (!r->text && text && *text)
		r->text = mem_strdup(text);
}

/* Anthropic counts what came from a cache beside the rest; whoever gives a sum of all, within it. */
static void take_usage(const cJSON *usage, struct record *r)
{
	int64_t sum = record_count(usage, "total_tokens");

	if (!cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(usage, "output_tokens")))
		return;
	r->tokens_out = record_count(usage, "output_tokens");
	r->tokens_in = sum ? sum - r->tokens_out
			   : record_count(usage, "input_tokens") +
				       record_count(usage, "cache_creation_input_tokens") +
				       record_count(usage, "cache_read_input_tokens");
}

/* Qwen Code calls a refusal of its provider a success, with this for its result, and perhaps advice. */
static bool is_refusal(const char *text)
{
	static const char head[] = "[API Error: ";

	return text && !strncmp(text, head, sizeof(head) - 1) &&
	       (text[strlen(text) - 1] == ']' || strstr(text, "]\n"));
}

static void take_denied(const cJSON *o, struct record *r)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "permission_denials");
	const char *tool = record_text(cJSON_GetArrayItem(list, 0), "tool_name");

	if (cJSON_IsArray(list) && cJSON_GetArraySize(list) > 0)
		(void)snprintf(r->denied, sizeof(r->denied), "%s", tool ? tool : "a tool");
}

/*
 * {"type":"result","subtype","is_error","result","total_cost_usd","usage":{…},"permission_denials":[]}
 * Gemini's: {"type":"result","status":"success"|"error","error":{"message"},"stats":{…}}
 */
bool record_take_claude(const cJSON *o, struct record *r)
{
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(o, "usage");
	const cJSON *cost = cJSON_GetObjectItemCaseSensitive(o, "total_cost_usd");
	const char *subtype = record_text(o, "subtype");

	if (!streq(record_text(o, "type"), "result"))
		return false;
	r->failed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "is_error")) ||
		    (subtype && !strncmp(subtype, "error", 5)) ||
		    streq(record_text(o, "status"), "error") ||
		    is_refusal(record_text(o, "result"));
	if (cJSON_IsNumber(cost) && cost->valuedouble >= 0 && cost->valuedouble <= RECORD_COST_MAX)
		r->cost_usd = cost->valuedouble;
	take_usage(usage ? usage : cJSON_GetObjectItemCaseSensitive(o, "stats"), r);
	take_text(r, record_text(o, "result"));
	take_text(r, record_text(cJSON_GetObjectItemCaseSensitive(o, "error"), "message"));
	take_denied(o, r);
	r->over_budget = streq(subtype, "error_max_budget_usd");
	if (r->failed) {
		take_text(r, cJSON_GetStringValue(cJSON_GetArrayItem(
				     cJSON_GetObjectItemCaseSensitive(o, "errors"), 0)));
		take_text(r, subtype);
	}
	return true;
}

/* {"type":"turn.completed","usage":{…}}, {"type":"turn.failed","error":{"message"}} */
static bool take_codex(const cJSON *o, struct record *r)
{
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(o, "usage");
	const cJSON *turn = cJSON_HasObjectItem(o, "turn")
				    ? cJSON_GetObjectItemCaseSensitive(o, "turn")
				    : o;
	const char *type = record_text(o, "type"), *status = record_text(turn, "status");

	if (streq(type, "turn.failed")) {
		r->failed = true;
		take_text(r, record_text(cJSON_GetObjectItemCaseSensitive(o, "error"), "message"));
		return true;
	}
	if (!streq(type, "turn.completed"))
		return false;
	/* Its server mode ends failed turns so. */
	if (status && !streq(status, "completed")) {
		r->failed = true;
		take_text(r, record_text(cJSON_GetObjectItemCaseSensitive(turn, "error"), "message"));
		take_text(r, status);
	}
	if (cJSON_IsObject(usage)) {
		r->tokens_in = record_count(usage, "input_tokens"); /* with the cached ones */
		r->tokens_out = record_count(usage, "output_tokens");
	}
	return true;
}

/*
 * Copilot's: {"type":"result","exitCode"}. That is 0 also where it was broken off, by a signal perhaps;
 * an event before it says so.
 */
static bool take_copilot(const cJSON *o, struct record *r)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(o, "exitCode");

	if (!streq(record_text(o, "type"), "result") || !cJSON_IsNumber(code))
		return false;
	r->failed = code->valuedouble != 0;
	return true;
}

/* ---- last words, which stand above a record that has none; true: that is all of them ---- */

/* {"type":"item.completed","item":{"type":"agent_message","text"}} */
static bool take_codex_words(const cJSON *o, struct record *r)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, "item");

	if (!streq(record_text(o, "type"), "item.completed") ||
	    !streq(record_text(item, "type"), "agent_message"))
		return false;
	take_text(r, record_text(item, "text"));
	return true;
}

/* {"type":"assistant.message","data":{"content"}}, {"type":"session.error","data":{"message"}} */
static bool take_copilot_words(const cJSON *o, struct record *r)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");
	const char *type = record_text(o, "type");

	if (streq(type, "assistant.idle") &&
	    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "aborted"))) {
		r->failed = true;
		take_text(r, "it was broken off");
	}
	if (streq(type, "session.error"))
		take_text(r, record_text(data, "message"));
	else if (streq(type, "assistant.message"))
		take_text(r, record_text(data, "content"));
	return r->text || streq(type, "user.message");
}

/* Gemini's come in pieces: {"type":"message","role":"assistant","content"} */
static bool take_gemini_words(const cJSON *o, struct record *r)
{
	const char *piece = record_text(o, "content");
	char *behind = r->text;

	if (!streq(record_text(o, "type"), "message") ||
	    !streq(record_text(o, "role"), "assistant"))
		return true;
	r->text = mem_printf("%s%s", piece ? piece : "", behind ? behind : "");
	free(behind);
	return false;
}

/* ---- the end of a log ---- */

/* What is being looked for, from the last line up. */
struct search {
	struct record *r;
	bool (*words)(const cJSON *o, struct record *r); /* once the record is found; else NULL */
	bool in_stream;                                  /* a line like those before a record */
};

/* The programs above end what they write with a record; where it is missing, it was cut short. */
static bool is_of_stream(const cJSON *o)
{
	static const struct {
		const char *type, *has;
	} lines[] = {
		{"system",               "session_id"},
                {"assistant",            "session_id"},
		{"user",                 "session_id"},
                {"init",                 "session_id"},
		{"tool_use",             "tool_id"   },
                {"tool_result",          "tool_id"   },
		{"thread.started",       "thread_id" },
                {"item.started",         "item"      },
		{"item.completed",       "item"      },
                {"assistant.turn_start", "data"      },
		{"assistant.turn_end",   "data"      },
                {"tool.execution_start", "data"      },
	};
	const char *type = record_text(o, "type");

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (streq(lines[i].type, type) && cJSON_HasObjectItem(o, lines[i].has))
			return true;
	return false;
}

/* Fills the record, and says who knows the words above it; false: it is none. */
static bool take_record(struct search *s, const cJSON *o)
{
	struct record *r = s->r;

	if (take_copilot(o, r))
		s->words = take_copilot_words;
	else if (record_take_claude(o, r))
		s->words = cJSON_HasObjectItem(o, "stats") ? take_gemini_words : NULL;
	else if (take_codex(o, r))
		s->words = take_codex_words;
	else
		return false;
	r->found = true;
	if (r->text)
		s->words = NULL;
	return true;
}

/* Returns false when what was looked for is complete. */
static bool take_line(struct search *s, struct str line)
{
	cJSON *o = cJSON_ParseWithLength(line.p, line.n);
	bool more = true;

	if (cJSON_IsObject(o) && s->words)
		more = !s->words(o, s->r);
	else if (cJSON_IsObject(o) && take_record(s, o))
		more = s->words != NULL;
	else if (cJSON_IsObject(o))
		s->in_stream = s->in_stream || is_of_stream(o);
	cJSON_Delete(o);
	return more;
}

/* Cut the last line off *rest; false when nothing is left. */
static bool last_line(struct str *rest, struct str *ret)
{
	size_t n = rest->n;

	if (n == 0)
		return false;
	while (n > 0 && rest->p[n - 1] != '\n')
		n--;
	*ret = str_trim((struct str){rest->p + n, rest->n - n});
	rest->n = n > 0 ? n - 1 : 0;
	return true;
}

void record_find(struct str log, struct record *ret)
{
	struct search s = {.r = ret};
	struct str line;
	bool first = true;

	*ret = (struct record){.tokens_in = -1, .tokens_out = -1, .cost_usd = -1};
	for (int i = 0; i < LINES_MAX && last_line(&log, &line); i++) {
		bool more = line.n < 2 || line.p[0] != '{' || take_line(&s, line);

		ret->last = ret->last || (first && ret->found);
		if (!more)
			break;
		first = first && line.n == 0;
	}
	ret->cut = s.in_stream && !ret->found;
}

void record_set_text(struct record *r, const char *text)
{
	char *copy;

	if (!text || !*text)
		return;
	copy = mem_strdup(text); /* it may be the very text that is replaced */
	free(r->text);
	r->text = copy;
}

double record_cost(const struct record *r, double price_in, double price_out)
{
	bool has_price = price_in > 0 || price_out > 0;

	if (r->cost_usd >= 0 || !has_price || r->tokens_in < 0 || r->tokens_out < 0)
		return r->cost_usd;
	return ((double)r->tokens_in * price_in + (double)r->tokens_out * price_out) / 1e6;
}

void record_reopen(struct record *r)
{
	r->found = r->failed = r->over_budget = false;
	r->denied[0] = '\0';
	free(r->text);
	r->text = NULL;
}

void record_done(struct record *r)
{
	if (!r)
		return;
	free(r->text);
	r->text = NULL;
}
