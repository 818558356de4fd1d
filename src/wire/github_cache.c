#include "wire/github_cache.h"

#include "base/mem.h"

#include <stdlib.h>

struct entry {
	struct cached c;
	uint64_t used; /* the count of uses when it was */
};

/* An array is enough: it is searched once a request. */
struct github_cache {
	VEC(struct entry) entries;
	size_t bytes;
	uint64_t uses;
};

struct github_cache *github_cache_new(void)
{
	return mem_alloc(sizeof(struct github_cache));
}

static void drop(struct github_cache *c, size_t at)
{
	struct cached *x = &c->entries.items[at].c;

	c->bytes -= x->body.n;
	free(x->url);
	free(x->etag);
	free(x->link);
	buf_done(&x->body);
	c->entries.items[at] = c->entries.items[--c->entries.n];
}

void github_cache_free(struct github_cache *c)
{
	if (!c)
		return;
	while (c->entries.n)
		drop(c, c->entries.n - 1);
	VEC_DONE(&c->entries);
	free(c);
}

static struct entry *find(struct github_cache *c, const char *url)
{
	for (size_t i = 0; i < c->entries.n; i++) {
		if (streq(c->entries.items[i].c.url, url))
			return &c->entries.items[i];
	}
	return NULL;
}

const struct cached *github_cache_find(struct github_cache *c, const char *url)
{
	struct entry *x = find(c, url);

	if (!x)
		return NULL;
	x->used = ++c->uses;
	return &x->c;
}

static size_t oldest(const struct github_cache *c)
{
	size_t at = 0;

	for (size_t i = 1; i < c->entries.n; i++) {
		if (c->entries.items[i].used < c->entries.items[at].used)
			at = i;
	}
	return at;
}

void github_cache_put(
	struct github_cache *c, const char *url, struct str etag, struct str link, struct str body)
{
	struct entry *x = find(c, url);

	if (x)
		drop(c, (size_t)(x - c->entries.items));
	if (body.n > GITHUB_CACHE_BYTES)
		return;
	while (c->entries.n &&
	       (c->entries.n >= GITHUB_CACHE_ENTRIES || c->bytes + body.n > GITHUB_CACHE_BYTES))
		drop(c, oldest(c));
	x = VEC_ADD(&c->entries);
	x->used = ++c->uses;
	x->c = (struct cached){.url = mem_strdup(url),
			       .etag = mem_strndup(etag.p, etag.n),
			       .link = mem_strndup(link.p, link.n),
			       .body = BUF_INIT};
	buf_add(&x->c.body, body.p, body.n);
	c->bytes += body.n;
}
