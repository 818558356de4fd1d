#include "base/clean.h"
#include "base/file.h"
#include "run/supervisor-impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Jobs on their way to the executor and back. What a job needs (prompt, environment, log) is
 * made off the thread; a job that was begun by an earlier supervisor is found by its number.
 */

struct job *job_find(struct supervisor *s, int64_t number)
{
	for (size_t i = 0; i < s->jobs.n; i++)
		if (s->jobs.items[i].number == number)
			return &s->jobs.items[i];
	return NULL;
}

static void job_drop(struct supervisor *s, struct job *j)
{
	talker_free(j->talker);
	*j = s->jobs.items[--s->jobs.n];
}

/* Which gate worktree; pre-flight's is the first, when nothing else has one. */
int64_t work_gate(const struct task_work *w)
{
	int64_t gate = w->t.gate > 0 ? w->t.gate : 1;
	while (w->action.task < 0 && core_place_is_kept(w->run.gate_stays, gate))
		gate++; /* no other check runs in pre-flight */
	return gate - 1;
}

static bool is_gate(const struct task_work *w)
{
	return w->action.kind == ACT_GATE || w->action.kind == ACT_GATE_SETUP || w->action.task < 0;
}

/* Which of queue.check it runs. With other settings than then there may be none at its place. */
static const struct config_check *work_check(const struct task_work *w)
{
	static const struct config_check none = {.timeout = -1};
	int64_t at = w->action.task >= 0 ? w->t.check : w->run.check;
	const struct config_check *x = w->s->config->queue_check;
	for (; x && x->run && at > 0; at--)
		x++;
	return x && x->run ? x : &none;
}

/* Whose program it is, of an attempt or of a probe. */
static const struct worker *work_worker(const struct task_work *w)
{
	if (w->action.kind != ACT_PROBE)
		return worker_of(w->s, &w->t);
	CHECK(w->run.probe < w->s->n_workers);
	return &w->s->workers[w->run.probe];
}

/* What agents, set-up and checks are told of where they are. */
/*
 * Unique among live ones: agents, then checks, then by turns those of either beyond their number,
 * which there are where worktrees are kept from all.
 */
static int slot_number(const struct config *c, bool gate, int at)
{
	int own = gate ? c->queue_slots : c->limits_max_concurrent;
	if (at >= own)
		return c->limits_max_concurrent + c->queue_slots + 2 * (at - own) + gate;
	return gate ? c->limits_max_concurrent + at : at;
}

void attempt_init(const struct task_work *w, struct attempt *ret)
{
	struct supervisor *s = w->s;
	const struct paths *p = &s->paths;
	const struct worker *who = work_worker(w);
	bool gate = is_gate(w);
	const char *id = w->action.task < 0 ? "preflight" : w->t.id;
	char *dir CLEANUP(freep) = path_job(p, w->action.job ? w->action.job : w->t.job);
	*ret = (struct attempt){
		.branch = branch_expand(s->config->git_task_branch, s->spec.epic, id),
		.worktree = gate ? path_gate(p, work_gate(w)) : path_worktree(p, w->t.slot - 1),
		.prompt = path_join(dir, "prompt"),
		.result = path_join(dir, "result"),
		.log = path_log(p, id, NULL),
		.feedback = path_join(dir, "feedback"),
		.errors = path_join(dir, TALKER_ERRORS),
	};
	ret->a = (struct agent_attempt){
		.epic = s->spec.epic,
		.task = id,
		.title = w->action.task < 0 ? s->epic_title : w->t.title,
		.attempt = (int)w->t.attempt,
		.slot = slot_number(s->config, gate, (int)(gate ? work_gate(w) : w->t.slot - 1)),
		.branch = ret->branch,
		.epic_branch = s->epic_branch,
		.base = w->run.base,
		.root = s->spec.place->root,
		.repository = p->repository,
		.worktree = ret->worktree,
		.git_dir = s->spec.place->common_dir,
		.prompt_path = ret->prompt,
		.result_path = ret->result,
		.log_path = ret->log,
		.feedback_path = file_exists(ret->feedback) ? ret->feedback : NULL,
		.errors_path = who->kind && who->kind->talk ? ret->errors : NULL,
		.session = w->session,
		.token = s->servers[who - s->workers].token,
		.no_name = !s->spec.place->user_name,
		.no_email = !s->spec.place->user_email,
		/* What is tested gets nothing that is not of the tree. */
		.tracker_env = gate && w->action.kind != ACT_PROBE
				       ? NULL
				       : (const char *const *)s->tracker_env,
		.cost_max = !gate && s->config->limits_attempt_cost > 0
				    ? s->config->limits_attempt_cost
				    : 0,
	};
}

