#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include "base/err.h"
#include "core/core.h"

struct config;
struct config_agent;
struct parts;
struct place;
struct host;
struct supervisor;

/*
 * Who watches a run: a board, a logger. Called on the loop's thread after a turn is durable.
 * The core is borrowed during the call and must not be changed.
 */
struct observer {
	void *ctx;
	/* A state changed: from and to are enum task_state, or enum run_state where task is -1. */
	void (*transition)(void *ctx, const struct core *c, const struct transition *t);
	/* A turn is over. */
	void (*turn)(void *ctx, const struct core *c);
	/* Something for a person that is no change of state: one line. */
	void (*message)(void *ctx, const char *line);
	/* We were stopped (Ctrl-Z), and go on: the terminal was others' meanwhile. */
	void (*resumed)(void *ctx);
	int64_t tick_ms; /* turn() is also called this often; 0: never by itself */
};

struct supervisor_spec {
	const char *epic;
	const struct place *place;
	const struct config *config;
	const struct config_agent *agent; /* NULL: none is set; only what is queued can land */
	const struct config_agent *resolver; /* of conflicts; NULL: the same agent */
	const struct parts *parts;
	const char *shim; /* path of ganger-shim */
	struct observer observer;
	/* Once the first turn is durable: output goes to run.log from then on, a byte is written
	 * here, and it is closed. -1 (or 0): none, the run stays in the foreground. */
	int ready_fd;
	bool allow_red;
	const char *base;     /* over config->base; NULL */
	bool *ret_stopped;    /* set when somebody asked the run to stop; NULL: not wanted */
};

/*
 * Run an epic to its end on a loop of its own, signals and control socket included.
 *
 * ret_exit  CONTRACT's exit code
 * e         could not begin: BUSY (another supervisor, with pid), INVALID, CORRUPT, IO, and
 *           CONFLICT with a cycle's members (exit 3)
 */
int supervisor_run(const struct supervisor_spec *spec, int *ret_exit, struct err *e) MUST_CHECK;

/* For those who bring their own host (supervisor-impl.h says what it must call). */
int supervisor_new(const struct supervisor_spec *spec,
		   struct host *host,
		   struct supervisor **ret,
		   struct err *e) MUST_CHECK;
void supervisor_free(struct supervisor *s);

/* Step what has arrived, make it durable, carry it out. The host calls it when woken. */
void supervisor_turn(struct supervisor *s);
/* One more event from outside; stepped in the next turn. Texts are copied. */
void supervisor_event(struct supervisor *s, const struct core_event *ev);
/* The tracker may have changed: read it again, soon. */
void supervisor_look(struct supervisor *s);
/* The run has ended, and nothing of it is under way; or it cannot go on (fatal). */
bool supervisor_over(const struct supervisor *s);
/* Why it could not go on; NULL while it can. Its exit code is 4. */
const struct err *supervisor_fatal(const struct supervisor *s);
const struct core *supervisor_core(const struct supervisor *s);

#endif
