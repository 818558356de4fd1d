#include "agent/reset.h"
#include "base/check.h"
#include "base/str.h"
#include "unit/test.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Saturday 2026-11-21 18:28:53 UTC. */
#define NOW      INT64_C(1795285733)
#define IN(s)    (NOW + (s))
#define HOURS    INT64_C(3600)
#define DAYS     (24 * HOURS)
/* Midnight UTC of that day. */
#define TODAY    INT64_C(1795219200)
#define AT(h, m) (TODAY + (h)*HOURS + (m)*60)

struct find_case {
	const char *text;
	int64_t at; /* seconds since the epoch; 0: none */
};

static void use_zone(const char *tz)
{
	assert_int_equal(setenv("TZ", tz, 1), 0);
	tzset();
}

static void check_cases(const struct find_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t got = reset_find(str_of(cases[i].text), NOW * 1000);

		if (got != cases[i].at * 1000)
			fail_msg("'%s': %lld, not %lld", cases[i].text, (long long)(got / 1000),
				 (long long)cases[i].at);
	}
}

static void test_reset__reads_times_of_day(void **state)
{
	static const struct find_case cases[] = {
		{"session limit · resets 10:20pm",               AT(22, 20)     },
		{"session limit reached \xe2\x88\x99 resets 3am", AT(27, 0)      },
		{"resets at 14:05",                               AT(38, 5)      },
		{"resets at 23:59:30",                            AT(23, 59) + 30},
		{"Resets 7 PM",				   AT(19, 0)      },
		{"resets 12am",				   AT(24, 0)      },
		{"resets 12pm",				   AT(36, 0)      },
		{"RESETS AT 9 p.m. today",                        AT(21, 0)      },
		{"Your limit will reset at 7pm (UTC).",           AT(19, 0)      },
		{"try again at 7:30 PM.",                         AT(19, 30)     },
		{"available again at 19:00 UTC",                  AT(19, 0)      },
		{"paused until 19:00",                            AT(19, 0)      },
		{"\"message\":\"limit; resets 10:20pm\"}",        AT(22, 20)     },
	};

	(void)state;
	use_zone("UTC");
	check_cases(cases, ARRAY_LEN(cases));
}

static void test_reset__takes_a_time_just_reached_as_over(void **state)
{
	static const struct find_case cases[] = {
		{"resets 6:28pm", IN(60)},
		{               "resets 6:20pm",         IN(60)      },
		{ "resets 6:10pm",            AT(24 + 18,                  10)},
	};

	(void)state;
	use_zone("UTC");
	check_cases(cases, ARRAY_LEN(cases));
}

static void test_reset__reads_lengths_of_time(void **state)
{
	static const struct find_case cases[] = {
		{"try again in 5 minutes",                                  IN(300)            },
		{"Try again in 2 hours.",                                   IN(2 * HOURS)      },
		{"try again in 30s",					IN(30)             },
		{"try again in 1 hour 12 minutes",                          IN(HOURS + 720)    },
		{"try again in 1h30m",                                      IN(HOURS + 1800)   },
		{"try again in an hour",                                    IN(HOURS)          },
		{"Please try again in 6.5s.",                               IN(7)              },
		{"try again in 900ms",                                      IN(1)              },
		{"retry after 120 seconds",                                 IN(120)            },
		{"retry-after: 120",					IN(120)            },
		{"Retry-After: 0",					  IN(1)              },
		{"\"retry_after\": 17,",                                    IN(17)             },
		{"\"resets_in_seconds\":3600",                              IN(3600)           },
		{"resets in 4h 10m",					IN(4 * HOURS + 600)},
		{"rate limit reset after 2 hours, 5 minutes and 3 seconds", IN(2 * HOURS + 303)},
		{"try again in 3 days 4 hours",                             IN(DAYS)           }, /* capped */
		{"x-ratelimit-reset: 6m0s",                                 IN(360)            },
	};

	(void)state;
	use_zone("UTC");
	check_cases(cases, ARRAY_LEN(cases));
}

static void test_reset__reads_dates_and_instants(void **state)
{
	static const struct find_case cases[] = {
		{"resets Nov 22, 9am",               AT(24 + 9,                    0)},
		{"weekly limit · resets Nov 26 at 9:30am",                                  AT(5 * 24 + 9,                      30)},
		{"try again at Nov 22nd, 2026 9:05 AM.",                               AT(24 + 9,                                      5)},
		{"resets on 22 November 2026 14:05",AT(24 + 14,5)},
		{"resets Dec 1", TODAY + 10 * DAYS                        },
		{"resets Monday 9am",                                  AT(48 + 9,						 0)},
		{"resets Sat 9am",                                  TODAY + 7 * DAYS + 9 * HOURS                   },
		{"resets tomorrow at 09:00",                                AT(24 + 9,            0)},
		{"until 2026-11-22T09:00:00Z",AT(24 + 9,0)},
		{"until 2026-11-22 09:00",AT(24 + 9,         0)},
		{"reset at 2026-11-22T09:00:00.250+02:00",       AT(24 + 7,                                                      0)},
		{"Claude AI usage limit reached|1795290000",                                  1795290000                                      },
		{"{\"status\":\"rejected\",\"resetsAt\":1795290000}",                                1795290000                                                   },
		{"resets_at: 1795290000000",                   1795290000},
	};

	(void)state;
	use_zone("UTC");
	check_cases(cases, ARRAY_LEN(cases));
}

