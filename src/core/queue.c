#include "base/check.h"
#include "core/core-impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* From the pull request to the closed issue; who is merged and tested when is train.c's matter. */

void task_fail(struct core *c, struct task *t)
{
	task_set_state(c, t, TASK_FAILING);
	emit_notice(c, t, NOTICE_FAILED);
}

void on_failed(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	task_set_state(c, t, TASK_FAILED);
	dependents_fall(c, t);
}

void on_pull(struct core *c, struct task *t, const struct core_event *ev)
{
	t->pull = ev->n;
	if (t->cancel) {
		task_cancel(c, t);
	} else if (c->policy.until_submitted) {
		task_set_state(c, t, TASK_SUBMITTED);
	} else {
		queue_enter(c, t);
	}
}

/* Of the head as it is now: what an agent or a person adds to it is asked for anew. */
void queue_ask_approval(struct core *c, struct task *t)
{
	bool wanted = c->policy.approve && strcmp(t->approved.hex, t->head.hex) != 0;
	if (t->approval == wanted)
		return;
	t->approval = wanted;
	task_touch(c, t);
	if (wanted)
		emit_notice(c, t, NOTICE_PERSON);
}

void on_approve(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)c;
	if (strcmp(ev->a.hex, t->head.hex) != 0)
		return; /* another came in its place before this was heard */
	t->approved = t->head;
	t->approval = 0;
}

void queue_enter(struct core *c, struct task *t)
{
	t->queued_seq = ++c->run.queued_seq;
	t->place = t->passed_by = 0;
	queue_ask_approval(c, t);
	c->run_dirty = true;
	task_set_state(c, t, TASK_QUEUED);
}

enum core_wait core_waits_for(const struct task *t)
{
	if (t->state != TASK_QUEUED || t->cancel) /* what is cancelled waits for its turn alone */
		return WAIT_NONE;
	if (t->away == AWAY_GONE && !t->branch) /* a branch was handed in by itself */
		return WAIT_EPIC;
	if (t->hold)
		return WAIT_RELEASE;
	return t->approval ? WAIT_APPROVAL : WAIT_NONE;
}

static void landed(struct core *c, struct task *t, const struct oid *commit)
{
	t->landed = *commit;
	t->reason[0] = '\0';
	t->person = t->cancel = t->maybe_in = 0;
	task_set_state(c, t, TASK_MERGED);
}

static void red(struct core *c, struct task *t);

/* Everything before it has landed, just as it was tested: what was found of it is true of it. */
void verdict_counts(struct core *c, struct task *t)
{
	char why[sizeof(t->reason)];
	switch ((enum core_verdict)t->verdict) {
	case VERDICT_NONE:
	case VERDICT_MADE:
		CHECK(!"it was tested");
		break;
	case VERDICT_PASSED:
		train_land(c, t, &t->onto, &t->merge);
		break;
	case VERDICT_ALREADY:
		landed(c, t, &t->merge); /* its head, or what an earlier landing came to */
		break;
	case VERDICT_CONFLICT:
		conflict_counts(c, t);
		break;
	case VERDICT_RED:
		red(c, t);
		break;
	case VERDICT_UNCLEAR:
		(void)snprintf(why, sizeof(why), "%s", t->reason);
		queue_no_verdict(c, t, why);
		break;
	}
}

/* What stood before it may be the culprit: it counts once all of that has landed. */
void queue_found(struct core *c, struct task *t, enum core_verdict v)
{
	if (!train_holds(c, t)) {
		train_rebuild(c, t);
		return;
	}
	t->verdict = v;
	if (v != VERDICT_MADE && t->proof)
		proof_found(c, t, v);
	else if (v != VERDICT_MADE && train_is_first(c, t))
		verdict_counts(c, t);
	else
		task_set_state(c, t, TASK_STANDING);
}

void on_merge_made(struct core *c, struct task *t, const struct core_event *ev)
{
	t->merge = ev->a;
	t->tree = ev->b;
	t->maybe_in = 0;
	gate_reset(c, t, ev->n);
	if (!gate_is_off(c, t))
		queue_found(c, t, c->policy.n_checks ? VERDICT_MADE : VERDICT_PASSED);
}

