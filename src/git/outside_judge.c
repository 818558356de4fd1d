#include "base/file.h"
#include "git/outside-impl.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* What an attempt is to blame for (outside.c). */

struct comparison {
	const struct git_repo *g;
	const struct slot *s;
	const char *own;       /* the task branch */
	struct buf head_log;   /* of this worktree */
	struct buf other_logs; /* of the others, also the user's */
	bool alone;
	char *ret;
	size_t size;
};

static bool has_line(struct str text, struct str wanted)
{
	struct str line;

	while (str_next(&text, '\n', &line)) {
		if (str_eq(line, wanted))
			return true;
	}
	return false;
}

/* The log's entries after the branch was last at 'before': they are what moved it from there. */
static struct str moves_since(struct str log, const char *before)
{
	struct str rest = log, line, from = log, old, at;

	while (str_next(&rest, '\n', &line)) {
		if (str_next(&line, ' ', &old) && str_next(&line, ' ', &at) &&
		    str_eq(at, str_of(before)))
			from = rest;
	}
	return from;
}

/* Git writes the same line for a branch and for the HEAD that is on it. */
static bool moved_here(const struct comparison *c, struct str moves)
{
	struct str line;

	while (str_next(&moves, '\n', &line)) {
		if (line.n && has_line(buf_str(&c->head_log), line))
			return true;
	}
	return false;
}

/* A fetch or push from elsewhere, a checkout of a person's, or ganger itself. */
static bool moved_elsewhere(const struct comparison *c, struct str moves)
{
	struct str line;

	while (str_next(&moves, '\n', &line)) {
		char *text CLEANUP(freep) = mem_strndup(line.p, line.n);
		const char *tab = strchr(text, '\t');
		struct str why = str_of(tab ? tab + 1 : "");

		if (str_starts(why, "ganger") || str_starts(why, "fetch") ||
		    str_starts(why, "pull") || str_starts(why, "push") ||
		    has_line(buf_str(&c->other_logs), line))
			return true;
	}
	return false;
}

/* The end of a branch's log; empty where it went with the branch, or was never kept. */
static void read_log_of(const struct comparison *c, const char *branch, struct buf *ret)
{
	char *path CLEANUP(freep) =
		mem_printf("%s/logs/" PREFIX_HEADS "%s", c->g->place.common_dir, branch);

	IGNORE(file_tail(path, SMALL_FILE, ret, NULL));
}

static bool branch_is_ours(const struct comparison *c, const char *branch, const char *before)
{
	struct buf log CLEANUP(buf_done) = BUF_INIT;
	struct str moves;

	if (streq(branch, c->own))
		return false;
	read_log_of(c, branch, &log);
	moves = moves_since(buf_str(&log), before);
	if (moved_here(c, moves))
		return true;
	return c->alone && !moved_elsewhere(c, moves);
}

static void read_logs(struct comparison *c)
{
	char *own CLEANUP(freep) = slot_file(c->s, "logs/HEAD");
	char *main_log CLEANUP(freep) = path_join(c->g->place.common_dir, "logs/HEAD");
	char *folder CLEANUP(freep) = path_join(c->g->place.common_dir, "worktrees");
	DIR *dir = opendir(folder);
	struct dirent *entry;

	/* Absent where nothing was logged. */
	IGNORE(file_tail(own, SMALL_FILE, &c->head_log, NULL));
	IGNORE(file_tail(main_log, SMALL_FILE, &c->other_logs, NULL));
	while (dir && (entry = readdir(dir))) {
		char *log CLEANUP(freep) = mem_printf("%s/%s/logs/HEAD", folder, entry->d_name);

		if (entry->d_name[0] != '.' && !streq(log, own))
			IGNORE(file_tail(log, SMALL_FILE, &c->other_logs, NULL));
	}
	if (dir)
		(void)closedir(dir);
}

static void blame(const struct comparison *c, const char *what, const char *how)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (c->ret[0])
		return; /* the first one will do */
	buf_puts(&b, "wrote outside its worktree: ");
	buf_line(&b, str_of(what));
	buf_printf(&b, " was %s", how);
	(void)snprintf(c->ret, c->size, "%s", buf_cstr(&b));
}

