#include "shim/connect.h"

#include "shim/job.h"
#include "shim/message.h"
#include "shim/status.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_EVERY_MS 50   /* for the server, while it is not there */
#define FAREWELL_MS   5000 /* it has for ending the session */
#define TEXT_MAX      4096 /* of its log's beginning, in which its port is looked for */
#define PORT_MAX      65535

struct connection {
	const struct connect_options *o;
	int fd;              /* -1: there is none */
	bool was_there;      /* there has been one */
	bool input_over;     /* of ours */
	int64_t farewell_ms; /* when that has lasted long enough */
	struct message input, output;
};

/* ---- finding it ---- */

/* The beginning of a file, terminated; empty where there is none. */
static void read_text(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

static bool path_in(const char *dir, const char *name, char ret[PATH_MAX])
{
	return snprintf(ret, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

/* Its shim holds the lock of its status file as long as it lives. */
static bool is_alive(const char *dir)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	int fd = path_in(dir, STATUS_NAME, path) ? open(path, O_RDWR | O_CLOEXEC) : -1;
	bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	if (fd >= 0)
		(void)close(fd);
	return held;
}

/* Its port, from its log; 0: it has not said it yet. */
static int port_of(const struct connect_options *o, const char *dir)
{
	char path[PATH_MAX], text[TEXT_MAX];
	const char *p;
	int port = 0;

	if (!path_in(dir, CONNECT_LOG, path))
		return 0;
	read_text(path, text, sizeof(text));
	p = strstr(text, o->after);
	p = p ? p + strlen(o->after) : "";
	for (; *p >= '0' && *p <= '9' && port <= PORT_MAX; p++)
		port = port * 10 + (*p - '0');
	return *p && port <= PORT_MAX ? port : 0; /* whole once something stands behind it */
}

static int dial(int port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* Try once, where there is no connection. False: there will be none. */
static bool find(struct connection *c)
{
	char dir[PATH_MAX];
	int port;

	read_text(c->o->place, dir, sizeof(dir));
	if (dir[0] == CONNECT_NONE) {
		(void)dprintf(STDERR_FILENO, "error: %s\n", dir + 1);
		return false;
	}
	dir[strcspn(dir, "\n")] = '\0';
	port = dir[0] && is_alive(dir) ? port_of(c->o, dir) : 0;
	if (port)
		c->fd = dial(port);
	return true;
}

/* ---- passing on ---- */

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool to_log(void *ctx, const char *p, size_t n)
{
	(void)ctx;
	return write_all(STDOUT_FILENO, p, n);
}

/* Where it is gone, reading says so: what cannot be said any more is said to nobody. */
static bool to_server(void *ctx, const char *p, size_t n)
{
	const struct connection *c = ctx;

	if (c->fd >= 0)
		(void)write_all(c->fd, p, n);
	return true;
}

static bool say_again(void)
{
	static const char body[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"" CONNECT_AGAIN "\",\"params\":{}}";
	char text[sizeof(body) + 64];
	int n = snprintf(text, sizeof(text), "Content-Length: %zu\r\n\r\n%s", sizeof(body) - 1,
			 body);

	return to_log(NULL, text, (size_t)n);
}

/* What was on its way is for the connection that is gone. */
static bool connected(struct connection *c)
{
	bool again = c->was_there;

	c->was_there = true;
	message_drop(&c->input);
	return !again || say_again();
}

static bool hang_up(struct connection *c)
{
	(void)close(c->fd);
	c->fd = -1;
	return message_break(&c->output);
}

static bool take_output(struct connection *c)
{
	char text[65536];
	ssize_t n = read(c->fd, text, sizeof(text));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0 || !message_take(&c->output, text, (size_t)n))
		return hang_up(c);
	return true;
}

static bool take_input(struct connection *c)
{
	char text[65536];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text));

	if (n < 0 && errno == EINTR)
		return true;
	if (n > 0)
		return message_take(&c->input, text, (size_t)n);
	c->input_over = true;
	c->farewell_ms = job_now_ms() + FAREWELL_MS;
	if (c->fd >= 0)
		(void)shutdown(c->fd, SHUT_WR);
	return true;
}

/* False: it is over, and not well. */
static bool step(struct connection *c)
{
	/* What is said before there is a server is kept where it is, but its end is seen. */
	short wanted = c->was_there ? POLLIN : 0;
	struct pollfd fds[] = {
		{.fd = c->input_over ? -1 : STDIN_FILENO, .events = wanted},
		{.fd = c->fd,                             .events = POLLIN},
	};
	int ms = c->fd < 0 ? LOOK_EVERY_MS : c->input_over ? FAREWELL_MS : -1;
	bool ok = true;

	if (poll(fds, 2, ms) < 0)
		return errno == EINTR;
	if (fds[1].revents)
		ok = take_output(c);
	if (ok && fds[0].revents & POLLIN)
		ok = take_input(c);
	else if (fds[0].revents)
		c->input_over = true;
	return ok;
}

static bool is_over(const struct connection *c)
{
	return c->input_over && (c->fd < 0 || job_now_ms() >= c->farewell_ms);
}

int connect_run(const struct connect_options *o)
{
	struct connection c = {.o = o, .fd = -1};
	bool ok = true;

	c.input = (struct message){.pass = to_server, .ctx = &c};
	c.output = (struct message){.pass = to_log, .drop = o->drop};
	(void)signal(SIGPIPE, SIG_IGN); /* writing says so */
	while (ok && !is_over(&c)) {
		if (c.fd < 0)
			ok = find(&c) && (c.fd < 0 || connected(&c));
		ok = ok && step(&c);
	}
	return ok ? 0 : 1;
}
