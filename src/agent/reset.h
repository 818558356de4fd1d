#ifndef AGENT_RESET_H
#define AGENT_RESET_H

#include "base/str.h"

#include <stdint.h>

/*
 * When a provider's limit ends, as programs say it to people:
 *   "resets 10:20pm"  "resets at 14:05"  "resets 3am (Europe/Berlin)"  "resets Nov 22, 9am"
 *   "try again in 2 hours 5 minutes"  "try again at Nov 22nd, 2026 9:05 AM"  "retry after 120"
 *   "limit reached|1732212345"  "resetsAt":1732212345  "until 2026-11-22T09:00:00Z"
 *
 * A time of day is the next one, in the zone it names or else the local one. One that passed
 * within the last minutes means that the limit is over: a moment from now.
 *
 * text      of the log, from the words about the limit on
 * Returns wall clock in ms, after now_ms; at most a day ahead, or a month where a date was
 * named. 0: no time was named, or none that can be.
 */
int64_t reset_find(struct str text, int64_t now_ms);

#define RESET_AHEAD_MAX_MS      (24 * 3600 * INT64_C(1000))
#define RESET_DATE_AHEAD_MAX_MS (31 * RESET_AHEAD_MAX_MS)
/* How long ago a time of day may be and still be the one just reached. */
#define RESET_JUST_PASSED_MS    (10 * 60 * INT64_C(1000))
#define RESET_SOON_MS           (60 * INT64_C(1000))

/* One moment alone, as in a result file's "until": any of the forms above without the words. */
int64_t reset_parse(struct str text, int64_t now_ms);

#endif
