#include "git/impl.h"

#include <stdio.h>
#include <string.h>

/* One landing under way (DESIGN 7): what is asked, and what is to be answered. */
struct landing {
	struct git_repo *g;
	const struct git_land_spec *s;
	char *ref;
	struct git_land out;
};

static void say(struct landing *l, const char *text)
{
	(void)snprintf(l->out.text, sizeof(l->out.text), "%s", text);
}

static void settle(struct landing *l, enum git_landed result, const struct oid *tip)
{
	l->out.result = result;
	l->out.tip = *tip;
}

/* Is a in b? An absent one is in nothing, and contains nothing. */
static int
contains(struct landing *l, const struct oid *a, const struct oid *b, bool *ret, struct err *e)
{
	*ret = a->hex[0] && oid_eq(a, b);
	if (*ret || !a->hex[0] || !b->hex[0])
		return 0;
	return op_ancestor(&l->g->git, a, b, ret, e);
}

/* A merge that we made, onto just this. */
static bool is_made(const struct landing *l)
{
	struct made m;

	return made_find(l->g, &l->s->new_, &m) && oid_eq(&m.onto, &l->s->old);
}

/* The branch only ever moves forward, whatever we are told. */
static int check_forward(struct landing *l, struct err *e)
{
	const struct git_land_spec *s = l->s;
	bool descends = !s->old.hex[0] || is_made(l);
	int rc = descends ? 0 : contains(l, &s->old, &s->new_, &descends, e);

	if (rc || descends)
		return rc;
	return err_set(e, ERR_INVALID, "cannot move '%s' to %.12s: it does not descend from %.12s",
		       s->branch, s->new_.hex, s->old.hex);
}

/* Where the ref is, in words of a landing. Not settled (result 0): it is at 'old', the way is free. */
static int probe(struct landing *l, const struct oid *tip, struct err *e)
{
	bool has_new = false, has_old = false;
	int rc;

	if (oid_eq(tip, &l->s->old))
		return 0;
	rc = contains(l, &l->s->new_, tip, &has_new, e);
	if (!rc && !has_new)
		rc = contains(l, &l->s->old, tip, &has_old, e);
	if (!rc)
		settle(l, has_new ? GIT_LANDED : has_old ? GIT_MOVED : GIT_REWRITTEN, tip);
	return rc;
}

static int local_tip(const struct landing *l, struct oid *ret, struct err *e)
{
	return ref_find(l->g, l->ref, ret, e);
}

/* ---- Without a remote: the compare-and-swap alone ---- */

static int land_local(struct landing *l, struct err *e)
{
	struct oid tip;
	struct err why = ERR_INIT;
	int rc = local_tip(l, &tip, e), read;

	rc = rc ? rc : probe(l, &tip, e);
	if (rc || l->out.result)
		return rc;
	epic_unlock(l->g);
	rc = ref_set(l->g, l->ref, &l->s->new_, &l->s->old, &why);
	read = local_tip(l, &tip, e);
	if (read)
		return read; /* whether it moved is found out next time */
	if (!rc)
		settle(l, GIT_LANDED, &tip);
	else if (!oid_eq(&tip, &l->s->old))
		return probe(l, &tip, e); /* somebody was faster */
	else if (e)
		*e = why;
	return rc;
}

/* ---- With one: there first, proven, then here ---- */

/* The local branch follows the remote's, where that only moves it forward. */
static int follow(struct landing *l, const struct oid *to, struct err *e)
{
	struct oid tip;
	bool has = false, behind;
	int rc = local_tip(l, &tip, e);

	rc = rc ? rc : contains(l, to, &tip, &has, e);
	if (rc || has)
		return rc;
	behind = !tip.hex[0];
	if (!behind)
		rc = contains(l, &tip, to, &behind, e);
	if (!rc && behind)
		return ref_set(l->g, l->ref, to, &tip, e);
	if (!rc)
		say(l, "the local branch has commits of its own; it was left where it is");
	return rc;
}

/* The remote is elsewhere. *ret_behind: it only lacks what was landed here before. */
static int remote_moved(struct landing *l, const struct oid *tip, bool *ret_behind, struct err *e)
{
	int rc = tip->hex[0] ? remote_fetch(l->g, l->s->branch, e) : 0;

	rc = rc ? rc : probe(l, tip, e);
	if (rc || l->out.result != GIT_REWRITTEN)
		return rc;
	return contains(l, tip, &l->s->old, ret_behind, e);
}

static int refused(struct landing *l, const struct push *p, struct err *e)
{
	say(l, p->said);
	return err_set(e, p->ran_out ? ERR_LIMIT : ERR_INVALID, "could not push '%s' to '%s': %s",
		       l->s->branch, l->g->remote, p->said[0] ? p->said : "it was not taken");
}

