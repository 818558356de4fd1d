#include "base/clean.h"
#include "base/utf8.h"
#include "forge/github-impl.h"
#include "wire/github_text.h"
#include "wire/http.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <strings.h>

/*
 * Opening, finding and ending pull requests. A create has no key that makes it idempotent, so that
 * each starts with a look, and each answer that may mean either is followed by one.
 */

/* Which task it is for, in a form that people do not see and a later look finds. */
#define MARK_BEGIN "<!-- ganger:task "
#define MARK_END   " -->"
#define MARK_NONE  "<!-- ganger:epic" MARK_END /* of one that is for no task */

#define TITLE_MAX 240 /* bytes, and what is put in; GitHub takes 256 characters */

static const struct forge_ops hub_ops;

struct hub *hub_of(struct forge *f)
{
	CHECK(f->ops == &hub_ops);
	return (struct hub *)f;
}

char *hub_pull_path(const struct hub *h, int64_t number, const char *more)
{
	return mem_printf("%s/pulls/%" PRId64 "%s", h->path, number, more);
}

int hub_read(struct hub *h, int64_t number, struct cJSON **ret, struct err *e)
{
	char *path CLEANUP(freep) = hub_pull_path(h, number, "");

	if (number <= 0)
		return err_set(e, ERR_NOT_FOUND, "there is no pull request %" PRId64, number);
	return github_get(h->g, path, ret, e);
}

bool hub_is_open(const struct cJSON *pull)
{
	return streq(json_text(pull, "state"), "open");
}

bool hub_is_merged(const struct cJSON *pull)
{
	return json_at(pull, "merged_at");
}

int hub_merged_sha(struct hub *h, const struct cJSON *pull, struct oid *ret, struct err *e)
{
	/* 'merge_commit_sha' goes with API version 2026-03-10; the event stays. */
	char *path CLEANUP(freep) = mem_printf("%s/issues/%" PRId64 "/events?per_page=100", h->path,
					       json_int(pull, "number"));
	struct cJSON *events CLEANUP(json_freep) = NULL;
	const struct cJSON *one;
	int rc = github_list(h->g, path, NULL, &events, e);

	*ret = (struct oid){{0}};
	if (rc)
		return rc;
	cJSON_ArrayForEach(one, events)
	{
		const char *sha = json_text(one, "commit_id");
		if (streq(json_text(one, "event"), "merged") && strlen(sha) < sizeof(ret->hex))
			(void)snprintf(ret->hex, sizeof(ret->hex), "%s", sha);
	}
	return 0;
}

void hub_wait(int n)
{
	(void)poll(NULL, 0, 100 << n);
}

/* ---- What a request looks like ---- */

static void add_text(struct cJSON *to, const char *key, const char *text)
{
	CHECK(cJSON_AddStringToObject(to, key, text));
}

/* It becomes the subject of a commit where a person merges it there. */
static char *title_of(const struct pull_spec *s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (buf_mute(&b, str_of(s->title), MUTE_ALL, TITLE_MAX))
		return buf_take(&b);
	buf_puts(&b, "…");
	return buf_take(&b);
}

/* At most GITHUB_BODY_MAX; a name of a file in it may look like a mark. */
static void add_words(struct buf *b, struct str text)
{
	char *most CLEANUP(freep) =
		mem_strndup(text.p, text.n < GITHUB_BODY_MAX ? text.n : GITHUB_BODY_MAX);
	const char *rest = most, *at;

	utf8_mend(most);
	for (; (at = strstr(rest, "<!--")); rest = at + 1)
		buf_printf(b, "%.*s<\xe2\x80\x8b", (int)(at - rest), rest);
	buf_puts(b, rest);
	if (text.n > GITHUB_BODY_MAX)
		buf_puts(b, "\n(the rest was left out)");
}

static char *body_of(const struct pull_spec *s)
{
	struct str body = str_trim(str_of(s->body));
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (body.n)
		add_words(&b, body);
	buf_puts(&b, b.n ? "\n\n" : "");
	/* What would end the comment early is no id that any tracker gives. */
	if (s->task && *s->task && !strstr(s->task, "--"))
		buf_printf(&b, MARK_BEGIN "%s" MARK_END, s->task);
	else
		buf_puts(&b, MARK_NONE);
	return buf_take(&b);
}

/* Our mark in a body; NULL: there is none. */
static const char *mark_of(const char *body)
{
	const char *at = strstr(body, MARK_BEGIN);

	return at ? at : strstr(body, MARK_NONE);
}

/* What people wrote below our mark; empty: nothing, or there is none. Borrowed. */
static const char *theirs_of(const char *body)
{
	const char *at = mark_of(body), *end = at ? strstr(at, MARK_END) : NULL;

	return end ? end + strlen(MARK_END) : "";
}

