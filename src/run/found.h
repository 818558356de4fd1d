#ifndef RUN_FOUND_H
#define RUN_FOUND_H

#include "base/str.h"
#include "port/tracker.h"

/*
 * Issues that work on the epic brought to light and that are no part of it: said once, kept with the
 * journal, and named in the report. As a text: "id TAB from TAB title" a line.
 */
struct found_line {
	struct str id, from, title;
};
bool found_next(struct str *rest, struct found_line *ret);
bool found_has(const char *found, const char *id);
void found_add(struct buf *b, const struct issue_found *f);

#endif
