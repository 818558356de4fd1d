#include "exec/talk.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "exec/local-impl.h"
#include "exec/record.h"
#include "shim/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* NOLINTNEXTLINE(misc-redundant-expression): equal is what they are to be. */
static_assert(EXECUTOR_SAY_MAX == INPUT_FRAME_MAX, "as the shim has it");

#define PIECE_BYTES (64u << 10)
/* Pieces that are told in one go; then the loop has its turn. */
#define PIECES      16
/* What waits for a shim that does not listen: a program that reads nothing for so long is stuck. */
#define WAITING_MAX (4 * (size_t)EXECUTOR_SAY_MAX)

struct talk {
	struct executor_local *x;
	uint64_t number;
	char *dir, *log;
	int log_fd;         /* -1: not open */
	int sock_fd;        /* -1: not connected */
	off_t told;         /* bytes of the log */
	struct buf waiting; /* frames for the shim */
	bool is_freed;
	uv_fs_event_t grown; /* the log */
	uv_poll_t writable;  /* the socket, while frames wait */
	uv_idle_t more;      /* there was more to read than one go takes */
	int n_handles;       /* on the loop, not closed yet */
};

/* --- the socket --- */

/* Its path may be longer than an address takes: /proc gives the folder a short name. */
static int address_of(const char *dir, struct sockaddr_un *ret, int *ret_dir, struct err *e)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	*ret_dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return err_sys(e, "could not open '%s'", dir);
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/" INPUT_SOCK_NAME,
		       *ret_dir);
	return 0;
}

