/*
 * What arrives at the socket of a program that is talked to, from whoever may write to it. The input:
 * a byte for the number of bytes that arrive at once, then messages; where a byte in front of them
 * says so, each head is made right, so that what is behind is reached, too.
 */
#include "shim/input.h"

#include "fuzz.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_MAX 8192

/* The heads as they should be, over the bytes that are there. */
static void mend(char *p, size_t n)
{
	uint64_t number = 1;

	for (size_t at = 0; at + sizeof(struct input_head) <= n;) {
		struct input_head h;

		memcpy(&h, p + at, sizeof(h));
		h.magic = INPUT_MAGIC;
		h.size %= 40;
		h.number = number + h.number % 2;
		memcpy(p + at, &h, sizeof(h));
		number = h.number;
		at += sizeof(h) + h.size;
	}
}

/* What a program should get: whole frames, each number once, in order. */
static void expect(struct buf *out, const char *p, size_t n)
{
	uint64_t seen = 0;

	while (n >= sizeof(struct input_head)) {
		struct input_head h;

		memcpy(&h, p, sizeof(h));
		p += sizeof(h);
		n -= sizeof(h);
		if (h.magic != INPUT_MAGIC || h.size > INPUT_FRAME_MAX || !h.number ||
		    h.number > seen + 1 || h.size > n)
			return;
		if (h.number > seen && !h.size)
			return;
		if (h.number > seen)
			buf_add(out, p, h.size);
		seen = h.number > seen ? h.number : seen;
		p += h.size;
		n -= h.size;
	}
}

static void drain(int fd, struct buf *got)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(got, part, (size_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str rest = fuzz_text(data, n < STREAM_MAX ? n : STREAM_MAX);
	size_t piece = fuzz_byte(&rest) + 1;
	bool mended = fuzz_byte(&rest) % 2;
	char *stream CLEANUP(freep) = mem_strndup(rest.p, 0);
	struct buf got CLEANUP(buf_done) = BUF_INIT, wanted CLEANUP(buf_done) = BUF_INIT;
	struct input in = {.listen_fd = -1, .caller_fd = -1, .program_fd = -1};
	int pair[2], pipe_fds[2];

	stream = mem_resize(stream, rest.n + 1, 1);
	memcpy(stream, rest.p, rest.n);
	if (mended)
		mend(stream, rest.n);
	expect(&wanted, stream, rest.n);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC) == 0);
	in.caller_fd = pair[0];
	in.program_fd = pipe_fds[1];
	for (size_t at = 0; at < rest.n; at += piece) {
		size_t part = rest.n - at < piece ? rest.n - at : piece;

		if (send(pair[1], stream + at, part, MSG_NOSIGNAL) != (ssize_t)part)
			break; /* it has hung up */
		input_step(&in);
		drain(pipe_fds[0], &got);
	}
	input_end(&in);
	input_step(&in);
	drain(pipe_fds[0], &got);
	CHECK(!input_is_open(&in));
	CHECK(str_eq(buf_str(&got), buf_str(&wanted)));
	(void)close(pair[1]);
	(void)close(pipe_fds[0]);
	return 0;
}
