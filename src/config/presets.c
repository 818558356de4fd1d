#include "config/presets.h"

#include "base/str.h"

/*
 * The prompt comes on standard input, or in $GANGER_PROMPT_FILE; never as an argument, of which
 * one may have 128 KiB at most. What is marked 'tested' was run on the real program with a
 * model of our own behind it (test/agents): work, an API error, a limit and a lost login.
 * Patterns are searched for only where the program failed. How long one tries again by itself where
 * it is refused as busy, before it fails: opencode a minute, Gemini six, Qwen Code more than ten, or
 * four with 1 for its setting model.generationConfig.maxRetries.
 */

/* It knows what its model costs, and tells only after a turn. */
#define CLAUDE_BUDGET "${GANGER_ATTEMPT_COST:+--max-budget-usd \"$GANGER_ATTEMPT_COST\"}"

/*
 * JSON, since plain -p prints nothing until its end. EnterWorktree needs no permission, and
 * would put a further worktree into the user's checkout and go on working there.
 */
#define CLAUDE_COMMAND                                                                             \
	"exec claude -p --output-format stream-json --verbose --permission-mode acceptEdits "      \
	"--allowedTools \"Bash Edit Write Read\" --disallowedTools \"EnterWorktree "               \
	"ExitWorktree\" " CLAUDE_BUDGET

/* What needs no permission of its own would not be asked for: so it is not in --allowedTools. */
#define CLAUDE_TALK                                                                                \
	"exec claude -p --input-format stream-json --output-format stream-json --verbose "         \
	"--replay-user-messages --permission-prompt-tool stdio "                                   \
	"--disallowedTools \"EnterWorktree ExitWorktree AskUserQuestion\" "                        \
	"${GANGER_SESSION:+--resume \"$GANGER_SESSION\"} " CLAUDE_BUDGET

static const char *const claude_limits[] = {
	"(usage|session|weekly|hourly|5-hour|opus|sonnet) limit",
	"hit your limit",
	"limit reached",
	"rate.?limit",
	"overloaded",
	"api_error_status\":(401|429|50[0234]|529)",
	"API Error:.{0,40}(429|50[0234]|529)",
	"credit balance",
	"not logged in",
	"run /login",
	"failed to authenticate",
	"oauth token",
	"invalid api key",
	NULL,
};

