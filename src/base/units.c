#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = {
	{"",   1000    },
        {"ms", 1       },
        {"s",  1000    },
        {"m",  60000   },
        {"h",  3600000 },
        {"d",  86400000},
};

static const struct unit sizes[] = {
	{"",    1		 },
	{"B",   1		 },
	{"kB",  1000              },
	{"MB",  1000 * 1000       },
	{"GB",  1000 * 1000 * 1000},
	{"TB",  1000000000000     },
	{"KiB", 1 << 10           },
	{"MiB", 1 << 20           },
	{"GiB", 1 << 30           },
	{"TiB", (int64_t)1 << 40  },
};

/* A hundred years: leaves room to add it to any moment. */
#define DURATION_MAX_MS (36525 * (int64_t)86400000)

static bool times(int64_t value, int64_t factor, int64_t *ret)
{
	int64_t product;

	if (__builtin_mul_overflow(value, factor, &product))
		return false;
	*ret = product;
	return true;
}

/* Digits and then one of the units, spaces between allowed; false for anything else. */
static bool unit_parse(struct str s, const struct unit *units, size_t n_units, int64_t *ret)
{
	struct str number, name;
	int64_t value;
	size_t digits = 0;

	s = str_trim(s);
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	number = (struct str){s.p, digits};
	name = str_trim((struct str){s.p + digits, s.n - digits});
	if (!str_i64(number, &value))
		return false;
	for (size_t i = 0; i < n_units; i++) {
		if (name.n == strlen(units[i].name) &&
		    (!name.n || !strncasecmp(name.p, units[i].name, name.n)))
			return times(value, units[i].factor, ret);
	}
	return false;
}

int duration_parse(struct str s, int64_t *ret_ms, struct err *e)
{
	int64_t ms;

	if (str_eq(str_trim(s), STR("off"))) {
		*ret_ms = 0;
		return 0;
	}
	if (!unit_parse(s, durations, ARRAY_LEN(durations), &ms) || ms > DURATION_MAX_MS)
		return err_set(e, ERR_INVALID,
			       "'%.*s' is no duration: write 500ms, 90s, 15m, 2h, 1d or off",
			       (int)(s.n < 64 ? s.n : 64), s.p);
	*ret_ms = ms;
	return 0;
}

int size_parse(struct str s, int64_t *ret_bytes, struct err *e)
{
	if (!unit_parse(s, sizes, ARRAY_LEN(sizes), ret_bytes))
		return err_set(e, ERR_INVALID, "'%.*s' is no size: write 512, 64KiB, 5MB or 1GiB",
			       (int)(s.n < 64 ? s.n : 64), s.p);
	return 0;
}

static void two_parts(struct buf *b, int64_t value, int64_t each, const char *units)
{
	buf_printf(b, "%lld%c", (long long)(value / each), units[0]);
	if (value % each)
		buf_printf(b, " %lld%c", (long long)(value % each), units[1]);
}

void buf_duration(struct buf *b, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms <= 0)
		buf_puts(b, "0s");
	else if (ms < 100)
		buf_printf(b, "%lldms", (long long)ms);
	else if (s == 0)
		buf_printf(b, "0.%llds", (long long)(ms / 100));
	else if (s < 60)
		buf_printf(b, "%llds", (long long)s);
	else if (s < 3600)
		two_parts(b, s, 60, "ms");
	else if (s < 86400)
		two_parts(b, s / 60, 60, "hm");
	else
		two_parts(b, s / 3600, 24, "dh");
}

void buf_amount(struct buf *b, double amount)
{
	char text[400]; /* the largest has 309 digits in front of the point */
	size_t n = (size_t)snprintf(text, sizeof(text), "%.6f", amount);

	while (text[n - 1] == '0')
		n--;
	buf_add(b, text, n - (text[n - 1] == '.'));
}
