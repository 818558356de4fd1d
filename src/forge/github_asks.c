#include "base/clean.h"
#include "forge/github-impl.h"

#include <cjson/cJSON.h>
#include <string.h>

/*
 * What stands against a push to a branch: rulesets and protection as github_rules.c reads them of a
 * base. Whether they let this login through all the same GitHub does not say there.
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

/* What a rule of this type asks for; NULL: nothing that a push could not have. */
static const char *words_of(const char *type, bool is_there)
{
	static const struct {
		const char *type, *words;
	} rules[] = {
		{"pull_request",            "a pull request"            },
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
	return streq(type, "creation") && !is_there ? "a login that may make it" : NULL;
}

static void add_rule(struct buf *b, const struct cJSON *rule, bool is_there)
{
	const char *type = json_text(rule, "type"), *words = words_of(type, is_there);

	if (words)
		add(b, words);
	if (streq(type, "required_status_checks"))
		add_checks(b, json_at(json_at(rule, "parameters"), "required_status_checks"));
}

int hub_asks(struct forge *f, const char *name, struct buf *ret, struct err *e)
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
		add_rule(ret, rule, branch);
	}
	const struct cJSON *guard = json_at(branch, "protection");
	add_checks(ret, json_at(json_at(guard, "required_status_checks"), "checks"));
	if (!ret->n && json_true(branch, "protected"))
		add(ret, "what only its administrators may read");
	return 0;
}
