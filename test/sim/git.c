#include "base/clean.h"
#include "sim/sim.h"

#include <string.h>

/* port/git.h over the repository of repo.c: every call may fail, die, or be done unheard. */

/* What a power cut took is found by those who look after it, and used by nobody. */
static void check_there(const struct oid *o, const char *what)
{
	if (commit_is_gone(o))
		checker_break(sim->checker, "ports: %s of %d, which a power cut took", what,
			      oid_commit(o));
}

static int git_open_epic(struct git *g, struct git_opened *ret, struct err *e)
{
	enum fate f = fate("open the epic");
	int rc = refused(f, e), main_head = ref_get(BASE_REF), fork = main_head;
	(void)g;
	if (rc)
		return rc;
	if (ref_get(EPIC_REF) < 0) {
		ref_set(EPIC_REF, main_head);
		checker_epic(sim->checker, main_head, false, false);
		ret->created = true;
	}
	if (sim->settings.remote && remote_get(EPIC_REF) < 0) {
		ref_set_either(EPIC_REF, ref_get(EPIC_REF), true);
		checker_remote(sim->checker, ref_get(EPIC_REF), false, false);
	}
	if (sim->settings.remote && is_ancestor(ref_get(EPIC_REF), remote_get(EPIC_REF))) {
		ref_set(EPIC_REF, remote_get(EPIC_REF));
		checker_epic(sim->checker, ref_get(EPIC_REF), false, false);
	}
	sim->anchor = true;
	(void)snprintf(ret->base, sizeof(ret->base), "main");
	(void)snprintf(ret->remote, sizeof(ret->remote), "%s",
		       sim->settings.remote ? "origin" : "");
	ret->base_head = commit_oid(main_head);
	ret->epic_head = commit_oid(ref_get(EPIC_REF));
	while (!is_ancestor(fork, main_head) || !is_ancestor(fork, ref_get(EPIC_REF)))
		fork--;
	ret->fork = commit_oid(fork);
	say("git: epic opened at %d", ref_get(EPIC_REF));
	return heard(f, e);
}

/* Rule 8 is the driver's to keep: what nobody collected is named before it goes. */
static void save_first(const struct worktree *w)
{
	char name[100];
	int head = w->head;
	if (worktree_is_kept(w))
		return;
	if (w->leftovers)
		head = commit_change(head, w->task, BY_AGENT);
	(void)snprintf(name, sizeof(name), "refs/ganger/saved/%s/%d",
		       w->task < 0 ? "gate" : sim->issues.items[w->task].id, w->attempt);
	ref_set(name, head);
	say("git: saved first %s at %d", name, head);
}

static void find_start(const struct git_worktree_spec *s, struct worktree *w)
{
	int epic = ref_get(EPIC_REF), last = oid_commit(&s->last);
	w->start = w->base = epic;
	w->merging = -1;
	if (s->at.hex[0]) {
		w->start = w->base = oid_commit(&s->at);
	} else if (s->from == GIT_FROM_CONFLICT) {
		w->start = last;
		w->merging = epic;
	} else if (s->from == GIT_FROM_LAST ||
		   (s->from == GIT_FROM_MERGED && conflicts(epic, last, NULL))) {
		w->start = last;
		w->base = oid_commit(&s->last_base);
	} else if (s->from == GIT_FROM_MERGED) {
		w->start =
			contains(last, epic) ? last : commit_join(last, epic, w->task, BY_GANGER);
	}
	w->head = w->start;
}

static void check_free(const char *path, const char *what)
{
	if (job_alive_in(path))
		checker_break(sim->checker, "ports: %s of '%s' while a process is in it", what,
			      path);
}

/* A branch of a person's is theirs, whatever becomes of what they submitted. */
static void check_ours(const char *branch)
{
	if (strncmp(branch, "people/", 7) == 0)
		checker_break(sim->checker, "ports: '%s' is a person's", branch);
}

