#include "base/check.h"
#include "core/core-impl.h"

#include <stdio.h>
#include <string.h>

/* The run's own machine: open, pre-flight on the first time, running, tidying, ended. */

static enum action_kind run_action(enum run_state s)
{
	switch (s) {
	case RUN_OPENING:
		return ACT_OPEN;
	case RUN_PREPARING:
		return ACT_GATE_PREPARE;
	case RUN_SETTING_UP:
		return ACT_GATE_SETUP;
	case RUN_CHECKING:
		return ACT_GATE;
	case RUN_PROBING:
		return ACT_PROBE;
	case RUN_TIDYING:
		return ACT_TIDY;
	case RUN_NEW:
	case RUN_RUNNING:
	case RUN_ENDED:
	case RUN_WAITING:
	case RUN_STATE_COUNT:
		break;
	}
	return ACT_NONE;
}

static bool run_has_job(enum run_state s)
{
	return s == RUN_SETTING_UP || s == RUN_CHECKING || s == RUN_PROBING;
}

static void run_emit(struct core *c)
{
	enum run_state s = (enum run_state)c->run.state;
	c->run.run_serial = ++c->run.serial;
	c->run_dirty = true;
	c->run.due_mono = c->run.due_ms = 0;
	if (run_has_job(s))
		c->run.run_job = ++c->run.job;
	VEC_PUSH(&c->actions, ((struct action){.kind = run_action(s),
					       .task = -1,
					       .serial = c->run.run_serial,
					       .job = run_has_job(s) ? c->run.run_job : 0}));
}

void run_set_state(struct core *c, enum run_state s)
{
	VEC_PUSH(&c->transitions, ((struct transition){-1, (int)c->run.state, (int)s}));
	c->run.state = s;
	c->run.errors = 0;
	c->run.due_mono = c->run.due_ms = 0;
	c->run.pid = c->run.pid_start = 0;
	c->run_dirty = true;
	if (run_action(s) != ACT_NONE)
		run_emit(c);
	if (s == RUN_ENDED) {
		c->run.ended_ms = c->now.wall_ms;
		emit_notice(c, NULL, NOTICE_DONE);
	}
}

/* Times of an earlier boot mean nothing on this one's clock: what is left is taken from the wall's. */
static void translate_times(struct core *c, const char *boot)
{
	if (strcmp(c->run.boot, boot) == 0)
		return;
	(void)snprintf(c->run.boot, sizeof(c->run.boot), "%s", boot);
	c->run.stays = c->run.gate_stays = 0;
	for (size_t i = 0; i < c->tasks.n; i++) {
		struct task *t = &c->tasks.items[i];
		if (!t->due_mono)
			continue;
		int64_t left = t->due_ms - c->now.wall_ms;
		left = left < 0 ? 0 : left > DAY_MS ? DAY_MS : left;
		task_due(c, t, c->now.mono_ms + left + 1, t->due_ms);
		task_touch(c, t);
	}
}

static bool can_progress(struct core *c);

/* Is anything left that only money or tokens are missing for? */
static bool waits_for_budget(const struct core *c)
{
	if (c->run.stop != STOP_NO || c->run.exit != 0 || c->policy.no_agents)
		return false;
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		if (!t->outside && (t->state == TASK_READY || t->state == TASK_WAITING))
			return true;
	}
	return false;
}

static void say_spent(struct core *c)
{
	if (schedule_spent(c) && waits_for_budget(c))
		run_reason(c, "%s is reached: nothing more is started", schedule_spent(c));
}

static void on_start(struct core *c, const struct core_event *ev)
{
	if (!c->run.seed)
		c->run.seed = ev->n;
	translate_times(c, ev->text);
	gate_settings(c);
	c->run.stop = STOP_NO;
	c->run.resumed_ms = c->now.wall_ms;
	c->run_dirty = true;
	int64_t exit_code = c->run.exit;
	/* What stopped a run that died before its end was never said: it still holds. */
	bool unsaid = c->run.state != RUN_ENDED && exit_code != 0;
	c->run.exit = unsaid ? exit_code : 0;
	for (size_t i = 0; i < c->tasks.n; i++) {
		struct task *t = &c->tasks.items[i];
		if (t->gave_up)
			on_again(c, t, NULL);
		if (t->state == TASK_QUEUED) /* queue.approve may have changed */
			queue_ask_approval(c, t);
		beside_update(c, t);
	}
	/* One that an error ended may have left what is to be tidied. */
	if (c->run.state == RUN_ENDED && exit_code != 4 && !can_progress(c)) {
		c->run.exit = exit_code;
		say_spent(c); /* another limit, perhaps, than the last time */
		return;
	}
	if (!unsaid)
		c->run.reason[0] = '\0';
	c->run.ended_ms = 0;
	if (!c->run.started_ms)
		c->run.started_ms = c->now.wall_ms;
	run_set_state(c, RUN_OPENING);
}

