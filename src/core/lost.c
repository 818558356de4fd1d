#include "core/core-impl.h"

#include <inttypes.h>

/*
 * After a reboot: commits that the journal names and the repository has no more (docs/adr/0024).
 * Each task goes back to what is proven: a merge is made anew, lost work is done again. This is heard
 * before anything is asked for again, so no job and no action of the task is under way.
 */

unsigned core_must_have(const struct task *t)
{
	bool over = t->landed.hex[0] || t->state == TASK_SUBMITTED; /* landed, or handed on */
	bool merged = task_is(t, F_MERGE) && t->state != TASK_MERGING &&
		      !(t->state == TASK_STANDING && t->verdict == VERDICT_NONE);
	if (over || !t->head.hex[0])
		return 0;
	return LOST_HEAD | (merged ? LOST_MERGE : 0u);
}

/* A group lands as one. Whether it did is found by merging anew: what is in the branch is ALREADY. */
static void take_back_landing(struct core *c)
{
	for (size_t i = 0; i < c->train.n; i++)
		if (train_at(c, i)->state == TASK_LANDING)
			train_rebuild(c, train_at(c, i));
}

static void lose_merge(struct core *c, struct task *t)
{
	t->pid = t->pid_start = t->stop = 0;
	if (t->cancel) {
		task_cancel(c, t);
	} else if (t->state == TASK_LANDING) {
		take_back_landing(c);
	} else if (t->proof) { /* that it is red is known; with whom is not worth another one */
		task_reason(c, t, "%s", t->blame);
		queue_send_back(c, t);
	} else {
		train_rebuild(c, t);
	}
}

/* Its attempt ended well, and that is worth nothing now: it does not count. */
static void begin_anew(struct core *c, struct task *t)
{
	if (t->state == TASK_LANDING)
		take_back_landing(c);
	t->pid = t->pid_start = t->stop = 0;
	t->session = SESSION_FAILED;
	t->spent -= t->spent > 0;
	if (t->cancel)
		task_cancel(c, t);
	else
		task_make_ready(c, t);
}

/* It was claimed, for the resolver, and nothing was begun: it is claimed anew, by its own agent. */
static void lose_conflict(struct core *c, struct task *t)
{
	bool claimed = t->state == TASK_CLAIMING || t->state == TASK_PREPARING;
	t->resolve = 0; /* the conflict is gone with the work that was in it */
	heap_update(c, task_index(c, t));
	if (!claimed || t->cancel || t->agent == t->own)
		return;
	t->session = SESSION_FAILED;
	task_make_ready(c, t);
}

static void lose_head(struct core *c, struct task *t)
{
	bool waits_to_land = t->state == TASK_SUBMITTING || t->state == TASK_QUEUED ||
			     t->state == TASK_LOOKING || task_is(t, F_MERGE);
	if (t->branch && t->state == TASK_LANDING)
		take_back_landing(c);
	if (!t->cancel && !task_is(t, F_SETTLED))
		task_reason(c, t,
			    "its work was lost by a power cut: attempt %" PRId64
			    " ended at %.12s, which is no longer in the repository",
			    t->attempt, t->head.hex);
	t->head = t->head_base = t->approved = (struct oid){""};
	if (t->branch) { /* a person's: nobody can do it again but its author */
		/* A resolver that was at work has ended: it is collected first. */
		bool at_work = task_is(t, F_SLOT) && task_is(t, F_JOB);
		if (t->cancel && waits_to_land)
			begin_anew(c, t);
		if (t->cancel || task_is(t, F_SETTLED) || at_work || t->state == TASK_COLLECTING)
			return;
		t->person = 1;
		task_fail(c, t);
		return;
	}
	t->from = FROM_FRESH;
	t->red = t->approval = 0;
	if (t->resolve && !task_is(t, F_JOB) && t->state != TASK_COLLECTING)
		lose_conflict(c, t);
	task_touch(c, t);
	if (waits_to_land)
		begin_anew(c, t);
}

/* It had ended, and may have ended well; what it left is not what it wrote. */
static void lose_files(struct task *t)
{
	t->job_how = HOW_LOST;
	t->job_code = 1;
}

void run_lost(struct core *c, const struct core_event *ev)
{
	int at = core_find(c, ev->text);
	if (c->run.state != RUN_ENDED)
		c->run.state = RUN_NEW; /* nothing is begun before START */
	if (at < 0)
		return;
	struct task *t = &c->tasks.items[at];
	unsigned lost = (unsigned)ev->n & core_must_have(t);
	task_touch(c, t);
	if ((ev->n & LOST_FILES) && t->state == TASK_COLLECTING)
		lose_files(t);
	if (lost & LOST_HEAD)
		lose_head(c, t);
	else if (lost & LOST_MERGE)
		lose_merge(c, t);
}
