#include "base/str.h"
#include "unit/test.h"

static void test_buf__cuts_at_its_maximum(void **state)
{
	struct buf b = {.max = 4};

	(void)state;
	assert_string_equal(buf_cstr(&b), "");
	buf_puts(&b, "abc");
	assert_false(b.full);
	buf_puts(&b, "de");
	assert_true(b.full);
	assert_string_equal(buf_cstr(&b), "abcd");
	buf_reset(&b);
	assert_false(b.full);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf__cuts_at_its_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
