#include "base/check.h"
#include "base/utf8.h"
#include "core/core-impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* From the claim to the judgement of one attempt. */

/* After a stop at once nothing is begun: the next run makes the attempt. Nor is it by another agent. */
static bool put_back(struct core *c, struct task *t)
{
	if (c->run.stop != STOP_NOW && !resolver_is_gone(c, t))
		return false;
	t->session = SESSION_FAILED;
	task_make_ready(c, t);
	return true;
}

void on_claimed(struct core *c, struct task *t, const struct core_event *ev)
{
	(void)ev;
	if (t->cancel)
		task_cancel(c, t);
	else if (!put_back(c, t))
		task_set_state(c, t, TASK_PREPARING);
}

void on_claim_refused(struct core *c, struct task *t, const struct core_event *ev)
{
	t->session = SESSION_FAILED;
	if (t->cancel) {
		on_cancelled(c, t, NULL);
		return;
	}
	task_reason(c, t, "%s", ev->text);
	t->person = 1;
	task_set_state(c, t, TASK_FAILED);
	dependents_fall(c, t);
	emit_notice(c, t, NOTICE_PERSON);
}

void on_prepared(struct core *c, struct task *t, const struct core_event *ev)
{
	t->start = ev->a;
	t->base = ev->b;
	if (t->cancel) {
		task_cancel(c, t);
		return;
	}
	if (put_back(c, t))
		return;
	task_set_state(c, t, c->policy.has_setup ? TASK_SETTING_UP : TASK_WORKING);
	if (t->state == TASK_WORKING)
		t->session = SESSION_DISPATCHED;
}

void on_job_started(struct core *c, struct task *t, const struct core_event *ev)
{
	t->pid = ev->pid;
	t->pid_start = ev->pid_start;
	task_touch(c, t);
}

void on_agent_started(struct core *c, struct task *t, const struct core_event *ev)
{
	t->session = SESSION_RUNNING;
	on_job_started(c, t, ev);
}

void job_over(struct core *c, struct task *t, const struct core_event *ev)
{
	t->job_how = ev->how;
	t->job_code = ev->code;
	t->job_started_ms = ev->started_ms;
	t->job_ended_ms = ev->ended_ms;
	t->pid = t->pid_start = 0;
	t->stop = 0;
	if (ev->stay && task_is(t, F_GATE))
		place_keep(c, &c->run.gate_stays, t->gate);
	else if (ev->stay)
		place_keep(c, &c->run.stays, t->slot);
	task_touch(c, t);
}

void on_agent_ended(struct core *c, struct task *t, const struct core_event *ev)
{
	job_over(c, t, ev);
	if (ev->how == HOW_NOT_STARTED) /* the answer of collecting does not know why */
		task_reason(c, t, "could not be started: %s", ev->text);
	t->session = SESSION_IDLE;
	task_set_state(c, t, TASK_COLLECTING);
}

/* What one attempt came to. */
enum outcome { OUT_DONE, OUT_NOTHING, OUT_COUNTED, OUT_INTERRUPTED, OUT_LATER };

static const char *how_text(int64_t how)
{
	switch ((enum core_how)how) {
	case HOW_NONE:
	case HOW_EXITED:
	case HOW_NOT_STARTED:
		break;
	case HOW_SIGNALED:
		return "ended by a signal";
	case HOW_TIMEOUT:
		return "limits.timeout was over";
	case HOW_SILENCE:
		return "silent for limits.silence";
	case HOW_STOPPED:
		return "stopped by us";
	case HOW_LOST:
		return "its supervising process died";
	}
	return "";
}

void job_text(const struct core_event *ev, const char *limit, char *ret, size_t size)
{
	const char *how = how_text(ev->how);
	if (ev->how == HOW_EXITED)
		(void)snprintf(ret, size, "exit code %" PRId64, ev->code);
	else if (ev->how == HOW_TIMEOUT)
		(void)snprintf(ret, size, "%s was over", limit);
	else if (ev->how == HOW_NOT_STARTED)
		(void)snprintf(ret, size, "could not be started: %s", ev->text);
	else if (ev->how == HOW_SIGNALED)
		(void)snprintf(ret, size, "%s (%" PRId64 ")", how, ev->code);
	else
		(void)snprintf(ret, size, "%s", how);
}

/* The machine had no room for it (processes, memory, descriptors, disk): it is not at fault. */
static bool lacked_room(const struct task *t)
{
	int64_t e = t->job_code;
	return t->job_how == HOW_NOT_STARTED && (e == EAGAIN || e == ENOMEM || e == EMFILE ||
						 e == ENFILE || e == ENOSPC || e == EDQUOT);
}

