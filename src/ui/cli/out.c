#include "base/clean.h"
#include "base/utf8.h"
#include "ui/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* "<label>: <text>" on standard error, as one line. */
static void say(const char *label, const char *text)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_line(&b, str_of(text));
	/* Where standard error is gone there is nobody to tell. */
	(void)fprintf(stderr, "%s: %s\n", label, buf_cstr(&b));
}

static void vsay(const char *label, const char *fmt, va_list ap)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_vprintf(&b, fmt, ap);
	say(label, buf_cstr(&b));
}

#define SAY(label, fmt)                                                                            \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, fmt);                                                                \
		vsay(label, fmt, ap_);                                                             \
		va_end(ap_);                                                                       \
	} while (0)

void cli_error(struct cli *c, const char *fmt, ...)
{
	(void)c;
	SAY("error", fmt);
}

void cli_detail(struct cli *c, const char *fmt, ...)
{
	(void)c;
	SAY("detail", fmt);
}

void cli_hint(struct cli *c, const char *fmt, ...)
{
	(void)c;
	SAY("hint", fmt);
}

void cli_warn(struct cli *c, const char *fmt, ...)
{
	(void)c;
	SAY("warning", fmt);
}

int cli_usage(struct cli *c, const char *fmt, ...)
{
	SAY("error", fmt);
	if (c->command)
		cli_hint(c, "'ganger help %s' shows how it is used", c->command->name);
	else
		cli_hint(c, "'ganger help' lists the commands");
	return CLI_USAGE;
}

static int exit_code(enum err_code code)
{
	switch (code) {
	case ERR_INVALID:
	case ERR_NOT_FOUND:
		return CLI_USAGE;
	case ERR_CONFLICT:
		return CLI_PERSON;
	case ERR_NONE:
	case ERR_BUSY:
	case ERR_IO:
	case ERR_LIMIT:
	case ERR_CORRUPT:
		break;
	}
	return CLI_ENVIRONMENT;
}

int cli_fail(struct cli *c, const struct err *e)
{
	CHECK(e->code != ERR_NONE);
	cli_error(c, "%s", e->msg);
	if (e->hint[0])
		cli_hint(c, "%s", e->hint);
	return exit_code(e->code);
}

void cli_print(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	(void)c;
	va_start(ap, fmt);
	/* What could not be written is found and said at the end of the command. */
	(void)vprintf(fmt, ap);
	va_end(ap);
}

void cli_print_buf(struct cli *c, const struct buf *b)
{
	(void)c;
	(void)fwrite(buf_cstr(b), 1, b->n, stdout);
}

const char *cli_plural(int n)
{
	return n == 1 ? "" : "s";
}

void cli_print_line(struct cli *c, const char *text)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_line(&b, str_of(text));
	buf_putc(&b, '\n');
	cli_print_buf(c, &b);
}

void cli_print_json(struct cli *c, cJSON *j)
{
	char *text CLEANUP(freep) = cJSON_PrintUnformatted(j);

	CHECK(text);
	cli_print(c, "%s\n", text);
	cJSON_Delete(j);
}

cJSON *cli_json_text(const char *s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	size_t n = s ? strlen(s) : 0;

	if (!s)
		return cJSON_CreateNull();
	while (n) {
		size_t length = utf8_length(s, n);

		if (length)
			buf_add(&b, s, length);
		else
			buf_puts(&b, "\xef\xbf\xbd");
		length = length ? length : 1;
		s += length;
		n -= length;
	}
	return cJSON_CreateString(buf_cstr(&b));
}
