/* The mark beside a journal, where its folder cannot be synced. Found by test/fault. */
#include "unit/store_fixture.h"

#include <errno.h>

static bool failing;

int __wrap_fsync(int fd);
int __real_fsync(int fd);

int __wrap_fsync(int fd)
{
	if (!failing)
		return __real_fsync(fd);
	errno = EIO;
	return -1;
}

/* 'open' may be on the disk by then, so what it tells of must be there as well. */
static void test_store__a_mark_that_is_not_synced_keeps_the_log(void **state)
{
	const struct fixture *f = *state;
	struct store *s = NULL;
	struct err e = ERR_INIT;

	failing = true;
	assert_int_equal(store_open(f->path, STORE_WRITE, test_tables, T_COUNT, &s, &e), ERR_IO);
	assert_non_null(strstr(e.msg, "could not sync"));
	failing = false;
	s = open_write(f);
	put_counter(s, 1, 1);
	store_close(s);

	failing = true;
	assert_int_equal(store_open(f->path, STORE_WRITE, test_tables, T_COUNT, &s, &e), ERR_IO);
	failing = false;
	s = open_write(f);
	put_counter(s, 1, 2);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_store__a_mark_that_is_not_synced_keeps_the_log,
						fixture_setup, fixture_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