static void run_fails(struct core *c, int exit_code, bool tidy)
{
	c->run.exit = exit_code;
	run_set_state(c, tidy ? RUN_TIDYING : RUN_ENDED);
}

/* May this one be given to an agent, of its own or for a conflict? */
static bool may_begin(const struct task *t)
{
	return !t->outside && t->away == AWAY_NO && !task_met(t) && t->state != TASK_SUBMITTED;
}

static bool is_wanted(const struct core *c, int64_t kind)
{
	bool resolves = kind > 0 && kind == c->policy.resolver;
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		if (may_begin(t) && (resolves || (t->own == kind && !t->branch)))
			return true;
	}
	return false;
}

/* The next that has not passed, of those that the tasks known by now may come to need; -1: none. */
static int next_probe(const struct core *c)
{
	for (size_t k = 0; k < c->kinds.n && k < CORE_PROBES_MAX; k++) {
		bool due = (c->policy.probes >> k & 1) && !c->kinds.items[k].probed;
		if (due && is_wanted(c, (int64_t)k))
			return (int)k;
	}
	return -1;
}

static void after_checks(struct core *c)
{
	int next = next_probe(c);
	c->run.checked = 1;
	if (next >= 0)
		c->run.probe = next;
	run_set_state(c, next >= 0 ? RUN_PROBING : RUN_RUNNING);
}

static void after_setup(struct core *c)
{
	c->run.check = 0;
	if (c->policy.n_checks && !c->run.checked)
		run_set_state(c, RUN_CHECKING);
	else
		after_checks(c);
}

/* Said once: who runs it again goes on from where the branch is then. */
void run_rewritten(struct core *c, const struct oid *tip)
{
	run_reason(c,
		   "the epic branch no longer contains what was landed on it: that was %.12s, it "
		   "is at %.12s; another run goes on from there",
		   c->run.last_landing.hex, tip->hex);
	c->run.exit = 3;
	c->run.epic_head = c->run.last_landing = *tip;
	c->run.tested_head = (struct oid){""};
	emit_notice(c, NULL, NOTICE_PERSON);
}

/* Before agents: a worktree of the base, where there is anything to be tried in it that was not yet. */
static bool wants_preflight(const struct core *c)
{
	const struct policy *p = &c->policy;
	bool tries = (p->has_setup || p->n_checks) && !c->run.checked;
	/* While an earlier supervisor's attempts go on, there is no going back to before them; what does
	 * not pass ends the run, and takes their worktrees. */
	return c->live == 0 && !p->no_agents && !p->allow_red && c->run.exit == 0 &&
	       (tries || next_probe(c) >= 0);
}

static void on_opened(struct core *c, const struct core_event *ev)
{
	c->run.base = arena_strdup(&c->arena, ev->text);
	c->run.remote = arena_strdup(&c->arena, ev->text2);
	c->run.epic_head = ev->a;
	if (!c->run.base_head.hex[0])
		c->run.base_head = ev->b;
	if (ev->m)
		run_rewritten(c, &ev->a);
	bool stops = c->run.stop != STOP_NO || c->run.exit != 0;
	if (stops && !can_progress(c)) {
		run_set_state(c, RUN_TIDYING);
		return;
	}
	run_set_state(c, wants_preflight(c) ? RUN_WAITING : RUN_RUNNING);
}

void run_begin_preflight(struct core *c)
{
	if (c->run.state == RUN_WAITING && train_gates(c) == 0)
		run_set_state(c, c->run.stop == STOP_NO ? RUN_PREPARING : RUN_TIDYING);
}

