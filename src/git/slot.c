#include "base/clock.h"
#include "base/file.h"
#include "git/impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define BOOKS_DEPTH 8

void slot_init(const struct git_repo *g, const char *path, struct slot *ret)
{
	const char *slash = strrchr(path, '/');
	char *name CLEANUP(freep) = name_of(slash && slash[1] ? slash + 1 : path);

	ret->path = mem_strdup(path);
	ret->admin = mem_printf("%s/worktrees/ganger-%s-%08x", g->place.common_dir, name,
				(unsigned)text_hash(path));
}

void slot_done(struct slot *s)
{
	free(s->path);
	free(s->admin);
	*s = (struct slot){0};
}

struct cmd slot_cmd(struct git_repo *g, const struct slot *s)
{
	struct cmd c = repo_cmd(g);

	c.git_dir = s->admin;
	c.work_tree = s->path;
	c.cwd = s->path;
	return c;
}

char *slot_file(const struct slot *s, const char *name)
{
	return path_join(s->admin, name);
}

bool slot_has(const struct slot *s, const char *name)
{
	char *path CLEANUP(freep) = slot_file(s, name);
	struct stat st;

	return lstat(path, &st) == 0;
}

void slot_unlink(const struct slot *s, const char *name)
{
	char *path CLEANUP(freep) = slot_file(s, name);

	(void)unlink(path); /* usually absent; where it stays git says so */
}

static void clear_pipes_in(const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		char *path CLEANUP(freep) = path_join(folder, entry->d_name);

		if (entry->d_type == DT_REG || entry->d_name[0] == '.')
			continue;
		if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
			(void)unlink(path); /* else git waits, and is ended */
		else if (entry->d_type == DT_DIR && depth < BOOKS_DEPTH)
			clear_pipes_in(path, depth + 1);
	}
	if (dir)
		(void)closedir(dir);
}

void slot_clear_pipes(const struct slot *s)
{
	clear_pipes_in(s->admin, 0);
}

int slot_copy(const struct slot *s, const char *from_name, const char *to_name, struct err *e)
{
	char *from_path CLEANUP(freep) = slot_file(s, from_name);
	char *to_path CLEANUP(freep) = slot_file(s, to_name);
	int from CLEANUP(closep) = -1, to CLEANUP(closep) = -1;
	struct stat st;
	int rc = file_open(from_path, 0, &from, e);

	(void)unlink(to_path);
	if (rc) /* what is no file is no better than none */
		return rc == ERR_NOT_FOUND || rc == ERR_INVALID ? 0 : rc;
	to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to >= 0 && fstat(from, &st) == 0 && file_copy_bytes(from, to) == 0 &&
	    futimens(to, (struct timespec[]){st.st_atim, st.st_mtim}) == 0)
		return 0;
	(void)err_sys(e, "could not copy '%s'", from_path);
	(void)unlink(to_path); /* half of it, or without its time, is worse than none */
	return ERR_IO;
}

/* Write a small file where it does not say this already, so that a recycled slot costs nothing. */
static int write_text(const char *path, const char *text, struct err *e)
{
	struct buf have CLEANUP(buf_done) = BUF_INIT;

	if (file_read(path, SMALL_FILE, &have, NULL) == 0 && str_eq(buf_str(&have), str_of(text)))
		return 0;
	return file_write(path, str_of(text), /* durable */ false, e);
}

static int slot_write(const struct slot *s, const char *name, const char *text, struct err *e)
{
	char *path CLEANUP(freep) = slot_file(s, name);

	return write_text(path, text, e);
}

static char *link_text(const struct slot *s)
{
	return mem_printf("gitdir: %s\n", s->admin);
}

bool slot_linked(const struct slot *s)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = path_join(s->path, ".git");
	char *wanted CLEANUP(freep) = link_text(s);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       file_read(path, SMALL_FILE, &text, NULL) == 0 &&
	       str_eq(str_trim(buf_str(&text)), str_trim(str_of(wanted)));
}

bool slot_holds(const struct slot *s)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = slot_file(s, "commondir");

	return file_read(path, SMALL_FILE, &text, NULL) == 0 &&
	       str_eq(str_trim(buf_str(&text)), STR("../.."));
}

int slot_link(const struct slot *s, struct err *e)
{
	char *path CLEANUP(freep) = path_join(s->path, ".git");
	char *text CLEANUP(freep) = link_text(s);

	return write_text(path, text, e);
}

int slot_set_head(const struct slot *s, const char *head, struct err *e)
{
	char *text CLEANUP(freep) = mem_printf("%s\n", head);

	return slot_write(s, "HEAD", text, e);
}

