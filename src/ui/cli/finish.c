#include "base/child.h"
#include "base/clean.h"
#include "run/view.h"
#include "ui/cli/commands.h"
#include "ui/cli/entry.h"
#include "ui/cli/supervise.h"

/*
 * ganger finish: the base into the epic branch as an entry like any other, so that what goes
 * back was tested with all that is new there; then the one command that takes it back.
 */

static int work_left(struct cli *c, const struct view *v)
{
	struct core_totals n = core_count(&v->core);
	int done = n.closed + n.merged;
	if (v->pid) {
		cli_error(c, "epic '%s' is being run by process %lld", v->epic, (long long)v->pid);
		cli_hint(c, "wait for it with 'ganger wait %s'", v->epic);
		return CLI_ENVIRONMENT;
	}
	if (done < n.total)
		cli_warn(c, "%d of %d tasks are not in: 'ganger report %s' says why", n.total - done,
			 n.total, v->epic);
	return CLI_OK;
}

/* Fast-forward only: what is in the epic branch was tested with exactly this base in it. */
static int move_base(struct cli *c, const struct view *v)
{
	bool here = streq(c->place.branch, v->core.run.base);
	char *refspec CLEANUP(freep) =
		mem_printf("refs/heads/%s:refs/heads/%s", v->epic_branch, v->core.run.base);
	const char *const merge[] = {"git", "-C", c->place.root, "merge", "--ff-only",
				     v->epic_branch, NULL};
	const char *const fetch[] = {"git", "-C", c->place.root, "fetch", "--quiet", ".", refspec, NULL};
	struct child_spec spec = {.argv = here ? merge : fetch, .timeout_ms = 600000};
	struct child_result r CLEANUP(child_result_done) = {0};
	struct err e = ERR_INIT;
	if (child_ok(&spec, &r, &e))
		return cli_fail(c, &e);
	cli_print(c, "'%s' is now at '%s'\n", v->core.run.base, v->epic_branch);
	return CLI_OK;
}

static int send_base(struct cli *c, const struct view *v, struct err *e)
{
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	char *ref CLEANUP(freep) = mem_printf("refs/heads/%s", v->core.run.base);
	char *title CLEANUP(freep) = mem_printf("Bring %s into the epic", v->core.run.base);
	struct oid head;
	if (entry_resolve(c, v->epic, ref, &head, e))
		return e->code;
	char *id CLEANUP(freep) = mem_printf("%s@%.12s", v->core.run.base, head.hex);
	int at = core_find(&v->core, id);
	if (at >= 0 && v->core.tasks.items[at].state == TASK_CLOSED)
		return 0;
	struct entry entry = {
		.epic = v->epic, .id = id, .title = title, .branch = v->core.run.base, .head = head};
	return entry_send(c, &entry, &said, e);
}

int cmd_finish(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct view v CLEANUP(view_done) = {0};
	(void)argc;
	if (view_open(&c->place, &c->config, argv[0], &v, &e))
		return cli_fail(c, &e);
	int code = work_left(c, &v);
	if (code != CLI_OK)
		return code;
	if (send_base(c, &v, &e))
		return cli_fail(c, &e);
	code = supervise(c, &(struct supervise){.epic = argv[0], .no_agent = true});
	if (code == CLI_PERSON || code == CLI_ENVIRONMENT || code == CLI_STOPPED)
		return code;
	if (cli_flag(c, "merge"))
		return move_base(c, &v);
	cli_print(c, "git switch %s && git merge --ff-only %s\n", v.core.run.base, v.epic_branch);
	return CLI_OK;
}
