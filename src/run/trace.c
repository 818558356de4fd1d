#include "base/clean.h"
#include "run/supervisor-impl.h"

#include <cjson/cJSON.h>

/* Events as lines of JSON: a number that is 0 and a text that is empty are left out. */

static void put_int(cJSON *j, const char *name, int64_t n)
{
	if (n)
		cJSON_AddNumberToObject(j, name, (double)n);
}

static void put_text(cJSON *j, const char *name, const char *s)
{
	if (s && s[0])
		cJSON_AddStringToObject(j, name, s);
}

void trace_event(struct buf *b, const struct core *c, const struct core_event *ev)
{
	(void)c;
	cJSON *j = cJSON_CreateObject();
	put_int(j, "t", ev->at.mono_ms);
	put_int(j, "serial", ev->serial);
	put_text(j, "a", ev->a.hex);
	put_text(j, "b", ev->b.hex);
	put_int(j, "n", ev->n);
	put_int(j, "m", ev->m);
	put_int(j, "pid", ev->pid);
	put_int(j, "pid_start", ev->pid_start);
	put_int(j, "how", ev->how);
	put_int(j, "code", ev->code);
	put_int(j, "started", ev->started_ms);
	put_int(j, "ended", ev->ended_ms);
	put_int(j, "ahead", ev->ahead);
	put_int(j, "leftovers", ev->leftovers);
	put_int(j, "result", ev->result);
	put_int(j, "until", ev->until_ms);
	put_int(j, "provider", ev->provider);
	if (ev->kind == EV_COLLECTED) {
		put_int(j, "in", ev->tokens_in);
		put_int(j, "out", ev->tokens_out);
		cJSON_AddNumberToObject(j, "cost", ev->cost);
	}
	put_text(j, "text", ev->text);
	put_text(j, "text2", ev->text2);
	put_text(j, "text3", ev->text3);
	char *line CLEANUP(freep) = cJSON_PrintUnformatted(j);
	cJSON_Delete(j);
	buf_puts(b, line ? line : "{}");
}
