#include "base/clean.h"
#include "base/file.h"
#include "port/agent.h"
#include "sim/sim.h"

#include <errno.h>
#include <string.h>

/*
 * Programs. A job goes on whoever supervises it, or nobody; what it is going to do is drawn
 * when it starts. Its end is told to the supervisor that asks, as often as one asks.
 */

struct executor_sim {
	struct executor x;
	struct executor_events events;
};

struct sim_job *sim_job_find(int64_t number)
{
	for (size_t i = sim->jobs.n; i > 0; i--)
		if (sim->jobs.items[i - 1].number == number)
			return &sim->jobs.items[i - 1];
	return NULL;
}

bool job_alive_in(const char *worktree)
{
	while (sim->jobs_over < sim->jobs.n &&
	       sim->jobs.items[sim->jobs_over].state == SIM_JOB_OVER)
		sim->jobs_over++;
	for (size_t i = sim->jobs_over; i < sim->jobs.n; i++) {
		const struct sim_job *j = &sim->jobs.items[i];
		if (j->state == SIM_JOB_ALIVE && streq(j->worktree, worktree))
			return true;
	}
	return false;
}

bool job_stays_in(const char *worktree)
{
	for (size_t i = 0; i < sim->stays.n; i++)
		if (streq(sim->stays.items[i], worktree))
			return true;
	return false;
}

/* ---- telling the supervisor ---- */

static void tell_start(int64_t number)
{
	struct sim_job *j = sim_job_find(number);
	if (sim->dead || !sim->executor_events || !j->wanted || j->state != SIM_JOB_ALIVE)
		return;
	struct job_started s = {.number = (uint64_t)number,
				.pid = (pid_t)(1000 + number),
				.start_time = (uint64_t)number * 10};
	sim->executor_events->started(sim->executor_events->ctx, &s);
}

static void tell_end(int64_t number)
{
	struct sim_job *j = sim_job_find(number);
	if (sim->dead || !sim->executor_events || !j->wanted)
		return;
	CHECK(j->state == SIM_JOB_OVER);
	j->wanted = false;
	say("exec: told the end of job %d", (int)number);
	if (j->task >= 0 && j->tested >= 0 && j->end.how == JOB_EXITED)
		checker_heard_green(sim->checker, j->tested, j->check);
	sim->executor_events->ended(sim->executor_events->ctx, &j->end);
}

/* ---- what happens to a job ---- */

static enum checker_end end_of(const struct sim_job *j)
{
	if (j->program != PROGRAM_AGENT)
		return j->end.how == JOB_EXITED ? END_DONE : END_INTERRUPTED;
	if (j->end.how == JOB_TIMEOUT || j->end.how == JOB_SILENCE)
		return END_FAILED;
	if (j->end.how != JOB_EXITED)
		return END_INTERRUPTED;
	if (j->result == AGENT_LATER)
		return END_LATER;
	if (j->result == AGENT_NOTHING)
		return END_NOTHING;
	return j->result == AGENT_DONE ? END_DONE : END_FAILED;
}

static void is_over(struct sim_job *j, enum job_how how, int code)
{
	static const char *const words[JOB_HOW_COUNT] = {[JOB_EXITED] = "exit",
							 [JOB_SIGNALED] = "signal",
							 [JOB_TIMEOUT] = "time-out",
							 [JOB_SILENCE] = "silence",
							 [JOB_STOPPED] = "stopped",
							 [JOB_LOST] = "lost",
							 [JOB_NOT_STARTED] = "not started"};
	if (j->state == SIM_JOB_OVER)
		return;
	bool ran = j->state == SIM_JOB_ALIVE;
	j->state = SIM_JOB_OVER;
	j->end = (struct job_end){.number = (uint64_t)j->number,
				  .how = how,
				  .code = code,
				  .started_ms = ran ? j->starts + sim->wall_off : 0,
				  .ended_ms = wall_now()};
	say("exec: job %d of %s/%d is over: %s %d", (int)j->number,
	    j->task < 0 ? "-" : sim->issues.items[j->task].id, j->attempt, words[how], code);
	if (ran && job_leaves_one_for_good(j)) {
		j->end.unkillable = 1;
		VEC_PUSH(&sim->stays, j->worktree);
	}
	if (ran)
		checker_job_ended(sim->checker, j->number, end_of(j), sim->now);
	if (j->wanted)
		at_life(latency(), tell_end, j->number);
}

static struct worktree *its_worktree(const struct sim_job *j)
{
	struct worktree *w = worktree_find(j->worktree);
	if (w && w->ready && w->task == j->task)
		return w;
	checker_break(sim->checker, "ports: job %d works in '%s', which is not its own",
		      (int)j->number, j->worktree);
	return NULL;
}