/* The task of a body; *ret_n: the body's length without it. The caller's; empty where none is. */
static char *task_of(const char *body, size_t *ret_n)
{
	const char *at = mark_of(body);
	const char *end = at ? strstr(at, MARK_END) : NULL;

	*ret_n = strlen(body);
	if (!end)
		return mem_strdup("");
	*ret_n = (size_t)(at - body);
	while (*ret_n && body[*ret_n - 1] == '\n')
		--*ret_n;
	if (!str_starts(str_of(at), MARK_BEGIN))
		return mem_strdup("");
	at += strlen(MARK_BEGIN);
	return mem_strndup(at, (size_t)(end - at));
}

/* ---- Finding ---- */

/* Is it the one that is meant? A query that GitHub does not understand matches everything. */
static bool is_of(const struct cJSON *pull, const struct pull_spec *s)
{
	const struct cJSON *head = json_at(pull, "head"), *base = json_at(pull, "base");
	const char *from = json_text(json_at(head, "repo"), "full_name");
	const char *to = json_text(json_at(base, "repo"), "full_name");

	return streq(json_text(head, "ref"), s->head) && streq(json_text(base, "ref"), s->base) &&
	       strcasecmp(from, to) == 0;
}

/* All of this head and base, and more, that are "open" or "closed"; the newest comes first. */
static int list_pulls(struct hub *h,
		      const char *state,
		      const struct pull_spec *s,
		      struct cJSON **ret,
		      struct err *e)
{
	struct buf path CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&path, "%s/pulls?state=%s&per_page=100&head=", h->path, state);
	buf_url(&path, h->owner);
	buf_putc(&path, ':');
	buf_url(&path, s->head);
	buf_puts(&path, "&base=");
	buf_url(&path, s->base);
	int rc = github_list(h->g, buf_cstr(&path), NULL, ret, e);
	return rc ? err_wrap(e, "could not look for the pull request of '%s'", s->head) : 0;
}

/* The open one; *ret NULL: there is none. */
static int find(struct hub *h, const struct pull_spec *s, struct cJSON **ret, struct err *e)
{
	struct cJSON *list CLEANUP(json_freep) = NULL;
	struct cJSON *one;
	int rc = list_pulls(h, "open", s, &list, e);

	*ret = NULL;
	if (rc)
		return rc;
	cJSON_ArrayForEach(one, list)
	{
		if (hub_is_open(one) && is_of(one, s)) {
			*ret = cJSON_DetachItemViaPointer(list, one);
			return 0;
		}
	}
	return 0;
}

/* ---- Opening ---- */

/* Was it refused for this reason? GitHub's words, in any case. */
static bool says(const struct github_answer *a, const char *words)
{
	return a->text && strcasestr(a->text, words);
}

/* It is there, or may be, and the list does not show it yet. */
static int find_again(struct hub *h, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	struct cJSON *found = NULL;

	for (int n = 0; !found && n < HUB_WAITS; n++) {
		if (n)
			hub_wait(n - 1);
		int rc = find(h, s, &found, e);
		if (rc)
			return rc;
	}
	*ret = json_int(found, "number");
	json_free(found);
	return 0;
}

/* Refused, or not known to be done: which is it? */
static int after_open(struct hub *h,
		      const struct pull_spec *s,
		      const struct github_answer *a,
		      int64_t *ret,
		      struct err *e)
{
	bool exists = a->result == GITHUB_REFUSED && says(a, "already exists");

	*ret = 0;
	if (exists || a->result == GITHUB_UNKNOWN) {
		int rc = find_again(h, s, ret, e);
		if (rc || *ret)
			return rc;
	}
	if (exists)
		return err_set(e, ERR_BUSY, "the pull request of '%s' exists, but is not listed",
			       s->head);
	if (a->status == 422 && says(a, "no commits between"))
		return 0;
	/* A branch that Git has pushed may not be known to the API for a moment. */
	bool later = a->status == 422 && (says(a, "head invalid") || says(a, "base invalid"));
	enum err_code code = later ? ERR_BUSY : a->status == 404 ? ERR_NOT_FOUND : ERR_INVALID;
	(void)github_refused(a, code, "open a pull request", e);
	if (a->status == 403 || a->status == 404)
		return err_hint(e, "the token must be allowed to write pull requests of '%s'",
				h->name);
	return e ? e->code : code;
}

/* ---- Labels: those of the issue, while it has none; what people do to them stays ---- */

