#include "run/rows.h"

#include "base/check.h"
#include "base/clean.h"
#include "base/str.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* How a member of one of the core's structs is kept. */
enum member { M_INT, M_OID, M_REAL, M_TEXT, M_NOTE };
struct field {
	enum member member;
	size_t at, size;
};

/* One struct's columns and fields, side by side, from the same list. */
#define INT(name, what)     {#name, STORE_INT},
#define OID(name, what)     {#name, STORE_TEXT},
#define REAL(name, what)    {#name, STORE_REAL},
#define TEXT(name, what)    {#name, STORE_TEXT},
#define NOTE(name, n, what) {#name, STORE_TEXT},
#define TASK_FIELDS
static const struct store_column task_columns[] = {
#include "core/fields.def"
};
#undef TASK_FIELDS

#define INT(name, what)     {#name, STORE_INT},
#define OID(name, what)     {#name, STORE_TEXT},
#define REAL(name, what)    {#name, STORE_REAL},
#define TEXT(name, what)    {#name, STORE_TEXT},
#define NOTE(name, n, what) {#name, STORE_TEXT},
#define KIND_FIELDS
static const struct store_column kind_columns[] = {
#include "core/fields.def"
};
#undef KIND_FIELDS

#define INT(name, what)     {#name, STORE_INT},
#define OID(name, what)     {#name, STORE_TEXT},
#define REAL(name, what)    {#name, STORE_REAL},
#define TEXT(name, what)    {#name, STORE_TEXT},
#define NOTE(name, n, what) {#name, STORE_TEXT},
#define RUN_FIELDS
static const struct store_column run_columns[] = {
#include "core/fields.def"
};
#undef RUN_FIELDS

#define INT(name, what)     {M_INT, offsetof(struct task, name), sizeof(int64_t)},
#define OID(name, what)     {M_OID, offsetof(struct task, name), OID_SIZE},
#define REAL(name, what)    {M_REAL, offsetof(struct task, name), sizeof(double)},
#define TEXT(name, what)    {M_TEXT, offsetof(struct task, name), 0},
#define NOTE(name, n, what) {M_NOTE, offsetof(struct task, name), n},
#define TASK_FIELDS
static const struct field task_fields[] = {
#include "core/fields.def"
};
#undef TASK_FIELDS

#define INT(name, what)     {M_INT, offsetof(struct kind, name), sizeof(int64_t)},
#define OID(name, what)     {M_OID, offsetof(struct kind, name), OID_SIZE},
#define REAL(name, what)    {M_REAL, offsetof(struct kind, name), sizeof(double)},
#define TEXT(name, what)    {M_TEXT, offsetof(struct kind, name), 0},
#define NOTE(name, n, what) {M_NOTE, offsetof(struct kind, name), n},
#define KIND_FIELDS
static const struct field kind_fields[] = {
#include "core/fields.def"
};
#undef KIND_FIELDS

#define INT(name, what)     {M_INT, offsetof(struct run_row, name), sizeof(int64_t)},
#define OID(name, what)     {M_OID, offsetof(struct run_row, name), OID_SIZE},
#define REAL(name, what)    {M_REAL, offsetof(struct run_row, name), sizeof(double)},
#define TEXT(name, what)    {M_TEXT, offsetof(struct run_row, name), 0},
#define NOTE(name, n, what) {M_NOTE, offsetof(struct run_row, name), n},
#define RUN_FIELDS
static const struct field run_fields[] = {
#include "core/fields.def"
};
#undef RUN_FIELDS

#define FIELDS_MAX 64
static_assert(ARRAY_LEN(task_fields) <= FIELDS_MAX, "rows fit the buffer");
static_assert(ARRAY_LEN(task_fields) == ARRAY_LEN(task_columns), "one list");
static_assert(ARRAY_LEN(run_fields) <= FIELDS_MAX, "rows fit the buffer");

static const struct store_column edge_columns[] = {
	{"edge",  STORE_TEXT},
        {"task",  STORE_TEXT},
        {"needs", STORE_TEXT}
};
static const struct store_column pass_columns[] = {
	{"tree", STORE_TEXT}
};

