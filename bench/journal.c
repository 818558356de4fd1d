/*
 * What the journal costs: turns a second, and bytes a task over a whole run.
 *
 *	journal [--tasks N] FOLDER...
 *
 * Each task has the row that the core keeps of it (its fields are the list of the core
 * itself), put 12 times, and 15 rows of trace; each put is a turn of its own, which is the
 * worst case: a busy supervisor has several in one. Beside it, in the same run and folder,
 * a bare SQLite loop with the same durability: one row inserted a transaction.
 */
#include "base/check.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sqlite.h"
#include "port/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PUTS_A_TASK  12
#define TRACE_A_TASK 15
#define AT_ONCE      10 /* tasks whose puts are interleaved */

/* The core's list of fields, as columns and as values of about the size they have. */
#define INT(name, what)     {#name, STORE_INT},
#define OID(name, what)     {#name, STORE_TEXT},
#define REAL(name, what)    {#name, STORE_REAL},
#define TEXT(name, what)    {#name, STORE_TEXT},
#define NOTE(name, n, what) {#name, STORE_TEXT},
#define TASK_FIELDS
static const struct store_column columns[] = {
#include "core/fields.def"
};
#undef TASK_FIELDS

static const struct store_table task_table = {"task", columns, ARRAY_LEN(columns)};
static const struct store_column run_columns[] = {
	{"id",     STORE_INT },
        {"serial", STORE_INT },
        {"head",   STORE_TEXT}
};
static const struct store_table run_table = {"run", run_columns, ARRAY_LEN(run_columns)};
static const struct store_table *const tables[] = {&task_table, &run_table};

static _Noreturn void die(const struct err *e)
{
	(void)fprintf(stderr, "error: %s\n", e->msg);
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static const char *text_of(const char *column, int task, int put, char room[static 64])
{
	if (streq(column, "id"))
		(void)snprintf(room, 64, "bd-%05d", task);
	else if (streq(column, "title"))
		(void)snprintf(room, 64, "task %05d: make the parser read the dates it writes",
			       task);
	else if (streq(column, "reason"))
		return put == PUTS_A_TASK - 1 ? "landed" : NULL;
	else if (streq(column, "left_out"))
		return NULL;
	else /* an object name, known from some put on */
		(void)snprintf(room, 64, "%08x%08x%08x%08x%08x", task, put, task * 7, task * 31,
			       put);
	return room;
}

/* Times are large numbers, the rest small ones. */
static int64_t int_of(const char *column, int put)
{
	size_t n = strlen(column);

	if (n > 3 && streq(column + n - 3, "_ms"))
		return 1795000000000 + put;
	return strstr(column, "pid") ? 123456 : put;
}

static int put_task(struct store *s, int task, int put, struct err *e)
{
	struct store_value values[ARRAY_LEN(columns)] = {0};
	char room[ARRAY_LEN(columns)][64];

	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		if (columns[i].type == STORE_TEXT)
			values[i].s = i < (size_t)(put + 1) * 5
					      ? text_of(columns[i].name, task, put, room[i])
					      : NULL;
		else if (columns[i].type == STORE_INT)
			values[i].i = int_of(columns[i].name, put);
		else
			values[i].r = 0.25 * put;
	}
	return store_put(s, 0, values, e);
}

static int put_trace(struct store *s, int task, int put, struct err *e)
{
	static const char *const kinds[] = {"agent-ended", "claimed", "merge-made", "landed"};
	char id[32], text[128];

	(void)snprintf(id, sizeof(id), "bd-%05d", task);
	(void)snprintf(text, sizeof(text), "attempt=1 serial=%d job=%d code=0 head=%08x%032x", put,
		       task, task, put);
	return store_trace(s, 1795000000000 + put, kinds[put % 4], id, text, e);
}

static int turn(struct store *s, int task, int put, struct err *e)
{
	const struct store_value run[] = {{.i = 1}, {.i = put}, {.s = "head"}};
	int rc = store_begin(s, e);

	if (!rc)
		rc = put_task(s, task, put, e);
	if (!rc)
		rc = store_put(s, 1, run, e);
	for (int i = put * TRACE_A_TASK / PUTS_A_TASK;
	     !rc && i < (put + 1) * TRACE_A_TASK / PUTS_A_TASK; i++)
		rc = put_trace(s, task, i, e);
	return rc ? rc : store_commit(s, e);
}

