#ifndef RUN_REQUEST_H
#define RUN_REQUEST_H

#include "base/err.h"
#include "base/str.h"
#include "core/core.h"
#include "run/control.h"

/*
 * What people ask of a run, as a line on the control socket and as events of the core. The line
 * is JSON without its newline; whoever may write to the socket may have written it.
 */
struct cJSON;

/* Ids in one request; more are refused. */
#define REQUEST_IDS_MAX 4096

/* The caller owns the line. */
char *request_write(const struct control_request *r);

/* A request and what it points into; request_done(). */
struct request {
	struct control_request asked;
	struct cJSON *json;
	const char **ids;
	struct control_issue *issues;
};

/* e: INVALID, with ret empty: it is none, or names what no task or commit can be called */
int request_parse(struct str line, struct request *ret, struct err *e) MUST_CHECK;
void request_done(struct request *r);

/*
 * The events that a request means, to give() in their order; all or none.
 *
 * said      a line a task of what was done, for people
 * e         NOT_FOUND: no such task; INVALID: it does not take this where it stands
 */
int request_events(struct core *c,
		   const struct control_request *r,
		   struct buf *said,
		   void (*give)(void *ctx, const struct core_event *ev),
		   void *ctx,
		   struct err *e) MUST_CHECK;

/*
 * Once those were stepped: did what was asked come to be? Events that were heard before them may
 * have changed where it stands.
 *
 * e         BUSY: ask again later
 */
int request_check(const struct core *c, const struct control_request *r, struct err *e) MUST_CHECK;

#endif
