#include "base/clean.h"
#include "run/supervisor-impl.h"

#include <string.h>

/* Actions on their way out: which function does what, and how the answer comes back. */

struct task_work *work_new(struct supervisor *s, const struct action *a)
{
	struct task_work *w = mem_alloc(sizeof(*w));
	w->s = s;
	w->action = *a;
	w->run = s->core.run;
	w->run.full |= s->full; /* the core may not have been told yet */
	w->text = w->text2 = w->text3 = w->touched = (struct buf)BUF_INIT;
	static_assert(sizeof(w->pause) == sizeof(((struct kind *)0)->pause_reason), "one size");
	w->answer = (struct core_event){.task = a->task,
					.serial = a->serial,
					.tokens_in = -1,
					.tokens_out = -1,
					.cost = -1};
	if (s->core.kinds.n)
		memcpy(w->pause, s->core.kinds.items[0].pause_reason, sizeof(w->pause));
	if (a->kind == ACT_NOTIFY)
		w->status = core_status_name(core_status(&s->core));
	if (a->task < 0)
		return w;
	w->t = s->core.tasks.items[a->task];
	for (size_t i = 0; i < w->t.needs.n; i++) {
		const struct task *n = &s->core.tasks.items[w->t.needs.items[i]];
		VEC_PUSH(&w->needs, ((struct prompt_landed){n->id, n->title}));
	}
	return w;
}

void work_free(struct task_work *w)
{
	VEC_DONE(&w->needs);
	buf_done(&w->text);
	buf_done(&w->text2);
	buf_done(&w->text3);
	buf_done(&w->touched);
	agent_command_done(&w->command);
	free(w->old_log);
	free(w->dir);
	free(w->log);
	free(w->watch);
	free(w->cwd);
	free(w->errors);
	free(w->session);
	buf_done(&w->prompt);
	buf_done(&w->orders);
	free(w);
}

void work_answer_error(struct task_work *w)
{
	w->answer.kind = EV_ERROR;
	w->answer.n = w->e.code;
	w->answer.until_ms = w->e.until_ms;
	buf_reset(&w->text);
	buf_puts(&w->text, w->e.msg);
	if (w->e.hint[0])
		buf_printf(&w->text, "; %s", w->e.hint);
}

/* Those that are still what is wanted; what became of a task meanwhile has its own action. */
void outbox_opened(struct supervisor *s)
{
	enum run_state now = (enum run_state)s->core.run.state;
	if (s->opened || now == RUN_NEW || now == RUN_OPENING || now == RUN_ENDED)
		return;
	__typeof__(s->later) later = s->later;
	s->later = (__typeof__(s->later)){0};
	s->opened = true;
	for (size_t i = 0; i < later.n; i++) {
		const struct action *a = &later.items[i];
		if (s->core.tasks.items[a->task].serial == a->serial)
			outbox_send(s, a);
	}
	VEC_DONE(&later);
}

/* What no change of state shows: the first of several errors, and what others did to the branch. */
static void say_answer(struct task_work *w)
{
	struct supervisor *s = w->s;
	const char *text = buf_cstr(&w->text);
	bool run = w->action.task < 0;
	bool may_pass = w->e.code == ERR_BUSY || w->e.code == ERR_IO || w->e.code == ERR_LIMIT;
	if (w->answer.kind == EV_ERROR && may_pass && (run ? w->run.errors : w->t.errors) == 0)
		supervisor_message(s, "%s%s%scould not %s, trying again: %s", run ? "" : "task ",
				   run ? "" : w->t.id, run ? "" : ": ", action_name(w->action.kind),
				   text);
	if (w->answer.kind == EV_MOVED)
		supervisor_message(s,
				   "task %s: somebody moved the epic branch to %.12s; it is merged "
				   "onto that anew",
				   w->t.id, w->answer.a.hex);
	if ((w->answer.kind == EV_LANDED || w->answer.kind == EV_ALREADY ||
	     w->answer.kind == EV_MOVED || w->answer.kind == EV_PREPARED) &&
	    text[0])
		supervisor_message(s, "task %s: %s", w->t.id, text);
}

static void deliver(struct work *work)
{
	struct task_work *w = (struct task_work *)work;
	struct supervisor *s = w->s;
	s->works--;
	if (w->answer.kind == EV_NONE && w->e.code)
		work_answer_error(w);
	say_answer(w);
	if (w->touched.n)
		graph_touched(s, w->action.task, buf_str(&w->touched));
	w->answer.text = buf_cstr(&w->text);
	w->answer.text2 = buf_cstr(&w->text2);
	w->answer.text3 = buf_cstr(&w->text3);
	if (w->answer.kind != EV_NONE)
		/* What an attempt left for its judge is wanted until it was judged. */
		inbox_add(s, &w->answer, w->answer.kind == EV_COLLECTED ? w->t.job : 0);
	work_free(w);
}

void work_defer(struct task_work *w, work_fn *fn)
{
	w->s->works++;
	w->work.run = (void (*)(struct work *))fn;
	if (!w->work.done)
		w->work.done = deliver;
	w->s->host->defer(w->s->host, &w->work);
}

/*
 * Opening takes away the locks that a crash left in the repository. What was under way then is
 * asked for again at once; it must not be at work there with locks of its own.
 */
static bool waits_for_open(const struct supervisor *s, const struct action *a)
{
	bool in_world = a->kind != ACT_STOP_JOB && a->kind != ACT_NOTIFY && !a->job;
	return in_world && a->task >= 0 && !s->opened;
}

void outbox_ask(struct supervisor *s, const char *task, const char *asks)
{
	struct action a = {
		.kind = ACT_NOTIFY, .task = core_find(&s->core, task), .n = NOTICE_PERSON};
	if (!s->config->hooks_notify || a.task < 0)
		return;
	struct task_work *w = work_new(s, &a);
	buf_puts(&w->text, asks);
	work_defer(w, act_notify);
}

void outbox_send(struct supervisor *s, const struct action *a)
{
	static work_fn *const works[ACT_COUNT] = {
		[ACT_CLAIM] = act_claim,     [ACT_PREPARE] = act_prepare,
		[ACT_COLLECT] = act_collect, [ACT_SUBMIT] = act_submit,
		[ACT_MERGE] = act_merge,     [ACT_GATE_PREPARE] = act_gate_prepare,
		[ACT_LAND] = act_land,       [ACT_CLOSE] = act_close,
		[ACT_LOOK] = act_look,       [ACT_RELEASE] = act_release,
		[ACT_OPEN] = act_open,       [ACT_TIDY] = act_tidy,
		[ACT_NOTIFY] = act_notify,
	};
	if (a->kind == ACT_OPEN)
		s->opened = false;
	if (waits_for_open(s, a))
		VEC_PUSH(&s->later, *a);
	else if (a->kind == ACT_STOP_JOB)
		job_stop(s, a->job, a->n ? JOB_KILL : JOB_ASK);
	else if (a->job)
		job_send(s, work_new(s, a));
	else if (a->kind != ACT_NOTIFY || s->config->hooks_notify)
		work_defer(work_new(s, a), works[a->kind]);
}
