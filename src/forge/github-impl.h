#ifndef FORGE_GITHUB_IMPL_H
#define FORGE_GITHUB_IMPL_H

#include "base/mem.h"
#include "base/oid.h"
#include "base/str.h"
#include "forge/github.h"
#include "wire/github.h"
#include "wire/json.h"

struct hub {
	struct forge forge; /* first, for hub_of() */
	struct github *g;
	char *name;  /* owner/name */
	char *owner; /* as in "owner:branch" */
	char *path;  /* "/repos/owner/name", escaped */
	bool draft, rewrites;
	bool no_async; /* it was asked once and is not offered there */
	bool hides;    /* protection was asked for once, and this login may not read it */
	/* What GitHub refused to merge last for want of people, as it was then. */
	struct {
		char *state, *why;
		int times;
	} refused;
	/* What was put into the merge queue of its base last: it may come back out of it. */
	struct {
		int64_t number;
		struct oid head;
		int times;
	} queued;
};

struct hub *hub_of(struct forge *f);

/* "<path>/pulls/<number><more>"; the caller's. */
char *hub_pull_path(const struct hub *h, int64_t number, const char *more);
/* The pull request as GitHub has it now; ret: json_free(). */
int hub_read(struct hub *h, int64_t number, struct cJSON **ret, struct err *e) MUST_CHECK;
bool hub_is_open(const struct cJSON *pull);
bool hub_is_merged(const struct cJSON *pull);
/* The commit of the base that a merged one became; empty where GitHub does not say. */
int hub_merged_sha(struct hub *h, const struct cJSON *pull, struct oid *ret, struct err *e)
	MUST_CHECK;
/* It may take a moment until GitHub has seen something: 100 ms, doubled; n: from 0 on. */
void hub_wait(int n);
#define HUB_WAITS      4 /* of something that it was asked for */
#define HUB_WAITS_PUSH 6 /* of a push, which it looks at in its own time */

/* What the base of a pull request asks for, by its rules and its protection. */
struct hub_rules {
	struct buf unmet; /* what is not there yet, for people; empty: nothing */
	bool has_failed;  /* a check among it: waiting alone will not mend that */
	bool is_strict;   /* the head must have all of the base in it */
	bool has_queue;   /* merges go through the base's own merge queue */
	bool is_hidden;   /* there is more, which this login may not read */
};
/* head: what is to be merged. ret: always filled; hub_rules_done(). e: as github_list(). */
int hub_rules(struct hub *h,
	      const struct cJSON *pull,
	      const char *head,
	      struct hub_rules *ret,
	      struct err *e) MUST_CHECK;
void hub_rules_done(struct hub_rules *r);

/* Rules of a branch (also of one that is not there), and the branch; ret: json_free(). NULL: the
 * server has no rules, there is no such branch. */
int hub_branch_rules(struct hub *h, const char *branch, struct cJSON **ret, struct err *e)
	MUST_CHECK;
int hub_branch(struct hub *h, const char *branch, struct cJSON **ret, struct err *e) MUST_CHECK;
/*
 * What the older protection asks of a branch, as hub_branch() has it; ret: json_free(). NULL: it has none, or
 * *ret_hidden: only administrators may read it, and this login is none.
 */
int hub_protection(struct hub *h,
		   const struct cJSON *branch,
		   struct cJSON **ret,
		   bool *ret_hidden,
		   struct err *e) MUST_CHECK;
#define HUB_HIDDEN "what only its administrators may read, perhaps reviews"
/* GitHub has found out that there is something that does not let it be merged. */
bool hub_is_blocked(const struct cJSON *pull);
int hub_asks(struct forge *f,
	     const char *branch,
	     enum forge_way way,
	     struct buf *ret,
	     struct err *e) MUST_CHECK;
int hub_waits(struct forge *f, int64_t number, struct buf *ret, struct err *e) MUST_CHECK;
int hub_methods(struct forge *f, const char *branch, unsigned *ret, struct err *e) MUST_CHECK;

int hub_merge(struct forge *f,
	      const struct forge_merge_spec *s,
	      struct forge_merge *ret,
	      struct err *e) MUST_CHECK;

#endif
