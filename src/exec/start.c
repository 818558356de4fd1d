#include "exec/start.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "exec/cgroup.h"
#include "exec/record.h"
#include "exec/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>

/* A start under way. Descriptors are -1 where closed. */
struct start {
	const struct start_env *env;
	const struct job_spec *s;
	char *cgroup;
	bool made_dir;
	int status_fd, stdin_fd, log_fd, errors_fd, input_fd;
};

static void start_done(struct start *st)
{
	closep(&st->status_fd);
	closep(&st->stdin_fd);
	closep(&st->log_fd);
	closep(&st->errors_fd);
	closep(&st->input_fd);
	free(st->cgroup);
}

/* Take back what was made, as nothing runs. Errors here leave an empty folder at worst. */
static void start_undo(struct start *st)
{
	char *path CLEANUP(freep) = path_join(st->s->dir, STATUS_NAME);

	cgroup_leaf_remove(st->cgroup);
	if (st->status_fd >= 0)
		(void)unlink(path);
	if (st->input_fd >= 0)
		exec_talk_unlink(st->s->dir);
	if (st->made_dir)
		(void)rmdir(st->s->dir);
}

static int open_high(const char *path, int flags, struct err *e)
{
	int fd = fd_above_standard(open(path, flags | O_CLOEXEC, 0600));

	return fd < 0 ? err_sys(e, "could not open '%s'", path) : fd;
}

static int files_open(struct start *st, struct err *e)
{
	const char *input = st->s->stdin_path ? st->s->stdin_path : "/dev/null";

	st->stdin_fd = open_high(input, O_RDONLY, e);
	if (st->stdin_fd < 0)
		return st->stdin_fd;
	st->log_fd = open_high(st->s->log_path, O_WRONLY | O_APPEND | O_CREAT, e);
	if (st->log_fd < 0)
		return st->log_fd;
	if (st->s->errors_path)
		st->errors_fd = open_high(st->s->errors_path, O_WRONLY | O_APPEND | O_CREAT, e);
	if (st->errors_fd < 0 && st->s->errors_path)
		return st->errors_fd;
	return st->s->talks ? exec_talk_listen(st->s->dir, &st->input_fd, e) : 0;
}

/* The shim's arguments; each string is the caller's, and so is the array. */
static char **arguments(const struct start *st)
{
	const struct job_limits *l = &st->s->limits;
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{"number",     (int64_t)st->s->number},
                {"status-fd",  st->status_fd         },
		{"ready-fd",   st->env->ready_fd     },
                {"timeout-ms", l->timeout_ms         },
		{"silence-ms", l->silence_ms         },
                {"grace-ms",   l->grace_ms           },
		{"bound-ms",   st->env->bound_ms     },
                {"log-bytes",  l->log_bytes          },
	};
	VEC(char *) v = {0};

	VEC_PUSH(&v, mem_strdup(st->env->shim));
	VEC_PUSH(&v, mem_strdup("--job"));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		VEC_PUSH(&v, mem_printf("--%s=%lld", numbers[i].name, (long long)numbers[i].value));
	VEC_PUSH(&v, mem_printf("--cwd=%s", st->s->cwd));
	if (st->input_fd >= 0)
		VEC_PUSH(&v, mem_printf("--input-fd=%d", st->input_fd));
	if (st->s->watch)
		VEC_PUSH(&v, mem_printf("--watch=%s", st->s->watch));
	if (st->cgroup)
		VEC_PUSH(&v, mem_printf("--cgroup=%s", st->cgroup));
	VEC_PUSH(&v, mem_strdup("--"));
	for (size_t i = 0; st->s->argv[i]; i++)
		VEC_PUSH(&v, mem_strdup(st->s->argv[i]));
	VEC_PUSH(&v, NULL);
	return v.items;
}

