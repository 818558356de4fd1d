#ifndef GIT_OUTSIDE_IMPL_H
#define GIT_OUTSIDE_IMPL_H

/* What is noted of all that worktrees share, to be compared (outside.c). */

#include "base/map.h"
#include "git/impl.h"

#define NOTES_MAX ((size_t)64 << 20)
#define GANGERS   "gangers " /* the kind of entry that a branch of ganger's has */

/* "<kind> <name>\t<value>", each ended by a zero byte: names of hooks may hold anything else. */
struct notes {
	struct buf text;
	struct map entries, keys;
};

void notes_done(struct notes *n);

/* What is there now. own: the branch of the attempt's task; names: those of ganger's are noted. */
void notes_take(const struct git_repo *g, const char *own, bool names, struct notes *n);
/* Entries and keys of what text holds, but for ganger's branches. */
void notes_index(struct notes *n);

#endif