static int make_worktree(const struct git_worktree_spec *s, struct git_worktree *ret)
{
	struct worktree *w = worktree_find(s->path);
	check_there(&s->at, "a worktree");
	if (s->from == GIT_FROM_LAST || s->from == GIT_FROM_MERGED)
		check_there(&s->last, "a worktree");
	int task = s->task ? issue_index(s->task) : -1;
	bool same = w && w->ready && w->task == task && w->attempt == s->attempt && s->task;
	check_free(s->path, "preparing");
	if (job_stays_in(s->path))
		checker_break(sim->checker,
			      "ports: preparing of '%s', in which something could not be ended",
			      s->path);
	if (!w) {
		w = VEC_ADD(&sim->worktrees);
		w->path = mem_strdup(s->path);
	} else if (w->ready && !same) {
		save_first(w);
		ret->recycled = true;
	}
	if (!same) {
		free(w->branch);
		*w = (struct worktree){.path = w->path,
				       .branch = mem_strdup(s->branch),
				       .task = task,
				       .attempt = s->attempt,
				       .ready = true,
				       .since = sim->now};
		find_start(s, w);
	}
	if (!same && s->branch) {
		char name[200];
		check_ours(s->branch);
		(void)snprintf(name, sizeof(name), "refs/heads/%s", s->branch);
		ref_set(name, w->start);
	}
	ret->found = same;
	return (int)(w - sim->worktrees.items);
}

static int git_worktree_(struct git *g,
			 const struct git_worktree_spec *s,
			 struct git_worktree *ret,
			 struct err *e)
{
	enum fate f = fate("make a worktree");
	int rc = refused(f, e);
	(void)g;
	if (rc)
		return rc;
	int made = make_worktree(s, ret);
	const struct worktree *w = &sim->worktrees.items[made];
	ret->start = commit_oid(w->start);
	ret->base = commit_oid(w->base);
	say("git: worktree %s for %s/%d at %d%s", s->path, s->task ? s->task : "-", s->attempt,
	    w->start, ret->found ? " (found)" : "");
	return heard(f, e);
}

/* The merge in progress, as its agent left it: a commit, or the work as it was. */
static void collect_merge(struct worktree *w, const struct git_collect_spec *s)
{
	char name[200];
	if (w->collected)
		return;
	w->collected = true;
	if (w->merging < 0) {
		checker_break(sim->checker, "ports: %s/%d is no resolver's", s->task, s->attempt);
	} else if (!w->unresolved) {
		w->head = commit_resolve(w->merging, w->head, w->task);
	} else if (w->leftovers) {
		(void)snprintf(name, sizeof(name), "refs/ganger/" EPIC "/%s/%d.rest", s->task,
			       s->attempt);
		ref_set(name, commit_change(w->head, w->task, BY_AGENT));
	}
	w->leftovers = 0;
}

static int collect_from(struct worktree *w, const struct git_collect_spec *s, struct git_work *ret)
{
	char name[200];
	check_free(s->path, "collecting");
	ret->leftovers = w->leftovers;
	if (s->resolve)
		collect_merge(w, s);
	if (s->resolve && w->unresolved)
		(void)snprintf(ret->problem, sizeof(ret->problem), "markers are left");
	if (w->leftovers && s->commit_leftovers)
		w->head = commit_change(w->head, w->task, BY_AGENT);
	w->leftovers = 0; /* committed, or saved under <attempt>.rest */
	if (w->bad_history)
		(void)snprintf(ret->problem, sizeof(ret->problem), "it does not descend");
	(void)snprintf(name, sizeof(name), "refs/ganger/" EPIC "/%s/%d", s->task, s->attempt);
	ref_set(name, w->head);
	check_ours(s->branch);
	(void)snprintf(name, sizeof(name), "refs/heads/%s", s->branch);
	ref_set(name, w->head);
	return w->head;
}

static int
git_collect(struct git *g, const struct git_collect_spec *s, struct git_work *ret, struct err *e)
{
	enum fate f = fate("collect");
	struct worktree *w = worktree_find(s->path);
	int rc = refused(f, e);
	(void)g;
	if (rc)
		return rc;
	if (!w || !w->ready || w->task != issue_index(s->task) || w->attempt != s->attempt) {
		checker_break(sim->checker, "ports: collecting %s/%d where it never was", s->task,
			      s->attempt);
		return err_set(e, ERR_NOT_FOUND, "the worktree is gone");
	}
	int head = collect_from(w, s, ret);
	if (s->resolve && !w->unresolved)
		checker_fixed(sim->checker, w->task, head);
	ret->head = commit_oid(head);
	ret->ahead = count_ahead(head, oid_commit(&s->base));
	say("git: collected %s/%d: %d, %d ahead", s->task, s->attempt, head, ret->ahead);
	return heard(f, e);
}

