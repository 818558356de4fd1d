#ifndef TEST_SIM_CHECKER_H
#define TEST_SIM_CHECKER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The outside checker: rules 1 to 8 of DESIGN section 5, from what happens in the world alone.
 * It has books of its own and shares no code with what it checks. Tasks are numbers of the
 * tracker's issues, commits numbers of the simulated repository; -1 means none.
 */
struct checker;

struct checker_limits {
	int max_concurrent, kind_max, attempts;
	int64_t retry_ms;
	int gates; /* at once */
	int retries; /* of a red check, on one tree */
	bool check, remote, dispatch, approve, flaky_fails;
	int conflict_attempts;
	bool close_base;    /* an issue is closed once the base has its work */
	bool overlap_wait;  /* two of one file are not at work at the same time */
	bool resolver_kind; /* resolvers are of a kind of their own, with the same limit, */
	bool resolver_may_go; /* which some supervisors do not have */
	bool probes;          /* an agent is tried before it is given work */
	double task_cost;     /* what a task may cost before it is tried again; 0: anything */
};

/* Whose program an attempt is; each is a kind with a limit of its own. */
enum checker_by { BY_ALL, BY_LABEL, BY_RESOLVER, CHECKER_BYS };

struct checker *checker_new(const struct checker_limits *l);
void checker_free(struct checker *c);
/* The first rule that broke, or NULL; a text that lives as long as c. */
const char *checker_broken(const struct checker *c);
/* Break a rule from elsewhere in the simulator: what a port's contract forbids. */
void checker_break(struct checker *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The repository grows: content is the changes in a commit, by number. */
void checker_commit(struct checker *c, int commit, int parent, int other_parent, int change_of);
/* The merge of a task onto this commit conflicts. */
void checker_conflict(struct checker *c, int task, int onto);
/* The change is about what the second check is for: it must be tested by that one too. */
void checker_area(struct checker *c, int commit);
/* check: 0, or 1 the second; task -1: pre-flight */
void checker_gate(struct checker *c, int task, int commit, int check, bool green);
/* A supervisor hears that it passed; has written that down; asks for a check. */
void checker_heard_green(struct checker *c, int commit, int check);
void checker_heard_kept(struct checker *c);
void checker_heard_lost(struct checker *c);
void checker_asks_check(struct checker *c, int task, int commit, int check);
/* A red check is run again on the same tree; and nothing of the task's is checked any more. */
void checker_runs_again(struct checker *c, int task);
void checker_gates_over(struct checker *c, int task);
void checker_epic(struct checker *c, int tip, bool by_person, bool rewritten);
void checker_remote(struct checker *c, int tip, bool by_person, bool rewritten);

/* The tracker's side. */
void checker_issue(struct checker *c, int task, bool child, bool open);
void checker_removed(struct checker *c, int task, bool removed); /* from the epic, by a person */
void checker_reopened(struct checker *c, int task);
void checker_need(struct checker *c, int task, int needs);
void checker_unneed(struct checker *c, int task, int needs);
/* The tracker was read, and this was in it; a supervisor has what was read; it claims a task. What
 * it has then binds the attempt, whatever people change after that. */
void checker_loaded(struct checker *c, int task);
void checker_synced(struct checker *c);
void checker_claims(struct checker *c, int task, bool resolver);
/* A supervisor begins, with what it has read; is_idle: no attempt of an earlier one is under way. The
 * probe of an agent has passed. */
void checker_begins(struct checker *c, bool is_idle);
void checker_probed(struct checker *c, enum checker_by by);
/* Git was asked, and the agent at work on it had changed this file; a supervisor heard of all that was
 * seen; it is gone, and with it what it had heard. */
void checker_seen(struct checker *c, int task, int file);
void checker_peeked(struct checker *c);
void checker_forgets_seen(struct checker *c);
void checker_labelled(struct checker *c, int task, bool labelled); /* as one for BY_LABEL */
void checker_touches(struct checker *c, int task, int file); /* 0: none that is known */
/* Where the epic branch is, as whoever acts now was told; -1: nothing is said of that any more. */
void checker_knows(struct checker *c, int commit);
void checker_closed(struct checker *c, int task, bool by_person, const char *reason);

/* Jobs. */
struct checker_job {
	int64_t number;
	int task, attempt; /* task -1: pre-flight or a gate of it */
	bool agent, setup, gate;
	bool resolver; /* in a worktree with a merge in progress */
	enum checker_by by; /* of an agent */
	int merging;   /* a resolver: the commit that is merged into its worktree */
	int start; /* commit that its worktree was at */
};
void checker_job_started(struct checker *c, const struct checker_job *j, int64_t now);
/* An agent that could not be started. */
void checker_job_refused(struct checker *c, int task, int attempt, int64_t now);
void checker_job_asked(struct checker *c, int task, int attempt);
enum checker_end { END_DONE = 1, END_NOTHING, END_FAILED, END_LATER, END_INTERRUPTED };
/* What its agent said that it cost, to a supervisor that may die of hearing it; 0: nothing. */
void checker_judged(struct checker *c, int64_t number, double cost);
/* Its last attempt was given up unheard. */
void checker_not_collected(struct checker *c, int task);
void checker_job_ended(struct checker *c, int64_t number, enum checker_end how, int64_t now);

/* Pull requests and landings. */
void checker_pull_opened(struct checker *c, int task);
void checker_task_head(struct checker *c, int task, int commit); /* of its open pull request */
void checker_pull_over(struct checker *c, int64_t number, int task, bool merged);
void checker_in_the_way(struct checker *c, int task, int old);
void checker_landed(struct checker *c, int task, int old, int new_);
/* It is in what landed already: with others of its group, or it is asked for again. */
void checker_landed_along(struct checker *c, int task, int new_);

/* The way into the base: it moved, by a person or by us, and it was said that this is untested. */
void checker_base(struct checker *c, int tip, bool by_person, bool said);
/* It could not be brought into the epic branch, says 'ganger finish', and why. */
void checker_base_is_out(struct checker *c, const char *why);
/* This task is the base, on its way into the epic branch; the epic's own issue is closed. */
void checker_base_entry(struct checker *c, int task);
void checker_epic_closed(struct checker *c);

/* ---- order ---- */
/* It came into the queue as the n-th; it is merged and tested; it is neither any more. */
void checker_waits(struct checker *c, int task, int64_t arrival);
void checker_begun(struct checker *c, int task, bool cancelled);
void checker_stands(struct checker *c, int task); /* since before; it passes nobody */
void checker_gone(struct checker *c, int task);
void checker_nobody_queued(struct checker *c); /* what follows is all there is */
void checker_excused(struct checker *c, int task); /* a person, or its own end, kept it back */
/* It is taken to be at fault: it is sent back, or fails. */
void checker_blamed(struct checker *c, int task);
void checker_decides_on_check(struct checker *c, int task);
void checker_merges(struct checker *c, int task); /* anew: what a check said before is over */

/* What makes some of the books useless: times that jump, ends that are no verdicts. */
void checker_clock_broken(struct checker *c);
void checker_disk_full(struct checker *c);

/* People. */
void checker_retried(struct checker *c, int task);
/* A branch of a person's: its issue stands for that, and no agent is for it. */
void checker_branch(struct checker *c, int task);
/* It is submitted at this commit; the command was told that it is queued, or that it is not. */
void checker_submits(struct checker *c, int task, int commit);
void checker_submitted(struct checker *c, int task);
void checker_refused(struct checker *c, int task);
/* It was resolved at this commit, by a person or an agent, and a supervisor saw that. */
void checker_fixed(struct checker *c, int task, int commit);
/* What a new supervisor has of it: the last word where nobody heard an answer. */
void checker_found(struct checker *c, int task, int commit);
void checker_joins(struct checker *c, int task, int commit); /* so the journal has it */
void checker_approved(struct checker *c, int task, int commit);
/* A power cut took the work of this attempt: it is as if it had not been made. */
/* The machine was restarted before what this job left was taken: how it ended does not count. */
void checker_untaken(struct checker *c, int64_t number);
void checker_lost(struct checker *c, int task, int attempt, int commit);
/* It took a merge: it may be made, and tested, anew. */
void checker_cut(struct checker *c, int commit);

/* The end of a run, as its supervisor says it. */
struct checker_result {
	int exit;
	bool fatal;
	bool unable; /* the environment could not do it, also where a stop decides what exit is */
	const char *progress; /* swarm-progress.json, or NULL where it could not be written */
	int live_jobs, worktrees_left, worktrees_kept;
	bool lock_held;
};
void checker_ended(struct checker *c,
		   const struct checker_result *r,
		   const char *(*id_of)(int task),
		   int n_tasks);

#endif
