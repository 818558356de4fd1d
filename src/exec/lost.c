#include "exec/local-impl.h"
#include "exec/sweep.h"

#include <stdio.h>
#include <string.h>

/* Jobs that are swept together, by a thread; the strings are its own. */
struct batch {
	uv_work_t req;
	struct executor_local *x;
	VEC(struct sweep_target) targets;
	int64_t bound_ms;
};

static void batch_add(struct batch *b, const struct job *j)
{
	const struct record *r = &j->record;

	VEC_PUSH(&b->targets,
		 ((struct sweep_target){
			 .number = j->number,
			 .dir = mem_strdup(j->dir),
			 .worktree = mem_strdup(j->worktree),
			 .cgroup = r->has_start && r->start.cgroup[0]
					   ? mem_strndup(r->start.cgroup, sizeof(r->start.cgroup))
					   : NULL,
			 .since = r->has_start ? r->start.start_time : 0,
		 }));
}

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->targets.n; i++) {
		free((char *)b->targets.items[i].dir);
		free((char *)b->targets.items[i].worktree);
		free((char *)b->targets.items[i].cgroup);
	}
	VEC_DONE(&b->targets);
	free(b);
}

static void batch_work(uv_work_t *req)
{
	struct batch *b = req->data;

	sweep_run(b->targets.items, b->targets.n, b->bound_ms);
}

static void job_swept(struct job *j, const struct sweep_target *t)
{
	size_t n = strlen(j->end.text);

	j->end.left_over += t->n_found;
	j->end.unkillable += t->n_unkillable;
	if (t->text[0])
		(void)snprintf(j->end.text + n, sizeof(j->end.text) - n, "%sended %s",
			       n ? "; " : "", t->text);
	exec_job_ended(j);
}

static void sweep_next(struct executor_local *x);

static void on_batch_done(uv_work_t *req, int status)
{
	struct batch *b = req->data;
	struct executor_local *x = b->x;

	(void)status; /* never cancelled */
	x->is_sweeping = false;
	for (size_t i = 0; i < b->targets.n && !x->is_freeing; i++) {
		struct job *j = exec_job_find(x, b->targets.items[i].number);

		if (j && j->is_sweeping)
			job_swept(j, &b->targets.items[i]);
	}
	batch_free(b);
	if (!x->is_freeing)
		sweep_next(x);
	exec_free_if_unused(x);
}

/* One batch at a time: a look at all processes costs the same for one job and for many. */
static void sweep_next(struct executor_local *x)
{
	struct batch *b;

	if (x->is_sweeping)
		return;
	b = mem_alloc(sizeof(*b));
	b->x = x;
	b->req.data = b;
	b->bound_ms = x->env.bound_ms;
	for (size_t i = 0; i < x->jobs.n; i++) {
		struct job *j = x->jobs.items[i];

		if (j->state == JOB_SWEPT && !j->is_sweeping) {
			j->is_sweeping = true;
			batch_add(b, j);
		}
	}
	x->is_sweeping = b->targets.n > 0;
	if (x->is_sweeping)
		CHECK(uv_queue_work(x->loop, &b->req, batch_work, on_batch_done) == 0);
	else
		batch_free(b);
}

void exec_job_sweep(struct job *j)
{
	j->state = JOB_SWEPT;
	j->is_sweeping = false;
	sweep_next(j->x);
}

void exec_job_lost(struct job *j, const char *why)
{
	j->end = (struct job_end){.how = JOB_LOST};
	if (j->record.has_start)
		j->end.started_ms = j->record.start.started_ms;
	else
		j->end.code = 1; /* of which boot it is, and what that took, nobody knows */
	if (!record_is_of_this_boot(&j->record)) {
		j->end.code = 1;
		(void)snprintf(j->end.text, sizeof(j->end.text), "the machine was restarted");
		exec_job_ended(j); /* all of it went with that */
		return;
	}
	(void)snprintf(j->end.text, sizeof(j->end.text), "%s", why);
	exec_job_sweep(j);
}
