#ifndef AGENT_KINDS_H
#define AGENT_KINDS_H

#include "port/agent.h"

/* The rows of agent_kinds[]. A new kind is one file that defines its row and one line there. */

/* Any program: prompt on standard input, judged by exit status, result file and log. */
extern const struct agent_kind agent_kind_command;

/*
 * For tests: runs, with sh, what follows '$ ' on lines of its prompt, and is judged as
 * 'command' is. settings.command is not used.
 */
extern const struct agent_kind agent_kind_fake;

#endif
