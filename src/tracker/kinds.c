#include "tracker/kinds.h"

#include "base/clean.h"
#include "base/file.h"
#include "tracker/beads_tracker.h"
#include "tracker/fake.h"
#include "tracker/local.h"

static int open_local(const struct tracker_where *w, struct tracker **ret, struct err *e)
{
	char *path CLEANUP(freep) = path_join(w->state_dir, "issues.db");

	return tracker_local_new(path, ret, e);
}

static int open_fake(const struct tracker_where *w, struct tracker **ret, struct err *e)
{
	(void)w;
	return tracker_fake_new(ret, e);
}

static int open_beads(const struct tracker_where *w, struct tracker **ret, struct err *e)
{
	return tracker_beads_new(&(struct beads_spec){.root = w->root,
						      .path = w->beads,
						      .state_dir = w->state_dir,
						      .shim = w->shim},
				 ret, e);
}

const struct tracker_kind tracker_kinds[] = {
	{.name = "local",     .keeps = true, .open = open_local},
	{.name = "beads", .keeps = true, .acyclic = true, .open = open_beads},
	{.name = "fake",     .keeps = false, .open = open_fake},
	{.name = NULL   },
};

const struct tracker_kind *tracker_kind_find(const char *name)
{
	for (const struct tracker_kind *k = tracker_kinds; k->name; k++) {
		if (streq(k->name, name))
			return k;
	}
	return NULL;
}
