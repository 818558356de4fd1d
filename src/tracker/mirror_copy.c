#include "base/clean.h"
#include "tracker/mirror-impl.h"
#include "tracker/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* One pass over an epic; everything in it is given again until nothing differs, so that a pass
 * that was cut off is only an earlier one. */
struct copying {
	struct mirror *m;
	const struct issue *epic;
	struct issue_graph *g;
	struct copies *c;
	bool *tried; /* by place in g->issues: made in this pass, or being made */
	int changes;
};

static struct bd *bd_of(struct copying *k)
{
	return &k->m->store->bd;
}

static void changed(struct copying *k, char *what)
{
	VEC_PUSH(&k->g->notes, what);
	k->changes++;
}

static char *new_id(const char *id)
{
	char *made = mem_printf("gh-%s", id);

	for (char *p = made; *p; p++) {
		if (!isalnum((unsigned char)*p))
			*p = '-';
	}
	return made;
}

/* The copy's id, also of one that this pass made. */
static char *copy_id(struct copying *k, const char *id)
{
	const struct beads_issue *i = copies_find(k->c, id);

	return i ? mem_strdup(i->id) : new_id(id);
}

/* A text as an argument; a longer one is cut, and GitHub has the rest. */
static char *description(const struct issue *i)
{
	struct str text = str_trim(str_of(i->body ? i->body : ""));

	return text_clean((struct str){text.p, text.n > BD_TEXT_MAX ? BD_TEXT_MAX : text.n});
}

static int create(struct copying *k, const struct issue *i, const char *deps, struct err *e)
{
	struct bd_args a CLEANUP(bd_args_done) = {0};
	char *body CLEANUP(freep) = description(i);
	char *labels CLEANUP(freep) = beads_labels_arg(i->labels ? i->labels : "");
	char *id CLEANUP(freep) = new_id(i->id), *ref CLEANUP(freep) = mirror_ref(k->m, i->id);

	bd_arg(&a, "create", NULL);
	bd_arg(&a, "--title", *i->title ? i->title : i->id);
	bd_arg(&a, "--description", body);
	bd_arg(&a, "--type", i == k->epic ? "epic" : "task");
	if (*labels)
		bd_arg(&a, "--labels", labels);
	bd_arg(&a, "--external-ref", ref);
	bd_arg(&a, "--id", id);
	bd_arg(&a, "--force", NULL); /* whatever the store's prefix */
	if (*deps)
		bd_arg(&a, "--deps", deps);
	return bd_run(bd_of(k), a.argv, NULL, e);
}

static bool is_there(struct copying *k, const char *id)
{
	if (copies_find(k->c, id))
		return true;
	for (size_t i = 0; i < k->g->issues.n; i++) {
		if (k->tried[i] && streq(k->g->issues.items[i].id, id))
			return true;
	}
	return false;
}

/* What an issue waits for comes with it, so that in no moment it looks as if it waited for nothing. */
static int make(struct copying *k, const struct issue *i, bool is_child, struct err *e)
{
	struct buf deps CLEANUP(buf_done) = BUF_INIT;
	struct err why = ERR_INIT;

	if (copies_find(k->c, i->id))
		return 0;
	for (size_t n = 0; is_child && n < k->g->edges.n; n++) {
		const struct issue_edge *edge = &k->g->edges.items[n];
		char *needs CLEANUP(freep) = copy_id(k, edge->needs);

		if (streq(edge->task, i->id) && !streq(edge->needs, i->id) &&
		    is_there(k, edge->needs))
			buf_printf(&deps, "%sblocks:%s", deps.n ? "," : "", needs);
	}
	int rc = create(k, i, buf_cstr(&deps), &why);
	/* An edge that bd does not take is said when it is given alone. */
	if (rc == ERR_INVALID && deps.n)
		rc = create(k, i, "", &why);
	if (rc)
		return err_set(e, why.code, "%s", why.msg);
	char *id CLEANUP(freep) = new_id(i->id);
	changed(k, mem_printf("copied '%s' into Beads as '%s'", i->id, id));
	return 0;
}

static int make_child(struct copying *k, size_t at, struct err *e);

static int make_needed(struct copying *k, const char *id, struct err *e)
{
	for (size_t i = 0; i < k->g->issues.n; i++) {
		if (!k->tried[i] && streq(k->g->issues.items[i].id, id))
			return make_child(k, i, e);
	}
	return 0;
}

/* Those that it waits for first; in a cycle one of them is last. */
static int make_child(struct copying *k, size_t at, struct err *e)
{
	const struct issue *i = &k->g->issues.items[at];
	int rc = 0;

	k->tried[at] = true;
	for (size_t n = 0; rc == 0 && n < k->g->edges.n; n++) {
		if (streq(k->g->edges.items[n].task, i->id))
			rc = make_needed(k, k->g->edges.items[n].needs, e);
	}
	return rc ? rc : make(k, i, true, e);
}

