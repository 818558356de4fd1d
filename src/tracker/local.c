#include "base/clean.h"
#include "base/clock.h"
#include "tracker/local-impl.h"
#include "tracker/text.h"

#include <stdio.h>
#include <string.h>

static const struct tracker_ops local_ops;

/* Schema, one step a version; a step that was ever released is never changed. */
static const char *const schema[] = {
	"CREATE TABLE issues ("
	" seq INTEGER PRIMARY KEY," /* order of arrival */
	" id TEXT NOT NULL UNIQUE,"
	" number INTEGER," /* of an id that is a number, else NULL */
	" title TEXT NOT NULL, body TEXT NOT NULL, labels TEXT NOT NULL, type TEXT NOT NULL,"
	" status TEXT NOT NULL, open INTEGER NOT NULL, closed_reason TEXT NOT NULL,"
	" priority INTEGER NOT NULL, claimed_by TEXT NOT NULL DEFAULT '',"
	" hidden TEXT NOT NULL, defer_ms INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL);"
	"CREATE INDEX issues_number ON issues (number);"
	"CREATE TABLE children ("
	" seq INTEGER PRIMARY KEY,"
	" epic TEXT NOT NULL REFERENCES issues (id), task TEXT NOT NULL REFERENCES issues (id),"
	" UNIQUE (task, epic));"
	"CREATE INDEX children_epic ON children (epic);"
	"CREATE TABLE edges ("
	" task TEXT NOT NULL REFERENCES issues (id), needs TEXT NOT NULL REFERENCES issues (id),"
	" seq INTEGER PRIMARY KEY, UNIQUE (task, needs));"
	"CREATE INDEX edges_needs ON edges (needs);"
	"CREATE TABLE comments ("
	" seq INTEGER PRIMARY KEY, issue TEXT NOT NULL REFERENCES issues (id), marker TEXT,"
	" author TEXT NOT NULL, text TEXT NOT NULL, created_ms INTEGER NOT NULL,"
	" UNIQUE (issue, marker));",
};

static const char *const kept_sql[LOCAL_SQL_COUNT] = {
	[LOCAL_INSERT] =
		"INSERT INTO issues (id, number, title, body, labels, type, status, open,"
		" closed_reason, priority, hidden, defer_ms, created_ms, updated_ms, closed_ms)"
		" VALUES (?1, nullif(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
		"?15)"
		" ON CONFLICT (id) DO NOTHING",
	[LOCAL_CHILD] = "INSERT OR IGNORE INTO children (epic, task) VALUES (?1, ?2)",
	[LOCAL_EDGE] = "INSERT OR IGNORE INTO edges (task, needs) VALUES (?1, ?2)",
	[LOCAL_COMMENT] = "INSERT INTO comments (issue, marker, author, text, created_ms)"
			  " VALUES (?1, ?2, ?3, ?4, ?5)"
			  " ON CONFLICT (issue, marker) DO UPDATE SET text = excluded.text",
};

struct local *local_of(struct tracker *t)
{
	CHECK(t->ops == &local_ops);
	return (struct local *)t;
}

int local_is(const struct tracker *t, struct err *e)
{
	if (t->ops == &local_ops)
		return 0;
	return err_set(e, ERR_INVALID, "cannot import into the tracker '%s'", t->ops->name);
}

int local_begin(struct local *l, struct err *e)
{
	CHECK(pthread_mutex_lock(&l->mutex) == 0);
	int rc = db_begin(l->db, e);
	if (rc)
		CHECK(pthread_mutex_unlock(&l->mutex) == 0);
	return rc;
}

int local_end(struct local *l, int rc, struct err *e)
{
	if (rc == 0)
		rc = db_commit(l->db, e);
	if (rc)
		db_rollback(l->db);
	CHECK(pthread_mutex_unlock(&l->mutex) == 0);
	return rc;
}

static int kept(struct local *l, enum local_sql which, struct sqlite3_stmt **ret, struct err *e)
{
	int rc = l->kept[which] ? 0 : db_prepare(l->db, kept_sql[which], &l->kept[which], e);

	*ret = l->kept[which];
	return rc;
}

/* The number an id stands for if it is written as add() would write it, else 0. */
static int64_t number_of(const char *id)
{
	int64_t n;

	return id[0] >= '1' && id[0] <= '9' && str_i64(str_of(id), &n) ? n : 0;
}

