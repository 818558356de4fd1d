#include "base/clean.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* An option may hold '='; elsewhere it would make the first word an assignment. */
static bool shell_plain(const char *s)
{
	const char *more = s[0] == '-' ? "@%+:,./_-=" : "@%+:,./_-";

	if (!*s)
		return false;
	for (const char *c = s; *c; c++) {
		if (!is_alnum(*c) && !strchr(more, *c))
			return false;
	}
	return true;
}

void buf_shell(struct buf *b, const char *s)
{
	s = s ? s : "";
	if (shell_plain(s)) {
		buf_puts(b, s);
		return;
	}
	buf_putc(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_puts(b, "'\\''");
		else
			buf_putc(b, *s);
	}
	buf_putc(b, '\'');
}

char *shell_word(const char *s)
{
	struct buf b = BUF_INIT;

	buf_shell(&b, s);
	return buf_take(&b);
}

/* C0, DEL and C1 move cursors and start sequences. */
static bool is_control(const unsigned char *u, size_t n)
{
	return (n == 1 && (u[0] < 0x20 || u[0] == 0x7f)) || (n == 2 && u[0] == 0xc2 && u[1] < 0xa0);
}

/* How much of it is ASCII without a control: most of what there is. */
static size_t plain_length(const unsigned char *u, size_t n)
{
	size_t i = 0;

	while (i < n && u[i] >= 0x20 && u[i] < 0x7f)
		i++;
	return i;
}

void buf_line(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		const unsigned char *u = (const unsigned char *)s.p + i;
		size_t plain = plain_length(u, s.n - i);
		size_t n = plain ? plain : utf8_length(s.p + i, s.n - i);

		if (plain || (n && !is_control(u, n))) {
			buf_add(b, u, n);
		} else {
			n = n ? n : 1;
			for (size_t k = 0; k < n; k++)
				buf_printf(b, "\\x%02x", u[k]);
		}
		i += n;
	}
}

/* May the dot at s[i] stay? Git and file systems give a meaning to the others. */
static bool dot_inner(const char *s, size_t i, size_t n)
{
	return i > 0 && i + 1 < n && s[i - 1] != '.' && !(n - i == 5 && !memcmp(s + i, ".lock", 5));
}

void buf_name(struct buf *b, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (!n)
		buf_putc(b, '%'); /* no other text gives a lone '%' */
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (is_alnum(c) || c == '_' || c == '-' || (c == '.' && dot_inner(s, i, n)))
			buf_putc(b, c);
		else
			buf_printf(b, "%%%02X", (unsigned char)c);
	}
}

/* Of a digit that buf_name() does not write, any value. */
static int digit_value(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

static void add_unescaped(struct buf *b, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] != '%' || i + 2 >= name.n) {
			buf_putc(b, name.p[i]);
			continue;
		}
		buf_putc(b, (char)(digit_value(name.p[i + 1]) * 16 + digit_value(name.p[i + 2])));
		i += 2;
	}
}

bool buf_unname(struct buf *b, struct str name)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT, again CLEANUP(buf_done) = BUF_INIT;

	if (name.n != 1 || name.p[0] != '%')
		add_unescaped(&text, name);
	buf_name(&again, buf_cstr(&text));
	if (again.n != name.n || memcmp(buf_cstr(&again), name.p, name.n) != 0)
		return false;
	buf_add(b, buf_cstr(&text), text.n);
	return true;
}

/* ---- For a forge ---- */

#define SPACE_ZERO "\xe2\x80\x8b" /* takes no room, and ends a word */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of a login, or of a repository. */
static bool is_name(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool ends(struct str s, size_t i, const char *with)
{
	return str_ends((struct str){s.p, i}, with);
}

/* Is what goes up to and with s[i] the beginning of something that would call somebody? */
static bool calls_at(struct str s, size_t i, enum mute what)
{
	char before = i ? s.p[i - 1] : ' ', next = i + 1 < s.n ? s.p[i + 1] : ' ';

	switch (s.p[i]) {
	case '@':
		return is_name(next);
	case '#':
		return is_digit(next) && (is_name(before) || what == MUTE_ALL);
	case '-':
		return is_digit(next) && what == MUTE_ALL && ends(s, i, "GH");
	case '<':
		return str_starts((struct str){s.p + i, s.n - i}, "<!--");
	case '/':
		return (before == '/' &&
			str_starts((struct str){s.p + i + 1, s.n - i - 1}, "github.com/")) ||
		       (is_digit(next) && (ends(s, i, "/issues") || ends(s, i, "/pull")));
	default:
		return false;
	}
}

bool buf_mute(struct buf *b, struct str s, enum mute what, size_t max)
{
	size_t start = b->n, i = 0;

	while (i < s.n && b->n - start < max) {
		size_t n = utf8_length(s.p + i, s.n - i);

		if (s.p[i] == '\0' || !n) {
			buf_puts(b, "\xef\xbf\xbd");
			n = 1;
		} else {
			buf_add(b, s.p + i, n);
		}
		if (n == 1 && calls_at(s, i, what))
			buf_puts(b, SPACE_ZERO);
		i += n;
	}
	return i == s.n;
}
