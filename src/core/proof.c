#include "core/core-impl.h"

#include <stdio.h>
#include <string.h>

/*
 * Why an entry failed that was tested with others (docs/adr/0020): by itself, or only together with
 * one that landed before it? It is merged onto the branch as it was when it was begun and, where
 * it passes there, onto the landings since, halving them. It will not land; the others go on.
 * Such entries are the first of the train, since only the first one's failure counts.
 */

size_t train_first(const struct core *c)
{
	size_t n = 0;
	while (n < c->train.n && train_at(c, n)->proof)
		n++;
	return n;
}

/* Whose landing made the branch what it was then; NULL: nobody's that is known. */
static const struct task *lander(const struct core *c, const struct oid *commit)
{
	for (size_t i = 0; i < c->tasks.n; i++)
		if (strcmp(c->tasks.items[i].landed.hex, commit->hex) == 0)
			return &c->tasks.items[i];
	return NULL;
}

/* Landings from one commit of the branch to a later one; 0: it is the same, or not only landings. */
static int count_landings(const struct core *c, const struct oid *early, const struct oid *late)
{
	int n = 0;
	while (strcmp(early->hex, late->hex) != 0) {
		const struct task *t = late->hex[0] ? lander(c, late) : NULL;
		if (!t || (size_t)n > c->tasks.n)
			return 0;
		late = &t->onto;
		n++;
	}
	return n;
}

static void prove_on(struct core *c, struct task *t, struct oid onto)
{
	t->onto = onto;
	t->verdict = VERDICT_NONE;
	task_set_state(c, t, TASK_MERGING);
}

/* Where nothing else wants the gate: a queue that waits is worth more than a reason. */
static bool has_time(const struct core *c)
{
	int proofs = (int)train_first(c);
	return proofs + 1 < c->policy.gate_slots || (c->train.n == 1 && !c->queue.items.n);
}

bool proof_begin(struct core *c, struct task *t)
{
	if (c->policy.batch < 2 || c->run.stop == STOP_NOW || !has_time(c) ||
	    !count_landings(c, &t->joined, &t->onto))
		return false;
	(void)snprintf(t->blame, sizeof(t->blame), "%.199s", t->reason);
	t->proof = t->cut = 1;
	t->fails_on = t->onto;
	t->passes_on = (struct oid){""};
	prove_on(c, t, t->joined);
	return true;
}

static void proof_over(struct core *c, struct task *t)
{
	if (t->fails_with[0])
		task_reason(c, t, "%s; it passes without '%s', which landed before it", t->blame,
			    t->fails_with);
	else
		task_reason(c, t, "%s", t->blame);
	queue_send_back(c, t);
}

void proof_found(struct core *c, struct task *t, enum core_verdict v)
{
	struct oid half;
	if (v == VERDICT_PASSED)
		t->passes_on = t->onto;
	else if (v == VERDICT_RED && t->passes_on.hex[0])
		t->fails_on = t->onto;
	else {
		proof_over(c, t); /* by itself; or it cannot be found out */
		return;
	}
	int n = count_landings(c, &t->passes_on, &t->fails_on);
	if (n < 2) {
		const struct task *with = n ? lander(c, &t->fails_on) : NULL;
		if (with && strlen(with->id) < sizeof(t->fails_with))
			(void)snprintf(t->fails_with, sizeof(t->fails_with), "%s", with->id);
		proof_over(c, t);
		return;
	}
	half = t->fails_on;
	for (int i = 0; i < n / 2; i++)
		half = lander(c, &half)->onto;
	prove_on(c, t, half);
}
