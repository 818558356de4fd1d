#include "base/child-impl.h"
#include "base/clean.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Of a process between its birth and its program, beside room for the arguments of a script. */
#define STACK_BYTES   65536u
#define PATH_FALLBACK "/usr/local/bin:/usr/bin:/bin"

static void fd_close(int *fd)
{
	closep(fd);
	*fd = -1;
}

void child_done(struct child *c)
{
	fd_close(&c->pid_fd);
	fd_close(&c->out_fd);
	fd_close(&c->err_fd);
	fd_close(&c->in_fd);
	fd_close(&c->out_its);
	fd_close(&c->err_its);
}

/* "NAME" or "NAME=value": do both set the same variable? */
static bool same_variable(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && !memcmp(a, b, n);
}

static bool is_overridden(const char *variable, const char *const *set)
{
	for (; set && *set; set++) {
		if (same_variable(variable, *set))
			return true;
	}
	return false;
}

/* The strings are borrowed, the array is the caller's. */
static char **environment(const struct child_spec *s)
{
	const char *const *set = s->set;
	VEC(const char *) v = {0};

	for (char **p = environ; *p && !s->only_set; p++) {
		if (!is_overridden(*p, set))
			VEC_PUSH(&v, *p);
	}
	for (; set && *set; set++) {
		if (strchr(*set, '='))
			VEC_PUSH(&v, *set);
	}
	VEC_PUSH(&v, NULL);
	return (char **)v.items;
}

static const char *search_path(const char *const *set)
{
	const char *path = getenv("PATH");

	for (; set && *set; set++) {
		if (!strncmp(*set, "PATH=", 5))
			path = *set + 5;
	}
	return path ? path : PATH_FALLBACK;
}

/* Where the program is, so that a missing one is told from one that ended with 127. NULL: nowhere. */
static char *program_find(const struct child_spec *s)
{
	struct str rest = str_of(search_path(s->set)), dir;

	if (strchr(s->argv[0], '/'))
		return mem_strdup(s->argv[0]);
	while (str_next(&rest, ':', &dir)) {
		char *path = mem_printf("%.*s/%s", (int)dir.n, dir.p, s->argv[0]);

		/* Only absolute folders: what lies in the current one is not ours to run. */
		if (path[0] == '/' && access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* Standard input as a file in memory: the program may read it or not, and we never block on it. */
static int input_open(struct str input, struct err *e)
{
	int fd = input.n ? memfd_create("input", MFD_CLOEXEC)
			 : open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < input.n) {
		ssize_t n = pwrite(fd, input.p + done, input.n - done, (off_t)done);

		if (n < 0 && errno != EINTR) {
			(void)err_sys(e, "could not keep the input of a program");
			(void)close(fd);
			return -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0)
		(void)err_sys(e, "could not open the input of a program");
	return fd;
}

/* A pipe whose reading end does not block, as only that one is ours. */
static int pipe_open(int *ret_ours, int *ret_its, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "could not make a pipe");
	*ret_ours = fds[0];
	*ret_its = fds[1];
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "could not set up a pipe");
	return 0;
}

static int child_open(struct child *c, const struct child_spec *s, struct err *e)
{
	int rc = pipe_open(&c->out_fd, &c->out_its, e);

	if (!rc)
		rc = pipe_open(&c->err_fd, &c->err_its, e);
	if (rc)
		return rc;
	if (c->in_fd < 0)
		c->in_fd = input_open(s->input, e);
	return c->in_fd < 0 ? ERR_IO : 0;
}

/*
 * TSan takes each clone() for a fork, after which it allows no new thread, and what the new process
 * does to its signals for done to ours: it keeps our handlers in the memory that both have. These are
 * the same calls.
 */
#if defined(__SANITIZE_THREAD__)
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
int __sigaction(int sig, const struct sigaction *to, struct sigaction *was);
#define clone                   __clone
#define sigaction(sig, to, was) __sigaction(sig, to, was)
#define NO_TSAN                 __attribute__((no_sanitize("thread"))) /* it does not return from launch() */
#else
#define NO_TSAN
#endif

/* What a new process needs to become the program. It runs in our memory until then. */
struct launch {
	const struct child *c;
	const struct child_spec *s;
	const char *program;
	char **envp;
	pid_t parent;
	int failed; /* errno; 0: it became the program */
};

/* No signal blocked or ignored (we ignore SIGPIPE, a helper must not). */
static int default_signals(void)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &standard, NULL); /* two cannot be changed, nor were they */
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* As dup2(), also where it is in its place already. TSan would take that for a descriptor of ours. */
static int place_fd(int fd, int at)
{
	return fd == at ? fcntl(fd, F_SETFD, 0) : (int)syscall(SYS_dup3, fd, at, 0);
}

