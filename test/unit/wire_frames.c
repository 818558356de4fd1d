#include "base/clean.h"
#include "base/mem.h"
#include "unit/test.h"
#include "wire/frames.h"

#include <string.h>

#define MAX 64

/* All messages, each in brackets. */
static char *cut(enum frames_how how, struct str stream, size_t piece)
{
	struct frames f;
	struct buf out = BUF_INIT;
	struct str message;

	frames_init(&f, how, MAX);
	while (stream.n) {
		size_t n = stream.n < piece ? stream.n : piece;

		frames_add(&f, (struct str){stream.p, n});
		while (frames_next(&f, &message)) {
			buf_putc(&out, '[');
			buf_add(&out, message.p, message.n);
			buf_putc(&out, ']');
		}
		stream.p += n;
		stream.n -= n;
	}
	frames_done(&f);
	return buf_take(&out);
}

#define LONG "123456789 123456789 123456789 123456789 123456789 123456789 123456789 "

struct frames_case {
	enum frames_how how;
	struct str stream;
	const char *messages;
};

/* clang-format off: one case a line */
static const struct frames_case cases[] = {
	{FRAMES_LINES,   STR("{1}\n{2}\r\n\n  {3} \nrest"),                                      "[{1}][{2}][{3}]"},
	{FRAMES_LINES,   STR("   no JSON\n{1}\n"),                                               "[no JSON][{1}]" },
	{FRAMES_LINES,   STR(LONG LONG "\n{1}\n" LONG "\n{2}\n"),                                "[{1}][{2}]"     },
	{FRAMES_LENGTHS, STR("Content-Length: 3\r\n\r\n{1}Content-Length: 3\r\n\r\n{2}"),
	 "[{1}][{2}]"											     },
	{FRAMES_LENGTHS, STR("Content-Length: 3\nContent-Type: x\n\n{1}\n"),                     "[{1}]"          },
	{FRAMES_LENGTHS, STR("a warning\nContent-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}"),
	 "[][{}]"												 },
	{FRAMES_LENGTHS,
	 STR("Content-Length: 200\r\n\r\n" LONG LONG
	     "123456789 123456789 123456789 123456789 123456789 123456789 Content-Length: "
	     "2\r\n\r\n{}"),
	 "[{}]"												   },
	{FRAMES_LENGTHS, STR("Content-Length: x\r\n\r\nContent-Length: 2\r\n\r\n{}"),            "[{}]"           },
	{FRAMES_LENGTHS,
	 STR("Content-Length: 999999999999999999999\r\n\r\nContent-Length: 2\r\n\r\n{}"),        "[{}]"           },
};
/* clang-format on */

static void test_frames__are_cut_out_however_they_arrive(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t piece = 1; piece <= 2 * MAX; piece += piece < 16 ? 1 : 13) {
			char *got CLEANUP(freep) = cut(cases[i].how, cases[i].stream, piece);

			if (strcmp(got, cases[i].messages) != 0)
				fail_msg("case %zu in pieces of %zu: %s", i, piece, got);
		}
}

static void test_frames__what_is_put_is_cut_out_again(void **state)
{
	(void)state;
	for (enum frames_how how = FRAMES_LINES; how <= FRAMES_LENGTHS; how++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		frames_put(&b, how, STR("{\"a\":1}"));
		frames_put(&b, how, STR("{}"));
		char *got CLEANUP(freep) = cut(how, buf_str(&b), 5);
		assert_string_equal(got, "[{\"a\":1}][{}]");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames__are_cut_out_however_they_arrive),
		cmocka_unit_test(test_frames__what_is_put_is_cut_out_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
