#include "base/clean.h"
#include "base/file.h"
#include "tracker/github-impl.h"
#include "tracker/text.h"
#include "wire/github_text.h"
#include "wire/http.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

/* The one comment of ours, where each has only one. */
#define STATUS_MARKER "ganger:status"

static const struct tracker_ops gh_ops;

struct gh *gh_of(struct tracker *t)
{
	CHECK(t->ops == &gh_ops);
	return (struct gh *)t;
}

/* An issue by its id, as GitHub has it. */
static int look_up(struct gh *h, const char *id, struct cJSON **ret, struct err *e)
{
	char *repository CLEANUP(freep) = NULL;
	int rc = gh_repository(h, &repository, NULL, e);

	return rc ? rc : gh_read(h, id, repository, ret, e);
}

/* As a name in a parent or a dependency: one that is not there is the caller's mistake. */
static int look_up_named(struct gh *h, const char *id, struct cJSON **ret, struct err *e)
{
	int rc = look_up(h, id, ret, e);

	return rc == ERR_NOT_FOUND ? err_set(e, ERR_INVALID, "there is no issue '%s'", id) : rc;
}

/*
 * A write that can be given again: DONE, or what it was to do is done already. what: for messages.
 */
static int send(struct gh *h,
		const char *method,
		const char *path,
		const struct cJSON *body,
		const char *what,
		struct cJSON **ret,
		struct err *e)
{
	struct github_answer a CLEANUP(github_answer_done) = {0};
	int rc = github_send(h->api, method, path, body, &a, e);

	if (rc)
		return rc;
	if (a.result != GITHUB_DONE)
		return github_refused(
			&a, a.status == 404 || a.status == 410 ? ERR_NOT_FOUND : ERR_INVALID, what,
			e);
	if (ret)
		*ret = TAKE(a.json);
	return 0;
}

/* Who we are there, once; "" where GitHub does not say, as to an App. Borrowed from h. */
static int our_login(struct gh *h, const char **ret, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = NULL;
	struct err why = ERR_INIT;
	int rc = 0;

	CHECK(pthread_mutex_lock(&h->mutex) == 0);
	if (!h->login)
		rc = github_get(h->api, "/user", &j, &why);
	if (rc == ERR_INVALID || rc == ERR_NOT_FOUND)
		rc = 0;
	if (!h->login && rc == 0)
		h->login = mem_strdup(json_text(j, "login"));
	*ret = h->login;
	CHECK(pthread_mutex_unlock(&h->mutex) == 0);
	if (rc && e)
		*e = why;
	return rc;
}

/* The comment of ours with this marker, which people may have copied; NULL: there is none. Borrowed from list. */
static int marked(struct gh *h,
		  const struct cJSON *list,
		  const char *marker,
		  const struct cJSON **ret,
		  struct err *e)
{
	const struct cJSON *j;

	*ret = NULL;
	cJSON_ArrayForEach(j, list)
	{
		const char *login = NULL;

		if (!github_has_marker(str_of(json_text(j, "body")), marker))
			continue;
		int rc = our_login(h, &login, e);
		if (rc)
			return rc;
		if (*login && strcasecmp(login, json_text(json_at(j, "user"), "login")) != 0)
			continue;
		*ret = j;
		return 0;
	}
	return 0;
}

static int find_marked(struct gh *h,
		       const char *id,
		       const char *marker,
		       struct cJSON **ret_list,
		       const struct cJSON **ret,
		       struct err *e)
{
	char *path CLEANUP(freep) = gh_issue_path(h, id, "/comments?per_page=100");
	int rc = github_list(h->api, path, NULL, ret_list, e);

	return rc ? rc : marked(h, *ret_list, marker, ret, e);
}

/* An answer that did not come: the next try searches before it posts, so none is there twice. */
static int post(struct gh *h, const char *id, const char *body, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = cJSON_CreateObject();
	char *path CLEANUP(freep) = gh_issue_path(h, id, "/comments");

	CHECK(cJSON_AddStringToObject(j, "body", body));
	return send(h, "POST", path, j, "comment on it", NULL, e);
}

static int replace(struct gh *h, const struct cJSON *old, const char *body, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = cJSON_CreateObject();
	char *rest CLEANUP(freep) = mem_printf("/issues/comments/%" PRId64, json_int(old, "id"));
	char *path CLEANUP(freep) = gh_path(h, rest);

	if (streq(json_text(old, "body"), body))
		return 0;
	CHECK(cJSON_AddStringToObject(j, "body", body));
	return send(h, "PATCH", path, j, "change a comment on it", NULL, e);
}

