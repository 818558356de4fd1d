#include "sim/checker-impl.h"

#include <stdlib.h>

/* What is tested and what lands: rule 4. Nothing of src is included here either. */

static void moved(struct checker *c, int *at, int tip, bool by_person, bool rewritten)
{
	if (at == (c->limits.remote ? &c->remote : &c->epic) && tip != *at) {
		c->person_moved = by_person;
		c->moved_from = by_person ? *at : c->moved_from;
	}
	if (rewritten)
		c->rewritten = true;
	else if (*at >= 0 && !by_person && !book_descends(c, tip, *at))
		checker_break(c, "rule 4: the branch moved from %d to %d, not forward", *at, tip);
	*at = tip;
	/* By a person, or because another's work was built on it. */
	for (int i = 0; !rewritten && i < c->n_tasks; i++) {
		struct book_task *t = &c->tasks[i];
		t->by_hand = t->by_hand || (t->head >= 0 && book_holds(c, tip, t->head));
	}
}

void checker_epic(struct checker *c, int tip, bool by_person, bool rewritten)
{
	moved(c, &c->epic, tip, by_person, rewritten);
}

void checker_remote(struct checker *c, int tip, bool by_person, bool rewritten)
{
	moved(c, &c->remote, tip, by_person, rewritten);
}

void checker_gate(struct checker *c, int task, int commit, int check, bool green)
{
	if (!green && task >= 0 && !c->disk_full) {
		book_task_of(c, task)->red = true;
		book_task_of(c, task)->red_on = c->commits[commit].parent[0];
	}
	if (!green)
		return;
	/* What was red before on this very tree is no proof, where the user says so. */
	if (c->limits.flaky_fails && task >= 0 && book_task_of(c, task)->reruns) {
		book_task_of(c, task)->red = true;
		book_task_of(c, task)->red_on = c->commits[commit].parent[0];
		return;
	}
	c->green = book_grow(c->green, ++c->n_green, sizeof(*c->green));
	c->green[c->n_green - 1] = (struct book_green){.commit = commit, .check = check};
}

void checker_runs_again(struct checker *c, int task)
{
	if (++book_task_of(c, task)->reruns > c->limits.retries)
		checker_break(c, "policy: the check of task %d runs %d times on one tree", task,
			      book_task_of(c, task)->reruns + 1);
}

void checker_gates_over(struct checker *c, int task)
{
	book_task_of(c, task)->reruns = 0;
}

void checker_area(struct checker *c, int commit)
{
	c->commits[commit].area = true;
}

static struct book_green *find_green(const struct checker *c, int commit, int check)
{
	for (int i = c->n_green - 1; i >= 0; i--)
		if (c->green[i].check == check && book_same_tree(c, c->green[i].commit, commit))
			return &c->green[i];
	return NULL;
}

bool book_passed(const struct checker *c, int commit, int check)
{
	return find_green(c, commit, check) != NULL;
}

void checker_heard_green(struct checker *c, int commit, int check)
{
	struct book_green *g = find_green(c, commit, check);
	if (g && !c->commits[commit].cut) /* a flaky one is no green, where the user says so */
		g->heard = true;
}

void checker_heard_kept(struct checker *c)
{
	c->kept++;
	for (int i = c->n_kept; i < c->n_green; i++) {
		if (c->green[i].heard && !c->green[i].kept)
			c->green[i].kept_in = c->kept;
		c->green[i].kept = c->green[i].kept || c->green[i].heard;
	}
	while (c->n_kept < c->n_green && c->green[c->n_kept].kept)
		c->n_kept++;
}

void checker_heard_lost(struct checker *c)
{
	for (int i = 0; i < c->n_green; i++)
		c->green[i].heard = c->green[i].kept;
}

void checker_asks_check(struct checker *c, int task, int commit, int check)
{
	const struct book_green *g = find_green(c, commit, check);
	/* What passed once this one was decided on came too late for it. */
	if (g && g->kept && g->kept_in < book_task_of(c, task)->gated_in)
		checker_break(c, "rule 4: task %d asks check %d of %d again, which passed it", task,
			      check, commit);
}

/* Is anything that the second check is about in new_ and not in old? */
bool book_is_about(const struct checker *c, int old, int new_)
{
	const struct bits *x = &c->commits[new_].content, *y = &c->commits[old].content;
	for (int i = 0; i <= new_; i++)
		if (c->commits[i].area && (book_word(x, i / 64) & ~book_word(y, i / 64)) >> (i % 64) & 1)
			return true;
	return false;
}

/* Landings come one after the other, in their order: only a person can be in the way of one. */
void checker_in_the_way(struct checker *c, int task, int old)
{
	/* Of a group one may ask late, when the others have landed elsewhere since. */
	bool since = c->moved_from >= 0 && book_descends(c, c->moved_from, old);
	if (!c->person_moved && !since && !c->rewritten)
		checker_break(c, "rule 4: task %d is to land on %d, and another landed at %d", task,
			      old, book_tip(c));
}

