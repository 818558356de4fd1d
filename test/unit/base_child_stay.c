#include "base/child.h"
#include "base/clean.h"
#include "base/mem.h"
#include "unit/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_MS 30000 /* never reached where all is well */
#define END     STR("end\n")

/* Processes that a helper leaves behind come to us, so that a test sees them end. */
static int setup(void **state)
{
	(void)state;
	(void)alarm(60);
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void assert_none_left(void)
{
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static struct child_stay *stay(const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct child_stay *h = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(child_stay_new(&(struct child_spec){.argv = argv}, &h, &e), 0);
	return h;
}

/* Ask; *ret is to be freed, and what was printed is compared. */
static void asks(struct child_stay *h,
		 struct str request,
		 const char *want,
		 bool gone,
		 struct child_result *ret)
{
	const struct child_question q = {request, END, LONG_MS};
	struct err e = ERR_INIT;
	bool has_gone = false;

	assert_int_equal(child_stay_ask(h, &q, ret, &has_gone, &e), 0);
	assert_string_equal(buf_cstr(&ret->out), want);
	assert_int_equal(has_gone, gone);
}

static void ask(struct child_stay *h, const char *request, const char *want)
{
	struct child_result r;

	asks(h, str_of(request), want, false, &r);
	assert_int_equal(r.errout.n, 0);
	child_result_done(&r);
}

static void test_stay__answers_one_after_another(void **state)
{
	struct child_stay *h =
		stay("n=0; while read -r x; do n=$((n + 1)); echo $n $x; echo end; done");

	(void)state;
	for (int i = 1; i <= 100; i++) {
		char *want CLEANUP(freep) = mem_printf("%d asked\nend\n", i);

		ask(h, "asked\n", want);
	}
	child_stay_free(h);
	assert_none_left();
}

/* More than fits between us, both ways at once. */
static void test_stay__long_requests_and_answers(void **state)
{
	struct child_stay *h = stay("exec cat");
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct child_result r;

	(void)state;
	for (int i = 0; i < 300000; i++)
		buf_puts(&b, "0123456789\n");
	buf_puts(&b, "end\n");
	for (int i = 0; i < 2; i++) {
		asks(h, buf_str(&b), buf_cstr(&b), false, &r);
		child_result_done(&r);
	}
	child_stay_free(h);
	assert_none_left();
}

static void test_stay__one_that_ends_says_how(void **state)
{
	struct child_stay *h = stay("read -r x; echo half; echo \"no $x\" >&2; exit 7");
	struct child_result r;

	(void)state;
	asks(h, STR("way\n"), "half\n", true, &r);
	assert_int_equal(r.exit_code, 7);
	assert_string_equal(buf_cstr(&r.errout), "no way\n");
	child_result_done(&r);
	child_stay_free(h);
	assert_none_left();
}

static void test_stay__one_that_was_ended_said_nothing(void **state)
{
	struct child_stay *h = stay("while read -r x; do echo $$; echo end; done");
	const struct child_question q = {STR("x\n"), END, LONG_MS};
	struct child_result r;
	struct err e = ERR_INIT;
	bool gone;

	(void)state;
	assert_int_equal(child_stay_ask(h, &q, &r, &gone, &e), 0);
	assert_int_equal(kill((pid_t)atoi(buf_cstr(&r.out)), SIGKILL), 0);
	child_result_done(&r);
	asks(h, STR("x\n"), "", true, &r);
	assert_int_equal(r.exit_code, 128 + SIGKILL);
	child_result_done(&r);
	child_stay_free(h);
	assert_none_left();
}

static void test_stay__a_deadline_ends_the_whole_group(void **state)
{
	struct child_stay *h = stay("sleep 1000 & wait");
	const struct child_question q = {STR("x\n"), END, 50};
	struct child_result r;
	struct err e = ERR_INIT;
	bool gone = false;

	(void)state;
	assert_int_equal(child_stay_ask(h, &q, &r, &gone, &e), ERR_LIMIT);
	assert_true(gone && r.timed_out);
	assert_non_null(strstr(e.msg, "'sh': no answer after 50 ms"));
	child_result_done(&r);
	child_stay_free(h);
	while (waitpid(-1, NULL, 0) > 0)
		; /* the other one came to us */
	assert_none_left();
}

static void *begin(void *arg)
{
	*(struct child_stay **)arg = stay("exec cat");
	return NULL;
}

static void test_stay__is_not_bound_to_the_thread_that_made_it(void **state)
{
	struct child_stay *h = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, begin, &h), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ask(h, "asked\nend\n", "asked\nend\n");
	child_stay_free(h);
	assert_none_left();
}

/* It does what it was told, and then it ends: nobody tells it more. */
static void test_stay__ends_after_us(void **state)
{
	int status = 0, fds[2];
	pid_t us, helper = 0;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	us = fork();
	if (us == 0) {
		struct child_stay *h = stay("while read -r x; do echo $$; echo end; done; exit 9");
		const struct child_question q = {STR("x\n"), END, LONG_MS};
		struct child_result r;
		bool gone;

		if (child_stay_ask(h, &q, &r, &gone, NULL) == 0)
			helper = (pid_t)atoi(buf_cstr(&r.out));
		if (write(fds[1], &helper, sizeof(helper)) > 0)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(fds[0], &helper, sizeof(helper)), sizeof(helper));
	assert_true(helper > 0);
	assert_int_equal(kill(us, SIGKILL), 0);
	assert_int_equal(waitpid(us, NULL, 0), us);
	assert_int_equal(waitpid(helper, &status, 0), helper); /* it came to us */
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	assert_none_left();
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_stay__what_is_missing_is_not_found(void **state)
{
	static const char *const absent[] = {"ganger-no-such-program", NULL};
	struct child_stay *h = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(child_stay_new(&(struct child_spec){.argv = absent}, &h, &e),
			 ERR_NOT_FOUND);
	assert_null(h);
	assert_none_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stay__answers_one_after_another),
		cmocka_unit_test(test_stay__long_requests_and_answers),
		cmocka_unit_test(test_stay__one_that_ends_says_how),
		cmocka_unit_test(test_stay__one_that_was_ended_said_nothing),
		cmocka_unit_test(test_stay__a_deadline_ends_the_whole_group),
		cmocka_unit_test(test_stay__is_not_bound_to_the_thread_that_made_it),
		cmocka_unit_test(test_stay__ends_after_us),
		cmocka_unit_test(test_stay__what_is_missing_is_not_found),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
