#ifndef RUN_PARTS_H
#define RUN_PARTS_H

#include "base/err.h"

struct child_env;
struct config;
struct executor;
struct executor_events;
struct forge;
struct git;
struct git_epic_spec;
struct host;
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
	/* The drivers of a run; the caller frees each. */
	int (*forge_open)(const struct place *p,
			  const struct config *c,
			  struct forge **ret,
			  struct err *e);
	int (*git_open)(const struct place *p,
			const struct git_epic_spec *spec,
			const struct child_env *env,
			struct git **ret,
			struct err *e);
	int (*executor_open)(struct host *host,
			     const struct config *c,
			     const char *shim,
			     const struct executor_events *events,
			     struct executor **ret,
			     struct err *e);
};

#endif
