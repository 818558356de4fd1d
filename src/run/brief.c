#include "base/clean.h"
#include "base/file.h"
#include "base/utf8.h"
#include "config/presets.h"
#include "run/labels.h"
#include "run/supervisor-impl.h"

#include <sys/stat.h>

/* What an agent is told: the files that the user set, read at the start, and what the world has. */

static int read_file(const struct supervisor *s, const char *name, struct buf *ret, struct err *e)
{
	const char *root = s->spec.place->root;
	char *path CLEANUP(freep) =
		name[0] == '/' || !root ? mem_strdup(name) : path_join(root, name);
	*ret = (struct buf)BUF_INIT;
	return file_read(path, PROMPT_TEMPLATE_MAX, ret, e);
}

/* Tried at once: a field that is not there is said before anything starts. */
static int
read_template(const struct supervisor *s, const char *name, struct buf *ret, struct err *e)
{
	struct buf tried CLEANUP(buf_done) = BUF_INIT;
	if (read_file(s, name, ret, e) ||
	    prompt_expand(&tried, buf_str(ret), &(struct prompt_spec){0}, e))
		return err_wrap(e, "could not use the prompt's template '%s'", name);
	return 0;
}

int brief_template(const struct supervisor *s, struct worker *w, struct err *e)
{
	const char *own = w->config->template, *name = own ? own : s->config->prompt_template;
	return name ? read_template(s, name, &w->template_, e) : 0;
}

int brief_read(struct supervisor *s, struct err *e)
{
	const struct config *c = s->config;
	if (!s->spec.agent)
		return 0;
	for (char *const *f = c->prompt_templates; f && *f; f += 2) {
		if (read_template(s, f[1], VEC_ADD(&s->templates), e))
			return err_wrap(e, "prompt.templates, label '%s'", f[0]);
	}
	for (char *const *f = c->prompt_roles; f && *f; f += 2) {
		if (read_file(s, f[1], VEC_ADD(&s->roles), e))
			return err_wrap(e, "prompt.roles, label '%s'", f[0]);
	}
	return 0;
}

void brief_done(struct supervisor *s)
{
	for (int i = 0; i < s->n_workers; i++)
		buf_done(&s->workers[i].template_);
	for (size_t i = 0; i < s->templates.n; i++)
		buf_done(&s->templates.items[i]);
	for (size_t i = 0; i < s->roles.n; i++)
		buf_done(&s->roles.items[i]);
	VEC_DONE(&s->templates);
	VEC_DONE(&s->roles);
}

/* Why the last try did not land, with the end of the log that says it. */
static int write_feedback(struct task_work *w, struct buf *text)
{
	if (!w->t.reason[0])
		return 0;
	char *path CLEANUP(freep) = path_join(w->dir, "feedback");
	buf_printf(text, "%s\n", w->t.reason);
	struct err none = ERR_INIT; /* a log that is gone adds nothing */
	if (w->old_log) {
		buf_puts(text, "\n");
		IGNORE(file_tail(w->old_log, 12 << 10, text, &none));
	}
	return file_write(path, buf_str(text), false, &w->e);
}

/* As it was written: a text for a shell, or words. */
static void add_command(struct buf *b, char *const *argv)
{
	if (argv && argv[0] && streq(argv[0], "sh") && argv[1] && streq(argv[1], "-c") && argv[2])
		argv += 2;
	for (; argv && *argv; argv++)
		buf_printf(b, "%s%s", b->n ? " " : "", *argv);
}

static void add_checks(struct buf *b, const struct config_check *x)
{
	for (; x && x->run; x++) {
		struct buf command CLEANUP(buf_done) = BUF_INIT;
		add_command(&command, x->run);
		buf_printf(b, "%s%s%s%s", b->n ? "; " : "", x->name ? x->name : "",
			   x->name ? ": " : "", buf_cstr(&command));
	}
}

/* Files of the worktree: what the agent works on, not what is checked out. */
struct files {
	VEC(struct prompt_file) items;
	VEC(char *) texts;
};

static void files_done(struct files *f)
{
	for (size_t i = 0; i < f->texts.n; i++)
		free(f->texts.items[i]);
	VEC_DONE(&f->texts);
	VEC_DONE(&f->items);
}

static bool file_add(struct files *f, const char *name, const char *worktree)
{
	char *path CLEANUP(freep) = path_join(worktree, name);
	struct buf text CLEANUP(buf_done) = {.max = PROMPT_FILE_MAX};
	struct err none = ERR_INIT; /* they are optional */
	if (file_read(path, PROMPT_TEMPLATE_MAX, &text, &none))
		return false;
	if (text.full) {
		buf_done(&text);
		text = (struct buf){.max = 200};
		buf_printf(&text, "(too long to be shown here: read the file)");
	}
	char *copy = buf_take(&text);
	VEC_PUSH(&f->texts, copy);
	VEC_PUSH(&f->items, ((struct prompt_file){name, str_of(copy)}));
	return true;
}

