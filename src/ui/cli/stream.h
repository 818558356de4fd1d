#ifndef UI_CLI_STREAM_H
#define UI_CLI_STREAM_H

#include "base/str.h"

/*
 * One line of what an agent wrote, where it is one by which Claude Code ('--output-format stream-json'),
 * Codex ('exec --json') or Copilot ('--output-format json') tells what it does: as text for people,
 * with newlines, harmless on a terminal; nothing where there is nothing to say. False: it is no such
 * line, and nothing was added.
 */
bool stream_text(struct buf *out, struct str line);

#endif
