#include "git_fixture.h"

static void test_discover__main_worktree(void **state)
{
	struct fx *f = *state;
	struct git_place p, q;

	OK(git_discover(P(f, "%s/src", f->repo), NULL, &p, e));
	assert_string_equal(p.root, f->repo);
	assert_string_equal(p.name, "repo");
	assert_string_equal(p.branch, "main");
	assert_null(p.remote);
	assert_false(p.bare);
	assert_false(p.unborn);
	assert_true(p.major >= 2);
	assert_int_equal(strlen(p.state_name), strlen("repo-") + 12);
	/* A linked worktree is the same repository, with the same state. */
	sh(f, "git worktree add -q --detach '../other one'");
	OK(git_discover(P(f, "%s/other one", f->dir), NULL, &q, e));
	assert_string_equal(q.state_name, p.state_name);
	assert_string_equal(q.common_dir, p.common_dir);
	assert_string_not_equal(q.git_dir, p.git_dir);
	assert_null(q.branch);
	git_place_done(&p);
	git_place_done(&q);
}

static void test_discover__remote_and_its_default_branch(void **state)
{
	struct fx *f = *state;
	struct git_place p;

	sh_at(f, f->dir,
	      "git -C repo branch trunk; git clone -q --bare repo r.git;"
	      "git -C r.git symbolic-ref HEAD refs/heads/trunk; git clone -q r.git c");
	OK(git_discover(P(f, "%s/c", f->dir), NULL, &p, e));
	assert_string_equal(p.remote, "origin");
	assert_string_equal(p.remote_branch, "trunk");
	git_place_done(&p);
}

static void test_discover__not_a_repository(void **state)
{
	struct fx *f = *state;
	struct git_place p;

	setenv("GIT_DIR", P(f, "%s/.git", f->repo), 1); /* as in a hook of another repository */
	FAILS(ERR_NOT_FOUND, "-C", git_discover(f->dir, NULL, &p, e));
	unsetenv("GIT_DIR");
}

static void refused(struct fx *f, enum err_code code, const char *words)
{
	struct git *g = NULL;
	struct git_opened o;

	OK(git_new(f->repo, &f->spec, NULL, &g, e));
	FAILS(code, words, g->ops->open_epic(g, &o, e));
	assert_string_equal(sh(f, "git for-each-ref refs/ganger refs/heads/epic/real"), "");
	g->ops->free(g);
}

static void test_open__refuses_what_it_cannot_work_in(void **state)
{
	struct fx *f = *state;
	char *repo = f->repo;

	sh(f, "git branch epic");
	refused(f, ERR_INVALID, "there is a branch named 'epic'");
	sh(f, "git branch -D epic; git branch ganger");
	refused(f, ERR_INVALID, "there is a branch named 'ganger'");
	sh(f, "git branch -D ganger; git checkout -q --detach");
	refused(f, ERR_INVALID, "HEAD is detached");
	f->spec.base = "no-such";
	refused(f, ERR_INVALID, "'no-such'");
	f->spec.base = NULL;
	sh_at(f, f->dir, "git init -q --bare bare.git; git init -q empty");
	f->repo = P(f, "%s/bare.git", f->dir);
	refused(f, ERR_INVALID, "bare repository");
	f->repo = P(f, "%s/empty", f->dir);
	refused(f, ERR_INVALID, "no commit yet");
	f->repo = repo;
}

static void test_open__epic_branch_checked_out_elsewhere(void **state)
{
	struct fx *f = *state;
	struct git *g = NULL;
	struct git_opened o;

	sh(f, "git worktree add -q -b epic/real '../some where'");
	OK(git_new(f->repo, &f->spec, NULL, &g, e));
	FAILS(ERR_INVALID, "some where", g->ops->open_epic(g, &o, e));
	g->ops->free(g);
	sh(f, "git -C '../some where' checkout -q --detach");
	fx_open(f);
	/* Its own anchor does not stand in the way the next time. */
	fx_open(f);
	assert_false(f->opened.created);
}

