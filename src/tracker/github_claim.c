#include "base/check.h"
#include "base/clean.h"
#include "tracker/github-impl.h"
#include "wire/github_text.h"
#include "wire/http.h"

#include <cjson/cJSON.h>
#include <string.h>

static void lock(struct gh *h)
{
	CHECK(pthread_mutex_lock(&h->mutex) == 0);
}

static void unlock(struct gh *h)
{
	CHECK(pthread_mutex_unlock(&h->mutex) == 0);
}

/* "ganger/claim/<epic>/<task>": a ref without "refs/". The caller's. */
static char *ref_of(const struct issue_claim *c)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_puts(&b, "ganger/claim/");
	buf_name(&b, c->epic);
	buf_putc(&b, '/');
	buf_name(&b, c->id);
	return buf_take(&b);
}

/* "/repos/o/r/git/<what>/<ref>", its slashes escaped. */
static char *ref_path(const struct gh *h, const char *what, const char *ref)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b, "/git/%s/", what);
	buf_url(&b, ref);
	return gh_path(h, buf_cstr(&b));
}

static int read_ref(struct gh *h, const char *ref, char **ret_sha, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) = ref_path(h, "ref", ref);
	int rc = github_get(h->api, path, &j, e);

	if (rc == 0)
		*ret_sha = mem_strdup(json_text(json_at(j, "object"), "sha"));
	return rc;
}

static int read_commit(struct gh *h, const char *sha, struct cJSON **ret, struct err *e)
{
	char *rest CLEANUP(freep) = mem_printf("/git/commits/%s", sha);
	char *path CLEANUP(freep) = gh_path(h, rest);

	return github_get(h->api, path, ret, e);
}

/* What a claim's message has after "run: " or "who: ". */
static struct str field(const char *message, const char *name)
{
	struct str rest = str_of(message), line;

	while (str_next(&rest, '\n', &line)) {
		if (str_starts(line, name))
			return str_trim((struct str){line.p + strlen(name), line.n - strlen(name)});
	}
	return STR("");
}

static bool is_ours(const struct gh *h, const char *message, const char *who)
{
	return str_eq(field(message, "run: "), str_of(h->run_id)) &&
	       str_eq(field(message, "who: "), str_of(who));
}

/* Whose it is, "" where nobody's; the caller's. ours may be NULL. */
static int read_claim(
	struct gh *h, const char *ref, const char *who, char **ret_who, bool *ours, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = NULL;
	char *sha CLEANUP(freep) = NULL;
	int rc = read_ref(h, ref, &sha, e);

	*ours = false;
	if (rc == ERR_NOT_FOUND) {
		*ret_who = mem_strdup("");
		return 0;
	}
	if (rc == 0)
		rc = read_commit(h, sha, &j, e);
	if (rc)
		return err_wrap(e, "the claim '%s' could not be read", ref);
	const char *message = json_text(j, "message");
	struct str name = field(message, "who: ");
	*ours = is_ours(h, message, who);
	bool here = str_eq(field(message, "run: "), str_of(h->run_id));
	*ret_who = mem_printf("%.*s%s", name.n ? (int)name.n : 8, name.n ? name.p : "somebody",
			      here ? "" : ", elsewhere");
	return 0;
}

/* Some tree of the repository: a claim's commit is about none. */
static int some_tree(struct gh *h, char **ret, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = NULL;
	char *name CLEANUP(freep) = NULL, *branch CLEANUP(freep) = NULL, *sha CLEANUP(freep) = NULL;
	int rc = gh_repository(h, &name, &branch, e);
	char *ref CLEANUP(freep) = mem_printf("heads/%s", branch ? branch : "");

	if (rc == 0)
		rc = read_ref(h, ref, &sha, e);
	if (rc == 0)
		rc = read_commit(h, sha, &j, e);
	if (rc)
		return rc;
	*ret = mem_strdup(json_text(json_at(j, "tree"), "sha"));
	return 0;
}

