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

#define FIELDS 10

/* Cut n fields, each ended by a blank, off an entry. */
static bool skip_fields(struct str *s, int n, struct str ret[static FIELDS])
{
	for (int i = 0; i < n; i++) {
		if (!str_next(s, ' ', &ret[i]))
			return false;
	}
	return s->n > 0;
}

/* from_index: what the index has and HEAD has not is no difference. */
static void add_entry(struct leftovers *l, struct str entry, bool from_index)
{
	struct str field[FIELDS] = {0}, sub, mode;
	struct leftover *f;

	/* "? path", "1 XY sub mH mI mW hH hI path", "u XY sub m1 m2 m3 mW h1 h2 h3 path" */
	int n = entry.p[0] == '?' ? 1 : entry.p[0] == 'u' ? 10 : 8;
	if (!skip_fields(&entry, n, field) || str_eq(entry, STR("/")))
		return;
	if (from_index && field[1].n == 2 && field[1].p[1] == '.')
		return;
	sub = field[2];
	mode = field[from_index ? 4 : 3];
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

/* An index of ours that says what tree says, and knows of the agent's which files are unchanged. */
static int
own_index(struct git_repo *g, const struct slot *s, const struct oid *tree, struct err *e)
{
	char *own CLEANUP(freep) = slot_file(s, FILE_OWN);
	struct cmd c = slot_cmd(g, s);
	int rc = slot_copy(s, "index", FILE_OWN, e);

	c.index = own;
	if (!rc && file_exists(own) &&
	    cmd_line(&c, ARGS("read-tree", "--reset", tree->hex), NULL, NULL) == 0)
		return 0;
	slot_unlink(s, FILE_OWN); /* that index cannot be read */
	return rc ? rc : cmd_line(&c, ARGS("read-tree", tree->hex), NULL, e);
}

/* Look with an index of our own that says what this tree says. */
static int ask_own(struct git_repo *g,
		   const struct slot *s,
		   const struct oid *tree,
		   struct child_result *r,
		   struct err *e)
{
	char *own CLEANUP(freep) = slot_file(s, FILE_OWN);
	int rc;

	child_result_done(r);
	rc = own_index(g, s, tree, e);
	rc = rc ? rc : ask(g, s, own, r, e);
	return rc || r->exit_code == 0 ? rc : cmd_error(ARGS("status"), r, e);
}

int leftovers_find(struct git_repo *g,
		   const struct slot *s,
		   const struct oid *head,
		   const struct oid *tree,
		   struct leftovers *ret,
		   struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct str rest, entry;
	int rc = tree ? ask_own(g, s, tree, &r, e) : ask(g, s, NULL, &r, e);

	if (!rc && r.exit_code) {
		ret->broken_index = true;
		rc = ask_own(g, s, head, &r, e);
	}
	if (!rc && r.out.full)
		rc = err_set(e, ERR_LIMIT, "could not list what changed in '%s': too many files",
			     s->path);
	rest = buf_str(&r.out);
	while (!rc && str_next(&rest, '\0', &entry)) {
		if (entry.n < 3 || entry.p[0] == '#')
			continue;
		ret->unmerged = ret->unmerged || entry.p[0] == 'u';
		add_entry(ret, entry, tree != NULL);
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

/* The tree onto parent; where it is parent's own, *ret is left alone. */
static int commit_tree(struct git_repo *g,
		       const struct oid *tree,
		       const struct oid *parent,
		       const char *message,
		       struct oid *ret,
		       struct err *e)
{
	struct commit_spec c = {.tree = *tree, .parents = {parent}, .message = message};
	char *name CLEANUP(freep) = mem_printf("%s^{tree}", parent->hex);
	struct cmd cmd = repo_cmd(g);
	struct oid before;
	int rc = cmd_oid(&cmd, ARGS("rev-parse", "--verify", "-q", name), &before, e);

	return rc || oid_eq(&before, tree) ? rc : commit_make(g, &c, ret, e);
}

int leftovers_tree(struct git_repo *g,
		   const struct slot *s,
		   const struct leftovers *l,
		   const struct job *j,
		   const struct oid *onto,
		   struct oid *ret,
		   struct err *e)
{
	struct buf paths CLEANUP(buf_done) = BUF_INIT;
	int rc = own_index(g, s, onto, e);

	*ret = (struct oid){{0}};
	rc = rc ? rc : list_paths(g, s, l, j, /* out */ false, &paths, e);
	return rc || !paths.n ? rc : take_paths(g, s, buf_str(&paths), ret, e);
}

int leftovers_rest(struct git_repo *g,
		   const struct slot *s,
		   const struct leftovers *l,
		   const struct job *j,
		   const struct oid *parent,
		   struct oid *ret,
		   struct err *e)
{
	char *message CLEANUP(freep) = message_of(j, "Left, and not committed,");
	struct buf paths CLEANUP(buf_done) = BUF_INIT;
	struct oid tree;
	int rc = list_paths(g, s, l, j, /* out */ true, &paths, e);

	*ret = (struct oid){{0}};
	rc = rc ? rc : slot_copy(s, FILE_OWN, FILE_NEXT, e);
	if (!rc && paths.n)
		rc = take_paths(g, s, buf_str(&paths), &tree, e);
	if (!rc && paths.n)
		rc = commit_tree(g, &tree, parent, message, ret, e);
	slot_unlink(s, FILE_OWN);
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
	struct oid tree;
	int rc = leftovers_tree(g, s, l, j, head, &tree, e);

	*ret_head = *head;
	if (!rc && tree.hex[0])
		rc = commit_tree(g, &tree, head, message, ret_head, e);
	return rc ? rc : leftovers_rest(g, s, l, j, ret_head, ret_rest, e);
}