static int
put_comment(struct gh *h, const char *id, const char *marker, const char *text, struct err *e)
{
	struct cJSON *list CLEANUP(json_freep) = NULL;
	const struct cJSON *old = NULL;
	struct buf body CLEANUP(buf_done) = BUF_INIT;
	int rc = marker ? find_marked(h, id, marker, &list, &old, e) : 0;

	buf_github_copied(&body, str_of(text));
	if (marker)
		buf_github_marker(&body, marker);
	if (rc == 0)
		rc = old ? replace(h, old, buf_cstr(&body), e) : post(h, id, buf_cstr(&body), e);
	return rc && rc != ERR_BUSY ? err_wrap(e, "issue '%s'", id) : rc;
}

/* Which comment this is to be, by github.comments; NULL: none. What a person says is always said. */
static const char *marker_of(const struct gh *h, const char *marker)
{
	bool ours = str_starts(str_of(marker), "ganger:");

	if (!ours || (h->comments == COMMENTS_FAILURES && streq(marker, "ganger:outcome")))
		return marker;
	return h->comments == COMMENTS_ONE ? STATUS_MARKER : NULL;
}

static int
comment(struct tracker *t, const char *id, const char *marker, const char *text, struct err *e)
{
	struct gh *h = gh_of(t);
	struct cJSON *j CLEANUP(json_freep) = NULL;
	const char *as = marker ? marker_of(h, marker) : NULL;
	int rc;

	if (marker && !as)
		return 0;
	rc = look_up(h, id, &j, e);
	return rc ? rc : put_comment(h, id, as, text, e);
}

static int set_closed(struct gh *h, const char *id, const char *reason, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	struct github_answer a CLEANUP(github_answer_done) = {0};
	struct cJSON *now CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) = gh_issue_path(h, id, "");
	char *what CLEANUP(freep) = mem_printf("close issue '%s'", id);

	CHECK(cJSON_AddStringToObject(body, "state", "closed"));
	CHECK(cJSON_AddStringToObject(body, "state_reason", reason));
	int rc = github_send(h->api, "PATCH", path, body, &a, e);
	if (rc || a.result == GITHUB_DONE)
		return rc;
	if (a.result == GITHUB_REFUSED)
		return github_refused(&a, ERR_CONFLICT, what, e);
	rc = look_up(h, id, &now, e);
	if (rc || streq(json_text(now, "state"), "closed"))
		return rc;
	return github_refused(&a, ERR_CONFLICT, what, e);
}

static int
close_issue(struct tracker *t, const char *id, const char *reason, const char *text, struct err *e)
{
	struct gh *h = gh_of(t);
	struct cJSON *j CLEANUP(json_freep) = NULL;
	const char *marker = marker_of(h, "ganger:closed");
	int rc = look_up(h, id, &j, e);

	if (rc || streq(json_text(j, "state"), "closed"))
		return rc;
	if (text && *text && marker) {
		rc = put_comment(h, id, marker, text, e);
		if (rc == ERR_INVALID) /* it is locked, say: to be closed is what counts */
			rc = 0;
	}
	return rc ? rc : set_closed(h, id, reason ? reason : "completed", e);
}

static int check_title(const char *title, struct err *e)
{
	char *line CLEANUP(freep) = text_line(str_of(title));

	return *line ? 0 : err_set(e, ERR_INVALID, "a title cannot be empty");
}

static int check_priority(int priority, struct err *e)
{
	if (priority != -1 && priority != 2)
		return err_set(e, ERR_INVALID, "issues on GitHub have no priority");
	return 0;
}

static void put_line(struct cJSON *j, const char *key, const char *text)
{
	char *line CLEANUP(freep) = text_line(str_of(text));

	CHECK(cJSON_AddStringToObject(j, key, line));
}

static void put_text(struct cJSON *j, const char *key, const char *text)
{
	char *clean CLEANUP(freep) = text_clean(str_of(text));

	CHECK(cJSON_AddStringToObject(j, key, clean));
}

static void put_labels(struct cJSON *j, const char *labels)
{
	char *lines CLEANUP(freep) = text_labels(str_of(labels));
	struct str rest = str_of(lines), one;
	struct cJSON *list = cJSON_AddArrayToObject(j, "labels");

	while (str_next(&rest, '\n', &one)) {
		char *label CLEANUP(freep) = mem_strndup(one.p, one.n);

		if (*label)
			CHECK(cJSON_AddItemToArray(list, cJSON_CreateString(label)));
	}
}

/* Relations go by an issue's database id, which is not its number. */
static int relate(struct gh *h,
		  const char *id,
		  const char *relation,
		  const char *key,
		  const struct cJSON *other,
		  struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	char *path CLEANUP(freep) = gh_issue_path(h, id, relation);

	CHECK(cJSON_AddNumberToObject(body, key, (double)json_int(other, "id")));
	return send(h, "POST", path, body, "relate it to another issue", NULL, e);
}

