/*
 * kill -9 of the writer, fifty times: every turn it acknowledged is there, and each turn is
 * there as a whole or not at all.
 */
#include "unit/store_fixture.h"

#include <poll.h>
#include <signal.h>

#define ROUNDS      50
#define ROWS        8 /* of each turn, all with the number of the turn in them */
#define DEADLINE_MS 20000

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void one_turn(struct store *s, int64_t turn)
{
	OK(store_begin(s, e));
	for (int i = 0; i < ROWS; i++)
		OK(try_counter(s, i, turn, e));
	for (int i = 0; i < 3; i++)
		OK(store_trace(s, turn, "turn", "T1", "a text of about the length of a trace", e));
	OK(store_commit(s, e));
}

/* Commit turns from where the journal stands, and say the number of each one that is in. */
static void write_for_ever(const struct fixture *f, int out)
{
	struct store *s = open_write(f);
	int64_t turn = counters(s) / ROWS;

	for (;;) {
		one_turn(s, ++turn);
		if (write(out, &turn, sizeof(turn)) != sizeof(turn))
			_exit(1);
	}
}

static int read_turn(int in, int64_t *ret)
{
	struct pollfd p = {.fd = in, .events = POLLIN};

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	return read(in, ret, sizeof(*ret)) == sizeof(*ret);
}

/* The last turn that was acknowledged before the child died. */
static int64_t kill_one(const struct fixture *f, uint64_t *seed)
{
	int64_t turn, last = 0;
	int p[2], status;
	int n_wait = (int)(next_random(seed) % 40);
	volatile int64_t spin = (int64_t)(next_random(seed) % 200000);
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(p[0]);
		write_for_ever(f, p[1]);
	}
	(void)close(p[1]);
	for (int i = 0; i <= n_wait; i++)
		assert_true(read_turn(p[0], &last));
	while (spin > 0)
		spin = spin - 1; /* anywhere in a turn, not only at its end */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read_turn(p[0], &turn))
		last = turn;
	(void)close(p[0]);
	return last;
}

static int same_turn(void *ctx, const struct store_value *v, struct err *e)
{
	int64_t *turn = ctx;

	(void)e;
	if (*turn < 0)
		*turn = v[1].i;
	assert_int_equal(v[1].i, *turn);
	return 0;
}

static int count_trace(void *ctx, const struct store_event *ev, struct err *e)
{
	int64_t *n = ctx;

	(void)e;
	assert_int_equal(ev->wall_ms, *n / 3 + 1);
	++*n;
	return 0;
}

static void test_store__acknowledged_turns_survive_kill_9(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 0x9e3779b97f4a7c15u;
	int in_but_not_said = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t acked = kill_one(f, &seed), turn = -1, n_trace = 0;
		struct store *s = i % 2 ? open_read(f) : open_write(f);

		OK(store_load(s, T_COUNTER, same_turn, &turn, e));
		OK(store_events(s, 0, count_trace, &n_trace, e));
		if (turn < acked || turn > acked + 1)
			fail_msg("round %d: turn %lld is in, %lld was acknowledged", i,
				 (long long)turn, (long long)acked);
		assert_int_equal(n_trace, turn * 3);
		in_but_not_said += turn > acked;
		store_close(s);
	}
	print_message("# %d of %d times a turn was in that was not acknowledged\n", in_but_not_said,
		      ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_store__acknowledged_turns_survive_kill_9,
						fixture_setup, fixture_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
