#ifndef UI_CLI_CONTROL_H
#define UI_CLI_CONTROL_H

struct cli;
struct control_request;

/*
 * Ask r of the tasks that are named, those of one epic together; r's own ids are not read. Prints
 * what was done, or why not. Returns the exit code.
 */
int control_ask_tasks(struct cli *c, const struct control_request *r, int argc, char **argv);

#endif
