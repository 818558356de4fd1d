#include "base/check.h"
#include "core/core-impl.h"

const char *task_state_word(enum task_state s)
{
	static const char *const words[TASK_STATE_COUNT] = {
#define STATE(id, word, action, flags) [TASK_##id] = word,
#include "core/task.def"
	};
	CHECK(s > TASK_NONE && s < TASK_STATE_COUNT);
	return words[s];
}

const char *task_word(const struct task *t)
{
	bool waits = t->state == TASK_READY || t->state == TASK_WAITING;
	if (t->resolve && (waits || task_is(t, F_SLOT)))
		return "resolving";
	return task_state_word((enum task_state)t->state);
}

const char *task_state_name(enum task_state s)
{
	static const char *const names[TASK_STATE_COUNT] = {
		[TASK_NONE] = "none",
#define STATE(id, word, action, flags) [TASK_##id] = #id,
#include "core/task.def"
	};
	CHECK(s < TASK_STATE_COUNT);
	return names[s];
}

const char *session_name(enum core_session s)
{
	static const char *const names[] = {
		[SESSION_CREATED] = "created",     [SESSION_DISPATCHED] = "dispatched",
		[SESSION_RUNNING] = "running",     [SESSION_IDLE] = "idle",
		[SESSION_COMPLETED] = "completed", [SESSION_FAILED] = "failed",
	};
	CHECK(s < ARRAY_LEN(names));
	return names[s]; /* NULL: there was none yet */
}

const char *event_name(enum core_event_kind k)
{
	static const char *const names[EV_COUNT] = {
#define EVENT(id) [EV_##id] = #id,
#include "core/task.def"
		[EV_START] = "START",   [EV_OPENED] = "OPENED", [EV_ISSUE] = "ISSUE",
		[EV_EDGE] = "EDGE",     [EV_UNEDGE] = "UNEDGE", [EV_OVERLAP] = "OVERLAP",
		[EV_SYNCED] = "SYNCED",
		[EV_BRANCH] = "BRANCH", [EV_TICK] = "TICK",     [EV_STOP] = "STOP",
		[EV_PAUSE] = "PAUSE",   [EV_RESUME] = "RESUME", [EV_DISK] = "DISK",
		[EV_LOST] = "LOST",
	};
	CHECK(k > EV_NONE && k < EV_COUNT);
	return names[k];
}

const char *action_name(enum action_kind k)
{
	static const char *const names[ACT_COUNT] = {
		[ACT_NONE] = "nothing",
		[ACT_CLAIM] = "claim it",
		[ACT_PREPARE] = "prepare its worktree",
		[ACT_SETUP] = "set up its worktree",
		[ACT_AGENT] = "start its agent",
		[ACT_COLLECT] = "save its work",
		[ACT_SUBMIT] = "open its pull request",
		[ACT_MERGE] = "merge it",
		[ACT_GATE_PREPARE] = "prepare the check's worktree",
		[ACT_GATE_SETUP] = "set up the check's worktree",
		[ACT_GATE] = "run the check",
		[ACT_LAND] = "land it",
		[ACT_CLOSE] = "close it",
		[ACT_LOOK] = "look at its branch",
		[ACT_RELEASE] = "give back the claim",
		[ACT_OPEN] = "open the epic",
		[ACT_PROBE] = "probe the agent",
		[ACT_TIDY] = "tidy up",
		[ACT_STOP_JOB] = "stop its process",
		[ACT_NOTIFY] = "notify",
	};
	CHECK(k < ACT_COUNT);
	return names[k];
}

const char *run_state_name(enum run_state s)
{
	static const char *const names[RUN_STATE_COUNT] = {
		[RUN_NEW] = "new",
		[RUN_OPENING] = "opening",
		[RUN_WAITING] = "pre-flight: waits for checks",
		[RUN_PREPARING] = "pre-flight: worktree",
		[RUN_SETTING_UP] = "pre-flight: set-up",
		[RUN_CHECKING] = "pre-flight: check",
		[RUN_PROBING] = "pre-flight: probe",
		[RUN_RUNNING] = "running",
		[RUN_TIDYING] = "tidying",
		[RUN_ENDED] = "ended",
	};
	CHECK(s < RUN_STATE_COUNT);
	return names[s];
}

const char *core_status_name(enum core_status s)
{
	static const char *const names[] = {
		[STATUS_DONE] = "done",
		[STATUS_FAILED] = "failed",
		[STATUS_STUCK] = "stuck",
		[STATUS_STOPPED] = "stopped",
	};
	CHECK(s >= STATUS_DONE && s <= STATUS_STOPPED);
	return names[s];
}
