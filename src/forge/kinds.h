#ifndef FORGE_KINDS_H
#define FORGE_KINDS_H

#include "port/forge.h"

/* The kinds of forge there are; the contract tests run over every row. */
struct forge_kind {
	const char *name; /* as in ganger.yaml: forge: <name> */
	bool keeps;       /* what is in it outlives the process */
	/* state_dir: the folder of the repository's state; it exists. ret: ops->free(). */
	int (*open)(const char *state_dir, struct forge **ret, struct err *e);
};

extern const struct forge_kind forge_kinds[]; /* ends with one without a name */
/* NULL where there is none of that name. */
const struct forge_kind *forge_kind_find(const char *name);

#endif