/* AT_ONCE tasks from 'first' on, their puts interleaved. Seconds. */
static double run_tasks(struct store *s, int first, int n_tasks)
{
	struct err e = ERR_INIT;
	double before = now_s();

	for (int put = 0; put < PUTS_A_TASK; put++)
		for (int i = first; i < first + AT_ONCE && i < n_tasks; i++)
			if (turn(s, i, put, &e))
				die(&e);
	return now_s() - before;
}

struct bare {
	struct db *db;
	struct sqlite3_stmt *insert;
};

static struct bare bare_open(const char *dir)
{
	char *path CLEANUP(freep) = path_join(dir, "bare.db");
	struct err e = ERR_INIT;
	struct bare b = {0};

	if (db_open(path, DB_CREATE, &b.db, &e) ||
	    db_exec(b.db, "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)", &e) ||
	    db_prepare(b.db, "INSERT INTO t (text) VALUES (?1)", &b.insert, &e))
		die(&e);
	return b;
}

static double bare_run(const struct bare *b, int n_turns)
{
	struct err e = ERR_INIT;
	double before = now_s();

	for (int i = 0; i < n_turns; i++) {
		db_bind(b->insert, "t", "a text of about the length that a row of trace has");
		if (db_done(b->db, b->insert, &e))
			die(&e);
	}
	return now_s() - before;
}

static void bare_close(struct bare *b)
{
	db_finalp(&b->insert);
	db_close(b->db);
}

static double open_ms(const char *path)
{
	double before = now_s();
	struct err e = ERR_INIT;
	struct store *s = NULL;

	if (store_open(path, STORE_WRITE, tables, ARRAY_LEN(tables), &s, &e))
		die(&e);
	before = now_s() - before;
	store_close(s);
	return before * 1000;
}

static void measure(const char *folder, int n_tasks)
{
	char *dir CLEANUP(freep) = mem_printf("%s/bench-journal-XXXXXX", folder);
	char *path CLEANUP(freep) = NULL, *wal CLEANUP(freep) = NULL;
	struct err e = ERR_INIT;
	struct store *s = NULL;
	struct bare bare;
	double bare_s = 0, ours_s = 0, n_turns = (double)n_tasks * PUTS_A_TASK;
	int64_t live, closed;

	if (!mkdtemp(dir)) {
		(void)err_sys(&e, "could not make a folder in '%s'", folder);
		die(&e);
	}
	path = path_join(dir, "journal.db");
	wal = path_join(dir, "journal.db-wal");
	bare = bare_open(dir);
	if (store_open(path, STORE_WRITE, tables, ARRAY_LEN(tables), &s, &e))
		die(&e);
	/* In small slices, one after the other: what else the machine does then hits both. */
	for (int first = 0; first < n_tasks; first += AT_ONCE) {
		int n = first + AT_ONCE <= n_tasks ? AT_ONCE : n_tasks - first;

		ours_s += run_tasks(s, first, n_tasks);
		bare_s += bare_run(&bare, n * PUTS_A_TASK);
	}
	bare_close(&bare);
	live = size_of(path) + size_of(wal);
	store_close(s);
	closed = size_of(path);
	printf("%s: %.0f turns/s, bare insert %.0f/s, ratio %.2f; bytes a task: %lld with the WAL, "
	       "%lld closed; opened and checked in %.1f ms\n",
	       folder, n_turns / ours_s, n_turns / bare_s, ours_s / bare_s,
	       (long long)(live / n_tasks), (long long)(closed / n_tasks), open_ms(path));
	if (dir_remove(dir, &e))
		die(&e);
}

int main(int argc, char **argv)
{
	int at = 1, n_tasks = 1473;

	if (argc > 2 && streq(argv[1], "--tasks")) {
		int64_t n;

		if (!str_i64(str_of(argv[2]), &n) || n < 1 || n > 1000000) {
			(void)fprintf(stderr, "error: cannot take '%s' as a number of tasks\n",
				      argv[2]);
			return 2;
		}
		n_tasks = (int)n;
		at = 3;
	}
	if (at == argc) {
		(void)fprintf(stderr, "usage: journal [--tasks N] FOLDER...\n");
		return 2;
	}
	for (; at < argc; at++)
		measure(argv[at], n_tasks);
	return 0;
}
