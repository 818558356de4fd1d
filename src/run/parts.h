#ifndef RUN_PARTS_H
#define RUN_PARTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct child_env;
struct config;
struct executor;
struct executor_events;
struct forge;
struct git;
struct git_epic_spec;
struct host;
struct import_result;
struct import_spec;
struct issue_graph;
struct place;
struct tracker;

enum job_look {
	JOB_LOOK_OVER = 1, /* nothing of it is left, or nothing was started */
	JOB_LOOK_ALIVE,
	JOB_LOOK_LOST, /* its shim died: processes of it may be left */
};

/*
 * What parts.c wires together: the drivers, for those who must not know their names. Every
 * function is there; one whose driver is not built says so in e.
 */
struct parts {
	/*
	 * The repository around a folder; all of ret but state_dir. place_done().
	 * NOT_FOUND: there is none, or no git; INVALID: it is bare, or git is too old.
	 */
	int (*discover)(const char *dir, struct place *ret, struct err *e);
	/* The tracker that the settings name, ready for use; the caller frees it. */
	int (*tracker_open)(const struct place *p,
			    const struct config *c,
			    struct tracker **ret,
			    struct err *e);
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
	/* Does this build have such a tracker, such a forge? */
	bool (*tracker_known)(const char *kind);
	bool (*forge_known)(const char *kind);
	bool (*agent_known)(const char *kind);
	/* Take GitHub's webhooks until the process ends; see wire/webhook_server.h. */
	int (*webhooks)(
		const char *listen,
		const char *secret,
		void (*heard)(void *ctx, int answer, const char *event, const char *delivery),
		void *ctx,
		char **ret_url,
		struct err *e);
	/* "owner/name" that a remote's address names on the API's host; the caller's, or NULL. */
	char *(*github_repository)(const char *remote_url, const char *api_url);
	/* What a Beads export holds, without importing it; epic NULL: all; rule: beads.rule. Lines that
	 * could not be used are in ret->notes. issue_graph_done(). */
	int (*beads_graph)(const char *path,
			   const char *rule,
			   const char *epic,
			   struct issue_graph *ret,
			   struct err *e);
	/* May a journal be kept in this folder? INVALID: it is on a network file system. */
	int (*state_check)(const char *dir, struct err *e);
	/* Can jobs be held in cgroups here? Where not, why says the reason; they do without. */
	bool (*cgroup_usable)(const char *shim, struct err *why);
	/* Issues of a file into the built-in tracker; see port/import.h. */
	int (*import_beads)(struct tracker *t,
			    const struct import_spec *s,
			    struct import_result *ret,
			    struct err *e);
	int (*import_markdown)(struct tracker *t,
			       const struct import_spec *s,
			       struct import_result *ret,
			       struct err *e);
	/* How a job stands, by its folder alone; pid: of its shim, where it lives. */
	int (*job_look)(const char *dir,
			int64_t number,
			enum job_look *ret,
			int64_t *ret_pid,
			struct err *e);
	/* How ganger-shim is found; the caller frees it. NOT_FOUND with a hint. */
	int (*shim_path)(char **ret, struct err *e);
};

/* The ones of this build, for the program and the library; nobody else asks for them by name. */
extern const struct parts parts_all;

#endif
