#include "base/child.h"
#include "base/clean.h"
#include "port/tracker.h"
#include "run/facts.h"
#include "run/view.h"
#include "ui/cli/commands.h"
#include "ui/cli/entry.h"
#include "ui/cli/finish_forge.h"
#include "ui/cli/supervise.h"

/*
 * ganger finish: the base into the epic branch as an entry like any other, so that what goes
 * back was tested with all that is new there; then the one command that takes it back, or on a
 * forge the final pull request.
 */

#define ROUNDS_MAX 3 /* how often the base may move meanwhile */

/* Where the two branches are, and how they stand to each other. */
struct ends {
	struct oid base, epic;
	char *base_ref;    /* "refs/heads/main", or as last seen at the remote */
	bool base_in_epic; /* so that the base can be moved there */
	bool epic_in_base; /* it is there already */
	struct oid as; /* … or all of it, as another commit, which a forge made; empty: none */
};

static void ends_done(struct ends *n)
{
	free(n->base_ref);
}

/* Nothing is left to take there. */
static bool is_home(const struct ends *n)
{
	return n->epic_in_base || n->as.hex[0];
}

static int find_ends(struct cli *c, const struct view *v, struct ends *ret, struct err *e)
{
	const struct run_row *r = &v->core.run;
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = v->epic};
	char *epic CLEANUP(freep) = mem_printf("refs/heads/%s", v->epic_branch);
	ends_done(ret);
	*ret = (struct ends){0};
	/* On a forge its base counts, not how far the one here has come. */
	if (finish_on_forge(c)) {
		if (finish_fetch(c, v, &ret->base_ref, e))
			return e->code;
	} else {
		ret->base_ref = mem_printf("refs/heads/%s", r->base);
	}
	int rc = entry_resolve(&g, ret->base_ref, &ret->base, e);
	if (rc && r->remote[0]) {
		free(ret->base_ref);
		ret->base_ref = mem_printf("refs/remotes/%s/%s", r->remote, r->base);
		rc = entry_resolve(&g, ret->base_ref, &ret->base, e);
	}
	if (rc || entry_resolve(&g, epic, &ret->epic, e) ||
	    entry_contains(&g, &ret->base, &ret->epic, &ret->base_in_epic, e) ||
	    entry_contains(&g, &ret->epic, &ret->base, &ret->epic_in_base, e))
		return e->code;
	return finish_on_forge(c) && !ret->epic_in_base
		       ? finish_find_merged(c, v, &ret->epic, &ret->base, &ret->as, e)
		       : 0;
}

static int tasks_left(const struct view *v)
{
	struct core_totals n = core_count(&v->core);
	return n.total - n.closed - n.merged;
}

static int check_run(struct cli *c, const struct view *v)
{
	int left = tasks_left(v);
	char *epic CLEANUP(freep) = shell_word(v->epic);
	if (v->pid) {
		cli_error(c, "epic '%s' is being run by process %lld", v->epic, (long long)v->pid);
		cli_hint(c, "wait for it with 'ganger wait %s'", epic);
		return CLI_ENVIRONMENT;
	}
	if (v->core.live) {
		cli_error(c, "an attempt of epic '%s' is not at its end", v->epic);
		cli_hint(c, "'ganger run %s' brings it there", epic);
		return CLI_PERSON;
	}
	if (v->core.run.dispatch) {
		cli_error(c, "'%s' has nothing to finish: its issues end as pull requests",
			  v->epic);
		return CLI_USAGE;
	}
	if (left)
		cli_warn(c, "%d of %d tasks are not in: 'ganger report %s' says why", left,
			 core_count(&v->core).total, epic);
	return CLI_OK;
}

/*
 * The base as it is now, as an entry of the queue; what was sent before is found by its name. Where that
 * has landed, and the base is not in, somebody took it out again: then it is another.
 */