/* The folder of all worktrees' books goes when git removes the last one, also between our two calls. */
static int make_admin(const struct slot *s, struct err *e)
{
	char *parent CLEANUP(freep) =
		mem_strndup(s->admin, (size_t)(strrchr(s->admin, '/') - s->admin));

	for (int tries = 0; tries < 3; tries++) {
		if (mkdir(parent, 0777) < 0 && errno != EEXIST)
			return err_sys(e, "could not make folder '%s'", parent);
		if (mkdir(s->admin, 0777) == 0 || errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			break;
	}
	return err_sys(e, "could not make folder '%s'", s->admin);
}

int slot_make(const struct git_repo *g, const struct slot *s, const char *head, struct err *e)
{
	char *gitdir CLEANUP(freep) = mem_printf("%s/.git\n", s->path);
	char *why CLEANUP(freep) = mem_printf("ganger, epic %s\n", g->epic_name);
	int rc = dir_make(s->path, e);

	rc = rc ? rc : make_admin(s, e);
	/* Locked first: an entry without a lock is pruned when it does not hold together. */
	rc = rc ? rc : slot_write(s, "locked", why, e);
	rc = rc ? rc : slot_write(s, "commondir", "../..\n", e);
	rc = rc ? rc : slot_set_head(s, head, e);
	rc = rc ? rc : slot_write(s, "gitdir", gitdir, e);
	return rc ? rc : slot_link(s, e);
}

int slot_trash_folder(struct git_repo *g, const char *path, struct err *e)
{
	char *trash CLEANUP(freep) = path_join(g->spec->state_dir, "trash");
	char *room CLEANUP(freep) = path_join(trash, "XXXXXX");
	char *to CLEANUP(freep) = NULL;
	int rc = dir_make(trash, e);

	if (rc)
		return rc;
	if (!mkdtemp(room))
		return err_sys(e, "could not make room in '%s'", trash);
	to = path_join(room, "tree");
	if (rename(path, to) < 0 && errno != ENOENT) {
		/* On another file system: it is deleted where it is. */
		rc = errno == EXDEV ? dir_remove(path, e)
				    : err_sys(e, "could not move '%s' away", path);
	}
	return rc ? rc : dir_remove(room, e);
}

char *books_trash(const struct git_repo *g)
{
	return mem_printf("%s/ganger-%s.trash", g->place.common_dir, g->epic_name);
}

/*
 * The books go at once, by being moved away: half of them, after a crash, would be known to nobody
 * as a worktree of this epic. Where they go is on their own file system.
 */
int slot_trash(struct git_repo *g, const struct slot *s, struct err *e)
{
	char *trash CLEANUP(freep) = books_trash(g);
	char *to CLEANUP(freep) = path_join(trash, "books");
	int rc = slot_trash_folder(g, s->path, e);

	rc = rc ? rc : dir_remove(trash, e);
	rc = rc ? rc : dir_make(trash, e);
	if (!rc && rename(s->admin, to) < 0 && errno != ENOENT)
		rc = err_sys(e, "could not move '%s' away", s->admin);
	return rc ? rc : dir_remove(trash, e);
}

bool line_find(struct str text, const char *key, struct str *ret)
{
	size_t n = strlen(key);
	struct str line;

	while (str_next(&text, '\n', &line)) {
		if (str_starts(line, key) && line.n > n && line.p[n] == ' ') {
			*ret = (struct str){line.p + n + 1, line.n - n - 1};
			return true;
		}
	}
	return false;
}

void mark_done(struct mark *m)
{
	free(m->task);
	*m = (struct mark){0};
}

int mark_find(const struct slot *s, struct mark *ret, struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = slot_file(s, FILE_READY);
	char boot[BOOT_ID_SIZE];
	struct str task, v;
	int64_t n;
	bool there;
	int rc = read_if_there(path, SMALL_FILE, &text, &there, e);

	*ret = (struct mark){0};
	if (rc || !line_find(buf_str(&text), "attempt", &v) || !str_i64(v, &n) ||
	    !line_find(buf_str(&text), "start", &v) || !oid_parse(v, &ret->start) ||
	    !line_find(buf_str(&text), "base", &v) || !oid_parse(v, &ret->base))
		return rc;
	ret->attempt = (int)n;
	clock_boot_id(boot);
	ret->of_boot = line_find(buf_str(&text), "boot", &v) && str_eq(v, str_of(boot));
	ret->merged = line_find(buf_str(&text), "merged", &v) && str_eq(v, STR("1"));
	ret->task = line_find(buf_str(&text), "task", &task) ? mem_strndup(task.p, task.n)
							     : mem_strdup("");
	return 0;
}

bool mark_read(const struct slot *s, struct mark *ret)
{
	return mark_find(s, ret, NULL) == 0 && ret->task;
}

int mark_write(const struct slot *s, const struct mark *m, struct err *e)
{
	char *path CLEANUP(freep) = slot_file(s, FILE_READY);
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char boot[BOOT_ID_SIZE];

	clock_boot_id(boot);
	if (m->task && *m->task)
		buf_printf(&text, "task %s\n", m->task);
	buf_printf(&text, "boot %s\n", boot);
	buf_printf(&text, "attempt %d\nstart %s\nbase %s\nmerged %d\n", m->attempt, m->start.hex,
		   m->base.hex, m->merged);
	return file_write(path, buf_str(&text), /* durable */ false, e);
}
