#include "base/child-impl.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct child_stay {
	struct child c;
	char *name;
	int fd; /* our end of its standard input */
};

int child_stay_new(const struct child_spec *s, struct child_stay **ret, struct err *e)
{
	struct child_stay *h = mem_alloc(sizeof(*h));
	int fds[2], rc;

	*h = (struct child_stay){.c = CHILD_INIT, .name = mem_strdup(s->argv[0]), .fd = -1};
	h->c.name = h->name;
	h->c.stays = true;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		child_stay_free(h);
		return err_sys(e, "could not make a socket");
	}
	h->fd = fds[0];
	h->c.in_fd = fds[1];
	rc = child_start(&h->c, s, e);
	if (rc) {
		h->c.pid = 0;
		child_stay_free(h);
		return rc;
	}
	*ret = h;
	return 0;
}

int child_stay_ask(struct child_stay *h,
		   const struct child_question *q,
		   struct child_result *ret,
		   bool *ret_gone,
		   struct err *e)
{
	struct child_talk t = {h->fd, q->request, q->end};
	int rc;

	*ret = (struct child_result){
		.out.max = BUF_MAX_DEFAULT,
		.errout.max = CHILD_ERROUT_MAX,
	};
	h->c.deadline_ms = q->timeout_ms ? clock_now().mono_ms + q->timeout_ms : 0;
	rc = child_collect(&h->c, &t, ret, ret_gone, e);
	if (!rc && !*ret_gone)
		return 0;
	*ret_gone = true;
	ret->timed_out = rc == ERR_LIMIT;
	if (ret->timed_out)
		(void)err_set(e, ERR_LIMIT, "could not finish '%s': no answer after %lld ms",
			      h->name, (long long)q->timeout_ms);
	return child_finish(&h->c, rc != 0, ret, rc ? NULL : e) && !rc ? ERR_IO : rc;
}

void child_stay_free(struct child_stay *h)
{
	if (!h)
		return;
	if (h->c.pid > 0)
		(void)child_reap(&h->c, true);
	child_done(&h->c);
	closep(&h->fd);
	free(h->name);
	free(h);
}
