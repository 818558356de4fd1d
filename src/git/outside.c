#include "base/file.h"
#include "git/outside-impl.h"

#include <dirent.h>
#include <string.h>

/*
 * Did an attempt write outside its worktree? What all worktrees share is noted as it begins and
 * compared when it has ended. Who made a difference is known in two cases only: Git logged the
 * move of a branch in this worktree's own HEAD, word for word; or nobody else of ours was at work
 * in between. Everything else may have been another attempt, or a person, and is left alone.
 */

static bool has(const char *admin, const char *name)
{
	char *path CLEANUP(freep) = path_join(admin, name);

	return file_exists(path);
}

static void mark_shared(const char *admin)
{
	char *path CLEANUP(freep) = path_join(admin, FILE_SHARED);
	struct err ignored = ERR_INIT; /* it may just be going */

	IGNORE(file_touch(path, &ignored));
}

/* Worktrees of all epics are here, so that supervisors of two epics know of each other. */
int outside_live(const struct git_repo *g, const struct slot *s, bool is_attempt, struct err *e)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, "worktrees");
	char *live CLEANUP(freep) = slot_file(s, FILE_LIVE);
	struct dirent *entry;
	/* Said before the others are looked at: of two that begin at once, one sees the other. */
	int rc = is_attempt ? file_touch(live, e) : 0;
	DIR *dir = rc ? NULL : opendir(folder);

	while (dir && (entry = readdir(dir))) {
		char *admin CLEANUP(freep) = path_join(folder, entry->d_name);

		if (!str_starts(str_of(entry->d_name), "ganger-") || streq(admin, s->admin) ||
		    !has(admin, FILE_LIVE))
			continue;
		mark_shared(admin);
		mark_shared(s->admin);
	}
	if (dir)
		(void)closedir(dir);
	return rc;
}

void outside_over(const struct slot *s)
{
	slot_unlink(s, FILE_OUTSIDE);
	slot_unlink(s, FILE_SHARED);
	slot_unlink(s, FILE_LIVE);
}

/* The branch that a worktree is on as its attempt begins: the task's. The caller owns it. */
static char *own_branch_of(const struct slot *s)
{
	char *path CLEANUP(freep) = slot_file(s, "HEAD");
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct str at = STR("");

	if (file_read(path, SMALL_FILE, &text, NULL) == 0)
		at = str_trim(buf_str(&text));
	if (!str_starts(at, "ref: " PREFIX_HEADS))
		return mem_strdup("");
	return mem_strndup(at.p + strlen("ref: " PREFIX_HEADS),
			   at.n - strlen("ref: " PREFIX_HEADS));
}

int op_watch(struct git *git, const char *path, bool busy, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct slot s CLEANUP(slot_done) = {0};
	struct notes n CLEANUP(notes_done) = {.text = {.max = NOTES_MAX}};
	char *file CLEANUP(freep) = NULL, *own CLEANUP(freep) = NULL;
	int rc;

	slot_init(g, path, &s);
	file = slot_file(&s, FILE_OUTSIDE);
	own = own_branch_of(&s);
	if (busy)
		mark_shared(s.admin);
	rc = outside_live(g, &s, /* is_attempt */ true, e);
	if (rc)
		return rc;
	notes_take(g, own, /* names */ true, &n);
	return file_write(file, buf_str(&n.text), /* durable */ false, e);
}
