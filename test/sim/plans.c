#include "port/agent.h"
#include "sim/sim.h"

/* What a job is going to do, drawn as it starts. */

static void plan_agent(struct sim_job *j)
{
	const struct weather *p = &sim->weather;
	struct rng *r = &sim->rng;
	int64_t length = j->ends_at;
	j->commits = (int)rng_between(r, 1, 3);
	j->leftovers = rng_chance(r, p->leftovers) ? (int)rng_between(r, 1, 5) : 0;
	j->result = AGENT_DONE;
	j->cost = rng_chance(r, 0.5) ? (double)rng_below(r, 100) / 100 : -1;
	if (rng_chance(r, p->agent_nothing)) {
		j->result = AGENT_NOTHING;
		j->commits = j->leftovers = 0;
	} else if (rng_chance(r, p->agent_fails)) {
		j->result = AGENT_FAILED;
		j->code = 1;
		j->commits = rng_chance(r, 0.5) ? j->commits : 0;
		j->ends_at = rng_chance(r, 0.3) ? rng_below(r, 900) : length;
	} else if (rng_chance(r, p->agent_later)) {
		j->result = AGENT_LATER;
		j->code = 75;
		j->commits = rng_chance(r, 0.5) ? j->commits : 0;
		j->provider = rng_chance(r, 0.5);
		j->until_ms = rng_chance(r, 0.5) ? wall_now() + rng_between(r, 1000, 7200000) : 0;
	} else if (rng_chance(r, p->agent_lazy)) {
		j->commits = j->leftovers = 0;
	} else if (rng_chance(r, p->agent_bad_history)) {
		j->bad_history = true;
	}
	if (rng_chance(r, p->agent_hangs))
		j->ends_at = INT64_MAX / 4;
	if (rng_chance(r, p->agent_silent) && j->limits.silence_ms) {
		j->how = JOB_SILENCE;
		j->ends_at = length / 2 + j->limits.silence_ms;
	}
	j->works_at = length / 2;
	/* One that says so, or only some of it, has not resolved it. */
	if (j->resolver)
		j->unresolved = !j->commits || rng_chance(r, p->unresolved);
}

static void plan_check(struct sim_job *j)
{
	struct rng *r = &sim->rng;
	if (!rng_chance(r, sim->weather.flicker))
		return;
	switch (rng_below(r, 4)) {
	case 0:
		j->how = JOB_SIGNALED;
		j->code = 9;
		break;
	case 1:
		j->ends_at = INT64_MAX / 4;
		break;
	case 2:
		j->how = JOB_LOST;
		break;
	default:
		j->code = 1; /* red for nothing */
		break;
	}
}

void job_plan(struct sim_job *j)
{
	struct rng *r = &sim->rng;
	j->how = JOB_EXITED;
	j->ends_at = rng_between(r, 100, rng_chance(r, 0.3) ? 1200000 : 60000);
	if (j->program == PROGRAM_AGENT)
		plan_agent(j);
	else if (j->program == PROGRAM_CHECK)
		plan_check(j);
	else if (rng_chance(r, sim->weather.setup_fails)) {
		j->code = 1;
		sim->false_reds++;
	}
	if (rng_chance(r, sim->weather.agent_dies)) {
		j->how = rng_chance(r, 0.5) ? JOB_LOST : JOB_SIGNALED;
		j->code = j->how == JOB_SIGNALED ? 11 : 0;
	}
	if (j->limits.timeout_ms && j->ends_at > j->limits.timeout_ms) {
		j->ends_at = j->limits.timeout_ms;
		j->how = JOB_TIMEOUT;
	}
}

/* Rare, and not drawn: what other draws mean does not depend on it. */
bool job_leaves_one_for_good(const struct sim_job *j)
{
	struct rng r = {sim->seed ^ (uint64_t)j->number << 32};
	return j->task >= 0 && rng_chance(&r, 1 / 400.0);
}
