#include "base/clean.h"
#include "base/map.h"
#include "tracker/github-impl.h"
#include "tracker/text.h"
#include "wire/github_text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

/*
 * What waits for what. A blocker that is closed stays an edge, to an issue that is closed. One
 * that cannot be read is an error.
 */

#define ANCESTORS_MAX 8 /* GitHub's own limit */

static const struct issue *find(const struct issue *items, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(items[i].id, id))
			return &items[i];
	}
	return NULL;
}

static bool has_edge(const struct issue_graph *g, const char *task, const char *needs)
{
	for (size_t i = 0; i < g->edges.n; i++) {
		if (streq(g->edges.items[i].task, task) && streq(g->edges.items[i].needs, needs))
			return true;
	}
	return false;
}

static void add_edge(struct issue_graph *g, const char *task, const char *needs)
{
	if (!has_edge(g, task, needs))
		VEC_PUSH(&g->edges, ((struct issue_edge){mem_strdup(task), mem_strdup(needs)}));
}

/* Beside the graph, where it is not in it. */
static void add_outside(struct look *l, const struct cJSON *j, const char *id)
{
	struct issue_graph *g = l->g;

	if (find(g->issues.items, g->issues.n, id) || find(g->outside.items, g->outside.n, id))
		return;
	*VEC_ADD(&g->outside) = (struct issue){
		.id = mem_strdup(id),
		.title = text_line(str_of(json_text(j, "title"))),
		.open = streq(json_text(j, "state"), "open"),
	};
}

static int read_related(struct look *l,
			const struct cJSON *issue,
			const char *relation,
			struct cJSON **ret,
			bool *missing,
			struct err *e)
{
	char *id CLEANUP(freep) = gh_id(issue, l->repository);
	char *rest CLEANUP(freep) = mem_printf("/dependencies/%s?per_page=100", relation);
	char *path CLEANUP(freep) = gh_issue_path(l->h, id, rest);
	const struct cJSON *summary = json_at(issue, "issue_dependencies_summary");
	int rc = gh_list(l->h, path, summary, ret, missing, e);

	return rc ? err_wrap(e, "what issue '%s' depends on could not be read", id) : 0;
}

int gh_edges_of(struct look *l, const struct cJSON *issue, const char *relation, struct err *e)
{
	char *id CLEANUP(freep) = gh_id(issue, l->repository);
	struct cJSON *list CLEANUP(json_freep) = NULL;
	const struct cJSON *j;
	bool missing, blocked = streq(relation, "blocked_by");
	int rc = read_related(l, issue, relation, &list, &missing, e);

	if (rc)
		return rc;
	cJSON_ArrayForEach(j, list)
	{
		char *other CLEANUP(freep) = gh_id(j, l->repository);

		add_edge(l->g, blocked ? id : other, blocked ? other : id);
		add_outside(l, j, other);
	}
	return 0;
}

/* Its own dependencies, where it says that it has some, or does not say. */
static int
add_own(struct look *l, const struct cJSON *j, const char *id, bool *missing, struct err *e)
{
	const struct cJSON *summary = json_at(j, "issue_dependencies_summary"), *other;
	struct cJSON *list CLEANUP(json_freep) = NULL;
	int64_t want = json_int(summary, "total_blocked_by"), n = 0;

	*missing = false;
	if (summary && !want)
		return 0;
	int rc = read_related(l, j, "blocked_by", &list, missing, e);
	if (rc || *missing)
		return rc;
	cJSON_ArrayForEach(other, list)
	{
		char *needs CLEANUP(freep) = gh_id(other, l->repository);

		add_edge(l->g, id, needs);
		add_outside(l, other, needs);
		n++;
	}
	if (n < want) /* this login may not see the others, or somebody changed them just now */
		return err_set(e, ERR_IO,
			       "of the %" PRId64 " issues that '%s' depends on only %" PRId64
			       " can be read",
			       want, id, n);
	return 0;
}