/* A link may lead anywhere, and nobody named this file. */
static bool is_own_file(const char *worktree, const char *name)
{
	char *path CLEANUP(freep) = path_join(worktree, name);
	struct stat st;
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* What its program reads by itself: a kind has one program, else it must be one that is known. */
static const char *const *reads_of(const struct worker *who)
{
	const struct config_preset *p = config_preset_find(who->settings.name);
	const char *const *c = who->settings.command; /* sh -c TEXT */
	if (who->kind->reads)
		return who->kind->reads;
	bool is_known = p && c && c[0] && c[1] && c[2] &&
			(streq(c[2], p->command) || streq(c[2], p->talk_command));
	return is_known ? p->reads : NULL;
}

/* The project's own instructions, for a program that would not read any of them by itself. */
static void instructions_read(struct files *f, const struct worker *who, const char *worktree)
{
	static const char *const names[] = {"AGENTS.md", "CLAUDE.md"};
	for (const char *const *name = reads_of(who); name && *name; name++) {
		char *path CLEANUP(freep) = path_join(worktree, *name);
		if (file_exists(path))
			return;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (is_own_file(worktree, names[i]) && file_add(f, names[i], worktree))
			return;
}

/* What a prompt is made of, and owns. */
struct brief {
	struct issue issue;
	struct git_conflict conflict;
	struct attempt attempt;
	struct buf feedback, check;
	struct buf diff, diff_command; /* of the work so far */
	struct files files, own;
};

static void brief_free(struct brief *b)
{
	issue_done(&b->issue);
	git_conflict_done(&b->conflict);
	attempt_done(&b->attempt);
	buf_done(&b->feedback);
	buf_done(&b->check);
	buf_done(&b->diff);
	buf_done(&b->diff_command);
	files_done(&b->files);
	files_done(&b->own);
}

/* What agents are told is UTF-8; files, and the place where a diff was cut, may be anything. */
static void add_clean(struct buf *to, struct str s)
{
	while (s.n) {
		size_t n = utf8_length(s.p, s.n);
		if (n)
			buf_add(to, s.p, n);
		else
			buf_puts(to, "\xef\xbf\xbd");
		n = n ? n : 1;
		s = (struct str){s.p + n, s.n - n};
	}
}

/* It is a help: where it cannot be had, the reason is told all the same. */
static void show_work(struct task_work *w, struct brief *b)
{
	struct git *g = w->s->git;
	const struct oid *from = &w->t.head_base, *to = &w->t.head;
	struct buf raw CLEANUP(buf_done) = {.max = PROMPT_DIFF_MAX + 1};
	struct err none = ERR_INIT;
	if (w->t.resolve || w->t.attempt < 2 || !from->hex[0] || !to->hex[0])
		return;
	if (g->ops->diff(g, from, to, &raw, &none) == 0)
		add_clean(&b->diff, buf_str(&raw));
	buf_printf(&b->diff_command, "git diff %.12s %.12s", from->hex, to->hex);
}

static int collect(struct task_work *w, struct brief *b)
{
	struct tracker *t = w->s->tracker;
	struct git *g = w->s->git;
	if (t->ops->get(t, w->t.id, &b->issue, NULL, &w->e) || write_feedback(w, &b->feedback) ||
	    (w->t.resolve && g->ops->conflict(g, &w->t.start, &w->t.base, &b->conflict, &w->e)))
		return w->e.code;
	attempt_init(w, &b->attempt);
	show_work(w, b);
	add_checks(&b->check, w->s->config->queue_check);
	const char *worktree = b->attempt.worktree;
	for (char *const *name = w->s->config->prompt_files; name && *name; name++)
		IGNORE(file_add(&b->files, *name, worktree));
	instructions_read(&b->own, worker_of(w->s, &w->t), worktree);
	return 0;
}

/*
 * By what its labels choose, else by what is for all; a role comes first. Labels are of the task:
 * to resolve a conflict of it is another.
 */
static int
compose(struct task_work *w, const char *labels, const struct prompt_spec *spec, struct buf *ret)
{
	const struct supervisor *s = w->s;
	int role = w->t.resolve ? -1 : labels_choose(labels, s->config->prompt_roles);
	int own = w->t.resolve ? -1 : labels_choose(labels, s->config->prompt_templates);
	const struct buf *by =
		own >= 0 ? &s->templates.items[own] : &worker_of(s, &w->t)->template_;
	struct str text = role >= 0 ? str_trim(buf_str(&s->roles.items[role])) : STR("");
	if (text.n) {
		buf_add(ret, text.p, text.n);
		buf_puts(ret, "\n\n");
	}
	if (by->n)
		return prompt_expand(ret, buf_str(by), spec, &w->e);
	prompt_build(ret, spec);
	return 0;
}

int brief_write(struct task_work *w)
{
	struct brief b CLEANUP(brief_free) = {.feedback = BUF_INIT,
					      .check = BUF_INIT,
					      .diff = BUF_INIT,
					      .diff_command = BUF_INIT};
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	if (collect(w, &b))
		return w->e.code;
	struct prompt_spec spec = {
		.epic = w->run.dispatch ? NULL : w->s->epic_title,
		.epic_body = w->s->epic_body,
		.task = w->t.id,
		.title = w->t.title,
		.body = b.issue.body,
		.comments = b.issue.comments,
		.worktree = b.attempt.worktree,
		.branch = b.attempt.branch,
		.check = b.check.n ? buf_cstr(&b.check) : NULL,
		.landed = w->needs.items,
		.n_landed = (int)w->needs.n,
		.files = b.files.items.items,
		.n_files = (int)b.files.items.n,
		.instructions = b.own.items.items,
		.attempt = (int)w->t.attempt,
		.continues = w->t.head.hex[0] && (w->t.resolve || w->t.from != FROM_FRESH),
		.conflicts = b.conflict.files,
		.ours = b.conflict.ours,
		.theirs = b.conflict.theirs,
		.touching = b.conflict.touching,
		.feedback_path = b.attempt.a.feedback_path,
		.feedback = buf_str(&b.feedback),
		.diff = buf_str(&b.diff),
		.diff_command = buf_cstr(&b.diff_command),
	};
	if (compose(w, b.issue.labels, &spec, &text))
		return w->e.code;
	return file_write(b.attempt.prompt, buf_str(&text), false, &w->e);
}