static char *entry_id(const struct view *v, const struct ends *n)
{
	char *id = mem_printf("%s@%.12s", v->core.run.base, n->base.hex);
	for (int i = 2;; i++) {
		int at = core_find(&v->core, id);
		if (at < 0 || !v->core.tasks.items[at].landed.hex[0])
			return id;
		free(id);
		id = mem_printf("%s@%.12s-%d", v->core.run.base, n->base.hex, i);
	}
}

static int send_base(struct cli *c, const struct view *v, const struct ends *n, struct err *e)
{
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	char *title CLEANUP(freep) = mem_printf("Bring %s into the epic", v->core.run.base);
	char *id CLEANUP(freep) = entry_id(v, n);
	int at = core_find(&v->core, id);
	/* One that a person was asked about is retried by the person. */
	if (at >= 0 && v->core.tasks.items[at].state != TASK_FAILED)
		return 0;
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = v->epic};
	/* Each has a pull request of its own: one that is not in yet is not merged with another. */
	struct entry entry = {.id = id, .title = title, .branch = id, .head = n->base};
	return entry_send(&g, &entry, &said, e);
}

/* Why the base is not in the epic branch although it was sent, and what to do. */
static int say_why_not(struct cli *c, const char *epic, const struct ends *n)
{
	struct view v CLEANUP(view_done) = {0};
	struct err e = ERR_INIT;
	if (view_open(&c->place, &c->config, epic, &v, &e))
		return cli_fail(c, &e);
	char *id CLEANUP(freep) = entry_id(&v, n);
	int at = core_find(&v.core, id);
	const struct task *t = at < 0 ? NULL : &v.core.tasks.items[at];
	struct buf steps CLEANUP(buf_done) = BUF_INIT;
	struct buf why CLEANUP(buf_done) = BUF_INIT;
	struct facts facts CLEANUP(facts_done) = {0};
	struct report_spec report = view_report(&v);
	facts_find(&v.core, &facts);
	if (t)
		facts_reason(&why, &facts, at);
	if (!why.n && v.core.run.reason[0])
		buf_puts(&why, v.core.run.reason);
	else if (!why.n && t)
		buf_printf(&why, "'%s' is %s", id, task_word(t));
	else if (!why.n)
		buf_puts(&why, "somebody took it out again");
	cli_error(c, "could not bring '%s' into '%s': %s", v.core.run.base, v.epic_branch,
		  buf_cstr(&why));
	if (t)
		report_next_step(&steps, &report, t);
	buf_puts(&steps, "ganger finish ");
	buf_shell(&steps, epic);
	buf_putc(&steps, '\n');
	cli_print_buf(c, &steps);
	return t && t->state == TASK_FAILED && !t->person ? CLI_FAILED : CLI_PERSON;
}

/* Until the epic branch has the base: it may move while we are at it. */
static int bring_in(struct cli *c, const char *epic, struct view *v, struct ends *n)
{
	struct err e = ERR_INIT;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct ends before = *n;
		if (n->base_in_epic || is_home(n))
			return CLI_OK;
		if (send_base(c, v, n, &e))
			return cli_fail(c, &e);
		int code = supervise(
			c, &(struct supervise){.epic = epic, .no_agent = true, .no_result = true});
		if (code == CLI_ENVIRONMENT || code == CLI_STOPPED || code == CLI_USAGE)
			return code;
		n->base_ref = NULL; /* before has it */
		view_done(v);
		if (view_open(&c->place, &c->config, epic, v, &e) || find_ends(c, v, n, &e)) {
			ends_done(&before);
			return cli_fail(c, &e);
		}
		struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = epic};
		bool landed = false;
		int rc = entry_contains(&g, &before.base, &n->epic, &landed, &e);
		code = rc ? cli_fail(c, &e) : landed ? CLI_OK : say_why_not(c, epic, &before);
		ends_done(&before);
		if (code != CLI_OK)
			return code;
	}
	cli_error(c, "could not bring '%s' into the epic: it moved %d times meanwhile",
		  v->core.run.base, ROUNDS_MAX);
	return CLI_ENVIRONMENT;
}