void attempt_done(struct attempt *a)
{
	free(a->branch);
	free(a->worktree);
	free(a->prompt);
	free(a->result);
	free(a->log);
	free(a->feedback);
	free(a->errors);
}

/* "gate" is the latest check's. One that has a name, or may run again, is found by more. */
static int link_check_logs(struct task_work *w, const char *id)
{
	const struct paths *p = &w->s->paths;
	const char *name = work_check(w)->name;
	if (name) {
		char *named CLEANUP(freep) = path_gate_log(p, id, name, NULL, 0);
		if (file_link(w->log, named, &w->e))
			return w->e.code;
	}
	if (w->action.task < 0 || !w->s->config->queue_retries)
		return 0;
	char *run CLEANUP(freep) = path_gate_log(p, id, name, w->t.tree.hex, w->t.reds + 1);
	return file_link(w->log, run, &w->e);
}

/* Make the log findable by its task's name. A name that is another task's own is left alone. */
static int make_log(struct task_work *w)
{
	const struct paths *p = &w->s->paths;
	w->log = path_join(w->dir, "log");
	if (file_touch(w->log, &w->e))
		return w->e.code;
	const char *id = w->action.task < 0 ? "preflight" : w->t.id;
	char attempt[32];
	(void)snprintf(attempt, sizeof(attempt), "%" PRId64, w->t.attempt);
	char *latest CLEANUP(freep) = NULL;
	char *numbered CLEANUP(freep) = NULL;
	if (w->action.kind == ACT_AGENT) {
		latest = path_log(p, id, NULL);
		numbered = path_log(p, id, attempt);
	} else if (w->action.kind == ACT_SETUP || w->action.kind == ACT_GATE_SETUP) {
		latest = path_log(p, id, "setup");
	} else if (w->action.kind == ACT_PROBE) {
		latest = path_log(p, id, "probe");
	} else if (w->action.task >= 0 && w->t.proof) { /* the check that failed is kept */
		latest = path_log(p, id, "proof");
	} else {
		latest = path_log(p, id, "gate");
		if (link_check_logs(w, id))
			return w->e.code;
	}
	if (file_link(w->log, latest, &w->e))
		return w->e.code;
	if (work_talks(w) && talk_link(w, w->number_taken ? NULL : attempt))
		return w->e.code;
	/* "3.1.log" may be the log of a task "3.1": then the first attempt of "3" goes without. */
	return numbered && !w->number_taken ? file_link(w->log, numbered, &w->e) : 0;
}

/* A command of ganger.yaml (set-up, check) as a job's command. */
static void plain_command(struct task_work *w, char *const *argv, const struct agent_attempt *a)
{
	VEC(char *) v = {0};
	for (; argv && *argv; argv++)
		VEC_PUSH(&v, mem_strdup(*argv));
	VEC_PUSH(&v, NULL);
	w->command.argv = v.items;
	w->command.envp = agent_env(NULL, a);
	w->command.cwd = mem_strdup(a->worktree);
}

static void fill_limits(struct task_work *w)
{
	const struct config *c = w->s->config;
	struct job_limits *l = &w->spec.limits;
	l->grace_ms = c->limits_grace;
	l->log_bytes = c->limits_log;
	if (w->action.kind == ACT_AGENT) {
		l->timeout_ms = c->limits_timeout;
		l->silence_ms =
			c->limits_silence >= 0 ? c->limits_silence : worker_of(w->s, &w->t)->kind->silence_ms;
	} else if (w->action.kind == ACT_SETUP || w->action.kind == ACT_GATE_SETUP) {
		l->timeout_ms = c->worktree_setup_timeout;
	} else if (w->action.kind == ACT_PROBE) {
		l->timeout_ms = 120000;
	} else {
		int64_t own = work_check(w)->timeout;
		l->timeout_ms = own < 0 ? c->queue_timeout : own;
	}
}

static int fill_command(struct task_work *w, const struct agent_attempt *a)
{
	const struct config *c = w->s->config;
	const struct worker *who = work_worker(w);
	if (w->action.kind == ACT_AGENT && a->token) {
		server_command(w->s, who, a, &w->command);
		return 0;
	}
	if (w->action.kind == ACT_AGENT || w->action.kind == ACT_PROBE)
		return who->kind->command(&who->settings, a, w->action.kind == ACT_PROBE,
					  &w->command, &w->e);
	bool setup = w->action.kind == ACT_SETUP || w->action.kind == ACT_GATE_SETUP;
	plain_command(w, setup ? c->worktree_setup : work_check(w)->run, a);
	return 0;
}

