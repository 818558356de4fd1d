#include "run/report.h"

#include "base/clean.h"

#include <inttypes.h>

/* The report: what landed, what did not and why, what a person does next. */

static void add_conflict_steps(struct buf *b, const struct report_spec *s, const struct task *t)
{
	char *branch CLEANUP(freep) = branch_expand(s->task_pattern, s->core->run.epic, t->id);
	buf_puts(b, "git switch ");
	buf_shell(b, branch);
	buf_puts(b, "\ngit merge ");
	buf_shell(b, s->epic_branch);
	buf_puts(b, "\n# resolve, then: git commit -a\nganger retry ");
	buf_shell(b, t->id);
	buf_putc(b, '\n');
}

void report_next_step(struct buf *b, const struct report_spec *s, const struct task *t)
{
	bool again = t->state == TASK_FAILED || t->state == TASK_CANCELLED || t->gave_up;
	if (t->state == TASK_CONFLICTED) {
		add_conflict_steps(b, s, t);
	} else if (again) {
		buf_puts(b, "ganger retry ");
		buf_shell(b, t->id);
		buf_putc(b, '\n');
	}
}

static void add_task(struct buf *b, const struct report_spec *s, const struct task *t)
{
	buf_printf(b, "- %s ", t->id);
	buf_line(b, str_of(t->title));
	if (t->reason[0]) {
		buf_puts(b, ": ");
		buf_line(b, str_of(t->reason));
	}
	buf_putc(b, '\n');
	struct buf steps CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line;
	report_next_step(&steps, s, t);
	for (rest = buf_str(&steps); str_next(&rest, '\n', &line);)
		if (line.n)
			buf_printf(b, "      %.*s\n", (int)line.n, line.p);
}

void report_build(struct buf *b, const struct report_spec *s)
{
	struct core_totals n = core_count(s->core);
	buf_printf(b, "# %s: ", s->core->run.epic);
	buf_line(b, str_of(s->title));
	buf_printf(b, "\n\n%d of %d landed or done in %s%s\n\n", n.closed + n.merged, n.total,
		   s->epic_branch, s->untested ? " (untested: no queue.check)" : "");
	for (size_t i = 0; i < s->core->tasks.n; i++) {
		const struct task *t = &s->core->tasks.items[i];
		if (!t->outside && t->state != TASK_CLOSED)
			add_task(b, s, t);
	}
}
