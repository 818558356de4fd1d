#include "ui/cli/supervise.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "run/paths.h"
#include "run/supervisor.h"
#include "run/view.h"
#include "ui/progress.h"
#include "ui/result.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_VARIABLE "GANGER_READY_FD"

int supervise_ready_fd(void)
{
	int64_t fd = -1;
	const char *text = getenv(READY_VARIABLE);
	if (!text || !str_i64(str_of(text), &fd) || fd < 3 || fd > 1 << 20)
		return -1;
	(void)unsetenv(READY_VARIABLE); /* agents have no use for it */
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return (int)fd;
}

/* From the journal, which has all that the supervisor knew. */
static void print_result(struct cli *c, const struct supervise *s)
{
	struct view v CLEANUP(view_done) = {0};
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (view_open(&c->place, &c->config, s->epic, &v, &e)) {
		cli_warn(c, "%s", e.msg);
		return;
	}
	if (s->quiet) {
		cli_print_json(c, result_json(&v.core, s->epic));
		return;
	}
	if (s->no_agent && core_exit_code(&v.core) == 0)
		return; /* 'finish' itself says what comes next */
	struct report_spec report = view_report(&v);
	buf_putc(&text, '\n');
	result_text(&text, &report);
	cli_print_buf(c, &text);
}

/* What may be done where no agent is set. */
enum without_agent {
	NOTHING,
	WHAT_IS_QUEUED, /* branches that people submitted: no agent is what they have */
	WHAT_HAS_ENDED, /* to say so, unless something was added to it */
};

static enum without_agent without_agent(struct cli *c, const char *epic)
{
	struct view v CLEANUP(view_done) = {0};
	struct err none = ERR_INIT; /* no run yet: there is nothing */
	if (c->config.agents.n || c->config.agent || cli_value(c, "agent") ||
	    view_open(&c->place, &c->config, epic, &v, &none))
		return NOTHING;
	/* Only with the agent that it was begun with can an attempt be brought to its end. */
	if (v.core.live)
		return NOTHING;
	bool ended = v.core.run.state == RUN_ENDED, queued = false;
	for (size_t i = 0; i < v.core.tasks.n; i++) {
		const struct task *t = &v.core.tasks.items[i];
		queued = queued || t->branch;
		/* What others need that failed, or what is not ours, stays as it is. */
		ended = ended && (t->state == TASK_BLOCKED ||
				  task_state_flags((enum task_state)t->state) & F_SETTLED);
	}
	if (queued)
		return WHAT_IS_QUEUED;
	return ended ? WHAT_HAS_ENDED : NOTHING;
}

/* Has something come to an ended epic that an agent is wanted for? */
static bool wants_agent(struct cli *c, const char *epic)
{
	struct view v CLEANUP(view_done) = {0};
	struct err none = ERR_INIT; /* it was run just now */
	if (view_open(&c->place, &c->config, epic, &v, &none))
		return false;
	for (size_t i = 0; i < v.core.tasks.n; i++) {
		const struct task *t = &v.core.tasks.items[i];
		if (!t->outside && (t->state == TASK_READY || t->state == TASK_WAITING))
			return true;
	}
	return false;
}

static int find_agents(struct cli *c,
		       const struct config_agent **agent,
		       const struct config_agent **resolver,
		       struct err *e)
{
	int rc = config_agent(&c->config, cli_value(c, "agent"), agent, e);
	if (rc || config_resolver(&c->config, resolver, e))
		return e->code;
	return config_for_some(&c->config, e);
}

bool cli_wait(struct cli *c, struct err *e)
{
	int64_t left = e->until_ms - clock_now().wall_ms;
	if (e->code != ERR_BUSY || left <= 0)
		return false;
	cli_warn(c, "%s; waiting", e->msg);
	/* By the wall clock, which may be set meanwhile. */
	while ((left = e->until_ms - clock_now().wall_ms) > 0)
		(void)poll(NULL, 0, left < 60000 ? (int)left : 60000);
	*e = (struct err)ERR_INIT;
	return true;
}

/* To its end. Where it cannot begin yet, and it is known when it can, that is waited for. */
static int run_watched(struct cli *c,
		       const struct supervise *s,
		       struct supervisor_spec *spec,
		       int *ret_exit,
		       struct err *e)
{
	struct progress_options watched = {
		.epic = s->epic,
		.place = &c->place,
		.config = &c->config,
		.events = s->quiet ? stderr : stdout,
		.messages = stderr,
		.board = !s->quiet,
		.colour = c->colour_out,
	};
	int rc;
	do {
		struct progress *progress = progress_new(&watched, &spec->observer);
		rc = supervisor_run(spec, ret_exit, e);
		progress_free(progress);
	} while (rc && cli_wait(c, e));
	return rc;
}

