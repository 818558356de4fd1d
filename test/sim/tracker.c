#include "port/tracker.h"

#include "base/clean.h"
#include "port/forge.h"
#include "sim/sim.h"

#include <string.h>

/* The tracker and the forge: both remember what was done, whoever heard of it. */

int issue_index(const char *id)
{
	size_t index = 0;
	return map_find(&sim->issue_ids, id, &index) ? (int)index : -1;
}

int issue_add(struct world *w, const char *id, int priority)
{
	int n = (int)w->issues.n;
	VEC_PUSH(&w->issues, ((struct sim_issue){.id = mem_strdup(id),
						 .title = mem_printf("title of %s", id),
						 .priority = priority,
						 .open = true,
						 .labelled = w->settings.labels && n % 3 == 1,
						 .child = true,
						 .pinned = -1}));
	checker_labelled(w->checker, n, w->issues.items[n].labelled);
	map_set(&w->issue_ids, id, (size_t)n);
	return n;
}

static void give_issue(struct issue *to, const struct sim_issue *i)
{
	*to = (struct issue){
		.id = mem_strdup(i->id),
		.title = mem_strdup(i->title),
		.body = i->touches ? mem_printf("files: f%d", i->touches) : mem_strdup(""),
		.comments = mem_strdup(""),
		.labels = mem_printf("%s%s\n%s", i->branch ? "branch:" : "",
				     i->branch ? i->title : "", i->labelled ? "other\nrole:b" : ""),
		.priority = i->priority,
		.open = i->open,
		.hidden = mem_strdup(i->hidden ? "ephemeral" : "")};
}

/* What is not of the epic is shown only where something of it depends on that. */
static bool is_needed(int issue)
{
	for (size_t i = 0; i < sim->issues.n; i++) {
		const struct sim_issue *x = &sim->issues.items[i];
		for (size_t k = 0; k < x->needs.n; k++)
			if (x->needs.items[k] == issue && x->child && !x->removed)
				return true;
	}
	return false;
}

static int tracker_load(struct tracker *t,
			const char *epic,
			struct issue *ret_epic,
			struct issue_graph *ret,
			struct err *e)
{
	int rc = refused(fate("read the tracker"), e);
	(void)t;
	if (rc)
		return rc;
	ret_epic->id = mem_strdup(epic);
	ret_epic->title = mem_strdup("an epic");
	sim->reads = sim->runs;
	for (size_t i = 0; i < sim->issues.n; i++) {
		const struct sim_issue *x = &sim->issues.items[i];
		if (x->base)
			continue;
		checker_loaded(sim->checker, (int)i);
		if (x->removed && !is_needed((int)i))
			continue;
		struct issue *to = x->child && !x->removed ? VEC_ADD(&ret->issues) : VEC_ADD(&ret->outside);
		give_issue(to, x);
		for (size_t k = 0; k < x->needs.n; k++)
			VEC_PUSH(&ret->edges,
				 ((struct issue_edge){
					 mem_strdup(x->id),
					 mem_strdup(sim->issues.items[x->needs.items[k]].id)}));
	}
	return 0;
}

/* What has no issue is nothing to the tracker. */
static void check_issue(const struct sim_issue *i, const char *what)
{
	if (i->base)
		checker_break(sim->checker, "ports: '%s' is %s, it is no issue", i->id, what);
}

static int tracker_claim(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	enum fate f = fate("claim");
	int rc = refused(f, e);
	struct sim_issue *i = &sim->issues.items[issue_index(id)];
	(void)t;
	if (rc)
		return rc;
	check_issue(i, "claimed");
	if (!i->open || i->claimed_by_other)
		return err_set(e, ERR_CONFLICT, "'%s' is %s", id,
			       i->open ? "somebody else's" : "closed");
	if (i->claimed && !streq(i->claimed, who))
		checker_break(sim->checker, "ports: claim of '%s' by '%s'", id, who);
	free(i->claimed);
	i->claimed = mem_strdup(who);
	say("tracker: %s claimed", id);
	return heard(f, e);
}

static int tracker_release(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	enum fate f = fate("release");
	int rc = refused(f, e);
	struct sim_issue *i = &sim->issues.items[issue_index(id)];
	(void)t;
	(void)who;
	if (rc)
		return rc;
	check_issue(i, "released");
	if (!i->open || i->claimed_by_other)
		return err_set(e, ERR_CONFLICT, "'%s' is not ours", id);
	free(TAKE(i->claimed));
	say("tracker: %s released", id);
	return heard(f, e);
}

/* Where the epic itself is done. */
static int close_epic(enum fate f, struct err *e)
{
	checker_epic_closed(sim->checker);
	sim->epic_closed = true;
	say("tracker: the epic is closed");
	return heard(f, e);
}

