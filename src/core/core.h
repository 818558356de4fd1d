#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/oid.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The machine that decides. It gets events and answers with actions, does no I/O, reads no
 * clock and keeps everything in plain tables; src/core/README.md says how to read it.
 */

enum task_state {
	TASK_NONE,
#define STATE(id, word, action, flags) TASK_##id,
#include "core/task.def"
	TASK_STATE_COUNT,
};

enum task_flag {
	F_SLOT = 1u << 0,
	F_WORKTREE = 1u << 1,
	F_MERGE = 1u << 2,
	F_SETTLED = 1u << 3,
	F_CANCEL = 1u << 4,
	F_JOB = 1u << 5,
	F_GATE = 1u << 6,
};

/* The run's own machine: a line, with pre-flight in the middle on the first time. */
enum run_state {
	RUN_NEW,
	RUN_OPENING,    /* action OPEN */
	RUN_PREPARING,  /* pre-flight: a worktree (action GATE_PREPARE) … */
	RUN_SETTING_UP, /* … its set-up (GATE_SETUP) … */
	RUN_CHECKING,   /* … the check on the untouched base (GATE) … */
	RUN_PROBING,    /* … the probe of each agent that is wanted (PROBE) */
	RUN_RUNNING,
	RUN_TIDYING, /* action TIDY */
	RUN_ENDED,
	RUN_WAITING, /* before pre-flight, for the checks of a run that had no agents */
	RUN_STATE_COUNT,
};

enum core_event_kind {
	EV_NONE,
#define EVENT(id) EV_##id,
#include "core/task.def"
	EV_TASK_LAST = EV_MOVE,
	/* Of the run. */
	EV_START,   /* a supervisor begins; text: boot id; n: a seed, used the first time */
	EV_OPENED,  /* a: epic head, b: where it left the base; m: our last landing is not in it;
		      text: base; text2: remote */
	EV_ISSUE,   /* text: id, text2: title; n: priority, m: enum core_issue;
		      code: index of the kind that its labels choose;
		      text3: of an outside one, why it is not started */
	EV_EDGE,    /* text: task, text2: what it needs */
	EV_UNEDGE,  /* text: task: forget what it needs, EV_EDGEs follow */
	EV_OVERLAP, /* text, text2: two tasks that touch the same files */
	EV_SYNCED,  /* the graph is complete */
	EV_BRANCH,  /* text: task id; a: head; n: pull request; m: as task.branch */
	EV_TICK,    /* time has passed */
	EV_STOP,    /* n: enum core_stop */
	EV_PAUSE,
	EV_RESUME,
	EV_DISK, /* n: 1 full, 0 there is room again */
	EV_LOST, /* text: task id; n: mask of enum core_lost. Before core_reissue() */
	EV_COUNT,
};

/* What a power cut took of a task. */
enum core_lost {
	LOST_HEAD = 1,  /* its work */
	LOST_MERGE = 2, /* its merge, or the one that its group lands as */
	LOST_FILES = 4, /* what its attempt wrote and nobody took yet: any of it may be cut */
};

enum core_issue {
	ISSUE_OPEN = 1,
	ISSUE_CLOSED,
	ISSUE_OUTSIDE_OPEN,
	ISSUE_OUTSIDE_CLOSED,
	ISSUE_GONE,         /* it was the epic's, and is not any more */
	ISSUE_CLOSED_EARLY, /* while it was worked on, where agents may close it */
};
enum core_away {
	AWAY_NO,
	AWAY_OUT,   /* not to be started: never the epic's, or hidden */
	AWAY_SHUT,  /* closed */
	AWAY_GONE,  /* taken out of the epic */
	AWAY_EARLY, /* closed while it was worked on, perhaps by its agent */
};
enum core_stop { STOP_NO, STOP_GRACEFUL, STOP_NOW };
/* What an entry's merge came to; it counts once all before it has landed as it was tested. */
enum core_verdict {
	VERDICT_NONE,
	VERDICT_PASSED,
	VERDICT_RED,
	VERDICT_CONFLICT,
	VERDICT_ALREADY, /* it is in what it was to be merged onto */
	VERDICT_UNCLEAR, /* a time-out, a signal, a full disk */
	VERDICT_MADE,    /* none yet: it is merged, and may be tested */
};
enum core_from { FROM_FRESH, FROM_LAST, FROM_MERGED };
enum core_session {
	SESSION_NONE,
	SESSION_CREATED,
	SESSION_DISPATCHED,
	SESSION_RUNNING,
	SESSION_IDLE,
	SESSION_COMPLETED,
	SESSION_FAILED
};

