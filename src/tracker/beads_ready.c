#include "base/clean.h"
#include "base/clock.h"
#include "tracker/beads_ready-impl.h"

#include <stdlib.h>
#include <string.h>

const struct beads_issue *rules_issue(const struct rules *r, size_t at)
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
		const struct beads_issue *issue = rules_issue(r, i);
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

static bool listed(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (streq(word, *words))
			return true;
	}
	return false;
}

static void block(struct rules *r, size_t i, size_t by, const char *until)
{
	*VEC_ADD(&r->own[i].list) = (struct blocker){.at = by, .until = until};
}

/* Does it hold up what waits for it to be closed? Any word that 1.0 does not know does. */
static bool is_holding(const struct rules *r, size_t at, const char *edge)
{
	static const char *const old[] = {"open", "in_progress", "blocked", "deferred", NULL};
	const struct beads_issue *i = rules_issue(r, at);

	if (r->rule == BEADS_RULE_1_0)
		return !is_inactive(i);
	return listed(i->status, old) || (streq(edge, "blocks") && streq(i->status, "hooked"));
}

static bool tells_of_failure(const char *reason)
{
	static const char *const words[] = {"failed",    "rejected", "wontfix",   "won't fix",
					    "cancelled", "canceled", "abandoned", "blocked",
					    "error",     "timeout",  "aborted"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasestr(reason, words[i]))
			return true;
	}
	return false;
}

static void wait_for_target(struct rules *r, size_t i, size_t other, const char *edge)
{
	const struct beads_issue *target = rules_issue(r, other);

	if (is_holding(r, other, edge))
		block(r, i, other, NULL);
	else if (r->rule == BEADS_RULE_0_49 && streq(edge, "conditional-blocks") &&
		 streq(target->status, "closed") && !tells_of_failure(target->close_reason))
		block(r, i, other, "to fail, which it did not");
}

static bool child_holds(const struct rules *r, size_t child)
{
	const struct beads_issue *i = rules_issue(r, child);

	return r->rule == BEADS_RULE_0_49 ? !beads_is_closed(i) : !is_inactive(i);
}

static void wait_for_children(struct rules *r, size_t i, size_t spawner, bool any)
{
	const struct places *children = &r->children[spawner];
	size_t before = r->own[i].list.n;

	for (size_t k = 0; any && k < children->at.n; k++) {
		if (beads_is_closed(rules_issue(r, children->at.items[k])))
			return;
	}
	for (size_t k = 0; k < children->at.n; k++) {
		if (child_holds(r, children->at.items[k]))
			block(r, i, children->at.items[k], NULL);
	}
	if (any && r->rule == BEADS_RULE_0_49 && r->own[i].list.n == before)
		block(r, i, spawner, "to have a child that is closed");
}

static void find_blockers(struct rules *r, size_t i)
{
	const struct beads_issue *issue = rules_issue(r, i);
	size_t other;

	for (size_t k = 0; k < issue->edges.n; k++) {
		const struct beads_edge *edge = &issue->edges.items[k];

		if (!map_find(&r->file->index, edge->needs, &other))
			continue;
		switch (edge->kind) {
		case BEADS_BLOCKS:
			wait_for_target(r, i, other, edge->type);
			break;
		case BEADS_WAITS:
		case BEADS_WAITS_ANY:
			wait_for_children(r, i, other, edge->kind == BEADS_WAITS_ANY);
			break;
		case BEADS_INERT:
		case BEADS_PARENT:
			break;
		}
	}
}

enum beads_rule beads_rule_named(const char *word)
{
	if (streq(word, "0.49"))
		return BEADS_RULE_0_49;
	return streq(word, "1.0") ? BEADS_RULE_1_0 : BEADS_RULE_UNSAID;
}

void rules_init(struct rules *r, const struct beads_file *f, enum beads_rule rule, int64_t now_ms)
{
	size_t n = f->issues.n + 1; /* never nothing */

	rule = rule ? rule : f->rule;
	*r = (struct rules){
		.file = f,
		.rule = rule ? rule : BEADS_RULE_1_0,
		.now_ms = now_ms,
		/* n is at most BEADS_ISSUES_MAX + 1 */
		.parents = mem_alloc(n * sizeof(*r->parents)),
		.children = mem_alloc(n * sizeof(*r->children)),
		.own = mem_alloc(n * sizeof(*r->own)),
		.seen = mem_alloc(n * sizeof(*r->seen)),
	};
	link_families(r);
	for (size_t i = 0; i < f->issues.n; i++)
		find_blockers(r, i);
}

void rules_done(struct rules *r)
{
	if (!r->parents)
		return;
	for (size_t i = 0; i < r->file->issues.n; i++) {
		VEC_DONE(&r->parents[i].at);
		VEC_DONE(&r->children[i].at);
		VEC_DONE(&r->own[i].list);
	}
	free(r->parents);
	free(r->children);
	free(r->own);
	free(r->seen);
}

