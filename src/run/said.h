#ifndef RUN_SAID_H
#define RUN_SAID_H

#include "core/core.h"
#include "run/paths.h"

/* What the agent of a task's latest attempt said last, from the normalised log of one that is talked to. */

/* Its last events, whole lines (agent/talk_events.h), appended to ret. False: there are none. */
bool said_tail(const struct paths *p, const struct task *t, struct buf *ret);

/* What an agent at work asks a person, unanswered. */
struct said_ask {
	char *question; /* its name, for the answer; NULL: an earlier version of ganger gave none */
	char *what;     /* "shell: ls" */
};
struct said_asks {
	struct said_ask *items; /* the oldest first */
	size_t n, cap;
};

void said_asks_find(const struct paths *p, const struct task *t, struct said_asks *ret);
void said_asks_done(struct said_asks *a);

#endif
