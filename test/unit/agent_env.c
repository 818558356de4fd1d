#include "base/child.h"
#include "base/file.h"
#include "base/mem.h"
#include "port/agent.h"
#include "tmp.h"
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct agent_attempt attempt = {
	.epic = "7",
	.task = "7.1",
	.title = "Say hello",
	.attempt = 2,
	.slot = 3,
	.branch = "ganger/7/7.1",
	.epic_branch = "epic/7",
	.base = "main",
	.root = "/r",
	.repository = "My App",
	.worktree = "/w",
	.git_dir = "/r/.git/worktrees/w",
	.prompt_path = "/j/prompt",
	.result_path = "/j/result",
	.log_path = "/j/log",
};

/* The value of a name, which must be there once at most; NULL: absent. */
static const char *value(char **envp, const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;

	for (char **v = envp; *v; v++) {
		if (strncmp(*v, name, n) || (*v)[n] != '=')
			continue;
		assert_null(found);
		found = *v + n + 1;
	}
	return found;
}

static void assert_value(char **envp, const char *name, const char *expected)
{
	const char *v = value(envp, name);

	if (!streq(v, expected))
		fail_msg("%s is '%s'", name, v ? v : "(absent)");
}

/* Run make with exactly this environment; the caller frees. */
static char **
with_environment(char **own, const struct agent_settings *s, const struct agent_attempt *a)
{
	char **saved = environ, **envp;

	environ = own;
	envp = agent_env(s, a);
	environ = saved;
	return envp;
}

static void test_env__passes_the_short_list_only(void **state)
{
	char *own[] = {"PATH=/bin",
		       "HOME=/home/u",
		       "LC_ALL=C",
		       "LC_TIME=de",
		       "LCX=no",
		       "XDG_CONFIG_HOME=/x",
		       "SSH_AUTH_SOCK=/s",
		       "http_proxy=http://p",
		       "TZ=UTC",
		       "SECRET=no",
		       "GH_TOKEN=no",
		       "GITHUB_TOKEN=no",
		       "ANTHROPIC_API_KEY=no",
		       "PATHX=no",
		       "GANGER_TASK=no",
		       "GIT_DIR=no",
		       NULL};
	char **envp = with_environment(own, NULL, &attempt);

	(void)state;
	assert_value(envp, "PATH", "/bin");
	assert_value(envp, "HOME", "/home/u");
	assert_value(envp, "LC_ALL", "C");
	assert_value(envp, "LC_TIME", "de");
	assert_value(envp, "XDG_CONFIG_HOME", "/x");
	assert_value(envp, "SSH_AUTH_SOCK", "/s");
	assert_value(envp, "http_proxy", "http://p");
	assert_value(envp, "TZ", "UTC");
	for (char **v = envp; *v; v++)
		if (strstr(*v, "=no"))
			fail_msg("'%s' was passed on", *v);
	agent_env_free(envp);
}

static void test_env__names_everything_of_the_attempt(void **state)
{
	static const char *const expected[][2] = {
		{"GANGER_EPIC",          "7"                  },
		{"GANGER_TASK",          "7.1"                },
		{"GANGER_TITLE",         "Say hello"          },
		{"GANGER_ATTEMPT",       "2"                  },
		{"GANGER_BRANCH",        "ganger/7/7.1"       },
		{"GANGER_EPIC_BRANCH",   "epic/7"             },
		{"GANGER_BASE",          "main"               },
		{"GANGER_ROOT",          "/r"                 },
		{"GANGER_WORKTREE",      "/w"                 },
		{"GANGER_GIT_DIR",       "/r/.git/worktrees/w"},
		{"GANGER_SLOT",          "3"                  },
		{"GANGER_PROMPT_FILE",   "/j/prompt"          },
		{"GANGER_RESULT_FILE",   "/j/result"          },
		{"GANGER_LOG",           "/j/log"             },
		{"GANGER_FEEDBACK_FILE", NULL                 },
		{"COMPOSE_PROJECT_NAME", "my-app-3"           },
		{"ILOOM_SWARM_MODE",     "1"                  },
		{"ILOOM_EPIC_BRANCH",    "epic/7"             },
		{"ILOOM_EPIC_ISSUE",     "7"                  },
	};
	struct agent_attempt again = attempt;
	char *own[] = {NULL};
	char **envp = with_environment(own, NULL, &attempt);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		assert_value(envp, expected[i][0], expected[i][1]);
	agent_env_free(envp);
	again.feedback_path = "/j/feedback";
	envp = with_environment(own, NULL, &again);
	assert_value(envp, "GANGER_FEEDBACK_FILE", "/j/feedback");
	agent_env_free(envp);
}

