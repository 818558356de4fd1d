#ifndef RUN_OVERLAP_H
#define RUN_OVERLAP_H

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>

/*
 * Which tasks touch the same files: by the lines "files: src/a.c, lib/" of their issues, and by
 * what their attempts were seen to change. A path without a dot in its last name is a folder's too,
 * with all below it; '*' and '?' stay within a name, '**' does not.
 */
struct touching {
	char *id; /* where overlaps_number() gave the number */
	VEC(char *) globs;
};
struct overlaps {
	VEC(struct touching) tasks; /* by number: the caller's, or of overlaps_number() */
	struct map numbers;
	struct map pairs; /* those that overlaps_new() found */
	int n_pairs;
	bool changed; /* something was added */
};

/* More pairs than this are not looked for: everything overlaps, and keeping apart is no help. */
#define OVERLAPS_MAX 20000
/* Nor are more paths of one task looked at. */
#define TOUCHED_MAX 500
/* Nor longer ones. */
#define GLOB_MAX 1024

void overlaps_done(struct overlaps *o);
/* The number of the task of this id, the next one where it is new. */
size_t overlaps_number(struct overlaps *o, const char *id);
/* The paths that the text declares. */
void overlaps_declare(struct overlaps *o, size_t task, const char *body);
void overlaps_add(struct overlaps *o, size_t task, struct str glob);
/* One of a's that is also of b; NULL: none that is known. Borrowed. */
const char *overlaps_between(const struct overlaps *o, size_t a, size_t b);

/*
 * Do these two overlap, and was that not known before? No more than OVERLAPS_MAX times.
 *
 * from      a's paths before that one were compared already
 */
bool overlaps_new(struct overlaps *o, size_t a, size_t from, size_t b);

/* Is there a path that both name? */
bool globs_meet(const char *a, const char *b);

#endif
