#include "base/clean.h"
#include "base/clock.h"
#include "base/map.h"
#include "tracker/local-impl.h"

#include <string.h>

/* One view of the file for all queries of a call. */
static int read_begin(struct local *l, struct err *e)
{
	CHECK(pthread_mutex_lock(&l->mutex) == 0);
	int rc = db_begin_read(l->db, e);
	if (rc)
		CHECK(pthread_mutex_unlock(&l->mutex) == 0);
	return rc;
}

static int read_end(struct local *l, int rc)
{
	db_rollback(l->db); /* nothing was written */
	CHECK(pthread_mutex_unlock(&l->mutex) == 0);
	return rc;
}

/* As issue_of() takes them. */
#define ISSUE_SELECT                                                                               \
	"SELECT i.id, i.title, i.body, i.labels,"                                                  \
	" (SELECT c.epic FROM children c WHERE c.task = i.id ORDER BY c.seq LIMIT 1),"             \
	" i.type, i.status, i.priority, i.created_ms, i.updated_ms, i.closed_ms, i.open,"          \
	" i.closed_reason, i.claimed_by, i.hidden, i.defer_ms,"                                    \
	" (SELECT max(p.defer_ms) FROM children c JOIN issues p ON p.id = c.epic"                  \
	"  WHERE c.task = i.id),"                                                                  \
	" (SELECT count(*) FROM children c JOIN issues k ON k.id = c.task"                         \
	"  WHERE c.epic = i.id AND k.open)"                                                        \
	" FROM issues i "

/* Children of ?1, or all where it is NULL. */
#define IN_SCOPE(id) "(?1 IS NULL OR " id " IN (SELECT task FROM children WHERE epic = ?1))"

static char *deferred(const char *what, int64_t until_ms)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s until ", what);
	buf_time(&b, until_ms);
	return buf_take(&b);
}

/* Why an open issue must not be started. as_task: it would be one, of the epic that is loaded. */
static char *hidden_of(struct sqlite3_stmt *q, bool as_task)
{
	int64_t now = clock_now().wall_ms;
	const char *stored = db_text(q, 14);

	if (!db_int(q, 11))
		return mem_strdup("");
	if (*stored)
		return mem_strdup(stored);
	if (db_int(q, 15) > now)
		return deferred("deferred", db_int(q, 15));
	if (db_int(q, 16) > now)
		return deferred("its epic is deferred", db_int(q, 16));
	if (as_task && db_int(q, 17))
		return mem_strdup("an epic of its own");
	return mem_strdup("");
}

static void issue_of(struct sqlite3_stmt *q, bool as_task, struct issue *ret)
{
	*ret = (struct issue){
		.id = db_text_dup(q, 0),
		.title = db_text_dup(q, 1),
		.body = db_text_dup(q, 2),
		.labels = db_text_dup(q, 3),
		.parent = mem_strdup(db_text(q, 4)),
		.type = db_text_dup(q, 5),
		.status = db_text_dup(q, 6),
		.priority = (int)db_int(q, 7),
		.created_ms = db_int(q, 8),
		.updated_ms = db_int(q, 9),
		.closed_ms = db_int(q, 10),
		.open = db_int(q, 11) != 0,
		.closed_reason = db_text_dup(q, 12),
		.claimed_by = db_text_dup(q, 13),
		.hidden = hidden_of(q, as_task),
	};
}

static int read_comments(struct local *l, struct sqlite3_stmt *q, struct issue *i, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	int rc;

	db_bind(q, "t", i->id);
	while ((rc = db_step(l->db, q, e)) > 0) {
		if (b.n)
			buf_puts(&b, "\n\n");
		buf_time(&b, db_int(q, 1));
		if (*db_text(q, 0))
			buf_printf(&b, ", %s", db_text(q, 0));
		buf_printf(&b, ":\n%s", db_text(q, 2));
	}
	i->comments = mem_strdup(buf_cstr(&b));
	return rc;
}

static int prepare_comments(struct local *l, struct sqlite3_stmt **ret, struct err *e)
{
	return db_prepare(l->db,
			  "SELECT author, created_ms, text FROM comments WHERE issue = ?1"
			  " ORDER BY created_ms, seq",
			  ret, e);
}

