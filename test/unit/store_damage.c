/* A journal that was damaged is said to be, and left as it is. */
#include "unit/store_fixture.h"

static void expect(const struct fixture *f, enum store_mode mode, int code, const char *says)
{
	struct err e = ERR_INIT;
	struct store *s = NULL;
	int rc = store_open(f->path, mode, test_tables, T_COUNT, &s, &e);

	if (rc != code || !strstr(e.msg, says))
		fail_msg("%d: '%s', not %d: '%s'", rc, e.msg, code, says);
	assert_null(s);
	if (code != ERR_CORRUPT)
		return;
	assert_non_null(strstr(e.hint, "refs/ganger/ganger-store-"));
	assert_non_null(
		strstr(e.hint, "move journal.db, journal.db-wal and .journal.db.mark out of"));
	assert_non_null(strstr(e.hint, f->dir));
}

static void expect_torn(const struct fixture *f, const char *says)
{
	size_t n = 0, m = 0;
	char *before = file_exists(f->path) ? bytes_of(f->path, &n) : NULL;
	char *wal = file_exists(f->wal) ? bytes_of(f->wal, &m) : NULL;

	expect(f, STORE_WRITE, ERR_CORRUPT, says);
	if (before) {
		size_t n2;
		char *after = bytes_of(f->path, &n2);

		assert_int_equal(n, n2);
		assert_memory_equal(before, after, n);
		free(after);
	}
	if (wal) {
		size_t m2;
		char *after = bytes_of(f->wal, &m2);

		assert_int_equal(m, m2);
		assert_memory_equal(wal, after, m);
		free(after);
	}
	free(before);
	free(wal);
}

static void write_well(const struct fixture *f, int64_t n_turns)
{
	struct store *s = open_write(f);

	for (int64_t i = 1; i <= n_turns; i++)
		put_counter(s, i, 1);
	store_close(s);
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c = (char)~c;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	(void)close(fd);
}

static void test_store__an_empty_file_is_not_a_new_journal(void **state)
{
	struct fixture *f = *state;

	write_well(f, 3);
	assert_int_equal(truncate(f->path, 0), 0);
	expect_torn(f, "the file is empty, but other files say that it was not");
	expect(f, STORE_READ, ERR_CORRUPT, "the file is empty");
}

static void test_store__a_vanished_journal_is_not_a_new_epic(void **state)
{
	struct fixture *f = *state;

	write_well(f, 3);
	assert_int_equal(unlink(f->path), 0);
	expect_torn(f, "the file is gone, but other files say that there was one");
	expect(f, STORE_READ, ERR_CORRUPT, "the file is gone");
	/* What the hint says helps. */
	assert_int_equal(unlink(f->mark), 0);
	write_well(f, 1);
}

static void test_store__an_empty_file_beside_a_wal_is_torn(void **state)
{
	struct fixture *f = *state;

	write_and_die(f, 3);
	assert_int_equal(unlink(f->mark), 0);
	assert_int_equal(truncate(f->path, 0), 0);
	expect_torn(f, "the file is empty");
}

static void test_store__a_file_of_nothing_yet_is_a_new_journal(void **state)
{
	struct fixture *f = *state;
	int fd = open(f->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	(void)close(fd);
	expect(f, STORE_READ, ERR_NOT_FOUND, "no such file");
	write_well(f, 1);
}

static void test_store__a_reader_makes_nothing(void **state)
{
	struct fixture *f = *state;

	expect(f, STORE_READ, ERR_NOT_FOUND, "no such file");
	assert_false(file_exists(f->path));
	assert_false(file_exists(f->mark));
}

static void test_store__a_file_cut_off_is_torn(void **state)
{
	struct fixture *f = *state;

	write_well(f, 2000);
	assert_int_equal(truncate(f->path, size_of(f->path) - 4096), 0);
	expect_torn(f, "the file is cut off");
	expect(f, STORE_READ, ERR_CORRUPT, "could not open journal");
	assert_int_equal(truncate(f->path, 50), 0);
	expect_torn(f, "the file is cut off");
}

static void test_store__a_file_cut_off_with_its_wal_there_is_torn(void **state)
{
	struct fixture *f = *state;

	write_well(f, 3000);
	write_and_die(f, 1);
	assert_int_equal(truncate(f->path, 4096), 0);
	expect_torn(f, "could not open journal");
}

static void test_store__something_else_is_not_a_journal(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "not a database\n");
	OK(file_write(f->path, buf_str(&b), false, e));
	buf_done(&b);
	expect_torn(f, "it is not a database");
	expect(f, STORE_READ, ERR_CORRUPT, "file is not a database");
}

