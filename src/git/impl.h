#ifndef GIT_IMPL_H
#define GIT_IMPL_H

/* What the files of this folder share; git.h is for everybody else. */

#include "base/clean.h"
#include "base/mem.h"
#include "git/cmd.h"
#include "git/git.h"

#include <pthread.h>

#define PREFIX_HEADS "refs/heads/"
/* Files of ours in a worktree's private git folder. */
#define FILE_READY   "ganger-ready"
#define FILE_WORK    "ganger-work"
#define FILE_INDEX   "ganger-index"
#define FILE_BROUGHT "ganger-brought" /* what set-up left; absent: nothing */
#define FILE_OUTSIDE "ganger-outside" /* outside.c: what was there as the agent began */
#define FILE_LIVE    "ganger-live"    /* an attempt is under way here */
#define FILE_SHARED  "ganger-shared"  /* and another one was, or a check, at the same time */
#define SMALL_FILE   (1u << 20)

/* A commit whose tree is known; of a merge also what it was made onto. */
struct made {
	struct oid at, onto, tree;
};

/* More than a train is long, so that what lands is among them. */
#define MADE_MAX 16

/* One epic in one repository. What is written after git_new() is written by calls that the caller
 * makes one at a time (port/git.h). */
struct git_repo {
	struct git git; /* first */
	struct git_place place;
	const struct git_epic_spec *spec; /* borrowed */
	struct child_env env;
	bool has_env;
	bool signs;         /* commit.gpgsign */
	bool bare_main;     /* the main worktree is none: core.bare with worktrees beside it */
	char *epic_name;    /* spec->epic as a ref component */
	char *epic_ref;     /* refs/heads/<epic branch> */
	char *anchor;       /* path of the anchor */
	char *anchor_admin; /* its private git folder */
	char *ssh;          /* GIT_SSH_COMMAND that asks nothing */
	char *remote;       /* NULL: none */
	const char *const
		*identity;        /* variables of the stand-in identity; NULL: the user has one */
	struct oid anchor_at;     /* the commit the anchor's files are from; empty: not known */
	int64_t anchor_ms;        /* when its index was last brought there */
	struct cmd_stay differ;   /* anchor.c: tells trees apart */
	struct cmd_stay keeper;   /* refs.c: sets refs … */
	struct cmd_stay mover;    /* … and moves the epic branch, beside it */
	struct made made[MADE_MAX]; /* the latest, in a ring */
	unsigned n_made;
	atomic_uint n_processes;
	/* Opening and removing the epic take away locks and worktrees: nobody else works then. */
	pthread_rwlock_t turn;
	/* The anchor: a landing and merges for later ones share it. A merge is long. */
	pthread_mutex_t queue;
	pthread_mutex_t making; /* what was made, for a moment at a time */
};

static inline void turn_endp(pthread_rwlock_t **turn)
{
	(void)pthread_rwlock_unlock(*turn); /* it is ours */
}

static inline void mutex_endp(pthread_mutex_t **mutex)
{
	(void)pthread_mutex_unlock(*mutex); /* it is ours */
}

/* For the rest of the block it is ours; locking cannot fail. */
#define MUTEX_HELD(mutex)                                                                          \
	pthread_mutex_t *mutex_ CLEANUP(mutex_endp) = (mutex);                                     \
	(void)pthread_mutex_lock(mutex_)

/* For the rest of the block: nobody else merges, or uses the anchor. */
#define QUEUE_ALONE(g) MUTEX_HELD(&(g)->queue)

/* For the rest of the block: with others, or alone. Neither can fail on a lock that is not ours. */
#define TURN_SHARED(g)                                                                             \
	pthread_rwlock_t *turn_ CLEANUP(turn_endp) = &(g)->turn;                                   \
	(void)pthread_rwlock_rdlock(turn_)
#define TURN_ALONE(g)                                                                              \
	pthread_rwlock_t *turn_ CLEANUP(turn_endp) = &(g)->turn;                                   \
	(void)pthread_rwlock_wrlock(turn_)

static inline struct git_repo *repo_of(struct git *g)
{
	return (struct git_repo *)g;
}

static inline bool oid_eq(const struct oid *a, const struct oid *b)
{
	return streq(a->hex, b->hex);
}

/* git in the repository without a worktree. */
struct cmd repo_cmd(struct git_repo *g);
/* git in the anchor, where there is one: what reads .gitattributes sees the epic's. */
struct cmd anchor_cmd(struct git_repo *g);

/* ---- refs.c ---- */

