#ifndef TEST_SIM_PEOPLE_H
#define TEST_SIM_PEOPLE_H

#include <stdbool.h>

/* people.c: what persons, machines and disks do meanwhile, and between two runs. */
void people_init(void);
bool people_between(int round, int exit_code); /* false: nothing more to try */

/* A task changes its state: perhaps somebody cancels it just then. */
void people_see(const char *id);

/* run.c: 'ganger retry ID...' where no supervisor runs; up to a NULL. */
void people_ask_retry(const char *const *ids);
/* 'ganger queue release ID', likewise. */
void people_ask_release(const char *id);
/* 'ganger approve ID', likewise. */
void people_ask_approve(int issue);

#endif
