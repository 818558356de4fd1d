#ifndef AGENT_JUDGE_H
#define AGENT_JUDGE_H

#include "port/agent.h"

/* Over this, a result file is not read but a failure with its reason. */
#define RESULT_FILE_MAX  (64u << 10)
/* How much of the end of the log is searched for pause_on, and for the final record. */
#define LOG_PAUSE_BYTES  4096u
#define LOG_RECORD_BYTES (64u << 10)
/* The same where the lines of a program are known. */
#define LOG_SPEECH_BYTES (4u << 20)

/*
 * The verdict of kind 'command', as struct agent_kind says of judge. In this order:
 *   not started: FAILED
 *   a result file decides, however the job ended
 *   ended by a limit, a signal, on request, lost: FAILED with how
 *   exit 0: DONE, or NOTHING where the last line says so; FAILED where the program's own final
 *     record says that it failed. What pause_on finds in a success does not count: agents
 *     write about rate limits, too
 *   exit 75 or a match of pause_on at the end of the log: LATER
 *   any other exit: FAILED
 * e         INVALID: an entry of pause_on is not a regular expression; IO
 */
int agent_judge(const struct agent_settings *s,
		const struct agent_attempt *a,
		const struct job_end *end,
		int64_t now_wall_ms,
		struct agent_verdict *ret,
		struct err *e) MUST_CHECK;

struct speech;

/*
 * The same for a program whose lines are known. What differs: exit 0 is DONE or NOTHING only
 * with a record of the last turn that says success, and otherwise LATER or FAILED as another
 * exit would be; and pause_on is searched for in what the program says of its errors alone,
 * not in what it works on.
 */
int agent_judge_speech(const struct agent_settings *s,
		       const struct speech *speech,
		       const struct agent_attempt *a,
		       const struct job_end *end,
		       int64_t now_wall_ms,
		       struct agent_verdict *ret,
		       struct err *e) MUST_CHECK;

/* Check that every entry of pause_on compiles; INVALID names the first that does not. */
int agent_patterns_check(const struct agent_settings *s, struct err *e) MUST_CHECK;

#endif
