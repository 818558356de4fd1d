/*
 * The local executor beyond the contract (contract/executor.c): processes that would escape, the
 * log cap, want of room, many at once. Deaths are in exec_adopt.c.
 */
#include "base/clock.h"
#include "shim/status.h"
#include "unit/exec_fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/resource.h>

static struct fixture *fixture(void **state)
{
	return *state;
}

/* --- what would escape --- */

static void test_local__ends_escapees_after_a_normal_exit(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, ESCAPES "exit 0");
	const struct job_end *end;
	pid_t a, b;

	s.limits.grace_ms = 100;
	ensure(f, &s);
	a = hear(f);
	b = hear(f);
	end = wait_ended(f);
	expect_none_left(a, b);
	assert_int_equal(end->how, JOB_EXITED);
	assert_int_equal(end->code, 0);
	assert_true(end->left_over >= 2);
}

static void test_local__ends_escapees_when_stopped(void **state)
{
	struct fixture *f = fixture(state);
	const enum job_stop hows[] = {JOB_ASK, JOB_KILL};

	for (int i = 0; i < 2; i++) {
		struct job_spec s = script(f, (uint64_t)i + 1, ESCAPES "sleep 1000");
		pid_t a, b;

		s.limits.grace_ms = 100;
		ensure(f, &s);
		a = hear(f);
		b = hear(f);
		assert_true(is_alive(a) && is_alive(b));
		f->x->ops->stop(f->x, s.number, hows[i]);
		assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
		expect_none_left(a, b);
	}
}

static void wait_for_state(pid_t pid, char letter)
{
	struct proc_stat st = {0};
	int dir = proc_open(pid);
	int64_t until = clock_now().mono_ms + DEADLINE_MS;

	/* No event tells of it: looked at again and again. */
	while (st.state != letter && clock_now().mono_ms < until)
		assert_int_equal(proc_stat(dir, &st), 0);
	assert_int_equal(st.state, letter);
	close(dir);
}

static void test_local__wakes_what_was_stopped(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s =
		script(f, 1,
		       "setsid sh -c 'trap \"echo 42 >$SAY; exit\" TERM; echo $$ >$SAY; "
		       "kill -STOP $$; sleep 1000' & "
		       "trap 'wait; exit 5' TERM; echo $$ >$SAY; kill -STOP $$; sleep 1000");

	s.limits.grace_ms = 100000;
	ensure(f, &s);
	wait_for_state(hear(f), 'T');
	wait_for_state(hear(f), 'T');
	f->x->ops->stop(f->x, 1, JOB_ASK);
	assert_int_equal(hear(f), 42);
	assert_int_equal(wait_ended(f)->code, 5);
}

static void test_local__gives_no_descriptors_or_signals_away(void **state)
{
	struct fixture *f = fixture(state);
	int given = open("/dev/null", O_RDONLY); /* as by a careless parent */
	char *text;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)run_script(f, 1,
			 "ls /proc/self/fd | wc -l; "
			 "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr '\\n' ' '");
	(void)signal(SIGPIPE, SIG_DFL);
	close(given);
	text = log_text(f, 1);
	/* 0, 1, 2 and the one ls reads with */
	assert_string_equal(text, "4\nSigBlk:\t0000000000000000 SigIgn:\t0000000000000000 ");
	free(text);
}

/* --- limits --- */

/* Changes a file in the worktree, some times. */
struct toucher {
	const char *dir;
	int left;
	int64_t last_ms; /* wall clock */
};

static void on_touch(uv_timer_t *timer)
{
	struct toucher *t = timer->data;

	put_file(t->dir, "file", "x");
	t->last_ms = clock_now().wall_ms;
	if (!--t->left)
		(void)uv_timer_stop(timer);
}

static void test_local__takes_changes_in_the_worktree_as_life(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exec sleep 1000");
	char *deep = path_join(f->work, "deep/er");
	struct toucher t = {.dir = deep, .left = 60};
	uv_timer_t timer = {.data = &t};
	const struct job_end *end;
	struct err e = ERR_INIT;

	assert_int_equal(dir_make(deep, &e), 0);
	s.limits.silence_ms = 500;
	s.watch = f->work;
	uv_timer_init(&f->loop, &timer);
	ensure(f, &s);
	uv_timer_start(&timer, on_touch, 0, 20);
	end = wait_ended(f);
	uv_close((uv_handle_t *)&timer, on_timer_closed);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(end->how, JOB_SILENCE);
	assert_true(end->ended_ms >= t.last_ms + 500 - 20); /* stamps of files are that coarse */
	free(deep);
}