void on_conflict(struct core *c, struct task *t, const struct core_event *ev)
{
	t->maybe_in = 0;
	if (t->cancel) {
		task_cancel(c, t);
		return;
	}
	task_reason(c, t, "conflicts with what has landed: %s", ev->text);
	queue_found(c, t, VERDICT_CONFLICT);
}

/* Ended by a time-out, a signal, a crash or us: an error to retry, never a verdict. */
void queue_no_verdict(struct core *c, struct task *t, const char *why)
{
	bool ours = t->job_how == HOW_STOPPED;
	if (!ours && ++t->gate_errors >= GATE_ERRORS_MAX) {
		task_reason(c, t, "the check gave no verdict %d times: %s", GATE_ERRORS_MAX, why);
		t->person = 1;
		task_fail(c, t);
		return;
	}
	task_reason(c, t, "the check gave no verdict: %s", why);
	int64_t delay = ours ? 0 : backoff_ms(c, t->gate_errors);
	task_set_state(c, t, TASK_QUEUED);
	if (delay)
		task_due(c, t, c->now.mono_ms + delay, c->now.wall_ms + delay);
}

/* Back to its agent with the log, on its own commits. */
void queue_send_back(struct core *c, struct task *t)
{
	t->red = 1;
	t->from = t->renew ? FROM_FRESH : FROM_MERGED;
	if (t->spent >= c->policy.attempts || c->policy.no_agents || t->branch)
		task_fail(c, t);
	else
		task_make_ready(c, t);
}

/* Red on the merged tree. */
static void red(struct core *c, struct task *t)
{
	t->gate_errors = 0;
	group_count(c, /* failed */ true);
	if (!proof_begin(c, t))
		queue_send_back(c, t);
}

void on_landed(struct core *c, struct task *t, const struct core_event *ev)
{
	c->run.epic_head = c->run.last_landing = c->run.tested_head = ev->a;
	c->run_dirty = true;
	/* A forge makes a commit of its own; in a group each has its merge, and the last one is the branch. */
	bool as_tested = strcmp(ev->a.hex, t->lands_as.hex) == 0;
	landed(c, t, as_tested ? &t->merge : &ev->a);
}

void on_already(struct core *c, struct task *t, const struct core_event *ev)
{
	t->merge = ev->a.hex[0] ? ev->a : t->head;
	t->maybe_in = 1;
	queue_found(c, t, VERDICT_ALREADY);
}

/* Somebody moved the branch on: what they did stays, and the entry is merged onto it anew. */
void on_moved(struct core *c, struct task *t, const struct core_event *ev)
{
	c->run.epic_head = ev->a;
	c->run_dirty = true;
	t->maybe_in = 0;
	if (t->cancel) {
		task_cancel(c, t);
	} else if (train_is_first(c, t)) {
		t->onto = ev->a;
		task_set_state(c, t, TASK_MERGING);
	} else {
		train_rebuild(c, t);
	}
}

void on_rewritten(struct core *c, struct task *t, const struct core_event *ev)
{
	if (!c->run.last_landing.hex[0])
		c->run.last_landing = t->lands_on; /* nothing yet: where the branch began */
	if (c->run.exit == 0) /* another of its group has said so */
		run_rewritten(c, &ev->a);
	t->maybe_in = 0;
	task_set_state(c, t, TASK_QUEUED);
}

/* What it was to be merged onto may be gone by now, and with it every reason to try again. */
void on_merge_error(struct core *c, struct task *t, const struct core_event *ev)
{
	if (!t->cancel && c->run.stop == STOP_NO && !train_holds(c, t))
		train_rebuild(c, t);
	else
		on_error(c, t, ev);
}

void on_closed(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	t->person = t->taken_out = 0;
	t->away = AWAY_NO; /* whoever closed it: this is for what was done */
	task_set_state(c, t, TASK_CLOSED);
}

/* The work is in; only the tracker does not take it. Its dependents go on. */
void on_close_refused(struct core *c, struct task *t, const struct core_event *ev)
{
	task_reason(c, t, "could not close the issue: %s", ev->text);
	t->taken_out = ev->m;
	t->person = 1;
	t->gave_up = 1;
	emit_notice(c, t, NOTICE_PERSON);
}
