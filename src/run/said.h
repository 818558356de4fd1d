#ifndef RUN_SAID_H
#define RUN_SAID_H

#include "core/core.h"
#include "run/paths.h"

/* What the agent of a task's latest attempt said last, from the normalised log of one that is talked to. */

/* Its last events, whole lines (agent/talk_events.h), appended to ret. False: there are none. */
bool said_tail(const struct paths *p, const struct task *t, struct buf *ret);

/* What an agent at work asks a person, "shell: ls", unanswered; NULL: nothing. The caller owns it. */
char *said_asks(const struct paths *p, const struct task *t);

#endif
