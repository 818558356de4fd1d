#include "run/parts.h"
#include "ui/cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &parts_all);
}
