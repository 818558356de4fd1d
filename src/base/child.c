#include "base/child.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define ERROUT_MAX    65536u
#define READ_CHUNK    65536u
/* What may still be in a pipe when the program is gone, at most; a grandchild may go on filling it. */
#define DRAIN_MAX     (1u << 20)
/* Of a process between its birth and its program, beside room for the arguments of a script. */
#define STACK_BYTES   65536u
#define PATH_FALLBACK "/usr/local/bin:/usr/bin:/bin"

/* A helper under way. Descriptors are -1 where closed. */
struct child {
	const char *name; /* argv[0], for messages; borrowed */
	pid_t pid;
	int pid_fd;
	int out_fd, err_fd;   /* our ends, non-blocking */
	int in_fd;            /* its standard input */
	int out_its, err_its; /* its ends */
	int64_t deadline_ms;  /* monotonic; 0: none */
};

static void fd_close(int *fd)
{
	closep(fd);
	*fd = -1;
}

static void child_done(struct child *c)
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

/* Our environment with the changes of set; the strings are borrowed, the array is the caller's. */
static char **environment(const char *const *set)
{
	VEC(const char *) v = {0};

	for (char **p = environ; *p; p++) {
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
	c->in_fd = input_open(s->input, e);
	return c->in_fd < 0 ? ERR_IO : 0;
}

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

/* As dup2(), also where it is in its place already. */
static int place_fd(int fd, int at)
{
	return fd == at ? fcntl(fd, F_SETFD, 0) : dup2(fd, at);
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

static int launch(void *arg)
{
	struct launch *l = arg;

	if (is_bound(l->parent) < 0 || setpgid(0, 0) < 0 || place_fds(l->c, l->s) < 0 ||
	    (l->s->cwd && chdir(l->s->cwd) < 0) || default_signals() < 0 ||
	    execvpe(l->program, (char *const *)l->s->argv, l->envp) < 0)
		l->failed = errno;
	_exit(127);
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
	char **envp CLEANUP(freep) = environment(s->set);
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

/* End the program and its group, and wait for the program. Its number is ours until then. */
static int child_reap(struct child *c, bool kill_first)
{
	int status = 0;

	if (kill_first)
		(void)kill(-c->pid, SIGKILL); /* ended already: the wait below says how */
	while (waitpid(c->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	c->pid = 0;
	return status;
}

static int child_start(struct child *c, const struct child_spec *s, struct err *e)
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

/* Take what is in the pipe, up to max bytes; closes it at its end. */
static void take(int *fd, struct buf *b, size_t max)
{
	char *chunk CLEANUP(freep) = *fd >= 0 ? mem_resize(NULL, READ_CHUNK, 1) : NULL;
	size_t taken = 0;

	while (*fd >= 0 && taken < max) {
		ssize_t n = read(*fd, chunk, READ_CHUNK);

		if (n > 0) {
			buf_add(b, chunk, (size_t)n);
			taken += (size_t)n;
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			fd_close(fd);
		} else if (errno == EAGAIN) {
			break;
		}
	}
}

/* Milliseconds to the deadline for poll: -1 none, 0 passed. */
static int time_left(const struct child *c)
{
	int64_t left;

	if (!c->deadline_ms)
		return -1;
	left = c->deadline_ms - clock_now().mono_ms;
	if (left <= 0)
		return 0;
	return left < 1000000 ? (int)left : 1000000;
}

/*
 * Collect output until the program is gone, or its deadline has passed. Its exit is seen by its
 * pidfd and not by the end of its output, which a process it left behind may hold open.
 */
static int collect(struct child *c, struct child_result *ret, struct err *e)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = c->pid_fd, .events = POLLIN},
			{.fd = c->out_fd, .events = POLLIN},
			{.fd = c->err_fd, .events = POLLIN},
		};
		int left = time_left(c);
		int n = poll(fds, ARRAY_LEN(fds), left);

		if (n < 0 && errno != EINTR)
			return err_sys(e, "could not wait for '%s'", c->name);
		if (n > 0 && fds[0].revents)
			return 0;
		if (left == 0)
			return ERR_LIMIT;
		if (n > 0 && fds[1].revents)
			take(&c->out_fd, &ret->out, READ_CHUNK);
		if (n > 0 && fds[2].revents)
			take(&c->err_fd, &ret->errout, READ_CHUNK);
	}
}

static int
finish(struct child *c, const struct child_spec *s, struct child_result *ret, struct err *e)
{
	int rc = collect(c, ret, e);
	int status = child_reap(c, rc != 0);

	take(&c->out_fd, &ret->out, DRAIN_MAX);
	take(&c->err_fd, &ret->errout, DRAIN_MAX);
	if (status < 0 && !rc)
		return err_sys(e, "could not wait for '%s'", c->name);
	ret->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (rc != ERR_LIMIT)
		return rc;
	ret->timed_out = true;
	return err_set(e, ERR_LIMIT, "could not finish '%s': not done after %lld ms", c->name,
		       (long long)s->timeout_ms);
}

int child_run(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	struct child c CLEANUP(child_done) = {
		.name = s->argv[0],
		.pid_fd = -1,
		.out_fd = -1,
		.err_fd = -1,
		.in_fd = -1,
		.out_its = -1,
		.err_its = -1,
		.deadline_ms = s->timeout_ms ? clock_now().mono_ms + s->timeout_ms : 0,
	};
	int rc;

	*ret = (struct child_result){
		.out.max = s->out_max ? s->out_max : BUF_MAX_DEFAULT,
		.errout.max = ERROUT_MAX,
	};
	rc = child_start(&c, s, e);
	return rc ? rc : finish(&c, s, ret, e);
}

void child_result_done(struct child_result *r)
{
	if (!r)
		return;
	buf_done(&r->out);
	buf_done(&r->errout);
}

/* The first line that says something, of what it complained or else printed. */
static struct str first_words(const struct child_result *r)
{
	struct str rest = buf_str(r->errout.n ? &r->errout : &r->out), line;

	while (str_next(&rest, '\n', &line)) {
		line = str_trim(line);
		if (line.n)
			return (struct str){line.p, line.n < 400 ? line.n : 400};
	}
	return STR("it said nothing");
}

/*
 * Helpers are killed with the process they worked for; what they started may live on with the
 * lock (a connection that ssh shares). flock has no deadline of its own, hence the polling.
 */
static int lock_alone(int fd, const char *path, struct err *e)
{
	const struct timespec pause = {.tv_nsec = CHILD_LOCK_POLL_MS * 1000000L};

	for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += CHILD_LOCK_POLL_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "could not lock '%s'", path);
		if (waited_ms >= CHILD_LOCK_WAIT_MS) {
			(void)err_set(e, ERR_BUSY,
				      "a helper of an earlier run is still at work: it holds '%s'", path);
			(void)err_hint(e, "'lslocks' names it; wait for it, or end it");
			return ERR_BUSY;
		}
		(void)nanosleep(&pause, NULL); /* a shorter pause does no harm */
	}
	return 0;
}

int child_lock(const char *path, int *ret_fd, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "could not open '%s'", path);
	/* Having had it alone, nothing of an earlier process still writes. */
	int rc = lock_alone(fd, path, e);
	if (rc == 0 && flock(fd, LOCK_SH) != 0)
		rc = err_sys(e, "could not lock '%s'", path);
	if (rc) {
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

int child_ok(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	struct buf words = BUF_INIT;
	int rc = child_run(s, ret, e);

	if (rc || ret->exit_code == 0)
		return rc;
	buf_line(&words, first_words(ret));
	rc = err_set(e, ERR_INVALID, "'%s' ended with %d: %s", s->argv[0], ret->exit_code,
		     buf_cstr(&words));
	buf_done(&words);
	return rc;
}
