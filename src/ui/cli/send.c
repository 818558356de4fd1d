#include "run/control.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/control.h"

/* ganger send: words to an agent at work, or the answer to what it asks, by the question's name. */
int cmd_send(struct cli *c, int argc, char **argv)
{
	bool allow = cli_flag(c, "allow"), deny = cli_flag(c, "deny");
	struct control_request r = {.verb = CONTROL_SAY};

	if (argc > 1)
		r.text = argv[1];
	if (allow + deny > 1 || (allow + deny == 0 && !r.text) || (r.text && !r.text[0]))
		return cli_usage(c, "give one of TEXT, --allow and --deny");
	if (allow || deny)
		r.verb = allow ? CONTROL_ALLOW : CONTROL_DENY;
	return control_ask_tasks(c, &r, 1, argv);
}
