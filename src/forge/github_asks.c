#include "base/clean.h"
#include "forge/github-impl.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/*
 * What stands between a branch and a push, or a pull request, in words: rulesets and protection as
 * github_rules.c reads them of a base. Whether they let this login through all the same GitHub does
 * not say there.
 */

static void add(struct buf *b, const char *what)
{
	if (!b->n || !strstr(buf_cstr(b), what))
		buf_printf(b, "%s%s", b->n ? ", " : "", what);
}

static void add_checks(struct buf *b, const struct cJSON *list)
{
	const struct cJSON *j;

	cJSON_ArrayForEach(j, list)
	{
		char *what CLEANUP(freep) =
			mem_printf("the check '%.100s'", json_text(j, "context"));
		add(b, what);
	}
}

/* What a rule of this type asks for; NULL: nothing that a change could not have. */
static const char *words_of(const char *type)
{
	static const struct {
		const char *type, *words;
	} rules[] = {
		{"merge_queue",             "its merge queue"           },
		{"update",                  "a login that may change it"},
		{"required_linear_history", "no merge commits"          },
		{"required_signatures",     "signed commits"            },
		{"required_deployments",    "a deployment"              },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (streq(type, rules[i].type))
			return rules[i].words;
	}
	return NULL;
}

static void add_reviews(struct buf *b, const struct cJSON *parameters)
{
	int64_t n = json_int(parameters, "required_approving_review_count");
	char *what CLEANUP(freep) =
		mem_printf("%" PRId64 " approving review%s", n, n == 1 ? "" : "s");

	if (n > 0)
		add(b, what);
}

static void add_rule(struct buf *b, const struct cJSON *rule, enum forge_way way, bool is_there)
{
	const char *type = json_text(rule, "type"), *words = words_of(type);
	const struct cJSON *parameters = json_at(rule, "parameters");

	if (words)
		add(b, words);
	if (streq(type, "creation") && !is_there)
		add(b, "a login that may make it");
	if (streq(type, "pull_request") && way == FORGE_BY_PUSH)
		add(b, "a pull request");
	if (streq(type, "pull_request"))
		add_reviews(b, parameters);
	if (streq(type, "required_status_checks"))
		add_checks(b, json_at(parameters, "required_status_checks"));
}

/* Of the older protection, as far as it may be read. */
static void add_protection(struct buf *b,
			   const struct cJSON *branch,
			   const struct cJSON *all,
			   enum forge_way way)
{
	const struct cJSON *guard = json_at(branch, "protection"), *j;
	const struct cJSON *reviews = json_at(all, "required_pull_request_reviews");

	if (reviews && way == FORGE_BY_PUSH)
		add(b, "a pull request");
	add_reviews(b, reviews);
	cJSON_ArrayForEach(j, all)
	{
		const char *words = json_true(j, "enabled") ? words_of(j->string) : NULL;
		if (words)
			add(b, words);
	}
	add_checks(b, json_at(json_at(guard, "required_status_checks"), "checks"));
}

int hub_asks(struct forge *f, const char *name, enum forge_way way, struct buf *ret, struct err *e)
{
	struct cJSON *rules CLEANUP(json_freep) = NULL, *branch CLEANUP(json_freep) = NULL;
	struct cJSON *all CLEANUP(json_freep) = NULL;
	struct hub *h = hub_of(f);
	const struct cJSON *rule;
	bool is_hidden = false;
	int rc = hub_branch_rules(h, name, &rules, e);

	rc = rc ? rc : hub_branch(h, name, &branch, e);
	rc = rc ? rc : hub_protection(h, branch, &all, &is_hidden, e);
	if (rc)
		return err_wrap(e, "what '%s' asks for", name);
	cJSON_ArrayForEach(rule, rules)
	{
		add_rule(ret, rule, way, branch);
	}
	add_protection(ret, branch, all, way);
	if (is_hidden)
		add(ret, HUB_HIDDEN);
	return 0;
}

