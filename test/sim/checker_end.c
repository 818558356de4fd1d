#include "sim/checker-impl.h"

#include <cjson/cJSON.h>
#include <string.h>

/* Is what a run says at its end what the books have? */

static const char *text_of(const cJSON *j, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
	return s ? s : "";
}

bool book_is_owed(const struct book_task *t)
{
	bool there = !t->removed && !t->known.removed && t->open && t->known.open;
	if (t->branch && t->head < 0) /* nobody was told that it is in */
		return false;
	bool done = t->landed >= 0 || t->by_hand || t->closed_by_us || t->last_end == END_NOTHING;
	return there && !done;
}

static void
check_said(struct checker *c, const cJSON *node, const char *(*id_of)(int task), int n_tasks)
{
	int task = 0;
	const char *status = text_of(node, "status");
	while (task < n_tasks && strcmp(id_of(task), text_of(node, "issue")) != 0)
		task++;
	if (task == n_tasks) {
		checker_break(c, "rule 6: a task '%s' is told of that there is not",
			      text_of(node, "issue"));
		return;
	}
	const struct book_task *t = &c->tasks[task];
	bool in = strcmp(status, "closed") == 0 || strcmp(status, "merged") == 0;
	/* What a person took out of the branch again is theirs to see to: the run stops, and says so. */
	if (strcmp(status, "closed") == 0 && book_is_owed(t) && !c->unable && !c->rewritten)
		checker_break(c, "rule 6: '%s' is said to be closed, it is open", id_of(task));
	/* A landing that was asked for again, and met an error that lasts, is left to a person. */
	bool asked = c->exit >= 3 &&
		     (strcmp(status, "queued") == 0 || strcmp(status, "merging") == 0);
	if (t->landed >= 0 && !in && !asked && !c->rewritten)
		checker_break(c, "rule 6: '%s' has landed, it is said to be %s", id_of(task),
			      status);
	if (t->closed_by_us && !in && strcmp(status, "working") != 0)
		checker_break(c, "rule 6: '%s' was closed, it is said to be %s", id_of(task),
			      status);
}

static void
check_progress(struct checker *c, const char *progress, const char *(*id_of)(int task), int n_tasks)
{
	cJSON *root = cJSON_Parse(progress);
	const cJSON *nodes = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "dag"), "nodes");
	const cJSON *node = NULL;
	if (!root || !nodes)
		checker_break(c, "books: swarm-progress.json cannot be read");
	else if (strcmp(text_of(root, "status"), "running") == 0)
		checker_break(c, "rule 6: the run is over and says that it runs");
	cJSON_ArrayForEach(node, nodes) check_said(c, node, id_of, n_tasks);
	cJSON_Delete(root);
}

void checker_ended(struct checker *c,
		   const struct checker_result *r,
		   const char *(*id_of)(int task),
		   int n_tasks)
{
	c->exit = r->exit;
	c->unable = r->unable;
	for (int i = 0; i < c->n_tasks && r->exit == 0 && !c->limits.dispatch; i++)
		if (c->tasks[i].child && c->tasks[i].known.there && book_is_owed(&c->tasks[i]))
			checker_break(c, "rule 6: exit 0, and '%s' is open", id_of(i));
	/* Where the epic could not be opened, agents of before go on: the journal names them. */
	if (r->live_jobs && !r->unable)
		checker_break(c, "rule 7: %d jobs are alive after the end", r->live_jobs);
	if (r->worktrees_left > r->worktrees_kept && !r->unable)
		checker_break(c, "rule 7: %d worktrees are left, %d of them with work",
			      r->worktrees_left, r->worktrees_kept);
	if (r->lock_held)
		checker_break(c, "rule 7: the lock is held after the end");
	if (r->progress)
		check_progress(c, r->progress, id_of, n_tasks);
}
