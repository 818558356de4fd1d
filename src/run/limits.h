#ifndef RUN_LIMITS_H
#define RUN_LIMITS_H

#include "base/str.h"

struct config;
struct config_agent;

/*
 * The limits of money, tokens and tools that are set and will not hold for this agent, or may not, as
 * its kind tells too little to hold it to them: a line each, for people. Said before anything begins.
 *
 * a         as config_agent() made it; one whose kind there is not has none
 */
void limits_notes(struct buf *b, const struct config *c, const struct config_agent *a);

#endif
