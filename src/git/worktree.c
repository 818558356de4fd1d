#include "base/file.h"
#include "git/impl.h"
#include "git/resolve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What of the private git folder an earlier attempt may leave to the next one. */
static const char *const lasting[] = {
	"HEAD", "commondir", "gitdir", "index", "locked", "modules", "config.worktree", FILE_INDEX,
};

/* Where an attempt begins, and from where its commits are counted. */
struct beginning {
	struct oid start, base;
	bool merged;
};

static int epic_head(const struct git_repo *g, struct oid *ret, struct err *e)
{
	int rc = ref_find(g, g->epic_ref, ret, e);

	if (rc || ret->hex[0])
		return rc;
	return err_set(e, ERR_NOT_FOUND, "could not find the epic branch '%s'",
		       g->spec->epic_branch);
}

/* A commit with both histories, the task's first: its first-parent line is the task's own. */
static int join_commit(struct git_repo *g,
		       const struct git_worktree_spec *s,
		       const struct oid *tree,
		       struct beginning *b,
		       struct err *e)
{
	char *message CLEANUP(freep) =
		mem_printf("Merge branch '%s' into %s\n", g->spec->epic_branch,
			   s->branch ? s->branch : "HEAD");
	struct commit_spec c = {
		.tree = *tree, .parents = {&s->last, &b->base},
                     .message = message
        };

	return commit_make(g, &c, &b->start, e);
}

static int begin_merged(struct git_repo *g,
			const struct git_worktree_spec *s,
			struct beginning *b,
			struct err *e)
{
	struct tree_merge m CLEANUP(tree_merge_done) = {0};
	bool has = false;
	int rc = op_ancestor(&g->git, &b->base, &s->last, &has, e);

	b->start = s->last;
	if (rc || has) {
		b->merged = !rc;
		return rc;
	}
	rc = merge_trees(g, &s->last, &b->base, &m, e);
	if (rc)
		return rc;
	b->merged = m.clean;
	if (m.clean)
		return join_commit(g, s, &m.tree, b, e);
	b->base = s->last_base;
	return 0;
}

static int find_beginning(struct git_repo *g,
			  const struct git_worktree_spec *s,
			  struct beginning *b,
			  struct err *e)
{
	int rc = 0;

	if (s->at.hex[0]) {
		b->start = b->base = s->at;
		return 0;
	}
	if (s->from == GIT_FROM_LAST) {
		b->start = s->last;
		b->base = s->last_base;
		return 0;
	}
	rc = epic_head(g, &b->base, e);
	if (!rc && s->from == GIT_FROM_MERGED)
		return begin_merged(g, s, b, e);
	b->start = s->from == GIT_FROM_CONFLICT ? s->last : b->base;
	return rc;
}

/* The branch must be nobody else's: somebody who looks at it would see it move. */
static int check_branch(struct git_repo *g,
			const struct git_worktree_spec *s,
			const struct slot *slot,
			struct err *e)
{
	char *holder CLEANUP(freep) = s->branch ? branch_holder(g, s->branch, slot->admin) : NULL;

	if (!holder)
		return 0;
	(void)err_set(e, ERR_BUSY, "could not use branch '%s': it is checked out in '%s'",
		      s->branch, holder);
	return err_hint(e, "check out another branch there");
}

/* Is it the work of an attempt before this one? */
static bool
is_attempts(const struct git_repo *g, const struct git_worktree_spec *s, const struct oid *at)
{
	char *task CLEANUP(freep) = name_of(s->task);

	for (int i = s->attempt - 1; i > 0; i--) {
		char *ref CLEANUP(freep) = ref_attempt(g, task, i, "");
		struct oid have;

		if (ref_read(g, ref, &have) && oid_eq(&have, at))
			return true;
	}
	return false;
}

