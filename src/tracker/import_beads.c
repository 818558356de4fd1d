#include "base/clean.h"
#include "base/clock.h"
#include "tracker/beads.h"
#include "tracker/import.h"

#include <stdlib.h>
#include <string.h>

/* One import under way. */
struct job {
	struct local *l;
	const struct import_spec *spec;
	struct beads_file file;
	struct beads_verdicts verdicts; /* one an issue of the file */
	bool *taken;                    /* is it taken over? one an issue of the file */
	bool *is_new;                   /* … and was not there before */
	struct import_result result;
};

static void job_done(struct job *j)
{
	beads_verdicts_done(&j->verdicts);
	beads_file_done(&j->file);
	free(j->taken);
	free(j->is_new);
	import_result_done(&j->result);
}

static const struct beads_issue *issue_at(const struct job *j, size_t at)
{
	return &j->file.issues.items[at];
}

static bool is_work(const char *type)
{
	return streq(type, "task") || streq(type, "bug") || streq(type, "feature") ||
	       streq(type, "chore");
}

/* NULL: the issue is taken over. */
static char *left_out(const struct job *j, const struct beads_issue *i)
{
	if (streq(i->id, j->spec->epic))
		return NULL; /* it is the epic that was named, whatever it was */
	if (beads_is_tombstone(i))
		return mem_strdup("tombstone");
	if (strlen(i->id) > ISSUE_ID_MAX)
		return mem_printf("its id is longer than %d bytes", ISSUE_ID_MAX);
	if (!j->spec->reopen)
		return NULL;
	if (!is_work(i->type))
		return mem_printf("type '%s'", i->type);
	return i->ephemeral ? mem_strdup("ephemeral") : NULL;
}

static void choose(struct job *j)
{
	for (size_t i = 0; i < j->file.issues.n; i++) {
		const struct beads_issue *issue = issue_at(j, i);
		char *why = left_out(j, issue);

		j->taken[i] = !why;
		if (why)
			import_note(&j->result, IMPORT_LEFT_OUT, issue->line, issue->id, why);
	}
}

/* An issue of the file may itself be the epic that was named. */
static bool is_epic(const struct job *j, const struct beads_issue *i)
{
	return streq(i->id, j->result.epic);
}

static void state_of(const struct job *j, size_t at, struct local_issue *ret)
{
	const struct beads_issue *i = issue_at(j, at);
	const struct beads_verdict *v = &j->verdicts.items.items[at];
	int64_t now = clock_now().wall_ms;

	ret->open = j->spec->reopen || is_epic(j, i) || v->state != BEADS_CLOSED;
	ret->status = ret->open ? "open" : "closed";
	ret->closed_reason = ret->open ? NULL : i->close_reason;
	ret->closed_ms = ret->open ? 0 : i->closed_ms;
	if (j->spec->reopen || is_epic(j, i) || v->state != BEADS_HIDDEN)
		return;
	ret->defer_ms = i->defer_ms > now ? i->defer_ms : 0;
	ret->hidden = v->by_date ? NULL : v->reason;
}

static int put_comments(struct job *j, const struct beads_issue *i, struct err *e)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < i->comments.n; k++)
		rc = local_put_comment(j->l, i->id, NULL, i->comments.items[k].author,
				       i->comments.items[k].text, i->comments.items[k].created_ms,
				       e);
	return rc;
}

/* Too long ones are cut, at a character. */
static char *cut(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n > max) {
		for (n = max; n && ((unsigned char)s[n] & 0xc0) == 0x80;)
			n--;
	}
	return mem_strndup(s, n);
}

static int put_issue(struct job *j, size_t at, struct err *e)
{
	const struct beads_issue *i = issue_at(j, at);
	char *title CLEANUP(freep) = cut(i->title, ISSUE_TITLE_MAX);
	char *body CLEANUP(freep) = cut(i->body, ISSUE_BODY_MAX);
	struct local_issue row = {
		.id = i->id,
		.title = title,
		.body = body,
		.labels = i->labels,
		.type = i->type,
		.priority = i->priority,
		.created_ms = i->created_ms,
		.updated_ms = i->updated_ns == INT64_MIN ? 0 : i->updated_ns / 1000000,
	};

	state_of(j, at, &row);
	int rc = local_put_issue(j->l, &row, &j->is_new[at], e);
	if (rc)
		return rc;
	if (!j->is_new[at]) {
		import_note(&j->result, IMPORT_KEPT, i->line, i->id,
			    mem_strdup("was there already"));
		return 0;
	}
	if (is_epic(j, i)) {
		j->result.epic_made = true;
	} else {
		j->result.issues++;
		j->result.closed += !row.open;
		VEC_PUSH(&j->result.ids, mem_strdup(i->id));
	}
	return put_comments(j, i, e);
}

