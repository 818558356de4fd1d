#include "base/mem.h"
#include "port/agent.h"
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

static const char *const argv[] = {"sh", "-c", "cat", NULL};
static const char *const probe[] = {"true", NULL};
static const struct agent_attempt attempt = {.epic = "7",
					     .task = "1",
					     .attempt = 1,
					     .worktree = "/w",
					     .git_dir = "/g",
					     .prompt_path = "/j/prompt"};

/* The same for every kind there is. */
static void test_kinds__each_is_found_and_starts(void **state)
{
	(void)state;
	for (const struct agent_kind *const *k = agent_kinds; *k; k++) {
		struct agent_settings s = {
			.name = "a", .kind = (*k)->name, .command = argv, .probe = probe};

		assert_ptr_equal(agent_kind_find((*k)->name), *k);
		for (int as_probe = 0; as_probe < 2; as_probe++) {
			struct agent_command c = {0}, again = {0};
			struct err e = ERR_INIT;

			assert_int_equal((*k)->command(&s, &attempt, as_probe, &c, &e), 0);
			assert_int_equal((*k)->command(&s, &attempt, as_probe, &again, &e), 0);
			assert_non_null(c.argv[0]);
			assert_string_equal(c.argv[0], again.argv[0]);
			assert_string_equal(c.cwd, "/w");
			assert_non_null(c.envp[0]);
			agent_command_done(&c);
			agent_command_done(&again);
			agent_command_done(&again);
			assert_null(again.argv);
		}
	}
	assert_null(agent_kind_find("no such"));
	assert_null(agent_kind_find(NULL));
}

static void test_command__gives_the_prompt_as_standard_input(void **state)
{
	const struct agent_settings s = {
		.name = "a", .command = argv, .probe = probe, .cwd = "sub/x"};
	const struct agent_kind *k = agent_kind_find("command");
	struct agent_command c = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(k->command(&s, &attempt, false, &c, &e), 0);
	assert_string_equal(c.argv[2], "cat");
	assert_null(c.argv[3]);
	assert_string_equal(c.stdin_path, "/j/prompt");
	assert_string_equal(c.cwd, "/w/sub/x");
	agent_command_done(&c);
	assert_int_equal(k->command(&s, &attempt, true, &c, &e), 0);
	assert_string_equal(c.argv[0], "true");
	assert_null(c.stdin_path);
	agent_command_done(&c);
}

static void test_command__refuses_what_cannot_be_started(void **state)
{
	static const char *const broken[] = {"[", NULL};
	const struct {
		struct agent_settings s;
		bool probe;
		const char *says;
	} cases[] = {
		{{.name = "a", .command = argv, .cwd = "../x"},      false, "'../x'"             },
		{{.name = "a", .command = argv, .cwd = "x/../../y"}, false, "out of the worktree"},
		{{.name = "a", .command = argv, .cwd = "/etc"},      false, "not relative"       },
		{{.name = "a", .command = argv, .cwd = "x/.."},      false, "out of the worktree"},
		{{.name = "a", .command = argv, .pause_on = broken}, false, "'['"                },
		{{.name = "a"},				      false, "no command"         },
		{{.name = "a", .command = argv},                     true,  "no probe"           },
	};
	const struct agent_kind *k = agent_kind_find("command");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct agent_command c = {0};
		struct err e = ERR_INIT;

		assert_int_equal(k->command(&cases[i].s, &attempt, cases[i].probe, &c, &e),
				 ERR_INVALID);
		assert_non_null(strstr(e.msg, cases[i].says));
		assert_null(c.argv);
	}
}

static void test_command__takes_dots_that_lead_nowhere_else(void **state)
{
	static const char *const names[][2] = {
		{".",   "/w"    },
                {"",    "/w"    },
                {"..x", "/w/..x"},
                {"./a", "/w/./a"}
        };
	const struct agent_kind *k = agent_kind_find("command");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct agent_settings s = {.name = "a", .command = argv, .cwd = names[i][0]};
		struct agent_command c = {0};
		struct err e = ERR_INIT;

		assert_int_equal(k->command(&s, &attempt, false, &c, &e), 0);
		assert_string_equal(c.cwd, names[i][1]);
		agent_command_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds__each_is_found_and_starts),
		cmocka_unit_test(test_command__gives_the_prompt_as_standard_input),
		cmocka_unit_test(test_command__refuses_what_cannot_be_started),
		cmocka_unit_test(test_command__takes_dots_that_lead_nowhere_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
