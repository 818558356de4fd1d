#include "base/file.h"
#include "git/collect-impl.h"
#include "git/resolve.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void PRINTF_LIKE(2, 3) problem(struct collection *c, const char *fmt, ...)
{
	va_list ap;

	if (c->work.problem[0])
		return; /* the first one explains the others */
	va_start(ap, fmt);
	(void)vsnprintf(c->work.problem, sizeof(c->work.problem), fmt, ap);
	va_end(ap);
}

/* ---- Looking ---- */

/* Operations an agent may leave half done, by the file git keeps of each. */
static const struct {
	const char *file, *name;
} unfinished[] = {
	{"rebase-merge",     "rebase"               },
        {"rebase-apply",     "rebase"               },
	{"MERGE_HEAD",       "merge"                },
        {"CHERRY_PICK_HEAD", "cherry-pick"          },
	{"REVERT_HEAD",      "revert"               },
        {"sequencer",        "cherry-pick or revert"},
	{"BISECT_START",     "bisect"               },
};

static bool branch_read(struct collection *c, const char *branch, struct oid *ret)
{
	char *ref CLEANUP(freep) = mem_printf(PREFIX_HEADS "%s", branch ? branch : "");

	return branch && collection_find(c, ref, ret);
}

/* No HEAD to go by: what was saved as its worktree went, the branch, or else where it began. */
static void fall_back(struct collection *c)
{
	char *ref CLEANUP(freep) = ref_attempt(c->g, c->j->task, c->j->attempt, "");

	c->no_head = true;
	if (!collection_find(c, ref, &c->work.head) && !branch_read(c, c->j->branch, &c->work.head))
		c->work.head = c->j->start;
}

/*
 * The lock that its git, killed as it wrote this branch, left. Not where somebody else may be writing
 * just now: of the epic, the base, and what is checked out elsewhere. The name is the agent's word.
 */
static void drop_lock_of(const struct collection *c, const char *branch)
{
	const struct git_epic_spec *s = c->g->spec;
	char *holder CLEANUP(freep) = branch_holder(c->g, branch, c->s->admin);

	if (!holder && !strstr(branch, "..") && !streq(branch, s->epic_branch) &&
	    !streq(branch, s->base))
		branch_unlock(c->g, branch);
}

static void look_at_head(struct collection *c)
{
	char *path CLEANUP(freep) = slot_file(c->s, "HEAD");
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct str s;
	bool there;

	if (read_if_there(path, SMALL_FILE, &text, &there, &c->unread) || !there) {
		problem(c, "its HEAD is gone");
		fall_back(c);
		return;
	}
	s = str_trim(buf_str(&text));
	if (oid_parse(s, &c->work.head))
		return;
	if (str_starts(s, "ref: " PREFIX_HEADS)) {
		char *branch CLEANUP(freep) = mem_strndup(s.p + 16, s.n - 16);

		if (c->j->branch && !streq(branch, c->j->branch)) {
			(void)snprintf(c->work.other_branch, sizeof(c->work.other_branch), "%s",
				       branch);
			drop_lock_of(c, branch);
		}
		if (branch_read(c, branch, &c->work.head))
			return;
	}
	problem(c, "its HEAD names no commit");
	fall_back(c);
}

/* A task branch that HEAD is not on any more may hold the better part of the work. */
static void look_at_branch(struct collection *c)
{
	struct oid at;

	if (branch_read(c, c->j->branch, &at) && !oid_eq(&at, &c->work.head) &&
	    !oid_eq(&at, &c->j->start))
		c->branch = at;
}

static void look(struct collection *c)
{
	char *git CLEANUP(freep) = path_join(c->s->path, ".git");
	struct stat st;

	c->has_books = slot_has(c->s, "gitdir") || slot_has(c->s, "HEAD");
	c->has_folder = lstat(c->s->path, &st) == 0 && S_ISDIR(st.st_mode);
	c->replaced_git = c->has_folder && lstat(git, &st) == 0 && S_ISDIR(st.st_mode);
	if (!c->has_books || !c->has_folder)
		problem(c, "the worktree is gone");
	if (c->replaced_git)
		problem(c, "the worktree's '.git' was replaced by a repository of its own");
	if (!c->has_books) {
		fall_back(c);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(unfinished); i++) {
		bool wanted = c->j->resolve && streq(unfinished[i].file, "MERGE_HEAD");

		if (!wanted && slot_has(c->s, unfinished[i].file))
			problem(c, "an unfinished %s was left", unfinished[i].name);
	}
	look_at_head(c);
	look_at_branch(c);
}

