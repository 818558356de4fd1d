#ifndef TEST_SIM_SIM_H
#define TEST_SIM_SIM_H

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/oid.h"
#include "base/str.h"
#include "port/executor.h"
#include "port/git.h"
#include "run/host.h"
#include "run/supervisor.h"
#include "sim/checker.h"

#include <stdio.h>

/*
 * A world from one seed, and the real supervisor in it. Nothing here reads a clock, a file or
 * an address: two runs of one seed say the same, byte for byte. test/sim/README.md has the map.
 */

struct forge;
struct tracker;

/* rng.c */
struct rng {
	uint64_t x;
};
uint64_t rng_next(struct rng *r);
int64_t rng_below(struct rng *r, int64_t n);              /* 0 … n - 1; n at least 1 */
int64_t rng_between(struct rng *r, int64_t a, int64_t b); /* a … b */
bool rng_chance(struct rng *r, double p);

/* What a call of a driver meets. */
enum fate {
	FATE_WELL,
	FATE_ERROR,       /* an error, and nothing was done */
	FATE_LOST_ANSWER, /* it was done, and an error is all that is heard */
	FATE_CRASH,       /* we die before it is done */
	FATE_CRASH_AFTER, /* we die once it is done */
	FATE_DEAD,        /* we are dead already: nothing happens any more */
};

/* How this run is, drawn once. Probabilities are per call. */
struct weather {
	double error, lost_answer, crash, hard_error;
	double agent_fails, agent_nothing, agent_later, agent_hangs, agent_dies, agent_silent,
		agent_bad_history, agent_lazy, leftovers;
	double conflict, breaks, pair, flicker, fix;
	double unresolved; /* that a resolver leaves markers, or touches what it must not */
	double setup_fails;
	double doubled;  /* that an answer comes twice */
	double meddling; /* that a person interferes, per change of a task's state */
	int faults;      /* left: with finitely many faults every run ends */
	int submits;     /* branches of people's */
	double agentless; /* that a supervisor begins without agents */
	double finishes;  /* that the epic is taken into the base once a run is over */
	int64_t slow_ms; /* the longest that a call takes, usually */
};

struct settings {
	int max_concurrent, kind_max, attempts, interruptions, deferrals, slots, batch, retries,
		checks;
	int64_t retry_ms, silence_ms, timeout_ms;
	bool poll, setup, check, probe, allow_red, skip, fail_uncommitted, remote, dispatch,
		approve, flaky_fails;
	const char *method, *from;
	int conflict_attempts;
	bool resolver;       /* an agent of its own for conflicts, */
	bool comes_and_goes; /* which every third supervisor has not */
	bool overlap_wait;
	bool labels; /* some issues are for an agent of their own */
	double task_cost; /* what a task may cost; 0: anything */
	bool close_base; /* issues are closed once the base has the work */
};

/*
 * What a seed draws, and the most of it that is let happen. All is drawn as ever: up to the first
 * that is left out, a run is the same.
 */
enum count {
	COUNT_TASKS,   /* the first ones of the graph */
	COUNT_ROUNDS,  /* that people let it run again after it was over */
	COUNT_PEOPLE,  /* deeds of people and machines; what ends one is none */
	COUNT_CRASHES, /* of a supervisor, also those that are faults or deeds */
	COUNT_FAULTS,  /* of calls */
	COUNTS,
};
struct cuts {
	int most[COUNTS]; /* INT_MAX: as drawn */
};

/* ---- issues: tracker.c, graph.c ---- */
struct sim_issue {
	char *id, *title;
	int priority;
	bool open, hidden, child, removed;
	bool shut;      /* closed by a person */
	bool retriable; /* as the last run ended */
	bool held;      /* in the queue by a person, as it ended last */
	bool claimed_by_other;
	char *claimed;
	int touches; /* the file that its issue declares; 0 none */
	int changes; /* the file that its agents change besides; 0 none */
	bool base;   /* it is the base at 'pinned', on its way in; no issue stands behind it */
	bool branch; /* it stands for the branch people/<id> of a person's, */
	bool asks;   /* which is being submitted, */
	int pinned;  /* and was taken at this commit last; -1 */
	bool labelled; /* as one for the other agent */
	VEC(int) needs;
};

