#ifndef TRACKER_FAKE_H
#define TRACKER_FAKE_H

#include "port/tracker.h"

/*
 * A tracker in memory, for tests: keeps the contract, written apart from the built-in one, and
 * fails when it is told to. Thread-safe.
 */
int tracker_fake_new(struct tracker **ret, struct err *e) MUST_CHECK;

/*
 * The n-th call from now on (1: the next one) of any operation returns 'code'. after: it does its
 * work first, as a tracker whose answer was lost (calls that only read never do).
 */
void tracker_fake_fail(struct tracker *t, int n, enum err_code code, bool after);

#endif
