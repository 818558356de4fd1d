#include "base/child.h"
#include "base/clean.h"
#include "run/session.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/epic.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ganger diff: what an attempt changed, shown by git as the user has it show such things. */

/* Become git. Comes back only with an error. */
static int show(struct cli *c, const char *dir, const char *from, const char *to)
{
	struct err e = ERR_INIT;
	const char *argv[9] = {"git", "-C", dir};
	int n = 3;

	if (!isatty(STDOUT_FILENO))
		argv[n++] = "--no-pager";
	argv[n++] = "diff";
	argv[n++] = from;
	if (to)
		argv[n++] = to;
	argv[n++] = "--";
	argv[n] = NULL;
	(void)signal(SIGPIPE, SIG_DFL); /* git ends with its reader, as it is used to */
	(void)execvp("git", (char *const *)argv);
	(void)err_sys(&e, "could not start git");
	return cli_fail(c, &e);
}

/* The end of an attempt, by its ref; NOT_FOUND. */
static int find_head(struct cli *c,
		     const struct view *v,
		     const char *task,
		     int64_t attempt,
		     struct oid *ret,
		     struct err *e)
{
	struct buf ref CLEANUP(buf_done) = BUF_INIT;
	struct child_result r CLEANUP(child_result_done) = {0};
	struct str line;

	buf_puts(&ref, "refs/ganger/");
	buf_session_id(&ref, v->epic, task, attempt);
	buf_puts(&ref, "^{commit}");
	const char *const argv[] = {"git",      "-C", c->place.root,  "rev-parse",
				    "--verify", "-q", buf_cstr(&ref), NULL};
	struct child_spec spec = {.argv = argv, .timeout_ms = 60000};
	if (child_run(&spec, &r, e))
		return e->code;
	line = str_trim(buf_str(&r.out));
	if (r.exit_code != 0 || line.n >= OID_SIZE)
		return err_set(e, ERR_NOT_FOUND, "attempt %" PRId64 " of task '%s' left nothing",
			       attempt, task);
	*ret = (struct oid){{0}};
	memcpy(ret->hex, line.p, line.n);
	return 0;
}

/*
 * A person's branch: what it changed since it parted from the epic branch as that is, or as it
 * was before it landed there; before anything ran, from the base.
 */
static char *branch_range(const struct view *v, const struct task *t, const struct oid *head)
{
	const struct run_row *run = &v->core.run;

	if (t->landed.hex[0])
		return mem_printf("%s^1...%s", t->landed.hex, head->hex);
	if (run->epic_head.hex[0])
		return mem_printf("%s...%s", run->epic_head.hex, head->hex);
	return mem_printf("%s...%s", run->base && run->base[0] ? run->base : "HEAD", head->hex);
}

int cmd_diff(struct cli *c, int argc, char **argv)
{
	struct found_task found CLEANUP(found_task_done) = {0};
	struct err e = ERR_INIT;
	struct oid head, start;
	int64_t attempt = 0;
	const struct task *t;

	(void)argc;
	if (epic_find_task(c, argv[0], &found, &e))
		return cli_fail(c, &e);
	t = &found.view.core.tasks.items[found.at];
	if (epic_attempt(c, &found, &attempt, &e))
		return cli_fail(c, &e);
	if (attempt == t->attempt && t->slot && t->start.hex[0] &&
	    (t->state == TASK_WORKING || t->state == TASK_SETTING_UP)) {
		char *worktree CLEANUP(freep) = path_worktree(&found.view.paths, t->slot - 1);

		cli_hint(c,
			 "attempt %" PRId64 " is still at work: this is what its files have by now",
			 attempt);
		return show(c, worktree, t->start.hex, NULL);
	}
	if (find_head(c, &found.view, t->id, attempt, &head, &e))
		return cli_fail(c, &e);
	if (view_attempt_start(&found.view, t->id, &head, &start, &e)) {
		if (e.code != ERR_NOT_FOUND || !t->branch)
			return cli_fail(c, &e);
		char *range CLEANUP(freep) = branch_range(&found.view, t, &head);
		return show(c, c->place.root, range, NULL);
	}
	return show(c, c->place.root, start.hex, head.hex);
}
