#include "base/clean.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

int cmd_comment(struct cli *c, int argc, char **argv)
{
	char *text CLEANUP(freep) = NULL;
	struct err e = ERR_INIT;
	int code = CLI_OK;

	(void)argc;
	if (cli_text(argv[1], &text, &e))
		return cli_fail(c, &e);
	if (!*text)
		return cli_usage(c, "a comment cannot be empty");
	struct tracker *t = cli_issues(c, &code);
	if (!t)
		return code;
	if (t->ops->comment(t, argv[0], NULL, text, &e))
		code = cli_fail(c, &e);
	t->ops->free(t);
	return code;
}
