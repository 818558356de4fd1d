#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "base/err.h"
#include "base/str.h"
#include "core/core.h"

/*
 * A task's session as its users know it: created, dispatched, running, idle, completed or failed.
 * A retry gives the issue its next one. On the control socket it is a line of JSON without its
 * newline.
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

/*
 * What a session is called wherever one is: "<epic>/<issue>/<attempt>", the names as in a ref. What
 * it left is refs/ganger/<id>. See docs/adr/0036.
 */
struct session_id {
	char *epic, *issue; /* owned */
	int64_t attempt;    /* from 1 */
};
void buf_session_id(struct buf *b, const char *epic, const char *issue, int64_t attempt);
/* False, with ret empty: that is no id of a session. */
bool session_id_parse(const char *text, struct session_id *ret);
void session_id_done(struct session_id *id);

#endif
