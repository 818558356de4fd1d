#include "base/str.h"
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

static void test_str__compares_and_trims(void **state)
{
	(void)state;
	assert_true(str_eq(str_of("a"), STR("a")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_true(str_eq(str_of(NULL), STR("")));
	assert_true(str_starts(STR("abc"), "ab"));
	assert_false(str_starts(STR("a"), "ab"));
	assert_true(str_ends(STR("x.lock"), ".lock"));
	assert_false(str_ends(STR("lock"), ".lock"));
	assert_true(str_eq(str_trim(STR(" \t\r\n a b \n")), STR("a b")));
	assert_true(str_eq(str_trim(STR(" \n ")), STR("")));
	assert_true(streq("a", "a"));
	assert_false(streq("a", NULL));
	assert_false(streq(NULL, ""));
	assert_true(streq(NULL, NULL));
}

static void test_str__next_gives_every_piece(void **state)
{
	struct str rest = STR("a,,bc,"), piece;

	(void)state;
	assert_true(str_next(&rest, ',', &piece));
	assert_true(str_eq(piece, STR("a")));
	assert_true(str_next(&rest, ',', &piece));
	assert_true(str_eq(piece, STR("")));
	assert_true(str_next(&rest, ',', &piece));
	assert_true(str_eq(piece, STR("bc")));
	assert_false(str_next(&rest, ',', &piece));
}

static void test_str__i64_takes_whole_numbers_only(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} cases[] = {
		{"0",                    true,  0        },
		{"-1",                   true,  -1       },
		{"0042",                 true,  42       },
		{"9223372036854775807",  true,  INT64_MAX},
		{"-9223372036854775808", true,  INT64_MIN},
		{"9223372036854775808",  false, 0        },
		{"-9223372036854775809", false, 0        },
		{"",		     false, 0        },
		{"-",                    false, 0        },
		{"+1",                   false, 0        },
		{" 1",                   false, 0        },
		{"1 ",                   false, 0        },
		{"1x",                   false, 0        },
		{"0x1",                  false, 0        },
		{"--1",                  false, 0        },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t value = 77;

		assert_int_equal(str_i64(str_of(cases[i].text), &value), cases[i].ok);
		assert_int_equal(value, cases[i].ok ? cases[i].value : 77);
	}
}

static void test_str__utf8_as_rfc_3629(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{"",                 true },
		{"plain",            true },
		{"\xc3\xa4",         true },
		{"\xe2\x82\xac",     true },
		{"\xf0\x9f\x98\x80", true },
		{"\xf4\x8f\xbf\xbf", true },
		{"\x80",             false}, /* no lead */
		{"\xc0\xaf",         false}, /* overlong */
		{"\xc1\xbf",         false},
		{"\xe0\x9f\xbf",     false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xed\xa0\x80",     false}, /* a surrogate */
		{"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", false},
		{"\xff",             false},
		{"\xe2\x82",         false}, /* cut */
		{"\xe2\x28\xac",     false},
		{"\xf0\x9f\x98",     false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(str_utf8(str_of(cases[i].text)), cases[i].ok);
	assert_true(str_utf8(STR("a\0b")));
}

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
	buf_printf(&b, "%d", 7);
	assert_string_equal(buf_cstr(&b), "abcd");
	buf_reset(&b);
	assert_false(b.full);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
	assert_int_equal(b.max, 4);
}

static void test_buf__prints_any_length_and_holds_zero_bytes(void **state)
{
	struct buf b = BUF_INIT;
	char long_text[5000];
	char *taken;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	buf_add(&b, "a\0b", 3);
	buf_putc(&b, '!');
	buf_puts(&b, NULL);
	assert_true(str_eq(buf_str(&b), (struct str){"a\0b!", 4}));
	buf_reset(&b);
	buf_printf(&b, "%s|%d", long_text, 5);
	assert_int_equal(b.n, sizeof(long_text) - 1 + 2);
	assert_string_equal(buf_cstr(&b) + sizeof(long_text) - 1, "|5");
	taken = buf_take(&b);
	assert_int_equal(strlen(taken), sizeof(long_text) + 1);
	assert_string_equal(buf_cstr(&b), "");
	free(taken);
	taken = buf_take(&b);
	assert_string_equal(taken, "");
	free(taken);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str__compares_and_trims),
		cmocka_unit_test(test_str__next_gives_every_piece),
		cmocka_unit_test(test_str__i64_takes_whole_numbers_only),
		cmocka_unit_test(test_str__utf8_as_rfc_3629),
		cmocka_unit_test(test_buf__cuts_at_its_maximum),
		cmocka_unit_test(test_buf__prints_any_length_and_holds_zero_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