/* The lock is inherited, and nothing else: neither ours nor what came to us unmarked. */
static int place_fds(const struct child *c, const struct child_spec *s)
{
	int first_closed = 3;

	if (place_fd(c->in_fd, 0) < 0 || place_fd(c->out_its, 1) < 0 || place_fd(c->err_its, 2) < 0)
		return -1;
	if (s->env && s->env->lock_fd >= 0 && place_fd(s->env->lock_fd, first_closed++) < 0)
		return -1;
	closefrom(first_closed);
	return 0;
}

/*
 * A helper never outlives who started it: the kernel kills it when that thread ends. Who started
 * it waits for it, so a parent that changes under our eyes has died.
 */
static int is_bound(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent ? 0 : -1;
}

NO_TSAN static int launch(void *arg)
{
	struct launch *l = arg;

	if ((!l->c->stays && is_bound(l->parent) < 0) || setpgid(0, 0) < 0 ||
	    place_fds(l->c, l->s) < 0 || (l->s->cwd && chdir(l->s->cwd) < 0) ||
	    default_signals() < 0 || execvpe(l->program, (char *const *)l->s->argv, l->envp) < 0)
		l->failed = errno;
	return 127; /* which clone() ends it with: ASan does not know this stack when _exit() is called on it */
}

static size_t n_words(const char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

/*
 * A process in our memory on a stack of its own, while this thread waits (as posix_spawn does, which
 * cannot bind it to us). No handler of ours may run there: signals are blocked until they have none.
 * Returns 0 or errno.
 */
static int spawn(struct child *c, const struct child_spec *s, const char *program)
{
	char **envp CLEANUP(freep) = environment(s);
	struct launch l = {.c = c, .s = s, .program = program, .envp = envp, .parent = getpid()};
	size_t n = STACK_BYTES + n_words(s->argv) * 16; /* bytes, and aligned */
	char *stack CLEANUP(freep) = mem_resize(NULL, n, 1);
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	rc = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (rc)
		return rc;
	c->pid = clone(launch, stack + n, CLONE_VM | CLONE_VFORK | SIGCHLD, &l);
	rc = c->pid < 0 ? errno : l.failed;
	if (c->pid > 0 && l.failed)
		(void)waitpid(c->pid, NULL, 0); /* it has ended: this only takes it away */
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* as it was */
	return rc;
}

static int spawn_failed(const struct child_spec *s, int sys, struct err *e)
{
	bool missing = sys == ENOENT || sys == ENOTDIR;

	if (missing && s->cwd && access(s->cwd, F_OK) < 0)
		return err_set(e, ERR_NOT_FOUND, "could not run '%s' in '%s': no such folder",
			       s->argv[0], s->cwd);
	if (missing)
		return err_set(e, ERR_NOT_FOUND, "could not run '%s': no such program", s->argv[0]);
	errno = sys;
	return err_sys(e, "could not run '%s'", s->argv[0]);
}

int child_reap(struct child *c, bool kill_first)
{
	int status = 0;

	if (kill_first)
		(void)kill(-c->pid, SIGKILL); /* ended already: the wait says how, and it is ours */
	while (waitpid(c->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	c->pid = 0;
	return status;
}

int child_start(struct child *c, const struct child_spec *s, struct err *e)
{
	char *program CLEANUP(freep) = program_find(s);
	int rc;

	if (!program)
		return spawn_failed(s, ENOENT, e);
	rc = child_open(c, s, e);
	if (rc)
		return rc;
	rc = spawn(c, s, program);
	if (rc)
		return spawn_failed(s, rc, e);
	fd_close(&c->in_fd);
	fd_close(&c->out_its);
	fd_close(&c->err_its);
	c->pid_fd = pidfd_open(c->pid, 0);
	if (c->pid_fd < 0) {
		rc = err_sys(e, "could not watch '%s'", c->name);
		(void)child_reap(c, true);
		return rc;
	}
	return 0;
}
