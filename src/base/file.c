#include "base/file.h"

#include "base/clean.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define FILE_CHUNK 65536u

static int open_error(const char *path, struct err *e)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(e, ERR_NOT_FOUND, "could not open '%s': no such file", path);
	return err_sys(e, "could not open '%s'", path);
}

int file_open(const char *path, int flags, int *ret_fd, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	struct stat st;

	if (fd < 0 && errno != ENXIO)
		return open_error(path, e);
	if (fd >= 0 && fstat(fd, &st) < 0)
		return err_sys(e, "could not look at '%s'", path);
	/* A folder says so itself when it is read. */
	if (fd < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return err_set(e, ERR_INVALID, "could not open '%s': it is not a file", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Read up to left bytes from where fd stands, to its end. */
static int read_some(int fd, const char *path, size_t left, struct buf *b, struct err *e)
{
	char *chunk CLEANUP(freep) = mem_alloc(FILE_CHUNK);

	while (left) {
		ssize_t n = read(fd, chunk, left < FILE_CHUNK ? left : FILE_CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "could not read '%s'", path);
		if (n == 0)
			break;
		buf_add(b, chunk, (size_t)n);
		left -= (size_t)n;
	}
	return 0;
}

/* All from where fd stands. */
static int read_whole(int fd, const char *path, size_t max, struct buf *b, struct err *e)
{
	size_t before = b->n;
	int rc = read_some(fd, path, max < SIZE_MAX ? max + 1 : max, b, e);

	if (rc)
		return rc;
	if (b->n - before > max || b->full)
		return err_set(e, ERR_LIMIT, "could not read '%s': over %zu bytes", path, max);
	return 0;
}

int file_read(const char *path, size_t max, struct buf *b, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	int rc = file_open(path, 0, &fd, e);

	return rc ? rc : read_whole(fd, path, max, b, e);
}

int file_read_given(const char *path, size_t max, struct buf *b, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? open_error(path, e) : read_whole(fd, path, max, b, e);
}

int file_tail(const char *path, size_t n, struct buf *b, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	off_t size;
	int rc = file_open(path, 0, &fd, e);

	if (rc)
		return rc;
	size = lseek(fd, 0, SEEK_END);
	if (size < 0 || lseek(fd, size > (off_t)n ? size - (off_t)n : 0, SEEK_SET) < 0)
		return err_sys(e, "could not read the end of '%s'", path);
	return read_some(fd, path, n, b, e);
}

static int write_all(int fd, struct str text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text.p += n;
		text.n -= (size_t)n;
	}
	return 0;
}

/* Make the names in the folder of path durable. */
static int sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir CLEANUP(freep) =
		slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path))
		      : mem_strdup(".");
	int fd CLEANUP(closep) = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

int file_write(const char *path, struct str text, bool durable, struct err *e)
{
	char *tmp CLEANUP(freep) = mem_printf("%s.XXXXXX", path);
	int fd CLEANUP(closep) = mkostemp(tmp, O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "could not make a new file beside '%s'", path);
	if (write_all(fd, text) < 0 || (durable && fdatasync(fd) < 0) || rename(tmp, path) < 0) {
		int rc = err_sys(e, "could not write '%s'", path);

		(void)unlink(tmp); /* the write is what is reported */
		return rc;
	}
	if (durable && sync_parent(path) < 0)
		return err_sys(e, "could not sync the folder of '%s'", path);
	return 0;
}

int file_touch(const char *path, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "could not make '%s'", path) : 0;
}

int file_link(const char *path, const char *name, struct err *e)
{
	char *tmp CLEANUP(freep) = mem_printf("%s.new", name);

	(void)unlink(tmp); /* of a crash just here */
	if (link(path, tmp) < 0 || rename(tmp, name) < 0)
		return err_sys(e, "could not link '%s' to '%s'", name, path);
	(void)unlink(tmp); /* rename leaves it where both were one file already */
	return 0;
}

bool file_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

int disk_free(const char *path, uint64_t *ret_bytes, struct err *e)
{
	struct statvfs v;

	if (statvfs(path, &v) < 0)
		return err_sys(e, "could not look for room at '%s'", path);
	*ret_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

char *path_join(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}
