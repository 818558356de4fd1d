#include "base/file.h"
#include "base/map.h"
#include "git/impl.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Did an attempt write outside its worktree? What all worktrees share is noted as it begins and
 * compared when it has ended. Who made a difference is known in two cases only: Git logged the
 * move of a branch in this worktree's own HEAD, word for word; or nobody else of ours was at work
 * in between. Everything else may have been another attempt, or a person, and is left alone.
 */

#define NOTES_MAX ((size_t)64 << 20)
#define HOOK_MAX  ((size_t)1 << 20)
#define REF_DEPTH 32

/* "<kind> <name>\t<value>", each ended by a zero byte: names of hooks may hold anything else. */
struct notes {
	struct buf text;
	struct map entries, keys;
};

static void notes_done(struct notes *n)
{
	buf_done(&n->text);
	map_done(&n->entries);
	map_done(&n->keys);
}

static void PRINTF_LIKE(2, 3) note(struct notes *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&n->text, fmt, ap);
	va_end(ap);
	buf_putc(&n->text, '\0');
}

/* ---- What is there ---- */

static void note_hooks(const struct git_repo *g, struct notes *n)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, "hooks");
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path CLEANUP(freep) = path_join(folder, entry->d_name);
		struct buf text CLEANUP(buf_done) = BUF_INIT;
		struct stat st;

		if (entry->d_name[0] == '.' || str_ends(str_of(entry->d_name), ".sample") ||
		    stat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		IGNORE(file_read(path, HOOK_MAX, &text, NULL)); /* then its size has to do */
		note(n, "hook %s\t%o %jd %" PRIx64, entry->d_name, st.st_mode, (intmax_t)st.st_size,
		     text_hash(buf_cstr(&text)));
	}
	if (dir)
		(void)closedir(dir);
}

/*
 * Sections "[branch …]" are what git itself writes there as somebody makes, pushes or deletes a
 * branch of theirs. Values may be secrets: only their hash is kept.
 */
static void note_config(const struct git_repo *g, struct notes *n)
{
	char *path CLEANUP(freep) = path_join(g->place.common_dir, "config");
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line, section = STR("");

	if (file_read(path, SMALL_FILE, &text, NULL) < 0)
		return;
	for (rest = buf_str(&text); str_next(&rest, '\n', &line);) {
		struct str s = str_trim(line);
		char *whole CLEANUP(freep) = mem_strndup(s.p, s.n);
		size_t key = strcspn(whole, " \t=");

		if (str_starts(s, "["))
			section = s;
		else if (s.n && *whole != '#' && *whole != ';' && !str_starts(section, "[branch "))
			note(n, "config %.*s %.*s\t%" PRIx64, (int)section.n, section.p, (int)key,
			     whole, text_hash(whole));
	}
}

/* Those of people; ganger makes and removes its own. */
static void note_worktrees(const struct git_repo *g, struct notes *n)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, "worktrees");
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && !str_starts(str_of(entry->d_name), "ganger-"))
			note(n, "worktree %s\t-", entry->d_name);
	}
	if (dir)
		(void)closedir(dir);
}

static void note_ref(struct notes *n, struct map *seen, const char *ref, const struct oid *at)
{
	size_t found;

	if (map_find(seen, ref, &found))
		return; /* a file of its own is newer than what is packed */
	map_set(seen, ref, 1);
	if (str_starts(str_of(ref), PREFIX_HEADS))
		note(n, "branch %s\t%s", ref + strlen(PREFIX_HEADS), at->hex);
	else
		note(n, "tag %s\t%s", ref + strlen("refs/tags/"), at->hex);
}

static void note_loose(
	const struct git_repo *g, struct notes *n, struct map *seen, const char *prefix, int depth)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, prefix);
	DIR *dir = depth < REF_DEPTH ? opendir(folder) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *ref CLEANUP(freep) = path_join(prefix, entry->d_name);
		char *path CLEANUP(freep) = path_join(folder, entry->d_name);
		struct stat st;
		struct oid at;

		if (entry->d_name[0] == '.' || str_ends(str_of(entry->d_name), ".lock") ||
		    lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			note_loose(g, n, seen, ref, depth + 1);
		else if (ref_read(g, ref, &at))
			note_ref(n, seen, ref, &at);
	}
	if (dir)
		(void)closedir(dir);
}

