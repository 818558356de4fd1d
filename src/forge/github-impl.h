#ifndef FORGE_GITHUB_IMPL_H
#define FORGE_GITHUB_IMPL_H

#include "base/mem.h"
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

int hub_merge(struct forge *f,
	      const struct forge_merge_spec *s,
	      struct forge_merge *ret,
	      struct err *e) MUST_CHECK;

#endif
