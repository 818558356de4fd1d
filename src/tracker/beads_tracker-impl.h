#ifndef TRACKER_BEADS_TRACKER_IMPL_H
#define TRACKER_BEADS_TRACKER_IMPL_H

#include "tracker/beads_bd.h"
#include "tracker/beads_tracker.h"

/* Inside of the tracker 'beads': reading is beads_look.c, changing beads_tracker.c. */

struct beads {
	struct tracker tracker; /* first, for beads_of() */
	struct bd bd;
	char *file; /* an export, read alone; NULL: bd is asked */
	bool no_bd;
	enum beads_rule rule; /* as bd's version or beads.rule has it; UNSAID: as an export says */
};

/* CHECKs that it is one. */
struct beads *beads_of(struct tracker *t);

/* bd_begin(), or where nothing can be changed an error (IO: no bd); bd_end(&b->bd) when done. */
int beads_begin(struct beads *b, bool change, struct err *e) MUST_CHECK;
int beads_read_store(struct beads *b, struct beads_file *ret, struct err *e) MUST_CHECK;
/* Who is ready in it, by bd's word where there is a bd; right after it was read. */
int beads_ask(struct beads *b, struct beads_file *f, struct err *e) MUST_CHECK;
/* An issue that was not deleted, else 'code'. */
int beads_find_live(const struct beads_file *f,
		    const char *id,
		    enum err_code code,
		    const struct beads_issue **ret,
		    struct err *e) MUST_CHECK;
/* Read the store (anew) and look one issue up in it. */
int beads_look(struct beads *b,
	       const char *id,
	       struct beads_file *f,
	       const struct beads_issue **ret,
	       struct err *e) MUST_CHECK;

/* "x\ny" to "x,y"; the caller's. */
char *beads_labels_arg(const char *labels);
/* 'bd init' where the folder of the store is not there. */
int beads_make_store(struct beads *b, struct err *e) MUST_CHECK;

char **beads_agent_env(struct tracker *t, const char *who);
int beads_tracker_load(struct tracker *t,
		       const char *epic,
		       struct issue *ret_epic,
		       struct issue_graph *ret,
		       struct err *e);
int beads_tracker_follow(struct tracker *t,
			 const char *epic,
			 struct issue *ret_epic,
			 struct issue_graph *ret,
			 struct err *e);
int beads_tracker_get(struct tracker *t,
		      const char *id,
		      struct issue *ret,
		      struct issue_graph *ret_edges,
		      struct err *e);
int beads_tracker_epics(struct tracker *t, struct issue_graph *ret, struct err *e);

#endif