/* What was there before and is not, or is something else. */
static void
compare_old(const struct comparison *c, const struct notes *old, const struct notes *new_)
{
	struct str rest = buf_str(&old->text), entry;
	size_t found;

	while (str_next(&rest, '\0', &entry)) {
		char *key CLEANUP(freep) = mem_strndup(entry.p, strcspn(entry.p, "\t"));
		const char *value = entry.p + strlen(key) + 1;
		bool there = map_find(&new_->keys, key, &found);
		bool is_branch = str_starts(str_of(key), "branch ");

		if (str_starts(entry, GANGERS) || map_find(&new_->entries, entry.p, &found))
			continue;
		if (is_branch ? branch_is_ours(c, key + strlen("branch "), value) : c->alone)
			blame(c, key, !there ? "deleted" : is_branch ? "moved" : "changed");
	}
}

/* Did this HEAD move anything but the task's branch? Its log began with the attempt. */
static bool has_strayed(const struct comparison *c)
{
	struct buf own CLEANUP(buf_done) = BUF_INIT;
	struct str rest = buf_str(&c->head_log), line;

	read_log_of(c, c->own, &own);
	while (str_next(&rest, '\n', &line)) {
		if (line.n && !memmem(line.p, line.n, "\tcheckout: ", 11) &&
		    !has_line(buf_str(&own), line))
			return true;
	}
	return false;
}

/* This HEAD moved it, and it is not where it was before that. */
static bool gangers_moved(const struct comparison *c, const char *branch)
{
	char *ref CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", branch);
	struct buf log CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line, before;
	struct oid at;

	if (streq(branch, c->own) || !ref_read(c->g, ref, &at))
		return false;
	read_log_of(c, branch, &log);
	for (rest = buf_str(&log); str_next(&rest, '\n', &line);) {
		if (line.n && has_line(buf_str(&c->head_log), line))
			return str_next(&line, ' ', &before) && !str_eq(before, str_of(at.hex));
	}
	return false;
}

static void compare_gangers(const struct comparison *c, const struct notes *old)
{
	struct str rest = buf_str(&old->text), entry;

	if (!has_strayed(c))
		return;
	while (str_next(&rest, '\0', &entry)) {
		size_t kind = strlen(GANGERS), n = strcspn(entry.p, "\t");

		if (!str_starts(entry, GANGERS))
			continue;
		char *branch CLEANUP(freep) = mem_strndup(entry.p + kind, n - kind);
		char *what CLEANUP(freep) = mem_printf("branch %s", branch);
		if (gangers_moved(c, branch))
			blame(c, what, "moved");
	}
}

/* A new branch or tag harms nobody, and agents make them; hooks and settings are run by others. */
static void
compare_new(const struct comparison *c, const struct notes *old, const struct notes *new_)
{
	struct str rest = buf_str(&new_->text), entry;
	size_t found;

	while (c->alone && str_next(&rest, '\0', &entry)) {
		char *key CLEANUP(freep) = mem_strndup(entry.p, strcspn(entry.p, "\t"));

		if ((str_starts(str_of(key), "hook ") || str_starts(str_of(key), "config ")) &&
		    !map_find(&old->keys, key, &found))
			blame(c, key, "added");
	}
}

void outside_judge(const struct git_repo *g,
		   const struct slot *s,
		   const char *own_branch,
		   char *ret,
		   size_t size)
{
	struct notes old CLEANUP(notes_done) = {.text = {.max = NOTES_MAX}};
	struct notes new_ CLEANUP(notes_done) = {.text = {.max = NOTES_MAX}};
	struct comparison c = {.g = g,
			       .s = s,
			       .own = own_branch,
			       .ret = ret,
			       .size = size,
			       .head_log = BUF_INIT,
			       .other_logs = BUF_INIT};
	char *file CLEANUP(freep) = slot_file(s, FILE_OUTSIDE);

	if (file_read(file, NOTES_MAX, &old.text, NULL) < 0)
		return; /* its agent never began */
	notes_index(&old);
	notes_take(g, own_branch, /* names */ false, &new_);
	notes_index(&new_);
	read_logs(&c);
	/* Asked after looking: who begins from now on is not in what was seen. */
	c.alone = !slot_has(s, FILE_SHARED);
	compare_old(&c, &old, &new_);
	compare_gangers(&c, &old);
	compare_new(&c, &old, &new_);
	buf_done(&c.head_log);
	buf_done(&c.other_logs);
}
