#include "run/control.h"

#include "base/clean.h"
#include "base/file.h"
#include "run/request.h"
#include "run/rows.h"
#include "run/supervisor-impl.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define REQUEST_MAX   ((size_t)1 << 20)
#define ANSWER_WAIT_S 30

/* A socket's path is short (108 bytes); ours need not be: /proc gives its folder a short name. */
static int socket_address(const char *path, struct sockaddr_un *ret, int *ret_dir, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir CLEANUP(freep) = mem_strndup(path, (size_t)(slash - path));
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	*ret_dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return err_sys(e, "could not open '%s'", dir);
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	buf_printf(&b, "/proc/self/fd/%d/%s", *ret_dir, slash + 1);
	CHECK(b.n < sizeof(ret->sun_path));
	memcpy(ret->sun_path, buf_cstr(&b), b.n + 1);
	return 0;
}

/* ---- asking ---- */

static int exchange(int fd, const char *line, struct buf *answer, struct err *e)
{
	struct timeval wait = {.tv_sec = ANSWER_WAIT_S};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait,
			 sizeof(wait)); /* else it waits longer */
	size_t n = strlen(line);
	if (send(fd, line, n, MSG_NOSIGNAL) != (ssize_t)n || send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
		return err_sys(e, "could not ask the supervisor");
	for (;;) {
		char part[4096];
		ssize_t got = recv(fd, part, sizeof(part), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, ERR_BUSY, "the supervisor does not answer");
		if (got == 0)
			return 0;
		buf_add(answer, part, (size_t)got);
	}
}

static int read_answer(const struct buf *answer, struct buf *ret, struct err *e)
{
	cJSON *j = cJSON_ParseWithLength(buf_cstr(answer), answer->n);
	const cJSON *text = cJSON_GetObjectItem(j, "text"), *code = cJSON_GetObjectItem(j, "code");
	int rc = ERR_BUSY;
	if (!cJSON_IsString(text) || !cJSON_IsNumber(code)) {
		rc = err_set(e, ERR_BUSY, "the supervisor went away before it answered");
	} else if (code->valueint) {
		rc = err_set(e, (enum err_code)code->valueint, "%s", text->valuestring);
	} else {
		buf_puts(ret, text->valuestring);
		rc = 0;
	}
	cJSON_Delete(j);
	return rc;
}

/* 1: nobody listens. */
static int
ask(const char *socket_path, const struct control_request *r, struct buf *ret, struct err *e)
{
	struct sockaddr_un to;
	int dir CLEANUP(closep) = -1;
	if (!file_exists(socket_path))
		return 1;
	if (socket_address(socket_path, &to, &dir, e))
		return e->code;
	int fd CLEANUP(closep) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "could not make a socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 1;
	char *line CLEANUP(freep) = request_write(r);
	struct buf answer CLEANUP(buf_done) = BUF_INIT;
	if (exchange(fd, line, &answer, e))
		return e->code;
	return read_answer(&answer, ret, e);
}

/* ---- doing it without a supervisor ---- */

/* A change being made: the core it is made to, and its rows of the trace. */
struct change {
	struct core core;
	VEC(struct traced) trace;
};

static void step_now(void *ctx, const struct core_event *given)
{
	struct change *x = ctx;
	struct buf b = BUF_INIT;
	struct core_event ev = *given;
	ev.at = clock_now();
	core_step(&x->core, &ev);
	trace_event(&b, &ev);
	VEC_PUSH(&x->trace,
		 ((struct traced){event_name(ev.kind), ev.task, ev.at.wall_ms, buf_take(&b)}));
}

static void change_done(struct change *x)
{
	for (size_t i = 0; i < x->trace.n; i++)
		free(x->trace.items[i].text);
	VEC_DONE(&x->trace);
	core_done(&x->core);
}

