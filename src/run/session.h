#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "base/err.h"
#include "base/str.h"
#include "core/core.h"

/*
 * A task's session as its users know it: created, dispatched, running, idle, completed or failed.
 * Its id is "<issue>.<attempt>"; a retry gives the issue its next one. On the control socket it
 * is a line of JSON without its newline.
 */
struct session {
	char *issue, *title, *reason; /* owned */
	int64_t attempt;              /* its own, or where it has not begun the one to come; 1 up */
	enum core_session state;      /* COMPLETED: with its pull request, or nothing to do */
	int64_t created_ms, updated_ms, ended_ms; /* wall clock; 0 not (known) */
	int64_t pull;                             /* its number; 0 none */
	bool over;                                /* nothing more happens to it by itself */
};

/* Owns copies of the task's texts. */
void session_of(const struct task *t, struct session *ret);
void session_done(struct session *s);
int64_t session_attempt(const struct task *t);

void session_write(struct buf *out, const struct task *t);
/* e: INVALID, with ret empty: it is no session */
int session_parse(struct str line, struct session *ret, struct err *e) MUST_CHECK;

/* The issue in a session's id, as a piece of it; empty: that is no id of a session. */
struct str session_issue(const char *id);

#endif
