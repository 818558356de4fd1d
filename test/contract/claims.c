#include "base/clean.h"
#include "contract/each.h"
#include "tmp.h"
#include "tracker/kinds.h"
#include "unit/test.h"

#include <pthread.h>
#include <string.h>

/*
 * 8 claimers of one issue, each with the tracker opened by itself, as 8 supervisors have it: one
 * has it. CLAIM_ROUNDS: how often; not set: a few. 'make test-claims' has 1,000.
 */
#define CLAIMERS 8

static const struct tracker_kind *kind;
static char *dir;
static struct tracker *claimers[CLAIMERS];
static pthread_barrier_t start;

static int rounds(void)
{
	const char *given = getenv("CLAIM_ROUNDS");
	int64_t n;

	if (given && str_i64(str_of(given), &n))
		return (int)n;
	return streq(kind->name, "beads") ? 4 : 100;
}

static int setup(void **state)
{
	struct err e = ERR_INIT;

	kind = *state;
	memset(claimers, 0, sizeof(claimers));
	if (!kind->keeps || streq(kind->name, "github")) /* its own tests claim by refs */
		return 0;
	dir = tmp_make();
	CHECK(pthread_barrier_init(&start, NULL, CLAIMERS) == 0);
	for (int i = 0; i < CLAIMERS; i++) {
		if (kind->open(&(struct tracker_where){.state_dir = dir, .root = dir}, &claimers[i],
			       &e))
			fail_msg("%s", e.msg);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (!claimers[0])
		return 0;
	for (int i = 0; i < CLAIMERS; i++)
		claimers[i]->ops->free(claimers[i]);
	CHECK(pthread_barrier_destroy(&start) == 0);
	tmp_done(dir);
	return 0;
}

/* 1: it has it; 0: somebody else has; -1: anything else, which is wrong. */
static void *claim_one(void *arg)
{
	struct tracker *t = arg;
	struct err e = ERR_INIT;
	char *who = mem_printf("%p", arg);

	(void)pthread_barrier_wait(&start);
	int rc = t->ops->claim(t, &(struct issue_claim){.epic = "1", .id = "1", .who = who}, &e);
	if (rc && rc != ERR_CONFLICT)
		print_message("%s\n", e.msg);
	free(who);
	return (void *)(intptr_t)(rc == 0 ? 1 : rc == ERR_CONFLICT ? 0 : -1);
}

static void test_claims__one_of_eight_has_it(void **state)
{
	pthread_t threads[CLAIMERS];
	struct err e = ERR_INIT;

	(void)state;
	if (!claimers[0])
		skip();
	struct tracker *t = claimers[0];
	assert_int_equal(
		t->ops->add(t, &(struct issue_new){.title = "x", .priority = -1}, NULL, &e), 0);
	for (int round = 0; round < rounds(); round++) {
		intptr_t won = 0, wrong = 0;
		void *one;
		int winner = 0;

		for (int i = 0; i < CLAIMERS; i++)
			CHECK(pthread_create(&threads[i], NULL, claim_one, claimers[i]) == 0);
		for (int i = 0; i < CLAIMERS; i++) {
			CHECK(pthread_join(threads[i], &one) == 0);
			won += (intptr_t)one == 1;
			winner = (intptr_t)one == 1 ? i : winner;
			wrong += (intptr_t)one < 0;
		}
		if (won != 1 || wrong)
			fail_msg("round %d: %d have it, %d errors", round, (int)won, (int)wrong);
		char *who CLEANUP(freep) = mem_printf("%p", (void *)claimers[winner]);
		struct issue_claim its = {.epic = "1", .id = "1", .who = who};
		if (t->ops->release(t, &its, &e))
			fail_msg("%s", e.msg);
	}
}

/* claims [KIND]: of one kind of tracker alone. */
int main(int argc, char **argv)
{
	char *only CLEANUP(freep) = mem_printf("%s: *", argc > 1 ? argv[1] : "*");

	cmocka_set_test_filter(only);
	char *path CLEANUP(freep) =
		mem_printf("%s/test/fake:%s", getenv("GANGER_SOURCE"), getenv("PATH"));

	CHECK(setenv("PATH", path, 1) == 0);
	CHECK(setenv("BD_FAKE_NUMBERS", "1", 1) == 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_claims__one_of_eight_has_it, setup, teardown),
	};

	return each_kind("claims", tracker_kinds, sizeof(tracker_kinds[0]), tests,
			 ARRAY_LEN(tests));
}
