#include "sim/people.h"

#include "base/clean.h"
#include "run/supervisor.h"
#include "sim/sim.h"

#define HOUR ((int64_t)3600000)

static const struct core *core_now(void)
{
	return sim->supervisor && !sim->dead ? supervisor_core(sim->supervisor) : NULL;
}

static void tell(enum core_event_kind k, int task, int64_t n)
{
	supervisor_event(sim->supervisor, &(struct core_event){.kind = k, .task = task, .n = n});
}

/* ---- what people ask of a run ---- */

static void person_orders(int64_t kind)
{
	const struct core *c = core_now();
	if (!c || !c->tasks.n)
		return;
	int n = (int)c->tasks.n, task = (int)rng_below(&sim->rng, n);
	enum core_event_kind k = (enum core_event_kind)kind;
	/* Now and then of what is left to them: it is rare, and soon the run is over. */
	for (int i = 0; rng_chance(&sim->rng, 0.5) && !c->tasks.items[task].person && i < n; i++)
		task = (task + 1) % n;
	if (!core_accepts(c, task, k))
		return;
	say("person: %s %s", event_name(k), c->tasks.items[task].id);
	if (k == EV_RETRY)
		checker_retried(sim->checker, issue_index(c->tasks.items[task].id));
	tell(k, task, 0);
}

static void person_resumes(int64_t n)
{
	const struct core *c = core_now();
	/* At first also where the pause is not seen yet: it may wait for room on the disk. */
	if (c && n && !c->run.paused)
		return;
	if (c)
		tell(EV_RESUME, -1, 0);
	at(60000, person_resumes, n || c); /* until one was there to be told, and did not die of it */
}

static void person_pauses(int64_t n)
{
	(void)n;
	if (!core_now())
		return;
	say("person: pause");
	tell(EV_PAUSE, -1, 0);
	at(rng_between(&sim->rng, 1000, HOUR), person_resumes, 0);
}

static void person_stops(int64_t how)
{
	if (!core_now())
		return;
	say("person: stop %d", (int)how);
	tell(EV_STOP, -1, how);
}

/* ---- what people do to the branch and to the tracker ---- */

static void person_commits(int64_t n)
{
	(void)n;
	int tip = epic_tip();
	if (tip < 0)
		return;
	int c = commit_change(tip, -1, BY_PERSON);
	say("person: commits %d on the epic branch", c);
	epic_move(c, false);
}

/* Somebody merges a task's branch by hand, before the queue comes to it. */
static void person_merges(int64_t n)
{
	int tip = epic_tip(), first = (int)rng_below(&sim->rng, (int64_t)sim->issues.n);
	(void)n;
	for (int i = 0; tip >= 0 && i < (int)sim->issues.n; i++) {
		struct buf name CLEANUP(buf_done) = BUF_INIT;
		int task = (first + i) % (int)sim->issues.n;
		buf_puts(&name, "refs/heads/");
		if (sim->issues.items[task].branch)
			buf_printf(&name, "people/%s", sim->issues.items[task].id);
		else
			task_branch(task, &name);
		int head = ref_get(buf_cstr(&name));
		if (head < 0 || contains(tip, head) || conflicts(tip, head, NULL))
			continue;
		say("person: merges %s into the epic branch", sim->issues.items[task].id);
		epic_move(commit_join(tip, head, task, BY_PERSON), false);
		return;
	}
}

static void person_rewrites(int64_t n)
{
	(void)n;
	int tip = epic_tip(), parent = tip < 0 ? -1 : sim->commits.items[tip].parent[0];
	if (parent < 0)
		return;
	int c = commit_change(parent, -1, BY_PERSON);
	say("person: rewrites the epic branch, %d instead of %d", c, tip);
	epic_move(c, true);
}

/* Some trackers are told of what they do; others are asked, in time. */
static void news(int64_t n)
{
	(void)n;
	if (core_now())
		supervisor_look(sim->supervisor);
}

static void spread(void)
{
	if (rng_chance(&sim->rng, 0.6))
		at(rng_below(&sim->rng, 20), news, 0);
}

static struct sim_issue *any_issue(void)
{
	return &sim->issues.items[rng_below(&sim->rng, (int64_t)sim->issues.n)];
}

static void person_reopens(int64_t n)
{
	(void)n;
	size_t first = (size_t)rng_below(&sim->rng, (int64_t)sim->issues.n), k = 0;
	struct sim_issue *i = &sim->issues.items[first];
	while (k < sim->issues.n && (!i->shut || i->open))
		i = &sim->issues.items[(first + ++k) % sim->issues.n];
	if (!i->shut || i->open)
		return;
	say("person: opens %s again", i->id);
	i->open = true;
	i->shut = false;
	checker_reopened(sim->checker, (int)(i - sim->issues.items));
	spread();
}

