#include "base/clock.h"
#include "base/utf8.h"
#include "git/impl.h"

#include <stdio.h>
#include <string.h>

/* No component that buf_name() makes looks like this. */
#define TIP_LEAF "%tip"

/* In the user's checkout: a remote's address may be a path relative to it. */
static struct cmd remote_cmd(struct git_repo *g)
{
	struct cmd c = repo_cmd(g);

	c.git_dir = g->place.git_dir;
	c.work_tree = g->place.root;
	c.ssh = g->ssh;
	c.timeout_ms = CMD_REMOTE_MS;
	return c;
}

static bool says(struct str line, const char *prefix, struct str *ret)
{
	if (!str_starts(line, prefix))
		return false;
	*ret = str_trim((struct str){line.p + strlen(prefix), line.n - strlen(prefix)});
	return ret->n > 0;
}

/* What the other side said, and how git sums it up: "!<tab>refs<tab>[remote rejected] (reason)". */
static void read_words(const struct child_result *r, struct push *p)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct str rest = buf_str(&r->out), line, text;

	while (str_next(&rest, '\n', &line)) {
		if (!says(line, "!\t", &text))
			continue;
		while (str_next(&text, '\t', &line))
			; /* the last field */
		buf_line(&b, line);
	}
	rest = buf_str(&r->errout);
	while (str_next(&rest, '\n', &line)) {
		if (!says(line, "remote: ", &text))
			continue;
		buf_puts(&b, b.n ? "; " : "");
		buf_line(&b, text);
	}
	if (!b.n && r->exit_code)
		buf_line(&b, cmd_reason(r));
	(void)snprintf(p->said, sizeof(p->said), "%s", buf_cstr(&b));
	utf8_mend(p->said);
}

int remote_push(struct git_repo *g, struct push *p, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = remote_cmd(g);
	char *lease CLEANUP(freep) =
		mem_printf("--force-with-lease=" PREFIX_HEADS "%s:%s", p->branch, p->lease.hex);
	char *what CLEANUP(freep) = mem_printf("%s:" PREFIX_HEADS "%s", p->head.hex, p->branch);
	struct err why = ERR_INIT;
	int rc;

	c.hooks = true; /* Git LFS uploads in pre-push */
	rc = cmd_run(&c,
		     ARGS("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no",
			  lease, g->remote, what),
		     &r, &why);
	p->ran_out = rc == ERR_LIMIT;
	if (rc && !p->ran_out) {
		if (e)
			*e = why;
		return rc;
	}
	read_words(&r, p);
	if (p->ran_out)
		(void)snprintf(p->said, sizeof(p->said), "no answer in time");
	return 0;
}

int remote_tip(struct git_repo *g, const char *branch, struct oid *ret, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = remote_cmd(g);
	char *ref CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", branch);
	const char *const *args = ARGS("ls-remote", "--refs", g->remote, ref);
	struct str rest, line, hex;
	int rc = cmd_run(&c, args, &r, e);

	if (!rc && r.exit_code)
		rc = cmd_error(args, &r, e);
	/* Whatever the reason, nothing is known of the remote now; later it may be. */
	if (rc && e)
		e->code = rc == ERR_NOT_FOUND ? rc : ERR_IO;
	if (rc)
		return err_wrap(e, "could not ask '%s' for branch '%s'", g->remote, branch);
	*ret = (struct oid){{0}};
	rest = buf_str(&r.out);
	while (str_next(&rest, '\n', &line)) {
		if (str_next(&line, '\t', &hex) && str_eq(str_trim(line), str_of(ref)))
			(void)oid_parse(hex, ret);
	}
	return 0;
}

int remote_fetch(struct git_repo *g, const char *branch, struct err *e)
{
	struct cmd c = remote_cmd(g);
	char *what CLEANUP(freep) =
		mem_printf("+" PREFIX_HEADS "%s:refs/ganger/%s/%s", branch, g->epic_name, TIP_LEAF);
	/* No ref but ours: where the remote was seen last is the user's, and may be locked by a git that
	 * was killed. */
	int rc = cmd_line(&c,
			  ARGS("fetch", "-q", "--no-tags", "--no-prune", "--no-write-fetch-head",
			       "--refmap=", "--no-recurse-submodules", "--no-auto-maintenance",
			       g->remote, what),
			  NULL, e);

	return rc ? err_wrap(e, "could not fetch branch '%s' from '%s'", branch, g->remote) : 0;
}

static bool object_is_here(struct git_repo *g, const struct oid *at)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);

	return cmd_run(&c, ARGS("cat-file", "-e", at->hex), &r, NULL) == 0 && r.exit_code == 0;
}

/*
 * Of ours, or in what is pushed. That it is here says nothing: somebody's git may have fetched what
 * somebody else pushed, and the next fetch would leave it without a name.
 */
static int
is_named(struct git_repo *g, const struct oid *at, const struct oid *head, bool *ret, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	char *ours CLEANUP(freep) = mem_printf("refs/ganger/%s/", g->epic_name);
	int rc;

	*ret = false;
	if (!object_is_here(g, at))
		return 0;
	rc = op_ancestor(&g->git, at, head, ret, e);
	if (rc || *ret)
		return rc;
	rc = cmd_ok(&c, ARGS("for-each-ref", "--count=1", "--points-at", at->hex, ours), &r, e);
	*ret = !rc && r.out.n;
	return rc;
}

int op_push_task(struct git *git, const char *branch, const struct oid *head, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct push p = {.branch = branch, .head = *head};
	struct oid tip;
	int rc;

	if (g->spec->push != GIT_PUSH_ALL || !g->remote)
		return 0;
	TURN_SHARED(g);
	rc = remote_tip(g, branch, &p.lease, e);
	if (rc || oid_eq(&p.lease, head))
		return rc;
	bool known = !p.lease.hex[0];
	rc = known ? 0 : is_named(g, &p.lease, head, &known, e);
	if (rc)
		return rc;
	if (!known) {
		(void)err_set(e, ERR_CONFLICT,
			      "could not push branch '%s': somebody pushed %.12s to it on '%s'",
			      branch, p.lease.hex, g->remote);
		return err_hint(e, "look at it there, and delete or rename it");
	}
	rc = remote_push(g, &p, e);
	rc = rc ? rc : remote_tip(g, branch, &tip, e);
	if (rc || oid_eq(&tip, head))
		return rc;
	return err_set(e, p.ran_out ? ERR_LIMIT : ERR_INVALID,
		       "could not push branch '%s' to '%s': %s", branch, g->remote, p.said);
}
