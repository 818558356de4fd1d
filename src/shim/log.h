#ifndef SHIM_LOG_H
#define SHIM_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The cap of the log: over it, the oldest part of the file becomes a hole, so that the file
 * keeps its length (readers' offsets stay true) and the last bytes of it, but not the room.
 * While the log stands still this costs nothing: inotify tells of the first write, and while it
 * grows it is looked at every few milliseconds, the more often the smaller the cap. Where
 * inotify has no instance left, it is looked at every LOG_IDLE_MS. So the room it takes is the cap
 * and what the program writes from one look to the next: about a cap, for the fastest.
 */
#define LOG_IDLE_MS    250
/* What a program is taken to write in a millisecond at most: sets how often to look. */
#define LOG_PACE_BYTES (4 << 20)

struct log_cap {
	int fd;          /* the log, borrowed */
	int notify_fd;   /* -1: none */
	int64_t cap;     /* 0: no cap, and nothing below is used */
	int64_t size;    /* when last looked at */
	int64_t holed;   /* the file is a hole up to here */
	int64_t look_ms; /* next look; INT64_MAX: when notify_fd says so */
	bool unable;     /* the file system makes no holes */
};

void log_cap_init(struct log_cap *l, int fd, int64_t cap_bytes, int64_t now_ms);
/* The last look: nothing writes any more. */
void log_cap_settle(struct log_cap *l);
/* Give back the watch. The kernel takes its time for it (some 10 ms), and so does an exit. */
void log_cap_done(struct log_cap *l);
/* Look at the log if it is time to; notified: notify_fd was readable. */
void log_cap_step(struct log_cap *l, int64_t now_ms, bool notified);
/* What to poll for reading until the next step; -1: nothing. */
int log_cap_poll_fd(const struct log_cap *l);

#endif
