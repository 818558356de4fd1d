/* The program itself: helpers, its signals, its command line. */
#include "base/child.h"
#include "shim/status.h"
#include "unit/exec_fixture.h"

static struct fixture *fixture(void **state)
{
	return *state;
}

static pid_t parent_of(pid_t pid)
{
	struct proc_stat st = {0};
	int dir = proc_open(pid);

	assert_int_equal(proc_stat(dir, &st), 0);
	close(dir);
	return st.ppid;
}

static void test_shim__keeps_to_itself_what_a_terminal_sends(void **state)
{
	struct fixture *f = fixture(state);
	const int ignored[] = {SIGINT,  SIGHUP,  SIGPIPE, SIGTTOU,
			       SIGTTIN, SIGTSTP, SIGQUIT, SIGALRM};
	struct job_spec s = script(f, 1, "echo $$ >$SAY; read x <$SAY.go; exit 3");
	char *go = mem_printf("%s.go", f->say);
	pid_t program, shim;

	assert_int_equal(mkfifo(go, 0600), 0);
	ensure(f, &s);
	program = hear(f);
	shim = parent_of(program);
	assert_int_equal(getsid(program), program);
	assert_int_equal(getsid(shim), shim);
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		assert_int_equal(kill(shim, ignored[i]), 0);
	close(open(go, O_WRONLY | O_CLOEXEC));
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	assert_int_equal(f->ended[0].code, 3);
	free(go);
}

static void test_shim__asks_at_the_first_sigterm_and_kills_at_the_second(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1,
				   "trap 'echo 77 >$SAY' TERM; echo $$ >$SAY; "
				   "while :; do sleep .01; done");
	pid_t shim;

	s.limits.grace_ms = 1000000;
	ensure(f, &s);
	shim = parent_of(hear(f));
	assert_int_equal(kill(shim, SIGTERM), 0);
	assert_int_equal(hear(f), 77);
	assert_int_equal(kill(shim, SIGTERM), 0);
	assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
	assert_int_equal(f->ended[0].code, 128 + SIGKILL);
}

static void test_shim__kills_its_program_when_it_dies(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s =
		script(f, 1, "trap '' TERM; echo $$ >$SAY; while :; do sleep .01; done");
	pid_t program;

	ensure(f, &s);
	program = hear(f);
	executor_close(f); /* nobody sweeps */
	assert_int_equal(kill(parent_of(program), SIGKILL), 0);
	while (waitpid(-1, NULL, 0) > 0) /* the shim, and its program that came to us */
		;
	assert_int_equal(errno, ECHILD);
	assert_false(is_alive(program));
}

static void test_shim__is_small(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo $$ >$SAY; exec sleep 1000");
	char *path, *at;
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	s.limits.log_bytes = 1 << 20;
	s.limits.silence_ms = 1000000;
	ensure(f, &s);
	path = mem_printf("/proc/%d/status", (int)parent_of(hear(f)));
	assert_int_equal(file_read(path, 65536, &b, &e), 0);
	at = strstr(buf_cstr(&b), "VmRSS:");
	assert_non_null(at);
	assert_true(strtoul(at + 6, NULL, 10) < 1024);
	f->x->ops->stop(f->x, 1, JOB_KILL);
	(void)wait_ended(f);
	free(path);
	buf_done(&b);
}

static void expect_run(const char *const *argv, int code, const char *words)
{
	struct child_spec s = {.argv = argv};
	struct child_result r;
	struct err e = ERR_INIT;

	assert_int_equal(child_run(&s, &r, &e), 0);
	assert_int_equal(r.exit_code, code);
	assert_non_null(strstr(buf_cstr(&r.errout), words));
	child_result_done(&r);
}

static void test_shim__says_what_it_cannot_do(void **state)
{
	const char *shim = getenv("GANGER_SHIM");
	const char *none[] = {shim, NULL};
	const char *unknown[] = {shim, "--job", "--colour=red", "--", "true", NULL};
	const char *number[] = {shim, "--job", "--number=1x", "--", "true", NULL};
	const char *program[] = {shim, "--job", "--status-fd=3", "--cwd=/", "--", NULL};
	const char *standard[] = {shim, "--job", "--status-fd=1", "--cwd=/", "--", "true", NULL};

	(void)state;
	expect_run(none, 2, "started by ganger only");
	expect_run(unknown, 2, "cannot use '--colour=red'");
	expect_run(number, 2, "cannot use '--number=1x'");
	expect_run(program, 2, "--job");
	expect_run(standard, 2, "--job");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_shim__keeps_to_itself_what_a_terminal_sends),
		CASE(test_shim__asks_at_the_first_sigterm_and_kills_at_the_second),
		CASE(test_shim__kills_its_program_when_it_dies),
		CASE(test_shim__is_small),
		CASE(test_shim__says_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, fixture_group_setup, NULL);
}