static const struct store_table run_table = {"run", run_columns, ARRAY_LEN(run_columns)};
static const struct store_table kind_table = {"kind", kind_columns, ARRAY_LEN(kind_columns)};
static const struct store_table task_table = {"task", task_columns, ARRAY_LEN(task_columns)};
static const struct store_table edge_table = {"edge", edge_columns, ARRAY_LEN(edge_columns)};
static const struct store_table pass_table = {"pass", pass_columns, ARRAY_LEN(pass_columns)};

const struct store_table *const rows_tables[ROWS_TABLE_COUNT] = {
	[ROWS_RUN] = &run_table,   [ROWS_KIND] = &kind_table, [ROWS_TASK] = &task_table,
	[ROWS_EDGE] = &edge_table, [ROWS_PASS] = &pass_table,
};

static struct store_value value_of(const struct field *f, const void *row)
{
	const char *p = (const char *)row + f->at;
	switch (f->member) {
	case M_INT:
		return (struct store_value){.i = *(const int64_t *)(const void *)p};
	case M_REAL:
		return (struct store_value){.r = *(const double *)(const void *)p};
	case M_TEXT:
		return (struct store_value){.s = *(const char *const *)(const void *)p};
	case M_OID:
	case M_NOTE:
		return (struct store_value){.s = p[0] ? p : NULL};
	}
	CHECK(!"a field has a kind");
	return (struct store_value){0};
}

static int save_row(struct store *s,
		    enum rows_table table,
		    const struct field *fields,
		    size_t n,
		    const void *row,
		    struct err *e)
{
	struct store_value values[FIELDS_MAX];
	for (size_t i = 0; i < n; i++)
		values[i] = value_of(&fields[i], row);
	return store_put(s, table, values, e);
}

static void edge_key(struct buf *b, const struct core *c, const struct edge *x)
{
	buf_printf(b, "%s\t%s", c->tasks.items[x->task].id, c->tasks.items[x->needs].id);
}

static int cut_edge(struct store *s, const struct core *c, const struct edge *x, struct err *e)
{
	struct buf key CLEANUP(buf_done) = BUF_INIT;
	edge_key(&key, c, x);
	return store_delete(s, ROWS_EDGE, &(struct store_value){.s = buf_cstr(&key)}, e);
}

static int save_edge(struct store *s, const struct core *c, const struct edge *x, struct err *e)
{
	struct buf key CLEANUP(buf_done) = BUF_INIT;
	edge_key(&key, c, x);
	struct store_value values[] = {{.s = buf_cstr(&key)},
				       {.s = c->tasks.items[x->task].id},
				       {.s = c->tasks.items[x->needs].id}};
	return store_put(s, ROWS_EDGE, values, e);
}

/* Those cut first: an edge that was cut and made again is there at the end. */
static int save_edges(struct store *s, const struct core *c, struct err *e)
{
	for (size_t i = 0; i < c->cut_edges.n; i++)
		if (cut_edge(s, c, &c->cut_edges.items[i], e))
			return e->code;
	for (size_t i = 0; i < c->new_edges.n; i++)
		if (save_edge(s, c, &c->new_edges.items[i], e))
			return e->code;
	return 0;
}

int rows_save(struct store *s, const struct core *c, struct err *e)
{
	if (c->run_dirty && save_row(s, ROWS_RUN, run_fields, ARRAY_LEN(run_fields), &c->run, e))
		return e->code;
	for (size_t i = 0; i < c->kinds.n; i++)
		if (c->kinds.items[i].dirty &&
		    save_row(s, ROWS_KIND, kind_fields, ARRAY_LEN(kind_fields), &c->kinds.items[i],
			     e))
			return e->code;
	for (size_t i = 0; i < c->dirty.n; i++)
		if (save_row(s, ROWS_TASK, task_fields, ARRAY_LEN(task_fields),
			     &c->tasks.items[c->dirty.items[i]], e))
			return e->code;
	for (size_t i = 0; i < c->new_passes.n; i++) {
		const struct store_value tree = {.s = c->new_passes.items[i]};
		if (store_put(s, ROWS_PASS, &tree, e))
			return e->code;
	}
	return save_edges(s, c, e);
}

