#include "tracker/mirror.h"

#include "base/clean.h"
#include "tracker/mirror-impl.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const struct tracker_ops mirror_ops;

static struct mirror *mirror_of(struct tracker *t)
{
	CHECK(t->ops == &mirror_ops);
	return (struct mirror *)t;
}

char *mirror_ref(const struct mirror *m, const char *id)
{
	const char *mark = strchr(id, '#');

	if (!mark)
		return mem_printf("%s/%s/issues/%s", m->site, m->repository, id);
	return mem_printf("%s/%.*s/issues/%s", m->site, (int)(mark - id), id, mark + 1);
}

/* The way back; NULL: it is the address of something else. */
static char *id_of(const struct mirror *m, const char *ref)
{
	size_t n = strlen(m->site), r = strlen(m->repository);
	const char *rest = ref + n + 1, *issues;
	int64_t number;

	if (strncasecmp(ref, m->site, n) != 0 || ref[n] != '/')
		return NULL;
	issues = strstr(rest, "/issues/");
	if (!issues || !str_i64(str_of(issues + strlen("/issues/")), &number) || number <= 0)
		return NULL;
	if ((size_t)(issues - rest) == r && strncasecmp(rest, m->repository, r) == 0)
		return mem_printf("%" PRId64, number);
	return mem_printf("%.*s#%" PRId64, (int)(issues - rest), rest, number);
}

static char *lower(const char *s)
{
	char *copy = mem_strdup(s);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

void copies_done(struct copies *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->ids.n; i++)
		free(c->ids.items[i]);
	VEC_DONE(&c->ids);
	map_done(&c->index);
	beads_file_done(&c->f);
	memset(c, 0, sizeof(*c));
}

int copies_read(struct mirror *m, struct copies *ret, struct err *e)
{
	copies_done(ret);
	int rc = beads_read_store(m->store, &ret->f, e);

	for (size_t i = 0; rc == 0 && i < ret->f.issues.n; i++) {
		const struct beads_issue *issue = &ret->f.issues.items[i];
		char *id = beads_is_tombstone(issue) ? NULL : id_of(m, issue->ref);
		char *key CLEANUP(freep) = id ? lower(id) : NULL;

		if (key)
			map_set(&ret->index, key, i);
		VEC_PUSH(&ret->ids, id);
	}
	return rc;
}

const struct beads_issue *copies_find(const struct copies *c, const char *id)
{
	char *key CLEANUP(freep) = lower(id);
	size_t at;

	return map_find(&c->index, key, &at) ? &c->f.issues.items[at] : NULL;
}

const char *copies_id(const struct copies *c, const char *beads_id)
{
	size_t at;

	return map_find(&c->f.index, beads_id, &at) ? c->ids.items[at] : NULL;
}

static int follow(struct tracker *t,
		  const char *epic,
		  struct issue *ret_epic,
		  struct issue_graph *ret,
		  struct err *e)
{
	struct mirror *m = mirror_of(t);
	struct copies c CLEANUP(copies_done) = {0};
	struct issue i = {0};
	struct issue_graph g = {0};
	int rc = m->hub->ops->load(m->hub, epic, &i, &g, e);

	if (rc)
		return rc;
	rc = beads_begin(m->store, true, e);
	if (rc == 0) {
		rc = mirror_copy(m, &i, &g, &c, e);
		if (rc == 0)
			rc = beads_ask(m->store, &c.f, e);
		bd_end(&m->store->bd);
	}
	if (rc == 0)
		rc = mirror_join(&c, epic, &g, e);
	if (rc) {
		issue_done(&i);
		issue_graph_done(&g);
		return err_wrap(e, "could not bring the copy in Beads up to date");
	}
	*ret_epic = i;
	*ret = g;
	return 0;
}

static bool has_store(const struct mirror *m)
{
	struct stat st;

	return stat(m->store->file ? m->store->file : m->store->bd.dir, &st) == 0;
}

static int read_copies(struct mirror *m, bool ask, struct copies *ret, struct err *e)
{
	int rc = beads_begin(m->store, false, e);

	if (rc)
		return rc;
	rc = copies_read(m, ret, e);
	if (rc == 0 && ask)
		rc = beads_ask(m->store, &ret->f, e);
	bd_end(&m->store->bd);
	return rc;
}

static int load(struct tracker *t,
		const char *epic,
		struct issue *ret_epic,
		struct issue_graph *ret,
		struct err *e)
{
	struct mirror *m = mirror_of(t);
	struct copies c CLEANUP(copies_done) = {0};
	struct issue i = {0};
	struct issue_graph g = {0};
	int rc = m->hub->ops->load(m->hub, epic, &i, &g, e);

	if (rc)
		return rc;
	if (epic && has_store(m)) {
		rc = read_copies(m, true, &c, e);
		if (rc == 0)
			rc = mirror_join(&c, epic, &g, e);
	}
	if (rc) {
		issue_done(&i);
		issue_graph_done(&g);
		return rc;
	}
	if (ret_epic)
		*ret_epic = i;
	else
		issue_done(&i);
	*ret = g;
	return 0;
}

