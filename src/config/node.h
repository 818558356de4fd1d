#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>

/*
 * A YAML document as plain data, each node with the line it came from: what the rest of
 * config sees of the YAML library.
 */
enum node_kind { NODE_NULL = 1, NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	int line;               /* from 1; 0: not from a file */
	bool plain;             /* TEXT without quotes: may be a number or a truth value */
	char *text;             /* TEXT */
	char *key;              /* of an item of a MAP */
	VEC(struct node) items; /* of LIST and MAP, in their order */
};

/* Depth at which a document is refused; settings need three. */
#define NODE_DEPTH_MAX 16
/* Values at which a document is refused. */
#define NODE_COUNT_MAX 100000u

/* Parse exactly one document; an empty one is NODE_NULL. INVALID names file and line. */
int node_parse(const char *path, struct str text, struct node *ret, struct err *e) MUST_CHECK;
void node_done(struct node *n);

#endif