static void person_closes(int64_t n)
{
	(void)n;
	struct sim_issue *i = any_issue();
	if (!i->open)
		return;
	say("person: closes %s", i->id);
	i->open = false;
	i->shut = true;
	checker_closed(sim->checker, (int)(i - sim->issues.items), true, "by hand");
	spread();
	at(rng_below(&sim->rng, HOUR), person_reopens, 0);
}

static void person_takes(int64_t n)
{
	(void)n;
	struct sim_issue *i = any_issue();
	if (!i->open || i->claimed)
		return;
	say("person: takes %s", i->id);
	i->claimed_by_other = true;
}

static void person_adds(int64_t n)
{
	char id[20];
	(void)n;
	(void)snprintf(id, sizeof(id), "n%d", (int)sim->issues.n);
	int task = issue_add(sim, id, (int)rng_below(&sim->rng, 5));
	checker_issue(sim->checker, task, true, true);
	say("person: adds %s", id);
	for (int i = 0; i < 2; i++) {
		int need = (int)rng_below(&sim->rng, task);
		bool twice = sim->issues.items[need].base;
		twice = twice || (i && sim->issues.items[task].needs.n &&
				  sim->issues.items[task].needs.items[0] == need);
		if (twice || rng_chance(&sim->rng, 0.3))
			continue;
		VEC_PUSH(&sim->issues.items[task].needs, need);
		checker_need(sim->checker, task, need);
	}
	spread();
}

static bool needs(const struct sim_issue *i, int other)
{
	for (size_t k = 0; k < i->needs.n; k++)
		if (i->needs.items[k] == other)
			return true;
	return false;
}

/* Never a cycle: where all edges go from a later issue to an earlier one, so does this one. */
static void person_links(int64_t n)
{
	(void)n;
	struct sim_issue *i = any_issue();
	int task = (int)(i - sim->issues.items), need = (int)rng_below(&sim->rng, task + 1);
	for (size_t k = 0; k < sim->issues.n; k++)
		for (size_t e = 0; e < sim->issues.items[k].needs.n; e++)
			if (sim->issues.items[k].needs.items[e] >= (int)k)
				return;
	if (need >= task || needs(i, need) || !i->child || sim->issues.items[need].base)
		return;
	say("person: %s needs %s", i->id, sim->issues.items[need].id);
	VEC_PUSH(&i->needs, need);
	checker_need(sim->checker, task, need);
	spread();
}

/* What is under way goes on with whom it has. */
static void relabels(struct sim_issue *i)
{
	if (!sim->settings.labels || i->base)
		return;
	i->labelled = !i->labelled;
	say("person: %s is %s for the other agent", i->id, i->labelled ? "now" : "no more");
	checker_labelled(sim->checker, (int)(i - sim->issues.items), i->labelled);
	spread();
}

static void person_unlinks(int64_t n)
{
	(void)n;
	struct sim_issue *i = any_issue();
	if (!i->needs.n) {
		relabels(i);
		return;
	}
	int need = i->needs.items[--i->needs.n];
	say("person: %s needs %s no more", i->id, sim->issues.items[need].id);
	checker_unneed(sim->checker, (int)(i - sim->issues.items), need);
	spread();
}

static void person_removes(int64_t issue)
{
	struct sim_issue *i = issue < 0 ? any_issue() : &sim->issues.items[issue];
	int task = (int)(i - sim->issues.items);
	if (!i->child || i->removed != (issue >= 0))
		return;
	i->removed = !i->removed;
	say("person: %s %s the epic", i->id, i->removed ? "out of" : "back into");
	checker_removed(sim->checker, task, i->removed);
	spread();
	if (i->removed)
		at(rng_below(&sim->rng, HOUR), person_removes, task);
}

/* ---- machines ---- */

static void crash(int64_t n)
{
	(void)n;
	if (!sim->supervisor || sim->weather.faults <= 0 || !may(COUNT_CRASHES))
		return;
	say("kill -9 of the supervisor");
	sim->dead = true;
}

static void reboot(int64_t n)
{
	crash(n);
	if (sim->supervisor && !sim->dead)
		return;
	say("reboot");
	sim->boot++;
	sim->boot_at = sim->now;
	checker_clock_broken(sim->checker);
	jobs_reboot();
	if ((!sim->supervisor || sim->dead) && rng_chance(&sim->rng, 0.5))
		power_cut();
}

