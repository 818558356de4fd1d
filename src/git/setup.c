#include "base/file.h"
#include "git/impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/*
 * What git ignores but the work needs (".env", "node_modules") comes from the user's checkout.
 * Everything is named relative to open folders and no link is followed on either side: one in
 * the user's folder could lead out of it, and one that a branch brought could lead anywhere.
 */
#define DEPTH_MAX  64
#define COPY_CHUNK (1u << 20)
#define FOLDER     (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct copying {
	int to_fd;
	const char *from; /* absolute, for links */
	bool link;
	struct err *e;
};

/* The first component of a path; *rest is what follows it, NULL where nothing does. */
static char *component(const char *path, const char **rest)
{
	size_t n;

	while (*path == '/')
		path++;
	n = strcspn(path, "/");
	*rest = path[n] && path[n + 1] ? path + n + 1 : NULL;
	return mem_strndup(path, n);
}

static bool glob_match(const char *glob, const char *path)
{
	const char *glob_rest, *path_rest;
	char *g CLEANUP(freep) = component(glob, &glob_rest);
	char *p CLEANUP(freep) = component(path, &path_rest);

	if (streq(g, "**"))
		return !glob_rest || glob_match(glob_rest, path) ||
		       (path_rest && glob_match(glob, path_rest));
	if (fnmatch(g, p, 0) != 0)
		return false;
	if (!glob_rest)
		return true; /* a folder that is named brings all that is in it */
	return path_rest && glob_match(glob_rest, path_rest);
}

bool globs_match(const char *const *globs, const char *path)
{
	for (; globs && *globs; globs++) {
		if (glob_match(*globs, path))
			return true;
	}
	return false;
}

/* A real folder below fd, or -1. */
static int folder_at(int fd, const char *name)
{
	return openat(fd, name, FOLDER);
}

/* The folder that the last component of rel goes to, made where missing; -1 with errno. */
static int make_parents(int fd, const char *rel, const char **ret_name)
{
	int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	for (const char *slash; at >= 0 && (slash = strchr(rel, '/')); rel = slash + 1) {
		char *name CLEANUP(freep) = mem_strndup(rel, (size_t)(slash - rel));
		int next = -1;

		if (mkdirat(at, name, 0777) == 0 || errno == EEXIST)
			next = folder_at(at, name);
		(void)close(at);
		at = next;
	}
	*ret_name = rel;
	return at;
}

int file_copy_bytes(int from, int to)
{
	ssize_t n;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while ((n = copy_file_range(from, NULL, to, NULL, COPY_CHUNK, 0)) > 0)
		;
	if (n == 0 || (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP))
		return (int)n;
	char *chunk CLEANUP(freep) = mem_alloc(COPY_CHUNK);

	while ((n = read(from, chunk, COPY_CHUNK)) > 0) {
		if (write(to, chunk, (size_t)n) != n)
			return -1;
	}
	return (int)n;
}

static int copy_file(int from_fd, const char *name, int to_fd, const char *to_name, mode_t mode)
{
	int from CLEANUP(closep) =
		openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int to CLEANUP(closep) = -1;

	if (from < 0)
		return -1;
	to = openat(to_fd, to_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    mode & 0777);
	if (to < 0)
		return errno == EEXIST ? 0 : -1; /* what the branch has is not overwritten */
	return file_copy_bytes(from, to);
}

static int copy_link(int from_fd, const char *name, int to_fd, const char *to_name)
{
	char target[4096];
	ssize_t n = readlinkat(from_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, to_fd, to_name) == 0 || errno == EEXIST ? 0 : -1;
}

static int copy_any(int from_fd, const char *name, int to_fd, const char *to_name, int depth);

static int copy_folder(int from_fd, const char *name, int to_fd, const char *to_name, int depth)
{
	int from = folder_at(from_fd, name);
	DIR *dir = from < 0 ? NULL : fdopendir(from);
	int to CLEANUP(closep) = -1;
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return -1;
	if (mkdirat(to_fd, to_name, 0777) == 0 || errno == EEXIST)
		to = folder_at(to_fd, to_name);
	/* A link or a file of the branch is in its place: that stays. */
	while (to >= 0 && !rc && (entry = readdir(dir))) {
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			rc = copy_any(from, entry->d_name, to, entry->d_name, depth + 1);
	}
	(void)closedir(dir);
	return rc;
}

