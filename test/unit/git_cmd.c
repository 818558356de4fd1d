/* What git's own words are worth: may it be tried again? */
#include "base/check.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/cmd.h"
#include "unit/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_cmd__tells_what_may_pass(void **state)
{
	static const struct {
		const char *says;
		int code;
	} cases[] = {
		{"fatal: write error: No space left on device",                         ERR_LIMIT  },
		{"error: unable to write file: Input/output error",                     ERR_IO     },
		{"fatal: mmap failed: Cannot allocate memory",                          ERR_IO     },
		{"fatal: Out of memory, malloc failed",                                 ERR_IO     },
		{"error: open(\"x\"): Too many open files",                             ERR_IO     },
		{"error: cannot fork() for rev-list: Resource temporarily unavailable", ERR_IO     },
		{"fatal: Unable to create '/x.lock': File exists.",                     ERR_BUSY   },
		{"fatal: bad object deadbeef",                                          ERR_INVALID},
	};
	const char *const args[] = {"merge-tree", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct child_result r = {.exit_code = 128, .errout = BUF_INIT};
		struct err e = ERR_INIT;

		buf_puts(&r.errout, cases[i].says);
		if (cmd_error(args, &r, &e) != cases[i].code)
			fail_msg("'%s' is %d", cases[i].says, e.code);
		buf_done(&r.errout);
	}
}

/* ---- One that stays ---- */

#define END STR("end\n")

/* A 'git' of this text in a folder of its own, which is the first of PATH. */
struct stand_in {
	char dir[32];
	char *program, *path;
	const char *set[2];
	struct cmd_stay stay;
	struct cmd c;
};

static void stand_in_text(struct stand_in *s, const char *text)
{
	char *script CLEANUP(freep) = mem_printf("#!/bin/sh\ncd '%s'\n%s\n", s->dir, text);

	assert_int_equal(file_write(s->program, str_of(script), false, NULL), 0);
	assert_int_equal(chmod(s->program, 0700), 0);
}

static int stand_in_setup(void **state)
{
	struct stand_in *s = mem_alloc(sizeof(*s));

	*state = s;
	strcpy(s->dir, "/tmp/ganger-test-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	s->program = path_join(s->dir, "git");
	s->path = mem_printf("PATH=%s:%s", s->dir, getenv("PATH"));
	s->set[0] = s->path;
	s->c = (struct cmd){.set = s->set, .input = STR("asked\n"), .timeout_ms = 30000};
	cmd_stay_init(&s->stay);
	return 0;
}

static int stand_in_teardown(void **state)
{
	struct stand_in *s = *state;

	int rc;

	cmd_stay_done(&s->stay);
	free(s->program);
	free(s->path);
	rc = dir_remove(s->dir, NULL);
	free(s);
	return rc;
}

static int ask(struct stand_in *s, struct buf *ret, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	int rc = cmd_ask(&s->stay, &s->c, ARGS("answer", "--stdin"), END, &r, e);

	buf_add(ret, r.out.p, r.out.n);
	return rc;
}

/* Its process, which is what the stand-in of this test answers. */
static pid_t answers(struct stand_in *s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;

	if (ask(s, &b, &e))
		fail_msg("%s", e.msg);
	return (pid_t)atoi(buf_cstr(&b));
}

static void test_ask__one_stays_until_it_is_old_or_gone(void **state)
{
	struct stand_in *s = *state;
	pid_t first, second, third;

	stand_in_text(s, "while read x; do echo $$; echo end; done");
	first = answers(s);
	s->stay.born_ms += CMD_STAY_MS; /* a slow machine makes it no older */
	assert_int_equal(answers(s), first);
	assert_int_equal(kill(first, SIGKILL), 0);
	second = answers(s);
	assert_int_not_equal(second, first);
	s->stay.born_ms -= CMD_STAY_MS + 1;
	third = answers(s);
	assert_int_not_equal(third, second);
	assert_int_equal(kill(second, 0), -1);
}

static void test_ask__what_it_says_as_it_ends_is_the_error(void **state)
{
	struct stand_in *s = *state;
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;

	stand_in_text(
		s,
		"read x; echo \"fatal: Unable to create '/x.lock': File exists.\" >&2; exit 128");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask(s, &b, &e), ERR_BUSY);
		assert_non_null(strstr(e.msg, "Unable to create '/x.lock'"));
	}
	stand_in_text(s, "while read x; do echo $$; echo end; done");
	assert_true(answers(s) > 0);
}

/* What it did is not known: it is not told to do it again. */
static void test_ask__one_that_began_and_was_ended_is_not_asked_again(void **state)
{
	struct stand_in *s = *state;
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct buf asked CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = path_join(s->dir, "asked");
	struct err e = ERR_INIT;

	stand_in_text(s, "read x; echo end; read x; echo $x >>asked; echo begun; kill -9 $$");
	assert_int_equal(ask(s, &b, &e), 0);
	assert_int_equal(ask(s, &b, &e), ERR_IO);
	assert_non_null(strstr(e.msg, "'git answer': it was ended by signal 9"));
	assert_int_equal(file_read(path, 1000, &asked, &e), 0);
	assert_string_equal(buf_cstr(&asked), "asked\n");
}

static void test_ask__one_that_hangs_is_ended(void **state)
{
	struct stand_in *s = *state;
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;

	char *hang CLEANUP(freep) = path_join(s->dir, "hang");

	stand_in_text(s,
		      "while read x; do [ -e hang ] && exec sleep 1000; echo $$; echo end; done");
	(void)answers(s);
	s->c.timeout_ms = 100;
	assert_int_equal(file_write(hang, STR("x"), false, &e), 0);
	assert_int_equal(ask(s, &b, &e), ERR_LIMIT);
	s->c.timeout_ms = 30000;
	assert_int_equal(unlink(hang), 0);
	assert_true(answers(s) > 0);
}

#define ASK(test) cmocka_unit_test_setup_teardown(test, stand_in_setup, stand_in_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmd__tells_what_may_pass),
		ASK(test_ask__one_stays_until_it_is_old_or_gone),
		ASK(test_ask__what_it_says_as_it_ends_is_the_error),
		ASK(test_ask__one_that_began_and_was_ended_is_not_asked_again),
		ASK(test_ask__one_that_hangs_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
