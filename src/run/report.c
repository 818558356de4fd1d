#include "base/clean.h"
#include "base/file.h"
#include "run/facts.h"
#include "run/found.h"
#include "run/report-impl.h"
#include "run/said.h"

#include <inttypes.h>
#include <time.h>

/* The report: what landed, what did not and why, what a person does next. */

/* Everything that a section needs. */
struct page {
	struct buf *b;
	const struct report_spec *s;
	const struct core *c;
	struct facts facts;
	struct core_totals n;
};

/* ---- pieces ---- */

/* One empty line, whatever came before. */
static void add_gap(struct page *p)
{
	if (!str_ends(buf_str(p->b), "\n\n"))
		buf_putc(p->b, '\n');
}

static void add_section(struct page *p, const char *title)
{
	add_gap(p);
	buf_printf(p->b, "## %s\n\n", title);
}

static void add_commands(struct page *p, const struct buf *commands)
{
	struct str rest, line;
	if (!commands->n)
		return;
	add_gap(p);
	for (rest = buf_str(commands); str_next(&rest, '\n', &line);) {
		if (!line.n)
			continue;
		buf_puts(p->b, "      ");
		buf_line(p->b, line);
		buf_putc(p->b, '\n');
	}
}

static void add_name(struct page *p, const struct task *t)
{
	buf_puts(p->b, "- ");
	buf_line(p->b, str_of(t->id));
	buf_putc(p->b, ' ');
	buf_line(p->b, str_of(t->title));
}

static void add_reason(struct page *p, int at)
{
	struct buf why CLEANUP(buf_done) = BUF_INIT;
	facts_reason(&why, &p->facts, at);
	if (!why.n)
		return;
	buf_puts(p->b, ": ");
	buf_line(p->b, buf_str(&why));
}

