#include "shim/job.h"
#include "shim/quiet.h"
#include "tmp.h"
#include "unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define LIMIT_MS 1000

struct fixture {
	char *dir, *work;
	int log_fd;
	struct quiet q;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	char *log;

	f->dir = tmp_make();
	assert_non_null(f->dir);
	f->work = path_join(f->dir, "work");
	assert_int_equal(mkdir(f->work, 0700), 0);
	log = path_join(f->dir, "log");
	f->log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(f->log_fd >= 0);
	free(log);
	quiet_init(&f->q, LIMIT_MS, f->log_fd, f->work);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->log_fd);
	tmp_done(f->dir);
	free(f->work);
	free(f);
	return 0;
}

/* As if the last sign of life had been that long ago, long after the worktree was made. */
static void age(struct fixture *f, int64_t ms)
{
	f->q.life_ms = job_now_ms() - ms;
}

static void put_file(struct fixture *f, const char *name)
{
	char *path = path_join(f->work, name);
	struct err e = ERR_INIT;

	if (file_write(path, STR("x"), false, &e) < 0)
		fail_msg("%s", e.msg);
	free(path);
}

static void make_dir(struct fixture *f, const char *name)
{
	char *path = path_join(f->work, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

/* Wait until the clock of the file system has moved on, so that "newer" is newer. */
static void wait_for_next_stamp(struct fixture *f)
{
	char *path = path_join(f->dir, "clock");
	struct err e = ERR_INIT;
	int64_t first = job_wall_ms();
	struct stat st;

	do {
		assert_int_equal(file_write(path, STR("x"), false, &e), 0);
		assert_int_equal(stat(path, &st), 0);
	} while ((int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000 <= first);
	free(path);
}

static void test_quiet__silence_is_over_when_nothing_moves(void **state)
{
	struct fixture *f = *state;

	assert_false(quiet_is_over(&f->q, f->q.life_ms + LIMIT_MS - 1));
	f->q.watch = NULL;
	age(f, LIMIT_MS);
	assert_true(quiet_is_over(&f->q, job_now_ms()));
	f->q.watch = "/no/such/folder";
	assert_true(quiet_is_over(&f->q, job_now_ms()));
}

static void test_quiet__off_is_never(void **state)
{
	struct fixture *f = *state;

	quiet_init(&f->q, 0, f->log_fd, f->work);
	assert_true(quiet_due_ms(&f->q) == INT64_MAX);
	assert_false(quiet_is_over(&f->q, INT64_MAX - 1));
}

static void test_quiet__output_is_life(void **state)
{
	struct fixture *f = *state;
	int64_t now;

	f->q.watch = NULL;
	age(f, LIMIT_MS);
	assert_int_equal(write(f->log_fd, "x", 1), 1);
	now = job_now_ms();
	assert_false(quiet_is_over(&f->q, now));
	assert_true(quiet_due_ms(&f->q) > now && quiet_due_ms(&f->q) <= now + LIMIT_MS);
	age(f, LIMIT_MS); /* the same output is not life twice */
	assert_true(quiet_is_over(&f->q, job_now_ms()));
}

static void test_quiet__a_change_deep_in_the_worktree_is_life(void **state)
{
	struct fixture *f = *state;
	int64_t now, newest = quiet_newest_ms(f->work);

	make_dir(f, "a");
	make_dir(f, "a/b");
	wait_for_next_stamp(f);
	put_file(f, "a/b/file");
	assert_true(quiet_newest_ms(f->work) > newest);
	age(f, LIMIT_MS);
	now = job_now_ms();
	assert_false(quiet_is_over(&f->q, now));
	assert_true(quiet_due_ms(&f->q) > now && quiet_due_ms(&f->q) <= now + LIMIT_MS);
}

static void test_quiet__a_git_folder_is_not_looked_at(void **state)
{
	struct fixture *f = *state;
	int64_t newest;

	make_dir(f, "a");
	make_dir(f, "a/.git");
	put_file(f, ".git");
	newest = quiet_newest_ms(f->work);
	wait_for_next_stamp(f);
	put_file(f, "a/.git/index");
	assert_true(quiet_newest_ms(f->work) == newest);
	put_file(f, "a/index");
	assert_true(quiet_newest_ms(f->work) > newest);
}

static void test_quiet__follows_no_link(void **state)
{
	struct fixture *f = *state;
	char *other = path_join(f->dir, "other"), *link = path_join(f->work, "link");
	int64_t newest;

	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(symlink(other, link), 0);
	newest = quiet_newest_ms(f->work);
	wait_for_next_stamp(f);
	put_file(f, "../other/file");
	assert_true(quiet_newest_ms(f->work) == newest);
	free(other);
	free(link);
}

static void test_quiet__what_cannot_be_walked_counts_as_changed(void **state)
{
	struct fixture *f = *state;
	struct buf path = BUF_INIT;
	struct err e = ERR_INIT;

	buf_puts(&path, f->work);
	for (int i = 0; i < 60; i++)
		buf_puts(&path, "/d");
	assert_int_equal(dir_make(buf_cstr(&path), &e), 0);
	buf_done(&path);
	assert_true(quiet_newest_ms(f->work) == INT64_MAX);
	age(f, LIMIT_MS);
	assert_false(quiet_is_over(&f->q, job_now_ms()));
}

static void test_quiet__a_step_of_the_clock_begins_anew(void **state)
{
	struct fixture *f = *state;

	f->q.watch = NULL;
	age(f, LIMIT_MS);
	f->q.offset_ms -= 3600000; /* the wall clock went an hour on, or we slept that long */
	assert_false(quiet_is_over(&f->q, job_now_ms()));
	age(f, LIMIT_MS);
	f->q.offset_ms += 3600000;
	assert_false(quiet_is_over(&f->q, job_now_ms()));
	age(f, LIMIT_MS);
	assert_true(quiet_is_over(&f->q, job_now_ms()));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_quiet__silence_is_over_when_nothing_moves),
		CASE(test_quiet__off_is_never),
		CASE(test_quiet__output_is_life),
		CASE(test_quiet__a_change_deep_in_the_worktree_is_life),
		CASE(test_quiet__a_git_folder_is_not_looked_at),
		CASE(test_quiet__follows_no_link),
		CASE(test_quiet__what_cannot_be_walked_counts_as_changed),
		CASE(test_quiet__a_step_of_the_clock_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
