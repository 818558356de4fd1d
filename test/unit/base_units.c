#include "base/clock.h"
#include "base/str.h"
#include "unit/test.h"

#include <string.h>

struct unit_case {
	const char *text;
	int64_t value; /* -1: refused */
};

static void run_table(int (*parse)(struct str s, int64_t *ret, struct err *e),
		      const struct unit_case *cases,
		      size_t n_cases)
{
	for (size_t i = 0; i < n_cases; i++) {
		struct err e = ERR_INIT;
		int64_t value = 77;
		int rc = parse(str_of(cases[i].text), &value, &e);

		assert_int_equal(rc, cases[i].value < 0 ? ERR_INVALID : 0);
		assert_int_equal(value, cases[i].value < 0 ? 77 : cases[i].value);
		if (rc && strlen(cases[i].text) < 60)
			assert_non_null(strstr(e.msg, cases[i].text));
	}
}

static void test_duration__parse(void **state)
{
	static const struct unit_case cases[] = {
		{"2h",                   7200000                  },
		{"90s",                  90000                    },
		{"15m",                  900000                   },
		{"500ms",                500                      },
		{"1d",                   86400000                 },
		{"off",                  0                        },
		{"0",                    0			},
		{"45",                   45000                    },
		{" 10 s ",               10000                    },
		{"36525d",               36525 * (int64_t)86400000},
		{"36526d",               -1                       },
		{"9223372036854775807h", -1                       },
		{"9223372036854775808",  -1                       },
		{"",		     -1		       },
		{"h",                    -1                       },
		{"-1s",                  -1                       },
		{"1.5h",                 -1                       },
		{"2w",                   -1                       },
		{"2h30m",                -1                       },
		{"offf",                 -1                       },
	};

	(void)state;
	run_table(duration_parse, cases, ARRAY_LEN(cases));
}

static void test_size__parse(void **state)
{
	static const struct unit_case cases[] = {
		{"512",         512             },
		{"512B",        512             },
		{"64MiB",       64 << 20        },
		{"5MB",         5000000         },
		{"1GiB",        1 << 30         },
		{"3 kB",        3000            },
		{"3KiB",        3072            },
		{"2TiB",        (int64_t)2 << 40},
		{"1tb",         1000000000000   },
		{"99999999TiB", -1              },
		{"",            -1              },
		{"MB",          -1              },
		{"-5MB",        -1              },
		{"5M",          -1              },
		{"1.5GB",       -1              },
	};

	(void)state;
	run_table(size_parse, cases, ARRAY_LEN(cases));
}

static void test_duration__for_people(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} cases[] = {
		{-5,        "0s"   },
                {0,         "0s"   },
                {7,         "7ms"  },
                {300,       "0.3s" },
		{999,       "0.9s" },
                {1000,      "1s"   },
                {42900,     "42s"  },
                {60000,     "1m"   },
		{61000,     "1m 1s"},
                {3600000,   "1h"   },
                {3900000,   "1h 5m"},
                {86400000,  "1d"   },
		{180000000, "2d 2h"},
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&b);
		buf_duration(&b, cases[i].ms);
		assert_string_equal(buf_cstr(&b), cases[i].want);
	}
	buf_done(&b);
}

static void test_time__is_utc(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} cases[] = {
		{0,             "1970-01-01T00:00:00Z"     },
		{-1,            "1969-12-31T23:59:59Z"     },
		{1795285733999, "2026-11-21T18:28:53Z"     },
		{INT64_MAX,     "292278994-08-17T07:12:55Z"},
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&b);
		buf_time(&b, cases[i].ms);
		assert_string_equal(buf_cstr(&b), cases[i].want);
	}
	buf_done(&b);
}

static void test_clock__goes_forward_and_knows_the_boot(void **state)
{
	struct moment a = clock_now(), b = clock_now();
	char id[BOOT_ID_SIZE], again[BOOT_ID_SIZE];

	(void)state;
	assert_true(b.mono_ms >= a.mono_ms);
	assert_true(a.wall_ms > 1700000000000);
	clock_boot_id(id);
	clock_boot_id(again);
	assert_string_equal(id, again);
	assert_true(strlen(id) == 36 || strlen(id) == 0);
}

static void test_amount__has_no_exponent(void **state)
{
	static const struct {
		double amount;
		const char *text;
	} cases[] = {
		{0,          "0"        },
                {2.5,        "2.5"      },
                {1000000,    "1000000"  },
                {123456.78,  "123456.78"},
		{0.00000012, "0"        },
                {10,         "10"       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		buf_amount(&b, cases[i].amount);
		assert_string_equal(buf_cstr(&b), cases[i].text);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration__parse),
		cmocka_unit_test(test_size__parse),
		cmocka_unit_test(test_duration__for_people),
		cmocka_unit_test(test_amount__has_no_exponent),
		cmocka_unit_test(test_time__is_utc),
		cmocka_unit_test(test_clock__goes_forward_and_knows_the_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
