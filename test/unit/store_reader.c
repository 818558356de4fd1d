/* Readers beside a live writer, after a dead one, and where nothing may be written. */
#include "unit/store_fixture.h"

#include <grp.h>
#include <signal.h>
#include <sqlite3.h>

#define NOBODY 65534

static void test_store__a_reader_sees_the_last_commit(void **state)
{
	struct fixture *f = *state;
	struct store *w = open_write(f), *r;

	put_counter(w, 1, 1);
	r = open_read(f);
	assert_int_equal(counters(r), 1);
	put_counter(w, 2, 10);
	assert_int_equal(counters(r), 11);
	OK(store_begin(w, e));
	OK(try_counter(w, 3, 100, e));
	assert_int_equal(counters(r), 11); /* not yet */
	OK(store_commit(w, e));
	assert_int_equal(counters(r), 111);
	store_close(r);
	store_close(w);
}

static void test_store__one_look_of_a_reader_is_of_one_commit(void **state)
{
	struct fixture *f = *state;
	struct store *w = open_write(f), *r = open_read(f);

	put_counter(w, 1, 1);
	OK(store_begin(r, e));
	assert_int_equal(counters(r), 1);
	put_counter(w, 2, 10);
	assert_int_equal(counters(r), 1);
	store_rollback(r);
	assert_int_equal(counters(r), 11);
	store_close(w);
	store_close(r);
}

static void test_store__a_reader_reads_what_a_dead_writer_left(void **state)
{
	struct fixture *f = *state;
	struct store *r;
	char *before, *after;
	size_t n, m;

	write_and_die(f, 20);
	before = bytes_of(f->wal, &n);
	r = open_read(f);
	assert_int_equal(counters(r), 20);
	store_close(r);
	/* And leaves it to the next writer. */
	after = bytes_of(f->wal, &m);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
	free(before);
	free(after);
	assert_int_equal(unlink(f->shm), 0); /* as after a reboot */
	r = open_read(f);
	assert_int_equal(counters(r), 20);
	store_close(r);
}

static void test_store__a_writer_that_closes_before_its_reader_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct store *w = open_write(f), *r;

	put_counter(w, 1, 5);
	r = open_read(f);
	OK(store_begin(r, e));
	assert_int_equal(counters(r), 5);
	put_counter(w, 2, 6);
	store_close(w); /* the reader's look keeps the WAL from being emptied */
	assert_int_equal(counters(r), 5);
	store_close(r);
	w = open_write(f);
	assert_int_equal(counters(w), 11);
	store_close(w);
}

static void test_store__a_reader_writes_nothing(void **state)
{
	struct fixture *f = *state;
	struct store *w = open_write(f), *r;
	char *before, *after;
	size_t n, m;

	put_counter(w, 1, 5);
	store_close(w);
	before = bytes_of(f->path, &n);
	r = open_read(f);
	assert_int_equal(counters(r), 5);
	store_close(r);
	after = bytes_of(f->path, &m);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
	free(before);
	free(after);
}

/* Read in a child that may write nowhere near the journal. 0: it was all there. */
static int read_as_nobody(const struct fixture *f, int64_t want)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *r;

		if (getuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
				      setresuid(NOBODY, NOBODY, NOBODY)))
			_exit(2);
		r = open_read(f);
		_exit(counters(r) == want ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void close_folder(const struct fixture *f)
{
	const char *files[] = {f->path, f->wal, f->shm, f->mark};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (file_exists(files[i]))
			assert_int_equal(chmod(files[i], 0444), 0);
	assert_int_equal(chmod(f->dir, 0555), 0);
}

static void open_folder(const struct fixture *f)
{
	assert_int_equal(chmod(f->dir, 0700), 0);
}

static void test_store__a_closed_journal_reads_in_a_read_only_folder(void **state)
{
	struct fixture *f = *state;
	struct store *w = open_write(f);

	put_counter(w, 1, 5);
	store_close(w);
	close_folder(f);
	assert_int_equal(read_as_nobody(f, 5), 0);
	open_folder(f);
}

static void test_store__what_a_dead_writer_left_reads_in_a_read_only_folder(void **state)
{
	struct fixture *f = *state;

	write_and_die(f, 7);
	close_folder(f);
	assert_int_equal(read_as_nobody(f, 7), 0);
	open_folder(f);
}

/* 1: the lock that a connection has on the file itself is there, as another process sees it. */
static int is_locked(const struct fixture *f)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(f->path, O_RDWR | O_CLOEXEC);

		_exit(fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_store__a_reader_in_our_process_leaves_the_writers_locks(void **state)
{
	struct fixture *f = *state;
	struct store *w = open_write(f), *r;

	put_counter(w, 1, 1);
	assert_int_equal(is_locked(f), 1);
	r = open_read(f);
	assert_int_equal(counters(r), 1);
	store_close(r);
	assert_int_equal(is_locked(f), 1);
	store_close(w);
	assert_int_equal(is_locked(f), 0);
}

/* The WAL is checkpointed by its writer as it grows, and does not stay large. */
static void test_store__the_wal_stays_small(void **state)
{
	struct fixture *f = *state;
	struct store *w = open_write(f);
	struct stat st;

	for (int64_t i = 0; i < 2000; i++)
		put_counter(w, i, 1);
	assert_int_equal(stat(f->wal, &st), 0);
	assert_true(st.st_size < 1 << 20);
	assert_int_equal(stat(f->path, &st), 0);
	assert_true(st.st_size > 4096);
	store_close(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_done)
	const struct CMUnitTest tests[] = {
		T(test_store__a_reader_sees_the_last_commit),
		T(test_store__one_look_of_a_reader_is_of_one_commit),
		T(test_store__a_reader_reads_what_a_dead_writer_left),
		T(test_store__a_writer_that_closes_before_its_reader_loses_nothing),
		T(test_store__a_reader_writes_nothing),
		T(test_store__a_closed_journal_reads_in_a_read_only_folder),
		T(test_store__what_a_dead_writer_left_reads_in_a_read_only_folder),
		T(test_store__a_reader_in_our_process_leaves_the_writers_locks),
		T(test_store__the_wal_stays_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
