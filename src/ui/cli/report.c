#include "run/report.h"

#include "base/clean.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/epic.h"

/* ganger report: what happened, for a person in the morning. */
int cmd_report(struct cli *c, int argc, char **argv)
{
	struct view v CLEANUP(view_done) = {0};
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	struct report_spec spec;

	if (epic_view(c, argc ? argv[0] : NULL, &v, &e))
		return cli_fail(c, &e);
	spec = view_report(&v);
	report_build(&text, &spec);
	cli_print_buf(c, &text);
	return CLI_OK;
}
