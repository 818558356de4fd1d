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
 * Before anything is done: have the forge merge it? Says what it will wait for there, and finds by which method
 * (static) it is merged. Returns the exit code; not 0: it will not be merged there, and that was said.
 */
int finish_check(struct cli *c, const struct view *v, const char **ret_method);

/*
 * Did a pull request of exactly this head bring it into the base, which need not have the commit itself? ret: as
 * which commit; empty: none did.
 *
 * epic, base   where the two branches are
 */
int finish_find_merged(struct cli *c,
		       const struct view *v,
		       const struct oid *epic,
		       const struct oid *base,
		       struct oid *ret,
		       struct err *e) MUST_CHECK;

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
 * method    of finish_check(); NULL: it is not merged
 * ret_as    where it was merged: the commit of the base; else, or where the forge does not say, as it was
 * Returns the exit code; what is to be said was said.
 */
int finish_pull(struct cli *c,
		const struct view *v,
		const struct oid *head,
		const char *method,
		struct oid *ret_as);

#endif
