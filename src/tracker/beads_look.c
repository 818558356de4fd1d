#include "base/clean.h"
#include "base/clock.h"
#include "tracker/beads_tracker-impl.h"

#include <string.h>

int beads_begin(struct beads *b, bool change, struct err *e)
{
	if (!change || !b->file)
		return bd_begin(&b->bd, e);
	if (b->no_bd) { /* what was asked for is right, but cannot be done here */
		(void)err_set(e, ERR_IO, "cannot change issues in '%s': there is no program 'bd'",
			      b->file);
		return err_hint(
			e, "install Beads' bd, or take the issues over: 'ganger import beads %s'",
			b->file);
	}
	(void)err_set(e, ERR_INVALID, "cannot change issues in '%s': it is a file, and only read",
		      b->file);
	return err_hint(e, "set beads.path to the folder of the store");
}

/* What is in progress and somebody's is work that a claim decides about, as elsewhere. */
int beads_read_store(struct beads *b, struct beads_file *ret, struct err *e)
{
	int rc = b->file ? beads_load(b->file, ret, e) : bd_read(&b->bd, ret, e);

	if (rc == ERR_NOT_FOUND && b->no_bd) {
		(void)err_set(e, rc, "there is neither a program 'bd' nor an export '%s'", b->file);
		return err_hint(e, "install Beads' bd, or set beads.path to an export");
	}
	if (rc == 0 && b->rule)
		ret->rule = b->rule;
	for (size_t i = 0; rc == 0 && i < ret->issues.n; i++) {
		struct beads_issue *issue = &ret->issues.items[i];

		issue->taken = streq(issue->status, "in_progress") && *issue->assignee;
	}
	return rc;
}

int beads_ask(struct beads *b, struct beads_file *f, struct err *e)
{
	return b->file ? 0 : bd_ask_ready(&b->bd, f, e);
}

int beads_find_live(const struct beads_file *f,
		    const char *id,
		    enum err_code code,
		    const struct beads_issue **ret,
		    struct err *e)
{
	*ret = beads_find(f, id);
	if (*ret && !beads_is_tombstone(*ret))
		return 0;
	return err_set(e, code, "there is no issue '%s'", id);
}

/* Read the store and look one issue up in it. */
int beads_look(struct beads *b,
	       const char *id,
	       struct beads_file *f,
	       const struct beads_issue **ret,
	       struct err *e)
{
	int rc;

	beads_file_done(f);
	memset(f, 0, sizeof(*f));
	rc = beads_read_store(b, f, e);
	return rc ? rc : beads_find_live(f, id, ERR_NOT_FOUND, ret, e);
}

static bool has_open_child(const struct beads_file *f, const char *id, bool any)
{
	for (size_t i = 0; i < f->issues.n; i++) {
		const struct beads_issue *issue = &f->issues.items[i];

		if (beads_is_tombstone(issue) || (!any && beads_is_closed(issue)))
			continue;
		for (size_t k = 0; k < issue->edges.n; k++) {
			if (issue->edges.items[k].kind == BEADS_PARENT &&
			    streq(issue->edges.items[k].needs, id))
				return true;
		}
	}
	return false;
}

static void hide_epics(const struct beads_file *f, struct issue_graph *g)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		struct issue *issue = &g->issues.items[i];

		if (!issue->open || *issue->hidden || !has_open_child(f, issue->id, false))
			continue;
		free(issue->hidden);
		issue->hidden = mem_strdup("an epic of its own");
	}
}

static void take(struct issue_graph *g, const char *id, struct issue *ret)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		if (!streq(g->issues.items[i].id, id))
			continue;
		*ret = g->issues.items[i];
		g->issues.items[i] = g->issues.items[--g->issues.n];
		return;
	}
}

static int one_issue(const struct beads_file *f, const char *id, struct issue *ret, struct err *e)
{
	struct issue_graph all = {0};
	int rc = beads_graph(f, NULL, clock_now().wall_ms, &all, e);

	if (rc == 0)
		take(&all, id, ret);
	issue_graph_done(&all);
	return rc;
}

static void note_problems(const struct beads_file *f, struct issue_graph *g)
{
	for (size_t i = 0; i < f->problems.n; i++)
		VEC_PUSH(&g->notes, mem_printf("line %d: %s", f->problems.items[i].line,
					       f->problems.items[i].text));
}

