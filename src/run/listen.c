#include "base/clean.h"
#include "run/control.h"
#include "run/request.h"
#include "run/session.h"
#include "run/socket.h"
#include "run/supervisor-impl.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <uv.h>

/* The supervisor's end of the control socket: those who ask once, and those who watch. */

#define REQUEST_MAX     ((size_t)1 << 20)
/* What a watcher may leave unread, beside what it was told at first. */
#define UNREAD_MAX      ((size_t)1 << 20)
/* A line a task: as much as the core itself holds. */
#define WATCH_FIRST_MAX ((size_t)1 << 36)

struct control {
	uv_pipe_t server;
	struct supervisor *s;
	VEC(struct caller *) callers;
};

struct caller {
	uv_pipe_t pipe;
	struct control *control;
	struct buf in;
	bool watches;
	size_t first; /* bytes a watcher was told at first */
	char room[4096];
};

/* A text on its way to a caller. */
struct told {
	uv_write_t write;
	char *text;
};

static void caller_closed(uv_handle_t *h)
{
	struct caller *c = h->data;
	buf_done(&c->in);
	free(c);
}

static void caller_close(struct caller *c)
{
	struct control *control = c->control;
	if (uv_is_closing((uv_handle_t *)&c->pipe))
		return;
	for (size_t i = 0; i < control->callers.n; i++)
		if (control->callers.items[i] == c)
			control->callers.items[i] = control->callers.items[--control->callers.n];
	uv_close((uv_handle_t *)&c->pipe, caller_closed);
}

static void written(uv_write_t *w, int status)
{
	struct told *told = w->data;
	struct caller *c = w->handle->data;
	/* One that went away needs no answer; one that was answered needs nothing more. */
	if (status < 0 || !c->watches)
		caller_close(c);
	free(told->text);
	free(told);
}

/* Takes over text. */
static void tell(struct caller *c, char *text)
{
	struct told *told = mem_alloc(sizeof(*told));
	uv_buf_t b = uv_buf_init(text, (unsigned)strlen(text));
	told->text = text;
	told->write.data = told;
	if (uv_write(&told->write, (uv_stream_t *)&c->pipe, &b, 1, written) == 0)
		return;
	free(text);
	free(told);
	caller_close(c);
}

static void add_line(struct buf *b, const struct task *t)
{
	session_write(b, t);
	buf_putc(b, '\n');
}

static void watch_begin(struct caller *c)
{
	const struct core *core = &c->control->s->core;
	struct buf b CLEANUP(buf_done) = {.max = WATCH_FIRST_MAX};
	c->watches = true;
	for (size_t i = 0; i < core->tasks.n; i++)
		add_line(&b, &core->tasks.items[i]);
	c->first = b.n;
	if (b.n)
		tell(c, buf_take(&b));
}

static void task_changed(void *ctx, const struct task *t)
{
	struct control *control = ctx;
	for (size_t i = control->callers.n; i-- > 0;) { /* one may be closed here */
		struct caller *c = control->callers.items[i];
		struct buf b = BUF_INIT;
		if (!c->watches)
			continue;
		if (c->pipe.write_queue_size > c->first + UNREAD_MAX) {
			caller_close(c);
			continue;
		}
		add_line(&b, t);
		tell(c, buf_take(&b));
	}
}

static void answer(struct caller *c, const char *line, size_t n)
{
	struct err e = ERR_INIT;
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct request r CLEANUP(request_done) = {0};
	int rc = request_parse((struct str){line, n}, &r, &e);
	if (rc == 0 && r.asked.verb == CONTROL_WATCH) {
		watch_begin(c);
		return;
	}
	if (rc == 0)
		rc = supervisor_asked(c->control->s, &r.asked, &said, &e);

	cJSON *out = cJSON_CreateObject();
	cJSON_AddNumberToObject(out, "code", rc);
	cJSON_AddStringToObject(out, "text", rc ? e.msg : buf_cstr(&said));
	tell(c, cJSON_PrintUnformatted(out));
	cJSON_Delete(out);
}

static void room_for(uv_handle_t *h, size_t wanted, uv_buf_t *ret)
{
	struct caller *c = h->data;
	(void)wanted;
	*ret = uv_buf_init(c->room, sizeof(c->room));
}

/* Its first line is all that is read of a caller; that it is gone is heard all the same. */
static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct caller *c = stream->data;
	if (n < 0) {
		caller_close(c);
		return;
	}
	if (c->watches)
		return;
	buf_add(&c->in, b->base, (size_t)n);
	const char *end = memchr(buf_cstr(&c->in), '\n', c->in.n);
	if (!end && !c->in.full)
		return;
	answer(c, buf_cstr(&c->in), end ? (size_t)(end - buf_cstr(&c->in)) : c->in.n);
	if (!c->watches)
		(void)uv_read_stop(stream); /* never fails */
}

static void connected(uv_stream_t *server, int status)
{
	struct control *control = server->data;
	if (status < 0)
		return;
	struct caller *c = mem_alloc(sizeof(*c));
	c->control = control;
	c->in = (struct buf){.max = REQUEST_MAX};
	CHECK(uv_pipe_init(server->loop, &c->pipe, 0) == 0);
	c->pipe.data = c;
	VEC_PUSH(&control->callers, c);
	if (uv_accept(server, (uv_stream_t *)&c->pipe) ||
	    uv_read_start((uv_stream_t *)&c->pipe, room_for, received))
		caller_close(c);
}

int control_listen(struct supervisor *s,
		   struct uv_loop_s *loop,
		   struct control **ret,
		   struct err *e)
{
	int fd = -1;
	if (socket_bind(s->paths.socket, &fd, e))
		return e->code;
	struct control *c = mem_alloc(sizeof(*c));
	c->s = s;
	CHECK(uv_pipe_init(loop, &c->server, 0) == 0);
	c->server.data = c;
	int rc = uv_pipe_open(&c->server, fd);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&c->server, 16, connected);
	if (rc)
		(void)err_set(e, ERR_IO, "could not listen on '%s': %s", s->paths.socket,
			      uv_strerror(rc));
	s->watch = task_changed;
	s->watch_ctx = c;
	*ret = c; /* also then: control_close() gives it back */
	return rc ? e->code : 0;
}

static void server_closed(uv_handle_t *h)
{
	struct control *c = h->data;
	VEC_DONE(&c->callers);
	free(c);
}

void control_close(struct control *c)
{
	if (!c)
		return;
	(void)unlink(c->s->paths.socket); /* gone already is as good */
	c->s->watch = NULL;
	while (c->callers.n)
		caller_close(c->callers.items[c->callers.n - 1]);
	uv_close((uv_handle_t *)&c->server, server_closed);
}
