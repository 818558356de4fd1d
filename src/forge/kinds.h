#ifndef FORGE_KINDS_H
#define FORGE_KINDS_H

#include "port/forge.h"

struct github_options;

struct forge_where {
	const char *state_dir;               /* the folder of the repository's state; it exists */
	const struct github_options *github; /* of the kind 'github'; else NULL */
	bool draft;                          /* github.draft */
	bool rewrites; /* what lands by push does not have the head in it: squash, rebase */
};

/* The kinds of forge there are; the contract tests run over every row. */
struct forge_kind {
	const char *name; /* as in ganger.yaml: forge: <name> */
	bool keeps;       /* what is in it outlives the process */
	/* ret: ops->free(). */
	int (*open)(const struct forge_where *w, struct forge **ret, struct err *e);
};

extern const struct forge_kind forge_kinds[]; /* ends with one without a name */
/* NULL where there is none of that name. */
const struct forge_kind *forge_kind_find(const char *name);

#endif
