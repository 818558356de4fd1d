#include "base/file.h"
#include "git/impl.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PACKED_MAX   (256u << 20)
#define SYMBOLIC_MAX 5
#define KEPT_DEPTH   8
#define EPIC_LOCK_S  5

char *name_of(const char *id)
{
	struct buf b = BUF_INIT;

	buf_name(&b, id);
	return buf_take(&b);
}

char *ref_kept(const struct git_repo *g, const char *task_name, const char *leaf)
{
	return mem_printf("refs/ganger/%s/%s/%s", g->epic_name, task_name, leaf);
}

char *ref_attempt(const struct git_repo *g, const char *task_name, int attempt, const char *suffix)
{
	return mem_printf("refs/ganger/%s/%s/%d%s", g->epic_name, task_name, attempt, suffix);
}

bool oid_parse(struct str text, struct oid *ret)
{
	text = str_trim(text);
	if (text.n != 40 && text.n != 64)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (!isxdigit((unsigned char)text.p[i]))
			return false;
	}
	*ret = (struct oid){{0}};
	memcpy(ret->hex, text.p, text.n);
	return true;
}

int read_if_there(const char *path, size_t max, struct buf *text, bool *ret_there, struct err *e)
{
	struct err why = ERR_INIT;

	*ret_there = file_read(path, max, text, &why) == 0;
	if (why.code != ERR_IO || why.sys == EISDIR || why.sys == ENAMETOOLONG || why.sys == ELOOP)
		return 0;
	if (e)
		*e = why;
	return why.code;
}

/* Find "<id> <ref>" in packed-refs; its lines of other kinds start with '#' or '^'. */
static int packed_find(const char *common_dir, const char *ref, struct oid *ret, struct err *e)
{
	struct buf text CLEANUP(buf_done) = {.max = PACKED_MAX + 1};
	char *path CLEANUP(freep) = path_join(common_dir, "packed-refs");
	char *end CLEANUP(freep) = mem_printf(" %s\n", ref);
	const char *hit;
	struct err why = ERR_INIT;
	int rc = file_read(path, PACKED_MAX, &text, &why);

	if (rc && rc != ERR_NOT_FOUND && e)
		*e = why;
	if (rc)
		return rc == ERR_NOT_FOUND ? 0 : rc;
	for (hit = strstr(buf_cstr(&text), end); hit; hit = strstr(hit + 1, end)) {
		const char *line = hit;

		while (line > text.p && line[-1] != '\n')
			line--;
		if (oid_parse((struct str){line, (size_t)(hit - line)}, ret))
			return 0;
	}
	return 0;
}

static int find_in(const char *common_dir, const char *ref, struct oid *ret, struct err *e)
{
	char *name CLEANUP(freep) = mem_strdup(ref);

	for (int depth = 0; depth < SYMBOLIC_MAX; depth++) {
		char *path CLEANUP(freep) = path_join(common_dir, name);
		struct buf text CLEANUP(buf_done) = BUF_INIT;
		struct str s;
		bool there;
		int rc = read_if_there(path, SMALL_FILE, &text, &there, e);

		if (rc || !there)
			return rc ? rc : packed_find(common_dir, name, ret, e);
		s = str_trim(buf_str(&text));
		if (!str_starts(s, "ref: ")) {
			(void)oid_parse(s, ret);
			return 0;
		}
		free(name);
		name = mem_strndup(s.p + 5, s.n - 5);
	}
	return 0;
}

int ref_find(const struct git_repo *g, const char *ref, struct oid *ret, struct err *e)
{
	*ret = (struct oid){{0}};
	return find_in(g->place.common_dir, ref, ret, e);
}

bool ref_read_in(const char *common_dir, const char *ref, struct oid *ret)
{
	struct oid at = {{0}};

	if (find_in(common_dir, ref, &at, NULL) || !at.hex[0])
		return false;
	*ret = at;
	return true;
}

