#include "base/child.h"
#include "base/clean.h"
#include "base/file.h"
#include "port/tracker.h"
#include "run/supervisor.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ganger run: the supervisor in the foreground, one epic after another. */

/* The epics named, or the only open one; several: the list, and the user chooses. */
static int choose_epics(struct cli *c, int argc, char **argv, struct issue_graph *ret, struct err *e)
{
	struct tracker *t = NULL;
	if (argc > 0)
		return 0;
	if (cli_tracker(c, &t, e))
		return e->code;
	int rc = t->ops->epics(t, ret, e);
	t->ops->free(t);
	if (rc == 0 && ret->issues.n == 0) {
		rc = err_set(e, ERR_INVALID, "there is no open epic");
		(void)err_hint(e, "import one ('ganger import'), or make one ('ganger add --epic')");
	}
	(void)argv;
	return rc;
}

static int list_epics(struct cli *c, const struct issue_graph *g)
{
	cli_error(c, "there are %zu open epics: name one", g->issues.n);
	for (size_t i = 0; i < g->issues.n; i++)
		cli_detail(c, "%s  %s", g->issues.items[i].id, g->issues.items[i].title);
	return CLI_USAGE;
}

static int run_epic(struct cli *c, const char *epic)
{
	struct err e = ERR_INIT;
	const struct config_agent *agent = NULL;
	char *shim CLEANUP(freep) = NULL;
	int exit_code = 0;
	if (c->parts->shim_path(&shim, &e))
		return cli_fail(c, &e);
	if (config_agent(&c->config, cli_value(c, "agent"), &agent, &e))
		return cli_fail(c, &e);
	struct supervisor_spec spec = {
		.epic = epic,
		.place = &c->place,
		.config = &c->config,
		.agent = agent,
		.parts = c->parts,
		.shim = shim,
		.allow_red = cli_flag(c, "allow-red"),
	};
	if (supervisor_run(&spec, &exit_code, &e))
		return cli_fail(c, &e);
	return exit_code;
}

int cmd_run_epics(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct issue_graph open CLEANUP(issue_graph_done) = {0};
	const char *max = cli_value(c, "max-concurrent");
	int worst = 0;
	if (max) {
		char *set CLEANUP(freep) = mem_printf("limits.max_concurrent=%s", max);
		if (config_set(&c->config, set, &e))
			return cli_fail(c, &e);
	}
	if (choose_epics(c, argc, argv, &open, &e))
		return cli_fail(c, &e);
	if (open.issues.n > 1)
		return list_epics(c, &open);
	if (open.issues.n == 1)
		return run_epic(c, open.issues.items[0].id);
	for (int i = 0; i < argc; i++) {
		int code = run_epic(c, argv[i]);
		worst = code > worst ? code : worst;
	}
	return worst;
}