static void test_local__takes_no_life_from_git_folders(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "mkdir .git; while :; do echo x >.git/x; sleep .02; done");

	s.limits.silence_ms = 300;
	s.watch = f->work;
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_SILENCE);
}

/* The most room that the file ever took, looked at each time the loop turns. */
struct gauge {
	const char *path;
	int64_t most_bytes;
};

static void on_gauge(uv_timer_t *timer)
{
	struct gauge *g = timer->data;
	struct stat st;

	if (stat(g->path, &st) == 0 && (int64_t)st.st_blocks * 512 > g->most_bytes)
		g->most_bytes = (int64_t)st.st_blocks * 512;
}

static void test_local__holds_the_log_cap(void **state)
{
	struct fixture *f = fixture(state);
	const int64_t mib = 1 << 20;
	struct gauge g = {.path = f->texts[1]};
	uv_timer_t timer = {.data = &g};
	struct job_spec s = script(
		f, 1, "dd if=/dev/zero bs=64k count=4800 2>/dev/null; echo; echo last words");
	struct stat st;
	char tail[12] = {0};
	int fd;

	s.limits.log_bytes = mib;
	uv_timer_init(&f->loop, &timer);
	uv_timer_start(&timer, on_gauge, 1, 1);
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->code, 0);
	uv_close((uv_handle_t *)&timer, on_timer_closed);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	fd = open(s.log_path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size > 300 * mib);
	assert_true((int64_t)st.st_blocks * 512 <= mib + 65536);
	assert_true(g.most_bytes <= 150 * mib);
	assert_int_equal(pread(fd, tail, 11, st.st_size - 11), 11);
	assert_string_equal(tail, "last words\n");
	close(fd);
}

/* Every descriptor that is left, up to 64; closed again with give_back(). */
struct hoard {
	struct rlimit limit;
	int fds[64], n;
};

static void take_more(struct hoard *h)
{
	while (h->n < 64 && (h->fds[h->n] = fcntl(0, F_DUPFD_CLOEXEC, 0)) >= 0)
		h->n++;
}

static void take_all(struct hoard *h)
{
	struct rlimit low;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &h->limit), 0);
	low = h->limit;
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	h->n = 0;
	take_more(h);
}

static void give_back(struct hoard *h)
{
	while (h->n > 0)
		close(h->fds[--h->n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &h->limit), 0);
}

static void test_local__leaves_nothing_of_a_start_that_failed(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exit 0");
	struct hoard h;

	take_all(&h);
	ensure(f, &s);
	give_back(&h);
	assert_int_equal(wait_ended(f)->how, JOB_NOT_STARTED);
	assert_int_equal(f->ended[0].code, EMFILE);
	assert_false(file_exists(s.dir));

	/* Too much for an exec: said by the system to the shim's start or to the shim. */
	s = script(f, 2, "exit 0");
	f->argv[3] = mem_alloc(200000);
	memset((char *)f->argv[3], 'x', 199999);
	f->argv[4] = NULL;
	ensure(f, &s);
	free((char *)f->argv[3]);
	assert_int_equal(wait_ended(f)->how, JOB_NOT_STARTED);
	assert_int_equal(f->ended[1].code, E2BIG);
	assert_false(file_exists(s.dir));
}

/* Its end is on the disk, and there is no descriptor to read it with. */
static void test_local__says_once_that_it_waits_for_descriptors(void **state)
{
	struct fixture *f = fixture(state);
	struct hoard h;

	for (int spell = 1; spell <= 2; spell++) {
		struct job_spec s = script(f, (uint64_t)spell, "exec sleep 1000");

		ensure(f, &s);
		(void)wait_started(f);
		take_all(&h);
		f->x->ops->stop(f->x, s.number, JOB_KILL);
		for (int i = 0; f->n_waits < spell && i < 500; i++)
			(void)uv_run(&f->loop, UV_RUN_ONCE);
		take_more(&h); /* its eye on the shim is closed */
		/* It looks again and again. */
		for (int i = 0; i < 5; i++)
			(void)uv_run(&f->loop, UV_RUN_ONCE);
		assert_int_equal(f->n_waits, spell);
		assert_int_equal(f->n_ended, spell - 1);
		assert_non_null(strstr(f->waits.msg, "Too many open files"));
		assert_non_null(strstr(f->waits.hint, "'ulimit -n' is 64: raise it"));
		give_back(&h);
		assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
	}
}

