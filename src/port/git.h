#ifndef PORT_GIT_H
#define PORT_GIT_H

#include "base/err.h"
#include "base/mem.h"
#include "base/oid.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What the supervisor asks of Git (DESIGN 7). Every call blocks, is made off the loop's
 * thread, has a deadline inside, and is idempotent: called again after a crash, with the
 * same spec, it finds what it did before and answers the same. No two calls under way move the
 * same ref or touch the same worktree: the caller sees to that (docs/adr/0009).
 * Commits are named by full hex ids; an empty id means none.
 */

enum git_push { GIT_PUSH_NEVER = 1, GIT_PUSH_EPIC, GIT_PUSH_ALL };
enum git_method { GIT_MERGE = 1, GIT_SQUASH, GIT_REBASE };
enum git_from {
	GIT_FROM_EPIC = 1, /* fresh: the current head of the epic branch */
	GIT_FROM_LAST,     /* where the last attempt ended */
	GIT_FROM_MERGED,   /* the last attempt's end merged with the epic head; if that conflicts: LAST */
	GIT_FROM_CONFLICT, /* the last attempt's end, with the merge of the epic head in progress: what
			      conflicts is written into the files with markers (zdiff3), and resolved
			      as far as it was once before. base: the epic head */
};

/* What stays the same for one epic; owned by the caller, borrowed until git free. */
struct git_epic_spec {
	const char *epic;         /* id, as in the tracker */
	const char *epic_branch;  /* "epic/real", already expanded */
	const char *base;         /* branch; NULL: the remote's default branch, else the current one */
	const char *state_dir;    /* <state>/<epic>: anchor, worktree/, gate/, trash below it */
	const char *worktree_dir; /* where task worktrees go; NULL: <state_dir>/worktree */
	enum git_push push;
	const char *remote;       /* NULL: the base's upstream remote, else "origin" */
};

struct git_opened {
	char base[256];         /* branch name without refs/heads/ */
	struct oid base_head;   /* at the time of the call */
	struct oid epic_head;
	struct oid fork;        /* where the two parted; empty: they have nothing in common */
	char remote[128];       /* empty: none */
	bool created;           /* the epic branch was made now */
};

struct git_worktree_spec {
	const char *path;         /* absolute; of a pool slot; may hold an earlier worktree of ours */
	const char *task;         /* id; NULL: the gate or pre-flight */
	int attempt;
	const char *branch;       /* checked out there, made or reset to the start; NULL: detached */
	enum git_from from;
	struct oid at;            /* for a gate: exactly this commit; else empty */
	struct oid last;          /* for LAST and MERGED */
	struct oid last_base;     /* what 'last' was measured against; for LAST */
	const char *const *include; /* ignored files (globs) copied from the user's checkout; may be NULL */
	const char *const *link;    /* … linked from it */
	const char *const *keep;    /* ignored paths that survive recycling (git clean -e) */
};

struct git_worktree {
	struct oid start;   /* HEAD as the attempt begins */
	struct oid base;    /* commits ahead are counted from here: the epic's side of the start */
	bool found;         /* it was ready already, made by an earlier call with this task and attempt */
	bool recycled;
	bool merged;        /* MERGED did merge */
	struct oid
		kept; /* what somebody left on the branch: named <attempt>.before; empty: nothing */
	char git_dir[512];  /* the worktree's private git folder, and */
	char common_dir[512];
};

struct git_collect_spec {
	const char *path;
	const char *task;
	int attempt;
	const char *title;        /* for the message of a leftovers commit */
	const char *branch;       /* is set to the result */
	struct oid start, base;
	bool commit_leftovers;    /* policy.uncommitted = commit; either way they are saved under a ref */
	const char *const *leave_out; /* globs set-up brought in (include, link): not committed */
	/* It was made with CONFLICT: what is there is the merge of start and base. It is committed
	 * as that, on base and on what the agent committed, if nothing is left of the conflict and
	 * nothing else was touched; else 'problem' says why not, and head is where HEAD was. */
	bool resolve;
};

/* What is in conflict, for who is to resolve it. Owned; git_conflict_done(). */
struct git_conflict {
	char *files;  /* a file a line, "path (2 hunks)", "path (modify/delete)" */
	char *ours;   /* log of the work, a commit a line */
	char *theirs; /* of what landed since */
	char *touching; /* commits of that to these files */
};
void git_conflict_done(struct git_conflict *c);

struct git_work {
	struct oid head;       /* the work: named by refs/ganger/<epic>/<task>/<attempt> */
	int ahead;             /* commits from base to head */
	int leftovers; /* files of the agent's that it did not commit: now they are (or saved) */
	char left_out[1024];   /* files not committed, one a line "path: reason"; saved in <attempt>.rest */
	char problem[512];     /* why the work cannot be used (does not descend, unfinished merge or
	                          rebase, worktree gone, something written outside); empty: fine.
	                          The work is kept either way. */
	char other_branch[256]; /* the branch it was on, if not its own; empty otherwise */
};

