#ifndef CORE_CORE_IMPL_H
#define CORE_CORE_IMPL_H

#include "core/core.h"

/* Shared by the files of core; nobody else includes it. */

/* state.c: the one setter, and what entering a state does. */
void task_set_state(struct core *c, struct task *t, enum task_state s);
void run_set_state(struct core *c, enum run_state s);
void task_touch(struct core *c, struct task *t);
void task_unsynced(struct core *c, struct task *t); /* the next SYNCED looks at it */
void task_reason(struct core *c, struct task *t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void run_reason(struct core *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The action of the present state again, under a new serial. */
void task_emit(struct core *c, struct task *t);
void emit_stop_job(struct core *c, const struct task *t, int64_t job, bool at_once);
void emit_notice(struct core *c, const struct task *t, enum core_notice n);
/* Nothing is done for it before this moment, said by both clocks; 0, 0: it does not wait. */
void task_due(struct core *c, struct task *t, int64_t mono_ms, int64_t wall_ms);
void slot_take(struct core *c, int64_t slot); /* from 1 */
int task_index(const struct core *c, const struct task *t);
enum action_kind task_state_action(enum task_state s);
bool task_met(const struct task *t); /* dependents may start */
bool task_is(const struct task *t, unsigned flags);

/* heap.c */
enum heap_order { HEAP_READY, HEAP_QUEUE, HEAP_DUE };
/* By index. One that is in it is not added, one that is not is not removed: both end the program. */
void heap_add(struct core *c, enum heap_order o, int task);
void heap_remove(struct core *c, enum heap_order o, int task);
/* What the order goes by has changed of it: to its place, where it is in ready or queue. */
void heap_update(struct core *c, int task);
/* Is a's turn before b's? */
bool heap_before(const struct core *c, enum heap_order o, int a, int b);
void heap_check(const struct core *c); /* ends the program where one is out of order */

/* schedule.c */
/* Start what may start, best first. */
void schedule_claims(struct core *c);
/* The key of the run's limit that is spent; NULL: there is room. */
const char *schedule_spent(const struct core *c);
/* The limit that a task of its own has reached: it makes no further attempt; NULL: none. */
const char *task_spent(const struct core *c, const struct task *t);
/* It makes none: it fails, or with a conflict is a person's. */
void attempt_give_up(struct core *c, struct task *t);
bool schedule_stuck(const struct core *c);            /* no new attempt will be started by itself */
void task_make_ready(struct core *c, struct task *t); /* READY, or BLOCKED while needs are unmet */
void task_cancel(struct core *c, struct task *t);     /* CANCELLING, and says so */
void task_wait(struct core *c, struct task *t, int64_t delay_ms); /* WAITING: it is tried again */
/* How long to wait after so many tries, from 1; a little different each time. */
int64_t backoff_ms(struct core *c, int64_t tries);
/* An attempt of t's kind is over. signature: how it failed; too many alike in a row pause the kind. */
void kind_ended(struct core *c, struct task *t, bool success, const char *signature);
/* Until then by the wall clock, a day at most; what it waits for already it waits for still. */
void kind_pause(struct core *c, struct kind *k, int64_t until_ms, const char *why);
void kinds_check_clock(struct core *c); /* the wall clock may have been set back */
/* By policy, where t will not land by itself; else nothing. */
void dependents_fall(struct core *c, struct task *t);
/* The same from the other side: t, where something that it needs will not land. */
void needs_fall(struct core *c, struct task *t);
bool sync_holds(const struct core *c, const struct task *t); /* is it as SYNCED would leave it? */
/* Once t is tried again after all, or done. */
void dependents_rise(struct core *c, struct task *t);
/* Do what follows of t->away for one that is not at work, and undo what followed of it before. */
void task_heed_tracker(struct core *c, struct task *t);
bool task_is_out(const struct task *t); /* not to be started, as the tracker says */
void task_start_over(struct task *t); /* a person wants it again: nothing of before counts */
/* Its next start must contain what it needs now. */
void needs_changed(struct core *c, struct task *t);

/* attempt.c */
/* One line on how a job ended; limit is the key that says how long it may take. */
void job_text(const struct core_event *ev, const char *limit, char *ret, size_t size);
/* t has no process any more: how and when it ended, for who judges it. */
void job_over(struct core *c, struct task *t, const struct core_event *ev);
/* Something in it could not be ended: it is given to nobody, until a reboot. */
void place_keep(struct core *c, int64_t *stays, int64_t place);

/* beside.c */
void ready_place(struct core *c, struct task *t); /* among those that may be claimed, or not */
bool beside_under_way(const struct task *t);      /* does it keep those beside it waiting? */
void beside_update(struct core *c, struct task *t); /* after it changed */
void beside_add(struct core *c, int a, int b);      /* these two touch the same files */
bool beside_waits(const struct core *c, const struct task *t); /* for one beside it, by policy */

/* conflict.c */
/* Everything before it has landed: a resolver's attempt, or a person's turn. */
void conflict_counts(struct core *c, struct task *t);
void conflict_to_person(struct core *c, struct task *t); /* the reason is set */
/* It was given to the one agent that may have a person's branch, and this run has that no more. Asked
 * as it is about to begin: a command that changes a journal knows of no agents. */
bool resolver_is_gone(const struct core *c, const struct task *t);
void resolve_done(struct core *c, struct task *t);   /* t->head is what was made of it */
void resolve_failed(struct core *c, struct task *t); /* the reason says why */

/* queue.c */
/* Into the queue, with new work: its place is that of its arrival. */
void queue_enter(struct core *c, struct task *t);
/* Does it wait for a person's word, as the settings and its head are now? */
void queue_ask_approval(struct core *c, struct task *t);
/* What its merge came to; it counts at once where nothing stands before it. */
void queue_found(struct core *c, struct task *t, enum core_verdict v);
/* It failed the check, and that is known to be its fault. */
void queue_send_back(struct core *c, struct task *t);
/* Its check said neither: it is merged and tested again later, so many times. */
void queue_no_verdict(struct core *c, struct task *t, const char *why);
/* Act on what was found of it: it is the first, and what it was merged onto has landed. */
void verdict_counts(struct core *c, struct task *t);
/* The reason is set; its claim is given back first. */
void task_fail(struct core *c, struct task *t);

/* gate.c */
/* Its merge is another one: skips is a mask of the checks that are not about it. */
void gate_reset(struct core *c, struct task *t, int64_t skips);
bool gate_is_off(struct core *c, struct task *t); /* something put an end to it: it goes where it belongs */
/* A run begins: where it has other checks, nothing that was found with the old ones is enough. */
void gate_settings(struct core *c);
/* The first check that its tree has not passed; none: it has passed. */
void gate_begin(struct core *c, struct task *t);

/* group.c */
/* Where the group ends that begins at this place of the train; train.n: it is open still. */
size_t group_end(const struct core *c, size_t at);
/* Did it fail with others before it, so that who is at fault is not known? */
bool group_failed(const struct core *c, size_t last);
bool group_has_room(const struct core *c); /* for one more at the end of the train */
/* Each does one thing, or says that there is nothing to do. */
bool group_split(struct core *c); /* a group that failed */
bool group_close(struct core *c); /* one that nobody joins any more */
bool group_test(struct core *c);  /* one that is closed, while a gate is free */
/* An entry passed, or failed alone: what is tested ahead follows from how many do. */
void group_count(struct core *c, bool failed);

/* proof.c */
size_t train_first(const struct core *c); /* the first that may land: proofs stand before it */
/* It is red on what has landed. False: why is not asked, or known. */
bool proof_begin(struct core *c, struct task *t);
/* What it came to on what it was merged onto now: the next half, or the end of it. */
void proof_found(struct core *c, struct task *t, enum core_verdict v);

/* train.c */
struct task *train_at(const struct core *c, size_t at); /* by its place, from 0 */
/* What who stands at this place, or would (train.n), is to be merged onto; NULL: not known yet. */
const struct oid *train_onto(const struct core *c, size_t at);
bool train_holds_at(const struct core *c, size_t at); /* as train_holds() */
int train_gates(const struct core *c); /* checks that run or begin */
void train_take_gate(struct core *c, struct task *t); /* t->gate: the lowest that is free, from 1 */
/* It passed, by itself or with its group: the branch goes from 'on' to 'as'. */
void train_land(struct core *c, struct task *t, const struct oid *on, const struct oid *as);
/* Merge, test and land what may be, as things are; asked after every event. */
void queue_pump(struct core *c);
/* As a task's state gets F_MERGE, or loses it: at the end of it, or out of it. */
void train_enter(struct core *c, struct task *t);
void train_leave(struct core *c, struct task *t);
void train_loaded(struct core *c); /* as the rows have it */
/* Is it merged onto what now stands before it? */
bool train_holds(const struct core *c, const struct task *t);
bool train_is_first(const struct core *c, const struct task *t);
/* What was found of it is void: it keeps its place and is merged anew. */
void train_rebuild(struct core *c, struct task *t);

/* command.c */
/* Of a person's branch nothing is left: nobody can do it again but its author. */
void branch_is_gone(struct core *c, struct task *t);
/* May trying again change it; and how long to wait after so many errors in a row. */
bool error_may_pass(int64_t code);
int64_t error_delay_ms(int64_t errors);

/* lost.c */
void run_lost(struct core *c, const struct core_event *ev); /* EV_LOST */

/* news.c */
/* The tracker has news, or a person a branch. */
void news_step(struct core *c, const struct core_event *ev);

/* run.c */
void run_due(struct core *c);             /* ask for its action again, where it is time */
void run_begin_preflight(struct core *c); /* where it waits, and no check is left of before */
void run_step(struct core *c, const struct core_event *ev); /* an event of the run */
/* Somebody took landings out of the branch, which is at tip: nothing lands until it is run again. */
void run_rewritten(struct core *c, const struct oid *tip);
void run_check_over(struct core *c); /* it tidies up once nothing can go on */

/* The handlers of task.def. */
typedef void task_handler(struct core *c, struct task *t, const struct core_event *ev);
#define ROW(state, event, handler) task_handler handler;
#include "core/task.def"

#define ERRORS_MAX      20   /* tries of one action before it is given up */
#define STOP_ERRORS_MAX 3 /* tries of one after a stop at once, before it is left to the next run */
#define GATE_ERRORS_MAX 3    /* gates without a verdict before the task fails */
#define STREAK_MAX      3    /* attempts that end alike before the kind is paused */
#define AT_ONCE_MS      1000 /* an attempt shorter than this ended "at once" */
#define BESIDE_MAX      256  /* tasks beside one that are kept apart from it */
#define PLACES_KEPT     60   /* worktrees of a kind that can be kept from all */
#define SLOT_MAX        65536 /* worktree slots; more than agents may run at once */
#define DAY_MS          ((int64_t)24 * 3600000) /* no wait by the wall clock is longer */
#define QUEUE_BEHIND    2 /* entries waiting, for each agent that may run: nobody begins meanwhile */

#endif
