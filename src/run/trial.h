#ifndef RUN_TRIAL_H
#define RUN_TRIAL_H

#include "base/err.h"

#include <stdbool.h>

struct config;
struct config_agent;
struct parts;
struct place;

/*
 * Try what an attempt would meet, on the untouched base and in exactly its environment: the
 * worktree, set-up, the agent's probe, the check. Nothing is kept, and no branch is made.
 */
struct trial_spec {
	const struct place *place;
	const struct config *config;
	const struct config_agent *agent;
	const struct parts *parts;
};

enum trial_result {
	TRIAL_OK = 1,
	TRIAL_FAILED,
	TRIAL_NOT_SET,  /* there is no such command: nothing to try */
	TRIAL_NOT_TRIED /* a step before it failed */
};

struct trial_step {
	enum trial_result result;
	char *text; /* of FAILED: how it ended, and the end of what it printed; owned */
};

struct trial {
	struct trial_step worktree, setup, probe, check;
};

/* Never fails as a whole: what cannot be done is a step that failed. trial_done(). */
void trial_run(const struct trial_spec *s, struct trial *ret);
void trial_done(struct trial *t);

#endif
