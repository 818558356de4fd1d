#ifndef TRACKER_LOCAL_IMPL_H
#define TRACKER_LOCAL_IMPL_H

#include "base/sqlite.h"
#include "tracker/local.h"

#include <pthread.h>

/* Inside of the built-in tracker, for its own files and the importers. */

#define ISSUE_ID_MAX    200        /* bytes */
#define ISSUE_TITLE_MAX 1000       /* bytes; longer ones are refused, imported ones cut */
#define ISSUE_BODY_MAX  (4u << 20) /* bytes */

/* Statements that an import runs once an issue; prepared at first use. */
enum local_sql { LOCAL_INSERT, LOCAL_CHILD, LOCAL_EDGE, LOCAL_COMMENT, LOCAL_SQL_COUNT };

struct local {
	struct tracker tracker; /* first, for local_of() */
	struct db *db;
	pthread_mutex_t mutex; /* around every use of db */
	struct sqlite3_stmt *kept[LOCAL_SQL_COUNT];
};

/* CHECKs that it is one. */
struct local *local_of(struct tracker *t);
/* 0, or INVALID: the importers write the built-in tracker alone. */
int local_is(const struct tracker *t, struct err *e) MUST_CHECK;

/* Take the mutex and begin a transaction; on an error neither is held. */
int local_begin(struct local *l, struct err *e) MUST_CHECK;
/* Commit if rc is 0, else roll back; let go of the mutex. Returns rc, or why it did not commit. */
int local_end(struct local *l, int rc, struct err *e) MUST_CHECK;

/* A new issue; texts are clean. NULL texts are stored as "". All borrowed. */
struct local_issue {
	const char *id, *title, *body, *labels, *type, *status, *closed_reason;
	const char *hidden;
	int priority;
	bool open;
	int64_t created_ms, updated_ms, closed_ms; /* 0 unknown */
	int64_t defer_ms;                          /* hidden until then; 0: not */
};

/* All of these inside a transaction. Repetitions are fine and change nothing. */
int local_put_issue(struct local *l, const struct local_issue *i, bool *ret_new, struct err *e)
	MUST_CHECK;
int local_put_child(struct local *l, const char *epic, const char *task, struct err *e) MUST_CHECK;
int local_put_edge(struct local *l, const char *task, const char *needs, struct err *e) MUST_CHECK;
/* marker NULL: one more comment; else the one of that marker is made or replaced. */
int local_put_comment(struct local *l,
		      const char *id,
		      const char *marker,
		      const char *author,
		      const char *text,
		      int64_t wall_ms,
		      struct err *e) MUST_CHECK;
/* The number the next new issue gets. */
int local_next_number(struct local *l, int64_t *ret, struct err *e) MUST_CHECK;
/* 0, or INVALID: an id is one line of 1 to ISSUE_ID_MAX bytes. */
int local_check_id(const char *id, struct err *e) MUST_CHECK;
/* 0, or NOT_FOUND: "there is no issue '<id>'". */
int local_exists(struct local *l, const char *id, struct err *e) MUST_CHECK;

/* The operations of the port. Reading: local_read.c; writing: local_write.c. */
int local_load(struct tracker *t,
	       const char *epic,
	       struct issue *ret_epic,
	       struct issue_graph *ret,
	       struct err *e);
int local_get(struct tracker *t,
	      const char *id,
	      struct issue *ret,
	      struct issue_graph *ret_edges,
	      struct err *e);
int local_epics(struct tracker *t, struct issue_graph *ret, struct err *e);
int local_claim(struct tracker *t, const struct issue_claim *c, struct err *e);
int local_release(struct tracker *t, const struct issue_claim *c, struct err *e);
int local_close(
	struct tracker *t, const char *id, const char *reason, const char *comment, struct err *e);
int local_comment(
	struct tracker *t, const char *id, const char *marker, const char *text, struct err *e);
int local_add(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e);
int local_edit(struct tracker *t, const char *id, const struct issue_change *c, struct err *e);

#endif
