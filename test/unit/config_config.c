#include "config/config.h"

#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read(struct config *c, const char *text, struct err *e)
{
	int rc;

	*e = (struct err)ERR_INIT;
	config_init(c);
	rc = config_read_text(c, "ganger.yaml", str_of(text), e);
	return rc < 0 ? rc : config_finish(c, e);
}

static void test_config__defaults(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(read(&c, "", &e), 0);
	assert_string_equal(c.tracker, "local");
	assert_string_equal(c.git_push, "never");
	assert_string_equal(c.git_epic_branch, "epic/{epic}");
	assert_string_equal(c.git_task_branch, "ganger/{epic}/{task}");
	assert_int_equal(c.limits_max_concurrent, 10);
	assert_int_equal(c.limits_attempts, 3);
	assert_int_equal(c.limits_interruptions, 10);
	assert_int_equal(c.limits_deferrals, 20);
	assert_int_equal(c.limits_timeout, 2 * 3600 * 1000);
	assert_int_equal(c.limits_silence, -1);
	assert_int_equal(c.limits_grace, 10000);
	assert_int_equal(c.limits_log, 64 << 20);
	assert_true(c.limits_cost < 0);
	assert_int_equal(c.limits_tokens, 0);
	assert_int_equal(c.retry_delay, 30000);
	assert_string_equal(c.retry_from, "auto");
	assert_null(c.queue_check);
	assert_int_equal(c.queue_timeout, 30 * 60 * 1000);
	assert_string_equal(c.policy_failed_dependency, "hold");
	assert_string_equal(c.forge_land, "push");
	assert_int_equal(c.agents.n, 0);
	config_done(&c);
}

static void test_config__files_by_label_in_their_order(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(read(&c,
			      "prompt: {templates: {bug: b.md, good first: g.md}, roles: {}}\n",
			      &e),
			 0);
	assert_string_equal(c.prompt_templates[0], "bug");
	assert_string_equal(c.prompt_templates[1], "b.md");
	assert_string_equal(c.prompt_templates[2], "good first");
	assert_string_equal(c.prompt_templates[3], "g.md");
	assert_null(c.prompt_templates[4]);
	assert_null(c.prompt_roles[0]);
	config_done(&c);
}

static void test_config__all_types(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(read(&c,
			      "forge: github\n"
			      "forge.land: api\n"
			      "limits:\n"
			      "  timeout: 90s\n"
			      "  silence: off\n"
			      "  log: 1MiB\n"
			      "  cost: 2.50\n"
			      "  tokens: 5000000000\n"
			      "worktree:\n"
			      "  include: .env\n"
			      "  link: [node_modules, 'a b']\n"
			      "  setup: [npm, ci]\n"
			      "queue: {check: make test}\n"
			      "retry.delay: off\n"
			      "agents:\n"
			      "  mine:\n"
			      "    command: ./agent --fast\n"
			      "    env: {A: 1, B: , C: ''}\n"
			      "    push: true\n"
			      "  other:\n",
			      &e),
			 0);
	assert_string_equal(c.forge, "github");
	assert_string_equal(c.forge_land, "api");
	assert_string_equal(c.git_push, "all");
	assert_int_equal(c.limits_timeout, 90000);
	assert_int_equal(c.limits_silence, 0);
	assert_int_equal(c.retry_delay, 0);
	assert_int_equal(c.limits_log, 1 << 20);
	assert_true(c.limits_cost > 2.49 && c.limits_cost < 2.51);
	assert_true(c.limits_tokens == 5000000000);
	assert_string_equal(c.worktree_include[0], ".env");
	assert_null(c.worktree_include[1]);
	assert_string_equal(c.worktree_link[1], "a b");
	assert_string_equal(c.worktree_setup[0], "npm");
	assert_string_equal(c.worktree_setup[1], "ci");
	assert_null(c.worktree_setup[2]);
	assert_string_equal(c.queue_check[0].run[0], "sh");
	assert_string_equal(c.queue_check[0].run[2], "make test");
	assert_int_equal(c.agents.n, 2);
	assert_string_equal(c.agents.items[0].name, "mine");
	assert_string_equal(c.agents.items[0].kind, "command");
	assert_string_equal(c.agents.items[0].env[0], "A=1");
	assert_string_equal(c.agents.items[0].env[1], "B");
	assert_string_equal(c.agents.items[0].env[2], "C=");
	assert_null(c.agents.items[0].env[3]);
	assert_true(c.agents.items[0].push);
	assert_int_equal(c.origin[CONFIG_KEY_limits_timeout].from, CONFIG_FILE);
	assert_int_equal(c.origin[CONFIG_KEY_limits_timeout].line, 4);
	assert_int_equal(c.origin[CONFIG_KEY_limits_attempts].from, CONFIG_DEFAULT);
	config_done(&c);
}

