#include "shim/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK       4096
#define LOOK_MAX_MS 50

/* Watch the open file itself, whatever its name is by now. */
static int notify_open(int fd)
{
	int notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[40];

	if (notify_fd < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (inotify_add_watch(notify_fd, path, IN_MODIFY) >= 0)
		return notify_fd;
	(void)close(notify_fd);
	return -1;
}

void log_cap_init(struct log_cap *l, int fd, int64_t cap_bytes, int64_t now_ms)
{
	*l = (struct log_cap){.fd = fd, .notify_fd = -1, .cap = cap_bytes, .look_ms = INT64_MAX};
	if (!cap_bytes)
		return;
	l->notify_fd = notify_open(fd);
	l->look_ms = now_ms; /* it may have been over the cap already */
}

int log_cap_poll_fd(const struct log_cap *l)
{
	return l->look_ms == INT64_MAX ? l->notify_fd : -1;
}

/* Forget what was said, so that only a write from now on is news. */
static void notify_drain(int notify_fd)
{
	char bytes[4096];

	while (read(notify_fd, bytes, sizeof(bytes)) > 0)
		;
}

static int64_t size_now(const struct log_cap *l)
{
	struct stat st;

	return fstat(l->fd, &st) == 0 ? (int64_t)st.st_size : l->size;
}

static void cut_oldest(struct log_cap *l)
{
	int64_t to = (l->size - l->cap) / BLOCK * BLOCK;

	if (l->unable || l->size <= l->cap || to <= l->holed)
		return;
	if (fallocate(l->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, to) == 0)
		l->holed = to;
	else if (errno == EOPNOTSUPP || errno == ENOSYS)
		l->unable = true;
}

void log_cap_settle(struct log_cap *l)
{
	if (!l->cap)
		return;
	l->size = size_now(l);
	cut_oldest(l);
}

void log_cap_done(struct log_cap *l)
{
	if (l->notify_fd >= 0)
		(void)close(l->notify_fd);
	l->notify_fd = -1;
}

/* How long a program as fast as they come needs to write about one cap. */
static int64_t look_again_ms(const struct log_cap *l)
{
	int64_t ms = l->cap / LOG_PACE_BYTES;

	return ms < 1 ? 1 : ms > LOOK_MAX_MS ? LOOK_MAX_MS : ms;
}

void log_cap_step(struct log_cap *l, int64_t now_ms, bool notified)
{
	int64_t before = l->size;

	if (!l->cap || (!notified && now_ms < l->look_ms))
		return;
	/* Drain first and measure then: a write in between is measured now or news later. */
	if (l->notify_fd >= 0)
		notify_drain(l->notify_fd);
	l->size = size_now(l);
	cut_oldest(l);
	if (l->size != before)
		l->look_ms = now_ms + look_again_ms(l);
	else
		l->look_ms = l->notify_fd >= 0 ? INT64_MAX : now_ms + LOG_IDLE_MS;
}
