#include "sim/checker-impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *book_grow(void *p, int n, size_t each)
{
	void *q = realloc(p, (size_t)n * each);
	if (!q)
		abort();
	return q;
}

struct checker *checker_new(const struct checker_limits *l)
{
	struct checker *c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	c->limits = *l;
	c->epic = c->remote = c->base = c->known = c->moved_from = -1;
	return c;
}

void checker_free(struct checker *c)
{
	if (!c)
		return;
	for (int i = 0; i < c->n_commits; i++)
		free(c->commits[i].content.words);
	for (int i = 0; i < c->n_tasks; i++)
		free(c->tasks[i].needs);
	free(c->commits);
	free(c->tasks);
	free(c->jobs);
	free(c->green);
	free(c);
}

const char *checker_broken(const struct checker *c)
{
	return c->broken[0] ? c->broken : NULL;
}

/* The first one counts; what follows it may follow from it. */
void checker_break(struct checker *c, const char *fmt, ...)
{
	va_list ap;
	if (c->broken[0])
		return;
	va_start(ap, fmt);
	(void)vsnprintf(c->broken, sizeof(c->broken), fmt, ap);
	va_end(ap);
}

/* ---- commits and what is in them ---- */

static void bits_room(struct bits *b, int n)
{
	if (n <= b->n)
		return;
	b->words = book_grow(b->words, n, sizeof(*b->words));
	memset(b->words + b->n, 0, (size_t)(n - b->n) * sizeof(*b->words));
	b->n = n;
}

static void bits_join(struct bits *to, const struct bits *from)
{
	bits_room(to, from->n);
	for (int i = 0; i < from->n; i++)
		to->words[i] |= from->words[i];
}

uint64_t book_word(const struct bits *b, int i)
{
	return i < b->n ? b->words[i] : 0;
}

bool book_holds(const struct checker *c, int commit, int other)
{
	const struct bits *a = &c->commits[commit].content, *b = &c->commits[other].content;
	for (int i = 0; i < b->n; i++)
		if (b->words[i] & ~book_word(a, i))
			return false;
	return true;
}

bool book_same_tree(const struct checker *c, int commit, int other)
{
	return c->commits[commit].n_content == c->commits[other].n_content &&
	       book_holds(c, commit, other);
}

void checker_commit(struct checker *c, int commit, int parent, int other_parent, int change_of)
{
	if (commit != c->n_commits) {
		checker_break(c, "books: commit %d came after %d", commit, c->n_commits - 1);
		return;
	}
	c->commits = book_grow(c->commits, ++c->n_commits, sizeof(*c->commits));
	struct book_commit *b = &c->commits[commit];
	*b = (struct book_commit){.change_of = change_of};
	b->parent[0] = parent;
	b->parent[1] = other_parent;
	for (int i = 0; i < 2; i++)
		if (b->parent[i] >= 0)
			bits_join(&b->content, &c->commits[b->parent[i]].content);
	if (change_of != -2) {
		bits_room(&b->content, commit / 64 + 1);
		b->content.words[commit / 64] |= (uint64_t)1 << (commit % 64);
	}
	for (int i = 0; i < b->content.n; i++)
		b->n_content += __builtin_popcountll(b->content.words[i]);
}

/* Each commit once: there are more ways through merges than commits. Parents have smaller numbers. */
bool book_descends(const struct checker *c, int from, int ancestor)
{
	if (from <= ancestor || ancestor < 0)
		return from == ancestor || ancestor < 0;
	bool *does = calloc((size_t)(from - ancestor) + 1, sizeof(*does));
	if (!does)
		abort();
	does[0] = true;
	for (int i = ancestor + 1; i <= from; i++)
		for (int k = 0; k < 2; k++) {
			int parent = c->commits[i].parent[k];
			does[i - ancestor] |= parent >= ancestor && does[parent - ancestor];
		}
	bool found = does[from - ancestor];
	free(does);
	return found;
}

/* ---- issues ---- */

struct book_task *book_task_of(struct checker *c, int task)
{
	while (task >= c->n_tasks) {
		c->tasks = book_grow(c->tasks, c->n_tasks + 1, sizeof(*c->tasks));
		c->tasks[c->n_tasks++] = (struct book_task){.landed = -1,
							    .head = -1,
							    .asked = -1,
							    .asked_before = -1,
							    .fixed = -1,
							    .approved = -1,
							    .failed_at = -1,
							    .red_on = -1,
							    .conflict_on = -1};
	}
	return &c->tasks[task];
}

