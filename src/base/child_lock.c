#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/*
 * Helpers are killed with the process they worked for; what they started may live on with the
 * lock (a connection that ssh shares). flock has no deadline of its own, hence the polling.
 */
static int lock_alone(int fd, const char *path, struct err *e)
{
	const struct timespec pause = {.tv_nsec = CHILD_LOCK_POLL_MS * 1000000L};

	for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0;
	     waited_ms += CHILD_LOCK_POLL_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "could not lock '%s'", path);
		if (waited_ms >= CHILD_LOCK_WAIT_MS) {
			(void)err_set(e, ERR_BUSY,
				      "a helper of an earlier run is still at work: it holds '%s'",
				      path);
			(void)err_hint(e, "'lslocks' names it; wait for it, or end it");
			return ERR_BUSY;
		}
		(void)nanosleep(&pause, NULL); /* a shorter pause does no harm */
	}
	return 0;
}

int child_lock(const char *path, int *ret_fd, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "could not open '%s'", path);
	/* Having had it alone, nothing of an earlier process still writes. */
	int rc = lock_alone(fd, path, e);
	if (rc == 0 && flock(fd, LOCK_SH) != 0)
		rc = err_sys(e, "could not lock '%s'", path);
	if (rc) {
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}
