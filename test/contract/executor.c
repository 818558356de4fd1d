/*
 * What every executor does alike (port/executor.h). The argument names a row of executor_kinds,
 * which says how to make one; the cases see it through the port alone.
 */
#include "unit/exec_fixture.h"

static struct fixture *fixture(void **state)
{
	return *state;
}

static void test_executor__tells_the_exit_code(void **state)
{
	struct fixture *f = fixture(state);
	const int codes[] = {0, 1, 75, 255};

	for (int i = 0; i < 4; i++) {
		char *text = mem_printf("exit %d", codes[i]);
		const struct job_end *end = run_script(f, (uint64_t)i + 1, text);

		assert_int_equal(end->number, i + 1);
		assert_int_equal(end->how, JOB_EXITED);
		assert_int_equal(end->code, codes[i]);
		assert_int_equal(end->left_over, 0);
		assert_int_equal(end->unkillable, 0);
		assert_true(end->started_ms > 0 && end->ended_ms >= end->started_ms);
		assert_string_equal(end->text, "");
		assert_int_equal(f->n_started, i + 1);
		assert_int_equal(f->started[i].number, i + 1);
		assert_false(f->started[i].adopted);
		assert_true(f->started[i].pid > 0 && f->started[i].start_time > 0);
		free(text);
	}
}

static void test_executor__tells_a_signal_that_was_not_ours(void **state)
{
	struct fixture *f = fixture(state);
	const struct job_end *end = run_script(f, 1, "kill -SEGV $$");

	assert_int_equal(end->how, JOB_SIGNALED);
	assert_int_equal(end->code, SIGSEGV);
}

static void test_executor__gives_the_environment_exactly(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = spec_of(f, 1);
	char *expected, *text;

	f->argv[0] = "env";
	f->argv[1] = NULL;
	f->env[1] = "GANGER_JOB=somebody else's";
	f->env[2] = "EMPTY=";
	f->env[3] = "TWO=lines\nof text";
	f->env[4] = NULL;
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->code, 0);
	expected = mem_printf("%s\nEMPTY=\nTWO=lines\nof text\nGANGER_JOB=%s\n", f->env[0], s.dir);
	text = log_text(f, 1);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
}

static void test_executor__delivers_standard_input_and_appends_output(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "cat; echo complaint >&2; pwd");
	char *input = path_join(f->dir, "prompt"), *text, *expected;
	struct stat st;

	put_file(f->dir, "prompt", "do this\n");
	put_file(f->dir, "1.log", "before\n");
	s.stdin_path = input;
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->code, 0);
	text = log_text(f, 1);
	expected = mem_printf("before\ndo this\ncomplaint\n%s\n", f->work);
	assert_string_equal(text, expected);
	assert_int_equal(stat(s.log_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(s.dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	free(input);
	free(expected);
	free(text);
}

static void test_executor__gives_no_input_where_none_is_named(void **state)
{
	struct fixture *f = fixture(state);

	assert_int_equal(run_script(f, 1, "read line && exit 1; exit 0")->code, 0);
}

static void test_executor__says_why_a_job_could_not_start(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exit 0");
	const struct job_end *end;

	f->argv[0] = "no-such-program";
	ensure(f, &s);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_NOT_STARTED);
	assert_int_equal(end->code, ENOENT);
	assert_non_null(strstr(end->text, "could not run 'no-such-program'"));

	s = script(f, 2, "exit 0");
	s.cwd = "/no/such/folder";
	ensure(f, &s);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_NOT_STARTED);
	assert_non_null(strstr(end->text, "'/no/such/folder'"));

	s = script(f, 3, "exit 0");
	s.stdin_path = "/no/such/prompt";
	ensure(f, &s);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_NOT_STARTED);
	assert_non_null(strstr(end->text, "'/no/such/prompt'"));
	assert_false(file_exists(s.dir));
	assert_int_equal(f->n_started, 0);
}

static void test_executor__ends_what_takes_too_long(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exec sleep 1000");
	const struct job_end *end;

	s.limits.timeout_ms = 200;
	ensure(f, &s);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_TIMEOUT);
	assert_int_equal(end->code, 128 + SIGTERM);
	assert_true(end->ended_ms - end->started_ms >= 200);
	assert_non_null(strstr(end->text, "time limit"));
}

static void test_executor__ends_what_is_silent(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo hello; exec sleep 1000");
	const struct job_end *end;

	s.limits.silence_ms = 200;
	s.watch = f->work;
	ensure(f, &s);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_SILENCE);
	assert_true(end->ended_ms - end->started_ms >= 200);
}

static void test_executor__asks_and_then_kills(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s =
		script(f, 1, "trap 'exit 9' TERM; echo 1 >$SAY; while :; do sleep .01; done");
	const struct job_end *end;

	ensure(f, &s);
	(void)hear(f);
	f->x->ops->stop(f->x, 1, JOB_ASK);
	f->x->ops->stop(f->x, 1, JOB_ASK); /* as often as one likes */
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_STOPPED);
	assert_int_equal(end->code, 9);

	s = script(f, 2, "trap '' TERM; echo 1 >$SAY; while :; do sleep .01; done");
	s.limits.grace_ms = 100;
	ensure(f, &s);
	(void)hear(f);
	f->x->ops->stop(f->x, 2, JOB_ASK);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_STOPPED);
	assert_int_equal(end->code, 128 + SIGKILL);
	assert_true(end->ended_ms - end->started_ms >= 100);
}

