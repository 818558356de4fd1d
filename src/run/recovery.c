#include "base/clean.h"
#include "base/file.h"
#include "run/limits.h"
#include "run/protected.h"
#include "run/rows.h"
#include "run/supervisor-impl.h"

#include <string.h>
#include <unistd.h>

/*
 * From nothing, or from what an earlier supervisor left, to a core that goes on. The order
 * matters: the lock, then until no helper of an earlier supervisor is alive, then the journal,
 * then the world is asked.
 */

static int make_folders(struct supervisor *s, struct err *e)
{
	char *lock_dir CLEANUP(freep) = path_join(s->spec.place->common_dir, "ganger");
	const char *const dirs[] = {s->paths.epic_dir,  s->paths.logs,  s->paths.jobs,
				    s->paths.worktrees, s->paths.gates, lock_dir};
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (dir_make(dirs[i], e))
			return e->code;
	return 0;
}

static enum git_push push_of(const struct config *c)
{
	if (streq(c->git_push, "all"))
		return GIT_PUSH_ALL;
	return streq(c->git_push, "epic") ? GIT_PUSH_EPIC : GIT_PUSH_NEVER;
}

/* What lands otherwise than it is set would be a surprise. */
static int check_landing(const struct supervisor *s, struct err *e)
{
	const struct config *c = s->config;
	if (!streq(c->forge_land, "api"))
		return 0;
	if (!s->forge->ops->merge)
		return err_set(e, ERR_INVALID, "forge.land: forge '%s' cannot merge by itself",
			       c->forge);
	if (push_of(c) != GIT_PUSH_ALL)
		return err_set(e, ERR_INVALID, "forge.land 'api' needs git.push 'all'");
	if (streq(c->github_pull_requests, "final"))
		return err_set(e, ERR_INVALID,
			       "forge.land 'api' needs github.pull_requests 'each'");
	/* The last commit of a landing has trailers; those that a forge rebases have none. */
	if (streq(c->queue_method, "rebase"))
		return err_set(e, ERR_INVALID,
			       "forge.land 'api' cannot be used with queue.method 'rebase'");
	return protected_method(s->forge, c, s->epic_branch, e);
}

/* A limit that will not hold is said before anything is begun. */
static void note_limits(struct supervisor *s, const struct config_agent *agent)
{
	struct buf notes CLEANUP(buf_done) = BUF_INIT;
	limits_notes(&notes, s->config, agent);
	struct str rest = buf_str(&notes), line;
	while (str_next(&rest, '\n', &line))
		if (line.n)
			supervisor_message(s, "%.*s", (int)line.n, line.p);
}

static int hire(struct supervisor *s, const struct config_agent *agent, struct err *e)
{
	if (!agent)
		return 0;
	int at = s->n_workers++;
	struct worker *w = &s->workers[at];
	w->config = agent;
	settings_agent(agent, &w->settings);
	w->kind = agent_kind_find(w->settings.kind);
	if (!w->kind)
		return err_set(e, ERR_INVALID, "agents.%s.kind: there is no kind '%s'",
			       w->settings.name, w->settings.kind);
	note_limits(s, agent);
	if (w->settings.shares_server && server_init(s, at, e))
		return e->code;
	return brief_template(s, w, e);
}

/* One that a journal has and the settings no longer have is replaced by the first. */
const struct worker *worker_of(const struct supervisor *s, const struct task *t)
{
	/* Whom it was claimed for may not be set any more: then it is for the one its labels name. */
	int64_t at = t->agent < s->n_workers ? t->agent : t->own;
	return &s->workers[at < s->n_workers ? at : WORKER_TASK];
}

/* In the order of the core's kinds. */
static int hire_all(struct supervisor *s, struct err *e)
{
	const struct supervisor_spec *spec = &s->spec;
	if (hire(s, spec->agent, e) || hire(s, spec->resolver, e))
		return e->code;
	for (size_t i = 0; spec->agent && i < s->config->agents.n; i++) {
		const struct config_agent *a = &s->config->agents.items[i];
		if (a != spec->agent && config_is_for_some(a) && hire(s, a, e))
			return e->code;
	}
	return 0;
}

static int open_drivers(struct supervisor *s, struct err *e)
{
	const struct parts *p = s->spec.parts;
	const struct config *c = s->config;
	if (push_of(c) != GIT_PUSH_NEVER && !s->spec.place->remote)
		supervisor_message(s, "git.push is '%s', but there is no remote: nothing is pushed",
				   c->git_push);
	s->git_spec = (struct git_epic_spec){
		.epic = s->spec.epic,
		.epic_branch = s->epic_branch,
		.base = s->spec.base ? s->spec.base : c->base,
		.state_dir = s->paths.epic_dir,
		.worktree_dir = c->worktree_dir,
		.push = push_of(c),
	};
	if (p->git_open(s->spec.place, &s->git_spec, &s->child_env, &s->git, e) ||
	    p->tracker_open(s->spec.place, c, &s->tracker, e) ||
	    p->forge_open(s->spec.place, c, &s->forge, e))
		return e->code;
	if (check_landing(s, e))
		return e->code;
	if (s->tracker->ops->agent_env)
		s->tracker_env = s->tracker->ops->agent_env(s->tracker, s->who);
	return hire_all(s, e) || brief_read(s, e) ? e->code : 0;
}

