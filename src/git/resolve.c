#include "git/resolve.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A conflict in a worktree: written into it for an agent, and looked at when the agent has ended.
 * What is believed of the result is what the trees say: the merge that git made by itself, and
 * what is there now.
 */

#define RERERE "ganger-rerere" /* in the private git folder: a repository for git-rerere alone */

/* ---- What was resolved once ---- */

static int rerere_write(const char *dir, const char *name, const char *text, struct err *e)
{
	char *path CLEANUP(freep) = path_join(dir, name);

	return file_write(path, str_of(text), /* durable */ false, e);
}

/*
 * git-rerere keeps what it knows in the folder that all worktrees share, and having one there
 * switches it on for the user. So it runs in a repository of our own that has no objects but
 * the user's, and a memory that the worktrees of the epic share.
 */
static int rerere_make(struct git_repo *g, const struct slot *s, struct err *e)
{
	char *dir CLEANUP(freep) = slot_file(s, RERERE);
	char *info CLEANUP(freep) = path_join(dir, "objects/info");
	char *refs CLEANUP(freep) = path_join(dir, "refs");
	char *objects CLEANUP(freep) = mem_printf("%s/objects\n", g->place.common_dir);
	char *memory CLEANUP(freep) = path_join(g->spec->state_dir, "rr-cache");
	char *link CLEANUP(freep) = path_join(dir, "rr-cache");
	const char *format = git_place_config(&g->place, "extensions.objectformat");
	char *config CLEANUP(freep) =
		mem_printf("[core]\n\trepositoryformatversion = %d\n%s%s\n", format != NULL,
			   format ? "[extensions]\n\tobjectFormat = " : "", format ? format : "");
	int rc = dir_remove(dir, e);

	rc = rc ? rc : dir_make(info, e);
	rc = rc ? rc : dir_make(refs, e);
	rc = rc ? rc : dir_make(memory, e);
	rc = rc ? rc : rerere_write(info, "alternates", objects, e);
	rc = rc ? rc : rerere_write(dir, "config", config, e);
	rc = rc ? rc : rerere_write(dir, "HEAD", "ref: refs/heads/none\n", e);
	if (!rc && symlink(memory, link) < 0)
		return err_sys(e, "could not make '%s'", link);
	return rc;
}

/* Known resolutions go into the files; of the others it notes how they were, or how they are now. */
static int rerere_run(struct git_repo *g, const struct slot *s, struct err *e)
{
	char *dir CLEANUP(freep) = slot_file(s, RERERE);
	char *index CLEANUP(freep) = slot_file(s, "index");
	struct cmd c = slot_cmd(g, s);

	c.git_dir = dir;
	c.index = index;
	c.config = ARGS("rerere.enabled=true", "rerere.autoUpdate=false");
	return cmd_line(&c, ARGS("rerere"), NULL, e);
}

void resolve_remember(struct git_repo *g, const struct slot *s)
{
	if (slot_has(s, RERERE))
		(void)!rerere_run(g, s, NULL); /* then it is asked once more */
}

/* ---- Writing it ---- */

int resolve_begin(struct git_repo *g, const struct slot *s, const struct oid *epic_head, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	const char *const *args =
		ARGS("merge", "-q", "--no-commit", "--no-ff", "--no-squash", "--no-stat",
		     "--no-autostash", "--no-verify-signatures", "-s", "ort", epic_head->hex);
	struct cmd c = slot_cmd(g, s);
	int rc;

	c.config = ARGS("merge.conflictStyle=zdiff3", "rerere.enabled=false");
	rc = cmd_run(&c, args, &r, e);
	if (rc)
		return rc;
	if (r.exit_code && !slot_has(s, "MERGE_HEAD"))
		return cmd_error(args, &r, e);
	if (!r.exit_code)
		return 0;
	rc = rerere_make(g, s, e);
	return rc ? rc : rerere_run(g, s, e);
}

/* ---- Looking at what became of it ---- */

void resolution_done(struct resolution *r)
{
	tree_merge_done(&r->merge);
	map_done(&r->allowed);
	buf_done(&r->changed);
}

static void PRINTF_LIKE(2, 3) problem(struct resolution *r, const char *fmt, ...)
{
	va_list ap;

	if (r->problem[0])
		return;
	va_start(ap, fmt);
	(void)vsnprintf(r->problem, sizeof(r->problem), fmt, ap);
	va_end(ap);
}

static bool merge_goes_on(const struct slot *s, const struct oid *epic_head)
{
	char *path CLEANUP(freep) = slot_file(s, "MERGE_HEAD");
	struct buf text CLEANUP(buf_done) = BUF_INIT;

	return file_read(path, SMALL_FILE, &text, NULL) == 0 &&
	       str_eq(str_trim(buf_str(&text)), str_of(epic_head->hex));
}

/* Does a name have this file, as a path of the conflict? */
static bool is_file(const struct resolution *r, const char *path)
{
	for (size_t i = 0; i < r->merge.files.n; i++) {
		if (streq(r->merge.files.items[i].path, path))
			return true;
	}
	return false;
}