/* ---- Leftovers ---- */

static void report(struct collection *c, const struct leftovers *l)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	size_t n = 0, cut = sizeof(c->work.left_out) - 32;

	for (size_t i = 0; i < l->files.n; i++) {
		const struct leftover *f = &l->files.items[i];
		struct buf line CLEANUP(buf_done) = BUF_INIT;

		if (!f->out)
			continue;
		buf_line(&line, str_of(f->path));
		buf_printf(&line, ": %s\n", f->out);
		if (n || b.n + line.n > cut)
			n++;
		else
			buf_add(&b, line.p, line.n);
	}
	if (n)
		buf_printf(&b, "and %zu more\n", n);
	(void)snprintf(c->work.left_out, sizeof(c->work.left_out), "%s", buf_cstr(&b));
}

static int take_leftovers(struct collection *c, struct err *e)
{
	struct leftovers l CLEANUP(leftovers_done) = {0};
	struct job j = *c->j;
	struct oid head = c->work.head;
	int rc = leftovers_find(c->g, c->s, &head, NULL, &l, e);

	if (rc || (!l.files.n && !l.broken_index))
		return rc;
	if (l.unmerged)
		problem(c, "files with unresolved conflicts were left");
	leftovers_judge(&l, c->s, j.leave_out);
	rc = leftovers_brought(c->g, c->s, &l, e);
	if (rc)
		return rc;
	report(c, &l);
	for (size_t i = 0; i < l.files.n; i++)
		c->work.leftovers += !l.files.items[i].brought;
	/* Onto a history that cannot be used nothing is built; it is only saved. */
	j.commit_leftovers = j.commit_leftovers && !c->work.problem[0];
	return leftovers_commit(c->g, c->s, &l, &j, &head, &c->work.head, &c->rest, e);
}

/* All of it as it is, in one commit on the work: nothing of it is built on. */
static int save_unresolved(struct collection *c,
			   const struct leftovers *l,
			   const struct resolution *r,
			   struct err *e)
{
	struct job j = *c->j;
	struct oid tree;
	int rc;

	j.commit_leftovers = false;
	rc = leftovers_tree(c->g, c->s, l, &j, &r->base, &tree, e);
	return rc ? rc : leftovers_rest(c->g, c->s, l, &j, &c->work.head, &c->rest, e);
}

/* The tree that the agent left is the merge, or there is a problem and it is only saved. */
static int
take_tree(struct collection *c, const struct leftovers *l, struct resolution *r, struct err *e)
{
	struct job j = *c->j;
	struct oid tree, head;
	int rc;

	j.commit_leftovers = true;
	rc = leftovers_tree(c->g, c->s, l, &j, &r->base, &tree, e);
	if (!tree.hex[0])
		tree = r->base;
	rc = rc ? rc : resolution_check(c->g, &j, &tree, r, e);
	if (rc || r->problem[0])
		return rc ? rc : save_unresolved(c, l, r, e);
	rc = resolution_commit(c->g, &j, &c->work.head, &tree, &head, e);
	rc = rc ? rc : leftovers_rest(c->g, c->s, l, &j, &head, &c->rest, e);
	if (!rc)
		c->work.head = head;
	return rc;
}

static int take_resolved(struct collection *c, struct err *e)
{
	struct leftovers l CLEANUP(leftovers_done) = {0};
	struct resolution r CLEANUP(resolution_done) = {.changed = BUF_INIT};
	const struct oid *head = &c->work.head;
	int rc = resolution_look(c->g, c->s, c->j, head, &r, e);

	if (!rc && r.problem[0]) {
		problem(c, "%s", r.problem);
		return take_leftovers(c, e);
	}
	rc = rc ? rc : leftovers_find(c->g, c->s, head, r.goes_on ? &r.base : NULL, &l, e);
	if (rc)
		return rc;
	leftovers_judge(&l, c->s, c->j->leave_out);
	rc = leftovers_brought(c->g, c->s, &l, e);
	resolution_claim(&r, &l);
	report(c, &l);
	rc = rc ? rc : take_tree(c, &l, &r, e);
	if (!rc && !r.forget)
		resolve_remember(c->g, c->s);
	if (r.problem[0])
		problem(c, "%s", r.problem);
	return rc;
}

static int take_replaced(struct collection *c, struct err *e)
{
	struct buf none CLEANUP(buf_done) = BUF_INIT;
	char *git CLEANUP(freep) = path_join(c->s->path, ".git");
	int rc = nested_keep(c->g, c->s, c->j, ".", 0, &none, e);

	return rc ? rc : slot_trash_folder(c->g, git, e);
}

