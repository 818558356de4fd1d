#ifndef UI_CLI_SUPERVISE_H
#define UI_CLI_SUPERVISE_H

#include "ui/cli/cli.h"

/* What 'run', 'dispatch' and 'finish' share: a supervisor in the foreground, or a detached one. */

struct supervise {
	const char *epic;
	bool no_agent;          /* only what is queued lands */
	bool allow_red;
	bool quiet;     /* --json: nothing but the result on standard output, no board */
	bool no_result; /* the caller says what came of it */
	bool *ret_stopped; /* set when somebody stopped it; NULL: not wanted */
};

/* To the end; returns the exit code. Errors are printed. */
int supervise(struct cli *c, const struct supervise *s);

/*
 * The same in the background: this program once more, with 'args' (NULL-terminated, after the
 * options that came before the command). Returns when its first turn is durable, having printed
 * pid, log and how to watch.
 */
int supervise_detached(struct cli *c, const char *epic, const char *const *args);

/*
 * Somebody said when to ask again (BUSY with a time): say so, and wait until then. False: nobody
 * did, and e is an error as any other. An interrupt ends the program, as ever before a run.
 */
bool cli_wait(struct cli *c, struct err *e);

/* As GANGER_READY_FD says; -1: none. */
int supervise_ready_fd(void);

#endif