/* "refs/ganger/<epic>/<task>/<leaf>"; the caller owns it. task is a ref component already. */
char *ref_kept(const struct git_repo *g, const char *task_name, const char *leaf);
/* The same for an attempt; suffix is "" or ".rest" and the like. */
char *ref_attempt(const struct git_repo *g, const char *task_name, int attempt, const char *suffix);
/*
 * Such a name for a commit that nothing else has: the first free one of "<suffix>", "<suffix>.2", …, or the
 * one that the commit has. What was named stays named.
 */
int ref_spare(const struct git_repo *g,
	      const char *task_name,
	      int attempt,
	      const char *suffix,
	      const struct oid *at,
	      char **ret,
	      struct err *e) MUST_CHECK;
char *name_of(const char *id); /* buf_name() as an owned text */
/* Tells texts of one machine apart; not for anything hostile. */
uint64_t text_hash(const char *s);

/*
 * Read a file that may be absent; *ret_there says so. An error is trouble of the disk or the system:
 * whether there is such a file is not known then.
 */
int read_if_there(const char *path, size_t max, struct buf *text, bool *ret_there, struct err *e)
	MUST_CHECK;
/*
 * Read a ref from git's files, exactly as git does (loose, then packed; symbolic ones are followed
 * within the common folder); *ret is empty where there is none. No process. What could not be read
 * (no descriptor, a bad disk) is an error: to take it for absent would lose what it names.
 */
int ref_find(const struct git_repo *g, const char *ref, struct oid *ret, struct err *e) MUST_CHECK;
/* The same where nothing depends on it: false: there is none, or it could not be read. */
bool ref_read(const struct git_repo *g, const char *ref, struct oid *ret);
bool ref_read_in(const char *common_dir, const char *ref, struct oid *ret);
/* A whole object name, nothing else. */
bool oid_parse(struct str text, struct oid *ret);

/* Set a ref whatever it holds; old (may be NULL) must be its value, an empty one: absent. */
int ref_set(struct git_repo *g,
	    const char *ref,
	    const struct oid *new_,
	    const struct oid *old,
	    struct err *e);
/* Change refs in one transaction: lines as 'git update-ref --stdin' reads them. */
int refs_change(struct git_repo *g, struct str lines, struct err *e);

/* What is remembered of a commit; false: nothing. */
bool made_find(struct git_repo *g, const struct oid *commit, struct made *ret);
void made_add(struct git_repo *g, const struct made *m);

/* The tree of a commit; one process, none where it is remembered. */
int commit_tree_of(struct git_repo *g, const struct oid *commit, struct oid *ret, struct err *e);

/* The folder of a worktree, other than ours at except_admin, that has this branch checked out;
 * the caller owns it. NULL: none. */
char *branch_holder(const struct git_repo *g, const char *branch, const char *except_admin);

/* There are branches 'branch/more' in the place of it. */
bool branch_is_folder(const struct git_repo *g, const char *branch);
/*
 * Take away locks that a git process left which was killed in the middle. Only where none can be
 * alive: of our helpers when an epic is opened (recovery has waited for them), of an attempt's when
 * it is over or has not begun.
 */
void refs_unlock(const struct git_repo *g);
void branch_unlock(const struct git_repo *g, const char *branch);
/* And refs without an id in them, which a power cut left: git would refuse to set these. */
void branch_clear(const struct git_repo *g, const char *branch);
/* Those of refs/ganger/<epic>/<task>/<leaf> and of <leaf>.<more>: of this task's one action. */
void kept_clear(const struct git_repo *g, const char *task_name, const char *leaf);
/* The epic branch's, if it is so old that nobody alive can hold it. */
void epic_unlock(const struct git_repo *g);

/* Have these objects, an id a line, on the disk; other lines, and what is in packs, are passed over. */
int objects_sync(struct git_repo *g, struct str ids, struct err *e) MUST_CHECK;
/* And that these lines of 'update-ref --stdin', which git has carried out, are. */
int refs_sync(const struct git_repo *g, struct str lines, struct err *e) MUST_CHECK;
/* Likewise a commit with all that 'without', a revision, has not. */
int commit_sync(struct git_repo *g, const struct oid *head, const char *without, struct err *e)
	MUST_CHECK;

/* ---- slot.c: a worktree of ours, and the books git keeps of it ---- */

struct slot {
	char *path;
	char *admin; /* <common>/worktrees/ganger-<name>-<hash of path> */
};