static void test_open__makes_branch_and_anchor(void **state)
{
	struct fx *f = *state;
	const char *before;

	sh(f, "mkdir -p d; echo '*.c -text' >.gitattributes; cp .gitattributes d; git add .;"
	      "git commit -qm attributes; git status");
	before = fx_fingerprint(f, f->repo);
	fx_open(f);
	assert_true(f->opened.created);
	assert_string_equal(f->opened.base, "main");
	assert_oid(f->opened.epic_head, f->opened.base_head);
	assert_oid(f->opened.epic_head, rev(f, "refs/heads/epic/real"));
	assert_string_equal(fx_fingerprint(f, f->repo), before);
	assert_string_equal(sh(f, "git -C %s/anchor status --porcelain", f->state), "");
	assert_string_equal(sh(f, "cd %s/anchor; find . -type f | LC_ALL=C sort", f->state),
			    "./.git\n./.gitattributes\n./d/.gitattributes");
	/* Nobody can check it out, so nobody commits on top of a branch that moves. */
	assert_string_not_equal(sh(f, "git checkout -q epic/real 2>&1 && exit 1; true"), "");
	/* The worktree holds together by git's own standards. */
	assert_non_null(strstr(sh(f, "git worktree list"), "[epic/real]"));
	sh(f, "git worktree prune; test -e %s/anchor/.git; git fsck", f->state);
	assert_non_null(strstr(sh(f, "git worktree list"), "[epic/real]"));
}

/* Whoever made it is not always heard, and the base goes on: what was tested last is where they parted. */
static void test_open__tells_where_the_epic_left_the_base(void **state)
{
	struct fx *f = *state;

	fx_open(f);
	struct oid first = f->opened.base_head;
	assert_oid(f->opened.fork, first);
	sh(f, "git commit -q --allow-empty -m later");
	fx_open(f);
	assert_oid(f->opened.base_head, rev(f, "main"));
	assert_oid(f->opened.fork, first);
	sh(f, "git checkout -q --orphan other; git commit -q --allow-empty -m unrelated;"
	      "git branch -f main; git checkout -q main");
	fx_open(f);
	assert_string_equal(f->opened.fork.hex, "");
}

static void test_open__packed_refs(void **state)
{
	struct fx *f = *state;

	fx_open(f);
	sh(f, "git pack-refs --all");
	fx_open(f);
	assert_false(f->opened.created);
	assert_oid(f->opened.epic_head, rev(f, "main"));
	/* What is in such a file is not known: a branch in it is not made anew. */
	sh(f, "truncate -s 257M .git/packed-refs");
	struct git_opened opened;
	FAILS(ERR_LIMIT, "packed-refs", f->git->ops->open_epic(f->git, &opened, e));
}

static void test_resolve__names_commits(void **state)
{
	struct fx *f = *state;
	struct oid at;

	fx_open(f);
	OK(f->git->ops->resolve(f->git, "HEAD", &at, e));
	assert_oid(at, rev(f, "HEAD"));
	sh(f, "git tag -am t v1");
	OK(f->git->ops->resolve(f->git, "v1", &at, e));
	assert_oid(at, rev(f, "HEAD"));
	FAILS(ERR_NOT_FOUND, "nowhere", f->git->ops->resolve(f->git, "nowhere", &at, e));
	FAILS(ERR_NOT_FOUND, "--all", f->git->ops->resolve(f->git, "--all", &at, e));
}

static void test_keep__distinct_ids_have_distinct_refs(void **state)
{
	struct fx *f = *state;
	static const char *const ids[] = {"a/b", "a%2Fb", "a.lock", "a",
					  "A B", "..",    "-x",     "\xc3\xa4"};
	struct oid at;

	fx_open(f);
	at = rev(f, "HEAD");
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		OK(f->git->ops->keep(f->git, ids[i], 1, &at, e));
	assert_string_equal(sh(f, "git for-each-ref refs/ganger/real | wc -l"), "8");
}

/* Who submits reads the journal, and may not know of the attempt that has this name by now. */
static void test_keep__what_had_the_name_keeps_one(void **state)
{
	struct fx *f = *state;
	struct oid one, two;

	fx_open(f);
	one = rev(f, "HEAD");
	(void)sh(f, "git commit -q --allow-empty -m two");
	two = rev(f, "HEAD");
	for (int i = 0; i < 2; i++) { /* asked for again it is as it was */
		OK(f->git->ops->keep(f->git, "a", 1, i ? &two : &one, e));
		OK(f->git->ops->keep(f->git, "a", 1, i ? &two : &one, e));
	}
	assert_string_equal(rev(f, "refs/ganger/real/a/1").hex, two.hex);
	assert_string_equal(rev(f, "refs/ganger/real/a/1.earlier").hex, one.hex);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_keep__what_had_the_name_keeps_one),
		T(test_discover__main_worktree),
		T(test_discover__remote_and_its_default_branch),
		T(test_discover__not_a_repository),
		T(test_open__refuses_what_it_cannot_work_in),
		T(test_open__epic_branch_checked_out_elsewhere),
		T(test_open__makes_branch_and_anchor),
		T(test_open__tells_where_the_epic_left_the_base),
		T(test_open__packed_refs),
		T(test_resolve__names_commits),
		T(test_keep__distinct_ids_have_distinct_refs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
