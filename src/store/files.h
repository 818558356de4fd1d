#ifndef STORE_FILES_H
#define STORE_FILES_H

#include "port/store.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The files of a journal, judged before SQLite sees them: SQLite takes an empty or missing
 * file for a new database and a damaged WAL for the end of it, and would go on with less
 * than was acknowledged. A small file beside the journal, the mark, says that there is one
 * and whether its WAL must be there.
 */
enum journal_mark {
	MARK_NONE = 1, /* no mark: never finished making, or a copy */
	MARK_OPEN,     /* a writer had it open: journal and WAL must be there */
	MARK_CLOSED,   /* closed well: the journal must be there, its WAL may */
};

struct journal_files {
	char *dir, *base; /* of the path */
	char *mark_path;  /* "<dir>/.<base>.mark" */
	char *wal_path;   /* "<path>-wal" */
	char *shm_path;   /* "<path>-shm" */
	enum journal_mark mark;
	int64_t size, wal_size; /* bytes; -1: absent */
};

/* Look at them. files_done() in any case. */
int files_look(const char *path, struct journal_files *ret, struct err *e) MUST_CHECK;
void files_done(struct journal_files *f);

/*
 * Can this be opened? Only a writer may look into the WAL, for nobody moves it then.
 *
 * ret_new   nothing is there yet, and nothing says that there was
 * e         CORRUPT with a hint; NOT_FOUND new, for a reader; IO
 */
int files_judge(const struct journal_files *f,
		const char *path,
		enum store_mode mode,
		bool *ret_new,
		struct err *e) MUST_CHECK;

int files_mark(const struct journal_files *f, enum journal_mark mark, struct err *e) MUST_CHECK;

/* Say what to do about a damaged journal. Returns e->code. */
int files_hint(const char *path, struct err *e);

/*
 * Does the WAL hold every turn that was acknowledged? e: CORRUPT where it does not.
 * Frames after its last whole turn are fine as long as nothing shows that they were one.
 * Source: "The SQLite database file format", 4 (WAL) and "WAL-mode file format", 2.1 (shm).
 */
int wal_check(const char *wal_path, const char *shm_path, struct err *e) MUST_CHECK;

#endif