static bool was_interrupted(const struct task *t)
{
	return lacked_room(t) || t->job_how == HOW_STOPPED || t->job_how == HOW_LOST || t->job_how == HOW_SIGNALED;
}

/* Where the next attempt starts: DESIGN 6, last line of "what happens when an agent ends". */
static enum core_from next_from(const struct core *c, const struct task *t, enum outcome o)
{
	if (!t->head.hex[0] || c->policy.retry_from == FROM_FRESH)
		return FROM_FRESH;
	if (c->policy.retry_from == FROM_LAST)
		return FROM_LAST;
	bool cut_short = o == OUT_INTERRUPTED || o == OUT_LATER || t->job_how == HOW_TIMEOUT ||
			 t->job_how == HOW_SILENCE;
	return cut_short ? FROM_LAST : FROM_FRESH;
}

/* Judge what Git found and what the agent said; the reason is set for all but OUT_DONE. */
static enum outcome judge(struct core *c, struct task *t, const struct core_event *ev)
{
	if (t->job_how == HOW_NOT_STARTED && t->reason[0])
		return lacked_room(t) ? OUT_INTERRUPTED : OUT_COUNTED;
	/* A result that the agent wrote down itself counts, however its process ended. */
	if (ev->result == RESULT_FAILED && was_interrupted(t)) {
		bool cut = t->job_how == HOW_LOST && t->job_code;
		task_reason(c, t, "%s", cut ? "the machine was restarted" : how_text(t->job_how));
		return OUT_INTERRUPTED;
	}
	if (ev->m) { /* the disk was full as it ended: whatever it said is no verdict */
		task_reason(c, t, "the disk was full");
		return OUT_INTERRUPTED;
	}
	if (ev->result == RESULT_LATER || ev->result == RESULT_FAILED) {
		bool limit = t->job_how == HOW_TIMEOUT || t->job_how == HOW_SILENCE;
		task_reason(c, t, "%s", limit ? how_text(t->job_how) : ev->text);
		return ev->result == RESULT_LATER && !limit ? OUT_LATER : OUT_COUNTED;
	}
	if (ev->text2[0]) { /* the history cannot be used */
		task_reason(c, t, "%s", ev->text2);
		return OUT_COUNTED;
	}
	if (t->resolve) /* it is whole: git has looked */
		return OUT_DONE;
	if (c->policy.fail_uncommitted && ev->leftovers > 0) {
		task_reason(c, t, "left %" PRId64 " files uncommitted", ev->leftovers);
		return OUT_COUNTED;
	}
	if (ev->ahead > 0)
		return OUT_DONE;
	if (ev->result == RESULT_NOTHING && t->red) {
		/* Its earlier work is not in the branch: closing the issue would be a lie. */
		task_reason(c, t, "nothing to do, says its agent, but the check was red");
		return OUT_COUNTED;
	}
	if (ev->result == RESULT_NOTHING) {
		task_reason(c, t, "nothing to do");
		return OUT_NOTHING;
	}
	task_reason(c, t, "no changes: it ended without a commit or a changed file");
	return OUT_COUNTED;
}

/* Of a conflict a person is asked; the work itself did not fail. */
void attempt_give_up(struct core *c, struct task *t)
{
	if (t->resolve)
		conflict_to_person(c, t);
	else
		task_fail(c, t);
}

static void try_later(struct core *c, struct task *t, const struct core_event *ev)
{
	struct kind *k = &c->kinds.items[t->agent];
	if (++t->deferrals > c->policy.deferrals) {
		task_reason(c, t, "put off %" PRId64 " times (limits.deferrals): %s", t->deferrals,
			    ev->text);
		attempt_give_up(c, t);
		return;
	}
	int64_t until = ev->until_ms > c->now.wall_ms ? ev->until_ms : 0;
	if (ev->provider) {
		k->deferrals++;
		kind_pause(c, k, until ? until : c->now.wall_ms + backoff_ms(c, k->deferrals),
			   ev->text);
		k->trial = 1;
		k->dirty = true;
		task_make_ready(c, t);
		return;
	}
	int64_t delay = until ? until - c->now.wall_ms : backoff_ms(c, t->deferrals);
	task_wait(c, t, delay > DAY_MS ? DAY_MS : delay);
}

static void count_failure(struct core *c, struct task *t)
{
	char signature[sizeof(t->reason)];
	bool at_once = t->job_ended_ms - t->job_started_ms < AT_ONCE_MS;
	(void)snprintf(signature, sizeof(signature), "%s", at_once ? "ended at once" : t->reason);
	t->interruptions = t->deferrals = 0;
	kind_ended(c, t, false, signature);
	if (task_spent(c, t)) {
		task_reason(c, t, "%s is reached", task_spent(c, t));
		attempt_give_up(c, t);
	} else if (t->resolve) {
		resolve_failed(c, t);
	} else if (++t->spent >= c->policy.attempts) {
		task_fail(c, t);
	} else {
		task_wait(c, t, backoff_ms(c, t->spent));
	}
}

