#include "base/clean.h"
#include "base/file.h"
#include "config/config.h"
#include "run/place.h"
#include "run/rows.h"
#include "run/view.h"
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who looks at a run while its supervisor goes on writing. */

static struct core core;
static struct store *writer;
static bool writes; /* a turn is committed between two tables of a reader's look */

static void add_task(const char *id)
{
	struct task row = {.id = id, .title = "", .state = TASK_BLOCKED};

	row.age = (int64_t)core.tasks.n;
	VEC_PUSH(&core.dirty, core_add_task(&core, &row));
}

static void commit(void)
{
	struct err e = ERR_INIT;

	assert_int_equal(store_begin(writer, &e), 0);
	assert_int_equal(rows_save(writer, &core, &e), 0);
	assert_int_equal(store_commit(writer, &e), 0);
	core_take(&core);
}

int __real_store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e);
int __wrap_store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e);

int __wrap_store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e)
{
	if (table == ROWS_EDGE && writes) {
		writes = false;
		add_task("b");
		core_add_edge(&core, 1, 0);
		VEC_PUSH(&core.new_edges, ((struct edge){1, 0}));
		commit();
	}
	return __real_store_load(s, table, fn, ctx, e);
}

static void begin(const struct place *p)
{
	struct policy policy = {.max_concurrent = 1};
	struct paths paths;
	struct err e = ERR_INIT;

	core_init(&core, &policy);
	(void)core_add_kind(&core, "demo", 0);
	core.run.epic = arena_strdup(&core.arena, "it");
	core.run_dirty = true;
	add_task("a");
	paths_find(p, "it", NULL, &paths);
	assert_int_equal(dir_make(paths.epic_dir, &e), 0);
	assert_int_equal(
		store_open(paths.journal, STORE_WRITE, rows_tables, ROWS_TABLE_COUNT, &writer, &e),
		0);
	paths_done(&paths);
	commit();
}

static void look(const struct place *p, size_t tasks, size_t edges)
{
	struct config config;
	struct view v;
	struct err e = ERR_INIT;

	config_init(&config);
	if (view_open(p, &config, "it", &v, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(v.core.tasks.n, tasks);
	assert_int_equal(v.core.tasks.items[tasks - 1].needs.n, edges);
	view_done(&v);
	config_done(&config);
}

static void test_view__is_of_one_moment(void **state)
{
	char dir[] = "/tmp/ganger-view-XXXXXX", name[] = "repo";
	struct place p = {.root = dir, .common_dir = dir, .name = name, .state_dir = dir};

	(void)state;
	assert_non_null(mkdtemp(dir));
	begin(&p);
	writes = true;
	look(&p, 1, 0);
	assert_false(writes);
	look(&p, 2, 1);
	store_close(writer);
	core_done(&core);
	assert_int_equal(dir_remove(dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_view__is_of_one_moment)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
