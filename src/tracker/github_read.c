#include "base/clean.h"
#include "base/map.h"
#include "tracker/github-impl.h"
#include "tracker/text.h"
#include "wire/github_text.h"
#include "wire/http.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

char *gh_path(const struct gh *h, const char *rest)
{
	return mem_printf("/repos/%s%s", h->repository, rest);
}

char *gh_issue_path(const struct gh *h, const char *id, const char *rest)
{
	const char *mark = strchr(id, '#');
	struct str repository =
		mark ? (struct str){id, (size_t)(mark - id)} : str_of(h->repository);
	int64_t number;

	if (!str_i64(str_of(mark ? mark + 1 : id), &number) || number <= 0)
		return NULL;
	for (size_t i = 0; i < repository.n; i++) { /* it comes from outside as well */
		if (strchr("?#% \t\r\n", repository.p[i]))
			return NULL;
	}
	return mem_printf("/repos/%.*s/issues/%" PRId64 "%s", (int)repository.n, repository.p,
			  number, rest);
}

int gh_repository(struct gh *h, char **ret_name, char **ret_branch, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) = gh_path(h, "");
	int rc = github_get(h->api, path, &j, e);

	if (rc == ERR_NOT_FOUND)
		return err_hint(e,
				"does '%s' exist, and may this login see it? [github.repository]",
				h->repository);
	if (rc)
		return rc;
	const char *name = json_text(j, "full_name");
	*ret_name = mem_strdup(*name ? name : h->repository);
	if (ret_branch)
		*ret_branch = mem_strdup(json_text(j, "default_branch"));
	return 0;
}

/* "…/repos/owner/name" and whatever follows, to "owner/name". */
static struct str repository_of(const char *address)
{
	const char *start = strstr(address, "/repos/"), *slash, *end;

	if (!start)
		return STR("");
	start += strlen("/repos/");
	slash = strchr(start, '/');
	end = slash ? strchr(slash + 1, '/') : NULL;
	return (struct str){start, end ? (size_t)(end - start) : strlen(start)};
}

static char *id_in(struct str of, const char *repository, int64_t number)
{
	if (!of.n || (of.n == strlen(repository) && strncasecmp(of.p, repository, of.n) == 0))
		return mem_printf("%" PRId64, number);
	return mem_printf("%.*s#%" PRId64, (int)of.n, of.p, number);
}

char *gh_id(const struct cJSON *j, const char *repository)
{
	const char *full = json_text(json_at(j, "repository"), "full_name");
	struct str of = *full ? str_of(full) : repository_of(json_text(j, "repository_url"));

	return id_in(of, repository, json_int(j, "number"));
}

bool gh_is_pull(const struct cJSON *j)
{
	return json_at(j, "pull_request");
}

static char *labels_of(const struct cJSON *j)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	const struct cJSON *label;

	cJSON_ArrayForEach(label, json_at(j, "labels"))
	{
		const char *name =
			cJSON_IsString(label) ? label->valuestring : json_text(label, "name");
		char *line CLEANUP(freep) = text_line(str_of(name));

		if (*line)
			buf_printf(&b, "%s%s", b.n ? "\n" : "", line);
	}
	return mem_strdup(buf_cstr(&b));
}

static char *parent_of(const struct cJSON *j, const char *repository)
{
	const char *address = json_text(j, "parent_issue_url"), *slash = strrchr(address, '/');
	int64_t number;

	if (!slash || !str_i64(str_of(slash + 1), &number))
		return NULL;
	return id_in(repository_of(address), repository, number);
}

/* Why it must not be started although it is open. */
static char *hidden_of(const struct cJSON *j, const char *id)
{
	const struct cJSON *children = json_at(j, "sub_issues_summary");
	const char *mark = strchr(id, '#');

	if (mark)
		return mem_printf("it is in the repository '%.*s'", (int)(mark - id), id);
	if (json_int(children, "total") > json_int(children, "completed"))
		return mem_strdup("an epic of its own");
	return mem_strdup("");
}

