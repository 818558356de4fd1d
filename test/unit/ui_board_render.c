#include "base/clean.h"
#include "ui/board/text.h"
#include "unit/ui_board_fixture.h"

#include <string.h>

static const struct board_style plain = {.utf8 = true};
static const struct board_style ascii = {0};
static const struct board_style coloured = {.utf8 = true, .colour = true};

static void expect(const struct board_view *v,
		   struct board_size size,
		   const struct board_style *style,
		   const char *want)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	board_render(v, size, style, &b);
	assert_string_equal(buf_cstr(&b), want);
}

static void test_board__a_usual_terminal(void **state)
{
	struct board_view v = sample();

	(void)state;
	expect(&v, (struct board_size){23, 79}, &plain,
	       "3  Read and write every date format                                      12m 4s\n"
	       "██████████████████████▒▒▒▒▒▒▒▒▒▒▒×××░░░░░░░░░░░░░░░░░░░░░░░░░░░░  14 of 40 done\n"
	       "1 failed · 4 working · 3 in queue · 5 ready · 12 blocked · 1 skipped …\n"
	       "untested: no queue.check\n"
	       "paused: codex: usage limit until 14:05\n"
	       "\n"
	       "working\n"
	       " 14  working        claude    2m 4s  Make the parser…  PASS tests/dates (12 of…\n"
	       " 19  working (2)    codex       41s  Export to CSV     wrote src/csv.c\n"
	       " 21  set-up         claude       3s  日本語の見出し…   98% npm ci\n"
	       " 7   resolving (3)  claude           Do not crash on an empty file\n"
	       "\n"
	       "queue\n"
	       " 12  gating  #12  Read the time zone\n"
	       " 9   queued  #13  Count lines, not newlines\n"
	       " 30  queued       Say which line is wrong\n"
	       "\n"
	       "lately\n"
	       " 12:01:07  8 landed\n"
	       " 12:03:44  5 failed: no changes\n"
	       " 12:04:10  11 landed\n");
}

static void test_board__a_narrow_one(void **state)
{
	struct board_view v = sample();

	(void)state;
	expect(&v, (struct board_size){11, 39}, &plain,
	       "3  Read and write every date f…  12m 4s\n"
	       "████████▒▒▒▒×░░░░░░░░░░░  14 of 40 done\n"
	       "1 failed · 4 working · 3 in queue …\n"
	       "untested: no queue.check\n"
	       "paused: codex: usage limit until 14:05\n"
	       " 14    2m 4s  Make the parser read the…\n"
	       " 19      41s  Export to CSV\n"
	       " 21       3s  日本語の見出しを正しく数…\n"
	       " 7            Do not crash on an empty…\n"
	       " 12  gating  #12  Read the time zone\n"
	       " 12:04:10  11 landed\n");
}

static void test_board__a_low_one_says_what_it_leaves_out(void **state)
{
	struct board_view v = sample();

	(void)state;
	v.paused = NULL;
	v.n_messages = 0;
	expect(&v, (struct board_size){8, 60}, &plain,
	       "3  Read and write every date format                   12m 4s\n"
	       "███████████████▒▒▒▒▒▒▒××░░░░░░░░░░░░░░░░░░░░░  14 of 40 done\n"
	       "1 failed · 4 working · 3 in queue · 5 ready · 12 blocked …\n"
	       "untested: no queue.check\n"
	       " 14  working      claude    2m 4s  Make the parser read the…\n"
	       " 19  working (2)  codex       41s  Export to CSV\n"
	       " and 2 more\n"
	       " 12  gating  #12  Read the time zone\n");
}

static void test_board__almost_no_room(void **state)
{
	struct board_view v = sample();

	(void)state;
	expect(&v, (struct board_size){2, 30}, &plain,
	       "█████▒▒×░░░░░░░  14 of 40 done\n"
	       "1 failed · 4 working …\n");
	expect(&v, (struct board_size){1, 60}, &plain,
	       "14 of 40 done · 1 failed · 4 working · 12m 4s\n");
	expect(&v, (struct board_size){1, 9}, &plain, "14 of 40…\n");
	expect(&v, (struct board_size){1, 1}, &plain, "…\n");
	expect(&v, (struct board_size){0, 80}, &plain, "");
	expect(&v, (struct board_size){24, 0}, &plain, "");
}

static void test_board__nothing_but_ascii(void **state)
{
	struct board_view v = sample();

	(void)state;
	v.n_queue = v.n_messages = 0;
	expect(&v, (struct board_size){9, 60}, &ascii,
	       "3  Read and write every date format                   12m 4s\n"
	       "###############=======xx.....................  14 of 40 done\n"
	       "1 failed, 4 working, 3 in queue, 5 ready, 12 blocked ...\n"
	       "untested: no queue.check\n"
	       "paused: codex: usage limit until 14:05\n"
	       " 14  working        claude    2m 4s  Make the parser read...\n"
	       " 19  working (2)    codex       41s  Export to CSV\n"
	       " 21  set-up         claude       3s  \\xe6\\x97\\xa5\\xe6\\x9c...\n"
	       " 7   resolving (3)  claude           Do not crash on an e...\n");
}

