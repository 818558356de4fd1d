/*
 * Dispatching through the library.
 *
 *	dispatch register IDS PROGRAM FOLDER   each issue of the file IDS by itself, in the repository of
 *	                                       the current folder; what a call takes, beside a write
 *	                                       and sync of a file in FOLDER, by how many there are
 *	dispatch few IDS PROGRAM FOLDER        the same for ten sessions: a run for each ten issues,
 *	                                       whose first one is at work before the others are measured
 *	dispatch all IDS PROGRAM               all of them at once, to their end
 */
#include "ganger.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX    10000
#define WINDOW 200 /* calls around a size, of which the median is said */
#define TEN    10
#define ID_MAX 32
#define PAGE   4096

static char ids[MAX][ID_MAX];
static size_t n_ids;
static double calls[MAX], syncs[MAX]; /* ms */

static _Noreturn void die(const char *what, const struct ganger_error *e)
{
	(void)fprintf(stderr, "dispatch: %s%s%s\n", what, e ? ": " : "", e ? e->message : "");
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void read_ids(const char *path)
{
	FILE *f = fopen(path, "re");

	while (f && n_ids < MAX && fscanf(f, "%31s", ids[n_ids]) == 1)
		n_ids++;
	if (!f || !n_ids)
		die("no ids", NULL);
	(void)fclose(f);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(const double *from, size_t n, unsigned percent)
{
	double sorted[WINDOW];

	memcpy(sorted, from, n * sizeof(*from));
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted[n * percent / 100];
}

static struct ganger *open_run(const char *program)
{
	const struct ganger_options o = {.program = program};
	struct ganger_error e;
	struct ganger *g = NULL;

	if (ganger_open(&o, &g, &e))
		die("could not open", &e);
	return g;
}

/* The file beside, in FOLDER. */
static int open_beside(const char *folder)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir, "beside", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)unlinkat(dir, "beside", 0);
	(void)close(dir);
	return fd;
}

/* One call and one sync, as the at-th of those measured. */
static void measure(struct ganger *g, const char *id, int fd, size_t at)
{
	static const char page[PAGE];
	struct ganger_error e;
	double start = now_ms();

	if (ganger_dispatch(g, id, NULL, &e))
		die(id, &e);
	calls[at] = now_ms() - start;
	start = now_ms();
	if (pwrite(fd, page, PAGE, (off_t)(at * PAGE)) != PAGE || fdatasync(fd) < 0)
		die("could not sync", NULL);
	syncs[at] = now_ms() - start;
}

/* Of n calls from the at-th on, made when there were so many sessions. */
static void say(size_t sessions, size_t at, size_t n)
{
	printf("%5zu sessions: registered p50 %.2f ms, p90 %.2f; a sync beside p50 %.2f ms; more "
	       "than it "
	       "%.2f ms (%zu calls)\n",
	       sessions, percentile(calls + at, n, 50), percentile(calls + at, n, 90),
	       percentile(syncs + at, n, 50),
	       percentile(calls + at, n, 50) - percentile(syncs + at, n, 50), n);
}

static void end_run(struct ganger *g)
{
	struct ganger_error e;

	(void)ganger_stop(g, 1, &e);
	ganger_close(g);
}

static void register_all(const char *program, const char *folder)
{
	static const size_t sizes[] = {100, 1000, 10000};
	struct ganger *g = open_run(program);
	int fd = open_beside(folder);

	for (size_t i = 0; i < n_ids; i++)
		measure(g, ids[i], fd, i);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && sizes[i] <= n_ids; i++) {
		size_t n = sizes[i] <= WINDOW ? sizes[i] / 2 : WINDOW;

		say(sizes[i], sizes[i] - n, n);
	}
	end_run(g);
	(void)close(fd);
}

/* Until the first session's agent works, and with that all that its start has to write. */
static void wait_working(struct ganger *g)
{
	struct ganger_event ev;
	struct ganger_error e;
	int rc;

	for (;;) {
		struct pollfd p = {.fd = ganger_fd(g), .events = POLLIN};

		while ((rc = ganger_next(g, &ev, &e)) > 0)
			if (ev.session.state == GANGER_RUNNING)
				return;
		if (rc < 0)
			die("it ended", &e);
		(void)poll(&p, 1, -1);
	}
}

static void register_few(const char *program, const char *folder)
{
	int fd = open_beside(folder);
	size_t n = 0;

	for (size_t i = 0; i + TEN <= n_ids && n + TEN <= WINDOW; i += TEN) {
		struct ganger *g = open_run(program);
		struct ganger_error e;

		if (ganger_dispatch(g, ids[i], NULL, &e))
			die(ids[i], &e);
		wait_working(g);
		for (size_t k = 1; k < TEN; k++)
			measure(g, ids[i + k], fd, n++);
		end_run(g);
	}
	say(TEN, 0, n);
	(void)close(fd);
}

static void run_all(const char *program)
{
	struct ganger *g = open_run(program);
	struct ganger_error e;
	struct ganger_event ev;
	const char *list[MAX];
	size_t completed = 0, failed = 0;
	double start = now_ms();
	int rc;

	for (size_t i = 0; i < n_ids; i++)
		list[i] = ids[i];
	if (ganger_dispatch_batch(g, list, n_ids, NULL, &e))
		die("refused", &e);
	printf("%zu issues: accepted in %.1f ms", n_ids, now_ms() - start);
	while (completed + failed < n_ids) {
		struct pollfd p = {.fd = ganger_fd(g), .events = POLLIN};

		(void)poll(&p, 1, -1);
		while ((rc = ganger_next(g, &ev, &e)) > 0) {
			completed += ev.session.over && ev.session.state == GANGER_COMPLETED;
			failed += ev.session.over && ev.session.state == GANGER_FAILED;
		}
		if (rc < 0)
			die("it ended", &e);
	}
	printf(", %zu completed, %zu failed, in %.1f s\n", completed, failed,
	       (now_ms() - start) / 1e3);
	ganger_close(g);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	read_ids(argv[2]);
	if (strcmp(argv[1], "register") == 0 && argc == 5)
		register_all(argv[3], argv[4]);
	else if (strcmp(argv[1], "few") == 0 && argc == 5)
		register_few(argv[3], argv[4]);
	else
		run_all(argv[3]);
	return 0;
}
