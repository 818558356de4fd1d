#include "ui/cli/epic.h"

#include "base/clean.h"

int epic_latest(struct cli *c, const char *named, char **ret, struct err *e)
{
	struct view_epics all CLEANUP(view_epics_done) = {0};

	if (named) {
		*ret = mem_strdup(named);
		return 0;
	}
	if (view_epics(&c->place, &all, e))
		return e->code;
	if (!all.ids.n) {
		(void)err_set(e, ERR_NOT_FOUND, "there was no run here yet");
		return err_hint(e, "'ganger run' starts one");
	}
	*ret = mem_strdup(all.ids.items[0]);
	return 0;
}

int epic_view(struct cli *c, const char *named, struct view *ret, struct err *e)
{
	char *epic CLEANUP(freep) = NULL;

	*ret = (struct view){0};
	if (epic_latest(c, named, &epic, e))
		return e->code;
	if (view_open(&c->place, &c->config, epic, ret, e) == 0)
		return 0;
	if (e->code == ERR_NOT_FOUND && !e->hint[0])
		(void)err_hint(e, "'ganger run %s' starts one", epic);
	return e->code;
}

int epic_of_task(struct cli *c, const char *task, char **ret, struct err *e)
{
	const char *named = cli_value(c, "epic");

	if (named) {
		*ret = mem_strdup(named);
		return 0;
	}
	if (view_epic_of(&c->place, &c->config, task, ret, e) == 0)
		return 0;
	if (e->code == ERR_INVALID)
		(void)err_hint(e, "say which with --epic");
	return e->code;
}

int epic_find_task(struct cli *c, const char *task, struct found_task *ret, struct err *e)
{
	char *epic CLEANUP(freep) = NULL;

	*ret = (struct found_task){.at = -1};
	if (epic_of_task(c, task, &epic, e) || epic_view(c, epic, &ret->view, e))
		return e->code;
	ret->at = core_find(&ret->view.core, task);
	if (ret->at < 0)
		return err_set(e, ERR_NOT_FOUND, "epic '%s' has no task '%s'", epic, task);
	return 0;
}

void found_task_done(struct found_task *f)
{
	view_done(&f->view);
	f->at = -1;
}
