#include "git/impl.h"

#include <stdio.h>
#include <string.h>

/* A branch 'a' leaves no room for a branch 'a/b': both would be the same path. */
static int check_prefixes(const struct git_repo *g, const char *branch, struct err *e)
{
	for (const char *c = strchr(branch, '/'); c; c = strchr(c + 1, '/')) {
		char *prefix CLEANUP(freep) = mem_strndup(branch, (size_t)(c - branch));
		char *ref CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", prefix);
		struct oid at;
		int rc = ref_find(g, ref, &at, e);

		if (rc)
			return rc;
		if (!at.hex[0])
			continue;
		(void)err_set(e, ERR_INVALID,
			      "cannot make branch '%s': there is a branch named '%s'", branch,
			      prefix);
		char *word CLEANUP(freep) = shell_word(prefix);
		return err_hint(e,
				"rename it with 'git branch -m %s NEW-NAME', or set "
				"git.epic_branch and git.task_branch",
				word);
	}
	return 0;
}

static int check_repository(const struct git_repo *g, struct err *e)
{
	const struct git_place *p = &g->place;
	int rc;

	if (p->bare) {
		(void)err_set(e, ERR_INVALID, "cannot work in '%s': it is a bare repository",
			      p->common_dir);
		return err_hint(e, "clone it, and start in the clone");
	}
	rc = check_prefixes(g, g->spec->epic_branch, e);
	return rc ? rc : check_prefixes(g, "ganger/x", e);
}

/* Where a base branch may be, best first; *ret is empty where it is nowhere. */
static int find_branch(const struct git_repo *g, const char *name, struct oid *ret, struct err *e)
{
	char *local CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", name);
	char *tracked CLEANUP(freep) =
		mem_printf("refs/remotes/%s/%s", g->remote ? g->remote : "", name);
	char *full CLEANUP(freep) = mem_printf("refs/remotes/%s", name);

	int rc = ref_find(g, local, ret, e);

	if (!rc && !ret->hex[0] && g->remote)
		rc = ref_find(g, tracked, ret, e);
	return rc || ret->hex[0] ? rc : ref_find(g, full, ret, e);
}

static int base_missing(const struct git_repo *g, const char *name, struct err *e)
{
	if (g->place.unborn && streq(name, g->place.branch)) {
		(void)err_set(e, ERR_INVALID, "cannot start from branch '%s': it has no commit yet",
			      name);
		return err_hint(e, "make a first commit");
	}
	(void)err_set(e, ERR_INVALID, "could not find the base branch '%s'", name);
	return err_hint(e, "name one that exists with -c base=BRANCH");
}

static int find_base(const struct git_repo *g, struct git_opened *ret, struct err *e)
{
	const struct git_place *p = &g->place;
	const char *name = g->spec->base;
	int rc = 0;

	if (!name && p->remote_branch && streq(g->remote, p->remote)) {
		rc = find_branch(g, p->remote_branch, &ret->base_head, e);
		name = ret->base_head.hex[0] ? p->remote_branch : NULL;
	}
	if (rc)
		return rc;
	if (!name)
		name = p->branch;
	if (!name) {
		(void)err_set(e, ERR_INVALID, "could not tell the base branch: HEAD is detached");
		return err_hint(e, "name one with -c base=BRANCH");
	}
	rc = find_branch(g, name, &ret->base_head, e);
	if (rc || !ret->base_head.hex[0])
		return rc ? rc : base_missing(g, name, e);
	(void)snprintf(ret->base, sizeof(ret->base), "%s", name);
	return 0;
}

static int check_free(const struct git_repo *g, struct err *e)
{
	const char *branch = g->spec->epic_branch;
	char *holder CLEANUP(freep) = branch_holder(g, branch, g->anchor_admin);

	if (!holder)
		return 0;
	/* Not BUSY: only a person can change it, so it is said at once. */
	(void)err_set(e, ERR_INVALID, "cannot use the epic branch '%s': it is checked out in '%s'",
		      branch, holder);
	return err_hint(e, "check out another branch there");
}

