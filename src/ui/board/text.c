#include "ui/board/text.h"

#include "base/utf8.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* One character, or one byte that cannot be shown, as it goes to the terminal. */
struct glyph {
	char text[8];
	size_t n;
	int cols;
};

struct text_locale text_wide(void)
{
	struct text_locale l = {.wide = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};

	if (l.wide)
		l.before = uselocale(l.wide);
	return l;
}

void text_narrow(struct text_locale l)
{
	if (!l.wide)
		return;
	(void)uselocale(l.before);
	freelocale(l.wide);
}

static uint32_t decode(const unsigned char *p, size_t n)
{
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* They change the order of what stands beside them, and so what a person believes to read. */
static bool reorders(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
	       c == 0x200f || c == 0x061c;
}

/* Asks for a wider picture; terminals differ in whether they follow, so it is left out. */
#define VARIANT_PICTURE 0xfe0f

static int cols_of(uint32_t c)
{
	return c == VARIANT_PICTURE ? 0 : wcwidth((wchar_t)c);
}

static void escape_byte(struct glyph *g, unsigned char c)
{
	g->cols = snprintf(g->text, sizeof(g->text), "\\x%02x", c);
	g->n = (size_t)g->cols;
}

static bool next_glyph(struct str *rest, bool utf8, struct glyph *g)
{
	size_t n;
	uint32_t c;

	if (!rest->n)
		return false;
	n = utf8_length(rest->p, rest->n);
	c = n ? decode((const unsigned char *)rest->p, n) : 0;
	if (*rest->p == '\t') {
		*g = (struct glyph){.text = " ", .n = 1, .cols = 1};
	} else if (n == 1 && c >= 0x20 && c < 0x7f) {
		*g = (struct glyph){.text = {(char)c}, .n = 1, .cols = 1};
	} else if (n > 1 && utf8 && !reorders(c) && cols_of(c) >= 0) {
		*g = (struct glyph){.n = c == VARIANT_PICTURE ? 0 : n, .cols = cols_of(c)};
		memcpy(g->text, rest->p, g->n);
	} else {
		n = 1;
		escape_byte(g, (unsigned char)*rest->p);
	}
	rest->p += n;
	rest->n -= n;
	return true;
}

int text_cols(struct str s, bool utf8)
{
	struct glyph g;
	int cols = 0;

	while (next_glyph(&s, utf8, &g))
		cols += g.cols;
	return cols;
}

int text_cut(struct buf *b, struct str s, int cols, bool utf8)
{
	const char *dots = utf8 ? "…" : "...";
	int n_dots = utf8 ? 1 : 3, used = 0, room = cols;
	bool cut = text_cols(s, utf8) > cols;
	struct glyph g;

	if (cut && cols < n_dots)
		n_dots = 0;
	room -= cut ? n_dots : 0;
	while (next_glyph(&s, utf8, &g) && used + g.cols <= room) {
		buf_add(b, g.text, g.n);
		used += g.cols;
	}
	if (!cut || !n_dots)
		return used;
	buf_puts(b, dots);
	return used + n_dots;
}

struct str text_next(struct str *rest, int cols, bool utf8)
{
	struct str whole = *rest, left = *rest;
	size_t fits = 0, space = 0;
	struct glyph g;
	int used = 0;

	while (next_glyph(&left, utf8, &g) && (!fits || used + g.cols <= cols)) {
		if (whole.p[fits] == ' ')
			space = fits;
		used += g.cols;
		fits = whole.n - left.n;
	}
	if (space && fits < whole.n && whole.p[fits] != ' ')
		fits = space;
	*rest = str_trim((struct str){whole.p + fits, whole.n - fits});
	return (struct str){whole.p, fits};
}

/* Bytes of the escape sequence that s begins with (ECMA-48); all that is there if it has no end. */
static size_t sequence_length(struct str s)
{
	size_t i = 2;

	if (s.n < 2)
		return s.n;
	if (s.p[1] == '[') { /* parameters, then one final byte */
		while (i < s.n && s.p[i] >= 0x20 && s.p[i] < 0x40)
			i++;
		return i < s.n ? i + 1 : s.n;
	}
	if (s.p[1] != ']')
		return 2;
	while (i < s.n && s.p[i] != '\a' && s.p[i] != '\033') /* a title or a link */
		i++;
	if (i < s.n && s.p[i] == '\033')
		i++;
	return i < s.n ? i + 1 : s.n;
}

void text_plain(struct buf *b, struct str s)
{
	size_t start = b->n, i = 0;

	while (i < s.n) {
		if (s.p[i] == '\033') {
			i += sequence_length((struct str){s.p + i, s.n - i});
			continue;
		}
		if (s.p[i] == '\r') {
			b->n = start;
			if (b->p)
				b->p[start] = '\0';
		} else {
			buf_putc(b, s.p[i]);
		}
		i++;
	}
}
