#include "port/git.h"

void git_refs_done(struct git_refs *r)
{
	for (size_t i = 0; i < r->items.n; i++) {
		free(r->items.items[i].name);
		free(r->items.items[i].held);
	}
	VEC_DONE(&r->items);
}

void git_founds_done(struct git_founds *f)
{
	for (size_t i = 0; i < f->items.n; i++)
		free(f->items.items[i].path);
	VEC_DONE(&f->items);
}
