#include "base/check.h"
#include "core/core-impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * The checks of one merge: which it is to pass, which it has passed already, and what an end of
 * one means. They run one after the other in the entry's gate worktree.
 */

#define PASS_KEY_MAX (OID_SIZE + CORE_CHECK_KEY)

/* What a pass is remembered by: the tree, and all that says how it was tested. */
static void pass_key(const struct task *t, const char *check_key, char *ret)
{
	(void)snprintf(ret, PASS_KEY_MAX, "%s %s", t->tree.hex, check_key);
}

static bool is_skipped(const struct task *t, int check)
{
	return (t->skips >> check & 1) != 0;
}

static bool has_passed(const struct core *c, const struct task *t, const char *check_key)
{
	char key[PASS_KEY_MAX];
	size_t known = 0;
	pass_key(t, check_key, key);
	return map_find(&c->passes, key, &known);
}

/* Choose the first that the tree has yet to pass; false: there is none. */
static bool choose_check(const struct core *c, struct task *t)
{
	for (int i = 0; i < c->policy.n_checks; i++) {
		const char *how = c->policy.checks[i].key;
		if (is_skipped(t, i) || has_passed(c, t, how))
			continue;
		t->check = i;
		(void)snprintf(t->check_key, sizeof(t->check_key), "%s", how);
		return true;
	}
	return false;
}

/* Their names, for people: an entry that was not tested by all says so wherever it is shown. */
static void note_skipped(const struct core *c, struct task *t)
{
	t->not_run[0] = '\0';
	for (int i = 0; i < c->policy.n_checks; i++) {
		size_t n = strlen(t->not_run);
		if (is_skipped(t, i)) /* cut where they are many */
			(void)snprintf(t->not_run + n, sizeof(t->not_run) - n, "%s%s",
				       n ? ", " : "", c->policy.checks[i].name);
	}
}

void gate_reset(struct core *c, struct task *t, int64_t skips)
{
	t->skips = skips;
	t->check = t->reds = 0;
	note_skipped(c, t);
	task_touch(c, t);
}

/* What is skipped goes by the checks' places; what passed is looked up anew. */
void gate_settings(struct core *c)
{
	if (strcmp(c->run.checks, c->policy.checks_key) == 0)
		return;
	(void)snprintf(c->run.checks, sizeof(c->run.checks), "%s", c->policy.checks_key);
	for (size_t i = 0; i < c->train.n; i++) {
		struct task *t = train_at(c, i);
		gate_reset(c, t, /* skips */ 0);
		if (t->state == TASK_STANDING && t->verdict == VERDICT_PASSED)
			t->verdict = VERDICT_MADE;
	}
}

static void prepare(struct core *c, struct task *t)
{
	if (t->gate && core_place_is_kept(c->run.gate_stays, t->gate))
		train_take_gate(c, t);
	task_set_state(c, t, TASK_GATE_PREPARING);
}

void gate_begin(struct core *c, struct task *t)
{
	if (choose_check(c, t))
		prepare(c, t);
	else
		queue_found(c, t, VERDICT_PASSED);
}

bool gate_is_off(struct core *c, struct task *t)
{
	if (t->cancel)
		task_cancel(c, t);
	else if (c->run.stop == STOP_NOW)
		task_set_state(c, t, TASK_QUEUED);
	else if (!train_holds(c, t))
		train_rebuild(c, t);
	else
		return false;
	return true;
}

/* ---- how one ended ---- */

static const char *check_name(const struct core *c, const struct task *t)
{
	return t->check < c->policy.n_checks ? c->policy.checks[t->check].name : "";
}

static void unclear(struct core *c, struct task *t, const char *why)
{
	task_reason(c, t, "%s", why);
	if (t->job_how == HOW_STOPPED)
		queue_no_verdict(c, t, why);
	else
		queue_found(c, t, VERDICT_UNCLEAR);
}

static void is_red(struct core *c, struct task *t, const char *why)
{
	const char *name = check_name(c, t);
	if (t->state == TASK_GATE_SETTING_UP)
		task_reason(c, t, "set-up failed on the merged tree: %s", why);
	else if (name[0])
		task_reason(c, t, "the check '%s' failed on the merged tree: %s", name, why);
	else
		task_reason(c, t, "the check failed on the merged tree: %s", why);
	queue_found(c, t, VERDICT_RED);
}

/* Once more on the same tree, in a worktree made anew: what the first run left may be why. */
static void red_again(struct core *c, struct task *t, const char *why)
{
	t->reds++;
	task_reason(c, t, "the check failed, and runs once more on the same tree: %s", why);
	prepare(c, t);
}

