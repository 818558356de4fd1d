#ifndef PORT_STORE_H
#define PORT_STORE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The journal: tables that are the state, a trace of events, actions under way; one
 * transaction a turn (DESIGN 3, 9). The tables are described by their user, a list of
 * columns each; the first column is the key.
 */
enum store_type { STORE_INT = 1, STORE_TEXT, STORE_REAL };

struct store_column {
	const char *name;
	enum store_type type;
};

struct store_table {
	const char *name;
	const struct store_column *columns;
	int n_columns;
};

struct store_value {
	int64_t i;
	double r;
	const char *s; /* NULL is stored as NULL; loaded: borrowed during the callback */
};

enum store_mode {
	STORE_WRITE = 1, /* the one writer; the caller holds the epic's lock */
	STORE_READ,      /* read-only, also while a writer lives; sees the last commit */
};

struct store;

/*
 * Open, or (WRITE) make, a journal.
 *
 * path      ".../journal.db"; on a network file system: INVALID, never opened
 * tables    kept by reference; unknown extra columns in the file are left alone, missing
 *           ones are added (forward migration); a file of a newer schema version: INVALID
 * e         CORRUPT: torn or not a journal, or gone although its mark (".journal.db.mark" beside
 *           it) says that there was one; says what to do; the file is left untouched.
 *           NOT_FOUND (READ): there is none yet
 */
int store_open(const char *path, enum store_mode mode, const struct store_table *const *tables,
	       int n_tables, struct store **ret, struct err *e);
void store_close(struct store *s);

/* One turn: begin, any number of puts, deletes and traces, commit. A commit that fails
 * rolls back and leaves the caller to try the same batch again: LIMIT (disk full), IO, CORRUPT.
 * Where a put fails the turn is void: store_rollback(), then the same batch again.
 * With STORE_READ: begin to rollback is one look, all loads in it are of the same commit. */
int store_begin(struct store *s, struct err *e);
int store_put(struct store *s, int table, const struct store_value *values, struct err *e);
int store_delete(struct store *s, int table, const struct store_value *key, struct err *e);
int store_trace(struct store *s, int64_t wall_ms, const char *kind, const char *task,
		const char *text, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

typedef int store_row_fn(void *ctx, const struct store_value *values, struct err *e);
/* Every row of a table in key order. A non-zero return of fn stops and is returned. */
int store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e);

struct store_event {
	int64_t id, wall_ms;
	const char *kind, *task, *text;
};
typedef int store_event_fn(void *ctx, const struct store_event *ev, struct err *e);
/* The trace behind id 'after' (0: all of it), oldest first. */
int store_events(struct store *s, int64_t after, store_event_fn *fn, void *ctx, struct err *e);

/* Small named texts (schema of the user, values in force, boot id). NOT_FOUND. */
int store_meta_get(struct store *s, const char *key, char **ret, struct err *e);
int store_meta_set(struct store *s, const char *key, const char *value, struct err *e); /* in a turn */

/*
 * <git common dir>/ganger/<epic>.lock: one supervisor an epic. BUSY says pid and since when; where that pid
 * is no more it is waited for, three seconds at most.
 * The descriptor holds the lock; close it to let go. pid and start time are in the file.
 */
int store_lock(const char *path, int *ret_fd, struct err *e);
/* Who holds it; pid 0: nobody. Never takes the lock. CORRUPT: held, but not saying by whom. */
int store_lock_holder(const char *path, int64_t *ret_pid, struct err *e);

/* <epic>/reserve: room to end cleanly on a full disk. make: LIMIT while there is no room. */
int store_reserve_make(const char *path, struct err *e);
void store_reserve_release(const char *path);

#endif