static void fill_spec(struct task_work *w, const struct agent_attempt *a)
{
	static const char *const nothing[] = {NULL};
	w->watch = mem_strdup(a->worktree);
	w->cwd = mem_strdup(w->command.cwd ? w->command.cwd : a->worktree);
	w->spec.number = (uint64_t)w->action.job;
	w->spec.dir = w->dir;
	w->spec.cwd = w->cwd;
	w->spec.argv = w->begun ? nothing : (const char *const *)w->command.argv;
	w->spec.envp = (const char *const *)w->command.envp;
	w->spec.stdin_path = w->command.stdin_path;
	w->spec.log_path = w->log;
	w->spec.watch = w->watch;
	if (work_talks(w) && !w->e.code) {
		w->spec.talks = true;
		w->spec.sweeps = a->token != NULL;
		w->errors = mem_strdup(a->errors_path);
		w->spec.errors_path = w->errors;
	}
	fill_limits(w);
}

/* What lies there when an agent begins is not its own. */
static int note_brought(struct task_work *w)
{
	struct git *g = w->s->git;
	char *path CLEANUP(freep) = path_worktree(&w->s->paths, w->t.slot - 1);
	if (w->s->config->worktree_setup && g->ops->brought(g, path, &w->e))
		return w->e.code;
	return g->ops->watch(g, path, w->busy, &w->e);
}

/* Of what is about to begin: may it, as the settings are now? */
static int check_settings(struct task_work *w)
{
	/* Of a person's branch no other agent may have the conflict. */
	if (w->action.kind == ACT_AGENT && w->t.branch && !w->s->spec.resolver)
		return err_set(&w->e, ERR_INVALID, "agents.resolver is not set any more");
	/* Its pass would be taken for that of the one that was chosen. */
	if (w->is_other_check)
		return err_set(&w->e, ERR_INVALID, "queue.check has changed");
	return 0;
}

static int begin_files(struct task_work *w)
{
	if (dir_make(w->dir, &w->e) || check_settings(w) || make_log(w))
		return w->e.code;
	return w->action.kind == ACT_AGENT && (note_brought(w) || brief_write(w)) ? w->e.code : 0;
}

/*
 * Everything a job needs, off the thread. One that was begun needs nothing but its name: whatever is
 * wrong with the rest by now, it runs, and is not to be left to itself.
 */
static void job_prepare(struct task_work *w)
{
	char *status CLEANUP(freep) = path_join(w->dir, "status");
	w->begun = file_exists(status);
	if (w->begun)
		w->log = path_join(w->dir, "log");
	else if (begin_files(w))
		return;
	if (work_talks(w) && talk_prepare(w) && !w->begun)
		return;
	struct attempt a CLEANUP(attempt_done) = {0};
	attempt_init(w, &a);
	if (w->begun || fill_command(w, &a.a) == 0)
		fill_spec(w, &a.a);
}

static void job_not_begun(struct task_work *w)
{
	struct job_end end = {
		.number = (uint64_t)w->action.job, .how = JOB_NOT_STARTED, .code = w->e.sys};
	(void)snprintf(end.text, sizeof(end.text), "%.200s", w->e.msg);
	job_ended(w->s, &end);
}

/* Back on the thread: hand it over, or say why it could not be. */
static void job_begin(struct work *work)
{
	struct task_work *w = (struct task_work *)work;
	struct supervisor *s = w->s;
	struct job *j = job_find(s, w->action.job);
	s->works--;
	if (w->e.code && !w->begun) {
		job_not_begun(w);
	} else if (j) {
		int stop = j->stop ? j->stop : w->e.code ? JOB_ASK + 1 : 0;
		j->begun = true;
		s->executor->ops->ensure(s->executor, &w->spec);
		if (w->e.code) /* what it was told is not known: it would wait for more */
			supervisor_message(s, "task %s: its agent is ended: %s", w->t.id, w->e.msg);
		else if (work_talks(w))
			j->talker = talk_begin(w);
		if (stop)
			job_stop(s, w->action.job, (enum job_stop)(stop - 1));
	}
	work_free(w);
}

/* Chosen, and not begun, by a supervisor with other settings. */
static bool is_other_check(const struct core *c, const struct task_work *w)
{
	if (w->action.kind != ACT_GATE || w->action.task < 0)
		return false;
	return w->t.check >= c->policy.n_checks ||
	       !streq(c->policy.checks[w->t.check].key, w->t.check_key);
}