int beads_tracker_load(struct tracker *t,
		       const char *epic,
		       struct issue *ret_epic,
		       struct issue_graph *ret,
		       struct err *e)
{
	struct beads *b = beads_of(t);
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const struct beads_issue *found;
	struct issue_graph g = {0};
	struct issue one = {0};
	int rc = beads_begin(b, false, e);

	if (rc)
		return rc;
	rc = epic ? beads_look(b, epic, &f, &found, e) : beads_read_store(b, &f, e);
	if (rc == 0)
		rc = beads_ask(b, &f, e);
	bd_end(&b->bd);
	if (rc == 0)
		rc = beads_graph(&f, epic, clock_now().wall_ms, &g, e);
	if (rc == 0 && epic && ret_epic)
		rc = one_issue(&f, epic, &one, e);
	if (rc) {
		issue_graph_done(&g);
		return rc;
	}
	if (epic)
		hide_epics(&f, &g);
	note_problems(&f, &g);
	*ret = g;
	if (ret_epic)
		*ret_epic = one;
	return 0;
}

/* A run changes issues: where it cannot, it does not begin. */
int beads_tracker_follow(struct tracker *t,
			 const char *epic,
			 struct issue *ret_epic,
			 struct issue_graph *ret,
			 struct err *e)
{
	struct beads *b = beads_of(t);
	int rc = beads_begin(b, true, e);

	if (rc)
		return rc;
	bd_end(&b->bd);
	return beads_tracker_load(t, epic, ret_epic, ret, e);
}

static void add_end(const struct beads_file *f, const char *id, struct issue_graph *g)
{
	const struct beads_issue *i = beads_find(f, id);

	for (size_t k = 0; k < g->outside.n; k++) {
		if (streq(g->outside.items[k].id, id))
			return;
	}
	*VEC_ADD(&g->outside) = (struct issue){
		.id = mem_strdup(id), .title = mem_strdup(i->title), .open = !beads_is_closed(i)};
}

static void edges_of(const struct beads_file *f, const char *id, struct issue_graph *g)
{
	for (size_t i = 0; i < f->issues.n; i++) {
		const struct beads_issue *issue = &f->issues.items[i];

		for (size_t k = 0; k < issue->edges.n; k++) {
			const char *needs = issue->edges.items[k].needs;
			bool mine = streq(issue->id, id);

			if (issue->edges.items[k].kind != BEADS_BLOCKS ||
			    (!mine && !streq(needs, id)) || !beads_find(f, needs))
				continue;
			*VEC_ADD(&g->edges) = (struct issue_edge){.task = mem_strdup(issue->id),
								  .needs = mem_strdup(needs)};
			add_end(f, mine ? needs : issue->id, g);
		}
	}
}

int beads_tracker_get(struct tracker *t,
		      const char *id,
		      struct issue *ret,
		      struct issue_graph *ret_edges,
		      struct err *e)
{
	struct beads *b = beads_of(t);
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const struct beads_issue *found;
	int rc = beads_begin(b, false, e);

	if (rc)
		return rc;
	rc = beads_look(b, id, &f, &found, e);
	bd_end(&b->bd);
	if (rc == 0)
		rc = one_issue(&f, id, ret, e);
	if (rc == 0 && ret_edges) {
		memset(ret_edges, 0, sizeof(*ret_edges));
		edges_of(&f, id, ret_edges);
	}
	return rc;
}

/* Of an export there is nothing that bd could use. */
char **beads_agent_env(struct tracker *t, const char *who)
{
	const struct beads *b = beads_of(t);

	return b->file ? NULL : bd_env_for(&b->bd, who);
}

int beads_tracker_epics(struct tracker *t, struct issue_graph *ret, struct err *e)
{
	struct beads *b = beads_of(t);
	struct beads_file f CLEANUP(beads_file_done) = {0};
	struct issue_graph all = {0};
	int rc = beads_begin(b, false, e);

	if (rc)
		return rc;
	rc = beads_read_store(b, &f, e);
	bd_end(&b->bd);
	if (rc == 0)
		rc = beads_graph(&f, NULL, clock_now().wall_ms, &all, e);
	if (rc)
		return rc;
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < all.issues.n; i++) {
		struct issue *issue = &all.issues.items[i];

		if (!issue->open || !has_open_child(&f, issue->id, true))
			continue;
		VEC_PUSH(&ret->issues, *issue);
		memset(issue, 0, sizeof(*issue));
	}
	issue_graph_done(&all);
	return 0;
}
