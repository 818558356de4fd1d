#include "tracker/kinds.h"

#include "base/clean.h"
#include "base/file.h"
#include "tracker/beads_tracker.h"
#include "tracker/fake.h"
#include "tracker/github.h"
#include "tracker/local.h"
#include "wire/github.h"

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
	return tracker_beads_new(
		&(struct beads_spec){.root = w->root, .path = w->beads, .state_dir = w->state_dir},
		ret, e);
}

static int open_github(const struct tracker_where *w, struct tracker **ret, struct err *e)
{
	CHECK(w->github);
	return tracker_github_new(&(struct github_tracker_spec){.api = w->github,
								.repository = w->github->repository,
								.comments = w->github_comments,
								.label = w->github_label,
								.state_dir = w->state_dir},
				  ret, e);
}

const struct tracker_kind tracker_kinds[] = {
	{.name = "local", .keeps = true, .plans = true, .open = open_local},
	{.name = "beads",  .keeps = true, .acyclic = true, .plans = true, .open = open_beads},
	{.name = "github",               .keeps = true, .open = open_github},
	{.name = "fake", .keeps = false, .plans = true, .open = open_fake},
	{.name = NULL },
};

const struct tracker_kind *tracker_kind_find(const char *name)
{
	for (const struct tracker_kind *k = tracker_kinds; k->name; k++) {
		if (streq(k->name, name))
			return k;
	}
	return NULL;
}
