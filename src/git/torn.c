#include "base/file.h"
#include "git/impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * After a reboot: files of objects which a power cut left without a byte, or without some of them.
 * Git takes a file of that name for the object: the same work done again, or fetched, would not be
 * stored, and what is made of it would name what nobody can read. What refs of ours need was synced
 * before they named it (durable.c); what others need is as lost with the file as without, but only
 * without it can it be stored again.
 */

#define FANOUT       256
/* The kernel writes out after half a minute; a slow disk, and another machine's clock, have more. */
#define WRITTEN_MS   (INT64_C(60) * 60 * 1000)
/* So many are read by one process, which has CMD_LOCAL_MS for them. */
#define READ_AT_ONCE 4096u

struct suspect {
	struct oid id;
	bool torn;
};
typedef VEC(struct suspect) suspect_vec;

/* The rest of an object's name; what somebody's git is writing just now has another. */
static bool is_object(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");

	return !name[n] && (n == 38 || n == 62);
}

static void look_at(int dir, unsigned fan, const char *name, int64_t since_ms, suspect_vec *v)
{
	struct stat st;

	if (!is_object(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return;
	if (st.st_size == 0) {
		(void)unlinkat(dir, name, 0); /* else git says so */
	} else if ((int64_t)st.st_mtim.tv_sec * 1000 >= since_ms &&
		   faccessat(dir, name, R_OK, AT_EACCESS) == 0) {
		struct suspect *s = VEC_ADD(v);

		*s = (struct suspect){0};
		(void)snprintf(s->id.hex, sizeof(s->id.hex), "%02x%.62s", fan, name);
	}
}

/* Files without a byte are gone after it; there is nothing in them to lose. */
static void find_suspects(const struct git_repo *g, int64_t since_ms, suspect_vec *v)
{
	for (unsigned i = 0; i < FANOUT; i++) {
		char *folder CLEANUP(freep) = mem_printf("%s/objects/%02x", g->place.common_dir, i);
		DIR *dir = opendir(folder);
		struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			look_at(dirfd(dir), i, entry->d_name, since_ms, v);
		if (dir)
			(void)closedir(dir);
	}
}

/*
 * Have git read the next ones whole. It complains of one with a bad beginning and goes on, and ends at
 * one whose rest is bad; both by name. One that it does not name is never taken for torn.
 */
static int read_on(struct git_repo *g, suspect_vec *v, size_t *from, struct err *e)
{
	static const char *const args[] = {"cat-file", "--batch", "--buffer", NULL};
	struct child_result r CLEANUP(child_result_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct cmd c = repo_cmd(g);
	size_t end = v->n - *from > READ_AT_ONCE ? *from + READ_AT_ONCE : v->n, next = *from;
	bool all;
	int rc;

	for (size_t i = *from; i < end; i++)
		buf_printf(&names, "%s\n", v->items[i].id.hex);
	c.input = buf_str(&names);
	c.out_max = 1; /* what is in them is read and forgotten */
	rc = cmd_run(&c, args, &r, e);
	if (rc)
		return rc;
	all = r.exit_code == 0 && !r.errout.full;
	for (size_t i = *from; r.errout.n && i < end; i++) {
		v->items[i].torn = strstr(buf_cstr(&r.errout), v->items[i].id.hex) != NULL;
		next = v->items[i].torn ? i + 1 : next;
	}
	next = all ? end : next;
	if (next == *from)
		return cmd_error(args, &r, e);
	*from = next;
	return 0;
}

/* To another file system, where a file cannot be moved. */
static int copy_away(const char *path, const char *to, struct err *e)
{
	int in CLEANUP(closep) = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int out CLEANUP(closep) =
		open(to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (in < 0 || out < 0 || file_copy_bytes(in, out) < 0 || unlink(path) < 0)
		return err_sys(e, "could not move '%s' to '%s'", path, to);
	return 0;
}

static int move_away(const struct git_repo *g, const struct oid *o, size_t *n_moved, struct err *e)
{
	char *path CLEANUP(freep) =
		mem_printf("%s/objects/%.2s/%s", g->place.common_dir, o->hex, o->hex + 2);
	char *trash CLEANUP(freep) = path_join(g->spec->state_dir, "trash");
	char *to CLEANUP(freep) = path_join(trash, o->hex);
	int rc = dir_make(trash, e);

	if (rc)
		return rc;
	if (rename(path, to) < 0) {
		if (errno == ENOENT) /* somebody's git has tidied */
			return 0;
		rc = errno == EXDEV ? copy_away(path, to, e)
				    : err_sys(e, "could not move '%s' to '%s'", path, to);
	}
	*n_moved += rc == 0;
	return rc;
}

int op_clear_torn(struct git *git, int64_t since_ms, size_t *ret, struct err *e)
{
	struct git_repo *g = repo_of(git);
	suspect_vec v = {0};
	size_t from = 0;
	int rc = 0;

	*ret = 0;
	find_suspects(g, since_ms - WRITTEN_MS, &v);
	while (rc == 0 && from < v.n)
		rc = read_on(g, &v, &from, e);
	for (size_t i = 0; rc == 0 && i < v.n; i++)
		rc = v.items[i].torn ? move_away(g, &v.items[i].id, ret, e) : 0;
	VEC_DONE(&v);
	return rc;
}
