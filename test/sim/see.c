#include "core/core.h"
#include "sim/people.h"
#include "sim/sim.h"

/* What a supervisor says that it does, for the checker and the log. */

static bool is_gate_state(int s)
{
	return s == TASK_GATE_PREPARING || s == TASK_GATE_SETTING_UP || s == TASK_GATING;
}

/* The check that ran last for it; -1: none did. */
static int last_check(int issue)
{
	for (size_t i = sim->jobs.n; i-- > 0;) {
		const struct sim_job *j = &sim->jobs.items[i];
		if (j->task == issue && j->program == PROGRAM_CHECK)
			return j->check;
	}
	return -1;
}

/* What is heard of a task's checks: another run of one, or that they are over. The next one may need a
 * worktree made anew as well. */
static void see_gates(const struct core *c, const struct transition *t)
{
	int issue = issue_index(c->tasks.items[t->task].id);
	bool same = (int)c->tasks.items[t->task].check == last_check(issue);
	if (t->from == TASK_GATING && t->to == TASK_GATE_PREPARING && same)
		checker_runs_again(sim->checker, issue);
	else if (t->from == TASK_GATING || (is_gate_state(t->from) && !is_gate_state(t->to)))
		checker_gates_over(sim->checker, issue);
}

static bool is_in_train(int s)
{
	return (task_state_flags((enum task_state)s) & F_MERGE) != 0;
}

/* Who waits for a person, or for another try, is passed by rights. */
static void excuse_others(const struct core *c)
{
	for (size_t i = 0; i < c->queue.items.n; i++) {
		const struct task *x = &c->tasks.items[c->queue.items.items[i]];
		if (x->due_mono || core_waits_for(x) != WAIT_NONE)
			checker_excused(sim->checker, issue_index(x->id));
	}
}

/* What it is said to fail with must be so, where nothing was red by chance. */
static void see_proof(const struct task *x)
{
	int head = oid_commit(&x->head), on = oid_commit(&x->fails_on);
	int without = oid_commit(&x->passes_on);
	if (sim->false_reds)
		return;
	if (!merge_is_red(on, head) || merge_is_red(without, head))
		checker_break(sim->checker, "rule 4: '%s' is said to fail with '%s', it does not",
			      x->id, x->fails_with);
}

/* Who stands where in the queue, and why one goes. */
static void see_queue(const struct core *c, const struct transition *t)
{
	const struct task *x = &c->tasks.items[t->task];
	int issue = issue_index(x->id);
	if (t->to == TASK_QUEUED)
		checker_waits(sim->checker, issue, x->queued_seq);
	if (t->from == TASK_QUEUED && is_in_train(t->to)) {
		excuse_others(c);
		checker_begun(sim->checker, issue, x->cancel);
	} else if (t->from == TASK_QUEUED || (is_in_train(t->from) && !is_in_train(t->to)))
		checker_gone(sim->checker, issue);
	if (is_in_train(t->from) && !is_in_train(t->to) && x->fails_with[0])
		see_proof(x);
	if (x->proof && t->to == TASK_MERGING) /* it keeps nobody any more */
		checker_gone(sim->checker, issue);
	bool sent_back = t->to == TASK_READY || t->to == TASK_BLOCKED || t->to == TASK_FAILING;
	if (t->to == TASK_GATING)
		checker_decides_on_check(sim->checker, issue);
	if (t->to == TASK_MERGING)
		checker_merges(sim->checker, issue);
	/* A worktree for its check that cannot be made says nothing of it. */
	bool judged = (is_gate_state(t->from) && t->from != TASK_GATE_PREPARING) ||
		      t->from == TASK_STANDING;
	if (judged && sent_back)
		checker_blamed(sim->checker, issue);
}

/* As a new supervisor finds it: what a transition said that nobody heard is in the journal. */
void see_journal(const struct core *c)
{
	checker_nobody_queued(sim->checker);
	for (size_t i = 0; i < c->train.n; i++)
		if (!c->tasks.items[c->train.items[i]].proof)
			checker_stands(sim->checker,
				       issue_index(c->tasks.items[c->train.items[i]].id));
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		checker_found(sim->checker, issue_index(t->id), oid_commit(&t->head));
		if (t->state == TASK_QUEUED)
			checker_waits(sim->checker, issue_index(t->id), t->queued_seq);
		else if (t->proof || !is_in_train((int)t->state))
			checker_gone(sim->checker, issue_index(t->id));
	}
}

static void see_attempt(const struct core *c, const struct transition *t)
{
	const struct task *x = &c->tasks.items[t->task];
	if (t->to == TASK_CLAIMING)
		checker_claims(sim->checker, issue_index(x->id), x->resolve != 0);
	/* Given up: nothing is said of the attempt itself, as it could not be asked. */
	if (t->from == TASK_COLLECTING && t->to == TASK_FAILING &&
	    str_starts(str_of(x->reason), "could not save its work"))
		checker_not_collected(sim->checker, issue_index(x->id));
}

void see_transition(void *ctx, const struct core *c, const struct transition *t)
{
	(void)ctx;
	if (t->task < 0) {
		say("run: %s -> %s %s", run_state_name((enum run_state)t->from),
		    run_state_name((enum run_state)t->to), c->run.reason);
		return;
	}
	const struct task *x = &c->tasks.items[t->task];
	see_gates(c, t);
	see_queue(c, t);
	people_see(x->id);
	see_attempt(c, t);
	say("task %s: %s -> %s%s%s", x->id, task_state_name((enum task_state)t->from),
	    task_state_name((enum task_state)t->to), x->reason[0] ? ": " : "", x->reason);
}

void see_message(void *ctx, const char *line)
{
	(void)ctx;
	say("message: %s", line);
}
