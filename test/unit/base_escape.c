#include "base/child.h"
#include "base/str.h"
#include "unit/test.h"

#include <string.h>

struct escape_case {
	const char *text, *want;
};

static void run_table(void (*escape)(struct buf *b, const char *s),
		      const struct escape_case *cases,
		      size_t n_cases)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < n_cases; i++) {
		buf_reset(&b);
		escape(&b, cases[i].text);
		assert_string_equal(buf_cstr(&b), cases[i].want);
	}
	buf_done(&b);
}

static const struct escape_case names[] = {
	{"14",             "14"			  },
	{"bd-98c4e1fa.1",  "bd-98c4e1fa.1"               },
	{"a.b.c",          "a.b.c"                       },
	{"A_z-9",          "A_z-9"                       },
	{NULL,             "%"			   },
	{"",	       "%"			   },
	{"%",	      "%25"			 },
	{".",	      "%2E"			 },
	{"..",             "%2E%2E"                      },
	{"...",            "%2E%2E%2E"                   },
	{".git",           "%2Egit"                      },
	{"a.",             "a%2E"			},
	{"a..b",           "a.%2Eb"                      },
	{"a...b",          "a.%2E%2Eb"                   },
	{"a.lock",         "a%2Elock"                    },
	{".lock",          "%2Elock"                     },
	{"a.lock.b",       "a.lock.b"                    },
	{"a.locks",        "a.locks"                     },
	{"x.lock.lock",    "x.lock%2Elock"               },
	{"owner/repo#12",  "owner%2Frepo%2312"           },
	{"a b",            "a%20b"		       },
	{"a~^:?*[\\@{",    "a%7E%5E%3A%3F%2A%5B%5C%40%7B"},
	{"\xc3\xa4\x7f\n", "%C3%A4%7F%0A"                },
};

static void test_name__is_a_component_of_files_and_refs(void **state)
{
	(void)state;
	run_table(buf_name, names, ARRAY_LEN(names));
}

static void test_name__says_what_it_was_made_of(void **state)
{
	static const char *const none[] = {"",   "a/b", "a b", "%2e",  "%41", "a%",
					   "%2", "%%",  "%00", "a..b", "%G0"};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_reset(&b);
		assert_true(buf_unname(&b, str_of(names[i].want)));
		assert_string_equal(buf_cstr(&b), names[i].text ? names[i].text : "");
	}
	buf_reset(&b);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(buf_unname(&b, str_of(none[i])));
	assert_int_equal(b.n, 0);
	buf_done(&b);
}

/* Git itself is asked, and no two of the texts may meet in one name. */
static void test_name__git_takes_each_and_none_meet(void **state)
{
	struct buf ref = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *argv[] = {"git", "check-ref-format", NULL, NULL};
		struct child_spec spec = {.argv = argv, .timeout_ms = 20000};
		struct child_result r;

		buf_reset(&ref);
		buf_puts(&ref, "refs/ganger/");
		buf_name(&ref, names[i].text);
		argv[2] = buf_cstr(&ref);
		assert_int_equal(child_ok(&spec, &r, &e), 0);
		child_result_done(&r);
		for (size_t k = 2; k < i; k++) {
			if (names[i].text && *names[i].text)
				assert_false(streq(names[i].want, names[k].want) && names[k].text &&
					     *names[k].text);
		}
	}
	buf_done(&ref);
}

static const struct escape_case words[] = {
	{"git",              "git"               },
	{"/usr/bin/x-1.2,3", "/usr/bin/x-1.2,3"  },
	{"--key=value",      "--key=value"       },
	{"CC=gcc",           "'CC=gcc'"          },
	{"",		 "''"                },
	{NULL,	       "''"                },
	{"a b",              "'a b'"             },
	{"it's",             "'it'\\''s'"        },
	{"$(rm -rf x)",      "'$(rm -rf x)'"     },
	{"~",		"'~'"               },
	{"a\nb",             "'a\nb'"            },
	{"`x`;&|<>*?[]#!\\", "'`x`;&|<>*?[]#!\\'"},
	{"\xc3\xa4",         "'\xc3\xa4'"        },
};

static void test_shell__quotes_only_where_needed(void **state)
{
	(void)state;
	run_table(buf_shell, words, ARRAY_LEN(words));
}