static void test_reset__names_none_where_there_is_none(void **state)
{
	static const struct find_case cases[] = {
		{"",				       0},
		{"usage limit reached",                    0},
		{"resets",				 0},
		{"resets soon",                            0},
		{"resets 3",			       0},
		{"resets 25:00",                           0},
		{"resets 13pm",                            0},
		{"resets 10:75",                           0},
		{"try again in a moment",                  0},
		{"try again later, took 30 s",             0},
		{"presets 10:20pm",                        0},
		{"total retry wait time: 5.50 seconds",    0},
		{"reached|3",			      0},
		{"until 2026-11-20T09:00:00Z",             0}, /* past */
		{"reached|1795200000",                     0}, /* past */
		{"resets_at: 1995290000",                  0}, /* years ahead */
		{"resets Jan 30, 9am",                     0}, /* months ahead */
		{"resets Nov 20, 9am",                     0}, /* past: a year ahead */
		{"retry after 99999999999999999999999999", 0},
		{"resets\n10:20pm",                        0},
	};

	(void)state;
	use_zone("UTC");
	check_cases(cases, ARRAY_LEN(cases));
}

static void test_reset__takes_the_first_that_can_be(void **state)
{
	static const struct find_case cases[] = {
		{"resets soon, try again in 5 minutes", IN(300)},
		{ "5-hour limit resets 7pm, weekly limit resets Nov 25",                                AT(19,      0)},
	};

	(void)state;
	use_zone("UTC");
	check_cases(cases, ARRAY_LEN(cases));
}

static void test_reset__uses_the_zone_it_names(void **state)
{
	/* 18:28 UTC is 19:28 in Berlin, 13:28 in New York, 03:28 of the next day in Tokyo. */
	static const struct find_case cases[] = {
		{"resets 3am",                      AT(26, 0)},
		{"resets 3am (Europe/Berlin)",      AT(26, 0)},
		{"resets 3pm (America/New_York)",   AT(20, 0)},
		{"resets 4am (Asia/Tokyo)",         AT(19, 0)},
		{"resets Nov 22, 9am (Asia/Tokyo)", AT(24, 0)},
		{"resets 11pm (UTC)",               AT(23, 0)},
		{"resets 11pm (No/Where)",          AT(22, 0)},
		{"resets 11pm (../../etc/passwd)",  AT(22, 0)},
	};

	(void)state;
	if (access("/usr/share/zoneinfo/Asia/Tokyo", R_OK) != 0)
		skip();
	use_zone("Europe/Berlin");
	check_cases(cases, ARRAY_LEN(cases));
	use_zone("UTC");
}

/* Berlin's clocks went forward at 2026-03-29 01:00 UTC: that night has one hour less. */
static void test_reset__counts_the_hour_that_a_night_lacks(void **state)
{
	const int64_t evening = INT64_C(1774731600); /* 2026-03-28 21:00 UTC, 22:00 there */
	const char *texts[] = {"resets 3am (Europe/Berlin)", "resets 3am"};

	(void)state;
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		use_zone(i == 0 ? "UTC" : "Europe/Berlin");
		assert_int_equal(reset_find(str_of(texts[i]), evening * 1000),
				 (evening + 4 * HOURS) * 1000);
	}
	use_zone("UTC");
}

static void test_reset__parses_a_moment_alone(void **state)
{
	static const struct find_case cases[] = {
		{"2026-11-22T09:00:00Z", AT(24 + 9, 0)},
		{"14:05",                      AT(38,                         5)},
		{"1795290000",                    1795290000    },
		{"in 5 minutes",IN(300)},
		{"15m",                       IN(900)				  },
		{"whenever",0},
		{"",			     0								      },
	};

	(void)state;
	use_zone("UTC");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(reset_parse(str_of(cases[i].text), NOW * 1000),
				 cases[i].at * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset__reads_times_of_day),
		cmocka_unit_test(test_reset__takes_a_time_just_reached_as_over),
		cmocka_unit_test(test_reset__reads_lengths_of_time),
		cmocka_unit_test(test_reset__reads_dates_and_instants),
		cmocka_unit_test(test_reset__names_none_where_there_is_none),
		cmocka_unit_test(test_reset__takes_the_first_that_can_be),
		cmocka_unit_test(test_reset__uses_the_zone_it_names),
		cmocka_unit_test(test_reset__counts_the_hour_that_a_night_lacks),
		cmocka_unit_test(test_reset__parses_a_moment_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