/* The branch is about to be reset: what a person made of it meanwhile is named first. */
static int keep_before(struct git_repo *g,
		       const struct git_worktree_spec *s,
		       const struct beginning *b,
		       struct oid *ret,
		       struct err *e)
{
	char *branch CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", s->branch);
	char *task CLEANUP(freep) = name_of(s->task);
	char *ref CLEANUP(freep) = NULL, *line CLEANUP(freep) = NULL;
	bool known = true;
	struct oid tip;
	int rc = ref_find(g, branch, &tip, e);

	if (rc || !tip.hex[0] || oid_eq(&tip, &b->start) || is_attempts(g, s, &tip))
		return rc;
	rc = op_ancestor(&g->git, &tip, &b->base, &known, e);
	if (rc || known)
		return rc;
	rc = ref_spare(g, task, s->attempt, ".before", &tip, &ref, e);
	if (rc)
		return rc;
	line = mem_printf("update %s %s\n", ref, tip.hex);
	rc = refs_change(g, str_of(line), e);
	if (!rc)
		*ret = tip;
	return rc;
}

static bool is_lasting(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(lasting); i++) {
		if (streq(name, lasting[i]))
			return true;
	}
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Unfinished merges, sparse patterns, locks, reflogs of the last attempt: none is the next one's. */
static int sweep_books(const struct slot *s, struct err *e)
{
	struct dirent *entry;
	DIR *dir = opendir(s->admin);
	int rc = 0;

	while (dir && !rc && (entry = readdir(dir))) {
		char *path CLEANUP(freep) = path_join(s->admin, entry->d_name);

		if (!is_lasting(entry->d_name))
			rc = dir_remove(path, e);
	}
	if (dir)
		(void)closedir(dir);
	return rc;
}

/* The index as it was when the last attempt began: nothing the agent did to its own counts. */
static void restore_index(const struct slot *s)
{
	char *kept CLEANUP(freep) = slot_file(s, FILE_INDEX);
	char *index CLEANUP(freep) = slot_file(s, "index");

	if (rename(kept, index) < 0)
		(void)unlink(index); /* then everything is written anew */
}

/* The user's checkout is sparse, or has settings of its own: a worktree made by git inherits both. */
static int inherit(struct git_repo *g, const struct slot *s, struct err *e)
{
	const char *const files[] = {"config.worktree", "info/sparse-checkout"};
	const char *sparse = git_place_config(&g->place, "core.sparsecheckout");
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(files) && !rc; i++) {
		struct buf text CLEANUP(buf_done) = BUF_INIT;
		char *from CLEANUP(freep) = path_join(g->place.git_dir, files[i]);
		char *to CLEANUP(freep) = slot_file(s, files[i]);
		char *info CLEANUP(freep) = slot_file(s, "info");

		if ((i == 1 && !streq(sparse, "true")) ||
		    file_read(from, SMALL_FILE, &text, NULL) < 0)
			continue;
		rc = dir_make(info, e);
		rc = rc ? rc : file_write(to, buf_str(&text), /* durable */ false, e);
	}
	return rc;
}

/* What is true of the main worktree alone must not be copied from its settings. */
static int inherit_own(struct git_repo *g, const struct slot *s, struct err *e)
{
	static const char *const keys[] = {"core.bare", "core.worktree"};
	char *file CLEANUP(freep) = slot_file(s, "config.worktree");
	struct cmd c = repo_cmd(g);
	int rc = 0;

	if (!file_exists(file))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(keys) && !rc; i++) {
		struct child_result r CLEANUP(child_result_done) = {0};

		if (git_place_config(&g->place, keys[i]))
			rc = cmd_run(&c, ARGS("config", "-f", file, "--unset-all", keys[i]), &r, e);
	}
	return rc;
}

static int checkout(struct git_repo *g,
		    const struct slot *s,
		    const char *branch,
		    const struct oid *at,
		    struct err *e)
{
	struct cmd c = slot_cmd(g, s);

	if (branch)
		return cmd_line(&c,
				ARGS("checkout", "-q", "-f", "--no-track", "-B", branch, at->hex),
				NULL, e);
	return cmd_line(&c, ARGS("checkout", "-q", "-f", "--detach", at->hex), NULL, e);
}