static void interrupted(struct core *c, struct task *t)
{
	if (++t->interruptions > c->policy.interruptions) {
		char why[120];
		(void)snprintf(why, sizeof(why), "%.100s", t->reason);
		utf8_mend(why);
		task_reason(c, t, "interrupted %" PRId64 " times (limits.interruptions): %s",
			    t->interruptions, why);
		attempt_give_up(c, t);
		return;
	}
	/* Room comes back as others end. Of a full disk the run knows: it claims nothing. */
	if (lacked_room(t))
		task_wait(c, t, backoff_ms(c, t->interruptions));
	else
		task_make_ready(c, t);
}

static void
attempt_over(struct core *c, struct task *t, enum outcome o, const struct core_event *ev)
{
	t->session = o == OUT_DONE || o == OUT_NOTHING ? SESSION_COMPLETED : SESSION_FAILED;
	if (t->cancel) {
		task_cancel(c, t);
		return;
	}
	if (t->branch && !t->head.hex[0]) {
		branch_is_gone(c, t);
		return;
	}
	switch (o) {
	case OUT_DONE:
		t->interruptions = t->deferrals = 0;
		t->reason[0] = '\0';
		kind_ended(c, t, true, "");
		if (t->resolve) {
			resolve_done(c, t);
			break;
		}
		t->spent++;
		task_set_state(c, t, TASK_SUBMITTING);
		break;
	case OUT_NOTHING:
		kind_ended(c, t, true, "");
		task_set_state(c, t, TASK_NOTHING);
		break;
	case OUT_COUNTED:
		count_failure(c, t);
		break;
	case OUT_INTERRUPTED:
		interrupted(c, t);
		break;
	case OUT_LATER:
		try_later(c, t, ev);
		break;
	}
}

void on_setup_ended(struct core *c, struct task *t, const struct core_event *ev)
{
	job_over(c, t, ev);
	if (ev->how == HOW_EXITED && ev->code == 0 && !t->cancel) {
		if (put_back(c, t))
			return;
		task_set_state(c, t, TASK_WORKING);
		t->session = SESSION_DISPATCHED;
		return;
	}
	char why[200];
	job_text(ev, "worktree.setup_timeout", why, sizeof(why));
	task_reason(c, t, "set-up: %s", why);
	attempt_over(c, t, was_interrupted(t) ? OUT_INTERRUPTED : OUT_COUNTED, ev);
}

static void add_spending(struct core *c, struct task *t, const struct core_event *ev)
{
	if (ev->tokens_in >= 0) {
		t->tokens_in = (t->tokens_in < 0 ? 0 : t->tokens_in) + ev->tokens_in;
		c->run.tokens_in += ev->tokens_in;
	}
	if (ev->tokens_out >= 0) {
		t->tokens_out = (t->tokens_out < 0 ? 0 : t->tokens_out) + ev->tokens_out;
		c->run.tokens_out += ev->tokens_out;
	}
	if (ev->cost >= 0) {
		t->cost = (t->cost < 0 ? 0 : t->cost) + ev->cost;
		c->run.cost += ev->cost;
	}
	c->run_dirty = true;
}

/* A merge that was not resolved changes nothing of the work that is in conflict. */
static void take_work(struct task *t, const struct core_event *ev, enum outcome o)
{
	if (t->resolve && o != OUT_DONE)
		return;
	if (ev->ahead > 0) {
		t->head = ev->a;
		t->head_base = t->base;
	} else if (!t->red && !t->resolve) {
		t->head = t->head_base = (struct oid){""};
	}
}

void on_collected(struct core *c, struct task *t, const struct core_event *ev)
{
	add_spending(c, t, ev);
	(void)snprintf(t->left_out, sizeof(t->left_out), "%s", ev->text3); /* cut where long */
	enum outcome o = judge(c, t, ev);
	take_work(t, ev, o);
	/* It added nothing to what did not pass: so must the next one, if that stands on it, too. */
	bool owes = t->red && ev->ahead == 0 && o != OUT_DONE;
	if (!owes || (o != OUT_INTERRUPTED && o != OUT_LATER))
		t->from = next_from(c, t, o);
	if (t->renew)
		t->from = FROM_FRESH;
	t->red = owes && t->from != FROM_FRESH;
	attempt_over(c, t, o, ev);
}
