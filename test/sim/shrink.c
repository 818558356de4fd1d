#include "base/clean.h"
#include "sim/sim.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The smallest run with which a seed still breaks its rule. Each trial is a child, for a rule may
 * break as a CHECK or a crash of ours.
 */

#define ONE_BY_ONE                                                                                 \
	16 /* so many small values are tried one after the other: less need not break less */
#define TRIAL_SECONDS 60

/* What a trial that broke a rule tells. */
struct broken {
	int did[COUNTS];
	char why[200];
};

struct shrinker {
	void (*run)(const struct cuts *cuts);
	bool (*is_over)(void);
	struct cuts best;
	struct str rule;
};

static int parent = -1;

const char *count_option(enum count k)
{
	static const char *const names[COUNTS] = {
		[COUNT_TASKS] = "--tasks",   [COUNT_ROUNDS] = "--rounds",
		[COUNT_PEOPLE] = "--people", [COUNT_CRASHES] = "--crashes",
		[COUNT_FAULTS] = "--faults",
	};
	return names[k];
}

bool shrink_hears(const struct world *w, const char *why)
{
	struct broken b = {0};
	if (parent < 0)
		return false;
	memcpy(b.did, w->did, sizeof(b.did));
	(void)snprintf(b.why, sizeof(b.why), "%s", why);
	IGNORE(write(parent, &b, sizeof(b)));
	return true;
}

static bool try(const struct shrinker *s, const struct cuts *cuts, struct broken *ret)
{
	int ends[2], status = 0;
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	(void)fflush(NULL);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		parent = ends[1];
		if (!freopen("/dev/null", "we", stderr)) /* a CHECK says much */
			_exit(0);
		(void)alarm(TRIAL_SECONDS);
		s->run(cuts);
		_exit(0);
	}
	(void)close(ends[1]);
	bool broke = read(ends[0], ret, sizeof(*ret)) == (ssize_t)sizeof(*ret);
	(void)close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (broke || WIFEXITED(status))
		return broke;
	memcpy(ret->did, cuts->most, sizeof(ret->did));
	(void)snprintf(ret->why, sizeof(ret->why), "it did not end in %d s", TRIAL_SECONDS);
	return true;
}

/* "rule 4", of "rule 4: task 3 landed ..." */
static struct str rule_of(const char *why)
{
	return (struct str){why, strcspn(why, ":")};
}

/* No more than was done: that is the same run. */
static void keep(struct shrinker *s, const struct cuts *cuts, const struct broken *b)
{
	s->best = *cuts;
	for (int k = 0; k < COUNTS; k++)
		if (b->did[k] < s->best.most[k])
			s->best.most[k] = b->did[k];
}

static bool keeps(struct shrinker *s, const struct cuts *cuts)
{
	struct broken b;
	if (!try(s, cuts, &b) || !str_eq(rule_of(b.why), s->rule))
		return false;
	keep(s, cuts, &b);
	return true;
}

static bool smaller(struct shrinker *s, enum count k)
{
	int low = k == COUNT_TASKS, was = s->best.most[k];
	while (low < s->best.most[k] && !s->is_over()) {
		struct cuts c = s->best;
		c.most[k] = low < ONE_BY_ONE ? low : low + (c.most[k] - low) / 2;
		if (!keeps(s, &c))
			low = c.most[k] + 1;
	}
	return s->best.most[k] < was;
}

bool shrink(struct cuts *cuts, void (*run)(const struct cuts *cuts), bool (*is_over)(void))
{
	struct shrinker s = {
		run, is_over, *cuts, {NULL, 0}
        };
	struct broken first;
	bool any = true;
	(void)is_over(); /* the clock begins */
	if (!try(&s, cuts, &first))
		return false;
	s.rule = rule_of(first.why);
	keep(&s, cuts, &first);
	while (any) {
		any = false;
		for (int k = 0; k < COUNTS; k++)
			any = smaller(&s, (enum count)k) || any;
	}
	*cuts = s.best;
	return true;
}