/* Remove what no commit brought, all but what is to be kept. */
static int clean(struct git_repo *g, const struct slot *s, const char *const *keep, struct err *e)
{
	VEC(const char *) args = {0};
	struct cmd c = slot_cmd(g, s);
	int rc;

	VEC_PUSH(&args, "clean");
	VEC_PUSH(&args, "-ffdxq");
	for (; keep && *keep; keep++) {
		VEC_PUSH(&args, "-e");
		VEC_PUSH(&args, *keep);
	}
	VEC_PUSH(&args, NULL);
	rc = cmd_line(&c, args.items, NULL, e);
	VEC_DONE(&args);
	return rc;
}

/* Clean a used worktree and move it to its new start. */
static int recycle(struct git_repo *g,
		   const struct git_worktree_spec *spec,
		   const struct slot *s,
		   const struct beginning *b,
		   struct err *e)
{
	int rc = sweep_books(s, e);

	/* A submodule's own state is beyond what checkout and clean take back. */
	if (!rc && slot_has(s, "modules"))
		return err_set(e, ERR_CONFLICT, "it has submodules");
	rc = rc ? rc : slot_make(g, s, b->start.hex, e);
	if (rc)
		return rc;
	restore_index(s);
	rc = inherit(g, s, e);
	rc = rc ? rc : inherit_own(g, s, e);
	rc = rc ? rc : checkout(g, s, spec->branch, &b->start, e);
	return rc ? rc : clean(g, s, spec->keep, e);
}

static int fresh(struct git_repo *g,
		 const struct git_worktree_spec *spec,
		 const struct slot *s,
		 const struct beginning *b,
		 struct err *e)
{
	int rc = slot_make(g, s, b->start.hex, e);

	rc = rc ? rc : inherit(g, s, e);
	rc = rc ? rc : inherit_own(g, s, e);
	return rc ? rc : checkout(g, s, spec->branch, &b->start, e);
}

int work_save(struct git_repo *g, const struct slot *s, struct err *e)
{
	struct mark m CLEANUP(mark_done) = {0};
	struct git_work work;
	bool kept = true;
	int rc = mark_find(s, &m, e);

	if (!rc && m.task && *m.task)
		rc = work_is_kept(g, s, &m, &kept, e);
	if (rc || kept)
		return rc;
	slot_unlink(s, FILE_WORK); /* what it says is not all any more */
	rc = work_collect(g, s,
			  &(struct job){.task = m.task,
					.attempt = m.attempt,
					.title = "left behind",
					.start = m.start,
					.base = m.base},
			  &work, e);
	return rc ? err_wrap(e, "could not save what attempt %d of task '%s' left", m.attempt,
			     m.task)
		  : 0;
}

/*
 * Where it is one of another boot, files may be cut or full of zeros, of which nothing in its index
 * tells: it is neither found again nor used again.
 */
static bool is_of_this_boot(const struct slot *s)
{
	struct mark m CLEANUP(mark_done) = {0};

	return mark_read(s, &m) && m.of_boot;
}

/* Made for this very attempt, which had not begun: it holds nothing of an agent's. */
static bool is_unbegun(const struct git_worktree_spec *spec, const struct slot *s)
{
	struct mark m CLEANUP(mark_done) = {0};
	char *task CLEANUP(freep) = spec->task ? name_of(spec->task) : NULL;

	return task && mark_read(s, &m) && streq(m.task, task) && m.attempt == spec->attempt;
}

static bool folder_is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	while (dir && n < 3 && (entry = readdir(dir)))
		n++;
	if (dir)
		(void)closedir(dir);
	return n < 3; /* "." and ".." */
}

/* Bring the slot to the start, recycled where that works, else from nothing. */
static int prepare(struct git_repo *g,
		   const struct git_worktree_spec *spec,
		   const struct slot *s,
		   const struct beginning *b,
		   bool *ret_recycled,
		   struct err *e)
{
	bool ours = slot_has(s, "gitdir"), whole = ours && is_of_this_boot(s);
	struct err why = ERR_INIT;
	int rc = ours && !is_unbegun(spec, s) ? work_save(g, s, e) : 0;