/* ---- Judging the history ---- */

/*
 * Commits of head that neither base nor the epic has, and whether start was met on the way. They are
 * on the disk then with all that they brought; a commit has its time before its id.
 */
static int count_ahead(struct collection *c, bool *ret_met, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd cmd = repo_cmd(c->g);
	char *base CLEANUP(freep) = mem_printf("^%s", c->j->base.hex), *epic CLEANUP(freep) = NULL;
	struct buf made CLEANUP(buf_done) = BUF_INIT;
	struct oid at, tip;
	struct str rest, line;
	int rc;

	rc = ref_find(c->g, c->g->epic_ref, &tip, e);
	if (rc)
		return rc;
	if (tip.hex[0] && !oid_eq(&tip, &c->j->base))
		epic = mem_printf("^%s", tip.hex);
	rc = cmd_ok(&cmd,
		    ARGS("rev-list", "--objects", "--no-object-names", "--boundary", "--timestamp",
			 c->work.head.hex, base, epic),
		    &r, e);
	rest = buf_str(&r.out);
	while (!rc && str_next(&rest, '\n', &line)) {
		struct str time, id = line;
		bool commit = str_next(&id, ' ', &time) && id.n, boundary = str_starts(id, "-");

		id = commit ? (struct str){id.p + boundary, id.n - boundary} : line;
		if (!oid_parse(id, &at))
			continue;
		if (!boundary)
			buf_printf(&made, "%s\n", at.hex);
		c->work.ahead += commit && !boundary;
		*ret_met = *ret_met || oid_eq(&at, &c->j->start);
	}
	return rc ? rc : objects_sync(c->g, buf_str(&made), e);
}

static int measure(struct collection *c, struct err *e)
{
	const struct job *j = c->j;
	bool met = oid_eq(&c->work.head, &j->start);
	int rc;

	if (met && oid_eq(&j->base, &j->start))
		return 0;
	rc = count_ahead(c, &met, e);
	if (!rc && !met)
		rc = op_ancestor(&c->g->git, &j->start, &c->work.head, &met, e);
	if (!rc && !met)
		problem(c, "its history does not descend from the commit it began at (%.12s)",
			j->start.hex);
	return rc;
}

/* ---- Naming the work, and leaving the worktree in order ---- */

static void update_line(struct buf *b, const char *ref, const struct oid *at)
{
	if (at->hex[0])
		buf_printf(b, "update %s %s\n", ref, at->hex);
}

/* Beside what has such a name already: what a power cut left in the files may be less than that. */
static int keep_line(const struct collection *c,
		     struct buf *b,
		     const char *suffix,
		     const struct oid *at,
		     struct err *e)
{
	char *ref CLEANUP(freep) = NULL;
	int rc = at->hex[0] ? ref_spare(c->g, c->j->task, c->j->attempt, suffix, at, &ref, e) : 0;

	if (!rc && ref)
		update_line(b, ref, at);
	return rc;
}

static int name_work(struct collection *c, bool with_branch, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	char *ref CLEANUP(freep) = ref_attempt(c->g, c->j->task, c->j->attempt, "");
	char *branch CLEANUP(freep) =
		mem_printf(PREFIX_HEADS "%s", c->j->branch ? c->j->branch : "");
	struct oid have;
	int rc = ref_find(c->g, ref, &have, e);

	/* Something else was collected under this name: a worktree made anew for the same attempt. */
	if (!rc && have.hex[0] && !oid_eq(&have, &c->work.head))
		rc = keep_line(c, &b, ".earlier", &have, e);
	rc = rc ? rc : keep_line(c, &b, ".rest", &c->rest, e);
	rc = rc ? rc : keep_line(c, &b, ".branch", &c->branch, e);
	if (rc)
		return rc;
	update_line(&b, ref, &c->work.head);
	if (with_branch && !(branch_read(c, c->j->branch, &have) && oid_eq(&have, &c->work.head)))
		update_line(&b, branch, &c->work.head);
	return refs_change(c->g, buf_str(&b), e);
}

/* Locks of git processes that are gone: of the agent, and of our own in an earlier try. */
static void drop_locks(const struct collection *c)
{
	char number[32];

	(void)snprintf(number, sizeof(number), "%d", c->j->attempt); /* any int fits */
	slot_unlink(c->s, "index.lock");
	slot_unlink(c->s, FILE_OWN ".lock");
	slot_unlink(c->s, FILE_NEXT ".lock");
	slot_unlink(c->s, "HEAD.lock");
	kept_clear(c->g, c->j->task, number);
	if (c->j->branch)
		branch_clear(c->g, c->j->branch);
}