/* Now: bringing the base in takes its time, and somebody may have gone to another branch meanwhile. */
static int is_checked_out(struct cli *c, const char *branch, bool *ret, struct err *e)
{
	struct place now CLEANUP(place_done) = {0};
	if (c->parts->discover(c->place.root, &now, e))
		return e->code;
	*ret = streq(now.branch, branch);
	return 0;
}

/*
 * Fast-forward only: what is in the epic branch was tested with exactly this base in it. To the commit
 * that was looked at, wherever the branch is by now.
 */
static int move_base(struct cli *c, const struct view *v, const struct oid *epic)
{
	bool here = false;
	char *refspec CLEANUP(freep) = mem_printf("%s:refs/heads/%s", epic->hex, v->core.run.base);
	const char *const merge[] = {"git",       "-C",      c->place.root, "merge",
				     "--ff-only", epic->hex, NULL};
	const char *const fetch[] = {"git",     "-C", c->place.root, "fetch",
				     "--quiet", ".",  refspec,       NULL};
	struct child_result r CLEANUP(child_result_done) = {0};
	struct err e = ERR_INIT;
	if (is_checked_out(c, v->core.run.base, &here, &e))
		return cli_fail(c, &e);
	struct child_spec spec = {.argv = here ? merge : fetch, .timeout_ms = 600000};
	if (child_ok(&spec, &r, &e)) {
		(void)err_wrap(&e, "could not move '%s' to '%s'", v->core.run.base, v->epic_branch);
		e.code = e.code == ERR_INVALID ? ERR_CONFLICT : e.code; /* a person must look */
		return cli_fail(c, &e);
	}
	cli_print(c, "'%s' is now at '%s'\n", v->core.run.base, v->epic_branch);
	return CLI_OK;
}

/* Is what landed of a task where the epic is? Somebody may have taken it out again, which is said. */
static int is_in(struct entry_git *g,
		 const struct view *v,
		 const struct ends *n,
		 const struct task *t,
		 bool *ret,
		 struct err *e)
{
	if (entry_contains(g, &t->landed, n->epic_in_base ? &n->base : &n->epic, ret, e))
		return e->code;
	if (!*ret)
		cli_warn(g->c, "'%s' does not have what landed of '%s', %.12s",
			 n->epic_in_base ? v->core.run.base : v->epic_branch, t->id, t->landed.hex);
	return 0;
}

/* Who takes the epic branch home by hand is to know what is not in it. */
static int say_taken_out(struct cli *c, const struct view *v, const struct ends *n)
{
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = v->epic};
	struct err e = ERR_INIT;
	bool in = false;
	for (size_t i = 0; i < v->core.tasks.n; i++) {
		const struct task *t = &v->core.tasks.items[i];
		if (t->landed.hex[0] && t->branch != 2 && is_in(&g, v, n, t, &in, &e))
			return cli_fail(c, &e);
	}
	return CLI_OK;
}

/*
 * tracker.close: base. What landed was left open until now; that one is closed already is no error.
 * ret: how many are not in.
 */
static int close_tasks(struct cli *c,
		       struct tracker *t,
		       const struct view *v,
		       const struct ends *n,
		       const char *comment,
		       int *ret,
		       struct err *e)
{
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = v->epic};
	bool closes = streq(c->config.tracker_close, "base");
	*ret = 0;
	for (size_t i = 0; i < v->core.tasks.n; i++) {
		const struct task *k = &v->core.tasks.items[i];
		bool in = false;
		if (!k->landed.hex[0] || k->branch == 2)
			continue;
		if (is_in(&g, v, n, k, &in, e))
			return e->code;
		*ret += !in;
		if (in && closes && t->ops->close(t, k->id, "completed", comment, e))
			return err_wrap(e, "could not close issue '%s'", k->id);
	}
	return 0;
}