/* The texts in the row are borrowed from the store where they are TEXT, copied where not. */
static int load_fields(const struct field *fields,
		       size_t n,
		       const struct store_value *values,
		       void *row,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		char *p = (char *)row + fields[i].at;
		const char *s = values[i].s ? values[i].s : "";
		switch (fields[i].member) {
		case M_INT:
			*(int64_t *)(void *)p = values[i].i;
			break;
		case M_REAL:
			*(double *)(void *)p = values[i].r;
			break;
		case M_TEXT:
			*(const char **)(void *)p = s;
			break;
		case M_OID:
		case M_NOTE:
			if (strlen(s) >= fields[i].size)
				return err_set(
					e, ERR_CORRUPT,
					"the journal has a text that is too long: '%.40s...'", s);
			memcpy(p, s, strlen(s) + 1);
			break;
		}
	}
	return 0;
}

static int load_run(void *ctx, const struct store_value *values, struct err *e)
{
	struct core *c = ctx;
	if (load_fields(run_fields, ARRAY_LEN(run_fields), values, &c->run, e))
		return e->code;
	c->run.epic = arena_strdup(&c->arena, c->run.epic);
	c->run.base = arena_strdup(&c->arena, c->run.base);
	c->run.remote = arena_strdup(&c->arena, c->run.remote);
	return 0;
}

static int load_kind(void *ctx, const struct store_value *values, struct err *e)
{
	struct core *c = ctx;
	struct kind row = {0};
	if (load_fields(kind_fields, ARRAY_LEN(kind_fields), values, &row, e))
		return e->code;
	size_t at = 0;
	while (at < c->kinds.n && !streq(c->kinds.items[at].name, row.name))
		at++;
	if (at == c->kinds.n)
		(void)core_add_kind(c, row.name, (int)row.max);
	/* The name is the arena's already, and the limit is the user's as of now. */
	row.name = c->kinds.items[at].name;
	row.max = c->kinds.items[at].max;
	c->kinds.items[at] = row;
	return 0;
}

static int load_task(void *ctx, const struct store_value *values, struct err *e)
{
	struct core *c = ctx;
	struct task row = {0};
	if (load_fields(task_fields, ARRAY_LEN(task_fields), values, &row, e))
		return e->code;
	if (row.state <= TASK_NONE || row.state >= TASK_STATE_COUNT || !row.id[0] ||
	    core_find(c, row.id) >= 0)
		return err_set(e, ERR_CORRUPT, "the journal has a task '%s' that cannot be",
			       row.id);
	if (row.agent < 0 || (size_t)row.agent >= c->kinds.n)
		row.agent = 0;
	(void)core_add_task(c, &row);
	return 0;
}

static int load_edge(void *ctx, const struct store_value *values, struct err *e)
{
	struct core *c = ctx;
	int task = core_find(c, values[1].s ? values[1].s : "");
	int needs = core_find(c, values[2].s ? values[2].s : "");
	if (task < 0 || needs < 0)
		return err_set(e, ERR_CORRUPT,
			       "the journal has an edge of a task it does not have");
	core_add_edge(c, task, needs);
	return 0;
}

static int load_pass(void *ctx, const struct store_value *values, struct err *e)
{
	struct core *c = ctx;
	(void)e;
	map_set(&c->passes, values[0].s ? values[0].s : "", 1);
	return 0;
}

int rows_load(struct store *s, struct core *c, struct err *e)
{
	static store_row_fn *const load[ROWS_TABLE_COUNT] = {
		[ROWS_RUN] = load_run,   [ROWS_KIND] = load_kind, [ROWS_TASK] = load_task,
		[ROWS_EDGE] = load_edge, [ROWS_PASS] = load_pass,
	};
	for (int table = 0; table < ROWS_TABLE_COUNT; table++) {
		if (store_load(s, table, load[table], c, e))
			return e->code;
		if (table == ROWS_TASK) /* they came in the order of their keys */
			core_order_tasks(c);
	}
	if (!c->kinds.n)
		(void)core_add_kind(c, "none", 0);
	core_loaded(c);
	return 0;
}
