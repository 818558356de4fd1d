#include "forge/local.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sqlite.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

struct local {
	struct forge forge; /* first, for local_of() */
	struct db *db;
	pthread_mutex_t mutex; /* around every use of db */
};

/* One step a version; a step that was ever released is never changed. state: enum pull_state. */
static const char *const schema[] = {
	"CREATE TABLE pulls ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" head TEXT NOT NULL, base TEXT NOT NULL, head_sha TEXT NOT NULL,"
	" title TEXT NOT NULL, body TEXT NOT NULL, task TEXT NOT NULL,"
	" state INTEGER NOT NULL, merged_sha TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL);"
	/* The promise of ensure(), kept by the database as well: PULL_OPEN is 1. */
	"CREATE UNIQUE INDEX pulls_open ON pulls (head, base) WHERE state = 1;",
};

static const struct forge_ops local_ops;

static struct local *local_of(struct forge *f)
{
	CHECK(f->ops == &local_ops);
	return (struct local *)f;
}

static int begin(struct local *l, struct err *e)
{
	CHECK(pthread_mutex_lock(&l->mutex) == 0);
	int rc = db_begin(l->db, e);
	if (rc)
		CHECK(pthread_mutex_unlock(&l->mutex) == 0);
	return rc;
}

static int end(struct local *l, int rc, struct err *e)
{
	if (rc == 0)
		rc = db_commit(l->db, e);
	if (rc)
		db_rollback(l->db);
	CHECK(pthread_mutex_unlock(&l->mutex) == 0);
	return rc;
}

/* The open one; 0: there is none. */
static int find_open(struct local *l, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(l->db, &q, e,
			  "SELECT number FROM pulls WHERE head = ?1 AND base = ?2 AND state = 1",
			  "tt", s->head, s->base);

	if (rc == 0)
		rc = db_step(l->db, q, e);
	if (rc < 0)
		return rc;
	*ret = rc ? db_int(q, 0) : 0;
	return 0;
}

#define OR_EMPTY(s) ((s) ? (s) : "")

static int insert(struct local *l, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	int64_t now = clock_now().wall_ms;
	int rc = db_run(l->db, e,
			"INSERT INTO pulls (head, base, head_sha, title, body, task, state,"
			" merged_sha, created_ms, updated_ms, ended_ms)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, '', ?7, ?7, 0)",
			"ttttttl", s->head, s->base, OR_EMPTY(s->head_sha), s->title,
			OR_EMPTY(s->body), OR_EMPTY(s->task), now);

	if (rc == 0)
		*ret = db_last_id(l->db);
	return rc;
}

static int update(struct local *l, const struct pull_spec *s, int64_t number, struct err *e)
{
	return db_run(l->db, e,
		      "UPDATE pulls SET head_sha = ?2, title = ?3, body = ?4, task = ?5,"
		      " updated_ms = ?6 WHERE number = ?1",
		      "lttttl", number, OR_EMPTY(s->head_sha), s->title, OR_EMPTY(s->body),
		      OR_EMPTY(s->task), clock_now().wall_ms);
}

static int ensure_in(struct local *l, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	int64_t number = 0;
	int rc = find_open(l, s, &number, e);

	if (rc == 0)
		rc = number ? update(l, s, number, e) : insert(l, s, &number, e);
	if (rc == 0)
		*ret = number;
	return rc;
}

static int local_ensure(struct forge *f, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	struct local *l = local_of(f);
	int64_t number = 0;

	if (!s->head || !*s->head || !s->base || !*s->base || !s->title || !*s->title)
		return err_set(e, ERR_INVALID, "a pull request needs a head, a base and a title");
	int rc = begin(l, e);
	if (rc)
		return rc;
	rc = end(l, ensure_in(l, s, &number, e), e);
	if (rc == 0)
		*ret = number;
	return rc;
}

static int read_pull(struct local *l, int64_t number, struct pull *ret, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(l->db, &q, e,
			  "SELECT head, base, head_sha, title, body, task, merged_sha, state"
			  " FROM pulls WHERE number = ?1",
			  "l", number);

	if (rc == 0)
		rc = db_step(l->db, q, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no pull request %" PRId64, number);
	*ret = (struct pull){
		.number = number,
		.head = db_text_dup(q, 0),
		.base = db_text_dup(q, 1),
		.head_sha = db_text_dup(q, 2),
		.title = db_text_dup(q, 3),
		.body = db_text_dup(q, 4),
		.task = db_text_dup(q, 5),
		.merged_sha = db_text_dup(q, 6),
		.state = (enum pull_state)db_int(q, 7),
	};
	return 0;
}

static int finish_in(struct local *l, int64_t number, const char *merged_sha, struct err *e)
{
	struct pull p CLEANUP(pull_done) = {0};
	enum pull_state wanted = merged_sha ? PULL_MERGED : PULL_CLOSED;
	int rc = read_pull(l, number, &p, e);

	if (rc || (p.state == wanted && streq(p.merged_sha, OR_EMPTY(merged_sha))))
		return rc;
	if (p.state != PULL_OPEN)
		return err_set(e, ERR_CONFLICT, "pull request %" PRId64 " is %s%s already", number,
			       p.state == PULL_MERGED ? "merged as " : "closed", p.merged_sha);
	return db_run(l->db, e,
		      "UPDATE pulls SET state = ?2, merged_sha = ?3, ended_ms = ?4,"
		      " updated_ms = ?4 WHERE number = ?1",
		      "litl", number, (int)wanted, OR_EMPTY(merged_sha), clock_now().wall_ms);
}

static int local_finish(struct forge *f, int64_t number, const char *merged_sha, struct err *e)
{
	struct local *l = local_of(f);
	int rc = begin(l, e);

	return rc ? rc : end(l, finish_in(l, number, merged_sha, e), e);
}

static int local_get(struct forge *f, int64_t number, struct pull *ret, struct err *e)
{
	struct local *l = local_of(f);

	CHECK(pthread_mutex_lock(&l->mutex) == 0);
	int rc = read_pull(l, number, ret, e);
	CHECK(pthread_mutex_unlock(&l->mutex) == 0);
	return rc;
}

static void local_free(struct forge *f)
{
	if (!f)
		return;
	struct local *l = local_of(f);
	db_close(l->db);
	CHECK(pthread_mutex_destroy(&l->mutex) == 0);
	free(l);
}

static const struct forge_ops local_ops = {
	.name = "local",
	.ensure = local_ensure,
	.finish = local_finish,
	.get = local_get,
	.free = local_free,
};

static int damaged(const char *db_path, struct err *e)
{
	return err_hint(
		e, "it was left as it is; bring back a copy of '%s', or move it away to begin anew",
		db_path);
}

int forge_local_new(const char *db_path, struct forge **ret, struct err *e)
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
	l->forge.ops = &local_ops;
	l->db = db;
	CHECK(pthread_mutex_init(&l->mutex, NULL) == 0);
	*ret = &l->forge;
	return 0;
}
