#include "run/servers.h"

#include "base/clean.h"
#include "base/file.h"
#include "run/supervisor-impl.h"
#include "shim/connect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Numbers of the core's jobs are below. */
#define SERVER_JOBS  (INT64_C(1) << 40)
/* One that lives no longer is taken to be unable to. */
#define QUICK_MS     5000
#define FAILURES_MAX 3
#define SAID_MAX     400 /* of its log, where it cannot be started */
#define TOKEN_BYTES  16
/* Whose it is, in its folder. */
#define SERVER_AGENT "agent"

/* ---- what it has ---- */

static int token_draw(const char *path, struct buf *ret, struct err *e)
{
	unsigned char bytes[TOKEN_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(e, "could not draw a token");
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_printf(ret, "%02x", bytes[i]);
	return file_write(path, buf_str(ret), false, e);
}

int server_init(struct supervisor *s, int worker, struct err *e)
{
	const struct worker *w = &s->workers[worker];
	struct server *v = &s->servers[worker];
	struct buf token CLEANUP(buf_done) = {.max = 4096};
	char *path CLEANUP(freep) = NULL;
	int rc;

	if (!w->kind->serving)
		return err_set(e, ERR_INVALID, "agents.%s.server: kind '%s' cannot share a server",
			       w->settings.name, w->kind->name);
	v->place = mem_printf("%s/server-%d", s->paths.epic_dir, worker);
	path = mem_printf("%s.token", v->place);
	rc = file_exists(path) ? file_read(path, token.max, &token, e)
			       : token_draw(path, &token, e);
	v->token = mem_strdup(buf_cstr(&token));
	return rc;
}

void servers_done(struct supervisor *s)
{
	for (int i = 0; i < s->n_workers; i++) {
		free(s->servers[i].place);
		free(s->servers[i].token);
	}
}

void server_command(const struct supervisor *s,
		    const struct worker *who,
		    const struct agent_attempt *a,
		    struct agent_command *ret)
{
	const struct agent_serving *k = who->kind->serving;
	VEC(char *) v = {0};

	VEC_PUSH(&v, mem_strdup(s->spec.shim));
	VEC_PUSH(&v, mem_strdup("--connect"));
	VEC_PUSH(&v, mem_strdup(s->servers[who - s->workers].place));
	VEC_PUSH(&v, mem_strdup(k->port_after));
	for (const char *const *m = k->noise; *m; m++)
		VEC_PUSH(&v, mem_strdup(*m));
	VEC_PUSH(&v, NULL);
	*ret = (struct agent_command){.argv = v.items,
				      .envp = agent_env(&who->settings, a),
				      .cwd = mem_strdup(a->worktree)};
}

/* ---- starting ---- */

/* What it is given is the run's, not a task's. */
static int fill(const struct supervisor *s,
		const struct worker *who,
		const char *dir,
		struct agent_command *ret,
		struct err *e)
{
	const struct agent_serving *k = who->kind->serving;
	struct agent_settings settings = who->settings;
	char *prompt CLEANUP(freep) = path_join(dir, "prompt"); /* there is none */
	const struct agent_attempt a = {
		.epic = s->spec.epic,
		.epic_branch = s->epic_branch,
		.base = s->core.run.base,
		.root = s->spec.place->root,
		.repository = s->paths.repository,
		.worktree = dir,
		.git_dir = s->spec.place->common_dir,
		.prompt_path = prompt,
		.tracker_env = (const char *const *)s->tracker_env,
		.no_name = !s->spec.place->user_name,
		.no_email = !s->spec.place->user_email,
	};
	VEC(char *) env = {0};

	settings.cwd = NULL; /* that is for its sessions */
	if (who->kind->command(&settings, &a, false, ret, e))
		return e->code;
	for (char **p = ret->envp; *p; p++)
		VEC_PUSH(&env, *p);
	VEC_PUSH(&env, mem_printf("GANGER_SERVE=%s", k->arguments));
	VEC_PUSH(&env, mem_printf("%s=%s", k->token_variable, s->servers[who - s->workers].token));
	VEC_PUSH(&env, NULL);
	free(ret->envp);
	ret->envp = env.items;
	return 0;
}

static void add_job(struct supervisor *s, int worker, int64_t number)
{
	s->servers[worker].job = number;
	s->servers[worker].since_mono = s->host->now(s->host).mono_ms;
	VEC_PUSH(&s->jobs,
		 ((struct job){.number = number, .task = -1, .begun = true, .server = worker + 1}));
}

/* Its folder, found by those who connect once all is in it. */
static int make_folder(const struct supervisor *s, int worker, const char *dir, struct err *e)
{
	const char *name = s->workers[worker].settings.name;
	char *agent CLEANUP(freep) = path_join(dir, SERVER_AGENT);
	char *log CLEANUP(freep) = path_join(dir, CONNECT_LOG);
	char *shown CLEANUP(freep) = path_log(&s->paths, name, "server");

	if (dir_make(dir, e) || file_write(agent, str_of(name), false, e) || file_touch(log, e) ||
	    file_link(log, shown, e))
		return e->code;
	return file_write(s->servers[worker].place, str_of(dir), false, e);
}

static void give_up(struct supervisor *s, int worker, const char *why)
{
	const struct worker *who = &s->workers[worker];
	char *log CLEANUP(freep) = path_log(&s->paths, who->settings.name, "server");
	struct buf said CLEANUP(buf_done) = {.max = SAID_MAX + 1},
			text CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT; /* it is for people, and there may be none */

	IGNORE(file_tail(log, SAID_MAX, &said, &none));
	buf_printf(&text, "%cthe server of agent '%s' could not be started: %s", CONNECT_NONE,
		   who->settings.name, why);
	if (said.n)
		buf_printf(&text, "\n%s", buf_cstr(&said));
	s->servers[worker].job = 0;
	s->servers[worker].failures = 0;
	supervisor_message(s, "the server of agent '%s' could not be started: %s",
			   who->settings.name, why);
	/* Where not even this can be written, those who wait are ended by their limits. */
	IGNORE(file_write(s->servers[worker].place, buf_str(&text), false, &none));
}

static void start(struct supervisor *s, int worker)
{
	int64_t number = s->last_server < SERVER_JOBS ? SERVER_JOBS : s->last_server + 1;
	char *dir CLEANUP(freep) = path_job(&s->paths, number);
	char *log CLEANUP(freep) = path_join(dir, CONNECT_LOG);
	struct agent_command c = {0};
	struct err e = ERR_INIT;

	s->last_server = number;
	if (make_folder(s, worker, dir, &e) || fill(s, &s->workers[worker], dir, &c, &e)) {
		give_up(s, worker, e.msg);
		return;
	}
	/* No cap: its log's beginning says where it is found. Of what it does, others tell. */
	const struct job_spec spec = {.number = (uint64_t)number,
				      .dir = dir,
				      .cwd = dir,
				      .argv = (const char *const *)c.argv,
				      .envp = (const char *const *)c.envp,
				      .log_path = log,
				      .limits = {.grace_ms = s->config->limits_grace}};
	add_job(s, worker, number);
	s->executor->ops->ensure(s->executor, &spec);
	agent_command_done(&c);
}

/* ---- its life ---- */

/* Attempts that have it, or wait for it. Those of an earlier supervisor are there once it is open. */
static bool is_needed(const struct supervisor *s, int worker)
{
	for (size_t i = 0; i < s->jobs.n; i++) {
		const struct job *j = &s->jobs.items[i];

		if (j->kind == ACT_AGENT && j->task >= 0 &&
		    worker_of(s, &s->core.tasks.items[j->task]) == &s->workers[worker])
			return true;
	}
	return false;
}

void server_need(struct supervisor *s, const struct worker *who)
{
	int worker = (int)(who - s->workers);

	if (s->servers[worker].place && !s->servers[worker].job)
		start(s, worker);
}

void servers_settle(struct supervisor *s)
{
	for (int i = 0; i < s->n_workers && s->opened; i++) {
		int64_t number = s->servers[i].job;

		if (!number || is_needed(s, i))
			continue;
		s->servers[i].job = s->servers[i].failures = 0;
		s->executor->ops->stop(s->executor, (uint64_t)number, JOB_ASK);
	}
}

void server_ended(struct supervisor *s, int worker, const struct job_end *end)
{
	struct server *v = &s->servers[worker];
	int64_t lived = s->host->now(s->host).mono_ms - v->since_mono;

	if (v->job != (int64_t)end->number)
		return; /* as it was told to */
	v->job = 0;
	v->failures = lived < QUICK_MS ? v->failures + 1 : 1;
	if (!is_needed(s, worker))
		return;
	if (v->failures >= FAILURES_MAX || end->how == JOB_NOT_STARTED) {
		give_up(s, worker, end->text[0] ? end->text : "it ended at once");
		return;
	}
	supervisor_message(
		s, "the server of agent '%s' died: it is started again, and its sessions go on",
		s->workers[worker].settings.name);
	start(s, worker);
}

/* ---- after a crash of ours ---- */

static bool holds(const char *path, const char *text)
{
	struct buf b CLEANUP(buf_done) = {.max = 4096};
	struct err none = ERR_INIT; /* then it does not */

	return file_read(path, b.max, &b, &none) == 0 && streq(buf_cstr(&b), text);
}

/* The one that those who wait go to; one that was told to end is not. */
static bool is_of(const struct supervisor *s, int worker, const char *dir)
{
	char *agent CLEANUP(freep) = path_join(dir, SERVER_AGENT);

	return s->servers[worker].place && holds(s->servers[worker].place, dir) &&
	       holds(agent, s->workers[worker].settings.name);
}

bool server_adopt(struct supervisor *s, int64_t number)
{
	static const char *const nothing[] = {NULL};
	char *dir CLEANUP(freep) = path_job(&s->paths, number);
	char *log CLEANUP(freep) = path_join(dir, CONNECT_LOG);
	char *status CLEANUP(freep) = path_join(dir, "status");
	int worker = 0;

	if (number < SERVER_JOBS)
		return false;
	if (s->last_server < number)
		s->last_server = number;
	while (worker < s->n_workers && !is_of(s, worker, dir))
		worker++;
	if (worker == s->n_workers || !file_exists(status))
		return false;
	add_job(s, worker, number);
	s->executor->ops->ensure(s->executor, &(struct job_spec){.number = (uint64_t)number,
								 .dir = dir,
								 .cwd = dir,
								 .argv = nothing,
								 .envp = nothing,
								 .log_path = log});
	return true;
}
