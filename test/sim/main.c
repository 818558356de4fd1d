#include "base/clean.h"
#include "sim/sim.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * ganger-sim --seed N [--log FILE] | --seeds A..B [--jobs J] [--tasks N] [--twice] [--beads FILE]
 *            [--first] [--coverage] [--shrink]
 *
 * --tasks, --rounds, --people, --crashes, --faults N: at most so many of what the seed draws;
 * --shrink looks for the smallest of them with which the seed still breaks the rule it breaks.
 * --seconds S begins no seed after S seconds; --twice runs each seed two times and compares; --first stops at the first that fails;
 * --coverage says which rows of task.def were not reached, and fails for them.
 * Exit 0 when no rule broke. The last line says how many seeds were run.
 */

static struct {
	int64_t from, to;
	int jobs;
	struct cuts cuts;
	int64_t seconds;
	bool twice, coverage, first, shrink;
	const char *log, *beads;
} opt = {
	.jobs = 1, .cuts.most = {INT_MAX, INT_MAX, INT_MAX, INT_MAX, INT_MAX}
};

static void print_failure(const struct world *w, const char *why)
{
	if (shrink_hears(w, why))
		return;
	uint64_t first = w->n_lines > LAST_LINES ? w->n_lines - LAST_LINES : 0;
	(void)fprintf(stderr, "seed %lld: %s\n", (long long)w->seed, why);
	for (uint64_t i = first; i < w->n_lines; i++)
		(void)fprintf(stderr, "  %s\n", w->lines[i % LAST_LINES]);
	(void)fprintf(stderr, "seed %lld: %s\n", (long long)w->seed, why);
}

/* A CHECK of our own sources went off: that is a failure of this seed like any other. */
static void on_abort(int signum)
{
	if (sim)
		print_failure(sim, signum == SIGABRT ? "a CHECK did not hold" : "it crashed");
	_exit(1);
}

static bool run_once(int64_t seed, uint64_t *ret_hash)
{
	FILE *log = opt.log ? fopen(opt.log, "we") : NULL;
	struct world *w = world_new((uint64_t)seed, &opt.cuts, log);
	draw_weather(w);
	struct settings *s = &w->settings;
	w->checker = checker_new(&(struct checker_limits){.max_concurrent = s->max_concurrent,
							  .kind_max = s->kind_max,
							  .attempts = s->attempts,
							  .conflict_attempts = s->conflict_attempts,
							  .resolver_kind = s->resolver,
							  .resolver_may_go = s->comes_and_goes,
							  .overlap_wait = s->overlap_wait,
							  .gates = s->slots,
							  .retry_ms = s->retry_ms,
							  .check = s->check,
							  .remote = s->remote,
							  .dispatch = s->dispatch,
							  .close_base = s->close_base,
							  .approve = s->approve,
							  .retries = s->retries,
							  .flaky_fails = s->flaky_fails,
							  .probes = s->probe && !s->allow_red,
							  .task_cost = s->task_cost});
	sim_git_init();
	if (!opt.beads)
		draw_graph(w);
	else if (!beads_graph(w, opt.beads))
		checker_break(w->checker, "input: '%s' cannot be read", opt.beads);
	bool well = world_run(w);
	if (!well)
		print_failure(w, checker_broken(w->checker));
	*ret_hash = w->log_hash;
	world_free(w);
	if (log)
		(void)fclose(log);
	return well;
}

static bool run_seed(int64_t seed)
{
	uint64_t first = 0, second = 0;
	bool well = run_once(seed, &first);
	if (!well || !opt.twice)
		return well;
	well = run_once(seed, &second) && first == second;
	if (first != second)
		(void)fprintf(stderr, "seed %lld: two runs of it differ\n", (long long)seed);
	return well;
}

static int64_t seeds_run;

/* Of the machine's clock, for --seconds alone; no seed sees it. */
static bool is_time_over(void)
{
	static time_t began;
	struct timespec now;
	CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	if (!began)
		began = now.tv_sec;
	return opt.seconds && now.tv_sec - began >= opt.seconds;
}

/* Every jobs-th seed from 'first' on; the number that failed. */
static int64_t run_share(int64_t first)
{
	int64_t failed = 0;
	for (int64_t seed = first; seed <= opt.to && !(opt.first && failed); seed += opt.jobs) {
		if (is_time_over())
			break;
		failed += !run_seed(seed);
		seeds_run++;
	}
	return failed;
}

static void child(int64_t first, int fd)
{
	size_t n = 0;
	unsigned char *bytes = coverage_bytes(&n);
	int64_t failed = run_share(first);
	bool sent = write(fd, &seeds_run, sizeof(seeds_run)) == (ssize_t)sizeof(seeds_run) &&
		    write(fd, bytes, n) == (ssize_t)n;
	_exit(failed || !sent ? 1 : 0);
}

