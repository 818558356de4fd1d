#include "base/clean.h"
#include "ui/cli/commands.h"
#include "ui/cli/issues.h"

#include <string.h>

#define ID_COLUMNS_MAX 24

static cJSON *to_json(const struct issue *epic, const struct issue_graph *g)
{
	cJSON *o = cJSON_CreateObject(), *issues;

	cJSON_AddItemToObject(o, "epic", cli_json_text(epic->id));
	issues = cJSON_AddArrayToObject(o, "issues");
	for (size_t i = 0; i < g->issues.n; i++)
		cJSON_AddItemToArray(issues, cli_issue_json(&g->issues.items[i], g));
	return o;
}

static int id_columns(const struct issue_graph *g)
{
	size_t most = 2;

	for (size_t i = 0; i < g->issues.n; i++) {
		size_t n = strlen(g->issues.items[i].id);

		most = n > most ? n : most;
	}
	return most < ID_COLUMNS_MAX ? (int)most : ID_COLUMNS_MAX;
}

/* "12  blocked  the title  (after 3, 4)" */
static void
print_issue(struct cli *c, const struct issue *i, const struct issue_graph *g, int width)
{
	struct buf id CLEANUP(buf_done) = BUF_INIT, b CLEANUP(buf_done) = BUF_INIT;
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	char *needs CLEANUP(freep) = cli_issue_needs(i, g, i->open);

	buf_line(&id, str_of(i->id));
	buf_printf(&b, "%-*s  %-7s  ", width, buf_cstr(&id), cli_issue_state(i, g));
	if (*needs)
		buf_printf(&said, "  (after %s)", needs);
	if (i->open && *i->hidden)
		buf_printf(&said, "  (%s)", i->hidden);
	else if (*i->claimed_by)
		buf_printf(&said, "  (by %s)", i->claimed_by);
	cli_print_row(c, buf_cstr(&b), i->title, buf_cstr(&said));
}

int cmd_list(struct cli *c, int argc, char **argv)
{
	struct issue epic CLEANUP(issue_done) = {0};
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	struct err e = ERR_INIT;
	int code = CLI_OK;
	struct tracker *t = cli_issues(c, &code);

	if (!t)
		return code;
	int rc = t->ops->load(t, argc ? argv[0] : NULL, &epic, &g, &e);
	t->ops->free(t);
	if (rc)
		return cli_fail(c, &e);
	if (cli_flag(c, "json")) {
		cli_print_json(c, to_json(&epic, &g));
		return CLI_OK;
	}
	for (size_t i = 0; i < g.issues.n; i++)
		print_issue(c, &g.issues.items[i], &g, id_columns(&g));
	char *word CLEANUP(freep) = shell_word(argc ? argv[0] : NULL);
	if (!g.issues.n && argc)
		cli_hint(c, "issue '%s' has no children yet: 'ganger add TITLE --epic %s'", argv[0],
			 word);
	else if (!g.issues.n)
		cli_hint(c, "there are no issues yet: 'ganger add TITLE' makes one");
	return CLI_OK;
}