bool ref_read(const struct git_repo *g, const char *ref, struct oid *ret)
{
	return ref_read_in(g->place.common_dir, ref, ret);
}

int ref_spare(const struct git_repo *g,
	      const char *task_name,
	      int attempt,
	      const char *suffix,
	      const struct oid *at,
	      char **ret,
	      struct err *e)
{
	char *first = ref_attempt(g, task_name, attempt, suffix), *ref = mem_strdup(first);
	struct oid have;
	int rc = ref_find(g, ref, &have, e);

	for (int i = 2; !rc && have.hex[0] && !oid_eq(&have, at); i++) {
		free(ref);
		ref = mem_printf("%s.%d", first, i);
		rc = ref_find(g, ref, &have, e);
	}
	free(first);
	*ret = ref;
	return rc;
}

static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* The first word of its answer comes before anything is done: without it, nothing was. */
static int change(struct git_repo *g,
		  struct cmd_stay *stay,
		  const char *message,
		  struct str lines,
		  struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	char *request CLEANUP(freep) = mem_printf("start\n%.*scommit\n", (int)lines.n, lines.p);
	int rc;

	c.input = str_of(request);
	rc = cmd_ask(stay, &c, ARGS("update-ref", "--create-reflog", "-m", message, "--stdin"),
		     STR("commit: ok\n"), &r, e);
	return rc ? rc : refs_sync(g, lines, e);
}

int refs_change(struct git_repo *g, struct str lines, struct err *e)
{
	return change(g, &g->keeper, "ganger: keep", lines, e);
}

int ref_set(struct git_repo *g,
	    const char *ref,
	    const struct oid *new_,
	    const struct oid *old,
	    struct err *e)
{
	bool epic = streq(ref, g->epic_ref);
	char *line CLEANUP(freep) =
		mem_printf("update %s %s%s%.*s\n", ref, new_->hex, old ? " " : "",
			   old ? (int)strlen(new_->hex) : 0, old && old->hex[0] ? old->hex : zero);

	return change(g, epic ? &g->mover : &g->keeper, epic ? "ganger: move" : "ganger: keep",
		      str_of(line), e);
}

bool made_find(struct git_repo *g, const struct oid *commit, struct made *ret)
{
	MUTEX_HELD(&g->making);
	for (size_t i = 0; i < ARRAY_LEN(g->made); i++) {
		if (!g->made[i].at.hex[0] || !oid_eq(&g->made[i].at, commit))
			continue;
		*ret = g->made[i];
		return true;
	}
	return false;
}

void made_add(struct git_repo *g, const struct made *m)
{
	MUTEX_HELD(&g->making);
	g->made[g->n_made++ % MADE_MAX] = *m;
}

int commit_tree_of(struct git_repo *g, const struct oid *commit, struct oid *ret, struct err *e)
{
	struct made m = {.at = *commit};
	struct cmd c = repo_cmd(g);
	char *name CLEANUP(freep) = mem_printf("%s^{tree}", commit->hex);
	int rc;

	if (made_find(g, commit, &m)) {
		*ret = m.tree;
		return 0;
	}
	rc = cmd_oid(&c, ARGS("rev-parse", "--verify", "-q", name), &m.tree, e);
	if (rc)
		return rc;
	made_add(g, &m);
	*ret = m.tree;
	return 0;
}

/* Does this HEAD file name the branch? */
static bool head_names(const char *folder, const char *branch)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = path_join(folder, "HEAD");
	char *wanted CLEANUP(freep) = mem_printf("ref: " PREFIX_HEADS "%s", branch);

	return file_read(path, SMALL_FILE, &text, NULL) == 0 &&
	       str_eq(str_trim(buf_str(&text)), str_of(wanted));
}

/* The folder that belongs to a private git folder. */
static char *folder_of(const char *admin)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = path_join(admin, "gitdir");
	struct str s;

	if (file_read(path, SMALL_FILE, &text, NULL) < 0)
		return mem_strdup(admin);
	s = str_trim(buf_str(&text));
	return mem_strndup(s.p, str_ends(s, "/.git") ? s.n - 5 : s.n);
}