static void add_moment(struct buf *b, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;
	if (localtime_r(&s, &tm))
		buf_printf(b, "%d-%02d-%02d ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	buf_clock(b, wall_ms);
}

/* The tasks that belong into a section, in the order of the tracker. */
typedef bool wanted_fn(const struct page *p, int at);
typedef void task_fn(struct page *p, int at);

static void add_tasks(struct page *p, const char *title, wanted_fn *wanted, task_fn *add)
{
	bool begun = false;
	for (size_t i = 0; i < p->c->tasks.n; i++) {
		if (p->c->tasks.items[i].outside || !wanted(p, (int)i))
			continue;
		if (!begun)
			add_section(p, title);
		begun = true;
		add(p, (int)i);
	}
}

/* ---- what happened ---- */

static void add_outcome(struct buf *b, int n, const char *what)
{
	if (n)
		buf_printf(b, ", %d %s", n, what);
}

static void add_totals(struct page *p)
{
	const struct core_totals *n = &p->n;
	int nothing = 0;
	for (size_t i = 0; i < p->c->tasks.n; i++)
		nothing += !p->c->tasks.items[i].outside && task_had_nothing(&p->c->tasks.items[i]);
	buf_printf(p->b, "%d of %d tasks are done", n->closed + n->merged + n->submitted, n->total);
	if (n->landed)
		buf_printf(p->b, ", %d of them landed in %s", n->landed, p->s->epic_branch);
	add_outcome(p->b, n->taken_out, "taken out again");
	add_outcome(p->b, nothing, "had nothing to do");
	add_outcome(p->b, n->submitted, "ended as pull requests");
	buf_puts(p->b, ".");
	struct buf rest CLEANUP(buf_done) = BUF_INIT;
	add_outcome(&rest, n->working, "working");
	add_outcome(&rest, n->queued, "queued");
	add_outcome(&rest, n->ready, "ready");
	add_outcome(&rest, n->blocked - p->facts.n_held, "blocked");
	add_outcome(&rest, n->conflicted, "conflicted");
	add_outcome(&rest, n->failed, "failed");
	add_outcome(&rest, p->facts.n_held, facts_held_word(&p->facts));
	add_outcome(&rest, n->skipped, "skipped");
	add_outcome(&rest, n->cancelled, "cancelled");
	if (rest.n)
		buf_printf(p->b, " %s.", buf_cstr(&rest) + 2);
	buf_putc(p->b, '\n');
}

static void add_state(struct page *p)
{
	const struct run_row *r = &p->c->run;
	struct buf why CLEANUP(buf_done) = BUF_INIT;
	if (p->s->running) {
		buf_printf(p->b, "It is %s", run_state_name((enum run_state)r->state));
	} else if (r->state == RUN_ENDED) {
		buf_puts(p->b, "It ended ");
		add_moment(p->b, r->ended_ms);
		buf_printf(p->b, ", %s", core_status_name(core_status(p->c)));
	} else {
		buf_puts(p->b, "No supervisor is at it");
	}
	facts_run_reason(&why, p->c);
	if (why.n) {
		buf_puts(p->b, ": ");
		buf_line(p->b, buf_str(&why));
	}
	buf_puts(p->b, ".\n");
	if (p->s->untested)
		buf_puts(p->b, "What landed is untested: no queue.check.\n");
	else if (p->s->batch > 1)
		buf_printf(p->b, "What lands together is tested together: queue.batch is %d.\n",
			   p->s->batch);
}

static bool is_under_way(const struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	unsigned flags = task_state_flags((enum task_state)t->state);
	return p->s->running && ((flags & (F_SLOT | F_MERGE)) || t->state == TASK_QUEUED);
}

static void add_under_way(struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	add_name(p, t);
	buf_printf(p->b, ": %s", task_word(t));
	if (t->attempt > 1)
		buf_printf(p->b, ", attempt %" PRId64, t->attempt);
	buf_putc(p->b, '\n');
}

static bool is_for_a_person(const struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	struct said_asks asks CLEANUP(said_asks_done) = {0};
	said_asks_find(p->s->paths, t, &asks);
	return asks.n || task_needs_person(t);
}

static bool has_failed(const struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	bool over =
		t->state == TASK_FAILED || t->state == TASK_SKIPPED || t->state == TASK_CANCELLED;
	return over && !task_needs_person(t);
}

/* What it asks for, and how to answer. */
static void add_asks(struct page *p, const struct task *t, struct buf *steps)
{
	struct said_asks asks CLEANUP(said_asks_done) = {0};
	said_asks_find(p->s->paths, t, &asks);
	for (size_t i = 0; i < asks.n; i++) {
		const struct said_ask *a = &asks.items[i];
		buf_puts(p->b, i ? "; " : ": asks for ");
		buf_line(p->b, str_of(a->what));
		if (asks.n > 1)
			buf_printf(steps, "# %s\n", a->what);
		step_answer(steps, "send --allow", p->s, t, a->question);
		step_answer(steps, "send --deny", p->s, t, a->question);
	}
}

static void add_trouble(struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	struct buf steps CLEANUP(buf_done) = BUF_INIT;
	add_gap(p);
	add_name(p, t);
	add_asks(p, t, &steps);
	add_reason(p, at);
	if (t->state == TASK_FAILED && t->attempt > 1)
		buf_printf(p->b, " (after %" PRId64 " attempts)", t->attempt);
	buf_putc(p->b, '\n');
	report_next_step(&steps, p->s, t);
	add_commands(p, &steps);
}

/* What stopped the run as a whole: the log that says it, and how to go on. */
static void add_run_trouble(struct page *p)
{
	const struct run_row *r = &p->c->run;
	struct buf steps CLEANUP(buf_done) = BUF_INIT;
	if (!r->exit || p->s->running)
		return;
	add_section(p, "The run needs you");
	buf_puts(p->b, "- ");
	buf_line(p->b, str_of(r->reason));
	buf_putc(p->b, '\n');
	report_run_step(&steps, p->s);
	add_commands(p, &steps);
}

static bool has_waited(const struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	if (p->facts.held[at] >= 0 || t->state == TASK_WAITING)
		return true;
	return !p->s->running && (t->state == TASK_BLOCKED || t->state == TASK_READY);
}

static void add_waiting(struct page *p, int at)
{
	add_name(p, &p->c->tasks.items[at]);
	add_reason(p, at);
	buf_putc(p->b, '\n');
}

static bool has_landed(const struct page *p, int at)
{
	return p->c->tasks.items[at].landed.hex[0] != '\0';
}

static bool is_done_without(const struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	bool done = t->state == TASK_CLOSED || t->state == TASK_SUBMITTED;
	return done && !has_landed(p, at);
}

static void add_landed(struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	add_name(p, t);
	if (t->landed.hex[0])
		buf_printf(p->b, ": %.12s%s", t->landed.hex,
			   t->taken_out ? ", which somebody took out again" : "");
	else if (t->reason[0])
		add_reason(p, at);
	if (t->landed.hex[0] && t->not_run[0])
		buf_printf(p->b, ", not tested by %s (it touches none of their paths)", t->not_run);
	if (t->pull)
		buf_printf(p->b, ", pull request %" PRId64, t->pull);
	if (t->attempt > 1)
		buf_printf(p->b, ", attempt %" PRId64, t->attempt);
	buf_putc(p->b, '\n');
}

static bool is_flaky(const struct page *p, int at)
{
	return p->c->tasks.items[at].flaky[0] != '\0';
}

/* One check that was red so many times on a tree, and then green. The logs are what tells why. */
static void add_flake(struct page *p, const struct task *t, struct str line)
{
	struct str check = {0}, tree = {0};
	int64_t reds = 0;
	(void)str_next(&line, '\t', &check);
	if (!str_next(&line, '\t', &tree) || !str_i64(line, &reds))
		return;
	buf_puts(p->b, "- ");
	buf_line(p->b, str_of(t->id));
	buf_putc(p->b, ' ');
	buf_line(p->b, str_of(t->title));
	buf_puts(p->b, ": the check ");
	if (check.n)
		buf_printf(p->b, "'%.*s' ", (int)check.n, check.p);
	buf_printf(p->b, "was red %" PRId64 " time%s, then green on tree %.*s\n", reds,
		   reds == 1 ? "" : "s", (int)tree.n, tree.p);
	struct buf logs CLEANUP(buf_done) = BUF_INIT;
	char *name CLEANUP(freep) = mem_strndup(check.p, check.n);
	char *hex CLEANUP(freep) = mem_strndup(tree.p, tree.n);
	for (int64_t n = 1; n <= reds + 1; n++) {
		char *path CLEANUP(freep) = path_gate_log(p->s->paths, t->id, name, hex, n);
		step_path(&logs, path);
	}
	add_commands(p, &logs);
}

static void add_flakes(struct page *p, int at)
{
	const struct task *t = &p->c->tasks.items[at];
	struct str rest = str_of(t->flaky), line;
	add_gap(p);
	while (str_next(&rest, '\n', &line))
		add_flake(p, t, line);
}

static void add_found(struct page *p)
{
	struct str rest = str_of(p->s->found);
	struct found_line f;
	for (bool begun = false; found_next(&rest, &f); begun = true) {
		if (!begun) {
			add_section(p, "Discovered");
			buf_puts(p->b,
				 "Open issues that the work brought to light; they are no part of "
				 "the epic, and were not run.\n\n");
		}
		buf_puts(p->b, "- ");
		buf_line(p->b, f.id);
		buf_putc(p->b, ' ');
		buf_line(p->b, f.title);
		buf_puts(p->b, ", from ");
		buf_line(p->b, f.from);
		buf_putc(p->b, '\n');
	}
}

/* ---- what it took, and what is left ---- */

static void add_tokens(struct page *p)
{
	int known = 0, asked = 0, costs = 0;
	for (size_t i = 0; i < p->c->tasks.n; i++) {
		const struct task *t = &p->c->tasks.items[i];
		asked += t->attempt > 0;
		known += t->tokens_in >= 0 || t->tokens_out >= 0;
		costs += t->cost >= 0;
	}
	const struct run_row *r = &p->c->run;
	if (known)
		buf_printf(p->b,
			   "- tokens: %" PRId64 " in, %" PRId64 " out, as %d of %d tasks say\n",
			   r->tokens_in, r->tokens_out, known, asked);
	else
		buf_puts(p->b, "- tokens: not known, the agents do not say\n");
	if (costs)
		buf_printf(p->b, "- cost: $%.2f, as %d of %d tasks say\n", r->cost, costs, asked);
	else
		buf_puts(p->b, "- cost: not known, the agents do not say\n");
}

static void add_spent(struct page *p)
{
	const struct run_row *r = &p->c->run;
	int64_t end = r->ended_ms ? r->ended_ms : p->c->now.wall_ms;
	add_section(p, "Spent");
	if (r->started_ms && end >= r->started_ms) {
		buf_puts(p->b, "- time: ");
		buf_duration(p->b, end - r->started_ms);
		buf_puts(p->b, " from the first start\n");
	}
	buf_printf(p->b, "- attempts: %" PRId64 "\n", r->attempts);
	add_tokens(p);
}

static void add_outside(struct page *p)
{
	const char *push = p->s->push ? p->s->push : "never";
	const char *remote = p->c->run.remote;
	add_section(p, "What went outside");
	if (streq(push, "never") || !remote[0])
		buf_puts(p->b, "- nothing was pushed\n");
	else if (streq(push, "epic"))
		buf_printf(p->b, "- %s was pushed to '%s'\n", p->s->epic_branch, remote);
	else
		buf_printf(p->b, "- %s and the tasks' branches were pushed to '%s'\n",
			   p->s->epic_branch, remote);
	if (p->c->run.attempts)
		buf_puts(p->b, "- the agents ran as you do; what they sent, only they know\n");
}

static void add_left_out(struct page *p, const struct task *t)
{
	struct str rest = str_of(t->left_out), line;
	while (str_next(&rest, '\n', &line)) {
		if (!line.n)
			continue;
		buf_puts(p->b, "- not committed in ");
		buf_line(p->b, str_of(t->id));
		buf_puts(p->b, ": ");
		buf_line(p->b, line);
		buf_putc(p->b, '\n');
	}
}

static void add_kept(struct page *p)
{
	struct buf refs CLEANUP(buf_done) = BUF_INIT;
	buf_name(&refs, p->c->run.epic);
	add_section(p, "What is kept");
	buf_printf(p->b, "- the work of every attempt: git for-each-ref refs/ganger/%s\n",
		   buf_cstr(&refs));
	buf_printf(p->b, "- the agents' output: %s\n", p->s->paths->logs);
	for (size_t i = 0; i < p->c->tasks.n; i++) {
		const struct task *t = &p->c->tasks.items[i];
		if (t->slot && !p->s->running) {
			char *at CLEANUP(freep) = path_worktree(p->s->paths, t->slot - 1);
			buf_printf(p->b, "- the worktree of %s: %s\n", t->id, at);
		}
		add_left_out(p, t);
	}
}

/* What each that is handed on would bring. */
static void add_reviews(const struct page *p, struct buf *steps)
{
	for (size_t i = 0; i < p->c->tasks.n; i++)
		if (p->c->tasks.items[i].state == TASK_SUBMITTED)
			step_of_task(steps, "diff", p->s, &p->c->tasks.items[i]);
}

static void add_next(struct page *p)
{
	struct buf steps CLEANUP(buf_done) = BUF_INIT;
	const struct run_row *r = &p->c->run;
	bool all_in = p->n.closed + p->n.merged + p->n.submitted == p->n.total;
	add_section(p, "What to do next");
	if (p->s->running) {
		buf_puts(p->b, "It goes on by itself. To watch it:\n");
		step_ganger(&steps, "top", r->epic);
	} else if (all_in && p->n.submitted) {
		buf_puts(p->b, "Review the pull requests:\n");
		add_reviews(p, &steps);
	} else if (all_in && !r->exit) {
		buf_puts(p->b, "Look at it, then take it back to the base:\n");
		buf_puts(&steps, "git diff ");
		buf_shell(&steps, r->base);
		buf_puts(&steps, "...");
		buf_shell(&steps, p->s->epic_branch);
		buf_putc(&steps, '\n');
		step_ganger(&steps, "finish", r->epic);
	} else {
		bool trouble = p->n.person || p->n.conflicted || p->n.failed || p->n.cancelled;
		buf_puts(p->b, trouble ? "Do what is said above, then go on:\n" : "Go on:\n");
		step_ganger(&steps, "run", r->epic);
	}
	add_commands(p, &steps);
}

void report_build(struct buf *b, const struct report_spec *s)
{
	struct page p = {.b = b, .s = s, .c = s->core, .n = core_count(s->core)};
	facts_find(s->core, &p.facts);
	buf_puts(b, "# ");
	buf_line(b, str_of(s->core->run.epic));
	buf_puts(b, s->title && s->title[0] ? ": " : "");
	buf_line(b, str_of(s->title));
	buf_puts(b, "\n\n");
	add_totals(&p);
	add_state(&p);
	add_run_trouble(&p);
	add_tasks(&p, "Needs you", is_for_a_person, add_trouble);
	add_tasks(&p, "Failed", has_failed, add_trouble);
	add_tasks(&p, "Under way", is_under_way, add_under_way);
	add_tasks(&p, "Waited for", has_waited, add_waiting);
	add_tasks(&p, "Landed", has_landed, add_landed);
	add_tasks(&p, "Flaky checks", is_flaky, add_flakes);
	add_tasks(&p, "Done without landing", is_done_without, add_landed);
	add_found(&p);
	add_spent(&p);
	add_outside(&p);
	add_kept(&p);
	add_next(&p);
	facts_done(&p.facts);
}
