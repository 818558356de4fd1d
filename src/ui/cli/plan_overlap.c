#include "ui/cli/plan_overlap.h"

#include "base/clean.h"
#include "run/view.h"
#include "ui/cli/entry.h"

#include <string.h>

/* Which tasks touch the same files, by their issues and by what attempts have changed so far. */

static void add_paths(struct overlaps *o, size_t task, struct str paths)
{
	struct str path;

	while (str_next(&paths, '\0', &path))
		overlaps_add(o, task, path);
}

/* The work of its last attempt, and what the present one has changed up to now. What git cannot say
 * is not known, and that is all. */
static void
add_seen(struct git *g, const struct view *v, const struct task *t, struct overlaps *o, size_t task)
{
	struct buf paths CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT;
	bool works =
		t->slot && t->start.hex[0] && (task_state_flags((enum task_state)t->state) & F_JOB);

	if (t->head.hex[0] && t->head_base.hex[0] &&
	    g->ops->touched(g, &t->head_base, &t->head, &paths, &none) == 0)
		add_paths(o, task, buf_str(&paths));
	if (!works)
		return;
	char *path CLEANUP(freep) = path_worktree(&v->paths, t->slot - 1);

	buf_reset(&paths);
	if (g->ops->changed(g, path, &t->start, &paths, &none) == 0)
		add_paths(o, task, buf_str(&paths));
}

void plan_overlap_seen(struct cli *c, const char *epic, const struct plan *p, struct overlaps *o)
{
	struct view v CLEANUP(view_done) = {0};
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = epic};
	struct err e = ERR_INIT;

	if (!epic || view_open(&c->place, &c->config, epic, &v, &e) || entry_open(&g, &e))
		return; /* no run yet */
	for (int t = 0; t < p->n_tasks; t++) {
		int at = core_find(&v.core, p->tasks[t].issue->id);

		if (at >= 0)
			add_seen(g.git, &v, &v.core.tasks.items[at], o, (size_t)t);
	}
}

cJSON *plan_overlap_json(const struct plan *p)
{
	cJSON *array = cJSON_CreateArray();

	for (int i = 0; i < p->n_overlaps; i++) {
		const struct plan_overlap *x = &p->overlaps[i];
		cJSON *o = cJSON_CreateObject(), *tasks = cJSON_CreateArray();

		cJSON_AddItemToArray(tasks, cli_json_text(p->tasks[x->a].issue->id));
		cJSON_AddItemToArray(tasks, cli_json_text(p->tasks[x->b].issue->id));
		cJSON_AddItemToObject(o, "tasks", tasks);
		cJSON_AddItemToObject(o, "files", cli_json_text(x->files));
		cJSON_AddItemToArray(array, o);
	}
	return array;
}

void plan_overlap_text(struct cli *c, const struct plan *p)
{
	if (!p->n_overlaps)
		return;
	cli_print(c, "\ntouch the same files:\n");
	for (int i = 0; i < p->n_overlaps; i++) {
		const struct plan_overlap *x = &p->overlaps[i];
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		buf_puts(&b, "  ");
		buf_line(&b, str_of(p->tasks[x->a].issue->id));
		buf_puts(&b, " and ");
		buf_line(&b, str_of(p->tasks[x->b].issue->id));
		buf_puts(&b, ": ");
		cli_print_row(c, buf_cstr(&b), NULL, x->files);
	}
	if (p->more_overlaps)
		cli_print(c, "  and more\n");
	if (streq(c->config.queue_overlap, "wait"))
		cli_print_row(c, NULL, NULL, "they run one after the other (queue.overlap: wait)");
	else
		cli_print_row(c, NULL, NULL,
			      "they may run at the same time and conflict; queue.overlap: wait "
			      "runs them one after the other");
}
