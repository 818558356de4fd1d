#ifndef FORGE_FAKE_H
#define FORGE_FAKE_H

#include "port/forge.h"

/*
 * A forge in memory, for tests: keeps the contract, and fails when it is told to. Not for
 * several threads.
 */
int forge_fake_new(struct forge **ret, struct err *e) MUST_CHECK;

/*
 * The n-th call from now on (1: the next one) of any operation returns 'code'. after: it does its
 * work first, as a forge whose answer was lost.
 */
void forge_fake_fail(struct forge *f, int n, enum err_code code, bool after);

/* All there are, in order of their numbers; borrowed until the next call. */
const struct pull *forge_fake_pulls(const struct forge *f, size_t *ret_n);

#endif
