#include "ui/cli/reach.h"

#include "base/clean.h"
#include "base/file.h"
#include "port/tracker.h"
#include "run/paths.h"
#include "run/protected.h"
#include "ui/cli/supervise.h"

#include <string.h>
#include <unistd.h>

struct reach {
	bool pushes, opens, writes; /* branches; pull requests; on issues */
	bool each;                  /* a branch and a pull request a task */
	bool dispatch;              /* no epic: pull requests into the base */
	char *where;                /* owner/name on GitHub; NULL: not known */
	int tasks;                  /* that are not closed */
};

static void reach_done(struct reach *r)
{
	free(r->where);
}

static void find_reach(struct cli *c, struct reach *r)
{
	const struct config *k = &c->config;
	r->pushes = !streq(k->git_push, "never") && c->place.remote;
	r->opens = streq(k->forge, "github");
	r->writes = streq(k->tracker, "github");
	r->each = !r->opens || streq(k->github_pull_requests, "each");
	if (r->opens || r->writes)
		r->where = k->github_repository ? mem_strdup(k->github_repository)
						: c->parts->github_repository(c->place.remote_url,
									      k->github_url);
}

static bool is_first(struct cli *c, const char *epic)
{
	struct paths p CLEANUP(paths_done) = {0};
	paths_find(&c->place, epic, c->config.worktree_dir, &p);
	return !file_exists(p.journal);
}

static int count_tasks(struct cli *c, const char *epic, int *ret, struct err *e)
{
	struct tracker *t = NULL;
	struct issue itself CLEANUP(issue_done) = {0};
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	int rc = cli_tracker(c, &t, e);
	if (rc)
		return rc;
	rc = t->ops->load(t, epic, &itself, &g, e);
	t->ops->free(t);
	*ret = 0;
	for (size_t i = 0; rc == 0 && i < g.issues.n; i++)
		*ret += g.issues.items[i].open;
	return rc;
}

/* Whether what is to be pushed will be taken. */
static void say_asks(struct cli *c, const char *epic)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	struct forge *f = NULL;
	char *branch CLEANUP(freep) = branch_expand(c->config.git_epic_branch, epic, NULL);
	if (c->parts->forge_open(&c->place, &c->config, &f, &e))
		return; /* the run says so itself */
	protected_find(&b, f, &c->config, branch);
	f->ops->free(f);
	if (b.n)
		cli_detail(c, "%s", buf_cstr(&b));
}

/* The remote's name alone: its address may have a password in it. */
static void say(struct cli *c, const char *epic, const struct reach *r)
{
	const struct config *k = &c->config;
	const char *where = r->where ? r->where : "GitHub";
	int n = r->tasks;
	if (r->dispatch)
		cli_warn(c, "what is dispatched is seen by others:");
	else
		cli_warn(c, "this run of epic '%s' is seen by others:", epic);
	if (r->pushes && streq(k->git_push, "all") && r->each)
		cli_detail(c, "pushes to '%s': the epic's branch, and %d branch%s of tasks",
			   c->place.remote, n, n == 1 ? "" : "es");
	else if (r->pushes)
		cli_detail(c, "pushes to '%s': the epic's branch", c->place.remote);
	if (r->pushes && !r->dispatch)
		say_asks(c, epic);
	if (r->opens && r->each)
		cli_detail(c, "opens in %s: %d %spull request%s%s, %s", where, n,
			   k->github_draft ? "draft " : "", cli_plural(n),
			   streq(k->tracker, k->forge) ? " with the labels of their issues" : "",
			   r->dispatch ? "into the base" : "merged into the epic's branch");
	if (r->writes && !streq(k->github_comments, "none"))
		cli_detail(c, "comments in %s: once on each of at most %d issue%s%s", where, n,
			   cli_plural(n),
			   streq(k->github_comments, "failures") ? ", where its task fails" : "");
	if (r->writes && !r->dispatch)
		cli_detail(c, "closes in %s: at most %d issue%s", where, n, cli_plural(n));
}

static bool agrees(void)
{
	char answer[16];
	(void)!write(STDERR_FILENO, "go on? [y/N] ", 13); /* unseen it is not agreed to */
	ssize_t n = read(STDIN_FILENO, answer, sizeof(answer));
	return n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

static bool reaches(struct cli *c, struct reach *r)
{
	find_reach(c, r);
	return !cli_flag(c, "yes") && (r->pushes || r->opens || r->writes);
}

static int ask(struct cli *c, const char *epic, const struct reach *r)
{
	say(c, epic, r);
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		if (agrees())
			return CLI_OK;
		cli_error(c, "nothing was done");
		return CLI_USAGE;
	}
	cli_error(c, "cannot ask whether that is wanted: there is no terminal");
	cli_hint(c, "'--yes' says that it is; git.push, forge and tracker decide what is reached");
	return CLI_USAGE;
}

int reach_ask(struct cli *c, const char *epic)
{
	struct reach r CLEANUP(reach_done) = {0};
	struct err e = ERR_INIT;
	if (!reaches(c, &r) || !is_first(c, epic))
		return CLI_OK;
	while (count_tasks(c, epic, &r.tasks, &e))
		if (!cli_wait(c, &e))
			return cli_fail(c, &e);
	return ask(c, epic, &r);
}

int reach_ask_dispatch(struct cli *c, int n)
{
	struct reach r CLEANUP(reach_done) = {.dispatch = true, .tasks = n};
	return reaches(c, &r) ? ask(c, NULL, &r) : CLI_OK;
}
