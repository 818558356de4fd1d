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

static void take_ask(struct said_asks *a, const cJSON *o)
{
	const char *tool = text_of(o, "tool"), *input = text_of(o, "input");
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_line(&b, str_of(tool ? tool : "a tool"));
	if (input) {
		buf_puts(&b, ": ");
		buf_line(&b, str_of(input));
	}
	VEC_PUSH(a, ((struct said_ask){mem_strdup(text_of(o, "question")), buf_take(&b)}));
}

static void remove_ask(struct said_asks *a, size_t at)
{
	struct said_ask *ask = &a->items[at];

	free(ask->question);
	free(ask->what);
	a->n--;
	memmove(ask, ask + 1, (a->n - at) * sizeof(*ask));
}

static void drop_asks(struct said_asks *a)
{
	while (a->n)
		remove_ask(a, a->n - 1);
}

/* A question without a name is answered in its order. */
static void take_decided(struct said_asks *a, const cJSON *o)
{
	const char *question = text_of(o, "question");
	size_t at = 0;

	while (at < a->n && question && !streq(a->items[at].question, question))
		at++;
	if (at < a->n)
		remove_ask(a, at);
}

void said_asks_find(const struct paths *p, const struct task *t, struct said_asks *ret)
{
	struct buf events CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line;

	*ret = (struct said_asks){0};
	if (t->state != TASK_WORKING || !said_tail(p, t, &events))
		return;
	for (rest = buf_str(&events); str_next(&rest, '\n', &line);) {
		cJSON *o = cJSON_ParseWithLength(line.p, line.n);
		const char *type = text_of(o, "type"), *decision = text_of(o, "decision");

		if (streq(type, "permission") && streq(decision, "ask"))
			take_ask(ret, o);
		else if (streq(type, "decided"))
			take_decided(ret, o);
		else if (streq(type, "turn_end"))
			drop_asks(ret);
		cJSON_Delete(o);
	}
}

void said_asks_done(struct said_asks *a)
{
	drop_asks(a);
	VEC_DONE(a);
}
