#include "base/clock.h"
#include "base/map.h"
#include "config/config.h"
#include "run/gc-impl.h"

#include <inttypes.h>
#include <string.h>

/* Refs: a branch goes when its commit is in the epic branch, an attempt's when all is over. */

#define DAY_MS    (INT64_C(24) * 3600000)
#define KEEP_DAYS 14

static int drop(struct gc_epic *x, const char *name, const void *arg, struct err *e)
{
	return x->git->ops->drop_ref(x->git, name, arg, e);
}

static int drop_branch(struct gc_epic *x, const char *name, const void *arg, struct err *e)
{
	char *ref CLEANUP(freep) = mem_printf("refs/heads/%s", name);
	return drop(x, ref, arg, e);
}

/* The commit that a branch, here or at the remote as last seen, has now. */
static bool head_of(struct gc_epic *x, const char *prefix, const char *branch, struct oid *ret)
{
	char *ref CLEANUP(freep) = mem_printf("%s%s", prefix, branch);
	struct err none = ERR_INIT; /* then it proves nothing */
	return branch && branch[0] && x->git->ops->resolve(x->git, ref, ret, &none) == 0;
}

static bool is_in(struct gc_epic *x, const struct oid *a, const struct oid *b)
{
	struct err none = ERR_INIT; /* a commit that is not there is in nothing */
	bool in = false;
	return a->hex[0] && x->git->ops->ancestor(x->git, a, b, &in, &none) == 0 && in;
}

/* Squashed or rebased, the branch's own commit is nowhere, but what was made of it has landed. */
static bool
has_landed(struct gc_epic *x, const struct task *t, const struct oid *at, const struct oid *into)
{
	return streq(t->head.hex, at->hex) && is_in(x, &t->landed, into);
}

static bool is_over(const struct task *t)
{
	return (task_state_flags((enum task_state)t->state) & F_SETTLED) || t->state == TASK_MERGED;
}

static void look_at_branch(struct gc_epic *x,
			   const struct task *t,
			   const struct git_ref *r,
			   const struct oid *into)
{
	const char *branch = r->name + strlen("refs/heads/");
	struct buf look CLEANUP(buf_done) = BUF_INIT;
	char why[300];
	buf_puts(&look, "git log ");
	buf_shell(&look, x->core.run.base);
	buf_puts(&look, "..");
	buf_shell(&look, branch);
	if (!is_over(t)) {
		gc_kept(x, "branch", branch, "its task is not over", "ganger status ",
			x->core.run.epic);
	} else if (r->held) {
		(void)snprintf(why, sizeof(why), "it is checked out in '%.250s'", r->held);
		gc_kept(x, "branch", branch, why, "git worktree list", NULL);
	} else if (r->in || has_landed(x, t, &r->at, into)) {
		gc_removed(x, "branch", branch, drop_branch, &r->at);
	} else {
		(void)snprintf(why, sizeof(why), "its commit %.12s is not in '%.200s'", r->at.hex,
			       x->core.run.dispatch ? x->core.run.base : x->epic_branch);
		gc_kept(x, "branch", branch, why, buf_cstr(&look), NULL);
	}
}

void gc_branches(struct gc_epic *x)
{
	struct git_refs all CLEANUP(git_refs_done) = {0};
	struct map at CLEANUP(map_done) = {0};
	struct err e = ERR_INIT;
	struct oid into;
	bool epic = !x->core.run.dispatch && head_of(x, "refs/heads/", x->epic_branch, &into);
	if (!epic && !head_of(x, "refs/heads/", x->core.run.base, &into))
		return;
	if (x->git->ops->refs(x->git, "refs/heads", &into, &all, &e)) {
		gc_kept(x, "branch", "refs/heads", e.msg, "git for-each-ref refs/heads", NULL);
		return;
	}
	for (size_t i = 0; i < all.items.n; i++)
		map_set(&at, all.items.items[i].name, i);
	for (size_t i = 0; i < x->core.tasks.n; i++) {
		const struct task *t = &x->core.tasks.items[i];
		char *branch CLEANUP(freep) =
			branch_expand(x->spec->config->git_task_branch, x->core.run.epic, t->id);
		char *ref CLEANUP(freep) = mem_printf("refs/heads/%s", branch);
		size_t found = 0;
		/* A person's branch is the person's; ours has this name, and nobody else's. */
		if (!t->outside && map_find(&at, ref, &found) && !streq(branch, x->epic_branch))
			look_at_branch(x, t, &all.items.items[found], &into);
	}
}

/* ---- the attempts' refs ---- */

static int64_t last_landing_ms(const struct core *c)
{
	int64_t last = 0;
	for (size_t i = 0; i < c->tasks.n; i++)
		if (c->tasks.items[i].landed.hex[0] && c->tasks.items[i].ended_ms > last)
			last = c->tasks.items[i].ended_ms;
	return last ? last : c->run.ended_ms;
}