void gh_issue(const struct cJSON *j, const char *repository, bool as_task, struct issue *ret)
{
	bool open = streq(json_text(j, "state"), "open");
	bool again = open && streq(json_text(j, "state_reason"), "reopened");

	*ret = (struct issue){
		.id = gh_id(j, repository),
		.title = text_line(str_of(json_text(j, "title"))),
		.body = text_clean(str_of(json_text(j, "body"))),
		.comments = mem_strdup(""),
		.labels = labels_of(j),
		.parent = parent_of(j, repository),
		.type = text_line(str_of(json_text(json_at(j, "type"), "name"))),
		.status = mem_strdup(open ? "open" : "closed"),
		.priority = 2,
		.created_ms = json_time(j, "created_at"),
		.updated_ms = json_time(j, "updated_at"),
		.closed_ms = json_time(j, "closed_at"),
		.open = open,
		.reopened = again,
		.closed_reason = mem_strdup(open ? "" : json_text(j, "state_reason")),
		.claimed_by = mem_strdup(""),
	};
	ret->hidden = as_task ? hidden_of(j, ret->id) : mem_strdup("");
}

int gh_read(struct gh *h, const char *id, const char *repository, struct cJSON **ret, struct err *e)
{
	char *path CLEANUP(freep) = gh_issue_path(h, id, "");
	struct cJSON *j CLEANUP(json_freep) = NULL;
	int rc = path ? github_get(h->api, path, &j, e) : ERR_NOT_FOUND;

	if (rc == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "there is no issue '%s'", id);
	if (rc)
		return rc;
	if (gh_is_pull(j))
		return err_set(e, ERR_NOT_FOUND, "'%s' is a pull request, not an issue", id);
	char *is CLEANUP(freep) = gh_id(j, repository);
	if (!strchr(id, '#') && !streq(is, id))
		return err_set(e, ERR_NOT_FOUND, "issue '%s' was moved: it is '%s' now", id, is);
	*ret = TAKE(j);
	return 0;
}

int gh_list(struct gh *h,
	    const char *path,
	    const struct cJSON *summary,
	    struct cJSON **ret,
	    bool *missing,
	    struct err *e)
{
	int rc = github_list(h->api, path, NULL, ret, e);

	*missing = rc == ERR_NOT_FOUND && !summary;
	if (!*missing)
		return rc;
	*ret = cJSON_CreateArray();
	CHECK(*ret);
	return 0;
}

/* The issues that a list of references names, read one by one; pull requests are left out. */
static int read_refs(struct gh *h,
		     const struct github_refs *refs,
		     const char *repository,
		     struct cJSON *ret,
		     struct err *e)
{
	struct map seen CLEANUP(map_done) = {0};

	for (size_t i = 0; i < refs->list.n; i++) {
		const struct github_ref *r = &refs->list.items[i];
		char *id CLEANUP(freep) = id_in(str_of(r->repository), repository, r->number);
		char *path CLEANUP(freep) = gh_issue_path(h, id, "");
		struct cJSON *j CLEANUP(json_freep) = NULL;
		size_t at;

		if (map_find(&seen, id, &at))
			continue;
		map_set(&seen, id, i);
		if (github_get(h->api, path, &j, e))
			return err_wrap(e, "'%s' is in the task list, but", id);
		if (!gh_is_pull(j))
			CHECK(cJSON_AddItemToArray(ret, TAKE(j)));
	}
	return 0;
}

static void note(struct issue_graph *g, char *text)
{
	VEC_PUSH(&g->notes, text);
}

static int children_by_list(struct look *l, struct cJSON *ret, struct err *e)
{
	struct github_refs refs CLEANUP(github_refs_done) = {0};

	github_task_list(str_of(json_text(l->epic, "body")), l->h->host, &refs);
	int rc = read_refs(l->h, &refs, l->repository, ret, e);
	if (rc == 0 && cJSON_GetArraySize(ret))
		note(l->g, mem_strdup("it has no sub-issues: the task list in its body counts"));
	return rc;
}

static void add_all(struct cJSON *from, struct cJSON *to)
{
	struct cJSON *one;

	while ((one = cJSON_DetachItemFromArray(from, 0))) {
		if (gh_is_pull(one))
			json_free(one);
		else
			CHECK(cJSON_AddItemToArray(to, one));
	}
}

