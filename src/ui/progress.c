#include "ui/progress.h"

#include "base/clean.h"
#include "config/config.h"
#include "run/facts.h"
#include "run/paths.h"
#include "run/view.h"
#include "ui/boardview.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS     1000
#define DRAW_MS     100
#define ID_COLS_MAX 14

struct progress {
	struct progress_options o;
	struct paths paths;
	char *title; /* of the epic; NULL until its journal is there */
	bool began;
	size_t n_tasks;              /* for which id_cols is wide enough */
	struct board_screen *screen; /* NULL: lines */
	struct board_size size;
	int64_t drawn_mono;
	int id_cols;
	VEC(int) starting;      /* tasks whose process is not known to run yet */
	VEC(int64_t) paused_ms; /* a kind: until when, as said last */
	bool paused, troubled;  /* as said last */
};

/* ---- lines ---- */

static void add_time(struct buf *b, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (localtime_r(&s, &tm))
		buf_printf(b, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* "14:05:01  12  working        process 4711" */
static void
say(struct progress *p, const struct core *c, const char *id, const char *word, const char *detail)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct buf name CLEANUP(buf_done) = BUF_INIT;

	buf_line(&name, str_of(id));
	add_time(&b, c->now.wall_ms);
	buf_printf(&b, "  %-*s  ", p->id_cols, buf_cstr(&name));
	buf_printf(&b, detail[0] ? "%-13s  " : "%s", word);
	buf_line(&b, str_of(detail));
	/* A reader that went away ends nothing: the run goes on without being watched. */
	(void)fprintf(p->o.events, "%s\n", buf_cstr(&b));
	(void)fflush(p->o.events);
}

static void say_task(struct progress *p, const struct core *c, int at, const char *detail)
{
	const struct task *t = &c->tasks.items[at];

	say(p, c, t->id, task_word(t), detail);
}

static void add_attempt(struct buf *b, const struct task *t)
{
	if (t->attempt > 1)
		buf_printf(b, "%sattempt %" PRId64, b->n ? ", " : "", t->attempt);
}

/* Where the work is, for who wants to look at it. */
static void
add_branch(struct buf *b, const struct progress *p, const struct core *c, const struct task *t)
{
	char *branch CLEANUP(freep) =
		branch_expand(p->o.config->git_task_branch, c->run.epic, t->id);

	buf_puts(b, branch);
}

/*
 * What is said on entering a state. False: nothing. A task that becomes ready is worth a line
 * only when it comes back: all others are claimed in their turn.
 */
static bool entry_detail(const struct progress *p,
			 const struct core *c,
			 const struct facts *f,
			 int at,
			 struct buf *b)
{
	const struct task *t = &c->tasks.items[at];

	switch ((enum task_state)t->state) {
	case TASK_BLOCKED:
	case TASK_WORKING: /* said with its process */
	case TASK_SUBMITTING:
		return false;
	case TASK_READY:
		facts_reason(b, f, at);
		return t->attempt > 0;
	case TASK_CLAIMING:
		buf_puts(b, t->title);
		add_attempt(b, t);
		return true;
	case TASK_SUBMITTED:
		if (t->pull)
			buf_printf(b, "pull request %" PRId64 ", branch ", t->pull);
		add_branch(b, p, c, t);
		return true;
	case TASK_QUEUED:
		if (t->pull)
			buf_printf(b, "pull request %" PRId64, t->pull);
		return true;
	case TASK_MERGED:
		buf_printf(b, "%.12s%s", t->landed.hex,
			   p->o.config->queue_check ? "" : ", untested");
		return true;
	case TASK_CLOSED:
		if (!t->landed.hex[0])
			facts_reason(b, f, at);
		return true;
	default: /* failed, conflicted, … : why */
		facts_reason(b, f, at);
		if (streq(buf_cstr(b), task_word(t)))
			buf_reset(b); /* it is what the state says */
		return true;
	}
}

static void watch(struct progress *p, const struct core *c, int at)
{
	if (!(task_state_flags((enum task_state)c->tasks.items[at].state) & F_JOB))
		return;
	for (size_t i = 0; i < p->starting.n; i++) {
		if (p->starting.items[i] == at)
			return;
	}
	VEC_PUSH(&p->starting, at);
}

static const char *job_word(const struct task *t)
{
	if (t->state == TASK_SETTING_UP || t->state == TASK_GATE_SETTING_UP)
		return "set-up, ";
	return t->state == TASK_GATING ? "check, " : "";
}

/* Processes that have started since. */
static void say_started(struct progress *p, const struct core *c)
{
	for (size_t i = 0; i < p->starting.n;) {
		int at = p->starting.items[i];
		const struct task *t = &c->tasks.items[at];
		bool has_job = task_state_flags((enum task_state)t->state) & F_JOB;
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		if (has_job && !t->pid) {
			i++;
			continue;
		}
		if (has_job) {
			buf_printf(&b, "%sprocess %" PRId64, job_word(t), t->pid);
			add_attempt(&b, t);
			say_task(p, c, at, buf_cstr(&b));
		}
		p->starting.items[i] = p->starting.items[--p->starting.n];
	}
}

static void say_run(struct progress *p, const struct core *c, const struct transition *t)
{
	const char *why = "";

	if (t->to == RUN_TIDYING && !c->run.reason[0])
		return;
	if (t->to == RUN_TIDYING)
		why = c->run.reason;
	else if (t->to == RUN_ENDED)
		why = core_status_name(core_status(c));
	say(p, c, "-", run_state_name((enum run_state)t->to), why);
}

/* What stops everything for a while is no change of a task's state. */
static void say_pauses(struct progress *p, const struct core *c)
{
	bool paused = c->run.paused != 0, troubled = c->run.errors > 0;

	if (troubled && !p->troubled && c->run.reason[0])
		say(p, c, "-", run_state_name((enum run_state)c->run.state), c->run.reason);
	p->troubled = troubled;
	if (paused != p->paused)
		say(p, c, "-", paused ? "paused" : "resumed",
		    paused ? "nothing starts or lands; agents go on" : "");
	p->paused = paused;
	while (p->paused_ms.n < c->kinds.n)
		VEC_PUSH(&p->paused_ms, 0);
	for (size_t i = 0; i < c->kinds.n; i++) {
		const struct kind *k = &c->kinds.items[i];
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		if (k->paused_ms == p->paused_ms.items[i])
			continue;
		p->paused_ms.items[i] = k->paused_ms;
		if (k->paused_ms <= c->now.wall_ms)
			continue;
		buf_printf(&b, "agent '%s' until ", k->name);
		buf_until(&b, k->paused_ms, c->now.wall_ms);
		buf_printf(&b, "%s%s", k->pause_reason[0] ? ": " : "", k->pause_reason);
		say(p, c, "-", "paused", buf_cstr(&b));
	}
}

/* ---- the board ---- */

/* Not more often than an eye can follow; the next tick shows what is left out here. */
static void draw(struct progress *p, const struct core *c)
{
	struct boardview v;
	struct moment now = clock_now();
	int64_t wall = now.wall_ms;

	if (now.mono_ms - p->drawn_mono < DRAW_MS && c->run.state != RUN_ENDED)
		return;
	p->drawn_mono = now.mono_ms;
	if (!p->title)
		p->title = view_title(&p->paths);
	struct boardview_spec s = {
		.core = c,
		.paths = &p->paths,
		.title = p->title,
		.wall_ms = wall,
		.since_ms = c->run.started_ms ? c->run.started_ms : wall,
		.untested = !p->o.config->queue_check,
	};

	boardview_fill(&s, &v);
	board_screen_draw(p->screen, &v.view);
	boardview_done(&v);
}

/* The window's size is asked for each time: that also shows when the terminal has gone. */
static void follow_terminal(struct progress *p)
{
	struct board_size size;

	if (!isatty(fileno(p->o.events))) {
		board_screen_free(TAKE(p->screen));
		return;
	}
	if (!board_terminal(fileno(p->o.events), &size))
		return; /* in the background: it will be ours again */
	if (size.rows != p->size.rows || size.cols != p->size.cols)
		board_screen_resize(p->screen, size);
	p->size = size;
}

/* ---- the observer ---- */

static void begin(struct progress *p, const struct core *c)
{
	for (size_t i = p->n_tasks; i < c->tasks.n; i++) {
		int n = (int)strlen(c->tasks.items[i].id);

		if (!c->tasks.items[i].outside && n > p->id_cols)
			p->id_cols = n < ID_COLS_MAX ? n : ID_COLS_MAX;
	}
	p->n_tasks = c->tasks.n;
	if (p->began)
		return;
	p->began = true;
	if (p->screen)
		return;
	if (!p->o.config->queue_check)
		say(p, c, "-", "untested", "no queue.check is set");
	else if (c->policy.batch > 1)
		say(p, c, "-", "groups", "what lands together is tested together: queue.batch");
}

/* It came back, and was claimed in the same turn: why, nobody would hear. */
static bool is_back(const struct core *c, const struct transition *t)
{
	const struct task *x = &c->tasks.items[t->task];
	bool back = t->to == TASK_WAITING || (t->to == TASK_READY && t->from != TASK_WAITING);

	return back && x->state == TASK_CLAIMING && x->attempt > 1 && x->reason[0];
}

static void on_transition(void *ctx, const struct core *c, const struct transition *t)
{
	struct progress *p = ctx;
	struct facts f = {.core = c}; /* what is held is not said here */
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	bool same;

	if (p->screen)
		return;
	begin(p, c);
	if (t->task < 0) {
		say_run(p, c, t);
		return;
	}
	watch(p, c, t->task);
	/* Of SUBMITTING nothing was said, so its end is news, whatever it is called. */
	same = t->from != TASK_NONE && t->from != TASK_SUBMITTING &&
	       streq(task_state_word((enum task_state)t->from),
		     task_state_word((enum task_state)t->to));
	if (is_back(c, t)) {
		facts_again(&b, &c->tasks.items[t->task]);
		say(p, c, c->tasks.items[t->task].id, task_state_word(TASK_READY), buf_cstr(&b));
		return;
	}
	/* It may have gone on in the same turn: only where it is now is worth a line. */
	if (same || t->to != c->tasks.items[t->task].state)
		return;
	if (entry_detail(p, c, &f, t->task, &b))
		say_task(p, c, t->task, buf_cstr(&b));
}

static void on_turn(void *ctx, const struct core *c)
{
	struct progress *p = ctx;

	if (p->screen)
		follow_terminal(p);
	if (p->screen) {
		draw(p, c);
		return;
	}
	begin(p, c);
	say_started(p, c);
	say_pauses(p, c);
}

static void on_message(void *ctx, const char *line)
{
	struct progress *p = ctx;
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (p->screen) {
		board_screen_say(p->screen, line);
		return;
	}
	buf_line(&b, str_of(line));
	(void)fprintf(p->o.messages, "%s\n", buf_cstr(&b));
	(void)fflush(p->o.messages);
}

static void on_resumed(void *ctx)
{
	struct progress *p = ctx;

	if (p->screen)
		board_screen_lost(p->screen);
}

struct progress *progress_new(const struct progress_options *o, struct observer *ret)
{
	struct progress *p = mem_alloc(sizeof(*p));
	struct board_style style = boardview_style(o->colour);

	p->o = *o;
	p->id_cols = 1;
	paths_find(o->place, o->epic, o->config->worktree_dir, &p->paths);
	if (o->board && board_terminal(fileno(o->events), &p->size))
		p->screen = board_screen_new(fileno(o->events), p->size, &style);
	*ret = (struct observer){.ctx = p,
				 .transition = on_transition,
				 .turn = on_turn,
				 .message = on_message,
				 .resumed = on_resumed,
				 .tick_ms = p->screen ? TICK_MS : 0};
	return p;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	board_screen_free(p->screen);
	paths_done(&p->paths);
	VEC_DONE(&p->starting);
	VEC_DONE(&p->paused_ms);
	free(p->title);
	free(p);
}