static int copy_any(int from_fd, const char *name, int to_fd, const char *to_name, int depth)
{
	struct stat st;

	if (depth > DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISDIR(st.st_mode))
		return copy_folder(from_fd, name, to_fd, to_name, depth);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_fd, name, to_fd, to_name);
	return S_ISREG(st.st_mode) ? copy_file(from_fd, name, to_fd, to_name, st.st_mode) : 0;
}

/* Bring one thing that a glob named. */
static int bring(const struct copying *c, int from_fd, const char *name, const char *rel)
{
	const char *to_name;
	int to CLEANUP(closep) = make_parents(c->to_fd, rel, &to_name);
	int rc = 0;

	if (to < 0 && (errno == ELOOP || errno == ENOTDIR))
		return 0; /* the branch has something else where the folder would be */
	if (to < 0)
		return err_sys(c->e, "could not make the folder of '%s'", rel);
	if (c->link) {
		char *target CLEANUP(freep) = path_join(c->from, rel);

		rc = symlinkat(target, to, to_name) == 0 || errno == EEXIST ? 0 : -1;
	} else {
		rc = copy_any(from_fd, name, to, to_name, 0);
	}
	return rc < 0 ? err_sys(c->e, "could not bring '%s' from '%s'", rel, c->from) : 0;
}

static int expand(const struct copying *c, int fd, const char *rel, const char *glob, int depth);

static char *join_rel(const char *rel, const char *name)
{
	return *rel ? path_join(rel, name) : mem_strdup(name);
}

/* Go on below a folder; a repository of its own is only entered where it is named outright. */
static int descend(const struct copying *c,
		   int fd,
		   const char *name,
		   const char *rel,
		   const char *glob,
		   int depth)
{
	char *below CLEANUP(freep) = join_rel(rel, name);
	int next CLEANUP(closep) = depth < DEPTH_MAX ? folder_at(fd, name) : -1;

	if (next < 0 || faccessat(next, ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return expand(c, next, below, glob, depth + 1);
}

static int found(const struct copying *c,
		 int fd,
		 const char *name,
		 const char *rel,
		 const char *rest,
		 int depth)
{
	char *whole CLEANUP(freep) = join_rel(rel, name);
	struct stat st;

	if (rest)
		return descend(c, fd, name, rel, rest, depth);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return bring(c, fd, name, whole);
}

/* Every entry of the folder that the component matches; all folders for "**". */
static int
expand_wild(const struct copying *c, int fd, const char *rel, const char *glob, int depth)
{
	const char *rest;
	char *wild CLEANUP(freep) = component(glob, &rest);
	bool deep = streq(wild, "**");
	int copy = folder_at(fd, ".");
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int rc = dir && deep && rest ? expand(c, fd, rel, rest, depth) : 0;

	while (dir && !rc && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (streq(name, ".") || streq(name, "..") || streq(name, ".git"))
			continue;
		if (deep && rest)
			rc = descend(c, fd, name, rel, glob, depth);
		else if (deep || fnmatch(wild, name, 0) == 0)
			rc = found(c, fd, name, rel, rest, depth);
	}
	if (dir)
		(void)closedir(dir);
	return rc;
}

static int expand(const struct copying *c, int fd, const char *rel, const char *glob, int depth)
{
	const char *rest;
	char *first CLEANUP(freep) = component(glob, &rest);

	if (streq(first, "."))
		return rest ? expand(c, fd, rel, rest, depth) : 0;
	if (!*first || streq(first, "..") || streq(first, ".git"))
		return 0;
	if (strpbrk(first, "*?[\\"))
		return expand_wild(c, fd, rel, glob, depth);
	return found(c, fd, first, rel, rest, depth);
}

int setup_copy(const char *from, const char *to, const char *const *globs, bool link, struct err *e)
{
	int from_fd CLEANUP(closep) = -1, to_fd CLEANUP(closep) = -1;
	int rc = 0;

	if (!globs || !*globs)
		return 0;
	from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from_fd < 0 || to_fd < 0)
		return err_sys(e, "could not open '%s'", from_fd < 0 ? from : to);
	for (; *globs && !rc; globs++) {
		struct copying c = {.to_fd = to_fd, .from = from, .link = link, .e = e};

		rc = expand(&c, from_fd, "", *globs, 0);
	}
	return rc;
}
