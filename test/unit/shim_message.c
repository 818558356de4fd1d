#include "base/clean.h"
#include "base/mem.h"
#include "base/str.h"
#include "shim/message.h"
#include "unit/test.h"

#include <string.h>

#define MESSAGE(length, body) "Content-Length: " length "\r\n\r\n" body

static bool pass(void *ctx, const char *p, size_t n)
{
	buf_add(ctx, p, n);
	return true;
}

static bool refuse(void *ctx, const char *p, size_t n)
{
	(void)ctx, (void)p, (void)n;
	return false;
}

/* What is passed on of a stream that comes in pieces of so many bytes, and then breaks off. */
static void passed_is(const char *stream, size_t piece, const char *wanted)
{
	char *drop[] = {"noise", "other.noise", NULL};
	struct buf got CLEANUP(buf_done) = BUF_INIT;
	struct message m = {.pass = pass, .ctx = &got, .drop = drop};

	for (size_t n = strlen(stream); n;) {
		size_t part = n < piece ? n : piece;

		assert_true(message_take(&m, stream, part));
		stream += part;
		n -= part;
	}
	assert_true(message_break(&m));
	assert_string_equal(buf_cstr(&got), wanted);
}

static void test_message__is_passed_on_whole(void **state)
{
	static const struct {
		const char *stream, *wanted;
	} cases[] = {
		{"",				    ""			      },
		{						 MESSAGE("2",				"{}"),                      MESSAGE("2", "{}")},
		{					    MESSAGE("0",                           "") MESSAGE("2",                  "{}"), MESSAGE("0", "") MESSAGE("2", "{}")},
		{"content-length:2\r\nX: y\r\n\r\n{}",                      "content-length:2\r\nX: y\r\n\r\n{}"                                                },
 /* Those to others are not. */
		{												 MESSAGE("18","{\"method\":\"noise\"}") MESSAGE("2","{}"), MESSAGE("2", "{}")},
		{MESSAGE("19",				"{\"method\":\"noises\"}"),
		 MESSAGE("19", "{\"method\":\"noises\"}")},
 /* What breaks off before it was known what it is, was not said. */
		{																     MESSAGE("2",                          "{}") "Content-Le", MESSAGE("2", "{}")},
		{													      MESSAGE("5",				     "{\"a"),							   ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t piece = 1; piece < 40; piece++)
			passed_is(cases[i].stream, piece, cases[i].wanted);
}

static void test_message__that_breaks_off_is_filled_up(void **state)
{
	struct buf got CLEANUP(buf_done) = BUF_INIT, stream CLEANUP(buf_done) = BUF_INIT;
	struct message m = {.pass = pass, .ctx = &got};

	(void)state;
	buf_puts(&stream, "Content-Length: 10000\r\n\r\n");
	for (int i = 0; i < 200; i++)
		buf_putc(&stream, 'x');
	assert_true(message_take(&m, stream.p, stream.n));
	assert_true(message_break(&m));
	assert_int_equal(got.n, strlen("Content-Length: 10000\r\n\r\n") + 10000);
	assert_true(got.p[got.n - 1] == ' ' && got.p[stream.n - 1] == 'x');
	/* And the next one is understood. */
	buf_reset(&got);
	assert_true(message_take(&m, MESSAGE("2", "{}"), strlen(MESSAGE("2", "{}"))));
	assert_string_equal(buf_cstr(&got), MESSAGE("2", "{}"));
}

static void test_message__under_way_is_dropped(void **state)
{
	const char *stream = MESSAGE("4", "abcd") MESSAGE("2", "{}");

	(void)state;
	for (size_t at = 1; at < strlen(MESSAGE("4", "abcd")); at++) {
		struct buf got CLEANUP(buf_done) = BUF_INIT;
		struct message m = {.pass = pass, .ctx = &got};

		assert_true(message_take(&m, stream, at));
		message_drop(&m);
		assert_true(message_take(&m, stream + at, strlen(stream) - at));
		assert_string_equal(buf_cstr(&got), MESSAGE("2", "{}"));
	}
}

static void test_message__nonsense_is_no_stream(void **state)
{
	static const char *const streams[] = {
		"X: y\r\n\r\n",
		"Content-Length: x\r\n\r\n",
		"Content-Length: -1\r\n\r\n",
		"Content-Length: 9999999999999\r\n\r\n",
		"Content-Length: 300000000\r\n\r\n",
		"\r\n\r\n",
	};
	struct buf got CLEANUP(buf_done) = BUF_INIT;
	char longer[MESSAGE_HEAD_MAX + 1];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct message m = {.pass = pass, .ctx = &got};

		assert_false(message_take(&m, streams[i], strlen(streams[i])));
	}
	struct message m = {.pass = pass, .ctx = &got};
	assert_false(message_take(&m, longer, sizeof(longer)));
	m = (struct message){.pass = refuse};
	assert_false(message_take(&m, MESSAGE("2", "{}"), strlen(MESSAGE("2", "{}"))));
	assert_int_equal(got.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message__is_passed_on_whole),
		cmocka_unit_test(test_message__that_breaks_off_is_filled_up),
		cmocka_unit_test(test_message__under_way_is_dropped),
		cmocka_unit_test(test_message__nonsense_is_no_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