static void test_env__survives_odd_environments(void **state)
{
	char *own[] = {"LANG=a\nb", "HOME=/first", "HOME=/second", "TERM", "=odd", "LC_X=", NULL};
	char *none[] = {NULL};
	char **envp = with_environment(own, NULL, &attempt);

	(void)state;
	assert_value(envp, "LANG", "a\nb");
	assert_value(envp, "HOME", "/first");
	assert_value(envp, "TERM", NULL);
	assert_value(envp, "LC_X", "");
	assert_non_null(strstr(value(envp, "PATH"), "/usr/bin"));
	agent_env_free(envp);
	envp = with_environment(none, NULL, &attempt);
	assert_non_null(value(envp, "HOME")); /* of the user's entry in passwd */
	agent_env_free(envp);
}

static void test_env__bounds_what_execve_would_refuse(void **state)
{
	struct agent_attempt long_title = attempt;
	char *title = mem_alloc(300000), *own[] = {NULL}, **envp;

	(void)state;
	memset(title, 'x', 299999);
	long_title.title = title;
	envp = with_environment(own, NULL, &long_title);
	assert_true(strlen(value(envp, "GANGER_TITLE")) < 131072);
	agent_env_free(envp);
	free(title);
}

static void test_env__takes_what_the_settings_name(void **state)
{
	const char *const names[] = {"ANTHROPIC_API_KEY", "FIXED=a=b", "LANG=C",      "ABSENT",
				     "GANGER_TASK=mine",  "EMPTY=",    "GIT_ASKPASS", NULL};
	const struct agent_settings s = {.name = "a", .env = names};
	char *own[] = {"ANTHROPIC_API_KEY=k", "LANG=de", "FIXED=other", NULL};
	char **envp = with_environment(own, &s, &attempt);

	(void)state;
	assert_value(envp, "ANTHROPIC_API_KEY", "k");
	assert_value(envp, "FIXED", "a=b");
	assert_value(envp, "LANG", "C");
	assert_value(envp, "ABSENT", NULL);
	assert_value(envp, "EMPTY", "");
	assert_value(envp, "GIT_ASKPASS", NULL); /* the user has none */
	assert_value(envp, "GANGER_TASK", "7.1");
	agent_env_free(envp);
}

/* The tracker's own variables, unless the settings say otherwise. */
static void test_env__has_the_way_to_the_tracker(void **state)
{
	const char *const tracker[] = {"BEADS_DIR=/r/.beads", "BD_ACTOR=ganger 7", "X=1", NULL};
	const char *const names[] = {"BEADS_DIR=/mine", "X", NULL};
	const struct agent_settings s = {.name = "a", .env = names};
	char *own[] = {"BEADS_DIR=/theirs", NULL};
	struct agent_attempt a = attempt;

	(void)state;
	a.tracker_env = tracker;
	char **envp = with_environment(own, NULL, &a);
	assert_value(envp, "BEADS_DIR", "/r/.beads");
	assert_value(envp, "BD_ACTOR", "ganger 7");
	agent_env_free(envp);
	envp = with_environment(own, &s, &a);
	assert_value(envp, "BEADS_DIR", "/mine");
	assert_value(envp, "BD_ACTOR", "ganger 7");
	assert_value(envp, "X", NULL); /* the user has none */
	agent_env_free(envp);
	envp = with_environment(own, NULL, &attempt);
	assert_value(envp, "BEADS_DIR", NULL);
	agent_env_free(envp);
}

