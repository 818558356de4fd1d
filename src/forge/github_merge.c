#include "base/clean.h"
#include "base/clock.h"
#include "forge/github-impl.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Landing through the API: PUT pulls/N/merge-async where it is offered, else PUT pulls/N/merge,
 * with the head that was tested. Neither knows which base it was tested on: the caller compares
 * what landed.
 */

#define AGAIN_MS  15000 /* to ask for checks, reviews and the forge's own queue again */
#define QUEUE_MAX 3     /* times that one head is put into that queue */
#define ASK_MAX   40 /* times that one head is asked to be merged that it does not call blocked */

struct merging {
	struct hub *h;
	const struct forge_merge_spec *s;
	struct cJSON *pull; /* as it was read last */
	bool has_queue;     /* of its base: it merges what it is given in its own time */
	struct forge_merge out;
};

static int read_pull(struct merging *m, struct err *e)
{
	json_free(TAKE(m->pull));
	return hub_read(m->h, m->s->number, &m->pull, e);
}

static void set_sha(struct merging *m, const char *sha)
{
	m->out.result = FORGE_MERGED;
	if (strlen(sha) < sizeof(m->out.sha.hex))
		(void)snprintf(m->out.sha.hex, sizeof(m->out.sha.hex), "%s", sha);
}

/* Is it over? Then out.result is set, or an error; else it is open with the head that was tested. */
static int look(struct merging *m, struct err *e)
{
	int rc = read_pull(m, e);

	if (rc)
		return rc;
	if (hub_is_merged(m->pull)) {
		m->out.result = FORGE_MERGED;
		return hub_merged_sha(m->h, m->pull, &m->out.sha, e);
	}
	if (!hub_is_open(m->pull)) {
		(void)err_set(e, ERR_CONFLICT, "somebody closed pull request %" PRId64,
			      m->s->number);
		return err_hint(e, "open it again there");
	}
	const struct cJSON *head = json_at(m->pull, "head");
	if (!streq(json_text(head, "sha"), m->s->head_sha)) {
		(void)err_set(e, ERR_CONFLICT,
			      "somebody pushed to pull request %" PRId64
			      ": its head is not %.12s, which was tested",
			      m->s->number, m->s->head_sha);
		return err_hint(e, "bring what they did to another branch, and push %.12s to '%s'",
				m->s->head_sha, json_text(head, "ref"));
	}
	return 0;
}

/* BUSY until GitHub is to be asked again: it may take as long as people and their checks take. */
static int later(struct merging *m, const char *why, struct err *e)
{
	int rc = err_set(e, ERR_BUSY, "pull request %" PRId64 " is not merged yet: %s",
			 m->s->number, why);

	if (e)
		e->until_ms = clock_now().wall_ms + AGAIN_MS;
	return rc;
}

/* REST has no words for it. */
static int make_ready(struct merging *m, struct err *e)
{
	struct cJSON *vars CLEANUP(json_freep) = cJSON_CreateObject();
	struct github_answer a CLEANUP(github_answer_done) = {0};

	if (!json_true(m->pull, "draft"))
		return 0;
	CHECK(cJSON_AddStringToObject(vars, "id", json_text(m->pull, "node_id")));
	int rc = github_graphql(m->h->g,
				"mutation($id:ID!){markPullRequestReadyForReview("
				"input:{pullRequestId:$id}){pullRequest{isDraft}}}",
				vars, &a, e);
	if (rc == 0 && a.result != GITHUB_DONE)
		rc = github_refused(&a, ERR_INVALID, "take the pull request out of its draft state",
				    e);
	return rc;
}

/* null: GitHub has only begun to find out. After a while it is asked to merge all the same. */
static int wait_known(struct merging *m, struct err *e)
{
	for (int n = 0; n < HUB_WAITS && !json_at(m->pull, "mergeable"); n++) {
		hub_wait(n);
		int rc = look(m, e);
		if (rc || m->out.result)
			return rc;
	}
	return 0;
}

/* ---- What the answers mean ---- */

static bool says(const char *text, const char *words)
{
	return text && strcasestr(text, words);
}

/* is_new: it was not there already. One that its queue takes out again is put in a few times. */
static int in_queue(struct merging *m, bool is_new, struct err *e)
{
	__typeof__(m->h->queued) *q = &m->h->queued;

	if (is_new && (q->number != m->s->number || !streq(q->head.hex, m->s->head_sha))) {
		q->number = m->s->number;
		q->times = 0;
		(void)snprintf(q->head.hex, sizeof(q->head.hex), "%s", m->s->head_sha);
	}
	if (is_new && ++q->times > QUEUE_MAX) {
		(void)err_set(e, ERR_INVALID,
			      "the merge queue of its base took pull request %" PRId64
			      " out again %d times",
			      m->s->number, QUEUE_MAX);
		return err_hint(e, "it says why on GitHub; or set forge.land to push");
	}
	return later(m, "it is in the merge queue of its base", e);
}

