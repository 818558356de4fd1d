#include "run/dispatch.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/map.h"
#include "port/tracker.h"
#include "run/labels.h"
#include "run/session.h"
#include "run/view.h"
#include "ui/cli/commands.h"
#include "ui/cli/reach.h"
#include "ui/cli/supervise.h"
#include "ui/result.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

/*
 * ganger dispatch: each issue to a session, each session's work to a pull request into the base;
 * a run on an epic made for it, whose tasks are done when they are submitted.
 */

#define FILE_MAX ((size_t)64 << 20)

/* The issues, each once; their texts are owned, but for the agents' names. */
struct issues {
	const struct config *config;
	VEC(struct control_issue) items;
};

static void issues_done(struct issues *list)
{
	for (size_t i = 0; i < list->items.n; i++) {
		free((char *)list->items.items[i].id);
		free((char *)list->items.items[i].title);
	}
	VEC_DONE(&list->items);
}

static void
issues_add(struct issues *list, const char *id, const char *title, int priority, const char *labels)
{
	const struct config_agent *agent = labels_agent(list->config, labels);
	for (size_t i = 0; i < list->items.n; i++)
		if (streq(list->items.items[i].id, id))
			return; /* named twice: one session */
	VEC_PUSH(&list->items, ((struct control_issue){mem_strdup(id), mem_strdup(title), priority,
						       agent ? agent->name : NULL}));
}

/* An issue as a file has it; its texts are owned. */
struct line {
	int number; /* of the line, from 1 */
	char *id, *title, *body;
};

struct lines {
	VEC(struct line) items;
	struct map by_id; /* each id's place in items */
};

static void lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->items.n; i++) {
		free(l->items.items[i].id);
		free(l->items.items[i].title);
		free(l->items.items[i].body);
	}
	VEC_DONE(&l->items);
	map_done(&l->by_id);
}

static int lines_add(struct lines *l, const cJSON *j, int n, struct err *e)
{
	const cJSON *number = cJSON_GetObjectItem(j, "id");
	const char *title = cJSON_GetStringValue(cJSON_GetObjectItem(j, "title"));
	const char *body = cJSON_GetStringValue(cJSON_GetObjectItem(j, "body"));
	char *id CLEANUP(freep) = cJSON_IsNumber(number)
					  ? mem_printf("%.0f", number->valuedouble)
					  : mem_strdup(cJSON_GetStringValue(number));
	size_t before;
	if (!id || !title)
		return err_set(e, ERR_INVALID, "an object with 'id' and 'title' is wanted");
	/* Which of the two is meant, nobody can tell. */
	if (map_find(&l->by_id, id, &before)) {
		CHECK(l->items.items && before < l->items.n);
		return err_set(e, ERR_INVALID, "issue '%s' is that of line %d already", id,
			       l->items.items[before].number);
	}
	map_set(&l->by_id, id, l->items.n);
	VEC_PUSH(&l->items, ((struct line){n, TAKE(id), mem_strdup(title), mem_strdup(body)}));
	return 0;
}

/* One JSON object a line. */
static int lines_read(struct lines *l, const char *path, struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	if (file_read_given(path, FILE_MAX, &text, e))
		return e->code;
	struct str rest = buf_str(&text), line;
	for (int n = 1; str_next(&rest, '\n', &line); n++) {
		if (!str_trim(line).n)
			continue;
		cJSON *j = cJSON_ParseWithLength(line.p, line.n);
		int rc = cJSON_IsObject(j) ? lines_add(l, j, n, e)
					   : err_set(e, ERR_INVALID, "that is not a JSON object");
		cJSON_Delete(j);
		if (rc)
			return err_wrap(e, "%s:%d", path, n);
	}
	return 0;
}

static int add_line(struct tracker *t, const struct line *l, struct issues *list, struct err *e)
{
	struct issue known CLEANUP(issue_done) = {0};
	int rc = t->ops->get(t, l->id, &known, NULL, e);
	if (rc && rc != ERR_NOT_FOUND)
		return rc;
	if (rc == 0) { /* it is there already: its own text counts */
		issues_add(list, l->id, known.title, known.priority, known.labels);
		return 0;
	}
	issues_add(list, l->id, l->title, 2, NULL);
	struct issue_new n = {.id = l->id,
			      .title = l->title,
			      .body = l->body ? l->body : "",
			      .type = "task",
			      .priority = -1};
	char *made CLEANUP(freep) = NULL;
	return t->ops->add(t, &n, &made, e);
}

/* All lines are read before any issue is made. */
static int read_file(struct tracker *t, const char *path, struct issues *list, struct err *e)
{
	struct lines l CLEANUP(lines_done) = {0};
	int rc = lines_read(&l, path, e);
	for (size_t i = 0; rc == 0 && i < l.items.n; i++) {
		rc = add_line(t, &l.items.items[i], list, e);
		if (rc)
			rc = err_wrap(e, "%s:%d", path, l.items.items[i].number);
	}
	return rc;
}

