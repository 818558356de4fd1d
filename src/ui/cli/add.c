#include "base/clean.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

static int add(struct cli *c, struct tracker *t, const char *title, char **ret_id, struct err *e)
{
	char *labels CLEANUP(freep) = cli_labels(c), *body CLEANUP(freep) = NULL;
	char **after = NULL;
	struct issue_new n = {.title = title, .labels = labels, .parent = cli_value(c, "epic")};
	int rc = cli_priority(c, &n.priority, e);

	if (rc == 0)
		rc = cli_text(cli_value(c, "body"), &body, e);
	if (rc)
		return rc;
	after = cli_ids(c, "after");
	n.body = body;
	n.after = (const char *const *)after;
	rc = t->ops->add(t, &n, ret_id, e);
	cli_ids_free(after);
	return rc;
}

int cmd_add(struct cli *c, int argc, char **argv)
{
	char *id CLEANUP(freep) = NULL;
	struct err e = ERR_INIT;
	int code = CLI_OK;
	struct tracker *t = cli_issues(c, &code);

	(void)argc;
	if (!t)
		return code;
	if (add(c, t, argv[0], &id, &e))
		code = cli_fail(c, &e);
	else
		cli_print_line(c, id);
	t->ops->free(t);
	return code;
}