void slot_init(const struct git_repo *g, const char *path, struct slot *ret);
void slot_done(struct slot *s);
struct cmd slot_cmd(struct git_repo *g, const struct slot *s);
/* Write what git needs to know of it, HEAD at this text ("ref: …" or an id). Nothing is checked out. */
int slot_make(const struct git_repo *g, const struct slot *s, const char *head, struct err *e);
/* Git can find the repository from its books; a power cut may have left them without their text. */
bool slot_holds(const struct slot *s);
/* The '.git' file in the folder says where the books are, and so the agent left it. */
bool slot_linked(const struct slot *s);
int slot_link(const struct slot *s, struct err *e);
int slot_set_head(const struct slot *s, const char *head, struct err *e);
/* Rename the folder to the epic's trash and delete it there; the books go too. */
int slot_trash(struct git_repo *g, const struct slot *s, struct err *e);
/* Where the books of a worktree are moved as they go; the caller frees. */
char *books_trash(const struct git_repo *g);
int slot_trash_folder(struct git_repo *g, const char *path, struct err *e);
/* A file in the private git folder; the caller owns it. */
char *slot_file(const struct slot *s, const char *name);
bool slot_has(const struct slot *s, const char *name);
void slot_unlink(const struct slot *s, const char *name);
/* Pipes in the private git folder are nothing of git's: whoever reads one waits for a writer. */
void slot_clear_pipes(const struct slot *s);
/*
 * Copy a file in the private git folder; where there is none, none is there after. Its time is
 * kept: git tells by an index's own time which files it has to read again, and a newer copy would
 * hide a change made within the second of the checkout.
 */
int slot_copy(const struct slot *s, const char *from_name, const char *to_name, struct err *e);

/* What the ready mark says of a worktree. Owned; mark_done(). */
struct mark {
	char *task; /* ref component; empty: a gate */
	int attempt;
	struct oid start, base;
	bool merged;
	bool of_boot; /* it was written in this boot of the machine; not to be set */
};

/* ret->task is NULL where there is none, or none that is whole. e: it could not be read. */
int mark_find(const struct slot *s, struct mark *ret, struct err *e) MUST_CHECK;
/* The same where nothing depends on it: false: there is none, or it could not be read. */
bool mark_read(const struct slot *s, struct mark *ret);
int mark_write(const struct slot *s, const struct mark *m, struct err *e);
void mark_done(struct mark *m);

/* "key value" lines: the first value of key; false: no such line. */
bool line_find(struct str text, const char *key, struct str *ret);

/* ---- reflog.c ---- */

/* After a power cut: leave in the logs of these branches (git_named.branch) what is there to name. */
int reflogs_mend(struct git_repo *g, const struct git_named *v, size_t n, struct err *e) MUST_CHECK;

/* ---- collect.c ---- */

struct job {
	const char *task; /* ref component */
	int attempt;
	const char *title;
	const char *branch; /* NULL: is left alone */
	struct oid start, base;
	bool commit_leftovers;
	const char *const *leave_out;
	bool resolve; /* see git_collect_spec */
};

int work_collect(struct git_repo *g,
		 const struct slot *s,
		 const struct job *j,
		 struct git_work *ret,
		 struct err *e);
/* The attempt the mark names was collected, a ref holds its work, and HEAD has not moved since. */
int work_is_kept(const struct git_repo *g,
		 const struct slot *s,
		 const struct mark *m,
		 bool *ret,
		 struct err *e) MUST_CHECK;

/* ---- worktree.c ---- */

/* Rule 8: what an attempt left there that nobody collected is named by a ref before it goes. */
int work_save(struct git_repo *g, const struct slot *s, struct err *e);

/* ---- outside.c: did an attempt write outside its worktree? ---- */

/* Something begins in this worktree. All that are under way then are told that they are not alone. */
int outside_live(const struct git_repo *g, const struct slot *s, bool is_attempt, struct err *e);
/* ret: what this attempt, and nobody else, did since op_watch(); empty: nothing that is certain. */
void outside_judge(const struct git_repo *g,
		   const struct slot *s,
		   const char *own_branch,
		   char *ret,
		   size_t size);
void outside_over(const struct slot *s);

/* ---- conflict.c ---- */

struct conflicted {
	char *path;
	char kind[40]; /* as git says: "contents", "modify/delete"; may be empty */
	int hunks;     /* once conflict_text() has counted them */
	bool unmerged; /* the agent's index has not made up its mind */
};

/* tree_merge_done() */
struct tree_merge {
	bool clean;
	struct oid ours, tree; /* with conflicts: markers are in its files */
	VEC(struct conflicted) files;
};
void tree_merge_done(struct tree_merge *m);

int merge_trees(struct git_repo *g,
		const struct oid *ours,
		const struct oid *theirs,
		struct tree_merge *ret,
		struct err *e);

/* A file a line, with its hunks or what kind of conflict it is. One process. */
int conflict_text(struct git_repo *g, struct tree_merge *m, struct buf *ret, struct err *e);

/* ---- merge.c ---- */