static int tracker_close(
	struct tracker *t, const char *id, const char *reason, const char *comment, struct err *e)
{
	enum fate f = fate("close");
	int rc = refused(f, e), n = issue_index(id);
	(void)t;
	if (rc)
		return rc;
	if (streq(id, EPIC))
		return close_epic(f, e);
	struct sim_issue *i = &sim->issues.items[n];
	check_issue(i, "closed");
	if (i->claimed_by_other)
		return err_set(e, ERR_CONFLICT, "'%s' is somebody else's", id);
	checker_closed(sim->checker, n, false, comment); /* also where a person has already */
	i->open = false;
	say("tracker: %s closed: %s", id, reason);
	return heard(f, e);
}

static int tracker_comment(
	struct tracker *t, const char *id, const char *marker, const char *text, struct err *e)
{
	enum fate f = fate("comment");
	int rc = refused(f, e);
	(void)t;
	(void)id;
	(void)marker;
	(void)text;
	return rc ? rc : heard(f, e);
}

static int tracker_get(struct tracker *t,
		       const char *id,
		       struct issue *ret,
		       struct issue_graph *ret_edges,
		       struct err *e)
{
	int rc = refused(fate("get an issue"), e);
	(void)t;
	(void)ret_edges;
	if (rc == 0 && streq(id, EPIC))
		*ret = (struct issue){.id = mem_strdup(id), .open = !sim->epic_closed};
	else if (rc == 0)
		give_issue(ret, &sim->issues.items[issue_index(id)]);
	return rc;
}

static void tracker_free(struct tracker *t)
{
	free(t);
}

int sim_tracker_open(struct tracker **ret)
{
	static const struct tracker_ops ops = {
		.polled = true,
		.load = tracker_load,
		.claim = tracker_claim,
		.release = tracker_release,
		.close = tracker_close,
		.comment = tracker_comment,
		.get = tracker_get,
		.free = tracker_free,
	};
	struct tracker *t = mem_alloc(sizeof(*t));
	t->ops = &ops;
	*ret = t;
	return 0;
}

/* ---- the forge ---- */

/* The number of the open one; 0 none. */
static int64_t pull_find(const char *head, const char *base)
{
	for (size_t i = 0; i < sim->pulls.n; i++)
		if (streq(sim->pulls.items[i].head, head) &&
		    streq(sim->pulls.items[i].base, base) && sim->pulls.items[i].state == PULL_OPEN)
			return (int64_t)i + 1;
	return 0;
}

int64_t pull_open(const char *head, const char *base, const char *sha, int task)
{
	int64_t number = pull_find(head, base);
	if (!number) {
		VEC_PUSH(&sim->pulls, ((struct sim_pull){.head = mem_strdup(head),
							 .base = mem_strdup(base),
							 .task = task,
							 .state = PULL_OPEN}));
		number = (int64_t)sim->pulls.n;
	}
	free(sim->pulls.items[number - 1].sha);
	sim->pulls.items[number - 1].sha = mem_strdup(sha);
	return number;
}

static int
forge_ensure(struct forge *g, const struct pull_spec *s, int64_t *ret_number, struct err *e)
{
	enum fate f = fate("open a pull request");
	int rc = refused(f, e);
	(void)g;
	if (rc)
		return rc;
	int task = base_entry(s->task);
	bool base = sim->issues.items[task].base;
	if (!base && !pull_find(s->head, s->base))
		checker_pull_opened(sim->checker, task);
	*ret_number = pull_open(s->head, s->base, s->head_sha, task);
	struct oid head = {""};
	(void)snprintf(head.hex, sizeof(head.hex), "%s", s->head_sha);
	if (!base)
		checker_task_head(sim->checker, task, oid_commit(&head));
	say("forge: pull request %d of %s at %.8s", (int)*ret_number, s->task, s->head_sha);
	return heard(f, e);
}

static int forge_finish(struct forge *g, int64_t number, const char *merged_sha, struct err *e)
{
	enum fate f = fate("finish a pull request");
	int rc = refused(f, e);
	(void)g;
	if (rc)
		return rc;
	if (merged_sha && !merged_sha[0])
		checker_break(sim->checker, "ports: pull request %d merged by no commit",
			      (int)number);
	struct sim_pull *p = &sim->pulls.items[number - 1];
	int state = merged_sha ? PULL_MERGED : PULL_CLOSED;
	if (p->state == PULL_OPEN)
		checker_pull_over(sim->checker, number, p->task, merged_sha != NULL);
	else if (p->state != state)
		return err_set(e, ERR_CONFLICT, "it is over already");
	p->state = state;
	say("forge: pull request %d %s", (int)number, merged_sha ? "merged" : "closed");
	return heard(f, e);
}

static int forge_get(struct forge *g, int64_t number, struct pull *ret, struct err *e)
{
	(void)g;
	(void)number;
	(void)ret;
	return err_set(e, ERR_INVALID, "nobody asks for that");
}

static void forge_free(struct forge *g)
{
	free(g);
}

int sim_forge_open(struct forge **ret)
{
	static const struct forge_ops ops = {
		.ensure = forge_ensure,
		.finish = forge_finish,
		.get = forge_get,
		.free = forge_free,
	};
	struct forge *g = mem_alloc(sizeof(*g));
	g->ops = &ops;
	*ret = g;
	return 0;
}
