#include "git_fixture.h"

#include <pthread.h>

static struct git_collect_spec
spec_of(struct fx *f, int slot, const char *task, struct git_worktree *w)
{
	return (struct git_collect_spec){
		.path = slot_path(f, slot),
		.task = task,
		.attempt = 1,
		.title = "Do the thing",
		.branch = P(f, "ganger/real/%s", task),
		.start = w->start,
		.base = w->base,
		.commit_leftovers = true,
	};
}

static void test_collect__clean_costs_two_processes(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work;
	unsigned n;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "echo two >src/a.c; git commit -qam two; echo o >x.o");
	n = git_process_count(f->git);
	work = fx_collect(f, 1, "T1", 1, &w);
	assert_int_equal(git_process_count(f->git) - n, 2);
	assert_int_equal(work.ahead, 1);
	assert_int_equal(work.leftovers, 0);
	assert_string_equal(work.problem, "");
	assert_string_equal(work.left_out, "");
	assert_string_equal(work.other_branch, "");
	fx_check_named(f, 1, "T1", &work);
	sh_at(f, slot_path(f, 1), "test -e x.o");
	/* A person can look at the branch now. */
	sh(f, "git worktree add -q ../look ganger/real/T1");
}

/* While its agent works there: what it holds locked stays so, and its index is not written. */
static void test_changed__committed_or_not(void **state)
{
	struct fx *f = *state;
	struct buf paths CLEANUP(buf_done) = BUF_INIT;
	struct git_worktree w;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	OK(f->git->ops->changed(f->git, slot_path(f, 1), &w.start, &paths, e));
	assert_int_equal(paths.n, 0);
	sh_at(f, slot_path(f, 1),
	      "echo two >src/a.c; git commit -qam two; rm lines; echo x >'n ew'; echo o >x.o;"
	      "touch \"$(git rev-parse --git-path index.lock)\"; stat -c %%Y.%%i \"$(git rev-parse "
	      "--git-path index)\" >../was");
	OK(f->git->ops->changed(f->git, slot_path(f, 1), &w.start, &paths, e));
	for (size_t i = 0; i < paths.n; i++)
		paths.p[i] = paths.p[i] ? paths.p[i] : '|';
	assert_string_equal(buf_cstr(&paths), "lines|src/a.c|n ew|");
	sh_at(f, slot_path(f, 1),
	      "stat -c %%Y.%%i \"$(git rev-parse --git-path index)\" | cmp - ../was");
}

static void test_collect__nothing_done(void **state)
{
	struct git_work work = fx_attempt(*state, "true");

	assert_int_equal(work.ahead, 0);
	assert_string_equal(work.problem, "");
}

static void test_collect__leftovers_are_committed(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	work = fx_attempt(
		f, "echo two >src/a.c; git commit -qam two; echo three >src/a.c; rm lines;"
		   "mkdir -p 'n ew'; echo x >'n ew/f\303\244\n.txt'; ln -s /etc/x link;"
		   "echo s >staged; git add staged; echo y >i-t-a; git add -N i-t-a; echo o >x.o;"
		   "chmod +x src/a.c; mkdir -p .git.hooks");
	assert_int_equal(work.ahead, 2);
	assert_int_equal(work.leftovers, 6);
	assert_string_equal(work.left_out, "");
	assert_string_equal(
		sh(f, "git -c core.quotePath=false diff-tree -r -z --name-status ganger/real/T1~1 "
		      "ganger/real/T1 | tr '\\0\\n' ' _'"),
		"A i-t-a D lines A link A n ew/f\303\244_.txt M src/a.c A staged");
	assert_string_equal(sh(f, "git log -1 --format='%%an <%%ae> %%s' ganger/real/T1"),
			    "Ann <ann@example.org> Do the thing");
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain; cat x.o"), "o");
}

