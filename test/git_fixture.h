#ifndef TEST_GIT_FIXTURE_H
#define TEST_GIT_FIXTURE_H

/* A repository of a test's own, with a user who has an empty home, and ganger's git in it. */

#include "base/child.h"
#include "base/clean.h"
#include "git/git.h"
#include "tmp.h"
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

struct fx {
	char *dir;   /* everything is below it */
	char *repo;  /* the user's checkout */
	char *state; /* the epic's folder */
	struct git_epic_spec spec;
	struct git *git;
	struct git_opened opened;
	char *words[4096]; /* texts handed out, freed at the end */
	int n_words;
};

static inline char *fx_keep(struct fx *f, char *text)
{
	assert_true(f->n_words < 4096);
	return f->words[f->n_words++] = text;
}

#define P(f, ...) fx_keep(f, mem_printf(__VA_ARGS__))

/* Run a shell text in a folder; what it prints, trimmed. Fails the test where it fails. */
static inline const char *sh_in(struct fx *f, const char *cwd, const char *text)
{
	const char *const argv[] = {"sh", "-ec", text, NULL};
	struct child_result r = {0};
	struct err e = ERR_INIT;
	struct str out;
	char *copy;

	if (child_run(&(struct child_spec){.cwd = cwd, .argv = argv, .timeout_ms = 30000}, &r, &e))
		fail_msg("%s", e.msg);
	if (r.exit_code)
		fail_msg("'%s' ended with %d: %s%s", text, r.exit_code, buf_cstr(&r.out),
			 buf_cstr(&r.errout));
	out = str_trim(buf_str(&r.out));
	copy = mem_strndup(out.p ? out.p : "", out.n);
	child_result_done(&r);
	return fx_keep(f, copy);
}

/* In the user's checkout; a text with '%' is a format. */
#define sh(f, ...)           sh_in(f, (f)->repo, P(f, __VA_ARGS__))
#define sh_at(f, where, ...) sh_in(f, where, P(f, __VA_ARGS__))
#define slot_path(f, n)      P(f, "%s/worktree/repo-%d", (f)->state, n)

static inline struct oid oid_from(const char *hex)
{
	struct oid o = {{0}};

	assert_true(strlen(hex) == 40 || strlen(hex) == 64);
	memcpy(o.hex, hex, strlen(hex));
	return o;
}

static inline struct oid rev(struct fx *f, const char *name)
{
	return oid_from(sh(f, "git rev-parse --verify '%s'", name));
}

#define assert_oid(a, b) assert_string_equal((a).hex, (b).hex)