/* What says how long the run's own job may take. */
static const char *run_limit(enum run_state s)
{
	if (s == RUN_PROBING)
		return "the time for a probe";
	return s == RUN_SETTING_UP ? "worktree.setup_timeout" : "queue.timeout";
}

static void base_setup_over(struct core *c, bool passed, const char *why)
{
	if (passed) {
		after_setup(c);
		return;
	}
	run_reason(c, "set-up does not work on '%s': %s", c->run.base, why);
	run_fails(c, 4, true);
}

/* Of no other end; the branch that somebody rewrote is a person's matter, too. */
#define SAID_RED "the check already fails on "

bool core_base_is_red(const struct core *c)
{
	return c->run.exit == 3 && !strncmp(c->run.reason, SAID_RED, strlen(SAID_RED));
}

/* verdict: it ended by itself, so that it was the check that said so. */
static void base_check_over(struct core *c, bool passed, bool verdict, const char *why)
{
	if (!passed) {
		run_reason(c, "%s%s: %s", verdict ? SAID_RED : "the check gave no verdict on ",
			   c->run.base, why);
		run_fails(c, verdict ? 3 : 4, true);
	} else if (c->run.check + 1 < c->policy.n_checks) {
		c->run.check++;
		run_set_state(c, RUN_CHECKING);
	} else {
		after_checks(c);
	}
}

static void probe_over(struct core *c, bool passed, const char *why)
{
	struct kind *k = &c->kinds.items[c->run.probe];
	if (!passed) {
		run_reason(c, "the probe of agent '%s' does not pass: %s", k->name, why);
		run_fails(c, 4, true);
		return;
	}
	k->probed = 1;
	k->dirty = true;
	after_checks(c);
}

static void on_run_job_ended(struct core *c, const struct core_event *ev)
{
	enum run_state s = (enum run_state)c->run.state;
	bool exited = ev->how == HOW_EXITED, passed = exited && ev->code == 0;
	char why[200];
	job_text(ev, run_limit(s), why, sizeof(why));
	c->run.pid = c->run.pid_start = 0;
	if (ev->how == HOW_STOPPED || c->run.stop != STOP_NO)
		run_set_state(c, RUN_TIDYING);
	else if (s == RUN_SETTING_UP)
		base_setup_over(c, passed, why);
	else if (s == RUN_CHECKING)
		base_check_over(c, passed, exited, why);
	else
		probe_over(c, passed, why);
}

static void on_run_error(struct core *c, const struct core_event *ev)
{
	bool again = error_may_pass(ev->n) && ++c->run.errors < ERRORS_MAX;
	bool says_why = c->run.state != RUN_TIDYING; /* then the reason is why it ends */
	if (says_why)
		run_reason(c, "%s%s", ev->text,
			   again && c->run.stop == STOP_NO ? "; trying again" : "");
	if (again && (c->run.stop == STOP_NO || c->run.state == RUN_TIDYING)) {
		c->run.due_mono = c->now.mono_ms + error_delay_ms(c->run.errors);
		c->run.due_ms = c->now.wall_ms + error_delay_ms(c->run.errors);
		return;
	}
	if (!c->run.reason[0])
		run_reason(c, "%s", ev->text);
	if (c->run.state == RUN_TIDYING)
		run_fails(c, 4, false);
	else
		run_fails(c, 4, c->run.state != RUN_OPENING);
}

void run_due(struct core *c)
{
	if (c->run.due_mono && c->run.due_mono <= c->now.mono_ms)
		run_emit(c);
}

static void on_run_prepared(struct core *c)
{
	if (c->run.stop != STOP_NO)
		run_set_state(c, RUN_TIDYING);
	else if (c->policy.has_setup)
		run_set_state(c, RUN_SETTING_UP);
	else
		after_setup(c);
}