static int make_commit(struct gh *h, const char *who, char **ret_sha, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	struct github_answer a CLEANUP(github_answer_done) = {0};
	char *path CLEANUP(freep) = gh_path(h, "/git/commits");
	char *text CLEANUP(freep) =
		mem_printf("ganger: a claim\n\nrun: %s\nwho: %s\n", h->run_id, who);
	char *tree CLEANUP(freep) = NULL;
	int rc = some_tree(h, &tree, e);

	if (rc)
		return rc;
	CHECK(cJSON_AddStringToObject(body, "message", text));
	CHECK(cJSON_AddStringToObject(body, "tree", tree));
	CHECK(cJSON_AddArrayToObject(body, "parents"));
	rc = github_send(h->api, "POST", path, body, &a, e);
	if (rc)
		return rc;
	if (a.result != GITHUB_DONE) /* one that is there and not referred to does no harm */
		return github_refused(&a, ERR_INVALID, "make a commit for claims", e);
	*ret_sha = mem_strdup(json_text(a.json, "sha"));
	return 0;
}

/* The commit of our claims, made once; the caller's. */
static int claim_commit(struct gh *h, const char *who, char **ret_sha, struct err *e)
{
	int rc = 0;

	lock(h);
	if (!streq(h->claim_who, who)) {
		char *sha = NULL;

		rc = make_commit(h, who, &sha, e);
		if (rc == 0) {
			free(h->claim_who);
			free(h->claim_sha);
			h->claim_who = mem_strdup(who);
			h->claim_sha = sha;
		}
	}
	if (rc == 0)
		*ret_sha = mem_strdup(h->claim_sha);
	unlock(h);
	return rc;
}

/* One whose machine is gone is there until somebody takes it away. */
static int said_claimed(const char *id, const char *who, const char *ref, struct err *e)
{
	return err_set(e, ERR_CONFLICT,
		       "issue '%s' is claimed by '%s'; who takes refs/%s away there ends that", id,
		       who, ref);
}

/* It was there before, or it is not known whether it was made: what is there now decides. */
static int settle(struct gh *h,
		  const char *ref,
		  const struct issue_claim *c,
		  const struct github_answer *a,
		  struct err *e)
{
	char *who CLEANUP(freep) = NULL;
	bool ours;
	int rc = read_claim(h, ref, c->who, &who, &ours, e);

	if (rc || ours)
		return rc;
	CHECK(who);
	if (*who)
		return said_claimed(c->id, who, ref, e);
	return github_refused(a, ERR_INVALID, "claim it", e);
}

static int create_ref(struct gh *h, const char *ref, const struct issue_claim *c, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	struct github_answer a CLEANUP(github_answer_done) = {0};
	char *path CLEANUP(freep) = gh_path(h, "/git/refs");
	char *full CLEANUP(freep) = mem_printf("refs/%s", ref);
	char *sha CLEANUP(freep) = NULL;
	int rc = claim_commit(h, c->who, &sha, e);

	if (rc)
		return rc;
	CHECK(cJSON_AddStringToObject(body, "ref", full));
	CHECK(cJSON_AddStringToObject(body, "sha", sha));
	rc = github_send(h->api, "POST", path, body, &a, e);
	if (rc || a.result == GITHUB_DONE)
		return rc;
	return settle(h, ref, c, &a, e);
}

static int delete_ref(struct gh *h, const char *ref, struct err *e)
{
	struct github_answer a CLEANUP(github_answer_done) = {0};
	char *path CLEANUP(freep) = ref_path(h, "refs", ref), *sha CLEANUP(freep) = NULL;
	int rc = github_send(h->api, "DELETE", path, NULL, &a, e);

	if (rc || a.result == GITHUB_DONE)
		return rc;
	rc = read_ref(h, ref, &sha, e);
	if (rc == ERR_NOT_FOUND)
		return 0;
	return rc ? rc : github_refused(&a, ERR_INVALID, "end a claim", e);
}

/* ---- One issue, several epics: a list that names it, a dispatch ---- */

