#ifndef UI_CLI_ISSUES_H
#define UI_CLI_ISSUES_H

#include "port/tracker.h"
#include "ui/cli/cli.h"

/* What the commands on issues share: reading their operands, showing what is there. */

/*
 * Ids of every --after, split at commas and trimmed: NULL-terminated, cli_ids_free().
 * NULL where the option was not given; an empty list where its value was empty.
 */
char **cli_ids(const struct cli *c, const char *option);
void cli_ids_free(char **ids);

/* The values of every --label, one a line; NULL where none was given. The caller frees it. */
char *cli_labels(const struct cli *c);

/* --priority: 0-4, -1 where it was not given. INVALID. */
int cli_priority(const struct cli *c, int *ret, struct err *e) MUST_CHECK;

/* A text as given, or standard input for "-"; NULL gives NULL. The caller frees *ret. */
int cli_text(const char *value, char **ret, struct err *e) MUST_CHECK;

/* Open the tracker and print "error: …" where that fails; then *ret_code is the exit code. */
struct tracker *cli_issues(struct cli *c, int *ret_code);

/* An issue's state in one word: closed, held, claimed, blocked, epic or ready. */
const char *cli_issue_state(const struct issue *i, const struct issue_graph *g);

/* What an issue needs, of the edges of a graph: "3, 4"; open alone, or all. The caller frees it. */
char *cli_issue_needs(const struct issue *i, const struct issue_graph *g, bool open_only);

/* {"id","title","state","open",…,"after":[…]} without its texts. */
cJSON *cli_issue_json(const struct issue *i, const struct issue_graph *g);

/* A text of several lines, each made safe for a terminal. */
void cli_print_text(struct cli *c, const char *text);

#endif
