#ifndef AGENT_WHEN_H
#define AGENT_WHEN_H

#include "agent/zone.h"

#include <stdbool.h>
#include <stdint.h>

/* A moment as people and programs write it, read but not yet placed in time. */
enum when_form {
	WHEN_NONE = 0,
	WHEN_AFTER,  /* a length of time from now */
	WHEN_CLOCK,  /* a time of day */
	WHEN_DATE,   /* a day, with or without a time */
	WHEN_MOMENT, /* an instant */
};

struct when {
	enum when_form form;
	int64_t seconds;      /* AFTER: length; MOMENT: since the epoch */
	int year, month, day; /* DATE; 0: not said; month 1-12 */
	int weekday;          /* DATE: 0 Sunday to 6; -1: not said */
	int days_ahead;       /* DATE: "tomorrow" is 1; -1: not said */
	int hour, minute, second;
	struct zone zone;
};

/* A place in a text. */
struct scan {
	const char *p, *end;
	bool plain_seconds; /* a number alone is a length in seconds */
};

/* Pass what says nothing: signs, quotes, and words like "at" and "in". Stays in the line. */
void when_skip_filler(struct scan *s);

/* Read a moment that starts right here; form is NONE, and s unmoved, where there is none. */
struct when when_take(struct scan *s);

#endif
