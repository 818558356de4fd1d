#include "ui/cli/entry.h"

#include "base/clean.h"
#include "port/forge.h"
#include "run/control.h"

void entry_git_done(struct entry_git *g)
{
	if (g->git)
		g->git->ops->free(g->git);
	paths_done(&g->paths);
	view_done(&g->view);
	free(g->epic_branch);
}

int entry_open(struct entry_git *g, struct err *e)
{
	const struct cli *c = g->c;
	if (g->git)
		return 0;
	paths_find(&c->place, g->epic, c->config.worktree_dir, &g->paths);
	g->epic_branch = branch_expand(c->config.git_epic_branch, g->epic, NULL);
	g->env = (struct child_env){.lock_fd = -1};
	g->spec = (struct git_epic_spec){.epic = g->epic,
					 .epic_branch = g->epic_branch,
					 .base = c->config.base,
					 .state_dir = g->paths.epic_dir,
					 .push = GIT_PUSH_NEVER};
	return c->parts->git_open(&c->place, &g->spec, &g->env, &g->git, e);
}

int entry_resolve(struct entry_git *g, const char *ref, struct oid *ret, struct err *e)
{
	if (entry_open(g, e))
		return e->code;
	if (g->git->ops->resolve(g->git, ref, ret, e)) {
		if (e->code == ERR_NOT_FOUND)
			(void)err_set(e, ERR_INVALID, "there is no branch '%s'", ref);
		return e->code;
	}
	return 0;
}

int entry_contains(
	struct entry_git *g, const struct oid *a, const struct oid *b, bool *ret, struct err *e)
{
	return entry_open(g, e) ? e->code : g->git->ops->ancestor(g->git, a, b, ret, e);
}

/* NULL: the run has no such task, or there was none yet. */
static const struct task *known_task(struct entry_git *g, const char *id)
{
	struct err none = ERR_INIT;
	if (!g->viewed)
		IGNORE(view_open(&g->c->place, &g->c->config, g->epic, &g->view, &none));
	g->viewed = true;
	int at = core_find(&g->view.core, id);
	return at < 0 ? NULL : &g->view.core.tasks.items[at];
}

bool entry_is_over(struct entry_git *g, const char *id)
{
	const struct task *t = known_task(g, id);
	return t && (t->state == TASK_MERGED || t->state == TASK_CLOSED);
}

/* One more than the attempts so far, so that no earlier ref is moved. */
static int next_attempt(struct entry_git *g, const struct entry *entry)
{
	const struct task *t = known_task(g, entry->id);
	return t ? (int)t->attempt + 1 : 1;
}

static int open_pull(struct cli *c,
		     const struct entry *entry,
		     const char *base,
		     int64_t *ret_number,
		     struct err *e)
{
	struct forge *f = NULL;
	/* There it would be seen by others, who did not ask for it; the branch may not even be there. */
	*ret_number = 0;
	if (streq(c->config.forge, "github"))
		return 0;
	char *body CLEANUP(freep) = entry->tracked ? mem_printf("Closes #%s\n", entry->id)
						   : mem_strdup("");
	struct pull_spec spec = {.head = entry->branch,
				 .base = base,
				 .head_sha = entry->head.hex,
				 .title = entry->title,
				 .body = body,
				 .task = entry->id};
	if (c->parts->forge_open(&c->place, &c->config, &f, e))
		return e->code;
	int rc = f->ops->ensure(f, &spec, ret_number, e);
	f->ops->free(f);
	return rc;
}

int entry_send(struct entry_git *g, const struct entry *entry, struct buf *said, struct err *e)
{
	struct cli *c = g->c;
	int64_t pull = 0;
	if (entry_open(g, e) ||
	    g->git->ops->keep(g->git, entry->id, next_attempt(g, entry), &entry->head, e) ||
	    open_pull(c, entry, g->epic_branch, &pull, e))
		return e->code;
	struct control_request r = {.verb = CONTROL_SUBMIT,
				    .id = entry->id,
				    .title = entry->title,
				    .head = entry->head.hex,
				    .base = "",
				    .priority = 2,
				    .branch = entry->tracked ? 1 : 2,
				    .pull = pull};
	return control_send(&c->place, &c->config, g->epic, &r, said, e);
}
