#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include "base/str.h"

#include <stdint.h>

/*
 * What known programs write at their end as a line of JSON: Claude Code's "result" (and what
 * speaks as it does), Codex's "turn.completed" and "turn.failed".
 */
struct record {
	bool found;                    /* such a line is in the text */
	bool last;                     /* and nothing follows it */
	bool failed;                   /* it says that it did not succeed */
	int64_t tokens_in, tokens_out; /* -1: not said; in: with what came from a cache */
	double cost_usd;               /* negative: not said */
	char *text;                    /* the agent's last words, or NULL; record_done() */
};

/* The last record in the end of a log. */
void record_find(struct str log, struct record *ret);
void record_done(struct record *r);

#endif