/* The copy of an issue; *ret NULL: there is none. The caller's. */
static int find_copy(struct mirror *m, const char *id, char **ret, bool *ret_closed, struct err *e)
{
	struct copies c CLEANUP(copies_done) = {0};
	int rc = has_store(m) ? read_copies(m, false, &c, e) : 0;
	const struct beads_issue *found = rc ? NULL : copies_find(&c, id);

	*ret = found ? mem_strdup(found->id) : NULL;
	*ret_closed = found && beads_is_closed(found);
	return rc;
}

/* GitHub's is the claim that only the first can have. The copy's keeps out who works by Beads. */
static int claim(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	struct mirror *m = mirror_of(t);
	struct tracker *b = &m->store->tracker;
	char *id CLEANUP(freep) = NULL;
	bool closed;
	int rc = m->hub->ops->claim(m->hub, c, e);

	if (rc == 0)
		rc = find_copy(m, c->id, &id, &closed, e);
	if (rc || !id || closed)
		return rc;
	const struct issue_claim copy = {.epic = c->epic, .id = id, .who = c->who};
	rc = b->ops->claim(b, &copy, e);
	/* What cannot be given back now is ours at the next try, and given back then. */
	if (rc == ERR_CONFLICT)
		IGNORE(m->hub->ops->release(m->hub, c, NULL));
	return rc;
}

static int release(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	struct mirror *m = mirror_of(t);
	struct tracker *b = &m->store->tracker;
	char *id CLEANUP(freep) = NULL;
	bool closed;
	int rc = find_copy(m, c->id, &id, &closed, e);

	if (rc == 0 && id) {
		const struct issue_claim copy = {.epic = c->epic, .id = id, .who = c->who};
		rc = b->ops->release(b, &copy, e);
	}
	return rc ? rc : m->hub->ops->release(m->hub, c, e);
}

/* Until both have it closed it is repeated by who asked for it: each of the two is idempotent. */
static int
close_issue(struct tracker *t, const char *id, const char *reason, const char *text, struct err *e)
{
	struct mirror *m = mirror_of(t);
	struct tracker *b = &m->store->tracker;
	char *copy CLEANUP(freep) = NULL;
	bool closed;
	int rc = find_copy(m, id, &copy, &closed, e);

	if (rc == 0 && copy && !closed)
		rc = b->ops->close(b, copy, reason, text, e);
	return rc ? rc : m->hub->ops->close(m->hub, id, reason, text, e);
}

static int
comment(struct tracker *t, const char *id, const char *marker, const char *text, struct err *e)
{
	struct mirror *m = mirror_of(t);

	return m->hub->ops->comment(m->hub, id, marker, text, e);
}

static int add(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e)
{
	struct mirror *m = mirror_of(t);

	return m->hub->ops->add(m->hub, n, ret_id, e);
}

static int edit(struct tracker *t, const char *id, const struct issue_change *c, struct err *e)
{
	struct mirror *m = mirror_of(t);

	return m->hub->ops->edit(m->hub, id, c, e);
}

/* Open is what is open in one of the two: who closes it closes both. */
static int get(struct tracker *t,
	       const char *id,
	       struct issue *ret,
	       struct issue_graph *ret_edges,
	       struct err *e)
{
	struct mirror *m = mirror_of(t);
	char *copy CLEANUP(freep) = NULL;
	bool closed;
	int rc = find_copy(m, id, &copy, &closed, e);

	if (rc == 0)
		rc = m->hub->ops->get(m->hub, id, ret, ret_edges, e);
	if (rc == 0 && copy && !closed)
		ret->open = true;
	return rc;
}

static int epics(struct tracker *t, struct issue_graph *ret, struct err *e)
{
	struct mirror *m = mirror_of(t);

	return m->hub->ops->epics(m->hub, ret, e);
}

static char **agent_env(struct tracker *t, const char *who)
{
	return beads_agent_env(&mirror_of(t)->store->tracker, who);
}

/* Calls of bd have a deadline of their own. */
static void hurry(struct tracker *t, int64_t each_ms)
{
	struct mirror *m = mirror_of(t);

	m->hub->ops->hurry(m->hub, each_ms);
}

static void free_tracker(struct tracker *t)
{
	if (!t)
		return;
	struct mirror *m = mirror_of(t);

	if (m->store)
		m->store->tracker.ops->free(&m->store->tracker);
	m->hub->ops->free(m->hub);
	free(m->site);
	free(m->repository);
	free(m);
}

static const struct tracker_ops mirror_ops = {
	.name = "github",
	.polled = true,
	.load = load,
	.follow = follow,
	.claim = claim,
	.release = release,
	.close = close_issue,
	.comment = comment,
	.add = add,
	.edit = edit,
	.get = get,
	.epics = epics,
	.agent_env = agent_env,
	.hurry = hurry,
	.free = free_tracker,
};

int tracker_mirror_new(const struct mirror_spec *spec, struct tracker **ret, struct err *e)
{
	struct mirror *m = mem_alloc(sizeof(*m));
	struct tracker *store = NULL;

	m->tracker.ops = &mirror_ops;
	m->hub = spec->github;
	m->site = mem_strdup(spec->site);
	m->repository = mem_strdup(spec->repository);
	int rc = tracker_beads_new(&spec->beads, &store, e);
	if (rc) {
		free_tracker(&m->tracker);
		return rc;
	}
	m->store = beads_of(store);
	*ret = &m->tracker;
	return 0;
}
