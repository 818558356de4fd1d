#include "git/impl.h"

/*
 * Squashed, nothing of a branch's history is where it went: that all of it is there is seen by its
 * files. Trailers and messages are no proof; a merge made once more, that gives the same tree, is.
 */

/* How many commits of the other branch are looked at, the latest first. */
#define SQUASHED_MAX 300

/* "<commit> <tree> <parent>" */
struct candidate {
	struct oid commit, tree, parent;
};

static bool candidate_read(struct str line, struct candidate *ret)
{
	struct str commit, tree, parent;

	return str_next(&line, ' ', &commit) && str_next(&line, ' ', &tree) &&
	       str_next(&line, ' ', &parent) && oid_parse(commit, &ret->commit) &&
	       oid_parse(tree, &ret->tree) && oid_parse(parent, &ret->parent);
}

/* Is this commit 'head' merged into its parent? One that changes nothing would be that of nothing. */
static int is_squash(struct git_repo *g,
		     const struct oid *head,
		     const struct candidate *c,
		     bool *ret,
		     struct err *e)
{
	struct tree_merge m CLEANUP(tree_merge_done) = {0};
	char *parent CLEANUP(freep) = mem_printf("%s^{tree}", c->parent.hex);
	struct cmd cmd = repo_cmd(g);
	struct oid before;
	int rc = merge_trees(g, &c->parent, head, &m, e);

	if (rc || !m.clean || !streq(m.tree.hex, c->tree.hex))
		return rc;
	rc = cmd_oid(&cmd, ARGS("rev-parse", "--verify", "--quiet", parent), &before, e);
	*ret = rc == 0 && !streq(before.hex, c->tree.hex);
	return rc;
}

int op_squashed(
	struct git *git, const struct oid *head, const struct oid *in, bool *ret, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	char *range CLEANUP(freep) = mem_printf("%s..%s", head->hex, in->hex);
	char *most CLEANUP(freep) = mem_printf("--max-count=%d", SQUASHED_MAX);
	struct candidate one;
	struct str rest, line;
	bool is = false;
	int rc = cmd_ok(&c,
			ARGS("log", "--first-parent", "--no-merges", most, "--format=%H %T %P",
			     range, "--"),
			&r, e);

	for (rest = buf_str(&r.out); rc == 0 && !is && str_next(&rest, '\n', &line);)
		if (candidate_read(line, &one)) /* the first commit of all has no parent */
			rc = is_squash(g, head, &one, &is, e);
	if (rc == 0)
		*ret = is;
	return rc;
}
