#include "config/presets.h"

#include "base/str.h"

#define TEXTS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

/* The prompt comes on standard input, or in $GANGER_PROMPT_FILE; never as an argument, of which
 * one may have 128 KiB at most. */
const struct config_preset config_presets[] = {
	{
         .name = "claude",
         .program = "claude",
         .title = "Claude Code",
         .command = "claude -p --output-format stream-json --verbose "
			   "--permission-mode acceptEdits --allowedTools \"Bash Edit Write Read\"", .probe = "claude --version",
         .pause_on = TEXTS("(usage|session|weekly|hourly) limit",
         "limit reached", "rate.?limit",
         "overloaded", "credit balance",
         "not logged in", "please run /login"),
         .keys = TEXTS("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
	 },
	{
         .name = "codex",
         .program = "codex",
         .title = "Codex",
         .command =
			"codex exec -s workspace-write "
			"-c \"sandbox_workspace_write.writable_roots=[\\\"$GANGER_GIT_DIR\\\"]\" -", .probe = "codex --version",
         .pause_on = TEXTS("usage limit",
         "rate.?limit", "overloaded",
         "at capacity", "not logged in",
         "please log in"),
         .keys = TEXTS("OPENAI_API_KEY", "CODEX_API_KEY"),
	 },
	{
         .name = "copilot",
         .program = "copilot",
         .title = "Copilot CLI",
         /* With -p, standard input would be ignored. */
		.command = "copilot --allow-all-tools --no-auto-update -s",
         .probe = "copilot --version",
         .pause_on = TEXTS("usage limit",
         "rate.?limit", "quota",
         "overloaded", "not logged in",
         "no authentication"),
         .keys = TEXTS("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"),
	 },
	{
         .name = "aider",
         .program = "aider",
         .title = "Aider",
         .command = "aider --yes-always --no-gitignore --no-check-update "
			   "--message-file \"$GANGER_PROMPT_FILE\"", .probe = "aider --version",
         .pause_on = TEXTS("rate.?limit", "overloaded", "quota", "insufficient.?credit"),
         .keys = TEXTS("OPENAI_API_KEY",
         "ANTHROPIC_API_KEY", "GEMINI_API_KEY",
         "DEEPSEEK_API_KEY", "OPENROUTER_API_KEY"),
	 },
	{
         .name = "iloom",
         .program = "il",
         .title = "iloom",
         .command = "il spin -p",
         .probe = "il --version",
         .pause_on = TEXTS("(usage|session|weekly) limit", "rate.?limit", "overloaded"),
         .keys = TEXTS("ANTHROPIC_API_KEY"),
         .note = "it seems to expect a worktree that 'il start' has registered",
	 },
	{.name = NULL             },
};

const struct config_preset *config_preset_find(const char *name)
{
	for (const struct config_preset *p = config_presets; p->name; p++) {
		if (streq(p->name, name))
			return p;
	}
	return NULL;
}
