#include "base/clean.h"
#include "base/near.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/manual.h"

#include <string.h>

static int help_all(struct cli *c)
{
	cli_print(
		c,
		"usage: ganger [-C DIR] [-c KEY=VALUE]... COMMAND [ARGS]\n\n"
		"Takes an epic and a Git repository and brings the epic home: an agent for every\n"
		"task that is ready, each in a worktree of its own, merged one after another.\n\n");
	for (const struct cli_command *k = cli_commands; k->name; k++)
		cli_print(c, "  %-11s %s\n", k->name, k->help);
	cli_print(c, "\n  -C DIR         change folder first\n"
		     "  -c KEY=VALUE   override a key of ganger.yaml\n\n"
		     "'ganger help COMMAND' explains one, 'ganger help config' the keys of "
		     "ganger.yaml.\n"
		     "Exit codes: 0 done, 1 something failed, 2 usage, 3 a person is needed,\n"
		     "4 the environment cannot do it, 130 stopped.\n");
	return CLI_OK;
}

static void usage_line(struct cli *c, const struct cli_command *k)
{
	cli_print(c, "usage: ganger %s", k->name);
	for (const struct cli_option *o = k->options; o && o->name; o++)
		cli_print(c, o->value ? " [--%s %s]" : " [--%s]", o->name, o->value);
	cli_print(c, "%s%s\n", k->usage[0] ? " " : "", k->usage);
}

static void option_line(struct cli *c, const struct cli_option *o)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (o->letter)
		buf_printf(&b, "-%c, ", o->letter);
	buf_printf(&b, "--%s", o->name);
	if (o->value)
		buf_printf(&b, " %s", o->value);
	cli_print(c, "  %-22s %s\n", buf_cstr(&b), o->help);
}

static int help_command(struct cli *c, const struct cli_command *k)
{
	usage_line(c, k);
	cli_print(c, "\n%s\n", k->help);
	if (k->about)
		cli_print(c, "\n%s", k->about);
	if (k->options)
		cli_print(c, "\n");
	for (const struct cli_option *o = k->options; o && o->name; o++)
		option_line(c, o);
	return CLI_OK;
}

static void key_lines(struct cli *c, const struct config_key_info *k)
{
	struct buf key CLEANUP(buf_done) = BUF_INIT;
	struct buf type CLEANUP(buf_done) = BUF_INIT;

	buf_config_key(&key, k);
	buf_config_type(&type, k);
	cli_print(c, "  %s\n      %s\n      %s", buf_cstr(&key), k->help, buf_cstr(&type));
	if (k->default_[0])
		cli_print(c, "; default %s", k->default_);
	cli_print(c, "\n");
}

static int help_config(struct cli *c)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	cli_print(
		c,
		"ganger.yaml lies in the root of the repository. Every key can be overridden\n"
		"with -c KEY=VALUE. A dot stands for nesting; either way of writing is read.\n\n");
	for (size_t i = 0; i < n; i++)
		key_lines(c, &k[i]);
	return CLI_OK;
}

/* What the manual pages are made of. */
static int help_manual(struct cli *c, const char *what)
{
	if (streq(what, "config"))
		manual_keys(c);
	else
		manual_commands(c);
	return CLI_OK;
}

int cmd_help(struct cli *c, int argc, char **argv)
{
	const struct cli_command *k;
	struct near near;

	if (cli_flag(c, "man"))
		return help_manual(c, argc ? argv[0] : "commands");
	if (argc == 0)
		return help_all(c);
	k = cli_command_find(argv[0]);
	if (k)
		return help_command(c, k);
	if (streq(argv[0], "config"))
		return help_config(c);
	near = (struct near)NEAR_INIT(argv[0]);
	for (k = cli_commands; k->name; k++)
		near_offer(&near, k->name);
	cli_error(c, "there is no command '%s'", argv[0]);
	if (near.best)
		cli_hint(c, "did you mean 'ganger help %s'?", near.best);
	return CLI_USAGE;
}

int cmd_version(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cli_print(c, "ganger " GANGER_VERSION "\n");
	return CLI_OK;
}
