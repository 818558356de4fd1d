#include "git/impl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define CONFLICTS_MAX sizeof(((struct git_merge *)0)->conflicts)

int commit_make(struct git_repo *g, const struct commit_spec *s, struct oid *ret, struct err *e)
{
	struct cmd c = repo_cmd(g);
	VEC(const char *) args = {0};
	int rc;

	VEC_PUSH(&args, "commit-tree");
	if (s->sign)
		VEC_PUSH(&args, "-S");
	for (size_t i = 0; i < ARRAY_LEN(s->parents); i++) {
		if (!s->parents[i])
			continue;
		VEC_PUSH(&args, "-p");
		VEC_PUSH(&args, s->parents[i]->hex);
	}
	VEC_PUSH(&args, s->tree.hex);
	VEC_PUSH(&args, NULL);
	c.input = str_of(s->message);
	c.set = s->set;
	rc = cmd_oid(&c, args.items, ret, e);
	VEC_DONE(&args);
	return rc;
}

/* ---- Messages ---- */

/* Is the last paragraph one of trailers, so that ours belong to it? */
static bool ends_in_trailers(struct str message)
{
	struct str rest, line;
	size_t i;

	for (i = message.n; i > 1 && !(message.p[i - 1] == '\n' && message.p[i - 2] == '\n');)
		i--;
	if (i < 2)
		return false;
	rest = (struct str){message.p + i, message.n - i};
	while (str_next(&rest, '\n', &line)) {
		size_t n = 0;

		while (n < line.n && (isalnum((unsigned char)line.p[n]) || line.p[n] == '-'))
			n++;
		if (!n || n + 1 >= line.n || line.p[n] != ':' || line.p[n + 1] != ' ')
			return false;
	}
	return true;
}

/* A whole message with the trailers of the landing. The caller owns it. */
static char *with_trailers(struct str message, const struct git_merge_spec *s)
{
	struct buf b = BUF_INIT;

	message = str_trim(message);
	buf_add(&b, message.p, message.n);
	buf_puts(&b, ends_in_trailers(message) ? "\n" : "\n\n");
	buf_puts(&b, "Ganger-Task: ");
	buf_line(&b, str_of(s->task));
	buf_printf(&b, "\nGanger-Attempt: %d\n", s->attempt);
	return buf_take(&b);
}

static char *landing_message(const struct git_merge_spec *s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_line(&b, str_of(s->subject && *s->subject ? s->subject : s->task));
	if (s->body && *s->body)
		buf_printf(&b, "\n\n%s", s->body);
	return with_trailers(buf_str(&b), s);
}

/* ---- Merge and squash ---- */

static void copy_conflicts(const struct buf *from, char *to)
{
	struct str rest = buf_str(from), line;
	size_t n = 0, left = 0;

	to[0] = '\0';
	while (str_next(&rest, '\n', &line)) {
		if (left || n + line.n + 32 > CONFLICTS_MAX)
			left++;
		else
			n += (size_t)snprintf(to + n, CONFLICTS_MAX - n, "%.*s\n", (int)line.n,
					      line.p);
	}
	if (left)
		(void)snprintf(to + n, CONFLICTS_MAX - n, "and %zu more\n", left);
}

static int
tell_conflict(struct git_repo *g, struct tree_merge *m, struct git_merge *ret, struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	int rc = conflict_text(g, m, &text, e);

	ret->result = GIT_CONFLICT;
	copy_conflicts(&text, ret->conflicts);
	return rc;
}

/* Did a landing that nobody heard of put it there? It may have been lost, and then it did not. */
static bool has_landed(struct git_repo *g, const struct git_merge_spec *s)
{
	bool in = false;

	return s->method != GIT_MERGE && s->landed.hex[0] &&
	       op_ancestor(&g->git, &s->landed, &s->onto, &in, NULL) == 0 && in;
}

/* The same tree as before: there is nothing new only if the history, or its landing, is in as well. */
static int is_already(struct git_repo *g,
		      const struct git_merge_spec *s,
		      const struct oid *tree,
		      struct git_merge *ret,
		      struct err *e)
{
	struct oid before;
	bool in = false;
	int rc = commit_tree_of(g, &s->onto, &before, e);

	if (rc || !oid_eq(&before, tree))
		return rc;
	rc = op_ancestor(&g->git, &s->head, &s->onto, &in, e);
	if (rc || (!in && !has_landed(g, s)))
		return rc;
	ret->result = GIT_ALREADY;
	ret->commit = in ? s->head : s->landed;
	return 0;
}