static int children_by_label(struct look *l, struct cJSON *ret, struct err *e)
{
	struct cJSON *found CLEANUP(json_freep) = NULL;
	struct buf query CLEANUP(buf_done) = BUF_INIT, label CLEANUP(buf_done) = BUF_INIT;
	const char *epic = l->h->label ? strstr(l->h->label, "{epic}") : NULL;

	if (!l->h->label)
		return 0;
	if (epic)
		buf_printf(&label, "%.*s%" PRId64 "%s", (int)(epic - l->h->label), l->h->label,
			   json_int(l->epic, "number"), epic + strlen("{epic}"));
	else
		buf_puts(&label, l->h->label);
	buf_puts(&query, "/issues?state=all&per_page=100&sort=created&direction=asc&labels=");
	buf_url(&query, buf_cstr(&label));
	char *path CLEANUP(freep) = gh_path(l->h, buf_cstr(&query));
	int rc = github_list(l->h->api, path, NULL, &found, e);
	if (rc)
		return rc;
	add_all(found, ret);
	if (cJSON_GetArraySize(ret))
		note(l->g, mem_printf("it has no sub-issues: issues labelled '%s' count",
				      buf_cstr(&label)));
	return 0;
}

/* An epic that waits for its tasks and nothing else says so. */
static int children_by_blocking(struct look *l, const char *epic, struct cJSON *ret, struct err *e)
{
	struct cJSON *found CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) =
		gh_issue_path(l->h, epic, "/dependencies/blocked_by?per_page=100");
	bool missing;
	int rc = gh_list(l->h, path, json_at(l->epic, "issue_dependencies_summary"), &found,
			 &missing, e);

	if (rc)
		return rc;
	add_all(found, ret);
	if (cJSON_GetArraySize(ret))
		note(l->g, mem_strdup("it has no sub-issues: the issues that block it count"));
	return 0;
}

static int read_children(struct look *l, const char *epic, struct cJSON *ret, struct err *e)
{
	struct cJSON *found CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) = gh_issue_path(l->h, epic, "/sub_issues?per_page=100");
	bool missing;
	int rc = gh_list(l->h, path, json_at(l->epic, "sub_issues_summary"), &found, &missing, e);

	if (rc)
		return rc;
	if (missing)
		note(l->g, mem_strdup("this server has no sub-issues"));
	add_all(found, ret);
	if (!cJSON_GetArraySize(ret))
		rc = children_by_list(l, ret, e);
	if (rc == 0 && !cJSON_GetArraySize(ret))
		rc = children_by_label(l, ret, e);
	if (rc == 0 && !cJSON_GetArraySize(ret))
		rc = children_by_blocking(l, epic, ret, e);
	return rc;
}

static int read_all(struct gh *h, const char *state, struct cJSON *ret, struct err *e)
{
	struct cJSON *found CLEANUP(json_freep) = NULL;
	char *query CLEANUP(freep) =
		mem_printf("/issues?state=%s&per_page=100&sort=created&direction=asc", state);
	char *path CLEANUP(freep) = gh_path(h, query);
	int rc = github_list(h->api, path, NULL, &found, e);

	if (rc == 0)
		add_all(found, ret);
	return rc;
}

static int load(struct look *l, const char *epic, struct cJSON **ret_epic, struct err *e)
{
	struct cJSON *issues CLEANUP(json_freep) = cJSON_CreateArray();
	const struct cJSON *j;
	int rc = epic ? gh_read(l->h, epic, l->repository, ret_epic, e) : 0;

	CHECK(issues);
	l->epic = *ret_epic;
	l->issues = issues;
	if (rc == 0)
		rc = epic ? read_children(l, epic, issues, e) : read_all(l->h, "all", issues, e);
	if (rc)
		return rc;
	cJSON_ArrayForEach(j, issues)
	{
		gh_issue(j, l->repository, epic != NULL, VEC_ADD(&l->g->issues));
	}
	return gh_edges(l, e);
}

/* The repository as it is called now, which ids are relative to; l borrows it. */
static int look_begin(struct look *l, char **ret_repository, struct err *e)
{
	int rc = gh_repository(l->h, ret_repository, NULL, e);

	if (rc)
		return rc;
	CHECK(*ret_repository);
	l->repository = *ret_repository;
	return 0;
}

