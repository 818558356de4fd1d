/* Repositories of all kinds, and users with settings of their own. */
#include "git_fixture.h"

static void test_kinds__nested_repository_is_saved(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	work = fx_attempt(
		f, "git init -q 'in ner'; cd 'in ner'; echo a >a; git add a; git commit -qm inner;"
		   "git branch side; echo b >b; mkdir ../unborn; git init -q ../unborn; echo u "
		   ">../unborn/u");
	assert_string_equal(work.left_out, "in ner: a repository of its own\n"
					   "unborn: a repository of its own\n");
	assert_string_equal(
		sh(f, "git log -1 --format=%%s refs/ganger/real/T1/1.nested/1/heads/side"),
		"inner");
	assert_string_equal(sh(f, "git show 'refs/ganger/real/T1/1.rest:in ner/b' "
				  "refs/ganger/real/T1/1.rest:unborn/u"),
			    "b\nu");
	assert_int_equal(work.ahead, 0);
	/* Now it may go. */
	(void)fx_worktree(f, 1, "T2", 1);
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain --ignored"), "");
}

static void test_kinds__submodule(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	sh_at(f, f->dir,
	      "git config --global protocol.file.allow always;"
	      "git init -q sub; cd sub; echo s >s; git add s; git commit -qm sub");
	sh(f, "git submodule -q add ../sub sub; git commit -qm submodule");
	work = fx_attempt(f,
			  "git submodule -q update --init; cd sub; git config user.name S;"
			  "git config user.email s@e; echo t >t; git add t; git commit -qm inside; "
			  "echo u >u");
	assert_int_equal(work.ahead, 1);
	assert_string_equal(sh(f, "git log -1 --format=%%s refs/ganger/real/T1/1.nested/1/HEAD"),
			    "inside");
	assert_string_equal(sh(f, "git show refs/ganger/real/T1/1.rest:sub/u"), "u");
	assert_string_equal(sh(f, "git rev-parse ganger/real/T1:sub "
				  "refs/ganger/real/T1/1.nested/1/HEAD | uniq | wc -l"),
			    "1");
	(void)fx_worktree(f, 1, "T2", 1);
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain; ls sub"), "");
}

static void test_kinds__eol_conversion_is_not_work(void **state)
{
	struct fx *f = *state;

	sh(f, "printf '*.txt text eol=lf\\n' >.gitattributes; echo x >t.txt; git add .; git commit "
	      "-qm eol");
	assert_int_equal(fx_attempt(f, "printf 'x\\r\\n' >t.txt").ahead, 0);
}

static void test_kinds__filters_run_as_configured(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	sh(f, "git config filter.up.clean 'tr a-z A-Z'; git config filter.up.smudge 'tr A-Z a-z';"
	      "echo '*.up filter=up' >.gitattributes; git add .; git commit -qm filter");
	work = fx_attempt(f, "echo word >w.up");
	assert_int_equal(work.ahead, 1);
	assert_string_equal(sh(f, "git cat-file -p ganger/real/T1:w.up"), "WORD");
	(void)fx_land(f, "T1", &f->opened.epic_head, &work.head);
	(void)fx_worktree(f, 2, "T2", 1);
	assert_string_equal(sh_at(f, slot_path(f, 2), "cat w.up; git status --porcelain"), "word");
}

static void test_kinds__sha256_repository(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	sh_at(f, f->dir,
	      "git init -q --object-format=sha256 'sp ace \303\244'; cd 'sp ace \303\244';"
	      "mkdir src; echo a >src/a.c; git add .; git commit -qm first");
	free(f->repo);
	f->repo = path_join(f->dir, "sp ace \303\244");
	work = fx_attempt(f, "echo two >src/a.c");
	assert_int_equal(strlen(work.head.hex), 64);
	assert_int_equal(work.ahead, 1);
}

