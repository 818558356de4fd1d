#include "git/impl.h"

#include <stdio.h>
#include <string.h>

/* Two trees merged, and what of it git leaves to somebody. */

#define LOG_MAX 50 /* commits that are told of a side */

void tree_merge_done(struct tree_merge *m)
{
	for (size_t i = 0; i < m->files.n; i++)
		free(m->files.items[i].path);
	VEC_DONE(&m->files);
	*m = (struct tree_merge){0};
}

static struct conflicted *add_path(struct tree_merge *m, struct str path)
{
	for (size_t i = 0; i < m->files.n; i++) {
		if (str_eq(str_of(m->files.items[i].path), path))
			return &m->files.items[i];
	}
	struct conflicted *f = VEC_ADD(&m->files);

	f->path = mem_strndup(path.p, path.n);
	return f;
}

/* "CONFLICT (modify/delete)" of a path: the first kind that is told says most. */
static void add_kind(struct conflicted *f, struct str kind)
{
	const char *open = memchr(kind.p, '(', kind.n);
	size_t n = open ? kind.n - (size_t)(open - kind.p) - 1 : 0;

	if (!n || f->kind[0])
		return;
	(void)snprintf(f->kind, sizeof(f->kind), "%.*s", (int)n - 1, open + 1);
}

/* "<n>\0<path>\0…<kind>\0<message>\0": some conflicts leave no file in conflict, only this. */
static void add_messages(struct tree_merge *m, struct str rest)
{
	struct str count, kind, text;
	int64_t n;

	while (str_next(&rest, '\0', &count) && str_i64(count, &n)) {
		struct str paths = rest, path;

		for (int64_t i = 0; i < n; i++) {
			if (!str_next(&rest, '\0', &path))
				return;
		}
		if (!str_next(&rest, '\0', &kind) || !str_next(&rest, '\0', &text))
			return;
		for (int64_t i = 0; str_starts(kind, "CONFLICT") && i < n; i++) {
			if (str_next(&paths, '\0', &path))
				add_kind(add_path(m, path), kind);
		}
	}
}

static int read_merge(struct str out, struct tree_merge *ret, struct err *e)
{
	struct str line;

	if (!str_next(&out, '\0', &line) || !oid_parse(line, &ret->tree))
		return err_set(e, ERR_INVALID, "could not read what 'git merge-tree' printed");
	/* Files in conflict up to an empty name, then what git has to say. */
	while (!ret->clean && str_next(&out, '\0', &line) && line.n)
		(void)add_path(ret, line);
	if (!ret->clean)
		add_messages(ret, out);
	return 0;
}

int merge_trees(struct git_repo *g,
		const struct oid *ours,
		const struct oid *theirs,
		struct tree_merge *ret,
		struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = anchor_cmd(g);
	const char *const *args = ARGS("merge-tree", "--write-tree", "-z", "--name-only",
				       "--messages", ours->hex, theirs->hex);
	int rc = cmd_run(&c, args, &r, e);

	if (rc)
		return rc;
	if (r.exit_code > 1)
		return cmd_error(args, &r, e);
	*ret = (struct tree_merge){.clean = r.exit_code == 0, .ours = *ours};
	return read_merge(buf_str(&r.out), ret, e);
}

/* Hunks are counted by the markers that name our side: "<tree>:<path>\0<n>". */
static void add_count(struct tree_merge *m, struct str line)
{
	struct str name;
	int64_t n;

	if (!str_next(&line, '\0', &name) || !str_i64(line, &n) || name.n <= strlen(m->tree.hex))
		return;
	name.p += strlen(m->tree.hex) + 1;
	name.n -= strlen(m->tree.hex) + 1;
	for (size_t i = 0; i < m->files.n; i++) {
		if (str_eq(str_of(m->files.items[i].path), name))
			m->files.items[i].hunks = (int)n;
	}
}

static int count_hunks(struct git_repo *g, struct tree_merge *m, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	char *marker CLEANUP(freep) = mem_printf("^<<<<<<<* %s", m->ours.hex);
	const char *const *args = ARGS("grep", "-a", "-c", "-z", "-e", marker, m->tree.hex);
	struct cmd c = repo_cmd(g);
	struct str rest, line;
	int rc = cmd_run(&c, args, &r, e);

	if (rc)
		return rc;
	if (r.exit_code > 1)
		return cmd_error(args, &r, e);
	for (rest = buf_str(&r.out); str_next(&rest, '\n', &line);)
		add_count(m, line);
	return 0;
}

int conflict_text(struct git_repo *g, struct tree_merge *m, struct buf *ret, struct err *e)
{
	int rc = count_hunks(g, m, e);

	for (size_t i = 0; !rc && i < m->files.n; i++) {
		const struct conflicted *f = &m->files.items[i];

		buf_line(ret, str_of(f->path));
		if (f->hunks) {
			buf_printf(ret, " (%d hunk%s)", f->hunks, f->hunks == 1 ? "" : "s");
		} else if (f->kind[0]) {
			buf_puts(ret, " (");
			buf_line(ret, str_of(f->kind));
			buf_putc(ret, ')');
		}
		buf_putc(ret, '\n');
	}
	return rc;
}

void git_conflict_done(struct git_conflict *c)
{
	free(c->files);
	free(c->ours);
	free(c->theirs);
	free(c->touching);
	*c = (struct git_conflict){0};
}

/* What 'tip' has that 'not' has not, along its own line; or its commits to the files of m. */
static char *log_of(struct git_repo *g,
		    const struct oid *tip,
		    const struct oid *not,
		    const struct tree_merge *m,
		    struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	char *range CLEANUP(freep) = mem_printf("%s..%s", not->hex, tip->hex);
	char most[32];
	VEC(const char *) args = {0};
	struct cmd c = repo_cmd(g);
	int rc;

	(void)snprintf(most, sizeof(most), "-n%d", LOG_MAX);
	for (const char *const *p = ARGS("--literal-pathspecs", "log", "--no-show-signature",
					 "--no-decorate", m ? "--no-merges" : "--first-parent",
					 "--format=%h %s", most, range, "--");
	     *p; p++)
		VEC_PUSH(&args, *p);
	for (size_t i = 0; m && i < m->files.n && i < 1000; i++)
		VEC_PUSH(&args, m->files.items[i].path);
	VEC_PUSH(&args, NULL);
	rc = cmd_ok(&c, args.items, &r, e);
	VEC_DONE(&args);
	return rc ? NULL : buf_take(&r.out);
}

int op_conflict(struct git *git,
		const struct oid *work,
		const struct oid *epic_head,
		struct git_conflict *ret,
		struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct tree_merge m CLEANUP(tree_merge_done) = {0};
	struct buf files CLEANUP(buf_done) = BUF_INIT;
	int rc;

	TURN_SHARED(g);
	rc = merge_trees(g, work, epic_head, &m, e);
	if (!rc && !m.clean)
		rc = conflict_text(g, &m, &files, e);
	if (rc)
		return rc;
	ret->files = buf_take(&files);
	ret->ours = log_of(g, work, epic_head, NULL, e);
	ret->theirs = ret->ours ? log_of(g, epic_head, work, NULL, e) : NULL;
	ret->touching = ret->theirs ? log_of(g, epic_head, work, &m, e) : NULL;
	return ret->touching ? 0 : e->code;
}
