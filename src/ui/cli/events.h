#ifndef UI_CLI_EVENTS_H
#define UI_CLI_EVENTS_H

#include "base/str.h"

/*
 * One line of <task>.events.jsonl (agent/talk_events.h) as text for people, with newlines;
 * nothing where there is nothing to say. Harmless on a terminal. What is no such line is shown
 * as it is.
 */
void event_text(struct buf *out, struct str line);
struct cJSON;
/* The same of an event that was parsed; false: it is none, and nothing was added. */
bool event_show(struct buf *out, const struct cJSON *o);

#endif
