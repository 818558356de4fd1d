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
 *
 * Of the branches that ganger makes there are as many as tasks, and only the first case can be
 * said of them. So they are noted by name alone, and looked at only where this HEAD moved some
 * other branch than the attempt's own: what an attempt costs must not grow with the epic.
 */

#define NOTES_MAX ((size_t)64 << 20)
#define HOOK_MAX  ((size_t)1 << 20)
#define REF_DEPTH 32
#define GANGERS   "gangers " /* the kind of entry that a branch of ganger's has */

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

static void index_notes(struct notes *n)
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

static void look(const struct git_repo *g, const char *own, bool names, struct notes *n)
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
	look(g, own, /* names */ true, &n);
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
	index_notes(&old);
	look(g, own_branch, /* names */ false, &new_);
	index_notes(&new_);
	read_logs(&c);
	/* Asked after looking: who begins from now on is not in what was seen. */
	c.alone = !slot_has(s, FILE_SHARED);
	compare_old(&c, &old, &new_);
	compare_gangers(&c, &old);
	compare_new(&c, &old, &new_);
	buf_done(&c.head_log);
	buf_done(&c.other_logs);
}
