#ifndef TRACKER_MIRROR_IMPL_H
#define TRACKER_MIRROR_IMPL_H

#include "tracker/beads_tracker-impl.h"
#include "tracker/mirror.h"

/* Inside of the mirror: mirror.c is the tracker, mirror_copy.c changes the copy, mirror_join.c
 * reads it. */

struct mirror {
	struct tracker tracker; /* first, for mirror_of() */
	struct tracker *hub;
	struct beads *store;
	char *site, *repository;
};

/* The store as it was read, and whose copies are in it. */
struct copies {
	struct beads_file f;
	struct map index; /* an id on GitHub, in lower case, to a place in f */
	VEC(char *) ids;  /* by place: the id on GitHub; NULL: it is no copy */
};

void copies_done(struct copies *c);
/* Between beads_begin() and bd_end(). */
int copies_read(struct mirror *m, struct copies *ret, struct err *e) MUST_CHECK;
/* NULL where there is none. */
const struct beads_issue *copies_find(const struct copies *c, const char *id);
/* The id on GitHub of what has this id in Beads; NULL: it is no copy. */
const char *copies_id(const struct copies *c, const char *beads_id);

/* "https://github.com/o/r/issues/12"; the caller's. */
char *mirror_ref(const struct mirror *m, const char *id);

/* Bring the copy of the epic up to date; g's notes get a line for each change. Between begin and end.
 * ret: the store as it is then */
int mirror_copy(struct mirror *m,
		const struct issue *epic,
		struct issue_graph *g,
		struct copies *ret,
		struct err *e) MUST_CHECK;

/* What the copy says beyond GitHub: edges, and what must not start. */
int mirror_join(const struct copies *c, const char *epic, struct issue_graph *g, struct err *e)
	MUST_CHECK;

#endif
