#include "base/clean.h"
#include "sim/sim.h"

#include <string.h>

/*
 * A repository: commits as a DAG, a tree as the set of changes in it. A change may conflict
 * with others of its group, break the check, or break it together with another.
 */

const char *epic_branch(void)
{
	return "epic/" EPIC;
}

void task_branch(int task, struct buf *b)
{
	buf_puts(b, "ganger/" EPIC "/");
	buf_name(b, sim->issues.items[task].id);
}

/* ---- sets ---- */

static void set_add(struct set *s, int n)
{
	size_t word = (size_t)n / 64;
	if (word >= s->n) {
		s->words = mem_resize(s->words, word + 1, sizeof(*s->words));
		while (s->n <= word)
			s->words[s->n++] = 0;
	}
	s->words[word] |= (uint64_t)1 << (n % 64);
}

static void set_join(struct set *s, const struct set *other)
{
	if (other->n > s->n) {
		s->words = mem_resize(s->words, other->n, sizeof(*s->words));
		while (s->n < other->n)
			s->words[s->n++] = 0;
	}
	for (size_t i = 0; i < other->n; i++)
		s->words[i] |= other->words[i];
}

static bool set_has(const struct set *s, int n)
{
	return (size_t)n / 64 < s->n && (s->words[n / 64] >> (n % 64) & 1);
}

static bool set_holds(const struct set *s, const struct set *other)
{
	for (size_t i = 0; i < other->n; i++)
		if (other->words[i] & ~(i < s->n ? s->words[i] : 0))
			return false;
	return true;
}

/* The next member of s that is not in 'without' (NULL: any), from n on; -1 none. */
static int set_next(const struct set *s, const struct set *without, int n)
{
	for (size_t word = (size_t)n / 64; word < s->n; word++) {
		uint64_t left = s->words[word];
		if (without && word < without->n)
			left &= ~without->words[word];
		if (word == (size_t)n / 64)
			left &= ~(uint64_t)0 << (n % 64);
		if (left)
			return (int)(word * 64) + __builtin_ctzll(left);
	}
	return -1;
}

/* ---- commits ---- */

struct oid commit_oid(int commit)
{
	struct oid o = {""};
	if (commit >= 0)
		(void)snprintf(o.hex, sizeof(o.hex), "%08x%032d", commit + 1, 0);
	return o;
}

int oid_commit(const struct oid *o)
{
	unsigned n = 0;
	for (int i = 0; i < 8 && o->hex[i]; i++)
		n = n * 16 + (unsigned)(o->hex[i] <= '9' ? o->hex[i] - '0' : o->hex[i] - 'a' + 10);
	if (!o->hex[0])
		return -1;
	CHECK(n >= 1 && n <= sim->commits.n);
	return (int)n - 1;
}

static uint64_t change_hash(int n)
{
	struct rng r = {.x = (uint64_t)n + 77};
	return rng_next(&r);
}

static const struct set *content_of(int commit)
{
	return commit < 0 ? NULL : &sim->commits.items[commit].content;
}

/* By the changes that are in it, each once: what b adds to a. */
static uint64_t tree_of(int a, int b)
{
	uint64_t hash = a < 0 ? 1 : sim->commits.items[a].tree;
	const struct set *x = content_of(a), *y = content_of(b);
	for (int i = y ? set_next(y, x, 0) : -1; i >= 0; i = set_next(y, x, i + 1))
		hash ^= change_hash(i);
	return hash;
}

struct oid tree_oid(uint64_t tree)
{
	struct oid o = {""};
	(void)snprintf(o.hex, sizeof(o.hex), "%016llx%024d", (unsigned long long)tree, 0);
	return o;
}

static int commit_add(int a, int b, struct commit c)
{
	int n = (int)sim->commits.n;
	c.parent[0] = a;
	c.parent[1] = b;
	if (a >= 0)
		set_join(&c.content, content_of(a));
	if (b >= 0)
		set_join(&c.content, content_of(b));
	c.tree = tree_of(a, b);
	if (c.change) {
		set_add(&c.content, n);
		c.tree ^= change_hash(n);
	}
	VEC_PUSH(&sim->commits, c);
	if (c.fix)
		VEC_PUSH(&sim->fixes, n);
	if (c.broken || c.lint || c.pair)
		VEC_PUSH(&sim->breakers, n);
	checker_commit(sim->checker, n, a, b, c.change ? c.task : -2);
	if (c.area)
		checker_area(sim->checker, n);
	return n;
}

