#ifndef AGENT_KINDS_H
#define AGENT_KINDS_H

#include "port/agent.h"

/* The rows of agent_kinds[]. A new kind is one file that defines its row and one line there. */

/* Any program: prompt on standard input, judged by exit status, result file and log. */
extern const struct agent_kind agent_kind_command;

/*
 * These talk: their command line (config/presets.c has it) starts a program that is given its
 * prompt by a protocol, and they are judged by the record of their last turn.
 */
extern const struct agent_kind agent_kind_claude;
extern const struct agent_kind agent_kind_codex;
extern const struct agent_kind agent_kind_copilot;
extern const struct agent_kind agent_kind_acp;

/* How long a program that tells of what it does may be silent. */
#define AGENT_SILENCE_MS (15 * 60 * INT64_C(1000))

/* agent_kind.command of all that are started by settings.command. */
int agent_command_start(const struct agent_settings *s,
			const struct agent_attempt *a,
			bool probe,
			struct agent_command *ret,
			struct err *e) MUST_CHECK;
/* The same for kinds that talk: nothing is on their standard input. */
int agent_talk_start(const struct agent_settings *s,
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
