#ifndef UI_CLI_REACH_H
#define UI_CLI_REACH_H

#include "ui/cli/cli.h"

/*
 * The first run of an epic that reaches outside this machine: say what it will push, open,
 * comment on and close, in numbers, and ask. With --yes, on a later run, and where nothing is
 * reached, nothing is said. Without a terminal there is nobody to ask: usage.
 *
 * Returns CLI_OK to go on, else the exit code; what is to be said was said.
 */
int reach_ask(struct cli *c, const char *epic);
/* The same before n issues are dispatched: each is a pull request into the base, none is closed. */
int reach_ask_dispatch(struct cli *c, int n);

#endif
