/* A job that is talked to: what is said arrives once and whole, what it writes is told. */
#include "shim/input.h"
#include "unit/exec_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

static struct fixture *fixture(void **state)
{
	return *state;
}

static struct job_spec talker(struct fixture *f, const char *text)
{
	struct job_spec s = script(f, 1, text);

	s.talks = true;
	return s;
}

static void say(struct fixture *f, uint64_t nth, const char *text)
{
	f->x->ops->say(f->x, 1, nth, str_of(text));
}

static void heard_is(struct fixture *f, const char *text)
{
	assert_string_equal(buf_cstr(&f->output), text);
}

/* Run the loop until the output ends so. */
static void wait_heard(struct fixture *f, const char *end)
{
	uv_timer_t timer = {.data = f};

	f->late = false;
	uv_timer_init(&f->loop, &timer);
	uv_timer_start(&timer, on_late, DEADLINE_MS, 0);
	while (!f->late && !str_ends(buf_str(&f->output), end))
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, on_timer_closed);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_false(f->late);
}

static void test_talk__both_ways_to_the_end_of_input(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s =
		talker(f, "while read -r l; do echo \"got $l\"; done; echo end; exit 3");

	ensure(f, &s);
	say(f, 1, "one\n"); /* before it runs */
	wait_heard(f, "got one\n");
	say(f, 2, "two\n");
	say(f, 2, "never\n");
	say(f, 1, "never\n");
	say(f, 3, "");
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	assert_int_equal(f->ended[0].code, 3);
	heard_is(f, "got one\ngot two\nend\n");
}

static void test_talk__goes_on_under_another_supervisor(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "while read -r l; do echo \"got $l\"; done");

	ensure(f, &s);
	say(f, 1, "one\n");
	wait_heard(f, "got one\n");
	executor_close(f);
	buf_reset(&f->output);
	executor_open(f);
	ensure(f, &s);
	say(f, 1, "one\n");
	say(f, 2, "two\n");
	wait_heard(f, "got two\n");
	heard_is(f, "got one\ngot two\n");
	say(f, 3, "");
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
}

static void test_talk__what_was_written_is_told_also_when_it_is_over(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "read -r l; echo \"got $l\"; read -r l <$SAY.go; echo done");
	char *go = mem_printf("%s.go", f->say);
	struct buf log = BUF_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(mkfifo(go, 0600), 0);
	ensure(f, &s);
	say(f, 1, "one\n");
	wait_heard(f, "got one\n");
	executor_close(f);
	close(open(go, O_WRONLY | O_CLOEXEC));
	while (waitpid(-1, NULL, 0) > 0) /* the shim, which nobody else waits for now */
		;
	buf_reset(&f->output);
	executor_open(f);
	ensure(f, &s);
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	heard_is(f, "got one\ndone\n");
	assert_int_equal(file_read(s.log_path, 100, &log, &e), 0);
	assert_string_equal(buf_cstr(&log), "got one\ndone\n");
	buf_done(&log);
	free(go);
}

/* More than a pipe takes, to a program that is slow to read it. */
static void test_talk__large_inputs_arrive_whole(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "echo ready; read -r l <$SAY.go; wc -c");
	char *go = mem_printf("%s.go", f->say), *big = mem_alloc(1 << 20);

	assert_int_equal(mkfifo(go, 0600), 0);
	memset(big, 'x', (1 << 20) - 1);
	ensure(f, &s);
	wait_heard(f, "ready\n");
	say(f, 1, big);
	say(f, 2, big);
	say(f, 3, "");
	close(open(go, O_WRONLY | O_CLOEXEC));
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	heard_is(f, "ready\n2097150\n");
	free(go);
	free(big);
}

static void test_talk__errors_may_have_a_file_of_their_own(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "echo said; echo wrong >&2");
	char *path = path_join(f->dir, "errors");
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	s.errors_path = path;
	ensure(f, &s);
	(void)wait_ended(f);
	heard_is(f, "said\n");
	assert_int_equal(file_read(path, 100, &b, &e), 0);
	assert_string_equal(buf_cstr(&b), "wrong\n");
	buf_done(&b);
	free(path);
}

/* What is heard must be there from its beginning while it goes on. */
static void test_talk__the_caps_are_held_in_time(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "yes | head -c 300000; echo ready; yes | head -c 300000 >&2; "
				      "read -r l");
	char *path = path_join(f->dir, "errors");
	struct stat st;

	s.errors_path = path;
	s.limits.log_bytes = 65536;
	ensure(f, &s);
	wait_heard(f, "ready\n");
	assert_int_equal(f->output.n, 300006);
	assert_int_equal(f->output.p[0], 'y');
	assert_int_equal(stat(s.log_path, &st), 0);
	assert_true(st.st_blocks * 512 >= 300000);
	say(f, 1, "");
	(void)wait_ended(f);
	assert_int_equal(stat(s.log_path, &st), 0);
	assert_true(st.st_blocks * 512 <= 65536 + 2 * 4096);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size >= 300000 && st.st_blocks * 512 <= 65536 + 2 * 4096);
	free(path);
}

