#ifndef AGENT_ZONE_H
#define AGENT_ZONE_H

#include "base/str.h"

#include <stdint.h>

enum zone_kind {
	ZONE_LOCAL = 0,
	ZONE_FIXED,
	ZONE_NAMED, /* of the system's time zone data */
};

#define ZONE_NAME_MAX 64

struct zone {
	enum zone_kind kind;
	long offset; /* FIXED: seconds east of UTC */
	char name[ZONE_NAME_MAX];
};

/* Make z the zone of that name, as "Europe/Berlin"; false, and z untouched, where there is none. */
bool zone_named(struct zone *z, struct str name);

/*
 * Seconds east of UTC at a moment (seconds since the epoch). A named zone is asked of date(1),
 * as the C library keeps one zone a process; where that fails, the local zone is taken.
 */
long zone_offset(const struct zone *z, int64_t at);

#endif
