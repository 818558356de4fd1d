#ifndef AGENT_PERMISSION_H
#define AGENT_PERMISSION_H

#include "base/str.h"

/*
 * What an agent may do, by rules as in ganger.yaml, the first that fits:
 *
 *     allow|deny|ask TOOL[(PATTERN)]
 *
 * TOOL is a tool's name as its program has it, or what it does: read, write, run, fetch, escalate; with *
 * and ? as in file names. PATTERN (the same, where * also covers slashes) is held against the command,
 * or the path: as it is, and below the worktree from there on. Where no rule fits: what is written
 * outside the worktree or asks to leave a sandbox is denied, all else is allowed. A path is taken by its text: links are not
 * followed, and what a command writes is not seen; the check of what an attempt has touched is
 * elsewhere (git/outside.c).
 */
struct permission_ask {
	const char *tool;    /* as the program calls it; never NULL */
	const char *does;    /* "read", "write", "run", "fetch"; NULL: something else */
	const char *path;    /* NULL: none is named; below the worktree where it is relative */
	const char *command; /* NULL: none */
};

/* To leave the sandbox that the program keeps itself in: denied, where no rule fits. */
#define PERMISSION_ESCALATE "escalate"

enum permission { PERMISSION_ALLOW = 1, PERMISSION_DENY, PERMISSION_ASK };

/* rules NULL: none. why: what a denied agent is told. */
enum permission permission_decide(const char *const *rules,
				  const char *worktree,
				  const struct permission_ask *ask,
				  struct buf *why);

/* Is this path, by its text, outside the worktree? */
bool permission_is_outside(const char *worktree, const char *path);

#endif
