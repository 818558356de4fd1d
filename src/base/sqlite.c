#include "base/sqlite.h"

#include "base/clean.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

struct db {
	sqlite3 *sql;
	char *path;
	int lock_fd; /* of '<path>-lock'; -1 where nobody else writes */
	bool locked;
};

#define LOCK_POLL_MS 5

/* Wait until no other connection writes. flock has no deadline of its own, hence the polling. */
static int db_lock(struct db *d, struct err *e)
{
	const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};

	if (d->lock_fd < 0 || d->locked)
		return 0;
	for (int waited_ms = 0;; waited_ms += LOCK_POLL_MS) {
		if (flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0)
			break;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "could not lock '%s'", d->path);
		if (waited_ms >= DB_BUSY_MS)
			return err_set(e, ERR_BUSY,
				       "could not write '%s': another process has held it for %d s",
				       d->path, DB_BUSY_MS / 1000);
		(void)nanosleep(&pause, NULL); /* a shorter pause does no harm */
	}
	d->locked = true;
	return 0;
}

static void db_unlock(struct db *d)
{
	if (d->locked)
		(void)flock(d->lock_fd, LOCK_UN); /* cannot fail on a descriptor of ours */
	d->locked = false;
}

static enum err_code code_of(int rc, int sys)
{
	/* SQLite knows ENOSPC in a write alone; files are also extended, made and mapped. */
	if (rc != SQLITE_OK && (sys == ENOSPC || sys == EDQUOT || sys == EFBIG))
		return ERR_LIMIT;
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	default:
		return ERR_IO;
	}
}

/*
 * errno of the call that failed. SQLite does not keep it where a commit fails, but it does
 * nothing after it that fails as well; so errno, set to 0 before the call, still has it.
 */
static int db_sys(struct db *d, int rc, int after)
{
	int sys = sqlite3_system_errno(d->sql);

	switch (rc & 0xff) {
	case SQLITE_CANTOPEN:
	case SQLITE_FULL:
		return sys;
	case SQLITE_IOERR:
		return after ? after : sys;
	default:
		return 0;
	}
}

int db_error(struct db *d, struct err *e, const char *fmt, ...)
{
	char what[512];
	int after = errno;
	int rc = sqlite3_extended_errcode(d->sql);
	int sys = db_sys(d, rc, after);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	int code = err_set(e, code_of(rc, sys), "could not %s: %s", what, sqlite3_errmsg(d->sql));
	if (e)
		e->sys = sys;
	return code;
}

static int fail(struct db *d, struct err *e)
{
	return db_error(d, e, "use '%s'", d->path);
}

/* SQLite makes files by the umask; ours are for the user alone, from the first byte. */
static int make_private(const char *path, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "could not make '%s'", path);
	return 0;
}

static int open_lock(struct db *d, struct err *e)
{
	char *path CLEANUP(freep) = mem_printf("%s-lock", d->path);

	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock_fd < 0)
		return err_sys(e, "could not open '%s'", path);
	return db_lock(d, e);
}

static char *still_uri(const char *path)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, *path == '/' ? "file://" : "file:");
	for (; *path; path++)
		buf_printf(&b, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
	buf_puts(&b, "?immutable=1");
	return buf_take(&b);
}

static int open_handle(struct db *d, unsigned flags, struct err *e)
{
	int how = flags & DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	char *still CLEANUP(freep) = flags & DB_STILL ? still_uri(d->path) : NULL;
	int rc = sqlite3_open_v2(still ? still : d->path, &d->sql,
				 how | SQLITE_OPEN_EXRESCODE | (still ? SQLITE_OPEN_URI : 0), NULL);

	if (!d->sql)
		return err_set(e, ERR_LIMIT, "could not open '%s': no memory", d->path);
	if (rc != SQLITE_OK)
		return db_error(d, e, "open '%s'", d->path);
	sqlite3_busy_timeout(d->sql, DB_BUSY_MS);
	/*
	 * Reading the schema tells a database from anything else before we touch it. Of its pages
	 * few are kept (KiB): the system has them, too, and a supervisor stays for days.
	 */
	if (sqlite3_exec(d->sql, "PRAGMA schema_version; PRAGMA cache_size=-256", NULL, NULL,
			 NULL) != SQLITE_OK)
		return db_error(d, e, "open '%s'", d->path);
	if (flags & DB_READ)
		return 0;
	/*
	 * Where SQLite cannot open a file for writing, also for want of a descriptor, it takes one
	 * for reading: that is said now, of the log as beginning to write says it, and not by
	 * every later call.
	 */
	if (sqlite3_db_readonly(d->sql, "main") != 0)
		return err_set(e, ERR_IO, "could not open '%s' for writing", d->path);
	return db_exec(d,
		       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
		       "BEGIN IMMEDIATE; ROLLBACK",
		       e);
}

