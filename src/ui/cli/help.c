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

#define COLUMNS 80

/* A line of a help, its words broken where a terminal ends. */
struct line {
	struct buf text;
	size_t begins; /* where its last line does, and */
	int indent;    /* what those after the first begin with */
};

static void line_add(struct line *l, struct str word)
{
	if (l->text.n - l->begins + 1 + word.n > COLUMNS) {
		buf_putc(&l->text, '\n');
		l->begins = l->text.n;
		buf_printf(&l->text, "%*s", l->indent, "");
	} else if (l->text.n > l->begins) {
		buf_putc(&l->text, ' ');
	}
	buf_add(&l->text, word.p, word.n);
}

static void line_add_words(struct line *l, const char *words)
{
	struct str rest = str_of(words), word;

	while (str_next(&rest, ' ', &word))
		line_add(l, word);
}

static void line_print(struct cli *c, struct line *l)
{
	buf_putc(&l->text, '\n');
	cli_print_buf(c, &l->text);
	buf_done(&l->text);
}

static void usage_line(struct cli *c, const struct cli_command *k)
{
	struct line l = {.text = BUF_INIT, .indent = 8};

	buf_printf(&l.text, "usage: ganger %s", k->name);
	for (const struct cli_option *o = k->options; o && o->name; o++) {
		char *option CLEANUP(freep) = o->value ? mem_printf("[--%s %s]", o->name, o->value)
						       : mem_printf("[--%s]", o->name);

		line_add(&l, str_of(option));
	}
	line_add_words(&l, k->usage);
	line_print(c, &l);
}

static void option_line(struct cli *c, const struct cli_option *o)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct line l = {.text = BUF_INIT, .indent = 25};

	if (o->letter)
		buf_printf(&b, "-%c, ", o->letter);
	buf_printf(&b, "--%s", o->name);
	if (o->value)
		buf_printf(&b, " %s", o->value);
	buf_printf(&l.text, "  %-22s", buf_cstr(&b));
	line_add_words(&l, o->help);
	line_print(c, &l);
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

	struct line help = {.text = BUF_INIT, .indent = 6};
	struct line is = {.text = BUF_INIT, .indent = 6};

	buf_config_key(&key, k);
	buf_config_type(&type, k);
	if (k->default_[0])
		buf_printf(&type, "; default %s", k->default_);
	cli_print(c, "  %s\n", buf_cstr(&key));
	buf_puts(&help.text, "     ");
	line_add_words(&help, k->help);
	line_print(c, &help);
	buf_puts(&is.text, "     ");
	line_add_words(&is, buf_cstr(&type));
	line_print(c, &is);
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
