#include "sim/checker-impl.h"

/* What people do, and what breaks: a retry, a submission, an approval; a power cut, a clock, a disk. */

void checker_retried(struct checker *c, int task)
{
	struct book_task *t = book_task_of(c, task);
	t->counted = t->resolvers = 0;
	t->resolved = false;
	t->failed_at = -1;
	t->red = false;
	t->red_on = -1;
}

void checker_approved(struct checker *c, int task, int commit)
{
	struct book_task *t = book_task_of(c, task);
	t->approved = commit;
	if (commit >= 0 && (t->fixed == commit || t->asked == commit))
		t->head = commit; /* it is what was shown to them */
}

/* It was asked for, and perhaps nobody heard that it was taken; a later one may not have been. */
static bool was_asked(const struct book_task *t, int commit)
{
	return commit >= 0 && (commit == t->asked || commit == t->asked_before);
}

void checker_lost(struct checker *c, int task, int attempt, int commit)
{
	struct book_task *t = book_task_of(c, task);
	int tip = book_tip(c);
	t->cut_in = tip >= 0 && book_holds(c, tip, commit);
	if (t->cut_in) /* it is in, by another commit, unless somebody takes that out again */
		return;
	/* An agent that found nothing to do left it to a later attempt as well. */
	bool latest = attempt == t->attempt_most || t->head == commit;
	/* What was asked for, unheard, may be what the journal has by now. */
	if (t->head == commit || was_asked(t, commit))
		t->head = t->approved = -1;
	t->asked = t->asked == commit ? -1 : t->asked;
	t->fixed = t->fixed == commit ? -1 : t->fixed;
	if (latest && t->last_end == END_DONE && t->counted > 0)
		t->counted--;
	t->red = false;
	t->red_on = -1;
	t->arrival = t->begun = 0;
}

void checker_cut(struct checker *c, int commit)
{
	c->commits[commit].cut = true;
}

void checker_clock_broken(struct checker *c)
{
	c->clock_broken = true;
}

void checker_disk_full(struct checker *c)
{
	c->disk_full = true;
}

/* ---- branches of people's ---- */

void checker_branch(struct checker *c, int task)
{
	book_task_of(c, task)->branch = true;
}

void checker_submits(struct checker *c, int task, int commit)
{
	struct book_task *t = book_task_of(c, task);
	t->asked_before = t->asked;
	t->asked = commit;
}

void checker_refused(struct checker *c, int task)
{
	struct book_task *t = book_task_of(c, task);
	t->asked = t->asked_before;
}

/* From here on this is what lands, and nothing else; what was found of an earlier one is over. */
static void is_at(struct checker *c, struct book_task *t, int commit)
{
	t->asked_before = -1;
	if (t->head != commit)
		t->landed =
			-1; /* nobody heard that the earlier one did, or it had an issue of its own */
	t->head = commit;
	t->asked = t->fixed = -1;
	t->by_hand = book_tip(c) >= 0 && book_holds(c, book_tip(c), commit);
	t->red = t->resolved = false;
	t->red_on = -1;
}

static void is_taken_at(struct checker *c, int task, int commit)
{
	book_task_of(c, task)->asked = commit;
	checker_submitted(c, task);
}

/* New work of its author's: no try at what it was before says anything of it. */
static void is_submitted(struct checker *c, struct book_task *t)
{
	is_at(c, t, t->asked);
	t->counted = t->resolvers = 0;
	t->failed_at = -1;
}

void checker_submitted(struct checker *c, int task)
{
	is_submitted(c, book_task_of(c, task));
}

void checker_fixed(struct checker *c, int task, int commit)
{
	struct book_task *t = book_task_of(c, task);
	if (t->branch)
		t->fixed = commit;
}

void checker_found(struct checker *c, int task, int commit)
{
	struct book_task *t = book_task_of(c, task);
	if (!t->branch || commit < 0)
		return;
	if (was_asked(t, commit))
		is_taken_at(c, task, commit);
	else if (commit == t->fixed)
		is_at(c, t, commit);
	else if (t->head >= 0 && t->head != commit)
		checker_break(c, "rule 8: task %d was submitted at %d, its journal has %d", task,
			      t->head, commit);
	t->asked = -1;
}

void checker_joins(struct checker *c, int task, int commit)
{
	struct book_task *t = book_task_of(c, task);
	if (t->branch && was_asked(t, commit))
		is_taken_at(c, task, commit);
	else if (t->branch && commit == t->fixed)
		is_at(c, t, commit);
}

void book_settle(struct checker *c, struct book_task *t, int commit)
{
	if (t->head >= 0 && book_holds(c, commit, t->head))
		return;
	if (t->asked >= 0 && book_holds(c, commit, t->asked))
		is_submitted(c, t);
	else if (t->fixed >= 0 && book_holds(c, commit, t->fixed))
		is_at(c, t, t->fixed);
}
