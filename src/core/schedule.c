#include "base/check.h"
#include "base/utf8.h"
#include "core/core-impl.h"

#include <stdio.h>
#include <string.h>

/* Who may start, when to try again, and when a kind of agent is given a rest. */

/* The jitter's source: journaled, so that a replay draws the same (Knuth's MMIX constants). */
static uint64_t draw(struct core *c)
{
	uint64_t x = (uint64_t)c->run.seed * 6364136223846793005u + 1442695040888963407u;
	c->run.seed = (int64_t)x;
	c->run_dirty = true;
	return x >> 33;
}

/* retry.delay doubled for each earlier try up to the maximum, less up to a quarter of it. */
int64_t backoff_ms(struct core *c, int64_t tries)
{
	int64_t ms = c->policy.retry_delay_ms;
	for (int64_t i = 1; i < tries && ms < c->policy.retry_max_ms; i++)
		ms *= 2;
	if (ms > c->policy.retry_max_ms)
		ms = c->policy.retry_max_ms;
	if (ms >= 4)
		ms -= (int64_t)(draw(c) % (uint64_t)(ms / 4));
	return ms;
}

void task_wait(struct core *c, struct task *t, int64_t delay_ms)
{
	task_set_state(c, t, TASK_WAITING);
	task_due(c, t, c->now.mono_ms + delay_ms, c->now.wall_ms + delay_ms);
}

/* Not begun, between two attempts, or given up. */
static bool is_idle(const struct task *t)
{
	switch ((enum task_state)t->state) {
	case TASK_BLOCKED:
	case TASK_READY:
	case TASK_WAITING:
	case TASK_FAILED:
	case TASK_SKIPPED:
	case TASK_CANCELLED:
		return true;
	default:
		return false;
	}
}

bool core_is_under_way(const struct task *t)
{
	return !is_idle(t) && !task_is(t, F_SETTLED);
}

static bool begins(const struct task *t)
{
	return t->state == TASK_BLOCKED || t->state == TASK_READY || t->state == TASK_WAITING;
}

bool task_is_out(const struct task *t)
{
	return t->away == AWAY_OUT || t->away == AWAY_GONE;
}

/* By its agent or by a person, that cannot be told; nothing of it is in, so it must free nobody. */
static void closed_early(struct core *c, struct task *t)
{
	static const char early[] =
		"its issue was closed while it was worked on, and nothing of it landed; open it "
		"again and retry, or cancel it";
	char why[sizeof(t->reason)];
	(void)snprintf(why, sizeof(why), "%s", t->reason);
	if (strncmp(why, early, strlen(early)) != 0) /* else it was retried, and is closed still */
		task_reason(c, t, "%s%s%s", early, *why ? ": " : "", why);
	t->person = 1;
	task_fail(c, t);
}

/*
 * What others did to its issue. What is being worked on, or is done, goes its way: many an agent
 * closes its issue itself before it ends. Else nothing of it is begun any more. Of what was taken
 * out of the epic nothing lands until a person says so: no agent does that (core_waits_for()).
 */
void task_heed_tracker(struct core *c, struct task *t)
{
	bool out = task_is_out(t);
	if (t->away == AWAY_EARLY && begins(t)) {
		closed_early(c, t);
		return;
	}
	if (t->away == AWAY_SHUT && is_idle(t)) {
		task_reason(c, t, "closed in the tracker");
		t->person = 0;
		task_set_state(c, t, TASK_CLOSED);
		dependents_rise(c, t);
	} else if (is_idle(t) && t->away != AWAY_SHUT && out != (t->outside != 0)) {
		t->outside = out;
		task_touch(c, t);
		if (!begins(t))
			return;
		t->reason[0] = '\0'; /* it was why it is not started, or is no reason for that */
		if (t->state != TASK_BLOCKED)
			task_set_state(c, t, TASK_BLOCKED);
	}
}

/* A branch that is not in the queue: its author brings it in again. */
static bool is_for_author(const struct task *t)
{
	return t->branch && !t->resolve;
}

void task_make_ready(struct core *c, struct task *t)
{
	if (t->outside)
		return; /* it is waited for, never started */
	if (t->away != AWAY_NO) {
		if (t->state != TASK_BLOCKED)
			task_set_state(c, t, TASK_BLOCKED);
		task_heed_tracker(c, t);
		return;
	}
	bool submits = is_for_author(t);
	enum task_state s = t->unmet == 0 && !submits ? TASK_READY : TASK_BLOCKED;
	if (submits)
		task_reason(c, t, "it stands for a branch: submit that again");
	if (s != (enum task_state)t->state)
		task_set_state(c, t, s);
}