/* A call that must succeed. */
#define OK(call)                                                                                   \
	do {                                                                                       \
		struct err e_ = ERR_INIT, *e = &e_;                                                \
		if (call)                                                                          \
			fail_msg("%s: %s", #call, e->msg);                                         \
	} while (0)

/* One that must fail, with these words in its message. */
#define FAILS(code_, words_, call)                                                                 \
	do {                                                                                       \
		struct err e_ = ERR_INIT, *e = &e_;                                                \
		assert_int_equal(call, code_);                                                     \
		if (!strstr(e->msg, words_) && !strstr(e->hint, words_))                           \
			fail_msg("'%s' is not in: %s (%s)", words_, e->msg, e->hint);              \
	} while (0)

/* A home without settings but a user, and a repository with one commit on main. */
static inline int fx_setup(void **state)
{
	struct fx *f = mem_alloc(sizeof(*f));

	f->dir = tmp_make();
	f->repo = path_join(f->dir, "repo");
	f->state = path_join(f->dir, "state");
	f->spec = (struct git_epic_spec){.epic = "real",
					 .epic_branch = "epic/real",
					 .state_dir = f->state,
					 .push = GIT_PUSH_NEVER};
	setenv("HOME", f->dir, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", P(f, "%s/.gitconfig", f->dir), 1);
	sh_at(f, f->dir,
	      "git config --global user.name Ann; git config --global user.email ann@example.org;"
	      "git config --global init.defaultBranch main;"
	      "git init -q repo; cd repo; mkdir src; echo one >src/a.c; seq 40 >lines;"
	      "echo '*.o' >.gitignore; git add .; git commit -qm first");
	*state = f;
	return 0;
}

static inline void fx_free_git(struct fx *f)
{
	if (f->git)
		f->git->ops->free(f->git);
	f->git = NULL;
}

static inline int fx_teardown(void **state)
{
	struct fx *f = *state;

	fx_free_git(f);
	for (int i = 0; i < f->n_words; i++)
		free(f->words[i]);
	tmp_done(f->dir);
	free(f->repo);
	free(f->state);
	free(f);
	return 0;
}

/* A new supervisor on the same epic. */
static inline void fx_open(struct fx *f)
{
	fx_free_git(f);
	OK(git_new(f->repo, &f->spec, NULL, &f->git, e));
	OK(f->git->ops->open_epic(f->git, &f->opened, e));
}

static inline struct git_worktree_spec
wt_spec(struct fx *f, int slot, const char *task, int attempt)
{
	return (struct git_worktree_spec){
		.path = slot_path(f, slot),
		.task = task,
		.attempt = attempt,
		.branch = P(f, "ganger/real/%s", task),
		.from = GIT_FROM_EPIC,
	};
}

static inline struct git_worktree fx_worktree(struct fx *f, int slot, const char *task, int attempt)
{
	struct git_worktree_spec s = wt_spec(f, slot, task, attempt);
	struct git_worktree w;

	OK(f->git->ops->worktree(f->git, &s, &w, e));
	return w;
}

static inline struct git_work
fx_collect(struct fx *f, int slot, const char *task, int attempt, const struct git_worktree *w)
{
	struct git_collect_spec s = {
		.path = slot_path(f, slot),
		.task = task,
		.attempt = attempt,
		.title = "Do the thing",
		.branch = P(f, "ganger/real/%s", task),
		.start = w->start,
		.base = w->base,
		.commit_leftovers = true,
	};
	struct git_work work;

	OK(f->git->ops->collect(f->git, &s, &work, e));
	return work;
}

/* A task from its start to its work: the text is what its agent does. */
static inline struct git_work fx_task(struct fx *f, int slot, const char *task, const char *agent)
{
	struct git_worktree w = fx_worktree(f, slot, task, 1);

	sh_at(f, slot_path(f, slot), "%s", agent);
	return fx_collect(f, slot, task, 1, &w);
}

static inline struct git_merge fx_merge_by(struct fx *f,
					   enum git_method method,
					   const char *task,
					   const struct oid *onto,
					   const struct oid *head)
{
	struct git_merge_spec s = {.method = method,
				   .onto = *onto,
				   .head = *head,
				   .task = task,
				   .attempt = 1,
				   .subject = "Do the thing (#1)"};
	struct git_merge m;

	OK(f->git->ops->merge(f->git, &s, &m, e));
	return m;
}

static inline struct git_land
fx_land(struct fx *f, const char *task, const struct oid *old, const struct oid *new_)
{
	struct git_land_spec s = {
		.branch = f->spec.epic_branch, .old = *old, .new_ = *new_, .task = task};
	struct git_land l;

	OK(f->git->ops->land(f->git, &s, &l, e));
	return l;
}

/* Everything of the user's checkout that must stay as it was, as one line. */
static inline const char *fx_fingerprint(struct fx *f, const char *checkout)
{
	return sh_at(
		f, checkout,
		"g=$(git rev-parse --absolute-git-dir); c=$(git rev-parse --git-common-dir);"
		"{ find . -path ./.git -prune -o -printf '%%p %%m %%s %%T@ %%l\\n' | LC_ALL=C sort;"
		"  find . -path ./.git -prune -o -type f -exec sha1sum {} + | LC_ALL=C sort;"
		"  sha1sum \"$g/index\" \"$g/HEAD\" \"$c/config\";"
		"  stat -c %%Y.%%Z \"$g/index\" \"$c/config\";"
		"  cat \"$g/logs/HEAD\"; ls \"$g\" | grep -v '^worktrees$'; } | sha1sum");
}

/* Everything that must be true after any collection. */
static inline void
fx_check_named(struct fx *f, int slot, const char *task, const struct git_work *work)
{
	const char *path = slot_path(f, slot);

	assert_oid(rev(f, P(f, "refs/ganger/real/%s/1", task)), work->head);
	assert_oid(rev(f, P(f, "ganger/real/%s", task)), work->head);
	assert_string_equal(sh_at(f, path, "git symbolic-ref -q HEAD || git rev-parse HEAD"),
			    work->head.hex);
	sh(f, "git fsck --no-dangling");
}

/* An attempt whose agent does this; one more collection must give the same answer. */
static inline struct git_work fx_attempt(struct fx *f, const char *agent)
{
	struct git_worktree w;
	struct git_work work, again;
	const char *before = fx_fingerprint(f, f->repo);

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "%s", agent);
	work = fx_collect(f, 1, "T1", 1, &w);
	again = fx_collect(f, 1, "T1", 1, &w);
	assert_memory_equal(&work, &again, sizeof(work));
	fx_check_named(f, 1, "T1", &work);
	assert_string_equal(fx_fingerprint(f, f->repo), before);
	return work;
}

#endif