void job_send(struct supervisor *s, struct task_work *w)
{
	/* Checks and probes run commands of the project too; attempts know of each other. */
	w->busy = s->core.train.n > 0 && s->config->queue_check;
	for (size_t i = 0; i < s->jobs.n; i++)
		w->busy = w->busy || (s->jobs.items[i].kind != ACT_AGENT &&
				      s->jobs.items[i].kind != ACT_SETUP);
	VEC_PUSH(&s->jobs, ((struct job){.number = w->action.job,
					 .task = w->action.task,
					 .serial = w->action.serial,
					 .kind = w->action.kind}));
	w->dir = path_job(&s->paths, w->action.job);
	w->is_other_check = is_other_check(&s->core, w);
	if (w->action.kind == ACT_AGENT)
		server_need(s, worker_of(s, &w->t));
	if (w->action.task >= 0) {
		char *numbered CLEANUP(freep) = mem_printf("%s.%" PRId64, w->t.id, w->t.attempt);
		w->number_taken = core_find(&s->core, numbered) >= 0;
	}
	bool first_resolver = w->t.resolve && !w->t.resolves; /* there is no log of a conflict */
	if (w->action.kind == ACT_AGENT && w->t.attempt > 1 && !first_resolver) {
		char last[32];
		(void)snprintf(last, sizeof(last), "%" PRId64, w->t.attempt - 1);
		w->old_log = path_log(&s->paths, w->t.id, w->t.red ? "gate" : last);
	}
	w->work.done = job_begin;
	work_defer(w, job_prepare);
}

void job_stop(struct supervisor *s, int64_t number, enum job_stop how)
{
	struct job *j = job_find(s, number);
	if (!j)
		return;
	j->stop = (int)how + 1;
	struct err refused = ERR_INIT; /* it is ended all the same */
	if (j->talker && how == JOB_ASK)
		IGNORE(talker_order(j->talker, AGENT_BREAK, NULL, &refused));
	if (j->begun)
		s->executor->ops->stop(s->executor, (uint64_t)number, how);
}

/* A job of an earlier supervisor that no row names any more: it is ended and forgotten. */
void job_adopt_orphan(struct supervisor *s, int64_t number)
{
	if (job_find(s, number))
		return;
	static const char *const nothing[] = {NULL};
	char *dir CLEANUP(freep) = path_job(&s->paths, number);
	char *status CLEANUP(freep) = path_join(dir, "status");
	if (!file_exists(status)) { /* nothing was ever started there */
		VEC_PUSH(&s->forget, number);
		return;
	}
	VEC_PUSH(&s->jobs,
		 ((struct job){.number = number, .task = -1, .begun = true, .orphan = true}));
	struct job_spec spec = {.number = (uint64_t)number,
				.dir = dir,
				.cwd = dir,
				.argv = nothing,
				.envp = nothing};
	s->executor->ops->ensure(s->executor, &spec);
	s->executor->ops->stop(s->executor, (uint64_t)number, JOB_KILL);
}

void job_started(void *ctx, const struct job_started *started)
{
	struct supervisor *s = ctx;
	const struct job *j = job_find(s, (int64_t)started->number);
	if (!j || j->orphan || j->server)
		return;
	if (started->adopted)
		supervisor_message(s, "adopted process %" PRId64 " of task %s",
				   (int64_t)started->pid,
				   j->task < 0 ? "preflight" : s->core.tasks.items[j->task].id);
	struct core_event ev = {.kind = EV_JOB_STARTED,
				.task = j->task,
				.serial = j->serial,
				.pid = started->pid,
				.pid_start = (int64_t)started->start_time};
	inbox_add(s, &ev, 0);
}

void job_waits(void *ctx, const struct err *why)
{
	supervisor_message(ctx, "%s; %s", why->msg, why->hint);
}

void job_ended(void *ctx, const struct job_end *end)
{
	struct supervisor *s = ctx;
	struct job *j = job_find(s, (int64_t)end->number);
	if (!j)
		return;
	if (j->orphan || j->server) {
		int server = j->server;
		VEC_PUSH(&s->forget, j->number);
		job_drop(s, j);
		if (server)
			server_ended(s, server - 1, end);
		else
			recovery_start(s);
		s->host->wake_in(s->host, 0);
		return;
	}
	bool gate = j->kind == ACT_GATE || j->kind == ACT_GATE_SETUP;
	/* Told in its own protocol, it goes by itself, as others do by a signal. */
	bool stopped = end->how == JOB_EXITED && j->talker && talker_is_stopped(j->talker);
	struct core_event ev = {.kind = EV_JOB_ENDED,
				.task = j->task,
				.serial = j->serial,
				.how = stopped ? JOB_STOPPED : end->how,
				.code = end->code,
				.started_ms = end->started_ms,
				.ended_ms = end->ended_ms,
				.m = gate && end->code && (s->full || disk_is_full(s)),
				.n = end->left_over,
				.stay = end->unkillable,
				.text = end->text};
	if (end->unkillable)
		supervisor_message(s, "%s: %s; nobody else is given its worktree",
				   j->task < 0 ? "the run" : s->core.tasks.items[j->task].id,
				   end->text);
	/* An agent's folder is wanted until its work is collected. */
	inbox_add(s, &ev, j->kind == ACT_AGENT ? 0 : j->number);
	if (j->kind == ACT_AGENT && s->started && s->tracker->ops->agents_write)
		supervisor_look(s);
	job_drop(s, j);
}
