#include "base/clean.h"
#include "run/plan.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

static int edit(struct cli *c, struct tracker *t, const char *id, struct err *e)
{
	char *labels CLEANUP(freep) = cli_labels(c), *body CLEANUP(freep) = NULL;
	char **after = NULL;
	struct issue_change change = {
		.title = cli_value(c, "title"), .labels = labels, .status = cli_value(c, "status")};
	int rc = cli_priority(c, &change.priority, e);

	if (rc == 0)
		rc = cli_text(cli_value(c, "body"), &body, e);
	if (rc)
		return rc;
	after = cli_ids(c, "after");
	change.body = body;
	change.after = (const char *const *)after;
	rc = t->ops->edit(t, id, &change, e);
	cli_ids_free(after);
	return rc;
}

/* A cycle may be on its way to being something else; that it is one now is said. */
static void warn_of_cycle(struct cli *c, struct tracker *t)
{
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	struct err none = ERR_INIT; /* 'plan' and 'run' look again and do not go on with one */
	struct plan plan CLEANUP(plan_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct issue all CLEANUP(issue_done) = {0};

	if (t->ops->load(t, NULL, &all, &g, &none))
		return;
	plan_make(&g, &plan);
	if (!plan.n_cycles)
		return;
	buf_plan_cycle(&names, &plan, 0);
	cli_warn(c, "this is a cycle, and nothing in it can start: %s", buf_cstr(&names));
}

int cmd_edit(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int code = CLI_OK;

	(void)argc;
	if (!c->values.n)
		return cli_usage(c, "nothing to change about issue '%s'", argv[0]);
	struct tracker *t = cli_issues(c, &code);
	if (!t)
		return code;
	if (edit(c, t, argv[0], &e))
		code = cli_fail(c, &e);
	else if (cli_value(c, "after"))
		warn_of_cycle(c, t);
	t->ops->free(t);
	return code;
}