static int add_relations(struct gh *h,
			 const char *id,
			 const struct cJSON *made,
			 const struct cJSON *parent,
			 const struct cJSON *after,
			 struct err *e)
{
	char *of CLEANUP(freep) = mem_printf("%" PRId64, json_int(parent, "number"));
	const struct cJSON *j;
	int rc = parent ? relate(h, of, "/sub_issues", "sub_issue_id", made, e) : 0;

	cJSON_ArrayForEach(j, after)
	{
		if (rc == 0)
			rc = relate(h, id, "/dependencies/blocked_by", "issue_id", j, e);
	}
	return rc ? err_wrap(e, "issue '%s' was made, but not all of it", id) : 0;
}

static int look_up_all(struct gh *h, const char *const *ids, struct cJSON *list, struct err *e)
{
	for (size_t i = 0; ids && ids[i]; i++) {
		struct cJSON *j = NULL;
		int rc = look_up_named(h, ids[i], &j, e);

		if (rc)
			return rc;
		CHECK(cJSON_AddItemToArray(list, j));
	}
	return 0;
}

static int check_new(const struct issue_new *n, struct err *e)
{
	int rc = check_title(n->title, e);

	if (rc == 0)
		rc = check_priority(n->priority, e);
	if (rc == 0 && n->id)
		rc = err_set(e, ERR_INVALID, "GitHub numbers its issues itself: not '%s'", n->id);
	return rc;
}

static int add(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e)
{
	struct gh *h = gh_of(t);
	struct cJSON *parent CLEANUP(json_freep) = NULL, *made CLEANUP(json_freep) = NULL;
	struct cJSON *after CLEANUP(json_freep) = cJSON_CreateArray();
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	char *path CLEANUP(freep) = gh_path(h, "/issues");
	int rc = check_new(n, e);

	if (rc == 0 && n->parent)
		rc = look_up_named(h, n->parent, &parent, e);
	if (rc == 0)
		rc = look_up_all(h, n->after, after, e);
	if (rc)
		return rc;
	put_line(body, "title", n->title);
	if (n->body && *n->body)
		put_text(body, "body", n->body);
	if (n->labels && *n->labels)
		put_labels(body, n->labels);
	rc = send(h, "POST", path, body, "make an issue", &made, e);
	if (rc == ERR_IO)
		(void)err_hint(e, "look at the repository: it may have been made");
	if (rc)
		return rc;
	char *id CLEANUP(freep) = mem_printf("%" PRId64, json_int(made, "number"));
	rc = add_relations(h, id, made, parent, after, e);
	if (rc == 0 && ret_id)
		*ret_id = TAKE(id);
	return rc;
}

static int edit_fields(struct gh *h, const char *id, const struct issue_change *c, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	char *path CLEANUP(freep) = gh_issue_path(h, id, "");

	if (c->title)
		put_line(body, "title", c->title);
	if (c->body)
		put_text(body, "body", c->body);
	if (c->labels)
		put_labels(body, c->labels);
	if (c->status)
		CHECK(cJSON_AddStringToObject(body, "state", c->status));
	if (!body->child)
		return 0;
	return send(h, "PATCH", path, body, "change it", NULL, e);
}

static const struct cJSON *with_id(const struct cJSON *list, int64_t id)
{
	const struct cJSON *j;

	cJSON_ArrayForEach(j, list)
	{
		if (json_int(j, "id") == id)
			return j;
	}
	return NULL;
}

/* What is new first: where that is refused, the old ones still hold. */
static int edit_after(struct gh *h,
		      const char *id,
		      const struct cJSON *want,
		      const struct cJSON *have,
		      struct err *e)
{
	const struct cJSON *j;
	int rc = 0;

	cJSON_ArrayForEach(j, want)
	{
		if (rc == 0 && !with_id(have, json_int(j, "id")))
			rc = relate(h, id, "/dependencies/blocked_by", "issue_id", j, e);
	}
	cJSON_ArrayForEach(j, have)
	{
		if (rc || with_id(want, json_int(j, "id")))
			continue;
		char *rest CLEANUP(freep) =
			mem_printf("/dependencies/blocked_by/%" PRId64, json_int(j, "id"));
		char *path CLEANUP(freep) = gh_issue_path(h, id, rest);
		rc = send(h, "DELETE", path, NULL, "take a dependency out", NULL, e);
	}
	return rc;
}

