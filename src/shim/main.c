/*
 * ganger-shim: the small process that owns one job. Uses libc alone, as it has to
 * run while the system's libraries are being replaced, and as there is one for each agent.
 *
 *     ganger-shim --probe-cgroup FOLDER
 *     ganger-shim --connect PLACE AFTER [METHOD...]
 *     ganger-shim --job --number=N --status-fd=N [--ready-fd=N] [--input-fd=N] [--timeout-ms=N]
 *                 [--silence-ms=N] [--grace-ms=N] [--bound-ms=N] [--log-bytes=N] --cwd=DIR [--watch=DIR]
 *                 [--cgroup=DIR] -- PROGRAM ARGS...
 */
#include "shim/connect.h"
#include "shim/job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define BOUND_MS   10000
#define FD_MAX     1024 /* looked at where there is no close_range */

static int usage(const char *what)
{
	(void)fprintf(stderr, "error: cannot use '%s'\n", what);
	(void)fprintf(stderr, "hint: this program is started by ganger only\n");
	return EXIT_USAGE;
}

/* Can a process of ours move into this cgroup? Only trying tells. */
static int probe_cgroup(const char *folder)
{
	char path[PATH_MAX];
	int fd;

	if (!folder || snprintf(path, sizeof(path), "%s/cgroup.procs", folder) >= PATH_MAX)
		return usage("--probe-cgroup");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, "0", 1) != 1;
}

/* The methods are those of messages that are dropped. */
static int connect_main(int argc, char **argv)
{
	if (argc < 2)
		return usage("--connect");
	return connect_run(
		&(struct connect_options){.place = argv[0], .after = argv[1], .drop = argv + 2});
}

/* A whole text as a number that is not negative. */
static bool number_parse(const char *text, int64_t *ret)
{
	int64_t n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (INT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (*p - '0');
	}
	*ret = n;
	return p > text && !*p;
}

/* Where an option's value goes: exactly one of the three is set. */
struct option_row {
	const char *name;
	int64_t *number;
	const char **text;
	int *fd;
};

static bool option_set(const struct option_row *row, const char *value)
{
	int64_t n;

	if (row->text) {
		*row->text = value;
		return true;
	}
	if (!number_parse(value, &n))
		return false;
	if (row->number)
		*row->number = n;
	else if (n <= INT_MAX)
		*row->fd = (int)n;
	else
		return false;
	return true;
}

/* "--name=value" */
static bool option_parse(const struct option_row *rows, size_t n_rows, const char *arg)
{
	const char *equals = strchr(arg, '=');
	size_t n = equals ? (size_t)(equals - arg) : 0;

	for (size_t i = 0; i < n_rows; i++) {
		if (n && strlen(rows[i].name) == n && !memcmp(rows[i].name, arg, n))
			return option_set(&rows[i], equals + 1);
	}
	return false;
}

static int fds_keep_only(unsigned from, unsigned to)
{
	if (from > to)
		return 0;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, from, to, 0) == 0)
		return 0;
#endif
	for (unsigned fd = from; fd <= to && fd < FD_MAX; fd++)
		(void)close((int)fd); /* most are not open */
	return 0;
}

/* Close what we were given by accident, and give the program none of what is ours. */
static void descriptors_tidy(const struct job_options *o)
{
	const int ours[] = {o->status_fd, o->ready_fd, o->input_fd};
	unsigned from = 3;

	for (;;) {
		int next = INT_MAX;

		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
			if (ours[i] >= (int)from && ours[i] < next)
				next = ours[i];
		}
		(void)fds_keep_only(from, (unsigned)next - 1);
		if (next == INT_MAX)
			return;
		(void)fcntl(next, F_SETFD, FD_CLOEXEC); /* open: it was given to us */
		from = (unsigned)next + 1;
	}
}

static int job_main(int argc, char **argv)
{
	struct job_options o = {
		.status_fd = -1, .ready_fd = -1, .input_fd = -1, .bound_ms = BOUND_MS};
	int64_t number = 0;
	const struct option_row rows[] = {
		{.name = "--number",     .number = &number      },
		{.name = "--status-fd",  .fd = &o.status_fd     },
		{.name = "--ready-fd",   .fd = &o.ready_fd      },
		{.name = "--input-fd",   .fd = &o.input_fd      },
		{.name = "--timeout-ms", .number = &o.timeout_ms},
		{.name = "--silence-ms", .number = &o.silence_ms},
		{.name = "--grace-ms",   .number = &o.grace_ms  },
		{.name = "--bound-ms",   .number = &o.bound_ms  },
		{.name = "--log-bytes",  .number = &o.log_bytes },
		{.name = "--cwd",        .text = &o.cwd         },
		{.name = "--watch",      .text = &o.watch       },
		{.name = "--cgroup",     .text = &o.cgroup      },
	};
	int i = 0;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!option_parse(rows, sizeof(rows) / sizeof(rows[0]), argv[i]))
			return usage(argv[i]);
	}
	if (i + 1 >= argc || o.status_fd < 3 || !o.cwd)
		return usage("--job");
	o.number = (uint64_t)number;
	o.argv = argv + i + 1;
	descriptors_tidy(&o);
	(void)setsid(); /* a session leader already: as the supervisor starts us */
	if (chdir("/") < 0)
		return EXIT_USAGE; /* no folder is kept busy by us */
	return job_run(&o);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--job"))
		return job_main(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--connect"))
		return connect_main(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--probe-cgroup"))
		return probe_cgroup(argv[2]);
	return usage(argc > 1 ? argv[1] : "no arguments");
}
