#include "git/leftovers.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LARGE_BYTES (5 << 20)

void leftovers_done(struct leftovers *l)
{
	for (size_t i = 0; i < l->files.n; i++)
		free(l->files.items[i].path);
	VEC_DONE(&l->files);
}

/* Cut n fields, each ended by a blank, off an entry; the second and third are given back. */
static bool skip_fields(struct str *s, int n, struct str *ret_sub, struct str *ret_mode)
{
	struct str field;

	for (int i = 0; i < n; i++) {
		if (!str_next(s, ' ', &field))
			return false;
		if (i == 2)
			*ret_sub = field;
		if (i == 3)
			*ret_mode = field;
	}
	return s->n > 0;
}

static void add_entry(struct leftovers *l, struct str entry)
{
	struct str sub = {0}, mode = {0};
	struct leftover *f;

	/* "? path", "1 XY sub mH mI mW hH hI path", "u XY sub m1 m2 m3 mW h1 h2 h3 path" */
	if (!skip_fields(&entry, entry.p[0] == '?' ? 1 : entry.p[0] == 'u' ? 10 : 8, &sub, &mode))
		return;
	f = VEC_ADD(&l->files);
	f->is_new = !mode.n || str_eq(mode, STR("000000"));
	f->nested = !sub.n && entry.p[entry.n - 1] == '/';
	if (sub.n == 4 && sub.p[0] == 'S') {
		f->gitlink = sub.p[1] == 'C';
		f->nested = f->gitlink || sub.p[2] == 'M' || sub.p[3] == 'U';
	}
	f->path = mem_strndup(entry.p, entry.n - (entry.p[entry.n - 1] == '/'));
}

static int ask(struct git_repo *g,
	       const struct slot *s,
	       const char *index,
	       struct child_result *r,
	       struct err *e)
{
	struct cmd c = slot_cmd(g, s);

	c.index = index;
	return cmd_run(&c,
		       ARGS("status", "--porcelain=v2", "-z", "--untracked-files=all",
			    "--no-renames", "--no-ahead-behind", "--ignore-submodules=none"),
		       r, e);
}

/* The agent's index cannot be read: look with one made from HEAD. */
static int ask_again(struct git_repo *g,
		     const struct slot *s,
		     const struct oid *head,
		     struct child_result *r,
		     struct err *e)
{
	char *own CLEANUP(freep) = slot_file(s, FILE_OWN);
	struct cmd c = slot_cmd(g, s);
	int rc;

	child_result_done(r);
	slot_unlink(s, FILE_OWN);
	c.index = own;
	rc = cmd_line(&c, ARGS("read-tree", head->hex), NULL, e);
	rc = rc ? rc : ask(g, s, own, r, e);
	return rc || r->exit_code == 0 ? rc : cmd_error(ARGS("status"), r, e);
}

int leftovers_find(struct git_repo *g,
		   const struct slot *s,
		   const struct oid *head,
		   struct leftovers *ret,
		   struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct str rest, entry;
	int rc = ask(g, s, NULL, &r, e);

	if (!rc && r.exit_code) {
		ret->broken_index = true;
		rc = ask_again(g, s, head, &r, e);
	}
	if (!rc && r.out.full)
		rc = err_set(e, ERR_LIMIT, "could not list what changed in '%s': too many files",
			     s->path);
	rest = buf_str(&r.out);
	while (!rc && str_next(&rest, '\0', &entry)) {
		if (entry.n < 3 || entry.p[0] == '#')
			continue;
		ret->unmerged = ret->unmerged || entry.p[0] == 'u';
		add_entry(ret, entry);
	}
	return rc;
}

/* Only new files are held back: a change to what the project tracks is work. */
static const char *
reason_out(const struct leftover *f, const struct slot *s, const char *const *globs)
{
	static const char *const secret[] = {".env*", "*.pem", "id_*"};
	char *path CLEANUP(freep) = path_join(s->path, f->path);
	const char *slash = strrchr(f->path, '/'), *name = slash ? slash + 1 : f->path;
	struct stat st;

	if (f->nested && !f->gitlink)
		return f->is_new ? "a repository of its own" : "changes inside a submodule";
	if (!f->is_new)
		return NULL;
	if (globs_match(globs, f->path))
		return "came from set-up";
	for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
		if (fnmatch(secret[i], name, 0) == 0)
			return "may be a secret";
	}
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LARGE_BYTES)
		return "over 5 MiB";
	return NULL;
}

void leftovers_judge(struct leftovers *l, const struct slot *s, const char *const *leave_out)
{
	for (size_t i = 0; i < l->files.n; i++) {
		struct leftover *f = &l->files.items[i];

		f->out = reason_out(f, s, leave_out);
	}
}