int hub_waits(struct forge *f, int64_t number, struct buf *ret, struct err *e)
{
	struct hub *h = hub_of(f);
	struct cJSON *pull CLEANUP(json_freep) = NULL;
	struct hub_rules r CLEANUP(hub_rules_done) = {0};
	int rc = hub_read(h, number, &pull, e);

	if (rc || !hub_is_open(pull))
		return rc;
	rc = hub_rules(h, pull, json_text(json_at(pull, "head"), "sha"), &r, e);
	if (rc)
		return rc;
	buf_puts(ret, buf_cstr(&r.unmet));
	if (!ret->n && r.is_hidden && hub_is_blocked(pull))
		add(ret, HUB_HIDDEN);
	if (r.has_queue)
		add(ret, "its merge queue");
	if (json_true(pull, "draft"))
		add(ret, "its draft made ready for review");
	return 0;
}

/* ---- By which methods it merges ---- */

static unsigned method_of(const char *name)
{
	static const struct {
		const char *name;
		unsigned method;
	} methods[] = {
		{"merge",  FORGE_MERGE },
		{"squash", FORGE_SQUASH},
		{"rebase", FORGE_REBASE},
	};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (strcasecmp(name, methods[i].name) == 0)
			return methods[i].method;
	}
	return 0;
}

/* Of the repository; who may not push is not told. */
static unsigned methods_of_all(const struct cJSON *repository)
{
	return (cJSON_IsFalse(json_at(repository, "allow_merge_commit")) ? 0 : FORGE_MERGE) |
	       (cJSON_IsFalse(json_at(repository, "allow_squash_merge")) ? 0 : FORGE_SQUASH) |
	       (cJSON_IsFalse(json_at(repository, "allow_rebase_merge")) ? 0 : FORGE_REBASE);
}

static unsigned methods_of_rule(const struct cJSON *rule)
{
	const char *type = json_text(rule, "type");
	const struct cJSON *list = json_at(json_at(rule, "parameters"), "allowed_merge_methods"),
			   *j;
	unsigned some = 0;

	if (streq(type, "required_linear_history"))
		return FORGE_SQUASH | FORGE_REBASE;
	cJSON_ArrayForEach(j, list)
	{
		some |= method_of(cJSON_IsString(j) ? j->valuestring : "");
	}
	return some ? some : FORGE_ANY;
}

/* By which its merge queue merges, whatever it is asked for; 0: it has none. */
static unsigned method_of_queue(const struct cJSON *rules)
{
	const struct cJSON *rule;

	cJSON_ArrayForEach(rule, rules)
	{
		const char *name = json_text(json_at(rule, "parameters"), "merge_method");
		unsigned one = method_of(name);
		if (streq(json_text(rule, "type"), "merge_queue"))
			return one ? one : FORGE_ANY;
	}
	return 0;
}

int hub_methods(struct forge *f, const char *name, unsigned *ret, struct err *e)
{
	struct cJSON *repository CLEANUP(json_freep) = NULL, *rules CLEANUP(json_freep) = NULL;
	struct cJSON *branch CLEANUP(json_freep) = NULL, *all CLEANUP(json_freep) = NULL;
	struct hub *h = hub_of(f);
	const struct cJSON *rule;
	bool is_hidden = false;
	int rc = github_get(h->g, h->path, &repository, e);

	rc = rc ? rc : hub_branch_rules(h, name, &rules, e);
	rc = rc ? rc : hub_branch(h, name, &branch, e);
	rc = rc ? rc : hub_protection(h, branch, &all, &is_hidden, e);
	*ret = FORGE_ANY;
	if (rc)
		return rc;
	*ret = method_of_queue(rules);
	if (*ret)
		return 0;
	*ret = methods_of_all(repository);
	cJSON_ArrayForEach(rule, rules)
	{
		*ret &= methods_of_rule(rule);
	}
	if (json_true(json_at(all, "required_linear_history"), "enabled"))
		*ret &= FORGE_SQUASH | FORGE_REBASE;
	return 0;
}
