/* Numbers, durations, sizes, names and escapes: the small functions that all outside text meets. */
#include "base/clock.h"
#include "base/near.h"
#include "base/utf8.h"
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>

/* Well-formed UTF-8 by the definition, not by table: decode, then ask what was decoded. */
static bool is_utf8(struct str s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
		uint32_t value = n == 1 ? c : c & (0x7fu >> n);

		if (!n || n > s.n - i)
			return false;
		for (size_t k = 1; k < n; k++) {
			if (((unsigned char)s.p[i + k] & 0xc0) != 0x80)
				return false;
			value = value << 6 | ((unsigned char)s.p[i + k] & 0x3f);
		}
		if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
			return false;
		i += n;
	}
	return true;
}

static void check_numbers(struct str s)
{
	int64_t n = -1;
	char again[32];
	struct err e = ERR_INIT;
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (str_i64(s, &n) && s.p[0] != '0' && !(s.n > 1 && s.p[0] == '-' && s.p[1] == '0')) {
		(void)snprintf(again, sizeof(again), "%" PRId64, n);
		CHECK(str_eq(s, str_of(again)));
	}
	if (duration_parse(s, &n, &e) == 0) {
		CHECK(n >= 0);
		buf_duration(&b, n);
		CHECK(b.n > 0 && b.n < 32);
	}
	if (size_parse(s, &n, &e) == 0)
		CHECK(n >= 0);
}

/* What sh makes of one word: plain, or pieces in single quotes with \' between. */
static char *unquote(const char *s)
{
	struct buf b = BUF_INIT;
	bool quoted = false;

	for (; *s; s++) {
		if (*s == '\'') {
			quoted = !quoted;
		} else if (!quoted && *s == '\\') {
			buf_putc(&b, *++s);
		} else {
			CHECK(quoted || (!strchr(" \t\n;&|<>()$`\"*?[]#~!{}", *s)));
			buf_putc(&b, *s);
		}
	}
	CHECK(!quoted);
	return buf_take(&b);
}

static void check_escapes(struct str s)
{
	char *text CLEANUP(freep) = mem_strndup(s.p, s.n), *back CLEANUP(freep) = NULL;
	struct buf line CLEANUP(buf_done) = BUF_INIT, name CLEANUP(buf_done) = BUF_INIT;
	struct buf shell CLEANUP(buf_done) = BUF_INIT;
	struct str n;

	buf_line(&line, s);
	fuzz_check_line(buf_str(&line));
	buf_shell(&shell, text);
	back = unquote(buf_cstr(&shell));
	CHECK(streq(back, text));
	buf_name(&name, text);
	n = buf_str(&name);
	CHECK(n.n && n.p[0] != '.' && n.p[n.n - 1] != '.' && !strstr(n.p, "..") &&
	      !str_ends(n, ".lock"));
	for (size_t i = 0; i < n.n; i++)
		CHECK(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.%",
			     n.p[i]));
}

static void check_pieces(struct str s)
{
	struct str rest = s, piece, trimmed = str_trim(s);
	size_t total = 0;

	while (str_next(&rest, ',', &piece)) {
		total += piece.n + 1;
		CHECK(!piece.n || !memchr(piece.p, ',', piece.n));
	}
	CHECK(total == s.n + 1 || total == s.n);
	CHECK(trimmed.n <= s.n && str_eq(str_trim(trimmed), trimmed));
	CHECK(str_starts(s, "") && str_ends(s, ""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const words[] = {"status", "run", "report", "limits.max_concurrent"};
	struct str s = fuzz_text(data, n);
	char *typed CLEANUP(freep) = mem_strndup(s.p, s.n);
	struct near near = NEAR_INIT(typed);
	struct buf cut CLEANUP(buf_done) = {.max = 16};
	struct buf time CLEANUP(buf_done) = BUF_INIT;
	int64_t ms = 0;

	CHECK(str_utf8(s) == is_utf8(s));
	check_numbers(s);
	check_escapes(s);
	check_pieces(s);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		near_offer(&near, words[i]);
	buf_add(&cut, s.p, s.n);
	CHECK(cut.n <= 16 && cut.full == (s.n > 16) && buf_cstr(&cut)[cut.n] == '\0');
	memcpy(&ms, s.p, n < sizeof(ms) ? n : sizeof(ms));
	buf_time(&time, ms);
	fuzz_check_line(buf_str(&time));
	return 0;
}