void git_conflict_done(struct git_conflict *c)
{
	free(c->files);
	free(c->ours);
	free(c->theirs);
	free(c->touching);
}

static int git_conflict_(struct git *g,
			 const struct oid *work,
			 const struct oid *epic_head,
			 struct git_conflict *ret,
			 struct err *e)
{
	enum fate f = fate("read the conflict");
	int rc = refused(f, e);
	struct buf paths CLEANUP(buf_done) = BUF_INIT;
	(void)g;
	if (rc)
		return rc;
	IGNORE(conflicts(oid_commit(work), oid_commit(epic_head), &paths));
	ret->files = buf_take(&paths);
	return heard(f, e);
}

/* Only what issues declare is known here. */
static int git_touched(struct git *g,
		       const struct oid *from,
		       const struct oid *to,
		       struct buf *ret,
		       struct err *e)
{
	enum fate f = fate("look at what was touched");
	int rc = refused(f, e);
	(void)g;
	(void)from;
	(void)to;
	(void)ret;
	return rc ? rc : heard(f, e);
}

/* Once its agent has worked. */
static int git_changed(
	struct git *g, const char *path, const struct oid *start, struct buf *ret, struct err *e)
{
	int rc = refused(fate("look at what is being changed"), e);
	const struct worktree *w = worktree_find(path);
	(void)g;
	if (rc || !w || !w->ready || w->task < 0 || w->start != oid_commit(start))
		return rc;
	int file = sim->issues.items[w->task].changes;
	if (!file || (w->head == w->start && !w->leftovers))
		return 0;
	buf_printf(ret, "f%d", file);
	buf_putc(ret, '\0');
	sim->peeks = sim->runs;
	if (w->since <= sim->runs_since) /* else it is another's by now */
		checker_seen(sim->checker, w->task, file);
	return 0;
}

/* Without its history in the branch: an earlier landing that nobody heard of, and nothing to add. */
static bool has_landed(const struct git_merge_spec *s)
{
	int onto = oid_commit(&s->onto);
	return s->method != GIT_MERGE && s->landed.hex[0] && !commit_is_gone(&s->landed) &&
	       is_ancestor(oid_commit(&s->landed), onto) && contains(onto, oid_commit(&s->head));
}

static int
git_merge_(struct git *g, const struct git_merge_spec *s, struct git_merge *ret, struct err *e)
{
	enum fate f = fate("merge");
	int rc = refused(f, e), onto = oid_commit(&s->onto), head = oid_commit(&s->head);
	struct buf paths CLEANUP(buf_done) = BUF_INIT;
	(void)g;
	if (rc)
		return rc;
	check_there(&s->head, "a merge");
	checker_joins(sim->checker, issue_index(s->task), head);
	if (commit_is_gone(&s->onto))
		return err_set(e, ERR_INVALID, "there is no commit %.12s", s->onto.hex);
	if (is_ancestor(head, onto) || has_landed(s)) {
		ret->result = GIT_ALREADY;
		ret->commit = is_ancestor(head, onto) ? s->head : s->landed;
	} else if (conflicts(onto, head, &paths)) {
		checker_conflict(sim->checker, issue_index(s->task), onto);
		ret->result = GIT_CONFLICT;
		(void)snprintf(ret->conflicts, sizeof(ret->conflicts), "%s", buf_cstr(&paths));
	} else {
		bool merge = s->method == GIT_MERGE;
		int c = commit_join(onto, head, issue_index(s->task), BY_GANGER);
		if (!merge)
			sim->commits.items[c].parent[1] = -1;
		ret->result = GIT_MERGED;
		ret->commit = commit_oid(c);
		ret->tree = tree_oid(sim->commits.items[c].tree);
	}
	say("git: merge of %s: %d onto %d: %s %.8s", s->task, head, onto,
	    ret->result == GIT_ALREADY    ? "already"
	    : ret->result == GIT_CONFLICT ? "conflict"
					  : "made",
	    ret->commit.hex);
	return heard(f, e);
}