void checker_issue(struct checker *c, int task, bool child, bool open)
{
	struct book_task *t = book_task_of(c, task);
	t->child = child;
	t->open = open;
}

void checker_touches(struct checker *c, int task, int file)
{
	book_task_of(c, task)->touches = file;
}

void checker_removed(struct checker *c, int task, bool removed)
{
	book_task_of(c, task)->removed = removed;
}

void checker_reopened(struct checker *c, int task)
{
	struct book_task *t = book_task_of(c, task);
	t->open = true;
	t->closed_by_person = false;
}

void checker_need(struct checker *c, int task, int needs)
{
	struct book_task *t = book_task_of(c, task);
	t->needs = book_grow(t->needs, t->n_needs + 1, sizeof(*t->needs));
	t->needs[t->n_needs++] = (struct book_need){.task = needs};
}

void checker_unneed(struct checker *c, int task, int needs)
{
	struct book_task *t = book_task_of(c, task);
	for (int i = 0; i < t->n_needs; i++)
		if (t->needs[i].task == needs)
			t->needs[i--] = t->needs[--t->n_needs];
}

void checker_loaded(struct checker *c, int task)
{
	struct book_task *t = book_task_of(c, task);
	t->read.there = true;
	t->read.open = t->open;
	t->read.removed = t->removed;
	t->read.labelled = t->labelled;
	for (int i = 0; i < t->n_needs; i++)
		t->needs[i].read = true;
}

void checker_synced(struct checker *c)
{
	for (int k = 0; k < c->n_tasks; k++) {
		struct book_task *t = &c->tasks[k];
		/* One that is opened again is begun anew. */
		if (t->read.there && t->read.open && t->known.there && !t->known.open)
			checker_retried(c, k);
		t->labelled_before = t->known.there ? t->known.labelled : t->read.labelled;
		bool same =
			t->read.labelled == t->known.labelled && t->read.open && !t->read.removed;
		t->at_begin = t->at_begin && same;
		if (t->read.there)
			t->known = t->read;
		for (int i = 0; i < t->n_needs; i++)
			t->needs[i].known |= t->needs[i].read;
	}
}

void checker_seen(struct checker *c, int task, int file)
{
	book_task_of(c, task)->seen = file;
}

void checker_peeked(struct checker *c)
{
	for (int i = 0; i < c->n_tasks; i++)
		c->tasks[i].seen_known = c->tasks[i].seen;
}

void checker_forgets_seen(struct checker *c)
{
	for (int i = 0; i < c->n_tasks; i++)
		c->tasks[i].seen = c->tasks[i].seen_known = 0;
}

/* Is anybody at work who was seen to change a file that this one declares, or changed itself? */
static void check_seen(struct checker *c, int task)
{
	const struct book_task *t = &c->tasks[task];
	for (int i = 0; i < c->n_tasks; i++) {
		const struct book_task *o = &c->tasks[i];
		int file = o->seen_known;
		bool ours = file && ((file == t->touches && !t->unseen) || file == t->seen_known);
		if (i != task && ours && o->alive && !o->resolving)
			checker_break(c,
				      "policy: task %d is begun beside %d, which was seen to touch "
				      "file %d",
				      task, i, file);
	}
}

/* What was known to be closed without a landing is waited for no more, also if it is opened again. */
void checker_claims(struct checker *c, int task, bool resolver)
{
	struct book_task *t = book_task_of(c, task);
	if (c->limits.overlap_wait && !resolver && !c->limits.dispatch)
		check_seen(c, task);
	t->claimed_as_removed = t->known.removed;
	t->by = t->known.labelled ? BY_LABEL : BY_ALL;
	t->or_by = t->labelled_before ? BY_LABEL : BY_ALL;
	if (!resolver && !t->branch)
		book_check_probed(c, task, t->by);
	t->unseen = false;
	for (int i = 0; i < c->n_tasks; i++)
		c->tasks[i].unseen = c->tasks[i].unseen || c->tasks[i].known.removed;
	for (int i = 0; i < t->n_needs; i++) {
		const struct book_task *d = book_task_of(c, t->needs[i].task);
		bool owed = d->known.open && d->last_end != END_NOTHING; /* else it is left at that */
		t->needs[i].binds = t->needs[i].known && (owed || d->landed >= 0);
	}
}