/* ---- git.c ---- */
enum author {
	BY_NOBODY,
	BY_AGENT,
	BY_PERSON,
	BY_AUTHOR /* of a branch to be submitted */,
	BY_OTHERS /* on the base */,
	BY_GANGER
};
struct set {
	uint64_t *words;
	size_t n;
};
struct commit {
	int parent[2];      /* -1 none */
	struct set content; /* the changes in it, by their commit */
	uint64_t tree;
	enum author author;
	int task; /* of a change; -1 */
	bool change;
	bool gone; /* a power cut took it */
	int group;   /* conflicts with another of its group; 0 none */
	int pair;    /* breaks the check together with another of its pair; 0 none */
	bool broken; /* breaks the check by itself */
	bool area;   /* it touches what the second check is about, */
	bool lint;   /* and breaks that one by itself */
	bool fix;    /* mends everything broken that it stands on */
};
struct ref {
	char *name;
	int commit;
};
struct worktree {
	char *path, *branch;
	int task; /* -1: a gate's */
	int attempt;
	int start, base, head;
	int leftovers; /* files that git does not have */
	bool bad_history;
	bool ready;
	int64_t since;   /* when it was prepared */
	int merging;     /* the commit whose merge is in progress here; -1 none */
	bool unresolved; /* and was not resolved */
	bool collected;  /* head is what the merge became, or stays the work */
};

/* ---- submit.c ---- */
/* One 'ganger submit', under way. */
struct submission {
	int issue, head;
	int64_t pull;
	int tries;
	int boot; /* a reboot ends the command */
};

/* ---- exec.c ---- */
enum program { PROGRAM_AGENT = 1, PROGRAM_SETUP, PROGRAM_CHECK, PROGRAM_PROBE };
enum job_state { SIM_JOB_STARTING = 1, SIM_JOB_ALIVE, SIM_JOB_OVER };
struct sim_job {
	int64_t number;
	enum program program;
	enum job_state state;
	int task, attempt;
	int check;  /* of PROGRAM_CHECK: 0, or 1 the one with paths */
	int tested; /* the commit, once it has passed; -1 */
	char *worktree;
	struct job_limits limits;
	struct job_end end;
	bool lost; /* no end record */
	bool forgotten;
	bool wanted; /* the present supervisor asked for it and was not told its end */
	bool told_start;
	bool stopping;
	/* What it is going to do. */
	int64_t starts, works_at, ends_at;
	enum job_how how;
	int code;
	int commits, leftovers;
	bool bad_history;
	bool resolver, unresolved;
	enum checker_by by;
	int result; /* enum agent_result */
	bool provider;
	int64_t until_ms;
	double cost;
};

/* ---- forge.c ---- */
struct sim_pull {
	char *head, *base, *sha;
	int task;
	int state; /* enum pull_state */
};

/* ---- files.c ---- */
struct sim_file {
	char *path;
	bool dir, there;
	char *text; /* of those that the checker reads; else NULL */
};

/* ---- store.c ---- */
struct row {
	struct store_value *values;
};
struct sim_table {
	VEC(struct row) rows;
	struct map by_key;
};

struct event {
	int64_t at;
	uint64_t seq;
	int life; /* of the supervisor it is for; 0: of the world */
	void (*fn)(int64_t n);
	int64_t n;
};

#define LAST_LINES 50
#define MANY       12 /* issues, from which on the tracker is asked less often */
#define LARGE      50 /* issues, from which on some things are done less often */

struct world {
	uint64_t seed;
	struct rng rng;
	struct rng finish; /* of its own, so that all else is as it is without */
	struct weather weather;
	struct settings settings;
	struct cuts cuts;
	int did[COUNTS];
	struct checker *checker;

