#include "sim/checker-impl.h"

#include <string.h>

/* The way into the base: 'ganger finish', and tracker.close: base. Nothing of src is included here either. */

void checker_base_entry(struct checker *c, int task)
{
	struct book_task *t = book_task_of(c, task);
	t->branch = t->base = t->open = true;
}

static bool has(const struct checker *c, int commit, int change)
{
	return (book_word(&c->commits[commit].content, change / 64) >> (change % 64) & 1) != 0;
}

/* Is all of it alike that the second check is about? */
static bool same_area(const struct checker *c, int a, int b)
{
	for (int i = 0; i <= a || i <= b; i++)
		if (c->commits[i].area && has(c, a, i) != has(c, b, i))
			return false;
	return true;
}

/* Of what the second check is about nothing may have come in since it passed. */
bool book_area_passed(const struct checker *c, int tip)
{
	for (int i = 0; i < c->n_green; i++)
		if (c->green[i].check == 1 && same_area(c, c->green[i].commit, tip))
			return true;
	return false;
}

void checker_base(struct checker *c, int tip, bool by_person, bool said)
{
	int old = c->base;
	c->base = tip;
	if (by_person)
		return;
	if (tip != c->epic)
		checker_break(c, "rule 4: the base moved to %d, the epic branch is at %d", tip,
			      c->epic);
	if (!book_descends(c, tip, old))
		checker_break(c, "rule 4: the base moved from %d to %d, not forward", old, tip);
	bool second = c->limits.check && book_is_about(c, old, tip);
	bool tested =
		c->limits.check && book_passed(c, tip, 0) && (!second || book_area_passed(c, tip));
	if (!tested && !said)
		checker_break(
			c,
			"rule 4: the base moved to %d, which was not tested, and that was not said",
			tip);
}

void checker_base_is_out(struct checker *c, const char *why)
{
	const char *last = strrchr(why, ' ');
	if (last && (strcmp(last, " merged") == 0 || strcmp(last, " closed") == 0))
		checker_break(c, "rule 6: '%s': it has landed, and that is no reason", why);
	if (!c->rewritten && strstr(why, "somebody took it out"))
		checker_break(c, "rule 6: '%s': nobody did", why);
}

/* What has landed is done once the base has it; what was nothing to do at once. */
void book_closes(struct checker *c, int task)
{
	const struct book_task *t = book_task_of(c, task);
	bool nothing = t->last_end == END_NOTHING && t->landed < 0;
	if (c->limits.close_base && !nothing && t->head >= 0 && !book_holds(c, c->base, t->head))
		checker_break(c, "rule 5: issue %d closed, its work is not in the base", task);
}

void checker_epic_closed(struct checker *c)
{
	if (c->epic_closed)
		checker_break(c, "rule 3: the epic is closed twice");
	c->epic_closed = true;
	for (int i = 0; i < c->n_tasks; i++) {
		const struct book_task *t = &c->tasks[i];
		if (t->child && book_is_owed(t))
			checker_break(c, "rule 5: the epic is closed, issue %d is open", i);
		if (t->landed >= 0 && t->head >= 0 && !book_holds(c, c->base, t->head))
			checker_break(
				c, "rule 5: the epic is closed, the work of %d is not in the base",
				i);
	}
}