/* What the branch says of it; 0: it is where the landing wants it. */
static enum git_landed probe(int tip, int old, int new_)
{
	if (is_ancestor(new_, tip))
		return GIT_LANDED;
	if (tip == old)
		return 0;
	return is_ancestor(old, tip) ? GIT_MOVED : GIT_REWRITTEN;
}

static int push_landing(const struct git_land_spec *s, struct git_land *ret, struct err *e)
{
	enum fate f = fate("push");
	int rc = refused(f, e), old = oid_commit(&s->old), new_ = oid_commit(&s->new_);
	if (rc)
		return rc;
	int tip = remote_get(EPIC_REF);
	ret->result = probe(tip, old, new_);
	if (!ret->result) {
		ref_set_either(EPIC_REF, new_, true);
		say("git: pushed %d", new_);
		checker_landed(sim->checker, issue_index(s->task), old, new_);
		checker_remote(sim->checker, new_, false, false);
		ret->result = GIT_LANDED;
	} else if (ret->result == GIT_MOVED) {
		checker_in_the_way(sim->checker, issue_index(s->task), old);
	} else if (ret->result == GIT_LANDED) {
		checker_landed_along(sim->checker, issue_index(s->task), new_);
	}
	ret->tip = commit_oid(remote_get(EPIC_REF));
	rc = heard(f, e);
	/* The local branch follows, once the remote has proven it. */
	int local = ref_get(EPIC_REF), to = remote_get(EPIC_REF);
	if (!rc && local != to && is_ancestor(local, to)) {
		ref_set(EPIC_REF, to);
		checker_epic(sim->checker, to, false, false);
	}
	return rc;
}

static int land_here(const struct git_land_spec *s, struct git_land *ret, struct err *e)
{
	enum fate f = fate("land");
	int rc = refused(f, e), old = oid_commit(&s->old), new_ = oid_commit(&s->new_);
	if (rc)
		return rc;
	ret->result = probe(ref_get(EPIC_REF), old, new_);
	if (!ret->result) {
		ref_set(EPIC_REF, new_);
		checker_landed(sim->checker, issue_index(s->task), old, new_);
		checker_epic(sim->checker, new_, false, false);
		ret->result = GIT_LANDED;
	} else if (ret->result == GIT_MOVED) {
		checker_in_the_way(sim->checker, issue_index(s->task), old);
	} else if (ret->result == GIT_LANDED) {
		checker_landed_along(sim->checker, issue_index(s->task), new_);
	}
	ret->tip = commit_oid(ref_get(EPIC_REF));
	return heard(f, e);
}

static int
git_land_(struct git *g, const struct git_land_spec *s, struct git_land *ret, struct err *e)
{
	(void)g;
	if (!streq(s->branch, epic_branch()))
		checker_break(sim->checker, "rule 4: a landing on '%s'", s->branch);
	check_there(&s->new_, "a landing");
	int rc = sim->settings.remote ? push_landing(s, ret, e) : land_here(s, ret, e);
	if (rc == 0)
		say("git: land %s: %s, tip %.8s", s->task,
		    ret->result == GIT_LANDED  ? "landed"
		    : ret->result == GIT_MOVED ? "moved"
					       : "rewritten",
		    ret->tip.hex);
	return rc;
}

static int git_resolve(struct git *g, const char *name, struct oid *ret, struct err *e)
{
	enum fate f = fate("resolve");
	int rc = refused(f, e), commit = ref_get(name);
	struct oid id = {""};
	(void)g;
	if (rc)
		return rc;
	if (commit < 0 && strlen(name) == 40) {
		(void)snprintf(id.hex, sizeof(id.hex), "%s", name);
		commit = oid_commit(&id);
	}
	if (commit < 0)
		return err_set(e, ERR_NOT_FOUND, "there is no '%s'", name);
	*ret = commit_oid(commit);
	return heard(f, e);
}