	/* Time: what the boot's clock says, and how far the wall's is from it. */
	int64_t now, wall_off;
	int64_t boot_at;
	int boot;
	VEC(struct event) events; /* a heap */
	uint64_t seq;
	int64_t steps;

	/* The supervisor. */
	struct host host;
	struct supervisor *supervisor;
	int life; /* counts supervisors */
	bool agentless; /* the latest has none */
	bool idle;      /* it left no attempt under way */
	bool dead;
	int64_t wake_at; /* -1 none */
	VEC(struct work *) works;
	VEC(int64_t) asked; /* when each of them was */
	VEC(int) known;     /* where the epic branch was then, as far as the supervisor knew; -1 */
	int64_t runs_since; /* the present one */
	struct work *peeks; /* that saw what agents have changed, and is not over */
	struct work *reads; /* that read the tracker, and is not over */
	struct work *runs;  /* NULL: none */
	const struct executor_events *executor_events;
	struct executor_events executor_events_kept;

	VEC(struct sim_issue) issues;
	struct map issue_ids;
	bool epic_closed;
	VEC(struct commit) commits;
	VEC(int) fixes, breakers; /* commits that mend the check, and that it may fail for */
	VEC(struct ref) refs, remote_refs;
	struct map ref_names, remote_names;
	VEC(struct worktree) worktrees;
	bool anchor;
	VEC(struct sim_job) jobs;
	size_t jobs_over; /* all before it are */
	VEC(const char *) stays; /* worktrees in which a process could not be ended; of the jobs */
	VEC(struct sim_pull) pulls;
	VEC(struct submission) submissions;
	VEC(struct sim_file) files;
	struct map file_paths;
	bool disk_full, reserve, lock;
	bool write_failed; /* the last time that the progress was written */
	int reserve_room;  /* commits that fit into the released reserve */
	struct sim_table tables[8];
	struct map meta_keys;
	VEC(char *) metas;
	int64_t commits_made, traced;
	bool lost; /* the present supervisor was told of what is gone */
	int false_reds; /* checks and set-ups that failed by chance */

	uint64_t log_hash;
	char *lines[LAST_LINES];
	uint64_t n_lines;
	FILE *log;
};

extern struct world
	*sim; /* the one there is; what is replaced at link time has no other way to it */

/* world.c */
struct world *world_new(uint64_t seed, const struct cuts *cuts, FILE *log);
void world_free(struct world *w);
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
void at(int64_t delay_ms, void (*fn)(int64_t n), int64_t n); /* an event of the world */
void at_life(int64_t delay_ms,
	     void (*fn)(int64_t n),
	     int64_t n); /* void when this supervisor dies */
bool event_pop(struct event *ret);
int64_t wall_now(void);
int64_t latency(void);
/* Counts one more of what was drawn; false: it must not happen. */
bool may(enum count k) MUST_CHECK;
enum fate fate(const char *what);
/* For the end of a driver's call: what is heard of it. */
int heard(enum fate f, struct err *e) MUST_CHECK;
/* For its begin: non-zero where nothing is done. */
int refused(enum fate f, struct err *e) MUST_CHECK;

/* weather.c, graph.c */
void draw_weather(struct world *w);
void draw_graph(struct world *w);
bool beads_graph(struct world *w, const char *path);
int issue_add(struct world *w, const char *id, int priority);