static void test_collect__what_is_left_out_is_kept(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_collect_spec s;
	struct git_work work;
	static const char *const setup[] = {"node_modules", "conf/*.local", NULL};

	sh(f, "echo t=1 >.env.tracked; git add .; git commit -qm env; git branch -f epic/real");
	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1),
	      "echo K=1 >.env; echo t=2 >.env.tracked; echo key >server.pem; echo k >id_rsa; echo "
	      "w >work;"
	      "head -c 6000000 /dev/zero >large; mkdir node_modules conf; echo n >node_modules/n;"
	      "echo l >conf/a.local; echo w >conf/work");
	s = spec_of(f, 1, "T1", &w);
	s.leave_out = setup;
	OK(f->git->ops->collect(f->git, &s, &work, e));
	assert_string_equal(work.left_out, ".env: may be a secret\n"
					   "conf/a.local: came from set-up\n"
					   "id_rsa: may be a secret\n"
					   "large: over 5 MiB\n"
					   "node_modules/n: came from set-up\n"
					   "server.pem: may be a secret\n");
	assert_string_equal(sh(f, "git diff-tree -r --name-only epic/real ganger/real/T1"),
			    ".env.tracked\nconf/work\nwork");
	assert_string_equal(
		sh(f, "git diff-tree -r --name-only ganger/real/T1 refs/ganger/real/T1/1.rest"),
		".env\nconf/a.local\nid_rsa\nlarge\nnode_modules/n\nserver.pem");
	assert_string_equal(sh(f, "git rev-parse refs/ganger/real/T1/1.rest~1"), work.head.hex);
	assert_int_equal(work.leftovers, 9);
	fx_check_named(f, 1, "T1", &work);
}

static void test_collect__many_left_out_are_counted(void **state)
{
	struct git_work work =
		fx_attempt(*state, "for i in $(seq 100 199); do echo $i >.env.$i; done");

	assert_int_equal(work.leftovers, 100);
	assert_int_equal(work.ahead, 0);
	assert_non_null(strstr(work.left_out, " more\n"));
}

static void test_collect__policy_fail_saves_leftovers(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_collect_spec s;
	struct git_work work;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "echo two >src/a.c; echo new >new");
	s = spec_of(f, 1, "T1", &w);
	s.commit_leftovers = false;
	OK(f->git->ops->collect(f->git, &s, &work, e));
	assert_int_equal(work.ahead, 0);
	assert_int_equal(work.leftovers, 2);
	assert_oid(work.head, w.start);
	assert_string_equal(
		sh(f, "git show refs/ganger/real/T1/1.rest:src/a.c refs/ganger/real/T1/1.rest:new"),
		"two\nnew");
}

static void test_collect__own_branch(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	work = fx_attempt(f,
			  "git checkout -qb feature/mine; echo two >src/a.c; git commit -qam two");
	assert_string_equal(work.other_branch, "feature/mine");
	assert_string_equal(work.problem, "");
	assert_int_equal(work.ahead, 1);
	assert_oid(rev(f, "feature/mine"), work.head);
}

static void test_collect__branches_in_the_place_of_its_own(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1),
	      "git checkout -q --detach; git branch -D ganger/real/T1; git checkout -qb "
	      "ganger/real/T1/part;"
	      "echo two >src/a.c");
	work = fx_collect(f, 1, "T1", 1, &w);
	assert_int_equal(work.ahead, 1);
	assert_string_equal(work.other_branch, "ganger/real/T1/part");
	assert_oid(rev(f, "refs/ganger/real/T1/1"), work.head);
}

static void test_collect__detached_head_keeps_the_branch_too(void **state)
{
	struct fx *f = *state;
	struct git_work work;

	work = fx_attempt(f,
			  "echo b >b; git add b; git commit -qm on-branch; git checkout -q HEAD~1;"
			  "echo d >d; git add d; git commit -qm detached");
	assert_int_equal(work.ahead, 1);
	assert_string_equal(sh(f, "git log -1 --format=%%s refs/ganger/real/T1/1.branch"),
			    "on-branch");
}

static void test_collect__locks_of_a_killed_agent(void **state)
{
	struct git_work work =
		fx_attempt(*state, "echo two >src/a.c; g=$(git rev-parse --git-dir); : "
				   ">$g/index.lock; : >$g/ganger-own-index.lock;"
				   ": >$g/HEAD.lock; cd $(git rev-parse --git-common-dir);"
				   "mkdir -p refs/ganger/real/T1; : >refs/ganger/real/T1/1.lock;"
				   ": >refs/heads/ganger/real/T1.lock");

	assert_int_equal(work.ahead, 1);
	assert_string_equal(work.problem, "");
}