static void test_board__colour_is_of_words_and_ends_with_them(void **state)
{
	const struct board_task task = {
		.id = "a", .title = "t", .state = "hung", .tone = BOARD_BAD};
	struct board_view v = {
		.epic = "e", .totals = {.total = 4, .failed = 1}
        };

	(void)state;
	v.tasks = &task;
	v.n_tasks = 1;
	expect(&v, (struct board_size){4, 40}, &coloured,
	       "\033[1me\033[0m                                     \033[2m0s\033[0m\n"
	       "\033[31m××××××\033[0m\033[2m░░░░░░░░░░░░░░░░░░░░░\033[0m  0 of 4 done\n"
	       "\033[31m1 failed\033[0m\n"
	       " \033[1ma\033[0m  \033[31mhung\033[0m       \033[2m0s\033[0m  t\n");
}

static void test_board__an_epic_that_has_nothing_yet(void **state)
{
	const struct board_view v = {.epic = "3"};

	(void)state;
	expect(&v, (struct board_size){23, 30}, &plain,
	       "3                           0s\n"
	       "░░░░░░░░░░░░░░░░░  0 of 0 done\n"
	       "nothing under way\n");
}

/* Whatever the size: never more lines, never wider ones, and every one ended. */
static void test_board__keeps_to_every_size(void **state)
{
	struct board_view v = sample();
	struct text_locale l = text_wide();

	(void)state;
	for (int rows = 1; rows < 30; rows++) {
		for (int cols = 1; cols < 130; cols++) {
			struct buf b CLEANUP(buf_done) = BUF_INIT;
			struct str rest, line;
			int n = 0;

			board_render(&v, (struct board_size){rows, cols}, &plain, &b);
			rest = buf_str(&b);
			assert_int_equal(rest.p[rest.n - 1], '\n');
			for (; str_next(&rest, '\n', &line); n++)
				if (text_cols(line, true) > cols)
					fail_msg("%d x %d: '%.*s'", rows, cols, (int)line.n,
						 line.p);
			assert_true(n > 0 && n <= rows);
		}
	}
	text_narrow(l);
}

static void test_text__what_is_not_text_is_escaped(void **state)
{
	static const struct {
		const char *in, *out;
		int cols;
	} cases[] = {
		{"plain",                    "plain",             5 },
		{"a\tb",                     "a b",               3 },
		{"\033[2J",                  "\\x1b[2J",          7 },
		{"a\x7f\n",                  "a\\x7f\\x0a",       9 },
		{"\xff\xc3",                 "\\xff\\xc3",        8 },
		{"\xc2\x9b",                 "\\xc2\\x9b",        8 }, /* a control character of 8 bits */
		{"e\xcc\x81",                "e\xcc\x81",         1 }, /* combining */
		{"日本",                   "日本",            4 },
		{"\xe2\x80\xaeon",           "\\xe2\\x80\\xaeon", 14}, /* turns the line around */
		{"\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4",      1 }, /* of a width that differs */
	};
	struct text_locale l = text_wide();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		assert_int_equal(text_cut(&b, str_of(cases[i].in), 100, true), cases[i].cols);
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
	text_narrow(l);
}

static void test_text__a_wide_one_is_not_halved(void **state)
{
	struct text_locale l = text_wide();
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	(void)state;
	assert_int_equal(text_cut(&b, STR("日本語"), 4, true), 3);
	assert_string_equal(buf_cstr(&b), "日…");
	text_narrow(l);
}

static void test_text__goes_on_in_lines_that_break_at_spaces(void **state)
{
	static const struct {
		const char *in, *out;
		int cols;
	} cases[] = {
		{"it waits for all of it", "it waits|for all of|it", 10},
		{"it fits",                "it fits",                7 },
		{"a word/of/a/path b",     "a|word/of|/a/path|b",    7 },
		{"日本語 x",            "日本|語 x",           4 },
		{"日本",                 "日|本",                1 }, /* it cannot be less */
		{"",		       "",                       5 },
	};
	struct text_locale l = text_wide();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;
		struct str rest = str_of(cases[i].in);

		while (rest.n) {
			struct str piece = text_next(&rest, cases[i].cols, true);

			buf_add(&b, piece.p, piece.n);
			buf_puts(&b, rest.n ? "|" : "");
		}
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
	text_narrow(l);
}

static void test_text__of_a_log_line_what_is_seen(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"10%\r50%\r90%",                          "90%"    },
		{"\033[1;32mok\033[0m done",               "ok done"},
		{"\033]0;title\ab\033]8;;http://x\033\\c", "bc"     },
		{"cut\033[3",			      "cut"    },
		{"\033",				   ""       },
		{"\033(Bx",				"Bx"     },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		text_plain(&b, str_of(cases[i].in));
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_board__a_usual_terminal),
		cmocka_unit_test(test_board__a_narrow_one),
		cmocka_unit_test(test_board__a_low_one_says_what_it_leaves_out),
		cmocka_unit_test(test_board__almost_no_room),
		cmocka_unit_test(test_board__nothing_but_ascii),
		cmocka_unit_test(test_board__colour_is_of_words_and_ends_with_them),
		cmocka_unit_test(test_board__an_epic_that_has_nothing_yet),
		cmocka_unit_test(test_board__keeps_to_every_size),
		cmocka_unit_test(test_text__what_is_not_text_is_escaped),
		cmocka_unit_test(test_text__a_wide_one_is_not_halved),
		cmocka_unit_test(test_text__goes_on_in_lines_that_break_at_spaces),
		cmocka_unit_test(test_text__of_a_log_line_what_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
