#include "tracker/kinds.h"

#include "base/clean.h"
#include "base/file.h"
#include "tracker/beads_tracker.h"
#include "tracker/fake.h"
#include "tracker/github.h"
#include "tracker/local.h"
#include "tracker/mirror.h"
#include "wire/github.h"
#include "wire/http.h"

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

static struct beads_spec beads_of_place(const struct tracker_where *w)
{
	return (struct beads_spec){.root = w->root,
				   .path = w->beads,
				   .rule = w->beads_rule,
				   .state_dir = w->state_dir};
}

static int open_beads(const struct tracker_where *w, struct tracker **ret, struct err *e)
{
	struct beads_spec spec = beads_of_place(w);

	return tracker_beads_new(&spec, ret, e);
}

/* With a copy in Beads, which has a say. Takes 'github' over. */
static int open_mirror(const struct tracker_where *w,
		       struct tracker *github,
		       struct tracker **ret,
		       struct err *e)
{
	const char *url = w->github->url && *w->github->url ? w->github->url : GITHUB_URL;
	char *origin CLEANUP(freep) = NULL, *host CLEANUP(freep) = NULL;
	int rc = http_origin(url, &origin, &host, e);

	if (rc) {
		github->ops->free(github);
		return rc;
	}
	return tracker_mirror_new(&(struct mirror_spec){.github = github,
							.site = streq(host, "api.github.com")
									? "https://github.com"
									: origin,
							.repository = w->github->repository,
							.beads = beads_of_place(w)},
				  ret, e);
}

static int open_github(const struct tracker_where *w, struct tracker **ret, struct err *e)
{
	struct tracker *t = NULL;

	CHECK(w->github);
	int rc = tracker_github_new(
		&(struct github_tracker_spec){.api = w->github,
					      .repository = w->github->repository,
					      .comments = w->github_comments,
					      .label = w->github_label,
					      .state_dir = w->state_dir},
		&t, e);
	if (rc)
		return rc;
	if (streq(w->github_graph, "beads"))
		return open_mirror(w, t, ret, e);
	*ret = t;
	return 0;
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