static int by_place(const void *a, const void *b)
{
	size_t x = ((const struct blocker *)a)->at, y = ((const struct blocker *)b)->at;

	return (x > y) - (x < y);
}

static void sort_once(struct blockers *b)
{
	size_t n = 0;

	if (b->list.n)
		qsort(b->list.items, b->list.n, sizeof(*b->list.items), by_place);
	for (size_t k = 0; k < b->list.n; k++) {
		if (!n || b->list.items[n - 1].at != b->list.items[k].at)
			b->list.items[n++] = b->list.items[k];
	}
	b->list.n = n;
}

/* All that blocks an issue: its own blockers and those of the parents above it; of the active ones
 * by the rule of 1.0. Parents may form a circle in a broken file, hence the marks. */
static void all_blockers(struct rules *r, size_t start, struct blockers *ret)
{
	struct places todo = {0};

	r->seen[start] = ++r->walk;
	if (!is_inactive(rules_issue(r, start)))
		VEC_PUSH(&todo.at, start);
	while (todo.at.n) {
		size_t i = todo.at.items[--todo.at.n];

		for (size_t k = 0; k < r->own[i].list.n; k++)
			VEC_PUSH(&ret->list, r->own[i].list.items[k]);
		for (size_t k = 0; k < r->parents[i].at.n; k++) {
			size_t parent = r->parents[i].at.items[k];

			if (r->seen[parent] == r->walk ||
			    (r->rule == BEADS_RULE_1_0 && is_inactive(rules_issue(r, parent))))
				continue;
			r->seen[parent] = r->walk;
			VEC_PUSH(&todo.at, parent);
		}
	}
	VEC_DONE(&todo.at);
	sort_once(ret);
}

static bool is_internal(const char *type)
{
	static const char *const types[] = {"merge-request", "gate", "molecule", "message",
					    "agent",         "role", "rig",      NULL};

	return listed(type, types);
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
	const struct beads_issue *i = rules_issue(r, at);

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
	if (r->rule == BEADS_RULE_0_49)
		return strcasestr(i->id, "-mol-") || strcasestr(i->id, "-wisp-")
			       ? mem_strdup("an id of Beads' own steps")
			       : NULL;
	for (size_t k = 0; k < r->parents[at].at.n; k++) {
		const struct beads_issue *parent = rules_issue(r, r->parents[at].at.items[k]);

		if (parent->defer_ms > r->now_ms)
			return deferred("its epic is deferred", parent->defer_ms, ret_by_date);
	}
	return NULL;
}

/*
 * bd is asked after the export was made. What was at work then may have been closed since, by an agent
 * that then fails: it is waited for until a look finds it closed.
 */
static bool waits_for_work(const struct rules *r, const struct standing *s)
{
	for (size_t i = 0; i < s->waits.list.n; i++) {
		const struct blocker *by = &s->waits.list.items[i];

		if (streq(rules_issue(r, by->at)->status, "in_progress"))
			return true;
	}
	return false;
}

/* What bd says of open issues, over what was found here. */
static void overrule(const struct rules *r, const struct beads_issue *i, struct standing *s)
{
	size_t at;

	if (!r->file->asked || !streq(i->status, "open") || i->is_template)
		return;
	if (map_find(&r->file->ready, i->id, &at)) {
		if (waits_for_work(r, s))
			return;
		standing_done(s);
		memset(s, 0, sizeof(*s));
	} else if (!s->hidden && !s->waits.list.n) {
		s->hidden = mem_strdup("not among the ready ones, says bd");
	}
}

void rules_stand(struct rules *r, size_t at, struct standing *ret)
{
	const struct beads_issue *i = rules_issue(r, at);

	memset(ret, 0, sizeof(*ret));
	if (!beads_is_closed(i))
		ret->hidden = hidden_reason(r, at, &ret->by_date);
	all_blockers(r, at, &ret->waits);
	overrule(r, i, ret);
}

void standing_done(struct standing *s)
{
	if (!s)
		return;
	free(s->hidden);
	VEC_DONE(&s->waits.list);
}

static void judge_one(struct rules *r, size_t at, struct beads_verdict *v)
{
	struct standing s CLEANUP(standing_done) = {0};

	v->state = BEADS_CLOSED;
	if (beads_is_closed(rules_issue(r, at)))
		return;
	rules_stand(r, at, &s);
	v->by_date = s.by_date;
	v->reason = TAKE(s.hidden);
	v->state = v->reason ? BEADS_HIDDEN : s.waits.list.n ? BEADS_BLOCKED : BEADS_READY;
	for (size_t k = 0; v->state == BEADS_BLOCKED && k < s.waits.list.n; k++)
		VEC_PUSH(&v->by, mem_strdup(rules_issue(r, s.waits.list.items[k].at)->id));
}

void beads_judge(const struct beads_file *f, int64_t now_ms, struct beads_verdicts *ret)
{
	struct rules r CLEANUP(rules_done) = {0};

	rules_init(&r, f, BEADS_RULE_UNSAID, now_ms);
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
