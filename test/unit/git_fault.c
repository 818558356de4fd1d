/*
 * Any git process may end before its work or after it, without our knowing which. Here every one of
 * a task's whole way does, in turn; then everything is asked again, as after a crash.
 */
#include "git/impl.h"
#include "git_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

struct fault {
	struct fx *f;
	const char *path, *faulty_path; /* PATH without and with the wrapper */
	const char *counter;
};

/* A 'git' that counts down, and at zero dies before or after the real one has run. */
static void fault_setup(struct fault *t, struct fx *f, bool after)
{
	t->f = f;
	t->path = P(f, "%s", getenv("PATH"));
	t->faulty_path = P(f, "%s/bin:%s", f->dir, t->path);
	t->counter = P(f, "%s/counter", f->dir);
	sh(f,
	   "real=$(command -v git); mkdir -p ../bin; cat >../bin/git <<EOT\n"
	   "#!/bin/sh\n"
	   "read n <%s; n=\\$((n - 1)); echo \\$n >%s\n"
	   "[ \\$n = 0 ] || exec $real \"\\$@\"\n"
	   "case \\$* in *--stdin*) sed -u '/^commit$/q; /^end$/q';; *) cat;; esac |\n"
	   "%s\n"
	   "kill -9 \\$\\$\n"
	   "EOT\n"
	   "chmod +x ../bin/git",
	   t->counter, t->counter, after ? "$real \"\\$@\" >/dev/null" : "true");
}

static void arm(struct fault *t, int at)
{
	sh(t->f, "echo %d >%s", at, t->counter);
}

/* Was there such a process at all? */
static bool fired(struct fault *t)
{
	const char *left = sh(t->f, "cat %s", t->counter);

	return left[0] == '-' || streq(left, "0");
}

