#include "base/clean.h"
#include "port/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What ending cleanly takes on a full disk: the last turns, their WAL, the report and the
 * JSON files.
 */
#define RESERVE_BYTES (4 << 20)

static int no_room(const char *path, int sys, struct err *e)
{
	errno = sys;
	int rc = err_sys(e, "could not make reserve '%s'", path);

	if (sys != ENOSPC && sys != EDQUOT && sys != EFBIG)
		return rc;
	if (e)
		e->code = ERR_LIMIT;
	return ERR_LIMIT;
}

int store_reserve_make(const char *path, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;
	int sys;

	if (fd < 0)
		return no_room(path, errno, e);
	/* A file of the right size may still be a hole, where an earlier attempt was cut short. */
	if (fstat(fd, &st) == 0 && st.st_size == RESERVE_BYTES &&
	    (int64_t)st.st_blocks * 512 >= RESERVE_BYTES)
		return 0;
	sys = posix_fallocate(fd, 0, RESERVE_BYTES);
	if (!sys)
		return 0;
	store_reserve_release(path);
	return no_room(path, sys, e);
}

void store_reserve_release(const char *path)
{
	(void)unlink(path); /* what is gone already is as good */
}