/* Its commits and its uncommitted files; nothing once it is gone. */
static void does_work(int64_t number)
{
	struct sim_job *j = sim_job_find(number);
	struct worktree *w = j->state == SIM_JOB_ALIVE ? its_worktree(j) : NULL;
	if (!w)
		return;
	/* While a merge is in progress there is nothing else to commit. */
	for (int i = 0; i < j->commits && !j->resolver; i++)
		w->head = commit_change(w->head, j->task, BY_AGENT);
	if (j->resolver)
		w->unresolved = j->unresolved;
	w->leftovers += j->leftovers;
	w->bad_history = j->bad_history;
	say("agent: %s/%d: %d commits, head %d, %d left", sim->issues.items[j->task].id, j->attempt,
	    j->commits, w->head, w->leftovers);
}

static void check_verdict(struct sim_job *j)
{
	const struct worktree *w = worktree_find(j->worktree);
	bool red = w && w->ready && tree_is_red(w->head, j->check);
	if (j->how != JOB_EXITED)
		return;
	sim->false_reds += !red && j->code != 0;
	if (red)
		j->code = 1;
	if (w && w->ready)
		checker_gate(sim->checker, j->task, w->head, j->check, j->code == 0);
	j->tested = w && w->ready && j->code == 0 ? w->head : -1;
}

static void ends(int64_t number)
{
	struct sim_job *j = sim_job_find(number);
	if (j->state != SIM_JOB_ALIVE)
		return;
	if (j->program == PROGRAM_CHECK)
		check_verdict(j);
	if (j->program == PROGRAM_PROBE && j->how == JOB_EXITED && j->code == 0)
		checker_probed(sim->checker, j->by);
	if (j->how == JOB_LOST)
		job_kill_shim(j);
	else
		is_over(j, j->how, j->code);
}

/* The shim dies, and what it ran with it; that is found out by who looks for it. */
void job_kill_shim(struct sim_job *j)
{
	if (j->state != SIM_JOB_ALIVE)
		return;
	j->lost = true;
	is_over(j, JOB_LOST, 0);
}

void jobs_reboot(void)
{
	checker_heard_lost(sim->checker); /* what was not journaled cannot be heard again */
	for (size_t i = 0; i < sim->jobs.n; i++) {
		struct sim_job *j = &sim->jobs.items[i];
		if (j->state == SIM_JOB_OVER && !j->forgotten && j->end.how != JOB_NOT_STARTED) {
			/* Its end may be on the disk; of what it wrote nobody knows. */
			j->lost = true;
			j->end.how = JOB_LOST;
			checker_untaken(sim->checker, j->number);
		}
		job_kill_shim(j);
		if (j->end.how == JOB_LOST) {
			j->end.code = 1;
			j->end.unkillable = 0;
		}
	}
	sim->stays.n = 0; /* nothing outlives the machine */
}

static void stop_over(int64_t number)
{
	struct sim_job *j = sim_job_find(number);
	if (j->state == SIM_JOB_ALIVE)
		is_over(j, JOB_STOPPED, 0);
}

static void starts(int64_t number)
{
	struct sim_job *j = sim_job_find(number);
	if (j->state != SIM_JOB_STARTING)
		return;
	struct worktree *w = worktree_find(j->worktree);
	j->state = SIM_JOB_ALIVE;
	j->starts = sim->now;
	j->resolver = w && w->ready && w->merging >= 0;
	if (j->resolver)
		w->unresolved = true; /* until it has worked */
	job_plan(j);
	checker_job_started(sim->checker,
			    &(struct checker_job){.number = number,
						  .task = j->task,
						  .attempt = j->attempt,
						  .agent = j->program == PROGRAM_AGENT,
						  .resolver = j->resolver,
						  .by = j->by,
						  .merging = j->resolver ? w->merging : -1,
						  .setup = j->program == PROGRAM_SETUP,
						  .gate = j->program == PROGRAM_CHECK ||
							  strstr(j->worktree, "/gate/"),
						  .start = w && w->ready ? w->head : -1},
			    sim->now);
	say("exec: job %d runs", (int)number);
	if (j->program == PROGRAM_AGENT)
		at(j->works_at < j->ends_at ? j->works_at : j->ends_at, does_work, number);
	at(j->ends_at, ends, number);
	if (j->wanted)
		at_life(latency(), tell_start, number);
}

/* ---- the port ---- */

static const char *env_of(const struct job_spec *s, const char *name)
{
	size_t n = strlen(name);
	for (const char *const *p = s->envp; *p; p++)
		if (strncmp(*p, name, n) == 0 && (*p)[n] == '=')
			return *p + n + 1;
	return NULL;
}

