#ifndef RUN_SERVERS_H
#define RUN_SERVERS_H

#include "base/err.h"
#include "port/agent.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * With agents.NAME.server 'shared', one program serves the sessions of all attempts of an agent
 * (docs/adr/0029). It is a job of its own, which the core does not know: it is started when an
 * attempt needs it, started again when it dies under one, adopted after a crash of ours, and ended
 * when no attempt is left; what tools left behind elsewhere ends with it. The attempts' jobs run
 * 'ganger-shim --connect', which finds it by the file 'place' and waits for it.
 */
struct supervisor;
struct worker;
struct job_end;

struct server {
	char *place; /* names the folder of its job, or says why there is none; NULL: not shared */
	char *token; /* shown by those who connect; the same for all of an epic's servers */
	int64_t job; /* 0: there is none, or it was told to end */
	int64_t since_mono;
	int failures; /* in a row, each soon after its start */
};

/* e: INVALID: this kind cannot; IO */
int server_init(struct supervisor *s, int worker, struct err *e) MUST_CHECK;
void servers_done(struct supervisor *s);
/* An attempt of this worker is about to begin; nothing where it has a program of its own. */
void server_need(struct supervisor *s, const struct worker *who);
/* The command of such an attempt. */
void server_command(const struct supervisor *s,
		    const struct worker *who,
		    const struct agent_attempt *a,
		    struct agent_command *ret);
/* Is this a server of an earlier supervisor that is ours now? */
bool server_adopt(struct supervisor *s, int64_t number);
/* The job of one, out of the table by now, has ended. */
void server_ended(struct supervisor *s, int worker, const struct job_end *end);
/* Those that no attempt needs any more are ended. */
void servers_settle(struct supervisor *s);

#endif