static const char *const claude_keys[] = {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", NULL};

/*
 * Its sandbox lets it write the worktree; a commit needs these parts of the repository's folder
 * too. Not all of it: hooks and configuration are run by others.
 */
#define CODEX_ROOTS                                                                                \
	"g=$(git rev-parse --path-format=absolute --git-common-dir) && "                           \
	"w=$(git rev-parse --absolute-git-dir) && "                                                \
	"r=\"sandbox_workspace_write.writable_roots="                                              \
	"[\\\"$g/objects\\\",\\\"$g/refs\\\",\\\"$g/logs\\\",\\\"$w\\\"]\" && "
#define CODEX_COMMAND CODEX_ROOTS "exec codex exec --json -s workspace-write -c \"$r\" -"
#define CODEX_TALK    CODEX_ROOTS "exec codex -c \"$r\" app-server"

/* A model of one's own needs no login. */
#define CODEX_PROBE                                                                                \
	"codex login status || test -n \"$CODEX_API_KEY\" || "                                     \
	"grep -q '^model_provider' \"${CODEX_HOME:-$HOME/.codex}/config.toml\""

static const char *const codex_limits[] = {
	"usage limit",
	"rate.?limit",
	"status:? (401|429|50[0234]|529)",
	"overloaded",
	"at capacity",
	"quota",
	"not logged in",
	"log ?in again",
	"please log in",
	"token .{0,20}expired",
	NULL,
};

static const char *const codex_keys[] = {"OPENAI_API_KEY", "CODEX_API_KEY", NULL};

/*
 * With -p, standard input would be ignored. JSON, since it ends with 0 also where a signal broke it
 * off, and only its events say so.
 */
#define COPILOT_COMMAND                                                                            \
	"exec copilot --allow-all-tools --no-ask-user --no-auto-update --output-format json"

/* GANGER_SERVE is set where it is to serve many sessions. */
#define COPILOT_TALK                                                                               \
	"exec copilot --headless ${GANGER_SERVE:---stdio} --no-auto-update --no-auto-login "       \
	"--log-level error"

static const char *const copilot_limits[] = {
	"rate.?limit",
	"(usage|session|weekly|premium)[a-z ]{0,20} limit",
	"quota",
	"(error|status|statusCode\"):? ?\\(?(401|429|50[0234]|529)",
	"overloaded",
	"not logged in",
	"no authentication information",
	"authentication failed",
	NULL,
};

/* Its login may be in the desktop's key ring, which is found through the session bus. */
static const char *const copilot_env[] = {"DBUS_SESSION_BUS_ADDRESS", NULL};
static const char *const copilot_keys[] = {"COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN",
					   NULL};

/* Without -p it takes its prompt from standard input. */
#define GEMINI_COMMAND "exec gemini -y --output-format stream-json"
#define GEMINI_TALK    "exec gemini --acp"

static const char *const gemini_limits[] = {
	"quota",
	"rate.?limit",
	"resource.?exhausted",
	"overloaded",
	"unavailable",
	"(status|code)\\\\?\"?:? ?(401|429|50[0234]|529)",
	"set an auth method",
	"api key not valid",
	NULL,
};

static const char *const gemini_keys[] = {"GEMINI_API_KEY", "GOOGLE_API_KEY", NULL};
/* A worktree is a new folder each time, which nobody has been asked to trust. */
static const char *const gemini_env[] = {"GEMINI_CLI_TRUST_WORKSPACE=true", NULL};

/* The prompt comes on standard input here, too. */
#define QWEN_COMMAND "exec qwen -y --output-format stream-json"
#define QWEN_TALK    "exec qwen --acp"

static const char *const qwen_limits[] = {
	"quota",        "rate.?limit", "overloaded", "API Error: ?(401|429|50[0234]|529)",
	"no auth type", "api key",     NULL,
};

static const char *const qwen_keys[] = {"OPENAI_API_KEY", "DASHSCOPE_API_KEY", NULL};
/* Where its model is, and which. */
static const char *const qwen_env[] = {"OPENAI_BASE_URL", "OPENAI_MODEL", NULL};

/*
 * It asks only for what it is told to ask for; else no rule would be asked either.
 */
#define OPENCODE_ASKS                                                                              \
	"OPENCODE_PERMISSION='{\"bash\":\"ask\",\"edit\":\"ask\",\"webfetch\":\"ask\","            \
	"\"external_directory\":\"ask\"}' "

/* As text: its JSON has no last words in which it could say that there was nothing to do. */
#define OPENCODE_COMMAND "exec opencode run --auto"
#define OPENCODE_TALK    OPENCODE_ASKS "exec opencode acp"
/* Makes its database, where there is none: several that begin at once would each try to. */
#define OPENCODE_PROBE   "opencode session list"

/* Of a refusal it tells the provider's words alone, not the status. */
static const char *const opencode_limits[] = {
	"quota",
	"rate.?limit",
	"too many requests",
	"(usage|session|weekly|monthly) limit",
	"overloaded",
	"unauthorized",
	"api key",
	"statusCode\\?\"?: ?(401|429|50[0234]|529)",
	NULL,
};

static const char *const opencode_keys[] = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY",
					    "OPENROUTER_API_KEY", NULL};

/* Text: its last words, and on an error that alone, with another exit. */
#define PI_COMMAND "exec pi -p"

static const char *const pi_limits[] = {
	"quota",      "rate.?limit", "(usage|session|weekly|monthly) limit",
	"overloaded", "api key",     "^(401|429|50[0234]|529) ",
	NULL,
};

static const char *const pi_keys[] = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY",
				      NULL};

#define AIDER_COMMAND                                                                              \
	"exec aider --yes-always --no-gitignore --no-check-update "                                \
	"--message-file \"$GANGER_PROMPT_FILE\""

static const char *const aider_limits[] = {"rate.?limit",          "overloaded",          "quota",
					   "insufficient.?credit", "authenticationerror", NULL};

static const char *const aider_keys[] = {"OPENAI_API_KEY",   "ANTHROPIC_API_KEY",  "GEMINI_API_KEY",
					 "DEEPSEEK_API_KEY", "OPENROUTER_API_KEY", NULL};

static const char *const iloom_limits[] = {"(usage|session|weekly) limit", "rate.?limit",
					   "overloaded", NULL};

static const char *const iloom_keys[] = {"ANTHROPIC_API_KEY", NULL};

