#ifndef RUN_FACTS_H
#define RUN_FACTS_H

#include "base/str.h"
#include "core/core.h"

/*
 * What follows from a run's tables and is worth saying of them: what is next in the queue, what
 * can never start as things stand, and why a task is as it is. Asks nothing but the core.
 */
struct facts {
	const struct core *core; /* borrowed */
	int *held;               /* a task: the one it cannot get past as things stand; -1: none */
	VEC(int) queue;          /* what is being merged, then what waits for it, in order */
	int n_held;
};

/* facts_done() gives back what ret holds; it stays true until the next step of the core. */
void facts_find(const struct core *c, struct facts *ret);
void facts_done(struct facts *f);
/* How they are held, after the counts of those that they are held behind, where any is of the epic. */
const char *facts_held_word(const struct facts *f);

/*
 * Why a task is as it is, in one line (not escaped); nothing where there is nothing to say.
 * Where facts has nothing but the core, what is held is only said to wait, and of a pause,
 * which is the same for all, nothing.
 */
void facts_reason(struct buf *b, const struct facts *f, int task);
/* Why another attempt is made of it; nothing where it is the first. */
void facts_again(struct buf *b, const struct task *t);
/* What an entry of the train that stands is waiting for, as a noun. */
void facts_standing(struct buf *b, const struct task *t);
/* The same for the run: paused, full, stopping, a kind of agent that rests; or nothing. */
void facts_run_reason(struct buf *b, const struct core *c);

/* A person must act before it goes on. */
bool task_needs_person(const struct task *t);
/* It ended well without a landing: its agent found nothing to do. */
bool task_had_nothing(const struct task *t);
/* It has not landed, and by itself it will not. */
bool task_has_fallen(const struct task *t);

/* "14:05", as the clock on the wall here has it. */
void buf_clock(struct buf *b, int64_t wall_ms);
/* The same for something to come; "14:05:09" where it comes soon. */
void buf_until(struct buf *b, int64_t wall_ms, int64_t now_ms);

#endif
