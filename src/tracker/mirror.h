#ifndef TRACKER_MIRROR_H
#define TRACKER_MIRROR_H

#include "port/tracker.h"
#include "tracker/beads_tracker.h"

/*
 * Issues on GitHub with a copy in Beads, which has a say in what may start (docs/adr/0032). Ids
 * are GitHub's, and so is every text and whether an issue is open. A copy is known by its
 * external_ref, the address; a new one is called "gh-12", of another repository
 * "gh-owner-name-12".
 *
 * follow() makes the copy of an epic: itself, its children, what they wait for, and the edges.
 * An edge 'blocks' between two copies is as on GitHub; what else is in the store stays. A child
 * that left the epic is kept, and no longer a child. An issue that somebody closed in Beads
 * alone stays so there, until it is opened again on GitHub.
 *
 * load() changes nothing. What both say waits: an edge that only one of them has counts.
 */
struct mirror_spec {
	struct tracker *github; /* taken over, also where this fails */
	const char *site;       /* "https://github.com" */
	const char *repository; /* owner/name */
	struct beads_spec beads;
};

int tracker_mirror_new(const struct mirror_spec *spec,
		       struct tracker **ret,
		       struct err *e) MUST_CHECK;

#endif