static void test_config__checks_have_names_and_paths(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(read(&c,
			      "queue:\n"
			      "  check:\n"
			      "    unit: make test\n"
			      "    lint: {run: [lint, -q], paths: ['src/**', doc], timeout: 5m}\n"
			      "    none: {run: [none], timeout: }\n",
			      &e),
			 0);
	const struct config_check *x = c.queue_check;
	assert_string_equal(x[0].name, "unit");
	assert_string_equal(x[0].run[2], "make test");
	assert_null(x[0].paths);
	assert_true(x[0].timeout == -1);
	assert_string_equal(x[1].name, "lint");
	assert_string_equal(x[1].run[1], "-q");
	assert_string_equal(x[1].paths[1], "doc");
	assert_true(x[1].timeout == 300000);
	assert_true(x[2].timeout == -1);
	assert_null(x[3].run);
	config_done(&c);
	/* With -c too; what a shell could mean is the shell's. */
	config_init(&c);
	assert_int_equal(config_set(&c, "queue.check={a: {run: b}}", &e), 0);
	assert_string_equal(c.queue_check[0].name, "a");
	assert_int_equal(config_set(&c, "queue.check={ make; }", &e), 0);
	assert_null(c.queue_check[0].name);
	assert_string_equal(c.queue_check[0].run[2], "{ make; }");
	config_done(&c);
}

struct fault {
	const char *text, *names; /* what the message must contain: the key */
	int line;
};

static const struct fault faults[] = {
	{"limits:\n  attempts: 0\n",                        "'limits.attempts' is '0'",                            2},
	{"limits:\n  attempts: 101\n",                      "from 1 to 100",                                       2},
	{"limits:\n  attempts: two\n",                      "'limits.attempts'",                                   2},
	{"limits:\n  attempts: '2'\n",                      "'limits.attempts'",                                   2},
	{"limits:\n  attempts: 2.5\n",                      "'limits.attempts'",                                   2},
	{"limits:\n  attempts: [2]\n",                      "is a list",                                           2},
	{"limits:\n  attempts: 99999999999999999999\n",     "'limits.attempts'",                                   2},
	{"\n\nlimits.grace: off\n",                         "'limits.grace'",                                      3},
	{"agents.a.env.x y: 1\n",                           "agents.a.env.x y",                                    1},
	{"check:\n ? p:\t \n",                              "begins with '?'",                                     2},
	{"limits: {timeout: 31d}\n",                        "'limits.timeout'",                                    1},
	{"limits: {timeout: 2 fortnights}\n",               "'limits.timeout'",                                    1},
	{"limits: {log: 1KiB}\n",                           "'limits.log'",                                        1},
	{"limits: {cost: free}\n",                          "'limits.cost'",                                       1},
	{"limits: {cost: -1}\n",                            "'limits.cost'",                                       1},
	{"limits: 3\n",				     "'limits' must be a map",                              1},
	{"tracker: jira\n",				 "one of local, github, beads",                         1},
	{"queue:\n  method: octopus\n",                     "'queue.method'",                                      2},
	{"queue:\n  check: ''\n",                           "'queue.check'",                                       2},
	{"queue:\n  check: []\n",                           "'queue.check'",                                       2},
	{"queue:\n  check: {}\n",                           "has 0 checks",                                        2},
	{"queue:\n  check: {a b: c}\n",                     "'a b', which cannot name a check",                    2},
	{"queue:\n  check: {a: {paths: b}}\n",              "'a', which has no command",                           2},
	{"queue:\n  check: {a: {run: b, path: c}}\n",       "has no key 'path'",                                   2},
	{"queue:\n  check: {a: {run: b, timeout: soon}}\n", "'timeout'",                                           2},
	{"worktree:\n  include:\n    - a\n    - {b: c}\n",  "'worktree.include'",                                  2},
	{"agents:\n  a:\n    push: maybe\n",                "'agents.a.push'",                                     3},
	{"agents:\n  a:\n    env: [A]\n",                   "'agents.a.env'",                                      3},
	{"prompt:\n  templates: [a.md]\n",                  "'prompt.templates'",                                  2},
	{"prompt:\n  templates: {bug: }\n",                 "'bug'",                                               2},
	{"prompt:\n  roles: {bug: [a]}\n",                  "a label with a file",                                 2},
	{"agents:\n  a:\n    env: {A=B: c}\n",              "'A=B'",                                               3},
	{"agents:\n  a:\n    colour: red\n",                "there is no key 'agents.a.colour'",                   3},
	{"agents:\n  'a b': {}\n",                          "'a b' cannot name an agent",                          2},
	{"agents: [claude]\n",                              "'agents' must be a map",                              1},
	{"nothing: 1\n",				    "there is no key 'nothing'",                           1},
	{"queue.chek: 1\n",				 "there is no key 'queue.chek'",                        1},
	{"a: b: c\n",				       "",						    1},
	{"queue:\n  check: a\n  check: b\n",                "key 'check' is there twice",                          3},
	{"git:\n  epic_branch: main\n",                     "'git.epic_branch' must contain {epic}",               2},
	{"git:\n  task_branch: '{epic}'\n",                 "'git.task_branch' must contain",                      2},
	{"state_dir: here\n",			       "'state_dir' must be an absolute path",                1},
	{"worktree:\n  dir: ../w\n",                        "'worktree.dir' must be an absolute path, not '../w'", 2},
	{"worktree:\n  dir: ~/w\n",                         "'worktree.dir' must be an absolute path, not '~/w'",  2},
	{"- a\n",					   "must be a map",				       1},
	{"\"a\n",					   "",						    1},
};

