#ifndef WIRE_GITHUB_H
#define WIRE_GITHUB_H

#include "base/err.h"
#include "base/str.h"
#include "wire/json.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * GitHub's REST API, for a tracker and a forge. One client a credential: however often it is
 * opened, there is one request at a time, one budget, one set of remembered answers. Other processes
 * with the same credential share the budget. Calls block, may come from any thread, and each has a deadline.
 *
 * Paths are below the API's address, escaped (buf_url), with their query:
 * "/repos/o/r/issues?state=all&per_page=100".
 *
 * Once GitHub has said to wait, every call is BUSY until then, with the time in e->until_ms, and
 * nothing is sent.
 */
#define GITHUB_URL         "https://api.github.com"
#define GITHUB_API_VERSION "2022-11-28"
#define GITHUB_PAGES_MAX   100
#define GITHUB_TRIES       3 /* of a read */

struct github_options {
	const char *url; /* NULL or empty: GITHUB_URL; GitHub Enterprise: https://HOST/api/v3 */
	const char *token_env;     /* the variable that holds a token; NULL: none */
	const char *app_id;        /* a GitHub App's id or client id; NULL or empty: none is used */
	const char *app_key;       /* the file of its private key (PEM) */
	const char *repository;    /* owner/name, to find the App's installation */
	int64_t write_interval_ms; /* least time between two writes */
	const char *budget_dir;    /* for all processes that share the budget; NULL: none does */
};

struct github;

/*
 * Open a client, or one that is open already for the same address and credential. Nothing is sent.
 *
 * ret       github_close()
 * e         INVALID: the address; IO: no credential, with a hint
 */
int github_open(const struct github_options *o, struct github **ret, struct err *e) MUST_CHECK;
void github_close(struct github *g);

/* As http_hurry(): from any thread, for an end that does not wait for GitHub. */
void github_hurry(struct github *g, int64_t each_ms);

/*
 * Read an object. Where it did not change since it was last read GitHub is not asked to send it
 * again (ETag). What brought a cut answer, none, or a 5xx is asked for again, GITHUB_TRIES times in all.
 *
 * ret       the caller's: json_free()
 * e         NOT_FOUND: 404 and 410 (which also mean "not allowed to see it"); INVALID: any other
 *           refusal, in GitHub's words; BUSY; IO; LIMIT
 */
int github_get(struct github *g, const char *path, struct cJSON **ret, struct err *e) MUST_CHECK;

/*
 * Read a list, all of its pages, as one array without repetitions of an 'id'.
 *
 * key       of an answer that is an object: where the array is in it ("check_runs"); else NULL
 * e         as github_get; LIMIT: more than GITHUB_PAGES_MAX pages
 */
int github_list(struct github *g,
		const char *path,
		const char *key,
		struct cJSON **ret,
		struct err *e) MUST_CHECK;

/*
 * What became of a write. After UNKNOWN it may have been done: the caller reads it back before
 * anything else.
 */
enum github_result { GITHUB_DONE = 1, GITHUB_REFUSED, GITHUB_UNKNOWN };

struct github_answer {
	enum github_result result;
	int status;         /* 0: no answer came */
	struct cJSON *json; /* NULL: the answer has none */
	char *text; /* of REFUSED and UNKNOWN: why, on one line, in GitHub's words; never NULL */
};
void github_answer_done(struct github_answer *a);

/*
 * Change something; never tried again by itself. It waits until write_interval_ms have passed since
 * the last change.
 *
 * body      NULL: none
 * ret       set where 0 is returned; github_answer_done()
 * e         the request was certainly not acted upon: BUSY (GitHub said to wait), IO (not reached)
 */
int github_send(struct github *g,
		const char *method,
		const char *path,
		const struct cJSON *body,
		struct github_answer *ret,
		struct err *e) MUST_CHECK;

/* As github_send, for what has no REST call. An answer with 'errors' is REFUSED; json is 'data'. */
int github_graphql(struct github *g,
		   const char *query,
		   const struct cJSON *variables,
		   struct github_answer *ret,
		   struct err *e) MUST_CHECK;

/*
 * A refusal as an error: code, and in e GitHub's words after "could not <what>: ". For
 * GITHUB_UNKNOWN the code is IO.
 */
int github_refused(const struct github_answer *a,
		   enum err_code code,
		   const char *what,
		   struct err *e);

/* "owner/name" of a Git remote's address on the host of the API; the caller's, NULL: it is none. */
char *github_repository_of(const char *remote_url, const char *api_url);

#endif
