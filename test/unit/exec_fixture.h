#ifndef TEST_UNIT_EXEC_FIXTURE_H
#define TEST_UNIT_EXEC_FIXTURE_H

/*
 * An executor on a loop of its own, with what it told kept in lists; jobs of it are shell
 * scripts. A script speaks to the test through a named pipe, $SAY, a line at a time. The test is
 * the subreaper of all that it starts, and at its end none of it may be left, nor a descriptor.
 */
#include "exec/local.h"
#include "shim/proc.h"
#include "shim/status.h"
#include "tmp.h"
#include "unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define DEADLINE_MS 30000
#define MANY        512

struct fixture {
	uv_loop_t loop;
	struct executor *x;
	struct job_started started[MANY];
	struct job_end ended[MANY];
	int n_started, n_ended, n_waits;
	struct err waits; /* the latest */
	char *dir; /* of the test; jobs are in <dir>/job/<n>, <dir>/work is their folder */
	char *work;
	char *say; /* the named pipe */
	int say_fd;
	int n_fds; /* open before the test */
	bool late;
	struct buf output; /* of jobs that talk */
	const char *argv[16];
	const char *env[8];
	char texts[8][1024];
};

static inline int fds_open(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void on_started(void *ctx, const struct job_started *s)
{
	struct fixture *f = ctx;

	assert_true(f->n_started < MANY);
	f->started[f->n_started++] = *s;
}

static void on_ended(void *ctx, const struct job_end *end)
{
	struct fixture *f = ctx;

	assert_true(f->n_ended < MANY);
	f->ended[f->n_ended++] = *end;
}

static void on_waits(void *ctx, const struct err *why)
{
	struct fixture *f = ctx;

	f->waits = *why;
	f->n_waits++;
}

static void on_output(void *ctx, uint64_t number, struct str piece)
{
	struct fixture *f = ctx;

	(void)number;
	assert_int_equal(f->n_ended, 0);
	buf_add(&f->output, piece.p, piece.n);
}

/* What a test changes before it opens an executor of its own. */
static struct executor_local_options fixture_options;

static int
make_local(uv_loop_t *loop, const struct executor_events *ev, struct executor **ret, struct err *e)
{
	fixture_options.shim = getenv("GANGER_SHIM");
	return executor_local_new(loop, &fixture_options, ev, ret, e);
}

/* The executors that the contract is held against, and how each is made for a test. */
static const struct executor_kind {
	const char *name;
	int (*make)(uv_loop_t *loop,
		    const struct executor_events *ev,
		    struct executor **ret,
		    struct err *e);
} executor_kinds[] = {
	{"local", make_local},
};
static const struct executor_kind *kind = &executor_kinds[0];

static inline void executor_open(struct fixture *f)
{
	const struct executor_events ev = {.ctx = f,
					   .started = on_started,
					   .output = on_output,
					   .ended = on_ended,
					   .waits = on_waits};
	struct err e = ERR_INIT;

	assert_int_equal(uv_loop_init(&f->loop), 0);
	if (kind->make(&f->loop, &ev, &f->x, &e) < 0)
		fail_msg("%s", e.msg);
}

/* As a supervisor that ends: its jobs live on. */
static inline void executor_close(struct fixture *f)
{
	f->x->ops->free(f->x);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	f->x = NULL;
}

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->output = (struct buf)BUF_INIT;
	assert_non_null(getenv("GANGER_SHIM"));
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	f->n_fds = fds_open();
	f->dir = tmp_make();
	assert_non_null(f->dir);
	f->work = path_join(f->dir, "work");
	assert_int_equal(mkdir(f->work, 0700), 0);
	f->say = path_join(f->dir, "say");
	assert_int_equal(mkfifo(f->say, 0600), 0);
	f->say_fd = open(f->say, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(f->say_fd >= 0);
}

/* What libuv opens once and keeps is opened before anything is counted. */
static inline int fixture_group_setup(void **state)
{
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	return uv_loop_close(&loop);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	fixture_init(f);
	executor_open(f);
	*state = f;
	return 0;
}

static void kill_stray(void *ctx, int dir, const struct proc_stat *st)
{
	(void)ctx;
	(void)proc_signal(dir, st, SIGKILL);
}

/* End all that is left of the test, also of one that failed; returns how many there were. */
static inline int end_strays(void)
{
	int most = 0, found, tries = 1000;

	do {
		found = proc_tree(getpid(), kill_stray, NULL);
		most = found > most ? found : most;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	} while (found && tries-- && poll(NULL, 0, 10) == 0); /* nothing tells of orphans */
	return most;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	int n_strays;

	if (f->x)
		executor_close(f);
	n_strays = end_strays();
	close(f->say_fd);
	tmp_done(f->dir);
	assert_int_equal(n_strays, 0);
	assert_int_equal(fds_open(), f->n_fds);
	free(f->work);
	free(f->say);
	buf_done(&f->output);
	free(f);
	return 0;
}

/* --- jobs --- */

/* The folder, log and environment of job n; its program is to be filled in. */
static inline struct job_spec spec_of(struct fixture *f, uint64_t number)
{
	struct job_spec s = {.number = number, .cwd = f->work, .limits.grace_ms = 5000};

	(void)snprintf(f->texts[0], sizeof(f->texts[0]), "%s/job/%d", f->dir, (int)number);
	(void)snprintf(f->texts[1], sizeof(f->texts[1]), "%s/%d.log", f->dir, (int)number);
	(void)snprintf(f->texts[2], sizeof(f->texts[2]), "SAY=%s", f->say);
	f->env[0] = "PATH=/usr/local/bin:/usr/bin:/bin";
	f->env[1] = f->texts[2];
	f->env[2] = NULL;
	s.dir = f->texts[0];
	s.log_path = f->texts[1];
	s.argv = f->argv;
	s.envp = f->env;
	return s;
}

static inline struct job_spec script(struct fixture *f, uint64_t number, const char *text)
{
	f->argv[0] = "sh";
	f->argv[1] = "-c";
	f->argv[2] = text;
	f->argv[3] = NULL;
	return spec_of(f, number);
}

static inline void ensure(struct fixture *f, const struct job_spec *s)
{
	int n_started = f->n_started, n_ended = f->n_ended;

	f->x->ops->ensure(f->x, s);
	assert_int_equal(f->n_started, n_started);
	assert_int_equal(f->n_ended, n_ended);
}

static void on_late(uv_timer_t *timer)
{
	((struct fixture *)timer->data)->late = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
	(void)handle;
}

/* Run the loop until n_started or n_ended is reached, or too late. */
static inline void run_until(struct fixture *f, int n_started, int n_ended)
{
	uv_timer_t timer = {.data = f};

	f->late = false;
	uv_timer_init(&f->loop, &timer);
	uv_timer_start(&timer, on_late, DEADLINE_MS, 0);
	while (!f->late && (f->n_started < n_started || f->n_ended < n_ended))
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, on_timer_closed);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_false(f->late);
}

