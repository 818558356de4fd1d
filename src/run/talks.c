#include "base/clean.h"
#include "base/file.h"
#include "run/supervisor-impl.h"

#include <inttypes.h>
#include <stdio.h>

/* Attempts that are talked to: what their jobs have beside those of others (talker.h). */

bool work_talks(const struct task_work *w)
{
	return w->action.kind == ACT_AGENT && worker_of(w->s, &w->t)->kind->talk;
}

/* What a talk writes beside its log, under its task's name. */
int talk_link(struct task_work *w, const char *attempt)
{
	const struct paths *p = &w->s->paths;
	char *errors CLEANUP(freep) = path_join(w->dir, TALKER_ERRORS);
	char *events CLEANUP(freep) = path_join(w->dir, TALKER_EVENTS);
	char *errors_name CLEANUP(freep) = path_log(p, w->t.id, "errors");
	char *latest CLEANUP(freep) = path_events(p, w->t.id, NULL);
	char *numbered CLEANUP(freep) = path_events(p, w->t.id, attempt);
	if (file_touch(errors, &w->e) || file_link(errors, errors_name, &w->e) ||
	    file_touch(events, &w->e) || file_link(events, latest, &w->e))
		return w->e.code;
	return attempt ? file_link(events, numbered, &w->e) : 0;
}

/*
 * What a talk follows from, beside the log. An attempt that goes on from the last one's work goes on
 * in its session, too.
 */
int talk_prepare(struct task_work *w)
{
	const struct paths *p = &w->s->paths;
	char *prompt CLEANUP(freep) = path_join(w->dir, "prompt");
	char *orders CLEANUP(freep) = path_join(w->dir, TALKER_ORDERS);
	w->prompt = w->orders = (struct buf)BUF_INIT;
	if (file_read(prompt, EXECUTOR_SAY_MAX / 2, &w->prompt, &w->e))
		return w->e.code;
	if (file_exists(orders) && file_read(orders, BUF_MAX_DEFAULT, &w->orders, &w->e))
		return w->e.code;
	if (w->t.attempt > 1 && w->t.head.hex[0] && w->t.from != FROM_FRESH) {
		char last[32];
		(void)snprintf(last, sizeof(last), "%" PRId64, w->t.attempt - 1);
		char *log CLEANUP(freep) = path_log(p, w->t.id, last);
		char *worktree CLEANUP(freep) = path_worktree(p, w->t.slot - 1);
		w->session = agent_talk_session(worker_of(w->s, &w->t)->kind, log, worktree);
	}
	return 0;
}

int talk_broken_off(struct task_work *w, char **ret)
{
	char *dir CLEANUP(freep) = path_job(&w->s->paths, w->t.job);
	char *path CLEANUP(freep) = path_join(dir, TALKER_ORDERS);
	struct buf orders CLEANUP(buf_done) = BUF_INIT;
	if (file_exists(path) && file_read(path, BUF_MAX_DEFAULT, &orders, &w->e))
		return w->e.code;
	*ret = talker_broken_off(buf_str(&orders));
	return 0;
}

struct talker *talk_begin(struct task_work *w)
{
	struct attempt a CLEANUP(attempt_done) = {0};
	attempt_init(w, &a);
	struct talker_spec spec = {.job = w->action.job,
				   .dir = w->dir,
				   .task = w->t.id,
				   .worker = worker_of(w->s, &w->t),
				   .attempt = &a.a,
				   .prompt = buf_str(&w->prompt),
				   .orders = buf_str(&w->orders)};
	return talker_new(w->s, &spec);
}

static struct job *job_of(struct supervisor *s, int64_t number)
{
	for (size_t i = 0; i < s->jobs.n; i++)
		if (s->jobs.items[i].number == number)
			return &s->jobs.items[i];
	return NULL;
}

void job_output(void *ctx, uint64_t number, struct str piece)
{
	struct job *j = job_of(ctx, (int64_t)number);
	if (j && j->talker)
		talker_output(j->talker, piece);
}

int job_order(struct supervisor *s,
	      const char *task,
	      enum agent_order order,
	      const char *text,
	      struct err *e)
{
	int at = core_find(&s->core, task);
	if (at < 0)
		return err_set(e, ERR_NOT_FOUND, "epic '%s' has no task '%s'", s->spec.epic, task);
	for (size_t i = 0; i < s->jobs.n; i++) {
		const struct job *j = &s->jobs.items[i];
		if (j->task == at && j->kind == ACT_AGENT && j->talker)
			return talker_order(j->talker, order, text, e);
		if (j->task == at && j->kind == ACT_AGENT)
			(void)err_set(
				e, ERR_INVALID,
				"the agent at work on task '%s' cannot be talked to: its kind "
				"is '%s'",
				task, worker_of(s, &s->core.tasks.items[at])->kind->name);
	}
	if (e->code)
		return e->code;
	return err_set(e, ERR_INVALID, "no agent is at work on task '%s'", task);
}
