#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/files.h"
#include "store/store-impl.h"

#include <sqlite3.h>
#include <string.h>

static const char *type_name(enum store_type type)
{
	switch (type) {
	case STORE_INT:
		return "INTEGER";
	case STORE_TEXT:
		return "TEXT";
	case STORE_REAL:
		return "REAL";
	}
	CHECK(!"column type");
	return NULL;
}

static int pragma_int(struct db *d, const char *sql, int64_t *ret, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(d, &q, e, sql, "");

	if (!rc)
		rc = db_step(d, q, e);
	if (rc < 0)
		return rc;
	*ret = rc ? db_int(q, 0) : 0;
	return 0;
}

/* Is it ours, and of a version that we know? ret_made: its tables have been made. */
static int identify(struct store *s, bool *ret_made, struct err *e)
{
	int64_t application, version, n_tables;
	int rc = pragma_int(s->db, "PRAGMA application_id", &application, e);

	if (!rc)
		rc = pragma_int(s->db, "PRAGMA user_version", &version, e);
	if (!rc)
		rc = pragma_int(s->db, "SELECT count(*) FROM sqlite_schema", &n_tables, e);
	if (rc)
		return rc;
	if (application == 0 && n_tables == 0) {
		*ret_made = false;
		return 0;
	}
	if (application != STORE_APPLICATION)
		return err_set(e, ERR_CORRUPT, "it is not a journal of ganger");
	if (version > STORE_SCHEMA)
		return err_set(e, ERR_INVALID,
			       "its schema version is %lld, this program knows %d: a newer ganger "
			       "wrote it",
			       (long long)version, STORE_SCHEMA);
	*ret_made = true;
	return 0;
}

/* SQLite says "ok", or what is wrong in as many rows. */
static int check_pages(struct store *s, const char *sql, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(s->db, &q, e, sql, "");

	if (!rc)
		rc = db_step(s->db, q, e);
	if (rc < 0)
		return rc;
	if (rc && !streq(db_text(q, 0), "ok"))
		return err_set(e, ERR_CORRUPT, "%s", db_text(q, 0));
	return 0;
}

static int check_all(struct store *s, struct err *e)
{
	int64_t n_pages = 0, page = 0;
	int rc = pragma_int(s->db, "PRAGMA page_count", &n_pages, e);

	if (!rc)
		rc = pragma_int(s->db, "PRAGMA page_size", &page, e);
	if (!rc && n_pages * page <= STORE_CHECK_BYTES)
		return check_pages(s, "PRAGMA quick_check(1)", e);
	if (!rc)
		rc = check_pages(s, "PRAGMA quick_check('meta')", e);
	for (int i = 0; !rc && i < s->n_tables; i++) {
		char *sql CLEANUP(freep) =
			mem_printf("PRAGMA quick_check('%s')", s->tables[i]->name);

		if (s->sql[i].exists)
			rc = check_pages(s, sql, e);
	}
	return rc;
}

/* Which of the columns we know are in the file? */
static int look_at_table(struct store *s, int table, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	const struct store_table *t = s->tables[table];
	int rc = db_query(s->db, &q, e, "SELECT name FROM pragma_table_info(?1)", "t", t->name);

	while (!rc && (rc = db_step(s->db, q, e)) == 1) {
		s->sql[table].exists = true;
		for (int i = 0; i < t->n_columns; i++)
			if (streq(db_text(q, 0), t->columns[i].name))
				s->sql[table].in_file[i] = true;
		rc = 0;
	}
	return rc;
}

static int look_at_tables(struct store *s, struct err *e)
{
	int rc = 0;

	for (int i = 0; !rc && i < s->n_tables; i++)
		rc = look_at_table(s, i, e);
	return rc;
}

