#include "wire/frames.h"

#include <string.h>
#include <strings.h>

/* A header longer than this is none. */
#define HEADER_MAX 1024
#define LENGTH     "Content-Length:"

void frames_init(struct frames *f, enum frames_how how, size_t max)
{
	*f = (struct frames){.how = how, .max = max};
	f->held.max = 2 * max + HEADER_MAX;
}

void frames_done(struct frames *f)
{
	buf_done(&f->held);
}

/* Bytes that need not be held. */
static void skip_some(struct frames *f, struct str *piece)
{
	const char *end;

	if (f->skip) {
		size_t n = f->skip < piece->n ? f->skip : piece->n;

		f->skip -= n;
		piece->p += n;
		piece->n -= n;
	}
	if (!f->is_skipping)
		return;
	end = piece->n ? memchr(piece->p, '\n', piece->n) : NULL;
	f->is_skipping = !end;
	piece->n = end ? piece->n - (size_t)(end + 1 - piece->p) : 0;
	piece->p = end ? end + 1 : piece->p;
}

static void compact(struct frames *f)
{
	if (!f->at)
		return;
	memmove(f->held.p, f->held.p + f->at, f->held.n - f->at);
	f->held.n -= f->at;
	f->at = 0;
}

void frames_add(struct frames *f, struct str piece)
{
	compact(f);
	skip_some(f, &piece);
	buf_add(&f->held, piece.p, piece.n);
	/* Only pieces longer than a message could fill it; what is cut is found out as garbage. */
	f->held.full = false;
}

static struct str rest_of(const struct frames *f)
{
	return (struct str){f->held.p + f->at, f->held.n - f->at};
}

static bool next_line(struct frames *f, struct str *ret)
{
	for (;;) {
		struct str rest = rest_of(f);
		const char *end = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;

		if (!end && rest.n > f->max) {
			f->at = f->held.n;
			f->is_skipping = true;
		}
		if (!end)
			return false;
		f->at += (size_t)(end + 1 - rest.p);
		*ret = str_trim((struct str){rest.p, (size_t)(end - rest.p)});
		if (ret->n && ret->n <= f->max)
			return true;
	}
}

/* To the next header; what is before it is no message. */
static bool find_header(struct frames *f)
{
	struct str rest = rest_of(f);
	const char *at = rest.n ? memmem(rest.p, rest.n, LENGTH, sizeof(LENGTH) - 1) : NULL;
	size_t keep = sizeof(LENGTH) - 2;

	if (at)
		f->at += (size_t)(at - rest.p);
	else if (rest.n > keep)
		f->at = f->held.n - keep;
	return at;
}

/* The empty line that ends a header; NULL where it is not there yet. *ret_n: with its newlines. */
static const char *header_end(struct str rest, size_t *ret_n)
{
	for (size_t i = 0; i + 1 < rest.n; i++) {
		if (rest.p[i] != '\n')
			continue;
		*ret_n = rest.p[i + 1] == '\n' ? 2 : 3;
		if (*ret_n == 2 ||
		    (rest.p[i + 1] == '\r' && i + 2 < rest.n && rest.p[i + 2] == '\n'))
			return rest.p + i;
	}
	return NULL;
}

static bool length_parse(struct str rest, size_t *ret)
{
	size_t i = sizeof(LENGTH) - 1, n = 0, digits = 0;

	while (i < rest.n && rest.p[i] == ' ')
		i++;
	for (; i < rest.n && rest.p[i] >= '0' && rest.p[i] <= '9' && digits < 12; i++, digits++)
		n = n * 10 + (size_t)(rest.p[i] - '0');
	*ret = n;
	return digits && i < rest.n && (rest.p[i] == '\r' || rest.p[i] == '\n');
}

/* Of a message too long: what is held of it goes now, the rest as it comes. */
static void skip_message(struct frames *f, size_t n)
{
	size_t held = f->held.n - f->at;

	f->skip = n > held ? n - held : 0;
	f->at += n > held ? held : n;
}

static bool next_length(struct frames *f, struct str *ret)
{
	while (find_header(f)) {
		struct str rest = rest_of(f);
		size_t n = 0, n_newlines = 0, head;
		const char *end = header_end(rest, &n_newlines);

		if (!end && rest.n < HEADER_MAX)
			return false;
		if (!end || !length_parse(rest, &n)) {
			f->at += sizeof(LENGTH) - 1;
			continue;
		}
		head = (size_t)(end - rest.p) + n_newlines;
		if (n > f->max) {
			f->at += head;
			skip_message(f, n);
			continue;
		}
		if (rest.n - head < n)
			return false;
		*ret = (struct str){rest.p + head, n};
		f->at += head + n;
		return true;
	}
	return false;
}

bool frames_next(struct frames *f, struct str *ret)
{
	return f->how == FRAMES_LINES ? next_line(f, ret) : next_length(f, ret);
}

void frames_put(struct buf *out, enum frames_how how, struct str message)
{
	if (how == FRAMES_LENGTHS)
		buf_printf(out, LENGTH " %zu\r\n\r\n", message.n);
	buf_add(out, message.p, message.n);
	if (how == FRAMES_LINES)
		buf_putc(out, '\n');
}
