#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_MS 30000 /* never reached where all is well */

/* Processes that a helper leaves behind come to us, so that a test sees them end. */
static int setup(void **state)
{
	(void)state;
	(void)alarm(60);
	(void)signal(SIGPIPE, SIG_IGN); /* as the supervisor has it */
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int n_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

/* What was left behind has ended; blocks (to the alarm) for one that lives. */
static void assert_all_end(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_int_equal(errno, ECHILD);
}

/* Nothing was left behind, not even a zombie. */
static void assert_none_left(void)
{
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static int run_sh(const char *script, struct child_spec spec, struct child_result *r, struct err *e)
{
	const char *argv[] = {"sh", "-c", script, NULL};

	spec.argv = argv;
	return child_run(&spec, r, e);
}

static void test_child__gives_output_and_exit_code(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;
	int before = n_descriptors();

	(void)state;
	assert_int_equal(run_sh("echo out; echo err >&2; exit 7", (struct child_spec){0}, &r, &e),
			 0);
	assert_int_equal(r.exit_code, 7);
	assert_false(r.timed_out);
	assert_string_equal(buf_cstr(&r.out), "out\n");
	assert_string_equal(buf_cstr(&r.errout), "err\n");
	child_result_done(&r);
	assert_int_equal(n_descriptors(), before);
	assert_none_left();
}

static void test_child__a_signal_is_128_and_its_number(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(run_sh("kill -TERM $$", (struct child_spec){0}, &r, &e), 0);
	assert_int_equal(r.exit_code, 128 + SIGTERM);
	child_result_done(&r);
}

static void test_child__ignored_and_blocked_signals_are_as_new(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;
	sigset_t set, now;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	assert_int_equal(run_sh("kill -PIPE $$; exit 0", (struct child_spec){0}, &r, &e), 0);
	assert_int_equal(r.exit_code, 128 + SIGPIPE);
	child_result_done(&r);
	assert_int_equal(run_sh("kill -USR1 $$; exit 0", (struct child_spec){0}, &r, &e), 0);
	assert_int_equal(r.exit_code, 128 + SIGUSR1);
	child_result_done(&r);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &now), 0); /* and ours are as they were */
	assert_int_equal(sigismember(&now, SIGUSR1), 1);
	assert_int_equal(sigismember(&now, SIGUSR2), 0);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
}

static void test_child__takes_much_output_of_both_pipes(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(run_sh("head -c 3000000 /dev/zero >&2 & head -c 3000000 /dev/zero; wait",
				(struct child_spec){.timeout_ms = LONG_MS}, &r, &e),
			 0);
	assert_int_equal(r.exit_code, 0);
	assert_int_equal(r.out.n, 3000000);
	assert_int_equal(r.errout.n, 65536);
	assert_true(r.errout.full);
	child_result_done(&r);
}

static void test_child__keeps_no_more_than_asked(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(run_sh("printf 0123456789; head -c 500000 /dev/zero",
				(struct child_spec){.out_max = 10, .timeout_ms = LONG_MS}, &r, &e),
			 0);
	assert_int_equal(r.exit_code, 0);
	assert_string_equal(buf_cstr(&r.out), "0123456789");
	assert_true(r.out.full);
	child_result_done(&r);
}

/* What was in the pipe when the program ended is not lost. */
static void test_child__loses_nothing_at_the_end(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		struct child_result r;
		struct err e = ERR_INIT;

		assert_int_equal(
			run_sh("exec head -c 65536 /dev/zero", (struct child_spec){0}, &r, &e), 0);
		assert_int_equal(r.out.n, 65536);
		child_result_done(&r);
	}
}

static void test_child__input_is_given_whole_or_not_read(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;
	size_t n = 1 << 20;
	char *text = mem_alloc(n);

	(void)state;
	memset(text, 'x', n);
	assert_int_equal(run_sh("wc -c",
				(struct child_spec){
					.input = {text, n}
        },
				&r, &e),
			 0);
	assert_string_equal(buf_cstr(&r.out), "1048576\n");
	child_result_done(&r);
	assert_int_equal(run_sh(":",
				(struct child_spec){
					.input = {text, n}
        },
				&r, &e),
			 0);
	assert_int_equal(r.exit_code, 0);
	child_result_done(&r);
	assert_int_equal(run_sh("cat", (struct child_spec){0}, &r, &e), 0);
	assert_int_equal(r.out.n, 0);
	child_result_done(&r);
	free(text);
}

static void test_child__a_deadline_ends_the_whole_group(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(run_sh("echo begun; sleep 1000 & sleep 1000",
				(struct child_spec){.timeout_ms = 300}, &r, &e),
			 ERR_LIMIT);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_true(r.timed_out);
	assert_int_equal(r.exit_code, 128 + SIGKILL);
	child_result_done(&r);
	assert_all_end();
}

