#include "shim/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int input_init(struct input *in, int listen_fd)
{
	int fds[2];

	*in = (struct input){.listen_fd = listen_fd, .caller_fd = -1, .program_fd = -1};
	if (listen_fd < 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	in->program_fd = fds[1];
	if (dup2(fds[0], STDIN_FILENO) < 0 || fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(listen_fd, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	(void)close(fds[0]);
	return 0;
}

void input_started(struct input *in)
{
	int fd;

	if (in->listen_fd < 0)
		return;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		(void)close(STDIN_FILENO); /* as good: only the program's own end must count */
	else
		(void)dup2(fd, STDIN_FILENO);
	close_fd(&fd);
}

bool input_is_open(const struct input *in)
{
	return in->program_fd >= 0;
}

void input_end(struct input *in)
{
	in->is_last = true;
}

static void frame_drop(struct input *in)
{
	free(in->body);
	in->body = NULL;
	in->n_head = in->n_body = in->n_given = 0;
	in->is_whole = false;
}

/* A frame that did not arrive whole was not said. */
static void hang_up(struct input *in)
{
	frame_drop(in);
	close_fd(&in->caller_fd);
}

static void end_now(struct input *in)
{
	hang_up(in);
	close_fd(&in->listen_fd);
	close_fd(&in->program_fd);
}

/* Does the head make sense, and is there room for what follows? */
static bool head_taken(struct input *in)
{
	const struct input_head *h = &in->head;

	if (h->magic != INPUT_MAGIC || h->size > INPUT_FRAME_MAX || !h->number ||
	    h->number > in->seen + 1)
		return false;
	in->body = malloc(h->size ? h->size : 1);
	return in->body != NULL;
}

static void frame_arrived(struct input *in)
{
	if (in->head.number <= in->seen) {
		frame_drop(in);
		return;
	}
	in->seen = in->head.number;
	in->is_whole = true;
	if (!in->head.size)
		end_now(in);
}

/* Returns false when there is nothing more to read for now. */
static bool take(struct input *in)
{
	bool has_head = in->n_head == sizeof(in->head);
	char *to = has_head ? in->body + in->n_body : (char *)&in->head + in->n_head;
	size_t want = has_head ? in->head.size - in->n_body : sizeof(in->head) - in->n_head;
	ssize_t n = want ? recv(in->caller_fd, to, want, MSG_DONTWAIT) : 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0 || (n == 0 && want)) {
		hang_up(in);
		return true; /* another may be waiting */
	}
	if (has_head)
		in->n_body += (size_t)n;
	else
		in->n_head += (size_t)n;
	if (!has_head && in->n_head == sizeof(in->head) && !head_taken(in))
		hang_up(in);
	else if (in->n_head == sizeof(in->head) && in->n_body == in->head.size)
		frame_arrived(in);
	return true;
}

/* Returns false where the program takes no more for now. */
static bool give(struct input *in)
{
	ssize_t n = write(in->program_fd, in->body + in->n_given, in->head.size - in->n_given);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) { /* it has closed its input: nobody listens any more */
		end_now(in);
		return true;
	}
	in->n_given += (size_t)n;
	if (in->n_given == in->head.size)
		frame_drop(in);
	return true;
}

static bool answer(struct input *in)
{
	in->caller_fd = accept4(in->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	return in->caller_fd >= 0;
}

void input_step(struct input *in)
{
	bool more = true;

	while (more && in->program_fd >= 0) {
		if (in->is_whole)
			more = give(in);
		else
			more = in->caller_fd >= 0 ? take(in) : answer(in);
	}
	if (in->is_last && in->program_fd >= 0 && !in->is_whole)
		end_now(in);
}

int input_poll_fd(const struct input *in, short *ret_events)
{
	*ret_events = in->is_whole ? POLLOUT : POLLIN;
	if (in->program_fd < 0)
		return -1;
	if (in->is_whole)
		return in->program_fd;
	return in->caller_fd >= 0 ? in->caller_fd : in->listen_fd;
}