/* It commits on a branch of its own; what is also somebody else's may be locked by them. */
static void test_collect__locks_of_branches_that_it_chose(void **state)
{
	struct fx *f = *state;
	struct git_work work = fx_attempt(
		f,
		"git checkout -q -b own; echo two >src/a.c; cd $(git rev-parse --git-common-dir);"
		": >refs/heads/own.lock; : >refs/heads/other.lock");

	assert_string_equal(work.other_branch, "own");
	assert_string_equal(sh(f, "ls $(git rev-parse --git-common-dir)/refs/heads | grep lock"),
			    "other.lock");
}

static void test_collect__the_lock_of_the_users_branch(void **state)
{
	struct fx *f = *state;

	(void)fx_attempt(f, "git symbolic-ref HEAD refs/heads/main; echo two >src/a.c;"
			    ": >$(git rev-parse --git-common-dir)/refs/heads/main.lock");
	assert_string_equal(
		sh(f,
		   "cd $(git rev-parse --git-common-dir)/refs/heads; ls main.lock && rm main.lock"),
		"main.lock");
}

static void test_collect__corrupt_index(void **state)
{
	struct git_work work =
		fx_attempt(*state, "echo two >src/a.c; echo new >new;"
				   "echo rubbish >$(git rev-parse --git-path index)");

	assert_int_equal(work.ahead, 1);
	assert_int_equal(work.leftovers, 2);
	assert_string_equal(work.problem, "");
}

static void test_collect__missing_index(void **state)
{
	struct git_work work =
		fx_attempt(*state, "echo two >src/a.c; rm $(git rev-parse --git-path index)");

	assert_int_equal(work.ahead, 1);
}

static void test_collect__unreadable_file(void **state)
{
	assert_int_equal(fx_attempt(*state, "echo two >secretive; chmod 000 secretive").ahead, 1);
}

/* Histories that cannot be used; the work is kept under its ref all the same. */
static void test_collect__problems(void **state)
{
	struct fx *f = *state;
	static const struct {
		const char *agent, *problem;
	} cases[] = {
		{"git commit -q --amend -m rewritten",                                         "does not descend"      },
		{"git checkout -q --orphan o; git commit -qm orphan",                          "does not descend"      },
		{"git checkout -q --orphan o",						 "names no commit"       },
		{"echo a >src/a.c; git commit -qam a; git checkout -qb o HEAD~1; echo b >src/a.c;"
		 "git commit -qam b; git merge ganger/real/T1 || true",       "unfinished merge"      },
		{"echo a >src/a.c; git commit -qam a; git checkout -qb o HEAD~1; echo b >src/a.c;"
		 "git commit -qam b; git rebase ganger/real/T1 || true",      "unfinished rebase"     },
		{"echo a >src/a.c; git commit -qam a; git checkout -qb o HEAD~1; echo b >src/a.c;"
		 "git commit -qam b; git cherry-pick ganger/real/T1 || true", "unfinished cherry-pick"},
		{"echo a >src/a.c; git commit -qam a; git checkout -qb o HEAD~1; echo b >src/a.c;"
		 "git stash -q; git checkout -q -; git stash pop || true",    "unresolved conflicts"  },
		{"git commit -q --allow-empty -m x; git bisect start HEAD HEAD~1",
		 "unfinished bisect"										   },
		{"rm .git; git init -q .; git add .; git commit -qm own",                      "was replaced"          },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct git_worktree w;
		struct git_work work;

		fx_open(f);
		w = fx_worktree(f, 1, "T1", (int)i + 1);
		sh_at(f, slot_path(f, 1), "%s; echo mine >mine", cases[i].agent);
		work = fx_collect(f, 1, "T1", (int)i + 1, &w);
		if (!strstr(work.problem, cases[i].problem))
			fail_msg("'%s' gave '%s'", cases[i].agent, work.problem);
		assert_oid(rev(f, P(f, "refs/ganger/real/T1/%zu", i + 1)), work.head);
		/* What was not committed is there as well, on top. */
		sh(f, "git show refs/ganger/real/T1/%zu.rest:mine || git show ganger/real/T1:mine",
		   i + 1);
		sh(f, "git branch -D o ganger/real/T1 || true; git stash clear");
		sh_at(f, slot_path(f, 1), "test \"$(git rev-parse HEAD)\" = %s", work.head.hex);
	}
	assert_string_equal(sh(f, "git log -1 --format=%%s refs/ganger/real/T1/9.nested/0/HEAD"),
			    "own");
}