static void test_store__a_damaged_page_is_found_at_open(void **state)
{
	struct fixture *f = *state;

	write_well(f, 2000);
	for (off_t at = 4096; at < size_of(f->path); at += 4096)
		flip(f->path, at); /* the kind of each page but the first */
	expect_torn(f, "could not open journal");
}

static void test_store__a_wal_that_is_gone_is_missed(void **state)
{
	struct fixture *f = *state;

	write_and_die(f, 10);
	assert_int_equal(unlink(f->wal), 0);
	expect_torn(f, "its write-ahead log is gone");
}

static void test_store__a_wal_without_its_header_is_torn(void **state)
{
	struct fixture *f = *state;

	write_and_die(f, 10);
	flip(f->wal, 9);
	expect_torn(f, "the header of its write-ahead log is damaged");
}

static void test_store__a_wal_damaged_in_the_middle_is_torn(void **state)
{
	struct fixture *f = *state;

	write_and_die(f, 10);
	assert_int_equal(unlink(f->shm), 0); /* as after a reboot */
	flip(f->wal, size_of(f->wal) / 2);
	expect_torn(f, "its write-ahead log is damaged in the middle");
}

static void test_store__a_wal_cut_off_after_a_kill_is_torn(void **state)
{
	struct fixture *f = *state;

	write_and_die(f, 10);
	assert_int_equal(truncate(f->wal, size_of(f->wal) - 1), 0);
	expect_torn(f, "the end of its write-ahead log is lost");
}

static void test_store__a_turn_that_was_never_whole_is_no_damage(void **state)
{
	struct fixture *f = *state;
	struct store *s;

	/* A power cut in the middle of a turn: some of its frames are there, the sync never was. */
	write_and_die(f, 10);
	assert_int_equal(unlink(f->shm), 0);
	flip(f->wal, size_of(f->wal) - 1);
	s = open_write(f);
	assert_int_equal(counters(s), 9);
	store_close(s);
}

static void test_store__a_copy_without_its_mark_opens(void **state)
{
	struct fixture *f = *state;
	struct store *s;

	write_well(f, 4);
	assert_int_equal(unlink(f->mark), 0);
	s = open_write(f);
	assert_int_equal(counters(s), 4);
	assert_true(file_exists(f->mark));
	store_close(s);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_done)
	const struct CMUnitTest tests[] = {
		T(test_store__an_empty_file_is_not_a_new_journal),
		T(test_store__a_vanished_journal_is_not_a_new_epic),
		T(test_store__an_empty_file_beside_a_wal_is_torn),
		T(test_store__a_file_of_nothing_yet_is_a_new_journal),
		T(test_store__a_reader_makes_nothing),
		T(test_store__a_file_cut_off_is_torn),
		T(test_store__a_file_cut_off_with_its_wal_there_is_torn),
		T(test_store__something_else_is_not_a_journal),
		T(test_store__a_damaged_page_is_found_at_open),
		T(test_store__a_wal_that_is_gone_is_missed),
		T(test_store__a_wal_without_its_header_is_torn),
		T(test_store__a_wal_damaged_in_the_middle_is_torn),
		T(test_store__a_wal_cut_off_after_a_kill_is_torn),
		T(test_store__a_turn_that_was_never_whole_is_no_damage),
		T(test_store__a_copy_without_its_mark_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
