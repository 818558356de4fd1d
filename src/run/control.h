#ifndef RUN_CONTROL_H
#define RUN_CONTROL_H

#include "base/err.h"
#include "base/str.h"

/*
 * What people ask of a run. A live supervisor is asked through its socket; where there is none,
 * the journal is changed as the supervisor would have done, and the next run goes on from it.
 */
struct config;
struct paths;
struct place;
struct supervisor;
struct uv_loop_s;

enum control_verb {
	CONTROL_RETRY = 1,
	CONTROL_CANCEL,
	CONTROL_PAUSE,
	CONTROL_RESUME,
	CONTROL_STOP,
	CONTROL_STOP_NOW,
	CONTROL_SUBMIT,
	CONTROL_HOLD,
	CONTROL_RELEASE,
	CONTROL_MOVE,
	CONTROL_LOOK, /* the tracker has changed */
	CONTROL_APPROVE,
	CONTROL_DISPATCH,
	CONTROL_WATCH,
	CONTROL_SAY,
	CONTROL_ALLOW,
	CONTROL_DENY
};

/* An issue to dispatch, as the tracker has it. */
struct control_issue {
	const char *id, *title;
	int priority;
	const char *agent; /* name of the one that its labels choose; NULL: that for all */
};

struct control_request {
	enum control_verb verb;
	const char *const *ids; /* RETRY, CANCEL, HOLD, RELEASE, MOVE, APPROVE; NULL-terminated */
	/* SUBMIT: the child issue as the tracker has it, and what to land. */
	const char *id, *title, *head, *base;
	int priority, branch; /* branch: as struct task has it */
	int64_t pull;
	const char *text; /* SAY: to the agent at work on ids[0] */
	int place; /* MOVE: among those that wait, 1 the first */
	const struct control_issue *issues; /* DISPATCH: n_issues of them */
	size_t n_issues;
};

/*
 * ret       what was done, a line a task; for people. DISPATCH: the id of each issue's session
 * e         NOT_FOUND: no such task, or no run; INVALID: the task does not take it where it
 *           stands; BUSY: a supervisor holds the epic but does not answer
 */
int control_send(const struct place *p,
		 const struct config *c,
		 const char *epic,
		 const struct control_request *r,
		 struct buf *ret,
		 struct err *e) MUST_CHECK;

/* Tell every supervisor of this repository that the tracker has changed. Where none listens, the next
 * one reads the tracker as it begins: nothing is owed. */
void control_look(const struct place *p);

/*
 * As control_send(), waiting for up to CONTROL_WAIT_MS where it is BUSY: a supervisor that begins does not
 * listen yet, and one that ends does not any more; a moment later it does, or is gone.
 */
#define CONTROL_WAIT_MS 60000
int control_order(const struct place *p,
		  const struct config *c,
		  const char *epic,
		  const struct control_request *r,
		  struct buf *ret,
		  struct err *e) MUST_CHECK;

/* The second half of control_send(), on a journal that the caller has opened to write. */
struct store;
int control_change(struct store *store,
		   const struct config *c,
		   const char *epic,
		   const struct control_request *r,
		   struct buf *ret,
		   struct err *e) MUST_CHECK;

/*
 * Watch a live supervisor: the answer is a line (session.h) for each task, then one for each that changes, until the connection ends. Whoever reads too slowly is cut off.
 *
 * ret       non-blocking; the caller closes it
 * Returns 1 where no supervisor listens.
 */
int control_watch(const struct paths *p, int *ret, struct err *e) MUST_CHECK;

/* The listening side; freed by closing the loop's handles: control_close() and one more turn. */
struct control;
int control_listen(struct supervisor *s,
		   struct uv_loop_s *loop,
		   struct control **ret,
		   struct err *e) MUST_CHECK;
void control_close(struct control *c);

#endif