/* Answers to the run's own action. */
static void on_run_answer(struct core *c, const struct core_event *ev)
{
	if (ev->serial != c->run.run_serial) {
		c->run.stale++;
		return;
	}
	enum run_state s = (enum run_state)c->run.state;
	if (ev->kind != EV_ERROR && c->run.errors && s != RUN_TIDYING)
		c->run.reason[0] = '\0'; /* it worked after all */
	if (ev->kind == EV_ERROR) {
		on_run_error(c, ev);
	} else if (ev->kind == EV_OPENED && s == RUN_OPENING) {
		on_opened(c, ev);
	} else if (ev->kind == EV_PREPARED && s == RUN_PREPARING) {
		on_run_prepared(c);
	} else if (ev->kind == EV_JOB_STARTED) {
		c->run.pid = ev->pid;
		c->run.pid_start = ev->pid_start;
	} else if (ev->kind == EV_JOB_ENDED && run_has_job(s)) {
		on_run_job_ended(c, ev);
	} else if (ev->kind == EV_DONE && s == RUN_TIDYING) {
		/* Something may have been retried meanwhile. */
		run_set_state(c, can_progress(c) ? RUN_OPENING : RUN_ENDED);
	}
}

static void stop_jobs(struct core *c)
{
	for (size_t i = 0; i < c->tasks.n; i++) {
		struct task *t = &c->tasks.items[i];
		if (!task_is(t, F_JOB) || t->stop)
			continue;
		t->stop = 1;
		task_touch(c, t);
		emit_stop_job(c, t, t->job, false);
	}
}

static void on_stop(struct core *c, const struct core_event *ev)
{
	if (ev->n > c->run.stop)
		c->run.stop = ev->n;
	if (run_has_job((enum run_state)c->run.state))
		emit_stop_job(c, NULL, c->run.run_job, false);
	if (c->run.stop == STOP_NOW)
		stop_jobs(c);
	if (c->run.due_mono) /* no waiting for another try */
		c->run.due_mono = c->now.mono_ms;
	for (size_t i = 0; i < c->tasks.n; i++) {
		struct task *t = &c->tasks.items[i];
		if (t->errors && t->due_mono) {
			task_due(c, t, c->now.mono_ms, t->due_ms);
			task_touch(c, t);
		}
	}
}

void run_step(struct core *c, const struct core_event *ev)
{
	c->run_dirty = c->run_dirty || ev->kind != EV_TICK;
	switch (ev->kind) {
	case EV_START:
		on_start(c, ev);
		break;
	case EV_ISSUE:
	case EV_EDGE:
	case EV_UNEDGE:
	case EV_OVERLAP:
	case EV_SYNCED:
	case EV_BRANCH:
		news_step(c, ev);
		break;
	case EV_STOP:
		on_stop(c, ev);
		break;
	case EV_PAUSE:
		c->run.paused = 1;
		break;
	case EV_RESUME:
		c->run.paused = 0;
		break;
	case EV_DISK:
		c->run.full = ev->n;
		break;
	case EV_LOST:
		run_lost(c, ev);
		break;
	default: /* an answer to the run's own action, or the time alone */
		if (ev->kind != EV_TICK)
			on_run_answer(c, ev);
		break;
	}
}

/* Nothing more will be merged or tested in this run: it is being stopped before pre-flight passed. */
static bool ends_untried(const struct core *c)
{
	return c->run.stop != STOP_NO && c->run.state != RUN_RUNNING && wants_preflight(c);
}

static bool task_progresses(const struct core *c, const struct task *t)
{
	if (t->outside || t->gave_up)
		return false;
	switch ((enum task_state)t->state) {
	case TASK_READY:
	case TASK_WAITING:
		return !schedule_stuck(c);
	case TASK_QUEUED:
		return c->run.stop != STOP_NOW && c->run.exit == 0 && !ends_untried(c) &&
		       core_waits_for(t) == WAIT_NONE;
	case TASK_STANDING:
		return c->run.stop != STOP_NOW && c->run.exit == 0 && !ends_untried(c);
	default:
		return task_state_action((enum task_state)t->state) != ACT_NONE;
	}
}

/* Asked after every event: it begins where one was found the last time. */
static bool can_progress(struct core *c)
{
	for (size_t i = 0; i < c->tasks.n; i++) {
		size_t at = (c->at_work + i) % c->tasks.n;
		if (!task_progresses(c, &c->tasks.items[at]))
			continue;
		c->at_work = at;
		return true;
	}
	return false;
}

void run_check_over(struct core *c)
{
	if (c->run.state != RUN_RUNNING || can_progress(c))
		return;
	say_spent(c);
	run_set_state(c, RUN_TIDYING);
}
