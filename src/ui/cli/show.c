#include "base/clean.h"
#include "base/clock.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

/* What waits for an issue: "5, 6". The caller frees it. */
static char *dependents(const struct issue *i, const struct issue_graph *g)
{
	struct buf b = BUF_INIT;

	for (size_t k = 0; k < g->edges.n; k++) {
		if (streq(g->edges.items[k].needs, i->id))
			buf_printf(&b, "%s%s", b.n ? ", " : "", g->edges.items[k].task);
	}
	return buf_take(&b);
}

/* "after     3, 4"; nothing for what is empty. */
static void line(struct cli *c, const char *what, const char *text)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (!text || !*text)
		return;
	buf_printf(&b, "%-9s ", what);
	buf_line(&b, str_of(text));
	buf_putc(&b, '\n');
	cli_print_buf(c, &b);
}

static void line_time(struct cli *c, const char *what, int64_t wall_ms)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (!wall_ms)
		return;
	buf_time(&b, wall_ms);
	line(c, what, buf_cstr(&b));
}

/* Labels, one a line, as "a, b". */
static void line_labels(struct cli *c, const char *labels)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (; *labels; labels++) {
		if (*labels == '\n')
			buf_puts(&b, ", ");
		else
			buf_putc(&b, *labels);
	}
	line(c, "labels", buf_cstr(&b));
}

static void section(struct cli *c, const char *heading, const char *text)
{
	if (!*text)
		return;
	cli_print(c, "\n%s", heading);
	cli_print_text(c, text);
}

static void print_issue(struct cli *c, const struct issue *i, const struct issue_graph *g)
{
	char *needs CLEANUP(freep) = cli_issue_needs(i, g, false);
	char *before CLEANUP(freep) = dependents(i, g);
	char *head CLEANUP(freep) = mem_printf("%s  %s", i->id, i->title);

	cli_print_line(c, head);
	cli_print(c, "\n");
	line(c, "state", cli_issue_state(i, g));
	line(c, "held", i->hidden);
	line(c, "claimed", i->claimed_by);
	line(c, "reason", i->closed_reason);
	line(c, "epic", i->parent);
	line(c, "after", needs);
	line(c, "before", before);
	line(c, "type", streq(i->type, "task") ? "" : i->type);
	cli_print(c, "%-9s %d\n", "priority", i->priority);
	line_labels(c, i->labels);
	line_time(c, "created", i->created_ms);
	line_time(c, "updated", i->updated_ms);
	line_time(c, "closed", i->closed_ms);
	section(c, "", i->body);
	section(c, "comments:\n", i->comments);
}

static cJSON *to_json(const struct issue *i, const struct issue_graph *g)
{
	cJSON *o = cli_issue_json(i, g), *before = cJSON_AddArrayToObject(o, "before");

	for (size_t k = 0; k < g->edges.n; k++) {
		if (streq(g->edges.items[k].needs, i->id))
			cJSON_AddItemToArray(before, cli_json_text(g->edges.items[k].task));
	}
	cJSON_AddItemToObject(o, "body", cli_json_text(i->body));
	cJSON_AddItemToObject(o, "comments", cli_json_text(i->comments));
	return o;
}

int cmd_show(struct cli *c, int argc, char **argv)
{
	struct issue i CLEANUP(issue_done) = {0};
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	struct err e = ERR_INIT;
	int code = CLI_OK;
	struct tracker *t = cli_issues(c, &code);

	(void)argc;
	if (!t)
		return code;
	int rc = t->ops->get(t, argv[0], &i, &g, &e);
	t->ops->free(t);
	if (rc)
		return cli_fail(c, &e);
	if (cli_flag(c, "json"))
		cli_print_json(c, to_json(&i, &g));
	else
		print_issue(c, &i, &g);
	return CLI_OK;
}
