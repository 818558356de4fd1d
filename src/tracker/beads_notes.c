#include "base/clean.h"
#include "tracker/beads.h"

#include <string.h>

#define BEGIN "<!-- ganger:begin "
#define END   "<!-- ganger:end "
#define CLOSE " -->"

static const char *find(struct str s, const char *what)
{
	return s.n ? memmem(s.p, s.n, what, strlen(what)) : NULL;
}

static struct str from(struct str s, const char *p)
{
	return (struct str){p, (size_t)(s.p + s.n - p)};
}

/* s begins with BEGIN. */
static bool marked(struct str s, struct beads_piece *ret, const char **ret_end)
{
	struct str after = from(s, s.p + strlen(BEGIN));
	const char *close = find(after, CLOSE);

	if (!close)
		return false;
	ret->marker = (struct str){after.p, (size_t)(close - after.p)};
	char *end CLEANUP(freep) =
		mem_printf("\n" END "%.*s" CLOSE, (int)ret->marker.n, ret->marker.p);
	struct str text = from(s, close + strlen(CLOSE));
	const char *stop = find(text, end);
	if (!stop)
		return false;
	ret->text = str_trim((struct str){text.p, (size_t)(stop - text.p)});
	*ret_end = stop + strlen(end);
	return true;
}

bool beads_notes_next(struct str *rest, struct beads_piece *ret)
{
	const char *end = NULL, *begin = find(*rest, BEGIN);

	memset(ret, 0, sizeof(*ret));
	if (!rest->n)
		return false;
	if (begin == rest->p && marked(*rest, ret, &end)) {
		*rest = from(*rest, end);
		return true;
	}
	/* One that never ends is a person's text. */
	struct str after = begin == rest->p ? from(*rest, begin + 1) : *rest;
	begin = find(after, BEGIN);
	ret->marker = (struct str){NULL, 0};
	ret->text = (struct str){rest->p, begin ? (size_t)(begin - rest->p) : rest->n};
	*rest = begin ? from(*rest, begin) : (struct str){NULL, 0};
	return true;
}

static void put(struct buf *b, const char *marker, const char *text)
{
	struct str rest = str_of(text);
	const char *at;

	if (b->n && b->p[b->n - 1] != '\n')
		buf_putc(b, '\n');
	buf_printf(b, BEGIN "%s" CLOSE "\n", marker);
	/* What looks like our mark must not end the section. */
	while ((at = find(rest, "<!-- ganger:"))) {
		buf_add(b, rest.p, (size_t)(at - rest.p));
		buf_puts(b, "<!-- ganger :");
		rest = from(rest, at + strlen("<!-- ganger:"));
	}
	buf_add(b, rest.p, rest.n);
	buf_printf(b, "\n" END "%s" CLOSE, marker);
}

char *beads_notes_put(const char *notes, const char *marker, const char *text)
{
	struct buf b = BUF_INIT;
	struct str rest = str_of(notes);
	struct beads_piece piece;
	bool done = false;

	while (beads_notes_next(&rest, &piece)) {
		char *name CLEANUP(freep) =
			mem_strndup(piece.marker.p ? piece.marker.p : "", piece.marker.n);
		char *old CLEANUP(freep) = mem_strndup(piece.text.p, piece.text.n);

		if (!piece.marker.p)
			buf_puts(&b, old);
		else if (!streq(name, marker))
			put(&b, name, old);
		else if (!done)
			put(&b, marker, text);
		done = done || streq(name, marker);
	}
	if (!done)
		put(&b, marker, text);
	return buf_take(&b);
}
