#include "base/check.h"
#include "base/clean.h"
#include "base/map.h"
#include "base/mem.h"
#include "port/forge.h"
#include "port/git.h"
#include "port/tracker.h"
#include "run/control.h"
#include "run/paths.h"
#include "ui/cli/commands.h"
#include "ui/cli/entry.h"

#include <string.h>

/* ganger submit: branches of people into the merge queue, each pinned by its commit. */

/* The open issues that stand for branches, by their label "branch:<name>". */
struct known {
	struct map labels; /* the place in ids */
	VEC(char *) ids;
};

static void known_done(struct known *k)
{
	for (size_t i = 0; i < k->ids.n; i++)
		free(k->ids.items[i]);
	VEC_DONE(&k->ids);
	map_done(&k->labels);
}

static void known_add(struct known *k, struct str label, const char *id)
{
	char *key CLEANUP(freep) = mem_strndup(label.p, label.n);
	map_set(&k->labels, key, k->ids.n);
	VEC_PUSH(&k->ids, mem_strdup(id));
}

static int known_load(struct known *k, struct tracker *t, const char *epic, struct err *e)
{
	struct issue own CLEANUP(issue_done) = {0};
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	if (t->ops->load(t, epic, &own, &g, e))
		return e->code;
	for (size_t i = 0; i < g.issues.n; i++) {
		struct str rest = str_of(g.issues.items[i].labels), line;
		while (g.issues.items[i].open && str_next(&rest, '\n', &line))
			if (str_starts(line, "branch:"))
				known_add(k, line, g.issues.items[i].id);
	}
	return 0;
}

/*
 * The issue that stands for a branch: found again by its label, so that one that moved re-enters.
 * One that is open although its branch has landed (tracker.close: base) stands for that landing.
 */
static int find_issue(struct known *k,
		      struct tracker *t,
		      struct entry_git *g,
		      const char *branch,
		      const char **ret,
		      struct err *e)
{
	char *label CLEANUP(freep) = mem_printf("branch:%s", branch);
	char *id CLEANUP(freep) = NULL;
	size_t at = 0;
	bool known = map_find(&k->labels, label, &at);
	CHECK(!known || at < k->ids.n); /* labels and ids are added together */
	if (!known || entry_is_over(g, k->ids.items[at])) {
		struct issue_new n = {.title = branch,
				      .body = "",
				      .labels = label,
				      .type = "task",
				      .parent = g->epic,
				      .priority = -1};
		if (t->ops->add(t, &n, &id, e))
			return e->code;
		at = k->ids.n;
		known_add(k, str_of(label), id);
	}
	*ret = k->ids.items[at];
	return 0;
}

/* The epic named, made if need be; without a name the only open one, or a new one. */
static int find_epic(struct cli *c, struct tracker *t, char **ret, struct err *e)
{
	const char *name = cli_value(c, "epic");
	struct issue own CLEANUP(issue_done) = {0};
	struct issue_graph open CLEANUP(issue_graph_done) = {0};
	if (name && t->ops->get(t, name, &own, NULL, e) == 0) {
		*ret = mem_strdup(name);
		return 0;
	}
	if (name && e->code != ERR_NOT_FOUND)
		return e->code;
	if (!name && t->ops->epics(t, &open, e))
		return e->code;
	if (open.issues.n > 1) {
		(void)err_set(e, ERR_INVALID, "there are %zu open epics", open.issues.n);
		return err_hint(e, "say which one with --epic");
	}
	if (open.issues.n == 1) {
		*ret = mem_strdup(open.issues.items[0].id);
		return 0;
	}
	struct issue_new n = {.id = name,
			      .title = name ? name : "submitted branches",
			      .body = "",
			      .type = "epic",
			      .priority = -1};
	return t->ops->add(t, &n, ret, e);
}

/* What git takes for a way to a commit ("a~1", "a@{1}") is none that could move, and re-enter. */
static bool is_name(const char *branch)
{
	return !branch[strcspn(branch, "~^:?*[\\ ")] && !strstr(branch, "@{");
}

/* Where a branch is now; that is what lands. */
static int resolve(struct entry_git *g, const char *branch, struct oid *ret, struct err *e)
{
	char *ref CLEANUP(freep) = mem_printf("refs/heads/%s", branch);
	if (!is_name(branch))
		return err_set(e, ERR_INVALID, "'%s' is not the name of a branch", branch);
	if (entry_resolve(g, ref, ret, e) == 0)
		return 0;
	if (e->code == ERR_INVALID)
		(void)err_set(e, ERR_INVALID, "there is no branch '%s'", branch);
	return e->code;
}

static int submit_branch(struct entry_git *g,
			 struct known *k,
			 struct tracker *t,
			 const char *branch,
			 const struct oid *head,
			 struct err *e)
{
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	const char *id = NULL;
	if (find_issue(k, t, g, branch, &id, e))
		return e->code;
	struct entry entry = {
		.id = id, .title = branch, .branch = branch, .head = *head, .tracked = true};
	if (entry_send(g, &entry, &said, e))
		return e->code;
	cli_print(g->c, "%s\n", id);
	return 0;
}

int cmd_submit(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct tracker *t = NULL;
	char *epic CLEANUP(freep) = NULL;
	struct entry_git any CLEANUP(entry_git_done) = {.c = c, .epic = "submit"};
	struct entry_git g CLEANUP(entry_git_done) = {.c = c};
	struct known k CLEANUP(known_done) = {0};
	struct oid *heads CLEANUP(freep) = mem_alloc((size_t)argc * sizeof(*heads));
	/* All are looked for before anything is made. */
	for (int i = 0; i < argc; i++)
		if (resolve(&any, argv[i], &heads[i], &e))
			return cli_fail(c, &e);
	if (cli_tracker(c, &t, &e))
		return cli_fail(c, &e);
	int rc = find_epic(c, t, &epic, &e);
	rc = rc ? rc : known_load(&k, t, epic, &e);
	g.epic = epic;
	for (int i = 0; rc == 0 && i < argc; i++)
		rc = submit_branch(&g, &k, t, argv[i], &heads[i], &e);
	t->ops->free(t);
	if (rc)
		return cli_fail(c, &e);
	char *word CLEANUP(freep) = shell_word(epic);
	cli_hint(c, "'ganger run %s' lands them", word);
	return CLI_OK;
}
