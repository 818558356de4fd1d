#include "ui/boardview.h"

#include "base/clean.h"
#include "base/file.h"
#include "run/facts.h"
#include "run/said.h"
#include "ui/cli/events.h"

#include <string.h>
#include <strings.h>

#define TAIL_BYTES 2048

static enum board_tone tone_of(const struct task *t)
{
	if (task_needs_person(t) || t->state == TASK_WAITING || t->errors)
		return BOARD_WARN;
	return task_has_fallen(t) ? BOARD_BAD : BOARD_PLAIN;
}

/* More than the users' word, where what it does just now is worth knowing. */
static const char *word_of(const struct task *t)
{
	if (t->stop)
		return "stopping";
	if (t->state == TASK_SETTING_UP)
		return "set-up";
	if (t->state == TASK_COLLECTING)
		return "saving";
	if (t->state == TASK_GATING || t->state == TASK_GATE_SETTING_UP ||
	    t->state == TASK_GATE_PREPARING)
		return "gating";
	if (t->state == TASK_LANDING)
		return "landing";
	return task_word(t);
}

static char *own(struct boardview *v, char *text)
{
	VEC_PUSH(&v->owned, text);
	return text;
}

/* Of one that is talked to: its last event that says something. NULL: it is not, or none does. */
static char *last_event(const struct paths *p, const struct task *t)
{
	struct buf events CLEANUP(buf_done) = BUF_INIT;
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line, last = {0};

	if (t->state != TASK_WORKING || !said_tail(p, t, &events))
		return NULL;
	for (rest = buf_str(&events); str_next(&rest, '\n', &line);)
		if (!str_starts(line, "{\"type\":\"tokens\""))
			event_text(&text, line);
	for (rest = buf_str(&text); str_next(&rest, '\n', &line);) {
		if (str_trim(line).n)
			last = str_trim(line);
	}
	return last.n ? mem_strndup(last.p, last.n) : NULL;
}

/* The last line of its log that has something in it. */
static char *last_line(const struct paths *p, const struct task *t)
{
	char *event = last_event(p, t);
	char *path CLEANUP(freep) =
		path_log(p, t->id, t->state == TASK_SETTING_UP ? "setup" : NULL);
	struct buf tail CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line, last = {0};

	if (event)
		return event;
	if (file_tail(path, TAIL_BYTES, &tail, NULL) < 0)
		return NULL;
	for (rest = buf_str(&tail); str_next(&rest, '\n', &line);) {
		line = str_trim(line);
		if (line.n)
			last = line;
	}
	return last.n ? mem_strndup(last.p, last.n) : NULL;
}

static void
add_task(struct boardview *v, const struct boardview_spec *s, const struct facts *f, int at)
{
	const struct task *t = &s->core->tasks.items[at];
	bool waits = t->state == TASK_WAITING;
	struct buf why CLEANUP(buf_done) = BUF_INIT;
	char *line;

	if (waits)
		facts_reason(&why, f, at);
	line = waits ? buf_take(&why) : last_line(s->paths, t);
	VEC_PUSH(&v->tasks,
		 ((struct board_task){
			 .id = t->id,
			 .title = t->title,
			 .state = word_of(t),
			 .tone = tone_of(t),
			 .attempt = (int)t->attempt,
			 .agent = s->core->kinds.n > 1 ? s->core->kinds.items[t->agent].name : NULL,
			 .since_ms = t->attempt_ms && !waits ? s->wall_ms - t->attempt_ms : -1,
			 .last_line = own(v, line),
		 }));
}

static void add_entry(struct boardview *v, const struct task *t)
{
	VEC_PUSH(&v->queue, ((struct board_entry){.id = t->id,
						  .title = t->title,
						  .pr = t->pull,
						  .state = word_of(t),
						  .tone = tone_of(t)}));
}

static void fill_totals(struct board_totals *ret, const struct core *c)
{
	struct core_totals n = core_count(c);
	int done = n.merged + n.closed + n.submitted;
	int landed = n.landed < done ? n.landed : done;

	*ret = (struct board_totals){
		.total = n.total,
		.merged = landed + n.submitted,
		.closed = done - landed - n.submitted,
		.working = n.working,
		.queued = n.queued,
		.ready = n.ready,
		.blocked = n.blocked,
		.failed = n.failed,
		.skipped = n.skipped,
		.conflicted = n.conflicted,
		.cancelled = n.cancelled,
	};
}

static void fill_tasks(struct boardview *v, const struct boardview_spec *s, const struct facts *f)
{
	const struct core *c = s->core;

	for (size_t i = 0; i < c->tasks.n; i++) {
		unsigned flags = task_state_flags((enum task_state)c->tasks.items[i].state);

		if (flags & F_SLOT)
			add_task(v, s, f, (int)i);
	}
	for (size_t i = 0; i < c->tasks.n; i++) {
		if (c->tasks.items[i].state == TASK_WAITING)
			add_task(v, s, f, (int)i);
	}
	for (size_t i = 0; i < f->queue.n; i++)
		add_entry(v, &c->tasks.items[f->queue.items[i]]);
}

/* The board says "paused:" itself. */
static char *paused(const struct core *c)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (c->run.paused)
		buf_puts(&b, "nothing starts or lands until 'ganger resume'");
	for (size_t i = 0; i < c->kinds.n; i++) {
		const struct kind *k = &c->kinds.items[i];

		if (k->paused_ms <= c->now.wall_ms)
			continue;
		buf_printf(&b, "%sagent '%s' until ", b.n ? "; " : "", k->name);
		buf_until(&b, k->paused_ms, c->now.wall_ms);
		buf_printf(&b, "%s%s", k->pause_reason[0] ? ": " : "", k->pause_reason);
	}
	return b.n ? buf_take(&b) : NULL;
}

void boardview_fill(const struct boardview_spec *s, struct boardview *ret)
{
	struct facts f CLEANUP(facts_done) = {0};
	char *why = paused(s->core);

	*ret = (struct boardview){0};
	facts_find(s->core, &f);
	fill_tasks(ret, s, &f);
	ret->view = (struct board_view){
		.epic = s->core->run.epic,
		.title = s->title && s->title[0] ? s->title : NULL,
		.elapsed_ms = s->wall_ms > s->since_ms ? s->wall_ms - s->since_ms : 0,
		.tasks = ret->tasks.items,
		.n_tasks = (int)ret->tasks.n,
		.queue = ret->queue.items,
		.n_queue = (int)ret->queue.n,
		.untested = s->untested,
		.paused = why ? own(ret, why) : NULL,
	};
	fill_totals(&ret->view.totals, s->core);
}

void boardview_done(struct boardview *v)
{
	for (size_t i = 0; i < v->owned.n; i++)
		free(v->owned.items[i]);
	VEC_DONE(&v->owned);
	VEC_DONE(&v->tasks);
	VEC_DONE(&v->queue);
}

struct board_style boardview_style(bool colour)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *locale = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names) && !(locale && locale[0]); i++)
		locale = getenv(names[i]);
	return (struct board_style){
		.colour = colour,
		.utf8 = locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8")),
	};
}
