#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Deeper folders are moved up before they are removed, so that depth costs no descriptors. */
#define DEPTH_MAX 32

static int make_one(const char *path, struct err *e)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return err_sys(e, "could not make folder '%s'", path);
}

int dir_make(const char *path, struct err *e)
{
	char *part CLEANUP(freep) = mem_strdup(path);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	for (char *c = part + (*part == '/'); *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (make_one(part, e) < 0)
			return e ? e->code : ERR_IO;
		*c = '/';
	}
	return make_one(path, e);
}

int dir_each(const char *path, void (*each)(void *ctx, const char *name), void *ctx, struct err *e)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return err_sys(e, "could not read folder '%s'", path);
	while ((entry = readdir(dir)))
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			each(ctx, entry->d_name);
	(void)closedir(dir);
	return 0;
}

/* A tree being removed. Everything is named relative to open folders, so no link is ever followed. */
struct removal {
	int top_fd;    /* the folder that is being removed */
	size_t moved;  /* folders moved up to it, to number them */
	size_t failed; /* entries that could not be removed */
	int sys;       /* errno of the first of them */
};

static void note_failure(struct removal *r)
{
	if (!r->failed++)
		r->sys = errno;
}

/* Open a real folder below at_fd; one that its owner closed to himself is opened up first. */
static int open_folder(int at_fd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at_fd, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(at_fd, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(at_fd, name, flags);
	return fd;
}

/* Something is mounted here: what it holds belongs to somebody else. */
static bool is_mount(int fd)
{
	struct statx sx;

	return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &sx) == 0 &&
	       (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static void empty_folder(struct removal *r, int fd, int depth);

static void remove_folder(struct removal *r, int at_fd, const char *name, int depth)
{
	char up[32];
	int fd;

	if (depth >= DEPTH_MAX) {
		(void)snprintf(up, sizeof(up), ".ganger-deep-%zu", r->moved++);
		if (renameat(at_fd, name, r->top_fd, up) < 0)
			note_failure(r);
		return;
	}
	fd = open_folder(at_fd, name);
	if (fd < 0) {
		if (errno == ENOTDIR)
			errno = EPERM; /* a file that may not be removed */
		note_failure(r);
		return;
	}
	empty_folder(r, fd, depth + 1);
	if (unlinkat(at_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		note_failure(r);
}

static void remove_entry(struct removal *r, int at_fd, const char *name, int depth)
{
	if (unlinkat(at_fd, name, 0) == 0 || errno == ENOENT)
		return;
	if (errno == EISDIR || errno == EPERM)
		remove_folder(r, at_fd, name, depth);
	else
		note_failure(r);
}

/* Remove what is in the folder fd, which is closed after. */
static void empty_folder(struct removal *r, int fd, int depth)
{
	DIR *dir = is_mount(fd) ? (errno = EBUSY, NULL) : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		note_failure(r);
		(void)close(fd);
		return;
	}
	(void)fchmod(fd, 0700); /* a read-only folder of ours keeps its entries otherwise */
	while ((entry = readdir(dir))) {
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			remove_entry(r, fd, entry->d_name, depth);
	}
	(void)closedir(dir);
}

/* Empty the top folder until no round moves deep ones up to it any more. */
static void empty_top(struct removal *r)
{
	size_t moved;

	do {
		int fd = open_folder(r->top_fd, ".");

		moved = r->moved;
		r->failed = 0;
		if (fd < 0)
			note_failure(r);
		else
			empty_folder(r, fd, 0);
	} while (r->moved != moved);
}

int dir_remove(const char *path, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	struct removal r = {0};

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "could not remove '%s'", path);
	fd = open_folder(AT_FDCWD, path);
	if (fd < 0 && errno == ENOTDIR)
		errno = EPERM; /* a file that may not be removed */
	if (fd < 0)
		return err_sys(e, "could not remove '%s'", path);
	r.top_fd = fd;
	empty_top(&r);
	errno = r.sys;
	if (r.failed || (rmdir(path) < 0 && errno != ENOENT))
		return err_sys(e, "could not remove '%s'", path);
	return 0;
}
