#ifndef RUN_DISPATCH_H
#define RUN_DISPATCH_H

#include "base/err.h"
#include "base/str.h"
#include "run/control.h"

/*
 * Issues to sessions: the run that has them is an epic of its own, "dispatch-<n>". An issue is
 * registered there, durably, before anything of it begins; whether a supervisor runs or not.
 */

/* A number that nobody has; the folder made is the claim to it. The caller owns ret. */
int dispatch_new(const struct place *p, char **ret_epic, struct err *e) MUST_CHECK;

/*
 * Register issues, each once however often it is named or was dispatched before.
 *
 * ret       the id of each one's session, a line each, in their order
 * e         INVALID: the epic is none of dispatch; BUSY: its supervisor does not answer, or has
 *           been ending for CONTROL_WAIT_MS; LIMIT: the disk is full. Then a part of them may be
 *           registered: to register them again is harmless.
 */
int dispatch_add(const struct place *p,
		 const struct config *c,
		 const char *epic,
		 const struct control_issue *issues,
		 size_t n,
		 struct buf *ret,
		 struct err *e) MUST_CHECK;

#endif
