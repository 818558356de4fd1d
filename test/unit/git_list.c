#include "git_fixture.h"

/* What 'ganger gc' asks of git. */

static struct git_ref *find(struct git_refs *r, const char *name)
{
	for (size_t i = 0; i < r->items.n; i++)
		if (streq(r->items.items[i].name, name))
			return &r->items.items[i];
	fail_msg("there is no '%s'", name);
	return NULL;
}

static void test_refs__what_is_in_a_commit(void **state)
{
	struct fx *f = *state;
	struct git_refs r = {0};
	struct git_merge m;
	struct git_work in, out;

	fx_open(f);
	in = fx_task(f, 1, "T1", "echo 1 >one; git add one; git commit -qm one");
	out = fx_task(f, 2, "T2", "echo 2 >two; git add two; git commit -qm two");
	m = fx_merge_by(f, GIT_MERGE, "T1", &f->opened.epic_head, &in.head);
	OK(f->git->ops->refs(f->git, "refs/ganger/real", &m.commit, &r, e));
	assert_true(find(&r, "refs/ganger/real/T1/1")->in);
	assert_true(find(&r, "refs/ganger/real/T1/merge")->in);
	assert_false(find(&r, "refs/ganger/real/T2/1")->in);
	assert_oid(find(&r, "refs/ganger/real/T2/1")->at, out.head);
	assert_int_equal(r.items.n, 3);
	git_refs_done(&r);
	/* Without a question nothing is in anything; a prefix that nothing has is no error. */
	OK(f->git->ops->refs(f->git, "refs/ganger", NULL, &r, e));
	assert_false(find(&r, "refs/ganger/real/T1/1")->in);
	git_refs_done(&r);
	OK(f->git->ops->refs(f->git, "refs/nothing", &m.commit, &r, e));
	assert_int_equal(r.items.n, 0);
}

static void test_refs__who_holds_a_branch(void **state)
{
	struct fx *f = *state;
	struct git_refs r = {0};

	fx_open(f);
	sh(f, "git branch free; git worktree add -q '../a b' -b held");
	OK(f->git->ops->refs(f->git, "refs/heads", &f->opened.epic_head, &r, e));
	assert_string_equal(find(&r, "refs/heads/held")->held, P(f, "%s/a b", f->dir));
	assert_string_equal(find(&r, "refs/heads/main")->held, f->repo);
	assert_null(find(&r, "refs/heads/free")->held);
	assert_true(find(&r, "refs/heads/free")->in);
	git_refs_done(&r);
}

static bool squashed(struct fx *f, const char *head, const char *in)
{
	struct oid a, b;
	bool is = true;

	OK(f->git->ops->resolve(f->git, head, &a, e));
	OK(f->git->ops->resolve(f->git, in, &b, e));
	OK(f->git->ops->squashed(f->git, &a, &b, &is, e));
	return is;
}

/* All of it, and nothing else: by its files, whatever came between and whatever it is called. */
static void test_squashed__is_seen_by_the_files(void **state)
{
	struct fx *f = *state;

	fx_open(f);
	sh(f, "git checkout -qb work; echo 1 >one; git add one; git commit -qm one; echo 2 >>one; "
	      "git commit -qam two; git checkout -q main");
	assert_false(squashed(f, "work", "main"));
	sh(f,
	   "echo m >between; git add between; git commit -qm m; git commit -q --allow-empty -m n");
	assert_false(squashed(f, "work", "main"));
	sh(f, "git checkout -qb more; git merge -q --squash work; echo x >x; git add x; git commit "
	      "-qm x");
	assert_false(squashed(f, "work", "more"));
	sh(f, "git checkout -qb part main; git cherry-pick -n work~1; git commit -qm part");
	assert_false(squashed(f, "work", "part"));
	sh(f, "git checkout -q main; git merge -q --squash work; git commit -qm all; echo l >late; "
	      "git add late; git commit -qm late");
	assert_true(squashed(f, "work", "main"));
	/* What was taken back by itself is in every empty commit, and in none. */
	sh(f, "git checkout -qb nothing main~3; echo 1 >t; git add t; git commit -qm t; "
	      "git revert --no-edit HEAD; git checkout -q main; git commit -q --allow-empty -m o");
	assert_false(squashed(f, "nothing", "main"));
	/* By a merge it is in otherwise; this is not asked about the side that came in. */
	sh(f, "git checkout -qb side main~5; git merge -q --squash work; git commit -qm s; "
	      "git checkout -qb joined main~4; git merge -q --no-edit side");
	assert_false(squashed(f, "work", "joined"));
}

static void test_drop_ref__only_as_it_was_seen(void **state)
{
	struct fx *f = *state;
	struct oid old, now;

	fx_open(f);
	sh(f, "git branch b; git branch c; git pack-refs --all");
	old = rev(f, "b");
	sh(f, "git commit -q --allow-empty -m more; git branch -f b");
	now = rev(f, "b");
	FAILS(ERR_CONFLICT, "it has moved", f->git->ops->drop_ref(f->git, "refs/heads/b", &old, e));
	assert_oid(rev(f, "b"), now);
	OK(f->git->ops->drop_ref(f->git, "refs/heads/b", &now, e));
	OK(f->git->ops->drop_ref(f->git, "refs/heads/b", &now, e));
	OK(f->git->ops->drop_ref(f->git, "refs/heads/c", &old, e));
	assert_string_equal(sh(f, "git for-each-ref --format='%%(refname)' refs/heads/[bc]"), "");
}

static struct git_found *found(struct git_founds *all, const char *path)
{
	for (size_t i = 0; i < all->items.n; i++)
		if (streq(all->items.items[i].path, path))
			return &all->items.items[i];
	fail_msg("there is no '%s'", path);
	return NULL;
}

static void test_worktrees__which_may_go(void **state)
{
	struct fx *f = *state;
	struct git_founds all = {0};
	const char *anchor;

	fx_open(f);
	sh(f, "git worktree add -q ../mine");
	(void)fx_task(f, 1, "T1", "echo 1 >one");
	(void)fx_worktree(f, 2, "T2", 1);
	(void)fx_task(f, 3, "T3", "echo 3 >three");
	sh(f, "rm -r %s", slot_path(f, 3));
	OK(f->git->ops->worktrees(f->git, &all, e));
	assert_int_equal(all.items.n, 4);
	anchor = P(f, "%s/anchor", f->state);
	assert_true(found(&all, anchor)->anchor);
	assert_string_equal(found(&all, anchor)->problem, "");
	assert_string_equal(found(&all, slot_path(f, 1))->problem, "");
	assert_string_equal(found(&all, slot_path(f, 2))->problem,
			    "it has work of attempt 1 of task 'T2' that no ref names");
	assert_false(found(&all, slot_path(f, 3))->there);
	assert_true(found(&all, slot_path(f, 1))->there);
	git_founds_done(&all);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_refs__what_is_in_a_commit),      T(test_refs__who_holds_a_branch),
		T(test_squashed__is_seen_by_the_files), T(test_drop_ref__only_as_it_was_seen),
		T(test_worktrees__which_may_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
