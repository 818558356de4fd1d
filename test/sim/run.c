#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "config/config.h"
#include "port/agent.h"
#include "run/control.h"
#include "run/parts.h"
#include "run/place.h"
#include "run/rows.h"
#include "run/supervisor-impl.h"
#include "sim/people.h"
#include "sim/sim.h"

#include <string.h>

/* One seed: supervisors one after the other in one world, until there is nothing more to do. */

#define STEPS_MAX 3000000
#define TIME_MAX  ((int64_t)400 * 86400000)

static struct config config;
static const struct config_agent *agent, *resolver;
static struct place place;

/* ---- the host ---- */

static struct moment host_now(struct host *h)
{
	(void)h;
	return clock_now();
}

static void run_work(int64_t n)
{
	struct work *w = sim->works.items[n];
	if (sim->dead || !w)
		return;
	sim->runs = w;
	sim->runs_since = sim->asked.items[n];
	checker_knows(sim->checker, sim->known.items[n]);
	w->run(w);
	checker_knows(sim->checker, -1);
	sim->runs = NULL;
}

static void end_work(int64_t n)
{
	struct work *w = sim->works.items[n];
	if (sim->dead || !w)
		return;
	bool news = sim->reads == w, peeked = sim->peeks == w;
	if (news || peeked) { /* what came before them is decided before them */
		sim->reads = news ? NULL : sim->reads;
		supervisor_turn(sim->supervisor);
	}
	if (sim->dead)
		return;
	sim->works.items[n] = NULL;
	/* It has ended by what it knew: what comes now is for the next one. */
	news = news && supervisor_core(sim->supervisor)->run.state != RUN_ENDED;
	w->done(w);
	if (news)
		checker_synced(sim->checker);
	if (peeked)
		sim->peeks = NULL;
	if (peeked && !sim->supervisor->held)
		checker_peeked(sim->checker);
}

static void host_defer(struct host *h, struct work *w)
{
	(void)h;
	int64_t n = (int64_t)sim->works.n, first = latency();
	VEC_PUSH(&sim->works, w);
	VEC_PUSH(&sim->asked, sim->now);
	VEC_PUSH(&sim->known, oid_commit(&supervisor_core(sim->supervisor)->run.epic_head));
	at_life(first, run_work, n);
	at_life(first + latency(), end_work, n);
}

static void host_wake_in(struct host *h, int64_t ms)
{
	(void)h;
	sim->wake_at = ms < 0 ? -1 : sim->now + ms;
}

/* ---- the parts ---- */

static int
open_tracker(const struct place *p, const struct config *c, struct tracker **ret, struct err *e)
{
	(void)p;
	(void)c;
	(void)e;
	return sim_tracker_open(ret);
}

static int
open_forge(const struct place *p, const struct config *c, struct forge **ret, struct err *e)
{
	(void)p;
	(void)c;
	(void)e;
	return sim_forge_open(ret);
}

static int open_git(const struct place *p,
		    const struct git_epic_spec *spec,
		    const struct child_env *env,
		    struct git **ret,
		    struct err *e)
{
	(void)p;
	(void)spec;
	(void)env;
	(void)e;
	return sim_git_open(ret);
}

static int open_executor(struct host *host,
			 const struct config *c,
			 const char *shim,
			 const struct executor_events *events,
			 struct executor **ret,
			 struct err *e)
{
	(void)host;
	(void)c;
	(void)shim;
	(void)e;
	return sim_executor_open(events, ret);
}

/* Whatever was checked out as a command began, somebody may have gone to another branch since. */
static int discover(const char *dir, struct place *ret, struct err *e)
{
	(void)dir;
	(void)e;
	bool elsewhere = rng_chance(&sim->finish, 0.3);
	*ret = (struct place){.branch = mem_strdup(elsewhere ? "elsewhere" : "main")};
	return 0;
}

static const struct parts the_parts = {
	.discover = discover,
	.tracker_open = open_tracker,
	.forge_open = open_forge,
	.git_open = open_git,
	.executor_open = open_executor,
};

/*
 * The files for others are made from every task every second; here only at the end and now and
 * then, or a simulation would do little else. What may go wrong with writing them stays.
 */
