/*
 * Runs one attempt as the supervisor would, but nothing around it: the kind's command line and
 * environment in the current folder, a worktree, and its verdict in lines "name=value".
 *
 *   agent-drive [-p PRESET] [-c COMMAND] [-k KIND] [-e NAME[=VALUE]]... [-l PATTERN]...
 *               [-r RULE]... [-t DURATION] [-P] FOLDER
 *
 * FOLDER has the prompt, and gets log and result. A kind that talks is talked to, with the command
 * that its preset has for that. -P runs the probe. Over -t (60s) the
 * program's group is killed, as by a time limit; one that does not end with its input is asked to.
 */
#include "base/child.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/presets.h"
#include "port/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* As limits.grace. */
#define GRACE_MS 2000

typedef VEC(const char *) texts;

struct drive {
	struct agent_settings settings;
	struct agent_attempt attempt;
	const struct config_preset *preset; /* or NULL */
	bool own_command;
	texts env, limits, rules;
	int timeout_ms;
	bool probe;
};

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "agent-drive: %s\n", what);
	exit(99);
}

static const char *const *shell(const char *text)
{
	const char **argv = mem_alloc(4 * sizeof(*argv));

	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = text;
	return argv;
}

static void add_texts(texts *v, const char *const *more)
{
	for (; more && *more; more++)
		VEC_PUSH(v, *more);
}

static void use_preset(struct drive *d, const char *name)
{
	const struct config_preset *p = config_preset_find(name);

	if (!p)
		die("there is no such preset");
	d->preset = p;
	d->settings.name = name;
	d->settings.command = shell(p->command);
	d->settings.probe = p->probe ? shell(p->probe) : NULL;
	add_texts(&d->env, p->env);
	add_texts(&d->limits, p->pause_on);
}

static void use_command(struct drive *d, const char *command)
{
	d->settings.command = shell(command);
	d->own_command = true;
}

static int time_limit(const char *text)
{
	int64_t ms;

	if (duration_parse(str_of(text), &ms, NULL) || ms < 1 || ms > 3600000)
		die("-t takes a duration of at most 1h");
	return (int)ms;
}

static void options(struct drive *d, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "p:c:k:e:l:r:t:P")) != -1) {
		if (c == 'p')
			use_preset(d, optarg);
		else if (c == 'c')
			use_command(d, optarg);
		else if (c == 'k')
			d->settings.kind = optarg;
		else if (c == 'e')
			VEC_PUSH(&d->env, optarg);
		else if (c == 'l')
			VEC_PUSH(&d->limits, optarg);
		else if (c == 'r')
			VEC_PUSH(&d->rules, optarg);
		else if (c == 't')
			d->timeout_ms = time_limit(optarg);
		else if (c == 'P')
			d->probe = true;
		else
			exit(99);
	}
	if (optind + 1 != argc)
		die("no folder");
	VEC_PUSH(&d->env, NULL);
	VEC_PUSH(&d->limits, NULL);
	VEC_PUSH(&d->rules, NULL);
	d->settings.permissions = d->rules.items;
	d->settings.env = d->env.items;
	d->settings.pause_on = d->limits.items;
}

static char *git_dir(void)
{
	const char *const argv[] = {"git", "rev-parse", "--absolute-git-dir", NULL};
	struct child_result r;
	char *dir;

	if (child_ok(&(struct child_spec){.argv = argv}, &r, NULL))
		die("this is no worktree");
	dir = mem_strndup(r.out.p, str_trim(buf_str(&r.out)).n);
	child_result_done(&r);
	return dir;
}

static void fill_attempt(struct agent_attempt *a, const char *folder)
{
	*a = (struct agent_attempt){
		.epic = "e",
		.task = "1",
		.title = "A task",
		.attempt = 1,
		.branch = "ganger/e/1",
		.epic_branch = "epic/e",
		.base = "main",
		.root = "/nonexistent",
		.repository = "repo",
		.worktree = getcwd(NULL, 0),
		.git_dir = git_dir(),
		.prompt_path = path_join(folder, "prompt"),
		.result_path = path_join(folder, "result"),
		.log_path = path_join(folder, "log"),
		.errors_path = path_join(folder, "errors"),
	};
}

/* Its standard streams: in, out, and where its errors go. */
static pid_t start(const struct agent_command *c, int in, const char *log, const char *errors)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND;
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	pid_t pid = 0;
	int rc;

	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	(void)posix_spawn_file_actions_adddup2(&fa, in, 0);
	(void)posix_spawn_file_actions_addopen(&fa, 1, log, flags, 0600);
	(void)posix_spawn_file_actions_addopen(&fa, 2, errors, flags, 0600);
	(void)posix_spawn_file_actions_addchdir_np(&fa, c->cwd);
	rc = posix_spawnp(&pid, c->argv[0], &fa, &attr, c->argv, c->envp);
	(void)posix_spawn_file_actions_destroy(&fa);
	if (rc)
		die(strerror(rc));
	(void)close(in);
	return pid;
}

/* A talk under way: what is said goes down a pipe, what is written is read from the log. */
struct talking {
	struct agent_talk *talk; /* NULL: it is not talked to */
	int in, log, grown;      /* -1: none; grown tells of changes of the log */
};

static void on_say(void *ctx, uint64_t nth, struct str input)
{
	struct talking *t = ctx;

	(void)nth;
	/* Who does not listen any more is judged by what it has said. */
	if (input.n && write(t->in, input.p, input.n) != (ssize_t)input.n)
		input.n = 0;
	if (!input.n)
		closep(&t->in);
	if (!input.n)
		t->in = -1;
}