static int check_made(struct copying *k, const char *id, struct err *e)
{
	if (copies_find(k->c, id))
		return 0;
	return err_set(e, ERR_CORRUPT, "bd export: it lacks the copy of '%s', which bd made", id);
}

static int make_all(struct copying *k, struct err *e)
{
	int rc = make(k, k->epic, false, e);

	for (size_t i = 0; rc == 0 && i < k->g->outside.n; i++) {
		if (k->g->outside.items[i].open)
			rc = make(k, &k->g->outside.items[i], false, e);
	}
	for (size_t i = 0; rc == 0 && i < k->g->issues.n; i++) {
		if (!k->tried[i])
			rc = make_child(k, i, e);
	}
	if (rc == 0 && k->changes)
		rc = copies_read(k->m, k->c, e);
	if (rc == 0)
		rc = check_made(k, k->epic->id, e);
	for (size_t i = 0; rc == 0 && i < k->g->issues.n; i++)
		rc = check_made(k, k->g->issues.items[i].id, e);
	return rc;
}

static int
set_texts(struct copying *k, const struct issue *i, const struct beads_issue *b, struct err *e)
{
	struct bd_args a CLEANUP(bd_args_done) = {0};
	char *body CLEANUP(freep) = i->body ? description(i) : NULL; /* outside: not known */
	char *title CLEANUP(freep) = text_line(str_of(i->title));

	bd_arg(&a, "update", NULL);
	if (*title && !streq(title, b->title))
		bd_arg(&a, "--title", title);
	if (body && !str_eq(str_of(body), str_trim(str_of(b->description))))
		bd_arg(&a, "--description", body);
	if (a.n == 1)
		return 0;
	bd_arg(&a, "--", NULL);
	bd_arg(&a, b->id, NULL);
	changed(k, mem_printf("'%s' has another text now", i->id));
	return bd_run(bd_of(k), a.argv, NULL, e);
}

static int
set_state(struct copying *k, const struct issue *i, const struct beads_issue *b, struct err *e)
{
	bool closed = beads_is_closed(b), again = i->reopened;
	const char *reason = i->closed_reason && *i->closed_reason ? i->closed_reason : "completed";
	char *option CLEANUP(freep) = mem_printf("--reason=%s", reason);
	/* With --force: what is closed there is closed, whatever it waits for. */
	const char *const close[] = {"close", option, "--force", "--", b->id, NULL};
	const char *const open[] = {"update", "--status=open", "--assignee=", "--", b->id, NULL};

	if (!i->open && !closed) {
		changed(k, mem_printf("'%s' is closed now", i->id));
		return bd_run(bd_of(k), close, NULL, e);
	}
	if (i->open && again && closed) {
		changed(k, mem_printf("'%s' is open again", i->id));
		return bd_run(bd_of(k), open, NULL, e);
	}
	return 0;
}

static int bring_up(struct copying *k, const struct issue *i, struct err *e)
{
	const struct beads_issue *b = copies_find(k->c, i->id);
	int rc = 0;

	if (!b) /* outside, and closed before there was a copy */
		return 0;
	rc = set_texts(k, i, b, e);
	return rc ? rc : set_state(k, i, b, e);
}

static bool wants(const struct issue_graph *g, const char *task, const char *needs)
{
	for (size_t i = 0; i < g->edges.n; i++) {
		if (streq(g->edges.items[i].task, task) &&
		    strcasecmp(g->edges.items[i].needs, needs) == 0)
			return true;
	}
	return false;
}

static bool has_edge(const struct beads_issue *b, const char *needs, enum beads_edge_kind kind)
{
	for (size_t i = 0; i < b->edges.n; i++) {
		if (b->edges.items[i].kind == kind && streq(b->edges.items[i].needs, needs))
			return true;
	}
	return false;
}

/* What bd does not take (a cycle, a task that waits for an epic) is said; it counts all the same. */
static int link_to(struct copying *k,
		   const struct beads_issue *b,
		   const char *type,
		   const char *needs,
		   const char *what,
		   struct err *e)
{
	char *option CLEANUP(freep) = mem_printf("--type=%s", type);
	const char *const argv[] = {"dep", "add", option, "--", b->id, needs, NULL};
	struct err why = ERR_INIT;
	int rc = bd_run(bd_of(k), argv, NULL, &why);