static int add_labels(struct hub *h, const char *path, const struct cJSON *labels, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	struct cJSON *names = cJSON_AddArrayToObject(body, "labels");
	struct github_answer a CLEANUP(github_answer_done) = {0};
	const struct cJSON *j;

	cJSON_ArrayForEach(j, labels)
	{
		CHECK(cJSON_AddItemToArray(names, cJSON_CreateString(json_text(j, "name"))));
	}
	int rc = github_send(h->g, "POST", path, body, &a, e);
	/* Refused: it is for people's eyes, and no reason not to have the pull request. */
	return rc == 0 && a.result == GITHUB_UNKNOWN
		       ? github_refused(&a, ERR_IO, "label the pull request", e)
		       : rc;
}

static int
copy_labels(struct hub *h, const struct cJSON *pull, const struct pull_spec *s, struct err *e)
{
	struct cJSON *issue CLEANUP(json_freep) = NULL;

	if (!s->labels_of || cJSON_GetArraySize(json_at(pull, "labels")))
		return 0;
	char *from CLEANUP(freep) = mem_printf("%s/issues/%s", h->path, s->labels_of);
	char *to CLEANUP(freep) =
		mem_printf("%s/issues/%" PRId64 "/labels", h->path, json_int(pull, "number"));
	int rc = github_get(h->g, from, &issue, e);
	if (rc == ERR_NOT_FOUND)
		return 0;
	const struct cJSON *labels = json_at(issue, "labels");
	return rc || !cJSON_GetArraySize(labels) ? rc : add_labels(h, to, labels, e);
}

static int open_new(struct hub *h, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	struct github_answer a CLEANUP(github_answer_done) = {0};
	char *path CLEANUP(freep) = mem_printf("%s/pulls", h->path);
	char *text CLEANUP(freep) = body_of(s), *title CLEANUP(freep) = title_of(s);

	add_text(body, "title", title);
	add_text(body, "head", s->head);
	add_text(body, "base", s->base);
	add_text(body, "body", text);
	if (h->draft)
		CHECK(cJSON_AddTrueToObject(body, "draft"));
	int rc = github_send(h->g, "POST", path, body, &a, e);
	if (rc)
		return err_wrap(e, "could not open a pull request");
	if (a.result != GITHUB_DONE)
		return after_open(h, s, &a, ret, e);
	*ret = json_int(a.json, "number");
	return copy_labels(h, a.json, s, e);
}

static int
bring_up(struct hub *h, const struct cJSON *pull, const struct pull_spec *s, struct err *e)
{
	const char *old = json_text(pull, "body"), *theirs = theirs_of(old);
	char *ours CLEANUP(freep) = body_of(s), *title CLEANUP(freep) = title_of(s);
	bool fits = strlen(ours) + strlen(theirs) <= GITHUB_BODY_MAX;
	char *text CLEANUP(freep) = fits ? mem_printf("%s%s", ours, theirs) : mem_strdup(old);
	struct github_answer a CLEANUP(github_answer_done) = {0};
	char *path CLEANUP(freep) = hub_pull_path(h, json_int(pull, "number"), "");

	if (streq(json_text(pull, "title"), title) && streq(old, text))
		return 0;
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	add_text(body, "title", title);
	add_text(body, "body", text);
	int rc = github_send(h->g, "PATCH", path, body, &a, e);
	if (rc == 0 && a.result != GITHUB_DONE)
		return github_refused(&a, ERR_INVALID, "change the pull request", e);
	return rc;
}

static int hub_ensure(struct forge *f, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	struct hub *h = hub_of(f);
	struct cJSON *found CLEANUP(json_freep) = NULL;

	if (!s->head || !*s->head || !s->base || !*s->base || !s->title || !*s->title)
		return err_set(e, ERR_INVALID, "a pull request needs a head, a base and a title");
	int rc = find(h, s, &found, e);
	if (rc)
		return rc;
	if (!found)
		return open_new(h, s, ret, e);
	rc = bring_up(h, found, s, e);
	if (rc == 0)
		rc = copy_labels(h, found, s, e);
	if (rc == 0)
		*ret = json_int(found, "number");
	return rc;
}

/* ---- Ending ---- */

static int close_unmerged(struct hub *h, int64_t number, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	struct cJSON *now CLEANUP(json_freep) = NULL;
	struct github_answer a CLEANUP(github_answer_done) = {0};
	char *path CLEANUP(freep) = hub_pull_path(h, number, "");

	add_text(body, "state", "closed");
	int rc = github_send(h->g, "PATCH", path, body, &a, e);
	if (rc || a.result == GITHUB_DONE)
		return rc;
	if (a.result == GITHUB_UNKNOWN && hub_read(h, number, &now, NULL) == 0 && !hub_is_open(now))
		return 0;
	return github_refused(&a, ERR_INVALID, "close the pull request", e);
}