static void listen_to(struct talking *t)
{
	char part[65536];
	ssize_t n;

	while (t->grown >= 0 && read(t->grown, part, sizeof(part)) > 0)
		;
	while (t->talk && (n = read(t->log, part, sizeof(part))) > 0)
		agent_talk_output(t->talk, (struct str){part, (size_t)n});
}

static int talk_begin(struct talking *t, const struct drive *d, const struct agent_kind *kind)
{
	const struct agent_talk_to to = {.ctx = t, .say = on_say};
	struct buf prompt = BUF_INIT;
	struct err e = ERR_INIT;
	int fds[2];

	(void)signal(SIGPIPE, SIG_IGN);
	if (pipe2(fds, O_CLOEXEC) < 0 || file_touch(d->attempt.log_path, &e) ||
	    file_read(d->attempt.prompt_path, 1 << 20, &prompt, &e))
		die(e.msg);
	t->in = fds[1];
	t->log = open(d->attempt.log_path, O_RDONLY | O_CLOEXEC);
	t->grown = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (t->log < 0 || inotify_add_watch(t->grown, d->attempt.log_path, IN_MODIFY) < 0)
		die("could not watch the log");
	t->talk = agent_talk_new(kind, &d->settings, &d->attempt, buf_str(&prompt), &to);
	return fds[0];
}

static struct job_end await(pid_t pid, struct talking *t, int timeout_ms)
{
	int fd CLEANUP(closep) = pidfd_open(pid, 0);
	struct pollfd p[] = {
		{.fd = fd,       .events = POLLIN},
                {.fd = t->grown, .events = POLLIN}
        };
	struct job_end end = {.how = JOB_EXITED};
	int64_t until = clock_now().mono_ms + timeout_ms, left, asked_at = 0;
	bool is_talk = t->talk != NULL;
	int status = 0;

	if (fd < 0)
		die("could not watch it");
	while ((left = until - clock_now().mono_ms) > 0 && !p[0].revents) {
		if (asked_at && asked_at - clock_now().mono_ms < left)
			left = asked_at - clock_now().mono_ms;
		(void)poll(p, 2,
			   left > 0 ? (int)left : 0); /* that it was long enough is asked above */
		listen_to(t);
		if (is_talk && t->in < 0 && !asked_at)
			asked_at = clock_now().mono_ms + GRACE_MS;
		if (asked_at && asked_at <= clock_now().mono_ms) {
			(void)kill(-pid, SIGTERM);
			asked_at = INT64_MAX;
		}
	}
	if (!p[0].revents)
		end.how = JOB_TIMEOUT;
	if (end.how == JOB_TIMEOUT)
		(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	if (end.how == JOB_EXITED && WIFSIGNALED(status)) {
		end.how = asked_at ? JOB_EXITED : JOB_SIGNALED;
		end.code = asked_at ? 128 + WTERMSIG(status) : WTERMSIG(status);
	} else if (end.how == JOB_EXITED) {
		end.code = WEXITSTATUS(status);
	}
	return end;
}

/* With what its standard input is; a probe has none. */
static struct job_end
run(const struct drive *d, const struct agent_kind *kind, const struct agent_command *c)
{
	struct talking t = {.in = -1, .log = -1, .grown = -1};
	bool talks = kind->talk && !d->probe;
	int in = talks ? talk_begin(&t, d, kind)
		       : open(c->stdin_path ? c->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
	const char *errors = talks ? d->attempt.errors_path : d->attempt.log_path;
	struct job_end end;

	if (in < 0)
		die("could not open its standard input");
	end = await(start(c, in, d->attempt.log_path, errors), &t, d->timeout_ms);
	if (t.talk)
		agent_talk_free(t.talk);
	return end;
}

static void report(const struct job_end *end, const struct agent_verdict *v)
{
	static const char *const hows[] = {
		[JOB_EXITED] = "exited", [JOB_SIGNALED] = "signaled", [JOB_TIMEOUT] = "timeout"};
	static const char *const results[] = {
		[AGENT_DONE] = "done",
		[AGENT_NOTHING] = "nothing",
		[AGENT_LATER] = "later",
		[AGENT_FAILED] = "failed",
	};

	printf("how=%s\ncode=%d\nresult=%s\nreason=%s\nlimit=%d\nuntil=%lld\nin=%lld\nout=%lld\n"
	       "cost=%g\n",
	       hows[end->how], end->code, results[v->result], v->reason, v->provider_limit,
	       (long long)v->until_ms / 1000, (long long)v->tokens_in, (long long)v->tokens_out,
	       v->cost_usd);
}

int main(int argc, char **argv)
{
	static struct drive d = {.settings = {.name = "drive", .kind = "command"}, /* kept to the end */
				 .timeout_ms = 60000};
	struct agent_command c = {0};
	struct agent_verdict v = {0};
	struct err e = ERR_INIT;
	const struct agent_kind *kind;
	struct job_end end;

	options(&d, argc, argv);
	fill_attempt(&d.attempt, argv[optind]);
	kind = agent_kind_find(d.settings.kind);
	if (!kind)
		die("there is no such kind");
	if (kind->talk && d.preset && d.preset->talk_command && !d.own_command)
		d.settings.command = shell(d.preset->talk_command);
	if (kind->command(&d.settings, &d.attempt, d.probe, &c, &e))
		die(e.msg);
	end = run(&d, kind, &c);
	if (agent_judge(kind, &d.settings, &d.attempt, &end, clock_now().wall_ms, &v, &e))
		die(e.msg);
	report(&end, &v);
	agent_command_done(&c);
	return 0;
}