/* Is there another in it that breaks the check together with this one? */
static bool has_pair(const struct set *s, int commit)
{
	for (size_t i = 0; i < sim->breakers.n; i++) {
		int k = sim->breakers.items[i];
		if (k != commit && sim->commits.items[k].pair == sim->commits.items[commit].pair &&
		    set_has(s, k))
			return true;
	}
	return false;
}

static bool set_is_red(const struct set *s, int check)
{
	struct set mended = {0};
	bool red = false;
	for (size_t i = 0; i < sim->fixes.n; i++)
		if (set_has(s, sim->fixes.items[i]))
			set_join(&mended, content_of(sim->fixes.items[i]));
	for (size_t i = 0; i < sim->breakers.n && !red; i++) {
		int at = sim->breakers.items[i];
		const struct commit *c = &sim->commits.items[at];
		if (!set_has(s, at) || set_has(&mended, at))
			continue;
		red = check ? c->lint : c->broken || (c->pair && has_pair(s, at));
	}
	free(mended.words);
	return red;
}

static bool has_area(const struct set *x, const struct set *without)
{
	for (int i = set_next(x, without, 0); i >= 0; i = set_next(x, without, i + 1))
		if (sim->commits.items[i].area)
			return true;
	return false;
}

/* What the second check is about: anything that one of them has and the other has not. */
bool touches_area(int old, int new_)
{
	const struct set *x = &sim->commits.items[new_].content;
	const struct set *y = &sim->commits.items[old].content;
	return has_area(x, y) || has_area(y, x);
}

bool tree_is_red(int commit, int check)
{
	return set_is_red(&sim->commits.items[commit].content, check);
}

/* The merge of the two, without making it. */
bool merge_is_red(int a, int b)
{
	struct set s = {0};
	set_join(&s, &sim->commits.items[a].content);
	set_join(&s, &sim->commits.items[b].content);
	bool red = set_is_red(&s, 0) || set_is_red(&s, 1);
	free(s.words);
	return red;
}

int commit_change(int onto, int task, enum author by)
{
	struct rng *r = &sim->rng;
	const struct weather *p = &sim->weather;
	struct commit c = {.author = by, .task = task, .change = true};
	bool mends = onto >= 0 && (tree_is_red(onto, 0) || tree_is_red(onto, 1)) &&
		     rng_chance(r, p->fix);
	if ((by == BY_AGENT || by == BY_AUTHOR || by == BY_OTHERS) && !mends) {
		c.group = rng_chance(r, p->conflict) ? (int)rng_between(r, 1, 3) : 0;
		c.broken = rng_chance(r, p->breaks);
		c.area = sim->settings.checks > 1 && rng_chance(r, 0.5);
		c.lint = c.area && rng_chance(r, p->breaks);
		c.pair = rng_chance(r, p->pair) ? (int)rng_between(r, 1, 4) : 0;
	}
	c.fix = mends || by == BY_PERSON;
	return commit_add(onto, -1, c);
}

int commit_join(int a, int b, int task, enum author by)
{
	return commit_add(a, b, (struct commit){.author = by, .task = task});
}

int commit_resolve(int epic, int work, int task)
{
	struct commit c = {.author = BY_AGENT, .task = task, .change = true};
	c.broken = rng_chance(&sim->rng, sim->weather.breaks);
	return commit_add(epic, work, c);
}

/* A walk down from some commits to one; parents have smaller numbers. */
struct walk {
	int to;
	bool *seen; /* from 'to' on */
	VEC(int) left;
};

static void walk_from(struct walk *w, int commit)
{
	if (commit < w->to || w->seen[commit - w->to])
		return;
	w->seen[commit - w->to] = true;
	VEC_PUSH(&w->left, commit);
}

