#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

int cmd_close(struct cli *c, int argc, char **argv)
{
	const char *reason = cli_value(c, "reason");
	struct err e = ERR_INIT;
	int code = CLI_OK;

	if (reason && !streq(reason, "completed") && !streq(reason, "not_planned"))
		return cli_usage(c, "a reason is 'completed' or 'not_planned', not '%s'", reason);
	struct tracker *t = cli_issues(c, &code);
	for (int i = 0; t && i < argc && code == CLI_OK; i++) {
		if (t->ops->close(t, argv[i], reason ? reason : "completed",
				  cli_value(c, "comment"), &e))
			code = cli_fail(c, &e);
	}
	if (t)
		t->ops->free(t);
	return code;
}
