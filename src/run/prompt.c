#include "run/prompt.h"

static bool is_empty(const char *s)
{
	return str_trim(str_of(s)).n == 0;
}

/* A block of text from outside, without its outer blank lines. */
static void add_block(struct buf *out, const char *heading, const char *text)
{
	struct str s = str_trim(str_of(text));

	if (s.n == 0)
		return;
	buf_puts(out, "\n");
	if (heading)
		buf_printf(out, "%s\n\n", heading);
	buf_add(out, s.p, s.n);
	buf_puts(out, "\n");
}

static void add_task(struct buf *out, const struct prompt_spec *s)
{
	struct str title = str_trim(str_of(s->title));

	buf_puts(out, "# ");
	buf_line(out, title.n ? title : str_of(s->task));
	buf_puts(out, "\n");
	add_block(out, NULL, s->body);
	add_block(out, "## Comments", s->comments);
}

static void add_landed(struct buf *out, const struct prompt_spec *s)
{
	if (s->n_landed <= 0)
		return;
	buf_puts(out, "\n## Already done\n\nThis task builds on these; their work is in your "
		      "branch:\n");
	for (int i = 0; i < s->n_landed; i++) {
		buf_puts(out, "- ");
		buf_line(out, str_of(s->landed[i].id));
		if (!is_empty(s->landed[i].title)) {
			buf_puts(out, ": ");
			buf_line(out, str_of(s->landed[i].title));
		}
		buf_puts(out, "\n");
	}
}

/* Its end, since that is where a log says what went wrong; whole lines where there are any. */
static void add_feedback_text(struct buf *out, struct str text)
{
	text = str_trim(text);
	if (text.n > PROMPT_FEEDBACK_MAX) {
		size_t cut = text.n - PROMPT_FEEDBACK_MAX;

		for (size_t i = cut; i < text.n; i++) {
			if (text.p[i] == '\n') {
				cut = i + 1;
				break;
			}
		}
		while (cut < text.n && ((unsigned char)text.p[cut] & 0xc0) == 0x80)
			cut++;
		buf_printf(out, "\n(%zu bytes before this are only in the file)\n", cut);
		text.p += cut;
		text.n -= cut;
	}
	if (text.n == 0)
		return;
	buf_puts(out, "\n");
	buf_add(out, text.p, text.n);
	buf_puts(out, "\n");
}

static void add_retry(struct buf *out, const struct prompt_spec *s)
{
	if (is_empty(s->feedback_path) && str_trim(s->feedback).n == 0)
		return;
	buf_printf(
		out, "\n## Why the last attempt did not land\n\nThis is attempt %d. %s\n",
		s->attempt,
		s->continues
			? "The work of the last attempt is in your branch: go on from it."
			: "It starts afresh: the work of the last attempt is not in your branch.");
	if (!is_empty(s->feedback_path))
		buf_printf(out, "What went wrong is in the file %s:\n", s->feedback_path);
	add_feedback_text(out, s->feedback);
}

static void add_conflicts(struct buf *out, const struct prompt_spec *s)
{
	if (is_empty(s->conflicts))
		return;
	buf_puts(out, "\n## Resolve a conflict\n\nThis task was done, but its work conflicts with "
		      "what landed since. The files below\nhold both sides between conflict "
		      "markers. Edit them so that both intentions hold and no\nmarker is left; "
		      "change nothing else.\n");
	add_block(out, NULL, s->conflicts);
}

static void add_place(struct buf *out, const struct prompt_spec *s)
{
	buf_puts(out, "- You are alone in this worktree");
	if (!is_empty(s->worktree))
		buf_printf(out, ", %s,", s->worktree);
	if (!is_empty(s->branch))
		buf_printf(out, " on branch %s", s->branch);
	buf_puts(out, ".\n");
}

static void add_rules(struct buf *out, const struct prompt_spec *s)
{
	buf_puts(out, "\n## Rules\n\n");
	add_place(out, s);
	buf_puts(out, "- Do only this task.\n- Run the project's tests");
	if (!is_empty(s->check)) {
		buf_puts(out, "; your work lands only if this passes: ");
		buf_line(out, str_trim(str_of(s->check)));
	}
	buf_puts(out,
		 ".\n"
		 "- Commit your work with git, here. If committing is refused, leave the files as "
		 "they are.\n"
		 "- Do not push, open pull requests, switch branches, write outside this folder, "
		 "leave services\n  running, or ask questions: nobody answers.\n"
		 "- If nothing needs to be done, change nothing and end with this line: ganger: "
		 "nothing to do\n");
}

void prompt_build(struct buf *out, const struct prompt_spec *s)
{
	add_task(out, s);
	add_landed(out, s);
	add_conflicts(out, s);
	add_retry(out, s);
	add_rules(out, s);
}