static enum program program_of(const struct job_spec *s)
{
	static const char *const names[] = {[PROGRAM_AGENT] = "agent",
					    [PROGRAM_SETUP] = "setup",
					    [PROGRAM_CHECK] = "check",
					    [PROGRAM_PROBE] = "probe"};
	if (s->argv[0] && streq("lint", s->argv[0]))
		return PROGRAM_CHECK;
	for (int i = PROGRAM_AGENT; s->argv[0] && i <= PROGRAM_PROBE; i++)
		if (streq(names[i], s->argv[0]))
			return (enum program)i;
	return 0;
}

/* By the name in ganger.yaml. */
static enum checker_by by_of(const struct job_spec *s)
{
	const char *name = s->argv[0] ? s->argv[1] : NULL;
	if (streq(name, "resolver"))
		return BY_RESOLVER;
	return streq(name, "b") ? BY_LABEL : BY_ALL;
}

static struct sim_job *job_new(const struct job_spec *s)
{
	struct sim_job *j = VEC_ADD(&sim->jobs);
	const char *task = env_of(s, "TASK"), *attempt = env_of(s, "ATTEMPT");
	int64_t n = 0;
	IGNORE(str_i64(str_of(attempt), &n)); /* pre-flight has none */
	*j = (struct sim_job){.number = (int64_t)s->number,
			      .program = program_of(s),
			      .by = by_of(s),
			      .state = SIM_JOB_STARTING,
			      .task = task ? issue_index(task) : -1,
			      .attempt = (int)n,
			      .check = s->argv[0] && streq("lint", s->argv[0]),
			      .tested = -1,
			      .worktree = mem_strdup(s->cwd),
			      .limits = s->limits,
			      .cost = -1};
	return j;
}

/* Made anew: its status file first, so that it is known; then it starts. */
static void begin(struct executor *x, const struct job_spec *s)
{
	char *status CLEANUP(freep) = path_join(s->dir, "status");
	struct err e = ERR_INIT;
	enum fate f = fate("start a job");
	(void)x;
	if (f == FATE_CRASH || f == FATE_DEAD)
		return;
	if (f == FATE_ERROR || file_touch(status, &e)) {
		if (sim->dead)
			return;
		struct sim_job *j = job_new(s);
		j->wanted = true;
		/* No room, or a program that is not there. */
		if (j->program == PROGRAM_AGENT && j->task >= 0)
			checker_job_refused(sim->checker, j->task, j->attempt, sim->now);
		is_over(j, JOB_NOT_STARTED, rng_chance(&sim->rng, 0.5) ? EMFILE : ENOENT);
		return;
	}
	struct sim_job *j = job_new(s);
	const struct worktree *in = worktree_find(s->cwd);
	j->wanted = true;
	if (j->program == PROGRAM_CHECK && j->task >= 0 && in && in->ready)
		checker_asks_check(sim->checker, j->task, in->head, j->check);
	say("exec: job %d: %s %s/%d", (int)s->number, s->argv[0] ? s->argv[0] : "?",
	    j->task < 0 ? "-" : sim->issues.items[j->task].id, j->attempt);
	if (j->program == PROGRAM_AGENT && j->task >= 0 && sim->issues.items[j->task].branch &&
	    !sim_has_resolver())
		checker_break(
			sim->checker,
			"rule 1: an agent for '%s', a person's, where there is none for conflicts",
			sim->issues.items[j->task].id);
	if (j->program == PROGRAM_AGENT && j->task >= 0)
		checker_job_asked(sim->checker, j->task, j->attempt);
	if (f == FATE_CRASH_AFTER && rng_chance(&sim->rng, 0.5))
		is_over(j, JOB_LOST, 0); /* before its shim was there */
	else
		at(rng_below(&sim->rng, 50), starts, j->number);
	if (f == FATE_CRASH_AFTER)
		sim->dead = true;
}

static void exec_ensure(struct executor *x, const struct job_spec *s)
{
	if (sim->dead)
		return;
	struct sim_job *j = sim_job_find((int64_t)s->number);
	char *status CLEANUP(freep) = path_join(s->dir, "status");
	if (!file_exists(status)) {
		if (j && j->end.how != JOB_NOT_STARTED)
			checker_break(sim->checker, "rule 3: job %d is started twice",
				      (int)s->number);
		begin(x, s);
		return;
	}
	if (!j) {
		checker_break(sim->checker, "ports: job %d was never there", (int)s->number);
		return;
	}
	if (j->wanted)
		checker_break(sim->checker, "ports: job %d is asked for twice", (int)j->number);
	j->wanted = true;
	say("exec: job %d adopted", (int)j->number);
	if (j->state == SIM_JOB_OVER)
		at_life(latency(), tell_end, j->number);
	else if (j->state == SIM_JOB_ALIVE)
		at_life(latency(), tell_start, j->number);
}