static void test_local__waits_without_a_timer(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exec sleep 1000");

	s.limits.timeout_ms = s.limits.silence_ms = 1000000;
	s.limits.log_bytes = 1 << 20;
	ensure(f, &s);
	(void)wait_started(f);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_backend_timeout(&f->loop), -1); /* for ever, until something happens */
	executor_close(f);
	executor_open(f);
	ensure(f, &s);
	(void)wait_started(f);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_backend_timeout(&f->loop), -1);
	f->x->ops->stop(f->x, 1, JOB_KILL);
	(void)wait_ended(f);
}

/* A second thought from within: the end of one job starts the next, and so on. */
static void on_ended_go_on(void *ctx, const struct job_end *end)
{
	struct fixture *f = ctx;
	struct job_spec s = script(f, end->number + 1, "exit 1");

	on_ended(f, end);
	f->x->ops->forget(f->x, end->number, job_dir(f, end->number));
	if (end->number < 5)
		f->x->ops->ensure(f->x, &s);
	else
		f->x->ops->free(f->x);
}

static void test_local__may_be_called_from_what_it_calls(void **state)
{
	struct fixture *f = fixture(state);
	const struct executor_events ev = {.ctx = f, .ended = on_ended_go_on};
	struct job_spec s = script(f, 1, "exit 1");
	struct err e = ERR_INIT;

	executor_close(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(executor_local_new(&f->loop, &fixture_options, &ev, &f->x, &e), 0);
	f->x->ops->ensure(f->x, &s);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	f->x = NULL;
	assert_int_equal(f->n_ended, 5);
}

/* A process that nothing ends: one that is frozen by the old freezer, which needs root. */
#define FREEZER "/sys/fs/cgroup/freezer/ganger-test-%d"

static void freezer_put(const char *dir, const char *name, int value, const char *word)
{
	char *path = path_join(dir, name), text[16];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	(void)snprintf(text, sizeof(text), "%d", value);
	word = word ? word : text;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, word, strlen(word)), strlen(word));
	close(fd);
	free(path);
}

static char *freezer_make(void)
{
	char *dir = mem_printf(FREEZER, (int)getpid());

	if (mkdir(dir, 0700) == 0)
		return dir;
	free(dir);
	return NULL;
}

/* Its end is told a little before it is gone, and only then are its children ours. */
static void wait_gone(pid_t pid)
{
	struct pollfd fd = {.fd = pidfd_open(pid, 0), .events = POLLIN};

	if (fd.fd < 0)
		return;
	assert_int_equal(poll(&fd, 1, 60000), 1);
	close(fd.fd);
}

static void test_local__names_what_cannot_be_ended(void **state)
{
	struct fixture *f = fixture(state);
	char *freezer = freezer_make();
	pid_t pid, shim;

	if (!freezer)
		skip();
	executor_close(f);
	fixture_options.bound_ms = 200;
	executor_open(f);
	for (uint64_t i = 1; i < 3; i++) {
		struct job_spec s = script(f, i, "echo $$ >$SAY; exec sleep 1000");

		s.watch = f->work;
		ensure(f, &s);
		pid = hear(f);
		run_until(f, (int)i, 0);
		shim = shim_of(f, i);
		freezer_put(freezer, "cgroup.procs", pid, NULL);
		freezer_put(freezer, "freezer.state", 0, "FROZEN");
		if (i == 1)
			f->x->ops->stop(f->x, 1, JOB_KILL);
		else
			assert_int_equal(kill(shim, SIGKILL), 0);
		assert_int_equal(wait_ended(f)->how, i == 1 ? JOB_STOPPED : JOB_LOST);
		assert_int_equal(f->ended[i - 1].unkillable, 1);
		assert_int_equal(f->ended[i - 1].left_over, 0);
		assert_non_null(strstr(f->ended[i - 1].text, "could not end "));
		assert_true(is_alive(pid));
		wait_gone(shim);
		freezer_put(freezer, "freezer.state", 0, "THAWED");
		assert_int_equal(waitpid(pid, NULL, 0), pid); /* it had been killed */
	}
	assert_int_equal(rmdir(freezer), 0);
	free(freezer);
	fixture_options.bound_ms = 0;
}

