#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

static void command_words(struct cli *c)
{
	for (const struct cli_command *k = cli_commands; k->name; k++)
		cli_print(c, "%s%s", k == cli_commands ? "" : " ", k->name);
}

static void option_case(struct cli *c, const struct cli_command *k)
{
	cli_print(c, "\t%s) words='--help", k->name);
	for (const struct cli_option *o = k->options; o && o->name; o++)
		cli_print(c, " --%s", o->name);
	cli_print(c, "' ;;\n");
}

static int completion_bash(struct cli *c)
{
	cli_print(c, "# bash completion for ganger; made by 'ganger completion bash'\n"
		     "_ganger()\n{\n"
		     "\tlocal word=${COMP_WORDS[COMP_CWORD]} words= command= i\n"
		     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		     "\t\tcase ${COMP_WORDS[i]} in\n"
		     "\t\t-C | -c) ((i++)) ;;\n"
		     "\t\t-*) ;;\n"
		     "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
		     "\t\tesac\n\tdone\n"
		     "\tcase $command in\n"
		     "\t'') words='");
	command_words(c);
	cli_print(c, "' ;;\n\thelp) words='config ");
	command_words(c);
	cli_print(c, "' ;;\n");
	for (const struct cli_command *k = cli_commands; k->name; k++) {
		if (!streq(k->name, "help"))
			option_case(c, k);
	}
	cli_print(c, "\tesac\n"
		     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
		     "}\n"
		     "complete -o default -F _ganger ganger\n");
	return CLI_OK;
}

int cmd_completion(struct cli *c, int argc, char **argv)
{
	(void)argc;
	if (streq(argv[0], "bash"))
		return completion_bash(c);
	return cli_usage(c, "there is no completion for '%s', only for 'bash'", argv[0]);
}
