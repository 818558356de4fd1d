#ifndef SHIM_PROC_H
#define SHIM_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Processes, as /proc shows them. A process is handled through its open /proc/<pid> folder: what
 * is read from it and the signal sent through it concern that one process, never a later one
 * that got the same number. Used by the shim and by exec/sweep.c; allocates nothing.
 */

#define PROC_NAME_SIZE 16

struct proc_stat {
	pid_t pid, ppid, pgrp;
	int tty;             /* controlling terminal; 0: none */
	char state;          /* R, S, D, Z, ... */
	bool alive;          /* not a zombie; one whose main thread alone ended is alive */
	uint64_t start_time; /* field 22: ticks since boot */
	char name[PROC_NAME_SIZE];
};

/* The numbers under /proc, in ascending order. */
struct proc_list {
	int fd;
	long n, at;
	_Alignas(8) char bytes[8192];
};

int proc_list_open(struct proc_list *l); /* 0 or -1, errno */
void proc_list_close(struct proc_list *l);
pid_t proc_list_next(struct proc_list *l); /* 0 at the end */

/* The folder of a process, to be closed; -1 where there is none. */
int proc_open(pid_t pid);
/* Read its state; -1 when it is gone. */
int proc_stat(int dir, struct proc_stat *ret);
/* Send it a signal; -1, errno ESRCH when it is gone. */
int proc_signal(int dir, const struct proc_stat *st, int sig);
/* Start time of a process; 0 when it is gone. */
uint64_t proc_start_time(pid_t pid);

/*
 * Called for each living descendant; dir is its folder, closed afterwards.
 */
typedef void proc_visit_fn(void *ctx, int dir, const struct proc_stat *st);

/*
 * Visit every living descendant of root, once each; returns how many there were. Those that are
 * born meanwhile may be missed, and more than PROC_TREE_MAX are: walk again until none is left.
 */
#define PROC_TREE_MAX 4096
int proc_tree(pid_t root, proc_visit_fn *visit, void *ctx);

#endif
