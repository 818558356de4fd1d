#include "base/clean.h"
#include "base/clock.h"
#include "base/map.h"
#include "tracker/local-impl.h"
#include "tracker/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int check_title(const char *title, struct err *e)
{
	char *line CLEANUP(freep) = text_line(str_of(title));

	if (!*line)
		return err_set(e, ERR_INVALID, "a title cannot be empty");
	if (strchr(title, '\n'))
		return err_set(e, ERR_INVALID, "a title has one line: '%s'", line);
	if (strlen(line) > ISSUE_TITLE_MAX)
		return err_set(e, ERR_INVALID, "a title has at most %d bytes", ISSUE_TITLE_MAX);
	return 0;
}

static int check_body(const char *body, struct err *e)
{
	if (body && strlen(body) > ISSUE_BODY_MAX)
		return err_set(e, ERR_INVALID, "a body has at most %u bytes", ISSUE_BODY_MAX);
	return 0;
}

static int check_priority(int priority, struct err *e)
{
	if (priority < -1 || priority > 4)
		return err_set(e, ERR_INVALID, "a priority is from 0 to 4, not %d", priority);
	return 0;
}

int local_check_id(const char *id, struct err *e)
{
	char *line CLEANUP(freep) = text_line(str_of(id));

	if (!*id || !streq(line, id) || strlen(id) > ISSUE_ID_MAX)
		return err_set(e, ERR_INVALID, "an id is one line of 1 to %d bytes: '%s'",
			       ISSUE_ID_MAX, line);
	return 0;
}

/* What somebody named has to be there: a wrong name is their mistake. */
static int check_named(struct local *l, const char *id, struct err *e)
{
	int rc = local_exists(l, id, e);

	return rc == ERR_NOT_FOUND ? err_set(e, ERR_INVALID, "there is no issue '%s'", id) : rc;
}

static int put_after(struct local *l, const char *id, const char *const *after, struct err *e)
{
	int rc = 0;

	for (; rc == 0 && after && *after; after++) {
		rc = check_named(l, *after, e);
		if (rc == 0 && streq(*after, id))
			rc = err_set(e, ERR_INVALID, "'%s' cannot depend on itself", id);
		if (rc == 0)
			rc = local_put_edge(l, id, *after, e);
	}
	return rc;
}

static int check_new(const struct issue_new *n, struct err *e)
{
	int rc = check_title(n->title, e);

	if (rc == 0)
		rc = check_body(n->body, e);
	if (rc == 0)
		rc = check_priority(n->priority, e);
	if (rc == 0 && n->id)
		rc = local_check_id(n->id, e);
	return rc;
}

static int put_new(struct local *l, const struct issue_new *n, const char *id, struct err *e)
{
	char *title CLEANUP(freep) = text_line(str_of(n->title));
	char *body CLEANUP(freep) = text_clean(str_of(n->body));
	char *labels CLEANUP(freep) = text_labels(str_of(n->labels));
	int64_t now = clock_now().wall_ms;
	bool is_new = false;
	int rc = local_put_issue(l,
				 &(struct local_issue){
					 .id = id,
					 .title = title,
					 .body = body,
					 .labels = labels,
					 .type = n->type ? n->type : "task",
					 .status = "open",
					 .open = true,
					 .priority = n->priority < 0 ? 2 : n->priority,
					 .created_ms = now,
					 .updated_ms = now,
				 },
				 &is_new, e);

	if (rc == 0 && !is_new)
		rc = err_set(e, ERR_CONFLICT, "there is an issue '%s' already", id);
	if (rc == 0 && n->parent)
		rc = check_named(l, n->parent, e);
	if (rc == 0 && n->parent)
		rc = local_put_child(l, n->parent, id, e);
	return rc ? rc : put_after(l, id, n->after, e);
}

int local_add(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e)
{
	struct local *l = local_of(t);
	char *id CLEANUP(freep) = NULL;
	int64_t number = 0;
	int rc = check_new(n, e);

	if (rc == 0)
		rc = local_begin(l, e);
	if (rc)
		return rc;
	if (!n->id)
		rc = local_next_number(l, &number, e);
	id = n->id ? mem_strdup(n->id) : mem_printf("%" PRId64, number);
	if (rc == 0)
		rc = put_new(l, n, id, e);
	rc = local_end(l, rc, e);
	if (rc == 0 && ret_id)
		*ret_id = TAKE(id);
	return rc;
}

static int
set_text(struct local *l, const char *id, const char *sql, const char *text, struct err *e)
{
	char *value CLEANUP(freep) = text_clean(str_of(text));

	return text ? db_run(l->db, e, sql, "tt", id, value) : 0;
}

static int set_status(struct local *l, const char *id, const char *status, struct err *e)
{
	if (!status)
		return 0;
	if (streq(status, "open"))
		return db_run(l->db, e,
			      "UPDATE issues SET status = 'open', open = 1, closed_reason = '',"
			      " closed_ms = 0, hidden = '', defer_ms = 0, claimed_by = ''"
			      " WHERE id = ?1",
			      "t", id);
	if (streq(status, "closed"))
		return db_run(l->db, e,
			      "UPDATE issues SET status = 'closed', open = 0, claimed_by = '',"
			      " closed_reason = 'completed', closed_ms = ?2"
			      " WHERE id = ?1 AND open",
			      "tl", id, clock_now().wall_ms);
	return err_set(e, ERR_INVALID, "a status is 'open' or 'closed', not '%s'", status);
}