/* Ask until it works, as a supervisor that is started again; the fault comes once. */
#define INSIST(t, call)                                                                            \
	do {                                                                                       \
		struct err e_ = ERR_INIT, *e = &e_;                                                \
		int rc_, tries_ = 0;                                                               \
		do {                                                                               \
			setenv("PATH", (t)->faulty_path, 1);                                       \
			rc_ = call;                                                                \
			setenv("PATH", (t)->path, 1);                                              \
			if (rc_)                                                                   \
				fx_open((t)->f);                                                   \
		} while (rc_ && ++tries_ < 3);                                                     \
		if (rc_)                                                                           \
			fail_msg("%s: %s", #call, e->msg);                                         \
	} while (0)

static int open_again(struct fx *f, struct err *e)
{
	return f->git->ops->open_epic(f->git, &f->opened, e);
}

/* The whole way of one task, with the fault at the given git process. */
static void whole_way(struct fault *t, int at, enum git_method method)
{
	struct fx *f = t->f;
	const char *task = P(f, "T%d", at);
	struct git_worktree_spec s = wt_spec(f, 1, task, 1);
	struct git_worktree w;
	struct git_collect_spec c = {.path = s.path, .task = task, .attempt = 1, .title = "t"};
	struct git_merge_spec m = {.method = method, .task = task, .attempt = 1, .subject = "s"};
	struct git_land_spec l = {.branch = f->spec.epic_branch, .task = task};
	struct git_work work;
	struct git_merge merged;
	struct git_land landed;

	arm(t, at);
	INSIST(t, open_again(f, e));
	INSIST(t, f->git->ops->worktree(f->git, &s, &w, e));
	sh_at(f, s.path, "echo a >%s.a; git add .; git commit -qm a; echo b >%s.b; echo k >.env",
	      task, task);
	c.branch = s.branch;
	c.start = w.start;
	c.base = w.base;
	c.commit_leftovers = true;
	INSIST(t, f->git->ops->collect(f->git, &c, &work, e));
	assert_string_equal(work.problem, "");
	assert_int_equal(work.ahead, 2);
	assert_int_equal(work.leftovers, 2);
	assert_oid(rev(f, s.branch), work.head);
	m.onto = f->opened.epic_head;
	m.head = work.head;
	INSIST(t, f->git->ops->merge(f->git, &m, &merged, e));
	assert_int_equal(merged.result, GIT_MERGED);
	l.old = m.onto;
	l.new_ = merged.commit;
	INSIST(t, f->git->ops->land(f->git, &l, &landed, e));
	assert_int_equal(landed.result, GIT_LANDED);
	assert_oid(rev(f, "epic/real"), merged.commit);
	sh(f, "git show epic/real:%s.a epic/real:%s.b refs/ganger/real/%s/1.rest:.env", task, task,
	   task);
	assert_string_equal(sh(f,
			       "git log --first-parent --format=%%b epic/real | "
			       "grep -cx 'Ganger-Task: %s'",
			       task),
			    "1");
}

static void every_process(struct fx *f, enum git_push push, bool after)
{
	struct fault t;
	int at = 1;
	const char *before = NULL;

	if (push != GIT_PUSH_NEVER)
		sh(f,
		   "git clone -q --bare . ../r.git; git remote add origin ../r.git; git fetch -q");
	f->spec.push = push;
	before = fx_fingerprint(f, f->repo);
	fault_setup(&t, f, after);
	fx_open(f);
	do {
		whole_way(&t, at, GIT_MERGE);
	} while (fired(&t) && at++ < 60);
	assert_true(at > 15 && at < 60);
	assert_string_equal(fx_fingerprint(f, f->repo), before);
	sh(f, "git fsck --no-dangling");
}

static void test_fault__before(void **state)
{
	every_process(*state, GIT_PUSH_NEVER, false);
}

static void test_fault__after(void **state)
{
	every_process(*state, GIT_PUSH_NEVER, true);
}

static void test_fault__after_with_a_remote(void **state)
{
	struct fx *f = *state;

	every_process(f, GIT_PUSH_EPIC, true);
	assert_oid(rev(f, "epic/real"), oid_from(sh(f, "git -C ../r.git rev-parse epic/real")));
}

/* Its locks are taken away by whoever asks again, and nobody needs to be started again for it. */
static void test_fault__locks_of_a_merge(void **state)
{
	struct fx *f = *state;
	struct git_merge_spec m = {.method = GIT_MERGE, .task = "T", .attempt = 1, .subject = "s"};
	struct git_merge merged;
	struct git_land_spec l = {.branch = "epic/real", .task = "T"};
	struct git_land landed;

	fx_open(f);
	m.onto = f->opened.epic_head;
	m.head = oid_from(sh(f, "git commit-tree -p main -m work main^{tree}"));
	sh(f, "mkdir -p .git/refs/ganger/real/T; : >.git/refs/ganger/real/T/merge.lock;"
	      ": >$(echo .git/worktrees/ganger-anchor-*)/index.lock;"
	      "touch -d '1 minute ago' .git/refs/heads/epic/real.lock");
	OK(f->git->ops->merge(f->git, &m, &merged, e));
	l.old = m.onto;
	l.new_ = merged.commit;
	OK(f->git->ops->land(f->git, &l, &landed, e));
	assert_int_equal(landed.result, GIT_LANDED);
}

/* What a git did that was killed is not known: that is no answer, and no verdict of git's. */
static void test_fault__a_killed_git_has_said_nothing(void **state)
{
	struct fx *f = *state;
	struct fault t;
	struct err e = ERR_INIT;
	struct oid at;

	fx_open(f);
	fault_setup(&t, f, /* after */ false);
	arm(&t, 1);
	setenv("PATH", t.faulty_path, 1);
	int rc = f->git->ops->resolve(f->git, "refs/heads/main", &at, &e);
	setenv("PATH", t.path, 1);
	assert_int_equal(rc, ERR_IO);
	assert_string_equal(e.msg, "could not run 'git rev-parse': it was ended by signal 9");
}

/* No more files can be opened than these; what is open stays. */
static struct rlimit leave_descriptors(unsigned n)
{
	struct rlimit was, none;
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(next >= 0 && getrlimit(RLIMIT_NOFILE, &was) == 0);
	(void)close(next);
	none = (struct rlimit){(rlim_t)next + n, was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	return was;
}

/* Nothing that could not be read is taken for what is not there. */
static void test_fault__without_descriptors_no_ref_is_absent(void **state)
{
	struct fx *f = *state;
	struct git_repo *g;
	struct err e = ERR_INIT;
	struct oid at, head;

	fx_open(f);
	g = repo_of(f->git);
	head = rev(f, "HEAD");
	struct rlimit was = leave_descriptors(0);
	int found = ref_find(g, g->epic_ref, &at, &e);
	int kept = f->git->ops->keep(f->git, "1", 1, &head, &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(found, ERR_IO);
	assert_int_equal(kept, ERR_IO);
	assert_non_null(strstr(e.msg, "Too many open files"));
	assert_int_equal(ref_find(g, g->epic_ref, &at, &e), 0);
	assert_string_equal(at.hex, head.hex);
	assert_int_equal(ref_find(g, "refs/heads/none", &at, &e), 0);
	assert_string_equal(at.hex, "");
}

/* Where an attempt begins is asked of a ref: without it the task would fail for good. */
static void test_fault__a_task_waits_for_descriptors(void **state)
{
	struct fx *f = *state;
	struct git_worktree_spec s;
	struct git_worktree w;
	struct err e = ERR_INIT;

	fx_open(f);
	s = wt_spec(f, 0, "1", 1);
	struct rlimit was = leave_descriptors(0);
	int rc = f->git->ops->worktree(f->git, &s, &w, &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(f->git->ops->worktree(f->git, &s, &w, &e), 0);
}

/* What holds work that nobody collected stays; whether one does is not guessed. */
static void test_fault__a_worktree_goes_once_its_books_are_read(void **state)
{
	struct fx *f = *state;
	struct err e = ERR_INIT;

	fx_open(f);
	(void)fx_task(f, 0, "1", "echo x >x");
	struct rlimit was = leave_descriptors(0);
	int rc = f->git->ops->remove(f->git, slot_path(f, 0), &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(rc, ERR_IO);
	was = leave_descriptors(0);
	rc = f->git->ops->remove(f->git, NULL, &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(rc, ERR_IO);
	e = (struct err)ERR_INIT;
	assert_int_equal(f->git->ops->remove(f->git, slot_path(f, 0), &e), 0);
}

/* The folder of the books can be read, and none of them: a worktree that is not seen would stay. */
static void test_fault__no_worktree_is_overlooked(void **state)
{
	struct fx *f = *state;
	struct err e = ERR_INIT;

	fx_open(f);
	for (unsigned n = 1; n < 3; n++) {
		struct rlimit was = leave_descriptors(n);
		struct git_founds found = {0};
		int rc = f->git->ops->worktrees(f->git, &found, &e);
		size_t seen = found.items.n;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		git_founds_done(&found);
		assert_true(rc == ERR_IO || seen == 1);
		if (n == 1)
			assert_int_equal(rc, ERR_IO);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_fault__before),
		T(test_fault__after),
		T(test_fault__after_with_a_remote),
		T(test_fault__locks_of_a_merge),
		T(test_fault__a_killed_git_has_said_nothing),
		T(test_fault__without_descriptors_no_ref_is_absent),
		T(test_fault__a_task_waits_for_descriptors),
		T(test_fault__a_worktree_goes_once_its_books_are_read),
		T(test_fault__no_worktree_is_overlooked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
