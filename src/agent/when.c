#include "agent/when.h"

#include "base/check.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SECOND INT64_C(1)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static size_t left(const struct scan *s)
{
	return (size_t)(s->end - s->p);
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool at_char(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static bool take_char(struct scan *s, char c)
{
	if (!at_char(s, c))
		return false;
	s->p++;
	return true;
}

static void skip_spaces(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
}

static struct str peek_word(const struct scan *s)
{
	size_t n = 0;

	while (n < left(s) && is_alpha(s->p[n]))
		n++;
	return (struct str){s->p, n};
}

static bool word_is(struct str word, const char *text)
{
	return word.n == strlen(text) && !strncasecmp(word.p, text, word.n);
}

static bool word_in(struct str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (word_is(word, list[i]))
			return true;
	return false;
}

/* Up to 15 digits, so that nothing after it can overflow. Returns how many there were. */
static int take_number(struct scan *s, int64_t *ret)
{
	int64_t value = 0;
	int n = 0;

	for (; n < 15 && s->p < s->end && is_digit(*s->p); n++, s->p++)
		value = value * 10 + (*s->p - '0');
	*ret = value;
	return n;
}

/* Exactly n digits. */
static bool take_digits(struct scan *s, int n, int *ret)
{
	struct scan t = *s;
	int64_t value;

	if (take_number(&t, &value) != n)
		return false;
	*s = t;
	*ret = (int)value;
	return true;
}

/* Signs, quotes, characters that are not ASCII, and words that say nothing. */
void when_skip_filler(struct scan *s)
{
	static const char *const fillers[] = {
		"at",   "in",     "on",    "after",  "again", "the",    "your",
		"is",   "be",     "will",  "by",     "about", "around", "approximately",
		"time", "access", "limit", "limits", "for",
	};

	while (s->p < s->end) {
		struct str word = peek_word(s);

		if (word.n > 0 && !word_in(word, fillers, ARRAY_LEN(fillers)))
			return;
		if (word.n > 0)
			s->p += word.n;
		else if (is_digit(*s->p) || *s->p == '\n')
			return;
		else
			s->p++;
	}
}

/* "am", "p.m." in any case, perhaps after a space; 0 none, 1 am, 2 pm. */
static int take_half(struct scan *s)
{
	struct scan t = *s;
	int half;

	skip_spaces(&t);
	if (t.p == t.end)
		return 0;
	half = tolower((unsigned char)*t.p) == 'a'   ? 1
	       : tolower((unsigned char)*t.p) == 'p' ? 2
						     : 0;
	t.p++;
	(void)take_char(&t, '.');
	if (!half || t.p == t.end || tolower((unsigned char)*t.p) != 'm')
		return 0;
	t.p++;
	if (t.p < t.end && is_alpha(*t.p))
		return 0;
	(void)take_char(&t, '.');
	*s = t;
	return half;
}

/* "+01:00", "-0700"; seconds east. */
static bool take_offset(struct scan *s, long *ret)
{
	struct scan t = *s;
	int sign = at_char(&t, '-') ? -1 : 1, hours, minutes = 0;

	if (!take_char(&t, '+') && !take_char(&t, '-'))
		return false;
	if (take_digits(&t, 4, &hours)) {
		minutes = hours % 100;
		hours /= 100;
	} else if (!take_digits(&t, 2, &hours) ||
		   (take_char(&t, ':') && !take_digits(&t, 2, &minutes))) {
		return false;
	}
	if (hours > 14 || minutes > 59)
		return false;
	*s = t;
	*ret = sign * (hours * HOUR + minutes * MINUTE);
	return true;
}

/* "Z", "UTC", "(Europe/Berlin)", "+01:00"; anything else is the local zone. */
static void take_zone(struct scan *s, struct zone *ret)
{
	struct scan t = *s;
	struct str word;
	size_t n = 0;

	skip_spaces(&t);
	(void)take_char(&t, '(');
	word = peek_word(&t);
	if (word_is(word, "Z") || word_is(word, "UTC") || word_is(word, "GMT")) {
		ret->kind = ZONE_FIXED;
		s->p = t.p + word.n;
		return;
	}
	if (take_offset(&t, &ret->offset)) {
		ret->kind = ZONE_FIXED;
		*s = t;
		return;
	}
	while (n < left(&t) && (isalnum((unsigned char)t.p[n]) || strchr("_/+-", t.p[n])))
		n++;
	if (zone_named(ret, (struct str){t.p, n}))
		s->p = t.p + n;
}

/* "10:20pm", "3am", "14:05", "9:05:30 AM"; one number alone is none. */
static bool take_clock(struct scan *s, struct when *w)
{
	struct scan t = *s;
	int64_t hour;
	int n = take_number(&t, &hour), half;
	bool colon;

	if (n < 1 || n > 2)
		return false;
	w->minute = w->second = 0;
	colon = take_char(&t, ':');
	if (colon && !take_digits(&t, 2, &w->minute))
		return false;
	if (colon && take_char(&t, ':') && !take_digits(&t, 2, &w->second))
		return false;
	half = take_half(&t);
	if ((!colon && !half) || w->minute > 59 || w->second > 60)
		return false;
	if (half ? hour < 1 || hour > 12 : hour > 23)
		return false;
	w->hour = half ? (int)(hour % 12) + (half == 2 ? 12 : 0) : (int)hour;
	take_zone(&t, &w->zone);
	*s = t;
	return true;
}

/* A clock after a day: ", 9am", " at 9:05 AM", "T09:00:00Z"; none is midnight. */
static void take_day_clock(struct scan *s, struct when *w)
{
	struct scan t = *s;

	when_skip_filler(&t);
	if (!take_clock(&t, w))
		take_zone(s, &w->zone);
	else
		*s = t;
}

/* "2026-11-22", "2026-11-22T09:00:00.000Z", "2026-11-22 09:00" */
static bool take_iso(struct scan *s, struct when *w)
{
	struct scan t = *s;
	int64_t fraction;

	if (!take_digits(&t, 4, &w->year) || !take_char(&t, '-') ||
	    !take_digits(&t, 2, &w->month) || !take_char(&t, '-') || !take_digits(&t, 2, &w->day))
		return false;
	w->form = WHEN_DATE;
	if ((at_char(&t, 'T') || at_char(&t, ' ')) && left(&t) > 1 && is_digit(t.p[1])) {
		t.p++;
		if (!take_clock(&t, w))
			return false;
		if (take_char(&t, '.')) {
			(void)take_number(&t, &fraction);
			take_zone(&t, &w->zone);
		}
	}
	*s = t;
	return true;
}

/* 1-12 where the word is a month's name or its first three letters or more; 0 none. */
static int month_of(struct str word)
{
	static const char *const names[] = {
		"january", "february", "march",     "april",   "may",      "june",
		"july",    "august",   "september", "october", "november", "december",
	};

	for (size_t i = 0; word.n >= 3 && i < ARRAY_LEN(names); i++)
		if (word.n <= strlen(names[i]) && !strncasecmp(word.p, names[i], word.n))
			return (int)i + 1;
	return 0;
}

static int weekday_of(struct str word)
{
	static const char *const names[] = {
		"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
	};

	for (size_t i = 0; word.n >= 3 && i < ARRAY_LEN(names); i++)
		if (word.n <= strlen(names[i]) && !strncasecmp(word.p, names[i], word.n))
			return (int)i;
	return -1;
}

static bool take_day_number(struct scan *s, int *ret)
{
	static const char *const endings[] = {"st", "nd", "rd", "th"};
	struct scan t = *s;
	int64_t day;
	int n = take_number(&t, &day);
	struct str word = peek_word(&t);

	if (n < 1 || n > 2 || day < 1 || day > 31)
		return false;
	if (word_in(word, endings, ARRAY_LEN(endings)))
		t.p += word.n;
	*s = t;
	*ret = (int)day;
	return true;
}

static void take_year(struct scan *s, struct when *w)
{
	struct scan t = *s;
	int year;

	(void)take_char(&t, ',');
	skip_spaces(&t);
	if (take_digits(&t, 4, &year) && year >= 2000 && !at_char(&t, ':')) {
		w->year = year;
		*s = t;
	}
}

/* "Nov 22, 9am", "November 22nd, 2026 9:05 AM", "22 Nov 14:05" */
static bool take_month_day(struct scan *s, struct when *w)
{
	struct scan t = *s;
	bool day_first = take_day_number(&t, &w->day);
	struct str word;

	skip_spaces(&t);
	word = peek_word(&t);
	w->month = month_of(word);
	if (!w->month)
		return false;
	t.p += word.n;
	(void)take_char(&t, '.');
	skip_spaces(&t);
	if (!day_first && !take_day_number(&t, &w->day))
		return false;
	take_year(&t, w);
	take_day_clock(&t, w);
	w->form = WHEN_DATE;
	*s = t;
	return true;
}

/* "tomorrow at 9am", "Monday 09:00" */
static bool take_named_day(struct scan *s, struct when *w)
{
	struct scan t = *s;
	struct str word = peek_word(&t);

	if (word_is(word, "today"))
		w->days_ahead = 0;
	else if (word_is(word, "tomorrow"))
		w->days_ahead = 1;
	else
		w->weekday = weekday_of(word);
	if (w->days_ahead < 0 && w->weekday < 0)
		return false;
	t.p += word.n;
	take_day_clock(&t, w);
	w->form = WHEN_DATE;
	*s = t;
	return true;
}

/* Seconds of a unit, as a share of a thousand; 0 for no unit. */
static int64_t unit_ms(struct str word)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{"ms",          1            },
		{"millisecond", 1            },
		{"s",           1000 * SECOND},
		{"sec",         1000 * SECOND},
		{"second",      1000 * SECOND},
		{"m",           1000 * MINUTE},
		{"min",         1000 * MINUTE},
		{"minute",      1000 * MINUTE},
		{"h",           1000 * HOUR  },
		{"hr",          1000 * HOUR  },
		{"hour",        1000 * HOUR  },
		{"d",           1000 * DAY   },
		{"day",         1000 * DAY   },
		{"w",           7000 * DAY   },
		{"week",        7000 * DAY   },
	};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].name);

		if (word.n != n && !(word.n == n + 1 && n > 1 && tolower(word.p[n]) == 's'))
			continue;
		if (!strncasecmp(word.p, units[i].name, n))
			return units[i].ms;
	}
	return 0;
}