int local_next_number(struct local *l, int64_t *ret, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(l->db, &q, e, "SELECT coalesce(max(number), 0) + 1 FROM issues", "");

	if (rc == 0)
		rc = db_step(l->db, q, e);
	if (rc < 0)
		return rc;
	*ret = db_int(q, 0);
	return 0;
}

int local_exists(struct local *l, const char *id, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(l->db, &q, e, "SELECT 1 FROM issues WHERE id = ?1", "t", id);

	if (rc == 0)
		rc = db_step(l->db, q, e);
	if (rc < 0)
		return rc;
	return rc ? 0 : err_set(e, ERR_NOT_FOUND, "there is no issue '%s'", id);
}

#define OR_EMPTY(s) ((s) ? (s) : "")

int local_put_issue(struct local *l, const struct local_issue *i, bool *ret_new, struct err *e)
{
	struct sqlite3_stmt *q;
	int rc = kept(l, LOCAL_INSERT, &q, e);

	if (rc)
		return rc;
	db_bind(q, "tltttttititllll", i->id, number_of(i->id), i->title, OR_EMPTY(i->body),
		OR_EMPTY(i->labels), OR_EMPTY(i->type), i->status, (int)i->open,
		OR_EMPTY(i->closed_reason), i->priority, OR_EMPTY(i->hidden), i->defer_ms,
		i->created_ms, i->updated_ms, i->closed_ms);
	rc = db_done(l->db, q, e);
	if (rc == 0 && ret_new)
		*ret_new = db_changes(l->db) > 0;
	return rc;
}

static int
put_pair(struct local *l, enum local_sql sql, const char *a, const char *b, struct err *e)
{
	struct sqlite3_stmt *q;
	int rc = kept(l, sql, &q, e);

	if (rc)
		return rc;
	db_bind(q, "tt", a, b);
	return db_done(l->db, q, e);
}

int local_put_child(struct local *l, const char *epic, const char *task, struct err *e)
{
	return put_pair(l, LOCAL_CHILD, epic, task, e);
}

int local_put_edge(struct local *l, const char *task, const char *needs, struct err *e)
{
	return put_pair(l, LOCAL_EDGE, task, needs, e);
}

int local_put_comment(struct local *l,
		      const char *id,
		      const char *marker,
		      const char *author,
		      const char *text,
		      int64_t wall_ms,
		      struct err *e)
{
	struct sqlite3_stmt *q;
	int rc = kept(l, LOCAL_COMMENT, &q, e);

	if (rc)
		return rc;
	db_bind(q, "ttttl", id, marker, OR_EMPTY(author), text, wall_ms);
	return db_done(l->db, q, e);
}

static void free_tracker(struct tracker *t)
{
	if (!t)
		return;
	struct local *l = local_of(t);
	for (int i = 0; i < LOCAL_SQL_COUNT; i++)
		db_finalp(&l->kept[i]);
	db_close(l->db);
	CHECK(pthread_mutex_destroy(&l->mutex) == 0);
	free(l);
}

static const struct tracker_ops local_ops = {
	.name = "local",
	.load = local_load,
	.claim = local_claim,
	.release = local_release,
	.close = local_close,
	.comment = local_comment,
	.add = local_add,
	.edit = local_edit,
	.get = local_get,
	.epics = local_epics,
	.free = free_tracker,
};

static int damaged(const char *db_path, struct err *e)
{
	return err_hint(
		e, "it was left as it is; bring back a copy of '%s', or move it away to begin anew",
		db_path);
}

int tracker_local_new(const char *db_path, struct tracker **ret, struct err *e)
{
	struct db *db = NULL;
	int rc = db_open(db_path, DB_CREATE | DB_SHARED, &db, e);

	if (rc == 0)
		rc = db_migrate(db, schema, ARRAY_LEN(schema), e);
	if (rc) {
		db_close(db);
		return rc == ERR_CORRUPT ? damaged(db_path, e) : rc;
	}
	struct local *l = mem_alloc(sizeof(*l));
	l->tracker.ops = &local_ops;
	l->db = db;
	CHECK(pthread_mutex_init(&l->mutex, NULL) == 0);
	*ret = &l->tracker;
	return 0;
}
