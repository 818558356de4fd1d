#ifndef TRACKER_GITHUB_IMPL_H
#define TRACKER_GITHUB_IMPL_H

#include "tracker/github.h"
#include "wire/github.h"

#include <pthread.h>

/* Inside of the tracker 'github': github_read.c reads, github_edges.c finds what waits for what,
 * github_claim.c claims, github_tracker.c changes. */

enum github_comments { COMMENTS_FAILURES = 1, COMMENTS_ONE, COMMENTS_NONE };

struct gh {
	struct tracker tracker; /* first, for gh_of() */
	struct github *api;
	char *repository; /* as it is configured */
	char *host;       /* as addresses of issues have it: "github.com" */
	char *label;
	enum github_comments comments;
	char *run_id; /* in our claims: other clones of the repository have others */

	pthread_mutex_t mutex; /* of what follows */
	char *claim_who;       /* whose claims claim_sha is for */
	char *claim_sha;
	char *login; /* ours there; NULL: not asked yet */
};

/* CHECKs that it is one. */
struct gh *gh_of(struct tracker *t);

/* "/repos/o/r/issues/12", then 'rest'; NULL: the id is none of ours. The caller's. */
char *gh_issue_path(const struct gh *h, const char *id, const char *rest);
/* "/repos/o/r", then 'rest'. */
char *gh_path(const struct gh *h, const char *rest);
/* The repository as GitHub calls it by now; the caller's. NOT_FOUND with a hint. */
int gh_repository(struct gh *h, char **ret_name, char **ret_branch, struct err *e) MUST_CHECK;

/* The id of an issue that GitHub sent; repository: ours, as GitHub calls it. The caller's. */
char *gh_id(const struct cJSON *j, const char *repository);
bool gh_is_pull(const struct cJSON *j);
/* Everything but comments and who claimed it; issue_done(). */
void gh_issue(const struct cJSON *j, const char *repository, bool as_task, struct issue *ret);
/*
 * One issue. json_free() *ret.
 * e  NOT_FOUND: there is none, it is a pull request, or it went to another repository
 */
int gh_read(struct gh *h, const char *id, const char *repository, struct cJSON **ret, struct err *e)
	MUST_CHECK;

/* A look at an epic, or at all issues (epic NULL), under way. */
struct look {
	struct gh *h;
	const char *repository;
	const struct cJSON *epic;
	const struct cJSON *issues; /* an array, in the order of g->issues */
	struct issue_graph *g;
};
/* Edges of all issues, what is outside, and notes. */
int gh_edges(struct look *l, struct err *e) MUST_CHECK;
/* What blocks an issue ("blocked_by"), or waits for it ("blocking"), as edges; and what is outside. */
int gh_edges_of(struct look *l, const struct cJSON *issue, const char *relation, struct err *e)
	MUST_CHECK;
/*
 * A list that an older server does not have: then *ret is an empty array, and *missing is set.
 * summary: what the issue says about it, which such a server's do not; NULL: nothing.
 */
int gh_list(struct gh *h,
	    const char *path,
	    const struct cJSON *summary,
	    struct cJSON **ret,
	    bool *missing,
	    struct err *e) MUST_CHECK;

int gh_load(struct tracker *t,
	    const char *epic,
	    struct issue *ret_epic,
	    struct issue_graph *ret,
	    struct err *e) MUST_CHECK;
int gh_get(struct tracker *t,
	   const char *id,
	   struct issue *ret,
	   struct issue_graph *ret_edges,
	   struct err *e) MUST_CHECK;
int gh_epics(struct tracker *t, struct issue_graph *ret, struct err *e) MUST_CHECK;

int gh_claim(struct tracker *t, const struct issue_claim *c, struct err *e) MUST_CHECK;
int gh_release(struct tracker *t, const struct issue_claim *c, struct err *e) MUST_CHECK;
/* Who has claimed it for any epic, the caller's; empty: nobody. */
int gh_claimed_by(struct gh *h, const char *id, char **ret, struct err *e) MUST_CHECK;

#endif
