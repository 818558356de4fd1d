/*
 * Run a program and say what it took: wall time, CPU time with that of every descendant that was
 * waited for, and the most memory of its own that the program itself held at once.
 *
 *	measure [--every MS] REPORT PROGRAM [ARGUMENT...]
 *
 * REPORT gets one line, "wall_ms=… user_ms=… sys_ms=… own_ms=… anonymous_kb=… private_kb=…",
 * and the exit code is the program's. Memory is looked at every MS (100) milliseconds, in
 * /proc/PID/smaps_rollup: what is anonymous, and what is private of all kinds. own_ms is the
 * CPU time of the program without its descendants, as of the last look.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct peak {
	long anonymous_kb, private_kb;
	double own_ms;
};

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static void look_at_memory(pid_t pid, struct peak *ret)
{
	char path[64], line[256];
	long kb, anonymous = 0, private_ = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Anonymous: %ld kB", &kb) == 1)
			anonymous = kb;
		else if (sscanf(line, "Private_Clean: %ld kB", &kb) == 1 ||
			 sscanf(line, "Private_Dirty: %ld kB", &kb) == 1)
			private_ += kb;
	}
	if (f)
		(void)fclose(f);
	if (anonymous > ret->anonymous_kb)
		ret->anonymous_kb = anonymous;
	if (private_ > ret->private_kb)
		ret->private_kb = private_;
}

static void look_at_time(pid_t pid, struct peak *ret)
{
	char path[64], text[1024] = "";
	unsigned long user, sys;
	const char *end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	(void)!fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	end = strrchr(text, ')');
	if (end && sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			  &sys) == 2)
		ret->own_ms = (double)(user + sys) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
	struct pollfd end = {.events = POLLIN};
	struct peak peak = {0};
	struct rusage used;
	int at = 1, every_ms = 100, status, rc;
	double before;
	FILE *report;
	pid_t pid;

	if (argc > 3 && !strcmp(argv[1], "--every")) {
		every_ms = (int)strtol(argv[2], NULL, 10);
		at = 3;
	}
	if (at + 2 > argc || every_ms < 1) {
		(void)fprintf(stderr,
			      "usage: measure [--every MS] REPORT PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	before = now_ms();
	rc = posix_spawnp(&pid, argv[at + 1], NULL, NULL, argv + at + 1, environ);
	if (rc) {
		(void)fprintf(stderr, "error: could not run '%s': %s\n", argv[at + 1],
			      strerror(rc));
		return 127;
	}
	end.fd = pidfd_open(pid, 0);
	while (poll(&end, 1, every_ms) == 0) {
		look_at_memory(pid, &peak);
		look_at_time(pid, &peak);
	}
	while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	report = fopen(argv[at], "we");
	if (!report) {
		(void)fprintf(stderr, "error: could not write '%s'\n", argv[at]);
		return 1;
	}
	(void)fprintf(report,
		      "wall_ms=%.0f user_ms=%.0f sys_ms=%.0f own_ms=%.0f anonymous_kb=%ld "
		      "private_kb=%ld\n",
		      now_ms() - before, ms_of(used.ru_utime), ms_of(used.ru_stime), peak.own_ms,
		      peak.anonymous_kb, peak.private_kb);
	(void)fclose(report);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