/* The deadline holds also for one that never stops printing. */
static void test_child__a_deadline_ends_a_chatterer(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(run_sh("exec yes", (struct child_spec){.timeout_ms = 100}, &r, &e),
			 ERR_LIMIT);
	assert_true(r.timed_out);
	child_result_done(&r);
	assert_none_left();
}

static void test_child__who_holds_the_pipe_does_not_hold_us(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;
	int64_t pid = 0;

	(void)state;
	assert_int_equal(
		run_sh("sleep 1000 & echo $!", (struct child_spec){.timeout_ms = LONG_MS}, &r, &e),
		0);
	assert_int_equal(r.exit_code, 0);
	assert_true(str_i64(str_trim(buf_str(&r.out)), &pid));
	child_result_done(&r);
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0); /* it lives: it was not waited for */
	assert_int_equal(waitpid((pid_t)pid, NULL, 0), pid);
	assert_none_left();
}

/* Not even one that goes on filling it. */
static void test_child__who_floods_the_pipe_does_not_hold_us(void **state)
{
	struct child_result r;
	struct err e = ERR_INIT;
	int status = 0;

	(void)state;
	assert_int_equal(run_sh("yes & exit 3", (struct child_spec){.timeout_ms = LONG_MS}, &r, &e),
			 0);
	assert_int_equal(r.exit_code, 3);
	child_result_done(&r);
	assert_true(waitpid(-1, &status, 0) > 0); /* with our end closed it gets SIGPIPE */
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	assert_none_left();
}

static void test_child__what_is_missing_is_not_found(void **state)
{
	static const char *const absent[] = {"ganger-no-such-program", NULL};
	static const char *const absent_path[] = {"/nowhere/program", NULL};
	static const char *const fine[] = {"true", NULL};
	const struct {
		struct child_spec spec;
		const char *named;
	} cases[] = {
		{{.argv = absent},                  "ganger-no-such-program"},
		{{.argv = absent_path},             "/nowhere/program"      },
		{{.argv = fine, .cwd = "/nowhere"}, "/nowhere"              },
	};
	int before = n_descriptors();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct child_result r;
		struct err e = ERR_INIT;

		assert_int_equal(child_run(&cases[i].spec, &r, &e), ERR_NOT_FOUND);
		assert_non_null(strstr(e.msg, cases[i].named));
		child_result_done(&r);
	}
	assert_int_equal(n_descriptors(), before);
	assert_none_left();
}

static void test_child__folder_and_environment_are_as_asked(void **state)
{
	static const char *const set[] = {"GANGER_A=new", "GANGER_B", "GANGER_C=x=y", NULL};
	struct child_result r;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("GANGER_A", "old", 1), 0);
	assert_int_equal(setenv("GANGER_B", "gone", 1), 0);
	assert_int_equal(setenv("GANGER_AB", "kept", 1), 0);
	assert_int_equal(run_sh("pwd; echo $GANGER_A,${GANGER_B-none},$GANGER_C,$GANGER_AB;"
				"env | grep -c ^GANGER_A=",
				(struct child_spec){.cwd = "/usr", .set = set}, &r, &e),
			 0);
	assert_string_equal(buf_cstr(&r.out), "/usr\nnew,none,x=y,kept\n1\n");
	child_result_done(&r);
}

static void test_child__inherits_the_lock_and_nothing_else(void **state)
{
	int lock = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	int other = open("/dev/null", O_RDWR); /* unmarked, as a library may leave it */
	const struct child_env env = {.lock_fd = lock};
	struct child_result r;
	struct err e = ERR_INIT;
	const char *script = "ls /proc/$$/fd; readlink /proc/$$/fd/3 | grep -o '[a-z]*$';"
			     "[ $(ps -o pgid= -p $$) = $$ ]";

	(void)state;
	assert_true(lock >= 0 && other >= 0);
	assert_int_equal(run_sh(script, (struct child_spec){.env = &env}, &r, &e), 0);
	assert_string_equal(buf_cstr(&r.out), "0\n1\n2\n3\nstat\n");
	assert_int_equal(r.exit_code, 0); /* and it leads a group of its own */
	child_result_done(&r);
	(void)close(lock);
	(void)close(other);
}

/* The kernel refuses it, a shell does not; with many words, which it needs room for. */
static void test_child__a_script_that_names_no_program_is_the_shells(void **state)
{
	char dir[] = "/tmp/ganger-test-XXXXXX";
	const char *argv[20002] = {NULL};
	struct child_result r;
	struct err e = ERR_INIT;
	char *path;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = path_join(dir, "script");
	assert_int_equal(file_write(path, STR("echo $#\n"), false, &e), 0);
	assert_int_equal(chmod(path, 0700), 0);
	for (size_t i = 0; i + 1 < ARRAY_LEN(argv); i++)
		argv[i] = i ? "x" : path;
	assert_int_equal(child_run(&(struct child_spec){.argv = argv}, &r, &e), 0);
	assert_string_equal(buf_cstr(&r.out), "20000\n");
	child_result_done(&r);
	assert_int_equal(dir_remove(dir, &e), 0);
	free(path);
}

