#include "run/facts.h"

#include "base/clean.h"

#include <inttypes.h>
#include <time.h>

#define NAMED_MAX 4            /* dependencies that are named before they are counted */
#define SOON_MS   (10 * 60000) /* what comes within this is told to the second */

static bool is_merged(const struct task *t)
{
	return t->state == TASK_MERGED || t->state == TASK_CLOSED;
}

bool task_needs_person(const struct task *t)
{
	return t->person || t->gave_up || t->state == TASK_CONFLICTED ||
	       core_waits_for(t) != WAIT_NONE;
}

bool task_had_nothing(const struct task *t)
{
	return t->state == TASK_CLOSED && !t->landed.hex[0] && t->attempt > 0;
}

bool task_has_fallen(const struct task *t)
{
	static const bool fallen[TASK_STATE_COUNT] = {
		[TASK_FAILING] = true,    [TASK_FAILED] = true,    [TASK_SKIPPED] = true,
		[TASK_CANCELLING] = true, [TASK_CANCELLED] = true, [TASK_CONFLICTED] = true,
	};
	if (is_merged(t))
		return false;
	return fallen[t->state] || t->outside || t->gave_up;
}

/* From each task that has fallen to everything that waits for it. */
static void find_held(struct facts *f)
{
	const struct core *c = f->core;
	VEC(int) reached = {0};
	for (size_t i = 0; i < c->tasks.n; i++) {
		f->held[i] = -1;
		if (task_has_fallen(&c->tasks.items[i]) ||
		    core_waits_for(&c->tasks.items[i]) != WAIT_NONE)
			VEC_PUSH(&reached, (int)i);
	}
	for (size_t i = 0; i < reached.n; i++) {
		int at = reached.items[i];
		const struct task *t = &c->tasks.items[at];
		for (size_t k = 0; k < t->dependents.n; k++) {
			int d = t->dependents.items[k];
			if (c->tasks.items[d].state != TASK_BLOCKED || f->held[d] >= 0 ||
			    task_has_fallen(&c->tasks.items[d]))
				continue;
			f->held[d] = f->held[at] >= 0 ? f->held[at] : at;
			f->n_held++;
			VEC_PUSH(&reached, d);
		}
	}
	VEC_DONE(&reached);
}

static int queue_order(const void *a, const void *b, void *ctx)
{
	const struct core *c = ctx;
	int x = *(const int *)a, y = *(const int *)b;
	return core_queue_before(c, x, y) ? -1 : core_queue_before(c, y, x) ? 1 : 0;
}

static void find_queue(struct facts *f)
{
	const struct core *c = f->core;
	for (size_t i = 0; i < c->train.n; i++)
		VEC_PUSH(&f->queue, c->train.items[i]);
	size_t first = f->queue.n;
	for (size_t i = 0; i < c->queue.items.n; i++)
		VEC_PUSH(&f->queue, c->queue.items.items[i]);
	if (f->queue.n > first)
		qsort_r(f->queue.items + first, f->queue.n - first, sizeof(*f->queue.items),
			queue_order, (void *)c);
}

void facts_find(const struct core *c, struct facts *ret)
{
	*ret = (struct facts){.core = c, .held = mem_resize(NULL, c->tasks.n + 1, sizeof(int))};
	find_held(ret);
	find_queue(ret);
}

const char *facts_held_word(const struct facts *f)
{
	for (size_t i = 0; i < f->core->tasks.n; i++) {
		if (f->held[i] >= 0 && !f->core->tasks.items[f->held[i]].outside)
			return "held behind those";
	}
	return "held";
}

void facts_done(struct facts *f)
{
	free(TAKE(f->held));
	VEC_DONE(&f->queue);
}

