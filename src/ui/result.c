#include "ui/result.h"

#include "base/clean.h"
#include "run/facts.h"
#include "ui/cli/cli.h"

#define STEPS_MAX 5 /* tasks whose commands are printed; the report has all */

/* What is known of all tasks together; negative: no agent said. */
struct sums {
	int64_t in, out;
	double cost;
	int failed_merges;
};

static struct sums sum(const struct core *c)
{
	struct sums s = {.in = -1, .out = -1, .cost = -1};

	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		bool red = t->state == TASK_FAILED && (t->red || t->gate_errors);

		if (t->outside)
			continue;
		s.failed_merges += red || t->state == TASK_CONFLICTED;
		if (t->tokens_in >= 0)
			s.in = c->run.tokens_in;
		if (t->tokens_out >= 0)
			s.out = c->run.tokens_out;
		if (t->cost >= 0)
			s.cost = c->run.cost;
	}
	return s;
}

static void add_known(cJSON *j, const char *name, double n)
{
	cJSON_AddItemToObject(j, name, n < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(n));
}

static int64_t duration(const struct core *c)
{
	int64_t end = c->run.ended_ms ? c->run.ended_ms : c->now.wall_ms;

	return c->run.started_ms && end > c->run.started_ms ? end - c->run.started_ms : 0;
}

cJSON *result_json(const struct core *c, const char *epic)
{
	struct core_totals n = core_count(c);
	struct sums s = sum(c);
	cJSON *j = cJSON_CreateObject(), *tokens;

	cJSON_AddItemToObject(j, "epic", cli_json_text(epic));
	cJSON_AddStringToObject(j, "status", core_status_name(core_status(c)));
	cJSON_AddNumberToObject(j, "total", n.total);
	cJSON_AddNumberToObject(j, "completed", n.closed + n.merged + n.submitted);
	cJSON_AddNumberToObject(j, "failed", n.failed);
	cJSON_AddNumberToObject(j, "skipped", n.skipped);
	cJSON_AddNumberToObject(j, "merged", n.landed);
	cJSON_AddNumberToObject(j, "failed_merges", s.failed_merges);
	cJSON_AddNumberToObject(j, "attempts", (double)c->run.attempts);
	cJSON_AddNumberToObject(j, "duration_ms", (double)duration(c));
	tokens = cJSON_AddObjectToObject(j, "tokens");
	add_known(tokens, "in", (double)s.in);
	add_known(tokens, "out", (double)s.out);
	add_known(j, "cost_usd", s.cost);
	return j;
}

/* ---- for people ---- */

static void add_count(struct buf *b, int n, const char *what)
{
	if (n)
		buf_printf(b, ", %d %s", n, what);
}

static void add_headline(struct buf *b, const struct core *c, const struct facts *f)
{
	struct core_totals n = core_count(c);
	int done = n.closed + n.merged + n.submitted;

	buf_puts(b, core_status_name(core_status(c)));
	buf_printf(b, ": %d of %d done", done, n.total);
	add_count(b, n.landed, "landed");
	add_count(b, n.taken_out, "taken out again");
	add_count(b, n.conflicted, "conflicted");
	add_count(b, n.failed, "failed");
	add_count(b, f->n_held, facts_held_word(f));
	add_count(b, n.skipped, "skipped");
	add_count(b, n.cancelled, "cancelled");
	add_count(b, n.total - done - n.conflicted - n.failed - f->n_held - n.skipped - n.cancelled,
		  "left");
	buf_puts(b, ", in ");
	buf_duration(b, duration(c) / 1000 * 1000);
	buf_putc(b, '\n');
}

static void add_indented(struct buf *b, const struct buf *lines)
{
	struct str rest = buf_str(lines), line;

	while (str_next(&rest, '\n', &line)) {
		if (!line.n)
			continue;
		buf_puts(b, "    ");
		buf_line(b, line);
		buf_putc(b, '\n');
	}
}

static void add_steps(struct buf *b, const struct report_spec *s, const struct facts *f, int at)
{
	const struct task *t = &s->core->tasks.items[at];
	struct buf steps CLEANUP(buf_done) = BUF_INIT;
	struct buf why CLEANUP(buf_done) = BUF_INIT;

	buf_putc(b, '\n');
	buf_line(b, str_of(t->id));
	buf_putc(b, ' ');
	buf_line(b, str_of(t->title));
	facts_reason(&why, f, at);
	buf_puts(b, why.n ? ": " : "");
	buf_line(b, buf_str(&why));
	buf_putc(b, '\n');
	report_next_step(&steps, s, t);
	add_indented(b, &steps);
}

/* What stopped the run as a whole. */
static void add_run(struct buf *b, const struct report_spec *s)
{
	const struct run_row *r = &s->core->run;
	struct buf steps CLEANUP(buf_done) = BUF_INIT;

	if (!r->reason[0])
		return;
	buf_line(b, str_of(r->reason));
	buf_putc(b, '\n');
	if (!r->exit)
		return;
	report_run_step(&steps, s);
	if (core_base_is_red(s->core)) /* what else failed would fail again */
		buf_puts(&steps, "# with --allow-red it starts all the same\n");
	add_indented(b, &steps);
}

static void add_next(struct buf *b, const struct report_spec *s)
{
	const struct core *c = s->core;
	bool done = core_exit_code(c) == 0;

	if (done && core_count(c).submitted)
		return;
	buf_puts(b, done ? "\nnext: ganger finish " : "\nnext: ganger run ");
	buf_shell(b, c->run.epic);
	buf_putc(b, '\n');
}

static bool is_persons(const struct facts *f, size_t at)
{
	const struct task *t = &f->core->tasks.items[at];

	return task_needs_person(t) || t->state == TASK_FAILED || t->state == TASK_CANCELLED;
}

static bool is_held(const struct facts *f, size_t at)
{
	return f->held[at] >= 0;
}

/* The tasks of one sort, each with why and what to do. How many there are. */
static int add_tasks(struct buf *b,
		     const struct report_spec *s,
		     const struct facts *f,
		     bool (*wanted)(const struct facts *, size_t))
{
	int said = 0, more = 0;

	for (size_t i = 0; i < f->core->tasks.n; i++) {
		if (f->core->tasks.items[i].outside || !wanted(f, i))
			continue;
		if (said++ < STEPS_MAX)
			add_steps(b, s, f, (int)i);
		else
			more++;
	}
	if (more)
		buf_printf(b, "\nand %d more\n", more);
	return said;
}

void result_text(struct buf *b, const struct report_spec *s)
{
	struct facts f CLEANUP(facts_done) = {0};
	const struct core *c = s->core;

	facts_find(c, &f);
	add_headline(b, c, &f);
	if (!core_count(c).total)
		buf_puts(b, "it has no tasks: those of an epic are its children\n");
	if (s->untested)
		buf_puts(b, "untested: no queue.check\n");
	add_run(b, s);
	/* What is held follows from those, but for what is held by something outside the epic. */
	if (!add_tasks(b, s, &f, is_persons))
		(void)add_tasks(b, s, &f, is_held);
	add_next(b, s);
	buf_puts(b, "report: ");
	buf_line(b, str_of(s->paths->report));
	buf_putc(b, '\n');
}
