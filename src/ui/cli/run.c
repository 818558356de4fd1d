#include "base/clean.h"
#include "port/tracker.h"
#include "ui/cli/commands.h"
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
	if (cli_flag(c, "yes"))
		VEC_PUSH(&args, "--yes");
	VEC_PUSH(&args, "--");
	VEC_PUSH(&args, epic);
	VEC_PUSH(&args, NULL);
	int code = supervise_detached(c, epic, args.items);
	VEC_DONE(&args);
	return code;
}

static int run_one(struct cli *c, const char *epic)
{
	if (cli_flag(c, "detach"))
		return detach(c, epic);
	return supervise(c, &(struct supervise){.epic = epic,
						.allow_red = cli_flag(c, "allow-red"),
						.quiet = cli_flag(c, "json")});
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
		return code == CLI_OK ? run_one(c, epic) : code;
	}
	int worst = CLI_OK;
	for (int i = 0; i < argc; i++) {
		int code = run_one(c, argv[i]);
		worst = code > worst ? code : worst;
	}
	return worst;
}
