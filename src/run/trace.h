#ifndef RUN_TRACE_H
#define RUN_TRACE_H

#include "base/str.h"
#include "core/core.h"
#include "port/store.h"

/*
 * The trace: everything a core was told, in order, as the journal keeps it: a row an event, its
 * fields as one JSON object. What the core was made from stands in front, in a row of its own
 * kind, for each supervisor and for each change that was made while there was none.
 */
#define TRACE_BEGIN "BEGIN"

struct trace_begin {
	const char *version; /* of ganger */
	const char *epic;
	/* The kinds in use, of which name and max are said; read back, in kinds_read. */
	const struct kind *kinds;
	int n_kinds;
	bool dispatch;
	struct policy policy;
};

void trace_begin(struct buf *b, const struct trace_begin *t);
void trace_event(struct buf *b, const struct core_event *ev);

/* More are not read back; a supervisor has no more. */
#define TRACE_KINDS_MAX 64

/* Read one back; what it borrows lives as long as it is kept. */
struct cJSON;
struct trace_row {
	struct cJSON *json;
	struct core_event ev;     /* an event; its texts are json's */
	struct trace_begin begin; /* of TRACE_BEGIN; likewise */
	struct kind kinds[TRACE_KINDS_MAX]; /* its */
	bool begins;
};

/*
 * c         where the event's task is looked for
 * e         CORRUPT: it cannot be read, or names a task that is not there
 */
int trace_read(const struct core *c,
	       const struct store_event *row,
	       struct trace_row *ret,
	       struct err *e) MUST_CHECK;
void trace_row_done(struct trace_row *r);

#endif
