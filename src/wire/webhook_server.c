#include "wire/webhook_server.h"

#include "base/clean.h"
#include "base/mem.h"
#include "wire/webhook.h"

#include <microhttpd.h>
#include <netdb.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 32u
#define SILENCE_S       10u     /* then a connection is closed; GitHub waits no longer either */
#define HEAD_MAX        16384ul /* bytes of a request's head */
#define BACKLOG         16

struct server {
	char *secret;
	webhook_heard *heard;
	void *ctx;
	struct webhook_seen seen; /* the server's one thread alone looks at it */
};

static struct webhook_head
head_of(struct MHD_Connection *connection, const char *method, const char *path)
{
#define HEADER(name) MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name)
	return (struct webhook_head){
		.method = method,
		.path = path,
		.length = HEADER("Content-Length"),
		.coding = HEADER("Transfer-Encoding"),
		.signature = HEADER("X-Hub-Signature-256"),
		.delivery = HEADER("X-GitHub-Delivery"),
		.event = HEADER("X-GitHub-Event"),
	};
#undef HEADER
}

/* An answer is its status alone. */
static enum MHD_Result answer(struct MHD_Connection *connection, enum webhook_answer status)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	CHECK(r);
	if (status == WEBHOOK_NO_POST)
		CHECK(MHD_add_response_header(r, "Allow", "POST") == MHD_YES);
	result = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return result;
}

/* Called for a request's head, for each piece of its body, and at its end. */
static enum MHD_Result take(void *ctx,
			    struct MHD_Connection *connection,
			    const char *path,
			    const char *method,
			    const char *version,
			    const char *bytes,
			    size_t *n,
			    void **body)
{
	struct server *s = ctx;
	struct webhook_head h = head_of(connection, method, path);
	enum webhook_answer status;

	(void)version;
	if (!*body) {
		status = webhook_head_check(&h);
		if (status == WEBHOOK_GO_ON) {
			*body = webhook_body_new(str_of(s->secret));
			return MHD_YES;
		}
		s->heard(s->ctx, (int)status, NULL, NULL);
		return answer(connection, status);
	}
	if (*n) {
		struct str piece = {bytes, *n};
		*n = 0; /* taken */
		return webhook_body_add(*body, piece) ? MHD_YES : MHD_NO;
	}
	bool ours = webhook_body_verify(*body, h.signature);
	status = ours ? webhook_take(&s->seen, &h) : WEBHOOK_UNSIGNED;
	s->heard(s->ctx, (int)status, ours ? h.event : NULL, ours ? h.delivery : NULL);
	return answer(connection, status);
}

static void request_over(void *ctx,
			 struct MHD_Connection *connection,
			 void **body,
			 enum MHD_RequestTerminationCode how)
{
	(void)ctx;
	(void)connection;
	(void)how;
	webhook_body_free(*body);
	*body = NULL;
}

/* Numbers alone: what a name means is another's to say. NULL: it is no address; e says so. */
static struct addrinfo *address_find(const char *text, struct err *e)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found;
	int64_t port;

	if (colon && colon > text && str_i64(str_of(colon + 1), &port) && port >= 0 &&
	    port <= UINT16_MAX) {
		bool braces = text[0] == '[' && colon[-1] == ']';
		char *host CLEANUP(freep) =
			mem_strndup(text + braces, (size_t)(colon - text) - (braces ? 2 : 0));
		if (getaddrinfo(host, colon + 1, &hints, &found) == 0)
			return found;
	}
	(void)err_set(e, ERR_INVALID, "cannot listen on '%s': it is no address with a port", text);
	(void)err_hint(e, "as in 127.0.0.1:8080 or [::1]:8080; port 0 is a free one");
	return NULL;
}

static int socket_open(const char *text, int *ret, struct err *e)
{
	struct addrinfo *a = address_find(text, e);
	int on = 1, rc = 0;

	if (!a)
		return e->code;
	*ret = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Else the port of a server that has just ended is refused for a while. */
	if (*ret < 0 || setsockopt(*ret, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(*ret, a->ai_addr, a->ai_addrlen) != 0 || listen(*ret, BACKLOG) != 0)
		rc = err_sys(e, "could not listen on '%s'", text);
	freeaddrinfo(a);
	return rc;
}

static int url_of(int fd, char **ret, struct err *e)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof(a);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0 ||
	    getnameinfo((struct sockaddr *)&a, n, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_set(e, ERR_IO, "could not find out where the server listens");
	*ret = mem_printf(a.ss_family == AF_INET6 ? "http://[%s]:%s%s" : "http://%s:%s%s", host,
			  port, WEBHOOK_PATH);
	return 0;
}

int webhook_serve(const char *listen,
		  const char *secret,
		  webhook_heard *heard,
		  void *ctx,
		  char **ret_url,
		  struct err *e)
{
	int fd CLEANUP(closep) = -1;
	char *url CLEANUP(freep) = NULL;
	struct server *s;

	if (socket_open(listen, &fd, e) || url_of(fd, &url, e))
		return e->code;
	s = mem_alloc(sizeof(*s)); /* the process's end is its own */
	*s = (struct server){.secret = mem_strdup(secret), .heard = heard, .ctx = ctx};
	if (!MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, take, s,
			      MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
			      CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S,
			      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX,
			      MHD_OPTION_NOTIFY_COMPLETED, request_over, NULL, MHD_OPTION_END)) {
		free(s->secret);
		free(s);
		return err_set(e, ERR_IO, "could not start the server of webhooks");
	}
	fd = -1; /* the server's now */
	*ret_url = TAKE(url);
	return 0;
}