static void test_executor__kills_at_once_when_told(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "trap '' TERM; echo 1 >$SAY; while :; do sleep .01; done");
	const struct job_end *end;

	s.limits.grace_ms = 1000000;
	ensure(f, &s);
	(void)hear(f);
	f->x->ops->stop(f->x, 1, JOB_ASK);
	f->x->ops->stop(f->x, 1, JOB_KILL);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_STOPPED);
	assert_int_equal(end->code, 128 + SIGKILL);
}

static void test_executor__stops_one_that_is_just_starting(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exec sleep 1000");

	ensure(f, &s);
	f->x->ops->stop(f->x, 1, JOB_ASK);
	assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
	f->x->ops->stop(f->x, 1, JOB_KILL);  /* ended */
	f->x->ops->stop(f->x, 77, JOB_KILL); /* never was */
}

static void test_executor__ends_what_a_program_leaves_behind(void **state)
{
	struct fixture *f = fixture(state);
	const struct job_end *end;
	pid_t pid;

	end = run_script(f, 1,
			 "mkfifo p; setsid sh -c 'echo $$ >p; exec sleep 1000' & "
			 "read pid <p; echo $pid >$SAY; exit 4");
	pid = hear(f);
	assert_int_equal(end->how, JOB_EXITED);
	assert_int_equal(end->code, 4);
	assert_int_equal(end->left_over, 1);
	assert_non_null(strstr(end->text, "left behind"));
	assert_false(is_alive(pid));
}

static void test_executor__starts_a_job_once(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo ran; read x <$SAY.go; exit 3");
	char *go = mem_printf("%s.go", f->say), *text;
	int fd;

	assert_int_equal(mkfifo(go, 0600), 0);
	ensure(f, &s);
	ensure(f, &s);
	(void)wait_started(f);
	ensure(f, &s);
	fd = open(go, O_WRONLY | O_CLOEXEC); /* waits for its reader */
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(wait_ended(f)->code, 3);
	assert_int_equal(f->n_ended, 1);

	/* And says how it ended as often as it is asked. */
	for (int i = 2; i < 4; i++) {
		ensure(f, &s);
		(void)wait_ended(f);
		assert_int_equal(f->n_ended, i);
		assert_memory_equal(&f->ended[0], &f->ended[i - 1], sizeof(f->ended[0]));
	}
	text = log_text(f, 1);
	assert_string_equal(text, "ran\n");
	free(text);
	free(go);
}

static void test_executor__adopts_what_another_started(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo $$ >$SAY; exec sleep 1000");
	struct job_started first;
	pid_t pid;

	ensure(f, &s);
	first = *wait_started(f);
	pid = hear(f);
	assert_int_equal(first.pid, pid);
	executor_close(f);
	assert_true(is_alive(pid));

	executor_open(f);
	ensure(f, &s);
	ensure(f, &s);
	assert_int_equal(wait_started(f)->pid, pid);
	assert_true(f->started[1].adopted);
	assert_true(f->started[1].start_time == first.start_time);
	f->x->ops->stop(f->x, 1, JOB_ASK);
	assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
	assert_int_equal(f->n_started, 2);
	assert_int_equal(f->n_ended, 1);
}

static void test_executor__tells_what_ended_unwatched(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "echo $$ >$SAY; exit 6");
	const struct job_end *end;

	ensure(f, &s);
	(void)hear(f);
	executor_close(f);
	executor_open(f);
	ensure(f, &s);
	end = wait_ended(f);
	assert_int_equal(end->how, JOB_EXITED);
	assert_int_equal(end->code, 6);
}

static void test_executor__forgets(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = script(f, 1, "exit 0");
	struct stat st;

	ensure(f, &s);
	put_file(s.dir, "prompt", "x");
	f->x->ops->forget(f->x, 1, s.dir); /* not a live one */
	assert_int_equal(stat(s.dir, &st), 0);
	(void)wait_ended(f);
	f->x->ops->forget(f->x, 1, s.dir);
	assert_int_equal(stat(s.dir, &st), -1);
	f->x->ops->forget(f->x, 1, s.dir);
	assert_int_equal(stat(s.log_path, &st), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

static const struct executor_kind *kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(executor_kinds); i++) {
		if (streq(executor_kinds[i].name, name))
			return &executor_kinds[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_executor__tells_the_exit_code),
		CASE(test_executor__tells_a_signal_that_was_not_ours),
		CASE(test_executor__gives_the_environment_exactly),
		CASE(test_executor__delivers_standard_input_and_appends_output),
		CASE(test_executor__gives_no_input_where_none_is_named),
		CASE(test_executor__says_why_a_job_could_not_start),
		CASE(test_executor__ends_what_takes_too_long),
		CASE(test_executor__ends_what_is_silent),
		CASE(test_executor__asks_and_then_kills),
		CASE(test_executor__kills_at_once_when_told),
		CASE(test_executor__stops_one_that_is_just_starting),
		CASE(test_executor__ends_what_a_program_leaves_behind),
		CASE(test_executor__starts_a_job_once),
		CASE(test_executor__adopts_what_another_started),
		CASE(test_executor__tells_what_ended_unwatched),
		CASE(test_executor__forgets),
	};

	kind = argc > 1 ? kind_find(argv[1]) : kind;
	if (!kind)
		return 2;
	return cmocka_run_group_tests(tests, fixture_group_setup, NULL);
}
