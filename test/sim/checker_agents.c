#include "sim/checker-impl.h"

/* Whose attempts they are: rule 9. Nothing of src is included here either. */

void checker_labelled(struct checker *c, int task, bool labelled)
{
	book_task_of(c, task)->labelled = labelled;
}

enum checker_by book_whose(const struct checker *c, const struct checker_job *j)
{
	if (j->agent)
		return j->by;
	return j->resolver && c->limits.resolver_kind ? BY_RESOLVER : c->tasks[j->task].by;
}

void book_check_agent(struct checker *c, const struct checker_job *j)
{
	const struct book_task *t = book_task_of(c, j->task);
	bool fits = j->by == t->by || j->by == t->or_by;
	if (j->resolver && c->limits.resolver_kind)
		fits = j->by == BY_RESOLVER || (fits && c->limits.resolver_may_go);
	if (!fits)
		checker_break(c, "rule 9: an attempt at task %d is by agent %d, its labels name %d",
			      j->task, (int)j->by, (int)t->by);
}

void checker_begins(struct checker *c, bool is_idle)
{
	for (int i = 0; i < c->n_tasks; i++) {
		struct book_task *t = &c->tasks[i];
		t->at_begin =
			is_idle && t->known.there && t->known.open && !t->known.removed && t->child;
	}
}

void checker_probed(struct checker *c, enum checker_by by)
{
	c->probed[by] = true;
}

void book_check_probed(struct checker *c, int task, enum checker_by by)
{
	if (c->limits.probes && c->tasks[task].at_begin && !c->probed[by])
		checker_break(c, "rule 9: task %d is given to agent %d, whose probe has not passed",
			      task, (int)by);
}
