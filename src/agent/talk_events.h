#ifndef AGENT_TALK_EVENTS_H
#define AGENT_TALK_EVENTS_H

#include "agent/talk.h"

/*
 * The events of a talk, as <task>.events.jsonl has them: an object a line, alike for all kinds.
 * They bear no times, since they follow from the log alone and are made again after a crash.
 *
 *   {"type":"session","id","model"}           {"type":"turn","n"}
 *   {"type":"said","text"}                    a person, by 'ganger send'
 *   {"type":"message","text"}                 the agent
 *   {"type":"tool","id","tool","input"}       {"type":"tool_end","id","ok","output"}
 *   {"type":"permission","tool","input","decision":"allow"|"deny"|"ask","why","question"}
 *                                             question: of "ask", by which it is answered: "1.2"
 *   {"type":"decided","question","decision":"allow"|"deny"|"gone"}     gone: with its connection
 *   {"type":"tokens","in","out","cost_usd"}   sums; what is not known is null
 *   {"type":"error","text"}
 *   {"type":"turn_end","status":"completed"|"failed","text"}
 */
void talk_event_said(struct agent_talk *t, const char *text);
void talk_event_permission(struct agent_talk *t,
			   const struct permission_ask *ask,
			   enum permission p,
			   const char *why,
			   const char *question);
void talk_event_decided(struct agent_talk *t, const char *question, const char *decision);
void talk_event_turn_end(struct agent_talk *t);

#endif