static void note_settings(struct supervisor *s)
{
	struct buf now CLEANUP(buf_done) = BUF_INIT;
	char *before CLEANUP(freep) = NULL;
	struct err none = ERR_INIT; /* the first run of an epic has none */
	buf_config(&now, s->config);
	if (store_meta_get(s->store, "config", &before, &none) == 0) {
		struct buf changes CLEANUP(buf_done) = BUF_INIT;
		struct str rest, line;
		if (!buf_config_changes(&changes, str_of(before), buf_str(&now)))
			return;
		for (rest = buf_str(&changes); str_next(&rest, '\n', &line);)
			if (line.n)
				supervisor_message(s, "changed since the last run: %.*s",
						   (int)line.n, line.p);
	}
	s->meta_config = buf_take(&now);
}

/* From here on the core is told everything by events. */
static void note_begin(struct supervisor *s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	trace_begin(&b, &(struct trace_begin){
				.version = GANGER_VERSION,
				.epic = s->core.run.epic,
				.kinds = s->core.kinds.items,
				.n_kinds = s->n_workers,
				.dispatch = s->core.run.dispatch,
				.policy = s->core.policy,
			});
	VEC_PUSH(&s->trace,
		 ((struct traced){TRACE_BEGIN, -1, s->host->now(s->host).wall_ms, buf_take(&b)}));
}

static int open_journal(struct supervisor *s, struct err *e)
{
	if (store_open(s->paths.journal, STORE_WRITE, rows_tables, ROWS_TABLE_COUNT, &s->store,
		       e) ||
	    rows_load(s->store, &s->core, e))
		return e->code;
	if (!s->core.run.epic[0])
		s->core.run.epic = arena_strdup(&s->core.arena, s->spec.epic);
	if (s->core.run.dispatch)
		settings_dispatch(&s->core.policy);
	note_settings(s);
	note_begin(s);
	struct err full = ERR_INIT;
	s->full = store_reserve_make(s->paths.reserve, &full) != 0;
	/* Said in any case: the journal may remember a disk that was full. */
	supervisor_event(s, &(struct core_event){.kind = EV_DISK, .task = -1, .n = s->full});
	if (s->full)
		supervisor_message(s, "the disk is full: nothing is started until there is room");
	return 0;
}

/* Is this job one that a row still waits for? */
static bool is_wanted(const struct core *c, int64_t number)
{
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		bool waits = (task_state_flags((enum task_state)t->state) & F_JOB) ||
			     t->state == TASK_COLLECTING;
		if (t->job == number && waits)
			return true;
	}
	return false;
}

static void orphan(void *ctx, const char *name)
{
	struct supervisor *s = ctx;
	int64_t number = 0;
	if (str_i64(str_of(name), &number) && !is_wanted(&s->core, number) &&
	    !server_adopt(s, number))
		job_adopt_orphan(s, number);
}

/* Folders of jobs that nothing waits for: a crash between a job's end and its being forgotten. */
void recovery_orphans(struct supervisor *s)
{
	struct err none = ERR_INIT; /* it was made a moment ago; an empty one is no loss */
	IGNORE(dir_each(s->paths.jobs, orphan, s, &none));
}

/*
 * The run's own jobs are made anew, in the same worktree: what is left of an earlier
 * supervisor's must be gone first. Called again when the last of them is.
 */
void recovery_start(struct supervisor *s)
{
	for (size_t i = 0; i < s->jobs.n; i++)
		if (s->jobs.items[i].orphan)
			return;
	if (s->started)
		return;
	s->started = true;
	char boot[BOOT_ID_SIZE];
	struct moment now = s->host->now(s->host);
	clock_boot_id(boot);
	struct core_event ev = {.kind = EV_START,
				.task = -1,
				.text = boot,
				.n = now.wall_ms ^ ((int64_t)getpid() << 24)};
	supervisor_event(s, &ev);
}

static void say_asks(struct supervisor *s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	if (s->spec.place->remote && !s->core.run.dispatch)
		protected_find(&b, s->forge, s->config, s->epic_branch);
	if (b.n)
		supervisor_message(s, "%s", buf_cstr(&b));
}

