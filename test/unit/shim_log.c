#include "base/clean.h"
#include "shim/log.h"
#include "tmp.h"
#include "unit/test.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#define CAP   65536
#define BLOCK 4096

/* A log of a test's own, opened as programs have theirs. */
struct fixture {
	char *dir, *path;
	int fd;
	struct log_cap log;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->dir = tmp_make();
	assert_non_null(f->dir);
	f->path = path_join(f->dir, "log");
	f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	log_cap_done(&f->log);
	close(f->fd);
	tmp_done(f->dir);
	free(f->path);
	free(f);
	return 0;
}

/* Write n bytes, each telling where it is. */
static void put(struct fixture *f, size_t n)
{
	char bytes[BLOCK];
	struct stat st;

	assert_int_equal(fstat(f->fd, &st), 0);
	while (n) {
		size_t part = n < sizeof(bytes) ? n : sizeof(bytes);

		for (size_t i = 0; i < part; i++)
			bytes[i] = (char)('a' + ((size_t)st.st_size + i) / 1000 % 26);
		assert_int_equal(write(f->fd, bytes, part), part);
		st.st_size += (off_t)part;
		n -= part;
	}
}

static int64_t room(const struct fixture *f)
{
	struct stat st;

	assert_int_equal(fstat(f->fd, &st), 0);
	return (int64_t)st.st_blocks * 512;
}

static void test_log__over_the_cap_the_oldest_becomes_a_hole(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	const size_t size = 10 * CAP + 123;

	log_cap_init(&f->log, f->fd, CAP, 0);
	put(f, size);
	log_cap_step(&f->log, 0, false);
	assert_false(f->log.unable);
	assert_true(room(f) <= CAP + 2 * BLOCK);
	assert_int_equal(file_read(f->path, 10 * size, &b, &e), 0);
	assert_int_equal(b.n, size); /* its length stays: offsets into it hold */
	assert_int_equal(b.p[0], 0);
	for (size_t i = size - CAP; i < size; i++)
		assert_int_equal(b.p[i], 'a' + i / 1000 % 26);
	buf_done(&b);
}

static void test_log__under_the_cap_nothing_is_lost(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	log_cap_init(&f->log, f->fd, CAP, 0);
	put(f, CAP);
	log_cap_step(&f->log, 0, false);
	assert_int_equal(file_read(f->path, CAP, &b, &e), 0);
	for (size_t i = 0; i < CAP; i++)
		assert_int_equal(b.p[i], 'a' + i / 1000 % 26);
	buf_done(&b);
}

static bool has_news(const struct fixture *f)
{
	struct pollfd p = {.fd = log_cap_poll_fd(&f->log), .events = POLLIN};

	return p.fd >= 0 && poll(&p, 1, 0) == 1;
}

static void test_log__costs_nothing_while_it_stands_still(void **state)
{
	struct fixture *f = *state;

	log_cap_init(&f->log, f->fd, CAP, 1000);
	assert_int_equal(f->log.look_ms, 1000);
	log_cap_step(&f->log, 1000, false);
	assert_true(f->log.look_ms == INT64_MAX); /* no timer */
	assert_false(has_news(f));

	put(f, 10);
	assert_true(has_news(f));
	log_cap_step(&f->log, 2000, true);
	assert_int_equal(f->log.look_ms, 2001); /* while it grows, by timer */
	assert_int_equal(log_cap_poll_fd(&f->log), -1);
	put(f, 10);
	log_cap_step(&f->log, 2000, false); /* too early */
	assert_int_equal(f->log.size, 10);
	log_cap_step(&f->log, 2001, false);
	assert_int_equal(f->log.size, 20);
	log_cap_step(&f->log, 2002, false);
	assert_true(f->log.look_ms == INT64_MAX);
	assert_false(has_news(f));
	put(f, 10);
	assert_true(has_news(f));
}

static void test_log__without_a_cap_nothing_is_done(void **state)
{
	struct fixture *f = *state;

	log_cap_init(&f->log, f->fd, 0, 0);
	put(f, 10 * CAP);
	log_cap_step(&f->log, 0, true);
	assert_true(f->log.look_ms == INT64_MAX);
	assert_int_equal(log_cap_poll_fd(&f->log), -1);
	log_cap_settle(&f->log);
	assert_true(room(f) >= 10 * CAP);
}

static void test_log__what_came_last_is_settled(void **state)
{
	struct fixture *f = *state;

	log_cap_init(&f->log, f->fd, CAP, 0);
	put(f, 10 * CAP);
	log_cap_settle(&f->log);
	assert_true(room(f) <= CAP + 2 * BLOCK);
}

static void test_log__without_inotify_it_is_looked_at_by_timer(void **state)
{
	struct fixture *f = *state;

	log_cap_init(&f->log, f->fd, CAP, 0);
	closep(&f->log.notify_fd);
	f->log.notify_fd = -1;
	log_cap_step(&f->log, 0, false);
	assert_int_equal(f->log.look_ms, LOG_IDLE_MS);
	put(f, 10 * CAP);
	log_cap_step(&f->log, LOG_IDLE_MS, false);
	assert_int_equal(f->log.look_ms, LOG_IDLE_MS + 1);
	assert_true(room(f) <= CAP + 2 * BLOCK);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_log__over_the_cap_the_oldest_becomes_a_hole),
		CASE(test_log__under_the_cap_nothing_is_lost),
		CASE(test_log__costs_nothing_while_it_stands_still),
		CASE(test_log__without_a_cap_nothing_is_done),
		CASE(test_log__what_came_last_is_settled),
		CASE(test_log__without_inotify_it_is_looked_at_by_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
