#include "run/rows.h"

#include "base/check.h"
#include "base/clean.h"
#include "base/str.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

#define FIELDS_MAX 96
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

/* No time or count comes near it, so that what is added to one does not run over. */
#define INT_MAX_STORED (INT64_MAX / 4)

/* The seed of the jitter is any 64 bits. */
static bool int_fits(const struct field *f, int64_t i)
{
	bool is_seed = f >= run_fields && f < run_fields + ARRAY_LEN(run_fields) &&
		       f->at == offsetof(struct run_row, seed);

	return is_seed || (i >= -INT_MAX_STORED && i <= INT_MAX_STORED);
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
			if (!int_fits(&fields[i], values[i].i))
				return err_set(e, ERR_CORRUPT,
					       "the journal has a number that cannot be: %lld",
					       (long long)values[i].i);
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
	if (c->run.state < RUN_NEW || c->run.state >= RUN_STATE_COUNT || c->run.check < 0 ||
	    c->run.check >= CORE_CHECKS_MAX || c->run.probe < 0 || c->run.probe >= CORE_PROBES_MAX)
		return err_set(e, ERR_CORRUPT, "the journal has a run that cannot be");
	c->run.epic = arena_strdup(&c->arena, c->run.epic);
	c->run.base = arena_strdup(&c->arena, c->run.base);
	c->run.remote = arena_strdup(&c->arena, c->run.remote);
	return 0;
}

/* Behind those of the settings, and as they were among each other: no task is there yet. */
static size_t add_past_kind(struct core *c, const struct kind *row)
{
	size_t at = (size_t)core_add_kind(c, row->name, (int)row->max);
	struct kind k = c->kinds.items[at];
	k.is_past = true;
	for (;
	     at > 0 && c->kinds.items[at - 1].is_past && c->kinds.items[at - 1].place > row->place;
	     at--)
		c->kinds.items[at] = c->kinds.items[at - 1];
	c->kinds.items[at] = k;
	return at;
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
		at = add_past_kind(c, &row);
	/* The name is the arena's already, and the limit is the user's as of now. */
	row.is_past = c->kinds.items[at].is_past;
	row.name = c->kinds.items[at].name;
	row.dirty = row.max != c->kinds.items[at].max;
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
	if (!core_task_fits(c, &row))
		return err_set(e, ERR_CORRUPT, "the journal has a task '%s' that cannot be",
			       row.id);
	if (row.made_by[0])
		row.agent = core_find_kind(c, row.made_by);
	if (row.agent < 0 || (size_t)row.agent >= c->kinds.n)
		row.agent = 0;
	if (row.own < 0 || (size_t)row.own >= c->kinds.n) /* the tracker's labels are read anew */
		row.own = 0;
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

static void loaded(struct core *c)
{
	if (!c->kinds.n)
		(void)core_add_kind(c, "none", 0);
	for (size_t i = 0; i < c->kinds.n; i++) {
		struct kind *k = &c->kinds.items[i];
		k->dirty = k->dirty || k->place != (int64_t)i;
		k->place = (int64_t)i;
	}
	core_loaded(c);
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
	loaded(c);
	return 0;
}

/* ---- without a store: one core's tables into another, or beside another's ---- */

/* A row of a table that is not in a file: its key, and where it is. */
struct loose {
	const char *key;
	const void *row;
};
struct loose_rows {
	VEC(struct loose) items;
};

/* As SQLite orders texts. */
static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct loose *)a)->key, ((const struct loose *)b)->key);
}

static void sort_loose(struct loose_rows *l)
{
	if (l->items.n)
		qsort(l->items.items, l->items.n, sizeof(*l->items.items), by_key);
}

static int feed(const struct loose_rows *l,
		const struct field *fields,
		size_t n,
		store_row_fn *load,
		struct core *to,
		struct err *e)
{
	for (size_t i = 0; i < l->items.n; i++) {
		struct store_value values[FIELDS_MAX];
		for (size_t k = 0; k < n; k++)
			values[k] = value_of(&fields[k], l->items.items[i].row);
		if (load(to, values, e))
			return e->code;
	}
	return 0;
}

static void list_tasks(const struct core *c, struct loose_rows *ret)
{
	for (size_t i = 0; i < c->tasks.n; i++)
		VEC_PUSH(&ret->items, ((struct loose){c->tasks.items[i].id, &c->tasks.items[i]}));
	sort_loose(ret);
}

static void list_kinds(const struct core *c, struct loose_rows *ret)
{
	for (size_t i = 0; i < c->kinds.n; i++)
		VEC_PUSH(&ret->items, ((struct loose){c->kinds.items[i].name, &c->kinds.items[i]}));
	sort_loose(ret);
}

/* The keys of the edges, in their order; the caller frees each. */
static void list_edges(const struct core *c, struct loose_rows *ret)
{
	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		for (size_t k = 0; k < t->needs.n; k++) {
			struct buf key = BUF_INIT;
			edge_key(&key, c, &(struct edge){(int)i, t->needs.items[k]});
			VEC_PUSH(&ret->items, ((struct loose){buf_take(&key), NULL}));
		}
	}
	sort_loose(ret);
}

static void edges_done(struct loose_rows *l)
{
	for (size_t i = 0; i < l->items.n; i++)
		free((char *)l->items.items[i].key);
	VEC_DONE(&l->items);
}

