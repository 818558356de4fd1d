#include "base/clean.h"
#include "base/file.h"
#include "run/failpoint.h"
#include "run/rows.h"
#include "run/supervisor-impl.h"

#include <inttypes.h>
#include <stdarg.h>

/*
 * One turn: step what arrived, make it durable, only then carry it out. A turn that cannot
 * be made durable is held, and nothing else happens until it is.
 */

#define HELD_RETRY_MS 1000
#define HURRY_MS      3000 /* of a call to a tracker or a forge, once all is to end at once */
#define FULL_RETRY_MS 5000
#define FULL_BYTES    ((uint64_t)1 << 20)

void inbox_add(struct supervisor *s, const struct core_event *ev, int64_t forget)
{
	struct arrived *a = VEC_ADD(&s->inbox);
	a->ev = *ev;
	a->text = mem_strdup(ev->text);
	a->text2 = mem_strdup(ev->text2);
	a->text3 = mem_strdup(ev->text3);
	a->ev.text = a->text;
	a->ev.text2 = a->text2;
	a->ev.text3 = a->text3;
	a->forget = forget;
	s->host->wake_in(s->host, 0);
}

void supervisor_event(struct supervisor *s, const struct core_event *ev)
{
	inbox_add(s, ev, 0);
}

void supervisor_message(struct supervisor *s, const char *fmt, ...)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (s->spec.observer.message)
		s->spec.observer.message(s->spec.observer.ctx, buf_cstr(&b));
}

/* Whoever does not answer holds the end up no longer than this. */
static void hurry_others(struct supervisor *s)
{
	if (s->tracker && s->tracker->ops->hurry)
		s->tracker->ops->hurry(s->tracker, HURRY_MS);
	if (s->forge && s->forge->ops->hurry)
		s->forge->ops->hurry(s->forge, HURRY_MS);
}

void supervisor_stop(struct supervisor *s, int how)
{
	if (how <= s->stop)
		return;
	s->stop = how;
	if (how == STOP_GRACEFUL)
		supervisor_message(s,
				   "Shutting down gracefully. Waiting for %d running agents to "
				   "complete...",
				   s->core.live);
	else
		supervisor_message(s, "Ending %d running agents. Their work is kept.",
				   s->core.live);
	if (how == STOP_NOW)
		hurry_others(s);
	supervisor_event(s, &(struct core_event){.kind = EV_STOP, .task = -1, .n = how});
}

bool disk_is_full(const struct supervisor *s)
{
	struct err none = ERR_INIT; /* a disk that says nothing is not full */
	uint64_t bytes = 0;
	return disk_free(s->paths.epic_dir, &bytes, &none) == 0 && bytes < FULL_BYTES;
}

static void arrived_done(struct arrived *a)
{
	free(a->text);
	free(a->text2);
	free(a->text3);
}

static bool has_changed(const struct core *c)
{
	for (size_t i = 0; i < c->kinds.n; i++)
		if (c->kinds.items[i].dirty)
			return true;
	return c->run_dirty || c->dirty.n || c->actions.n;
}

/* The trace is what a replay is fed with; a tick that changed nothing is not worth a line. */
static void trace_add(struct supervisor *s, const struct core_event *ev)
{
	if (ev->kind == EV_TICK && !has_changed(&s->core))
		return;
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	trace_event(&b, ev);
	VEC_PUSH(&s->trace,
		 ((struct traced){event_name(ev->kind), ev->task, ev->at.wall_ms, buf_take(&b)}));
}

static void step_one(struct supervisor *s, struct arrived *a, struct moment now)
{
	a->ev.at = now;
	core_step(&s->core, &a->ev);
	trace_add(s, &a->ev);
	if (a->forget)
		VEC_PUSH(&s->forget, a->forget);
	arrived_done(a);
}

static void step_all(struct supervisor *s)
{
	struct moment now = s->host->now(s->host);
	__typeof__(s->inbox) batch = s->inbox;
	s->inbox = (__typeof__(s->inbox)){0};
	for (size_t i = 0; i < batch.n; i++)
		step_one(s, &batch.items[i], now);
	if (!batch.n) {
		struct arrived tick = {0};
		tick.ev.kind = EV_TICK;
		tick.ev.task = -1;
		step_one(s, &tick, now);
	}
	VEC_DONE(&batch);
}

void supervisor_step(struct supervisor *s, const struct core_event *ev)
{
	struct arrived a = {.ev = *ev}; /* its texts stay the caller's */
	step_one(s, &a, s->host->now(s->host));
}

static int write_turn(struct supervisor *s, struct err *e)
{
	if (store_begin(s->store, e) || rows_save(s->store, &s->core, e))
		return e->code;
	for (size_t i = 0; i < s->trace.n; i++) {
		const struct traced *t = &s->trace.items[i];
		const char *task = t->task >= 0 ? s->core.tasks.items[t->task].id : NULL;
		if (store_trace(s->store, t->wall_ms, t->kind, task, t->text, e))
			return e->code;
	}
	if (s->meta_config && (store_meta_set(s->store, "config", s->meta_config, e) ||
			       store_meta_set(s->store, "title", s->epic_title, e)))
		return e->code;
	if (s->found_new && store_meta_set(s->store, "found", s->found, e))
		return e->code;
	return store_commit(s->store, e);
}