static void test_config__faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct config c;
		struct err e;
		char line[32];

		assert_int_equal(read(&c, faults[i].text, &e), ERR_INVALID);
		(void)snprintf(line, sizeof(line), "'ganger.yaml' line %d", faults[i].line);
		print_message("# %s\n", e.msg);
		assert_non_null(strstr(e.msg, line));
		assert_non_null(strstr(e.msg, faults[i].names));
		config_done(&c);
	}
}

static void test_config__what_was_meant(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(read(&c, "limits: {max_concurent: 1}", &e), ERR_INVALID);
	assert_string_equal(e.hint, "did you mean 'limits.max_concurrent'?");
	config_done(&c);
	assert_int_equal(read(&c, "agents: {x: {comand: a}}", &e), ERR_INVALID);
	assert_string_equal(e.hint, "did you mean 'agents.x.command'?");
	config_done(&c);
}

static int set(struct config *c, const char *assignment, struct err *e)
{
	*e = (struct err)ERR_INIT;
	return config_set(c, assignment, e);
}

static void test_config__overrides(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(read(&c, "limits: {attempts: 5}\nqueue.check: make", &e), 0);
	assert_int_equal(set(&c, "limits.attempts=7", &e), 0);
	assert_int_equal(set(&c, "queue.check=echo a: b # c", &e), 0);
	assert_int_equal(set(&c, "worktree.keep=[a, b]", &e), 0);
	assert_int_equal(set(&c, "agents.x.command=./x", &e), 0);
	assert_int_equal(set(&c, "agents.x.env.A=1", &e), 0);
	assert_int_equal(set(&c, "agents.x.env.B=2", &e), 0);
	assert_int_equal(set(&c, "agents.x.env.A=3", &e), 0);
	assert_int_equal(set(&c, "agents.y={command: [./y, -z], max_concurrent: 2}", &e), 0);
	assert_int_equal(c.limits_attempts, 7);
	assert_int_equal(c.origin[CONFIG_KEY_limits_attempts].from, CONFIG_OPTION);
	assert_string_equal(c.queue_check[0].run[2], "echo a: b # c");
	assert_string_equal(c.worktree_keep[1], "b");
	assert_string_equal(c.agents.items[0].env[0], "A=3");
	assert_string_equal(c.agents.items[0].env[1], "B=2");
	assert_string_equal(c.agents.items[1].command[1], "-z");
	assert_int_equal(c.agents.items[1].max_concurrent, 2);
	assert_int_equal(set(&c, "limits.attempts=", &e), 0);
	assert_int_equal(c.limits_attempts, 3);
	assert_int_equal(c.origin[CONFIG_KEY_limits_attempts].from, CONFIG_DEFAULT);
	assert_int_equal(set(&c, "limits.attempts", &e), ERR_INVALID);
	assert_int_equal(set(&c, "limits.attempts=many", &e), ERR_INVALID);
	assert_non_null(strstr(e.msg, "-c"));
	assert_non_null(strstr(e.msg, "'limits.attempts' is 'many'"));
	assert_int_equal(set(&c, "worktree.keep=[a", &e), ERR_INVALID);
	assert_int_equal(set(&c, "=a", &e), ERR_INVALID);
	assert_int_equal(set(&c, "agents.x.env.\364=1", &e), ERR_INVALID);
	assert_int_equal(set(&c, "queue.check=\364", &e), ERR_INVALID);
	assert_string_equal(e.msg, "cannot use -c: what it sets is not UTF-8");
	config_done(&c);
}

