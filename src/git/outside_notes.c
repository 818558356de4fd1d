#include "base/file.h"
#include "git/outside-impl.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * What is there. Of the branches that ganger makes there are as many as tasks, and nothing can be said
 * of them but that this HEAD moved one. So they are noted by name alone, and looked at only where it
 * moved some other branch than the attempt's own: what an attempt costs must not grow with the epic.
 */

#define HOOK_MAX  ((size_t)1 << 20)
#define REF_DEPTH 32

void notes_done(struct notes *n)
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

/* Branches that ganger, in whatever process and for whatever epic, moves and deletes by itself. */
static bool is_gangers(const struct git_repo *g, const char *own, const char *branch)
{
	const char *slash = strrchr(own, '/');

	return streq(branch, g->spec->epic_branch) || str_starts(str_of(branch), "ganger/") ||
	       str_starts(str_of(branch), "epic/") ||
	       (slash && strncmp(branch, own, (size_t)(slash - own) + 1) == 0);
}

/* What is looked at, and for which attempt; own is its task's branch. */
struct view {
	const struct git_repo *g;
	const char *own;
	bool names; /* those of ganger's branches are noted */
	struct notes *n;
	struct map seen;
};

/* A branch of ganger's is not read: only its name may be noted. */
static bool note_gangers(struct view *v, const char *ref)
{
	const char *branch = ref + strlen(PREFIX_HEADS);

	if (!str_starts(str_of(ref), PREFIX_HEADS) || !is_gangers(v->g, v->own, branch))
		return false;
	if (v->names)
		note(v->n, GANGERS "%s\t-", branch);
	return true;
}

static void note_ref(struct view *v, const char *ref, const struct oid *at)
{
	struct map *seen = &v->seen;
	struct notes *n = v->n;
	size_t found;

	if (map_find(seen, ref, &found))
		return; /* a file of its own is newer than what is packed */
	map_set(seen, ref, 1);
	if (str_starts(str_of(ref), PREFIX_HEADS))
		note(n, "branch %s\t%s", ref + strlen(PREFIX_HEADS), at->hex);
	else
		note(n, "tag %s\t%s", ref + strlen("refs/tags/"), at->hex);
}

/* As the folder says, which saves a call for each of thousands; where it does not, as the file does. */
static bool is_folder(const struct dirent *entry, const char *path)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void note_loose(struct view *v, const char *prefix, int depth)
{
	char *folder CLEANUP(freep) = path_join(v->g->place.common_dir, prefix);
	DIR *dir = depth < REF_DEPTH ? opendir(folder) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *ref CLEANUP(freep) = path_join(prefix, entry->d_name);
		char *path CLEANUP(freep) = path_join(folder, entry->d_name);
		struct oid at;

		if (entry->d_name[0] == '.' || str_ends(str_of(entry->d_name), ".lock"))
			continue;
		if (is_folder(entry, path))
			note_loose(v, ref, depth + 1);
		else if (!note_gangers(v, ref) && ref_read(v->g, ref, &at))
			note_ref(v, ref, &at);
	}
	if (dir)
		(void)closedir(dir);
}

static void note_packed(struct view *v)
{
	char *path CLEANUP(freep) = path_join(v->g->place.common_dir, "packed-refs");
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
		if (!note_gangers(v, ref))
			note_ref(v, ref, &at);
	}
}

void notes_index(struct notes *n)
{
	struct str rest = buf_str(&n->text), entry;

	while (str_next(&rest, '\0', &entry)) {
		char *key CLEANUP(freep) = mem_strndup(entry.p, strcspn(entry.p, "\t"));

		if (str_starts(entry, GANGERS))
			continue;
		map_set(&n->entries, entry.p, 1);
		map_set(&n->keys, key, 1);
	}
}

void notes_take(const struct git_repo *g, const char *own, bool names, struct notes *n)
{
	struct view v = {.g = g, .own = own, .names = names, .n = n};

	note_hooks(g, n);
	note_config(g, n);
	note_worktrees(g, n);
	note_loose(&v, "refs/heads", 0);
	note_loose(&v, "refs/tags", 0);
	note_packed(&v);
	map_done(&v.seen);
}