static bool walk(struct walk *w)
{
	bool found = w->seen[0];
	while (w->left.n && !found) {
		const struct commit *c = &sim->commits.items[w->left.items[--w->left.n]];
		walk_from(w, c->parent[0]);
		walk_from(w, c->parent[1]);
		found = w->seen[0];
	}
	free(w->seen);
	VEC_DONE(&w->left);
	return found;
}

bool is_ancestor(int a, int b)
{
	if (a < 0 || a >= b)
		return a == b && a >= 0;
	struct walk w = {.to = a, .seen = mem_alloc((size_t)(b - a) + 1)};
	walk_from(&w, b);
	return walk(&w);
}

bool contains(int commit, int other)
{
	return set_holds(&sim->commits.items[commit].content, &sim->commits.items[other].content);
}

bool conflicts(int a, int b, struct buf *ret)
{
	const struct set *x = &sim->commits.items[a].content, *y = &sim->commits.items[b].content;
	for (int i = set_next(x, y, 0); i >= 0; i = set_next(x, y, i + 1)) {
		int group = sim->commits.items[i].group;
		for (int k = group ? set_next(y, x, 0) : -1; k >= 0; k = set_next(y, x, k + 1)) {
			if (sim->commits.items[k].group != group)
				continue;
			if (ret)
				buf_printf(ret, "file-%d", group);
			return true;
		}
	}
	return false;
}

/* ---- refs ---- */

static struct ref *ref_find(const char *name, bool remote)
{
	size_t index = 0;
	if (!map_find(remote ? &sim->remote_names : &sim->ref_names, name, &index))
		return NULL;
	return remote ? &sim->remote_refs.items[index] : &sim->refs.items[index];
}

int ref_get(const char *name)
{
	const struct ref *r = ref_find(name, false);
	return r ? r->commit : -1;
}

int remote_get(const char *name)
{
	const struct ref *r = ref_find(name, true);
	return r ? r->commit : -1;
}

void ref_set_either(const char *name, int commit, bool remote)
{
	struct ref *r = ref_find(name, remote);
	if (r) {
		r->commit = commit;
	} else if (remote) {
		map_set(&sim->remote_names, name, sim->remote_refs.n);
		VEC_PUSH(&sim->remote_refs, ((struct ref){mem_strdup(name), commit}));
	} else {
		map_set(&sim->ref_names, name, sim->refs.n);
		VEC_PUSH(&sim->refs, ((struct ref){mem_strdup(name), commit}));
	}
}

void ref_set(const char *name, int commit)
{
	ref_set_either(name, commit, false);
}

void ref_keep(int task, int attempt, int commit)
{
	char name[200], earlier[220];
	(void)snprintf(name, sizeof(name), "refs/ganger/" EPIC "/%s/%d", sim->issues.items[task].id,
		       attempt);
	(void)snprintf(earlier, sizeof(earlier), "%s.earlier", name);
	if (ref_get(name) >= 0 && ref_get(name) != commit)
		ref_set(earlier, ref_get(name));
	ref_set(name, commit);
}

int epic_tip(void)
{
	return sim->settings.remote ? remote_get(EPIC_REF) : ref_get(EPIC_REF);
}

void sim_git_init(void)
{
	int root = commit_change(-1, -1, BY_NOBODY);
	ref_set(BASE_REF, root);
	checker_base(sim->checker, root, true, false);
	if (sim->settings.remote)
		ref_set_either(BASE_REF, root, true);
}

bool worktree_is_kept(const struct worktree *w)
{
	if (w->leftovers)
		return false;
	if (w->head < 0) /* it has nothing */
		return true;
	struct walk from = {.to = w->head,
			    .seen = mem_alloc(sim->commits.n - (size_t)w->head)};
	for (size_t i = 0; i < sim->refs.n; i++)
		walk_from(&from, sim->refs.items[i].commit);
	return walk(&from);
}

struct worktree *worktree_find(const char *path)
{
	for (size_t i = 0; i < sim->worktrees.n; i++)
		if (streq(sim->worktrees.items[i].path, path))
			return &sim->worktrees.items[i];
	return NULL;
}

int worktrees_kept(void)
{
	int n = 0;
	for (size_t i = 0; i < sim->worktrees.n; i++)
		n += sim->worktrees.items[i].ready && !worktree_is_kept(&sim->worktrees.items[i]);
	return n;
}

