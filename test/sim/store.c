#include "port/store.h"

#include "base/clean.h"
#include "sim/sim.h"

#include <string.h>

/* The journal in memory: what was not committed when we died is gone. */

struct pending {
	int table; /* -1: a meta */
	bool drop;
	char *key;
	struct store_value *values;
	char *text;
};

struct store {
	enum store_mode mode;
	const struct store_table *const *tables;
	int n_tables;
	bool in_turn;
	VEC(struct pending) pending;
	int64_t traced;
	struct buf trace;
};

static void values_free(const struct store_table *t, struct store_value *v)
{
	for (int i = 0; v && i < t->n_columns; i++)
		if (t->columns[i].type == STORE_TEXT)
			free((char *)v[i].s);
	free(v);
}

static struct store_value *values_copy(const struct store_table *t, const struct store_value *v)
{
	struct store_value *to = mem_alloc((size_t)t->n_columns * sizeof(*to));
	for (int i = 0; i < t->n_columns; i++) {
		to[i] = v[i];
		if (t->columns[i].type == STORE_TEXT)
			to[i].s = mem_strdup(v[i].s);
	}
	return to;
}

int store_open(const char *path,
	       enum store_mode mode,
	       const struct store_table *const *tables,
	       int n_tables,
	       struct store **ret,
	       struct err *e)
{
	CHECK((size_t)n_tables <= ARRAY_LEN(sim->tables));
	int rc = refused(fate("open the journal"), e);
	if (rc)
		return rc;
	if (mode == STORE_WRITE)
		sim_file_add(path, false);
	struct store *s = mem_alloc(sizeof(*s));
	*s = (struct store){
		.mode = mode, .tables = tables, .n_tables = n_tables, .trace = BUF_INIT};
	*ret = s;
	return 0;
}

static void drop_pending(struct store *s)
{
	for (size_t i = 0; i < s->pending.n; i++) {
		struct pending *p = &s->pending.items[i];
		if (p->table >= 0)
			values_free(s->tables[p->table], p->values);
		free(p->key);
		free(p->text);
	}
	s->pending.n = 0;
	s->traced = 0;
	buf_reset(&s->trace);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	drop_pending(s);
	VEC_DONE(&s->pending);
	buf_done(&s->trace);
	free(s);
}

int store_begin(struct store *s, struct err *e)
{
	if (sim->dead)
		return err_set(e, ERR_IO, "we are dead");
	CHECK(!s->in_turn);
	s->in_turn = true;
	return 0;
}

int store_put(struct store *s, int table, const struct store_value *values, struct err *e)
{
	(void)e;
	CHECK(s->in_turn && values[0].s);
	VEC_PUSH(&s->pending, ((struct pending){.table = table,
						.key = mem_strdup(values[0].s),
						.values = values_copy(s->tables[table], values)}));
	return 0;
}

int store_delete(struct store *s, int table, const struct store_value *key, struct err *e)
{
	(void)e;
	CHECK(s->in_turn);
	VEC_PUSH(&s->pending,
		 ((struct pending){.table = table, .drop = true, .key = mem_strdup(key->s)}));
	return 0;
}

int store_trace(struct store *s,
		int64_t wall_ms,
		const char *kind,
		const char *task,
		const char *text,
		struct err *e)
{
	(void)wall_ms;
	(void)e;
	CHECK(s->in_turn);
	s->traced++;
	buf_printf(&s->trace, " %s%s%s", kind, task ? ":" : "", task ? task : "");
	(void)text;
	return 0;
}

int store_meta_set(struct store *s, const char *key, const char *value, struct err *e)
{
	(void)e;
	CHECK(s->in_turn);
	VEC_PUSH(
		&s->pending,
		((struct pending){.table = -1, .key = mem_strdup(key), .text = mem_strdup(value)}));
	return 0;
}

static void apply_meta(struct pending *p)
{
	size_t index = 0;
	if (!map_find(&sim->meta_keys, p->key, &index)) {
		index = sim->metas.n;
		map_set(&sim->meta_keys, p->key, index);
		VEC_PUSH(&sim->metas, NULL);
	}
	free(sim->metas.items[index]);
	sim->metas.items[index] = TAKE(p->text);
}

static void apply(const struct store *s, struct pending *p)
{
	if (p->table < 0) {
		apply_meta(p);
		return;
	}
	struct sim_table *t = &sim->tables[p->table];
	size_t index = 0;
	if (!map_find(&t->by_key, p->key, &index)) {
		if (p->drop)
			return;
		index = t->rows.n;
		map_set(&t->by_key, p->key, index);
		VEC_PUSH(&t->rows, (struct row){0});
	}
	values_free(s->tables[p->table], t->rows.items[index].values);
	t->rows.items[index].values = p->drop ? NULL : TAKE(p->values);
}

