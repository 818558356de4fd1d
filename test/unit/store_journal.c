#include "unit/store_fixture.h"

#include <sqlite3.h>

static int put_task(struct store *s, const char *id, int64_t st, const char *title, double cost)
{
	const struct store_value v[] = {{.s = id}, {.i = st}, {.s = title}, {.r = cost}};

	return store_put(s, T_TASK, v, NULL);
}

static int list_task(void *ctx, const struct store_value *v, struct err *e)
{
	(void)e;
	buf_printf(ctx, "%s %lld %s %g\n", v[0].s, (long long)v[1].i, v[2].s ? v[2].s : "(null)",
		   v[3].r);
	return 0;
}

static char *tasks(struct store *s)
{
	struct buf b = BUF_INIT;

	OK(store_load(s, T_TASK, list_task, &b, e));
	return buf_take(&b);
}

static void expect_tasks(struct store *s, const char *want)
{
	char *got = tasks(s);

	assert_string_equal(got, want);
	free(got);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_store__keeps_rows_over_a_restart(void **state)
{
	struct store *s = open_write(*state);

	OK(store_begin(s, e));
	assert_int_equal(put_task(s, "b", 2, NULL, 0.5), 0);
	assert_int_equal(put_task(s, "a", 1, "first \xc3\xa9", 0), 0);
	assert_int_equal(put_task(s, "c", 3, "gone", 0), 0);
	assert_int_equal(put_task(s, "a", 7, "changed", 1.25), 0);
	OK(store_delete(s, T_TASK, &(struct store_value){.s = "c"}, e));
	OK(store_commit(s, e));
	expect_tasks(s, "a 7 changed 1.25\nb 2 (null) 0.5\n");
	store_close(s);
	s = open_write(*state);
	expect_tasks(s, "a 7 changed 1.25\nb 2 (null) 0.5\n");
	store_close(s);
}

static void test_store__keys_that_are_numbers_are_in_their_order(void **state)
{
	struct store *s = open_write(*state);
	struct buf b = BUF_INIT;

	OK(store_begin(s, e));
	for (int i = 12; i > 7; i--)
		OK(try_counter(s, i, i, e));
	OK(store_commit(s, e));
	assert_int_equal(counters(s), 12 + 11 + 10 + 9 + 8);
	store_close(s);
	buf_done(&b);
}

static void test_store__a_rolled_back_turn_leaves_nothing(void **state)
{
	struct store *s = open_write(*state);

	put_counter(s, 1, 1);
	OK(store_begin(s, e));
	OK(try_counter(s, 2, 100, e));
	OK(store_trace(s, 5, "kind", NULL, "text", e));
	OK(store_meta_set(s, "k", "v", e));
	store_rollback(s);
	assert_int_equal(counters(s), 1);
	assert_int_equal(store_meta_get(s, "k", &(char *){NULL}, NULL), ERR_NOT_FOUND);
	store_close(s);
}

static int stop_at_once(void *ctx, const struct store_value *v, struct err *e)
{
	(void)v;
	++*(int *)ctx;
	return err_set(e, ERR_CONFLICT, "enough");
}

static void test_store__a_callback_stops_the_load(void **state)
{
	struct store *s = open_write(*state);
	struct err e = ERR_INIT;
	int calls = 0;

	put_counter(s, 1, 1);
	put_counter(s, 2, 1);
	assert_int_equal(store_load(s, T_COUNTER, stop_at_once, &calls, &e), ERR_CONFLICT);
	assert_int_equal(calls, 1);
	assert_string_equal(e.msg, "enough");
	store_close(s);
}

static int list_event(void *ctx, const struct store_event *ev, struct err *e)
{
	(void)e;
	buf_printf(ctx, "%lld %lld %s %s %s\n", (long long)ev->id, (long long)ev->wall_ms, ev->kind,
		   ev->task ? ev->task : "-", ev->text ? ev->text : "-");
	return 0;
}

static void test_store__the_trace_is_read_from_where_one_was(void **state)
{
	struct store *s = open_write(*state);
	struct buf b = BUF_INIT;

	OK(store_begin(s, e));
	OK(store_trace(s, 1000, "run-started", NULL, NULL, e));
	OK(store_trace(s, 1001, "claimed", "T1", "{\"attempt\":1}", e));
	OK(store_commit(s, e));
	OK(store_begin(s, e));
	OK(store_trace(s, 1002, "done", "T1", "", e));
	OK(store_commit(s, e));
	OK(store_events(s, 0, list_event, &b, e));
	assert_string_equal(buf_cstr(&b), "1 1000 run-started - -\n"
					  "2 1001 claimed T1 {\"attempt\":1}\n"
					  "3 1002 done T1 \n");
	buf_reset(&b);
	OK(store_events(s, 2, list_event, &b, e));
	assert_string_equal(buf_cstr(&b), "3 1002 done T1 \n");
	buf_done(&b);
	store_close(s);
}

static void test_store__meta_keeps_named_texts(void **state)
{
	struct store *s = open_write(*state);
	char *v = NULL;

	OK(store_begin(s, e));
	OK(store_meta_set(s, "boot", "one", e));
	OK(store_meta_set(s, "boot", "two", e));
	OK(store_commit(s, e));
	store_close(s);
	s = open_write(*state);
	OK(store_meta_get(s, "boot", &v, e));
	assert_string_equal(v, "two");
	free(v);
	assert_int_equal(store_meta_get(s, "none", &v, NULL), ERR_NOT_FOUND);
	store_close(s);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void test_store__files_are_the_users_alone(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(0);
	struct store *s = open_write(f);

	put_counter(s, 1, 1);
	assert_int_equal(mode_of(f->path), 0600);
	assert_int_equal(mode_of(f->wal), 0600);
	assert_int_equal(mode_of(f->shm), 0600);
	assert_int_equal(mode_of(f->mark), 0600);
	store_close(s);
	(void)umask(old);
}

static void test_store__a_turn_is_in_the_wal_and_a_close_moves_it(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_write(f);
	struct stat before, after;

	assert_int_equal(stat(f->wal, &before), 0);
	put_counter(s, 1, 1);
	assert_int_equal(stat(f->wal, &after), 0);
	assert_true(after.st_size > before.st_size);
	store_close(s);
	assert_false(file_exists(f->wal));
}

/* The same tables, as an older and as a newer program knows them. */
static const struct store_column old_columns[] = {
	{"id",    STORE_TEXT},
	{"state", STORE_INT },
};
static const struct store_table old_task = {"task", old_columns, 2};
static const struct store_table *const old_tables[] = {&old_task};

static void test_store__missing_columns_and_tables_are_added(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;

	OK(store_open(f->path, STORE_WRITE, old_tables, 1, &s, e));
	OK(store_begin(s, e));
	OK(store_put(s, 0, (struct store_value[]){{.s = "a"}, {.i = 4}}, e));
	OK(store_commit(s, e));
	store_close(s);
	s = open_read(f); /* a reader adds nothing, and reads what is not there as nothing */
	expect_tasks(s, "a 4 (null) 0\n");
	assert_int_equal(counters(s), 0);
	store_close(s);
	s = open_write(f);
	expect_tasks(s, "a 4 (null) 0\n");
	put_counter(s, 1, 3);
	assert_int_equal(counters(s), 3);
	store_close(s);
}

static void test_store__columns_of_others_are_left_alone(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_write(f);

	OK(store_begin(s, e));
	assert_int_equal(put_task(s, "a", 1, "kept", 2), 0);
	OK(store_commit(s, e));
	store_close(s);
	OK(store_open(f->path, STORE_WRITE, old_tables, 1, &s, e));
	OK(store_begin(s, e));
	OK(store_put(s, 0, (struct store_value[]){{.s = "a"}, {.i = 9}}, e));
	OK(store_commit(s, e));
	store_close(s);
	s = open_write(f);
	expect_tasks(s, "a 9 kept 2\n");
	store_close(s);
}

static void expect_refused(const struct fixture *f, int code, const char *says)
{
	struct err e = ERR_INIT;
	struct store *s = NULL;

	assert_int_equal(store_open(f->path, STORE_WRITE, test_tables, T_COUNT, &s, &e), code);
	assert_null(s);
	if (!strstr(e.msg, says))
		fail_msg("'%s' is not in '%s'", says, e.msg);
}

static void test_store__a_newer_version_is_refused(void **state)
{
	struct fixture *f = *state;

	store_close(open_write(f));
	run_sql(f->path, "PRAGMA user_version=7");
	expect_refused(f, ERR_INVALID, "its schema version is 7, this program knows 1");
}

static void test_store__another_programs_database_is_refused(void **state)
{
	struct fixture *f = *state;
	char *before, *after;
	size_t n, m;

	run_sql(f->path, "CREATE TABLE notes (text)");
	before = bytes_of(f->path, &n);
	expect_refused(f, ERR_CORRUPT, "not a journal of ganger");
	after = bytes_of(f->path, &m);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
	free(before);
	free(after);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_done)
	const struct CMUnitTest tests[] = {
		T(test_store__keeps_rows_over_a_restart),
		T(test_store__keys_that_are_numbers_are_in_their_order),
		T(test_store__a_rolled_back_turn_leaves_nothing),
		T(test_store__a_callback_stops_the_load),
		T(test_store__the_trace_is_read_from_where_one_was),
		T(test_store__meta_keeps_named_texts),
		T(test_store__files_are_the_users_alone),
		T(test_store__a_turn_is_in_the_wal_and_a_close_moves_it),
		T(test_store__missing_columns_and_tables_are_added),
		T(test_store__columns_of_others_are_left_alone),
		T(test_store__a_newer_version_is_refused),
		T(test_store__another_programs_database_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
