#include "run/replay.h"

#include "base/clean.h"
#include "base/mem.h"
#include "run/rows.h"
#include "run/trace.h"

#include <string.h>

struct replaying {
	struct core core;
	bool begun;
	struct map passes; /* trees that passed a check, over all beginnings */
	VEC(char *) trees;
	struct replay *ret;
};

static void replaying_done(struct replaying *r)
{
	if (r->begun)
		core_done(&r->core);
	for (size_t i = 0; i < r->trees.n; i++)
		free(r->trees.items[i]);
	VEC_DONE(&r->trees);
	map_done(&r->passes);
}

/* What a supervisor does that begins: settings of its own, and the tables as they were left. */
static int begin(struct replaying *r, const struct trace_begin *t, struct err *e)
{
	struct core c;
	core_init(&c, &t->policy);
	for (int i = 0; i < t->n_kinds; i++)
		(void)core_add_kind(&c, t->kinds[i].name, (int)t->kinds[i].max);
	struct core none;
	core_init(&none, &t->policy);
	int rc = rows_reload(r->begun ? &r->core : &none, &c, e);
	core_done(&none);
	if (rc) {
		core_done(&c);
		return rc;
	}
	for (size_t i = 0; i < r->trees.n; i++)
		map_set(&c.passes, r->trees.items[i], 1);
	if (!c.run.epic[0])
		c.run.epic = arena_strdup(&c.arena, t->epic);
	c.run.dispatch = t->dispatch;
	core_reissue(&c);
	core_take(&c);
	if (r->begun)
		core_done(&r->core);
	r->core = c;
	r->begun = true;
	buf_reset(&r->ret->version);
	buf_puts(&r->ret->version, t->version ? t->version : "");
	return 0;
}

static void keep_passes(struct replaying *r)
{
	for (size_t i = 0; i < r->core.new_passes.n; i++) {
		VEC_PUSH(&r->trees, mem_strdup(r->core.new_passes.items[i]));
		map_set(&r->passes, r->core.new_passes.items[i], 1);
	}
}

static int step(struct replaying *r, const struct core_event *ev, struct err *e)
{
	if (!r->begun)
		return err_set(e, ERR_INVALID,
			       "cannot replay it: its trace does not say how it was begun");
	core_step(&r->core, ev);
	keep_passes(r);
	core_take(&r->core);
	r->ret->events++;
	return 0;
}

static int on_row(void *ctx, const struct store_event *row, struct err *e)
{
	struct replaying *r = ctx;
	struct trace_row t CLEANUP(trace_row_done) = {0};
	if (trace_read(&r->core, row, &t, e))
		return e->code;
	return t.begins ? begin(r, &t.begin, e) : step(r, &t.ev, e);
}

struct stored_passes {
	struct replaying *r;
	size_t n;
};

static int on_pass(void *ctx, const struct store_value *values, struct err *e)
{
	struct stored_passes *p = ctx;
	const char *tree = values[0].s ? values[0].s : "";
	size_t at = 0;
	(void)e;
	p->n++;
	if (!map_find(&p->r->passes, tree, &at) && !p->r->ret->difference.n)
		buf_printf(&p->r->ret->difference, "passed tree '%s': only stored", tree);
	return 0;
}

static int compare(struct replaying *r, struct store *s, struct err *e)
{
	struct core stored;
	struct stored_passes passes = {.r = r};
	struct policy none = {0};
	core_init(&stored, &none);
	int rc = rows_load(s, &stored, e);
	if (rc == 0 && !rows_differ(&stored, &r->core, &r->ret->difference))
		rc = store_load(s, ROWS_PASS, on_pass, &passes, e);
	if (rc == 0 && !r->ret->difference.n && passes.n != r->trees.n)
		buf_printf(&r->ret->difference, "passed trees: %zu stored, %zu replayed", passes.n,
			   r->trees.n);
	core_done(&stored);
	r->ret->equal = r->ret->difference.n == 0;
	return rc;
}

static int replay_store(struct store *s, struct replay *ret, struct err *e)
{
	struct replaying r CLEANUP(replaying_done) = {.ret = ret};
	/* One look: a supervisor may be writing it. */
	if (store_begin(s, e) || store_events(s, 0, on_row, &r, e))
		return e->code;
	if (!r.begun)
		return err_set(e, ERR_INVALID, "cannot replay it: it has no trace");
	int rc = compare(&r, s, e);
	store_rollback(s);
	return rc;
}

int replay_journal(const char *path, struct replay *ret, struct err *e)
{
	struct store *s = NULL;
	*ret = (struct replay){.difference = BUF_INIT, .version = BUF_INIT};
	if (store_open(path, STORE_READ, rows_tables, ROWS_TABLE_COUNT, &s, e))
		return e->code;
	int rc = replay_store(s, ret, e);
	store_close(s);
	return rc;
}

void replay_done(struct replay *r)
{
	buf_done(&r->difference);
	buf_done(&r->version);
}
