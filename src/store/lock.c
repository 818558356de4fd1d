#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "port/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

/*
 * Two locks on one file. flock decides who runs the epic, and flock(1) and lslocks see it;
 * but nobody can ask who holds an flock without taking it. So its holder then also takes an
 * OFD write lock, which F_OFD_GETLK can ask about. It is taken after the text was written,
 * so that who sees it held reads the text of its holder. Both go with the descriptor.
 *
 * The text is one line: pid, since when, and the kernel's start time of the process.
 */
#define LOCK_TEXT_MAX 256
#define LOCK_TRIES    16
#define GONE_STEP_MS  10
#define GONE_TRIES    300

struct holder {
	int64_t pid; /* 0: the text says none */
	char since[32];
};

static struct holder holder_read(int fd)
{
	char text[LOCK_TEXT_MAX + 1] = "";
	struct holder h = {0};
	ssize_t n = pread(fd, text, LOCK_TEXT_MAX, 0);

	if (n > 0)
		(void)sscanf(text, "%" SCNd64 " %31s", &h.pid, h.since);
	return h;
}

/* Field 22 of /proc/self/stat, after the name, which may contain anything. */
static unsigned long long start_ticks(void)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	unsigned long long ticks = 0;
	const char *p;

	if (file_read("/proc/self/stat", 4096, &b, NULL) != 0)
		return 0;
	p = strrchr(buf_cstr(&b), ')');
	if (p)
		(void)sscanf(p + 1,
			     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			     "%*d %*d %llu",
			     &ticks);
	return ticks;
}

static int holder_write(int fd, const char *path, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b, "%lld ", (long long)getpid());
	buf_time(&b, clock_now().wall_ms);
	buf_printf(&b, " %llu\n", start_ticks());
	/* Over what is there first: that needs no room on a full disk. */
	if (pwrite(fd, b.p, b.n, 0) != (ssize_t)b.n || ftruncate(fd, (off_t)b.n) < 0)
		return err_sys(e, "could not write lock '%s'", path);
	return 0;
}

static int busy(int fd, const char *path, struct err *e)
{
	struct holder h = holder_read(fd);

	if (!h.pid)
		return err_set(e, ERR_BUSY, "could not lock '%s': another process holds it", path);
	return err_set(e, ERR_BUSY, "could not lock '%s': process %" PRId64 " holds it since %s",
		       path, h.pid, h.since);
}

/* Did somebody remove or replace the file between our open and our lock? */
static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int ofd_lock(int fd, const char *path, struct err *e)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return busy(fd, path, e);
	return err_sys(e, "could not lock '%s'", path);
}

/* 1: the file was removed under us, look again. */
static int lock_once(const char *path, int *ret_fd, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return err_sys(e, "could not open lock '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? busy(fd, path, e)
					    : err_sys(e, "could not lock '%s'", path);
	if (!same_file(fd, path))
		return 1;
	rc = holder_write(fd, path, e);
	if (!rc)
		rc = ofd_lock(fd, path, e);
	if (rc)
		return rc;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/*
 * Is it held for a process that is no more? One that this was about to start has the descriptor until
 * it is a program of its own, or has died of that, too.
 */
static bool holder_is_gone(const char *path)
{
	int fd CLEANUP(closep) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int64_t pid = fd < 0 ? 0 : holder_read(fd).pid;

	return pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

int store_lock(const char *path, int *ret_fd, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir CLEANUP(freep) =
		slash && slash > path ? mem_strndup(path, (size_t)(slash - path)) : NULL;
	int rc = dir ? dir_make(dir, e) : 0;

	if (rc)
		return rc;
	for (int i = 0, gone = 0; i < LOCK_TRIES;) {
		struct err why = ERR_INIT;

		rc = lock_once(path, ret_fd, &why);
		if (rc == ERR_BUSY && gone++ < GONE_TRIES && holder_is_gone(path)) {
			(void)nanosleep(&(struct timespec){.tv_nsec = GONE_STEP_MS * 1000000L},
					NULL);
			continue;
		}
		if (rc > 0) {
			i++;
			continue;
		}
		if (rc && e)
			*e = why;
		return rc;
	}
	return err_set(e, ERR_BUSY, "could not lock '%s': it is removed again and again", path);
}

int store_lock_holder(const char *path, int64_t *ret_pid, struct err *e)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd CLEANUP(closep) = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret_pid = 0;
		return 0;
	}
	if (fd < 0)
		return err_sys(e, "could not open lock '%s'", path);
	if (fcntl(fd, F_OFD_GETLK, &l) < 0)
		return err_sys(e, "could not ask who holds '%s'", path);
	if (l.l_type == F_UNLCK) {
		*ret_pid = 0;
		return 0;
	}
	*ret_pid = holder_read(fd).pid;
	if (*ret_pid <= 0)
		return err_set(e, ERR_CORRUPT, "lock '%s' is held, but does not say by whom", path);
	return 0;
}
