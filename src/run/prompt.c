#include "run/prompt.h"

#include <stdio.h>
#include <string.h>

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

/* Not the task, but what it is for. */
static void add_context(struct buf *out, const struct prompt_spec *s)
{
	struct str body = str_trim(str_of(s->epic_body));
	size_t whole = body.n;

	if (is_empty(s->epic))
		return;
	buf_puts(out, "\n## The epic that this task is part of: ");
	buf_line(out, str_trim(str_of(s->epic)));
	buf_puts(out, "\n");
	if (body.n == 0)
		return;
	if (body.n > PROMPT_EPIC_MAX) {
		body.n = PROMPT_EPIC_MAX;
		while (body.n && ((unsigned char)body.p[body.n] & 0xc0) == 0x80)
			body.n--;
	}
	buf_puts(out, "\nOnly what you need to know of it; your task is the one above.\n\n");
	buf_add(out, body.p, body.n);
	buf_puts(out, "\n");
	if (body.n < whole)
		buf_printf(out, "\n(%zu bytes after this are left out)\n", whole - body.n);
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

static void add_file(struct buf *out, const struct prompt_file *f)
{
	struct str text = str_trim(f->text);

	if (text.n == 0)
		return;
	buf_puts(out, "\n## From the project: ");
	buf_line(out, str_of(f->name));
	buf_puts(out, "\n\n");
	buf_add(out, text.p, text.n);
	buf_puts(out, "\n");
}

static void add_files(struct buf *out, const struct prompt_spec *s)
{
	for (int i = 0; i < s->n_files; i++)
		add_file(out, &s->files[i]);
}

static void add_instructions(struct buf *out, const struct prompt_spec *s)
{
	if (s->instructions)
		add_file(out, s->instructions);
}

/* Its beginning, where it says how much was changed in which file; whole lines. */
static void add_diff_text(struct buf *out, const struct prompt_spec *s)
{
	struct str text = s->diff;
	bool cut = text.n > PROMPT_DIFF_MAX;

	for (text.n = cut ? PROMPT_DIFF_MAX : text.n; cut && text.n; text.n--)
		if (text.p[text.n - 1] == '\n')
			break;
	if (str_trim(text).n == 0)
		return;
	buf_add(out, text.p, text.n);
	if (text.p[text.n - 1] != '\n')
		buf_puts(out, "\n");
	if (cut)
		buf_printf(out, "(cut here; all of it: %s)\n",
			   s->diff_command ? s->diff_command : "git diff");
}

static void add_diff(struct buf *out, const struct prompt_spec *s)
{
	if (str_trim(s->diff).n == 0)
		return;
	buf_printf(out, "\nWhat was changed so far (%s):\n\n",
		   s->diff_command ? s->diff_command : "git diff");
	add_diff_text(out, s);
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
	add_diff(out, s);
}

static void add_conflicts(struct buf *out, const struct prompt_spec *s)
{
	if (is_empty(s->conflicts))
		return;
	buf_puts(out,
		 "\n## Resolve a conflict\n\nThis task was done, but its work conflicts with "
		 "what landed since. The merge of that into its\nbranch is in progress in this "
		 "worktree: HEAD is the work of the task, the other side is what\nlanded. "
		 "These files are in conflict:\n");
	add_block(out, NULL, s->conflicts);
	buf_puts(out,
		 "\nWhere Git could, it wrote both sides between conflict markers, with what "
		 "they have in common;\nwhat was resolved in an earlier try may be resolved "
		 "already. Edit the files so that both\nintentions hold and no marker is left, "
		 "and add each with 'git add' ('git rm' where it is to go).\nChange nothing "
		 "but these files and those that the task changed itself. Do not abort the "
		 "merge.\n");
	add_block(out, "What the task did:", s->ours);
	add_block(out, "What landed:", s->theirs);
	add_block(out, "Of that, the commits to these files:", s->touching);
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

/* All that there is, in the order of the built-in prompt. */
static const struct {
	const char *name;
	void (*add)(struct buf *out, const struct prompt_spec *s);
} parts[] = {
	{"task",         add_task        },
        {"context",      add_context     },
        {"done",         add_landed      },
	{"conflicts",    add_conflicts   },
        {"retry",        add_retry       },
        {"instructions", add_instructions},
	{"files",        add_files       },
        {"rules",        add_rules       },
};

void prompt_build(struct buf *out, const struct prompt_spec *s)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		parts[i].add(out, s);
}

static bool add_text(struct buf *out, const char *name, const struct prompt_spec *s)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{"id",        s->task     },
                {"title",     s->title    },
                {"body",      s->body     },
		{"comments",  s->comments },
                {"epic",      s->epic     },
                {"epic_body", s->epic_body},
		{"branch",    s->branch   },
                {"worktree",  s->worktree },
                {"check",     s->check    },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (streq(texts[i].name, name)) {
			buf_puts(out, texts[i].text ? texts[i].text : "");
			return true;
		}
	}
	if (streq(name, "attempt"))
		buf_printf(out, "%d", s->attempt);
	else if (streq(name, "feedback"))
		add_feedback_text(out, s->feedback);
	else if (streq(name, "diff"))
		add_diff_text(out, s);
	else
		return false;
	return true;
}

static int add_field(struct buf *out, struct str field, const struct prompt_spec *s, struct err *e)
{
	char name[32];

	field = str_trim(field);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(field.n < 31 ? field.n : 31), field.p);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (streq(parts[i].name, name)) {
			parts[i].add(out, s);
			return 0;
		}
	}
	if (add_text(out, name, s))
		return 0;
	(void)err_set(e, ERR_INVALID, "there is no field '{{%s}}'", name);
	return err_hint(e, "fields are task, context, done, conflicts, retry, instructions, files, "
			   "rules; id, title, body, comments, epic, epic_body, branch, worktree, "
			   "attempt, check, feedback, diff");
}

/* Of what a field holds nothing is looked at again: an issue cannot name fields. */
int prompt_expand(struct buf *out, struct str text, const struct prompt_spec *s, struct err *e)
{
	while (text.n) {
		const char *open = memmem(text.p, text.n, "{{", 2), *close;
		struct str field;

		if (!open) {
			buf_add(out, text.p, text.n);
			break;
		}
		buf_add(out, text.p, (size_t)(open - text.p));
		field = (struct str){open + 2, text.n - (size_t)(open - text.p) - 2};
		close = memmem(field.p, field.n, "}}", 2);
		if (!close)
			return err_set(e, ERR_INVALID, "a '{{' is not closed");
		text = (struct str){close + 2, field.n - (size_t)(close - field.p) - 2};
		field.n = (size_t)(close - field.p);
		if (add_field(out, field, s, e))
			return e->code;
	}
	return 0;
}
