#include "base/clean.h"
#include "run/supervisor-impl.h"

/* The user's settings as the core and the agent want them. */

#define RETRY_MAX_MS (15 * 60 * INT64_C(1000))

static int retry_from(const char *word)
{
	if (streq(word, "last"))
		return FROM_LAST;
	return streq(word, "fresh") ? FROM_FRESH : -1;
}

void settings_policy(const struct supervisor_spec *spec, struct policy *ret)
{
	const struct config *c = spec->config;
	*ret = (struct policy){
		.max_concurrent = c->limits_max_concurrent,
		.attempts = c->limits_attempts,
		.interruptions = c->limits_interruptions,
		.deferrals = c->limits_deferrals,
		.retry_delay_ms = c->retry_delay,
		.retry_max_ms = RETRY_MAX_MS,
		.retry_from = retry_from(c->retry_from),
		.gate_slots = c->queue_slots,
		.skip_dependents = streq(c->policy_failed_dependency, "skip"),
		.fail_uncommitted = streq(c->policy_uncommitted, "fail"),
		.gate_retries = c->queue_retries,
		.flaky_fails = streq(c->queue_flaky, "fail"),
		.approve = streq(c->queue_approve, "person"),
		.has_setup = c->worktree_setup != NULL,
		.has_check = c->queue_check != NULL,
		.has_probe = spec->agent && spec->agent->probe,
		.allow_red = spec->allow_red,
		.no_agents = !spec->agent,
		.cost_limit = c->limits_cost > 0 ? c->limits_cost : 0,
		.task_cost_limit = c->limits_task_cost > 0 ? c->limits_task_cost : 0,
		.token_limit = c->limits_tokens,
	};
}

void settings_agent(const struct config_agent *a, struct agent_settings *ret)
{
	*ret = (struct agent_settings){
		.name = a->name,
		.kind = a->kind,
		.command = (const char *const *)a->command,
		.env = (const char *const *)a->env,
		.cwd = a->cwd,
		.pause_on = (const char *const *)a->pause_on,
		.probe = (const char *const *)a->probe,
		.max_concurrent = a->max_concurrent,
		.push = a->push,
	};
}