	if (rc)
		return rc;
	slot_clear_pipes(s);
	slot_unlink(s, FILE_READY);
	slot_unlink(s, FILE_WORK);
	*ret_recycled = whole && file_exists(spec->path) && recycle(g, spec, s, b, &why) == 0;
	if (*ret_recycled)
		return 0;
	if (!ours && !folder_is_empty(spec->path)) {
		(void)err_set(
			e, ERR_INVALID,
			"cannot make a worktree in '%s': something is there that is not ganger's",
			spec->path);
		return err_hint(e, "move it away");
	}
	/* What could not be recycled was saved above. A full disk or a held lock fails again here. */
	rc = ours ? slot_trash(g, s, e) : 0;
	return rc ? rc : fresh(g, spec, s, b, e);
}

/* The answer of an earlier call for the same attempt. */
static bool already(const struct git_worktree_spec *s, const struct slot *slot, struct mark *m)
{
	char *task CLEANUP(freep) = s->task ? name_of(s->task) : NULL;

	if (!task || !mark_read(slot, m))
		return false;
	return m->of_boot && streq(m->task, task) && m->attempt == s->attempt && slot_linked(slot);
}

static void answer(const struct git_repo *g,
		   const struct slot *s,
		   const struct mark *m,
		   struct git_worktree *ret)
{
	ret->start = m->start;
	ret->base = m->base;
	ret->merged = m->merged;
	(void)snprintf(ret->git_dir, sizeof(ret->git_dir), "%s", s->admin);
	(void)snprintf(ret->common_dir, sizeof(ret->common_dir), "%s", g->place.common_dir);
}

static int make(struct git_repo *g,
		const struct git_worktree_spec *spec,
		const struct slot *s,
		struct mark *m,
		struct git_worktree *ret,
		struct err *e)
{
	struct beginning b = {0};
	int rc = check_branch(g, spec, s, e);

	rc = rc ? rc : find_beginning(g, spec, &b, e);
	if (!rc && spec->branch)
		branch_clear(g, spec->branch);
	if (!rc && spec->branch && spec->task)
		rc = keep_before(g, spec, &b, &ret->kept, e);
	rc = rc ? rc : prepare(g, spec, s, &b, &ret->recycled, e);
	if (rc)
		return rc;
	/* For the next checkout here, which only takes longer without it. */
	(void)!slot_copy(s, "index", FILE_INDEX, NULL);
	if (spec->from == GIT_FROM_CONFLICT)
		rc = resolve_begin(g, s, &b.base, e);
	rc = rc ? rc : setup_copy(g->place.root, spec->path, spec->include, /* link */ false, e);
	rc = rc ? rc : setup_copy(g->place.root, spec->path, spec->link, /* link */ true, e);
	rc = rc ? rc : outside_live(g, s, spec->task != NULL, e);
	if (rc)
		return rc;
	m->task = spec->task ? name_of(spec->task) : mem_strdup("");
	m->attempt = spec->attempt;
	m->start = b.start;
	m->base = b.base;
	m->merged = b.merged;
	return mark_write(s, m, e);
}

int op_worktree(struct git *git,
		const struct git_worktree_spec *s,
		struct git_worktree *ret,
		struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct slot slot CLEANUP(slot_done) = {0};
	struct mark m CLEANUP(mark_done) = {0};
	struct git_worktree w = {0};
	int rc = 0;

	TURN_SHARED(g);
	slot_init(g, s->path, &slot);
	w.found = already(s, &slot, &m);
	if (!w.found) {
		mark_done(&m);
		rc = make(g, s, &slot, &m, &w, e);
	}
	if (rc)
		return err_wrap(e, "could not prepare worktree '%s'", s->path);
	answer(g, &slot, &m, &w);
	*ret = w;
	return 0;
}
