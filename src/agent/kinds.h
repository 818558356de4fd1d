#ifndef AGENT_KINDS_H
#define AGENT_KINDS_H

#include "port/agent.h"

/* The rows of agent_kinds[]. A new kind is one file that defines its row and one line there. */

/* Any program: prompt on standard input, judged by exit status, result file and log. */
extern const struct agent_kind agent_kind_command;

/*
 * These are started as 'command' is, with a command line under which they tell what they do as
 * lines of JSON (config/presets.c has it), and judged by the record of their end.
 */
extern const struct agent_kind agent_kind_claude;
extern const struct agent_kind agent_kind_codex;
extern const struct agent_kind agent_kind_copilot;

/* agent_kind.command of all that are started by settings.command. */
int agent_command_start(const struct agent_settings *s,
			const struct agent_attempt *a,
			bool probe,
			struct agent_command *ret,
			struct err *e) MUST_CHECK;

/*
 * For tests: runs, with sh, what follows '$ ' on lines of its prompt, and is judged as
 * 'command' is. settings.command is not used.
 */
extern const struct agent_kind agent_kind_fake;

#endif
