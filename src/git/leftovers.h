#ifndef GIT_LEFTOVERS_H
#define GIT_LEFTOVERS_H

#include "git/impl.h"

/* Index files of ours, beside the agent's. */
#define FILE_OWN  "ganger-own-index"
#define FILE_NEXT "ganger-next-index"

/* Something in a worktree that HEAD does not have like this. */
struct leftover {
	char *path;
	bool is_new;     /* HEAD has no such file */
	bool nested;     /* a repository of its own, or a submodule with changes inside */
	bool gitlink;    /* a submodule at another commit */
	bool brought;    /* by set-up, and not changed since: it is not even saved */
	const char *out; /* why it is not committed; NULL: it is */
};

struct leftovers {
	VEC(struct leftover) files;
	bool unmerged;     /* conflicts of an earlier merge are in it */
	bool broken_index; /* the agent's index could not be read */
};

void leftovers_done(struct leftovers *l);

/*
 * Ask git what in the worktree differs from HEAD, ignored files aside. One process.
 *
 * tree      NULL, or what the files are compared with in HEAD's place; two more processes
 */
int leftovers_find(struct git_repo *g,
		   const struct slot *s,
		   const struct oid *head,
		   const struct oid *tree,
		   struct leftovers *ret,
		   struct err *e);

/* Decide of each whether it is committed. */
void leftovers_judge(struct leftovers *l, const struct slot *s, const char *const *leave_out);

/* Mark what set-up brought in and the agent left as it was. */
int leftovers_brought(struct git_repo *g, const struct slot *s, struct leftovers *l, struct err *e);

/*
 * The parts of leftovers_commit(): the tree of 'onto' with what is to be committed (empty: nothing
 * is), in an index of our own; then everything else as a commit on parent.
 */
int leftovers_tree(struct git_repo *g,
		   const struct slot *s,
		   const struct leftovers *l,
		   const struct job *j,
		   const struct oid *onto,
		   struct oid *ret,
		   struct err *e);
int leftovers_rest(struct git_repo *g,
		   const struct slot *s,
		   const struct leftovers *l,
		   const struct job *j,
		   const struct oid *parent,
		   struct oid *ret,
		   struct err *e);

/*
 * Commit them onto head, by an index of our own: what is to be committed first, then on top of
 * that the rest. FILE_NEXT is left for the worktree's index, where there is one.
 *
 * ret_head  head, or the commit on it
 * ret_rest  the commit with everything else; empty: there is nothing else
 */
int leftovers_commit(struct git_repo *g,
		     const struct slot *s,
		     const struct leftovers *l,
		     const struct job *j,
		     const struct oid *head,
		     struct oid *ret_head,
		     struct oid *ret_rest,
		     struct err *e);

/*
 * Name the history of a repository that lies in the worktree by refs of ours, and append the
 * files in it to 'paths' (NUL-separated, from the top of the worktree).
 */
int nested_keep(struct git_repo *g,
		const struct slot *s,
		const struct job *j,
		const char *path,
		int number,
		struct buf *paths,
		struct err *e);

#endif
