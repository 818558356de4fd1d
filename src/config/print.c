#include "base/clean.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

static bool is_word_of_yaml(const char *s)
{
	static const char *const words[] = {"true", "false", "null", "yes", "no",
					    "on",   "off",   "y",    "n"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!strcasecmp(s, words[i]))
			return true;
	}
	return false;
}

/* May it stand without quotes, in a block and in a flow? Says no more often than YAML would. */
static bool is_plain(const char *s)
{
	size_t n = strlen(s);
	bool start = isalpha((unsigned char)s[0]) || s[0] == '/' || s[0] == '_' || s[0] == '$' ||
		     (s[0] == '.' && (isalpha((unsigned char)s[1]) || s[1] == '/'));

	if (!start || s[n - 1] == ' ' || s[n - 1] == ':' || is_word_of_yaml(s))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < ' ' || s[i] > '~' || strchr("{}[],", s[i]))
			return false;
		if ((s[i] == ':' && s[i + 1] == ' ') || (s[i] == ' ' && s[i + 1] == '#'))
			return false;
	}
	return true;
}

void buf_yaml_text(struct buf *b, const char *s)
{
	if (is_plain(s)) {
		buf_puts(b, s);
		return;
	}
	buf_putc(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if (*s == '\n')
			buf_puts(b, "\\n");
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned)*s);
		else
			buf_putc(b, *s);
	}
	buf_putc(b, '"');
}

static void texts_value(struct buf *b, char *const *texts)
{
	buf_putc(b, '[');
	for (size_t i = 0; texts[i]; i++) {
		buf_puts(b, i ? ", " : "");
		buf_yaml_text(b, texts[i]);
	}
	buf_putc(b, ']');
}

static void command_value(struct buf *b, char *const *argv)
{
	if (streq(argv[0], "sh") && streq(argv[1], "-c") && argv[2] && !argv[3])
		buf_yaml_text(b, argv[2]);
	else
		texts_value(b, argv);
}

/* A value that nobody should find in a journal or on a screen. */
static bool is_secret(const char *name, size_t n)
{
	static const char *const parts[] = {"KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t length = strlen(parts[i]);

		for (size_t at = 0; at + length <= n; at++) {
			if (!strncasecmp(name + at, parts[i], length))
				return true;
		}
	}
	return false;
}

/* Enough to see that a secret changed. */
static uint32_t fingerprint(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return (uint32_t)(h ^ (h >> 32));
}

static void map_value(struct buf *b, char *const *texts)
{
	buf_putc(b, '{');
	for (size_t i = 0; texts[i]; i++) {
		const char *equals = strchr(texts[i], '=');
		size_t n = equals ? (size_t)(equals - texts[i]) : strlen(texts[i]);

		char *name CLEANUP(freep) = mem_strndup(texts[i], n);

		buf_puts(b, i ? ", " : "");
		buf_yaml_text(b, name);
		buf_puts(b, ": ");
		if (!equals)
			buf_puts(b, "null");
		else if (is_secret(texts[i], n))
			buf_printf(b, "\"(hidden %08" PRIx32 ")\"", fingerprint(equals + 1));
		else
			buf_yaml_text(b, equals + 1);
	}
	buf_putc(b, '}');
}

static void files_value(struct buf *b, char *const *texts)
{
	buf_putc(b, '{');
	for (size_t i = 0; texts[i]; i += 2) {
		buf_puts(b, i ? ", " : "");
		buf_yaml_text(b, texts[i]);
		buf_puts(b, ": ");
		buf_yaml_text(b, texts[i + 1]);
	}
	buf_putc(b, '}');
}

static void duration_value(struct buf *b, int64_t ms);

