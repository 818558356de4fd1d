#include "base/clean.h"
#include "forge/github-impl.h"
#include "wire/http.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

/*
 * What the base asks for before anything is merged into it: rulesets (GET rules/branches/B, also
 * of a branch that is not there) and the older protection (GET branches/B has its checks, GET
 * branches/B/protection, for administrators alone, all of it). And which of it the pull request has not.
 */

struct sight {
	struct hub *h;
	const struct cJSON *pull;
	const char *head;    /* the commit that is to be merged */
	struct cJSON *runs;  /* check runs of it */
	struct cJSON *words; /* statuses of it, the older kind of check */
	struct hub_rules *out;
};

static int
read_list(struct sight *s, const char *rest, const char *key, struct cJSON **ret, struct err *e)
{
	char *path CLEANUP(freep) = mem_printf("%s%s", s->h->path, rest);

	return github_list(s->h->g, path, key, ret, e);
}

/* Of the API, below the repository's; the caller's. */
static char *branch_path(const struct hub *h, const char *before, const char *branch)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b, "%s%s", h->path, before);
	buf_url(&b, branch);
	return buf_take(&b);
}

int hub_branch_rules(struct hub *h, const char *branch, struct cJSON **ret, struct err *e)
{
	char *rest CLEANUP(freep) = branch_path(h, "/rules/branches/", branch);
	char *path CLEANUP(freep) = mem_printf("%s?per_page=100", rest);
	int rc = github_list(h->g, path, NULL, ret, e);

	/* A server that is older than rulesets. */
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int hub_branch(struct hub *h, const char *branch, struct cJSON **ret, struct err *e)
{
	char *path CLEANUP(freep) = branch_path(h, "/branches/", branch);
	int rc = github_get(h->g, path, ret, e);

	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int hub_protection(struct hub *h,
		   const struct cJSON *branch,
		   struct cJSON **ret,
		   bool *ret_hidden,
		   struct err *e)
{
	const struct cJSON *enabled = json_at(json_at(branch, "protection"), "enabled");
	struct err why = ERR_INIT;
	*ret = NULL;
	*ret_hidden = false;
	/* What rulesets protect is 'protected', too, with a protection that is not enabled. */
	if (!json_true(branch, "protected") || cJSON_IsFalse(enabled))
		return 0;
	*ret_hidden = h->hides;
	if (h->hides)
		return 0;
	char *rest CLEANUP(freep) = branch_path(h, "/branches/", json_text(branch, "name"));
	char *path CLEANUP(freep) = mem_printf("%s/protection", rest);
	int rc = github_get(h->g, path, ret, &why);
	if (rc == ERR_NOT_FOUND && strcasestr(why.msg, "not protected"))
		return 0;                               /* meanwhile */
	if (rc == ERR_NOT_FOUND || rc == ERR_INVALID) { /* by the kind of token 404 or 403 */
		*ret_hidden = h->hides = true;
		return 0;
	}
	if (rc && e)
		*e = why;
	return rc;
}

bool hub_is_blocked(const struct cJSON *pull)
{
	return streq(json_text(pull, "mergeable_state"), "blocked");
}

static const char *base_of(const struct sight *s)
{
	return json_text(json_at(s->pull, "base"), "ref");
}

/* ---- Checks ---- */

enum verdict { MISSING, PASSED, WAITS, FAILED };

/* Those that are written today are not all in the list of those that may be read: unknown ones wait. */
static enum verdict verdict_of(const struct cJSON *run)
{
	static const char *const passed[] = {"success", "neutral", "skipped", NULL};
	static const char *const failed[] = {
		"failure",         "cancelled", "timed_out", "action_required",
		"startup_failure", "error",     NULL};
	const char *word = json_text(run, "conclusion");

	if (!*word) /* a status has its word there */
		word = json_text(run, "state");
	for (size_t i = 0; passed[i]; i++)
		if (streq(word, passed[i]))
			return PASSED;
	for (size_t i = 0; failed[i]; i++)
		if (streq(word, failed[i]))
			return FAILED;
	return WAITS;
}

/* app: that must have said it; 0 and below: anyone. */
static enum verdict look_for(const struct sight *s, const char *name, int64_t app)
{
	enum verdict worst = MISSING, one;
	const struct cJSON *j;

	cJSON_ArrayForEach(j, s->runs)
	{
		bool is_it = streq(json_text(j, "name"), name) &&
			     (app <= 0 || json_int(json_at(j, "app"), "id") == app);
		one = is_it ? verdict_of(j) : MISSING;
		worst = one > worst ? one : worst;
	}
	cJSON_ArrayForEach(j, s->words)
	{
		one = streq(json_text(j, "context"), name) ? verdict_of(j) : MISSING;
		worst = one > worst ? one : worst;
	}
	return worst;
}

static int read_checks(struct sight *s, struct err *e)
{
	char *runs CLEANUP(freep) =
		mem_printf("/commits/%s/check-runs?filter=latest&per_page=100", s->head);
	char *words CLEANUP(freep) = mem_printf("/commits/%s/status?per_page=100", s->head);
	int rc = s->runs ? 0 : read_list(s, runs, "check_runs", &s->runs, e);

	if (rc == 0 && !s->words)
		rc = read_list(s, words, "statuses", &s->words, e);
	return rc;
}

static int add_check(struct sight *s, const char *name, int64_t app, struct err *e)
{
	int rc = read_checks(s, e);

	if (rc)
		return rc;
	switch (look_for(s, name, app)) {
	case PASSED:
		return 0;
	case FAILED:
		s->out->has_failed = true;
		break;
	case MISSING:
	case WAITS:
		break;
	}
	buf_printf(&s->out->unmet, "%sthe check '%.100s'%s", s->out->unmet.n ? ", " : "", name,
		   look_for(s, name, app) == FAILED ? ", which failed" : "");
	return 0;
}

static int add_checks(struct sight *s, const struct cJSON *list, const char *app, struct err *e)
{
	const struct cJSON *j;
	int rc = 0;

	cJSON_ArrayForEach(j, list)
	{
		if (rc == 0)
			rc = add_check(s, json_text(j, "context"), json_int(j, app), e);
	}
	return rc;
}

/* ---- Reviews ---- */

/* What each person said last; reviews come in the order in which they were given. */
static void count_reviews(
	const struct sight *s, const struct cJSON *list, bool of_head, int *ret_yes, int *ret_no)
{
	const struct cJSON *j, *later;

	cJSON_ArrayForEach(j, list)
	{
		const char *state = json_text(j, "state");
		int64_t who = json_int(json_at(j, "user"), "id");
		bool is_last = !streq(state, "COMMENTED") && !streq(state, "PENDING");

		for (later = j->next; is_last && later; later = later->next) {
			const char *then = json_text(later, "state");
			if (json_int(json_at(later, "user"), "id") == who &&
			    !streq(then, "COMMENTED") && !streq(then, "PENDING"))
				is_last = false;
		}
		if (!is_last)
			continue;
		*ret_no += streq(state, "CHANGES_REQUESTED");
		*ret_yes += streq(state, "APPROVED") &&
			    (!of_head || streq(json_text(j, "commit_id"), s->head));
	}
}

/* stale: the name of what says whether a push makes approvals void. */
static int add_reviews(struct sight *s, const struct cJSON *rule, const char *stale, struct err *e)
{
	struct cJSON *list CLEANUP(json_freep) = NULL;
	int64_t wanted = json_int(rule, "required_approving_review_count");
	char *rest CLEANUP(freep) =
		mem_printf("/pulls/%" PRId64 "/reviews?per_page=100", json_int(s->pull, "number"));
	int yes = 0, no = 0;

	if (wanted <= 0)
		return 0;
	int rc = read_list(s, rest, NULL, &list, e);
	if (rc)
		return rc;
	count_reviews(s, list, json_true(rule, stale), &yes, &no);
	const char *sep = s->out->unmet.n ? ", " : "";
	if (no)
		buf_printf(&s->out->unmet, "%sa review that asks for changes", sep);
	else if (yes < wanted)
		buf_printf(&s->out->unmet, "%s%d of %" PRId64 " approving reviews", sep, yes,
			   wanted);
	return 0;
}

/* ---- All of it ---- */

static int add_rule(struct sight *s, const struct cJSON *rule, struct err *e)
{
	const char *type = json_text(rule, "type");
	const struct cJSON *more = json_at(rule, "parameters");

	if (streq(type, "merge_queue")) {
		s->out->has_queue = true;
		return 0;
	}
	if (streq(type, "pull_request"))
		return add_reviews(s, more, "dismiss_stale_reviews_on_push", e);
	if (!streq(type, "required_status_checks"))
		return 0;
	s->out->is_strict |= json_true(more, "strict_required_status_checks_policy");
	return add_checks(s, json_at(more, "required_status_checks"), "integration_id", e);
}

static int add_rulesets(struct sight *s, struct err *e)
{
	struct cJSON *list CLEANUP(json_freep) = NULL;
	const struct cJSON *rule;
	int rc = hub_branch_rules(s->h, base_of(s), &list, e);

	cJSON_ArrayForEach(rule, list)
	{
		if (rc == 0)
			rc = add_rule(s, rule, e);
	}
	return rc;
}

static int add_protection(struct sight *s, struct err *e)
{
	struct cJSON *branch CLEANUP(json_freep) = NULL, *all CLEANUP(json_freep) = NULL;
	/* Whether it is there the merge itself finds out. */
	int rc = hub_branch(s->h, base_of(s), &branch, e);
	const struct cJSON *checks =
		json_at(json_at(branch, "protection"), "required_status_checks");

	rc = rc ? rc : add_checks(s, json_at(checks, "checks"), "app_id", e);
	rc = rc ? rc : hub_protection(s->h, branch, &all, &s->out->is_hidden, e);
	if (rc)
		return rc;
	s->out->is_strict |= json_true(json_at(all, "required_status_checks"), "strict");
	return add_reviews(s, json_at(all, "required_pull_request_reviews"),
			   "dismiss_stale_reviews", e);
}

int hub_rules(struct hub *h,
	      const struct cJSON *pull,
	      const char *head,
	      struct hub_rules *ret,
	      struct err *e)
{
	struct sight s = {.h = h, .pull = pull, .head = head, .out = ret};

	*ret = (struct hub_rules){.unmet = BUF_INIT};
	int rc = add_rulesets(&s, e);
	if (rc == 0)
		rc = add_protection(&s, e);
	json_free(s.runs);
	json_free(s.words);
	return rc ? err_wrap(e, "what '%s' asks for", base_of(&s)) : 0;
}

void hub_rules_done(struct hub_rules *r)
{
	buf_done(&r->unmet);
}