/* Run git with the files of the conflict as the last arguments. */
static int on_files(const struct cmd *c,
		    const char *const *args,
		    const struct resolution *r,
		    struct child_result *ret,
		    struct err *e)
{
	VEC(const char *) all = {0};
	int rc;

	VEC_PUSH(&all, "--literal-pathspecs");
	for (; *args; args++)
		VEC_PUSH(&all, *args);
	for (size_t i = 0; i < r->merge.files.n; i++)
		VEC_PUSH(&all, r->merge.files.items[i].path);
	VEC_PUSH(&all, NULL);
	rc = cmd_run(c, all.items, ret, e);
	VEC_DONE(&all);
	return rc;
}

/* Submodules that were chosen in the index: nothing in the folder says so. "<mode> <id> 0\t<path>" */
static int take_submodules(struct git_repo *g,
			   const struct slot *s,
			   struct str staged,
			   struct resolution *r,
			   struct err *e)
{
	char *own CLEANUP(freep) = slot_file(s, FILE_OWN);
	struct buf lines CLEANUP(buf_done) = BUF_INIT;
	struct cmd c = slot_cmd(g, s);
	struct str entry;
	int rc;

	while (str_next(&staged, '\0', &entry)) {
		const char *tab = memchr(entry.p, '\t', entry.n);

		if (str_starts(entry, "160000 ") && tab && tab[-1] == '0')
			buf_add(&lines, entry.p, entry.n + 1);
	}
	if (!lines.n)
		return 0;
	c.index = own;
	rc = cmd_line(&c, ARGS("read-tree", r->base.hex), NULL, e);
	c.input = buf_str(&lines);
	rc = rc ? rc : cmd_line(&c, ARGS("update-index", "-z", "--index-info"), NULL, e);
	c.input = (struct str){0};
	rc = rc ? rc : cmd_oid(&c, ARGS("write-tree"), &r->base, e);
	slot_unlink(s, FILE_OWN);
	return rc;
}

/* What the agent's index says of the files: which it has not put its name to. */
static int look_at_index(struct git_repo *g, const struct slot *s, struct resolution *r, struct err *e)
{
	struct child_result out CLEANUP(child_result_done) = {0};
	struct cmd c = slot_cmd(g, s);
	struct str rest, entry;
	int rc;

	if (!r->merge.files.n)
		return 0;
	rc = on_files(&c, ARGS("ls-files", "-s", "-z", "--"), r, &out, e);
	if (rc || out.exit_code)
		return rc; /* an index that cannot be read says nothing */
	for (rest = buf_str(&out.out); str_next(&rest, '\0', &entry);) {
		const char *tab = memchr(entry.p, '\t', entry.n);

		for (size_t i = 0; tab && tab[-1] != '0' && i < r->merge.files.n; i++) {
			if (streq(r->merge.files.items[i].path, tab + 1))
				r->merge.files.items[i].unmerged = true;
		}
	}
	return take_submodules(g, s, buf_str(&out.out), r, e);
}

int resolution_look(struct git_repo *g,
		    const struct slot *s,
		    const struct job *j,
		    const struct oid *head,
		    struct resolution *r,
		    struct err *e)
{
	bool merged = false;
	int rc = merge_trees(g, &j->start, &j->base, &r->merge, e);

	rc = rc ? rc : op_ancestor(&g->git, &j->base, head, &merged, e);
	if (rc)
		return rc;
	r->goes_on = !merged && oid_eq(head, &j->start) && merge_goes_on(s, &j->base);
	if (!merged && !r->goes_on) {
		problem(r, "the merge was given up: it is neither in progress nor committed");
		return 0;
	}
	if (merged)
		return commit_tree_of(g, head, &r->base, e);
	r->base = r->merge.tree;
	return look_at_index(g, s, r, e);
}

void resolution_claim(const struct resolution *r, struct leftovers *l)
{
	for (size_t i = 0; i < l->files.n; i++) {
		if (is_file(r, l->files.items[i].path)) {
			l->files.items[i].out = NULL;
			l->files.items[i].brought = false;
		}
	}
}

/* ---- Judging it ---- */

static int names_of(struct git_repo *g, const char *const *args, struct buf *ret, struct err *e)
{
	struct child_result out CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	int rc = cmd_ok(&c, args, &out, e);

	if (!rc)
		buf_add(ret, out.out.p, out.out.n);
	return rc;
}

/* The task's own files, and those of the conflict. */
static int find_allowed(struct git_repo *g, const struct job *j, struct resolution *r, struct err *e)
{
	char *own CLEANUP(freep) = mem_printf("%s...%s", j->base.hex, j->start.hex);
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct str rest, name;
	int rc = names_of(g, ARGS("diff", "--name-only", "-z", "--no-renames", own, "--"), &names, e);

	for (rest = buf_str(&names); str_next(&rest, '\0', &name);)
		map_set(&r->allowed, name.p, 1);
	for (size_t i = 0; i < r->merge.files.n; i++)
		map_set(&r->allowed, r->merge.files.items[i].path, 1);
	return rc;
}

