#include "shim/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum spawn_step {
	STEP_NONE,
	STEP_FORK,
	STEP_FOLDER,
	STEP_EXEC,
};

/* What the child says on the close-on-exec pipe when it cannot go on; nothing when it could. */
struct step_failed {
	int step; /* enum spawn_step */
	int sys;
};

/* By the kernel's own call, since libc keeps two signals from us and had them ignored for us. */
static void default_signals(void)
{
	const unsigned long defaults[8] = {0}; /* the kernel's sigaction, all zero: SIG_DFL */
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, defaults, NULL, (NSIG - 1) / 8);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* cannot fail with these arguments */
}

/* Without a cgroup the job is held together by the shim alone, so this may fail silently. */
static void join_cgroup(const char *cgroup)
{
	char path[1024];
	int fd;

	if (!cgroup || snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup) >= (int)sizeof(path))
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "0", 1);
	(void)close(fd);
}

static _Noreturn void fail(int pipe_fd, enum spawn_step step)
{
	struct step_failed f = {.step = step, .sys = errno};

	(void)!write(pipe_fd, &f, sizeof(f)); /* shorter than PIPE_BUF: whole or not at all */
	_exit(127);
}

static _Noreturn void
become_program(const struct job_options *o, pid_t shim, bool joined, int pipe_fd)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != shim)
		_exit(127); /* the shim died before the line above */
	(void)setsid();     /* a fresh child leads no group, so this holds */
	if (!joined)
		join_cgroup(o->cgroup);
	if (chdir(o->cwd) < 0)
		fail(pipe_fd, STEP_FOLDER);
	default_signals();
	(void)execvp(o->argv[0], o->argv);
	fail(pipe_fd, STEP_EXEC);
}

/*
 * A child born in the job's cgroup. Moving one there later takes the kernel some milliseconds (it
 * waits for all CPUs), and that before each start. *ret_joined: it is there; false where this
 * kernel or the folder does not allow it, and an ordinary child has to try by itself.
 */
static pid_t fork_into(const char *cgroup, bool *ret_joined)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	int fd = cgroup ? open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	long pid = -1;

	if (fd >= 0) {
		args.cgroup = (unsigned)fd;
		pid = syscall(SYS_clone3, &args, sizeof(args));
		(void)close(fd);
	}
	*ret_joined = pid >= 0;
	return pid >= 0 ? (pid_t)pid : fork();
}

static void failure_fill(struct spawn_failure *ret, const struct job_options *o, int step, int sys)
{
	ret->step = step == STEP_FOLDER ? "enter folder" : "run";
	ret->name = step == STEP_FOLDER ? o->cwd : o->argv[0];
	ret->sys = sys;
}

pid_t spawn_program(const struct job_options *o, struct spawn_failure *ret)
{
	struct step_failed f = {.step = STEP_NONE};
	pid_t shim = getpid(), pid;
	bool joined;
	int fds[2];
	ssize_t n;

	failure_fill(ret, o, STEP_FORK, 0);
	if (pipe2(fds, O_CLOEXEC) < 0) {
		ret->sys = errno;
		return -1;
	}
	pid = fork_into(o->cgroup, &joined);
	if (pid == 0)
		become_program(o, shim, joined, fds[1]);
	ret->sys = errno;
	(void)close(fds[1]);
	n = 0;
	if (pid > 0) {
		do {
			n = read(fds[0], &f, sizeof(f));
		} while (n < 0 && errno == EINTR);
	}
	(void)close(fds[0]);
	if (n == sizeof(f)) {
		(void)waitpid(pid, NULL, 0); /* it is exiting, and nobody else waits for it */
		failure_fill(ret, o, f.step, f.sys);
		return -1;
	}
	return pid;
}