static int read_issue(struct tracker *t, const char *id, struct issues *list, struct err *e)
{
	struct issue issue CLEANUP(issue_done) = {0};
	int rc = t->ops->get(t, id, &issue, NULL, e);
	if (rc == ERR_NOT_FOUND)
		return err_set(e, ERR_INVALID, "there is no issue '%s'", id);
	if (rc == 0)
		issues_add(list, id, issue.title, issue.priority, issue.labels);
	return rc;
}

static int gather(struct cli *c, int argc, char **argv, struct issues *list, struct err *e)
{
	struct tracker *t = NULL;
	if (cli_tracker(c, &t, e))
		return e->code;
	int rc = 0;
	for (int i = 0; rc == 0 && i < argc; i++)
		rc = read_issue(t, argv[i], list, e);
	if (rc == 0 && cli_value(c, "file"))
		rc = read_file(t, cli_value(c, "file"), list, e);
	t->ops->free(t);
	return rc;
}

/* The result object, with what became of each. */
static int print_json(struct cli *c, const char *epic)
{
	struct view v CLEANUP(view_done) = {0};
	struct err e = ERR_INIT;
	if (view_open(&c->place, &c->config, epic, &v, &e))
		return cli_fail(c, &e);
	cJSON *root = result_json(&v.core, epic);
	cJSON *good = cJSON_AddArrayToObject(root, "successful");
	cJSON *bad = cJSON_CreateArray();
	for (size_t i = 0; i < v.core.tasks.n; i++) {
		const struct task *t = &v.core.tasks.items[i];
		cJSON *j = cJSON_CreateObject();
		cJSON_AddItemToObject(j, "id", cli_json_text(t->id));
		if (t->state == TASK_SUBMITTED || t->state == TASK_CLOSED) {
			struct buf id CLEANUP(buf_done) = BUF_INIT;
			buf_session_id(&id, epic, t->id, session_attempt(t));
			cJSON_AddItemToObject(j, "session", cli_json_text(buf_cstr(&id)));
			cJSON_AddItemToObject(j, "pr", t->pull ? cJSON_CreateNumber((double)t->pull)
							       : cJSON_CreateNull());
			cJSON_AddItemToArray(good, j);
		} else {
			cJSON_AddItemToObject(j, "error", cli_json_text(t->reason));
			cJSON_AddItemToArray(bad, j);
		}
	}
	cJSON_ReplaceItemInObject(root, "failed", bad);
	cli_print_json(c, root);
	return CLI_OK;
}

static int detach(struct cli *c, const char *epic)
{
	VEC(const char *) args = {0};
	VEC_PUSH(&args, "run");
	if (cli_value(c, "agent")) {
		VEC_PUSH(&args, "--agent");
		VEC_PUSH(&args, cli_value(c, "agent"));
	}
	VEC_PUSH(&args, "--");
	VEC_PUSH(&args, epic);
	VEC_PUSH(&args, NULL);
	int code = supervise_detached(c, epic, args.items);
	VEC_DONE(&args);
	return code;
}

/* Nothing is registered that nobody could begin. */
static int register_all(struct cli *c, const struct issues *list, char **ret_epic, struct err *e)
{
	const struct config_agent *agent = NULL;
	struct buf ids CLEANUP(buf_done) = BUF_INIT;
	if (config_agent(&c->config, cli_value(c, "agent"), &agent, e))
		return e->code;
	*ret_epic = mem_strdup(cli_value(c, "as"));
	if (!*ret_epic && dispatch_new(&c->place, ret_epic, e))
		return e->code;
	return dispatch_add(&c->place, &c->config, *ret_epic, list->items.items, list->items.n,
			    &ids, e);
}

/* With --as: by a supervisor that took them in. */
static bool is_run(struct cli *c, const char *epic)
{
	struct view v CLEANUP(view_done) = {0};
	struct err none = ERR_INIT; /* whoever begins to run it will say so */
	return view_open(&c->place, &c->config, epic, &v, &none) == 0 && v.pid;
}

int cmd_dispatch(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct issues list CLEANUP(issues_done) = {.config = &c->config};
	char *epic CLEANUP(freep) = NULL;
	if (gather(c, argc, argv, &list, &e))
		return cli_fail(c, &e);
	if (!list.items.n)
		return cli_usage(c, "no issue to dispatch");
	int asked = reach_ask_dispatch(c, (int)list.items.n);
	if (asked != CLI_OK)
		return asked;
	if (register_all(c, &list, &epic, &e))
		return cli_fail(c, &e);
	if (is_run(c, epic))
		return cli_flag(c, "detach") ? CLI_OK : cmd_wait(c, 1, &epic);
	if (cli_flag(c, "detach"))
		return detach(c, epic);
	int code = supervise(c, &(struct supervise){.epic = epic,
						    .quiet = cli_flag(c, "json"),
						    .no_result = cli_flag(c, "json")});
	if (cli_flag(c, "json") && code != CLI_ENVIRONMENT && code != CLI_USAGE)
		(void)print_json(c, epic); /* its own failure is said; the run's code counts */
	return code;
}