/* A full disk has the room of the reserve, once it was released. */
static bool room(void)
{
	if (!sim->disk_full)
		return true;
	return sim->reserve_room > 0 && sim->reserve_room-- > 0;
}

int store_commit(struct store *s, struct err *e)
{
	CHECK(s->in_turn);
	s->in_turn = false;
	if (!sim->dead && !room()) {
		say("commit: the disk is full");
		drop_pending(s);
		return err_set(e, ERR_LIMIT, "the disk is full");
	}
	enum fate f = fate("commit");
	if (f == FATE_LOST_ANSWER) /* a commit that was made says so */
		f = may(COUNT_CRASHES) ? FATE_CRASH_AFTER : FATE_WELL;
	if (f == FATE_ERROR && rng_chance(&sim->rng, 0.9)) {
		drop_pending(s);
		if (rng_chance(&sim->rng, 0.5))
			return err_set(e, ERR_BUSY, "not now");
		checker_disk_full(sim->checker); /* the supervisor takes it for that */
		return err_set(e, ERR_LIMIT, "not now");
	}
	int rc = f == FATE_ERROR ? err_set(e, ERR_IO, "the disk is broken") : refused(f, e);
	if (rc) {
		drop_pending(s);
		return rc;
	}
	for (size_t i = 0; i < s->pending.n; i++)
		apply(s, &s->pending.items[i]);
	sim->commits_made++;
	sim->traced += s->traced;
	say("commit%s", buf_cstr(&s->trace));
	drop_pending(s);
	snapshot_taken();
	if (f == FATE_CRASH_AFTER)
		sim->dead = true;
	return 0;
}

void store_rollback(struct store *s)
{
	s->in_turn = false;
	drop_pending(s);
}

static const char *sort_key(const void *p)
{
	return ((const struct row *)p)->values[0].s;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(sort_key(a), sort_key(b));
}

int store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e)
{
	const struct sim_table *t = &sim->tables[table];
	VEC(struct row) sorted = {0};
	int rc = 0;
	(void)s;
	for (size_t i = 0; i < t->rows.n; i++)
		if (t->rows.items[i].values)
			VEC_PUSH(&sorted, t->rows.items[i]);
	if (sorted.n)
		qsort(sorted.items, sorted.n, sizeof(*sorted.items), by_key);
	for (size_t i = 0; rc == 0 && i < sorted.n; i++)
		rc = fn(ctx, sorted.items[i].values, e);
	VEC_DONE(&sorted);
	return rc;
}

int store_events(struct store *s, int64_t after, store_event_fn *fn, void *ctx, struct err *e)
{
	(void)s;
	(void)after;
	(void)fn;
	(void)ctx;
	return err_set(e, ERR_INVALID, "the simulated journal keeps no trace");
}

int store_meta_get(struct store *s, const char *key, char **ret, struct err *e)
{
	size_t index = 0;
	/* The settings are the same all the time: who only looks does without reading them again. */
	bool known = s->mode == STORE_READ && streq(key, "config");
	if (known || !map_find(&sim->meta_keys, key, &index))
		return err_set(e, ERR_NOT_FOUND, "there is no '%s'", key);
	*ret = mem_strdup(sim->metas.items[index]);
	return 0;
}

/* Descriptors are not there: that the lock is let go is seen by who holds the supervisor. */
int store_lock(const char *path, int *ret_fd, struct err *e)
{
	(void)path;
	if (sim->dead)
		return err_set(e, ERR_IO, "we are dead");
	if (sim->lock)
		return err_set(e, ERR_BUSY, "another supervisor holds it");
	sim->lock = true;
	*ret_fd = -1;
	return 0;
}

int store_lock_holder(const char *path, int64_t *ret_pid, struct err *e)
{
	(void)path;
	(void)e;
	*ret_pid = sim->lock ? 1 : 0;
	return 0;
}

int store_reserve_make(const char *path, struct err *e)
{
	(void)path;
	if (sim->dead)
		return err_set(e, ERR_IO, "we are dead");
	if (sim->disk_full && !sim->reserve)
		return err_set(e, ERR_LIMIT, "the disk is full");
	sim->reserve = true;
	sim->reserve_room = 0;
	return 0;
}

void store_reserve_release(const char *path)
{
	(void)path;
	if (sim->dead || !sim->reserve)
		return;
	sim->reserve = false;
	sim->reserve_room = 200;
}

void sim_store_done(void)
{
	extern const struct store_table *const rows_tables[];
	for (size_t i = 0; i < ARRAY_LEN(sim->tables); i++) {
		struct sim_table *t = &sim->tables[i];
		for (size_t k = 0; k < t->rows.n; k++)
			values_free(rows_tables[i], t->rows.items[k].values);
		VEC_DONE(&t->rows);
		map_done(&t->by_key);
	}
	for (size_t i = 0; i < sim->metas.n; i++)
		free(sim->metas.items[i]);
	VEC_DONE(&sim->metas);
	map_done(&sim->meta_keys);
}
