#include "base/clean.h"
#include "run/supervisor-impl.h"

/*
 * With queue.overlap: wait, what those at work have changed so far counts, too: who is known to
 * touch the same files is not begun beside them. Git is asked off the loop's thread, every now and
 * then, and only while somebody could be kept waiting by the answer; it comes as EV_OVERLAPs.
 * Whoever begins between two looks begins by what the last one saw. Where an attempt ends while git
 * looks, and another is given its worktree, that one's files may be told as the first one's, too: then
 * somebody waits who need not.
 */

#define PEEK_MS    2000              /* between two looks, at least, */
#define PEEK_SHARE 20                /* and so many times what the last one took */
#define PEEK_MAX   ((size_t)1 << 20) /* bytes of paths of one; more are no help */

/* A worktree in which an agent is at work. */
struct seen {
	int task;
	char *path;
	struct oid start;
	struct buf paths;
};

struct peek {
	struct work work;
	struct supervisor *s; /* off the thread only its constant parts */
	VEC(struct seen) seen;
	int64_t took_ms;
};

/* What cannot be seen is not known, and keeps nobody. */
static void peek_run(struct work *w)
{
	struct peek *p = (struct peek *)w;
	struct git *g = p->s->git;
	int64_t began = clock_now().mono_ms;
	for (size_t i = 0; i < p->seen.n; i++) {
		struct seen *x = &p->seen.items[i];
		struct err none = ERR_INIT;
		if (g->ops->changed(g, x->path, &x->start, &x->paths, &none))
			buf_reset(&x->paths);
	}
	p->took_ms = clock_now().mono_ms - began;
}

static void peek_done(struct work *w)
{
	struct peek *p = (struct peek *)w;
	struct supervisor *s = p->s;
	int64_t wait = p->took_ms * PEEK_SHARE;
	s->works--;
	s->peeking = false;
	s->peek_mono = s->host->now(s->host).mono_ms + (wait > PEEK_MS ? wait : PEEK_MS);
	for (size_t i = 0; i < p->seen.n; i++) {
		struct seen *x = &p->seen.items[i];
		if (s->core.run.state == RUN_RUNNING && x->paths.n)
			graph_touched(s, x->task, buf_str(&x->paths));
		free(x->path);
		buf_done(&x->paths);
	}
	VEC_DONE(&p->seen);
	free(p);
	s->host->wake_in(s->host, 0);
}

static bool is_yet_to_begin(const struct task *t)
{
	return !t->outside &&
	       (t->state == TASK_READY || t->state == TASK_BLOCKED || t->state == TASK_WAITING);
}

/* Of one that is not begun files are known. */
static bool anybody_may_wait(const struct supervisor *s)
{
	for (size_t i = 0; i < s->overlaps.tasks.n; i++) {
		const struct touching *x = &s->overlaps.tasks.items[i];
		int at = x->globs.n ? core_find(&s->core, x->id) : -1;
		if (at >= 0 && is_yet_to_begin(&s->core.tasks.items[at]))
			return true;
	}
	return false;
}

void peek(struct supervisor *s)
{
	s->peek_mono = s->host->now(s->host).mono_ms + PEEK_MS;
	if (!anybody_may_wait(s))
		return;
	struct peek *p = mem_alloc(sizeof(*p));
	*p = (struct peek){.work = {peek_run, peek_done}, .s = s};
	for (size_t i = 0; i < s->core.tasks.n; i++) {
		const struct task *t = &s->core.tasks.items[i];
		if (t->state != TASK_WORKING || !t->pid)
			continue;
		VEC_PUSH(&p->seen, ((struct seen){.task = (int)i,
						  .path = path_worktree(&s->paths, t->slot - 1),
						  .start = t->start,
						  .paths = {.max = PEEK_MAX}}));
	}
	s->works++;
	s->peeking = true;
	s->host->defer(s->host, &p->work);
}

int64_t peek_due_ms(const struct supervisor *s)
{
	bool asks = s->core.policy.overlap_wait && s->core.run.state == RUN_RUNNING &&
		    s->core.live > 0 && s->stop == STOP_NO && !s->core.run.dispatch;
	if (!asks || s->peeking)
		return -1;
	int64_t due = s->peek_mono - s->host->now(s->host).mono_ms;
	return due > 0 ? due : 0;
}
