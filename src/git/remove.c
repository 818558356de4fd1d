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

/* A small file of the books; that there is none is no error. */
static int read_book(const char *admin, const char *name, struct buf *ret, struct err *e)
{
	char *file CLEANUP(freep) = path_join(admin, name);
	struct err why = ERR_INIT;
	int rc = file_read(file, SMALL_FILE, ret, &why);

	if (rc == 0 || rc == ERR_NOT_FOUND || rc == ERR_LIMIT)
		return 0;
	if (e)
		*e = why;
	return rc;
}

/* By its own name the folder of this kind whose books these are; *ret stays NULL: there is none. */
static int
path_among(const struct git_repo *g, const char *kind, const char *admin, char **ret, struct err *e)
{
	char *folder CLEANUP(freep) = path_join(g->spec->state_dir, kind);
	DIR *dir = *ret ? NULL : opendir(folder);
	struct dirent *entry;

	if (!dir)
		return *ret || errno == ENOENT ? 0 : err_sys(e, "could not open '%s'", folder);
	while (!*ret && (entry = readdir(dir))) {
		struct slot s CLEANUP(slot_done) = {0};
		char *path CLEANUP(freep) = path_join(folder, entry->d_name);

		slot_init(g, path, &s);
		if (entry->d_name[0] != '.' && streq(s.admin, admin))
			*ret = TAKE(path);
	}
	(void)closedir(dir);
	return 0;
}

/* The folder of a worktree whose books these are; a power cut may have left them without a word. */
static int find_path(const struct git_repo *g, const char *admin, char **ret, struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	int rc = read_book(admin, "gitdir", &text, e);
	struct str s = str_trim(buf_str(&text));

	*ret = str_ends(s, "/.git") ? mem_strndup(s.p, s.n - 5) : NULL;
	rc = rc ? rc : path_among(g, "worktree", admin, ret, e);
	return rc ? rc : path_among(g, "gate", admin, ret, e);
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = folder ? strlen(folder) : 0;

	return n && strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* Of this epic? A worktree folder of the user's choice is shared by epics; the lock tells whose. */
static int
is_of_epic(const struct git_repo *g, const char *admin, const char *path, bool *ret, struct err *e)
{
	char *why CLEANUP(freep) = mem_printf("ganger, epic %s\n", g->epic_name);
	struct buf text CLEANUP(buf_done) = BUF_INIT;

	*ret = is_below(path, g->spec->state_dir);
	if (*ret || !is_below(path, g->spec->worktree_dir))
		return 0;
	int rc = read_book(admin, "locked", &text, e);
	*ret = rc == 0 && str_eq(buf_str(&text), str_of(why));
	return rc;
}

/* All of the epic's, in one list, since removing them changes the folder that is read. */
int list_slots(const struct git_repo *g, char ***ret, size_t *ret_n, struct err *e)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, "worktrees");
	VEC(char *) paths = {0};
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (!dir && errno != ENOENT)
		return err_sys(e, "could not open '%s'", folder);
	while (dir && rc == 0 && (entry = readdir(dir))) {
		char *admin CLEANUP(freep) = path_join(folder, entry->d_name);
		char *path CLEANUP(freep) = NULL;
		bool ours = false;

		if (strncmp(entry->d_name, "ganger-", 7) == 0)
			rc = find_path(g, admin, &path, e);
		if (rc == 0 && path)
			rc = is_of_epic(g, admin, path, &ours, e);
		if (ours)
			VEC_PUSH(&paths, TAKE(path));
	}
	if (dir)
		(void)closedir(dir);
	while (rc && paths.n)
		free(paths.items[--paths.n]);
	if (rc)
		VEC_DONE(&paths);
	*ret = paths.items;
	*ret_n = paths.n;
	return rc;
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