static int tidy(const struct collection *c, struct err *e)
{
	char *next CLEANUP(freep) = slot_file(c->s, FILE_NEXT);
	char *index CLEANUP(freep) = slot_file(c->s, "index");
	int rc;

	if (!c->has_books)
		return 0;
	(void)!rename(next, index); /* absent where nothing was left over */
	rc = slot_set_head(c->s, c->work.head.hex, e);
	/* A rebase or bisect under way would hold its branch here for good. */
	for (size_t i = 0; i < ARRAY_LEN(unfinished) && !rc; i++) {
		char *file CLEANUP(freep) = slot_file(c->s, unfinished[i].file);

		rc = dir_remove(file, e);
	}
	return rc || !c->has_folder ? rc : slot_link(c->s, e);
}

/* What did not resolve the conflict is only kept: the work is what it was. */
static void set_aside(struct collection *c)
{
	if (!c->j->resolve || !c->work.problem[0] || oid_eq(&c->work.head, &c->j->start))
		return;
	if (!c->rest.hex[0])
		c->rest = c->work.head;
	c->work.head = c->j->start;
	c->work.ahead = 0;
}

/* What the worktree holds is there to be taken, whatever a power cut did to its books. */
static int mend_books(struct collection *c, struct err *e)
{
	if (!c->has_books || !c->has_folder || c->replaced_git)
		return 0;
	if (!c->no_head && slot_holds(c->s))
		return 0;
	return slot_make(c->g, c->s, c->work.head.hex, e);
}

static int gather(struct collection *c, struct err *e)
{
	int rc = mend_books(c, e);

	if (!rc && c->has_books && c->has_folder)
		rc = c->j->resolve && !c->work.problem[0] ? take_resolved(c, e)
							  : take_leftovers(c, e);
	if (!rc && c->replaced_git)
		rc = take_replaced(c, e);
	rc = rc ? rc : measure(c, e);
	/* What nobody judges (it was left behind) has no branch. */
	if (!rc && c->j->branch && !c->work.problem[0])
		outside_judge(c->g, c->s, c->j->branch, c->work.problem, sizeof(c->work.problem));
	set_aside(c);
	return rc || !c->has_books ? rc : collection_write(c, e);
}

int work_collect(struct git_repo *g,
		 const struct slot *s,
		 const struct job *j,
		 struct git_work *ret,
		 struct err *e)
{
	struct collection c = {.g = g, .s = s, .j = j};
	bool known = collection_read(&c);
	int rc = 0;

	if (!known)
		c = (struct collection){.g = g, .s = s, .j = j, .unread = c.unread};
	drop_locks(&c);
	slot_clear_pipes(s);
	if (known)
		c.has_books = c.has_folder = file_exists(s->path);
	else
		look(&c);
	if (c.unread.code) {
		if (e)
			*e = c.unread;
		return c.unread.code;
	}
	rc = known ? 0 : gather(&c, e);
	if (rc)
		return rc;
	rc = name_work(&c, /* with_branch */ j->branch != NULL, e);
	/* The agent made 'branch/more' in the place of 'branch': its work has its other names. */
	if (rc && j->branch && branch_is_folder(g, j->branch))
		rc = name_work(&c, /* with_branch */ false, e);
	rc = rc ? rc : tidy(&c, e);
	if (rc)
		return rc;
	outside_over(s);
	*ret = c.work;
	return 0;
}

int op_collect(struct git *git,
	       const struct git_collect_spec *spec,
	       struct git_work *ret,
	       struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct slot s CLEANUP(slot_done) = {0};
	char *task CLEANUP(freep) = name_of(spec->task);
	struct job j = {
		.task = task,
		.attempt = spec->attempt,
		.title = spec->title,
		.branch = spec->branch,
		.start = spec->start,
		.base = spec->base,
		.commit_leftovers = spec->commit_leftovers,
		.leave_out = spec->leave_out,
		.resolve = spec->resolve,
	};
	int rc;

	TURN_SHARED(g);
	slot_init(g, spec->path, &s);
	rc = work_collect(g, &s, &j, ret, e);
	return rc ? err_wrap(e, "could not collect the work of attempt %d of task '%s'",
			     spec->attempt, spec->task)
		  : 0;
}
