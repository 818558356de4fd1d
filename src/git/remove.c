#include "base/file.h"
#include "git/impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int slot_check_kept(const struct git_repo *g, const struct slot *s, struct err *e)
{
	struct mark m CLEANUP(mark_done) = {0};
	struct stat st;
	bool kept = true;
	int rc = lstat(s->path, &st) < 0 ? 0 : mark_find(s, &m, e);

	if (!rc && m.task && *m.task)
		rc = work_is_kept(g, s, &m, &kept, e);
	if (rc || kept)
		return rc;
	return err_set(e, ERR_CONFLICT,
		       "it has work of attempt %d of task '%.100s' that no ref names", m.attempt,
		       m.task);
}

static int remove_slot(struct git_repo *g, const struct slot *s, struct err *e)
{
	int rc = slot_check_kept(g, s, e);

	return rc ? err_wrap(e, "could not remove worktree '%s'", s->path) : slot_trash(g, s, e);
}

/* The folder of a worktree whose books these are; NULL: they say nothing. */
static char *path_of(const char *admin)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char *file CLEANUP(freep) = path_join(admin, "gitdir");
	struct str s;

	if (file_read(file, SMALL_FILE, &text, NULL) < 0)
		return NULL;
	s = str_trim(buf_str(&text));
	return str_ends(s, "/.git") ? mem_strndup(s.p, s.n - 5) : NULL;
}

/* By its own name the folder of this kind whose books these are; NULL: there is none. */
static char *path_among(const struct git_repo *g, const char *kind, const char *admin)
{
	char *folder CLEANUP(freep) = path_join(g->spec->state_dir, kind);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char *found = NULL;

	while (dir && !found && (entry = readdir(dir))) {
		struct slot s CLEANUP(slot_done) = {0};
		char *path CLEANUP(freep) = path_join(folder, entry->d_name);

		slot_init(g, path, &s);
		if (entry->d_name[0] != '.' && streq(s.admin, admin))
			found = TAKE(path);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

/* A power cut may have left the books without a word. */
static char *find_path(const struct git_repo *g, const char *admin)
{
	char *path = path_of(admin);

	path = path ? path : path_among(g, "worktree", admin);
	return path ? path : path_among(g, "gate", admin);
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = folder ? strlen(folder) : 0;

	return n && strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* All of the epic's, in one list, since removing them changes the folder that is read. */
int list_slots(const struct git_repo *g, char ***ret, size_t *ret_n, struct err *e)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, "worktrees");
	char *why CLEANUP(freep) = mem_printf("ganger, epic %s\n", g->epic_name);
	VEC(char *) paths = {0};
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir && errno != ENOENT)
		return err_sys(e, "could not open '%s'", folder);
	while (dir && (entry = readdir(dir))) {
		char *admin CLEANUP(freep) = path_join(folder, entry->d_name);
		char *lock CLEANUP(freep) = path_join(admin, "locked");
		struct buf text CLEANUP(buf_done) = BUF_INIT;
		char *path = NULL;

		if (strncmp(entry->d_name, "ganger-", 7) == 0)
			path = find_path(g, admin);
		/* A worktree folder of the user's choice is shared by epics; the lock tells whose. */
		if (path && (is_below(path, g->spec->state_dir) ||
			     (is_below(path, g->spec->worktree_dir) &&
			      file_read(lock, SMALL_FILE, &text, NULL) == 0 &&
			      str_eq(buf_str(&text), str_of(why)))))
			VEC_PUSH(&paths, path);
		else
			free(path);
	}
	if (dir)
		(void)closedir(dir);
	*ret = paths.items;
	*ret_n = paths.n;
	return 0;
}

/* As Git does with the last worktree: an empty folder for their books goes too. */
static void remove_books(const struct git_repo *g)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, "worktrees");

	(void)rmdir(folder); /* others are in it: it stays */
}

static int remove_all(struct git_repo *g, struct err *e)
{
	char *trash CLEANUP(freep) = path_join(g->spec->state_dir, "trash");
	char *books CLEANUP(freep) = books_trash(g);
	char **paths = NULL;
	size_t n = 0;
	int rc = list_slots(g, &paths, &n, e);

	for (size_t i = 0; i < n; i++) {
		struct slot s CLEANUP(slot_done) = {0};
		struct err why = ERR_INIT;

		slot_init(g, paths[i], &s);
		/* One that must stay does not keep the others; the first is what is said. */
		if ((work_save(g, &s, &why) < 0 || remove_slot(g, &s, &why) < 0) && !rc) {
			rc = why.code;
			if (e)
				*e = why;
		}
		free(paths[i]);
	}
	free(paths);
	g->anchor_at = (struct oid){{0}};
	remove_books(g);
	rc = rc ? rc : dir_remove(trash, e);
	rc = rc ? rc : dir_remove(books, e);
	return rc;
}

int op_remove(struct git *git, const char *path, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct slot s CLEANUP(slot_done) = {0};

	TURN_ALONE(g);
	if (!path)
		return remove_all(g, e);
	slot_init(g, path, &s);
	if (!slot_has(&s, "gitdir") && file_exists(path)) {
		(void)err_set(e, ERR_INVALID,
			      "cannot remove '%s': it is not a worktree of ganger's", path);
		return e ? e->code : ERR_INVALID;
	}
	return remove_slot(g, &s, e);
}
