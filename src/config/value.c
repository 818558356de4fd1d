#include "config/value.h"

#include "base/check.h"
#include "base/clean.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <regex.h>
#include <string.h>

typedef int
read_fn(const struct config_key_info *k, const struct node *n, void *field, struct err *e);

/* "must be a size from 64KiB to 1TiB", with what it is instead. */
static int wrong(const struct config_key_info *k, const struct node *n, struct err *e)
{
	static const char *const kinds[] = {
		[NODE_NULL] = "nothing", [NODE_LIST] = "a list", [NODE_MAP] = "a map"};
	struct buf type CLEANUP(buf_done) = BUF_INIT;

	buf_config_type(&type, k);
	if (n->kind == NODE_TEXT)
		return err_set(e, ERR_INVALID, "is '%.100s', must be %s", n->text, buf_cstr(&type));
	return err_set(e, ERR_INVALID, "is %s, must be %s", kinds[n->kind], buf_cstr(&type));
}

/* A number in the notation of the type. */
static bool number_parse(enum config_type type, struct str s, int64_t *ret)
{
	if (type == CONFIG_DURATION)
		return duration_parse(s, ret, NULL) == 0;
	if (type == CONFIG_SIZE)
		return size_parse(s, ret, NULL) == 0;
	return str_i64(s, ret);
}

/* Is it in "low..high"? 'off' is 0: it has a word of its own in front, or is where the range begins. */
static bool number_fits(const struct config_key_info *k, const struct node *n, int64_t value)
{
	struct str range = str_of(k->range), low;
	int64_t from = 0, to = 0;

	if (streq(n->text, "off"))
		return str_starts(range, "off,") || str_starts(range, "0..");
	if (str_starts(range, "off,"))
		range = (struct str){range.p + 4, range.n - 4};
	CHECK(str_next(&range, '.', &low));
	CHECK(number_parse(k->type, low, &from));
	CHECK(number_parse(k->type, (struct str){range.p + 1, range.n - 1}, &to));
	return value >= from && value <= to;
}

static int
read_number(const struct config_key_info *k, const struct node *n, int64_t *ret, struct err *e)
{
	bool may_be_quoted = k->type == CONFIG_DURATION || k->type == CONFIG_SIZE;
	int64_t value;

	if (n->kind != NODE_TEXT || (!n->plain && !may_be_quoted) ||
	    !number_parse(k->type, str_of(n->text), &value) || !number_fits(k, n, value))
		return wrong(k, n, e);
	*ret = value;
	return 0;
}

static int
read_int(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	int64_t value = 0;
	int rc = read_number(k, n, &value, e);

	if (rc == 0)
		*(config_INT *)field = (int)value;
	return rc;
}

static int
read_int64(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	return read_number(k, n, field, e);
}

/* Digits, one point: the notation of a price, whatever the locale. */
static bool money_parse(const char *s, double *ret)
{
	double value = 0, unit = 1;
	bool digits = false;

	for (; *s >= '0' && *s <= '9'; s++, digits = true)
		value = value * 10 + (*s - '0');
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, digits = true)
			value += (*s - '0') * (unit /= 10);
	}
	*ret = value;
	return digits && !*s;
}

static int
read_money(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	double value;

	if (n->kind != NODE_TEXT || !n->plain || !money_parse(n->text, &value) || value > 1e6)
		return wrong(k, n, e);
	*(config_MONEY *)field = value;
	return 0;
}

static int
read_bool(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	bool yes = n->kind == NODE_TEXT && n->plain && streq(n->text, "true");

	if (!yes && !(n->kind == NODE_TEXT && n->plain && streq(n->text, "false")))
		return wrong(k, n, e);
	*(config_BOOL *)field = yes;
	return 0;
}

static void text_set(void *field, const char *text)
{
	char **to = field;

	free(*to);
	*to = mem_strdup(text);
}

static int
read_text(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	if (n->kind != NODE_TEXT || !n->text[0])
		return wrong(k, n, e);
	text_set(field, n->text);
	return 0;
}