/* A power cut took what says that it was collected, and some of the files. */
static void test_collect__again_leaves_what_was_saved(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_collect_spec s;
	struct git_work work;
	struct oid saved;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "echo two >src/a.c");
	s = spec_of(f, 1, "T1", &w);
	s.commit_leftovers = false;
	OK(f->git->ops->collect(f->git, &s, &work, e));
	saved = rev(f, "refs/ganger/real/T1/1.rest");
	for (int i = 0; i < 2; i++) {
		sh_at(f, slot_path(f, 1), "rm $(git rev-parse --git-path ganger-work); : >src/a.c");
		OK(f->git->ops->collect(f->git, &s, &work, e));
		assert_oid(rev(f, "refs/ganger/real/T1/1.rest"), saved);
		assert_string_equal(sh(f, "git show refs/ganger/real/T1/1.rest.2:src/a.c"), "");
	}
}

/* Pipes in the place of what we read, and nobody who writes to them. */
static void test_collect__pipes_hold_nobody_up(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1),
	      "echo two >src/a.c; git commit -qam two; echo three >src/a.c; d=$(git rev-parse "
	      "--git-dir);"
	      "r=$(git rev-parse --git-path refs/heads/more); rm -f .git; mkfifo .git $r;"
	      "cd $d; for x in HEAD index commondir ganger-* MERGE_HEAD logs/HEAD; do rm -rf $x; "
	      "mkfifo $x; done");
	work = fx_collect(f, 1, "T1", 1, &w);
	assert_string_equal(work.problem, "its HEAD is gone");
	assert_oid(rev(f, "refs/ganger/real/T1/1"), work.head);
	assert_string_equal(sh(f, "git show refs/ganger/real/T1/1.rest:src/a.c"), "three");
	assert_true(fx_worktree(f, 1, "T1", 2).start.hex[0]);
}

static void test_collect__folder_is_gone(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "echo two >src/a.c; git commit -qam two");
	sh(f, "rm -rf %s", slot_path(f, 1));
	work = fx_collect(f, 1, "T1", 1, &w);
	assert_non_null(strstr(work.problem, "gone"));
	assert_int_equal(work.ahead, 1);
	assert_oid(rev(f, "refs/ganger/real/T1/1"), work.head);
	/* Books and all, as by 'git worktree remove -f -f'. */
	w = fx_worktree(f, 2, "T2", 1);
	sh_at(f, slot_path(f, 2), "echo two >src/a.c; git commit -qam two");
	sh(f, "git worktree remove -f -f %s", slot_path(f, 2));
	work = fx_collect(f, 2, "T2", 1, &w);
	assert_non_null(strstr(work.problem, "gone"));
	assert_int_equal(work.ahead, 1);
	assert_oid(rev(f, "refs/ganger/real/T2/1"), work.head);
	w = fx_worktree(f, 2, "T3", 1);
	assert_false(w.recycled);
}

static void test_collect__what_came_from_the_epic_does_not_count(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work other, work;
	struct git_merge m;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	other = fx_task(f, 2, "other",
			"for i in 1 2 3; do echo $i >o; git add o; git commit -qm $i; done");
	m = fx_merge_by(f, GIT_SQUASH, "other", &f->opened.epic_head, &other.head);
	(void)fx_land(f, "other", &f->opened.epic_head, &m.commit);
	sh_at(f, slot_path(f, 1), "git reset -q --hard epic/real");
	work = fx_collect(f, 1, "T1", 1, &w);
	assert_int_equal(work.ahead, 0);
	assert_string_equal(work.problem, "");
	w = fx_worktree(f, 1, "T2", 1);
	sh_at(f, slot_path(f, 1),
	      "echo t >t; git add t; git commit -qm t; git reset -q --hard HEAD");
	work = fx_collect(f, 1, "T2", 1, &w);
	assert_int_equal(work.ahead, 1);
}

static void test_collect__killed_between_its_steps(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work, again;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1), "git checkout -qb own; echo two >src/a.c; echo e >.env");
	work = fx_collect(f, 1, "T1", 1, &w);
	/* As if it ended before the refs were set. */
	sh(f,
	   "git update-ref -d refs/ganger/real/T1/1; git update-ref -d refs/ganger/real/T1/1.rest;"
	   "git update-ref -d refs/heads/ganger/real/T1");
	sh_at(f, slot_path(f, 1), "git symbolic-ref HEAD refs/heads/own");
	fx_open(f);
	again = fx_collect(f, 1, "T1", 1, &w);
	assert_memory_equal(&work, &again, sizeof(work));
	fx_check_named(f, 1, "T1", &work);
	sh(f, "git show refs/ganger/real/T1/1.rest:.env");
}

