#ifndef WIRE_WEBHOOK_H
#define WIRE_WEBHOOK_H

#include "base/str.h"

#include <stdbool.h>

/*
 * GitHub's webhooks: which request is one, signed by who knows the secret, and whether it is news.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 *
 * What a body says is never read: a webhook only makes us ask GitHub. So the two headers that no
 * signature covers (which event, which delivery) can be forged by who replays a body, and win a look.
 */
#define WEBHOOK_PATH      "/webhook"
#define WEBHOOK_BODY_MAX  (25 << 20) /* bytes; GitHub itself sends no more */
#define WEBHOOK_SEEN_MAX  1024       /* deliveries that are remembered */
#define WEBHOOK_ID_MAX    64         /* characters; GitHub's have 36 */
#define WEBHOOK_EVENT_MAX 64

/* The answers, as statuses of HTTP. */
enum webhook_answer {
	WEBHOOK_GO_ON = 0,       /* the head is well; the body decides */
	WEBHOOK_NEWS = 202,      /* the tracker may have changed */
	WEBHOOK_NO_NEWS = 204,   /* a delivery that was here before, or of what no tracker reads */
	WEBHOOK_MALFORMED = 400, /* no event or delivery, or none that GitHub would send */
	WEBHOOK_UNSIGNED = 401,  /* no signature, or not one of these bytes by this secret */
	WEBHOOK_ELSEWHERE = 404,
	WEBHOOK_NO_POST = 405,
	WEBHOOK_NO_LENGTH = 411, /* its length is not said in front */
	WEBHOOK_TOO_LARGE = 413, /* over WEBHOOK_BODY_MAX */
};

/* What matters of a request's head. All borrowed; NULL: it has none. */
struct webhook_head {
	const char *method, *path;
	const char *length;    /* Content-Length */
	const char *coding;    /* Transfer-Encoding */
	const char *signature; /* X-Hub-Signature-256 */
	const char *delivery;  /* X-GitHub-Delivery */
	const char *event;     /* X-GitHub-Event */
};

/* Before any of the body was taken: WEBHOOK_GO_ON, or the answer. */
enum webhook_answer webhook_head_check(const struct webhook_head *h);

/* A body as it arrives: its signature is made on the way, no byte of it is kept. */
struct webhook_body;
struct webhook_body *webhook_body_new(struct str secret); /* the secret is not kept either */
void webhook_body_free(struct webhook_body *b);           /* NULL is allowed */
/* False: it is longer than WEBHOOK_BODY_MAX, and will not be verified. */
bool webhook_body_add(struct webhook_body *b, struct str bytes);
/*
 * At its end, once: are these bytes signed so? signature: "sha256=" and 64 digits, as in the
 * header; NULL: no. How long it takes says nothing about the right one.
 */
bool webhook_body_verify(struct webhook_body *b, const char *signature);

/* The last deliveries; zero-initialised: none. */
struct webhook_seen {
	char ids[WEBHOOK_SEEN_MAX][WEBHOOK_ID_MAX + 1];
	size_t next;
};

/* A request whose head is well and whose body is verified: NEWS or NO_NEWS. It is remembered. */
enum webhook_answer webhook_take(struct webhook_seen *seen, const struct webhook_head *h);

#endif
