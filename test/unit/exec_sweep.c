#include "exec/sweep.h"
#include "unit/exec_fixture.h"

#include <pty.h>

/* Sweeps are told of a job that no executor knows: processes of the test's own. */

static struct sweep_target target(struct fixture *f)
{
	(void)snprintf(f->texts[5], sizeof(f->texts[5]), "%s/job/1", f->dir);
	return (struct sweep_target){.number = 1, .dir = f->texts[5]};
}

static struct sweep_target target_with_worktree(struct fixture *f)
{
	struct sweep_target t = target(f);

	t.worktree = f->work;
	return t;
}

static const char *variable(struct fixture *f, const char *before, const char *after)
{
	(void)snprintf(f->texts[6], sizeof(f->texts[6]), "%sGANGER_JOB=%.900s/job/1%s", before,
		       f->dir, after);
	return f->texts[6];
}

static pid_t spawn_in(struct fixture *f, const char *cwd, const char *set)
{
	char *envp[] = {(char *)(set ? set : "A=b"), NULL};
	char *text = mem_printf("echo $$ >%s; kill -STOP $$", f->say);
	pid_t pid = fork();

	if (pid == 0) {
		(void)!chdir(cwd);
		(void)execle("/bin/sh", "sh", "-c", text, NULL, envp);
		_exit(127);
	}
	assert_int_equal(hear(f), pid);
	free(text);
	return pid;
}

static void end_it(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it is still alive */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void expect_killed(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void sweep_one(struct sweep_target *t)
{
	sweep_run(t, 1, 10000);
	assert_int_equal(t->n_unkillable, 0);
}

static void test_sweep__ends_who_names_the_job_exactly(void **state)
{
	struct fixture *f = *state;
	struct sweep_target t = target(f);
	pid_t ours = spawn_in(f, "/", variable(f, "", ""));
	pid_t other = spawn_in(f, "/", variable(f, "", "1"));
	pid_t alike = spawn_in(f, "/", variable(f, "MY_", ""));

	sweep_one(&t);
	expect_killed(ours);
	assert_int_equal(t.n_found, 1);
	assert_non_null(strstr(t.text, "'sh'"));
	end_it(other);
	end_it(alike);
}

static void test_sweep__ends_who_stands_in_the_worktree(void **state)
{
	struct fixture *f = *state;
	struct sweep_target t = target_with_worktree(f);
	char *deep = path_join(f->work, "deep"), *beside = mem_printf("%s-2", f->work);
	pid_t inside, removed, outside;

	assert_int_equal(mkdir(deep, 0700), 0);
	assert_int_equal(mkdir(beside, 0700), 0);
	inside = spawn_in(f, f->work, NULL);
	removed = spawn_in(f, deep, NULL);
	outside = spawn_in(f, beside, NULL);
	assert_int_equal(rmdir(deep), 0);
	sweep_one(&t);
	expect_killed(inside);
	expect_killed(removed);
	assert_int_equal(t.n_found, 2);
	end_it(outside);

	/* Where the folder is not ours alone, standing in it is no crime. */
	t = target(f);
	inside = spawn_in(f, f->work, NULL);
	sweep_one(&t);
	assert_int_equal(t.n_found, 0);
	end_it(inside);
	free(deep);
	free(beside);
}

static void test_sweep__spares_who_is_older_than_the_job(void **state)
{
	struct fixture *f = *state;
	pid_t pid = spawn_in(f, f->work, NULL);
	struct sweep_target t = target_with_worktree(f);

	t.since = proc_start_time(pid) + 1;
	sweep_one(&t);
	assert_int_equal(t.n_found, 0);
	t.since--;
	sweep_one(&t);
	expect_killed(pid);
}

static void test_sweep__spares_a_person_at_a_terminal(void **state)
{
	struct fixture *f = *state;
	struct sweep_target t = target_with_worktree(f);
	char *text = mem_printf("echo $$ >%s; kill -STOP $$", f->say);
	int terminal;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	if (pid == 0) {
		(void)!chdir(f->work);
		(void)execl("/bin/sh", "sh", "-c", text, NULL);
		_exit(127);
	}
	assert_int_equal(hear(f), pid);
	sweep_one(&t);
	assert_int_equal(t.n_found, 0);
	end_it(pid);
	close(terminal);
	free(text);
}

static void test_sweep__ends_descendants_that_hide(void **state)
{
	struct fixture *f = *state;
	struct sweep_target t = target(f);
	char *text = mem_printf("cd /; env -i setsid sh -c 'echo $$ >%s; exec sleep 1000' & "
				"exec sleep 1000",
				f->say);
	char *envp[] = {"PATH=/usr/bin:/bin", (char *)variable(f, "", ""), NULL};
	pid_t pid = fork(), hidden;

	if (pid == 0) {
		(void)execle("/bin/sh", "sh", "-c", text, NULL, envp);
		_exit(127);
	}
	hidden = hear(f);
	sweep_one(&t);
	assert_int_equal(t.n_found, 2);
	expect_killed(pid);
	expect_killed(hidden); /* it came to us */
	free(text);
}

static void test_sweep__spares_ourselves_and_our_ancestors(void **state)
{
	struct fixture *f = *state;
	struct sweep_target t = target_with_worktree(f);
	pid_t pid = fork();
	int status;

	/* A sweeper that stands in the worktree, below a parent that does too. */
	if (pid == 0) {
		(void)!chdir(f->work);
		pid = fork();
		if (pid == 0) {
			sweep_run(&t, 1, 10000);
			_exit(t.n_found);
		}
		_exit(waitpid(pid, &status, 0) == pid ? status : 99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_sweep__kills_once_at_least(void **state)
{
	struct fixture *f = *state;
	struct sweep_target t = target(f);
	pid_t pid = spawn_in(f, "/", variable(f, "", ""));

	sweep_run(&t, 1, 0); /* no time at all, as on a machine that stands still */
	expect_killed(pid);
	assert_int_equal(t.n_found + t.n_unkillable, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_sweep__ends_who_names_the_job_exactly),
		CASE(test_sweep__ends_who_stands_in_the_worktree),
		CASE(test_sweep__spares_who_is_older_than_the_job),
		CASE(test_sweep__spares_a_person_at_a_terminal),
		CASE(test_sweep__ends_descendants_that_hide),
		CASE(test_sweep__kills_once_at_least),
		CASE(test_sweep__spares_ourselves_and_our_ancestors),
	};

	return cmocka_run_group_tests(tests, fixture_group_setup, NULL);
}
