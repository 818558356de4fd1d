#include "core/core.h"
#include "run/supervisor-impl.h"
#include "sim/sim.h"

#include <string.h>

/*
 * What of the machine was reached, and that what is loaded is what was committed. The linker
 * sends each core_step() through here.
 */

static unsigned char seen[TASK_STATE_COUNT][EV_TASK_LAST + 1];

void __real_core_step(struct core *c, const struct core_event *ev);
void __wrap_core_step(struct core *c, const struct core_event *ev);

static bool is_answer(enum core_event_kind k)
{
	return k < EV_DUE;
}

/* An answer that comes a second time, late: it must change nothing. */
static VEC(struct core_event) doubles;

static void come_again(int64_t n)
{
	if (sim->supervisor && !sim->dead)
		supervisor_event(sim->supervisor, &doubles.items[n]);
}

static void draw_double(const struct core_event *ev)
{
	if (ev->task < 0 || !is_answer(ev->kind) || ev->kind == EV_ERROR ||
	    !rng_chance(&sim->rng, sim->weather.doubled))
		return;
	struct core_event again = *ev;
	again.text = again.text2 = again.text3 = NULL;
	at_life(rng_below(&sim->rng, 5000), come_again, (int64_t)doubles.n);
	VEC_PUSH(&doubles, again);
}

void __wrap_core_step(struct core *c, const struct core_event *ev)
{
	if (sim->supervisor)
		draw_double(ev);
	else if (ev->kind == EV_JOB_ENDED) /* it goes with the boot that it was asked for in */
		sim->lost = true;
	if (ev->task >= 0) {
		const struct task *t = &c->tasks.items[ev->task];
		if (!is_answer(ev->kind) || ev->serial == t->serial)
			seen[t->state][ev->kind] = 1;
	}
	for (size_t i = 0; i < c->due.items.n; i++) {
		const struct task *t = &c->tasks.items[c->due.items.items[i]];
		if (t->due_mono <= ev->at.mono_ms && c->run.state != RUN_NEW)
			seen[t->state][EV_DUE] = 1;
	}
	__real_core_step(c, ev);
	if (c->tasks.n < 100 || sim->steps % 64 == 0)
		core_check(c);
}

static const struct {
	enum task_state state;
	enum core_event_kind event;
} rows[] = {
#define ROW(state, event, handler) {TASK_##state, EV_##event},
#include "core/task.def"
};

int coverage_missing(void)
{
	int n = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		n += !seen[rows[i].state][rows[i].event];
	return n;
}

void coverage_print(FILE *f)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!seen[rows[i].state][rows[i].event])
			(void)fprintf(f, "not reached: ROW(%s, %s)\n",
				      task_state_name(rows[i].state), event_name(rows[i].event));
	(void)fprintf(f, "%d of %d rows reached\n", (int)ARRAY_LEN(rows) - coverage_missing(),
		      (int)ARRAY_LEN(rows));
}

unsigned char *coverage_bytes(size_t *ret_n)
{
	*ret_n = sizeof(seen);
	return &seen[0][0];
}

/* ---- what is loaded is what was committed ---- */

#define SNAPSHOT_TASKS 40 /* of larger epics it would cost more than it tells */

static struct {
	bool valid;
	struct run_row run;
	VEC(struct task) tasks;
	VEC(struct kind) kinds;
} snapshot;

/* Their names are copies: a supervisor takes its own along. */
static void forget_kinds(void)
{
	for (size_t i = 0; i < snapshot.kinds.n; i++)
		free((char *)snapshot.kinds.items[i].name);
	snapshot.kinds.n = 0;
}

void snapshot_free(void)
{
	forget_kinds();
	VEC_DONE(&snapshot.tasks);
	VEC_DONE(&snapshot.kinds);
	VEC_DONE(&doubles);
	snapshot.valid = false;
}

void snapshot_taken(void)
{
	if (sim->supervisor && !sim->supervisor->inbox.n) /* all that was heard is in it */
		checker_heard_kept(sim->checker);
	const struct core *c = sim->supervisor ? supervisor_core(sim->supervisor) : NULL;
	snapshot.valid = c && c->tasks.n <= SNAPSHOT_TASKS;
	if (!snapshot.valid)
		return;
	snapshot.run = c->run;
	snapshot.run.epic = snapshot.run.base = snapshot.run.remote = "";
	snapshot.tasks.n = 0;
	forget_kinds();
	for (size_t i = 0; i < c->tasks.n; i++) {
		VEC_PUSH(&snapshot.tasks, c->tasks.items[i]);
		/* Its texts go with the core; the index of the issue stays. */
		snapshot.tasks.items[i].heap_pos = issue_index(c->tasks.items[i].id);
	}
	for (size_t i = 0; i < c->kinds.n; i++) {
		VEC_PUSH(&snapshot.kinds, c->kinds.items[i]);
		snapshot.kinds.items[i].name = mem_strdup(c->kinds.items[i].name);
	}
}

