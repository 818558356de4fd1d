/*
 * A disk that is full or refuses: the commit says which, nothing of the turn is in, and the
 * same turn goes in once there is room.
 */
#include "unit/store_fixture.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define FULL_TEXT 3000 /* bytes of each row, so that a turn needs pages of its own */

static int put_big(struct store *s, int64_t n, struct err *e)
{
	char text[FULL_TEXT + 1], id[32];
	struct store_value v[] = {{.s = id}, {.i = n}, {.s = text}, {.r = 0}};

	memset(text, 'x', FULL_TEXT);
	text[FULL_TEXT] = '\0';
	(void)snprintf(id, sizeof(id), "T%lld", (long long)n);
	return store_put(s, T_TASK, v, e);
}

static int try_turn(struct store *s, int64_t n, struct err *e)
{
	int rc = store_begin(s, e);

	if (rc)
		return rc;
	rc = put_big(s, n, e);
	if (!rc)
		return store_commit(s, e);
	store_rollback(s);
	return rc;
}

static int count_row(void *ctx, const struct store_value *v, struct err *e)
{
	(void)e;
	assert_int_equal(strlen(v[2].s), FULL_TEXT);
	++*(int64_t *)ctx;
	return 0;
}

static int64_t rows(struct store *s)
{
	int64_t n = 0;

	OK(store_load(s, T_TASK, count_row, &n, e));
	return n;
}

/* Fill until it is refused. The number of turns that are in. */
static int64_t fill(struct store *s, int code)
{
	struct err e = ERR_INIT;
	int64_t n = 0;
	int rc;

	while ((rc = try_turn(s, n, &e)) == 0)
		assert_true(++n < 100000);
	if (rc != code)
		fail_msg("%d, not %d: %s", rc, code, e.msg);
	assert_int_equal(rows(s), n);
	/* As often as one likes. */
	assert_int_equal(try_turn(s, n, &e), code);
	assert_int_equal(rows(s), n);
	return n;
}

/* Where it goes with us, whatever becomes of the test. */
static int mount_small(const char *dir)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return -1;
	return mount("tmpfs", dir, "tmpfs", 0, "size=6m");
}

static void test_store__a_full_disk_is_a_limit(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	char *reserve CLEANUP(freep) = path_join(f->dir, "reserve");
	char *second CLEANUP(freep) = path_join(f->dir, "second");
	int64_t n;

	if (mount_small(f->dir) != 0) {
		print_message("# cannot mount a tmpfs: %s\n", strerror(errno));
		skip();
	}
	OK(store_reserve_make(reserve, e));
	s = open_write(f);
	n = fill(s, ERR_LIMIT);
	assert_int_equal(store_reserve_make(second, NULL), ERR_LIMIT);
	store_reserve_release(reserve);
	OK(try_turn(s, n, e));
	assert_int_equal(rows(s), n + 1);
	store_close(s);
	s = open_write(f);
	assert_int_equal(rows(s), n + 1);
	store_close(s);
	assert_int_equal(umount(f->dir), 0);
}

static void test_store__a_limit_on_file_size_is_a_limit(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	struct store *s = open_write(f);
	int64_t n;

	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 300000, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	n = fill(s, ERR_LIMIT);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	OK(try_turn(s, n, e));
	assert_int_equal(rows(s), n + 1);
	store_close(s);
	s = open_write(f);
	assert_int_equal(rows(s), n + 1);
	store_close(s);
}

/* SQLite's own calls for the WAL, which is what a turn writes, failing on demand. */
static sqlite3_vfs failing_vfs;
static sqlite3_vfs *real_vfs;
static sqlite3_io_methods failing_methods;
static const sqlite3_io_methods *real_methods;
static int fail_write, fail_sync, n_syncs;

static int write_or_fail(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	return fail_write ? SQLITE_IOERR_WRITE : real_methods->xWrite(file, p, n, at);
}

static int sync_or_fail(sqlite3_file *file, int flags)
{
	n_syncs++;
	return fail_sync ? SQLITE_IOERR_FSYNC : real_methods->xSync(file, flags);
}

static int open_failing(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret)
{
	int rc = real_vfs->xOpen(vfs, name, file, flags, ret);

	if (rc != SQLITE_OK || !(flags & SQLITE_OPEN_WAL))
		return rc;
	real_methods = file->pMethods;
	failing_methods = *real_methods;
	failing_methods.xWrite = write_or_fail;
	failing_methods.xSync = sync_or_fail;
	file->pMethods = &failing_methods;
	return rc;
}

static int fixture_setup_failing(void **state)
{
	real_vfs = sqlite3_vfs_find(NULL);
	failing_vfs = *real_vfs;
	failing_vfs.zName = "failing";
	failing_vfs.xOpen = open_failing;
	fail_write = fail_sync = 0;
	if (sqlite3_vfs_register(&failing_vfs, 1) != SQLITE_OK)
		return -1;
	return fixture_setup(state);
}

static int fixture_done_failing(void **state)
{
	(void)sqlite3_vfs_unregister(&failing_vfs);
	return fixture_done(state);
}

static void expect_io_then_well(const struct fixture *f, int *fail)
{
	struct store *s = open_write(f);
	struct err e = ERR_INIT;

	assert_int_equal(try_turn(s, 0, &e), 0);
	*fail = 1;
	assert_int_equal(try_turn(s, 1, &e), ERR_IO);
	assert_non_null(strstr(e.msg, f->path));
	assert_int_equal(try_turn(s, 1, &e), ERR_IO);
	*fail = 0;
	assert_int_equal(rows(s), 1);
	assert_int_equal(try_turn(s, 1, &e), 0);
	assert_int_equal(rows(s), 2);
	store_close(s);
	s = open_write(f);
	assert_int_equal(rows(s), 2);
	store_close(s);
}

static void test_store__a_write_that_fails_is_io(void **state)
{
	expect_io_then_well(*state, &fail_write);
}

static void test_store__a_sync_that_fails_is_io(void **state)
{
	expect_io_then_well(*state, &fail_sync);
}

static void test_store__a_turn_is_synced_before_it_is_acknowledged(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_write(f);

	for (int64_t i = 0; i < 10; i++) {
		n_syncs = 0;
		put_counter(s, i, 1);
		assert_true(n_syncs >= 1);
	}
	store_close(s);
}

/* What came after a failure in the same turn must not go in on its own. */
static void test_store__a_turn_with_a_failed_put_is_void(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_write(f);
	struct err why = ERR_INIT;
	int64_t n = 0;
	int rc = 0;

	OK(store_begin(s, e));
	fail_write = 1;
	while (!rc) { /* until the cache is full and spills */
		rc = put_big(s, n++, &why);
		assert_true(n < 100000);
	}
	fail_write = 0;
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(try_counter(s, 1, 1, &why), ERR_IO);
	assert_int_equal(store_commit(s, &why), ERR_IO);
	assert_int_equal(rows(s), 0);
	assert_int_equal(counters(s), 0);
	put_counter(s, 1, 4);
	assert_int_equal(counters(s), 4);
	store_close(s);
}

int main(void)
{
#define T(name, in) cmocka_unit_test_setup_teardown(name, fixture_setup##in, fixture_done##in)
	const struct CMUnitTest tests[] = {
		T(test_store__a_full_disk_is_a_limit, ),
		T(test_store__a_limit_on_file_size_is_a_limit, ),
		T(test_store__a_write_that_fails_is_io, _failing),
		T(test_store__a_sync_that_fails_is_io, _failing),
		T(test_store__a_turn_with_a_failed_put_is_void, _failing),
		T(test_store__a_turn_is_synced_before_it_is_acknowledged, _failing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
