#ifndef UI_CLI_MANUAL_H
#define UI_CLI_MANUAL_H

struct cli;

/* The parts of the manual pages that come from tables, as roff: commands, and keys. */
void manual_commands(struct cli *c);
void manual_keys(struct cli *c);

#endif