/* Start a helper that says its number and never ends. Does not return. */
_Noreturn static void run_endless_helper(const char *fifo)
{
	char *script = mem_printf("echo $$ >'%s'; exec sleep 1000", fifo);
	struct child_result r;

	(void)run_sh(script, (struct child_spec){0}, &r, NULL);
	_exit(1);
}

static void test_child__a_helper_dies_with_us(void **state)
{
	char dir[] = "/tmp/ganger-test-XXXXXX", text[32] = "";
	int64_t helper = 0;
	int fd, status = 0;
	char *fifo;
	pid_t us;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fifo = path_join(dir, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	us = fork();
	assert_true(us >= 0);
	if (us == 0)
		run_endless_helper(fifo);
	fd = open(fifo, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_true(str_i64(str_trim(str_of(text)), &helper));
	(void)close(fd);
	assert_int_equal(kill(us, SIGKILL), 0);
	assert_int_equal(waitpid(us, NULL, 0), us);
	assert_int_equal(waitpid((pid_t)helper, &status, 0), helper); /* it came to us, and ended */
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_none_left();
	assert_int_equal(dir_remove(dir, NULL), 0);
	free(fifo);
}

static void test_child__ok_tells_what_the_program_said(void **state)
{
	static const struct {
		const char *script;
		const char *want;
	} cases[] = {
		{"echo; echo ' fatal: no\033 ' >&2; echo more >&2; exit 3",
		 "'sh' ended with 3: fatal: no\\x1b"							    },
		{"echo only out; exit 1",                                   "'sh' ended with 1: only out"       },
		{"exit 1",						  "'sh' ended with 1: it said nothing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *argv[] = {"sh", "-c", cases[i].script, NULL};
		const struct child_spec spec = {.argv = argv};
		struct child_result r;
		struct err e = ERR_INIT;

		assert_int_equal(child_ok(&spec, &r, &e), ERR_INVALID);
		assert_string_equal(e.msg, cases[i].want);
		child_result_done(&r);
	}
}

#define N_THREADS 6
#define N_RUNS    25

static void *run_many(void *arg)
{
	struct buf want = BUF_INIT;
	int id = *(int *)arg, wrong = 0;

	buf_printf(&want, "thread %d\n", id);
	for (int i = 0; i < N_RUNS; i++) {
		struct child_result r;
		struct err e = ERR_INIT;

		if (run_sh("cat; exit 4", (struct child_spec){.input = buf_str(&want)}, &r, &e) !=
			    0 ||
		    r.exit_code != 4 || !str_eq(buf_str(&r.out), buf_str(&want)))
			wrong++;
		child_result_done(&r);
	}
	buf_done(&want);
	*(int *)arg = wrong;
	return NULL;
}

static void test_child__many_threads_at_once(void **state)
{
	pthread_t threads[N_THREADS];
	int args[N_THREADS], before = n_descriptors();

	(void)state;
	for (int i = 0; i < N_THREADS; i++) {
		args[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, &args[i]), 0);
	}
	for (int i = 0; i < N_THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(args[i], 0);
	}
	assert_int_equal(n_descriptors(), before);
	assert_none_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child__gives_output_and_exit_code),
		cmocka_unit_test(test_child__a_signal_is_128_and_its_number),
		cmocka_unit_test(test_child__ignored_and_blocked_signals_are_as_new),
		cmocka_unit_test(test_child__takes_much_output_of_both_pipes),
		cmocka_unit_test(test_child__keeps_no_more_than_asked),
		cmocka_unit_test(test_child__loses_nothing_at_the_end),
		cmocka_unit_test(test_child__input_is_given_whole_or_not_read),
		cmocka_unit_test(test_child__a_deadline_ends_the_whole_group),
		cmocka_unit_test(test_child__a_deadline_ends_a_chatterer),
		cmocka_unit_test(test_child__who_holds_the_pipe_does_not_hold_us),
		cmocka_unit_test(test_child__who_floods_the_pipe_does_not_hold_us),
		cmocka_unit_test(test_child__what_is_missing_is_not_found),
		cmocka_unit_test(test_child__folder_and_environment_are_as_asked),
		cmocka_unit_test(test_child__inherits_the_lock_and_nothing_else),
		cmocka_unit_test(test_child__a_script_that_names_no_program_is_the_shells),
		cmocka_unit_test(test_child__a_helper_dies_with_us),
		cmocka_unit_test(test_child__ok_tells_what_the_program_said),
		cmocka_unit_test(test_child__many_threads_at_once),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
