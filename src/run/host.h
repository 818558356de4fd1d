#ifndef RUN_HOST_H
#define RUN_HOST_H

#include "base/clock.h"

#include <stdint.h>

/*
 * What the supervisor stands on: a clock, one timer, and somewhere to put work that blocks.
 * host_uv.c is the real one; a simulator brings its own.
 */
struct work {
	void (*run)(struct work *w);  /* off the loop's thread; must not touch the supervisor */
	void (*done)(struct work *w); /* on the loop's thread, once run has returned; frees w */
};

struct host {
	struct moment (*now)(struct host *h);
	void (*defer)(struct host *h, struct work *w);
	/* Call supervisor_turn() in so many ms; replaces an earlier wish; -1: no wish. */
	void (*wake_in)(struct host *h, int64_t ms);
};

#endif
