#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/str.h"
#include <stdint.h>

/* A moment, as events carry it: durations use mono_ms within one boot, "until 14:05" uses wall_ms. */
struct moment {
	int64_t mono_ms; /* CLOCK_BOOTTIME, so that sleep counts */
	int64_t wall_ms; /* CLOCK_REALTIME since the epoch */
};

struct moment clock_now(void);

/* The kernel's boot id, 36 characters; empty where there is none. */
#define BOOT_ID_SIZE 37
void clock_boot_id(char ret[BOOT_ID_SIZE]);

/* "2026-11-21T18:28:53Z" */
void buf_time(struct buf *b, int64_t wall_ms);

#endif
