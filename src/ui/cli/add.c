#include "base/clean.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

/* An epic is an issue as any, and made as any. */
static void hint_epic(struct tracker *t, const char *epic, struct err *e)
{
	struct issue found CLEANUP(issue_done) = {0};
	struct err why = ERR_INIT;

	if (epic && t->ops->get(t, epic, &found, NULL, &why) == ERR_NOT_FOUND)
		(void)err_hint(e, "an epic is an issue, too: 'ganger add TITLE' prints its id");
}

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
	if (rc)
		hint_epic(t, n.parent, e);
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
