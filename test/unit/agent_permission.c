#include "agent/permission.h"
#include "base/clean.h"
#include "unit/test.h"

#include <string.h>

#define W "/w/tree"

struct permission_case {
	const char *rule; /* or NULL */
	struct permission_ask ask;
	enum permission expected;
};

/* clang-format off: one case a line */
static const struct permission_case cases[] = {
  /* Without a rule: the worktree. */
	{NULL,			{"Write", "write", "a.c", NULL},                   PERMISSION_ALLOW},
	{NULL,			{"Write", "write", W "/src/a.c", NULL},            PERMISSION_ALLOW},
	{NULL,			{"Write", "write", W, NULL},                       PERMISSION_ALLOW},
	{NULL,			{"Write", "write", "/etc/passwd", NULL},           PERMISSION_DENY },
	{NULL,			{"Write", "write", "../other/a.c", NULL},          PERMISSION_DENY },
	{NULL,			{"Write", "write", W "/../tree2/a.c", NULL},       PERMISSION_DENY },
	{NULL,			{"Write", "write", W "2/a.c", NULL},               PERMISSION_DENY },
	{NULL,			{"Write", "write", "a/../../tree/b", NULL},        PERMISSION_ALLOW},
	{NULL,			{"Write", "write", "/../../../w/./tree//b", NULL}, PERMISSION_ALLOW},
	{NULL,			{"Read", "read", "/etc/passwd", NULL},             PERMISSION_ALLOW},
	{NULL,			{"Bash", "run", NULL, "rm -rf x"},                 PERMISSION_ALLOW},
	{NULL,			{"Other", NULL, "/etc/x", NULL},                   PERMISSION_ALLOW},
 /* By tool, and by what it does. */
	{"deny Bash",                 {"Bash", "run", NULL, "ls"},                       PERMISSION_DENY },
	{"deny run",                  {"Bash", "run", NULL, "ls"},                       PERMISSION_DENY },
	{"deny mcp__*",               {"mcp__x__y", NULL, NULL, NULL},                   PERMISSION_DENY },
	{"deny Bash",                 {"BashOutput", NULL, NULL, NULL},                  PERMISSION_ALLOW},
	{"ask fetch",                 {"WebFetch", "fetch", NULL, NULL},                 PERMISSION_ASK  },
 /* By command and by path. */
	{"deny run(git push*)",       {"Bash", "run", NULL, "git push origin"},          PERMISSION_DENY },
	{"deny run(git push*)",       {"Bash", "run", NULL, "git log"},                  PERMISSION_ALLOW},
	{"deny write(.github/*)",
	 {"Edit", "write", W "/.github/workflows/a.yml", NULL},
	 PERMISSION_DENY										 },
	{"deny write(.github/*)",     {"Edit", "write", "x/../.github/a", NULL},         PERMISSION_DENY },
	{"deny write(.github/*)",     {"Edit", "write", "src/.github/a", NULL},          PERMISSION_ALLOW},
	{"allow write(/var/cache/*)", {"Write", "write", "/var/cache/x/y", NULL},        PERMISSION_ALLOW},
	{"allow write(/var/cache/*)", {"Write", "write", "/var/cache/../x", NULL},       PERMISSION_DENY },
	{"deny read(/etc/*)",         {"Read", "read", "/etc/passwd", NULL},             PERMISSION_DENY },
};
/* clang-format on */

static void test_permission__follows_the_rule_and_the_worktree(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const rules[] = {cases[i].rule, NULL};
		struct buf why CLEANUP(buf_done) = BUF_INIT;
		enum permission p = permission_decide(rules, W, &cases[i].ask, &why);

		if (p != cases[i].expected || (p == PERMISSION_ALLOW) != (why.n == 0))
			fail_msg("case %zu: %d, '%s'", i, (int)p, buf_cstr(&why));
	}
}

static void test_permission__the_first_rule_that_fits_counts(void **state)
{
	const char *const rules[] = {"allow run(git push --dry-run)", "deny run(git push*)", NULL};
	const struct permission_ask dry = {"Bash", "run", NULL, "git push --dry-run"};
	const struct permission_ask wet = {"Bash", "run", NULL, "git push"};
	struct buf why CLEANUP(buf_done) = BUF_INIT;

	(void)state;
	assert_int_equal(permission_decide(rules, W, &dry, &why), PERMISSION_ALLOW);
	assert_int_equal(permission_decide(rules, W, &wet, &why), PERMISSION_DENY);
	assert_string_equal(buf_cstr(&why), "not permitted here: deny run(git push*)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permission__follows_the_rule_and_the_worktree),
		cmocka_unit_test(test_permission__the_first_rule_that_fits_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
