#include "base/clean.h"
#include "base/sqlite.h"
#include "tmp.h"
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const steps[] = {
	"CREATE TABLE a (x INTEGER PRIMARY KEY, t TEXT NOT NULL)",
	"ALTER TABLE a ADD COLUMN y REAL; CREATE TABLE b (x INTEGER)",
};

struct fixture {
	char *dir, *path;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->dir = tmp_make();
	f->path = path_join(f->dir, "x.db");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tmp_done(f->dir);
	free(f->path);
	free(f);
	return 0;
}

static struct db *open_new(const struct fixture *f)
{
	struct err e = ERR_INIT;
	struct db *d = NULL;
	int rc = db_open(f->path, DB_CREATE | DB_SHARED, &d, &e);

	if (rc == 0)
		rc = db_migrate(d, steps, 2, &e);
	if (rc)
		fail_msg("%s", e.msg);
	return d;
}

static int64_t count(struct db *d)
{
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;

	assert_int_equal(db_query(d, &q, NULL, "SELECT count(*) FROM a", ""), 0);
	assert_int_equal(db_step(d, q, NULL), 1);
	return db_int(q, 0);
}

static void test_sqlite__is_private_and_durable(void **state)
{
	struct fixture *f = *state;
	struct db *d = open_new(f);
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	char *wal = mem_printf("%s-wal", f->path);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(wal);
	assert_int_equal(db_query(d, &q, NULL, "PRAGMA synchronous", ""), 0);
	assert_int_equal(db_step(d, q, NULL), 1);
	assert_int_equal(db_int(q, 0), 2);
	db_finalp(&q);
	db_close(d);
}

static void test_sqlite__values_come_back(void **state)
{
	struct db *d = open_new(*state);
	struct sqlite3_stmt *q CLEANUP(db_finalp) = NULL;

	assert_int_equal(db_run(d, NULL, "INSERT INTO a (x, t, y) VALUES (?1, ?2, ?3)", "ltr",
				(int64_t)1 << 40, "täxt", 0.5),
			 0);
	assert_int_equal(db_changes(d), 1);
	assert_int_equal(db_last_id(d), (int64_t)1 << 40);
	assert_int_equal(
		db_query(d, &q, NULL, "SELECT x, t, y, NULL FROM a WHERE t=?1", "t", "täxt"), 0);
	assert_int_equal(db_step(d, q, NULL), 1);
	assert_int_equal(db_int(q, 0), (int64_t)1 << 40);
	assert_string_equal(db_text(q, 1), "täxt");
	assert_true(db_real(q, 2) == 0.5);
	assert_null(db_text(q, 3));
	char *copy = db_text_dup(q, 3);
	assert_string_equal(copy, "");
	free(copy);
	assert_int_equal(db_step(d, q, NULL), 0);
	db_finalp(&q);
	db_close(d);
}

static void test_sqlite__migrates_forward_only(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct db *d = NULL;

	assert_int_equal(db_open(f->path, DB_CREATE, &d, &e), 0);
	assert_int_equal(db_migrate(d, steps, 1, &e), 0);
	assert_int_equal(db_run(d, &e, "INSERT INTO a (t) VALUES ('old')", ""), 0);
	assert_int_equal(db_migrate(d, steps, 2, &e), 0);
	assert_int_equal(db_run(d, &e, "UPDATE a SET y = 1", ""), 0);
	assert_int_equal(count(d), 1);
	assert_int_equal(db_migrate(d, steps, 1, &e), ERR_INVALID);
	assert_non_null(strstr(e.msg, "schema version is 2"));
	db_close(d);
}

static void test_sqlite__failed_migration_changes_nothing(void **state)
{
	const char *const broken[] = {steps[0], "CREATE TABLE c (x); CREATE TABLE a (x)"};
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct db *d = NULL;

	assert_int_equal(db_open(f->path, DB_CREATE, &d, &e), 0);
	assert_int_equal(db_migrate(d, broken, 1, &e), 0);
	assert_true(db_migrate(d, broken, 2, &e) < 0);
	assert_int_equal(db_migrate(d, steps, 2, &e), 0);
	assert_true(db_exec(d, "SELECT * FROM c", &e) < 0);
	db_close(d);
}

static void test_sqlite__errors_say_what_to_do(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct db *d = NULL;

	assert_int_equal(db_open(f->path, 0, &d, &e), ERR_NOT_FOUND);
	assert_int_equal(db_open("/nonexistent/x.db", DB_CREATE, &d, &e), ERR_IO);

	d = open_new(f);
	assert_int_equal(db_run(d, &e, "INSERT INTO a (x, t) VALUES (1, NULL)", ""), ERR_CONFLICT);
	assert_int_equal(db_exec(d, "PRAGMA max_page_count=1", &e), 0);
	assert_int_equal(db_run(d, &e, "INSERT INTO a (t) VALUES (hex(zeroblob(99999)))", ""),
			 ERR_LIMIT);
	assert_non_null(strstr(e.msg, "full"));
	db_close(d);
}