/* The epic itself is done once all of it is in the base. */
static int close_epic(struct cli *c, const struct view *v, const struct ends *n)
{
	struct err e = ERR_INIT;
	struct tracker *t = NULL;
	struct issue issue CLEANUP(issue_done) = {0};
	char *untested CLEANUP(freep) = finish_untested(v, &n->epic);
	char *comment CLEANUP(freep) =
		mem_printf("%s is in %s by %.12s%s%s", v->epic_branch, v->core.run.base,
			   n->as.hex[0] ? n->as.hex : n->epic.hex, untested ? "; untested: " : "",
			   untested ? untested : "");
	if (cli_tracker(c, &t, &e))
		return cli_fail(c, &e);
	int out = 0;
	if (close_tasks(c, t, v, n, comment, &out, &e)) {
		t->ops->free(t);
		return cli_fail(c, &e);
	}
	if (tasks_left(v) || out) {
		t->ops->free(t);
		cli_print(c, "issue '%s' stays open: not all of its tasks are in\n", v->epic);
		return CLI_OK;
	}
	int rc = t->ops->get(t, v->epic, &issue, NULL, &e);
	bool open = rc == 0 && issue.open;
	if (open)
		rc = t->ops->close(t, v->epic, "completed", comment, &e);
	t->ops->free(t);
	if (rc) {
		(void)err_wrap(&e, "could not close issue '%s'", v->epic);
		return cli_fail(c, &e);
	}
	if (open)
		cli_print(c, "issue '%s' is closed\n", v->epic);
	return CLI_OK;
}

static void say_untested(struct cli *c, const struct view *v, const struct oid *epic)
{
	char *why CLEANUP(freep) = finish_untested(v, epic);
	if (why)
		cli_warn(c, "untested: %s", why);
}

static void say_home(struct cli *c, const struct view *v, const struct ends *n)
{
	if (n->epic_in_base)
		cli_print(c, "'%s' has all of '%s'\n", v->core.run.base, v->epic_branch);
	else
		cli_print(c, "'%s' has all of '%s', as %.12s\n", v->core.run.base, v->epic_branch,
			  n->as.hex);
}

static void print_command(struct cli *c, const struct view *v)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	buf_puts(&b, "git switch ");
	buf_shell(&b, v->core.run.base);
	buf_puts(&b, " && git merge --ff-only ");
	buf_shell(&b, v->epic_branch);
	buf_putc(&b, '\n');
	cli_print_buf(c, &b);
}

static int finish(struct cli *c, const char *epic, struct view *v, struct ends *n)
{
	int code = check_run(c, v);
	struct err e = ERR_INIT;
	const char *method = NULL;
	if (code == CLI_OK && find_ends(c, v, n, &e))
		code = cli_fail(c, &e);
	if (code == CLI_OK && cli_flag(c, "merge") && finish_on_forge(c) && !is_home(n))
		code = finish_check(c, v, &method);
	if (code == CLI_OK)
		code = bring_in(c, epic, v, n);
	if (code != CLI_OK)
		return code;
	if (!cli_flag(c, "merge"))
		code = say_taken_out(c, v, n);
	if (code != CLI_OK)
		return code;
	if (!is_home(n))
		say_untested(c, v, &n->epic);
	if (is_home(n))
		say_home(c, v, n);
	else if (finish_on_forge(c))
		code = finish_pull(c, v, &n->epic, method, &n->as);
	else if (!cli_flag(c, "merge"))
		print_command(c, v);
	else
		code = move_base(c, v, &n->epic);
	if (code == CLI_OK && cli_flag(c, "merge"))
		code = close_epic(c, v, n);
	return code;
}

int cmd_finish(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct view v CLEANUP(view_done) = {0};
	struct ends n CLEANUP(ends_done) = {0};
	(void)argc;
	if (view_open(&c->place, &c->config, argv[0], &v, &e))
		return cli_fail(c, &e);
	return finish(c, argv[0], &v, &n);
}
