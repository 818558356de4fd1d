#include "base/clean.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/files.h"
#include "store/store-impl.h"

#include <sqlite3.h>

/*
 * What SQLite refused in a turn makes the whole turn void: it may have rolled back already,
 * and what came after would be on its own.
 */
static int turn_failed(struct store *s, int rc, struct err *e)
{
	if (rc == ERR_CORRUPT)
		(void)files_hint(s->path, e);
	if (rc)
		s->broken = rc;
	return rc;
}

static int still_broken(struct store *s, struct err *e)
{
	return err_set(e, (enum err_code)s->broken,
		       "could not write journal '%s': this turn has failed before", s->path);
}

/* "INSERT … ON CONFLICT DO UPDATE": columns that we do not know keep what they hold. */
static int prepare_put(struct store *s, int table, struct err *e)
{
	const struct store_table *t = s->tables[table];
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b, "INSERT INTO \"%s\" (", t->name);
	for (int i = 0; i < t->n_columns; i++)
		buf_printf(&b, "%s\"%s\"", i ? ", " : "", t->columns[i].name);
	buf_puts(&b, ") VALUES (");
	for (int i = 0; i < t->n_columns; i++)
		buf_printf(&b, "%s?%d", i ? ", " : "", i + 1);
	buf_printf(&b, ") ON CONFLICT (\"%s\") DO %s", t->columns[0].name,
		   t->n_columns > 1 ? "UPDATE SET " : "NOTHING");
	for (int i = 1; i < t->n_columns; i++)
		buf_printf(&b, "%s\"%s\"=?%d", i > 1 ? ", " : "", t->columns[i].name, i + 1);
	return db_prepare(s->db, buf_cstr(&b), &s->sql[table].put, e);
}

static int prepare_delete(struct store *s, int table, struct err *e)
{
	const struct store_table *t = s->tables[table];
	char *sql CLEANUP(freep) =
		mem_printf("DELETE FROM \"%s\" WHERE \"%s\"=?1", t->name, t->columns[0].name);

	return db_prepare(s->db, sql, &s->sql[table].delete, e);
}

int store_prepare(struct store *s, struct err *e)
{
	int rc = db_prepare(s->db,
			    "INSERT INTO trace (wall_ms, kind, task, text) VALUES (?1, ?2, ?3, ?4)",
			    &s->trace, e);

	if (!rc)
		rc = db_prepare(s->db, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)", &s->meta_set,
				e);
	for (int i = 0; !rc && i < s->n_tables; i++) {
		rc = prepare_put(s, i, e);
		if (!rc)
			rc = prepare_delete(s, i, e);
	}
	return rc;
}

void store_finalize(struct store *s)
{
	db_finalp(&s->trace);
	db_finalp(&s->meta_set);
	for (int i = 0; i < s->n_tables; i++) {
		db_finalp(&s->sql[i].put);
		db_finalp(&s->sql[i].delete);
	}
}

static void bind(struct sqlite3_stmt *q, int at, enum store_type type, const struct store_value *v)
{
	int rc = SQLITE_MISUSE;

	switch (type) {
	case STORE_INT:
		rc = sqlite3_bind_int64(q, at, v->i);
		break;
	case STORE_TEXT:
		rc = sqlite3_bind_text(q, at, v->s, -1, SQLITE_STATIC);
		break;
	case STORE_REAL:
		rc = sqlite3_bind_double(q, at, v->r);
		break;
	}
	CHECK(rc == SQLITE_OK);
}

static void check_turn(const struct store *s)
{
	CHECK(s->mode == STORE_WRITE);
	CHECK(s->in_turn);
}

int store_begin(struct store *s, struct err *e)
{
	int rc;

	CHECK(!s->in_turn);
	/* A reader's turn is one look: all it loads is of the same commit. */
	rc = s->mode == STORE_WRITE ? db_begin(s->db, e) : db_begin_read(s->db, e);
	if (rc == ERR_CORRUPT)
		(void)files_hint(s->path, e);
	s->in_turn = !rc;
	return rc;
}

int store_put(struct store *s, int table, const struct store_value *values, struct err *e)
{
	const struct store_table *t = s->tables[table];
	struct sqlite3_stmt *q = s->sql[table].put;

	check_turn(s);
	CHECK(table < s->n_tables);
	CHECK(t->columns[0].type != STORE_TEXT || values[0].s);
	if (s->broken)
		return still_broken(s, e);
	for (int i = 0; i < t->n_columns; i++)
		bind(q, i + 1, t->columns[i].type, &values[i]);
	return turn_failed(s, db_done(s->db, q, e), e);
}

