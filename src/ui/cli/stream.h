#ifndef UI_CLI_STREAM_H
#define UI_CLI_STREAM_H

#include "base/str.h"

/*
 * One line of what an agent wrote, where it is one by which Claude Code ('--output-format stream-json'),
 * Codex ('exec --json'), Copilot ('--output-format json') or Gemini CLI ('--output-format stream-json')
 * tells what it does: as text for people, with newlines, harmless on a terminal; nothing where there is
 * nothing to say. False: it is no such line, and nothing was added.
 *
 * open      kept from line to line, false at first: the text ends within a line, since Gemini tells a
 *           message in pieces. What is none of this text is to begin with a newline then
 */
bool stream_text(struct buf *out, struct str line, bool *open);

#endif
