#ifndef STORE_STORE_IMPL_H
#define STORE_STORE_IMPL_H

#include "base/sqlite.h"
#include "port/store.h"

/* What user_version and application_id say; the first grows when trace or meta change shape. */
#define STORE_SCHEMA      1
#define STORE_APPLICATION 0x676e6772 /* "gngr" */

/*
 * The WAL goes back into the file after this many pages (512 KiB): large enough that a turn
 * rarely pays for a checkpoint, small enough not to count beside the journal itself.
 */
#define STORE_WAL_PAGES 128

/* Up to this size every page is checked at open; of a larger file all but the trace. */
#define STORE_CHECK_BYTES (16 << 20)

struct table_sql {
	struct sqlite3_stmt *put, *delete;
	bool *in_file; /* by column: is it there? Only a reader meets a file without */
	bool exists;
};

struct store {
	struct db *db;
	char *path;
	enum store_mode mode;
	const struct store_table *const *tables;
	int n_tables;
	struct table_sql *sql; /* n_tables */
	struct sqlite3_stmt *trace, *meta_set;
	bool in_turn;
	int broken; /* what a put of this turn failed with: it can only be rolled back */
};

/* Prepare what the turns of a writer use again and again. */
int store_prepare(struct store *s, struct err *e) MUST_CHECK;
void store_finalize(struct store *s);

/* Is the folder of a journal on a file system that several kernels share? Then INVALID. */
int place_check(const char *dir, struct err *e) MUST_CHECK;
/* The name of a network file system, by statfs magic and type of mount; NULL: a local one. */
const char *place_network(long magic, const char *mount_type);

#endif
