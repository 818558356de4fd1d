#ifndef TRACKER_BEADS_TRACKER_H
#define TRACKER_BEADS_TRACKER_H

#include "port/tracker.h"

/*
 * Issues in Beads, through its program 'bd' (0.49 to 1.x), one call at a time. Where there is no
 * bd, or 'path' is a file, an export (JSONL) is read and every change is refused. 'bd init'
 * makes a store at the first add() where there is none.
 *
 * Who is ready is what bd says; of an export, a rule (beads.rule).
 * What bd refuses (a cycle, closing what open issues block) is an error here too, in its words.
 */
struct beads_spec {
	const char *root; /* of the repository */
	const char *path; /* the folder of the store, or an export; NULL or empty: .beads in root */
	const char *rule; /* beads.rule, for an export; may be NULL */
	const char *state_dir; /* for the lock */
	int64_t timeout_ms;    /* of a call; 0: BD_TIMEOUT_MS */
};

int tracker_beads_new(const struct beads_spec *spec,
		      struct tracker **ret,
		      struct err *e) MUST_CHECK;

#endif