struct commit_spec {
	struct oid tree;
	const struct oid *parents[2];
	const char *message;
	const char *const *set; /* "GIT_AUTHOR_…=" or NULL */
	bool sign;
};

int commit_make(struct git_repo *g, const struct commit_spec *s, struct oid *ret, struct err *e);

/* ---- anchor.c ---- */

int anchor_open(struct git_repo *g, const struct oid *epic_head, struct err *e);
/* Its .gitattributes become those of 'at', before a merge onto it. */
int anchor_refresh(struct git_repo *g, const struct oid *at, struct err *e);
/* Its index follows a landing, now and then, so that 'git status' there is calm. */
void anchor_follow(struct git_repo *g, const struct oid *at);

/* ---- setup.c: ignored files from the user's checkout ---- */

int setup_copy(
	const char *from, const char *to, const char *const *globs, bool link, struct err *e);
/* From one descriptor to another, shared blocks where the file system can; -1 with errno. */
int file_copy_bytes(int from, int to);
/* Is path, or a folder above it, named by one of the globs? */
bool globs_match(const char *const *globs, const char *path);

/* ---- the operations ---- */

int op_open_epic(struct git *git, struct git_opened *ret, struct err *e);
int op_worktree(struct git *git,
		const struct git_worktree_spec *s,
		struct git_worktree *ret,
		struct err *e);
int op_brought(struct git *git, const char *path, struct err *e);
int op_watch(struct git *git, const char *path, bool busy, struct err *e);
int op_conflict(struct git *git,
		const struct oid *work,
		const struct oid *epic_head,
		struct git_conflict *ret,
		struct err *e);
int op_collect(struct git *git,
	       const struct git_collect_spec *s,
	       struct git_work *ret,
	       struct err *e);
int op_merge(struct git *git, const struct git_merge_spec *s, struct git_merge *ret, struct err *e);
int op_land(struct git *git, const struct git_land_spec *s, struct git_land *ret, struct err *e);
int op_resolve(struct git *git, const char *name, struct oid *ret, struct err *e);
int op_touched(struct git *git,
	       const struct oid *from,
	       const struct oid *to,
	       struct buf *ret,
	       struct err *e);
int op_changed(
	struct git *git, const char *path, const struct oid *start, struct buf *ret, struct err *e);
int op_keep(struct git *git, const char *task, int attempt, const struct oid *head, struct err *e);
int op_push_task(struct git *git, const char *branch, const struct oid *head, struct err *e);
int op_ancestor(
	struct git *git, const struct oid *a, const struct oid *b, bool *ret, struct err *e);
int op_diff(struct git *git,
	    const struct oid *a,
	    const struct oid *b,
	    struct buf *ret,
	    struct err *e);
int op_touches(struct git *git,
	       const struct oid *a,
	       const struct oid *b,
	       const char *const *globs,
	       bool *ret,
	       struct err *e);
int op_remove(struct git *git, const char *path, struct err *e);
int op_refs(struct git *git,
	    const char *prefix,
	    const struct oid *into,
	    struct git_refs *ret,
	    struct err *e);
int op_drop_ref(struct git *git, const char *ref, const struct oid *at, struct err *e);
int op_squashed(
	struct git *git, const struct oid *head, const struct oid *in, bool *ret, struct err *e);
int op_worktrees(struct git *git, struct git_founds *ret, struct err *e);
int op_clear_torn(struct git *git, int64_t since_ms, size_t *ret, struct err *e);
int op_prove(struct git *git, struct git_named *v, size_t n, struct err *e);

/* ---- remove.c ---- */

/* The folders of all worktrees of the epic, or an error; the caller frees each, and the list. */
int list_slots(const struct git_repo *g, char ***ret, size_t *ret_n, struct err *e) MUST_CHECK;
/*
 * A worktree whose attempt was not collected holds the only copy of something: CONFLICT. Any other
 * error: that could not be told.
 */
int slot_check_kept(const struct git_repo *g, const struct slot *s, struct err *e) MUST_CHECK;

/* ---- remote.c ---- */

/* A push of one ref. Never an error by itself: what counts is what the remote says after. */
struct push {
	const char *branch;
	struct oid lease; /* what the remote must have; empty: nothing */
	struct oid head;
	char said[256]; /* the remote's words, or ours */
	bool ran_out;   /* of time */
};

int remote_push(struct git_repo *g, struct push *p, struct err *e);
/* What the remote has now; empty: no such branch. */
int remote_tip(struct git_repo *g, const char *branch, struct oid *ret, struct err *e);
/* Bring the remote's branch here, under a ref of ours, so that it can be compared. */
int remote_fetch(struct git_repo *g, const char *branch, struct err *e);

#endif
