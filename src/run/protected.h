#ifndef RUN_PROTECTED_H
#define RUN_PROTECTED_H

#include "base/str.h"
#include "config/config.h"
#include "port/forge.h"

/*
 * Before anything is pushed: would the forge take a push to the epic's branch, or what will it wait for where
 * it lands by itself? One line for a person, with the key that lands otherwise; empty: nothing stands against
 * it, or nothing is pushed there. A forge that cannot be asked is said too, and is no reason not to go on.
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

/*
 * INVALID, with a hint: the forge is to land, and does not merge into the epic's branch by queue.method.
 * Where it cannot be asked that is not known.
 */
int protected_method(struct forge *f,
		     const struct config *c,
		     const char *epic_branch,
		     struct err *e) MUST_CHECK;

/*
 * The same of the final pull request: the method by which the forge is asked to merge it. That is "merge", after
 * which the base has the epic branch in it, wherever it is allowed, whatever queue.method says.
 *
 * ret       static
 */
int protected_final(struct forge *f,
		    const struct config *c,
		    const char *base,
		    const char **ret,
		    struct err *e) MUST_CHECK;
/* What it will wait for there, as of protected_find(). */
void protected_merge(struct buf *ret, struct forge *f, const char *base);

/* The same after a push was refused: is it for such rules, by the forge's words? */
bool protected_is_why(const char *words);

#endif
