#include "base/child-impl.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define READ_CHUNK 65536u
/* What may still be in a pipe when the program is gone, at most; a grandchild may go on filling it. */
#define DRAIN_MAX  (1u << 20)

/* Take what is in the pipe, up to max bytes; closes it at its end. */
static void take(int *fd, struct buf *b, size_t max)
{
	char *chunk CLEANUP(freep) = *fd >= 0 ? mem_resize(NULL, READ_CHUNK, 1) : NULL;
	size_t taken = 0;

	while (*fd >= 0 && taken < max) {
		ssize_t n = read(*fd, chunk, READ_CHUNK);

		if (n > 0) {
			buf_add(b, chunk, (size_t)n);
			taken += (size_t)n;
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			closep(fd);
			*fd = -1;
		} else if (errno == EAGAIN) {
			break;
		}
	}
}

/* Milliseconds to the deadline for poll: -1 none, 0 passed. */
static int time_left(const struct child *c)
{
	int64_t left;

	if (!c->deadline_ms)
		return -1;
	left = c->deadline_ms - clock_now().mono_ms;
	if (left <= 0)
		return 0;
	return left < 1000000 ? (int)left : 1000000;
}

/* What it does not take now it is asked to take again. One that is going says so by itself. */
static void tell(struct child_talk *t)
{
	ssize_t n = send(t->fd, t->request.p, t->request.n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0)
		return;
	t->request.p += n;
	t->request.n -= (size_t)n;
}

static bool has_answered(const struct child_talk *t, const struct child_result *r)
{
	size_t n = t ? t->end.n : 0;

	return t && !t->request.n && r->out.n >= n && !memcmp(r->out.p + r->out.n - n, t->end.p, n);
}

/*
 * That it is gone is seen by its pidfd and not by the end of its output, which a process it left
 * behind may hold open.
 */
int child_collect(struct child *c,
		  struct child_talk *t,
		  struct child_result *ret,
		  bool *ret_gone,
		  struct err *e)
{
	*ret_gone = false;
	while (!has_answered(t, ret)) {
		struct pollfd fds[] = {
			{.fd = c->pid_fd,                      .events = POLLIN },
			{.fd = c->out_fd,                      .events = POLLIN },
			{.fd = c->err_fd,                      .events = POLLIN },
			{.fd = t && t->request.n ? t->fd : -1, .events = POLLOUT},
		};
		int left = time_left(c);
		int n = poll(fds, ARRAY_LEN(fds), left);

		if (n < 0 && errno != EINTR)
			return err_sys(e, "could not wait for '%s'", c->name);
		*ret_gone = n > 0 && fds[0].revents;
		if (*ret_gone)
			return 0;
		if (left == 0)
			return ERR_LIMIT;
		if (n > 0 && fds[1].revents)
			take(&c->out_fd, &ret->out, READ_CHUNK);
		if (n > 0 && fds[2].revents)
			take(&c->err_fd, &ret->errout, READ_CHUNK);
		if (t && n > 0 && fds[3].revents)
			tell(t);
	}
	return 0;
}

int child_finish(struct child *c, bool kill_first, struct child_result *ret, struct err *e)
{
	int status = child_reap(c, kill_first);

	take(&c->out_fd, &ret->out, DRAIN_MAX);
	take(&c->err_fd, &ret->errout, DRAIN_MAX);
	if (status < 0 && !kill_first)
		return err_sys(e, "could not wait for '%s'", c->name);
	ret->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

int child_run(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	struct child c CLEANUP(child_done) = CHILD_INIT;
	bool gone = false;
	int rc, end;

	c.name = s->argv[0];
	c.deadline_ms = s->timeout_ms ? clock_now().mono_ms + s->timeout_ms : 0;
	*ret = (struct child_result){
		.out.max = s->out_max ? s->out_max : BUF_MAX_DEFAULT,
		.errout.max = CHILD_ERROUT_MAX,
	};
	rc = child_start(&c, s, e);
	if (rc)
		return rc;
	rc = child_collect(&c, NULL, ret, &gone, e);
	end = child_finish(&c, rc != 0, ret, e);
	ret->timed_out = rc == ERR_LIMIT;
	if (ret->timed_out)
		return err_set(e, ERR_LIMIT, "could not finish '%s': not done after %lld ms",
			       c.name, (long long)s->timeout_ms);
	return rc ? rc : end;
}

void child_result_done(struct child_result *r)
{
	if (!r)
		return;
	buf_done(&r->out);
	buf_done(&r->errout);
}

/* The first line that says something, of what it complained or else printed. */
static struct str first_words(const struct child_result *r)
{
	struct str rest = buf_str(r->errout.n ? &r->errout : &r->out), line;

	while (str_next(&rest, '\n', &line)) {
		line = str_trim(line);
		if (line.n)
			return (struct str){line.p, line.n < 400 ? line.n : 400};
	}
	return STR("it said nothing");
}

int child_ok(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	struct buf words = BUF_INIT;
	int rc = child_run(s, ret, e);

	if (rc || ret->exit_code == 0)
		return rc;
	buf_line(&words, first_words(ret));
	rc = err_set(e, ERR_INVALID, "'%s' ended with %d: %s", s->argv[0], ret->exit_code,
		     buf_cstr(&words));
	buf_done(&words);
	return rc;
}
