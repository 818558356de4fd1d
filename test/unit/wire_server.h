#ifndef TEST_UNIT_WIRE_SERVER_H
#define TEST_UNIT_WIRE_SERVER_H

#include "base/mem.h"
#include "base/str.h"
#include "unit/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A server that answers with what it was told, one entry a request, and keeps what it was asked.
 * A connection is closed after its answer unless the answer says how long it is.
 */
#define SERVER_CONNECTIONS 64

struct server {
	int fd, port;
	pthread_t thread;
	struct server_connection {
		struct server *s;
		int fd;
		pthread_t thread;
	} connections[SERVER_CONNECTIONS];
	int n_connections;
	const char *const
		*script; /* NULL-terminated; "" closes without an answer, "hang" says nothing */
	pthread_mutex_t mutex;
	VEC(char *) asked;
};

/* One request with its body; false at the end of the connection. */
static inline bool server_read(int fd, struct buf *b)
{
	size_t want = SIZE_MAX;

	while (b->n < want) {
		char c;

		if (read(fd, &c, 1) != 1)
			return false;
		buf_putc(b, c);
		if (want == SIZE_MAX && str_ends(buf_str(b), "\r\n\r\n")) {
			const char *length = strcasestr(buf_cstr(b), "content-length:");
			int64_t n = 0;

			if (length) {
				struct str rest = str_of(length + 15), line;
				(void)(str_next(&rest, '\n', &line) && str_i64(str_trim(line), &n));
			}
			want = b->n + (size_t)n;
		}
	}
	return true;
}

/* How often it was asked: a connection that it only cut tells nobody that it is done with the list. */
static inline size_t server_asked(struct server *s)
{
	pthread_mutex_lock(&s->mutex);
	size_t n = s->asked.n;
	pthread_mutex_unlock(&s->mutex);
	return n;
}

static inline const char *server_take(struct server *s, struct buf *request)
{
	const char *answer = NULL;

	pthread_mutex_lock(&s->mutex);
	VEC_PUSH(&s->asked, buf_take(request));
	if (*s->script)
		answer = *s->script++;
	pthread_mutex_unlock(&s->mutex);
	return answer;
}

/* False: the connection is to be closed. */
static inline bool server_answer(int fd, const char *answer)
{
	char c;

	if (!answer || !*answer)
		return false;
	if (streq(answer, "hang")) {
		while (read(fd, &c, 1) == 1) /* until the client has had enough */
			;
		return false;
	}
	size_t n = strlen(answer);
	return send(fd, answer, n, MSG_NOSIGNAL) == (ssize_t)n &&
	       !strcasestr(answer, "connection: close") &&
	       (strcasestr(answer, "content-length:") || strstr(answer, "204 "));
}

static inline void *server_connection(void *arg)
{
	struct server_connection *c = arg;
	struct buf request = BUF_INIT;

	while (server_read(c->fd, &request) && server_answer(c->fd, server_take(c->s, &request)))
		;
	buf_done(&request);
	shutdown(c->fd, SHUT_RDWR); /* closed when its thread was joined */
	return NULL;
}

static inline void *server_main(void *arg)
{
	struct server *s = arg;
	int fd;

	while (s->n_connections < SERVER_CONNECTIONS && (fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct server_connection *c = &s->connections[s->n_connections++];

		*c = (struct server_connection){.s = s, .fd = fd};
		if (pthread_create(&c->thread, NULL, server_connection, c))
			abort();
	}
	return NULL;
}

static inline void server_start(struct server *s, const char *const *script)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	*s = (struct server){.script = script, .mutex = PTHREAD_MUTEX_INITIALIZER};
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(s->fd, 16), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}

static inline void server_stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->fd);
	for (int i = 0; i < s->n_connections; i++) {
		shutdown(s->connections[i].fd, SHUT_RDWR);
		assert_int_equal(pthread_join(s->connections[i].thread, NULL), 0);
		close(s->connections[i].fd);
	}
	for (size_t i = 0; i < s->asked.n; i++)
		free(s->asked.items[i]);
	VEC_DONE(&s->asked);
}

#endif
