#ifndef TRACKER_BEADS_READY_IMPL_H
#define TRACKER_BEADS_READY_IMPL_H

#include "tracker/beads.h"

/* Inside of who is ready: the rules are beads_ready.c, the port's graph is beads_graph.c. */

/* Issues are meant by their places in the file. */
struct places {
	VEC(size_t) at;
};

/* What holds an issue up. */
struct blocker {
	size_t at;
	const char *until; /* what has to happen to it; NULL: it has to be closed */
};

struct blockers {
	VEC(struct blocker) list;
};

/* What the rule needs to know of the whole file; one item an issue. */
struct rules {
	const struct beads_file *file;
	enum beads_rule rule; /* never UNSAID */
	int64_t now_ms;
	struct places *parents, *children;
	struct blockers *own; /* of its own edges: those that hold it up */
	size_t *seen;         /* marks of a walk over parents; 0 none */
	size_t walk;          /* number of that walk */
};

/* One issue; standing_done(). It is ready if it is open, and nothing of this is set. */
struct standing {
	char *hidden;          /* why it must not be started although open; NULL: nothing */
	bool by_date;          /* … only until a date */
	struct blockers waits; /* in order of the file */
};

/* rule: BEADS_RULE_UNSAID: the file's, or where that says none, 1.0. */
void rules_init(struct rules *r, const struct beads_file *f, enum beads_rule rule, int64_t now_ms);
void rules_done(struct rules *r);
const struct beads_issue *rules_issue(const struct rules *r, size_t at);
void rules_stand(struct rules *r, size_t at, struct standing *ret);
void standing_done(struct standing *s);

#endif