/* An index of ours that says what head says, and knows which files are unchanged. */
static int own_index(struct git_repo *g,
		     const struct slot *s,
		     const struct leftovers *l,
		     const struct oid *head,
		     struct err *e)
{
	char *own CLEANUP(freep) = slot_file(s, FILE_OWN);
	struct cmd c = slot_cmd(g, s);
	int rc = l->broken_index ? 0 : slot_copy(s, "index", FILE_OWN, e);

	c.index = own;
	if (!rc && !l->broken_index && file_exists(own))
		return cmd_line(&c, ARGS("read-tree", "--reset", head->hex), NULL, e);
	return rc ? rc : cmd_line(&c, ARGS("read-tree", head->hex), NULL, e);
}

/* An agent may leave files that even we must not read, as their owner. */
static void open_up(const struct slot *s, struct str paths)
{
	struct str path;

	while (str_next(&paths, '\0', &path)) {
		char *whole CLEANUP(freep) = mem_printf("%s/%.*s", s->path, (int)path.n, path.p);
		struct stat st;

		if (lstat(whole, &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & S_IRUSR))
			(void)chmod(whole, (st.st_mode & 0777) | S_IRUSR); /* else git says why */
	}
}

/* Take these paths into the index as they are in the folder, and name the tree. */
static int take_paths(
	struct git_repo *g, const struct slot *s, struct str paths, struct oid *ret, struct err *e)
{
	char *own CLEANUP(freep) = slot_file(s, FILE_OWN);
	struct cmd c = slot_cmd(g, s);
	int rc;

	open_up(s, paths);
	c.index = own;
	c.input = paths;
	rc = cmd_line(&c, ARGS("update-index", "--add", "--remove", "--replace", "-z", "--stdin"),
		      NULL, e);
	c.input = (struct str){0};
	return rc ? rc : cmd_oid(&c, ARGS("write-tree"), ret, e);
}

/* Commit the paths onto parent; where they change nothing after all, *ret is left alone. */
static int commit_paths(struct git_repo *g,
			const struct slot *s,
			struct str paths,
			const struct oid *parent,
			const char *message,
			struct oid *ret,
			struct err *e)
{
	struct commit_spec c = {.parents = {parent}, .message = message};
	struct oid before;
	int rc = take_paths(g, s, paths, &c.tree, e);

	if (!rc) {
		char *name CLEANUP(freep) = mem_printf("%s^{tree}", parent->hex);
		struct cmd cmd = repo_cmd(g);

		rc = cmd_oid(&cmd, ARGS("rev-parse", "--verify", "-q", name), &before, e);
	}
	if (rc || oid_eq(&before, &c.tree))
		return rc;
	return commit_make(g, &c, ret, e);
}

static char *message_of(const struct job *j, const char *what)
{
	return mem_printf("%s\n\n%s at the end of attempt %d of task %s.\n",
			  j->title && *j->title ? j->title : j->task, what, j->attempt, j->task);
}

/* The paths to be committed, or those that are not. */
static int list_paths(struct git_repo *g,
		      const struct slot *s,
		      const struct leftovers *l,
		      const struct job *j,
		      bool out,
		      struct buf *paths,
		      struct err *e)
{
	int rc = 0, number = 0;

	for (size_t i = 0; i < l->files.n && !rc; i++) {
		const struct leftover *f = &l->files.items[i];
		bool is_out = !j->commit_leftovers || f->out;

		if (f->nested && out)
			rc = nested_keep(g, s, j, f->path, ++number, paths, e);
		if (is_out == out && !f->brought && !(f->nested && !f->gitlink))
			buf_add(paths, f->path, strlen(f->path) + 1);
	}
	return rc;
}

int leftovers_commit(struct git_repo *g,
		     const struct slot *s,
		     const struct leftovers *l,
		     const struct job *j,
		     const struct oid *head,
		     struct oid *ret_head,
		     struct oid *ret_rest,
		     struct err *e)
{
	char *message CLEANUP(freep) = message_of(j, "Left uncommitted");
	char *rest_message CLEANUP(freep) = message_of(j, "Left, and not committed,");
	struct buf paths CLEANUP(buf_done) = BUF_INIT, rest CLEANUP(buf_done) = BUF_INIT;
	int rc = own_index(g, s, l, head, e);

	rc = rc ? rc : list_paths(g, s, l, j, /* out */ false, &paths, e);
	rc = rc ? rc : list_paths(g, s, l, j, /* out */ true, &rest, e);
	*ret_head = *head;
	*ret_rest = (struct oid){{0}};
	if (!rc && paths.n)
		rc = commit_paths(g, s, buf_str(&paths), head, message, ret_head, e);
	rc = rc ? rc : slot_copy(s, FILE_OWN, FILE_NEXT, e);
	if (!rc && rest.n)
		rc = commit_paths(g, s, buf_str(&rest), ret_head, rest_message, ret_rest, e);
	slot_unlink(s, FILE_OWN);
	return rc;
}
