#ifndef AGENT_JUDGE_H
#define AGENT_JUDGE_H

#include "port/agent.h"

/* Over this, a result file is not read but a failure with its reason. */
#define RESULT_FILE_MAX  (64u << 10)
/* How much of the end of the log is searched for pause_on, and for the final record. */
#define LOG_PAUSE_BYTES  4096u
#define LOG_RECORD_BYTES (64u << 10)

/* Check that every entry of pause_on compiles; INVALID names the first that does not. */
int agent_patterns_check(const struct agent_settings *s, struct err *e) MUST_CHECK;

#endif