static int set_after(struct gh *h, const char *id, const char *const *after, struct err *e)
{
	struct cJSON *want CLEANUP(json_freep) = cJSON_CreateArray();
	struct cJSON *have CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) = gh_issue_path(h, id, "/dependencies/blocked_by?per_page=100");
	int rc = 0;

	for (size_t i = 0; rc == 0 && after[i]; i++) {
		if (streq(after[i], id))
			rc = err_set(e, ERR_INVALID, "'%s' cannot depend on itself", id);
	}
	if (rc == 0)
		rc = look_up_all(h, after, want, e);
	if (rc == 0)
		rc = github_list(h->api, path, NULL, &have, e);
	return rc ? rc : edit_after(h, id, want, have, e);
}

static int edit(struct tracker *t, const char *id, const struct issue_change *c, struct err *e)
{
	struct gh *h = gh_of(t);
	struct cJSON *j CLEANUP(json_freep) = NULL;
	int rc = c->title ? check_title(c->title, e) : 0;

	if (rc == 0)
		rc = look_up(h, id, &j, e);
	if (rc == 0)
		rc = check_priority(c->priority, e);
	if (rc == 0 && c->status && !streq(c->status, "open") && !streq(c->status, "closed"))
		rc = err_set(e, ERR_INVALID, "an issue on GitHub is open or closed, not '%s'",
			     c->status);
	if (rc == 0)
		rc = edit_fields(h, id, c, e);
	if (rc == 0 && c->after)
		rc = set_after(h, id, c->after, e);
	return rc;
}

static void hurry(struct tracker *t, int64_t each_ms)
{
	github_hurry(gh_of(t)->api, each_ms);
}

static void free_tracker(struct tracker *t)
{
	if (!t)
		return;
	struct gh *h = gh_of(t);
	CHECK(pthread_mutex_destroy(&h->mutex) == 0);
	github_close(h->api);
	free(h->repository);
	free(h->host);
	free(h->label);
	free(h->run_id);
	free(h->claim_who);
	free(h->claim_sha);
	free(h->login);
	free(h);
}

static const struct tracker_ops gh_ops = {
	.name = "github",
	.polled = true,
	.load = gh_load,
	.claim = gh_claim,
	.release = gh_release,
	.close = close_issue,
	.comment = comment,
	.add = add,
	.edit = edit,
	.get = gh_get,
	.epics = gh_epics,
	.hurry = hurry,
	.free = free_tracker,
};

/* An id that stays with this clone's state, so that our claims are ours after a crash as well. */
static int run_id(const char *state_dir, char **ret, struct err *e)
{
	char *path CLEANUP(freep) = path_join(state_dir, "github-claims");
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	unsigned char bytes[16];
	int rc = file_read(path, 4096, &text, e);

	if (rc == ERR_NOT_FOUND) {
		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			return err_sys(e, "could not make an id for claims");
		for (size_t i = 0; i < sizeof(bytes); i++)
			buf_printf(&text, "%02x", bytes[i]);
		rc = file_write(path, buf_str(&text), true, e);
	}
	if (rc)
		return rc;
	struct str id = str_trim(buf_str(&text));
	*ret = mem_strndup(id.p, id.n);
	return 0;
}

static enum github_comments comments_of(const char *word)
{
	if (streq(word, "one"))
		return COMMENTS_ONE;
	return streq(word, "none") ? COMMENTS_NONE : COMMENTS_FAILURES;
}

static int check_repository(const char *repository, struct err *e)
{
	const char *slash = repository ? strchr(repository, '/') : NULL;

	if (slash && slash != repository && slash[1] && !strpbrk(repository, "?#% \t\r\n") &&
	    !strchr(slash + 1, '/'))
		return 0;
	(void)err_set(e, ERR_INVALID, "it is not known which repository on GitHub is meant");
	return err_hint(e, "set github.repository: owner/name");
}

int tracker_github_new(const struct github_tracker_spec *spec, struct tracker **ret, struct err *e)
{
	struct gh *h = mem_alloc(sizeof(*h));
	const char *url = spec->api->url && *spec->api->url ? spec->api->url : GITHUB_URL;
	int rc = http_origin(url, NULL, &h->host, e);

	h->tracker.ops = &gh_ops;
	CHECK(pthread_mutex_init(&h->mutex, NULL) == 0);
	h->repository = mem_strdup(spec->repository);
	h->label = spec->label && *spec->label ? mem_strdup(spec->label) : NULL;
	h->comments = comments_of(spec->comments);
	if (streq(h->host, "api.github.com")) {
		free(h->host);
		h->host = mem_strdup("github.com");
	}
	if (rc == 0)
		rc = check_repository(spec->repository, e);
	if (rc == 0)
		rc = run_id(spec->state_dir, &h->run_id, e);
	if (rc == 0)
		rc = github_open(spec->api, &h->api, e);
	if (rc) {
		free_tracker(&h->tracker);
		return rc;
	}
	*ret = &h->tracker;
	return 0;
}