/* The base's own merge queue takes it from here, with the head that was tested. */
static int enqueue(struct merging *m, struct err *e)
{
	struct cJSON *vars CLEANUP(json_freep) = cJSON_CreateObject();
	struct github_answer a CLEANUP(github_answer_done) = {0};

	CHECK(cJSON_AddStringToObject(vars, "id", json_text(m->pull, "node_id")));
	CHECK(cJSON_AddStringToObject(vars, "sha", m->s->head_sha));
	int rc = github_graphql(
		m->h->g,
		"mutation($id:ID!,$sha:GitObjectID){enqueuePullRequest("
		"input:{pullRequestId:$id,expectedHeadOid:$sha}){mergeQueueEntry{position state}}}",
		vars, &a, e);
	if (rc)
		return rc;
	if (a.result == GITHUB_DONE || says(a.text, "already"))
		return in_queue(m, a.result == GITHUB_DONE, e);
	return github_refused(&a, ERR_INVALID, "put the pull request into the merge queue", e);
}

/* Whoever reviews it, or pushes, changes that. The caller's. */
static char *state_of(const struct merging *m)
{
	return mem_printf("%" PRId64 " %s %s", m->s->number, m->s->head_sha,
			  json_text(m->pull, "updated_at"));
}

/*
 * People, or their programs, have to do something first. Where GitHub calls it blocked it is not asked to
 * merge it again while it is as it was; its word alone is not taken for that: it may know that we may.
 */
static int want_people(struct merging *m, const char *text, struct err *e)
{
	__typeof__(m->h->refused) *r = &m->h->refused;
	char *now CLEANUP(freep) = state_of(m);

	if (!r->state || !streq(r->state, now))
		r->times = 0;
	free(r->state);
	free(r->why);
	r->state = TAKE(now);
	r->why = mem_strdup(text);
	if (hub_is_blocked(m->pull) || ++r->times < ASK_MAX)
		return later(m, text, e);
	(void)err_set(e, ERR_INVALID,
		      "GitHub refused %d times to merge pull request %" PRId64
		      ", which it does not call blocked: %s",
		      ASK_MAX, m->s->number, text);
	return err_hint(e, "look at it on GitHub, or set forge.land to push");
}

/* It was refused, and is still as it was. */
static bool waits_for_people(const struct merging *m)
{
	char *now CLEANUP(freep) = state_of(m);

	return hub_is_blocked(m->pull) && m->h->refused.state && streq(m->h->refused.state, now);
}

/*
 * One status has many reasons, told apart by their words: "Base branch was modified", "not
 * mergeable", "Required status check … is expected", "… must be made through the merge queue".
 */
static int refused(struct merging *m, int status, const char *text, struct err *e)
{
	bool blocked = status == 405 && hub_is_blocked(m->pull);

	if (says(text, "merge queue"))
		return enqueue(m, e);
	if (says(text, "base branch was modified") || says(text, "conflict") ||
	    (says(text, "not mergeable") && !blocked)) {
		m->out.result = FORGE_MOVED;
		return 0;
	}
	if (says(text, "status check") || says(text, "review") || says(text, "is still a draft") ||
	    (blocked && !says(text, "not allowed")))
		return want_people(m, text, e);
	(void)err_set(e, ERR_INVALID, "could not merge pull request %" PRId64 ": %s", m->s->number,
		      text);
	return err_hint(e, "look at it on GitHub, or set forge.land to push");
}

/* Not known to be done, or refused for its head: what is true now? */
static int find_out(struct merging *m, const char *text, struct err *e)
{
	int rc = look(m, e);

	if (rc || m->out.result)
		return rc;
	return err_set(e, ERR_IO, "could not merge pull request %" PRId64 ": %s", m->s->number,
		       text);
}

/* Ask for it by this call. */
static int put(struct merging *m, const char *call, struct github_answer *ret, struct err *e)
{
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();
	char *path CLEANUP(freep) = hub_pull_path(m->h, m->s->number, call);

	CHECK(cJSON_AddStringToObject(body, "sha", m->s->head_sha));
	CHECK(cJSON_AddStringToObject(body, "merge_method", m->s->method));
	CHECK(cJSON_AddStringToObject(body, "commit_title", m->s->title));
	CHECK(cJSON_AddStringToObject(body, "commit_message", m->s->message));
	if (m->has_queue)
		CHECK(cJSON_AddStringToObject(body, "merge_action", "merge_queue"));
	return github_send(m->h->g, "PUT", path, body, ret, e);
}

/* ---- At once ---- */

static int merge_now(struct merging *m, struct err *e)
{
	struct github_answer a CLEANUP(github_answer_done) = {0};
	int rc = put(m, "/merge", &a, e);

	if (rc)
		return rc;
	if (a.result == GITHUB_DONE) {
		set_sha(m, json_text(a.json, "sha"));
		return 0;
	}
	if (a.result == GITHUB_UNKNOWN || a.status == 409)
		return find_out(m, a.text, e);
	return refused(m, a.status, a.text, e);
}

