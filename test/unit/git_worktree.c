#include "git_fixture.h"

static void test_worktree__fresh(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	const char *before, *path = slot_path(f, 1);
	unsigned n;

	fx_open(f);
	before = fx_fingerprint(f, f->repo);
	n = git_process_count(f->git);
	w = fx_worktree(f, 1, "T1", 1);
	assert_int_equal(git_process_count(f->git) - n, 1);
	assert_false(w.found);
	assert_false(w.recycled);
	assert_oid(w.start, f->opened.epic_head);
	assert_oid(w.base, f->opened.epic_head);
	assert_string_equal(sh_at(f, path, "git symbolic-ref HEAD"), "refs/heads/ganger/real/T1");
	assert_string_equal(sh_at(f, path, "git status --porcelain"), "");
	assert_string_equal(sh_at(f, path, "git rev-parse --absolute-git-dir"), w.git_dir);
	assert_string_equal(sh_at(f, path, "cat src/a.c"), "one");
	assert_string_equal(fx_fingerprint(f, f->repo), before);
	/* No tracking, nothing in the shared configuration. */
	sh(f,
	   "git config --get-regexp '^branch\\.' && exit 1; git worktree prune; git fsck;"
	   "git -C %s commit -q --allow-empty -m x",
	   path);
}

static void test_worktree__found_after_a_crash(void **state)
{
	struct fx *f = *state;
	struct git_worktree a, b;
	unsigned n;

	fx_open(f);
	a = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "echo work >work; rm lines");
	fx_open(f);
	n = git_process_count(f->git);
	b = fx_worktree(f, 1, "T1", 1);
	assert_true(b.found);
	assert_int_equal(git_process_count(f->git), n);
	assert_oid(a.start, b.start);
	assert_string_equal(a.git_dir, b.git_dir);
	assert_string_equal(sh_at(f, slot_path(f, 1), "test ! -e lines; cat work"), "work");
}

static void test_worktree__without_its_mark_is_made_anew(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh(f, "rm %s/ganger-ready; echo half >%s/half", w.git_dir, slot_path(f, 1));
	w = fx_worktree(f, 1, "T1", 1);
	assert_false(w.found);
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain"), "");
}

static void test_worktree__recycled(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work;
	struct git_worktree_spec s;
	const char *path = slot_path(f, 1), *inode;
	const char *const keep[] = {"cache/", NULL};
	unsigned n;

	fx_open(f);
	work = fx_task(f, 1, "T1",
		       "echo two >src/a.c; git commit -qam two; echo new >new; mkdir cache out;"
		       "echo c >cache/c; echo cache >>.git/x 2>/dev/null || true; echo o >out/x.o;"
		       "git rm -q --cached lines; git update-index --assume-unchanged .gitignore;"
		       "echo hidden >>.gitignore; chmod 000 lines");
	assert_int_equal(work.ahead, 2);
	inode = sh(f, "stat -c %%i %s/src/a.c", path);
	s = wt_spec(f, 1, "T2", 1);
	s.keep = keep;
	n = git_process_count(f->git);
	OK(f->git->ops->worktree(f->git, &s, &w, e));
	assert_int_equal(git_process_count(f->git) - n, 2);
	assert_true(w.recycled);
	assert_string_not_equal(inode, "");
	assert_string_equal(sh_at(f, path, "git status --porcelain; git symbolic-ref --short HEAD"),
			    "?? cache/\nganger/real/T2");
	assert_string_equal(sh_at(f, path, "cat src/a.c .gitignore cache/c; ls -A"),
			    "one\n*.o\nc\n.git\n.gitignore\ncache\nlines\nsrc");
	assert_oid(rev(f, "refs/heads/ganger/real/T1"), work.head);
}

static void test_worktree__uncollected_work_is_saved_before_it_is_cleaned(void **state)
{
	struct fx *f = *state;

	fx_open(f);
	(void)fx_worktree(f, 1, "T1", 3);
	sh_at(f, slot_path(f, 1),
	      "echo two >src/a.c; git commit -qam two; echo three >src/a.c; echo new >new");
	(void)fx_worktree(f, 1, "T2", 1);
	assert_string_equal(sh(f, "git log -1 --format=%%s refs/ganger/real/T1/3"), "two");
	assert_string_equal(sh(f, "git show refs/ganger/real/T1/3.rest:src/a.c"), "three");
	assert_string_equal(sh(f, "git show refs/ganger/real/T1/3.rest:new"), "new");
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain; cat src/a.c"),
			    "one");
}