/* Push once under this lease, and look at what the remote has then, whatever the push said. */
static int push_once(struct landing *l, struct oid *lease, bool *ret_again, struct err *e)
{
	struct push p = {.branch = l->s->branch, .lease = *lease, .head = l->s->new_};
	struct oid tip;
	int rc = remote_push(l->g, &p, e);

	*ret_again = false;
	rc = rc ? rc : remote_tip(l->g, l->s->branch, &tip, e);
	if (rc)
		return rc;
	say(l, p.said);
	if (oid_eq(&tip, &l->s->new_)) {
		settle(l, GIT_LANDED, &tip);
		return 0;
	}
	if (oid_eq(&tip, lease))
		return refused(l, &p, e);
	rc = remote_moved(l, &tip, ret_again, e);
	if (*ret_again) {
		l->out.result = 0;
		*lease = tip;
	}
	return rc;
}

static int land_remote(struct landing *l, struct err *e)
{
	struct oid lease = l->s->old;
	bool again = false;
	int rc = push_once(l, &lease, &again, e);

	if (!rc && again) {
		rc = push_once(l, &lease, &again, e);
		if (!rc && l->out.result == GIT_LANDED)
			say(l, "the remote was behind the local branch; it has all of it now");
	}
	if (!rc && !l->out.result)
		return err_set(e, ERR_BUSY, "could not push '%s' to '%s': it keeps moving",
			       l->s->branch, l->g->remote);
	if (!rc && l->out.result != GIT_REWRITTEN)
		rc = follow(l, &l->out.tip, e);
	return rc;
}

/* ---- By the forge: looked at before, proven and compared afterwards ---- */

static int land_look(struct landing *l, struct err *e)
{
	struct oid tip;
	bool behind = false;
	int rc = remote_tip(l->g, l->s->branch, &tip, e);

	if (!rc && oid_eq(&tip, &l->s->old))
		settle(l, GIT_FREE, &tip);
	else if (!rc)
		rc = remote_moved(l, &tip, &behind, e);
	if (rc || l->out.result == GIT_FREE || l->out.result == GIT_REWRITTEN)
		return rc;
	return follow(l, &l->out.tip, e);
}

/* What it was merged onto is the forge's own choice: is it what was tested? */
static int compare(struct landing *l, struct err *e)
{
	struct oid tested, made;
	int rc = commit_tree_of(l->g, &l->s->new_, &tested, e);

	rc = rc ? rc : commit_tree_of(l->g, &l->s->there, &made, e);
	if (!rc && !oid_eq(&tested, &made))
		say(l, "untested as it landed: the branch moved while the forge merged it");
	return rc;
}

static int land_there(struct landing *l, struct err *e)
{
	struct oid tip;
	bool has = false;
	int rc = remote_tip(l->g, l->s->branch, &tip, e);

	rc = rc ? rc : remote_fetch(l->g, l->s->branch, e);
	rc = rc ? rc : contains(l, &l->s->there, &tip, &has, e);
	if (rc)
		return rc;
	if (!has)
		return err_set(e, ERR_BUSY, "branch '%s' of '%s' does not have %.12s yet",
			       l->s->branch, l->g->remote, l->s->there.hex);
	rc = compare(l, e);
	settle(l, GIT_LANDED, &tip);
	return rc ? rc : follow(l, &tip, e);
}

static int land(struct landing *l, struct err *e)
{
	bool pushes = l->g->spec->push == GIT_PUSH_EPIC || l->g->spec->push == GIT_PUSH_ALL;

	if (l->s->by != GIT_LAND_PUSH && !l->g->remote)
		return err_set(e, ERR_INVALID, "there is no remote that a forge could merge in");
	switch (l->s->by) {
	case GIT_LAND_PUSH:
		break;
	case GIT_LAND_LOOK:
		return land_look(l, e);
	case GIT_LAND_THERE:
		return land_there(l, e);
	}
	return pushes && l->g->remote ? land_remote(l, e) : land_local(l, e);
}

/* A branch somebody has checked out would move under them. The epic's is held by the anchor. */
static int check_held(const struct landing *l, struct err *e)
{
	char *holder CLEANUP(freep) = branch_holder(l->g, l->s->branch, l->g->anchor_admin);

	if (!holder)
		return 0;
	(void)err_set(e, ERR_BUSY, "could not move branch '%s': it is checked out in '%s'",
		      l->s->branch, holder);
	return err_hint(e, "check out another branch there, or merge there by hand");
}

int op_land(struct git *git, const struct git_land_spec *s, struct git_land *ret, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct landing l = {.g = g, .s = s};
	int rc;

	TURN_SHARED(g);
	rc = check_held(&l, e);

	rc = rc ? rc : check_forward(&l, e);
	if (rc)
		return rc;
	l.ref = mem_printf(PREFIX_HEADS "%s", s->branch);
	rc = land(&l, e);
	if (!rc && l.out.result == GIT_LANDED && streq(l.ref, g->epic_ref))
		anchor_follow(g, &l.out.tip);
	free(l.ref);
	if (rc)
		return err_wrap(e, "could not land task '%s'", s->task ? s->task : "");
	*ret = l.out;
	return 0;
}
