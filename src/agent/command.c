#include "agent/judge.h"
#include "agent/kinds.h"
#include "base/clean.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static char **argv_copy(const char *const *argv)
{
	VEC(char *) v = {0};

	for (; *argv; argv++)
		VEC_PUSH(&v, mem_strdup(*argv));
	VEC_PUSH(&v, NULL);
	return v.items;
}

/* Below the worktree, by its text alone: the folder may not be there yet. */
static int resolve_cwd(const char *worktree, const char *cwd, char **ret, struct err *e)
{
	struct str rest = str_of(cwd), part;

	if (!cwd || !*cwd || streq(cwd, ".")) {
		*ret = mem_strdup(worktree);
		return 0;
	}
	if (cwd[0] == '/')
		return err_set(e, ERR_INVALID, "folder '%s' is not relative to the worktree", cwd);
	while (str_next(&rest, '/', &part))
		if (str_eq(part, STR("..")))
			return err_set(e, ERR_INVALID, "folder '%s' leads out of the worktree",
				       cwd);
	*ret = mem_printf("%s/%s", worktree, cwd);
	return 0;
}

static int fill(const struct agent_settings *s,
		const struct agent_attempt *a,
		const char *const *argv,
		bool stdin_prompt,
		struct agent_command *ret,
		struct err *e)
{
	struct agent_command c = {0};
	int rc = resolve_cwd(a->worktree, s->cwd, &c.cwd, e);

	if (rc)
		return err_wrap(e, "could not start agent '%s'", s->name);
	c.argv = argv_copy(argv);
	c.envp = agent_env(s, a);
	if (stdin_prompt)
		c.stdin_path = mem_strdup(a->prompt_path);
	*ret = c;
	return 0;
}

int agent_command_start(const struct agent_settings *s,
			const struct agent_attempt *a,
			bool probe,
			struct agent_command *ret,
			struct err *e)
{
	const char *const *argv = probe ? s->probe : s->command;

	if (!argv || !argv[0])
		return err_set(e, ERR_INVALID, "agent '%s' has no %s", s->name,
			       probe ? "probe" : "command");
	if (agent_patterns_check(s, e))
		return err_wrap(e, "could not start agent '%s'", s->name);
	return fill(s, a, argv, !probe, ret, e);
}

int agent_talk_start(const struct agent_settings *s,
		     const struct agent_attempt *a,
		     bool probe,
		     struct agent_command *ret,
		     struct err *e)
{
	int rc = agent_command_start(s, a, probe, ret, e);

	if (rc == 0)
		free(TAKE(ret->stdin_path));
	return rc;
}

const struct agent_kind agent_kind_command = {
	.name = "command",
	.cost = {AGENT_PERHAPS, AGENT_NEVER}, /* in a record that is known */
	.tokens = {AGENT_PERHAPS, AGENT_NEVER},
	.command = agent_command_start,
};

/*
 * The script is read in full before it runs, so that a line may read standard input, which is
 * then empty.
 */
static const char fake_script[] = "script=$(sed -n 's/^\\$ //p') || exit; eval \"$script\"";

static int fake_command(const struct agent_settings *s,
			const struct agent_attempt *a,
			bool probe,
			struct agent_command *ret,
			struct err *e)
{
	const char *const run[] = {"sh", "-c", fake_script, NULL};
	const char *const ok[] = {"true", NULL};

	return fill(s, a, probe ? ok : run, !probe, ret, e);
}

const struct agent_kind agent_kind_fake = {
	.name = "fake",
	.command = fake_command,
};