static int
read_word(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	struct str words = str_of(k->range), word;

	while (n->kind == NODE_TEXT && str_next(&words, ' ', &word)) {
		if (str_eq(word, str_of(n->text))) {
			text_set(field, n->text);
			return 0;
		}
	}
	return wrong(k, n, e);
}

static void texts_free(char **texts)
{
	for (char **p = texts; p && *p; p++)
		free(*p);
	free(texts);
}

/* Put texts into a field of one of the types that are arrays. */
static void texts_set(void *field, char **texts)
{
	char ***to = field;

	texts_free(*to);
	*to = texts;
}

/* A list of texts as an array; items may not be empty or lists themselves. */
static int
texts_of(const struct config_key_info *k, const struct node *n, char ***ret, struct err *e)
{
	char **texts = mem_resize(NULL, n->items.n + 1, sizeof(*texts));

	for (size_t i = 0; i <= n->items.n; i++)
		texts[i] = NULL;
	for (size_t i = 0; i < n->items.n; i++) {
		const struct node *item = &n->items.items[i];

		if (item->kind != NODE_TEXT) {
			texts_free(texts);
			return wrong(k, item, e);
		}
		texts[i] = mem_strdup(item->text);
	}
	*ret = texts;
	return 0;
}

/* "allow|deny|ask TOOL[(PATTERN)]": the first that is not is an error. */
static int check_rules(char **texts, struct err *e)
{
	for (char **p = texts; *p; p++) {
		struct str rest = str_of(*p), word;
		bool known = str_next(&rest, ' ', &word) &&
			     (str_eq(word, STR("allow")) || str_eq(word, STR("deny")) ||
			      str_eq(word, STR("ask")));
		const char *open = strchr(*p, '(');

		rest = str_trim(rest);
		if (!known || !rest.n || rest.p[0] == '(' || (open && !str_ends(rest, ")")))
			return err_set(e, ERR_INVALID,
				       "has '%s', which is not 'allow|deny|ask TOOL[(PATTERN)]'",
				       *p);
	}
	return 0;
}

/* The first of the texts that is no extended regular expression is an error. */
static int check_patterns(char **texts, struct err *e)
{
	for (char **p = texts; *p; p++) {
		regex_t re;
		char why[128];
		int rc = regcomp(&re, *p, REG_EXTENDED | REG_NOSUB);

		if (rc) {
			(void)regerror(rc, &re, why, sizeof(why));
			return err_set(e, ERR_INVALID, "has '%s', which is no pattern: %s", *p,
				       why);
		}
		regfree(&re);
	}
	return 0;
}

static int
read_list(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	struct node one = {
		.kind = NODE_LIST, .items = {.items = (struct node *)n, .n = 1}
        };
	char **texts = NULL;
	int rc;

	if (n->kind != NODE_TEXT && n->kind != NODE_LIST)
		return wrong(k, n, e);
	rc = texts_of(k, n->kind == NODE_TEXT ? &one : n, &texts, e);
	if (rc == 0 && streq(k->range, "patterns"))
		rc = check_patterns(texts, e);
	if (rc == 0 && streq(k->range, "rules"))
		rc = check_rules(texts, e);
	if (rc == 0)
		texts_set(field, texts);
	else
		texts_free(texts);
	return rc;
}

static int
command_of(const struct config_key_info *k, const struct node *n, char ***ret, struct err *e)
{
	char **texts = NULL;
	int rc = 0;

	if (n->kind == NODE_TEXT && str_trim(str_of(n->text)).n) {
		texts = mem_resize(NULL, 4, sizeof(*texts));
		texts[0] = mem_strdup("sh");
		texts[1] = mem_strdup("-c");
		texts[2] = mem_strdup(n->text);
		texts[3] = NULL;
	} else if (n->kind == NODE_LIST && n->items.n && n->items.items[0].kind == NODE_TEXT &&
		   n->items.items[0].text[0]) {
		rc = texts_of(k, n, &texts, e);
	} else {
		return wrong(k, n, e);
	}
	if (rc == 0)
		*ret = texts;
	return rc;
}

static int
read_command(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	char **texts = NULL;
	int rc = command_of(k, n, &texts, e);

	if (rc == 0)
		texts_set(field, texts);
	return rc;
}