/* repo.c, git.c */
#define EPIC     "e"
#define EPIC_REF "refs/heads/epic/" EPIC
#define BASE_REF "refs/heads/main"
int sim_git_open(struct git **ret);
/* git_cut.c */
bool commit_is_gone(const struct oid *o); /* a cut took it */
int git_clear_torn(struct git *g, int64_t since_ms, size_t *ret, struct err *e);
int git_prove(struct git *g, struct git_named *v, size_t n, struct err *e);
void sim_git_init(void);
int ref_get(const char *name); /* -1: absent */
void ref_set(const char *name, int commit);
/* Names a commit as the work of an attempt, as the port promises it: what had the name keeps one. */
void ref_keep(int task, int attempt, int commit);
int remote_get(const char *name);
int worktrees_kept(void); /* those with work that no ref names */
void epic_move(int commit, bool rewritten);
void power_cut(void); /* some commits and refs that nothing was built on are gone */
int epic_tip(void); /* the remote's, where there is one */
int commit_change(int onto, int task, enum author by);
int commit_join(int a, int b, int task, enum author by);
int commit_resolve(int epic, int work, int task); /* their merge, as an agent resolved it */
bool contains(int commit, int other); /* is all of other's content in commit? */
bool is_ancestor(int a, int b);
bool tree_is_red(int commit, int check);
bool merge_is_red(int a, int b);
bool touches_area(int old, int new_);
bool conflicts(int a, int b, struct buf *ret); /* ret: in what; may be NULL */
int count_ahead(int head, int base);           /* changes in head that base has not */
void ref_set_either(const char *name, int commit, bool remote);
bool worktree_is_kept(const struct worktree *w); /* a ref names all that is in it */
struct oid tree_oid(uint64_t tree);
struct oid commit_oid(int commit);
int oid_commit(const struct oid *o); /* -1: empty */
struct worktree *worktree_find(const char *path);
const char *epic_branch(void);
void task_branch(int task, struct buf *b);

/* tracker.c, forge.c, exec.c, store.c, files.c, kinds.c */
int sim_tracker_open(struct tracker **ret);
int sim_forge_open(struct forge **ret);
int sim_executor_open(const struct executor_events *events, struct executor **ret);
void jobs_reboot(void);
void job_kill_shim(struct sim_job *j);
struct sim_job *sim_job_find(int64_t number);
bool job_alive_in(const char *worktree);
bool job_stays_in(const char *worktree); /* could something there not be ended? */
void sim_store_done(void);
struct sim_file *sim_file_find(const char *path);
struct sim_file *sim_file_add(const char *path, bool dir);
int issue_index(const char *id);
int64_t pull_open(const char *head, const char *base, const char *sha, int task);

/* plans.c: what a job does, drawn as it starts */
void job_plan(struct sim_job *j);
bool job_leaves_one_for_good(const struct sim_job *j);

/* run.c: the settings of this run */
struct config;
struct place;
const struct config *sim_config(void);
const struct place *sim_place(void);
struct parts;
const struct parts *sim_parts(void);
bool sim_has_resolver(void); /* the present supervisor */
/* One supervisor, to its end: its exit code; -1: it died; -2: it did not begin. */
int supervisor_lives(bool agentless);
void world_pass(int64_t ms); /* without a supervisor */

/* finish.c */
struct child_result;
int finish_moves_base(struct child_result *ret, struct err *e);
/* The issue of this id; where it is the base on its way in, one that is made for it. */
int base_entry(const char *id);

/* coverage.c */
void coverage_print(FILE *f);
int coverage_missing(void);
unsigned char *coverage_bytes(size_t *ret_n); /* to be sent to, and joined in, another process */
void snapshot_taken(void);                    /* a commit was made: remember what was in memory */
void snapshot_compare(void);                  /* a supervisor has loaded: it must be the same */
void snapshot_free(void);

/* see.c */
struct core;
struct transition;
void see_journal(const struct core *c); /* as a new supervisor finds it */
void see_transition(void *ctx, const struct core *c, const struct transition *t);
void see_message(void *ctx, const char *line);

/* quick.c */
void quick_free(void);

/* shrink.c: */
const char *count_option(enum count k);
/*
 * Makes cuts the smallest found with which run, in a child, still breaks the rule that it breaks
 * with those given; false: it breaks none. is_over: begin no other trial.
 */
bool shrink(struct cuts *cuts, void (*run)(const struct cuts *cuts), bool (*is_over)(void));
/* True in such a child: what broke is told to its parent, and not to be printed. */
bool shrink_hears(const struct world *w, const char *why);

/* runs one seed; false: a rule broke, and it was printed */
bool world_run(struct world *w);

#endif