/* "5", "6.5", "a", "an", in thousandths. */
static bool take_amount(struct scan *s, int64_t *ret)
{
	struct str word = peek_word(s);
	int64_t whole, share = 0;
	int n = 0;

	if (word_is(word, "a") || word_is(word, "an")) {
		s->p += word.n;
		*ret = 1000;
		return true;
	}
	if (take_number(s, &whole) < 1 || whole > 100000000)
		return false;
	if (at_char(s, '.') && left(s) > 1 && is_digit(s->p[1])) {
		s->p++;
		n = take_number(s, &share);
	}
	for (; n < 3; n++)
		share *= 10;
	for (; n > 3; n--)
		share /= 10;
	*ret = whole * 1000 + share;
	return true;
}

/* "2 hours 5 minutes", "1h30m", "30s", "3 days, 4 hours and 5 minutes" */
static bool take_length(struct scan *s, struct when *w)
{
	struct scan t = *s;
	int64_t total_ms = 0, amount, unit;

	for (;;) {
		struct str word;

		if (!take_amount(&t, &amount))
			break;
		skip_spaces(&t);
		word = peek_word(&t);
		unit = unit_ms(word);
		if (!unit)
			break;
		total_ms += amount * (unit / 1000) + (unit == 1 ? amount / 1000 : 0);
		t.p += word.n;
		*s = t;
		w->form = WHEN_AFTER;
		while (take_char(&t, ' ') || take_char(&t, ','))
			;
		if (word_is(peek_word(&t), "and"))
			t.p += 3;
		skip_spaces(&t);
	}
	w->seconds = (total_ms + 999) / 1000;
	return w->form == WHEN_AFTER;
}

/* Seconds or milliseconds since the epoch, or seconds where the words before said so. */
static bool take_plain(struct scan *s, struct when *w)
{
	struct scan t = *s;
	int64_t value;
	int n = take_number(&t, &value);

	if (n == 13 || n == 10) {
		w->form = WHEN_MOMENT;
		w->seconds = n == 13 ? value / 1000 : value;
	} else if (n > 0 && n < 9 && s->plain_seconds) {
		w->form = WHEN_AFTER;
		w->seconds = value;
	}
	*s = t;
	return w->form != WHEN_NONE;
}

struct when when_take(struct scan *s)
{
	typedef bool take_fn(struct scan *, struct when *);
	static take_fn *const forms[] = {
		take_iso, take_length, take_month_day, take_named_day, take_clock, take_plain,
	};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct when w = {.weekday = -1, .days_ahead = -1};
		struct scan t = *s;

		if (!forms[i](&t, &w))
			continue;
		if (w.form == WHEN_NONE)
			w.form = WHEN_CLOCK;
		*s = t;
		return w;
	}
	return (struct when){0};
}
