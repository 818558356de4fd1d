#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

int cmd_init(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cli_error(c, "'init' is not there yet");
	return CLI_ENVIRONMENT;
}