enum git_merged { GIT_MERGED = 1, GIT_CONFLICT, GIT_ALREADY };

struct git_merge_spec {
	enum git_method method;
	struct oid onto;       /* the epic's head to merge onto */
	struct oid head;       /* the work */
	struct oid landed;     /* what a landing of it was to make of the branch, or empty: without
	                          the work's history in it, nothing else says that it is in */
	const char *task;
	int attempt;
	const char *subject;   /* first line of the commit */
	const char *body;      /* further text or NULL; trailers are added here */
};

struct git_merge {
	enum git_merged result;
	struct oid commit,
		tree; /* of MERGED; the commit is kept by refs/ganger/<epic>/<task>/merge.
				    Of ALREADY: what of it is in 'onto', head or landed */
	char conflicts[4096];    /* of CONFLICT: a path a line, as git names them, and what of it:
				    "path (2 hunks)", "path (modify/delete)" */
};

enum git_landed {
	GIT_LANDED = 1, /* new is in the ref (now or from before) */
	GIT_MOVED, /* the ref is elsewhere but descends from the last landing: merge anew on 'tip' */
	GIT_REWRITTEN, /* it does not descend from the last landing: a person is needed */
	GIT_FREE,      /* of LOOK: the ref is at 'old' */
};

enum git_land_by {
	GIT_LAND_PUSH,  /* with a remote a push, without one the compare-and-swap alone */
	GIT_LAND_LOOK,  /* only look: may it land? Nothing is moved but the local branch, forward */
	GIT_LAND_THERE, /* the forge has merged it as 'there': prove that, and follow */
};

struct git_land_spec {
	const char *branch;      /* without refs/heads/ */
	struct oid old, new_;
	enum git_land_by by;
	struct oid there;        /* of THERE: the commit that should be in the remote's branch */
	const char *task;        /* whose landing it is; for the reflog */
};

struct git_land {
	enum git_landed result;
	struct oid tip;       /* the ref as seen */
	char text[256];       /* what the remote said, for a person; may be empty. Of THERE: what
	                         was tested is not what landed */
};

/* ---- for 'ganger gc': what is there, and may it go? ---- */

struct git_ref {
	char *name;    /* whole: "refs/…" */
	struct oid at; /* the commit */
	char *held;    /* a branch: the worktree that has it checked out; NULL: none */
	bool in;       /* 'at' is in the commit that was asked about */
};
struct git_refs {
	VEC(struct git_ref) items;
};
void git_refs_done(struct git_refs *r);

struct git_found {
	char *path;
	bool there; /* the folder exists; else only what git knows of it */
	bool anchor;
	char problem[256]; /* why remove() would leave it; empty: it would not */
};
struct git_founds {
	VEC(struct git_found) items;
};
void git_founds_done(struct git_founds *f);

/* ---- after a reboot ---- */

/* The commits a task cannot go on without; an empty one is not asked about. */
struct git_named {
	const char *task; /* id; borrowed */
	char *branch;     /* of its attempts; NULL: of a person */
	int attempt;      /* the latest */
	struct oid
		head; /* the work, of this attempt or an earlier one; empty: it need not be there */
	struct oid merge, as; /* its merge, and the one that its group lands as */
	bool head_lost, merge_lost; /* the answer */
};

struct git;