static int make_table(struct store *s, int table, struct err *e)
{
	const struct store_table *t = s->tables[table];
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b, "CREATE TABLE \"%s\" (", t->name);
	for (int i = 0; i < t->n_columns; i++)
		buf_printf(&b, "%s\"%s\" %s%s", i ? ", " : "", t->columns[i].name,
			   type_name(t->columns[i].type), i ? "" : " PRIMARY KEY NOT NULL");
	buf_puts(&b, ")");
	return db_exec(s->db, buf_cstr(&b), e);
}

static int add_columns(struct store *s, int table, struct err *e)
{
	const struct store_table *t = s->tables[table];
	int rc = 0;

	for (int i = 0; !rc && i < t->n_columns; i++) {
		char *sql CLEANUP(freep) =
			mem_printf("ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", t->name,
				   t->columns[i].name, type_name(t->columns[i].type));

		if (!s->sql[table].in_file[i])
			rc = db_exec(s->db, sql, e);
	}
	return rc;
}

static int make_own_tables(struct store *s, struct err *e)
{
	char *sql CLEANUP(freep) = mem_printf(
		"CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT) WITHOUT ROWID;"
		"CREATE TABLE trace (id INTEGER PRIMARY KEY, wall_ms INTEGER, kind TEXT, task "
		"TEXT, "
		"text TEXT);"
		"PRAGMA application_id=%d; PRAGMA user_version=%d",
		STORE_APPLICATION, STORE_SCHEMA);

	return db_exec(s->db, sql, e);
}

/*
 * Bring the file to what the tables say, in one transaction. Being opened is written down in
 * it too, so that from here on there is a WAL, and one that is missing is noticed.
 */
static int migrate(struct store *s, bool made, struct err *e)
{
	int rc = made ? 0 : make_own_tables(s, e);

	for (int i = 0; !rc && i < s->n_tables; i++) {
		rc = s->sql[i].exists ? add_columns(s, i, e) : make_table(s, i, e);
		for (int c = 0; c < s->tables[i]->n_columns; c++)
			s->sql[i].in_file[c] = true;
		s->sql[i].exists = true;
	}
	if (rc)
		return rc;
	return db_run(s->db, e, "INSERT OR REPLACE INTO meta VALUES ('opened_ms', ?1)", "l",
		      clock_now().wall_ms);
}

/*
 * The last connection out moves the WAL into the file. A reader must not, and neither must a
 * writer that has not yet accepted the journal: what is damaged stays as it was found.
 */
static void keep_wal_on_close(struct store *s, bool keep)
{
	(void)sqlite3_db_config(db_handle(s->db), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, NULL);
}

static int set_up_writer(struct store *s, bool made, struct err *e)
{
	char *sql CLEANUP(freep) = mem_printf("PRAGMA wal_autocheckpoint=%d;"
					      "PRAGMA journal_size_limit=%d",
					      STORE_WAL_PAGES, STORE_WAL_PAGES * 4096);
	int rc = db_exec(s->db, sql, e);

	if (!rc)
		rc = db_begin(s->db, e);
	if (rc)
		return rc;
	rc = migrate(s, made, e);
	if (!rc)
		rc = db_commit(s->db, e);
	if (rc) {
		db_rollback(s->db);
		return rc;
	}
	return store_prepare(s, e);
}

static int open_handle(struct store *s, const struct journal_files *f, struct err *e)
{
	if (s->mode == STORE_WRITE)
		return db_open(s->path, DB_CREATE, &s->db, e);
	/* Where nothing can be made beside it and no WAL is there, the file alone is everything. */
	if (access(f->dir, W_OK) != 0 && f->wal_size <= 0)
		return db_open(s->path, DB_READ | DB_STILL, &s->db, e);
	return db_open(s->path, DB_READ, &s->db, e);
}

static int open_journal(struct store *s, const struct journal_files *f, struct err *e)
{
	bool made = false;
	int rc = open_handle(s, f, e);

	if (rc)
		return rc;
	keep_wal_on_close(s, true);
	rc = identify(s, &made, e);
	if (!rc && !made && f->mark != MARK_NONE)
		rc = err_set(e, ERR_CORRUPT, "its tables are gone");
	if (!rc && !made && s->mode == STORE_READ)
		rc = err_set(e, ERR_NOT_FOUND, "it has no tables yet");
	if (!rc)
		rc = look_at_tables(s, e);
	if (rc || s->mode == STORE_READ)
		return rc;
	if (made)
		rc = check_all(s, e);
	return rc ? rc : set_up_writer(s, made, e);
}

