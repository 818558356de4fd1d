#include "base/err.h"
#include "base/str.h"
#include "unit/test.h"

#include <errno.h>
#include <string.h>

static void test_err__set_returns_the_code_and_keeps_the_text(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ERR_BUSY, "could not lock '%s'", "x"), ERR_BUSY);
	assert_int_equal(e.code, ERR_BUSY);
	assert_int_equal(e.sys, 0);
	assert_string_equal(e.msg, "could not lock 'x'");
}

static void test_err__sys_appends_the_reason_and_keeps_errno(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, "could not open '%s'", "f"), ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.msg, "could not open 'f': No such file or directory");
}

static void test_err__wrap_puts_text_in_front(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_set(&e, ERR_NOT_FOUND, "no such task");
	assert_int_equal(err_wrap(&e, "could not retry '%d'", 7), ERR_NOT_FOUND);
	assert_string_equal(e.msg, "could not retry '7': no such task");
}

static void test_err__hint_keeps_code_and_text_and_a_new_error_drops_it(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_set(&e, ERR_CONFLICT, "moved");
	assert_int_equal(err_hint(&e, "run '%s'", "git log"), ERR_CONFLICT);
	assert_string_equal(e.hint, "run 'git log'");
	assert_string_equal(e.msg, "moved");
	(void)err_set(&e, ERR_IO, "other");
	assert_string_equal(e.hint, "");
}

static void test_err__long_texts_are_cut_and_terminated(void **state)
{
	struct err e = ERR_INIT;
	char text[3 * ERR_TEXT_MAX];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&e, ERR_IO, "%s", text);
	assert_int_equal(strlen(e.msg), ERR_TEXT_MAX - 1);
	(void)err_wrap(&e, "%s", text);
	assert_int_equal(strlen(e.msg), ERR_TEXT_MAX - 1);
	errno = EIO;
	(void)err_sys(&e, "%s", text);
	assert_int_equal(strlen(e.msg), ERR_TEXT_MAX - 1);
}

static void test_err__null_is_allowed(void **state)
{
	(void)state;
	errno = EIO;
	assert_int_equal(err_set(NULL, ERR_LIMIT, "x"), ERR_LIMIT);
	assert_int_equal(err_sys(NULL, "x"), ERR_IO);
	assert_true(err_wrap(NULL, "x") < 0);
	assert_true(err_hint(NULL, "x") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err__set_returns_the_code_and_keeps_the_text),
		cmocka_unit_test(test_err__sys_appends_the_reason_and_keeps_errno),
		cmocka_unit_test(test_err__wrap_puts_text_in_front),
		cmocka_unit_test(test_err__hint_keeps_code_and_text_and_a_new_error_drops_it),
		cmocka_unit_test(test_err__long_texts_are_cut_and_terminated),
		cmocka_unit_test(test_err__null_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
