#include "ui/cli/epic.h"

#include "base/check.h"
#include "base/clean.h"
#include "base/file.h"

#include <inttypes.h>
#include <string.h>

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
	char *word CLEANUP(freep) = shell_word(epic);
	if (e->code == ERR_NOT_FOUND && !e->hint[0])
		(void)err_hint(e, "'ganger run %s' starts one", word);
	return e->code;
}

int epic_of_id(struct cli *c, const char *id, struct session_id *ret, struct err *e)
{
	const char *named = cli_value(c, "epic");
	char *beside CLEANUP(freep) = NULL;

	*ret = (struct session_id){0};
	if (!named && session_id_parse(id, ret))
		return 0;
	ret->issue = mem_strdup(id);
	if (named) {
		ret->epic = mem_strdup(named);
		return 0;
	}
	if (view_epic_of(&c->place, &c->config, id, &ret->epic, &beside, e) == 0) {
		if (beside)
			cli_hint(c, "that of epic '%s'; another one is in '%s': --epic names it",
				 ret->epic, beside);
		return 0;
	}
	if (e->code == ERR_INVALID)
		(void)err_hint(e, "say which with --epic");
	return e->code;
}

int epic_find_task(struct cli *c, const char *id, struct found_task *ret, struct err *e)
{
	struct session_id named CLEANUP(session_id_done) = {0};

	*ret = (struct found_task){.at = -1};
	if (epic_of_id(c, id, &named, e) || epic_view(c, named.epic, &ret->view, e))
		return e->code;
	ret->attempt = named.attempt;
	ret->at = core_find(&ret->view.core, named.issue);
	if (ret->at < 0)
		return err_set(e, ERR_NOT_FOUND, "epic '%s' has no task '%s'", named.epic,
			       named.issue);
	return 0;
}

int epic_look_again(struct cli *c,
		    const struct found_task *before,
		    struct found_task *ret,
		    struct err *e)
{
	const char *task = before->view.core.tasks.items[before->at].id;

	*ret = (struct found_task){.at = -1, .attempt = before->attempt};
	if (view_open(&c->place, &c->config, before->view.epic, &ret->view, e))
		return e->code;
	ret->at = core_find(&ret->view.core, task);
	return ret->at < 0 ? err_set(e, ERR_NOT_FOUND, "task '%s' is gone", task) : 0;
}

int epic_find_present(struct cli *c, const char *id, struct found_task *ret, struct err *e)
{
	struct buf present CLEANUP(buf_done) = BUF_INIT;

	if (epic_find_task(c, id, ret, e))
		return e->code;
	CHECK(ret->at >= 0 && (size_t)ret->at < ret->view.core.tasks.n);
	const struct task *t = &ret->view.core.tasks.items[ret->at];
	if (!ret->attempt || ret->attempt == t->attempt || ret->attempt == session_attempt(t))
		return 0;
	buf_session_id(&present, ret->view.epic, t->id, session_attempt(t));
	return err_set(e, ERR_NOT_FOUND, "session '%s' is not the one at hand, that is '%s'", id,
		       buf_cstr(&present));
}

void found_task_done(struct found_task *f)
{
	view_done(&f->view);
	f->at = -1;
}

/* The start time is field 22 of stat, after the name, which may contain anything. */
bool process_lives(int64_t pid, int64_t start)
{
	struct buf stat CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = mem_printf("/proc/%" PRId64 "/stat", pid);
	const char *p;
	struct str rest, field = {0};
	int64_t found = 0;

	if (file_read(path, 4096, &stat, NULL) < 0)
		return false;
	p = strrchr(buf_cstr(&stat), ')');
	if (!p)
		return false;
	rest = str_of(p);
	for (int i = 0; i <= 20; i++)
		(void)str_next(&rest, ' ', &field); /* too short: no number */
	return str_i64(field, &found) && found == start;
}

bool epic_attempt_runs(const struct found_task *f, int64_t attempt)
{
	const struct task *t = &f->view.core.tasks.items[f->at];

	if (t->attempt != attempt)
		return false;
	if (t->state != TASK_CLAIMING && t->state != TASK_PREPARING &&
	    t->state != TASK_SETTING_UP && t->state != TASK_WORKING)
		return false;
	return f->view.pid || (t->pid && process_lives(t->pid, t->pid_start));
}

int epic_attempt(struct cli *c, const struct found_task *f, int64_t *ret, struct err *e)
{
	const struct task *t = &f->view.core.tasks.items[f->at];
	const char *text = cli_value(c, "attempt");

	*ret = f->attempt ? f->attempt : t->attempt;
	if (text && f->attempt)
		return err_set(e, ERR_INVALID, "a session is one attempt: leave out --attempt");
	if (text && (!str_i64(str_of(text), ret) || *ret < 1))
		return err_set(e, ERR_INVALID, "'%s' is no number of an attempt", text);
	if (*ret > t->attempt)
		return err_set(e, ERR_NOT_FOUND, "task '%s' has %" PRId64 " attempts", t->id,
			       t->attempt);
	return 0;
}