static void test_env__makes_a_project_name_that_compose_takes(void **state)
{
	static const char *const names[][2] = {
		{"app",               "app-3"   },
		{"My.App",            "my-app-3"},
		{"--x_y",             "x_y-3"   },
		{"\xc3\xa4\xc3\xb6",  "ganger-3"},
		{"a\xc3\xa4\xc3\xb6", "a-3"     },
		{"",                  "ganger-3"},
		{NULL,                "ganger-3"},
	};
	char *own[] = {NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct agent_attempt a = attempt;
		char **envp;

		a.repository = names[i][0];
		envp = with_environment(own, NULL, &a);
		assert_value(envp, "COMPOSE_PROJECT_NAME", names[i][1]);
		agent_env_free(envp);
	}
}

static void test_env__adds_to_git_settings_that_are_there(void **state)
{
	const char *const names[] = {"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=user.name",
				     "GIT_CONFIG_VALUE_0=A", NULL};
	const struct agent_settings s = {.name = "a", .env = names, .push = true};
	char *own[] = {"DBUS_SESSION_BUS_ADDRESS=unix:x", "GH_CONFIG_DIR=/gh", "GH_TOKEN=t", NULL};
	char **envp = with_environment(own, &s, &attempt);

	(void)state;
	assert_value(envp, "GIT_CONFIG_KEY_0", "user.name");
	assert_value(envp, "GIT_CONFIG_KEY_1", "gc.auto");
	assert_value(envp, "GIT_CONFIG_VALUE_1", "0");
	assert_value(envp, "GIT_CONFIG_COUNT", "3");
	/* With push, the user's logins are as they are; tokens have to be named all the same. */
	assert_value(envp, "GIT_ASKPASS", NULL);
	assert_value(envp, "GH_CONFIG_DIR", "/gh");
	assert_value(envp, "DBUS_SESSION_BUS_ADDRESS", "unix:x");
	assert_value(envp, "GH_TOKEN", NULL);
	agent_env_free(envp);
}

/* What Git itself makes of it: run 'git credential fill' with helpers set up as gh does. */
static struct child_result fill_credential(const char *home, char **envp)
{
	const char *run[128];
	size_t n = 0;
	struct child_result r;
	struct err e = ERR_INIT;
	char *home_var = mem_printf("HOME=%s", home);

	run[n++] = "env";
	run[n++] = "-i";
	for (char **v = envp; *v && n < 100; v++)
		if (strncmp(*v, "HOME=", 5))
			run[n++] = *v;
	run[n++] = home_var;
	run[n++] = "git";
	run[n++] = "credential";
	run[n++] = "fill";
	run[n] = NULL;
	if (child_run(&(struct child_spec){.argv = run,
					   .input = STR("protocol=https\nhost=forge.test\n\n"),
					   .timeout_ms = 30000},
		      &r, &e))
		fail_msg("%s", e.msg);
	free(home_var);
	return r;
}

static void test_env__leaves_git_without_credentials(void **state)
{
	static const char config[] =
		"[credential]\n\thelper = \"!f() { echo username=u; echo password=secret; }; f\"\n"
		"[credential \"https://forge.test\"]\n\thelper =\n"
		"\thelper = \"!f() { echo username=u; echo password=secret; }; f\"\n";
	const struct agent_settings with_push = {.name = "a", .push = true};
	char *dir = tmp_make(), *path = path_join(dir, ".gitconfig");
	struct child_result r;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_write(path, str_of(config), false, &e), 0);
	for (int push = 0; push < 2; push++) {
		char **envp = agent_env(push ? &with_push : NULL, &attempt);

		r = fill_credential(dir, envp);
		if (push)
			assert_non_null(strstr(buf_cstr(&r.out), "secret"));
		else
			assert_null(strstr(buf_cstr(&r.out), "secret"));
		assert_int_equal(r.exit_code != 0, !push);
		child_result_done(&r);
		agent_env_free(envp);
	}
	free(path);
	tmp_done(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env__passes_the_short_list_only),
		cmocka_unit_test(test_env__names_everything_of_the_attempt),
		cmocka_unit_test(test_env__survives_odd_environments),
		cmocka_unit_test(test_env__bounds_what_execve_would_refuse),
		cmocka_unit_test(test_env__takes_what_the_settings_name),
		cmocka_unit_test(test_env__has_the_way_to_the_tracker),
		cmocka_unit_test(test_env__makes_a_project_name_that_compose_takes),
		cmocka_unit_test(test_env__adds_to_git_settings_that_are_there),
		cmocka_unit_test(test_env__leaves_git_without_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
