#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "tracker/import.h"
#include "tracker/markdown.h"

#include <inttypes.h>
#include <string.h>

/* One import under way. */
struct job {
	struct local *l;
	const struct import_spec *spec;
	struct markdown plan;
	struct import_result result;
};

static void job_done(struct job *j)
{
	markdown_done(&j->plan);
	import_result_done(&j->result);
}

static int check_task(const struct job *j, const struct markdown_task *t, struct err *e)
{
	if (strlen(t->title) > ISSUE_TITLE_MAX)
		return err_set(e, ERR_INVALID, "%s:%d: a title has at most %d bytes", j->spec->path,
			       t->line, ISSUE_TITLE_MAX);
	if (t->body && strlen(t->body) > ISSUE_BODY_MAX)
		return err_set(e, ERR_INVALID, "%s:%d: a body has at most %u bytes", j->spec->path,
			       t->line, ISSUE_BODY_MAX);
	return 0;
}

static int put_task(struct job *j, const struct markdown_task *t, int64_t number, struct err *e)
{
	int64_t now = clock_now().wall_ms;
	char *id = mem_printf("%" PRId64, number);

	VEC_PUSH(&j->result.ids, id);
	j->result.issues++;
	j->result.closed += t->closed;
	return local_put_issue(j->l,
			       &(struct local_issue){
				       .id = id,
				       .title = t->title,
				       .body = t->body,
				       .labels = t->labels,
				       .type = "task",
				       .status = t->closed ? "closed" : "open",
				       .closed_reason = t->closed ? "completed" : NULL,
				       .open = !t->closed,
				       .priority = t->priority < 0 ? 2 : t->priority,
				       .created_ms = now,
				       .updated_ms = now,
				       .closed_ms = t->closed ? now : 0,
			       },
			       NULL, e);
}

static int put_edges(struct job *j, size_t at, struct err *e)
{
	struct markdown_places places = {0};
	int rc = markdown_references(&j->plan, at, j->spec->path, &places, e);

	for (size_t i = 0; rc == 0 && i < places.at.n; i++) {
		rc = local_put_edge(j->l, j->result.ids.items[at],
				    j->result.ids.items[places.at.items[i]], e);
		if (rc == 0)
			j->result.edges += db_changes(j->l->db) > 0;
	}
	VEC_DONE(&places.at);
	return rc;
}

static int put_tasks(struct job *j, struct err *e)
{
	int64_t number;
	int rc = local_next_number(j->l, &number, e);

	for (size_t i = 0; rc == 0 && i < j->plan.tasks.n; i++) {
		rc = check_task(j, &j->plan.tasks.items[i], e);
		if (rc == 0)
			rc = put_task(j, &j->plan.tasks.items[i], number++, e);
	}
	for (size_t i = 0; rc == 0 && i < j->plan.tasks.n; i++)
		rc = put_edges(j, i, e);
	return rc;
}

/* An epic that gets a number gets the one after its tasks: in an empty tracker their ids are
 * then their positions. */
static int put_all(struct job *j, struct err *e)
{
	const char *named = j->spec->epic, *title = j->plan.title;
	int rc =
		named ? import_epic(j->l, named, title ? title : named, j->plan.body, &j->result, e)
		      : 0;

	if (rc == 0)
		rc = put_tasks(j, e);
	if (rc == 0 && !named)
		rc = import_epic(j->l, NULL, title, j->plan.body, &j->result, e);
	for (size_t i = 0; rc == 0 && i < j->result.ids.n; i++)
		rc = local_put_child(j->l, j->result.epic, j->result.ids.items[i], e);
	return rc;
}

static int read_plan(struct job *j, struct err *e)
{
	struct buf text CLEANUP(buf_done) = {.max = MARKDOWN_BYTES_MAX + 1};
	int rc = file_read_given(j->spec->path, MARKDOWN_BYTES_MAX, &text, e);

	if (rc == 0)
		rc = markdown_parse(buf_str(&text), j->spec->path, &j->plan, e);
	if (rc || j->plan.title || j->spec->epic)
		return rc;
	(void)err_set(e, ERR_INVALID, "%s: no '# title' names the epic", j->spec->path);
	return err_hint(e, "write one, or name an epic with --epic");
}

int import_markdown(struct tracker *t,
		    const struct import_spec *s,
		    struct import_result *ret,
		    struct err *e)
{
	struct job j CLEANUP(job_done) = {.spec = s};
	int rc = local_is(t, e);

	if (rc == 0)
		rc = read_plan(&j, e);
	if (rc)
		return rc;
	j.l = local_of(t);
	rc = local_begin(j.l, e);
	if (rc)
		return rc;
	rc = local_end(j.l, put_all(&j, e), e);
	for (size_t i = 0; i < j.plan.notes.n; i++)
		import_note(&j.result, IMPORT_PROBLEM, j.plan.notes.items[i].line, NULL,
			    mem_strdup(j.plan.notes.items[i].text));
	if (rc == 0) {
		*ret = j.result;
		memset(&j.result, 0, sizeof(j.result));
	}
	return rc;
}