static void arguments_free(char **argv)
{
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static bool names_job(const char *variable)
{
	const size_t n = sizeof(START_JOB_VARIABLE) - 1;

	return !strncmp(variable, START_JOB_VARIABLE, n) && variable[n] == '=';
}

/* The program's environment: as given, with our variable last. The array is the caller's. */
static char **environment(const struct start *st, const char *variable)
{
	VEC(const char *) v = {0};

	for (const char *const *p = st->s->envp; p && *p; p++) {
		if (!names_job(*p))
			VEC_PUSH(&v, *p);
	}
	VEC_PUSH(&v, variable);
	VEC_PUSH(&v, NULL);
	return (char **)v.items;
}

/* Standard descriptors in place; the others keep their numbers and lose close-on-exec. */
static int set_actions(posix_spawn_file_actions_t *fa, const struct start *st)
{
	int rc = posix_spawn_file_actions_adddup2(fa, st->stdin_fd, 0);

	rc = rc ? rc : posix_spawn_file_actions_adddup2(fa, st->log_fd, 1);
	rc = rc ? rc
		: posix_spawn_file_actions_adddup2(
			  fa, st->errors_fd >= 0 ? st->errors_fd : st->log_fd, 2);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(fa, st->status_fd, st->status_fd);
	if (st->input_fd >= 0)
		rc = rc ? rc : posix_spawn_file_actions_adddup2(fa, st->input_fd, st->input_fd);
	return rc ? rc : posix_spawn_file_actions_adddup2(fa, st->env->ready_fd, st->env->ready_fd);
}

/*
 * A session of its own, and every signal blocked from its first instruction on: what is sent to
 * it before it is ready is kept, and the terminal's signals never reach it.
 */
static int set_attributes(posix_spawnattr_t *attr)
{
	const short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t all;
	int rc;

	sigfillset(&all);
	rc = posix_spawnattr_setsigmask(attr, &all);
	rc = rc ? rc : posix_spawnattr_setsigdefault(attr, &all);
	return rc ? rc : posix_spawnattr_setflags(attr, flags);
}

/* Returns 0 or errno. */
static int spawn_with(const struct start *st, char **argv, char **envp, pid_t *ret_pid)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&fa);

	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (!rc) {
		rc = set_actions(&fa, st);
		rc = rc ? rc : set_attributes(&attr);
		rc = rc ? rc : posix_spawn(ret_pid, st->env->shim, &fa, &attr, argv, envp);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&fa);
	return rc;
}

static int spawn_shim(const struct start *st, pid_t *ret_pid, struct err *e)
{
	char *variable CLEANUP(freep) = mem_printf(START_JOB_VARIABLE "=%s", st->s->dir);
	char **envp CLEANUP(freep) = environment(st, variable);
	char **argv = arguments(st);

	errno = spawn_with(st, argv, envp, ret_pid);
	arguments_free(argv);
	return errno ? err_sys(e, "could not start '%s'", st->env->shim) : 0;
}

static int start_steps(struct start *st, pid_t *ret_pid, struct err *e)
{
	int rc;

	st->made_dir = !file_exists(st->s->dir);
	rc = dir_make(st->s->dir, e);
	if (!rc)
		rc = record_create(st->s->dir, &st->status_fd, e);
	if (!rc)
		rc = files_open(st, e);
	if (rc)
		return rc;
	if (st->env->cgroup_base)
		st->cgroup = cgroup_leaf_make(st->env->cgroup_base, st->s->dir);
	return spawn_shim(st, ret_pid, e);
}

int start_job(const struct start_env *env, const struct job_spec *s, pid_t *ret_pid, struct err *e)
{
	struct start st CLEANUP(start_done) = {
		.env = env,
		.s = s,
		.status_fd = -1,
		.stdin_fd = -1,
		.log_fd = -1,
		.errors_fd = -1,
		.input_fd = -1,
	};
	int rc = start_steps(&st, ret_pid, e);

	if (rc && rc != ERR_CONFLICT)
		start_undo(&st);
	return rc;
}
