#ifndef WIRE_GITHUB_CACHE_H
#define WIRE_GITHUB_CACHE_H

#include "base/str.h"

/* Answers to reads with their ETags, so that what did not change is not sent again. */
#define GITHUB_CACHE_ENTRIES 1024
#define GITHUB_CACHE_BYTES   (64u << 20)

struct github_cache;

struct cached {
	char *url;
	char *etag;
	char *link; /* the Link header, empty where there was none */
	struct buf body;
};

struct github_cache *github_cache_new(void);
void github_cache_free(struct github_cache *c);
/* NULL: there is none. Borrowed until the next put. */
const struct cached *github_cache_find(struct github_cache *c, const char *url);
/* Copies. What was asked for longest ago makes room. */
void github_cache_put(
	struct github_cache *c, const char *url, struct str etag, struct str link, struct str body);

#endif