/* Whoever was begun before it lands before it, or with it. */
static void check_order(struct checker *c, int task, int new_)
{
	const struct book_task *t = &c->tasks[task];
	for (int i = 0; i < c->n_tasks; i++) {
		const struct book_task *o = &c->tasks[i];
		if (!o->begun || o->begun > t->begun || i == task)
			continue;
		if (o->landed < 0 && o->head >= 0 && !book_holds(c, new_, o->head))
			checker_break(c, "rule 4: task %d landed before %d, which stood before it",
				      task, i);
	}
}

void checker_landed_along(struct checker *c, int task, int new_)
{
	struct book_task *t = book_task_of(c, task);
	book_settle(c, t, new_);
	if (t->head < 0 || !book_holds(c, new_, t->head))
		checker_break(c, "rule 4: task %d is said to be in %d, which lacks its work %d",
			      task, new_, t->head);
	if (c->limits.approve && t->approved != t->head)
		checker_break(c, "rule 4: task %d landed its work %d, which nobody approved", task,
			      t->head);
	if (t->landed < 0 && t->closed_by_us)
		checker_break(c, "rule 3: task %d landed, its issue is closed", task);
	t->landed = new_;
	t->red = false;
}

void checker_landed(struct checker *c, int task, int old, int new_)
{
	struct book_task *t = book_task_of(c, task);
	book_settle(c, t, new_);
	if (old != book_tip(c))
		checker_break(c, "rule 4: task %d landed on %d, the branch was at %d", task, old,
			      book_tip(c));
	if (!book_descends(c, new_, old))
		checker_break(c, "rule 4: task %d landed %d, which does not come from %d", task,
			      new_, old);
	if (c->limits.check && book_is_about(c, old, new_) && !book_area_passed(c, new_))
		checker_break(c, "rule 4: task %d landed %d, which the second check has not passed",
			      task, new_);
	if (c->limits.check && !find_green(c, new_, 0))
		checker_break(c, "rule 4: task %d landed %d, which no check has passed", task,
			      new_);
	if (c->limits.approve && t->approved != t->head)
		checker_break(c, "rule 4: task %d landed its work %d, which nobody approved", task,
			      t->head);
	if (t->head < 0 || !book_holds(c, new_, t->head))
		checker_break(c, "rule 4: task %d landed %d without its work %d", task, new_,
			      t->head);
	if (t->landed >= 0 && !c->rewritten)
		checker_break(c, "rule 3: task %d landed twice, %d and %d", task, t->landed, new_);
	check_order(c, task, new_);
	if (t->closed_by_us)
		checker_break(c, "rule 3: task %d landed, its issue is closed", task);
	t->landed = new_;
	t->red = false;
}

/* ---- the order of the queue ---- */

#define PASSED_MAX 24 /* queue.c's five priorities, and a few that were begun just before */

void checker_waits(struct checker *c, int task, int64_t arrival)
{
	struct book_task *t = book_task_of(c, task);
	if (t->arrival != arrival)
		t->passed = 0;
	t->arrival = arrival;
	t->begun = 0;
}

void checker_excused(struct checker *c, int task)
{
	book_task_of(c, task)->passed = 0;
}

void checker_stands(struct checker *c, int task)
{
	book_task_of(c, task)->begun = ++c->begun;
}

void checker_begun(struct checker *c, int task, bool cancelled)
{
	struct book_task *t = book_task_of(c, task);
	/* Once that is known, and not just put back; what is cancelled is looked for in the branch. */
	if (!cancelled && t->known.removed && t->read.removed && !t->branch && !c->limits.dispatch)
		checker_break(c, "rule 1: task %d is to land, and was taken out of the epic", task);
	checker_stands(c, task);
	for (int i = 0; i < c->n_tasks; i++) {
		struct book_task *o = &c->tasks[i];
		if (!o->arrival || o->begun || o->arrival >= t->arrival)
			continue;
		if (++o->passed > PASSED_MAX)
			checker_break(c, "starvation: task %d was passed by %d later ones, the "
				      "last is %d", i, o->passed, task);
	}
}

void checker_gone(struct checker *c, int task)
{
	struct book_task *t = book_task_of(c, task);
	t->begun = 0;
	t->arrival = 0;
}

void checker_nobody_queued(struct checker *c)
{
	for (int i = 0; i < c->n_tasks; i++)
		c->tasks[i].begun = 0;
}

void checker_decides_on_check(struct checker *c, int task)
{
	book_task_of(c, task)->gated_in = c->kept;
}

void checker_merges(struct checker *c, int task)
{
	book_task_of(c, task)->red_on = -1;
}

/* A check of it on work that never landed says nothing of it. */
void checker_blamed(struct checker *c, int task)
{
	const struct book_task *t = book_task_of(c, task);
	if (t->red_on >= 0 && !c->rewritten && !book_holds(c, book_tip(c), t->red_on))
		checker_break(c, "rule 4: task %d is blamed for a check on %d, which did not land",
			      task, t->red_on);
}