/* Why the attempts' refs stay as a whole; false: they need not. */
static bool must_stay(const struct gc_epic *x, bool is_home, struct buf *why)
{
	int open = 0;
	char *epic CLEANUP(freep) = shell_word(x->core.run.epic);
	for (size_t i = 0; i < x->core.tasks.n; i++)
		open += !x->core.tasks.items[i].outside &&
			x->core.tasks.items[i].state != TASK_CLOSED;
	int64_t days = (clock_now().wall_ms - last_landing_ms(&x->core)) / DAY_MS;
	if (!x->ended)
		buf_puts(why, "the run was cut short");
	else if (open)
		buf_printf(why, "the epic is not finished: %d %s not closed", open,
			   open == 1 ? "task is" : "tasks are");
	else if (!is_home)
		buf_printf(why,
			   "'%s' is not in '%s' yet, nor is one commit that has all of it: 'ganger "
			   "finish %s' takes it there; if it is there in another way, delete them",
			   x->epic_branch, x->core.run.base, epic);
	else if (days < KEEP_DAYS)
		buf_printf(why, "they stay for %d days after the last landing", KEEP_DAYS);
	return why->n > 0;
}

/* An attempt that a later one of the same task made superfluous, by landing in 'into'. */
static bool
was_replaced(struct gc_epic *x, struct str leaf, const char *task, const struct oid *into)
{
	int64_t attempt = 0;
	for (size_t i = 0; i < x->core.tasks.n; i++) {
		const struct task *t = &x->core.tasks.items[i];
		struct buf name CLEANUP(buf_done) = BUF_INIT;
		buf_name(&name, t->id);
		if (streq(buf_cstr(&name), task))
			return str_i64(leaf, &attempt) && attempt <= t->attempt &&
			       is_in(x, &t->landed, into);
	}
	return false;
}

static void look_at_ref(struct gc_epic *x, const struct git_ref *r, const struct oid *into)
{
	const char *slash = strrchr(r->name, '/');
	const char *from = r->name;
	for (int i = 0; i < 3 && from; i++) /* "refs/ganger/<epic>/" */
		from = strchr(from, '/') ? strchr(from, '/') + 1 : NULL;
	char *task CLEANUP(freep) =
		from && from < slash ? mem_strndup(from, (size_t)(slash - from)) : mem_strdup("");
	char why[200];
	if (strstr(r->name, ".rest"))
		gc_kept(x, "ref", r->name, "it has files that were never committed",
			"git show --stat ", r->name);
	else if (r->in || was_replaced(x, str_of(slash + 1), task, into))
		gc_removed(x, "ref", r->name, drop, &r->at);
	else {
		(void)snprintf(why, sizeof(why), "its commit %.12s is not in '%.100s'", r->at.hex,
			       x->core.run.base);
		gc_kept(x, "ref", r->name, why, "git log ", r->name);
	}
}

/* The base here, or where the epic is in that of the remote alone, as last seen, that one. */
static bool
is_home(struct gc_epic *x, const struct oid *epic, struct oid *ret_base, bool *ret_squashed)
{
	char *remote CLEANUP(freep) = mem_printf("refs/remotes/%s/", x->core.run.remote);
	const char *const where[] = {"refs/heads/", remote};
	struct err none = ERR_INIT; /* then it is not known to be there */
	bool in = false;
	for (size_t i = 0; i < ARRAY_LEN(where) && !in; i++)
		in = head_of(x, where[i], x->core.run.base, ret_base) && is_in(x, epic, ret_base);
	for (size_t i = 0; i < ARRAY_LEN(where) && !in && !*ret_squashed; i++)
		if (head_of(x, where[i], x->core.run.base, ret_base))
			IGNORE(x->git->ops->squashed(x->git, epic, ret_base, ret_squashed, &none));
	return in || *ret_squashed;
}

void gc_refs(struct gc_epic *x)
{
	struct git_refs all CLEANUP(git_refs_done) = {0};
	struct buf name CLEANUP(buf_done) = BUF_INIT, why CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	struct oid base = {{0}}, epic = x->core.run.epic_head;
	bool squashed = false;
	buf_name(&name, x->core.run.epic);
	char *prefix CLEANUP(freep) = mem_printf("refs/ganger/%s", buf_cstr(&name));
	(void)head_of(x, "refs/heads/", x->epic_branch, &epic); /* deleted: as last seen */
	bool home = epic.hex[0] && is_home(x, &epic, &base, &squashed);
	/* What is in an epic of which all is in the base is there as well. */
	const struct oid *into = squashed ? &epic : base.hex[0] ? &base : NULL;
	if (x->git->ops->refs(x->git, prefix, into, &all, &e)) {
		gc_kept(x, "refs", prefix, e.msg, "git for-each-ref ", prefix);
		return;
	}
	if (all.items.n && must_stay(x, home, &why)) {
		gc_kept(x, "refs", prefix, buf_cstr(&why), "git for-each-ref ", prefix);
		return;
	}
	for (size_t i = 0; i < all.items.n; i++)
		look_at_ref(x, &all.items.items[i], into);
}