int supervise(struct cli *c, const struct supervise *s)
{
	struct err e = ERR_INIT;
	const struct config_agent *agent = NULL, *resolver = NULL;
	char *shim CLEANUP(freep) = NULL;
	int exit_code = 0;
	if (c->parts->shim_path(&shim, &e))
		return cli_fail(c, &e);
	enum without_agent without = s->no_agent ? NOTHING : without_agent(c, s->epic);
	if (without == WHAT_IS_QUEUED)
		cli_warn(c, "no agent is set: what is in the queue lands, nothing else is begun");
	if (!s->no_agent && without == NOTHING && find_agents(c, &agent, &resolver, &e))
		return cli_fail(c, &e);
	struct supervisor_spec spec = {
		.epic = s->epic,
		.place = &c->place,
		.config = &c->config,
		.agent = agent,
		.resolver = resolver,
		.parts = c->parts,
		.shim = shim,
		.allow_red = s->allow_red,
		.ready_fd = supervise_ready_fd(),
		.ret_stopped = s->ret_stopped,
	};
	if (run_watched(c, s, &spec, &exit_code, &e))
		return cli_fail(c, &e);
	if (without == WHAT_HAS_ENDED && wants_agent(c, s->epic) &&
	    find_agents(c, &agent, &resolver, &e))
		return cli_fail(c, &e);
	if (!s->no_result)
		print_result(c, s);
	return exit_code;
}

static char **child_argv(struct cli *c, const char *const *args)
{
	VEC(char *) v = {0};
	VEC_PUSH(&v, mem_strdup("ganger"));
	VEC_PUSH(&v, mem_strdup("-C"));
	VEC_PUSH(&v, mem_strdup(c->place.root));
	for (size_t i = 0; i < c->overrides.n; i++) {
		VEC_PUSH(&v, mem_strdup("-c"));
		VEC_PUSH(&v, mem_strdup(c->overrides.items[i]));
	}
	for (; *args; args++)
		VEC_PUSH(&v, mem_strdup(*args));
	VEC_PUSH(&v, NULL);
	return v.items;
}

static void argv_free(char **argv)
{
	for (char **p = argv; *p; p++)
		free(*p);
	free(argv);
}

/* In a session of its own, so that neither Ctrl-C nor the terminal's end reaches it. */
static int spawn_self(char **argv, pid_t *ret, struct err *e)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	(void)posix_spawn_file_actions_init(&files); /* both cannot fail here: glibc allocates late */
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	int rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn(ret, "/proc/self/exe", &files, &attr, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	errno = rc;
	return rc ? err_sys(e, "could not start the supervisor") : 0;
}

static int wait_ready(struct cli *c, int ready, pid_t pid, const char *epic)
{
	char byte = 0;
	ssize_t n;
	while ((n = read(ready, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n != 1) { /* it has said why, on our standard error */
		int status = 0;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : CLI_ENVIRONMENT;
	}
	struct paths p CLEANUP(paths_done) = {0};
	paths_find(&c->place, epic, c->config.worktree_dir, &p);
	char *word CLEANUP(freep) = shell_word(epic);
	cli_print(c, "pid %d\nlog %s\nwatch with 'ganger top %s', wait with 'ganger wait %s'\n",
		  (int)pid, p.run_log, word, word);
	return CLI_OK;
}

int supervise_detached(struct cli *c, const char *epic, const char *const *args)
{
	struct err e = ERR_INIT;
	int ends[2];
	pid_t pid = 0;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		(void)err_sys(&e, "could not make a pipe");
		return cli_fail(c, &e);
	}
	int ready CLEANUP(closep) = ends[0], child CLEANUP(closep) = ends[1];
	char *number CLEANUP(freep) = mem_printf("%d", child);
	(void)fcntl(child, F_SETFD, 0); /* this one is inherited; it cannot fail on a live one */
	(void)setenv(READY_VARIABLE, number, 1);
	char **argv = child_argv(c, args);
	int rc = spawn_self(argv, &pid, &e);
	argv_free(argv);
	(void)unsetenv(READY_VARIABLE);
	closep(&child);
	child = -1;
	return rc ? cli_fail(c, &e) : wait_ready(c, ready, pid, epic);
}