static void test_worktree__work_after_collection_is_saved_too(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	fx_open(f);
	work = fx_task(f, 1, "T1", "echo two >src/a.c; git commit -qam two");
	sh_at(f, slot_path(f, 1), "echo late >late; git add late; git commit -qm late");
	(void)fx_worktree(f, 1, "T2", 1);
	assert_string_equal(sh(f, "git show refs/ganger/real/T1/1:late"), "late");
	assert_oid(rev(f, "refs/ganger/real/T1/1.earlier"), work.head);
}

static void test_worktree__gone_folder_or_books_are_made_again(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;

	fx_open(f);
	(void)fx_task(f, 1, "T1", "true");
	sh(f, "rm -rf %s", slot_path(f, 1));
	w = fx_worktree(f, 1, "T2", 1);
	assert_false(w.recycled);
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain"), "");
}

static void test_worktree__what_is_not_ours_is_left(void **state)
{
	struct fx *f = *state;
	struct git_worktree_spec s;
	struct git_worktree w;

	fx_open(f);
	sh(f, "mkdir -p %s; echo mine >%s/mine", slot_path(f, 1), slot_path(f, 1));
	s = wt_spec(f, 1, "T1", 1);
	FAILS(ERR_INVALID, "not ganger's", f->git->ops->worktree(f->git, &s, &w, e));
	assert_string_equal(sh(f, "cat %s/mine", slot_path(f, 1)), "mine");
}

static void test_worktree__branch_held_by_a_person(void **state)
{
	struct fx *f = *state;
	struct git_worktree_spec s;
	struct git_worktree w;

	fx_open(f);
	(void)fx_task(f, 1, "T1", "true");
	sh(f, "git worktree add -q ../look ganger/real/T1");
	s = wt_spec(f, 1, "T1", 2);
	FAILS(ERR_BUSY, "/look'", f->git->ops->worktree(f->git, &s, &w, e));
}

static void test_worktree__what_a_person_left_on_the_branch_is_named(void **state)
{
	struct fx *f = *state;
	struct oid theirs;
	struct git_worktree w;

	fx_open(f);
	(void)fx_task(f, 1, "T1", "echo two >src/a.c; git commit -qam two");
	assert_false(fx_worktree(f, 1, "T1", 2).kept.hex[0]);
	(void)sh_at(f, slot_path(f, 1), "git checkout -q --detach");
	sh(f, "git worktree add -q ../look ganger/real/T1; cd ../look; "
	      "git commit -q --allow-empty -m fix; git checkout -q --detach");
	theirs = rev(f, "refs/heads/ganger/real/T1");
	w = fx_worktree(f, 1, "T1", 3);
	assert_oid(w.kept, theirs);
	assert_oid(rev(f, "refs/ganger/real/T1/3.before"), theirs);
	assert_oid(rev(f, "refs/heads/ganger/real/T1"), w.start);
}

static void test_worktree__from_last(void **state)
{
	struct fx *f = *state;
	struct git_work work;
	struct git_worktree_spec s;
	struct git_worktree w;

	fx_open(f);
	work = fx_task(f, 1, "T1", "echo two >src/a.c; git commit -qam two");
	s = wt_spec(f, 2, "T1", 2);
	s.from = GIT_FROM_LAST;
	s.last = work.head;
	s.last_base = f->opened.epic_head;
	OK(f->git->ops->worktree(f->git, &s, &w, e));
	assert_oid(w.start, work.head);
	assert_oid(w.base, f->opened.epic_head);
	assert_int_equal(fx_collect(f, 2, "T1", 2, &w).ahead, 1);
}

/* The epic goes on by one commit while a task is worked on. */
static struct oid move_epic(struct fx *f, const char *agent)
{
	struct git_work other = fx_task(f, 9, "other", agent);
	struct git_merge m = fx_merge_by(f, GIT_MERGE, "other", &f->opened.epic_head, &other.head);

	(void)fx_land(f, "other", &f->opened.epic_head, &m.commit);
	return m.commit;
}

static void from_merged(struct fx *f, const char *other, bool merged)
{
	struct git_work work;
	struct git_worktree_spec s;
	struct git_worktree w;
	struct oid epic;

	fx_open(f);
	work = fx_task(f, 1, "T1", "echo two >src/a.c; git commit -qam two");
	epic = move_epic(f, other);
	s = wt_spec(f, 1, "T1", 2);
	s.from = GIT_FROM_MERGED;
	s.last = work.head;
	s.last_base = f->opened.epic_head;
	OK(f->git->ops->worktree(f->git, &s, &w, e));
	assert_int_equal(w.merged, merged);
	if (merged) {
		assert_oid(w.base, epic);
		assert_string_equal(sh(f, "git log -1 --format=%%P %s", w.start.hex),
				    P(f, "%s %s", work.head.hex, epic.hex));
		assert_int_equal(fx_collect(f, 1, "T1", 2, &w).ahead, 2);
	} else {
		assert_oid(w.start, work.head);
		assert_oid(w.base, f->opened.epic_head);
	}
}