/* ---- queue.check ---- */

static void checks_free(struct config_check *checks)
{
	for (struct config_check *x = checks; x && x->run; x++) {
		free(x->name);
		texts_free(x->run);
		texts_free(x->paths);
	}
	free(checks);
}

/* It names a log file. */
static bool is_check_name(const char *s)
{
	return s[0] && strlen(s) <= 40 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       strlen(s);
}

/* One key of one check. */
static int read_check_key(struct config_check *x, const struct node *n, struct err *e)
{
	static const struct config_key_info run = {
		.type = CONFIG_COMMAND, .default_ = "", .range = ""};
	static const struct config_key_info paths = {
		.type = CONFIG_LIST, .default_ = "", .range = ""};
	static const struct config_key_info timeout = {
		.type = CONFIG_DURATION, .default_ = "", .range = "off,1s..30d"};
	int rc;

	if (streq(n->key, "run"))
		rc = read_command(&run, n, &x->run, e);
	else if (streq(n->key, "paths"))
		rc = read_list(&paths, n, &x->paths, e);
	else if (streq(n->key, "timeout"))
		rc = value_read(&timeout, n, &x->timeout, e);
	else
		rc = err_set(e, ERR_INVALID, "has no key '%.80s': there are run, paths, timeout",
			     n->key);
	if (rc && !streq(n->key, "run") && !strstr(e->msg, "has no key"))
		return err_wrap(e, "of '%s'", n->key);
	return rc;
}

static int read_check(const struct config_key_info *k,
		      const struct node *n,
		      struct config_check *x,
		      struct err *e)
{
	int rc = 0;

	x->timeout = -1;
	if (n->kind != NODE_MAP)
		return command_of(k, n, &x->run, e);
	for (size_t i = 0; rc == 0 && i < n->items.n; i++)
		rc = read_check_key(x, &n->items.items[i], e);
	if (rc == 0 && !x->run)
		rc = err_set(e, ERR_INVALID, "has no command: set its 'run'");
	if (!x->run) { /* the list of checks ends there, and would not know of it */
		texts_free(x->paths);
		x->paths = NULL;
	}
	return rc;
}

static int read_named(const struct config_key_info *k,
		      const struct node *n,
		      struct config_check *x,
		      struct err *e)
{
	if (!is_check_name(n->key))
		return err_set(e, ERR_INVALID,
			       "has '%.80s', which cannot name a check: only letters, digits, - "
			       "and _, 40 of them",
			       n->key);
	struct err why = ERR_INIT;

	if (read_check(k, n, x, &why))
		return err_set(e, ERR_INVALID, "has '%s', which %.200s", n->key, why.msg);
	x->name = mem_strdup(n->key);
	return 0;
}

static int
read_checks(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	struct config_check all[CONFIG_CHECKS_MAX + 1] = {0};
	size_t count = n->kind == NODE_MAP ? n->items.n : 1;
	int rc = 0;

	if (count == 0 || count > CONFIG_CHECKS_MAX)
		return err_set(e, ERR_INVALID, "has %zu checks, must have 1 to %d", count,
			       CONFIG_CHECKS_MAX);
	if (n->kind != NODE_MAP)
		rc = read_check(k, n, &all[0], e);
	for (size_t i = 0; n->kind == NODE_MAP && rc == 0 && i < count; i++)
		rc = read_named(k, &n->items.items[i], &all[i], e);
	struct config_check *made = mem_resize(NULL, count + 1, sizeof(*made));
	memcpy(made, all, (count + 1) * sizeof(*made));
	if (rc) {
		checks_free(made);
		return rc;
	}
	struct config_check **to = field;
	checks_free(*to);
	*to = made;
	return 0;
}

bool value_is_variable(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '=' || *p == 0x7f)
			return false;
	return s[0] != '\0';
}