static int
git_keep(struct git *g, const char *task, int attempt, const struct oid *head, struct err *e)
{
	enum fate f = fate("keep");
	int rc = refused(f, e);
	(void)g;
	if (rc)
		return rc;
	int n = base_entry(task), commit = oid_commit(head);
	ref_keep(n, attempt, commit);
	if (sim->issues.items[n].base && commit == sim->issues.items[n].pinned)
		checker_submits(sim->checker, n, commit);
	else
		checker_fixed(sim->checker, n, commit);
	return heard(f, e);
}

static int git_push_task(struct git *g, const char *branch, const struct oid *head, struct err *e)
{
	char name[200];
	enum fate f = fate("push a task");
	int rc = refused(f, e);
	(void)g;
	if (rc)
		return rc;
	check_there(head, "a push");
	(void)snprintf(name, sizeof(name), "refs/heads/%s", branch);
	if (sim->settings.remote)
		ref_set_either(name, oid_commit(head), true);
	return heard(f, e);
}

static int
git_ancestor(struct git *g, const struct oid *a, const struct oid *b, bool *ret, struct err *e)
{
	int rc = refused(fate("ask for an ancestor"), e);
	(void)g;
	if (rc)
		return rc;
	*ret = is_ancestor(oid_commit(a), oid_commit(b));
	return 0;
}

/* Only prompts have it. */
static int git_diff(struct git *g,
		    const struct oid *a,
		    const struct oid *b,
		    struct buf *ret,
		    struct err *e)
{
	(void)g;
	(void)e;
	buf_printf(ret, "%s %s\n", a->hex, b->hex);
	return 0;
}

static int git_touches(struct git *g,
		       const struct oid *a,
		       const struct oid *b,
		       const char *const *globs,
		       bool *ret,
		       struct err *e)
{
	int rc = refused(fate("ask what it touches"), e);
	(void)g;
	if (rc)
		return rc;
	if (!streq(globs[0], "area/**") || globs[1])
		checker_break(sim->checker, "ports: asked for '%s'", globs[0]);
	*ret = touches_area(oid_commit(a), oid_commit(b));
	return 0;
}

static int git_remove(struct git *g, const char *path, struct err *e)
{
	enum fate f = fate("remove worktrees");
	int rc = refused(f, e), kept = 0;
	(void)g;
	if (rc)
		return rc;
	for (size_t i = 0; i < sim->worktrees.n; i++) {
		struct worktree *w = &sim->worktrees.items[i];
		if (!w->ready || (path && !streq(path, w->path)))
			continue;
		check_free(w->path, "removing");
		if (w->task >= 0 && !worktree_is_kept(w))
			kept++;
		else
			w->ready = false;
	}
	sim->anchor = path ? sim->anchor : false;
	say("git: worktrees removed, %d kept", kept);
	if (kept)
		return err_set(e, ERR_CONFLICT, "%d worktrees have work that no ref names", kept);
	return heard(f, e);
}

static int git_brought(struct git *g, const char *path, struct err *e)
{
	(void)g, (void)path, (void)e;
	return 0;
}

static int git_watch(struct git *g, const char *path, bool busy, struct err *e)
{
	(void)g, (void)path, (void)busy, (void)e;
	return 0;
}

static void git_free(struct git *g)
{
	free(g);
}

int sim_git_open(struct git **ret)
{
	static const struct git_ops ops = {
		.open_epic = git_open_epic,
		.worktree = git_worktree_,
		.brought = git_brought,
		.watch = git_watch,
		.conflict = git_conflict_,
		.collect = git_collect,
		.merge = git_merge_,
		.land = git_land_,
		.resolve = git_resolve,
		.touched = git_touched,
		.changed = git_changed,
		.keep = git_keep,
		.push_task = git_push_task,
		.ancestor = git_ancestor,
		.diff = git_diff,
		.touches = git_touches,
		.remove = git_remove,
		.clear_torn = git_clear_torn,
		.prove = git_prove,
		.free = git_free,
	};
	struct git *g = mem_alloc(sizeof(*g));
	g->ops = &ops;
	*ret = g;
	return 0;
}