int book_tip(const struct checker *c)
{
	return c->limits.remote ? c->remote : c->epic;
}

void checker_knows(struct checker *c, int commit)
{
	c->known = commit;
}

/* A power cut may have taken what was squashed. */
static bool is_in(const struct checker *c, int tip, const struct book_task *t)
{
	int work = t->head >= 0 ? t->head : t->landed;
	return work >= 0 && tip >= 0 && book_holds(c, tip, work);
}

void checker_closed(struct checker *c, int task, bool by_person, const char *reason)
{
	struct book_task *t = book_task_of(c, task);
	int tip = book_tip(c);
	t->open = false;
	t->closed_by_person = by_person;
	if (by_person)
		return;
	if (tip >= 0)
		book_settle(c, t, tip);
	t->closed_by_us = true;
	book_closes(c, task);
	/* Somebody took it out again, and nobody here knows yet. */
	bool was_in = c->rewritten && (is_in(c, c->known, t) || is_in(c, c->epic, t));
	if (is_in(c, tip, t) || was_in)
		return;
	if (t->last_end != END_NOTHING)
		checker_break(c, "rule 5: issue %d closed, its work is not in the branch (%s)",
			      task, reason);
	else if (t->red)
		checker_break(c, "rule 5: issue %d closed as nothing to do, its check was red",
			      task);
}

void checker_conflict(struct checker *c, int task, int onto)
{
	book_task_of(c, task)->conflict_on = onto;
	book_task_of(c, task)->red_on = -1; /* it was merged anew */
}

/* ---- jobs ---- */

static void check_needs(struct checker *c, const struct checker_job *j)
{
	const struct book_task *t = book_task_of(c, j->task);
	for (int i = 0; i < t->n_needs; i++) {
		const struct book_task *d = &c->tasks[t->needs[i].task];
		bool done = !d->open && d->landed < 0;
		bool in = d->head >= 0 && j->start >= 0 && book_holds(c, j->start, d->head);
		if (j->resolver && d->head >= 0)
			in = in || book_holds(c, j->merging, d->head);
		if (t->needs[i].binds && !done && !in && !c->rewritten)
			checker_break(c, "rule 1: task %d starts at %d, which lacks %d", j->task,
				      j->start, t->needs[i].task);
	}
}

/* It goes on from the work, after a conflict with what has landed, and not for ever. */
static void check_resolver(struct checker *c, const struct checker_job *j)
{
	struct book_task *t = book_task_of(c, j->task);
	if (t->conflict_on < 0)
		checker_break(c, "rule 4: a resolver for task %d, which has no conflict", j->task);
	else if (!c->rewritten && !book_holds(c, book_tip(c), t->conflict_on))
		checker_break(c, "rule 4: a resolver for task %d, whose conflict is with %d, which did not land",
			      j->task, t->conflict_on);
	if (t->head < 0 || !book_holds(c, j->start, t->head))
		checker_break(c, "rule 8: a resolver for task %d starts at %d, without its work",
			      j->task, j->start);
	if (!c->disk_full && t->resolvers >= c->limits.conflict_attempts)
		checker_break(c, "policy: task %d has a resolver too many, %d counted", j->task,
			      t->resolvers);
}

/* Work of its own on top, as an attempt leaves that was cut short: "nothing to do" is an answer then. */
static bool has_more_of(const struct checker *c, int task, int commit, int than)
{
	bool more = false;
	for (int i = 0; i <= commit && !more; i++)
		more = c->commits[i].change_of == task &&
		       (book_word(&c->commits[commit].content, i / 64) >> (i % 64) & 1) &&
		       !(book_word(&c->commits[than].content, i / 64) >> (i % 64) & 1);
	return more;
}