static int socket_open(void)
{
	return fd_above_standard(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

int exec_talk_listen(const char *dir, int *ret_fd, struct err *e)
{
	struct sockaddr_un at;
	int dir_fd CLEANUP(closep) = -1;
	int fd;

	if (address_of(dir, &at, &dir_fd, e))
		return e ? e->code : ERR_IO;
	fd = socket_open();
	if (fd < 0)
		return err_sys(e, "could not make a socket");
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4) < 0) {
		int rc = err_sys(e, "could not make '%s/" INPUT_SOCK_NAME "'", dir);

		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

void exec_talk_unlink(const char *dir)
{
	char *path CLEANUP(freep) = path_join(dir, INPUT_SOCK_NAME);

	(void)unlink(path); /* the folder is for gc, then */
}

/* Where there is nobody any more, the end of the job will say so. */
static void call_shim(struct talk *t)
{
	struct sockaddr_un at;
	int dir_fd CLEANUP(closep) = -1;

	if (address_of(t->dir, &at, &dir_fd, NULL))
		return;
	t->sock_fd = socket_open();
	if (t->sock_fd >= 0 && connect(t->sock_fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		closep(&t->sock_fd);
		t->sock_fd = -1;
	}
}

static void drop_handle(uv_handle_t *h)
{
	struct talk *t = h->data;
	struct executor_local *x = t->x;

	x->n_handles--;
	if (--t->n_handles == 0) {
		free(t->dir);
		free(t->log);
		free(t);
	}
	exec_free_if_unused(x);
}

/* The loop lets go of a descriptor before it is closed: its number may be another's at once. */
static void hang_up(struct talk *t)
{
	if (t->sock_fd < 0)
		return;
	uv_close((uv_handle_t *)&t->writable, drop_handle);
	closep(&t->sock_fd);
	t->sock_fd = -1;
}

static void on_writable(uv_poll_t *h, int status, int events);

static void send_waiting(struct talk *t)
{
	while (t->sock_fd >= 0 && t->waiting.n) {
		ssize_t n = send(t->sock_fd, t->waiting.p, t->waiting.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) { /* its program takes nothing any more */
			hang_up(t);
			return;
		}
		memmove(t->waiting.p, t->waiting.p + n, t->waiting.n - (size_t)n);
		t->waiting.n -= (size_t)n;
	}
	if (t->sock_fd < 0)
		return;
	if (t->waiting.n)
		CHECK(uv_poll_start(&t->writable, UV_WRITABLE, on_writable) == 0);
	else
		(void)uv_poll_stop(&t->writable);
}

static void on_writable(uv_poll_t *h, int status, int events)
{
	(void)status, (void)events; /* sending tells */
	send_waiting(h->data);
}

void exec_talk_say(struct talk *t, uint64_t nth, struct str input)
{
	const struct input_head head = {
		.magic = INPUT_MAGIC, .size = (uint32_t)input.n, .number = nth};

	CHECK(input.n <= EXECUTOR_SAY_MAX);
	buf_add(&t->waiting, &head, sizeof(head));
	buf_add(&t->waiting, input.p, input.n);
	if (t->waiting.full) /* half a frame would be worse than none */
		hang_up(t);
	send_waiting(t);
}

/* --- the log --- */

/* Returns false when all there is was told. */
static bool tell_piece(struct talk *t)
{
	const struct executor_events *ev = &t->x->ev;
	char piece[PIECE_BYTES];
	ssize_t n = t->log_fd >= 0 ? pread(t->log_fd, piece, sizeof(piece), t->told) : 0;

	if (n <= 0)
		return false;
	t->told += n;
	if (ev->output)
		ev->output(ev->ctx, t->number, (struct str){piece, (size_t)n});
	return !t->is_freed;
}

static void on_more(uv_idle_t *h);

static void tell_some(struct talk *t)
{
	int n = PIECES;

	while (n && tell_piece(t))
		n--;
	if (t->is_freed)
		return;
	if (n)
		(void)uv_idle_stop(&t->more);
	else
		CHECK(uv_idle_start(&t->more, on_more) == 0);
}

static void on_more(uv_idle_t *h)
{
	tell_some(h->data);
}

static void on_grown(uv_fs_event_t *h, const char *name, int events, int status)
{
	(void)name, (void)events, (void)status; /* reading tells */
	tell_some(h->data);
}

static void log_open(struct talk *t)
{
	struct err none = ERR_INIT; /* it is asked for again */
	int fd = -1;

	if (t->log_fd < 0 && file_open(t->log, 0, &fd, &none) == 0)
		t->log_fd = fd_above_standard(fd);
}

/* --- its life --- */

struct talk *exec_talk_new(struct executor_local *x, const struct job_spec *s)
{
	struct talk *t = mem_alloc(sizeof(*t));

	*t = (struct talk){
		.x = x,
		.number = s->number,
		.dir = mem_strdup(s->dir),
		.log = mem_strdup(s->log_path),
		.log_fd = -1,
		.sock_fd = -1,
		.waiting = {.max = WAITING_MAX},
		.n_handles = 2,
	};
	x->n_handles += 2;
	CHECK(uv_fs_event_init(x->loop, &t->grown) == 0);
	CHECK(uv_idle_init(x->loop, &t->more) == 0);
	t->grown.data = t->writable.data = t->more.data = t;
	return t;
}

void exec_talk_begin(struct talk *t)
{
	log_open(t);
	call_shim(t);
	if (t->sock_fd >= 0 && uv_poll_init(t->x->loop, &t->writable, t->sock_fd) == 0) {
		t->n_handles++;
		t->x->n_handles++;
	} else {
		closep(&t->sock_fd);
		t->sock_fd = -1;
	}
	/* Where there is no watch to be had, its end tells what it wrote. */
	(void)uv_fs_event_start(&t->grown, on_grown, t->log, 0);
	send_waiting(t);
	tell_some(t);
}

void exec_talk_end(struct talk *t)
{
	log_open(t);
	while (tell_piece(t))
		;
}

void exec_talk_free(struct talk *t)
{
	if (!t)
		return;
	t->is_freed = true;
	buf_done(&t->waiting);
	hang_up(t);
	closep(&t->log_fd);
	uv_close((uv_handle_t *)&t->grown, drop_handle);
	uv_close((uv_handle_t *)&t->more, drop_handle);
}