void on_wait_over(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	task_make_ready(c, t);
}

const char *schedule_spent(const struct core *c)
{
	const struct policy *p = &c->policy;
	int64_t tokens = c->run.tokens_in + c->run.tokens_out;
	if (p->cost_limit > 0 && c->run.cost >= p->cost_limit)
		return "limits.cost";
	return p->token_limit > 0 && tokens >= p->token_limit ? "limits.tokens" : NULL;
}

const char *task_spent(const struct core *c, const struct task *t)
{
	const struct policy *p = &c->policy;
	int64_t tokens =
		(t->tokens_in > 0 ? t->tokens_in : 0) + (t->tokens_out > 0 ? t->tokens_out : 0);
	if (p->task_cost_limit > 0 && t->cost >= p->task_cost_limit)
		return "limits.task_cost";
	return p->task_token_limit > 0 && tokens >= p->task_token_limit ? "limits.task_tokens"
									: NULL;
}

bool schedule_stuck(const struct core *c)
{
	return c->run.stop != STOP_NO || c->run.exit != 0 || c->policy.no_agents ||
	       schedule_spent(c);
}

static bool kind_free(const struct core *c, const struct kind *k)
{
	if (c->now.wall_ms < k->paused_ms)
		return false;
	if (k->trial && k->live > 0)
		return false;
	return k->max == 0 || k->live < k->max;
}

int64_t core_next_kind(const struct core *c, const struct task *t)
{
	return t->resolve && c->policy.resolver ? c->policy.resolver : t->own;
}

static void claim(struct core *c, struct task *t)
{
	t->agent = core_next_kind(c, t);
	(void)snprintf(t->made_by, sizeof(t->made_by), "%s", c->kinds.items[t->agent].name);
	t->attempt++;
	c->run.attempts++;
	t->attempt_ms = c->now.wall_ms;
	if (!t->started_ms)
		t->started_ms = c->now.wall_ms;
	t->session = SESSION_CREATED;
	t->left_out[0] = '\0';
	t->renew = 0;
	if (t->from == FROM_FRESH)
		t->red = 0; /* what was red is not what this one stands on */
	task_set_state(c, t, TASK_CLAIMING);
}

/*
 * Without a check landing is quick, yet agents that are quicker, and busy CPUs, may leave it
 * behind. Who began now would begin without all that waits, and a merge costs what has landed
 * since its work began: the further behind, the slower. So nobody begins until it has caught up.
 * While it waits itself (a remote that cannot be reached, a person) agents go on.
 */
bool core_queue_is_behind(const struct core *c)
{
	int n = 0;
	if (c->policy.n_checks || !c->train.n || c->tasks.items[c->train.items[0]].due_mono)
		return false;
	for (size_t i = 0; i < c->queue.items.n; i++) {
		const struct task *t = &c->tasks.items[c->queue.items.items[i]];
		n += !t->due_mono && core_waits_for(t) == WAIT_NONE;
	}
	return n >= QUEUE_BEHIND * c->policy.max_concurrent;
}

/* It will not be started again, whether its kind is free or not. */
static bool is_over(const struct core *c, const struct task *t)
{
	return resolver_is_gone(c, t) || task_spent(c, t);
}

/* The best of those whose kind is free; -1: none. */
static int next_ready(const struct core *c)
{
	int best = -1;
	for (size_t i = 0; i < c->kinds.n; i++) {
		const struct kind *k = &c->kinds.items[i];
		int at = k->ready.items.n ? k->ready.items.items[0] : -1;
		if (at < 0 || (!kind_free(c, k) && !is_over(c, &c->tasks.items[at])))
			continue;
		if (best < 0 || heap_before(c, HEAP_READY, at, best))
			best = at;
	}
	return best;
}

/* Start what may start, best first. */
void schedule_claims(struct core *c)
{
	if (c->run.state != RUN_RUNNING || c->run.paused || c->run.full || c->syncing ||
	    schedule_stuck(c) || core_queue_is_behind(c))
		return;
	/* What is tested ahead of its turn has a session's place: group.c */
	int gates = train_gates(c), most = c->policy.max_concurrent - (gates > 1 ? gates - 1 : 0);
	for (int at; c->live < most && (at = next_ready(c)) >= 0;) {
		struct task *t = &c->tasks.items[at];
		if (resolver_is_gone(c, t)) {
			conflict_to_person(c, t);
		} else if (task_spent(c, t)) {
			task_reason(c, t, "%s is reached", task_spent(c, t));
			attempt_give_up(c, t);
		} else {
			claim(c, t);
		}
	}
}

