#include "run/protected.h"

#include "base/clean.h"

#include <string.h>

static void push_line(struct buf *ret, struct forge *f, const char *epic_branch)
{
	struct buf what CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (f->ops->asks(f, epic_branch, FORGE_BY_PUSH, &what, &e))
		buf_printf(ret, "could not find out whether '%s' may be pushed to: %s", epic_branch,
			   e.msg);
	else if (what.n)
		buf_printf(ret,
			   "the forge takes changes to '%s' only with %s: it may refuse what is "
			   "pushed when the first task lands (forge.land: api lands through pull "
			   "requests)",
			   epic_branch, buf_cstr(&what));
}

/* Where pull requests into this branch have to wait for others. */
static void pulls_line(struct buf *ret, struct forge *f, const char *whose, const char *branch)
{
	struct buf what CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (f->ops->asks(f, branch, FORGE_BY_PULL, &what, &e))
		buf_printf(ret, "could not find out what %s into '%s' waits for: %s", whose, branch,
			   e.msg);
	else if (what.n)
		buf_printf(ret, "%s into '%s' is merged only with %s", whose, branch,
			   buf_cstr(&what));
}

void protected_find(struct buf *ret,
		    struct forge *f,
		    const struct config *c,
		    const char *epic_branch)
{
	if (!f->ops->asks || streq(c->git_push, "never"))
		return;
	if (streq(c->forge_land, "push"))
		push_line(ret, f, epic_branch);
	else
		pulls_line(ret, f, "each pull request", epic_branch);
}

/* "squash" of a set that has that alone. */
static void method_names(struct buf *b, unsigned methods)
{
	static const char *const names[] = {"merge", "squash", "rebase"};
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (methods & 1U << i)
			buf_printf(b, "%s'%s'", b->n ? ", " : "", names[i]);
}

int protected_method(struct forge *f,
		     const struct config *c,
		     const char *epic_branch,
		     struct err *e)
{
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT;
	unsigned methods = FORGE_ANY;
	bool squash = streq(c->queue_method, "squash");
	if (!f->ops->methods || !streq(c->forge_land, "api") ||
	    f->ops->methods(f, epic_branch, &methods, &none) ||
	    methods & (squash ? FORGE_SQUASH : FORGE_MERGE))
		return 0;
	method_names(&names, methods);
	(void)err_set(e, ERR_INVALID,
		      "forge.land 'api': queue.method is '%s', and the forge merges into '%s' only "
		      "by %s",
		      c->queue_method, epic_branch, names.n ? buf_cstr(&names) : "nothing");
	if (methods & (FORGE_MERGE | FORGE_SQUASH))
		return err_hint(e, "set queue.method to %s, or allow the other there",
				methods & FORGE_MERGE ? "merge" : "squash");
	return err_hint(e, "set forge.land to push, or allow '%s' there", c->queue_method);
}

int protected_final(
	struct forge *f, const struct config *c, const char *base, const char **ret, struct err *e)
{
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT;
	unsigned methods = FORGE_ANY;
	bool squash = streq(c->queue_method, "squash");
	*ret = "merge";
	if (!f->ops->methods || f->ops->methods(f, base, &methods, &none) || methods & FORGE_MERGE)
		return 0;
	*ret = "squash";
	if (squash && methods & FORGE_SQUASH)
		return 0;
	method_names(&names, methods);
	(void)err_set(e, ERR_INVALID,
		      "queue.method is '%s', and the forge merges into '%s' only by %s",
		      c->queue_method, base, names.n ? buf_cstr(&names) : "nothing");
	if (methods & FORGE_SQUASH)
		return err_hint(e, "with queue.method squash the epic becomes one commit there; or "
				   "allow 'merge'");
	return err_hint(e, "allow 'merge' there");
}

void protected_merge(struct buf *ret, struct forge *f, const char *base)
{
	if (f->ops->asks)
		pulls_line(ret, f, "the final pull request", base);
}

/* What one of the others wrote, if anything, becomes a line. */
static void end_line(struct buf *b, size_t before)
{
	if (b->n > before)
		buf_putc(b, '\n');
}

static void plan_final(struct buf *ret, struct forge *f, const struct config *c, const char *base)
{
	struct err e = ERR_INIT;
	const char *method;
	size_t before = ret->n;
	protected_merge(ret, f, base);
	end_line(ret, before);
	if (protected_final(f, c, base, &method, &e))
		buf_printf(ret, "finish --merge: %s; %s\n", e.msg, e.hint);
}

void protected_plan(struct buf *ret,
		    struct forge *f,
		    const struct config *c,
		    const char *epic_branch,
		    const char *base)
{
	struct err e = ERR_INIT;
	if (!f->ops->asks)
		return;
	protected_find(ret, f, c, epic_branch);
	end_line(ret, 0);
	if (protected_method(f, c, epic_branch, &e))
		buf_printf(ret, "%s; %s\n", e.msg, e.hint);
	if (base)
		plan_final(ret, f, c, base);
}

bool protected_is_why(const char *words)
{
	static const char *const why[] = {"protected branch", "rule violations", "GH006", "GH013"};
	for (size_t i = 0; i < ARRAY_LEN(why); i++) {
		if (strcasestr(words, why[i]))
			return true;
	}
	return false;
}
