#ifndef WIRE_GITHUB_PARSE_H
#define WIRE_GITHUB_PARSE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* What GitHub says in headers and error bodies. Whatever the bytes, these return. */

/* The address in a Link header that has rel="next"; false where there is none. Borrowed. */
bool link_next(struct str header, struct str *ret);

struct github_limits {
	int64_t remaining;     /* x-ratelimit-remaining; -1 absent */
	int64_t reset_s;       /* x-ratelimit-reset, since the epoch; -1 absent */
	int64_t retry_after_s; /* -1 absent, or no number */
	int64_t date_s;        /* the server's clock; -1 absent */
};

struct http_answer;
void github_limits_read(const struct http_answer *a, struct github_limits *ret);

/*
 * Does this answer say to wait? The wait in milliseconds, else 0.
 *
 * times     how often it said so in a row before, without a time: a minute, doubled each time
 */
#define GITHUB_WAIT_MS     60000
#define GITHUB_WAIT_MAX_MS 3600000
int64_t github_wait_ms(const struct http_answer *a, int64_t now_s, int times);

/* The words of an error body: "message: resource field code; …", on one line; the caller's. */
char *github_message(int status, struct str body);

#endif
