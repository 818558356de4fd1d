#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* More than this, in US dollars, one attempt did not cost; "1e999" reads as infinity. */
#define RECORD_COST_MAX 1e9

/*
 * What known programs write at their end as a line of JSON: Claude Code's "result" (and what
 * speaks as it does, Gemini and Copilot too), Codex's "turn.completed" and "turn.failed".
 */
struct record {
	bool found;                    /* such a line is in the text */
	bool last;                     /* and nothing follows it */
	bool cut;                      /* there is none, where such a program was writing */
	bool failed;                   /* it says that it did not succeed */
	int64_t tokens_in, tokens_out; /* -1: not said; in: with what came from a cache */
	double cost_usd;               /* negative: not said */
	char *text;                    /* the agent's last words, or NULL; record_done() */
	char denied[64];               /* a tool it was not allowed to use; "": none */
	bool over_budget;              /* it failed for the money it was given */
};

/* The last record in the end of a log, of whatever program that is known. */
void record_find(struct str log, struct record *ret);

struct cJSON;

/* For talks. Each fills r where the line is such a record, and says whether it is. */
bool record_take_claude(const struct cJSON *line, struct record *r);

/*
 * What it cost, in US dollars: as it was told, else by these prices of a million tokens, where one is
 * above 0 and the tokens are known. What came from a cache is taken at its full price.
 */
double record_cost(const struct record *r, double price_in, double price_out);
/* Forget what an earlier turn said of its end; sums stay. */
void record_reopen(struct record *r);
/* Replace the last words; NULL or "" leaves them. */
void record_set_text(struct record *r, const char *text);
/* The value of a key that is a text, else NULL. A count of tokens, 0 where there is none. */
const char *record_text(const struct cJSON *o, const char *key);
int64_t record_count(const struct cJSON *o, const char *key);
void record_done(struct record *r);

#endif
