#include "base/clean.h"
#include "base/file.h"
#include "port/tracker.h"
#include "run/paths.h"
#include "ui/cli/commands.h"
#include "ui/cli/reach.h"
#include "ui/cli/supervise.h"

/* ganger run: the supervisor in the foreground, one epic after another. */

/* The only open epic, where none is named; of several the user chooses. */
static int find_epic(struct cli *c, char **ret)
{
	struct err e = ERR_INIT;
	struct tracker *t = NULL;
	struct issue_graph open CLEANUP(issue_graph_done) = {0};
	if (cli_tracker(c, &t, &e))
		return cli_fail(c, &e);
	int rc = t->ops->epics(t, &open, &e);
	t->ops->free(t);
	if (rc)
		return cli_fail(c, &e);
	if (open.issues.n == 1) {
		*ret = mem_strdup(open.issues.items[0].id);
		return CLI_OK;
	}
	if (open.issues.n == 0) {
		cli_error(c, "there is no open epic");
		cli_hint(c, "an epic is an issue with children: 'ganger import', 'ganger add --epic'");
		return CLI_USAGE;
	}
	cli_error(c, "there are %zu open epics: name one", open.issues.n);
	for (size_t i = 0; i < open.issues.n; i++)
		cli_detail(c, "%s  %s", open.issues.items[i].id, open.issues.items[i].title);
	return CLI_USAGE;
}

static int detach(struct cli *c, const char *epic)
{
	VEC(const char *) args = {0};
	VEC_PUSH(&args, "run");
	if (cli_value(c, "agent")) {
		VEC_PUSH(&args, "--agent");
		VEC_PUSH(&args, cli_value(c, "agent"));
	}
	if (cli_value(c, "max-concurrent")) {
		VEC_PUSH(&args, "--max-concurrent");
		VEC_PUSH(&args, cli_value(c, "max-concurrent"));
	}
	if (cli_flag(c, "allow-red"))
		VEC_PUSH(&args, "--allow-red");
	VEC_PUSH(&args, "--yes"); /* it was asked here */
	VEC_PUSH(&args, "--");
	VEC_PUSH(&args, epic);
	VEC_PUSH(&args, NULL);
	int code = supervise_detached(c, epic, args.items);
	VEC_DONE(&args);
	return code;
}

static int run_one(struct cli *c, const char *epic, bool *ret_stopped)
{
	int code = reach_ask(c, epic);
	if (code != CLI_OK)
		return code;
	if (cli_flag(c, "detach"))
		return detach(c, epic);
	return supervise(c, &(struct supervise){.epic = epic,
						.allow_red = cli_flag(c, "allow-red"),
						.quiet = cli_flag(c, "json"),
						.ret_stopped = ret_stopped});
}

/* A mistyped epic is found before anything starts. One of 'dispatch' is in no tracker. */
static int check_epic(struct cli *c, struct tracker *t, const char *epic, struct err *e)
{
	struct issue issue CLEANUP(issue_done) = {0};
	struct paths p CLEANUP(paths_done) = {0};
	int rc = t->ops->get(t, epic, &issue, NULL, e);
	if (rc != ERR_NOT_FOUND)
		return rc;
	paths_find(&c->place, epic, c->config.worktree_dir, &p);
	return file_exists(p.journal) ? 0 : rc;
}

static int check_epics(struct cli *c, int argc, char **argv, struct err *e)
{
	struct tracker *t = NULL;
	int rc = cli_tracker(c, &t, e);
	for (int i = 0; rc == 0 && i < argc; i++)
		rc = check_epic(c, t, argv[i], e);
	if (t)
		t->ops->free(t);
	return rc;
}

/* One after another, until somebody stops one: then the rest is left for the next time. */
static int run_all(struct cli *c, int argc, char **argv)
{
	int worst = CLI_OK;
	bool stopped = false;
	for (int i = 0; i < argc && !stopped; i++) {
		int code = run_one(c, argv[i], &stopped);
		worst = code > worst ? code : worst;
		if (stopped && i + 1 < argc) {
			cli_warn(c, "stopped: epic '%s'%s not started", argv[i + 1],
				 i + 2 < argc ? " and those after it were" : " was");
			worst = worst > CLI_FAILED ? worst : CLI_FAILED;
		}
	}
	return worst;
}

int cmd_run_epics(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	const char *max = cli_value(c, "max-concurrent");
	if (max) {
		char *set CLEANUP(freep) = mem_printf("limits.max_concurrent=%s", max);
		if (config_set(&c->config, set, &e))
			return cli_fail(c, &e);
	}
	if (argc == 0) {
		char *epic CLEANUP(freep) = NULL;
		int code = find_epic(c, &epic);
		return code == CLI_OK ? run_one(c, epic, NULL) : code;
	}
	while (check_epics(c, argc, argv, &e))
		if (!cli_wait(c, &e))
			return cli_fail(c, &e);
	return run_all(c, argc, argv);
}