static void differs(const char *what, const char *field)
{
	checker_break(sim->checker, "journal: '%s' of %s is not what was committed", field, what);
}

/* Their indices are this supervisor's; whose attempt it was is known by name. */
static void compare_kinds_of(const struct core *c, const struct task *t)
{
	for (size_t i = 0; i < c->kinds.n; i++)
		if (streq(c->kinds.items[i].name, t->made_by) && t->agent != (int64_t)i)
			differs(t->id, "agent");
}

static bool is_index(const char *field)
{
	return streq(field, "agent") || streq(field, "own");
}

#define INT(name, what)                                                                            \
	if (a->name != b->name && !is_index(#name))                                                \
		differs(who, #name);
#define REAL(name, what) INT(name, what)
#define OID(name, what)                                                                            \
	if (!streq(a->name.hex, b->name.hex))                                                      \
		differs(who, #name);
#define NOTE(name, n, what)                                                                        \
	if (!streq(a->name, b->name))                                                              \
		differs(who, #name);
#define TEXT(name, what)

static void compare_task(const struct task *a, const struct task *b)
{
	const char *who = b->id;
#define TASK_FIELDS
#include "core/fields.def"
#undef TASK_FIELDS
	compare_kinds_of(supervisor_core(sim->supervisor), b);
}

#define INT(name, what)                                                                            \
	if (a->name != b->name && !streq(#name, "state"))                                          \
		differs(who, #name);
#define REAL(name, what)                                                                           \
	if (a->name != b->name)                                                                    \
		differs(who, #name);
#define OID(name, what)                                                                            \
	if (!streq(a->name.hex, b->name.hex))                                                      \
		differs(who, #name);
#define NOTE(name, n, what)                                                                        \
	if (!streq(a->name, b->name))                                                              \
		differs(who, #name);
#define TEXT(name, what)

static void compare_run(const struct run_row *a, const struct run_row *b)
{
	const char *who = "the run";
#define RUN_FIELDS
#include "core/fields.def"
#undef RUN_FIELDS
}

#define INT(name, what)                                                                            \
	if (a->name != b->name && !streq(#name, "place")) /* who is there now decides */           \
		differs(who, #name);
#define NOTE(name, n, what)                                                                        \
	if (!streq(a->name, b->name))                                                              \
		differs(who, #name);
#define OID(name, what)
#define REAL(name, what)
#define TEXT(name, what)

static void compare_kind(const struct kind *a, const struct kind *b)
{
	const char *who = "a kind";
#define KIND_FIELDS
#include "core/fields.def"
#undef KIND_FIELDS
}

/* One whose end was heard before a reboot: what it left is not trusted, and that is said at the start. */
static bool has_cut(const struct core *c)
{
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		if (t->state == TASK_COLLECTING && t->job_how == HOW_LOST && t->job_code)
			return true;
	}
	return false;
}

void snapshot_compare(void)
{
	const struct core *c = supervisor_core(sim->supervisor);
	if (!snapshot.valid || has_cut(c))
		return;
	/* An agent may be set that was not before; what an earlier one left is kept. */
	if (c->tasks.n != snapshot.tasks.n || c->kinds.n < snapshot.kinds.n) {
		differs("the journal", "the number of rows");
		return;
	}
	compare_run(&snapshot.run, &c->run);
	for (size_t i = 0; i < snapshot.kinds.n; i++)
		for (size_t k = 0; k < c->kinds.n; k++)
			if (streq(snapshot.kinds.items[i].name, c->kinds.items[k].name))
				compare_kind(&snapshot.kinds.items[i], &c->kinds.items[k]);
	for (size_t i = 0; i < snapshot.tasks.n; i++) {
		const char *id = sim->issues.items[snapshot.tasks.items[i].heap_pos].id;
		int at = core_find(c, id);
		if (at < 0)
			differs(id, "all");
		else
			compare_task(&snapshot.tasks.items[i], &c->tasks.items[at]);
	}
}