/* A claim of the issue but for this one, whatever its epic; *ret_ref NULL: there is none. */
static int find_claim(struct gh *h, const char *id, const char *but, char **ret_ref, struct err *e)
{
	struct cJSON *list CLEANUP(json_freep) = NULL;
	struct buf end CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = ref_path(h, "matching-refs", "ganger/claim");
	const struct cJSON *j;
	int rc = github_list(h->api, path, NULL, &list, e);

	*ret_ref = NULL;
	buf_putc(&end, '/');
	buf_name(&end, id);
	cJSON_ArrayForEach(j, list)
	{
		const char *ref = json_text(j, "ref");

		if (!str_starts(str_of(ref), "refs/") || !str_ends(str_of(ref), buf_cstr(&end)))
			continue;
		ref += strlen("refs/");
		if (!rc && !*ret_ref && !streq(ref, but))
			*ret_ref = mem_strdup(ref);
	}
	return rc;
}

static int
claimed_by_other(struct gh *h, const char *ref, const struct issue_claim *c, struct err *e)
{
	char *who CLEANUP(freep) = NULL;
	bool ours;
	int rc = read_claim(h, ref, c->who, &who, &ours, e);

	if (rc)
		return rc;
	CHECK(who);
	if (!*who)
		return err_set(e, ERR_BUSY, "another claim of issue '%s' was just ended", c->id);
	return said_claimed(c->id, who, ref, e);
}

/*
 * Ours is there. Whoever then sees another takes their own away before they look again: of two that come at
 * once both may have to try again, and never do both have it.
 */
static int alone(struct gh *h, const char *ref, const struct issue_claim *c, struct err *e)
{
	char *other CLEANUP(freep) = NULL, *still CLEANUP(freep) = NULL;
	int rc = find_claim(h, c->id, ref, &other, e);

	if (rc || !other)
		return rc;
	rc = delete_ref(h, ref, e);
	rc = rc ? rc : find_claim(h, c->id, ref, &still, e);
	if (rc)
		return rc;
	if (still)
		return claimed_by_other(h, still, c, e);
	return err_set(e, ERR_BUSY, "another claim of issue '%s' was just ended", c->id);
}

/* The issue as it is now; CONFLICT: closed. */
static int check_open(struct gh *h, const char *id, bool *ret_open, struct err *e)
{
	struct cJSON *j CLEANUP(json_freep) = NULL;
	char *repository CLEANUP(freep) = NULL;
	int rc = gh_repository(h, &repository, NULL, e);

	if (rc == 0)
		rc = gh_read(h, id, repository, &j, e);
	if (rc == 0)
		*ret_open = streq(json_text(j, "state"), "open");
	return rc;
}

int gh_claim(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	struct gh *h = gh_of(t);
	char *ref CLEANUP(freep) = ref_of(c);
	bool open;
	int rc = check_open(h, c->id, &open, e);

	if (rc)
		return rc;
	if (!open)
		return err_set(e, ERR_CONFLICT, "issue '%s' is closed", c->id);
	rc = create_ref(h, ref, c, e);
	rc = rc ? rc : alone(h, ref, c, e);
	return rc && rc != ERR_CONFLICT ? err_wrap(e, "issue '%s'", c->id) : rc;
}

int gh_release(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	struct gh *h = gh_of(t);
	char *ref CLEANUP(freep) = ref_of(c), *who CLEANUP(freep) = NULL;
	bool ours, open;
	int rc = read_claim(h, ref, c->who, &who, &ours, e);

	if (rc == 0 && ours)
		return delete_ref(h, ref, e);
	return rc ? rc : check_open(h, c->id, &open, e);
}

int gh_claimed_by(struct gh *h, const char *id, char **ret, struct err *e)
{
	char *ref CLEANUP(freep) = NULL;
	int rc = find_claim(h, id, "", &ref, e);
	bool ours;

	if (rc || ref)
		return rc ? rc : read_claim(h, ref, "", ret, &ours, e);
	*ret = mem_strdup("");
	return 0;
}
