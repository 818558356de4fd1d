#include "base/clean.h"
#include "base/file.h"
#include "port/tracker.h"
#include "run/view.h"
#include "ui/cli/commands.h"
#include "ui/cli/supervise.h"
#include "ui/result.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/*
 * ganger dispatch: each issue to a session, each session's work to a pull request into the base;
 * a run on an epic made for it, whose tasks are done when they are submitted.
 */

#define FILE_MAX    ((size_t)64 << 20)
#define NUMBERS_MAX 1000000

struct ids {
	VEC(char *) items;
};

static void ids_done(struct ids *ids)
{
	for (size_t i = 0; i < ids->items.n; i++)
		free(ids->items.items[i]);
	VEC_DONE(&ids->items);
}

static void ids_add(struct ids *ids, const char *id)
{
	for (size_t i = 0; i < ids->items.n; i++)
		if (streq(ids->items.items[i], id))
			return; /* named twice: one session */
	VEC_PUSH(&ids->items, mem_strdup(id));
}

/* The folder is the claim: of two that want a number, mkdir gives it to one. */
static int take_number(const struct place *p, char **ret_epic, struct err *e)
{
	if (dir_make(p->state_dir, e))
		return e->code;
	for (int n = 1; n < NUMBERS_MAX; n++) {
		char *epic CLEANUP(freep) = mem_printf("dispatch-%d", n);
		char *dir CLEANUP(freep) = path_join(p->state_dir, epic);
		if (mkdir(dir, 0700) == 0) {
			*ret_epic = TAKE(epic);
			return 0;
		}
		if (errno != EEXIST)
			return err_sys(e, "could not make '%s'", dir);
	}
	return err_set(e, ERR_LIMIT, "could not find a free number in '%s'", p->state_dir);
}

static int add_line(struct tracker *t, const cJSON *j, struct ids *ids, struct err *e)
{
	const cJSON *number = cJSON_GetObjectItem(j, "id");
	const char *title = cJSON_GetStringValue(cJSON_GetObjectItem(j, "title"));
	const char *body = cJSON_GetStringValue(cJSON_GetObjectItem(j, "body"));
	char *id CLEANUP(freep) = cJSON_IsNumber(number)
					  ? mem_printf("%.0f", number->valuedouble)
					  : mem_strdup(cJSON_GetStringValue(number));
	if (!id || !title)
		return err_set(e, ERR_INVALID, "an object with 'id' and 'title' is wanted");
	struct issue known CLEANUP(issue_done) = {0};
	int rc = t->ops->get(t, id, &known, NULL, e);
	if (rc && rc != ERR_NOT_FOUND)
		return rc;
	ids_add(ids, id);
	if (rc == 0)
		return 0; /* it is there already: its own text counts */
	struct issue_new n = {
		.id = id, .title = title, .body = body ? body : "", .type = "task", .priority = -1};
	char *made CLEANUP(freep) = NULL;
	return t->ops->add(t, &n, &made, e);
}

/* One JSON object a line. All lines are read before anything is dispatched. */
static int read_file(struct tracker *t, const char *path, struct ids *ids, struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	if (file_read(path, FILE_MAX, &text, e))
		return e->code;
	struct str rest = buf_str(&text), line;
	for (int n = 1; str_next(&rest, '\n', &line); n++) {
		if (!str_trim(line).n)
			continue;
		cJSON *j = cJSON_ParseWithLength(line.p, line.n);
		int rc = cJSON_IsObject(j) ? add_line(t, j, ids, e)
					   : err_set(e, ERR_INVALID, "that is not a JSON object");
		cJSON_Delete(j);
		if (rc)
			return err_wrap(e, "%s:%d", path, n);
	}
	return 0;
}

static int check_issues(struct tracker *t, const struct ids *ids, struct err *e)
{
	for (size_t i = 0; i < ids->items.n; i++) {
		struct issue issue CLEANUP(issue_done) = {0};
		if (t->ops->get(t, ids->items.items[i], &issue, NULL, e) == 0)
			continue;
		if (e->code == ERR_NOT_FOUND)
			(void)err_set(e, ERR_INVALID, "there is no issue '%s'", ids->items.items[i]);
		return e->code;
	}
	return 0;
}

static int gather(struct cli *c, int argc, char **argv, struct ids *ids, struct err *e)
{
	struct tracker *t = NULL;
	if (cli_tracker(c, &t, e))
		return e->code;
	for (int i = 0; i < argc; i++)
		ids_add(ids, argv[i]);
	int rc = check_issues(t, ids, e);
	if (rc == 0 && cli_value(c, "file"))
		rc = read_file(t, cli_value(c, "file"), ids, e);
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
			char *session CLEANUP(freep) = mem_printf("%s.%lld", t->id, (long long)t->attempt);
			cJSON_AddItemToObject(j, "session", cli_json_text(session));
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

static int detach(struct cli *c, const char *epic, const struct ids *ids)
{
	VEC(const char *) args = {0};
	VEC_PUSH(&args, "dispatch");
	VEC_PUSH(&args, "--as");
	VEC_PUSH(&args, epic);
	if (cli_value(c, "agent")) {
		VEC_PUSH(&args, "--agent");
		VEC_PUSH(&args, cli_value(c, "agent"));
	}
	VEC_PUSH(&args, "--");
	for (size_t i = 0; i < ids->items.n; i++)
		VEC_PUSH(&args, ids->items.items[i]);
	VEC_PUSH(&args, NULL);
	int code = supervise_detached(c, epic, args.items);
	VEC_DONE(&args);
	return code;
}

int cmd_dispatch(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct ids ids CLEANUP(ids_done) = {0};
	char *epic CLEANUP(freep) = mem_strdup(cli_value(c, "as"));
	if (gather(c, argc, argv, &ids, &e))
		return cli_fail(c, &e);
	if (!ids.items.n)
		return cli_usage(c, "no issue to dispatch");
	if (!epic && take_number(&c->place, &epic, &e))
		return cli_fail(c, &e);
	if (cli_flag(c, "detach"))
		return detach(c, epic, &ids);
	VEC_PUSH(&ids.items, NULL);
	int code = supervise(c, &(struct supervise){.epic = epic,
						    .ids = (const char *const *)ids.items.items,
						    .quiet = cli_flag(c, "json"),
						    .no_result = cli_flag(c, "json")});
	ids.items.n--;
	if (cli_flag(c, "json") && code != CLI_ENVIRONMENT && code != CLI_USAGE)
		(void)print_json(c, epic); /* its own failure is said; the run's code counts */
	return code;
}