static void note_packed(const struct git_repo *g, struct notes *n, struct map *seen)
{
	char *path CLEANUP(freep) = path_join(g->place.common_dir, "packed-refs");
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line, id;

	if (file_read(path, NOTES_MAX, &text, NULL) < 0)
		return;
	for (rest = buf_str(&text); str_next(&rest, '\n', &line);) {
		struct oid at;

		if (!str_next(&line, ' ', &id) || !oid_parse(id, &at) ||
		    (!str_starts(line, PREFIX_HEADS) && !str_starts(line, "refs/tags/")))
			continue;
		char *ref CLEANUP(freep) = mem_strndup(line.p, line.n);
		note_ref(n, seen, ref, &at);
	}
}

static void index_notes(struct notes *n)
{
	struct str rest = buf_str(&n->text), entry;

	while (str_next(&rest, '\0', &entry)) {
		char *key CLEANUP(freep) = mem_strndup(entry.p, strcspn(entry.p, "\t"));

		map_set(&n->entries, entry.p, 1);
		map_set(&n->keys, key, 1);
	}
}

static void look(const struct git_repo *g, struct notes *n)
{
	struct map seen CLEANUP(map_done) = {0};

	note_hooks(g, n);
	note_config(g, n);
	note_worktrees(g, n);
	note_loose(g, n, &seen, "refs/heads", 0);
	note_loose(g, n, &seen, "refs/tags", 0);
	note_packed(g, n, &seen);
	index_notes(n);
}

/* ---- Who was at work ---- */

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

int op_watch(struct git *git, const char *path, bool busy, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct slot s CLEANUP(slot_done) = {0};
	struct notes n CLEANUP(notes_done) = {.text = {.max = NOTES_MAX}};
	char *file CLEANUP(freep) = NULL;
	int rc;

	slot_init(g, path, &s);
	file = slot_file(&s, FILE_OUTSIDE);
	if (busy)
		mark_shared(s.admin);
	rc = outside_live(g, &s, /* is_attempt */ true, e);
	if (rc)
		return rc;
	look(g, &n);
	return file_write(file, buf_str(&n.text), /* durable */ false, e);
}

/* ---- What an attempt is to blame for ---- */

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

/* Branches that ganger, in whatever process and for whatever epic, moves and deletes by itself. */
static bool is_gangers(const struct comparison *c, const char *branch)
{
	const char *slash = strrchr(c->own, '/');

	return streq(branch, c->g->spec->epic_branch) || str_starts(str_of(branch), "ganger/") ||
	       str_starts(str_of(branch), "epic/") ||
	       (slash && strncmp(branch, c->own, (size_t)(slash - c->own) + 1) == 0);
}

static bool branch_is_ours(const struct comparison *c, const char *branch, const char *before)
{
	char *path CLEANUP(freep) =
		mem_printf("%s/logs/" PREFIX_HEADS "%s", c->g->place.common_dir, branch);
	struct buf log CLEANUP(buf_done) = BUF_INIT;
	struct str moves;

	if (streq(branch, c->own))
		return false;
	IGNORE(file_tail(path, SMALL_FILE, &log, NULL)); /* gone with the branch, or never kept */
	moves = moves_since(buf_str(&log), before);
	if (moved_here(c, moves))
		return true;
	return c->alone && !is_gangers(c, branch) && !moved_elsewhere(c, moves);
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

		if (map_find(&new_->entries, entry.p, &found))
			continue;
		if (is_branch ? branch_is_ours(c, key + strlen("branch "), value) : c->alone)
			blame(c, key, !there ? "deleted" : is_branch ? "moved" : "changed");
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
	index_notes(&old);
	look(g, &new_);
	read_logs(&c);
	/* Asked after looking: who begins from now on is not in what was seen. */
	c.alone = !slot_has(s, FILE_SHARED);
	compare_old(&c, &old, &new_);
	compare_new(&c, &old, &new_);
	buf_done(&c.head_log);
	buf_done(&c.other_logs);
}
