#include "base/clean.h"
#include "base/clock.h"
#include "tracker/beads.h"

#include <stdlib.h>
#include <string.h>

/* Issues are meant by their places in the file. */
struct places {
	VEC(size_t) at;
};

/* What the rule needs to know of the whole file; one item an issue. */
struct rules {
	const struct beads_file *file;
	int64_t now_ms;
	struct places *parents, *children;
	struct places *blockers; /* of its own edges: open ones alone */
	size_t *seen;            /* marks of a walk over parents; 0 none */
	size_t walk;             /* number of that walk */
};

static const struct beads_issue *issue_at(const struct rules *r, size_t at)
{
	return &r->file->issues.items[at];
}

/* Neither blocks others nor is blocked. */
static bool is_inactive(const struct beads_issue *i)
{
	return beads_is_closed(i) || streq(i->status, "pinned");
}

static void link_families(struct rules *r)
{
	for (size_t i = 0; i < r->file->issues.n; i++) {
		const struct beads_issue *issue = issue_at(r, i);
		size_t parent;

		for (size_t k = 0; k < issue->edges.n; k++) {
			const struct beads_edge *edge = &issue->edges.items[k];

			if (edge->kind != BEADS_PARENT ||
			    !map_find(&r->file->index, edge->needs, &parent))
				continue;
			VEC_PUSH(&r->parents[i].at, parent);
			VEC_PUSH(&r->children[parent].at, i);
		}
	}
}

static void add_open_children(struct rules *r, size_t spawner, bool any, struct places *ret)
{
	const struct places *children = &r->children[spawner];

	for (size_t k = 0; any && k < children->at.n; k++) {
		if (beads_is_closed(issue_at(r, children->at.items[k])))
			return;
	}
	for (size_t k = 0; k < children->at.n; k++) {
		if (!is_inactive(issue_at(r, children->at.items[k])))
			VEC_PUSH(&ret->at, children->at.items[k]);
	}
}

static void find_blockers(struct rules *r, size_t i)
{
	const struct beads_issue *issue = issue_at(r, i);
	size_t other;

	for (size_t k = 0; k < issue->edges.n; k++) {
		const struct beads_edge *edge = &issue->edges.items[k];

		if (!map_find(&r->file->index, edge->needs, &other))
			continue;
		switch (edge->kind) {
		case BEADS_BLOCKS:
			if (!is_inactive(issue_at(r, other)))
				VEC_PUSH(&r->blockers[i].at, other);
			break;
		case BEADS_WAITS:
		case BEADS_WAITS_ANY:
			add_open_children(r, other, edge->kind == BEADS_WAITS_ANY, &r->blockers[i]);
			break;
		case BEADS_INERT:
		case BEADS_PARENT:
			break;
		}
	}
}

static void rules_init(struct rules *r, const struct beads_file *f, int64_t now_ms)
{
	size_t n = f->issues.n + 1; /* never nothing */

	*r = (struct rules){
		.file = f,
		.now_ms = now_ms,
		/* n is at most BEADS_ISSUES_MAX + 1 */
		.parents = mem_alloc(n * sizeof(*r->parents)),
		.children = mem_alloc(n * sizeof(*r->children)),
		.blockers = mem_alloc(n * sizeof(*r->blockers)),
		.seen = mem_alloc(n * sizeof(*r->seen)),
	};
	link_families(r);
	for (size_t i = 0; i < f->issues.n; i++)
		find_blockers(r, i);
}

static void rules_done(struct rules *r)
{
	if (!r->parents)
		return;
	for (size_t i = 0; i < r->file->issues.n; i++) {
		VEC_DONE(&r->parents[i].at);
		VEC_DONE(&r->children[i].at);
		VEC_DONE(&r->blockers[i].at);
	}
	free(r->parents);
	free(r->children);
	free(r->blockers);
	free(r->seen);
}