static inline const struct job_end *wait_ended(struct fixture *f)
{
	run_until(f, 0, f->n_ended + 1);
	return &f->ended[f->n_ended - 1];
}

static inline const struct job_started *wait_started(struct fixture *f)
{
	run_until(f, f->n_started + 1, 0);
	return &f->started[f->n_started - 1];
}

static inline const struct job_end *run_script(struct fixture *f, uint64_t n, const char *text)
{
	struct job_spec s = script(f, n, text);

	ensure(f, &s);
	return wait_ended(f);
}

/* The next number that a script said. */
static inline int hear(struct fixture *f)
{
	struct pollfd p = {.fd = f->say_fd, .events = POLLIN};
	int n = 0, digits = 0;
	char c;

	for (;;) {
		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		if (read(f->say_fd, &c, 1) != 1)
			continue;
		if (c == '\n' && digits)
			return n;
		if (c >= '0' && c <= '9') {
			n = n * 10 + (c - '0');
			digits++;
		}
	}
}

static inline bool is_alive(pid_t pid)
{
	struct proc_stat st;
	int dir = proc_open(pid);
	bool alive;

	if (dir < 0)
		return false;
	alive = proc_stat(dir, &st) == 0 && st.alive;
	close(dir);
	return alive;
}

static inline char *log_text(struct fixture *f, uint64_t number)
{
	char *path = mem_printf("%s/%d.log", f->dir, (int)number);
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	if (file_read(path, 1 << 20, &b, &e) < 0)
		fail_msg("%s", e.msg);
	free(path);
	return buf_take(&b);
}

static inline void put_file(const char *dir, const char *name, const char *text)
{
	char *path = path_join(dir, name);
	struct err e = ERR_INIT;

	if (file_write(path, str_of(text), false, &e) < 0)
		fail_msg("%s", e.msg);
	free(path);
}

/* --- inside --- */

static inline const char *job_dir(struct fixture *f, uint64_t number)
{
	(void)snprintf(f->texts[4], sizeof(f->texts[4]), "%s/job/%d", f->dir, (int)number);
	return f->texts[4];
}

static inline void read_status(struct fixture *f, uint64_t number, void *page)
{
	char *path = path_join(job_dir(f, number), STATUS_NAME);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, page, STATUS_SIZE), STATUS_SIZE);
	close(fd);
	free(path);
}

static inline pid_t shim_of(struct fixture *f, uint64_t number)
{
	char page[STATUS_SIZE];
	struct status_start start;

	read_status(f, number, page);
	memcpy(&start, page + STATUS_START_AT, sizeof(start));
	assert_true(status_valid(&start, sizeof(start), STATUS_START, number));
	return start.pid;
}

/* Two that would escape: one ignores SIGTERM in a session of its own, one forked twice. */
#define ESCAPES                                                                                    \
	"rm -f p q; mkfifo p q; "                                                                  \
	"setsid sh -c 'trap \"\" TERM HUP; echo $$ >p; while :; do sleep .01; done' & read a <p; " \
	"(setsid sh -c '(trap \"\" TERM; echo $(exec sh -c \"echo \\$PPID\") >q; exec sleep "      \
	"1000) &' "                                                                                \
	"&) ; read b <q; echo $a >$SAY; echo $b >$SAY; "

static inline void expect_none_left(pid_t a, pid_t b)
{
	assert_true(a > 1 && b > 1);
	assert_false(is_alive(a));
	assert_false(is_alive(b));
}

#endif