int gh_load(struct tracker *t,
	    const char *epic,
	    struct issue *ret_epic,
	    struct issue_graph *ret,
	    struct err *e)
{
	struct issue_graph g = {0};
	struct cJSON *j CLEANUP(json_freep) = NULL;
	char *repository CLEANUP(freep) = NULL;
	struct look l = {.h = gh_of(t), .g = &g};
	int rc = look_begin(&l, &repository, e);

	if (rc == 0)
		rc = load(&l, epic, &j, e);
	if (rc || !ret) {
		issue_graph_done(&g);
	} else {
		*ret = g;
	}
	if (rc == 0 && ret_epic && j)
		gh_issue(j, repository, false, ret_epic);
	else if (rc == 0 && ret_epic)
		*ret_epic = (struct issue){0};
	return rc;
}

/* "2026-11-28T12:00:00Z, name:\ntext", oldest first; a marker of ours is not for an agent. */
static int read_comments(struct gh *h, struct issue *i, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct cJSON *list CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) = gh_issue_path(h, i->id, "/comments?per_page=100");
	const struct cJSON *j;
	int rc = github_list(h->api, path, NULL, &list, e);

	if (rc)
		return rc;
	cJSON_ArrayForEach(j, list)
	{
		struct str text = str_trim(str_of(json_text(j, "body")));
		const char *marker =
			str_ends(text, "-->") ? memmem(text.p, text.n, "\n<!-- ", 6) : NULL;
		char *clean CLEANUP(freep) = NULL;

		if (marker)
			text = str_trim((struct str){text.p, (size_t)(marker - text.p)});
		clean = text_clean(text);
		buf_printf(&b, "%s%s, %s:\n%s", b.n ? "\n\n" : "", json_text(j, "created_at"),
			   json_text(json_at(j, "user"), "login"), clean);
	}
	free(i->comments);
	i->comments = mem_strdup(buf_cstr(&b));
	return 0;
}

int gh_get(struct tracker *t,
	   const char *id,
	   struct issue *ret,
	   struct issue_graph *ret_edges,
	   struct err *e)
{
	struct issue_graph g = {0};
	struct issue i = {0};
	struct cJSON *j CLEANUP(json_freep) = NULL;
	char *repository CLEANUP(freep) = NULL;
	struct look l = {.h = gh_of(t), .g = &g};
	int rc = look_begin(&l, &repository, e);

	if (rc == 0)
		rc = gh_read(l.h, id, repository, &j, e);
	if (rc)
		return rc;
	gh_issue(j, repository, false, &i);
	if (json_int(j, "comments"))
		rc = read_comments(l.h, &i, e);
	if (rc == 0 && i.open) {
		free(TAKE(i.claimed_by));
		rc = gh_claimed_by(l.h, id, &i.claimed_by, e);
	}
	if (rc == 0 && ret_edges)
		rc = gh_edges_of(&l, j, "blocked_by", e);
	if (rc == 0 && ret_edges)
		rc = gh_edges_of(&l, j, "blocking", e);
	if (rc) {
		issue_done(&i);
		issue_graph_done(&g);
		return rc;
	}
	*ret = i;
	if (ret_edges)
		*ret_edges = g;
	return 0;
}

int gh_epics(struct tracker *t, struct issue_graph *ret, struct err *e)
{
	struct gh *h = gh_of(t);
	struct cJSON *issues CLEANUP(json_freep) = cJSON_CreateArray();
	char *repository CLEANUP(freep) = NULL;
	struct issue_graph g = {0};
	const struct cJSON *j;
	int rc = gh_repository(h, &repository, NULL, e);

	CHECK(issues);
	if (rc == 0)
		rc = read_all(h, "open", issues, e);
	if (rc)
		return rc;
	CHECK(repository);
	cJSON_ArrayForEach(j, issues)
	{
		if (json_int(json_at(j, "sub_issues_summary"), "total") > 0)
			gh_issue(j, repository, false, VEC_ADD(&g.issues));
	}
	*ret = g;
	return 0;
}