static void test_kinds__linked_worktree_of_a_separate_git_dir(void **state)
{
	struct fx *f = *state;

	sh_at(f, f->dir,
	      "git init -q --separate-git-dir=away.git main; cd main; mkdir src; echo a >src/a.c;"
	      "git add .; git commit -qm first; git worktree add -q -b side ../linked");
	free(f->repo);
	f->repo = path_join(f->dir, "linked");
	f->spec.base = "side";
	assert_int_equal(fx_attempt(f, "echo two >src/a.c").ahead, 1);
	assert_string_equal(sh(f, "git -C ../main status --porcelain"), "");
}

static void test_kinds__sparse_checkout(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	sh(f, "mkdir big; echo b >big/b; git add .; git commit -qm big; git sparse-checkout set "
	      "src; test ! -e big");
	work = fx_attempt(f, "test ! -e big; echo two >src/a.c");
	assert_int_equal(work.ahead, 1);
	assert_int_equal(work.leftovers, 1);
	assert_string_equal(sh(f, "git show ganger/real/T1:big/b"), "b");
	(void)fx_worktree(f, 1, "T2", 1);
	assert_string_equal(
		sh_at(f, slot_path(f, 1), "git status --porcelain; test ! -e big; cat src/a.c"),
		"one");
}

static void test_kinds__git_file_removed_does_not_touch_the_repository_above(void **state)
{
	struct fx *f = *state;
	const char *before;
	struct git_worktree w;
	struct git_work work;

	/* Worktrees inside of the user's checkout: without its '.git' a folder is part of that. */
	free(f->state);
	f->state = path_join(f->repo, ".trees");
	f->spec.state_dir = f->state;
	sh(f, "echo /.trees >>.git/info/exclude; echo precious >precious");
	before = sh(f, "git rev-parse HEAD; git status --porcelain");
	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "echo two >src/a.c; rm .git");
	work = fx_collect(f, 1, "T1", 1, &w);
	assert_int_equal(work.ahead, 1);
	assert_string_equal(sh(f, "git show ganger/real/T1:src/a.c"), "two");
	sh_at(f, slot_path(f, 1), "rm .git");
	(void)fx_worktree(f, 1, "T2", 1);
	assert_string_equal(sh(f, "git rev-parse HEAD; git status --porcelain"), before);
	assert_string_equal(sh(f, "cat precious"), "precious");
}

static void test_kinds__hooks_and_signing_stay_out(void **state)
{
	struct fx *f = *state;

	sh(f,
	   "for h in pre-commit commit-msg post-commit post-checkout reference-transaction "
	   "prepare-commit-msg post-index-change; do"
	   " printf '#!/bin/sh\\necho $0 >>%s/ran\\nexit 1\\n' >.git/hooks/$h;"
	   " chmod +x .git/hooks/$h; done; git config commit.gpgsign true;"
	   "git config gpg.program /bin/false",
	   f->dir);
	assert_int_equal(fx_attempt(f, "echo two >src/a.c").ahead, 1);
	sh_at(f, f->dir, "test ! -e ran");
}

static void test_kinds__without_an_identity(void **state)
{
	struct fx *f = *state;

	sh(f, "git config --global --unset user.name; git config --global --unset user.email");
	assert_int_equal(fx_attempt(f, "echo two >src/a.c").ahead, 1);
	assert_string_equal(sh(f, "git log -1 --format='%%an <%%ae>' ganger/real/T1"),
			    "ganger <ganger@localhost>");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_kinds__nested_repository_is_saved),
		T(test_kinds__submodule),
		T(test_kinds__eol_conversion_is_not_work),
		T(test_kinds__filters_run_as_configured),
		T(test_kinds__sha256_repository),
		T(test_kinds__linked_worktree_of_a_separate_git_dir),
		T(test_kinds__sparse_checkout),
		T(test_kinds__git_file_removed_does_not_touch_the_repository_above),
		T(test_kinds__hooks_and_signing_stay_out),
		T(test_kinds__without_an_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
