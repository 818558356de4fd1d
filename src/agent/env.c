#include "base/clean.h"
#include "base/mem.h"
#include "base/str.h"
#include "port/agent.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One variable must fit into what execve takes for one string (128 KiB). */
#define TITLE_MAX    4096
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * What is passed on from the user's environment; a name that ends in '*' is a prefix. Proxies
 * are named in both cases, since curl reads 'http_proxy' in small letters only; TZ, since we
 * read in our zone the time of day at which an agent says that its limit ends.
 */
static const char *const passed[] = {
	"PATH",
	"HOME",
	"USER",
	"LOGNAME",
	"LANG",
	"LC_*",
	"TERM",
	"TZ",
	"TMPDIR",
	"SHELL",
	"XDG_*",
	"SSH_AUTH_SOCK",
	"HTTP_PROXY",
	"HTTPS_PROXY",
	"NO_PROXY",
	"http_proxy",
	"https_proxy",
	"no_proxy",
	"SSL_CERT_FILE",
	"SSL_CERT_DIR",
	"NODE_EXTRA_CA_CERTS",
	"CLAUDE_CONFIG_DIR",
	"CODEX_HOME",
	"COPILOT_HOME",
	"CARGO_HOME",
	"RUSTUP_HOME",
	"GOPATH",
	"JAVA_HOME",
	"NVM_DIR",
	"PNPM_HOME",
	"DOCKER_HOST",
};

/* With agents.NAME.push: where the user's logins are kept. */
static const char *const passed_push[] = {"GH_CONFIG_DIR", "GH_HOST", "DBUS_SESSION_BUS_ADDRESS"};

/* Git settings of everything that runs beside other worktrees of the same repository. */
struct setting {
	const char *key, *value;
	bool unless_push;
};

static const struct setting settings[] = {
  /* A collection in the shared object store would run beside every other agent. */
	{"gc.auto",           "0",     false},
	{"maintenance.auto",  "false", false},
 /* An empty value empties the list that the user's own files made. */
	{"credential.helper", "",      true },
	{"core.askPass",      "",      true },
};

struct env {
	VEC(char *) vars;
};

static size_t name_length(const char *var)
{
	const char *eq = strchr(var, '=');

	return eq ? (size_t)(eq - var) : strlen(var);
}

static const char *env_find(const struct env *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->vars.n; i++)
		if (name_length(env->vars.items[i]) == n && !memcmp(env->vars.items[i], name, n))
			return env->vars.items[i] + n + 1;
	return NULL;
}

/* Put "NAME=value" in, taking it over; an earlier one of that name goes. */
static void env_put_take(struct env *env, char *var)
{
	size_t n = name_length(var);

	for (size_t i = 0; i < env->vars.n; i++) {
		char *old = env->vars.items[i];

		if (name_length(old) == n && !memcmp(old, var, n)) {
			free(old);
			env->vars.items[i] = var;
			return;
		}
	}
	VEC_PUSH(&env->vars, var);
}

static void env_set(struct env *env, const char *name, const char *value)
{
	if (value)
		env_put_take(env, mem_printf("%s=%s", name, value));
}

static void env_drop(struct env *env, const char *name)
{
	size_t n = strlen(name), kept = 0;

	for (size_t i = 0; i < env->vars.n; i++) {
		char *var = env->vars.items[i];

		if (name_length(var) == n && !memcmp(var, name, n))
			free(var);
		else
			env->vars.items[kept++] = var;
	}
	env->vars.n = kept;
}

static void env_set_int(struct env *env, const char *name, int value)
{
	env_put_take(env, mem_printf("%s=%d", name, value));
}

static bool name_matches(const char *pattern, const char *name, size_t n)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return n >= len - 1 && !memcmp(pattern, name, len - 1);
	return n == len && !memcmp(pattern, name, n);
}

/* Of several of one name the first counts, as for getenv(). */
static void env_pass(struct env *env, const char *pattern)
{
	for (char **v = environ; v && *v; v++) {
		size_t n = name_length(*v);
		char *name CLEANUP(freep) = mem_strndup(*v, n);

		if ((*v)[n] != '=' || n == 0 || !name_matches(pattern, name, n))
			continue;
		if (!env_find(env, name))
			env_put_take(env, mem_strdup(*v));
	}
}

static void add_users(struct env *env, bool push)
{
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		env_pass(env, passed[i]);
	for (size_t i = 0; push && i < ARRAY_LEN(passed_push); i++)
		env_pass(env, passed_push[i]);
	if (!env_find(env, "PATH"))
		env_set(env, "PATH", PATH_DEFAULT);
	if (!env_find(env, "HOME")) {
		struct passwd pw, *found = NULL;
		char text[4096];

		if (getpwuid_r(getuid(), &pw, text, sizeof(text), &found) == 0 && found)
			env_set(env, "HOME", found->pw_dir);
	}
}

/* Compose takes [a-z0-9][a-z0-9_-]* only. */
static void add_compose(struct env *env, const struct agent_attempt *a)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	for (const char *p = a->repository ? a->repository : ""; *p; p++) {
		int c = tolower((unsigned char)*p);
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (plain || (b.n > 0 && (c == '_' || c == '-')))
			buf_putc(&b, (char)c);
		else if (b.n > 0 && b.p[b.n - 1] != '-')
			buf_putc(&b, '-');
	}
	if (b.n == 0)
		buf_puts(&b, "ganger");
	if (b.p[b.n - 1] != '-')
		buf_putc(&b, '-');
	buf_printf(&b, "%d", a->slot);
	env_set(env, "COMPOSE_PROJECT_NAME", buf_cstr(&b));
}