void kind_pause(struct core *c, struct kind *k, int64_t until_ms, const char *why)
{
	if (until_ms > c->now.wall_ms + DAY_MS)
		until_ms = c->now.wall_ms + DAY_MS;
	if (until_ms <= k->paused_ms)
		return;
	k->paused_ms = until_ms;
	k->dirty = true;
	(void)snprintf(k->pause_reason, sizeof(k->pause_reason), "%s", why); /* cut where long */
	utf8_mend(k->pause_reason);
	emit_notice(c, NULL, NOTICE_PAUSED);
}

/*
 * The breaker. Three attempts in a row that end alike, of two tasks at least (one task alone
 * may be at fault itself), pause the kind; afterwards one attempt at a time until one succeeds.
 */
void kind_ended(struct core *c, struct task *t, bool success, const char *signature)
{
	struct kind *k = &c->kinds.items[t->agent];
	int index = task_index(c, t);
	k->dirty = true;
	if (success) {
		k->streak = k->trips = k->deferrals = k->trial = 0;
		return;
	}
	if (k->streak == 0 || strncmp(k->signature, signature, sizeof(k->signature) - 1) != 0) {
		k->streak = 0;
		k->streak_task = index;
		(void)snprintf(k->signature, sizeof(k->signature), "%s", signature);
	} else if (k->streak_task != index) {
		k->streak_task = -1;
	}
	if (++k->streak < STREAK_MAX || k->streak_task >= 0)
		return;
	char why[sizeof(k->pause_reason)];
	(void)snprintf(why, sizeof(why), "%d attempts in a row ended alike: %s", (int)k->streak,
		       signature);
	k->streak = 0;
	k->trial = 1;
	kind_pause(c, k, c->now.wall_ms + backoff_ms(c, ++k->trips + 1), why);
}

/* A clock that was set back must not make a pause longer than any may be. */
void kinds_check_clock(struct core *c)
{
	for (size_t i = 0; i < c->kinds.n; i++) {
		struct kind *k = &c->kinds.items[i];
		if (k->paused_ms <= c->now.wall_ms + DAY_MS)
			continue;
		k->paused_ms = c->now.wall_ms + DAY_MS;
		k->dirty = c->run_dirty = true;
	}
}

/* It will not land by itself, and what needs it is skipped or held by policy. */
static bool has_fallen(const struct task *t)
{
	return t->state == TASK_FAILED || t->state == TASK_SKIPPED || t->state == TASK_CANCELLED;
}

static void fall_with(struct core *c, struct task *d, const struct task *needed)
{
	bool lands = !has_fallen(needed) && needed->state != TASK_CONFLICTED;
	if (lands || d->state != TASK_BLOCKED || d->outside)
		return;
	task_reason(c, d, "needs '%s', which is %s", needed->id,
		    task_state_word((enum task_state)needed->state));
	if (!c->policy.skip_dependents || needed->state == TASK_CONFLICTED)
		return;
	task_set_state(c, d, TASK_SKIPPED);
	dependents_fall(c, d);
}

/* Depth first over everything that waits for t; each dependent is changed at most once. */
void dependents_fall(struct core *c, struct task *t)
{
	for (size_t i = 0; i < t->dependents.n; i++)
		fall_with(c, &c->tasks.items[t->dependents.items[i]], t);
}

void needs_fall(struct core *c, struct task *t)
{
	for (size_t i = 0; i < t->needs.n; i++)
		fall_with(c, t, &c->tasks.items[t->needs.items[i]]);
}

static bool needs_fallen(const struct core *c, const struct task *t)
{
	for (size_t i = 0; i < t->needs.n; i++)
		if (has_fallen(&c->tasks.items[t->needs.items[i]]))
			return true;
	return false;
}

bool sync_holds(const struct core *c, const struct task *t)
{
	if (t->outside || t->state != TASK_BLOCKED)
		return true;
	bool skipped = c->policy.skip_dependents && needs_fallen(c, t);
	return t->away == AWAY_NO && (t->unmet > 0 || is_for_author(t)) && !skipped;
}

void dependents_rise(struct core *c, struct task *t)
{
	for (size_t i = 0; i < t->dependents.n; i++) {
		struct task *d = &c->tasks.items[t->dependents.items[i]];
		if (needs_fallen(c, d)) /* of several failures one is left */
			continue;
		if (d->state == TASK_BLOCKED)
			task_reason(c, d, "%s", "");
		if (d->state != TASK_SKIPPED)
			continue;
		task_reason(c, d, "%s", "");
		task_set_state(c, d, TASK_BLOCKED);
		dependents_rise(c, d);
	}
}