#define PUBLISH_MS 1000

static void publish_nothing(struct supervisor *s)
{
	const char *const paths[] = {s->paths.pids, s->paths.progress, s->paths.report};
	int64_t mono = clock_now().mono_ms;
	if (!s->unpublished || (s->published_mono >= 0 && mono - s->published_mono < PUBLISH_MS))
		return;
	s->unpublished = false;
	s->published_mono = mono;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct err e = ERR_INIT;
		IGNORE(file_write(paths[i], (struct str){NULL, 0}, false, &e));
		s->unpublished = s->unpublished || e.code;
	}
}

void __real_publish_files(struct supervisor *s, bool now);
void __wrap_publish_files(struct supervisor *s, bool now);

void __wrap_publish_files(struct supervisor *s, bool now)
{
	int64_t every = s->core.tasks.n < LARGE ? 64 : 256 + (int64_t)s->core.tasks.n;
	if (now || sim->steps % every == 0)
		__real_publish_files(s, now);
	else if (s->core.tasks.n < LARGE)
		publish_nothing(s);
	else
		s->unpublished = false;
}

/* ---- settings ---- */

static void set(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void set(const char *fmt, ...)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (config_set(&config, buf_cstr(&b), &e)) {
		(void)fprintf(stderr, "%s: %s\n", buf_cstr(&b), e.msg);
		abort();
	}
}

/* One, or with names and paths; those are said in a file alone. */
static void set_checks(int n)
{
	struct err e = ERR_INIT;
	if (n < 2)
		set("queue.check=[\"check\"]");
	else if (config_read_text(&config, "ganger.yaml",
				  STR("queue: {check: {all: {run: [check]}, "
				      "lint: {run: [lint], paths: ['area/**']}}}"),
				  &e))
		abort();
}

static void make_config(const struct settings *s)
{
	struct err e = ERR_INIT;
	config_init(&config);
	set("agents.a.kind=command");
	set("agents.a.command=[\"agent\"]");
	set("agents.a.max_concurrent=%d", s->kind_max);
	if (s->resolver)
		set("agents.resolver={command: [agent], max_concurrent: %d}", s->kind_max);
	if (s->labels)
		set("agents.b={command: [agent], labels: ['role:b'], max_concurrent: %d}",
		    s->kind_max);
	if (s->probe)
		set("agents.a.probe=[\"probe\"]");
	if (s->probe && s->resolver)
		set("agents.resolver.probe=[\"probe\"]");
	if (s->probe && s->labels)
		set("agents.b.probe=[\"probe\"]");
	set("limits.max_concurrent=%d", s->max_concurrent);
	set("limits.attempts=%d", s->attempts);
	set("limits.interruptions=%d", s->interruptions);
	set("limits.deferrals=%d", s->deferrals);
	set("limits.timeout=%llds", (long long)s->timeout_ms / 1000);
	if (s->silence_ms)
		set("limits.silence=%llds", (long long)s->silence_ms / 1000);
	set("retry.delay=%llds", (long long)s->retry_ms / 1000);
	set("retry.from=%s", s->from);
	if (s->setup)
		set("worktree.setup=[\"setup\"]");
	if (s->check)
		set_checks(s->checks);
	if (s->task_cost > 0)
		set("limits.task_cost=%g", s->task_cost);
	set("queue.slots=%d", s->slots);
	set("poll=%s", !s->poll ? "off" : sim->issues.n < MANY ? "10m" : "1h");
	set("queue.batch=%d", s->batch);
	set("queue.retries=%d", s->retries);
	set("queue.flaky=%s", s->flaky_fails ? "fail" : "pass");
	set("queue.overlap=%s", s->overlap_wait ? "wait" : "warn");
	set("queue.conflict_attempts=%d", s->conflict_attempts);
	set("queue.method=%s", s->method);
	set("queue.approve=%s", s->approve ? "person" : "auto");
	set("policy.failed_dependency=%s", s->skip ? "skip" : "hold");
	set("policy.uncommitted=%s", s->fail_uncommitted ? "fail" : "commit");
	set("git.push=%s", s->remote ? "all" : "never");
	set("tracker.close=%s", s->close_base ? "base" : "epic");
	if (config_finish(&config, &e) || config_agent(&config, "a", &agent, &e) ||
	    config_resolver(&config, &resolver, &e) || config_for_some(&config, &e)) {
		(void)fprintf(stderr, "settings: %s\n", e.msg);
		abort();
	}
	place = (struct place){.root = (char *)"/repo",
			       .common_dir = (char *)"/repo/.git",
			       .name = (char *)"repo",
			       .state_name = (char *)"repo-1",
			       .branch = (char *)"main",
			       .state_dir = (char *)"/state/repo-1"};
}