static bool join_child(pid_t pid, int fd)
{
	size_t n = 0, got = 0;
	unsigned char *bytes = coverage_bytes(&n);
	unsigned char *more CLEANUP(freep) = mem_alloc(n);
	int status = 0;
	int64_t ran = 0;
	if (read(fd, &ran, sizeof(ran)) == (ssize_t)sizeof(ran)) /* fewer: it crashed */
		seeds_run += ran;
	for (ssize_t part; got < n && (part = read(fd, more + got, n - got)) > 0;)
		got += (size_t)part;
	for (size_t i = 0; i < got; i++)
		bytes[i] |= more[i];
	(void)close(fd);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run_all(void)
{
	VEC(pid_t) pids = {0};
	VEC(int) fds = {0};
	bool well = true;
	if (opt.jobs == 1)
		return run_share(opt.from) == 0;
	for (int i = 0; i < opt.jobs; i++) {
		int ends[2];
		CHECK(pipe2(ends, O_CLOEXEC) == 0);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			child(opt.from + i, ends[1]);
		(void)close(ends[1]);
		VEC_PUSH(&pids, pid);
		VEC_PUSH(&fds, ends[0]);
	}
	for (size_t i = 0; i < pids.n; i++)
		well = join_child(pids.items[i], fds.items[i]) && well;
	VEC_DONE(&pids);
	VEC_DONE(&fds);
	return well;
}

/* In a child. */
static void try_cuts(const struct cuts *cuts)
{
	uint64_t hash = 0;
	opt.cuts = *cuts;
	opt.log = NULL;
	(void)run_once(opt.from, &hash);
}

static bool run_shrunk(void)
{
	uint64_t hash = 0;
	if (!shrink(&opt.cuts, try_cuts, is_time_over)) {
		(void)printf("seed %lld breaks no rule\n", (long long)opt.from);
		return true;
	}
	(void)printf("smallest: ganger-sim --seed %lld", (long long)opt.from);
	if (opt.beads)
		(void)printf(" --beads %s", opt.beads);
	for (int k = opt.beads ? COUNT_TASKS + 1 : 0; k < COUNTS; k++)
		(void)printf(" %s %d", count_option((enum count)k), opt.cuts.most[k]);
	(void)printf("\n");
	(void)fflush(stdout);
	return run_once(opt.from, &hash);
}

static bool number(const char *s, int64_t *ret)
{
	return s && str_i64(str_of(s), ret) && *ret >= 0;
}

static bool range(const char *s)
{
	struct str all = str_of(s), first;
	const char *dots = s ? strstr(s, "..") : NULL;
	if (!dots)
		return false;
	first = (struct str){s, (size_t)(dots - s)};
	all = str_of(dots + 2);
	return str_i64(first, &opt.from) && str_i64(all, &opt.to) && opt.from <= opt.to;
}

static bool count(const char *name, int64_t n)
{
	for (int k = 0; k < COUNTS; k++)
		if (streq(name, count_option((enum count)k)) && n >= (k == COUNT_TASKS) &&
		    n <= 5000) {
			opt.cuts.most[k] = (int)n;
			return true;
		}
	return false;
}

static bool is_switch(const char *name)
{
	bool *const all[] = {&opt.twice, &opt.first, &opt.coverage, &opt.shrink};
	static const char *const names[] = {"--twice", "--first", "--coverage", "--shrink"};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (streq(name, names[i]))
			return *all[i] = true;
	return false;
}

static bool parse(char **argv)
{
	int64_t n = 0;
	bool any = false;
	for (char **a = argv + 1; *a; a++) {
		const char *value = a[1];
		if (is_switch(*a))
			continue;
		if (streq(*a, "--seed") && number(value, &n)) {
			opt.from = opt.to = n;
			any = true;
		} else if (streq(*a, "--seeds") && range(value)) {
			any = true;
		} else if (streq(*a, "--jobs") && number(value, &n) && n >= 1 && n <= 256) {
			opt.jobs = (int)n;
		} else if (number(value, &n) && count(*a, n)) {
			;
		} else if (streq(*a, "--seconds") && number(value, &opt.seconds)) {
			;
		} else if (streq(*a, "--log") && value) {
			opt.log = value;
		} else if (streq(*a, "--beads") && value) {
			opt.beads = value;
		} else {
			return false;
		}
		a++;
	}
	return any && (!opt.shrink || opt.from == opt.to);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (!parse(argv)) {
		(void)fprintf(stderr, "usage: ganger-sim --seed N [--log FILE] [--shrink]\n"
				      "       ganger-sim --seeds A..B [--jobs J] [--seconds S]\n"
				      "       [--beads FILE] [--twice] [--first] [--coverage]\n"
				      "       [--tasks N] [--rounds N] [--people N] [--crashes N] "
				      "[--faults N]\n");
		return 2;
	}
	(void)signal(SIGABRT, on_abort);
	(void)signal(SIGSEGV, on_abort);
	if (opt.shrink)
		return run_shrunk() ? 0 : 1;
	bool well = run_all();
	if (opt.coverage) {
		coverage_print(stdout);
		well = well && coverage_missing() == 0;
	}
	(void)printf("%lld seeds of %lld..%lld were run%s\n", (long long)seeds_run,
		     (long long)opt.from, (long long)opt.to, well ? "" : "; not all is well");
	return well ? 0 : 1;
}
