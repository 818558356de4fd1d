#ifndef TEST_UNIT_STORE_FIXTURE_H
#define TEST_UNIT_STORE_FIXTURE_H

/* A folder of its own for each test, and a journal with two tables in it. */
#include "base/check.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "port/store.h"
#include "unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { T_TASK, T_COUNTER, T_COUNT };

static const struct store_column task_columns[] = {
	{"id",    STORE_TEXT},
	{"state", STORE_INT },
	{"title", STORE_TEXT},
	{"cost",  STORE_REAL},
};
static const struct store_column counter_columns[] = {
	{"n",     STORE_INT},
	{"value", STORE_INT},
};
static const struct store_table task_table = {"task", task_columns, ARRAY_LEN(task_columns)};
static const struct store_table counter_table = {"counter", counter_columns,
						 ARRAY_LEN(counter_columns)};
static const struct store_table *const test_tables[T_COUNT] = {&task_table, &counter_table};

struct fixture {
	char *dir, *path, *wal, *shm, *mark;
};

static inline int fixture_setup_in(void **state, const char *parent)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	char *name = mem_printf("%s/ganger-store-XXXXXX", parent);

	f->dir = mkdtemp(name);
	assert_non_null(f->dir);
	f->path = path_join(f->dir, "journal.db");
	f->wal = path_join(f->dir, "journal.db-wal");
	f->shm = path_join(f->dir, "journal.db-shm");
	f->mark = path_join(f->dir, ".journal.db.mark");
	*state = f;
	return 0;
}

static inline int fixture_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	return fixture_setup_in(state, tmp ? tmp : "/tmp");
}

static inline int fixture_done(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(dir_remove(f->dir, NULL), 0);
	free(f->dir);
	free(f->path);
	free(f->wal);
	free(f->shm);
	free(f->mark);
	free(f);
	return 0;
}

/* A call that must do well; what it said otherwise is in the test's output. */
#define OK(call)                                                                                   \
	do {                                                                                       \
		struct err err_ = ERR_INIT, *e = &err_;                                            \
		if ((call) != 0)                                                                   \
			fail_msg("%s: %s", #call, err_.msg);                                       \
	} while (0)

static inline struct store *open_write(const struct fixture *f)
{
	struct store *s = NULL;

	OK(store_open(f->path, STORE_WRITE, test_tables, T_COUNT, &s, e));
	return s;
}

static inline struct store *open_read(const struct fixture *f)
{
	struct store *s = NULL;

	OK(store_open(f->path, STORE_READ, test_tables, T_COUNT, &s, e));
	return s;
}

static inline int try_counter(struct store *s, int64_t n, int64_t value, struct err *e)
{
	return store_put(s, T_COUNTER, (struct store_value[]){{.i = n}, {.i = value}}, e);
}

static inline void put_counter(struct store *s, int64_t n, int64_t value)
{
	OK(store_begin(s, e));
	OK(try_counter(s, n, value, e));
	OK(store_commit(s, e));
}

static inline int sum_counter(void *ctx, const struct store_value *v, struct err *e)
{
	(void)e;
	*(int64_t *)ctx += v[1].i;
	return 0;
}

static inline int64_t counters(struct store *s)
{
	int64_t sum = 0;

	OK(store_load(s, T_COUNTER, sum_counter, &sum, e));
	return sum;
}

/* The file's bytes, to show that nobody touched it. */
static inline char *bytes_of(const char *path, size_t *ret_n)
{
	struct buf b = BUF_INIT;

	assert_int_equal(file_read(path, BUF_MAX_DEFAULT, &b, NULL), 0);
	*ret_n = b.n;
	return buf_take(&b);
}

/* Fill a journal in a child of ours that then dies by kill -9, so that its WAL stays. */
static inline void write_and_die(const struct fixture *f, int64_t n_turns)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s = open_write(f);

		for (int64_t i = 1; i <= n_turns; i++)
			put_counter(s, i, 1);
		(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

#endif