void buf_clock(struct buf *b, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;
	if (localtime_r(&s, &tm))
		buf_printf(b, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

void buf_until(struct buf *b, int64_t wall_ms, int64_t now_ms)
{
	buf_clock(b, wall_ms);
	if (wall_ms - now_ms < SOON_MS)
		buf_printf(b, ":%02d", (int)(wall_ms / 1000 % 60));
}

static bool needs_directly(const struct task *t, int other)
{
	for (size_t i = 0; i < t->needs.n; i++)
		if (t->needs.items[i] == other)
			return true;
	return false;
}

static void blocked_reason(struct buf *b, const struct facts *f, const struct task *t, int held)
{
	const struct core *c = f->core;
	if (held >= 0) {
		const struct task *r = &c->tasks.items[held];
		const char *how = needs_directly(t, held) ? "held: needs" : "held behind";
		const char *what = task_state_word((enum task_state)r->state);
		if (r->outside)
			what = r->reason[0] ? "not started" : "open and not of this epic";
		buf_printf(b, "%s '%s', which is %s%s%s", how, r->id, what,
			   r->outside && r->reason[0] ? ": " : "", r->outside ? r->reason : "");
		return;
	}
	size_t named = 0;
	for (size_t i = 0; i < t->needs.n; i++) {
		const struct task *n = &c->tasks.items[t->needs.items[i]];
		if (is_merged(n) || ++named > NAMED_MAX)
			continue;
		buf_printf(b, "%s%s", named == 1 ? "waits for " : ", ", n->id);
	}
	if (named > NAMED_MAX)
		buf_printf(b, " and %zu more", named - NAMED_MAX);
}

/* Lists of paths come a path a line. */
static void add_lines(struct buf *b, const char *text)
{
	struct str rest = str_of(text), line;
	for (bool first = true; str_next(&rest, '\n', &line);) {
		line = str_trim(line);
		if (!line.n)
			continue;
		buf_printf(b, "%s%.*s", first ? "" : ", ", (int)line.n, line.p);
		first = false;
	}
}

void facts_again(struct buf *b, const struct task *t)
{
	if (!t->attempt || !t->reason[0])
		return;
	buf_puts(b, "to be tried again: ");
	add_lines(b, t->reason);
}

static void ready_reason(struct buf *b, const struct facts *f, const struct task *t)
{
	const struct core *c = f->core;
	const struct kind *k = c->kinds.n ? &c->kinds.items[core_next_kind(c, t)] : NULL;
	facts_again(b, t);
	if (t->waits_for > 0 && (size_t)t->waits_for <= c->tasks.n)
		buf_printf(b, "%swaits for %s, which touches the same files", b->n ? "; " : "",
			   c->tasks.items[t->waits_for - 1].id);
	if (!b->n && core_queue_is_behind(c))
		buf_puts(b, "begins when more of the queue has landed");
	if (!f->held || !k || k->paused_ms <= c->now.wall_ms)
		return;
	buf_printf(b, "%sagent '%s' is paused until ", b->n ? "; " : "", k->name);
	buf_until(b, k->paused_ms, c->now.wall_ms);
}

static void queued_reason(struct buf *b, const struct task *t)
{
	if (core_waits_for(t) == WAIT_EPIC) {
		buf_puts(b, "no longer in the epic: it lands once it is again; 'ganger cancel ");
		buf_shell(b, t->id);
		buf_puts(b, "' ends it");
	} else if (core_waits_for(t) == WAIT_RELEASE) {
		buf_puts(b, "held in the queue until 'ganger queue release ");
		buf_shell(b, t->id);
		buf_puts(b, "'");
	} else if (core_waits_for(t) == WAIT_APPROVAL) {
		buf_printf(b, "not approved at %.12s: 'ganger approve ", t->head.hex);
		buf_shell(b, t->id);
		buf_puts(b, "' lets it land");
	} else {
		add_lines(b, t->reason);
	}
}

void facts_standing(struct buf *b, const struct task *t)
{
	switch ((enum core_verdict)t->verdict) {
	case VERDICT_NONE:
		buf_puts(b, "those before it, to be merged anew");
		break;
	case VERDICT_MADE:
		buf_puts(b, t->cut ? "a free gate" : "a test together with those behind it");
		break;
	case VERDICT_PASSED:
	case VERDICT_ALREADY:
		buf_puts(b, "those before it");
		break;
	case VERDICT_RED:
	case VERDICT_CONFLICT:
	case VERDICT_UNCLEAR:
		buf_puts(b, "those before it: ");
		add_lines(b, t->reason);
		break;
	}
}

void facts_reason(struct buf *b, const struct facts *f, int task)
{
	const struct core *c = f->core;
	const struct task *t = &c->tasks.items[task];
	if (t->state == TASK_BLOCKED) {
		blocked_reason(b, f, t, f->held ? f->held[task] : -1);
	} else if (t->state == TASK_READY) {
		ready_reason(b, f, t);
	} else if (t->state == TASK_WAITING) {
		buf_puts(b, "tries again at ");
		buf_until(b, t->due_ms, c->now.wall_ms);
		buf_puts(b, t->reason[0] ? ": " : "");
		add_lines(b, t->reason);
	} else if (t->state == TASK_QUEUED) {
		queued_reason(b, t);
	} else if (t->state == TASK_STANDING) {
		buf_puts(b, "waits for ");
		facts_standing(b, t);
	} else {
		add_lines(b, t->reason); /* what the machine said of it, if it did */
	}
}

static void add(struct buf *b, const char *text)
{
	buf_printf(b, "%s%s", b->n ? "; " : "", text);
}

void facts_run_reason(struct buf *b, const struct core *c)
{
	if (c->run.reason[0])
		add(b, c->run.reason);
	if (c->run.paused)
		add(b, "paused: nothing starts or lands");
	if (c->run.full)
		add(b, "the disk is full: nothing starts");
	if (c->run.state != RUN_ENDED && c->run.stop != STOP_NO)
		add(b, c->run.stop == STOP_NOW ? "ending its agents" : "stopping: agents finish");
	for (size_t i = 0; i < c->kinds.n; i++) {
		const struct kind *k = &c->kinds.items[i];
		if (k->paused_ms <= c->now.wall_ms)
			continue;
		buf_printf(b, "%sagent '%s' is paused until ", b->n ? "; " : "", k->name);
		buf_until(b, k->paused_ms, c->now.wall_ms);
		buf_printf(b, "%s%s", k->pause_reason[0] ? ": " : "", k->pause_reason);
	}
}