static void shim_dies(int64_t n)
{
	(void)n;
	for (size_t i = 0; i < sim->jobs.n; i++) {
		struct sim_job *j = &sim->jobs.items[i];
		if (j->state == SIM_JOB_ALIVE && rng_chance(&sim->rng, 0.5)) {
			say("kill -9 of the shim of job %d", (int)j->number);
			job_kill_shim(j);
			return;
		}
	}
}

static void disk_has_room(int64_t n)
{
	(void)n;
	say("disk: room again");
	sim->disk_full = false;
}

static void disk_fills(int64_t n)
{
	(void)n;
	say("disk: full");
	sim->disk_full = true;
	checker_disk_full(sim->checker);
	at(rng_between(&sim->rng, 1000, HOUR / 2), disk_has_room, 0);
}

static void clock_jumps(int64_t n)
{
	(void)n;
	int64_t by = rng_between(&sim->rng, -30 * 24 * HOUR, 30 * 24 * HOUR);
	if (rng_chance(&sim->rng, 0.5))
		by /= 1000;
	say("clock: jumps by %lld s", (long long)by / 1000);
	sim->wall_off += by;
	checker_clock_broken(sim->checker);
}

static void cancels(int64_t issue)
{
	const struct core *c = core_now();
	int at = c ? core_find(c, sim->issues.items[issue].id) : -1;
	if (at < 0 || !core_accepts(c, at, EV_CANCEL))
		return;
	say("person: cancels %s", sim->issues.items[issue].id);
	tell(EV_CANCEL, at, 0);
}

static void retries(int64_t issue)
{
	const struct core *c = core_now();
	int at = c ? core_find(c, sim->issues.items[issue].id) : -1;
	if (at < 0 || !core_accepts(c, at, EV_RETRY))
		return;
	say("person: retries %s", sim->issues.items[issue].id);
	checker_retried(sim->checker, (int)issue);
	tell(EV_RETRY, at, 0);
}

static void steals(int64_t issue)
{
	say("person: takes %s over", sim->issues.items[issue].id);
	sim->issues.items[issue].claimed_by_other = true;
}

/* The head that is queued, and no other. */
static void approves(int64_t issue)
{
	const struct core *c = core_now();
	int at = c ? core_find(c, sim->issues.items[issue].id) : -1;
	if (at < 0 || !c->tasks.items[at].approval || !core_accepts(c, at, EV_APPROVE))
		return;
	say("person: approves %s", sim->issues.items[issue].id);
	checker_approved(sim->checker, (int)issue, oid_commit(&c->tasks.items[at].head));
	supervisor_event(
		sim->supervisor,
		&(struct core_event){.kind = EV_APPROVE, .task = at, .a = c->tasks.items[at].head});
}

/* What is left to people they look at more often; the run is soon over. */
static bool is_left(const char *id)
{
	const struct core *c = core_now();
	int at = c ? core_find(c, id) : -1;
	return at >= 0 && c->tasks.items[at].person;
}

void people_see(const char *id)
{
	struct rng *r = &sim->rng;
	double chance = sim->weather.meddling;
	if (sim->settings.approve && rng_chance(r, 0.5))
		at(rng_below(r, HOUR / 6), approves, issue_index(id));
	if (!rng_chance(r, is_left(id) ? 0.05 + 3 * chance : chance))
		return;
	void (*deed)(int64_t issue) = rng_chance(r, 0.6)   ? cancels
				      : rng_chance(r, 0.5) ? retries
							   : steals;
	int64_t delay = rng_below(r, 20);
	if (may(COUNT_PEOPLE))
		at(delay, deed, issue_index(id));
}

static void orders_cancel(int64_t n)
{
	(void)n;
	person_orders(EV_CANCEL);
}

static void orders_retry(int64_t n)
{
	(void)n;
	person_orders(EV_RETRY);
}

/* Only what waits in the queue takes these; most tasks do not, most of the time. */
static void orders_queue(int64_t kind)
{
	const struct core *c = core_now();
	enum core_event_kind k = (enum core_event_kind)kind;
	for (size_t i = 0; c && i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		if (!core_accepts(c, (int)i, k) || (k == EV_RELEASE) != (t->hold != 0) ||
		    rng_chance(&sim->rng, 0.5))
			continue;
		say("person: %s %s", event_name(k), t->id);
		for (size_t x = 0; x < sim->issues.n; x++) /* whom a move lets wait, who is held */
			checker_excused(sim->checker, (int)x);
		tell(k, (int)i, k == EV_MOVE ? rng_between(&sim->rng, 1, 4) : 0);
		break;
	}
	if (k == EV_HOLD)
		at(rng_below(&sim->rng, HOUR / 6), orders_queue, EV_RELEASE);
}