/* How a job ended; the same words as the executor's, kept apart on purpose (core knows no port). */
enum core_how {
	HOW_NONE,
	HOW_EXITED,
	HOW_SIGNALED,
	HOW_TIMEOUT,
	HOW_SILENCE,
	HOW_STOPPED,
	HOW_LOST, /* code: 1 where the machine was restarted, and what it wrote may be cut */
	HOW_NOT_STARTED,
};

/* What the agent itself said of its attempt. */
enum core_result { RESULT_DONE = 1, RESULT_NOTHING, RESULT_LATER, RESULT_FAILED };

struct core_event {
	enum core_event_kind kind;
	int task;       /* index; -1: the run */
	int64_t serial; /* of the action it answers; 0: it answers none */
	struct moment at;
	struct oid a, b;
	int64_t n, m; /* as the event's line says; ERROR: n is the err_code */
	int64_t pid, pid_start;
	int64_t how, code, started_ms, ended_ms;
	int64_t stay; /* JOB_ENDED: processes that could not be ended */
	int64_t ahead, leftovers, result, until_ms, provider;
	int64_t tokens_in, tokens_out;    /* -1 unknown */
	double cost;                      /* negative unknown */
	const char *text, *text2, *text3; /* borrowed during the step; NULL is "" */
};

enum action_kind {
	ACT_NONE,
	ACT_CLAIM,
	ACT_PREPARE,
	ACT_SETUP,
	ACT_AGENT,
	ACT_COLLECT,
	ACT_SUBMIT,
	ACT_MERGE,
	ACT_GATE_PREPARE,
	ACT_GATE_SETUP,
	ACT_GATE,
	ACT_LAND,
	ACT_CLOSE,
	ACT_LOOK,
	ACT_RELEASE,
	ACT_OPEN,
	ACT_PROBE,
	ACT_TIDY,
	/* Without an answer: */
	ACT_STOP_JOB, /* ask job to end; n 1: at once */
	ACT_NOTIFY,   /* n: enum core_notice */
	ACT_COUNT,
};

enum core_notice { NOTICE_DONE = 1, NOTICE_FAILED, NOTICE_PERSON, NOTICE_PAUSED };

struct action {
	enum action_kind kind;
	int task; /* index; -1: the run */
	int64_t serial;
	int64_t job; /* SETUP, AGENT, GATE…, PROBE, STOP_JOB */
	int64_t n;
};

/* A change of state, for logs and boards. */
struct transition {
	int task; /* -1: the run */
	int from, to;
};

struct task {
#define TASK_FIELDS
#define INT(name, what)        int64_t name;
#define OID(name, what)        struct oid name;
#define REAL(name, what)       double name;
#define TEXT(name, what)       const char *name;
#define NOTE(name, size, what) char name[size];
#include "core/fields.def"
#undef TASK_FIELDS
	/* Not stored: the graph around it and its place in the heaps. */
	VEC(int) needs, dependents;
	VEC(int) beside; /* tasks that touch the same files */
	int busy;        /* of them, at work or on their way into the branch */
	bool under_way;  /* is it itself? */
	int unmet;    /* needs that are not in the epic branch */
	int heap_pos; /* in ready or queue; -1 none: neither, or it waits for one beside it */
	int heap_kind; /* in ready: whose */
	int due_pos;  /* in due; -1: due_mono is 0 */
	bool dirty;
	bool unsynced; /* is in core.unsynced */
};

