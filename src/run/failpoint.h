#ifndef RUN_FAILPOINT_H
#define RUN_FAILPOINT_H

/*
 * Places where tests end the supervisor as a crash would. GANGER_FAILPOINT="<place>:<n>" kills
 * this process with SIGKILL the n-th time it comes to that place; unset, nothing happens.
 *
 *   commit     a turn is stepped and not yet durable
 *   carry-out  a turn is durable and nothing of it is done yet
 *   <EVENT>    (as in core/task.def, or of the run) a turn with this event is durable
 *   <action>   (as enum action_kind without ACT_, in lower case) an action was just handed out
 */
void failpoint(const char *place);

#endif