static int open_all(struct db *d, unsigned flags, struct err *e)
{
	if (!(flags & DB_CREATE) && access(d->path, F_OK) != 0)
		return err_set(e, ERR_NOT_FOUND, "could not open '%s': no such file", d->path);
	int rc = flags & DB_CREATE ? make_private(d->path, e) : 0;
	if (rc == 0 && flags & DB_SHARED && !(flags & DB_READ))
		rc = open_lock(d, e);
	if (rc == 0)
		rc = open_handle(d, flags, e);
	db_unlock(d);
	return rc;
}

int db_open(const char *path, unsigned flags, struct db **ret, struct err *e)
{
	struct db *d = mem_alloc(sizeof(*d));

	d->path = mem_strdup(path);
	d->lock_fd = -1;
	int rc = open_all(d, flags, e);
	if (rc) {
		db_close(d);
		return rc;
	}
	*ret = d;
	return 0;
}

void db_close(struct db *d)
{
	if (!d)
		return;
	/* The last one out checkpoints, which is writing; where the lock cannot be had, the WAL stays. */
	if (d->sql && db_lock(d, NULL) != 0)
		(void)sqlite3_db_config(d->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	CHECK(sqlite3_close(d->sql) == SQLITE_OK); /* else a statement of ours is left */
	if (d->lock_fd >= 0)
		(void)close(d->lock_fd); /* lets go of the lock as well */
	free(d->path);
	free(d);
}

struct sqlite3 *db_handle(struct db *d)
{
	return d->sql;
}

int db_exec(struct db *d, const char *sql, struct err *e)
{
	errno = 0;
	return sqlite3_exec(d->sql, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(d, e);
}

static int schema_version(struct db *d, int *ret, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(d, &q, e, "PRAGMA user_version", "");

	if (rc == 0)
		rc = db_step(d, q, e);
	if (rc < 0)
		return rc;
	*ret = (int)db_int(q, 0);
	return 0;
}

static int migrate_steps(struct db *d, const char *const *steps, int n_steps, struct err *e)
{
	char set[64];
	int at;
	int rc = schema_version(d, &at, e); /* again: another process may have been quicker */

	for (; rc == 0 && at < n_steps; at++)
		rc = db_exec(d, steps[at], e);
	if (rc)
		return rc;
	(void)snprintf(set, sizeof(set), "PRAGMA user_version=%d", n_steps);
	return db_exec(d, set, e);
}

int db_migrate(struct db *d, const char *const *steps, int n_steps, struct err *e)
{
	int at;
	int rc = schema_version(d, &at, e);

	if (rc || at == n_steps)
		return rc;
	if (at > n_steps)
		return err_set(e, ERR_INVALID,
			       "cannot use '%s': its schema version is %d, this program knows %d",
			       d->path, at, n_steps);
	rc = db_begin(d, e);
	if (rc)
		return rc;
	rc = migrate_steps(d, steps, n_steps, e);
	if (rc == 0)
		rc = db_commit(d, e);
	if (rc)
		db_rollback(d);
	return rc;
}

/* A rollback that failed left its transaction open: it ends before another one begins. */
static int begin_as(struct db *d, const char *sql, struct err *e)
{
	int rc = sqlite3_get_autocommit(d->sql) ? 0 : db_exec(d, "ROLLBACK", e);

	return rc ? rc : db_exec(d, sql, e);
}

int db_begin_read(struct db *d, struct err *e)
{
	return begin_as(d, "BEGIN", e);
}

int db_begin(struct db *d, struct err *e)
{
	int rc = db_lock(d, e);

	if (rc)
		return rc;
	rc = begin_as(d, "BEGIN IMMEDIATE", e);
	if (rc)
		db_unlock(d);
	return rc;
}

int db_commit(struct db *d, struct err *e)
{
	int rc = db_exec(d, "COMMIT", e);

	if (rc == 0)
		db_unlock(d);
	return rc;
}

void db_rollback(struct db *d)
{
	/* Some errors have rolled back already; then there is nothing to end. */
	if (!sqlite3_get_autocommit(d->sql))
		(void)sqlite3_exec(d->sql, "ROLLBACK", NULL, NULL, NULL);
	db_unlock(d);
}

int db_prepare(struct db *d, const char *sql, struct sqlite3_stmt **ret, struct err *e)
{
	return sqlite3_prepare_v2(d->sql, sql, -1, ret, NULL) == SQLITE_OK ? 0 : fail(d, e);
}

void db_finalp(struct sqlite3_stmt **q)
{
	(void)sqlite3_finalize(*q); /* repeats the error of the last step, which was reported */
	*q = NULL;
}

static void bind_all(struct sqlite3_stmt *q, const char *types, va_list ap)
{
	int rc = SQLITE_OK;

	(void)sqlite3_reset(q); /* as above */
	for (int i = 1; *types && rc == SQLITE_OK; types++, i++) {
		switch (*types) {
		case 't':
			rc = sqlite3_bind_text(q, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
			break;
		case 'i':
			rc = sqlite3_bind_int(q, i, va_arg(ap, int));
			break;
		case 'l':
			rc = sqlite3_bind_int64(q, i, va_arg(ap, int64_t));
			break;
		case 'r':
			rc = sqlite3_bind_double(q, i, va_arg(ap, double));
			break;
		default:
			CHECK(!"type letter");
		}
	}
	CHECK(rc == SQLITE_OK);
}

void db_bind(struct sqlite3_stmt *q, const char *types, ...)
{
	va_list ap;

	va_start(ap, types);
	bind_all(q, types, ap);
	va_end(ap);
}

int db_step(struct db *d, struct sqlite3_stmt *q, struct err *e)
{
	errno = 0;
	switch (sqlite3_step(q)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return fail(d, e);
	}
}

int db_done(struct db *d, struct sqlite3_stmt *q, struct err *e)
{
	int rc = db_step(d, q, e);

	(void)sqlite3_reset(q); /* repeats the error */
	return rc < 0 ? rc : 0;
}

static int query(struct db *d,
		 struct sqlite3_stmt **ret,
		 struct err *e,
		 const char *sql,
		 const char *types,
		 va_list ap)
{
	int rc = db_prepare(d, sql, ret, e);

	if (rc == 0)
		bind_all(*ret, types, ap);
	return rc;
}

int db_query(struct db *d,
	     struct sqlite3_stmt **ret,
	     struct err *e,
	     const char *sql,
	     const char *types,
	     ...)
{
	va_list ap;

	va_start(ap, types);
	int rc = query(d, ret, e, sql, types, ap);
	va_end(ap);
	return rc;
}

int db_run(struct db *d, struct err *e, const char *sql, const char *types, ...)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	va_list ap;

	va_start(ap, types);
	int rc = query(d, &q, e, sql, types, ap);
	va_end(ap);
	return rc ? rc : db_done(d, q, e);
}

const char *db_text(struct sqlite3_stmt *q, int column)
{
	return (const char *)sqlite3_column_text(q, column);
}

char *db_text_dup(struct sqlite3_stmt *q, int column)
{
	const char *s = db_text(q, column);

	return mem_strdup(s ? s : "");
}

int64_t db_int(struct sqlite3_stmt *q, int column)
{
	return sqlite3_column_int64(q, column);
}

double db_real(struct sqlite3_stmt *q, int column)
{
	return sqlite3_column_double(q, column);
}

int64_t db_changes(struct db *d)
{
	return sqlite3_changes64(d->sql);
}

int64_t db_last_id(struct db *d)
{
	return sqlite3_last_insert_rowid(d->sql);
}