/* Same size, same time: only that the index is no younger tells git to look into the file. */
static void test_collect__change_within_the_second_of_the_checkout(void **state)
{
	struct fx *f = *state;

	sh(f, "git config core.trustctime false");
	assert_int_equal(
		fx_attempt(f, "t=@1500000000; i=$(git rev-parse --git-path index);"
			      "touch -d $t src/a.c; git update-index --refresh; echo two >src/a.c;"
			      "touch -d $t src/a.c $i")
			.ahead,
		1);
	assert_string_equal(sh(f, "git show ganger/real/T1:src/a.c"), "two");
}

#define N_PARALLEL 10

struct worker {
	struct fx *f;
	const char *agent;
	struct git_worktree_spec s;
	struct git_collect_spec c;
	struct git_work work;
	struct err e;
	int rc;
};

static void *work_on(void *arg)
{
	struct worker *w = arg;
	struct git *g = w->f->git;
	struct git_worktree wt;
	const char *const argv[] = {"sh", "-ec", w->agent, NULL};
	struct child_result r = {0};

	w->rc = g->ops->worktree(g, &w->s, &wt, &w->e);
	w->rc = w->rc ? w->rc
		      : child_ok(&(struct child_spec){.cwd = w->s.path, .argv = argv}, &r, &w->e);
	child_result_done(&r);
	w->c.start = wt.start;
	w->c.base = wt.base;
	w->rc = w->rc ? w->rc : g->ops->collect(g, &w->c, &w->work, &w->e);
	return NULL;
}

static void test_collect__ten_at_once(void **state)
{
	struct fx *f = *state;
	struct worker *ws = mem_alloc(N_PARALLEL * sizeof(*ws));
	pthread_t threads[N_PARALLEL];
	const char *before = fx_fingerprint(f, f->repo);

	fx_open(f);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N_PARALLEL; i++) {
			const char *task = P(f, "T%d-%d", round, i);
			struct git_worktree none = {0};

			ws[i] = (struct worker){.f = f, .s = wt_spec(f, i, task, 1)};
			ws[i].c = spec_of(f, i, task, &none);
			ws[i].agent =
				P(f, "echo %d >f%d; git add .; git commit -qm a; echo b >>f%d", i,
				  i, i);
			assert_int_equal(pthread_create(&threads[i], NULL, work_on, &ws[i]), 0);
		}
		for (int i = 0; i < N_PARALLEL; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		for (int i = 0; i < N_PARALLEL; i++) {
			if (ws[i].rc)
				fail_msg("%s", ws[i].e.msg);
			assert_int_equal(ws[i].work.ahead, 2);
			fx_check_named(f, i, ws[i].c.task, &ws[i].work);
		}
	}
	assert_string_equal(fx_fingerprint(f, f->repo), before);
	free(ws);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_changed__committed_or_not),
		T(test_collect__clean_costs_two_processes),
		T(test_collect__nothing_done),
		T(test_collect__leftovers_are_committed),
		T(test_collect__what_is_left_out_is_kept),
		T(test_collect__many_left_out_are_counted),
		T(test_collect__policy_fail_saves_leftovers),
		T(test_collect__own_branch),
		T(test_collect__branches_in_the_place_of_its_own),
		T(test_collect__detached_head_keeps_the_branch_too),
		T(test_collect__locks_of_a_killed_agent),
		T(test_collect__locks_of_branches_that_it_chose),
		T(test_collect__the_lock_of_the_users_branch),
		T(test_collect__corrupt_index),
		T(test_collect__missing_index),
		T(test_collect__unreadable_file),
		T(test_collect__problems),
		T(test_collect__again_leaves_what_was_saved),
		T(test_collect__pipes_hold_nobody_up),
		T(test_collect__folder_is_gone),
		T(test_collect__what_came_from_the_epic_does_not_count),
		T(test_collect__killed_between_its_steps),
		T(test_collect__change_within_the_second_of_the_checkout),
		T(test_collect__ten_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