static int change_begin(struct change *x,
			struct store *store,
			const struct config *config,
			const char *epic,
			struct err *e)
{
	struct supervisor_spec spec = {.config = config};
	struct policy policy;
	struct buf b = BUF_INIT;
	settings_policy(&spec, &policy);
	core_init(&x->core, &policy);
	if (rows_load(store, &x->core, e))
		return e->code;
	if (!x->core.run.epic[0])
		x->core.run.epic = arena_strdup(&x->core.arena, epic);
	trace_begin(&b, &(struct trace_begin){.version = GANGER_VERSION,
					      .epic = epic,
					      .dispatch = x->core.run.dispatch,
					      .policy = policy});
	VEC_PUSH(&x->trace, ((struct traced){TRACE_BEGIN, -1, clock_now().wall_ms, buf_take(&b)}));
	/* Only what was asked is done here: nothing is due, starts or lands before a START. */
	core_reissue(&x->core);
	return 0;
}

static int change_write(struct change *x, struct store *store, struct err *e)
{
	if (store_begin(store, e) || rows_save(store, &x->core, e))
		return e->code;
	for (size_t i = 0; i < x->trace.n; i++) {
		const struct traced *t = &x->trace.items[i];
		const char *task = t->task >= 0 ? x->core.tasks.items[t->task].id : NULL;
		if (store_trace(store, t->wall_ms, t->kind, task, t->text, e))
			return e->code;
	}
	return store_commit(store, e);
}

static int change_journal(struct store *store,
			  const struct config *config,
			  const char *epic,
			  const struct control_request *r,
			  struct buf *ret,
			  struct err *e)
{
	struct change x CLEANUP(change_done) = {0};
	if (change_begin(&x, store, config, epic, e) ||
	    request_events(&x.core, r, ret, step_now, &x, e))
		return e->code;
	int rc = change_write(&x, store, e);
	if (rc)
		store_rollback(store);
	return rc;
}

static int do_offline(const struct paths *p,
		      const struct config *config,
		      const char *epic,
		      const struct control_request *r,
		      struct buf *ret,
		      struct err *e)
{
	int lock CLEANUP(closep) = -1;
	struct store *store = NULL;
	bool makes = r->verb == CONTROL_SUBMIT;
	if (!makes && !file_exists(p->journal))
		return err_set(e, ERR_NOT_FOUND, "there was no run of epic '%s' yet", epic);
	if (r->verb == CONTROL_STOP || r->verb == CONTROL_STOP_NOW)
		return err_set(e, ERR_NOT_FOUND, "no supervisor runs epic '%s'", epic);
	char *lock_dir CLEANUP(freep) =
		mem_strndup(p->lock, (size_t)(strrchr(p->lock, '/') - p->lock));
	if (dir_make(p->epic_dir, e) || dir_make(lock_dir, e) || store_lock(p->lock, &lock, e) ||
	    store_open(p->journal, STORE_WRITE, rows_tables, ROWS_TABLE_COUNT, &store, e))
		return e->code;
	int rc = change_journal(store, config, epic, r, ret, e);
	store_close(store);
	return rc;
}

int control_send(const struct place *place,
		 const struct config *config,
		 const char *epic,
		 const struct control_request *r,
		 struct buf *ret,
		 struct err *e)
{
	struct paths p CLEANUP(paths_done) = {0};
	paths_find(place, epic, config->worktree_dir, &p);
	int rc = ask(p.socket, r, ret, e);
	return rc == 1 ? do_offline(&p, config, epic, r, ret, e) : rc;
}

static void look_one(void *ctx, const char *name)
{
	char *path CLEANUP(freep) = mem_printf("%s/%s/control.sock", (const char *)ctx, name);
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT;
	IGNORE(ask(path, &(struct control_request){.verb = CONTROL_LOOK}, &said, &none));
}

void control_look(const struct place *place)
{
	struct err none = ERR_INIT; /* no folder: no run */
	IGNORE(dir_each(place->state_dir, look_one, place->state_dir, &none));
}

/* ---- listening ---- */

struct control {
	uv_pipe_t server;
	struct supervisor *s;
	bool closing;
};

struct caller {
	uv_pipe_t pipe;
	uv_write_t write;
	struct supervisor *s;
	struct buf in;
	char *out;
	char room[4096];
};

static void caller_closed(uv_handle_t *h)
{
	struct caller *c = h->data;
	buf_done(&c->in);
	free(c->out);
	free(c);
}

static void caller_close(struct caller *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->pipe))
		uv_close((uv_handle_t *)&c->pipe, caller_closed);
}

