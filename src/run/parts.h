#ifndef RUN_PARTS_H
#define RUN_PARTS_H

#include "base/err.h"

struct config;
struct place;
struct place_git;
struct tracker;

/*
 * What main.c wires together: the drivers, for those who must not know their names. Every
 * function is there; one whose driver is not built says so in e.
 */
struct parts {
	/* The repository around a folder. NOT_FOUND: there is none; INVALID: it is bare. */
	int (*discover)(const char *dir, struct place_git *ret, struct err *e);
	/* The tracker that the settings name, ready for use; the caller frees it. */
	int (*tracker_open)(const struct place *p,
			    const struct config *c,
			    struct tracker **ret,
			    struct err *e);
	/* A Beads export, to be looked at with load() alone; the caller frees it. */
	int (*beads_open)(const char *path, struct tracker **ret, struct err *e);
};

#endif