const struct config *sim_config(void)
{
	return &config;
}

const struct place *sim_place(void)
{
	return &place;
}

const struct parts *sim_parts(void)
{
	return &the_parts;
}

static const char *id_of(int task)
{
	return sim->issues.items[task].id;
}

static bool is_broken(void)
{
	return checker_broken(sim->checker) != NULL;
}

/* ---- one supervisor ---- */

/* All that it had in memory goes; the world stays. */
static void drop(void)
{
	sim->dead = true;
	for (size_t i = 0; i < sim->works.n; i++) {
		struct work *w = sim->works.items[i];
		sim->works.items[i] = NULL;
		if (w)
			w->done(w);
	}
	sim->works.n = sim->asked.n = sim->known.n = 0;
	sim->reads = sim->peeks = NULL;
	checker_forgets_seen(sim->checker);
	supervisor_free(sim->supervisor);
	sim->supervisor = NULL;
	sim->wake_at = -1;
	sim->lock = false;
	sim->life++;
	sim->dead = false;
}

/* Registered as 'ganger dispatch' does it, again until it is durable; so nothing is twice. */
static bool register_issues(const struct supervisor_spec *spec, const struct control_request *r)
{
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct store *store = NULL;
	struct err e = ERR_INIT;
	if (store_open("/journal", STORE_WRITE, rows_tables, ROWS_TABLE_COUNT, &store, &e))
		return false;
	bool done = control_change(store, spec->config, spec->epic, r, &said, &e) == 0;
	store_close(store);
	return done;
}

static void dispatch_issues(const struct supervisor_spec *spec)
{
	VEC(struct control_issue) issues = {0};
	for (size_t i = 0; i < sim->issues.n; i++)
		if (sim->issues.items[i].child)
			VEC_PUSH(&issues, ((struct control_issue){sim->issues.items[i].id, "", 2}));
	struct control_request r = {
		.verb = CONTROL_DISPATCH, .issues = issues.items, .n_issues = issues.n};
	while (!register_issues(spec, &r))
		sim->dead = false;
	sim->dead = false;
	VEC_DONE(&issues);
}

bool sim_has_resolver(void)
{
	return sim->settings.resolver && !sim->agentless &&
	       !(sim->settings.comes_and_goes && sim->life % 3 == 0);
}

static bool start(bool agentless)
{
	bool other_kinds = agentless != sim->agentless; /* its journal has others than it finds */
	sim->agentless = agentless;
	sim->life++;
	struct supervisor_spec spec = {
		.epic = "e",
		.place = &place,
		.config = &config,
		.agent = agentless ? NULL : agent,
		.resolver = sim_has_resolver() ? resolver : NULL,
		.parts = &the_parts,
		.shim = "/shim",
		.observer = {.transition = see_transition, .message = see_message},
		.allow_red = sim->settings.allow_red
        };
	struct err e = ERR_INIT;
	say("supervisor %d begins%s", sim->life, agentless ? " without agents" : "");
	if (sim->settings.dispatch && sim->life == 1)
		dispatch_issues(&spec);
	sim->host = (struct host){host_now, host_defer, host_wake_in};
	sim->lost = false;
	int rc = supervisor_new(&spec, &sim->host, &sim->supervisor, &e);
	if (rc == 0) {
		checker_synced(sim->checker);
		checker_begins(sim->checker, sim->idle);
		if (!sim->lost && !other_kinds)
			snapshot_compare();
		see_journal(supervisor_core(sim->supervisor));
		return true;
	}
	say("supervisor did not begin: %s", e.msg);
	sim->supervisor = NULL;
	sim->lock = false;
	sim->dead = false;
	sim->wake_at = -1;
	return false;
}

