#include "run/protected.h"

#include "base/clean.h"

#include <string.h>

void protected_find(struct buf *ret,
		    struct forge *f,
		    const struct config *c,
		    const char *epic_branch)
{
	struct buf what CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (!f->ops->asks || !streq(c->forge_land, "push") || streq(c->git_push, "never"))
		return;
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

/* A line where pull requests into this branch have to wait for others. */
static void pulls_line(struct buf *ret, struct forge *f, const char *whose, const char *branch)
{
	struct buf what CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (f->ops->asks(f, branch, FORGE_BY_PULL, &what, &e))
		buf_printf(ret, "could not find out what %s into '%s' waits for: %s\n", whose,
			   branch, e.msg);
	else if (what.n)
		buf_printf(ret, "%s into '%s' is merged only with %s\n", whose, branch,
			   buf_cstr(&what));
}

void protected_plan(struct buf *ret,
		    struct forge *f,
		    const struct config *c,
		    const char *epic_branch,
		    const char *base)
{
	if (!f->ops->asks)
		return;
	protected_find(ret, f, c, epic_branch);
	if (ret->n)
		buf_putc(ret, '\n');
	if (streq(c->forge_land, "api"))
		pulls_line(ret, f, "each pull request", epic_branch);
	if (base)
		pulls_line(ret, f, "the final pull request", base);
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
