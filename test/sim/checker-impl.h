#ifndef TEST_SIM_CHECKER_IMPL_H
#define TEST_SIM_CHECKER_IMPL_H

#include "sim/checker.h"

#include <stddef.h>

/* The checker's books. Nothing of src is included here: what is checked must not check itself. */

struct bits {
	uint64_t *words;
	int n;
};

struct book_commit {
	int parent[2];
	int change_of; /* task; -1 of no task, -2 no change */
	bool area;
	bool cut; /* a power cut took it: nobody hears of its checks any more */
	struct bits content;
	int n_content;
};

struct book_need {
	int task;
	bool read, known, binds;
};

struct book_task {
	bool child, open, closed_by_us, closed_by_person, removed;
	struct {
		bool there, open, removed, labelled;
	} read, known;          /* as the tracker was read last; as a supervisor has it */
	bool labelled, labelled_before; /* now; before the supervisor was told what is known */
	enum checker_by by, or_by; /* of its attempt, as it was claimed: the one, or the other where
				    * that was told in the very turn that claimed it */
	bool at_begin; /* it was there to be done as the supervisor began, and nothing of it has changed */
	bool claimed_as_removed;
	bool unseen; /* out of the epic as others were claimed, since it was: nobody knew its files */
	struct book_need *needs;
	int n_needs;
	int landed; /* commit, or -1 */
	int head;   /* of its pull request, or -1 */
	bool base;  /* it is the base, on its way in: a branch without an issue */
	bool branch;             /* it is a person's; head was said to be queued */
	int asked, asked_before; /* at which it was submitted, and no answer was heard; -1 */
	int fixed;               /* at which a person's fix was seen; -1 */
	bool by_hand; /* a person brought head into the branch, or it came with another's */
	bool cut_in;  /* its commit was lost while the branch had its work */
	int approved; /* commit, or -1 */
	int alive;  /* jobs */
	enum checker_by alive_as;
	int gated_in; /* the commit of the journal by which its check was decided on */
	bool resolving; /* the last of them is a resolver's: it waits for nobody beside it */
	int attempt_most;
	int counted;       /* attempts that count, since it was last retried */
	int refused;       /* the attempt that could not be started last; 0 none */
	int64_t failed_at; /* the last one that failed by itself; -1 none */
	enum checker_end last_end;
	bool red;
	int64_t arrival; /* in the queue; 0: it is not in it */
	int begun;       /* its place among those being merged; 0 none */
	int passed;      /* by later ones, since it arrived */
	int reruns; /* of its check, on the present tree */
	int red_on; /* what the merge that was red stood on; -1 none */
	int conflict_on; /* what its merge conflicted with last; -1 none */
	int touches;
	int seen,
		seen_known; /* the file it was seen to change; what a supervisor has heard of that */
	int resolvers;   /* attempts at a conflict that count, since it was last retried */
	bool resolved;   /* its last attempt was one, and is said to be done */
};

struct book_job {
	struct checker_job j;
	bool alive;
	double cost; /* that a supervisor was told; 0 nothing */
};

struct checker {
	struct checker_limits limits;
	struct book_commit *commits;
	int n_commits;
	struct book_task *tasks;
	int n_tasks;
	struct book_job *jobs;
	int n_jobs;
	struct book_green {
		int commit, check;
		bool heard, kept; /* by a supervisor, which wrote it down */
		int kept_in;      /* the commit of the journal that has it, counted */
	} *green;
	int n_green, n_kept; /* all before n_kept are kept */
	int kept; /* commits of the journal */
	int begun; /* last place given out */
	int epic, remote, base;
	int known; /* of the branch, by whoever acts; -1 */
	bool epic_closed;
	int alive; /* sessions */
	int alive_by[CHECKER_BYS];
	bool probed[CHECKER_BYS];
	int gates;         /* alive */
	bool person_moved; /* the branch, last */
	int moved_from;    /* where it was before a person last did; -1 */
	int exit; /* of the run that ended last */
	bool unable;
	bool rewritten, clock_broken, disk_full;
	char broken[400];
};

/* Nobody heard of its head, or of its fix: what holds it proves that it was taken. */
void book_settle(struct checker *c, struct book_task *t, int commit);
/* p with room for n of them; it stops where there is no memory. */
void *book_grow(void *p, int n, size_t each);
/* Is all of other's content in commit? */
bool book_holds(const struct checker *c, int commit, int other);
bool book_same_tree(const struct checker *c, int commit, int other);
uint64_t book_word(const struct bits *b, int i);
bool book_descends(const struct checker *c, int from, int ancestor);
struct book_task *book_task_of(struct checker *c, int task);
/* Of set-up, whose attempt it is for. */
enum checker_by book_whose(const struct checker *c, const struct checker_job *j);
struct book_job *book_job_of(struct checker *c, int64_t number); /* NULL: it never began */
/* As an attempt begins: the ones before it have not spent the limit. */
void book_cost(struct checker *c, const struct checker_job *j);
/* An attempt is by the agent that the labels name; who was known to be needed was tried before that. */
void book_check_agent(struct checker *c, const struct checker_job *j);
void book_check_probed(struct checker *c, int task, enum checker_by by);
/* An issue is closed by us: does the base have it, where that is asked for? */
void book_closes(struct checker *c, int task);
/* Open, and a supervisor knows it; not one that was opened again after its work was in, or was none. */
bool book_is_owed(const struct book_task *t);
/* Has this tree passed the check; is anything in new_ and not in old that the second is about? */
bool book_passed(const struct checker *c, int commit, int check);
/* Of all that the second check is about: it is as it was in something that passed. */
bool book_area_passed(const struct checker *c, int tip);
bool book_is_about(const struct checker *c, int old, int new_);
int book_tip(const struct checker *c); /* the remote's, where there is one */

#endif