void people_init(void)
{
	static const struct {
		void (*fn)(int64_t n);
		int64_t n;
		int weight;
	} deeds[] = {
		{crash,           0,             6},
		{orders_cancel,   0,             3},
		{orders_retry,    0,             6},
		{orders_queue,    EV_HOLD,       3},
		{orders_queue,    EV_MOVE,       2},
		{person_pauses,   0,             2},
		{person_stops,    STOP_GRACEFUL, 2},
		{person_stops,    STOP_NOW,      2},
		{person_commits,  0,             3},
		{person_rewrites, 0,             1},
		{person_merges,   0,             3},
		{person_closes,   0,             1},
		{person_takes,    0,             1},
		{person_adds,     0,             2},
		{person_links,    0,             2},
		{person_unlinks,  0,             1},
		{person_removes,  -1,            2},
		{reboot,          0,             1},
		{shim_dies,       0,             2},
		{disk_fills,      0,             2},
		{clock_jumps,     0,             1},
	};
	int total = 0, n = (int)rng_below(&sim->rng, 4) * (int)rng_below(&sim->rng, 8);
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		total += deeds[i].weight;
	for (int k = 0; sim->weather.faults && k < n; k++) {
		int64_t pick = rng_below(&sim->rng, total);
		size_t i = 0;
		while (pick >= deeds[i].weight)
			pick -= deeds[i++].weight;
		int64_t most = rng_chance(&sim->rng, 0.5) ? HOUR / 6 : 3 * HOUR;
		int64_t delay = rng_below(&sim->rng, most);
		if (may(COUNT_PEOPLE))
			at(delay, deeds[i].fn, deeds[i].n);
	}
	submits_init();
	finish_init();
}

/* A conflict resolved, or a check mended, on the task's own branch. */
static void person_fixes(int task)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	buf_puts(&name, "refs/heads/");
	task_branch(task, &name);
	int tip = ref_get(buf_cstr(&name)), epic = epic_tip();
	/* On a branch of its own, as the report says. */
	if (sim->issues.items[task].branch || sim->issues.items[task].base)
		tip = sim->issues.items[task].pinned;
	if (tip < 0 || epic < 0)
		return;
	int joined = contains(tip, epic) ? tip : commit_join(tip, epic, task, BY_PERSON);
	int fix = commit_change(joined, task, BY_PERSON);
	say("person: fixes %s at %d", sim->issues.items[task].id, fix);
	ref_set(buf_cstr(&name), fix);
}

/* The base is in conflict with the epic: somebody resolves it, or not yet. */
static void base_between(int issue)
{
	if (journal_number(issue, "state", TASK_BLOCKED) != TASK_CONFLICTED)
		return;
	if (rng_chance(&sim->rng, 0.7))
		person_fixes(issue);
	if (rng_chance(&sim->rng, 0.7))
		people_ask_retry((const char *const[]){sim->issues.items[issue].id, NULL});
}

/* Open for no more than its way into the base. */
static bool is_in(int issue)
{
	return sim->settings.close_base &&
	       journal_number(issue, "state", TASK_BLOCKED) == TASK_CLOSED;
}

bool people_between(int round, int exit_code)
{
	bool again = exit_code == 130;
	VEC(const char *) ids = {0};
	if (round >= 4 || !may(COUNT_ROUNDS))
		return false;
	sim->disk_full = false;
	if (sim->settings.remote && remote_get(EPIC_REF) >= 0 && rng_chance(&sim->rng, 0.7)) {
		ref_set(EPIC_REF, remote_get(EPIC_REF));
		checker_epic(sim->checker, ref_get(EPIC_REF), true, false);
	}
	for (size_t i = 0; i < sim->issues.n; i++) {
		const struct sim_issue *x = &sim->issues.items[i];
		if (x->base)
			base_between((int)i);
		if (!x->open || !x->child || x->hidden || is_in((int)i))
			continue;
		sim->issues.items[i].claimed_by_other = false;
		again = true;
		if (rng_chance(&sim->rng, 0.4))
			person_fixes((int)i);
		if (x->held)
			people_ask_release(x->id);
		if (sim->settings.approve)
			people_ask_approve((int)i);
		if (!rng_chance(&sim->rng, 0.7))
			continue;
		/* Each reads the whole journal: of those that would be refused few are asked for. */
		bool vain = !x->retriable && rng_chance(&sim->rng, 0.9);
		if (sim->issues.n < LARGE && !vain)
			people_ask_retry((const char *const[]){x->id, NULL});
		else if (x->retriable)
			VEC_PUSH(&ids, x->id);
	}
	VEC_PUSH(&ids, NULL);
	if (ids.n > 1)
		people_ask_retry(ids.items);
	VEC_DONE(&ids);
	submits_between();
	return again;
}