	if (rc == ERR_INVALID) {
		VEC_PUSH(&k->g->notes, mem_printf("not in Beads: %s: %s", what, why.msg));
		return 0;
	}
	if (rc)
		return err_set(e, why.code, "%s", why.msg);
	changed(k, mem_strdup(what));
	return 0;
}

static int unlink_from(struct copying *k,
		       const struct beads_issue *b,
		       const char *needs,
		       char *what,
		       struct err *e)
{
	const char *const argv[] = {"dep", "remove", "--", b->id, needs, NULL};

	changed(k, what);
	return bd_run(bd_of(k), argv, NULL, e);
}

static int
add_edges(struct copying *k, const struct issue *i, const struct beads_issue *b, struct err *e)
{
	const struct beads_issue *top = copies_find(k->c, k->epic->id);
	char *joins CLEANUP(freep) = mem_printf("'%s' is in epic '%s' now", i->id, k->epic->id);
	int rc = 0;

	if (!has_edge(b, top->id, BEADS_PARENT))
		rc = link_to(k, b, "parent-child", top->id, joins, e);
	for (size_t n = 0; rc == 0 && n < k->g->edges.n; n++) {
		const struct issue_edge *edge = &k->g->edges.items[n];
		const struct beads_issue *needs = copies_find(k->c, edge->needs);
		char *waits CLEANUP(freep) =
			mem_printf("'%s' waits for '%s' now", i->id, edge->needs);

		if (streq(edge->task, i->id) && needs && needs != b &&
		    !has_edge(b, needs->id, BEADS_BLOCKS))
			rc = link_to(k, b, "blocks", needs->id, waits, e);
	}
	return rc;
}

/* Of our own sort alone, and between copies: what people put into Beads stays. */
static int
drop_edges(struct copying *k, const struct issue *i, const struct beads_issue *b, struct err *e)
{
	int rc = 0;

	for (size_t n = 0; rc == 0 && n < b->edges.n; n++) {
		const struct beads_edge *edge = &b->edges.items[n];
		const char *needs = copies_id(k->c, edge->needs);

		if (needs && streq(edge->type, "blocks") && !wants(k->g, i->id, needs))
			rc = unlink_from(k, b, edge->needs,
					 mem_printf("'%s' no longer waits for '%s'", i->id, needs),
					 e);
	}
	return rc;
}

static bool is_child(const struct issue_graph *g, const char *id)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		if (streq(g->issues.items[i].id, id))
			return true;
	}
	return false;
}

/* Children that left. An issue that is in Beads alone stays where it was put. */
static int drop_children(struct copying *k, struct err *e)
{
	const struct beads_issue *top = copies_find(k->c, k->epic->id);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < k->c->f.issues.n; i++) {
		const struct beads_issue *b = &k->c->f.issues.items[i];
		const char *id = k->c->ids.items[i];

		if (id && has_edge(b, top->id, BEADS_PARENT) && !is_child(k->g, id))
			rc = unlink_from(
				k, b, top->id,
				mem_printf("'%s' is no longer in epic '%s'", id, k->epic->id), e);
	}
	return rc;
}

/* New edges first, and states last: nothing is free before what it waits for is known. */
static int bring_all_up(struct copying *k, struct err *e)
{
	struct issue_graph *g = k->g;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < g->issues.n; i++)
		rc = add_edges(k, &g->issues.items[i], copies_find(k->c, g->issues.items[i].id), e);
	for (size_t i = 0; rc == 0 && i < g->issues.n; i++)
		rc = drop_edges(k, &g->issues.items[i], copies_find(k->c, g->issues.items[i].id),
				e);
	if (rc == 0)
		rc = drop_children(k, e);
	if (rc == 0)
		rc = bring_up(k, k->epic, e);
	for (size_t i = 0; rc == 0 && i < g->outside.n; i++)
		rc = bring_up(k, &g->outside.items[i], e);
	for (size_t i = 0; rc == 0 && i < g->issues.n; i++)
		rc = bring_up(k, &g->issues.items[i], e);
	return rc;
}

int mirror_copy(struct mirror *m,
		const struct issue *epic,
		struct issue_graph *g,
		struct copies *ret,
		struct err *e)
{
	bool *tried CLEANUP(freep) = mem_alloc((g->issues.n + 1) * sizeof(*tried));
	struct copying k = {.m = m, .epic = epic, .g = g, .c = ret, .tried = tried};
	int rc = beads_make_store(m->store, e);

	if (rc == 0)
		rc = copies_read(m, ret, e);
	if (rc == 0)
		rc = make_all(&k, e);
	int made = k.changes;
	if (rc == 0)
		rc = bring_all_up(&k, e);
	if (rc == 0 && k.changes > made)
		rc = copies_read(m, ret, e);
	return rc;
}