static int by_place(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* All that blocks an issue: its own blockers and those of the active parents above it. Parents may
 * form a circle in a broken file, hence the marks. */
static void all_blockers(struct rules *r, size_t start, struct places *ret)
{
	struct places todo = {0};
	size_t n = 0;

	r->seen[start] = ++r->walk;
	if (!is_inactive(issue_at(r, start)))
		VEC_PUSH(&todo.at, start);
	while (todo.at.n) {
		size_t i = todo.at.items[--todo.at.n];

		for (size_t k = 0; k < r->blockers[i].at.n; k++)
			VEC_PUSH(&ret->at, r->blockers[i].at.items[k]);
		for (size_t k = 0; k < r->parents[i].at.n; k++) {
			size_t parent = r->parents[i].at.items[k];

			if (r->seen[parent] == r->walk || is_inactive(issue_at(r, parent)))
				continue;
			r->seen[parent] = r->walk;
			VEC_PUSH(&todo.at, parent);
		}
	}
	VEC_DONE(&todo.at);
	if (ret->at.n)
		qsort(ret->at.items, ret->at.n, sizeof(size_t), by_place);
	for (size_t k = 0; k < ret->at.n; k++) {
		if (!n || ret->at.items[n - 1] != ret->at.items[k])
			ret->at.items[n++] = ret->at.items[k];
	}
	ret->at.n = n;
}

static bool is_internal(const char *type)
{
	static const char *const types[] = {"merge-request", "gate", "molecule", "message",
					    "agent",         "role", "rig"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (streq(type, types[i]))
			return true;
	}
	return false;
}

static char *deferred(const char *what, int64_t until_ms, bool *ret_by_date)
{
	struct buf b = BUF_INIT;

	*ret_by_date = true;
	buf_printf(&b, "%s until ", what);
	buf_time(&b, until_ms);
	return buf_take(&b);
}

/* Why an open issue is not to be started; NULL: it may. */
static char *hidden_reason(const struct rules *r, size_t at, bool *ret_by_date)
{
	const struct beads_issue *i = issue_at(r, at);

	*ret_by_date = false;
	if (!streq(i->status, "open") && !i->taken)
		return mem_printf("status '%s'", i->status);
	if (i->pinned)
		return mem_strdup("pinned");
	if (i->ephemeral)
		return mem_strdup("ephemeral");
	if (i->is_template)
		return mem_strdup("template");
	if (is_internal(i->type))
		return mem_printf("type '%s'", i->type);
	if (i->defer_ms > r->now_ms)
		return deferred("deferred", i->defer_ms, ret_by_date);
	for (size_t k = 0; k < r->parents[at].at.n; k++) {
		const struct beads_issue *parent = issue_at(r, r->parents[at].at.items[k]);

		if (parent->defer_ms > r->now_ms)
			return deferred("its epic is deferred", parent->defer_ms, ret_by_date);
	}
	return NULL;
}

static void judge_one(struct rules *r, size_t at, struct beads_verdict *v)
{
	struct places by = {0};

	v->state = BEADS_CLOSED;
	if (beads_is_closed(issue_at(r, at)))
		return;
	v->reason = hidden_reason(r, at, &v->by_date);
	v->state = BEADS_HIDDEN;
	if (v->reason)
		return;
	all_blockers(r, at, &by);
	v->state = by.at.n ? BEADS_BLOCKED : BEADS_READY;
	for (size_t k = 0; k < by.at.n; k++)
		VEC_PUSH(&v->by, mem_strdup(issue_at(r, by.at.items[k])->id));
	VEC_DONE(&by.at);
}

void beads_judge(const struct beads_file *f, int64_t now_ms, struct beads_verdicts *ret)
{
	struct rules r CLEANUP(rules_done) = {0};

	rules_init(&r, f, now_ms);
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < f->issues.n; i++)
		judge_one(&r, i, VEC_ADD(&ret->items));
}

void beads_verdicts_done(struct beads_verdicts *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->items.n; i++) {
		free(v->items.items[i].reason);
		for (size_t k = 0; k < v->items.items[i].by.n; k++)
			free(v->items.items[i].by.items[k]);
		VEC_DONE(&v->items.items[i].by);
	}
	VEC_DONE(&v->items);
}

static char *render_comments(const struct beads_issue *i)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (size_t k = 0; k < i->comments.n; k++) {
		if (b.n)
			buf_puts(&b, "\n\n");
		buf_time(&b, i->comments.items[k].created_ms);
		if (*i->comments.items[k].author)
			buf_printf(&b, ", %s", i->comments.items[k].author);
		buf_printf(&b, ":\n%s", i->comments.items[k].text);
	}
	return mem_strdup(buf_cstr(&b));
}

