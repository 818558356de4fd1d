#include "base/utf8.h"
#include "core/core-impl.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * A conflict that counts goes to an agent before a person (docs/adr/0021). The task's next
 * attempt is then a resolver's: its worktree has the merge in progress, and what it makes of it
 * is work as any other, submitted, queued and tested as it lands. Until it is done `head` stays
 * the work in conflict.
 */

void conflict_to_person(struct core *c, struct task *t)
{
	t->resolve = 0;
	t->person = 1;
	task_set_state(c, t, TASK_CONFLICTED);
	dependents_fall(c, t);
	emit_notice(c, t, NOTICE_PERSON);
}

/*
 * After so many tries another will not do better. A person's branch is for agents only where there
 * is one for conflicts: nobody asked for anything else to be started on it. What has no issue
 * (the base, on its way in) is for nobody.
 */
static bool may_resolve(const struct core *c, const struct task *t)
{
	bool asked_for = !t->branch || (t->branch == 1 && c->policy.resolver > 0);
	return asked_for && !c->policy.no_agents && t->resolves < c->policy.conflict_attempts;
}

bool resolver_is_gone(const struct core *c, const struct task *t)
{
	return t->branch && t->resolve && c->policy.resolver == 0;
}

void conflict_counts(struct core *c, struct task *t)
{
	if (!may_resolve(c, t)) {
		conflict_to_person(c, t);
		return;
	}
	t->resolve = 1;
	task_make_ready(c, t);
}

void resolve_done(struct core *c, struct task *t)
{
	t->resolves++;
	t->resolve = 0;
	if (t->branch) /* its pull request is the person's, and there */
		queue_enter(c, t);
	else
		task_set_state(c, t, TASK_SUBMITTING);
}

void resolve_failed(struct core *c, struct task *t)
{
	char why[240];
	if (++t->resolves < c->policy.conflict_attempts) {
		task_wait(c, t, backoff_ms(c, t->resolves));
		return;
	}
	(void)snprintf(why, sizeof(why), "%.239s", t->reason);
	utf8_mend(why);
	task_reason(c, t,
		    "conflicts with what has landed, and %" PRId64
		    " attempts (queue.conflict_attempts) did not resolve it: %s",
		    t->resolves, why);
	conflict_to_person(c, t);
}