/* A heap of task indices. */
struct heap {
	VEC(int) items;
};

struct kind {
#define KIND_FIELDS
#define INT(name, what)        int64_t name;
#define OID(name, what)        struct oid name;
#define REAL(name, what)       double name;
#define TEXT(name, what)       const char *name;
#define NOTE(name, size, what) char name[size];
#include "core/fields.def"
#undef KIND_FIELDS
	int live; /* not stored: sessions */
	struct heap ready; /* not stored: tasks that it may start, the best first */
	bool is_past; /* of the journal, and no longer in the settings */
	bool dirty;
};

struct run_row {
#define RUN_FIELDS
#define INT(name, what)        int64_t name;
#define OID(name, what)        struct oid name;
#define REAL(name, what)       double name;
#define TEXT(name, what)       const char *name;
#define NOTE(name, size, what) char name[size];
#include "core/fields.def"
#undef RUN_FIELDS
};

/* One of the checks, by its place in queue.check. */
#define CORE_CHECKS_MAX 16
#define CORE_CHECK_KEY  17
struct core_check {
	char name[41];            /* empty: it is the only one */
	char key[CORE_CHECK_KEY]; /* differs where another command, set-up or environment tests */
};

/* Kinds that can have a probe: the first ones. */
#define CORE_PROBES_MAX 63

/* What the user set; constant during a run. */
struct policy {
	int max_concurrent;
	int attempts, interruptions, deferrals;
	int64_t retry_delay_ms, retry_max_ms;
	int retry_from; /* enum core_from, or -1: auto */
	int gate_slots, batch;
	int gate_retries; /* of a red check, on the same tree */
	int conflict_attempts; /* at a conflict, before it is left to a person */
	int resolver; /* index of the kind that makes them; above 0: one of its own, 0: the task's */
	bool skip_dependents; /* policy.failed_dependency = skip */
	bool fail_uncommitted;
	bool has_setup;
	int n_checks;
	int64_t probes; /* mask by index of the kinds that have a probe */
	struct core_check checks[CORE_CHECKS_MAX];
	char checks_key[CORE_CHECK_KEY]; /* of all of them, with the paths they are about */
	bool allow_red;
	bool overlap_wait;                  /* two that touch the same files: one after the other */
	bool until_submitted;               /* dispatch: a pull request is the end */
	bool flaky_fails;                   /* green after red on one tree does not count */
	bool approve;                       /* by a person, before it lands */
	bool no_agents;                     /* nothing is claimed: only what is queued lands */
	double cost_limit, task_cost_limit; /* 0: none */
	int64_t token_limit, task_token_limit;
};

struct edge {
	int task, needs; /* indices */
};

struct core {
	struct policy policy;
	struct run_row run;
	VEC(struct task) tasks;
	VEC(struct kind) kinds;
	struct heap queue;
	struct heap due; /* all that have due_mono, the soonest first */
	struct map by_id;
	struct map passes; /* what passed which check: "<tree> <key>" */
	VEC(int) train;    /* entries being merged, tested and landed, in their order */
	int live;          /* sessions */
	VEC(bool) slots;   /* is worktree slot 1, 2, … taken? */
	size_t at_work;    /* where one was seen last that something can be done for */
	VEC(int) unsynced; /* what changed since SYNCED, which looks at no other */
	bool syncing; /* all that the tracker has is known with SYNCED: nothing is claimed before */
	struct moment now;
	struct arena arena;
	/* What the last steps left to be done; core_take() empties it. */
	VEC(struct action) actions;
	VEC(struct transition) transitions;
	VEC(int) dirty; /* tasks whose row changed */
	VEC(const char *) new_passes;
	VEC(struct edge) new_edges;
	VEC(struct edge) cut_edges;
	bool run_dirty;
};

void core_init(struct core *c, const struct policy *p);
void core_done(struct core *c);

/* Add an agent kind before the first step. Returns its index. */
int core_add_kind(struct core *c, const char *name, int max);

