#ifndef SHIM_QUIET_H
#define SHIM_QUIET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The silence limit. Life is output (the log grows) and any change below the watched folder,
 * '.git' aside. Nothing is done until the limit may have passed; then the log is asked, and only
 * if it was silent the folder is walked for its newest change, which says when to look again.
 * So a folder is walked about once per limit, however busy it is.
 *
 * When in doubt there is life: after a step of the clock or a sleep of the machine the limit
 * begins anew, and a folder too large to be walked (QUIET_WALK_MAX, QUIET_WALK_MS) counts as
 * changed.
 */
#define QUIET_WALK_MAX 1000000
#define QUIET_WALK_MS  5000

struct quiet {
	int64_t limit_ms;  /* 0: none, and nothing below is used */
	int64_t life_ms;   /* last sign of life, by the limits' clock */
	int64_t offset_ms; /* wall clock minus the limits' clock, when last looked */
	int64_t log_size;
	int log_fd;        /* borrowed */
	const char *watch; /* borrowed; NULL: none */
};

void quiet_init(struct quiet *q, int64_t limit_ms, int log_fd, const char *watch);
/* When to look next; INT64_MAX: never. */
int64_t quiet_due_ms(const struct quiet *q);
/* Has the limit passed without a sign of life? */
bool quiet_is_over(struct quiet *q, int64_t now_ms);

/*
 * The newest change below a folder, in wall clock milliseconds; INT64_MAX where it is too large
 * to tell or a signal is waiting for us, 0 where it cannot be read.
 */
int64_t quiet_newest_ms(const char *folder);

#endif
