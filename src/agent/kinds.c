#include "agent/kinds.h"

#include "base/mem.h"

#include <stdlib.h>

const struct agent_kind *const agent_kinds[] = {
	&agent_kind_command,
	&agent_kind_claude,
	&agent_kind_codex,
	&agent_kind_copilot,
	&agent_kind_acp,
	&agent_kind_fake,
	NULL,
};

const struct agent_kind *agent_kind_find(const char *name)
{
	for (const struct agent_kind *const *k = agent_kinds; *k; k++)
		if (streq((*k)->name, name))
			return *k;
	return NULL;
}

void agent_command_done(struct agent_command *c)
{
	if (!c)
		return;
	agent_env_free(c->argv); /* the same shape: a list of owned texts */
	agent_env_free(c->envp);
	free(c->cwd);
	free(c->stdin_path);
	*c = (struct agent_command){0};
}
