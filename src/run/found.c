#include "run/found.h"

bool found_next(struct str *rest, struct found_line *ret)
{
	struct str line;
	while (str_next(rest, '\n', &line)) {
		if (str_next(&line, '\t', &ret->id) && str_next(&line, '\t', &ret->from)) {
			ret->title = line;
			return true;
		}
	}
	return false;
}

bool found_has(const char *found, const char *id)
{
	struct str rest = str_of(found);
	struct found_line f;
	while (found_next(&rest, &f)) {
		if (str_eq(f.id, str_of(id)))
			return true;
	}
	return false;
}

static void add_word(struct buf *b, const char *text, char end)
{
	for (; *text; text++)
		buf_putc(b, *text == '\t' || *text == '\n' ? ' ' : *text);
	buf_putc(b, end);
}

void found_add(struct buf *b, const struct issue_found *f)
{
	add_word(b, f->id, '\t');
	add_word(b, f->from, '\t');
	add_word(b, f->title, '\n');
}