static void test_worktree__from_merged(void **state)
{
	from_merged(*state, "echo x >other; git add other; git commit -qm other", true);
}

static void test_worktree__from_merged_in_conflict_is_last(void **state)
{
	from_merged(*state, "echo x >src/a.c; git commit -qam other", false);
}

/* A power cut may leave files that are cut; nobody is at work there, and what is in them is nobody's. */
static void test_worktree__of_another_boot_is_made_anew(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	for (int attempt = 1; attempt < 3; attempt++) {
		sh_at(f, slot_path(f, 1),
		      "sed -i 's/^boot .*/boot of-before/' $(git rev-parse --git-path "
		      "ganger-ready);"
		      ": >src/a.c");
		w = fx_worktree(f, 1, "T1", attempt);
		assert_false(w.found);
		assert_false(w.recycled);
		assert_string_equal(sh_at(f, slot_path(f, 1), "cat src/a.c"), "one");
		sh(f, "! git for-each-ref refs/ganger | grep rest");
		w = fx_worktree(f, 1, "T1", attempt);
		assert_true(w.found);
		sh_at(f, slot_path(f, 1), "echo two >src/a.c; git commit -qam two");
		(void)fx_collect(f, 1, "T1", attempt, &w);
	}
}

/* Killed before its mark, it is made anew: by then the branch is where we had reset it to. */
static void test_worktree__what_a_person_left_stays_named(void **state)
{
	struct fx *f = *state;
	struct git_work work;
	struct git_worktree_spec s;
	struct git_worktree w;
	struct oid theirs;

	fx_open(f);
	work = fx_task(f, 1, "T1", "echo two >src/a.c; git commit -qam two");
	(void)sh_at(f, slot_path(f, 1), "git checkout -q --detach");
	sh(f, "git worktree add -q ../look ganger/real/T1; cd ../look; "
	      "git commit -q --allow-empty -m fix; git checkout -q --detach");
	theirs = rev(f, "refs/heads/ganger/real/T1");
	(void)move_epic(f, "echo x >other; git add other; git commit -qm other");
	s = wt_spec(f, 1, "T1", 2);
	s.from = GIT_FROM_MERGED;
	s.last = work.head;
	s.last_base = f->opened.epic_head;
	for (int i = 0; i < 2; i++) {
		OK(f->git->ops->worktree(f->git, &s, &w, e));
		assert_true(w.merged);
		assert_oid(rev(f, "refs/ganger/real/T1/2.before"), theirs);
		sh_at(f, slot_path(f, 1),
		      "rm $(git rev-parse --git-path ganger-ready); git commit -q --amend -m anew; "
		      "git update-ref refs/heads/ganger/real/T1 HEAD");
	}
}

static void test_worktree__gate_is_detached_at_its_commit(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_worktree_spec s;

	fx_open(f);
	sh(f, "git commit -q --allow-empty -m second");
	s = (struct git_worktree_spec){
		.path = P(f, "%s/gate/repo-0", f->state), .at = rev(f, "HEAD"), .attempt = 7};
	OK(f->git->ops->worktree(f->git, &s, &w, e));
	assert_string_equal(
		sh_at(f, s.path, "git rev-parse HEAD; git symbolic-ref -q HEAD || true"), s.at.hex);
	/* What a check left there is not anybody's work. */
	sh_at(f, s.path, "echo x >src/a.c; echo y >y");
	OK(f->git->ops->worktree(f->git, &s, &w, e));
	assert_false(w.found);
	assert_string_equal(sh_at(f, s.path, "git status --porcelain"), "");
}