static int open_files(struct store *s, const struct journal_files *f, struct err *e)
{
	bool is_new;
	int rc = place_check(f->dir, e);

	if (!rc)
		rc = files_judge(f, s->path, s->mode, &is_new, e);
	if (rc)
		return rc;
	rc = open_journal(s, f, e);
	if (rc)
		(void)err_wrap(e, "could not open journal '%s'", s->path);
	if (rc == ERR_CORRUPT)
		(void)files_hint(s->path, e);
	if (!rc && s->mode == STORE_WRITE && f->mark != MARK_OPEN)
		rc = files_mark(f, MARK_OPEN, e);
	/* Not before: a mark whose folder could not be synced may say 'open' all the same. */
	if (!rc && s->mode == STORE_WRITE)
		keep_wal_on_close(s, false);
	return rc;
}

static struct store *store_new(const char *path,
			       enum store_mode mode,
			       const struct store_table *const *tables,
			       int n_tables)
{
	struct store *s = mem_alloc(sizeof(*s));

	s->path = mem_strdup(path);
	s->mode = mode;
	s->tables = tables;
	s->n_tables = n_tables;
	s->sql = mem_alloc((size_t)n_tables * sizeof(*s->sql) + 1);
	for (int i = 0; i < n_tables; i++) {
		CHECK(!streq(tables[i]->name, "meta") && !streq(tables[i]->name, "trace"));
		CHECK(tables[i]->n_columns > 0);
		s->sql[i].in_file = mem_alloc((size_t)tables[i]->n_columns);
	}
	return s;
}

static void store_free(struct store *s)
{
	store_finalize(s);
	db_close(s->db);
	for (int i = 0; i < s->n_tables; i++)
		free(s->sql[i].in_file);
	free(s->sql);
	free(s->path);
	free(s);
}

int store_open(const char *path,
	       enum store_mode mode,
	       const struct store_table *const *tables,
	       int n_tables,
	       struct store **ret,
	       struct err *e)
{
	struct err why = ERR_INIT;
	struct journal_files f CLEANUP(files_done) = {0};
	struct store *s;
	int rc = files_look(path, &f, &why);

	if (!rc && mode == STORE_WRITE)
		rc = dir_make(f.dir, &why);
	if (!rc && mode == STORE_READ && !file_exists(f.dir))
		rc = err_set(&why, ERR_NOT_FOUND, "could not open journal '%s': no such folder",
			     path);
	if (!rc) {
		s = store_new(path, mode, tables, n_tables);
		rc = open_files(s, &f, &why);
		if (rc)
			store_free(s);
		else
			*ret = s;
	}
	if (rc && e)
		*e = why;
	return rc;
}

/* Everything is in the file and synced: only then is a missing WAL nothing to worry about. */
static bool checkpoint_all(struct store *s)
{
	int in_wal = -1, moved = -1;
	int rc = sqlite3_wal_checkpoint_v2(db_handle(s->db), NULL, SQLITE_CHECKPOINT_PASSIVE,
					   &in_wal, &moved);

	return rc == SQLITE_OK && in_wal == moved;
}

void store_close(struct store *s)
{
	struct journal_files f CLEANUP(files_done) = {0};

	if (!s)
		return;
	store_rollback(s);
	store_finalize(s);
	if (s->mode == STORE_WRITE && !(checkpoint_all(s) && files_look(s->path, &f, NULL) == 0 &&
					files_mark(&f, MARK_CLOSED, NULL) == 0))
		/* The mark says that the WAL is there, so it stays; the next writer takes it up. */
		(void)sqlite3_db_config(db_handle(s->db), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
					NULL);
	store_free(s);
}
