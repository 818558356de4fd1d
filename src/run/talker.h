#ifndef RUN_TALKER_H
#define RUN_TALKER_H

#include "port/agent.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The talk of one job, between its program (through the executor) and its kind (port/agent.h).
 * Nothing of it is in the journal. It is made anew from the log's first byte whenever a supervisor
 * begins with the job, and says the same as before; the shim drops what it has heard. What people
 * order is the one thing that does not follow from the log: it is in job/<n>/orders, with the place
 * in the log where it came, durable before it is done. Events go to job/<n>/events, of which what
 * is there already is not written again.
 */
struct supervisor;
struct talker;
struct worker;

#define TALKER_ORDERS "orders"
#define TALKER_EVENTS "events"
#define TALKER_ERRORS "errors"

struct talker_spec {
	int64_t job;
	const char *dir, *task; /* the job's folder; what people call the task */
	const struct worker *worker;
	const struct agent_attempt *attempt;
	struct str prompt; /* as it was written for the job */
	struct str orders; /* the file of that name, as it was found */
};

/* Begin it; the executor knows the job. All is copied. talker_free(). */
struct talker *talker_new(struct supervisor *s, const struct talker_spec *spec);
void talker_free(struct talker *t);
/* Of the file of orders: the limit that the attempt was broken off for; NULL: none. free(). */
char *talker_broken_off(struct str orders);
/* As executor_events.output has it. */
void talker_output(struct talker *t, struct str piece);
/*
 * e: INVALID, NOT_FOUND as agent_talk_order(); IO: it could not be made durable, and was not done
 */
int talker_order(struct talker *t, enum agent_order order, const char *text, struct err *e)
	MUST_CHECK;

/* Was it told to break off because the attempt is wanted no more, rather than for a limit of it? */
bool talker_is_stopped(const struct talker *t);

#endif