/* Where an edge leads: a place in the file, if it is taken over. Else NULL in *ret_why, or why not. */
static bool
target_of(const struct job *j, const struct beads_edge *edge, size_t *ret, char **ret_why)
{
	*ret_why = NULL;
	if (!map_find(&j->file.index, edge->needs, ret)) {
		*ret_why = mem_printf("%s '%s', which is not in the file", edge->type, edge->needs);
		return false;
	}
	const struct beads_issue *other = issue_at(j, *ret);
	if (beads_is_tombstone(other))
		*ret_why = mem_printf("%s '%s', a tombstone", edge->type, edge->needs);
	else if (!j->taken[*ret] && !j->spec->reopen)
		*ret_why = mem_printf("%s '%s', which was left out", edge->type, edge->needs);
	else if (edge->kind == BEADS_BLOCKS && streq(other->status, "pinned") && !j->spec->reopen)
		*ret_why = mem_printf("%s '%s', which is pinned", edge->type, edge->needs);
	/* Reopened, the epic is no work that others could wait for. */
	return j->taken[*ret] && !*ret_why && !(j->spec->reopen && is_epic(j, other));
}

static int put_edge(struct job *j, size_t at, size_t other, struct err *e)
{
	const struct beads_issue *i = issue_at(j, at);
	int rc;

	if (at == other) {
		import_note(&j->result, IMPORT_EDGE, i->line, i->id,
			    mem_strdup("depends on itself"));
		return 0;
	}
	rc = local_put_edge(j->l, i->id, issue_at(j, other)->id, e);
	if (rc == 0)
		j->result.edges += db_changes(j->l->db) > 0;
	return rc;
}

static bool is_child_of(const struct beads_issue *i, const char *parent)
{
	for (size_t k = 0; k < i->edges.n; k++) {
		if (i->edges.items[k].kind == BEADS_PARENT &&
		    streq(i->edges.items[k].needs, parent))
			return true;
	}
	return false;
}

/* waits-for, as far as plain dependencies can say it. */
static int put_waits(struct job *j, size_t at, const struct beads_edge *edge, struct err *e)
{
	int rc = 0;
	bool gate_open = false;

	for (size_t i = 0; i < j->file.issues.n; i++)
		gate_open |= edge->kind == BEADS_WAITS_ANY && beads_is_closed(issue_at(j, i)) &&
			     is_child_of(issue_at(j, i), edge->needs);
	for (size_t i = 0; rc == 0 && !gate_open && i < j->file.issues.n; i++) {
		if (i != at && j->taken[i] && !beads_is_closed(issue_at(j, i)) &&
		    is_child_of(issue_at(j, i), edge->needs))
			rc = put_edge(j, at, i, e);
	}
	return rc;
}

static int put_one_edge(struct job *j, size_t at, const struct beads_edge *edge, struct err *e)
{
	const struct beads_issue *i = issue_at(j, at);
	size_t other;
	char *why;
	bool parents = !j->spec->reopen || !j->spec->epic;

	if (edge->kind == BEADS_INERT || (edge->kind == BEADS_PARENT && !parents) ||
	    (edge->kind != BEADS_BLOCKS && edge->kind != BEADS_PARENT && j->spec->reopen))
		return 0;
	if (!target_of(j, edge, &other, &why)) {
		if (why)
			import_note(&j->result, IMPORT_EDGE, i->line, i->id, why);
		return 0;
	}
	switch (edge->kind) {
	case BEADS_BLOCKS:
		return put_edge(j, at, other, e);
	case BEADS_WAITS:
	case BEADS_WAITS_ANY:
		return put_waits(j, at, edge, e);
	case BEADS_PARENT:
		return at == other ? 0 : local_put_child(j->l, issue_at(j, other)->id, i->id, e);
	case BEADS_INERT:
		break;
	}
	return 0;
}

static int put_edges(struct job *j, size_t at, struct err *e)
{
	const struct beads_issue *i = issue_at(j, at);
	int rc = 0;

	if (j->result.epic && !is_epic(j, i))
		rc = local_put_child(j->l, j->result.epic, i->id, e);
	if (!j->is_new[at] || (is_epic(j, i) && j->spec->reopen))
		return rc;
	for (size_t k = 0; rc == 0 && k < i->edges.n; k++)
		rc = put_one_edge(j, at, &i->edges.items[k], e);
	return rc;
}

