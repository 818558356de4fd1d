#ifndef TEST_SIM_PEOPLE_H
#define TEST_SIM_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

/* people.c: what persons, machines and disks do meanwhile, and between two runs. */
void people_init(void);
bool people_between(int round, int exit_code); /* false: nothing more to try */

/* A task changes its state: perhaps somebody cancels it just then. */
void people_see(const char *id);

/* submit.c: branches of people's, that enter and move; what their authors do between two runs. */
void submits_init(void);
void submits_between(void);

/* finish.c: the base, which people move on, and the epic's way into it. */
void finish_init(void);
void finish_between(bool over); /* over: the run has ended by itself */

/* asks.c: a command where no supervisor runs. */
struct buf;
struct control_request;
struct err;
/* What the journal has of an issue's task, as it was committed last; -1, none: no such task. */
int journal_head(int issue);
int64_t journal_number(int issue, const char *column, int64_t none);
bool journal_needs_agent(void);
int people_ask(const struct control_request *r, struct buf *said, struct err *e);
/* 'ganger retry ID...' likewise; up to a NULL. */
void people_ask_retry(const char *const *ids);
/* 'ganger queue release ID', likewise. */
void people_ask_release(const char *id);
/* 'ganger approve ID', likewise. */
void people_ask_approve(int issue);

#endif
