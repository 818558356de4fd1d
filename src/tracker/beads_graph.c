#include "base/clean.h"
#include "base/clock.h"
#include "tracker/beads_ready-impl.h"

#include <stdlib.h>
#include <string.h>

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

static void to_issue(struct rules *r, size_t at, struct standing *s, struct issue *ret)
{
	const struct beads_issue *i = rules_issue(r, at);
	bool closed = beads_is_closed(i);

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
		.hidden = s->hidden ? TAKE(s->hidden) : mem_strdup(""),
	};
	if (r->parents[at].at.n)
		ret->parent = mem_strdup(rules_issue(r, r->parents[at].at.items[0])->id);
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
	const struct beads_issue *i = rules_issue(r, at);

	for (size_t k = 0; k < i->edges.n; k++) {
		const struct beads_issue *other = beads_find(r->file, i->edges.items[k].needs);

		if (i->edges.items[k].kind == BEADS_BLOCKS && other && other != i &&
		    (beads_is_closed(other) || beads_is_closed(i)) && !beads_is_tombstone(other))
			add_edge(g, i->id, other->id);
	}
}

/* Where no edge says what it waits for. */
static void hide(struct issue *i, char *why)
{
	if (*i->hidden) {
		free(why);
		return;
	}
	free(i->hidden);
	i->hidden = why;
}

static void add_open_edges(struct rules *r,
			   size_t at,
			   const struct standing *s,
			   struct issue *i,
			   struct issue_graph *g)
{
	for (size_t k = 0; k < s->waits.list.n; k++) {
		const struct blocker *by = &s->waits.list.items[k];
		const char *id = rules_issue(r, by->at)->id;

		if (by->until)
			hide(i, mem_printf("waits for '%s' %s", id, by->until));
		else if (by->at == at)
			hide(i, mem_strdup("it or its epic waits for it"));
		else
			add_edge(g, i->id, id);
	}
}

static bool has_parent(const struct rules *r, size_t at, const char *epic)
{
	for (size_t k = 0; k < r->parents[at].at.n; k++) {
		if (streq(rules_issue(r, r->parents[at].at.items[k])->id, epic))
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

static void add_found(struct rules *r, size_t at, const char *epic, struct issue_graph *g)
{
	const struct beads_issue *i = rules_issue(r, at);
	size_t from;

	if (beads_is_closed(i) || streq(i->id, epic))
		return;
	for (size_t k = 0; k < i->edges.n; k++) {
		const char *id = i->edges.items[k].needs;

		if (!streq(i->edges.items[k].type, "discovered-from") ||
		    !map_find(&r->file->index, id, &from) ||
		    (!streq(id, epic) && !has_parent(r, from, epic)))
			continue;
		*VEC_ADD(&g->found) = (struct issue_found){.id = mem_strdup(i->id),
							   .title = mem_strdup(i->title),
							   .from = mem_strdup(id)};
		return;
	}
}

static void add_name(struct buf *b, const char *id)
{
	buf_printf(b, "%s'", b->n ? ", " : "");
	buf_line(b, str_of(id));
	buf_putc(b, '\'');
}

static bool is_ready(struct rules *r, size_t at)
{
	struct standing s CLEANUP(standing_done) = {0};

	if (beads_is_closed(rules_issue(r, at)))
		return false;
	rules_stand(r, at, &s);
	return !s.hidden && !s.waits.list.n;
}

/* The file does not say which version's it is: what that decides. */
static void note_guess(struct rules *r, const char *epic, struct issue_graph *g)
{
	struct rules old CLEANUP(rules_done) = {0};
	struct buf now CLEANUP(buf_done) = BUF_INIT, then CLEANUP(buf_done) = BUF_INIT;

	rules_init(&old, r->file, BEADS_RULE_0_49, r->now_ms);
	for (size_t i = 0; i < r->file->issues.n; i++) {
		if (epic && !has_parent(r, i, epic))
			continue;
		bool a = is_ready(r, i), b = is_ready(&old, i);
		if (a != b)
			add_name(a ? &now : &then, rules_issue(r, i)->id);
	}
	if (now.n)
		VEC_PUSH(&g->notes, mem_printf("ready by the rule of Beads 1.0, not by that of "
					       "0.49: %s (a guess; key beads.rule)",
					       buf_cstr(&now)));
	if (then.n)
		VEC_PUSH(&g->notes, mem_printf("not ready by the rule of Beads 1.0, but by that of "
					       "0.49: %s (a guess; key beads.rule)",
					       buf_cstr(&then)));
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
	rules_init(&r, f, BEADS_RULE_UNSAID, now_ms);
	for (size_t i = 0; i < f->issues.n; i++) {
		if (epic && !has_parent(&r, i, epic)) {
			add_found(&r, i, epic, &g);
			continue;
		}
		if (beads_is_tombstone(rules_issue(&r, i)))
			continue;
		struct standing s CLEANUP(standing_done) = {0};
		struct issue *issue = VEC_ADD(&g.issues);
		rules_stand(&r, i, &s);
		to_issue(&r, i, &s, issue);
		add_closed_edges(&r, i, &g);
		add_open_edges(&r, i, &s, issue, &g);
	}
	add_outside(f, &g);
	if (f->rule == BEADS_RULE_UNSAID && !f->asked)
		note_guess(&r, epic, &g);
	*ret = g;
	return 0;
}