static int put_all(struct job *j, struct err *e)
{
	const char *epic = j->spec->epic;
	size_t at;
	int rc = 0;

	/* An epic that is in the file comes from there. */
	if (epic && map_find(&j->file.index, epic, &at)) {
		j->result.epic = mem_strdup(epic);
	} else if (epic) {
		rc = import_epic(j->l, epic, epic, "", &j->result, e);
	}
	for (size_t i = 0; rc == 0 && i < j->file.issues.n; i++)
		rc = j->taken[i] ? put_issue(j, i, e) : 0;
	for (size_t i = 0; rc == 0 && i < j->file.issues.n; i++)
		rc = j->taken[i] ? put_edges(j, i, e) : 0;
	return rc;
}

/* The state that the tracker will show; with 'reopen' the graph alone tells who waits. */
static void note_verdicts(struct job *j)
{
	for (size_t i = 0; i < j->file.issues.n; i++) {
		const struct beads_issue *issue = issue_at(j, i);
		const struct beads_verdict *v = &j->verdicts.items.items[i];
		struct buf by = BUF_INIT;

		if (!j->taken[i] || !j->is_new[i] || is_epic(j, issue))
			continue;
		if (v->state == BEADS_HIDDEN)
			import_note(&j->result, IMPORT_HIDDEN, issue->line, issue->id,
				    mem_strdup(v->reason));
		if (v->state != BEADS_BLOCKED)
			continue;
		for (size_t k = 0; k < v->by.n; k++)
			buf_printf(&by, "%s%s", k ? "\n" : "", v->by.items[k]);
		import_note(&j->result, IMPORT_BLOCKED, issue->line, issue->id, buf_take(&by));
	}
}

static void note_waiting(struct job *j)
{
	for (size_t i = 0; i < j->file.issues.n; i++) {
		const struct beads_issue *issue = issue_at(j, i);
		struct buf by CLEANUP(buf_done) = BUF_INIT;
		size_t other;

		for (size_t k = 0; j->taken[i] && k < issue->edges.n; k++) {
			const struct beads_edge *edge = &issue->edges.items[k];

			if (edge->kind == BEADS_BLOCKS &&
			    map_find(&j->file.index, edge->needs, &other) && j->taken[other])
				buf_printf(&by, "%s%s", by.n ? "\n" : "", edge->needs);
		}
		if (by.n && j->is_new[i])
			import_note(&j->result, IMPORT_BLOCKED, issue->line, issue->id,
				    mem_strdup(buf_cstr(&by)));
	}
}

static void note_all(struct job *j)
{
	for (size_t i = 0; i < j->file.problems.n; i++)
		import_note(&j->result, IMPORT_PROBLEM, j->file.problems.items[i].line, NULL,
			    mem_strdup(j->file.problems.items[i].text));
	if (j->spec->reopen)
		note_waiting(j);
	else
		note_verdicts(j);
	import_sort_notes(&j->result);
	j->result.copies = j->file.copies;
}

static int run_job(struct job *j, struct err *e)
{
	int rc = beads_load(j->spec->path, &j->file, e);

	if (rc)
		return rc;
	if (!j->file.issues.n) {
		(void)err_set(e, ERR_INVALID, "there is no issue in '%s'", j->spec->path);
		return err_hint(e, "a Beads export has one JSON object a line, each with an 'id'");
	}
	j->taken = mem_alloc(j->file.issues.n * sizeof(*j->taken));
	j->is_new = mem_alloc(j->file.issues.n * sizeof(*j->is_new));
	beads_judge(&j->file, clock_now().wall_ms, &j->verdicts);
	choose(j);
	rc = local_begin(j->l, e);
	if (rc == 0)
		rc = local_end(j->l, put_all(j, e), e);
	if (rc == 0)
		note_all(j);
	return rc;
}

int import_beads(struct tracker *t,
		 const struct import_spec *s,
		 struct import_result *ret,
		 struct err *e)
{
	struct job j CLEANUP(job_done) = {.spec = s};
	int rc = local_is(t, e);

	if (rc)
		return rc;
	j.l = local_of(t);
	rc = run_job(&j, e);

	if (rc == 0) {
		*ret = j.result;
		memset(&j.result, 0, sizeof(j.result));
	}
	return rc;
}