/* As it may stand in the file, on one line. */
static void checks_value(struct buf *b, const struct config_check *x)
{
	if (!x->name) {
		command_value(b, x->run);
		return;
	}
	for (const char *sep = "{"; x->run; x++, sep = ", ") {
		buf_printf(b, "%s%s: {run: ", sep, x->name);
		command_value(b, x->run);
		if (x->paths) {
			buf_puts(b, ", paths: ");
			texts_value(b, x->paths);
		}
		if (x->timeout >= 0) {
			buf_puts(b, ", timeout: ");
			duration_value(b, x->timeout);
		}
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

struct unit {
	const char *name;
	int64_t factor;
};

/* In the largest unit that divides it. */
static void unit_value(struct buf *b, int64_t value, const struct unit *u)
{
	while (value % u->factor)
		u++;
	buf_printf(b, "%" PRId64 "%s", value / u->factor, u->name);
}

static void duration_value(struct buf *b, int64_t ms)
{
	static const struct unit units[] = {
		{"d",  86400000},
                {"h",  3600000 },
                {"m",  60000   },
                {"s",  1000    },
                {"ms", 1       }
        };

	if (ms == 0)
		buf_puts(b, "off");
	else if (ms > 0)
		unit_value(b, ms, units);
}

static void size_value(struct buf *b, int64_t bytes)
{
	static const struct unit units[] = {
		{"TiB", (int64_t)1 << 40},
		{"GiB", 1 << 30         },
		{"MiB", 1 << 20         },
		{"KiB", 1 << 10         },
		{"",    1               }
        };

	unit_value(b, bytes, units);
}

void buf_value(struct buf *b, enum config_type type, const void *field)
{
	char *text = NULL, **texts = NULL;

	if (type == CONFIG_TEXT || type == CONFIG_WORD)
		text = *(char *const *)field;
	if (type == CONFIG_LIST || type == CONFIG_COMMAND || type == CONFIG_MAP ||
	    type == CONFIG_FILES)
		texts = *(char **const *)field;
	if (text)
		buf_yaml_text(b, text);
	else if (type == CONFIG_CHECKS && *(struct config_check *const *)field)
		checks_value(b, *(struct config_check *const *)field);
	else if (texts && type == CONFIG_LIST)
		texts_value(b, texts);
	else if (texts && type == CONFIG_FILES)
		files_value(b, texts);
	else if (texts && type == CONFIG_COMMAND)
		command_value(b, texts);
	else if (texts)
		map_value(b, texts);
	else if (type == CONFIG_INT)
		buf_printf(b, "%d", *(const config_INT *)field);
	else if (type == CONFIG_COUNT && *(const config_COUNT *)field)
		buf_printf(b, "%" PRId64, *(const config_COUNT *)field);
	else if (type == CONFIG_DURATION)
		duration_value(b, *(const config_DURATION *)field);
	else if (type == CONFIG_SIZE)
		size_value(b, *(const config_SIZE *)field);
	else if (type == CONFIG_MONEY && *(const config_MONEY *)field >= 0)
		buf_amount(b, *(const config_MONEY *)field);
	else if (type == CONFIG_BOOL)
		buf_puts(b, *(const config_BOOL *)field ? "true" : "false");
}

typedef VEC(char *) lines;

static void origin_text(struct buf *b, const struct config *c, const struct config_origin *o)
{
	switch (o->from) {
	case CONFIG_DEFAULT:
		buf_puts(b, "default");
		break;
	case CONFIG_PRESET:
		buf_puts(b, "preset");
		break;
	case CONFIG_FILE:
		buf_printf(b, "%s:%d", c->path, o->line);
		break;
	case CONFIG_OPTION:
		buf_puts(b, "-c");
		break;
	}
}

struct line_spec {
	const struct config *c;
	const struct config_agent *agent; /* NULL: a key of c itself */
	bool origins;
};

static char *value_line(const struct line_spec *s, size_t row)
{
	size_t n;
	const struct config_key_info *k = &config_keys(&n)[row];
	const void *base = s->agent ? (const void *)s->agent : (const void *)s->c;
	const struct config_origin *origins = s->agent ? s->agent->origin : s->c->origin;
	struct buf b = BUF_INIT;

	if (s->agent)
		buf_printf(&b, "agents.%s.%s=", s->agent->name, k->name);
	else
		buf_printf(&b, "%s%s%s=", k->section, k->section[0] ? "." : "", k->name);
	buf_value(&b, k->type, (const char *)base + key_places()[row].offset);
	if (s->origins) {
		buf_putc(&b, '\t');
		origin_text(&b, s->c, &origins[key_places()[row].index]);
	}
	return buf_take(&b);
}

static int key_order(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* The key of a line "key=value". */
static struct str line_key(const char *line)
{
	return (struct str){line, strcspn(line, "=")};
}

static int by_key(const void *a, const void *b)
{
	return key_order(line_key(*(char *const *)a), line_key(*(char *const *)b));
}

static void config_lines(struct buf *b, const struct config *c, bool origins)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);
	lines all = {0};

	for (size_t i = 0; i < n; i++) {
		if (!key_is_agents(&k[i])) {
			VEC_PUSH(&all, value_line(&(struct line_spec){c, NULL, origins}, i));
			continue;
		}
		for (size_t a = 0; a < c->agents.n; a++) {
			struct line_spec s = {c, &c->agents.items[a], origins};

			VEC_PUSH(&all, value_line(&s, i));
		}
	}
	if (all.n)
		qsort(all.items, all.n, sizeof(*all.items), by_key);
	for (size_t i = 0; i < all.n; i++) {
		buf_puts(b, all.items[i]);
		buf_putc(b, '\n');
		free(all.items[i]);
	}
	VEC_DONE(&all);
}

void buf_config(struct buf *b, const struct config *c)
{
	config_lines(b, c, false);
}

void buf_config_origins(struct buf *b, const struct config *c)
{
	config_lines(b, c, true);
}

/* A line "key=value" in two; false at the end of the text. */
static bool line_next(struct str *rest, struct str *key, struct str *value)
{
	struct str line;

	if (!str_next(rest, '\n', &line))
		return false;
	(void)str_next(&line, '=', key); /* a line without '=' is a key without a value */
	*value = line;
	return true;
}

static void change_line(struct buf *b, struct str key, struct str old, struct str new_)
{
	static const struct str nothing = {"(not set)", 9};

	if (!old.n)
		old = nothing;
	if (!new_.n)
		new_ = nothing;
	buf_printf(b, "%.*s: %.*s -> %.*s\n", (int)key.n, key.p, (int)old.n, old.p, (int)new_.n,
		   new_.p);
}

int buf_config_changes(struct buf *b, struct str before, struct str after)
{
	struct str key_a, key_b, a = {0}, z = {0};
	bool more_a = line_next(&before, &key_a, &a), more_z = line_next(&after, &key_b, &z);
	const struct str none = {"", 0};
	int changes = 0;

	/* Both are sorted: walk them side by side. */
	while (more_a || more_z) {
		int order = !more_a ? 1 : !more_z ? -1 : key_order(key_a, key_b);
		struct str key = order > 0 ? key_b : key_a;
		struct str old = order > 0 ? none : a, new_ = order < 0 ? none : z;

		if (!str_eq(old, new_)) {
			change_line(b, key, old, new_);
			changes++;
		}
		if (order <= 0)
			more_a = line_next(&before, &key_a, &a);
		if (order >= 0)
			more_z = line_next(&after, &key_b, &z);
	}
	return changes;
}
