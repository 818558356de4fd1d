#ifndef RUN_PATHS_H
#define RUN_PATHS_H

#include "base/str.h"
#include "run/place.h"

/* The folder beside the epics' where agents are tried. No epic has its name: its per cent sign
 * would have been escaped. */
#define PATH_TRIAL "%trial"

/* Where an epic's things are kept (DESIGN 9). All absolute, owned: paths_done(). */
struct paths {
	char *epic_dir;   /* <state>/<repository>-<hash>/<epic> */
	char *journal;    /* journal.db */
	char *reserve;    /* reserve */
	char *helpers;    /* helpers.lock */
	char *socket;     /* control.sock */
	char *logs;       /* agent-logs */
	char *jobs;       /* job */
	char *pids;       /* swarm-pids.json */
	char *progress;   /* swarm-progress.json */
	char *report;     /* report.md */
	char *run_log;    /* run.log */
	char *lock;       /* <common dir>/ganger/<epic>.lock */
	char *worktrees;  /* worktree, or <worktree.dir>/<repository>-<hash>/<epic> */
	char *gates;      /* gate */
	char *repository; /* the repository's name, for worktree folders */
	char *beside;     /* the folder that the checkout is in; empty where that is the root */
};

void paths_find(const struct place *p,
		const char *epic,
		const char *worktree_dir,
		struct paths *ret);
void paths_done(struct paths *p);

/* One of them completed; the caller owns the result. */
char *path_job(const struct paths *p, int64_t job);       /* job/<n> */
char *path_worktree(const struct paths *p, int64_t slot); /* worktree/<repository>-<n> */
char *path_gate(const struct paths *p, int64_t slot);     /* gate/<repository>-<n> */
char *path_persons(const struct paths *p, const char *task); /* <beside>/<repository>-<task> */
char *path_log(const struct paths *p,
	       const char *task,
	       const char *part); /* agent-logs/<task>[.part].log */
char *path_events(const struct paths *p,
		  const char *task,
		  const char *part); /* agent-logs/<task>[.part].events.jsonl */

/*
 * The log of a check: the latest run's, or the n-th's on a tree.
 *
 * check     NULL or "": there is only one
 * tree      its object name; NULL: the latest run of any
 */
char *path_gate_log(const struct paths *p,
		    const char *task,
		    const char *check,
		    const char *tree,
		    int64_t n);

/* A branch from its pattern: {epic} and {task} replaced, made fit for a ref. Owned. */
char *branch_expand(const char *pattern, const char *epic, const char *task);

#endif