/*
 * One event. Appends to actions, transitions, dirty; calls nothing. An event that answers
 * an action which is not the present one is counted in run.stale and changes nothing else.
 */
void core_step(struct core *c, const struct core_event *ev);

/* Forget what was taken over; the texts in new_passes stay valid. */
void core_take(struct core *c);

/* After loading rows: indices, heaps and counts are made anew from them. */
void core_loaded(struct core *c);
/* Can a task look like this? One that was read from a journal need not. */
bool core_task_fits(const struct core *c, const struct task *row);
/* A row as loaded; id and title are copied. Returns the index. */
int core_add_task(struct core *c, const struct task *row);
/* Indices as they were when the tasks arrived; before any edge is added. */
void core_order_tasks(struct core *c);
void core_add_edge(struct core *c, int task, int needs);

/*
 * After a restart: every action under way once more, with its old serial, so that what was
 * done is found and what was not is done. The run's own begins anew with START.
 */
void core_reissue(struct core *c);

/* The commits a task cannot go on without: a mask of enum core_lost. */
unsigned core_must_have(const struct task *t);

/* The next moment something is due, in ms from now; -1: nothing by itself. */
int64_t core_next_ms(const struct core *c);

/* The index of a task, or -1. */
int core_find(const struct core *c, const char *id);

/* Of two entries of the queue: does a land before b? */
bool core_queue_before(const struct core *c, int a, int b);

/* What keeps an entry in the queue until a person says otherwise; EPIC: its issue was taken out. */
enum core_wait { WAIT_NONE, WAIT_RELEASE, WAIT_APPROVAL, WAIT_EPIC };
enum core_wait core_waits_for(const struct task *t);
/* So many wait to land, without a check, that no task begins until some have. */
bool core_queue_is_behind(const struct core *c);
/* May a person's branch enter the queue by this task, or enter it anew at another commit? */
bool core_takes_branch(const struct task *t);
/* Index of the kind that would make this task's next attempt. */
int64_t core_next_kind(const struct core *c, const struct task *t);

/* Is this worktree, the first is 1, given to nobody? stays: the run's stays or gate_stays. */
bool core_place_is_kept(int64_t stays, int64_t place);
/* Index of the kind of this name; 0, the first, where there is none. */
int core_find_kind(const struct core *c, const char *name);
/* It was begun, and has neither come to its end nor is between two attempts. */
bool core_is_under_way(const struct task *t);
/* It was closed for no work of ours: opened again in the tracker, it is to be done again. */
bool core_may_reopen(const struct task *t);

/* Would this task take CANCEL, RETRY, HOLD, … where it stands? */
bool core_accepts(const struct core *c, int task, enum core_event_kind k);

/* How it ended, or stands. */
enum core_status { STATUS_DONE = 1, STATUS_FAILED, STATUS_STUCK, STATUS_STOPPED };
struct core_totals {
	int total, blocked, ready, working, queued, merged, closed, failed, skipped, conflicted,
		cancelled, submitted, landed, person;
	int taken_out; /* of the landed ones: not in the epic branch any more */
	int held; /* blocked, and nothing that runs will free them */
};
struct core_totals core_count(const struct core *c);
enum core_status core_status(const struct core *c);
/* Did the run end because pre-flight's check was red on the base? */
bool core_base_is_red(const struct core *c);
/* CONTRACT's exit code for it. */
int core_exit_code(const struct core *c);

const char *task_state_word(enum task_state s); /* the users' word */
const char *task_word(const struct task *t);    /* the same; of a resolver's attempt "resolving" */
const char *task_state_name(enum task_state s); /* the machine's, for logs */
const char *session_name(enum core_session s);
unsigned task_state_flags(enum task_state s);
const char *event_name(enum core_event_kind k);
const char *action_name(enum action_kind k);
const char *run_state_name(enum run_state s);
const char *core_status_name(enum core_status s);

/* Everything that must always hold, as CHECKs; cheap enough for every turn of a small epic. */
void core_check(const struct core *c);

#endif
