#include "base/clean.h"
#include "base/file.h"
#include "run/facts.h"
#include "run/report-impl.h"

/* The commands that bring a task, or the run, on. */

void step_ganger(struct buf *b, const char *command, const char *id)
{
	buf_printf(b, "ganger %s ", command);
	buf_shell(b, id);
	buf_putc(b, '\n');
}

static void
begin_of_task(struct buf *b, const char *command, const struct report_spec *s, const struct task *t)
{
	const struct run_row *run = &s->core->run;

	buf_printf(b, "ganger %s ", command);
	if (t->branch == 2 || run->dispatch) {
		buf_puts(b, "--epic ");
		buf_shell(b, run->epic);
		buf_putc(b, ' ');
	}
	buf_shell(b, t->id);
}

void step_of_task(struct buf *b,
		  const char *command,
		  const struct report_spec *s,
		  const struct task *t)
{
	begin_of_task(b, command, s, t);
	buf_putc(b, '\n');
}

void step_answer(struct buf *b,
		 const char *command,
		 const struct report_spec *s,
		 const struct task *t,
		 const char *question)
{
	begin_of_task(b, command, s, t);
	if (question) {
		buf_putc(b, ' ');
		buf_shell(b, question);
	}
	buf_putc(b, '\n');
}

/*
 * In a worktree beside the checkout, which stays as it is. The folder is named after the
 * repository and the task, and in full, since the reader may be anywhere in the checkout; the
 * branch is free, since no worktree of ours is on it any more. What was submitted, or is the base,
 * is resolved on a branch of its own: the person's may be in use.
 */
static void add_conflict_steps(struct buf *b, const struct report_spec *s, const struct task *t)
{
	char *branch CLEANUP(freep) = branch_expand(s->task_pattern, s->core->run.epic, t->id);
	char *dir CLEANUP(freep) = path_persons(s->paths, t->id);
	struct buf word CLEANUP(buf_done) = BUF_INIT;
	buf_shell(&word, dir);
	const char *at = buf_cstr(&word);
	if (t->branch)
		buf_puts(b, "git worktree add -B ");
	else
		buf_printf(b, "git worktree add %s ", at);
	buf_shell(b, branch);
	if (t->branch)
		buf_printf(b, " %s %s", at, t->head.hex);
	buf_printf(b, "\ngit -C %s merge ", at);
	buf_shell(b, s->epic_branch);
	buf_printf(b, "\n# resolve the conflicts in %s, then:\n", at);
	buf_printf(b, "git -C %s commit --all --no-edit\n", at);
	buf_printf(b, "git worktree remove %s\n", at);
	step_of_task(b, "retry", s, t);
}

/* A branch that was submitted is so again once its issue is closed. */
static void add_taken_out_steps(struct buf *b, const struct report_spec *s, const struct task *t)
{
	const struct run_row *run = &s->core->run;
	char *branch CLEANUP(freep) = branch_expand(s->task_pattern, run->epic, t->id);
	buf_puts(b, "# where that was meant:\n");
	step_ganger(b, "close", t->id);
	if (t->branch)
		return;
	buf_puts(b, "# where it was not, bring its work in again, and then have it closed:\n"
		    "ganger submit --epic ");
	buf_shell(b, run->epic);
	buf_putc(b, ' ');
	buf_shell(b, branch);
	buf_putc(b, '\n');
	step_ganger(b, "run", run->epic);
	step_of_task(b, "retry", s, t);
}

void step_path(struct buf *b, const char *path)
{
	if (!file_exists(path))
		return;
	buf_puts(b, "less ");
	buf_shell(b, path);
	buf_putc(b, '\n');
}

static void add_log(struct buf *b, const struct report_spec *s, const char *task, const char *part)
{
	char *path CLEANUP(freep) = path_log(s->paths, task, part);
	step_path(b, path);
}

void report_next_step(struct buf *b, const struct report_spec *s, const struct task *t)
{
	if (core_waits_for(t) == WAIT_EPIC) {
		step_of_task(b, "cancel", s, t);
	} else if (core_waits_for(t) == WAIT_RELEASE) {
		step_of_task(b, "queue release", s, t);
	} else if (core_waits_for(t) == WAIT_APPROVAL) {
		step_of_task(b, "diff", s, t);
		step_of_task(b, "approve", s, t);
	} else if (t->state == TASK_CONFLICTED) {
		add_conflict_steps(b, s, t);
	} else if (t->state == TASK_MERGED || t->state == TASK_NOTHING) {
		if (!t->gave_up)
			return;
		if (t->taken_out) {
			add_taken_out_steps(b, s, t);
			return;
		}
		step_ganger(b, "show", t->id); /* who holds it, and what it says */
		step_of_task(b, "retry", s, t);
	} else if (t->state == TASK_FAILED || t->gave_up) {
		if (t->red || t->gate_errors)
			add_log(b, s, t->id, "gate");
		else if (t->attempt)
			step_of_task(b, "logs", s, t);
		else
			step_ganger(b, "show", t->id);
		if (t->away == AWAY_EARLY) /* else it fails again at once */
			buf_puts(b, "# open its issue again, then:\n");
		step_of_task(b, "retry", s, t);
	} else if (t->state == TASK_CANCELLED) {
		step_of_task(b, "retry", s, t);
	}
}

void report_run_step(struct buf *b, const struct report_spec *s)
{
	static const char *const parts[] = {"probe", "gate", "setup"};
	const struct run_row *r = &s->core->run;
	size_t before = b->n;
	/* Pre-flight goes in this order: the last log there is is the one that says it. */
	for (size_t i = 0; !r->checked && b->n == before && i < ARRAY_LEN(parts); i++)
		add_log(b, s, "preflight", parts[i]);
	if (r->checked) {
		buf_puts(b, "git log --oneline --first-parent -10 ");
		buf_shell(b, s->epic_branch);
		buf_putc(b, '\n');
	}
	step_ganger(b, "run", r->epic);
}
