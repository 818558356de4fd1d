#include "forge/kinds.h"

#include "base/clean.h"
#include "base/file.h"
#include "forge/fake.h"
#include "forge/github.h"
#include "forge/local.h"

static int open_local(const struct forge_where *w, struct forge **ret, struct err *e)
{
	char *path CLEANUP(freep) = path_join(w->state_dir, "pulls.db");

	return forge_local_new(path, ret, e);
}

static int open_github(const struct forge_where *w, struct forge **ret, struct err *e)
{
	return forge_github_new(&(struct forge_github_options){.client = w->github,
							       .draft = w->draft,
							       .rewrites = w->rewrites},
				ret, e);
}

static int open_fake(const struct forge_where *w, struct forge **ret, struct err *e)
{
	(void)w;
	return forge_fake_new(ret, e);
}

const struct forge_kind forge_kinds[] = {
	{.name = "local",      .keeps = true, .open = open_local},
	{.name = "github",  .keeps = true, .open = open_github},
	{.name = "fake",     .keeps = false, .open = open_fake},
	{.name = NULL},
};

const struct forge_kind *forge_kind_find(const char *name)
{
	for (const struct forge_kind *k = forge_kinds; k->name; k++) {
		if (streq(k->name, name))
			return k;
	}
	return NULL;
}
