#ifndef WIRE_GITHUB_IMPL_H
#define WIRE_GITHUB_IMPL_H

#include "wire/github.h"
#include "wire/github_budget.h"
#include "wire/github_cache.h"
#include "wire/http.h"

#include <pthread.h>

/* Inside of the client: auth finds tokens, request sends one call with all manners, github.c is for callers. */

enum github_credential { CREDENTIAL_TOKEN = 1, CREDENTIAL_GH, CREDENTIAL_APP };

struct github {
	struct github *next; /* of all that are open */
	int refs;

	char *url, *origin, *host;
	enum github_credential credential;
	char *app_id, *app_key, *repository;
	int64_t installation;   /* of the App, where it is known; else 0 */
	char *token;            /* NULL: the App has none yet */
	int64_t token_until_ms; /* wall clock; 0: it does not end */

	pthread_mutex_t mutex; /* held over a request: there is one at a time */
	pthread_cond_t wake;   /* never signalled: to wait without the mutex */
	struct http *http;
	struct github_cache *cache;
	int64_t write_interval_ms, last_write_ms; /* the latter of the boot's clock; 0: none yet */
	int64_t wait_until_ms;                    /* wall clock: GitHub said so */
	int waits;                                /* in a row, without a success */
	struct github_budget budget;              /* what other processes do with it */
};

struct github_call {
	const char *method, *url;
	struct str body;
	const char *bearer; /* NULL: the client's token */
};

/*
 * One call, with the mutex held: waits for its turn among writes, follows redirects on the same
 * host, renews a token once, remembers what GitHub says about limits. A GET that did not change
 * is answered from the cache, with status 200.
 *
 * ret       always filled; http_answer_done()
 * Returns 0 for every answer but one that says to wait (BUSY); else ret->sent says whether it may
 * have been acted upon.
 */
int github_request(struct github *g,
		   const struct github_call *call,
		   struct http_answer *ret,
		   struct err *e) MUST_CHECK;

/* GitHub's words; should it ever repeat what we sent, not the token among them. The caller's. */
char *github_words(const struct github *g, const struct http_answer *a);

/* Wait without holding the mutex; IO where somebody is in too great a hurry for that. */
int github_pause(struct github *g, int64_t ms, struct err *e) MUST_CHECK;

/* Which credential it is, and where it is not an App the token. g has its address. */
int github_auth_init(struct github *g, const struct github_options *o, struct err *e) MUST_CHECK;
/* A token that is valid for a while longer, in g->token. */
int github_auth_ready(struct github *g, struct err *e) MUST_CHECK;
/* GitHub refused the token: is there another one to try? It is in g->token then. */
bool github_auth_renew(struct github *g);

/* A JSON web token for an App, for nine minutes; the caller's, github_secret_free(). */
int github_jwt(const char *app_id, const char *key_path, int64_t now_s, char **ret, struct err *e)
	MUST_CHECK;
/* Overwrites it first. NULL is fine. */
void github_secret_free(char *secret);

#endif