static int read_one(struct local *l, const char *id, struct issue *ret, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL, *comments CLEANUP(db_finalp) = NULL;
	int rc = db_query(l->db, &q, e, ISSUE_SELECT "WHERE i.id = ?1", "t", id);

	if (rc == 0)
		rc = prepare_comments(l, &comments, e);
	if (rc == 0)
		rc = db_step(l->db, q, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no issue '%s'", id);
	issue_of(q, false, ret);
	return read_comments(l, comments, ret, e);
}

static int read_issues(
	struct local *l, const char *epic, const char *where, struct issue_graph *g, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL, *comments CLEANUP(db_finalp) = NULL;
	char *sql CLEANUP(freep) = mem_printf(ISSUE_SELECT "WHERE %s ORDER BY i.seq", where);
	int rc = db_prepare(l->db, sql, &q, e);

	if (rc == 0)
		rc = prepare_comments(l, &comments, e);
	if (rc)
		return rc;
	db_bind(q, "t", epic);
	while ((rc = db_step(l->db, q, e)) > 0) {
		struct issue *i = VEC_ADD(&g->issues);

		issue_of(q, epic != NULL, i);
		rc = read_comments(l, comments, i, e);
		if (rc)
			break;
	}
	return rc;
}

static int
read_edges(struct local *l, const char *sql, const char *arg, struct issue_graph *g, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_query(l->db, &q, e, sql, "t", arg);

	if (rc)
		return rc;
	while ((rc = db_step(l->db, q, e)) > 0) {
		struct issue_edge *edge = VEC_ADD(&g->edges);

		edge->task = db_text_dup(q, 0);
		edge->needs = db_text_dup(q, 1);
	}
	return rc;
}

static const char direct_edges[] =
	"SELECT task, needs FROM edges WHERE " IN_SCOPE("task") " ORDER BY seq";

/*
 * What an open epic above a task still waits for, the task waits for, unless that is inside
 * that epic (many trackers link an epic to its own tasks) or an epic above the task.
 */
static const char inherited_edges[] =
	"WITH RECURSIVE"
	" above (task, epic) AS ("
	"  SELECT task, epic FROM children WHERE " IN_SCOPE(
		"task") "  UNION SELECT a.task, c.epic FROM above a JOIN children c ON c.task = "
			"a.epic),"
			" waits (epic, needs) AS ("
			"  SELECT DISTINCT a.epic, d.needs FROM above a JOIN edges d ON d.task = "
			"a.epic"
			"  JOIN issues p ON p.id = a.epic JOIN issues k ON k.id = d.needs"
			"  WHERE p.open AND k.open),"
			" inside (epic, id) AS ("
			"  SELECT epic, epic FROM waits"
			"  UNION SELECT i.epic, c.task FROM inside i JOIN children c ON c.epic = "
			"i.id)"
			" SELECT DISTINCT a.task, w.needs FROM above a JOIN waits w ON w.epic = "
			"a.epic"
			" WHERE NOT EXISTS (SELECT 1 FROM inside i WHERE i.epic = w.epic AND i.id "
			"= w.needs)"
			" AND NOT EXISTS (SELECT 1 FROM above x WHERE x.task = a.task AND x.epic = "
			"w.needs)"
			" AND NOT EXISTS (SELECT 1 FROM edges d WHERE d.task = a.task AND d.needs "
			"= w.needs)"
			" AND a.task <> w.needs ORDER BY a.task, w.needs";

static int add_outside(struct local *l,
		       struct sqlite3_stmt *q,
		       const char *id,
		       struct issue_graph *g,
		       struct err *e)
{
	db_bind(q, "t", id);
	int rc = db_step(l->db, q, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "a dependency on '%s' has no issue", id);
	*VEC_ADD(&g->outside) = (struct issue){
		.id = mem_strdup(id),
		.title = db_text_dup(q, 0),
		.open = db_int(q, 1) != 0,
	};
	return 0;
}

/* Edges lead to issues of the graph; what they lead to elsewhere is put beside it. */
static int read_outside(struct local *l, const char *self, struct issue_graph *g, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	struct map known CLEANUP(map_done) = {0};
	size_t at;
	int rc = db_prepare(l->db, "SELECT title, open FROM issues WHERE id = ?1", &q, e);

	if (self)
		map_set(&known, self, 0);
	for (size_t i = 0; i < g->issues.n; i++)
		map_set(&known, g->issues.items[i].id, i);
	for (size_t i = 0; rc == 0 && i < g->edges.n; i++) {
		for (int end = 0; rc == 0 && end < 2; end++) {
			const struct issue_edge *d = &g->edges.items[i];
			const char *id = end ? d->needs : d->task;

			if (map_find(&known, id, &at))
				continue;
			map_set(&known, id, 0);
			rc = add_outside(l, q, id, g, e);
		}
	}
	return rc;
}

static void note_impossible(const char *epic, struct issue_graph *g)
{
	for (size_t i = 0; epic && i < g->edges.n; i++) {
		if (streq(g->edges.items[i].needs, epic))
			VEC_PUSH(&g->notes,
				 mem_printf("'%s' depends on its own epic '%s': it cannot start",
					    g->edges.items[i].task, epic));
	}
}

static int read_graph(struct local *l, const char *epic, struct issue_graph *g, struct err *e)
{
	int rc = read_issues(l, epic, IN_SCOPE("i.id"), g, e);

	if (rc == 0)
		rc = read_edges(l, direct_edges, epic, g, e);
	if (rc == 0)
		rc = read_edges(l, inherited_edges, epic, g, e);
	if (rc == 0)
		rc = read_outside(l, NULL, g, e);
	if (rc == 0)
		note_impossible(epic, g);
	return rc;
}

/* Give both to the caller, or neither. */
static int hand_over(int rc,
		     struct issue *i,
		     struct issue_graph *g,
		     struct issue *ret,
		     struct issue_graph *ret_graph)
{
	if (rc == 0 && ret) {
		*ret = *i;
		memset(i, 0, sizeof(*i));
	}
	if (rc == 0 && ret_graph) {
		*ret_graph = *g;
		memset(g, 0, sizeof(*g));
	}
	issue_done(i);
	issue_graph_done(g);
	return rc;
}

int local_load(struct tracker *t,
	       const char *epic,
	       struct issue *ret_epic,
	       struct issue_graph *ret,
	       struct err *e)
{
	struct local *l = local_of(t);
	struct issue i = {0};
	struct issue_graph g = {0};
	int rc = read_begin(l, e);

	if (rc)
		return rc;
	if (epic)
		rc = read_one(l, epic, &i, e);
	if (rc == 0)
		rc = read_graph(l, epic, &g, e);
	return hand_over(read_end(l, rc), &i, &g, ret_epic, ret);
}

int local_get(struct tracker *t,
	      const char *id,
	      struct issue *ret,
	      struct issue_graph *ret_edges,
	      struct err *e)
{
	struct local *l = local_of(t);
	struct issue i = {0};
	struct issue_graph g = {0};
	int rc = read_begin(l, e);

	if (rc)
		return rc;
	rc = read_one(l, id, &i, e);
	if (rc == 0 && ret_edges)
		rc = read_edges(l,
				"SELECT task, needs FROM edges WHERE task = ?1 OR needs = ?1"
				" ORDER BY seq",
				id, &g, e);
	if (rc == 0)
		rc = read_outside(l, id, &g, e);
	return hand_over(read_end(l, rc), &i, &g, ret, ret_edges);
}

int local_epics(struct tracker *t, struct issue_graph *ret, struct err *e)
{
	struct local *l = local_of(t);
	struct issue i = {0};
	struct issue_graph g = {0};
	int rc = read_begin(l, e);

	if (rc)
		return rc;
	rc = read_issues(l, NULL, "?1 IS NULL AND i.open AND i.id IN (SELECT epic FROM children)",
			 &g, e);
	return hand_over(read_end(l, rc), &i, &g, NULL, ret);
}