static int edit_all(struct local *l, const char *id, const struct issue_change *c, struct err *e)
{
	char *labels CLEANUP(freep) = c->labels ? text_labels(str_of(c->labels)) : NULL;
	char *title CLEANUP(freep) = c->title ? text_line(str_of(c->title)) : NULL;
	int rc = local_exists(l, id, e);

	if (rc == 0)
		rc = set_text(l, id, "UPDATE issues SET title = ?2 WHERE id = ?1", title, e);
	if (rc == 0)
		rc = set_text(l, id, "UPDATE issues SET body = ?2 WHERE id = ?1", c->body, e);
	if (rc == 0)
		rc = set_text(l, id, "UPDATE issues SET labels = ?2 WHERE id = ?1", labels, e);
	if (rc == 0)
		rc = set_status(l, id, c->status, e);
	if (rc == 0 && c->priority >= 0)
		rc = db_run(l->db, e, "UPDATE issues SET priority = ?2 WHERE id = ?1", "ti", id,
			    c->priority);
	if (rc == 0 && c->after)
		rc = db_run(l->db, e, "DELETE FROM edges WHERE task = ?1", "t", id);
	if (rc == 0)
		rc = put_after(l, id, c->after, e);
	if (rc == 0)
		rc = db_run(l->db, e, "UPDATE issues SET updated_ms = ?2 WHERE id = ?1", "tl", id,
			    clock_now().wall_ms);
	return rc;
}

int local_edit(struct tracker *t, const char *id, const struct issue_change *c, struct err *e)
{
	struct local *l = local_of(t);
	int rc = c->title ? check_title(c->title, e) : 0;

	if (rc == 0)
		rc = check_body(c->body, e);
	if (rc == 0)
		rc = check_priority(c->priority, e);
	if (rc == 0)
		rc = local_begin(l, e);
	return rc ? rc : local_end(l, edit_all(l, id, c, e), e);
}

static int claim(struct local *l, const char *id, const char *who, struct err *e)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	int rc = db_run(l->db, e,
			"UPDATE issues SET claimed_by = ?2, status = 'in_progress', updated_ms = ?3"
			" WHERE id = ?1 AND open AND claimed_by IN ('', ?2)",
			"ttl", id, who, clock_now().wall_ms);

	if (rc || db_changes(l->db))
		return rc;
	rc = db_query(l->db, &q, e, "SELECT open, claimed_by FROM issues WHERE id = ?1", "t", id);
	if (rc == 0)
		rc = db_step(l->db, q, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no issue '%s'", id);
	if (!db_int(q, 0))
		return err_set(e, ERR_CONFLICT, "issue '%s' is closed", id);
	return err_set(e, ERR_CONFLICT, "issue '%s' is claimed by '%s'", id, db_text(q, 1));
}

int local_claim(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	struct local *l = local_of(t);

	CHECK(who && *who);
	int rc = local_begin(l, e);
	return rc ? rc : local_end(l, claim(l, id, who, e), e);
}

static int release(struct local *l, const char *id, const char *who, struct err *e)
{
	int rc = local_exists(l, id, e);

	/* Somebody else's claim is not ours to end, and ours is gone either way. */
	return rc ? rc
		  : db_run(l->db, e,
			   "UPDATE issues SET claimed_by = '', status = 'open', updated_ms = ?3"
			   " WHERE id = ?1 AND open AND claimed_by = ?2",
			   "ttl", id, who, clock_now().wall_ms);
}

int local_release(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	struct local *l = local_of(t);
	int rc = local_begin(l, e);

	return rc ? rc : local_end(l, release(l, id, who, e), e);
}

static int
put_comment(struct local *l, const char *id, const char *marker, const char *text, struct err *e)
{
	char *clean CLEANUP(freep) = text_clean(str_of(text));
	int rc = check_body(text, e);

	return rc ? rc : local_put_comment(l, id, marker, NULL, clean, clock_now().wall_ms, e);
}

static int
close_issue(struct local *l, const char *id, const char *reason, const char *comment, struct err *e)
{
	int64_t now = clock_now().wall_ms;
	int rc = local_exists(l, id, e);

	if (rc == 0)
		rc = db_run(l->db, e,
			    "UPDATE issues SET open = 0, status = 'closed', claimed_by = '',"
			    " closed_reason = ?2, closed_ms = ?3, updated_ms = ?3"
			    " WHERE id = ?1 AND open",
			    "ttl", id, reason ? reason : "completed", now);
	/* The comment went in with the closing: repeated, there is nothing to add. */
	if (rc == 0 && comment && *comment && db_changes(l->db))
		rc = put_comment(l, id, NULL, comment, e);
	return rc;
}

int local_close(
	struct tracker *t, const char *id, const char *reason, const char *comment, struct err *e)
{
	struct local *l = local_of(t);
	int rc = local_begin(l, e);

	return rc ? rc : local_end(l, close_issue(l, id, reason, comment, e), e);
}

static int
add_comment(struct local *l, const char *id, const char *marker, const char *text, struct err *e)
{
	int rc = local_exists(l, id, e);

	return rc ? rc : put_comment(l, id, marker, text, e);
}

int local_comment(
	struct tracker *t, const char *id, const char *marker, const char *text, struct err *e)
{
	struct local *l = local_of(t);
	int rc = local_begin(l, e);

	return rc ? rc : local_end(l, add_comment(l, id, marker, text, e), e);
}