static void test_sqlite__not_a_database_is_corrupt_and_untouched(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct db *d = NULL;
	struct buf text CLEANUP(buf_done) = BUF_INIT, after CLEANUP(buf_done) = BUF_INIT;

	for (int i = 0; i < 1000; i++)
		buf_puts(&text, "not a database\n");
	assert_int_equal(file_write(f->path, buf_str(&text), false, &e), 0);
	assert_int_equal(db_open(f->path, DB_CREATE | DB_SHARED, &d, &e), ERR_CORRUPT);
	assert_int_equal(file_read(f->path, 1 << 20, &after, &e), 0);
	assert_true(str_eq(buf_str(&text), buf_str(&after)));
}

static void test_sqlite__rollback_without_transaction_is_fine(void **state)
{
	struct db *d = open_new(*state);

	db_rollback(d);
	assert_int_equal(db_begin(d, NULL), 0);
	assert_int_equal(db_run(d, NULL, "INSERT INTO a (t) VALUES ('x')", ""), 0);
	db_rollback(d);
	assert_int_equal(count(d), 0);
	db_close(d);
}

/* As one that had no memory for it. Found by test/fault. */
static void test_sqlite__a_failed_rollback_does_not_stop_the_next(void **state)
{
	struct db *d = open_new(*state);

	assert_int_equal(db_exec(d, "BEGIN", NULL), 0);
	assert_int_equal(db_run(d, NULL, "INSERT INTO a (t) VALUES ('x')", ""), 0);
	assert_int_equal(db_begin(d, NULL), 0);
	assert_int_equal(count(d), 0);
	db_rollback(d);
	assert_int_equal(db_exec(d, "BEGIN", NULL), 0);
	assert_int_equal(db_begin_read(d, NULL), 0);
	db_rollback(d);
	db_close(d);
}

/* What SQLite opens files with; the files of one name, for writing, find no descriptor. */
static int (*real_open)(const char *path, int flags, int mode);
static const char *refused;

static int open_but(const char *path, int flags, int mode)
{
	size_t n = strlen(path), m = strlen(refused);

	if ((flags & O_ACCMODE) == O_RDWR && n >= m && streq(path + n - m, refused)) {
		errno = EMFILE;
		return -1;
	}
	return real_open(path, flags, mode);
}

static void test_sqlite__what_opens_for_reading_alone_is_an_error(void **state)
{
	static const char *const ends[] = {"x.db", "x.db-wal"};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	struct fixture *f = *state;

	db_close(open_new(f));
	real_open = (int (*)(const char *, int, int))vfs->xGetSystemCall(vfs, "open");
	assert_int_equal(vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)open_but),
			 SQLITE_OK);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct err e = ERR_INIT;
		struct db *d = NULL;

		refused = ends[i];
		assert_int_equal(db_open(f->path, DB_CREATE, &d, &e), ERR_IO);
		assert_null(d);
		assert_non_null(strstr(e.msg, "x.db"));
	}
	assert_int_equal(vfs->xSetSystemCall(vfs, "open", NULL), SQLITE_OK);
	db_close(open_new(f));
}

#define WRITERS 4
#define ROUNDS  50

static void write_rounds(struct fixture *f)
{
	struct db *d = NULL;

	for (int i = 0; i < ROUNDS; i++) {
		/* Open and close between, since the last one out checkpoints. */
		if (db_open(f->path, DB_SHARED, &d, NULL) || db_begin(d, NULL) ||
		    db_run(d, NULL, "INSERT INTO a (t) VALUES ('x')", "") || db_commit(d, NULL))
			_exit(1);
		db_close(d);
	}
	_exit(0);
}

static void test_sqlite__several_processes_write(void **state)
{
	struct fixture *f = *state;
	pid_t pids[WRITERS];
	int status;

	db_close(open_new(f));
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			write_rounds(f);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	struct db *d = open_new(f);
	assert_int_equal(count(d), WRITERS * ROUNDS);
	db_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_sqlite__is_private_and_durable),
		T(test_sqlite__values_come_back),
		T(test_sqlite__migrates_forward_only),
		T(test_sqlite__failed_migration_changes_nothing),
		T(test_sqlite__errors_say_what_to_do),
		T(test_sqlite__not_a_database_is_corrupt_and_untouched),
		T(test_sqlite__rollback_without_transaction_is_fine),
		T(test_sqlite__a_failed_rollback_does_not_stop_the_next),
		T(test_sqlite__what_opens_for_reading_alone_is_an_error),
		T(test_sqlite__several_processes_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