/* Names git gave to what it could not put in its place: "path~<commit>". */
static bool is_set_aside(const char *path, const struct job *j)
{
	const char *mark = strrchr(path, '~');

	return mark && (streq(mark + 1, j->base.hex) || streq(mark + 1, j->start.hex));
}

static int check_files(struct git_repo *g,
		       const struct job *j,
		       const struct oid *tree,
		       struct resolution *r,
		       struct err *e)
{
	struct map changed CLEANUP(map_done) = {0};
	struct str rest, name;
	size_t found;
	int rc = find_allowed(g, j, r, e);

	rc = rc ? rc
		: names_of(g,
			   ARGS("diff-tree", "-r", "-z", "--name-only", "--no-renames",
				r->merge.tree.hex, tree->hex),
			   &r->changed, e);
	for (rest = buf_str(&r->changed); str_next(&rest, '\0', &name);) {
		map_set(&changed, name.p, 1);
		if (!map_find(&r->allowed, name.p, &found) && !is_set_aside(name.p, j))
			problem(r, "'%.200s' was changed, which is neither in conflict nor a file of the task",
				name.p);
	}
	for (size_t i = 0; i < r->merge.files.n; i++) {
		const struct conflicted *f = &r->merge.files.items[i];

		if (f->unmerged && !map_find(&changed, f->path, &found))
			problem(r, "'%.200s' is as the conflict left it (%s)", f->path, f->kind);
	}
	return rc;
}

/* Markers of tree that neither side has: "<tree>:<path>\0<line>". */
static void find_markers(struct str out, const struct oid *tree, struct resolution *r)
{
	struct map known CLEANUP(map_done) = {0};
	struct str rest, line, name;
	size_t found;

	for (int pass = 0; pass < 2; pass++) {
		for (rest = out; str_next(&rest, '\n', &line);) {
			bool ours = str_starts(line, tree->hex);

			if (ours != (pass == 1) || !str_next(&line, '\0', &name))
				continue;
			char *text CLEANUP(freep) = mem_strndup(line.p, line.n);

			if (!ours)
				map_set(&known, text, 1);
			else if (!map_find(&known, text, &found))
				problem(r, "conflict markers are left in '%.*s'",
					(int)(name.n - strlen(tree->hex) - 1),
					name.p + strlen(tree->hex) + 1);
		}
	}
}

#define MARKERS "^(<{7,}|>{7,}|[|]{7,})( |$)|^={7}.?$"

/* In what was touched, and what the conflict is in. */
static int check_markers(struct git_repo *g,
			 const struct job *j,
			 const struct oid *tree,
			 struct resolution *r,
			 struct err *e)
{
	struct child_result out CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	VEC(const char *) args = {0};
	struct str rest, name;
	int rc;

	for (const char *const *p = ARGS("--literal-pathspecs", "grep", "-a", "-z", "-E", MARKERS,
					 tree->hex, j->start.hex, j->base.hex, "--");
	     *p; p++)
		VEC_PUSH(&args, *p);
	for (size_t i = 0; i < r->merge.files.n; i++)
		VEC_PUSH(&args, r->merge.files.items[i].path);
	for (rest = buf_str(&r->changed); str_next(&rest, '\0', &name);)
		VEC_PUSH(&args, name.p);
	VEC_PUSH(&args, NULL);
	rc = cmd_run(&c, args.items, &out, e);
	VEC_DONE(&args);
	if (rc)
		return rc;
	if (out.exit_code > 1)
		return cmd_error(ARGS("grep"), &out, e);
	find_markers(buf_str(&out.out), tree, r);
	return 0;
}

/* All of one side is an answer that nobody should give unseen: the task would be closed for it. */
static int check_whole(struct git_repo *g,
		       const struct job *j,
		       const struct oid *tree,
		       struct resolution *r,
		       struct err *e)
{
	struct oid epic;
	int rc = commit_tree_of(g, &j->base, &epic, e);

	if (!rc && oid_eq(&epic, tree)) {
		problem(r, "nothing of the task's work is left: it is the epic branch as it is");
		r->forget = true;
	}
	return rc;
}

int resolution_check(struct git_repo *g,
		     const struct job *j,
		     const struct oid *tree,
		     struct resolution *r,
		     struct err *e)
{
	int rc = check_whole(g, j, tree, r, e);

	rc = rc ? rc : check_files(g, j, tree, r, e);
	return rc ? rc : check_markers(g, j, tree, r, e);
}

int resolution_commit(struct git_repo *g,
		      const struct job *j,
		      const struct oid *head,
		      const struct oid *tree,
		      struct oid *ret,
		      struct err *e)
{
	char *message CLEANUP(freep) =
		mem_printf("Merge branch '%s': %s\n\nResolved by attempt %d of task %s.\n",
			   g->spec->epic_branch, j->title && *j->title ? j->title : j->task,
			   j->attempt, j->task);
	struct commit_spec c = {.tree = *tree, .parents = {&j->base, head}, .message = message};

	return commit_make(g, &c, ret, e);
}
