#ifndef RUN_PROTECTED_H
#define RUN_PROTECTED_H

#include "base/str.h"
#include "config/config.h"
#include "port/forge.h"

/*
 * Before anything is pushed: would the forge take a push to the epic's branch? One line for a
 * person, with the key that lands otherwise; empty: nothing stands against it, or nothing is pushed
 * there. A forge that cannot be asked is said too, and is no reason not to go on.
 */
void protected_find(struct buf *ret,
		    struct forge *f,
		    const struct config *c,
		    const char *epic_branch);

/*
 * The same before anything is begun, for a plan: a line, with its end, for each thing that the forge
 * will ask for: at landings, and of the final pull request.
 *
 * base      NULL: it is not known
 */
void protected_plan(struct buf *ret,
		    struct forge *f,
		    const struct config *c,
		    const char *epic_branch,
		    const char *base);

/* The same after a push was refused: is it for such rules, by the forge's words? */
bool protected_is_why(const char *words);

#endif
