#include "agent/reset.h"

#include "agent/when.h"
#include "base/check.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define HOUR INT64_C(3600)
#define DAY  (24 * HOUR)

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The instant of a wall clock reading in a zone; what is out of range is carried over. */
static int64_t instant(struct tm tm, const struct zone *zone)
{
	int64_t wall = timegm(&tm);
	int64_t at = wall - zone_offset(zone, wall);

	return wall - zone_offset(zone, at);
}

static struct tm day_of(const struct when *w, int64_t now, int64_t zone_now)
{
	time_t wall = now + zone_now;
	struct tm tm;

	(void)gmtime_r(&wall, &tm);
	tm.tm_hour = w->hour;
	tm.tm_min = w->minute;
	tm.tm_sec = w->second;
	if (w->year)
		tm.tm_year = w->year - 1900;
	if (w->month) {
		tm.tm_mon = w->month - 1;
		tm.tm_mday = w->day;
	}
	if (w->days_ahead > 0)
		tm.tm_mday += w->days_ahead;
	if (w->weekday >= 0)
		tm.tm_mday += (w->weekday - tm.tm_wday + 7) % 7;
	return tm;
}

/* A day that was not said in full is the next such one. */
static int64_t date_instant(const struct when *w, int64_t now)
{
	struct tm tm = day_of(w, now, zone_offset(&w->zone, now));
	int64_t at;

	if (w->month > 12 || w->day > 31)
		return 0;
	at = instant(tm, &w->zone);
	if (at > now)
		return at;
	if (w->weekday >= 0)
		tm.tm_mday += 7;
	else if (w->month && !w->year)
		tm.tm_year++;
	else
		return 0;
	return instant(tm, &w->zone);
}

static int64_t clock_instant(const struct when *w, int64_t now)
{
	struct tm tm = day_of(w, now, zone_offset(&w->zone, now));
	int64_t at = instant(tm, &w->zone), passed;

	if (at > now)
		return at;
	passed = now - at;
	if (passed <= RESET_JUST_PASSED_MS / 1000)
		return now + RESET_SOON_MS / 1000;
	tm.tm_mday++;
	return instant(tm, &w->zone);
}

static int64_t resolve(const struct when *w, int64_t now_ms)
{
	int64_t now = now_ms / 1000, at = 0, max = RESET_DATE_AHEAD_MAX_MS;

	switch (w->form) {
	case WHEN_NONE:
		return 0;
	case WHEN_AFTER:
		at = now + (w->seconds > 0 ? w->seconds : 1);
		if (at - now > DAY)
			at = now + DAY;
		break;
	case WHEN_CLOCK:
		at = clock_instant(w, now);
		max = RESET_AHEAD_MAX_MS + HOUR * 1000; /* a day may have 25 hours */
		break;
	case WHEN_DATE:
		at = date_instant(w, now);
		break;
	case WHEN_MOMENT:
		at = w->seconds;
		break;
	}
	at *= 1000;
	return at > now_ms && at - now_ms <= max ? at : 0;
}

/* Words after which a moment may come. */
static const struct anchor {
	const char *word;
	bool plain_seconds; /* as in the HTTP header */
} anchors[] = {
	{"reset",           false}, /* resets, resetting, resets_at, resetsAt, reset_in_seconds */
	{"try again",       false},
        {"retry after",     true },
        {"retry-after",     true },
	{"retry_after",     true },
        {"retryafter",      true },
        {"retry in",        false},
	{"available again", false},
        {"until",           false},
        {"|",               false},
};

static bool anchor_at(struct scan *s, const char *start)
{
	for (size_t i = 0; i < ARRAY_LEN(anchors); i++) {
		size_t n = strlen(anchors[i].word);
		const char *tail = s->p + n;

		if ((size_t)(s->end - s->p) < n || strncasecmp(s->p, anchors[i].word, n) != 0)
			continue;
		if (s->p > start && is_alpha(anchors[i].word[0]) && is_alpha(s->p[-1]))
			continue;
		while (is_alpha(anchors[i].word[0]) && tail < s->end &&
		       (is_alpha(*tail) || *tail == '_'))
			tail++;
		s->plain_seconds = anchors[i].plain_seconds ||
				   (tail - s->p >= 7 && !strncasecmp(tail - 7, "seconds", 7));
		s->p = tail;
		return true;
	}
	return false;
}

int64_t reset_find(struct str text, int64_t now_ms)
{
	const char *end = text.p + text.n;

	for (const char *p = text.p; p < end; p++) {
		struct scan s = {.p = p, .end = end};
		struct when w;
		int64_t at;

		if (!anchor_at(&s, text.p))
			continue;
		if (*p != '|')
			when_skip_filler(&s);
		w = when_take(&s);
		at = *p == '|' && w.form != WHEN_MOMENT ? 0 : resolve(&w, now_ms);
		if (at)
			return at;
	}
	return 0;
}

int64_t reset_parse(struct str text, int64_t now_ms)
{
	struct scan s = {.p = text.p, .end = text.p + text.n};
	struct when w;

	when_skip_filler(&s);
	w = when_take(&s);
	return resolve(&w, now_ms);
}
