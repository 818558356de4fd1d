#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

int cmd_doctor(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cli_error(c, "'doctor' is not there yet");
	return CLI_ENVIRONMENT;
}