static int feed_edges(const struct core *from, struct core *to, struct err *e)
{
	struct loose_rows edges CLEANUP(edges_done) = {0};
	list_edges(from, &edges);
	for (size_t i = 0; i < edges.items.n; i++) {
		const char *key = edges.items.items[i].key;
		const char *needs = strchr(key, '\t') + 1;
		char *task CLEANUP(freep) = mem_strndup(key, (size_t)(needs - 1 - key));
		const struct store_value values[] = {{.s = key}, {.s = task}, {.s = needs}};
		if (load_edge(to, values, e))
			return e->code;
	}
	return 0;
}

int rows_reload(const struct core *from, struct core *to, struct err *e)
{
	struct loose_rows run = {0}, kinds = {0}, tasks = {0};
	VEC_PUSH(&run.items, ((struct loose){"", &from->run}));
	list_kinds(from, &kinds);
	list_tasks(from, &tasks);
	int rc = feed(&run, run_fields, ARRAY_LEN(run_fields), load_run, to, e);
	if (rc == 0)
		rc = feed(&kinds, kind_fields, ARRAY_LEN(kind_fields), load_kind, to, e);
	if (rc == 0)
		rc = feed(&tasks, task_fields, ARRAY_LEN(task_fields), load_task, to, e);
	if (rc == 0)
		core_order_tasks(to);
	if (rc == 0)
		rc = feed_edges(from, to, e);
	if (rc == 0)
		loaded(to);
	VEC_DONE(&run.items);
	VEC_DONE(&kinds.items);
	VEC_DONE(&tasks.items);
	return rc;
}

/* ---- what differs ---- */

static void add_value(struct buf *b, const struct field *f, const struct store_value *v)
{
	if (f->member == M_INT)
		buf_printf(b, "%" PRId64, v->i);
	else if (f->member == M_REAL)
		buf_printf(b, "%.17g", v->r);
	else
		buf_printf(b, "'%s'", v->s ? v->s : "");
}

static bool
same_value(const struct field *f, const struct store_value *x, const struct store_value *y)
{
	if (f->member == M_INT)
		return x->i == y->i;
	if (f->member == M_REAL)
		return memcmp(&x->r, &y->r, sizeof(x->r)) == 0;
	return streq(x->s ? x->s : "", y->s ? y->s : "");
}

/* What the rows of one table are made of. */
struct shape {
	const char *what; /* "task", for people */
	const struct field *fields;
	const struct store_column *columns;
	size_t n;
};

static bool row_differs(const struct shape *s,
			const char *key,
			const void *stored,
			const void *made,
			struct buf *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		struct store_value x = value_of(f, stored), y = value_of(f, made);
		if (same_value(f, &x, &y))
			continue;
		buf_printf(ret, "%s%s%s%s, %s: stored ", s->what, key[0] ? " '" : "", key,
			   key[0] ? "'" : "", s->columns[i].name);
		add_value(ret, f, &x);
		buf_puts(ret, ", replayed ");
		add_value(ret, f, &y);
		return true;
	}
	return false;
}

static bool is_lone(const struct shape *s, const char *key, const char *where, struct buf *ret)
{
	buf_printf(ret, "%s '%s': only %s", s->what, key, where);
	return true;
}

/* Both in the order of their keys. */
static bool lists_differ(const struct shape *s,
			 const struct loose_rows *stored,
			 const struct loose_rows *made,
			 struct buf *ret)
{
	size_t i = 0, k = 0;
	while (i < stored->items.n || k < made->items.n) {
		const struct loose *x = i < stored->items.n ? &stored->items.items[i] : NULL;
		const struct loose *y = k < made->items.n ? &made->items.items[k] : NULL;
		CHECK(x || y);
		if (x && (!y || strcmp(x->key, y->key) < 0))
			return is_lone(s, x->key, "stored", ret);
		if (!x || strcmp(x->key, y->key) > 0)
			return is_lone(s, y->key, "replayed", ret);
		if (row_differs(s, x->key, x->row, y->row, ret))
			return true;
		i++;
		k++;
	}
	return false;
}

bool rows_differ(const struct core *stored, const struct core *made, struct buf *ret)
{
	static const struct shape run = {"run", run_fields, run_columns, ARRAY_LEN(run_fields)};
	static const struct shape kind = {"agent", kind_fields, kind_columns,
					  ARRAY_LEN(kind_fields)};
	static const struct shape task = {"task", task_fields, task_columns,
					  ARRAY_LEN(task_fields)};
	static const struct shape edge = {"dependency", NULL, NULL, 0};
	struct loose_rows a = {0}, b = {0}, edges_a CLEANUP(edges_done) = {0},
			  edges_b CLEANUP(edges_done) = {0};
	list_tasks(stored, &a);
	list_tasks(made, &b);
	list_edges(stored, &edges_a);
	list_edges(made, &edges_b);
	bool differs =
		lists_differ(&task, &a, &b, ret) || lists_differ(&edge, &edges_a, &edges_b, ret);
	a.items.n = b.items.n = 0;
	list_kinds(stored, &a);
	list_kinds(made, &b);
	differs = differs || lists_differ(&kind, &a, &b, ret) ||
		  row_differs(&run, "", &stored->run, &made->run, ret);
	VEC_DONE(&a.items);
	VEC_DONE(&b.items);
	return differs;
}
