#include "base/file.h"
#include "git/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * What agents and people commit, their own git stores, and that does not wait for the disk. A ref or
 * a merge of ours that is on the disk must not name what a power cut takes. Packs are written by git
 * so that they last; objects of their own are synced here, with the folders that name them. And git
 * syncs a ref before it renames it into place, not the folder: without that the ref is what it was.
 */

#define FANOUT 256

static int sync_at(int dir, const char *name, bool *ret_found, struct err *e)
{
	int fd CLEANUP(closep) = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*ret_found = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "could not open object '%s'", name);
	return fsync(fd) < 0 ? err_sys(e, "could not sync object '%s'", name) : 0;
}

/* The folder of an object: its first two digits. */
static unsigned fanout(const struct oid *o)
{
	unsigned n = 0;

	for (int i = 0; i < 2; i++)
		n = n * 16 +
		    (unsigned)(o->hex[i] <= '9' ? o->hex[i] - '0' : (o->hex[i] | 32) - 'a' + 10);
	return n;
}

static int sync_object(int dir, const struct oid *o, bool touched[FANOUT], struct err *e)
{
	char *name CLEANUP(freep) = mem_printf("%.2s/%s", o->hex, o->hex + 2);
	bool found;
	int rc = sync_at(dir, name, &found, e);

	if (rc == 0 && found)
		touched[fanout(o)] = true;
	return rc;
}

/* Files first: on most systems their folders then cost nothing more. */
int objects_sync(struct git_repo *g, struct str ids, struct err *e)
{
	char *path CLEANUP(freep) = path_join(g->place.common_dir, "objects");
	int dir CLEANUP(closep) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool touched[FANOUT] = {false}, found;
	struct str line;
	struct oid o;
	int rc = dir < 0 ? err_sys(e, "could not open folder '%s'", path) : 0;

	while (rc == 0 && str_next(&ids, '\n', &line)) {
		if (oid_parse(line, &o))
			rc = sync_object(dir, &o, touched, e);
	}
	for (unsigned i = 0; rc == 0 && i < FANOUT; i++) {
		char *name CLEANUP(freep) = touched[i] ? mem_printf("%02x", i) : NULL;

		rc = name ? sync_at(dir, name, &found, e) : 0;
	}
	return rc;
}

int commit_sync(struct git_repo *g, const struct oid *head, const char *without, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	int rc = cmd_ok(
		&c, ARGS("rev-list", "--objects", "--no-object-names", head->hex, "--not", without),
		&r, e);

	return rc ? rc : objects_sync(g, buf_str(&r.out), e);
}

static int sync_folder(const char *path, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "could not open folder '%s'", path);
	/* Not every file system can. */
	return fsync(fd) < 0 && errno != EINVAL ? err_sys(e, "could not sync folder '%s'", path)
						: 0;
}

/* Its folder, and those above it, one of which may be new as well. */
static int sync_ref(const struct git_repo *g, struct str ref, struct err *e)
{
	char *path CLEANUP(freep) = mem_printf("%s/%.*s", g->place.common_dir, (int)ref.n, ref.p);
	size_t top = strlen(g->place.common_dir) + 1;
	char *slash = strrchr(path, '/');
	int rc = 0;

	for (; rc == 0 && slash > path + top; slash = strrchr(path, '/')) {
		*slash = '\0';
		rc = sync_folder(path, e);
	}
	return rc;
}

int refs_sync(const struct git_repo *g, struct str lines, struct err *e)
{
	struct str line, verb, ref;
	int rc = 0;

	while (rc == 0 && str_next(&lines, '\n', &line)) {
		if (str_next(&line, ' ', &verb) && str_eq(verb, STR("update")) &&
		    str_next(&line, ' ', &ref))
			rc = sync_ref(g, ref, e);
	}
	return rc;
}
