#include "sim/checker-impl.h"

/* What attempts have cost, and that a task which has spent its limit is not tried again. */

struct book_job *book_job_of(struct checker *c, int64_t number)
{
	for (int i = c->n_jobs - 1; i >= 0; i--)
		if (c->jobs[i].j.number == number)
			return &c->jobs[i];
	return NULL;
}

void checker_judged(struct checker *c, int64_t number, double cost)
{
	struct book_job *b = book_job_of(c, number);
	if (b)
		b->cost = cost;
}

void checker_not_collected(struct checker *c, int task)
{
	int last = c->n_jobs - 1;
	while (last >= 0 && c->jobs[last].j.task != task)
		last--;
	if (last >= 0)
		c->jobs[last].cost = 0;
}

void book_cost(struct checker *c, const struct checker_job *j)
{
	double cost = 0;
	for (int i = 0; c->limits.task_cost > 0 && i < c->n_jobs; i++)
		if (c->jobs[i].j.task == j->task && c->jobs[i].j.attempt < j->attempt)
			cost += c->jobs[i].cost;
	if (c->limits.task_cost > 0 && cost >= c->limits.task_cost)
		checker_break(c, "policy: task %d has cost %.2f, and is tried again", j->task,
			      cost);
}