/* The core knows the workers by the same numbers. */
static void add_kinds(struct supervisor *s)
{
	static_assert(WORKERS_MAX <= CORE_PROBES_MAX, "each has its bit");
	for (int i = 0; i < s->n_workers; i++) {
		const struct agent_settings *a = &s->workers[i].settings;
		(void)core_add_kind(&s->core, a->name, a->max_concurrent);
		if (a->probe)
			s->core.policy.probes |= INT64_C(1) << i;
	}
}

static int lock_epic(struct supervisor *s, struct err *e)
{
	char *epic CLEANUP(freep) = shell_word(s->spec.epic);
	if (store_lock(s->paths.lock, &s->lock_fd, e) == ERR_BUSY)
		(void)err_hint(e, "'ganger top %s' watches who runs it, 'ganger wait %s' waits",
			       epic, epic);
	return e->code;
}

static int begin(struct supervisor *s, struct err *e)
{
	if (make_folders(s, e) || lock_epic(s, e) ||
	    child_lock(s->paths.helpers, &s->child_env.lock_fd, e) || open_drivers(s, e))
		return e->code;
	struct policy p;
	settings_policy(&s->spec, &p);
	core_init(&s->core, &p);
	add_kinds(s);
	struct executor_events events = {.ctx = s,
					 .started = job_started,
					 .output = job_output,
					 .ended = job_ended,
					 .waits = job_waits};
	if (open_journal(s, e) || recovery_lost(s, e) || graph_sync(s, e) ||
	    s->spec.parts->executor_open(s->host, s->config, s->spec.shim, &events, &s->executor,
					 e))
		return e->code;
	say_asks(s);
	/* What was under way is asked for again; only then comes anything new. */
	core_reissue(&s->core);
	recovery_orphans(s);
	recovery_start(s);
	return 0;
}

int supervisor_new(const struct supervisor_spec *spec,
		   struct host *host,
		   struct supervisor **ret,
		   struct err *e)
{
	struct supervisor *s = mem_alloc(sizeof(*s));
	s->spec = *spec;
	s->config = spec->config;
	s->host = host;
	s->lock_fd = -1;
	s->child_env = (struct child_env){.lock_fd = -1};
	s->published_mono = -1;
	s->looked_mono = host->now(host).mono_ms;
	paths_find(spec->place, spec->epic, spec->config->worktree_dir, &s->paths);
	s->epic_branch = branch_expand(spec->config->git_epic_branch, spec->epic, NULL);
	s->who = mem_printf("ganger %s", spec->epic);
	if (begin(s, e)) {
		supervisor_free(s);
		return e->code;
	}
	*ret = s;
	return 0;
}

static void free_drivers(struct supervisor *s)
{
	if (s->executor)
		s->executor->ops->free(s->executor);
	if (s->git)
		s->git->ops->free(s->git);
	if (s->forge)
		s->forge->ops->free(s->forge);
	if (s->tracker)
		s->tracker->ops->free(s->tracker);
	if (s->store)
		store_close(s->store);
}

void supervisor_free(struct supervisor *s)
{
	if (!s)
		return;
	CHECK(s->works == 0);
	free_drivers(s);
	for (size_t i = 0; i < s->inbox.n; i++) {
		free(s->inbox.items[i].text);
		free(s->inbox.items[i].text2);
		free(s->inbox.items[i].text3);
	}
	for (size_t i = 0; i < s->trace.n; i++)
		free(s->trace.items[i].text);
	VEC_DONE(&s->inbox);
	VEC_DONE(&s->trace);
	VEC_DONE(&s->forget);
	VEC_DONE(&s->later);
	for (size_t i = 0; i < s->jobs.n; i++)
		talker_free(s->jobs.items[i].talker);
	VEC_DONE(&s->jobs);
	servers_done(s);
	core_done(&s->core);
	closep(&s->child_env.lock_fd);
	closep(&s->lock_fd); /* last: from here on another supervisor may begin */
	paths_done(&s->paths);
	free(s->epic_branch);
	free(s->epic_title);
	free(s->epic_body);
	free(s->look_said);
	free(s->found);
	brief_done(s);
	overlaps_done(&s->overlaps);
	free(s->who);
	agent_env_free(s->tracker_env);
	free(s->meta_config);
	free(s);
}

bool supervisor_over(const struct supervisor *s)
{
	if (s->works)
		return false;
	if (s->fatal.code)
		return true;
	bool ended = s->core.run.state == RUN_ENDED;
	/* Where the epic could not be opened, agents of an earlier supervisor are left as they were. */
	bool waits = s->jobs.n && s->core.run.exit != 4;
	return ended && !s->inbox.n && !waits && !s->forget.n && !s->held;
}

const struct err *supervisor_fatal(const struct supervisor *s)
{
	return s->fatal.code ? &s->fatal : NULL;
}

const struct core *supervisor_core(const struct supervisor *s)
{
	return &s->core;
}