/* The shell itself is asked: it must give back the very text. */
static void test_shell__sh_reads_back_the_text(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct buf script = BUF_INIT;
		const char *argv[] = {"sh", "-c", NULL, NULL};
		struct child_spec spec = {.argv = argv, .timeout_ms = 20000};
		struct child_result r;

		buf_puts(&script, "printf %s ");
		buf_shell(&script, words[i].text);
		argv[2] = buf_cstr(&script);
		assert_int_equal(child_ok(&spec, &r, &e), 0);
		assert_string_equal(buf_cstr(&r.out), words[i].text ? words[i].text : "");
		child_result_done(&r);
		buf_done(&script);
	}
}

static void line_of(struct buf *b, const char *s)
{
	buf_line(b, str_of(s));
}

static void test_line__no_control_byte_is_left(void **state)
{
	static const struct escape_case lines[] = {
		{"plain \xc3\xa4 \xf0\x9f\x98\x80", "plain \xc3\xa4 \xf0\x9f\x98\x80"},
		{"a\nb\tc\rd",                      "a\\x0ab\\x09c\\x0dd"            },
		{"\x1b[31mred",                     "\\x1b[31mred"                   },
		{"\x7f",			    "\\x7f"                          },
		{"\xc2\x9b"
		 "31m",            "\\xc2\\x9b31m"                  },
		{"\xc2\xa0",                        "\xc2\xa0"                       },
		{"cut \xe2\x82",                    "cut \\xe2\\x82"                 },
		{"\xff\xfe",                        "\\xff\\xfe"                     },
	};
	struct buf b = BUF_INIT;

	(void)state;
	run_table(line_of, lines, ARRAY_LEN(lines));
	buf_line(&b, (struct str){"a\0b", 3});
	assert_string_equal(buf_cstr(&b), "a\\x00b");
	buf_done(&b);
}

static void test_mute__calls_nobody(void **state)
{
#define Z "\xe2\x80\x8b"
	static const struct {
		const char *text, *others, *all;
	} cases[] = {
		{"plain",           "plain",                 "plain"                },
		{"by @you",         "by @" Z "you",          "by @" Z "you"         },
		{"fixes #12",       "fixes #12",             "fixes #" Z "12"       },
		{"o/r#12, r#1",     "o/r#" Z "12, r#" Z "1", "o/r#" Z "12, r#" Z "1"},
		{"closes GH-7 G-1", "closes GH-7 G-1",       "closes GH-" Z "7 G-1" },
		{"<!-- x -->",      "<" Z "!-- x -->",       "<" Z "!-- x -->"      },
		{"//github.com/o",  "//" Z "github.com/o",   "//" Z "github.com/o"  },
		{"h/o/r/pull/1",    "h/o/r/pull/" Z "1",     "h/o/r/pull/" Z "1"    },
		{"C# #a @ 1 - <b>", "C# #a @ 1 - <b>",       "C# #a @ 1 - <b>"      },
		{"\xff@",           "\xef\xbf\xbd@",         "\xef\xbf\xbd@"        },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf others = BUF_INIT, all = BUF_INIT;

		assert_true(buf_mute(&others, str_of(cases[i].text), MUTE_OTHERS, 100));
		assert_true(buf_mute(&all, str_of(cases[i].text), MUTE_ALL, 100));
		assert_string_equal(buf_cstr(&others), cases[i].others);
		assert_string_equal(buf_cstr(&all), cases[i].all);
		buf_reset(&all);
		assert_false(buf_mute(&all,
				      STR("12345\xc3\xa4"
					  "6"),
				      MUTE_ALL, 6));
		assert_string_equal(buf_cstr(&all), "12345\xc3\xa4");
		buf_done(&others);
		buf_done(&all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name__is_a_component_of_files_and_refs),
		cmocka_unit_test(test_name__says_what_it_was_made_of),
		cmocka_unit_test(test_name__git_takes_each_and_none_meet),
		cmocka_unit_test(test_shell__quotes_only_where_needed),
		cmocka_unit_test(test_shell__sh_reads_back_the_text),
		cmocka_unit_test(test_line__no_control_byte_is_left),
		cmocka_unit_test(test_mute__calls_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
