#include "base/clean.h"
#include "core/core.h"
#include "run/request.h"
#include "run/supervisor-impl.h"
#include "sim/people.h"
#include "sim/sim.h"

#include <string.h>

/*
 * 'ganger submit' of people: an issue that stands for the branch, its commit named and a pull
 * request for it, and the queue asked to take it. Each is a deed of its own in the world, between
 * which the supervisor goes on, ends or begins; the command may die before any of them.
 */

#define HOUR      ((int64_t)3600000)
#define TRIES_MAX 4 /* of one that was told to submit it again later */

static struct sim_issue *issue_of(int issue)
{
	return &sim->issues.items[issue];
}

static void own_ref(int issue, struct buf *b)
{
	buf_printf(b, "refs/heads/people/%s", issue_of(issue)->id);
}

static int own_tip(int issue)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	own_ref(issue, &name);
	return ref_get(buf_cstr(&name));
}

/* Commits of its author's on top of this one: that is where the branch is now. */
static void develop(int issue, int base)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	int tip = base;
	for (int64_t n = rng_between(&sim->rng, 1, 2); n > 0; n--)
		tip = commit_change(tip, issue, BY_AUTHOR);
	own_ref(issue, &name);
	ref_set(buf_cstr(&name), tip);
	say("person: %s is at %d, from %d", buf_cstr(&name), tip, base);
}

/* Mostly where the epic is; else older, or a branch of somebody else's. */
static int some_base(void)
{
	int epic = epic_tip(), main_head = ref_get(BASE_REF);
	int other = (int)rng_below(&sim->rng, (int64_t)sim->issues.n);
	int stacked = issue_of(other)->branch ? own_tip(other) : -1;
	if (stacked >= 0 && rng_chance(&sim->rng, 0.3))
		return stacked;
	return epic >= 0 && rng_chance(&sim->rng, 0.7) ? epic : main_head;
}

/* Its issue is closed, or what was submitted by it has landed: the next one has another. */
static bool is_over(int issue)
{
	int64_t state = journal_number(issue, "state", TASK_BLOCKED);
	return !issue_of(issue)->open || state == TASK_MERGED || state == TASK_CLOSED;
}

/* ---- the command ---- */

static bool command_dies(const struct submission *s)
{
	if (s->boot == sim->boot && !rng_chance(&sim->rng, 0.05))
		return false;
	say("ganger submit %s: its command is gone", issue_of(s->issue)->id);
	issue_of(s->issue)->asks = false;
	return true;
}

static void person_moves(int64_t issue);
static void person_withdraws(int64_t issue);

static void is_taken(struct submission *s)
{
	struct rng *r = &sim->rng;
	issue_of(s->issue)->pinned = s->head;
	checker_submitted(sim->checker, s->issue);
	if (rng_chance(r, 0.4))
		at(rng_below(r, rng_chance(r, 0.5) ? 60000 : HOUR / 2), person_moves, s->issue);
	if (rng_chance(r, 0.1))
		at(rng_below(r, HOUR / 2), person_withdraws, s->issue);
}

static int send(const struct control_request *r, struct buf *said, struct err *e)
{
	return sim->supervisor ? supervisor_asked(sim->supervisor, r, said, e)
			       : people_ask(r, said, e);
}

static void asks(int64_t n)
{
	struct submission *s = &sim->submissions.items[n];
	struct sim_issue *x = issue_of(s->issue);
	struct oid head = commit_oid(s->head);
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (sim->supervisor && sim->dead) { /* its lock is not free yet */
		at(1000, asks, n);
		return;
	}
	if (command_dies(s))
		return;
	if (!sim->supervisor) /* it looks there first */
		checker_found(sim->checker, s->issue, journal_head(s->issue));
	checker_submits(sim->checker, s->issue, s->head);
	bool live = sim->supervisor != NULL;
	int rc = send(&(struct control_request){.verb = CONTROL_SUBMIT,
						.id = x->id,
						.title = x->title,
						.head = head.hex,
						.base = "",
						.priority = 2,
						.branch = 1,
						.pull = s->pull},
		      &said, &e);
	say("ganger submit %s at %d: %s", x->id, s->head,
	    sim->dead ? "nobody answers"
	    : e.code  ? e.msg
		      : buf_cstr(&said));
	bool unheard = sim->dead || (live && rc == ERR_LIMIT);
	if (!rc && !unheard)
		is_taken(s);
	else if (!unheard)
		checker_refused(sim->checker, s->issue);
	if (rc == ERR_BUSY && !unheard && ++s->tries < TRIES_MAX)
		at(rng_between(&sim->rng, 1000, 600000), asks, n);
	else
		x->asks = false;
}

