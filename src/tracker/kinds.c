#include "tracker/kinds.h"

#include "base/clean.h"
#include "base/file.h"
#include "tracker/fake.h"
#include "tracker/local.h"

static int open_local(const char *state_dir, struct tracker **ret, struct err *e)
{
	char *path CLEANUP(freep) = path_join(state_dir, "issues.db");

	return tracker_local_new(path, ret, e);
}

static int open_fake(const char *state_dir, struct tracker **ret, struct err *e)
{
	(void)state_dir;
	return tracker_fake_new(ret, e);
}

const struct tracker_kind tracker_kinds[] = {
	{.name = "local",     .keeps = true, .open = open_local},
	{.name = "fake", .keeps = false, .open = open_fake},
	{.name = NULL     },
};

const struct tracker_kind *tracker_kind_find(const char *name)
{
	for (const struct tracker_kind *k = tracker_kinds; k->name; k++) {
		if (streq(k->name, name))
			return k;
	}
	return NULL;
}