/* By a person: on the remote, where there is one. */
void epic_move(int commit, bool rewritten)
{
	ref_set_either(EPIC_REF, commit, sim->settings.remote);
	if (sim->settings.remote)
		checker_remote(sim->checker, commit, true, rewritten);
	else
		checker_epic(sim->checker, commit, true, rewritten);
}

/* The task and the attempt that a ref of ours names; false: it is none. */
static bool ref_attempt(const char *name, int *ret_task, int *ret_attempt)
{
	static const char prefix[] = "refs/ganger/" EPIC "/";
	const char *id = name + sizeof(prefix) - 1, *slash = strrchr(name, '/');
	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 || slash < id)
		return false;
	char *task CLEANUP(freep) = mem_strndup(id, (size_t)(slash - id));
	*ret_task = issue_index(task);
	*ret_attempt = atoi(slash + 1);
	return *ret_task >= 0 && *ret_attempt > 0;
}

/* Of what is in a branch of people, or was built on by somebody, more would be lost than one object. */
static bool may_be_lost(int c)
{
	if (is_ancestor(c, ref_get(EPIC_REF)) || is_ancestor(c, remote_get(EPIC_REF)) ||
	    is_ancestor(c, ref_get(BASE_REF)))
		return false;
	for (size_t i = 0; i < sim->worktrees.n; i++) {
		const struct worktree *w = &sim->worktrees.items[i];
		if (w->ready && w->task >= 0 && is_ancestor(c, w->start))
			return false;
	}
	for (int k = c + 1; k < (int)sim->commits.n; k++)
		if (sim->commits.items[k].author != BY_GANGER && is_ancestor(c, k))
			return false;
	return true;
}

/* The branch and the worktrees that were at it name nothing any more. */
static void lose_head(int task, int c)
{
	struct buf branch CLEANUP(buf_done) = BUF_INIT;
	sim->commits.items[c].gone = true;
	for (int own = 0; own < 2; own++) {
		buf_reset(&branch);
		buf_puts(&branch, "refs/heads/");
		if (own)
			buf_printf(&branch, "people/%s", sim->issues.items[task].id);
		else
			task_branch(task, &branch);
		if (ref_get(buf_cstr(&branch)) == c)
			ref_set(buf_cstr(&branch), -1);
	}
	for (size_t i = 0; i < sim->worktrees.n; i++)
		if (sim->worktrees.items[i].head == c)
			sim->worktrees.items[i].head = sim->worktrees.items[i].start;
}

static void cut_refs(void)
{
	for (size_t i = 0; i < sim->refs.n; i++) {
		int c = sim->refs.items[i].commit, task = -1, attempt = 0;
		if (c < 0 || !ref_attempt(sim->refs.items[i].name, &task, &attempt) ||
		    (sim->commits.items[c].author != BY_AGENT &&
		     sim->commits.items[c].author != BY_AUTHOR) ||
		    !rng_chance(&sim->rng, 0.3))
			continue;
		bool all = may_be_lost(c) && rng_chance(&sim->rng, 0.7);
		say("power cut: %s%s", sim->refs.items[i].name, all ? " and its commit" : "");
		sim->refs.items[i].commit = -1;
		if (!all)
			continue;
		lose_head(task, c);
		checker_lost(sim->checker, task, attempt, c);
	}
}

void power_cut(void)
{
	cut_refs();
	for (int c = 0; c < (int)sim->commits.n; c++) {
		struct commit *x = &sim->commits.items[c];
		if (x->author != BY_GANGER || x->gone || !rng_chance(&sim->rng, 0.3) ||
		    !may_be_lost(c))
			continue;
		say("power cut: merge %d", c);
		x->gone = true;
		checker_cut(sim->checker, c);
	}
}

int count_ahead(int head, int base)
{
	const struct set *x = &sim->commits.items[head].content;
	const struct set *y = base < 0 ? NULL : &sim->commits.items[base].content;
	int n = 0;
	for (int i = set_next(x, y, 0); i >= 0; i = set_next(x, y, i + 1))
		n++;
	return n;
}