/* The main worktree's folder, as well as it can be told from here. */
static char *main_folder(const struct git_repo *g)
{
	const char *common = g->place.common_dir;

	if (streq(g->place.git_dir, common))
		return mem_strdup(g->place.root);
	return mem_strndup(common,
			   str_ends(str_of(common), "/.git") ? strlen(common) - 5 : strlen(common));
}

char *branch_holder(const struct git_repo *g, const char *branch, const char *except_admin)
{
	char *folder CLEANUP(freep) = path_join(g->place.common_dir, "worktrees");
	char *found = NULL;
	struct dirent *entry;
	DIR *dir;

	if (!g->bare_main && head_names(g->place.common_dir, branch))
		return main_folder(g);
	dir = opendir(folder);
	while (dir && !found && (entry = readdir(dir))) {
		char *admin CLEANUP(freep) = path_join(folder, entry->d_name);

		if (entry->d_name[0] != '.' && !streq(admin, except_admin) &&
		    head_names(admin, branch))
			found = folder_of(admin);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static void unlock(const struct git_repo *g, const char *ref)
{
	char *lock CLEANUP(freep) = mem_printf("%s/%s.lock", g->place.common_dir, ref);

	(void)unlink(
		lock); /* usually absent; one that stays is reported by the git that meets it */
}

/* Git renames a ref into place whole, so one that names nothing, or is no file, is nobody's who lives. */
static void clear(const struct git_repo *g, const char *ref)
{
	char *path CLEANUP(freep) = path_join(g->place.common_dir, ref);
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct oid at;
	int rc;

	unlock(g, ref);
	rc = file_read(path, SMALL_FILE, &text, NULL);
	if (rc == ERR_INVALID ||
	    (rc == 0 && !str_starts(buf_str(&text), "ref: ") && !oid_parse(buf_str(&text), &at)))
		(void)unlink(path); /* else git says so */
}

bool branch_is_folder(const struct git_repo *g, const char *branch)
{
	char *path CLEANUP(freep) =
		mem_printf("%s/" PREFIX_HEADS "%s", g->place.common_dir, branch);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

void branch_unlock(const struct git_repo *g, const char *branch)
{
	char *ref CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", branch);

	unlock(g, ref);
}

void branch_clear(const struct git_repo *g, const char *branch)
{
	char *ref CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", branch);

	clear(g, ref);
}

void kept_clear(const struct git_repo *g, const char *task_name, const char *leaf)
{
	static const char *const suffixes[] = {"", ".rest", ".branch", ".earlier", ".before"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char *name CLEANUP(freep) = mem_printf("%s%s", leaf, suffixes[i]);
		char *ref CLEANUP(freep) = ref_kept(g, task_name, name);

		clear(g, ref);
	}
}

void epic_unlock(const struct git_repo *g)
{
	char *lock CLEANUP(freep) = mem_printf("%s/%s.lock", g->place.common_dir, g->epic_ref);
	struct stat st;

	/* Git holds the lock of a ref for milliseconds; a person's git may do so as well as ours. */
	if (stat(lock, &st) == 0 && time(NULL) - st.st_mtime > EPIC_LOCK_S)
		unlock(g, g->epic_ref);
}

/* Every lock below a folder of refs of ours: <task>/<leaf>.lock. */
static void unlock_below(const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path CLEANUP(freep) = path_join(folder, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_DIR && depth < KEPT_DEPTH)
			unlock_below(path, depth + 1);
		else if (str_ends(str_of(entry->d_name), ".lock"))
			(void)unlink(path); /* as above */
	}
	if (dir)
		(void)closedir(dir);
}

void refs_unlock(const struct git_repo *g)
{
	char *kept CLEANUP(freep) =
		mem_printf("%s/refs/ganger/%s", g->place.common_dir, g->epic_name);

	unlock(g, g->epic_ref);
	unlock_below(kept, 0);
}