/*
 * No way to the user's logins that goes by itself. gh gets a folder beside the prompt that is
 * not there; it would go away with the job. gh looks into the desktop's key ring also where
 * it has no configuration, and finds the ring through the session bus.
 */
static void add_no_logins(struct env *env, const struct agent_attempt *a)
{
	const char *prompt =
		a->prompt_path && a->prompt_path[0] == '/' ? a->prompt_path : "/nonexistent/";
	int n = (int)(strrchr(prompt, '/') - prompt);

	env_set(env, "GIT_TERMINAL_PROMPT", "0");
	env_set(env, "GIT_ASKPASS", "");
	env_put_take(env, mem_printf("GH_CONFIG_DIR=%.*s/gh", n, prompt));
	env_set(env, "GH_PROMPT_DISABLED", "1");
	env_set(env, "DBUS_SESSION_BUS_ADDRESS", "disabled:");
}

/* A name alone stands for the user's own value, and for none where the user has none. */
static void add_named(struct env *env, const struct agent_settings *s)
{
	for (const char *const *v = s->env; v && *v; v++) {
		const char *own;

		if (strchr(*v, '=')) {
			env_put_take(env, mem_strdup(*v));
			continue;
		}
		own = getenv(*v);
		env_drop(env, *v);
		env_set(env, *v, own);
	}
}

static void add_tracker(struct env *env, const struct agent_attempt *a)
{
	for (const char *const *v = a->tracker_env; v && *v; v++)
		env_put_take(env, mem_strdup(*v));
}

static void add_ganger(struct env *env, const struct agent_attempt *a)
{
	char *title CLEANUP(freep) = NULL;

	if (a->title)
		title = mem_strndup(a->title, strnlen(a->title, TITLE_MAX));
	env_set(env, "GANGER_EPIC", a->epic);
	env_set(env, "GANGER_TASK", a->task);
	env_set(env, "GANGER_TITLE", title);
	env_set_int(env, "GANGER_ATTEMPT", a->attempt);
	env_set(env, "GANGER_BRANCH", a->branch);
	env_set(env, "GANGER_EPIC_BRANCH", a->epic_branch);
	env_set(env, "GANGER_BASE", a->base);
	env_set(env, "GANGER_ROOT", a->root);
	env_set(env, "GANGER_WORKTREE", a->worktree);
	env_set(env, "GANGER_GIT_DIR", a->git_dir);
	env_set_int(env, "GANGER_SLOT", a->slot);
	env_set(env, "GANGER_PROMPT_FILE", a->prompt_path);
	env_set(env, "GANGER_RESULT_FILE", a->result_path);
	env_set(env, "GANGER_LOG", a->log_path);
	env_set(env, "GANGER_FEEDBACK_FILE", a->feedback_path);
	env_set(env, "GANGER_SESSION", a->session);
	if (a->cost_max > 0) {
		struct buf cost = BUF_INIT;

		buf_puts(&cost, "GANGER_ATTEMPT_COST=");
		buf_amount(&cost, a->cost_max);
		env_put_take(env, buf_take(&cost));
	}
}

static void add_iloom(struct env *env, const struct agent_attempt *a)
{
	env_set(env, "ILOOM_SWARM_MODE", "1");
	env_set(env, "ILOOM_EPIC_BRANCH", a->epic_branch);
	env_set(env, "ILOOM_EPIC_ISSUE", a->epic);
}

static void add_setting(struct env *env, const char *key, const char *value, int64_t *n)
{
	env_put_take(env, mem_printf("GIT_CONFIG_KEY_%d=%s", (int)*n, key));
	env_put_take(env, mem_printf("GIT_CONFIG_VALUE_%d=%s", (int)*n, value));
	++*n;
}

/*
 * After those that agents.NAME.env may have brought itself: the last of a key counts. Where the
 * user has told Git no name, an agent could not commit.
 */
static void add_git_config(struct env *env, const struct agent_attempt *a, bool push)
{
	const char *own = env_find(env, "GIT_CONFIG_COUNT");
	int64_t n = 0;

	if (!own || !str_i64(str_of(own), &n) || n < 0 || n > 1000)
		n = 0;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (push && settings[i].unless_push)
			continue;
		add_setting(env, settings[i].key, settings[i].value, &n);
	}
	if (a->no_name)
		add_setting(env, "user.name", "ganger", &n);
	if (a->no_email)
		add_setting(env, "user.email", "ganger@localhost", &n);
	env_set_int(env, "GIT_CONFIG_COUNT", (int)n);
}

char **agent_env(const struct agent_settings *s, const struct agent_attempt *a)
{
	bool push = s && s->push;
	struct env env = {0};

	add_users(&env, push);
	add_compose(&env, a);
	add_iloom(&env, a);
	if (!push)
		add_no_logins(&env, a);
	add_tracker(&env, a);
	if (s)
		add_named(&env, s);
	add_ganger(&env, a);
	add_git_config(&env, a, push);
	VEC_PUSH(&env.vars, NULL);
	return env.vars.items;
}

void agent_env_free(char **envp)
{
	for (char **v = envp; v && *v; v++)
		free(*v);
	free(envp);
}