/* After a push GitHub finds out by itself which pull requests it merged, in its own time. */
static int wait_merged(struct hub *h, int64_t number, struct cJSON **pull, struct err *e)
{
	for (int n = 0; hub_is_open(*pull) && n < HUB_WAITS_PUSH; n++) {
		hub_wait(n);
		json_free(TAKE(*pull));
		int rc = hub_read(h, number, pull, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int hub_finish(struct forge *f, int64_t number, const char *merged_sha, struct err *e)
{
	struct hub *h = hub_of(f);
	struct cJSON *pull CLEANUP(json_freep) = NULL;
	int rc = hub_read(h, number, &pull, e);

	if (rc == 0 && merged_sha && !h->rewrites)
		rc = wait_merged(h, number, &pull, e);
	if (rc)
		return rc;
	if (hub_is_merged(pull) && !merged_sha)
		return err_set(e, ERR_CONFLICT, "pull request %" PRId64 " is merged already",
			       number);
	return hub_is_open(pull) ? close_unmerged(h, number, e) : 0;
}

static int hub_get(struct forge *f, int64_t number, struct pull *ret, struct err *e)
{
	struct hub *h = hub_of(f);
	struct cJSON *pull CLEANUP(json_freep) = NULL;
	struct oid merged = {{0}};
	size_t n;
	int rc = hub_read(h, number, &pull, e);

	if (rc == 0 && hub_is_merged(pull))
		rc = hub_merged_sha(h, pull, &merged, e);
	if (rc)
		return rc;
	const struct cJSON *head = json_at(pull, "head");
	*ret = (struct pull){
		.number = number,
		.head = mem_strdup(json_text(head, "ref")),
		.base = mem_strdup(json_text(json_at(pull, "base"), "ref")),
		.head_sha = mem_strdup(json_text(head, "sha")),
		.title = mem_strdup(json_text(pull, "title")),
		.task = task_of(json_text(pull, "body"), &n),
		.merged_sha = mem_strdup(merged.hex),
		.state = hub_is_merged(pull) ? PULL_MERGED
			 : hub_is_open(pull) ? PULL_OPEN
					     : PULL_CLOSED,
	};
	ret->body = mem_strndup(json_text(pull, "body"), n);
	return 0;
}

static int hub_merged_as(struct forge *f, const struct pull_spec *s, struct oid *ret, struct err *e)
{
	struct hub *h = hub_of(f);
	struct cJSON *list CLEANUP(json_freep) = NULL;
	const struct cJSON *one;
	int rc = list_pulls(h, "closed", s, &list, e);

	*ret = (struct oid){{0}};
	if (rc)
		return rc;
	cJSON_ArrayForEach(one, list)
	{
		if (is_of(one, s) && hub_is_merged(one) &&
		    streq(json_text(json_at(one, "head"), "sha"), s->head_sha))
			return hub_merged_sha(h, one, ret, e);
	}
	return 0;
}

static void hub_hurry(struct forge *f, int64_t each_ms)
{
	github_hurry(hub_of(f)->g, each_ms);
}

static void hub_free(struct forge *f)
{
	if (!f)
		return;
	struct hub *h = hub_of(f);
	github_close(h->g);
	free(h->name);
	free(h->owner);
	free(h->path);
	free(h->refused.state);
	free(h->refused.why);
	free(h);
}

static const struct forge_ops hub_ops = {
	.name = "github",
	.ensure = hub_ensure,
	.finish = hub_finish,
	.merge = hub_merge,
	.asks = hub_asks,
	.waits = hub_waits,
	.methods = hub_methods,
	.merged_as = hub_merged_as,
	.get = hub_get,
	.hurry = hub_hurry,
	.free = hub_free,
};

int forge_github_new(const struct forge_github_options *o, struct forge **ret, struct err *e)
{
	const char *name = o->client->repository;
	const char *slash = name ? strchr(name, '/') : NULL;
	struct buf path CLEANUP(buf_done) = BUF_INIT;
	struct github *g;

	if (!slash || slash == name || !slash[1] || strchr(slash + 1, '/')) {
		(void)err_set(e, ERR_INVALID, "could not find out the repository on GitHub");
		return err_hint(e, "set github.repository to owner/name");
	}
	int rc = github_open(o->client, &g, e);
	if (rc)
		return rc;
	struct hub *h = mem_alloc(sizeof(*h));
	h->forge.ops = &hub_ops;
	h->g = g;
	h->name = mem_strdup(name);
	h->owner = mem_strndup(name, (size_t)(slash - name));
	h->draft = o->draft;
	h->rewrites = o->rewrites;
	buf_puts(&path, "/repos/");
	buf_url(&path, h->owner);
	buf_putc(&path, '/');
	buf_url(&path, slash + 1);
	h->path = buf_take(&path);
	*ret = &h->forge;
	return 0;
}