struct git_ops {
	/*
	 * Check that the repository can be worked in (INVALID: bare, unborn base, a branch named
	 * as a prefix of ours, epic branch checked out elsewhere, with the path), find the
	 * base, make the epic branch where absent, make the anchor.
	 */
	int (*open_epic)(struct git *g, struct git_opened *ret, struct err *e);
	int (*worktree)(struct git *g, const struct git_worktree_spec *s, struct git_worktree *ret,
			struct err *e);
	/*
	 * Set-up has run here and the agent has not begun: what differs from the start is not the
	 * agent's, and where it stays as it is collect() leaves it out.
	 */
	int (*brought)(struct git *g, const char *path, struct err *e);
	/*
	 * The agent is about to begin here: note what all worktrees share (hooks, configuration,
	 * branches, tags, people's worktrees), so that collect() can say in 'problem' what the
	 * attempt changed of it. busy: something else of ours is at work that has no attempt's
	 * worktree (a check); other attempts, also of other epics, are known. Where somebody else
	 * may have made a change, nobody is blamed.
	 */
	int (*watch)(struct git *g, const char *path, bool busy, struct err *e);
	/* What was in conflict as a worktree was made with CONFLICT. */
	int (*conflict)(struct git *g,
			const struct oid *work,
			const struct oid *epic_head,
			struct git_conflict *ret,
			struct err *e);
	/* Called when every process of the attempt is gone. Leaves HEAD there detached. */
	int (*collect)(struct git *g, const struct git_collect_spec *s, struct git_work *ret,
		       struct err *e);
	int (*merge)(struct git *g, const struct git_merge_spec *s, struct git_merge *ret,
		     struct err *e);
	int (*land)(struct git *g, const struct git_land_spec *s, struct git_land *ret,
		    struct err *e);
	/* The commit a branch, ref or id names; NOT_FOUND. With a remote prefix as git takes it. */
	int (*resolve)(struct git *g, const char *name, struct oid *ret, struct err *e);
	/* The paths that differ between two commits, a zero byte after each, appended to ret. */
	int (*touched)(struct git *g,
		       const struct oid *from,
		       const struct oid *to,
		       struct buf *ret,
		       struct err *e);
	/*
	 * The paths in a worktree of ours that differ now from the commit it began at, committed
	 * or not, a zero byte after each, appended to ret. It takes no lock: its agent may be at
	 * work there.
	 */
	int (*changed)(struct git *g,
		       const char *path,
		       const struct oid *start,
		       struct buf *ret,
		       struct err *e);
	/* Name a commit by refs/ganger/<epic>/<task>/<attempt> (for submitted branches and fixes).
	 * What had that name before is then named <attempt>.earlier. */
	int (*keep)(struct git *g, const char *task, int attempt, const struct oid *head,
		    struct err *e);
	/* Push the task branch at this commit (git.push = all); nothing otherwise. CONFLICT: somebody
	 * pushed to it what no attempt made. */
	int (*push_task)(struct git *g, const char *branch, const struct oid *head, struct err *e);
	/* Is a an ancestor of b? *ret set on success. */
	int (*ancestor)(struct git *g, const struct oid *a, const struct oid *b, bool *ret,
			struct err *e);
	/*
	 * What differs between the commits a and b, for a reader: how much in which file, then the
	 * patch. Appended to ret, of which no more than its max is kept.
	 */
	int (*diff)(struct git *g,
		    const struct oid *a,
		    const struct oid *b,
		    struct buf *ret,
		    struct err *e);
	/*
	 * Does what differs between the commits a and b match one of the globs? They are read as
	 * git's pathspecs with ":(glob)"; one that begins with ':' says itself what it is.
	 */
	int (*touches)(struct git *g, const struct oid *a, const struct oid *b,
		       const char *const *globs, bool *ret, struct err *e);
	/*
	 * Take away one worktree (renamed to trash, deleted there); one whose work no ref names is
	 * left and named in the error. With NULL all of the epic's and the anchor: what nobody
	 * collected is saved first, under the attempt's ref.
	 */
	int (*remove)(struct git *g, const char *path, struct err *e);
	/* Every ref below a prefix ("refs/heads"), by name. into: NULL, or the commit that is
	 * asked about. git_refs_done(). */
	int (*refs)(struct git *g,
		    const char *prefix,
		    const struct oid *into,
		    struct git_refs *ret,
		    struct err *e);
	/* Delete a ref that still has this value; one that is gone is fine. CONFLICT: it has moved. */
	int (*drop_ref)(struct git *g, const char *ref, const struct oid *at, struct err *e);
	/*
	 * Has all that 'head' has come into 'in' as one commit, by whomever: one of its first-parent
	 * line that is, to the file, head merged into its parent? *ret set on success.
	 */
	int (*squashed)(struct git *g,
			const struct oid *head,
			const struct oid *in,
			bool *ret,
			struct err *e);
	/* The epic's worktrees, the anchor among them. git_founds_done(). */
	int (*worktrees)(struct git *g, struct git_founds *ret, struct err *e);
	/*
	 * After a reboot, before prove(), with nothing else under way: take away the files of objects
	 * that a power cut left empty or torn, which git would take for the objects.
	 *
	 * since_ms  wall clock: when work under way at the cut had begun, at the latest. What was
	 *           written an hour before that had long been on the disk, and is not read.
	 * ret       how many were torn; they are in 'trash' below state_dir
	 */
	int (*clear_torn)(struct git *g, int64_t since_ms, size_t *ret, struct err *e);
	/*
	 * Is what was named still there, as a whole commit? Called before open_epic(), with nothing
	 * else under way. What is missing is looked for on the remote, where the epic is pushed; a
	 * head that no attempt's ref names is named again.
	 */
	int (*prove)(struct git *g, struct git_named *v, size_t n, struct err *e);
	void (*free)(struct git *g);
};

struct git {
	const struct git_ops *ops;
};

#endif
