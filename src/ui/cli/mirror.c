#include "base/clean.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"
#include "ui/cli/supervise.h"

static void set(char **key, const char *value)
{
	free(*key);
	*key = mem_strdup(value);
}

static void print_json(struct cli *c, const char *epic, const struct issue_graph *g)
{
	cJSON *o = cJSON_CreateObject(), *notes;

	cJSON_AddItemToObject(o, "epic", cli_json_text(epic));
	cJSON_AddNumberToObject(o, "issues", (double)g->issues.n);
	cJSON_AddNumberToObject(o, "dependencies", (double)g->edges.n);
	notes = cJSON_AddArrayToObject(o, "notes");
	for (size_t i = 0; i < g->notes.n; i++)
		cJSON_AddItemToArray(notes, cli_json_text(g->notes.items[i]));
	cli_print_json(c, o);
}

static void print_text(struct cli *c, const struct issue *epic, const struct issue_graph *g)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (size_t i = 0; i < g->notes.n; i++)
		cli_print_line(c, g->notes.items[i]);
	buf_printf(&b, "epic %s is in Beads: %zu issue%s, %zu dependenc%s", epic->id, g->issues.n,
		   cli_plural((int)g->issues.n), g->edges.n, g->edges.n == 1 ? "y" : "ies");
	cli_print_line(c, buf_cstr(&b));
}

int cmd_mirror(struct cli *c, int argc, char **argv)
{
	struct issue epic CLEANUP(issue_done) = {0};
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	struct err e = ERR_INIT;
	int code = CLI_OK;

	(void)argc;
	/* Whatever the tracker of this project's runs is. */
	set(&c->config.tracker, "github");
	set(&c->config.github_graph, "beads");
	struct tracker *t = cli_issues(c, &code);
	if (!t)
		return code;
	while (t->ops->follow(t, argv[0], &epic, &g, &e)) {
		if (!cli_wait(c, &e)) {
			t->ops->free(t);
			return cli_fail(c, &e);
		}
	}
	t->ops->free(t);
	if (cli_flag(c, "json"))
		print_json(c, epic.id, &g);
	else
		print_text(c, &epic, &g);
	return CLI_OK;
}