/* ---- Later: GitHub answers with the number of a job ---- */

static int job_over(struct merging *m, const struct cJSON *job, bool is_new, struct err *e)
{
	const char *status = json_text(job, "status");
	const struct cJSON *details = json_at(job, "details");

	if (streq(status, "merged")) {
		set_sha(m, json_text(details, "sha"));
		return 0;
	}
	if (streq(status, "failed"))
		return refused(m, 405, json_text(details, "message"), e);
	return streq(status, "enqueued") ? in_queue(m, is_new, e) : later(m, "GitHub is at it", e);
}

static bool is_under_way(const struct cJSON *job)
{
	return streq(json_text(job, "status"), "pending");
}

static int wait_job(struct merging *m, struct cJSON *job, struct err *e)
{
	const char *uuid = json_text(json_at(job, "details"), "uuid");
	char *more CLEANUP(freep) = mem_printf("/merge-async/%s", uuid);
	char *path CLEANUP(freep) = hub_pull_path(m->h, m->s->number, more);
	struct cJSON *now CLEANUP(json_freep) = NULL;

	if (!is_under_way(job))
		return job_over(m, job, false, e);
	for (int n = 0; n < HUB_WAITS; n++) {
		json_free(TAKE(now));
		int rc = github_get(m->h->g, path, &now, e);
		if (rc)
			return rc;
		if (!is_under_way(now))
			break;
		hub_wait(n);
	}
	return job_over(m, now, true, e);
}

static bool is_of_another_head(const struct merging *m, const struct cJSON *job)
{
	const char *head = json_text(json_at(job, "details"), "expected_head_sha");

	return *head && !streq(head, m->s->head_sha);
}

/* *ret_offered false: this server has no such thing, and nothing was done. */
static int merge_async(struct merging *m, bool *ret_offered, struct err *e)
{
	struct github_answer a CLEANUP(github_answer_done) = {0};
	int rc = put(m, "/merge-async", &a, e);

	*ret_offered = true;
	if (rc)
		return rc;
	/* 409 is a job that exists already, 400 one that failed before it was begun. */
	if (a.status == 409 && is_of_another_head(m, a.json))
		return later(m, "GitHub is at an earlier request, of another head", e);
	if (a.result == GITHUB_DONE || json_at(a.json, "details"))
		return wait_job(m, a.json, e);
	if (a.result == GITHUB_UNKNOWN)
		return find_out(m, a.text, e);
	/* It was there a moment ago, so that it is the call that is not. */
	if (a.status == 404) {
		*ret_offered = false;
		m->h->no_async = true;
		return 0;
	}
	return refused(m, a.status, a.text, e);
}

/* What people and their programs have to say first is waited for; what they refused is not. */
static int await(struct merging *m, const struct hub_rules *r, struct err *e)
{
	char *why CLEANUP(freep) = mem_printf("it waits for %s", buf_cstr(&r->unmet));
	const char *base = json_text(json_at(m->pull, "base"), "ref");

	if (r->has_failed) {
		(void)err_set(e, ERR_INVALID, "pull request %" PRId64 " must not be merged: %s",
			      m->s->number, why);
		return err_hint(e, "run the check again there, or mend what it tests");
	}
	if (r->unmet.n)
		return later(m, why, e);
	if (!r->is_strict || !streq(json_text(m->pull, "mergeable_state"), "behind"))
		return 0;
	(void)err_set(e, ERR_INVALID,
		      "pull request %" PRId64 " is behind '%s', whose rules do not allow that",
		      m->s->number, base);
	return err_hint(e, "set forge.land to push, or take 'strict' out of the rules");
}

static int ask_rules(struct merging *m, struct err *e)
{
	struct hub_rules r CLEANUP(hub_rules_done) = {0};
	int rc = hub_rules(m->h, m->pull, m->s->head_sha, &r, e);

	m->has_queue = r.has_queue;
	return rc ? rc : await(m, &r, e);
}

static int merge(struct merging *m, struct err *e)
{
	bool offered = false;
	int rc = look(m, e);

	if (rc || m->out.result)
		return rc;
	rc = make_ready(m, e);
	rc = rc ? rc : wait_known(m, e);
	if (rc || m->out.result)
		return rc;
	rc = ask_rules(m, e);
	if (rc == 0 && !m->has_queue && waits_for_people(m))
		return later(m, m->h->refused.why, e);
	if (rc == 0 && !m->h->no_async)
		rc = merge_async(m, &offered, e);
	if (rc || offered)
		return rc;
	return m->has_queue ? enqueue(m, e) : merge_now(m, e);
}

int hub_merge(struct forge *f,
	      const struct forge_merge_spec *s,
	      struct forge_merge *ret,
	      struct err *e)
{
	struct merging m = {.h = hub_of(f), .s = s};
	int rc = merge(&m, e);

	json_free(m.pull);
	if (rc == 0)
		*ret = m.out;
	return rc;
}