static void check_attempt(struct checker *c, const struct checker_job *j, int64_t now)
{
	struct book_task *t = book_task_of(c, j->task);
	if (j->attempt <= t->attempt_most)
		checker_break(c, "rule 3: attempt %d of task %d is made twice", j->attempt,
			      j->task);
	t->attempt_most = j->attempt;
	/* It was sent back for this red check: what its merge stood on must have landed by then. */
	if (t->red && t->red_on >= 0 && !c->rewritten && !book_holds(c, book_tip(c), t->red_on))
		checker_break(c, "rule 4: task %d is sent back for a check on %d, which did not land",
			      j->task, t->red_on);
	t->red_on = -1;
	/* What is owed to a red check is owed on top of the work that was red. */
	t->red = t->red && j->start >= 0 && t->head >= 0 && book_holds(c, j->start, t->head) &&
		 !has_more_of(c, j->task, j->start, t->head);
	if (t->base || (t->branch && !(j->resolver && c->limits.resolver_kind)))
		checker_break(c, "rule 1: an agent for task %d, which is a person's branch",
			      j->task);
	/* A branch was handed in by itself; its issue, which only stands for it, may be taken out. */
	if ((!t->child || t->claimed_as_removed) && !c->limits.dispatch && !t->branch)
		checker_break(c, "rule 1: task %d is not of this epic", j->task);
	if (j->resolver)
		check_resolver(c, j);
	if (c->disk_full)
		return;
	if (!j->resolver && t->counted >= c->limits.attempts && !(t->cut_in && c->rewritten))
		checker_break(c, "policy: task %d has a try too many, %d counted", j->task,
			      t->counted);
	/* A start that was refused, and nobody heard of it, may be asked for again at once. */
	if (t->failed_at >= 0 && !c->clock_broken && j->attempt != t->refused &&
	    now < t->failed_at + c->limits.retry_ms * 3 / 4)
		checker_break(c, "policy: task %d is tried again %d ms after it failed", j->task,
			      (int)(now - t->failed_at));
}

/* All checks but the first have a session's place. */
static void check_places(struct checker *c)
{
	int ahead = c->gates > 1 ? c->gates - 1 : 0;
	if (c->alive + ahead > c->limits.max_concurrent)
		checker_break(c, "rule 2: %d sessions beside %d checks at once", c->alive, c->gates);
}

static void check_overlap(struct checker *c, const struct checker_job *j)
{
	int file = c->tasks[j->task].unseen ? 0 : c->tasks[j->task].touches;
	for (int i = 0; i < c->n_tasks; i++)
		if (i != j->task && file && c->tasks[i].touches == file && c->tasks[i].alive &&
		    !c->tasks[i].resolving && !c->tasks[i].unseen)
			checker_break(c, "policy: task %d starts beside %d, both touch file %d",
				      j->task, i, file);
}

static void check_session(struct checker *c, const struct checker_job *j, int64_t now)
{
	struct book_task *t = book_task_of(c, j->task);
	if (t->alive++)
		checker_break(c, "rule 3: task %d has two attempts alive", j->task);
	c->alive++;
	t->resolving = j->resolver;
	if (c->limits.overlap_wait && !j->resolver && !c->limits.dispatch)
		check_overlap(c, j);
	t->alive_as = book_whose(c, j);
	int most = c->limits.kind_max, alike = ++c->alive_by[t->alive_as];
	if (c->alive > c->limits.max_concurrent || (most && alike > most && t->by == t->or_by))
		checker_break(c, "rule 2: %d sessions at once, %d of a kind", c->alive, alike);
	check_places(c);
	if (!j->agent)
		return;
	book_check_agent(c, j);
	check_needs(c, j);
	book_cost(c, j);
	check_attempt(c, j, now);
}

/* Each in a worktree of its own (exec.c sees to that), and not more than queue.slots. */
static void check_gates(struct checker *c, const struct checker_job *j)
{
	if (++c->gates > c->limits.gates)
		checker_break(c, "rule 2: %d checks at once, the last of task %d", c->gates,
			      j->task);
	check_places(c);
}

void checker_job_started(struct checker *c, const struct checker_job *j, int64_t now)
{
	bool session = (j->agent || j->setup) && j->task >= 0 && !j->gate;
	for (int i = 0; i < c->n_jobs; i++)
		if (c->jobs[i].j.number == j->number)
			checker_break(c, "rule 3: job %d is started twice", (int)j->number);
	c->jobs = book_grow(c->jobs, c->n_jobs + 1, sizeof(*c->jobs));
	c->jobs[c->n_jobs++] = (struct book_job){.j = *j, .alive = true};
	if (j->gate) {
		check_gates(c, j);
		if (j->task >= 0)
			book_task_of(c, j->task)->red_on = -1;
	}
	if (session)
		check_session(c, j, now);
}

