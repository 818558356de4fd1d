#ifndef TRACKER_IMPORT_H
#define TRACKER_IMPORT_H

#include "port/import.h"
#include "tracker/local-impl.h"

/* What the importers share. */

/* text is taken over. */
void import_note(
	struct import_result *r, enum import_what what, int line, const char *id, char *text);
/* Order the notes by what they say, keeping the order within. */
void import_sort_notes(struct import_result *r);

/*
 * In a transaction: the epic 'id' is there after (made, open, with this title and body, if
 * it was not); r->epic says so. id NULL: it gets a number.
 */
int import_epic(struct local *l,
		const char *id,
		const char *title,
		const char *body,
		struct import_result *r,
		struct err *e) MUST_CHECK;

#endif