static int
add_text_edge(struct look *l, const struct issue *i, const struct github_ref *r, struct err *e)
{
	char *needs CLEANUP(freep) = r->repository && strcasecmp(r->repository, l->repository) != 0
					     ? mem_printf("%s#%" PRId64, r->repository, r->number)
					     : mem_printf("%" PRId64, r->number);
	struct issue_graph *g = l->g;
	struct cJSON *j CLEANUP(json_freep) = NULL;

	if (streq(needs, i->id))
		return 0;
	if (!find(g->issues.items, g->issues.n, needs)) {
		char *path CLEANUP(freep) = gh_issue_path(l->h, needs, "");
		int rc = github_get(l->h->api, path, &j, e);

		if (rc)
			return err_wrap(e, "issue '%s' says that it depends on '%s', but", i->id,
					needs);
		if (gh_is_pull(j)) {
			VEC_PUSH(&g->notes,
				 mem_printf("'%s' says that it depends on '%s', which is a "
					    "pull request: that is left out",
					    i->id, needs));
			return 0;
		}
		add_outside(l, j, needs);
	}
	add_edge(g, i->id, needs);
	VEC_PUSH(&g->notes,
		 mem_printf("'%s' waits for '%s': the text of its body says so", i->id, needs));
	return 0;
}

/* Where nobody uses the dependencies of GitHub itself, what the texts say. */
static int add_text_edges(struct look *l, struct err *e)
{
	size_t n = l->g->issues.n;
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < n; at++) {
		const struct issue *i = &l->g->issues.items[at];
		struct github_refs refs CLEANUP(github_refs_done) = {0};

		if (!i->open)
			continue;
		github_depends_on(str_of(i->body), l->h->host, &refs);
		for (size_t k = 0; rc == 0 && k < refs.list.n; k++)
			rc = add_text_edge(l, i, &refs.list.items[k], e);
	}
	return rc;
}

/* Texts that say more than the dependencies do: named, not used. */
static void note_unused(struct look *l)
{
	for (size_t at = 0; at < l->g->issues.n; at++) {
		const struct issue *i = &l->g->issues.items[at];
		struct github_refs refs CLEANUP(github_refs_done) = {0};

		if (i->open)
			github_depends_on(str_of(i->body), l->h->host, &refs);
		for (size_t k = 0; k < refs.list.n; k++) {
			char *needs CLEANUP(freep) =
				mem_printf("%" PRId64, refs.list.items[k].number);

			if (!refs.list.items[k].repository && !has_edge(l->g, i->id, needs))
				VEC_PUSH(&l->g->notes,
					 mem_printf(
						 "'%s' says that it depends on '%s', which is not "
						 "among its dependencies: that is left out",
						 i->id, needs));
		}
	}
}

struct above {
	struct cJSON *own[ANCESTORS_MAX]; /* of those above the epic */
	const struct cJSON *all[ANCESTORS_MAX + 1];
	size_t n;
};

static void above_done(struct above *a)
{
	for (size_t i = 0; i < ANCESTORS_MAX; i++)
		json_free(a->own[i]);
}

/* The epic and what is above it. */
static int read_above(struct look *l, struct above *ret, struct err *e)
{
	ret->all[ret->n++] = l->epic;
	while (ret->n <= ANCESTORS_MAX && *json_text(ret->all[ret->n - 1], "parent_issue_url")) {
		char *id CLEANUP(freep) = gh_id(ret->all[ret->n - 1], l->repository);
		char *path CLEANUP(freep) = gh_issue_path(l->h, id, "/parent");
		struct cJSON **to = &ret->own[ret->n - 1];
		int rc = github_get(l->h->api, path, to, e);

		if (rc)
			return err_wrap(e, "what is above issue '%s' could not be read", id);
		ret->all[ret->n++] = *to;
	}
	return 0;
}

static bool is_above(const struct look *l, const struct above *a, const char *id)
{
	for (size_t i = 0; i < a->n; i++) {
		char *one CLEANUP(freep) = gh_id(a->all[i], l->repository);

		if (streq(one, id))
			return true;
	}
	return false;
}