/* Seen in what each sent to a model of our own. */
static const char *const reads_claude[] = {"CLAUDE.md", NULL};
static const char *const reads_agents[] = {"AGENTS.md", NULL};
static const char *const reads_copilot[] = {"AGENTS.md", "CLAUDE.md", "GEMINI.md", NULL};
static const char *const reads_gemini[] = {"GEMINI.md", NULL};
static const char *const reads_qwen[] = {"AGENTS.md", "QWEN.md", NULL};

/* clang-format off: it would align what is no table */
const struct config_preset config_presets[] = {
	{
         .name = "claude",
         .program = "claude",
         .title = "Claude Code",
         .command = CLAUDE_COMMAND,
         .talk_kind = "claude",
         .talk_command = CLAUDE_TALK,
         .probe = "claude auth status",
         .pause_on = claude_limits,
         .keys = claude_keys,
         .reads = reads_claude,
         .note = "the probe asks for a login or a key, not whether it is still good",
         .tested = true,
	 },
	{
         .name = "codex",
         .program = "codex",
         .title = "Codex",
         .command = CODEX_COMMAND,
         .talk_kind = "codex",
         .talk_command = CODEX_TALK,
         .probe = CODEX_PROBE,
         .pause_on = codex_limits,
         .keys = codex_keys,
         .reads = reads_agents,
         .note = "its sandbox has no network: what tests need belongs into worktree.setup",
         .tested = true,
	 },
	{
         .name = "copilot",
         .program = "copilot",
         .title = "Copilot CLI",
         .command = COPILOT_COMMAND,
         .talk_kind = "copilot",
         .talk_command = COPILOT_TALK,
         .probe = "copilot --version",
         .pause_on = copilot_limits,
         .env = copilot_env,
         .keys = copilot_keys,
         .reads = reads_copilot,
         .note = "a login of gh is not seen: use /login in copilot itself; the probe says "
			"only that it is installed", .tested = true,
	 },
	{
         .name = "gemini",
         .program = "gemini",
         .title = "Gemini CLI",
         .command = GEMINI_COMMAND,
         .talk_kind = "acp",
         .talk_command = GEMINI_TALK,
         .probe = "gemini --version",
         .pause_on = gemini_limits,
         .env = gemini_env,
         .keys = gemini_keys,
         .reads = reads_gemini,
         .note = "the probe says only that it is installed",
         .tested = true,
	 },
	{
         .name = "qwen",
         .program = "qwen",
         .title = "Qwen Code",
         .command = QWEN_COMMAND,
         .talk_kind = "acp",
         .talk_command = QWEN_TALK,
         .probe = "qwen --version",
         .pause_on = qwen_limits,
         .env = qwen_env,
         .keys = qwen_keys,
         .reads = reads_qwen,
         .note = "the probe says only that it is installed",
         .tested = true,
	 },
	{
         .name = "opencode",
         .program = "opencode",
         .title = "opencode",
         .command = OPENCODE_COMMAND,
         .talk_kind = "acp",
         .talk_command = OPENCODE_TALK,
         .probe = OPENCODE_PROBE,
         .pause_on = opencode_limits,
         .keys = opencode_keys,
         .reads = reads_agents,
         .note = "the probe says only that it is installed and can keep its sessions",
         .tested = true,
	 },
	{
         .name = "pi",
         .program = "pi",
         .title = "pi",
         .command = PI_COMMAND,
         .probe = "pi --version",
         .pause_on = pi_limits,
         .keys = pi_keys,
         .reads = reads_agents,
         .note = "it asks for no permission; the probe says only that it is installed",
         .tested = true,
	 },
	{
         .name = "aider",
         .program = "aider",
         .title = "Aider",
         .command = AIDER_COMMAND,
         .probe = "aider --version",
         .pause_on = aider_limits,
         .keys = aider_keys,
         .note = "the probe says only that it is installed",
	 },
	{
         .name = "iloom",
         .program = "il",
         .title = "iloom",
         .command = "exec il spin -p",
         .probe = "il --version",
         .pause_on = iloom_limits,
         .keys = iloom_keys,
         .note = "it seems to expect a worktree that 'il start' has registered",
	 },
	{.name = NULL						       },
};
/* clang-format on */

const struct config_preset *config_preset_find(const char *name)
{
	for (const struct config_preset *p = config_presets; p->name; p++) {
		if (streq(p->name, name))
			return p;
	}
	return NULL;
}
