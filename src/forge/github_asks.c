#include "base/clean.h"
#include "forge/github-impl.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

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

int hub_asks(struct forge *f, const char *name, enum forge_way way, struct buf *ret, struct err *e)
{
	struct cJSON *rules CLEANUP(json_freep) = NULL, *branch CLEANUP(json_freep) = NULL;
	struct hub *h = hub_of(f);
	const struct cJSON *rule;
	int rc = hub_branch_rules(h, name, &rules, e);

	rc = rc ? rc : hub_branch(h, name, &branch, e);
	if (rc)
		return err_wrap(e, "what '%s' asks for", name);
	cJSON_ArrayForEach(rule, rules)
	{
		add_rule(ret, rule, way, branch);
	}
	const struct cJSON *guard = json_at(branch, "protection");
	add_checks(ret, json_at(json_at(guard, "required_status_checks"), "checks"));
	if (!ret->n && json_true(branch, "protected"))
		add(ret, "what only its administrators may read");
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
	if (r.has_queue)
		add(ret, "its merge queue");
	return 0;
}
