#include "port/import.h"

#include "base/clean.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

#include <stdio.h>

/* For a person; JSON names all. */
#define NAMED_MAX       10 /* lines of each sort */
#define GROUP_NAMED_MAX 3  /* ids of those with the same reason */

/* Sorts of notes: the key of JSON, and what a person reads ("12 issues are held"). */
static const struct sort {
	enum import_what what;
	bool grouped; /* told by reason, not one by one */
	const char *key, *one, *many;
} sorts[] = {
	{IMPORT_PROBLEM,  false, "problems", "line was not used",         "lines were not used"       },
	{IMPORT_EDGE,     false, "edges",    "edge was not taken over",   "edges were not taken over" },
	{IMPORT_HIDDEN,   true,  "held",     "issue must not be started", "issues must not be started"},
	{IMPORT_BLOCKED,  false, "blocked",  "issue waits for others",    "issues wait for others"    },
	{IMPORT_LEFT_OUT, true,  "left_out", "issue was left out",        "issues were left out"      },
	{IMPORT_KEPT,     true,  "kept",     "issue stays as it was",     "issues stay as they were"  },
};

static cJSON *note_json(const struct import_note *n)
{
	cJSON *o = cJSON_CreateObject(), *by;
	struct str rest = str_of(n->text), one;

	if (n->id)
		cJSON_AddItemToObject(o, "id", cli_json_text(n->id));
	if (n->line)
		cJSON_AddNumberToObject(o, "line", n->line);
	if (n->what != IMPORT_BLOCKED) {
		cJSON_AddItemToObject(o, "why", cli_json_text(n->text));
		return o;
	}
	by = cJSON_AddArrayToObject(o, "by");
	while (str_next(&rest, '\n', &one)) {
		char *id CLEANUP(freep) = mem_strndup(one.p, one.n);

		cJSON_AddItemToArray(by, cli_json_text(id));
	}
	return o;
}

static cJSON *to_json(const struct import_result *r)
{
	cJSON *o = cJSON_CreateObject(), *ids, *notes;

	cJSON_AddItemToObject(o, "epic", cli_json_text(r->epic));
	cJSON_AddNumberToObject(o, "imported", r->issues);
	cJSON_AddNumberToObject(o, "closed", r->closed);
	cJSON_AddNumberToObject(o, "dependencies", r->edges);
	cJSON_AddNumberToObject(o, "older_copies", r->copies);
	ids = cJSON_AddArrayToObject(o, "ids");
	for (size_t i = 0; i < r->ids.n; i++)
		cJSON_AddItemToArray(ids, cli_json_text(r->ids.items[i]));
	for (size_t s = 0; s < ARRAY_LEN(sorts); s++) {
		notes = cJSON_AddArrayToObject(o, sorts[s].key);
		for (size_t i = 0; i < r->notes.n; i++) {
			if (r->notes.items[i].what == sorts[s].what)
				cJSON_AddItemToArray(notes, note_json(&r->notes.items[i]));
		}
	}
	return o;
}

/* "line 12: 'bd-7': reason" */
static void say_note(struct cli *c, const struct import_note *n)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (n->what == IMPORT_PROBLEM || n->what == IMPORT_EDGE)
		buf_printf(&b, "line %d: ", n->line);
	if (n->id)
		buf_printf(&b, n->what == IMPORT_BLOCKED ? "'%s' waits for " : "'%s': ", n->id);
	for (const char *p = n->text; *p; p++) {
		if (*p == '\n')
			buf_puts(&b, ", ");
		else
			buf_putc(&b, *p);
	}
	cli_detail(c, "%s", buf_cstr(&b));
}

/* "530 ephemeral: bd-1, bd-2, bd-3, …": those of one reason, told at the first of them. */
static void say_group(struct cli *c, const struct import_result *r, size_t first)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	const struct import_note *n = &r->notes.items[first];
	int members = 0;

	for (size_t i = first; i < r->notes.n; i++) {
		const struct import_note *other = &r->notes.items[i];

		if (other->what != n->what || !streq(other->text, n->text))
			continue;
		if (members++ < GROUP_NAMED_MAX)
			buf_printf(&b, "%s%s", members > 1 ? ", " : "", other->id);
	}
	cli_detail(c, "%d %s: %s%s", members, n->text, buf_cstr(&b),
		   members > GROUP_NAMED_MAX ? ", …" : "");
}

static bool is_first_of_group(const struct import_result *r, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (r->notes.items[i].what == r->notes.items[at].what &&
		    streq(r->notes.items[i].text, r->notes.items[at].text))
			return false;
	}
	return true;
}

static void say_sort(struct cli *c, const struct import_result *r, const struct sort *s)
{
	int n = 0, said = 0;

	for (size_t i = 0; i < r->notes.n; i++)
		n += r->notes.items[i].what == s->what;
	if (!n)
		return;
	if (s->what == IMPORT_PROBLEM || s->what == IMPORT_EDGE)
		cli_warn(c, "%d %s", n, n == 1 ? s->one : s->many);
	else
		(void)fprintf(stderr, "%d %s\n", n, n == 1 ? s->one : s->many);
	for (size_t i = 0; i < r->notes.n; i++) {
		if (r->notes.items[i].what != s->what || (s->grouped && !is_first_of_group(r, i)) ||
		    said++ >= NAMED_MAX)
			continue;
		if (s->grouped)
			say_group(c, r, i);
		else
			say_note(c, &r->notes.items[i]);
	}
	if (said > NAMED_MAX)
		cli_detail(c, "… and %d more: --json names all", said - NAMED_MAX);
}

/* The epic's id alone is the result, as with 'add'; what else there is to say goes beside it. */
static void report(struct cli *c, const struct import_result *r)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(sorts); i++)
		say_sort(c, r, &sorts[i]);
	buf_printf(&b, "imported %d %s", r->issues, r->issues == 1 ? "issue" : "issues");
	if (r->closed)
		buf_printf(&b, " (%d closed)", r->closed);
	buf_printf(&b, " with %d %s", r->edges, r->edges == 1 ? "dependency" : "dependencies");
	if (r->epic) {
		buf_puts(&b, " into epic '");
		buf_line(&b, str_of(r->epic));
		buf_putc(&b, '\'');
		cli_print_line(c, r->epic);
	}
	(void)fprintf(stderr, "%s\n", buf_cstr(&b));
	if (r->epic) {
		char *name CLEANUP(freep) = shell_word(r->epic);

		cli_hint(c, "'ganger plan %s' shows what a run would do", name);
	}
}

int cmd_import(struct cli *c, int argc, char **argv)
{
	const struct import_spec spec = {
		.path = argv[1], .epic = cli_value(c, "epic"), .reopen = cli_flag(c, "reopen")};
	struct import_result r CLEANUP(import_result_done) = {0};
	struct err e = ERR_INIT;
	int code = CLI_OK;
	bool beads = streq(argv[0], "beads");

	(void)argc;
	if (!beads && !streq(argv[0], "markdown"))
		return cli_usage(c, "an import is from 'beads' or 'markdown', not '%s'", argv[0]);
	if (!beads && spec.reopen)
		return cli_usage(c, "--reopen is for 'import beads'");
	struct tracker *t = cli_issues(c, &code);
	if (!t)
		return code;
	int rc = beads ? c->parts->import_beads(t, &spec, &r, &e)
		       : c->parts->import_markdown(t, &spec, &r, &e);
	t->ops->free(t);
	if (rc)
		return cli_fail(c, &e);
	if (cli_flag(c, "json"))
		cli_print_json(c, to_json(&r));
	else
		report(c, &r);
	return CLI_OK;
}