static void written(uv_write_t *w, int status)
{
	(void)status; /* a caller that went away needs no answer */
	caller_close(w->data);
}

static void give_event(void *ctx, const struct core_event *ev)
{
	if (ev->kind == EV_STOP)
		supervisor_stop(ctx, (int)ev->n);
	else
		supervisor_event(ctx, ev);
}

/* Done, and durable, before it is answered. */
static void answer(struct caller *c, const char *line, size_t n)
{
	struct err e = ERR_INIT;
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct request r CLEANUP(request_done) = {0};
	if (request_parse((struct str){line, n}, &r, &e) == 0 &&
	    request_events(&c->s->core, &r.asked, &text, give_event, c->s, &e) == 0) {
		if (r.asked.verb == CONTROL_LOOK)
			supervisor_look(c->s);
		else
			supervisor_turn(c->s);
	}
	if (!e.code && c->s->held)
		buf_puts(&text, "not durable yet: the disk is full\n");

	cJSON *out = cJSON_CreateObject();
	cJSON_AddNumberToObject(out, "code", e.code);
	cJSON_AddStringToObject(out, "text", e.code ? e.msg : buf_cstr(&text));
	c->out = cJSON_PrintUnformatted(out);
	cJSON_Delete(out);
	uv_buf_t b = uv_buf_init(c->out, (unsigned)strlen(c->out));
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &b, 1, written))
		caller_close(c);
}

static void room_for(uv_handle_t *h, size_t wanted, uv_buf_t *ret)
{
	struct caller *c = h->data;
	(void)wanted;
	*ret = uv_buf_init(c->room, sizeof(c->room));
}

static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct caller *c = stream->data;
	if (n < 0) {
		caller_close(c);
		return;
	}
	buf_add(&c->in, b->base, (size_t)n);
	const char *end = memchr(buf_cstr(&c->in), '\n', c->in.n);
	if (!end && !c->in.full)
		return;
	(void)uv_read_stop(stream); /* never fails */
	answer(c, buf_cstr(&c->in), end ? (size_t)(end - buf_cstr(&c->in)) : c->in.n);
}

static void connected(uv_stream_t *server, int status)
{
	struct control *control = server->data;
	if (status < 0)
		return;
	struct caller *c = mem_alloc(sizeof(*c));
	c->s = control->s;
	c->in = (struct buf){.max = REQUEST_MAX};
	c->pipe.data = c;
	CHECK(uv_pipe_init(server->loop, &c->pipe, 0) == 0);
	c->pipe.data = c;
	if (uv_accept(server, (uv_stream_t *)&c->pipe) ||
	    uv_read_start((uv_stream_t *)&c->pipe, room_for, received))
		caller_close(c);
}

static int bind_socket(const char *path, struct err *e)
{
	struct sockaddr_un at;
	int dir CLEANUP(closep) = -1;
	if (socket_address(path, &at, &dir, e))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		(void)err_sys(e, "could not make a socket");
		return -1;
	}
	(void)unlink(path); /* of a supervisor that died: we hold the lock */
	mode_t before = umask(0077);
	int rc = bind(fd, (struct sockaddr *)&at, sizeof(at));
	(void)umask(before);
	if (rc != 0) {
		(void)err_sys(e, "could not make '%s'", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

int control_listen(struct supervisor *s,
		   struct uv_loop_s *loop,
		   struct control **ret,
		   struct err *e)
{
	int fd = bind_socket(s->paths.socket, e);
	if (fd < 0)
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
	*ret = c; /* also then: control_close() gives it back */
	return rc ? e->code : 0;
}

static void server_closed(uv_handle_t *h)
{
	free(h->data);
}

static void close_caller_handle(uv_handle_t *h, void *ctx)
{
	const struct control *c = ctx;
	if (h->type == UV_NAMED_PIPE && h != (const uv_handle_t *)&c->server)
		caller_close(h->data);
}

void control_close(struct control *c)
{
	if (!c)
		return;
	(void)unlink(c->s->paths.socket); /* gone already is as good */
	uv_walk(c->server.loop, close_caller_handle, c);
	uv_close((uv_handle_t *)&c->server, server_closed);
}
