#ifndef BASE_SQLITE_H
#define BASE_SQLITE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SQLite as this program uses it: WAL, synchronous=FULL, mode 0600, and errors by what the
 * caller can do. SQLite's codes become: full disk, quota or too big LIMIT; not a database or torn
 * CORRUPT; held by another BUSY; a constraint CONFLICT; anything the system refused IO.
 * A handle is for one thread at a time.
 */
struct db;
struct sqlite3;
struct sqlite3_stmt;

enum db_flags {
	DB_READ = 1u << 0,   /* read-only; the file must exist */
	DB_CREATE = 1u << 1, /* made where absent, 0600; its folder must exist */
	/*
	 * Other processes write it too. Every transaction then also holds an flock on
	 * '<path>-lock', so that no two connections write or checkpoint at once: doing so
	 * can corrupt a WAL before SQLite 3.51.3 (its "WAL-reset" bug).
	 */
	DB_SHARED = 1u << 2,
	/*
	 * With DB_READ: nobody writes it, nor will while it is open, and it has no WAL. Nothing
	 * is locked or made beside it then, so that its folder may be read-only.
	 */
	DB_STILL = 1u << 3,
};

/* How long a writer waits for another one before BUSY. */
#define DB_BUSY_MS 20000

/*
 * Open a database. Without DB_READ it is put in WAL mode, foreign keys on.
 *
 * ret       db_close(), which takes NULL
 * e         NOT_FOUND absent (and not DB_CREATE); CORRUPT not a database; BUSY; IO; LIMIT
 */
int db_open(const char *path, unsigned flags, struct db **ret, struct err *e) MUST_CHECK;
void db_close(struct db *d);
/* Borrowed until db_close(), for what has no call here. */
struct sqlite3 *db_handle(struct db *d);

/* Set e from the last error of d: "could not <fmt…>: <SQLite's reason>". Returns e->code. */
int db_error(struct db *d, struct err *e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Run statements that need no values and give no rows. */
int db_exec(struct db *d, const char *sql, struct err *e) MUST_CHECK;

/*
 * Bring a file to schema version n_steps: steps[i] (SQL, may be several statements) takes
 * version i to i+1, all missing ones in one transaction. A file of a newer version is INVALID
 * and left alone. The version is SQLite's user_version.
 */
int db_migrate(struct db *d, const char *const *steps, int n_steps, struct err *e) MUST_CHECK;

/* BEGIN IMMEDIATE: we are the writer, or BUSY. db_rollback() without a transaction is fine. */
int db_begin(struct db *d, struct err *e) MUST_CHECK;
/* One view of the file for all that is read until db_rollback(). */
int db_begin_read(struct db *d, struct err *e) MUST_CHECK;
/* A commit that fails leaves the transaction open: db_rollback(), or try again. */
int db_commit(struct db *d, struct err *e) MUST_CHECK;
void db_rollback(struct db *d);

/* A local statement: struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL; */
int db_prepare(struct db *d, const char *sql, struct sqlite3_stmt **ret, struct err *e) MUST_CHECK;
void db_finalp(struct sqlite3_stmt **q);

/*
 * Bind values to ?1, ?2, …, after a reset: one letter of types each: 't' const char * (NULL is
 * NULL), 'i' int, 'l' int64_t, 'r' double. Texts are borrowed until the next bind or reset.
 */
void db_bind(struct sqlite3_stmt *q, const char *types, ...);

/* 1: a row is there; 0: no more; negative: e->code. */
int db_step(struct db *d, struct sqlite3_stmt *q, struct err *e) MUST_CHECK;
/* Step a statement that gives no row, and reset it. */
int db_done(struct db *d, struct sqlite3_stmt *q, struct err *e) MUST_CHECK;

/* Prepare and bind at once, for a statement used once. */
int db_query(struct db *d,
	     struct sqlite3_stmt **ret,
	     struct err *e,
	     const char *sql,
	     const char *types,
	     ...) MUST_CHECK;
/* Prepare, bind, step to the end. */
int db_run(struct db *d, struct err *e, const char *sql, const char *types, ...) MUST_CHECK;

/* Columns from 0. Text is borrowed until the next step; NULL where the column is NULL. */
const char *db_text(struct sqlite3_stmt *q, int column);
/* A copy the caller owns; NULL becomes "". */
char *db_text_dup(struct sqlite3_stmt *q, int column);
int64_t db_int(struct sqlite3_stmt *q, int column);
double db_real(struct sqlite3_stmt *q, int column);
/* Rows the last insert, update or delete changed; id of the last row inserted. */
int64_t db_changes(struct db *d);
int64_t db_last_id(struct db *d);

#endif