static int
merge_one(struct git_repo *g, const struct git_merge_spec *s, struct git_merge *ret, struct err *e)
{
	struct tree_merge m CLEANUP(tree_merge_done) = {0};
	char *message CLEANUP(freep) = landing_message(s);
	struct commit_spec c = {
		.parents = {&s->onto, s->method == GIT_MERGE ? &s->head : NULL},
		.message = message,
		.sign = g->signs,
	};
	int rc = merge_trees(g, &s->onto, &s->head, &m, e);

	if (rc || !m.clean)
		return rc ? rc : tell_conflict(g, &m, ret, e);
	ret->result = GIT_MERGED;
	ret->tree = c.tree = m.tree;
	rc = is_already(g, s, &m.tree, ret, e);
	if (rc || ret->result == GIT_ALREADY)
		return rc;
	return commit_make(g, &c, &ret->commit, e);
}

/* ---- Rebase ---- */

/* One commit of the work, as 'git log' gave it; texts are borrowed from its output. */
struct pick {
	struct oid at, tree, parent;
	struct str name, email, date, message;
};

static bool read_pick(struct str *rest, struct pick *p)
{
	struct str at, tree, parents, parent;

	if (!str_next(rest, '\0', &at) || !str_next(rest, '\0', &tree) ||
	    !str_next(rest, '\0', &parents) || !str_next(rest, '\0', &p->name) ||
	    !str_next(rest, '\0', &p->email) || !str_next(rest, '\0', &p->date) ||
	    !str_next(rest, '\0', &p->message))
		return false;
	parent = parents;
	(void)str_next(&parents, ' ', &parent); /* the first one */
	p->parent = (struct oid){{0}};
	(void)oid_parse(parent, &p->parent); /* a root has none */
	return oid_parse(at, &p->at) && oid_parse(tree, &p->tree);
}

/* The tree of a pick on top of 'on'. A stand-in with on's tree beside the pick gives merge-tree
 * the right base, the pick's own parent, which git 2.39 cannot be told. */
static int pick_tree(struct git_repo *g,
		     const struct pick *p,
		     const struct oid *on,
		     const struct oid *on_tree,
		     struct tree_merge *ret,
		     struct err *e)
{
	struct commit_spec stand_in = {
		.tree = *on_tree, .parents = {&p->parent}, .message = "stand-in\n"};
	struct oid at;
	int rc;

	if (oid_eq(&p->parent, on)) {
		ret->clean = true;
		ret->tree = p->tree;
		return 0;
	}
	rc = commit_make(g, &stand_in, &at, e);
	return rc ? rc : merge_trees(g, &at, &p->at, ret, e);
}

static int pick_commit(struct git_repo *g,
		       const struct git_merge_spec *s,
		       const struct pick *p,
		       const struct oid *on,
		       const struct oid *tree,
		       bool last,
		       struct oid *ret,
		       struct err *e)
{
	char *name CLEANUP(freep) = mem_printf("GIT_AUTHOR_NAME=%.*s", (int)p->name.n, p->name.p);
	char *email CLEANUP(freep) =
		mem_printf("GIT_AUTHOR_EMAIL=%.*s", (int)p->email.n, p->email.p);
	char *date CLEANUP(freep) = mem_printf("GIT_AUTHOR_DATE=%.*s", (int)p->date.n, p->date.p);
	char *message CLEANUP(freep) =
		last ? with_trailers(p->message, s) : mem_strndup(p->message.p, p->message.n);
	const char *const set[] = {name, email, date, NULL};
	struct commit_spec c = {
		.tree = *tree, .parents = {on}, .message = message, .set = set, .sign = g->signs};

	/* In place already: it stays the commit it is, but for the trailers of the last. */
	if (!last && oid_eq(&p->parent, on) && !g->signs) {
		*ret = p->at;
		return 0;
	}
	return commit_make(g, &c, ret, e);
}

/* Where a rebase stands: what was made, and the pick whose tree is made but not its commit. */
struct replay {
	struct oid on, tree;
	struct pick pending;
	bool has_pending;
};

/* Commits are made one behind, since only the last that changes something has the trailers. */
static int replay_pending(struct git_repo *g,
			  const struct git_merge_spec *s,
			  struct replay *r,
			  bool last,
			  struct err *e)
{
	struct oid made;
	int rc;

	if (!r->has_pending)
		return 0;
	rc = pick_commit(g, s, &r->pending, &r->on, &r->tree, last, &made, e);
	if (!rc)
		r->on = made;
	r->has_pending = false;
	return rc;
}

static int replay_all(struct git_repo *g,
		      const struct git_merge_spec *s,
		      struct str log,
		      struct replay *r,
		      struct git_merge *ret,
		      struct err *e)
{
	struct pick p;
	int rc = 0;

