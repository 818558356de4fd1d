#include "base/clean.h"
#include "unit/test.h"
#include "wire/github_text.h"

#include <inttypes.h>
#include <string.h>

static void assert_refs(void (*find)(struct str, const char *, struct github_refs *),
			const char *text,
			const char *want)
{
	struct github_refs r CLEANUP(github_refs_done) = {0};
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	find(str_of(text), "github.com", &r);
	for (size_t i = 0; i < r.list.n; i++)
		buf_printf(&b, "%s%s#%" PRId64, i ? " " : "",
			   r.list.items[i].repository ? r.list.items[i].repository : "",
			   r.list.items[i].number);
	assert_string_equal(buf_cstr(&b), want);
}

static void test_text__task_lists(void **state)
{
	static const char *const cases[][2] = {
		{"- [ ] #12\n* [x] #3 done\n+ [X] o/r#4",                    "#12 #3 o/r#4"},
		{"  - [ ] https://github.com/a/b/issues/9 words",            "a/b#9"       },
		{"- [ ] https://github.com/a/b/pull/9",                      ""            },
		{"- [ ] https://github.example/a/b/issues/9",                ""            },
		{"- #12\n[ ] #13\n-[ ] #14\n- [] #15\n- [ ] words #16",      ""            },
		{"```\n- [ ] #1\n```\n- [ ] #2\n~~~\n- [ ] #3\n```\n~~~",    "#2"          },
		{"> - [ ] #1",					       ""            },
		{"- [ ] #0\n- [ ] #-1\n- [ ] #1a\n- [ ] #99999999999999999", ""            },
		{"- [ ] #1\r\n- [ ] #2\r\n",                                 "#1 #2"       },
		{"",							 ""            },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refs(github_task_list, cases[i][0], cases[i][1]);
}

static void test_text__what_it_depends_on(void **state)
{
	static const char *const cases[][2] = {
		{"Depends on #12.",				    "#12"        },
		{"depends on: #1, #2 and o/r#3, not #4",               "#1 #2 o/r#3"},
		{"**Blocked by** #7",                                  "#7"         },
		{"this is blocked by https://github.com/a/b/issues/9", "a/b#9"      },
		{"depends on the weather, see #3",                     ""           },
		{"undepends on #3",				    ""           },
		{"> depends on #3",				    ""           },
		{"```\ndepends on #3\n```",                            ""           },
		{"depends on #1\ndepends on #2",                       "#1 #2"      },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refs(github_depends_on, cases[i][0], cases[i][1]);
}

static void test_text__copied_text_calls_nobody(void **state)
{
#define Z "\xe2\x80\x8b"
	static const char *const cases[][2] = {
		{"@you and a@b.example",             "@" Z "you and a@" Z "b.example"       },
		{"o/r#12 but #12",                   "o/r#" Z "12 but #12"                  },
		{"https://github.com/o/r",           "https://" Z "github.com/o/r"          },
		{"<!-- ganger:x -->",                "<" Z "!-- ganger:x -->"               },
		{"https://ghe.example/o/r/issues/1", "https://ghe.example/o/r/issues/" Z "1"},
		{"\xff@",			    "\xef\xbf\xbd@"                        },
		{"plain\ntext",                      "plain\ntext"                          },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		buf_github_copied(&b, str_of(cases[i][0]));
		assert_string_equal(buf_cstr(&b), cases[i][1]);
	}
}

static void test_text__copied_text_has_a_size(void **state)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	char *text CLEANUP(freep) = mem_alloc(2 * GITHUB_BODY_MAX);

	(void)state;
	memset(text, 'x', 2 * GITHUB_BODY_MAX - 1);
	buf_github_copied(&b, str_of(text));
	assert_true(b.n < GITHUB_BODY_MAX + 100);
	assert_true(str_ends(buf_str(&b), "(the rest was left out)"));
}

static void test_text__a_marker_is_the_last_line(void **state)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	(void)state;
	buf_puts(&b, "words");
	buf_github_marker(&b, "ganger:outcome");
	assert_true(github_has_marker(buf_str(&b), "ganger:outcome"));
	assert_false(github_has_marker(buf_str(&b), "ganger:out"));
	assert_false(github_has_marker(STR("> x\n> <!-- ganger:outcome -->"), "ganger:outcome"));
	buf_puts(&b, "\nmore");
	assert_false(github_has_marker(buf_str(&b), "ganger:outcome"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text__task_lists),
		cmocka_unit_test(test_text__what_it_depends_on),
		cmocka_unit_test(test_text__copied_text_calls_nobody),
		cmocka_unit_test(test_text__copied_text_has_a_size),
		cmocka_unit_test(test_text__a_marker_is_the_last_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