/* Both know the epic branch, or one does: make them agree where one contains the other. */
static int
meet_remote(struct git_repo *g, const struct oid *theirs, struct git_opened *ret, struct err *e)
{
	const char *branch = g->spec->epic_branch;
	bool behind = !ret->epic_head.hex[0];
	int rc;

	if (oid_eq(&ret->epic_head, theirs))
		return 0;
	rc = remote_fetch(g, branch, e);
	if (!rc && !behind)
		rc = op_ancestor(&g->git, &ret->epic_head, theirs, &behind, e);
	/* Ahead or apart: the next landing finds out and says so. */
	if (rc || !behind)
		return rc;
	rc = ref_set(g, g->epic_ref, theirs, &ret->epic_head, e);
	ret->epic_head = rc ? ret->epic_head : *theirs;
	return rc;
}

/* With a remote, the epic branch is there before anything lands, so that a landing has a lease. */
static int open_remote(struct git_repo *g, struct git_opened *ret, struct err *e)
{
	struct push p = {.branch = g->spec->epic_branch};
	struct oid theirs;
	int rc = remote_tip(g, p.branch, &theirs, e);

	if (!rc && theirs.hex[0])
		return meet_remote(g, &theirs, ret, e);
	p.head = ret->epic_head.hex[0] ? ret->epic_head : ret->base_head;
	rc = rc ? rc : remote_push(g, &p, e);
	rc = rc ? rc : remote_tip(g, p.branch, &theirs, e);
	if (rc || oid_eq(&theirs, &p.head))
		return rc;
	return err_set(e, p.ran_out ? ERR_LIMIT : ERR_INVALID, "could not push '%s' to '%s': %s",
		       p.branch, g->remote, p.said[0] ? p.said : "it was not taken");
}

/* The base may have moved since the epic branch was made, also before anybody heard that it was. */
static int find_fork(struct git_repo *g, struct git_opened *ret, struct err *e)
{
	struct cmd c = repo_cmd(g);
	struct child_result r CLEANUP(child_result_done) = {0};
	const char *const *args = ARGS("merge-base", ret->base_head.hex, ret->epic_head.hex);

	ret->fork = ret->base_head;
	if (oid_eq(&ret->base_head, &ret->epic_head))
		return 0;
	int rc = cmd_run(&c, args, &r, e);
	if (rc)
		return rc;
	if (r.exit_code > 1)
		return cmd_error(args, &r, e);
	if (r.exit_code == 1 || !oid_parse(str_trim(buf_str(&r.out)), &ret->fork))
		ret->fork = (struct oid){""};
	return 0;
}

int op_open_epic(struct git *git, struct git_opened *ret, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct git_opened o = {0};
	const struct oid none = {{0}};
	int rc;

	TURN_ALONE(g);
	rc = check_repository(g, e);

	rc = rc ? rc : find_base(g, &o, e);
	rc = rc ? rc : check_free(g, e);
	rc = rc ? rc : ref_find(g, g->epic_ref, &o.epic_head, e);
	if (rc)
		return rc;
	refs_unlock(g);
	(void)snprintf(o.remote, sizeof(o.remote), "%s", g->remote ? g->remote : "");
	o.created = !o.epic_head.hex[0];
	if (g->remote && (g->spec->push == GIT_PUSH_EPIC || g->spec->push == GIT_PUSH_ALL)) {
		rc = open_remote(g, &o, e);
		if (rc)
			return rc;
	}
	if (!o.epic_head.hex[0]) {
		rc = ref_set(g, g->epic_ref, &o.base_head, &none, e);
		o.epic_head = o.base_head;
	}
	rc = rc ? rc : find_fork(g, &o, e);
	rc = rc ? rc : anchor_open(g, &o.epic_head, e);
	if (!rc)
		*ret = o;
	return rc;
}
