#include "base/clean.h"
#include "run/supervisor-impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The user's settings as the core and the agent want them. */

#define RETRY_MAX_MS (15 * 60 * INT64_C(1000))

static int retry_from(const char *word)
{
	if (streq(word, "last"))
		return FROM_LAST;
	return streq(word, "fresh") ? FROM_FRESH : -1;
}

/* ---- what a pass of a check holds for ---- */

/* FNV-1a: it tells settings of one user apart, nothing more. The zero byte ends a text. */
static void mix(uint64_t *h, const char *s)
{
	size_t n = s ? strlen(s) + 1 : 0;
	for (size_t i = 0; i < n; i++)
		*h = (*h ^ (unsigned char)s[i]) * 0x100000001b3u;
	*h = (*h ^ 0x1f) * 0x100000001b3u;
}

static void mix_all(uint64_t *h, char *const *texts)
{
	for (; texts && *texts; texts++)
		mix(h, *texts);
	mix(h, NULL);
}

/* Which variables a check gets, and PATH, which chooses its programs. */
static void mix_environment(uint64_t *h)
{
	static const struct agent_attempt none = {
		.epic = "", .task = "", .title = "", .branch = "", .epic_branch = "", .base = "",
		.root = "", .repository = "", .worktree = "", .git_dir = "", .prompt_path = "",
		.result_path = "", .log_path = ""};
	char **env = agent_env(NULL, &none);
	for (char **p = env; *p; p++) {
		if (strncmp(*p, "PATH=", 5) != 0)
			(*p)[strcspn(*p, "=")] = '\0';
		mix(h, *p);
	}
	agent_env_free(env);
}

static void fill_checks(const struct config *c, struct policy *ret)
{
	static_assert(CORE_CHECKS_MAX >= CONFIG_CHECKS_MAX, "each has its place");
	uint64_t common = 0xcbf29ce484222325u;
	mix_all(&common, c->worktree_setup);
	mix_all(&common, c->worktree_include);
	mix_all(&common, c->worktree_link);
	mix_environment(&common);
	uint64_t all = common;
	for (const struct config_check *x = c->queue_check; x && x->run; x++) {
		struct core_check *to = &ret->checks[ret->n_checks++];
		uint64_t h = common;
		mix_all(&h, x->run);
		(void)snprintf(to->name, sizeof(to->name), "%s", x->name ? x->name : "");
		(void)snprintf(to->key, sizeof(to->key), "%016" PRIx64, h);
		mix(&all, to->name);
		mix(&all, to->key);
		mix_all(&all, x->paths);
	}
	(void)snprintf(ret->checks_key, sizeof(ret->checks_key), "%016" PRIx64, all);
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
		.conflict_attempts = c->queue_conflict_attempts,
		.resolver = spec->resolver ? WORKER_TASK + 1 : WORKER_TASK,
		.skip_dependents = streq(c->policy_failed_dependency, "skip"),
		.fail_uncommitted = streq(c->policy_uncommitted, "fail"),
		.batch = config_batch(c),
		.gate_retries = c->queue_retries,
		.flaky_fails = streq(c->queue_flaky, "fail"),
		.approve = streq(c->queue_approve, "person"),
		.overlap_wait = streq(c->queue_overlap, "wait"),
		.has_setup = c->worktree_setup != NULL,
		.allow_red = spec->allow_red,
		.no_agents = !spec->agent,
		.cost_limit = c->limits_cost > 0 ? c->limits_cost : 0,
		.task_cost_limit = c->limits_task_cost > 0 ? c->limits_task_cost : 0,
		.token_limit = c->limits_tokens,
		.task_token_limit = c->limits_task_tokens,
	};
	fill_checks(c, ret);
}

void settings_dispatch(struct policy *p)
{
	p->until_submitted = true;
	p->n_checks = 0;
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
		.permissions = (const char *const *)a->permissions,
		.max_concurrent = a->max_concurrent,
		.push = a->push,
		.shares_server = streq(a->server, "shared"),
		.price_in = a->price_in > 0 ? a->price_in : 0,
		.price_out = a->price_out > 0 ? a->price_out : 0,
	};
}