static bool may_run_again(const struct core *c, const struct task *t)
{
	return t->reds < c->policy.gate_retries && c->run.stop != STOP_NOW && train_holds(c, t);
}

/* As it was begun: where the settings changed since, that is not what is wanted now. */
static void remember_pass(struct core *c, const struct task *t)
{
	char key[PASS_KEY_MAX];
	if (has_passed(c, t, t->check_key))
		return;
	pass_key(t, t->check_key, key);
	map_set(&c->passes, key, 1);
	VEC_PUSH(&c->new_passes, arena_strdup(&c->arena, key));
}

/* Red, then green, and nothing had changed: said of it, whatever counts. */
static void remember_flaky(const struct core *c, struct task *t)
{
	size_t n = strlen(t->flaky);
	int more = snprintf(t->flaky + n, sizeof(t->flaky) - n, "%s\t%.12s\t%" PRId64 "\n",
			    check_name(c, t), t->tree.hex, t->reds);
	if (more < 0 || (size_t)more >= sizeof(t->flaky) - n)
		t->flaky[n] = '\0'; /* whole lines; the first ones are enough to look for it */
}

/* Green: does it count? After a red on the same tree that is the user's to say. */
static bool green_counts(struct core *c, struct task *t)
{
	bool flaky = t->reds > 0;
	t->gate_errors = 0;
	t->reason[0] = '\0';
	if (flaky)
		remember_flaky(c, t);
	if (flaky && c->policy.flaky_fails) {
		is_red(c, t, "it is flaky, red and then green on the same tree");
		return false;
	}
	remember_pass(c, t);
	t->reds = 0;
	return true;
}

static void passed(struct core *c, struct task *t)
{
	if (!green_counts(c, t))
		return;
	if (!choose_check(c, t))
		queue_found(c, t, VERDICT_PASSED);
	else if (!gate_is_off(c, t))
		task_set_state(c, t, TASK_GATING);
}

/*
 * Its check begins, unless another's merge had the same tree meanwhile, and passed: there is
 * nothing left to ask then, and where it was red here it is flaky.
 */
static void go_on(struct core *c, struct task *t, enum task_state next)
{
	if (gate_is_off(c, t))
		return;
	if (t->reds && has_passed(c, t, t->check_key) && !green_counts(c, t))
		return;
	if (!t->reds && !choose_check(c, t))
		queue_found(c, t, VERDICT_PASSED);
	else
		task_set_state(c, t, next);
}

void on_gate_prepared(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	go_on(c, t, c->policy.has_setup ? TASK_GATE_SETTING_UP : TASK_GATING);
}

/* Its tree passed for another entry meanwhile; the next check needs a worktree made anew. */
static void red_beside_green(struct core *c, struct task *t)
{
	t->reds++;
	if (green_counts(c, t) && !gate_is_off(c, t))
		gate_begin(c, t);
}

static void gate_over(struct core *c, struct task *t, const struct core_event *ev)
{
	bool setup = t->state == TASK_GATE_SETTING_UP;
	char why[200];
	job_text(ev, setup ? "worktree.setup_timeout" : "queue.timeout", why, sizeof(why));
	job_over(c, t, ev);
	if (t->cancel)
		task_cancel(c, t);
	else if (ev->how == HOW_STOPPED && c->run.stop != STOP_NOW && !train_is_first(c, t) &&
		 !t->proof)
		train_rebuild(c, t); /* it was ended for what stood before it */
	else if (ev->how != HOW_EXITED || ev->m) /* m: the disk was full */
		unclear(c, t, ev->m ? "the disk was full" : why);
	else if (!setup && has_passed(c, t, t->check_key))
		red_beside_green(c, t);
	else if (!setup && may_run_again(c, t))
		red_again(c, t, why);
	else
		is_red(c, t, why);
}

void on_gate_setup_ended(struct core *c, struct task *t, const struct core_event *ev)
{
	if (ev->how != HOW_EXITED || ev->code) {
		gate_over(c, t, ev);
		return;
	}
	job_over(c, t, ev);
	go_on(c, t, TASK_GATING);
}

void on_gate_ended(struct core *c, struct task *t, const struct core_event *ev)
{
	if (ev->how == HOW_EXITED && ev->code == 0 && !t->cancel) {
		job_over(c, t, ev);
		passed(c, t);
		return;
	}
	/* It is cancelled, and may come back: its tree has passed all the same. */
	bool green = ev->how == HOW_EXITED && ev->code == 0;
	if (green && !(t->reds > 0 && c->policy.flaky_fails))
		remember_pass(c, t);
	gate_over(c, t, ev);
}
