#include "ui/cli/manual.h"

#include "base/clean.h"
#include "ui/cli/cli.h"

/* A text as roff shows it literally. */
static void buf_roff(struct buf *b, const char *s)
{
	if (*s == '.' || *s == '\'')
		buf_puts(b, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			buf_puts(b, "\\e");
		else if (*s == '-')
			buf_puts(b, "\\-");
		else if (*s == '"')
			buf_puts(b, "\\(dq");
		else
			buf_putc(b, *s);
	}
}

static void option_item(struct buf *b, const struct cli_option *o)
{
	buf_puts(b, ".RS\n.TP\n.B \\-\\-");
	buf_roff(b, o->name);
	if (o->value) {
		buf_puts(b, " \\fI");
		buf_roff(b, o->value);
		buf_puts(b, "\\fP");
	}
	buf_putc(b, '\n');
	buf_roff(b, o->help);
	buf_puts(b, "\n.RE\n");
}

static void command_item(struct buf *b, const struct cli_command *k)
{
	buf_puts(b, ".TP\n.B ");
	buf_roff(b, k->name);
	if (k->usage[0]) {
		buf_puts(b, " \\fI");
		buf_roff(b, k->usage);
		buf_puts(b, "\\fP");
	}
	buf_putc(b, '\n');
	buf_roff(b, k->help);
	buf_putc(b, '\n');
	if (k->about) {
		buf_puts(b, ".RS\n.PP\n");
		buf_roff(b, k->about);
		buf_puts(b, ".RE\n");
	}
	for (const struct cli_option *o = k->options; o && o->name; o++)
		option_item(b, o);
}

void manual_commands(struct cli *c)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (const struct cli_command *k = cli_commands; k->name; k++)
		command_item(&b, k);
	cli_print_buf(c, &b);
}

static void key_item(struct buf *b, const struct config_key_info *k)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	struct buf type CLEANUP(buf_done) = BUF_INIT;

	buf_config_key(&name, k);
	buf_config_type(&type, k);
	buf_puts(b, ".TP\n.B ");
	buf_roff(b, buf_cstr(&name));
	buf_putc(b, '\n');
	buf_roff(b, k->help);
	buf_puts(b, ".\n.br\n");
	buf_roff(b, buf_cstr(&type));
	if (k->default_[0]) {
		buf_puts(b, "; default \\fB");
		buf_roff(b, k->default_);
		buf_puts(b, "\\fP");
	}
	buf_putc(b, '\n');
}

void manual_keys(struct cli *c)
{
	size_t n, n_sections;
	const struct config_key_info *k = config_keys(&n);
	const struct config_section_info *s = config_sections(&n_sections);
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (!k[i].section[0])
			key_item(&b, &k[i]);
	}
	for (size_t j = 0; j < n_sections; j++) {
		buf_printf(&b, ".SS %s: %s\n", s[j].name, s[j].help);
		for (size_t i = 0; i < n; i++) {
			if (streq(k[i].section, s[j].name))
				key_item(&b, &k[i]);
		}
	}
	cli_print_buf(c, &b);
}
