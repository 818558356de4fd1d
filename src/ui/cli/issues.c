#include "ui/cli/issues.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"

#include <string.h>

#define TEXT_BYTES_MAX (4u << 20)

static void add_ids(const char *value, char ***items, size_t *n)
{
	struct str rest = str_of(value), one;

	while (str_next(&rest, ',', &one)) {
		one = str_trim(one);
		if (!one.n)
			continue;
		*items = mem_resize(*items, *n + 2, sizeof(**items));
		(*items)[(*n)++] = mem_strndup(one.p, one.n);
	}
	(*items)[*n] = NULL;
}

char **cli_ids(const struct cli *c, const char *option)
{
	char **items = NULL;
	const char *value;
	size_t n = 0;

	for (size_t i = 0; (value = cli_value_at(c, option, i)); i++) {
		if (!items)
			items = mem_alloc(sizeof(*items));
		add_ids(value, &items, &n);
	}
	return items;
}

void cli_ids_free(char **ids)
{
	for (size_t i = 0; ids && ids[i]; i++)
		free(ids[i]);
	free(ids);
}

char *cli_labels(const struct cli *c)
{
	struct buf b = BUF_INIT;
	const char *value;
	size_t n;

	for (n = 0; (value = cli_value_at(c, "label", n)); n++)
		buf_printf(&b, "%s\n", value);
	return n ? buf_take(&b) : NULL;
}

int cli_priority(const struct cli *c, int *ret, struct err *e)
{
	const char *value = cli_value(c, "priority");
	int64_t n;

	*ret = -1;
	if (!value)
		return 0;
	if (!str_i64(str_of(value), &n) || n < 0 || n > 4)
		return err_set(e, ERR_INVALID, "a priority is a number from 0 to 4, not '%s'",
			       value);
	*ret = (int)n;
	return 0;
}

int cli_text(const char *value, char **ret, struct err *e)
{
	struct buf b CLEANUP(buf_done) = {.max = TEXT_BYTES_MAX + 1};

	if (!streq(value, "-")) {
		*ret = mem_strdup(value);
		return 0;
	}
	int rc = file_read_given("/dev/stdin", TEXT_BYTES_MAX, &b, e);
	if (rc)
		return err_wrap(e, "could not read standard input");
	*ret = mem_strdup(buf_cstr(&b));
	return 0;
}

struct tracker *cli_issues(struct cli *c, int *ret_code)
{
	struct tracker *t = NULL;
	struct err e = ERR_INIT;

	if (cli_tracker(c, &t, &e))
		*ret_code = cli_fail(c, &e);
	return t;
}

static const struct issue *find(const struct issue_graph *g, const char *id)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		if (streq(g->issues.items[i].id, id))
			return &g->issues.items[i];
	}
	for (size_t i = 0; i < g->outside.n; i++) {
		if (streq(g->outside.items[i].id, id))
			return &g->outside.items[i];
	}
	return NULL;
}

static bool is_open(const struct issue_graph *g, const char *id)
{
	const struct issue *i = find(g, id);

	return i && i->open;
}

char *cli_issue_needs(const struct issue *i, const struct issue_graph *g, bool open_only)
{
	struct buf b = BUF_INIT;

	for (size_t k = 0; k < g->edges.n; k++) {
		const struct issue_edge *edge = &g->edges.items[k];

		if (streq(edge->task, i->id) && (!open_only || is_open(g, edge->needs)))
			buf_printf(&b, "%s%s", b.n ? ", " : "", edge->needs);
	}
	return buf_take(&b);
}

static bool has_children(const struct issue *i, const struct issue_graph *g)
{
	for (size_t k = 0; k < g->issues.n; k++) {
		if (streq(g->issues.items[k].parent, i->id))
			return true;
	}
	return false;
}

const char *cli_issue_state(const struct issue *i, const struct issue_graph *g)
{
	char *waits CLEANUP(freep) = cli_issue_needs(i, g, true);

	if (!i->open)
		return "closed";
	if (*i->hidden)
		return "held";
	if (*i->claimed_by)
		return "claimed";
	if (has_children(i, g))
		return "epic";
	return *waits ? "blocked" : "ready";
}

static cJSON *lines_json(const char *lines)
{
	cJSON *array = cJSON_CreateArray();
	struct str rest = str_of(lines), one;

	while (str_next(&rest, '\n', &one)) {
		char *text CLEANUP(freep) = mem_strndup(one.p, one.n);

		cJSON_AddItemToArray(array, cli_json_text(text));
	}
	return array;
}

static void add_time(cJSON *o, const char *key, int64_t wall_ms)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_time(&b, wall_ms);
	cJSON_AddItemToObject(o, key, wall_ms ? cli_json_text(buf_cstr(&b)) : cJSON_CreateNull());
}

/* NULL for what is empty: not known is not "". */
static void add_text(cJSON *o, const char *key, const char *text)
{
	cJSON_AddItemToObject(o, key, cli_json_text(text && *text ? text : NULL));
}

cJSON *cli_issue_json(const struct issue *i, const struct issue_graph *g)
{
	cJSON *o = cJSON_CreateObject(), *after = cJSON_AddArrayToObject(o, "after");

	add_text(o, "id", i->id);
	add_text(o, "title", i->title);
	add_text(o, "state", cli_issue_state(i, g));
	cJSON_AddBoolToObject(o, "open", i->open);
	add_text(o, "status", i->status);
	add_text(o, "type", i->type);
	add_text(o, "epic", i->parent);
	cJSON_AddNumberToObject(o, "priority", i->priority);
	cJSON_AddItemToObject(o, "labels", lines_json(i->labels));
	for (size_t k = 0; k < g->edges.n; k++) {
		if (streq(g->edges.items[k].task, i->id))
			cJSON_AddItemToArray(after, cli_json_text(g->edges.items[k].needs));
	}
	add_text(o, "claimed_by", i->claimed_by);
	add_text(o, "held", i->hidden);
	add_text(o, "closed_reason", i->closed_reason);
	add_time(o, "created_at", i->created_ms);
	add_time(o, "updated_at", i->updated_ms);
	add_time(o, "closed_at", i->closed_ms);
	return o;
}

void cli_print_text(struct cli *c, const char *text)
{
	struct str rest = str_of(text), one;
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	while (str_next(&rest, '\n', &one)) {
		buf_line(&b, one);
		buf_putc(&b, '\n');
	}
	cli_print_buf(c, &b);
}
