#include "shim/proc.h"
#include "unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A chain of processes below the test: each says its number on a pipe and waits to be killed. */
static void chain(int say, int depth)
{
	pid_t pid;

	for (; depth > 0 && fork() == 0; depth--)
		(void)!(depth % 2 ? setsid() : 0);
	pid = getpid();
	(void)prctl(PR_SET_NAME, ") R 1 (x");
	(void)!write(say, &pid, sizeof(pid));
	for (;;)
		(void)pause();
}

struct visits {
	pid_t pids[16];
	pid_t ppids[16];
	int n;
	int sig;
};

static void visit(void *ctx, int dir, const struct proc_stat *st)
{
	struct visits *v = ctx;

	assert_true(v->n < 16);
	v->pids[v->n] = st->pid;
	v->ppids[v->n++] = st->ppid;
	if (v->sig)
		assert_int_equal(proc_signal(dir, st, v->sig), 0);
}

static void reap_all(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_int_equal(errno, ECHILD);
}

static void test_proc__walks_all_descendants_whatever_their_session(void **state)
{
	struct visits v = {0};
	pid_t pids[4];
	int fds[2];

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(fds), 0);
	if (fork() == 0)
		chain(fds[1], 3);
	for (int i = 0; i < 4; i++)
		assert_int_equal(read(fds[0], &pids[i], sizeof(pids[i])), sizeof(pids[i]));
	assert_int_equal(proc_tree(getpid(), visit, &v), 4);
	for (int i = 0; i < 4; i++) {
		bool found = false;

		for (int k = 0; k < v.n; k++)
			found |= v.pids[k] == pids[i];
		assert_true(found);
	}

	/* A zombie is none; orphans have come to us. */
	assert_int_equal(kill(v.pids[1], SIGKILL), 0);
	assert_int_equal(waitpid(v.pids[0], NULL, WNOHANG), 0);
	v.n = 0;
	while (proc_tree(getpid(), visit, &v) != 3)
		v.n = 0;
	v.n = 0;
	v.sig = SIGKILL;
	assert_int_equal(proc_tree(getpid(), visit, &v), 3);
	reap_all();
	assert_int_equal(proc_tree(getpid(), visit, &v), 0);
	close(fds[0]);
	close(fds[1]);
}

static void test_proc__reads_a_name_made_to_confuse(void **state)
{
	struct proc_stat st;
	int fds[2], dir;
	pid_t pid, said;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		(void)setsid();
		chain(fds[1], 0);
	}
	assert_int_equal(read(fds[0], &said, sizeof(said)), sizeof(said));
	dir = proc_open(pid);
	assert_int_equal(proc_stat(dir, &st), 0);
	assert_string_equal(st.name, ") R 1 (x");
	assert_int_equal(st.pid, pid);
	assert_int_equal(st.ppid, getpid());
	assert_int_equal(st.pgrp, pid);
	assert_int_equal(st.tty, 0);
	assert_true(st.alive);
	assert_true(st.start_time == proc_start_time(pid) && st.start_time > 0);
	assert_int_equal(proc_signal(dir, &st, SIGKILL), 0);
	reap_all();

	/* The folder is of that process, whoever has its number now. */
	assert_int_equal(proc_stat(dir, &st), -1);
	assert_int_equal(proc_signal(dir, &st, SIGKILL), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(proc_start_time(pid), 0);
	close(dir);
	close(fds[0]);
	close(fds[1]);
}

static void test_proc__a_zombie_is_not_alive(void **state)
{
	struct proc_stat st;
	siginfo_t info;
	pid_t pid = fork();
	int dir;

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	dir = proc_open(pid);
	assert_int_equal(proc_stat(dir, &st), 0);
	assert_false(st.alive);
	close(dir);
	reap_all();
}

static void test_proc__lists_numbers_in_order(void **state)
{
	struct proc_list l;
	pid_t pid, last = 0;
	bool saw_us = false;

	(void)state;
	assert_int_equal(proc_list_open(&l), 0);
	while ((pid = proc_list_next(&l))) {
		assert_true(pid > last);
		saw_us |= pid == getpid();
		last = pid;
	}
	proc_list_close(&l);
	assert_true(saw_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proc__walks_all_descendants_whatever_their_session),
		cmocka_unit_test(test_proc__reads_a_name_made_to_confuse),
		cmocka_unit_test(test_proc__a_zombie_is_not_alive),
		cmocka_unit_test(test_proc__lists_numbers_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