	while (!rc && read_pick(&log, &p)) {
		struct tree_merge m CLEANUP(tree_merge_done) = {0};
		/* A pending one that is in place stays itself, and the next may be in place on it. */
		bool in_place = r->has_pending && oid_eq(&r->pending.parent, &r->on);
		const struct oid *on = in_place ? &r->pending.at : &r->on;

		if (!p.parent.hex[0])
			return err_set(e, ERR_INVALID, "cannot rebase %.12s: it has no parent",
				       p.at.hex);
		rc = pick_tree(g, &p, on, &r->tree, &m, e);
		if (!rc && !m.clean)
			return tell_conflict(g, &m, ret, e);
		if (rc || oid_eq(&m.tree, &r->tree))
			continue; /* it brings nothing new */
		rc = replay_pending(g, s, r, /* last */ false, e);
		r->pending = p;
		r->tree = m.tree;
		r->has_pending = !rc;
	}
	return rc;
}

/* Everything in it is there already, but its history is not: the landing is an empty commit. */
static int
land_empty(struct git_repo *g, const struct git_merge_spec *s, struct replay *r, struct err *e)
{
	char *message CLEANUP(freep) = landing_message(s);
	struct commit_spec c = {
		.tree = r->tree, .parents = {&s->onto}, .message = message, .sign = g->signs};

	return commit_make(g, &c, &r->on, e);
}

static int merge_rebase(struct git_repo *g,
			const struct git_merge_spec *s,
			struct git_merge *ret,
			struct err *e)
{
	struct child_result log CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	char *not_onto CLEANUP(freep) = mem_printf("^%s", s->onto.hex);
	struct replay r = {.on = s->onto};
	int rc = cmd_ok(&c,
			ARGS("log", "-z", "--first-parent", "--reverse", "--no-show-signature",
			     "--encoding=UTF-8", "--date=raw", "--no-notes", "--no-decorate",
			     "--format=tformat:%H%x00%T%x00%P%x00%an%x00%ae%x00%ad%x00%B",
			     s->head.hex, not_onto, "--"),
			&log, e);

	rc = rc ? rc : commit_tree_of(g, &s->onto, &r.tree, e);
	if (!rc && !log.out.n) {
		*ret = (struct git_merge){.result = GIT_ALREADY, .commit = s->head, .tree = r.tree};
		return 0;
	}
	rc = rc ? rc : replay_all(g, s, buf_str(&log.out), &r, ret, e);
	if (rc || ret->result == GIT_CONFLICT)
		return rc;
	if (!r.has_pending && oid_eq(&r.on, &s->onto) && has_landed(g, s)) {
		*ret = (struct git_merge){
			.result = GIT_ALREADY, .commit = s->landed, .tree = r.tree};
		return 0;
	}
	rc = r.has_pending ? replay_pending(g, s, &r, /* last */ true, e) : land_empty(g, s, &r, e);
	ret->result = GIT_MERGED;
	ret->commit = r.on;
	ret->tree = r.tree;
	return rc;
}

/* ---- The operation ---- */

/* A merge made before, of just these two. Its parents are its record. */
static bool find_made(struct git_repo *g,
		      const struct git_merge_spec *s,
		      const char *ref,
		      struct git_merge *ret)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	char *wanted CLEANUP(freep) = mem_printf("%s %s", s->onto.hex, s->head.hex);
	struct oid made;
	struct str rest, tree, parents;

	if (s->method != GIT_MERGE || !ref_read(g, ref, &made) ||
	    cmd_ok(&c, ARGS("log", "-1", "--no-show-signature", "--format=%T%n%P", made.hex, "--"),
		   &r, NULL) < 0)
		return false;
	rest = buf_str(&r.out);
	if (!str_next(&rest, '\n', &tree) || !str_next(&rest, '\n', &parents) ||
	    !str_eq(parents, str_of(wanted)) || !oid_parse(tree, &ret->tree))
		return false;
	ret->result = GIT_MERGED;
	ret->commit = made;
	return true;
}

int op_merge(struct git *git, const struct git_merge_spec *s, struct git_merge *ret, struct err *e)
{
	struct git_repo *g = repo_of(git);
	char *task CLEANUP(freep) = name_of(s->task);
	char *ref CLEANUP(freep) = ref_kept(g, task, "merge");
	struct git_merge m = {0};
	int rc;

	TURN_SHARED(g);
	QUEUE_ALONE(g);
	kept_clear(g, task, "merge");
	if (find_made(g, s, ref, &m)) {
		*ret = m;
		return 0;
	}
	rc = anchor_refresh(g, &s->onto, e);
	if (!rc)
		rc = s->method == GIT_REBASE ? merge_rebase(g, s, &m, e) : merge_one(g, s, &m, e);
	if (!rc && m.result == GIT_MERGED)
		rc = ref_set(g, ref, &m.commit, NULL, e);
	if (rc)
		return err_wrap(e, "could not merge attempt %d of task '%s'", s->attempt, s->task);
	if (m.result == GIT_MERGED)
		made_add(g, &(struct made){.at = m.commit, .onto = s->onto, .tree = m.tree});
	*ret = m;
	return 0;
}