static void test_worktree__brings_ignored_files(void **state)
{
	struct fx *f = *state;
	const char *const include[] = {".env*",  "conf/*.local", "**/k.json",
				       "out/x/", "src/a.c",      "../secret",
				       "leak/s", "evil/x",       NULL};
	const char *const link[] = {"node_modules", NULL};
	const char *path = slot_path(f, 1);
	struct git_worktree_spec s;
	struct git_worktree w;

	sh(f, "printf '.env*\\nnode_modules\\nconf/\\nk.json\\nout\\nleak\\n' >.gitignore;"
	      "ln -s /nowhere evil; git add .; git commit -qm ignore; rm evil; mkdir evil; echo x "
	      ">evil/x;"
	      "echo K=1 >.env; echo K=2 >.env.local; mkdir -p conf node_modules/m out/x/y 'deep/er "
	      "one';"
	      "echo l >conf/a.local; echo n >conf/b.other; echo m >node_modules/m/i.js;"
	      "echo '{}' >'deep/er one/k.json'; echo o >out/x/y/o; chmod 755 out/x/y/o; echo two "
	      ">src/a.c;"
	      "mkdir ../away; echo s >../away/s; ln -s ../away leak; echo s >../secret");
	fx_open(f);
	s = wt_spec(f, 1, "T1", 1);
	s.include = include;
	s.link = link;
	OK(f->git->ops->worktree(f->git, &s, &w, e));
	assert_string_equal(sh_at(f, path, "cat .env .env.local conf/a.local 'deep/er one/k.json'"),
			    "K=1\nK=2\nl\n{}");
	assert_string_equal(
		sh_at(f, path, "readlink node_modules; cat src/a.c; ls conf; test -x out/x/y/o"),
		P(f, "%s/node_modules\none\na.local", f->repo));
	sh_at(f, path, "test ! -e leak; test ! -e ../secret; test -L evil");
	assert_int_equal(fx_collect(f, 1, "T1", 1, &w).leftovers, 0);
}

static void test_worktree__remove(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	fx_open(f);
	work = fx_task(f, 1, "T1", "echo two >src/a.c");
	(void)fx_worktree(f, 2, "T2", 1);
	OK(f->git->ops->remove(f->git, slot_path(f, 1), e));
	OK(f->git->ops->remove(f->git, slot_path(f, 1), e));
	assert_string_equal(sh(f, "git show ganger/real/T1:src/a.c"), "two");
	assert_oid(rev(f, "ganger/real/T1"), work.head);
	sh_at(f, slot_path(f, 2), "echo work >work");
	FAILS(ERR_CONFLICT, "attempt 1 of task 'T2'",
	      f->git->ops->remove(f->git, slot_path(f, 2), e));
	sh(f, "cat %s/work", slot_path(f, 2));
	FAILS(ERR_INVALID, "not a worktree", f->git->ops->remove(f->git, f->repo, e));
}

static void test_worktree__remove_all(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work;
	const char *before;

	f->spec.worktree_dir = P(f, "%s/shared", f->dir);
	before = fx_fingerprint(f, f->repo);
	fx_open(f);
	(void)fx_task(f, 1, "T1", "echo two >src/a.c; mkdir d; echo x >d/x; chmod 500 d");
	w = fx_worktree(f, 2, "T2", 1);
	sh_at(f, slot_path(f, 2), "echo work >work");
	/* A supervisor was killed as it removed another one's books. */
	sh(f, "mkdir -p .git/ganger-real.trash/books; touch .git/ganger-real.trash/books/index");
	OK(f->git->ops->remove(f->git, NULL, e));
	assert_string_equal(sh(f, "git show refs/ganger/real/T2/1.rest:work"), "work");
	OK(f->git->ops->remove(f->git, NULL, e));
	assert_string_equal(sh(f, "git worktree list | wc -l; ls %s", f->state), "1\nworktree");
	assert_string_equal(sh(f, "ls %s/worktree", f->state), "");
	assert_string_equal(sh(f, "ls -d %s/.git/worktrees || echo gone", f->repo), "gone");
	assert_string_equal(fx_fingerprint(f, f->repo), before);
	/* Asked for after all, it is what was saved. */
	work = fx_collect(f, 2, "T2", 1, &w);
	assert_non_null(strstr(work.problem, "gone"));
	assert_oid(rev(f, "refs/ganger/real/T2/1"), work.head);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_worktree__fresh),
		T(test_worktree__found_after_a_crash),
		T(test_worktree__without_its_mark_is_made_anew),
		T(test_worktree__recycled),
		T(test_worktree__uncollected_work_is_saved_before_it_is_cleaned),
		T(test_worktree__work_after_collection_is_saved_too),
		T(test_worktree__gone_folder_or_books_are_made_again),
		T(test_worktree__what_is_not_ours_is_left),
		T(test_worktree__branch_held_by_a_person),
		T(test_worktree__what_a_person_left_on_the_branch_is_named),
		T(test_worktree__what_a_person_left_on_the_branch_is_named),
		T(test_worktree__from_last),
		T(test_worktree__from_merged),
		T(test_worktree__from_merged_in_conflict_is_last),
		T(test_worktree__of_another_boot_is_made_anew),
		T(test_worktree__what_a_person_left_stays_named),
		T(test_worktree__gate_is_detached_at_its_commit),
		T(test_worktree__brings_ignored_files),
		T(test_worktree__remove),
		T(test_worktree__remove_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
