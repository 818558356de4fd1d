#ifndef WIRE_WEBHOOK_SERVER_H
#define WIRE_WEBHOOK_SERVER_H

#include "base/err.h"

/*
 * What is told of each request, by a thread of the server: the answer it got (enum webhook_answer).
 * event, delivery: as its head names them, one line each, once the signature was right; else NULL.
 */
typedef void webhook_heard(void *ctx, int answer, const char *event, const char *delivery);

/*
 * Take webhooks at an address of this machine until the process ends: HTTP/1.1 by libmicrohttpd, a thread of
 * its own. It knows nothing of TLS.
 *
 * listen    "127.0.0.1:0" or "[::1]:8080", in numbers; port 0: a free one
 * secret    not empty; copied
 * ret_url   where it listens, with the port and the path; the caller frees it
 * e         INVALID: no such address; IO
 */
int webhook_serve(const char *listen,
		  const char *secret,
		  webhook_heard *heard,
		  void *ctx,
		  char **ret_url,
		  struct err *e) MUST_CHECK;

#endif
