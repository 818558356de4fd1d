#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * HTTP on libcurl: one request, its answer, within a deadline. Calls block and are made off the
 * loop's thread (docs/adr/0018). Proxies and certificates are found as the program curl finds
 * them (https_proxy, no_proxy, CURL_CA_BUNDLE, SSL_CERT_FILE, …). Redirects are not followed.
 */
#define HTTP_ANSWER_MAX  (32u << 20) /* bytes of a body */
#define HTTP_HEADERS_MAX (64u << 10)
#define HTTP_TIMEOUT_MS  30000
#define HTTP_CONNECT_MS  10000

struct http;

struct http_request {
	const char *method;
	const char *url;            /* https, or plain http on loopback */
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	struct str body;            /* empty: none */
	int64_t timeout_ms;         /* of the whole; 0: HTTP_TIMEOUT_MS */
	size_t answer_max;          /* 0: HTTP_ANSWER_MAX */
};

struct http_answer {
	int status;
	bool sent; /* the server may have got the request; also set where there is no answer */
	struct buf headers; /* lines "name: value", as sent, the last answer's */
	struct buf body;
};

/* For one thread at a time, http_hurry() apart. */
int http_new(struct http **ret, struct err *e) MUST_CHECK;
void http_free(struct http *h);

/*
 * Send a request. Unless it is a GET it goes over a connection of its own, because libcurl sends a
 * request again by itself where a connection that it used before was closed without an answer.
 *
 * ret       always filled; http_answer_done()
 * e         INVALID: the address; IO: no answer came, or a cut one; LIMIT: the deadline, or its size
 * Returns 0 for every answer, whatever its status.
 */
int http_send(struct http *h, const struct http_request *r, struct http_answer *ret, struct err *e)
	MUST_CHECK;
void http_answer_done(struct http_answer *a);

/*
 * From any thread: what is under way, and each that comes later, has each_ms and a second. Once one
 * took longer nobody is waited for any more: all fail at once, with IO.
 */
void http_hurry(struct http *h, int64_t each_ms);
/* each_ms; 0: nobody is in a hurry. */
int64_t http_hurried(const struct http *h);

/* The value of a header, in any case; false where it is absent. Borrowed from a. */
bool http_header(const struct http_answer *a, const char *name, struct str *ret);

/*
 * What an address names: "https://api.github.com", with its port where that is not the scheme's.
 *
 * ret_origin  the caller's; NULL if not wanted
 * ret_host    the caller's; NULL if not wanted
 * e           INVALID: no such address, a login in it, or plain http to another machine
 */
int http_origin(const char *url, char **ret_origin, char **ret_host, struct err *e) MUST_CHECK;

/* A part of a path or a query: everything but letters, digits and -._~ becomes %XX. */
void buf_url(struct buf *b, const char *part);

#endif
