#include "ui/cli/events.h"

#include "base/clean.h"

#include <cjson/cJSON.h>
#include <string.h>

#define OUTPUT_LINES_MAX 12

static const char *text_of(const cJSON *o, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* Each line behind a mark; of more than max lines only that there are more. */
static void add_lines(struct buf *out, const char *mark, const char *text, int max)
{
	struct str rest = str_of(text), line;
	int n = 0;

	while (str_next(&rest, '\n', &line) && n++ < max) {
		buf_puts(out, mark);
		buf_line(out, line);
		buf_putc(out, '\n');
	}
	if (n > max)
		buf_printf(out, "%s...\n", mark);
}

static void message(struct buf *out, const cJSON *o)
{
	add_lines(out, "", text_of(o, "text"), 10000);
}

static void said(struct buf *out, const cJSON *o)
{
	add_lines(out, "> ", text_of(o, "text"), 10000);
}

static void error_(struct buf *out, const cJSON *o)
{
	add_lines(out, "error: ", text_of(o, "text"), OUTPUT_LINES_MAX);
}

static void tool(struct buf *out, const cJSON *o)
{
	const char *name = text_of(o, "tool"), *input = text_of(o, "input");
	struct str rest = str_of(input), first = {0};

	buf_puts(out, "* ");
	buf_line(out, str_of(name));
	if (str_next(&rest, '\n', &first) && first.n) {
		buf_puts(out, ": ");
		buf_line(out, first);
	}
	buf_puts(out, rest.n ? " ...\n" : "\n");
}

static void tool_end(struct buf *out, const cJSON *o)
{
	bool ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "ok"));

	add_lines(out, ok ? "  | " : "  ! ", text_of(o, "output"), OUTPUT_LINES_MAX);
}

/* By which name it is answered. */
static void add_question(struct buf *out, const cJSON *o)
{
	const char *name = text_of(o, "question");

	if (name) {
		buf_putc(out, ' ');
		buf_line(out, str_of(name));
	}
}

/* What was allowed is seen by its being done. */
static void permission(struct buf *out, const cJSON *o)
{
	const char *decision = text_of(o, "decision"), *why = text_of(o, "why");

	if (streq(decision, "allow"))
		return;
	buf_puts(out, streq(decision, "ask") ? "? asks a person" : "! denied");
	add_question(out, o);
	buf_puts(out, ": ");
	buf_line(out, str_of(text_of(o, "tool")));
	if (text_of(o, "input")) {
		buf_puts(out, ": ");
		buf_line(out, str_of(text_of(o, "input")));
	}
	if (why) {
		buf_puts(out, " (");
		buf_line(out, str_of(why));
		buf_putc(out, ')');
	}
	buf_putc(out, '\n');
}

static void decided(struct buf *out, const cJSON *o)
{
	const char *decision = text_of(o, "decision");

	if (streq(decision, "gone"))
		buf_puts(out, "? no longer asked");
	else
		buf_puts(out, streq(decision, "allow") ? "? allowed" : "? denied");
	add_question(out, o);
	buf_putc(out, '\n');
}

static void turn_end(struct buf *out, const cJSON *o)
{
	if (streq(text_of(o, "status"), "failed"))
		add_lines(out, "failed: ", text_of(o, "text"), OUTPUT_LINES_MAX);
}

static void tokens(struct buf *out, const cJSON *o)
{
	const cJSON *in = cJSON_GetObjectItemCaseSensitive(o, "in");
	const cJSON *n_out = cJSON_GetObjectItemCaseSensitive(o, "out");

	if (cJSON_IsNumber(in) && cJSON_IsNumber(n_out))
		buf_printf(out, "(%.0f tokens in, %.0f out)\n", in->valuedouble,
			   n_out->valuedouble);
}

bool event_show(struct buf *out, const cJSON *o)
{
	static const struct {
		const char *type;
		void (*show)(struct buf *out, const cJSON *o);
	} types[] = {
		{"message",    message   },
                {"said",       said      },
                {"error",      error_    },
		{"tool",       tool      },
                {"tool_end",   tool_end  },
                {"permission", permission},
		{"decided",    decided   },
                {"turn_end",   turn_end  },
                {"tokens",     tokens    },
		{"session",    NULL      },
                {"turn",       NULL      },
	};
	const char *type = text_of(o, "type");
	size_t i = 0;

	while (i < ARRAY_LEN(types) && !streq(types[i].type, type))
		i++;
	if (i == ARRAY_LEN(types))
		return false;
	if (types[i].show)
		types[i].show(out, o);
	return true;
}

void event_text(struct buf *out, struct str line)
{
	cJSON *o = cJSON_ParseWithLength(line.p, line.n);

	if (!event_show(out, o)) {
		buf_line(out, line);
		buf_putc(out, '\n');
	}
	cJSON_Delete(o);
}