static void test_local__uses_a_cgroup_where_there_is_one(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s;
	char page[STATUS_SIZE];
	struct status_start start;

	assert_string_equal(executor_local_describe(f->x), "without cgroups: not asked for");
	executor_close(f);
	fixture_options.cgroup = true;
	executor_open(f);
	fixture_options.cgroup = false;
	if (strncmp(executor_local_describe(f->x), "cgroup v2 in '", 14) != 0) {
		assert_int_equal(strncmp(executor_local_describe(f->x), "without cgroups: ", 17),
				 0);
		skip();
	}
	for (uint64_t i = 1; i < 3; i++) {
		char *text, *name;

		pid_t hidden;

		/* One that only the cgroup knows, once the shim is dead. */
		s = script(f, i,
			   "grep ^0:: /proc/self/cgroup; cd /; "
			   "env -i setsid sh -c 'echo $$ >$0; exec sleep 1000' $SAY & sleep 1000");
		ensure(f, &s);
		hidden = hear(f);
		read_status(f, i, page);
		memcpy(&start, page + STATUS_START_AT, sizeof(start));
		name = strrchr(start.cgroup, '/');
		assert_non_null(name);
		text = log_text(f, i);
		assert_non_null(strstr(text, name)); /* the program is in it */
		assert_true(file_exists(start.cgroup));
		if (i == 1)
			f->x->ops->stop(f->x, 1, JOB_ASK);
		else
			assert_int_equal(kill(start.pid, SIGKILL), 0);
		assert_int_equal(wait_ended(f)->how, i == 1 ? JOB_STOPPED : JOB_LOST);
		assert_false(is_alive(hidden));
		assert_false(file_exists(start.cgroup));
		free(text);
	}
}

static void fill(const char *dir)
{
	char *path = path_join(dir, "filler"), bytes[4096] = {0};
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
	free(path);
}

static void test_local__ends_cleanly_on_a_full_disk(void **state)
{
	struct fixture *f = fixture(state);
	char *disk = path_join(f->dir, "job");
	struct job_spec s = script(f, 1, "echo $$ >$SAY; read x <$SAY.go; exit 3");
	char *go = mem_printf("%s.go", f->say);
	bool mounted;

	/* A mount of this process alone, which needs root. */
	assert_int_equal(mkdir(disk, 0700), 0);
	assert_int_equal(mkfifo(go, 0600), 0);
	mounted = unshare(CLONE_NEWNS) == 0 &&
		  mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		  mount("none", disk, "tmpfs", 0, "size=64k") == 0;
	if (!mounted) {
		free(disk);
		free(go);
		skip();
	}
	ensure(f, &s);
	(void)hear(f);
	fill(disk);
	close(open(go, O_WRONLY | O_CLOEXEC));
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	assert_int_equal(f->ended[0].code, 3);

	s = script(f, 2, "exit 0");
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_NOT_STARTED);
	assert_int_equal(f->ended[1].code, ENOSPC);
	assert_non_null(strstr(f->ended[1].text, "No space left"));
	assert_false(file_exists(s.dir));
	assert_int_equal(umount2(disk, MNT_DETACH), 0);
	free(disk);
	free(go);
}

static void test_local__runs_two_hundred_at_once(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s;
	siginfo_t child;

	for (uint64_t i = 1; i <= 200; i++) {
		s = script(f, i, "exec sleep 1000");
		ensure(f, &s);
	}
	run_until(f, 200, 0);
	for (uint64_t i = 1; i <= 200; i++)
		f->x->ops->stop(f->x, i, JOB_ASK);
	run_until(f, 0, 200);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(f->ended[i].how, JOB_STOPPED);
		assert_int_equal(f->ended[i].left_over, 0);
	}
	/* The shims go after their last word, and the loop waits for each: no zombie is left. */
	while (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(errno, ECHILD);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_local__ends_escapees_after_a_normal_exit),
		CASE(test_local__ends_escapees_when_stopped),
		CASE(test_local__wakes_what_was_stopped),
		CASE(test_local__gives_no_descriptors_or_signals_away),
		CASE(test_local__takes_changes_in_the_worktree_as_life),
		CASE(test_local__takes_no_life_from_git_folders),
		CASE(test_local__holds_the_log_cap),
		CASE(test_local__leaves_nothing_of_a_start_that_failed),
		CASE(test_local__says_once_that_it_waits_for_descriptors),
		CASE(test_local__waits_without_a_timer),
		CASE(test_local__may_be_called_from_what_it_calls),
		CASE(test_local__names_what_cannot_be_ended),
		CASE(test_local__uses_a_cgroup_where_there_is_one),
		CASE(test_local__ends_cleanly_on_a_full_disk),
		CASE(test_local__runs_two_hundred_at_once),
	};

	return cmocka_run_group_tests(tests, fixture_group_setup, NULL);
}
