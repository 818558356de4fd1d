#include "run/said.h"

#include "base/clean.h"
#include "base/file.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TAIL_BYTES (16 << 10)

bool said_tail(const struct paths *p, const struct task *t, struct buf *ret)
{
	char number[32];
	char *path CLEANUP(freep) = NULL;
	struct buf tail CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line;
	const char *last;

	(void)snprintf(number, sizeof(number), "%" PRId64, t->attempt);
	path = path_events(p, t->id, number);
	if (!t->attempt || file_tail(path, TAIL_BYTES, &tail, NULL) < 0 || !tail.n)
		return false;
	/* The first line may be cut, and the last one is perhaps being written. */
	rest = buf_str(&tail);
	if (tail.n >= TAIL_BYTES)
		(void)str_next(&rest, '\n', &line);
	last = rest.n ? memrchr(rest.p, '\n', rest.n) : NULL;
	if (!last)
		return false;
	buf_add(ret, rest.p, (size_t)(last + 1 - rest.p));
	return true;
}

static const char *text_of(const cJSON *o, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

static void take_ask(const cJSON *o, struct buf *b)
{
	const char *tool = text_of(o, "tool"), *input = text_of(o, "input");

	buf_reset(b);
	buf_line(b, str_of(tool ? tool : "a tool"));
	if (input) {
		buf_puts(b, ": ");
		buf_line(b, str_of(input));
	}
}

char *said_asks(const struct paths *p, const struct task *t)
{
	struct buf events CLEANUP(buf_done) = BUF_INIT;
	struct buf ask CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line;

	if (t->state != TASK_WORKING || !said_tail(p, t, &events))
		return NULL;
	for (rest = buf_str(&events); str_next(&rest, '\n', &line);) {
		cJSON *o = cJSON_ParseWithLength(line.p, line.n);
		const char *type = text_of(o, "type"), *decision = text_of(o, "decision");

		if (streq(type, "permission") && streq(decision, "ask"))
			take_ask(o, &ask);
		else if (streq(type, "decided") || streq(type, "turn_end"))
			buf_reset(&ask);
		cJSON_Delete(o);
	}
	return ask.n ? buf_take(&ask) : NULL;
}