/* Is a blocker inside of the issue that waits for it? Many link an epic to its own tasks. */
static int
is_inside(struct look *l, const struct cJSON *j, const char *epic, bool *ret, struct err *e)
{
	struct cJSON *parent CLEANUP(json_freep) = NULL;
	int rc = 0;

	*ret = false;
	for (int i = 0; i < ANCESTORS_MAX && *json_text(j, "parent_issue_url"); i++) {
		char *id CLEANUP(freep) = gh_id(j, l->repository);
		char *path CLEANUP(freep) = gh_issue_path(l->h, id, "/parent");
		struct cJSON *next = NULL;

		rc = github_get(l->h->api, path, &next, e);
		if (rc)
			return err_wrap(e, "what is above issue '%s' could not be read", id);
		json_free(parent);
		j = parent = next;
		char *above CLEANUP(freep) = gh_id(j, l->repository);
		*ret = streq(above, epic);
		if (*ret)
			return 0;
	}
	return 0;
}

/* Every open child waits for this. */
static void hold_children(struct look *l, const struct cJSON *j, const char *needs)
{
	for (size_t i = 0; i < l->g->issues.n; i++) {
		if (l->g->issues.items[i].open)
			add_edge(l->g, l->g->issues.items[i].id, needs);
	}
	add_outside(l, j, needs);
}

/* id, an open one above our tasks, waits for j. */
static int inherit_one(
	struct look *l, const struct above *a, const struct cJSON *j, const char *id, struct err *e)
{
	char *needs CLEANUP(freep) = gh_id(j, l->repository);
	bool inside;
	int rc;

	if (is_above(l, a, needs) || find(l->g->issues.items, l->g->issues.n, needs))
		return 0;
	rc = is_inside(l, j, id, &inside, e);
	if (rc == 0 && !inside)
		hold_children(l, j, needs);
	return rc;
}

static int
inherit_from(struct look *l, const struct above *a, const struct cJSON *from, struct err *e)
{
	struct cJSON *list CLEANUP(json_freep) = NULL;
	char *id CLEANUP(freep) = gh_id(from, l->repository);
	const struct cJSON *j;
	bool missing;
	int rc = read_related(l, from, "blocked_by", &list, &missing, e);

	cJSON_ArrayForEach(j, list)
	{
		if (rc == 0 && streq(json_text(j, "state"), "open"))
			rc = inherit_one(l, a, j, id, e);
	}
	return rc;
}

/* What an open epic, or one above it, still waits for, its tasks wait for. */
static int add_inherited(struct look *l, struct err *e)
{
	struct above a CLEANUP(above_done) = {0};
	int rc = read_above(l, &a, e);

	for (size_t i = 0; rc == 0 && i < a.n; i++) {
		const struct cJSON *summary = json_at(a.all[i], "issue_dependencies_summary");

		if (streq(json_text(a.all[i], "state"), "open") &&
		    (!summary || json_int(summary, "blocked_by")))
			rc = inherit_from(l, &a, a.all[i], e);
	}
	return rc;
}

static void note_impossible(struct look *l)
{
	char *epic CLEANUP(freep) = gh_id(l->epic, l->repository);

	for (size_t i = 0; i < l->g->edges.n; i++) {
		if (streq(l->g->edges.items[i].needs, epic))
			VEC_PUSH(&l->g->notes,
				 mem_printf("'%s' depends on its own epic '%s': it cannot start",
					    l->g->edges.items[i].task, epic));
	}
}

int gh_edges(struct look *l, struct err *e)
{
	const struct cJSON *j;
	size_t at = 0;
	bool missing = false;
	int rc = 0;

	cJSON_ArrayForEach(j, l->issues)
	{
		const char *id = l->g->issues.items[at++].id;

		rc = missing ? 0 : add_own(l, j, id, &missing, e);
		if (rc)
			return rc;
	}
	if (missing)
		VEC_PUSH(&l->g->notes, mem_strdup("this server has no dependencies of issues"));
	if (!l->g->edges.n)
		rc = add_text_edges(l, e);
	else
		note_unused(l);
	if (rc == 0 && l->epic && !missing)
		rc = add_inherited(l, e);
	if (rc == 0 && l->epic)
		note_impossible(l);
	return rc;
}
