#include "base/str.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

struct str str_of(const char *s)
{
	return s ? (struct str){s, strlen(s)} : (struct str){"", 0};
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || !memcmp(a.p, b.p, a.n));
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || !memcmp(s.p, prefix, n));
}

bool str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && (n == 0 || !memcmp(s.p + s.n - n, suffix, n));
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_next(struct str *rest, char sep, struct str *ret)
{
	const char *end;
	size_t n;

	if (!rest->n)
		return false;
	end = memchr(rest->p, sep, rest->n);
	n = end ? (size_t)(end - rest->p) : rest->n;
	*ret = (struct str){rest->p, n};
	rest->p += n + (end != NULL);
	rest->n -= n + (end != NULL);
	return true;
}

bool str_i64(struct str s, int64_t *ret)
{
	bool minus = s.n && s.p[0] == '-';
	int64_t value = 0;

	if (s.n == minus)
		return false;
	for (size_t i = minus; i < s.n; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, minus ? -digit : digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

bool str_utf8(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t n = utf8_length(s.p + i, s.n - i);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

bool streq(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}