static void exec_stop(struct executor *x, uint64_t number, enum job_stop how)
{
	struct sim_job *j = sim_job_find((int64_t)number);
	(void)x;
	if (sim->dead || !j || j->state == SIM_JOB_OVER)
		return;
	say("exec: job %d asked to end", (int)number);
	if (j->state == SIM_JOB_STARTING)
		is_over(j, JOB_STOPPED, 0);
	else
		at(how == JOB_KILL ? rng_below(&sim->rng, 50)
				   : rng_between(&sim->rng, 0, j->limits.grace_ms),
		   stop_over, j->number);
}

static void exec_forget(struct executor *x, uint64_t number, const char *dir)
{
	static const char *const names[] = {"",        "/status",   "/log",
					    "/prompt", "/feedback", "/result"};
	struct sim_job *j = sim_job_find((int64_t)number);
	(void)x;
	if (sim->dead)
		return;
	enum fate f = fate("forget a job");
	if (f == FATE_CRASH || f == FATE_ERROR) /* its folder stays; it is an orphan */
		return;
	if (j && j->state != SIM_JOB_OVER)
		checker_break(sim->checker, "rule 7: job %d is forgotten alive", (int)number);
	if (j)
		j->forgotten = true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path CLEANUP(freep) = mem_printf("%s%s", dir, names[i]);
		struct sim_file *file = sim_file_find(path);
		if (file)
			file->there = false;
	}
	if (f == FATE_CRASH_AFTER)
		sim->dead = true;
}

static void exec_free(struct executor *x)
{
	sim->executor_events = NULL;
	for (size_t i = 0; i < sim->jobs.n; i++)
		sim->jobs.items[i].wanted = false;
	free(x);
}

int sim_executor_open(const struct executor_events *events, struct executor **ret)
{
	static const struct executor_ops ops = {
		.name = "sim",
		.ensure = exec_ensure,
		.stop = exec_stop,
		.forget = exec_forget,
		.free = exec_free,
	};
	struct executor *x = mem_alloc(sizeof(*x));
	x->ops = &ops;
	sim->executor_events_kept = *events;
	sim->executor_events = &sim->executor_events_kept;
	*ret = x;
	return 0;
}

/* ---- port/agent.h: the one kind there is ---- */

void agent_command_done(struct agent_command *c)
{
	for (char **p = c->argv; p && *p; p++)
		free(*p);
	free(c->argv);
	agent_env_free(c->envp);
	free(c->cwd);
	free(c->stdin_path);
	*c = (struct agent_command){0};
}

char **agent_env(const struct agent_settings *s, const struct agent_attempt *a)
{
	char **env = mem_alloc(3 * sizeof(*env));
	(void)s;
	env[0] = mem_printf("TASK=%s", a->task);
	env[1] = mem_printf("ATTEMPT=%d", a->attempt);
	return env;
}

void agent_env_free(char **envp)
{
	for (char **p = envp; p && *p; p++)
		free(*p);
	free(envp);
}

static int command(const struct agent_settings *s,
		   const struct agent_attempt *a,
		   bool probe,
		   struct agent_command *ret,
		   struct err *e)
{
	(void)e;
	ret->argv = mem_alloc(3 * sizeof(*ret->argv));
	ret->argv[0] = mem_strdup(probe ? "probe" : "agent");
	ret->argv[1] = mem_strdup(s->name);
	ret->envp = agent_env(s, a);
	ret->cwd = mem_strdup(a->worktree);
	return 0;
}

int agent_judge(const struct agent_kind *k,
		const struct agent_settings *s,
		const struct agent_attempt *a,
		const struct job_end *end,
		int64_t now_wall_ms,
		struct agent_verdict *ret,
		struct err *e)
{
	int rc = refused(fate("judge"), e);
	const struct sim_job *j = sim_job_find((int64_t)end->number);
	(void)k;
	(void)s;
	(void)a;
	(void)now_wall_ms;
	if (rc)
		return rc;
	*ret = (struct agent_verdict){
		.result = AGENT_FAILED, .tokens_in = -1, .tokens_out = -1, .cost_usd = -1};
	(void)snprintf(ret->reason, sizeof(ret->reason), "it failed");
	if (!j || end->how == JOB_NOT_STARTED)
		return 0;
	if (j->forgotten)
		checker_break(sim->checker, "ports: job %d is judged after it was forgotten",
			      (int)j->number);
	ret->cost_usd = j->cost;
	checker_judged(sim->checker, j->number, j->cost > 0 ? j->cost : 0);
	if (end->how != JOB_EXITED)
		return 0;
	ret->result = (enum agent_result)j->result;
	ret->until_ms = j->until_ms;
	ret->provider_limit = j->provider;
	return 0;
}

const struct agent_kind *agent_kind_find(const char *name)
{
	static const struct agent_kind kind = {.name = "command", .command = command};
	return streq(name, kind.name) ? &kind : NULL;
}
