#ifndef UI_CLI_FINISH_FORGE_H
#define UI_CLI_FINISH_FORGE_H

#include "base/oid.h"
#include "run/view.h"
#include "ui/cli/cli.h"

/* The way back through a forge that others see. */

/* Does the epic end as a pull request there? */
bool finish_on_forge(const struct cli *c);

/* Get the base as the forge has it; then it is refs/remotes/<remote>/<base>, the caller's. */
int finish_fetch(struct cli *c, const struct view *v, char **ret_ref, struct err *e) MUST_CHECK;

/*
 * Why what goes into the base was not tested as it is, for people; NULL: it was. The caller's.
 *
 * epic      where the epic branch is
 */
char *finish_untested(const struct view *v, const struct oid *epic);

/*
 * Open the final pull request, or bring it up to date, with a summary of every task; where the
 * option 'merge' is given have the forge merge it, too.
 *
 * head      of the epic branch: what was tested with the base in it
 * merged    set where it is in the base now
 * Returns the exit code; what is to be said was said.
 */
int finish_pull(struct cli *c, const struct view *v, const struct oid *head, bool *merged);

#endif