static int
read_map(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	char **texts;

	if (n->kind != NODE_MAP)
		return wrong(k, n, e);
	texts = mem_resize(NULL, n->items.n + 1, sizeof(*texts));
	for (size_t i = 0; i <= n->items.n; i++)
		texts[i] = NULL;
	for (size_t i = 0; i < n->items.n; i++) {
		const struct node *item = &n->items.items[i];

		if (!value_is_variable(item->key) || item->kind == NODE_LIST ||
		    item->kind == NODE_MAP) {
			texts_free(texts);
			return err_set(
				e, ERR_INVALID, "has '%s', must be %s", item->key,
				"names of variables with texts, or nothing to pass yours on");
		}
		texts[i] = item->kind == NODE_NULL ? mem_strdup(item->key)
						   : mem_printf("%s=%s", item->key, item->text);
	}
	texts_set(field, texts);
	return 0;
}

static int
read_files(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	char **texts;

	if (n->kind != NODE_MAP)
		return wrong(k, n, e);
	for (size_t i = 0; i < n->items.n; i++) {
		const struct node *item = &n->items.items[i];

		if (!item->key[0] || item->kind != NODE_TEXT || !item->text[0])
			return err_set(e, ERR_INVALID, "has '%.80s', must be a label with a file",
				       item->key);
	}
	texts = mem_resize(NULL, 2 * n->items.n + 1, sizeof(*texts));
	for (size_t i = 0; i < n->items.n; i++) {
		texts[2 * i] = mem_strdup(n->items.items[i].key);
		texts[2 * i + 1] = mem_strdup(n->items.items[i].text);
	}
	texts[2 * n->items.n] = NULL;
	texts_set(field, texts);
	return 0;
}

static read_fn *const readers[CONFIG_TYPE_COUNT] = {
	[CONFIG_TEXT] = read_text,      [CONFIG_WORD] = read_word,
	[CONFIG_INT] = read_int,        [CONFIG_COUNT] = read_int64,
	[CONFIG_DURATION] = read_int64, [CONFIG_SIZE] = read_int64,
	[CONFIG_MONEY] = read_money,    [CONFIG_BOOL] = read_bool,
	[CONFIG_LIST] = read_list,      [CONFIG_COMMAND] = read_command,
	[CONFIG_MAP] = read_map,        [CONFIG_CHECKS] = read_checks,
	[CONFIG_FILES] = read_files,
};

int value_read(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
{
	CHECK(k->type < CONFIG_TYPE_COUNT);
	if (n->kind == NODE_NULL) {
		value_default(k, field);
		return 0;
	}
	return readers[k->type](k, n, field, e);
}

/* What "not set" looks like. */
static void value_unset(enum config_type type, void *field)
{
	value_done(type, field);
	if (type == CONFIG_DURATION)
		*(config_DURATION *)field = -1;
	else if (type == CONFIG_MONEY)
		*(config_MONEY *)field = -1;
}

void value_default(const struct config_key_info *k, void *field)
{
	struct node n = {.kind = NODE_TEXT, .plain = true, .text = (char *)k->default_};
	struct err e = ERR_INIT;

	CHECK(k->type < CONFIG_TYPE_COUNT);
	value_unset(k->type, field);
	if (k->default_[0])
		CHECK(readers[k->type](k, &n, field, &e) == 0);
}

void value_done(enum config_type type, void *field)
{
	switch (type) {
	case CONFIG_TEXT:
	case CONFIG_WORD:
		free(*(char **)field);
		*(char **)field = NULL;
		break;
	case CONFIG_LIST:
	case CONFIG_COMMAND:
	case CONFIG_MAP:
	case CONFIG_FILES:
		texts_set(field, NULL);
		break;
	case CONFIG_CHECKS:
		checks_free(*(struct config_check **)field);
		*(struct config_check **)field = NULL;
		break;
	case CONFIG_INT:
		*(config_INT *)field = 0;
		break;
	case CONFIG_COUNT:
	case CONFIG_DURATION:
	case CONFIG_SIZE:
		*(int64_t *)field = 0;
		break;
	case CONFIG_MONEY:
		*(config_MONEY *)field = 0;
		break;
	case CONFIG_BOOL:
		*(config_BOOL *)field = false;
		break;
	case CONFIG_TYPE_COUNT:
		break;
	}
}
