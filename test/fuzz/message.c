/*
 * What a server of many sessions says, on its way into a log. The input: a byte for the number of bytes
 * that arrive at once, then the stream, which breaks off with it.
 */
#include "shim/message.h"

#include "fuzz.h"

#define STREAM_MAX 8192
#define LEFT_MAX   (64u << 10) /* more spaces show nothing new */

static bool pass(void *ctx, const char *p, size_t n)
{
	buf_add(ctx, p, n);
	return true;
}

static bool run(struct message *m, struct str stream, size_t piece)
{
	bool ok = true;

	for (size_t at = 0; ok && at < stream.n; at += piece)
		ok = message_take(m, stream.p + at, stream.n - at < piece ? stream.n - at : piece);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str stream = fuzz_text(data, n < STREAM_MAX ? n : STREAM_MAX);
	size_t piece = fuzz_byte(&stream) + 1;
	char *drop[] = {"noise", NULL};
	struct buf whole CLEANUP(buf_done) = BUF_INIT, parts CLEANUP(buf_done) = BUF_INIT,
			 again CLEANUP(buf_done) = BUF_INIT;
	struct message a = {.pass = pass, .ctx = &whole, .drop = drop}, b = a, c = a;

	b.ctx = &parts;
	c.ctx = &again;
	/* However it comes, the same is passed on. */
	bool ok = run(&a, stream, STREAM_MAX);
	CHECK(run(&b, stream, piece) == ok);
	if (!ok || a.left > LEFT_MAX)
		return 0;
	CHECK(message_break(&a) && message_break(&b));
	CHECK(str_eq(buf_str(&whole), buf_str(&parts)));
	/* And that is whole messages, none of which is dropped. */
	CHECK(run(&c, buf_str(&whole), STREAM_MAX) && !c.n_held);
	CHECK(str_eq(buf_str(&whole), buf_str(&again)));
	return 0;
}