static void to_issue(struct rules *r, size_t at, struct issue *ret)
{
	const struct beads_issue *i = issue_at(r, at);
	bool by_date;
	bool closed = beads_is_closed(i);
	char *hidden = closed ? NULL : hidden_reason(r, at, &by_date);

	*ret = (struct issue){
		.id = mem_strdup(i->id),
		.title = mem_strdup(i->title),
		.body = mem_strdup(i->body),
		.comments = render_comments(i),
		.labels = mem_strdup(i->labels),
		.type = mem_strdup(i->type),
		.status = mem_strdup(i->status),
		.priority = i->priority,
		.created_ms = i->created_ms,
		.updated_ms = i->updated_ns == INT64_MIN ? 0 : i->updated_ns / 1000000,
		.closed_ms = i->closed_ms,
		.open = !closed,
		.closed_reason = mem_strdup(i->close_reason),
		.claimed_by = mem_strdup(closed ? "" : i->assignee),
		.hidden = hidden ? hidden : mem_strdup(""),
	};
	if (r->parents[at].at.n)
		ret->parent = mem_strdup(issue_at(r, r->parents[at].at.items[0])->id);
}

static void add_edge(struct issue_graph *g, const char *task, const char *needs)
{
	struct issue_edge *edge = VEC_ADD(&g->edges);

	edge->task = mem_strdup(task);
	edge->needs = mem_strdup(needs);
}

/* Edges of and to what is closed keep their meaning for the order in which things were done. */
static void add_closed_edges(struct rules *r, size_t at, struct issue_graph *g)
{
	const struct beads_issue *i = issue_at(r, at);

	for (size_t k = 0; k < i->edges.n; k++) {
		const struct beads_issue *other = beads_find(r->file, i->edges.items[k].needs);

		if (i->edges.items[k].kind == BEADS_BLOCKS && other && other != i &&
		    (beads_is_closed(other) || beads_is_closed(i)) && !beads_is_tombstone(other))
			add_edge(g, i->id, other->id);
	}
}

static void add_open_edges(struct rules *r, size_t at, struct issue *i, struct issue_graph *g)
{
	struct places by = {0};

	all_blockers(r, at, &by);
	for (size_t k = 0; k < by.at.n; k++) {
		if (by.at.items[k] != at) {
			add_edge(g, i->id, issue_at(r, by.at.items[k])->id);
			continue;
		}
		/* No edge says this: it waits for something that waits for it. */
		if (!*i->hidden) {
			free(i->hidden);
			i->hidden = mem_strdup("it or its epic waits for it");
		}
	}
	VEC_DONE(&by.at);
}

static bool has_parent(const struct rules *r, size_t at, const char *epic)
{
	for (size_t k = 0; k < r->parents[at].at.n; k++) {
		if (streq(issue_at(r, r->parents[at].at.items[k])->id, epic))
			return true;
	}
	return false;
}

static void add_outside(const struct beads_file *f, struct issue_graph *g)
{
	struct map known CLEANUP(map_done) = {0};
	size_t at;

	for (size_t i = 0; i < g->issues.n; i++)
		map_set(&known, g->issues.items[i].id, i);
	for (size_t i = 0; i < g->edges.n; i++) {
		const struct beads_issue *other = beads_find(f, g->edges.items[i].needs);

		if (map_find(&known, other->id, &at))
			continue;
		map_set(&known, other->id, 0);
		*VEC_ADD(&g->outside) = (struct issue){
			.id = mem_strdup(other->id),
			.title = mem_strdup(other->title),
			.open = !beads_is_closed(other),
		};
	}
}

int beads_graph(const struct beads_file *f,
		const char *epic,
		int64_t now_ms,
		struct issue_graph *ret,
		struct err *e)
{
	struct rules r CLEANUP(rules_done) = {.file = f};
	struct issue_graph g = {0};

	if (epic && !beads_find(f, epic))
		return err_set(e, ERR_NOT_FOUND, "there is no issue '%s' in the file", epic);
	rules_init(&r, f, now_ms);
	for (size_t i = 0; i < f->issues.n; i++) {
		if (beads_is_tombstone(issue_at(&r, i)) || (epic && !has_parent(&r, i, epic)))
			continue;
		struct issue *issue = VEC_ADD(&g.issues);
		to_issue(&r, i, issue);
		add_closed_edges(&r, i, &g);
		add_open_edges(&r, i, issue, &g);
	}
	add_outside(f, &g);
	*ret = g;
	return 0;
}