static void one_event(void)
{
	struct event ev;
	bool wake =
		sim->wake_at >= 0 && (!sim->events.n || sim->wake_at <= sim->events.items[0].at);
	sim->steps++;
	if (wake) {
		sim->now = sim->wake_at > sim->now ? sim->wake_at : sim->now;
		sim->wake_at = -1;
		if (fate("turn") == FATE_CRASH)
			return;
		supervisor_turn(sim->supervisor);
		return;
	}
	if (!event_pop(&ev)) {
		checker_break(sim->checker, "rule 6: nothing will happen any more");
		return;
	}
	sim->now = ev.at;
	if (!ev.life || ev.life == sim->life)
		ev.fn(ev.n);
}

static void too_long(void)
{
	if (sim->steps > STEPS_MAX)
		checker_break(sim->checker, "rule 6: it does not end");
	if (sim->now > TIME_MAX)
		checker_break(sim->checker, "rule 6: it takes for ever");
}

/* True: it came to an end by itself. */
static bool live(void)
{
	while (!is_broken()) {
		bool over = !sim->dead && supervisor_over(sim->supervisor);
		if (sim->dead || over)
			checker_heard_lost(sim->checker); /* what is not in the journal by now */
		if (over)
			return true;
		if (sim->dead) {
			say("--- crash ---");
			drop();
			return false;
		}
		one_event();
		too_long();
	}
	drop();
	return false;
}

void world_pass(int64_t ms)
{
	int64_t until = sim->now + ms;
	while (!is_broken() && sim->events.n && sim->events.items[0].at <= until)
		one_event();
	sim->now = until;
}

static void check_end(int exit_code, bool unable)
{
	struct checker_result r = {.exit = exit_code, .unable = unable};
	const struct sim_file *f = sim_file_find("/state/repo-1/e/swarm-progress.json");
	for (size_t i = 0; i < sim->jobs.n; i++)
		r.live_jobs += sim->jobs.items[i].state == SIM_JOB_ALIVE;
	for (size_t i = 0; i < sim->worktrees.n; i++)
		r.worktrees_left += sim->worktrees.items[i].ready;
	r.worktrees_kept = worktrees_kept();
	r.progress = f && !sim->disk_full && !sim->write_failed ? f->text : NULL;
	checker_ended(sim->checker, &r, id_of, (int)sim->issues.n);
}

/* The end of a run, or of what a supervisor could do: its exit code; -1: it must be run again. */
static int ended(void)
{
	const struct err *fatal = supervisor_fatal(sim->supervisor);
	const struct core *c = supervisor_core(sim->supervisor);
	int code = fatal ? -1 : core_exit_code(c);
	say("=== supervisor over: exit %d, %s%s", code, fatal ? "fatal: " : "",
	    fatal ? fatal->msg : core_status_name(core_status(c)));
	if (!fatal)
		check_end(code, c->run.exit == 4);
	for (size_t i = 0; i < sim->issues.n; i++) {
		int at = core_find(c, sim->issues.items[i].id);
		sim->issues.items[i].retriable = at >= 0 && core_accepts(c, at, EV_RETRY);
		sim->issues.items[i].held = at >= 0 && c->tasks.items[at].hold;
	}
	drop();
	return code;
}

int supervisor_lives(bool agentless)
{
	if (!start(agentless)) {
		world_pass(rng_between(&sim->rng, 1000, 60000));
		too_long();
		return -2;
	}
	int code = live() ? ended() : -1;
	sim->idle = code >= 0 && code != 4;
	return code;
}

bool world_run(struct world *w)
{
	make_config(&w->settings);
	people_init();
	for (int round = 0; !is_broken();) {
		bool agentless =
			rng_chance(&w->rng, w->weather.agentless) && !journal_needs_agent();
		int code = supervisor_lives(agentless);
		if (code == -2)
			continue;
		world_pass(rng_between(&w->rng, 100, rng_chance(&w->rng, 0.2) ? 3600000 : 5000));
		finish_between(code >= 0);
		if (code >= 0 && !people_between(round++, code))
			break;
	}
	config_done(&config);
	return !is_broken();
}