static void event_disk(struct supervisor *s, bool full)
{
	supervisor_event(s, &(struct core_event){.kind = EV_DISK, .task = -1, .n = full});
}

/* On a full disk there is the reserve, kept for just this; on anything else there is no way on. */
static void commit_failed(struct supervisor *s, const struct err *e)
{
	store_rollback(s->store);
	s->held = true;
	if (e->code != ERR_LIMIT && e->code != ERR_BUSY) {
		s->fatal = *e;
		return;
	}
	if (e->code == ERR_LIMIT && !s->full) {
		s->full = true;
		store_reserve_release(s->paths.reserve);
		supervisor_message(s, "the disk is full: nothing is started until there is room");
		event_disk(s, true);
	}
	s->host->wake_in(s->host, HELD_RETRY_MS);
}

/* True when the turn is durable. Nothing changed: nothing is written. */
static bool commit(struct supervisor *s)
{
	const struct core *c = &s->core;
	if (!c->run_dirty && !c->dirty.n && !c->new_passes.n && !c->new_edges.n &&
	    !c->cut_edges.n && !s->trace.n && !s->found_new)
		return true;
	struct err e = ERR_INIT;
	failpoint("commit");
	if (write_turn(s, &e)) {
		commit_failed(s, &e);
		return false;
	}
	failpoint("carry-out");
	free(TAKE(s->meta_config));
	s->found_new = false;
	for (size_t i = 0; i < s->trace.n; i++) {
		failpoint(s->trace.items[i].kind);
		free(s->trace.items[i].text);
	}
	s->trace.n = 0;
	s->held = false;
	return true;
}

static void forget_jobs(struct supervisor *s)
{
	for (size_t i = 0; i < s->forget.n; i++) {
		char *dir CLEANUP(freep) = path_job(&s->paths, s->forget.items[i]);
		s->executor->ops->forget(s->executor, (uint64_t)s->forget.items[i], dir);
	}
	s->forget.n = 0;
}

/* What the core wants done, taken out of it first: doing it may bring new events. */
static void carry_out(struct supervisor *s)
{
	__typeof__(s->core.actions) actions = s->core.actions;
	s->core.actions = (__typeof__(s->core.actions)){0};
	const struct observer *o = &s->spec.observer;
	for (size_t i = 0; o->transition && i < s->core.transitions.n; i++)
		o->transition(o->ctx, &s->core, &s->core.transitions.items[i]);
	for (size_t i = 0; s->watch && i < s->core.dirty.n; i++)
		s->watch(s->watch_ctx, &s->core.tasks.items[s->core.dirty.items[i]]);
	if (s->core.dirty.n || s->core.run_dirty)
		s->unpublished = true;
	core_take(&s->core);
	forget_jobs(s);
	outbox_opened(s);
	for (size_t i = 0; i < actions.n; i++)
		outbox_send(s, &actions.items[i]);
	VEC_DONE(&actions);
	servers_settle(s);
}

/* Room again? The reserve comes first, so that the next time ends as well as this one. */
static void look_for_room(struct supervisor *s)
{
	struct err e = ERR_INIT;
	if (!s->full || disk_is_full(s) || store_reserve_make(s->paths.reserve, &e))
		return;
	s->full = false;
	supervisor_message(s, "there is room on the disk again");
	event_disk(s, false);
}

static void arm(struct supervisor *s)
{
	int64_t ms = core_next_ms(&s->core);
	if (s->full && (ms < 0 || ms > FULL_RETRY_MS))
		ms = FULL_RETRY_MS;
	if (s->unpublished && (ms < 0 || ms > 1000))
		ms = 1000;
	int64_t look = look_due_ms(s), peeks = peek_due_ms(s);
	if (look >= 0 && (ms < 0 || ms > look))
		ms = look;
	if (peeks >= 0 && (ms < 0 || ms > peeks))
		ms = peeks;
	/* A long wait is by the wall clock, which may be set: look again now and then. */
	if (ms > 60000)
		ms = 60000;
	s->host->wake_in(s->host, s->inbox.n ? 0 : ms);
}

void supervisor_turn(struct supervisor *s)
{
	if (s->fatal.code)
		return;
	if (!s->held) {
		look_for_room(s);
		if (look_due_ms(s) == 0)
			look(s);
		if (peek_due_ms(s) == 0)
			peek(s);
		step_all(s);
	}
	if (!commit(s))
		return;
	carry_out(s);
	publish_files(s, s->core.run.state == RUN_ENDED);
	if (s->spec.observer.turn)
		s->spec.observer.turn(s->spec.observer.ctx, &s->core);
	arm(s);
}
