#include "tracker/kinds.h"

#include "base/clean.h"
#include "base/file.h"
#include "tracker/local.h"

static int open_local(const char *state_dir, struct tracker **ret, struct err *e)
{
	char *path CLEANUP(freep) = path_join(state_dir, "issues.db");

	return tracker_local_new(path, ret, e);
}

const struct tracker_kind tracker_kinds[] = {
	{.name = "local",     .keeps = true, .open = open_local},
	{0},
};

const struct tracker_kind *tracker_kind_find(const char *name)
{
	for (const struct tracker_kind *k = tracker_kinds; k->name; k++) {
		if (streq(k->name, name))
			return k;
	}
	return NULL;
}