static void test_config__agent(void **state)
{
	const struct config_agent *a;
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(read(&c, "", &e), 0);
	assert_int_equal(config_agent(&c, NULL, &a, &e), ERR_NOT_FOUND);
	assert_int_equal(config_agent(&c, "nobody", &a, &e), ERR_NOT_FOUND);
	assert_int_equal(config_agent(&c, "codex", &a, &e), 0);
	assert_string_equal(a->command[0], "sh");
	assert_int_equal(a->origin[CONFIG_AGENT_command].from, CONFIG_PRESET);
	config_done(&c);

	assert_int_equal(read(&c, "agents: {one: {command: a}}", &e), 0);
	assert_int_equal(config_agent(&c, NULL, &a, &e), 0);
	assert_string_equal(a->name, "one");
	config_done(&c);

	assert_int_equal(read(&c, "agents: {one: {command: a}, two: {}}", &e), 0);
	assert_int_equal(config_agent(&c, NULL, &a, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.hint, "one, two"));
	assert_int_equal(config_agent(&c, "two", &a, &e), ERR_INVALID);
	config_done(&c);

	assert_int_equal(read(&c, "agent: claude\nagents: {claude: {pause_on: []}}", &e), 0);
	assert_int_equal(config_agent(&c, NULL, &a, &e), 0);
	assert_non_null(strstr(a->command[2], "claude -p"));
	assert_null(a->pause_on[0]);
	config_done(&c);
}

/* Nothing that can be written makes it crash, and a refusal always has a reason. */
static void test_config__hostile_documents(void **state)
{
	static const char *const texts[] = {
		"a: &a [*a]",
		"limits: {timeout: *x}",
		"\xff\xfe",
		"limits: !!binary aGk=",
		"? {a: b}\n: c",
		"a: 1\n---\nb: 2",
		"%YAML 9.9\n---\na",
		"\t",
		"{",
		"}",
		"&",
		"*",
		"agents: {? : x}",
		"limits: {attempts: 1e1}",
		"\x00",
		"agents: {x: {env: {'': a}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct config c;
		struct err e;

		if (read(&c, texts[i], &e) < 0)
			assert_true(e.msg[0]);
		config_done(&c);
	}
}

static void test_config__many_from_aliases(void **state)
{
	struct buf b = BUF_INIT;
	struct config c;
	struct err e;

	(void)state;
	buf_puts(&b, "a0: &a0 x\n");
	for (int i = 1; i < 12; i++) {
		buf_printf(&b, "a%d: &a%d [", i, i);
		for (int j = 0; j < 12; j++)
			buf_printf(&b, "*a%d, ", i - 1);
		buf_puts(&b, "]\n");
	}
	assert_int_equal(read(&c, buf_cstr(&b), &e), ERR_INVALID);
	config_done(&c);
	buf_done(&b);
}

/* A kind that reads a program's JSON brings the command line that makes it write some. */
static void test_config__a_kind_brings_its_command(void **state)
{
	static const char *const texts[][2] = {
		{"agents: {x: {kind: claude}}",  "--input-format stream-json"},
		{"agents: {claude: {}}",         "--allowedTools"            },
		{"agents: {x: {kind: codex}}",   "app-server"                },
		{"agents: {y: {kind: copilot}}", "--headless"                },
		{"agents: {copilot: {}}",        "--output-format json"      },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct config_agent *a;
		struct config c;
		struct err e;

		assert_int_equal(read(&c, texts[i][0], &e), 0);
		assert_int_equal(config_agent(&c, NULL, &a, &e), 0);
		assert_non_null(strstr(a->command[2], texts[i][1]));
		assert_int_equal(a->origin[CONFIG_AGENT_command].from, CONFIG_PRESET);
		assert_non_null(a->pause_on[0]);
		config_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config__defaults),
		cmocka_unit_test(test_config__files_by_label_in_their_order),
		cmocka_unit_test(test_config__all_types),
		cmocka_unit_test(test_config__checks_have_names_and_paths),
		cmocka_unit_test(test_config__faults),
		cmocka_unit_test(test_config__what_was_meant),
		cmocka_unit_test(test_config__overrides),
		cmocka_unit_test(test_config__agent),
		cmocka_unit_test(test_config__a_kind_brings_its_command),
		cmocka_unit_test(test_config__hostile_documents),
		cmocka_unit_test(test_config__many_from_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