/* --- endings --- */

static void test_talk__asking_is_the_end_of_its_input_first(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "trap 'echo asked' TERM; echo ready; "
				      "while read -r l; do echo \"got $l\"; done; echo end");

	s.limits.grace_ms = 1000000;
	ensure(f, &s);
	wait_heard(f, "ready\n");
	say(f, 1, "break\n");
	f->x->ops->stop(f->x, 1, JOB_ASK);
	assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
	heard_is(f, "ready\ngot break\nend\n");
}

static void test_talk__who_does_not_understand_is_asked_and_killed(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "trap '' TERM; echo ready; while :; do sleep .01; done");

	s.limits.grace_ms = 60;
	ensure(f, &s);
	wait_heard(f, "ready\n");
	f->x->ops->stop(f->x, 1, JOB_ASK);
	assert_int_equal(wait_ended(f)->how, JOB_STOPPED);
	assert_int_equal(f->ended[0].code, 128 + SIGKILL);
}

/* Some programs do not end with their input. How it ended is still its own doing. */
static void test_talk__who_stays_after_its_input_is_ended(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "echo ready; cat; exec sleep 1000");

	s.limits.grace_ms = 60;
	ensure(f, &s);
	wait_heard(f, "ready\n");
	say(f, 1, "");
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	assert_int_equal(f->ended[0].code, 128 + SIGTERM);
}

/* --- what others send --- */

static int call_shim(struct fixture *f)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *path = path_join(job_dir(f, 1), INPUT_SOCK_NAME);

	assert_true(strlen(path) < sizeof(to.sun_path));
	memcpy(to.sun_path, path, strlen(path));
	free(path);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void send_head(int fd, struct input_head h, const char *body)
{
	assert_int_equal(send(fd, &h, sizeof(h), MSG_NOSIGNAL), sizeof(h));
	if (*body)
		assert_int_equal(send(fd, body, strlen(body), MSG_NOSIGNAL), strlen(body));
}

static void expect_hung_up(int fd)
{
	char c;

	assert_true(recv(fd, &c, 1, 0) <= 0);
	close(fd);
}

static void test_talk__nonsense_and_halves_are_not_passed_on(void **state)
{
	struct fixture *f = fixture(state);
	struct job_spec s = talker(f, "while read -r l; do echo \"got $l\"; done");
	const struct input_head wrong[] = {
		{.magic = 1,           .size = 4,                   .number = 1},
		{.magic = INPUT_MAGIC, .size = INPUT_FRAME_MAX + 1, .number = 1},
		{.magic = INPUT_MAGIC, .size = 4,                   .number = 0},
		{.magic = INPUT_MAGIC, .size = 4,                   .number = 2}, /* a gap */
	};
	int fd;

	ensure(f, &s);
	(void)wait_started(f);
	executor_close(f); /* one caller at a time */
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		fd = call_shim(f);
		send_head(fd, wrong[i], "");
		expect_hung_up(fd);
	}
	fd = call_shim(f);
	send_head(fd, (struct input_head){INPUT_MAGIC, 8, 1}, "half");
	close(fd);
	fd = call_shim(f);
	send_head(fd, (struct input_head){INPUT_MAGIC, 6, 1}, "whole\n");
	close(fd);
	executor_open(f);
	ensure(f, &s);
	say(f, 1, "again\n");
	say(f, 2, "");
	assert_int_equal(wait_ended(f)->how, JOB_EXITED);
	heard_is(f, "got whole\n");
}

#define TALK_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TALK_TEST(test_talk__both_ways_to_the_end_of_input),
		TALK_TEST(test_talk__goes_on_under_another_supervisor),
		TALK_TEST(test_talk__what_was_written_is_told_also_when_it_is_over),
		TALK_TEST(test_talk__large_inputs_arrive_whole),
		TALK_TEST(test_talk__errors_may_have_a_file_of_their_own),
		TALK_TEST(test_talk__the_caps_are_held_in_time),
		TALK_TEST(test_talk__asking_is_the_end_of_its_input_first),
		TALK_TEST(test_talk__who_does_not_understand_is_asked_and_killed),
		TALK_TEST(test_talk__who_stays_after_its_input_is_ended),
		TALK_TEST(test_talk__nonsense_and_halves_are_not_passed_on),
	};

	return cmocka_run_group_tests(tests, fixture_group_setup, NULL);
}