/* The work is named before it is handed over. */
static void keeps(int64_t n)
{
	struct submission *s = &sim->submissions.items[n];
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	struct oid head = commit_oid(s->head);
	if (command_dies(s))
		return;
	buf_printf(&name, "people/%s", issue_of(s->issue)->id);
	ref_keep(s->issue, (int)journal_number(s->issue, "attempt", 0) + 1, s->head);
	s->pull = pull_open(buf_cstr(&name), epic_branch(), head.hex, s->issue);
	at(rng_below(&sim->rng, 200), asks, n);
}

static void submit(int issue)
{
	struct sim_issue *x = issue_of(issue);
	int head = own_tip(issue);
	if (x->asks || head < 0)
		return;
	x->asks = true;
	VEC_PUSH(&sim->submissions,
		 ((struct submission){.issue = issue, .head = head, .boot = sim->boot}));
	at(rng_chance(&sim->rng, 0.1) ? rng_below(&sim->rng, HOUR / 4) : rng_below(&sim->rng, 50),
	   keeps, (int64_t)sim->submissions.n - 1);
}

static void submit_new(int base)
{
	char id[20];
	(void)snprintf(id, sizeof(id), "b%d", (int)sim->issues.n);
	int issue = issue_add(sim, id, 2);
	struct sim_issue *x = issue_of(issue);
	x->branch = true;
	free(x->title);
	x->title = mem_printf("people/%s", id);
	checker_issue(sim->checker, issue, true, true);
	checker_branch(sim->checker, issue);
	develop(issue, base);
	submit(issue);
}

/* ---- its author ---- */

static void person_submits(int64_t n)
{
	(void)n;
	submit_new(some_base());
}

/* More work, another work, or the same on the epic as it is now; and mostly it is submitted again. */
static void person_moves(int64_t issue)
{
	struct rng *r = &sim->rng;
	int task = (int)issue, tip = own_tip(task), epic = epic_tip();
	int parent = tip < 0 ? -1 : sim->commits.items[tip].parent[0];
	if (is_over(task)) {
		if (tip >= 0)
			submit_new(tip);
		return;
	}
	if (tip < 0 || (epic >= 0 && rng_chance(r, 0.3)))
		tip = some_base();
	else if (parent >= 0 && rng_chance(r, 0.3))
		tip = parent;
	develop(task, tip);
	if (rng_chance(r, 0.75))
		submit(task);
}

static void person_withdraws(int64_t issue)
{
	const char *const ids[] = {issue_of((int)issue)->id, NULL};
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (sim->supervisor && sim->dead)
		return;
	IGNORE(send(&(struct control_request){.verb = CONTROL_CANCEL, .ids = ids}, &said, &e));
	say("ganger cancel %s: %s", ids[0], e.code ? e.msg : buf_cstr(&said));
	if (rng_chance(&sim->rng, 0.5)) /* and thinks better of it */
		at(rng_below(&sim->rng, HOUR / 4), person_moves, issue);
}

void submits_init(void)
{
	struct rng *r = &sim->rng;
	for (int i = 0; i < sim->weather.submits; i++) {
		int64_t most = rng_chance(r, 0.3) ? 1 : rng_chance(r, 0.6) ? HOUR / 6 : 3 * HOUR;
		int64_t delay = rng_below(r, most);
		if (may(COUNT_PEOPLE))
			at(delay, person_submits, 0);
	}
}

void submits_between(void)
{
	for (int i = 0, n = (int)sim->issues.n; i < n; i++)
		if (issue_of(i)->branch && issue_of(i)->open && rng_chance(&sim->rng, 0.5))
			person_moves(i);
}