/* Whatever the reason: what could not start now is not tried again at once. */
void checker_job_refused(struct checker *c, int task, int attempt, int64_t now)
{
	struct book_task *t = book_task_of(c, task);
	t->refused = attempt;
	t->failed_at = now;
}

/* It is asked for again: nobody heard that it was refused. */
void checker_job_asked(struct checker *c, int task, int attempt)
{
	struct book_task *t = book_task_of(c, task);
	if (t->refused == attempt)
		t->failed_at = -1;
}

void checker_job_ended(struct checker *c, int64_t number, enum checker_end how, int64_t now)
{
	int i = c->n_jobs - 1;
	while (i >= 0 && c->jobs[i].j.number != number)
		i--;
	if (i < 0 || !c->jobs[i].alive) {
		checker_break(c, "books: job %d ended, it was not alive", (int)number);
		return;
	}
	const struct checker_job *j = &c->jobs[i].j;
	c->jobs[i].alive = false;
	c->gates -= j->gate;
	if (!(j->agent || j->setup) || j->task < 0 || j->gate)
		return;
	struct book_task *t = book_task_of(c, j->task);
	t->alive--;
	c->alive--;
	c->alive_by[t->alive_as]--;
	if (!j->agent)
		return;
	if (how == END_NOTHING && t->red)
		how = END_FAILED; /* "nothing to do" is no answer to a red check */
	/* Whether it failed git tells: the conflict may be gone, and then nothing was to be done. */
	bool moot = how == END_NOTHING && j->resolver;
	if (moot)
		how = END_FAILED;
	t->last_end = how;
	t->resolved = j->resolver && how == END_DONE;
	if (j->resolver)
		t->resolvers += how == END_FAILED || how == END_DONE;
	t->failed_at = how == END_FAILED && !moot ? now : -1;
	if (!j->resolver)
		t->counted += how == END_FAILED || how == END_DONE;
	if (how == END_FAILED || how == END_DONE)
		t->red = false;
}

void checker_untaken(struct checker *c, int64_t number)
{
	struct book_job *b = book_job_of(c, number);
	const struct checker_job *j = b ? &b->j : NULL;
	if (!j || !j->agent || j->task < 0)
		return;
	b->cost = 0;
	struct book_task *t = book_task_of(c, j->task);
	if (j->attempt != t->attempt_most || (t->last_end != END_FAILED && t->last_end != END_DONE))
		return;
	t->resolved = false;
	t->failed_at = -1;
	if (j->resolver && t->resolvers > 0)
		t->resolvers--;
	else if (!j->resolver && t->counted > 0)
		t->counted--;
}

/* ---- pull requests ---- */

void checker_pull_opened(struct checker *c, int task)
{
	const struct book_task *t = book_task_of(c, task);
	if (!t->open && !t->closed_by_person)
		checker_break(c, "rule 3: a pull request for task %d, which is closed", task);
}

void checker_task_head(struct checker *c, int task, int commit)
{
	bool own = false;
	for (int i = 0; i <= commit && !own; i++)
		own = c->commits[i].change_of == task &&
		      (book_word(&c->commits[commit].content, i / 64) >> (i % 64) & 1);
	if (!own)
		checker_break(c, "rule 5: task %d is submitted at %d, which has no work of its own",
			      task, commit);
	struct book_task *t = book_task_of(c, task);
	if (t->resolved && t->head >= 0 && !book_holds(c, commit, t->head))
		checker_break(c, "rule 8: the work of task %d, resolved as %d, lacks %d", task,
			      commit, t->head);
	t->resolved = false;
	t->head = commit;
	t->by_hand = book_tip(c) >= 0 && book_holds(c, book_tip(c), commit);
}

void checker_pull_over(struct checker *c, int64_t number, int task, bool merged)
{
	struct book_task *t = book_task_of(c, task);
	int tip = book_tip(c);
	if (merged && tip >= 0)
		book_settle(c, t, tip); /* it was taken, and nobody heard so */
	bool in = t->head >= 0 && tip >= 0 && book_holds(c, tip, t->head);
	if (merged && !in && !c->rewritten)
		checker_break(c, "rule 5: pull request %d is merged, its work is not there",
			      (int)number);
}
