#include "base/clean.h"
#include "run/supervisor-impl.h"

#include <cjson/cJSON.h>

/* hooks.notify: one command, one JSON object on its standard input. Tried once, never waited for. */

static const char *notice_name(enum core_notice n)
{
	switch (n) {
	case NOTICE_DONE:
		return "done";
	case NOTICE_FAILED:
		return "failed";
	case NOTICE_PERSON:
		return "needs a person";
	case NOTICE_PAUSED:
		return "paused";
	}
	return "";
}

void act_notify(struct task_work *w)
{
	cJSON *j = cJSON_CreateObject();
	const char *reason = w->text.n            ? buf_cstr(&w->text)
			     : w->action.task < 0 ? w->run.reason
						  : w->t.reason;
	cJSON_AddStringToObject(j, "event", notice_name((enum core_notice)w->action.n));
	cJSON_AddStringToObject(j, "epic", w->s->spec.epic);
	if (w->action.task >= 0) {
		cJSON_AddStringToObject(j, "task", w->t.id);
		cJSON_AddStringToObject(j, "title", w->t.title);
	}
	if (w->action.n == NOTICE_DONE)
		cJSON_AddStringToObject(j, "status", w->status);
	cJSON_AddStringToObject(j, "reason", w->action.n == NOTICE_PAUSED ? w->pause : reason);
	char *line CLEANUP(freep) = cJSON_PrintUnformatted(j);
	cJSON_Delete(j);
	struct child_spec spec = {.env = &w->s->child_env,
				  .cwd = w->s->spec.place->root,
				  .argv = (const char *const *)w->s->config->hooks_notify,
				  .input = str_of(line),
				  .timeout_ms = 60000,
				  .out_max = 4096};
	struct child_result r = {0};
	struct err e = ERR_INIT; /* nobody is there to be told that telling failed */
	IGNORE(child_run(&spec, &r, &e));
	child_result_done(&r);
}