int store_delete(struct store *s, int table, const struct store_value *key, struct err *e)
{
	struct sqlite3_stmt *q = s->sql[table].delete;

	check_turn(s);
	CHECK(table < s->n_tables);
	if (s->broken)
		return still_broken(s, e);
	bind(q, 1, s->tables[table]->columns[0].type, key);
	return turn_failed(s, db_done(s->db, q, e), e);
}

int store_trace(struct store *s,
		int64_t wall_ms,
		const char *kind,
		const char *task,
		const char *text,
		struct err *e)
{
	check_turn(s);
	if (s->broken)
		return still_broken(s, e);
	db_bind(s->trace, "lttt", wall_ms, kind, task, text);
	return turn_failed(s, db_done(s->db, s->trace, e), e);
}

int store_meta_set(struct store *s, const char *key, const char *value, struct err *e)
{
	check_turn(s);
	if (s->broken)
		return still_broken(s, e);
	db_bind(s->meta_set, "tt", key, value);
	return turn_failed(s, db_done(s->db, s->meta_set, e), e);
}

int store_commit(struct store *s, struct err *e)
{
	int rc;

	CHECK(s->in_turn);
	rc = s->broken ? still_broken(s, e) : db_commit(s->db, e);
	if (rc == ERR_CORRUPT)
		(void)files_hint(s->path, e);
	if (rc)
		store_rollback(s);
	s->in_turn = false;
	return rc;
}

void store_rollback(struct store *s)
{
	if (s->in_turn)
		db_rollback(s->db);
	s->in_turn = false;
	s->broken = 0;
}

static int query_table(struct store *s, int table, struct sqlite3_stmt **ret, struct err *e)
{
	const struct store_table *t = s->tables[table];
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_puts(&b, "SELECT ");
	for (int i = 0; i < t->n_columns; i++)
		buf_printf(&b, s->sql[table].in_file[i] ? "%s\"%s\"" : "%sNULL AS \"%s\"",
			   i ? ", " : "", t->columns[i].name);
	buf_printf(&b, " FROM \"%s\" ORDER BY 1", t->name);
	return db_prepare(s->db, buf_cstr(&b), ret, e);
}

int store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	const struct store_table *t = s->tables[table];
	struct store_value *values CLEANUP(freep) = NULL;
	int rc;

	CHECK(table < s->n_tables);
	if (!s->sql[table].exists)
		return 0;
	rc = query_table(s, table, &q, e);
	values = mem_alloc((size_t)t->n_columns * sizeof(*values));
	while (!rc && (rc = db_step(s->db, q, e)) == 1) {
		for (int i = 0; i < t->n_columns; i++)
			values[i] = (struct store_value){
				.i = t->columns[i].type == STORE_INT ? db_int(q, i) : 0,
				.r = t->columns[i].type == STORE_REAL ? db_real(q, i) : 0,
				.s = t->columns[i].type == STORE_TEXT ? db_text(q, i) : NULL,
			};
		rc = fn(ctx, values, e);
		if (rc)
			return rc;
	}
	if (rc == ERR_CORRUPT)
		(void)files_hint(s->path, e);
	return rc;
}

int store_events(struct store *s, int64_t after, store_event_fn *fn, void *ctx, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(
		s->db, &q, e,
		"SELECT id, wall_ms, kind, task, text FROM trace WHERE id > ?1 ORDER BY id", "l",
		after);

	while (!rc && (rc = db_step(s->db, q, e)) == 1) {
		struct store_event ev = {
			.id = db_int(q, 0),
			.wall_ms = db_int(q, 1),
			.kind = db_text(q, 2),
			.task = db_text(q, 3),
			.text = db_text(q, 4),
		};

		rc = fn(ctx, &ev, e);
		if (rc)
			return rc;
	}
	if (rc == ERR_CORRUPT)
		(void)files_hint(s->path, e);
	return rc;
}

int store_meta_get(struct store *s, const char *key, char **ret, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(s->db, &q, e, "SELECT value FROM meta WHERE key=?1", "t", key);

	if (!rc)
		rc = db_step(s->db, q, e);
	if (rc < 0)
		return rc;
	if (!rc || !db_text(q, 0))
		return err_set(e, ERR_NOT_FOUND, "journal '%s' has no entry '%s'", s->path, key);
	*ret = db_text_dup(q, 0);
	return 0;
}
