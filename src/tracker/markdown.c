#include "tracker/markdown.h"

#include "base/clean.h"
#include "tracker/text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define TAB_COLUMNS  4
#define BODY_COLUMNS 2 /* as far beyond its bullet a task's body begins at least */

/* A line of the file, in a body. */
struct body_line {
	struct str text; /* after its indentation; empty: a blank line */
	int columns;     /* of its indentation */
	int line;
	bool fenced; /* of a code fence or inside one */
};

struct body_lines {
	VEC(struct body_line) at;
};

struct parser {
	const char *name;
	struct markdown *plan;
	int line;
	bool in_task;     /* body lines belong to the last task, else to the epic */
	int task_columns; /* of that task's bullet */
	char fence;       /* the mark of an open code fence, '`' or '~'; 0: none */
	int fence_length;
	struct body_lines body;
};

void markdown_done(struct markdown *p)
{
	if (!p)
		return;
	free(p->title);
	free(p->body);
	for (size_t i = 0; i < p->tasks.n; i++) {
		struct markdown_task *t = &p->tasks.items[i];

		free(t->title);
		free(t->body);
		free(t->labels);
		free(t->after);
	}
	VEC_DONE(&p->tasks);
	for (size_t i = 0; i < p->notes.n; i++)
		free(p->notes.items[i].text);
	VEC_DONE(&p->notes);
	memset(p, 0, sizeof(*p));
}

static struct str skip(struct str s, size_t n)
{
	return (struct str){s.p + n, s.n - n};
}

/* Cut the indentation off; its width, with tabs. */
static int indentation(struct str *s)
{
	int columns = 0;

	for (; s->n && (s->p[0] == ' ' || s->p[0] == '\t'); *s = skip(*s, 1))
		columns += s->p[0] == ' ' ? 1 : TAB_COLUMNS - columns % TAB_COLUMNS;
	return columns;
}

/* "- ", "* ", "+ ", "12. ", "12) ": cut it off. */
static bool bullet(struct str *s)
{
	size_t n = 0;

	while (n < s->n && n < 9 && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (n == s->n || !s->p[n] || !strchr(n ? ".)" : "-*+", s->p[n]))
		return false;
	n++;
	if (n == s->n || (s->p[n] != ' ' && s->p[n] != '\t'))
		return false;
	*s = str_trim(skip(*s, n));
	return true;
}

/* "- [ ] title": leave the title. */
static bool is_task(struct str s, struct str *ret_title, bool *ret_closed)
{
	if (!bullet(&s) || s.n < 3 || s.p[0] != '[' || s.p[2] != ']' || !strchr(" xX", s.p[1]))
		return false;
	if (s.n > 3 && s.p[3] != ' ' && s.p[3] != '\t')
		return false;
	*ret_closed = s.p[1] != ' ';
	*ret_title = str_trim(skip(s, 3));
	return true;
}

static bool is_title(struct str s, struct str *ret)
{
	if (s.n < 2 || s.p[0] != '#' || (s.p[1] != ' ' && s.p[1] != '\t'))
		return false;
	*ret = str_trim(skip(s, 1));
	return true;
}

/* "key: value" with one of our keys, in capitals or not. */
static bool directive(struct str s, const char *key, struct str *ret)
{
	size_t n = strlen(key);

	if (s.n <= n || strncasecmp(s.p, key, n) != 0 || s.p[n] != ':')
		return false;
	*ret = str_trim(skip(s, n + 1));
	return true;
}

/* Follow code fences; was this line one, or inside of one? */
static bool fence_step(struct parser *p, struct str text)
{
	int n = 0;
	char mark = text.n ? text.p[0] : 0;

	while ((size_t)n < text.n && text.p[n] == mark)
		n++;
	bool is_mark = (mark == '`' || mark == '~') && n >= 3;
	if (!p->fence) {
		if (is_mark) {
			p->fence = mark;
			p->fence_length = n;
		}
		return is_mark;
	}
	if (is_mark && mark == p->fence && n >= p->fence_length &&
	    !str_trim(skip(text, (size_t)n)).n)
		p->fence = 0;
	return true;
}

static int bad_line(const struct parser *p, int line, struct err *e, const char *text)
{
	return err_set(e, ERR_INVALID, "%s:%d: %s", p->name, line, text);
}

static int take_after(struct parser *p, const struct body_line *l, struct str value, struct err *e)
{
	struct markdown_task *t = &p->plan->tasks.items[p->plan->tasks.n - 1];

	if (t->after)
		return bad_line(p, l->line, e, "a second 'after:' of one task");
	t->after = text_line(value);
	t->after_line = l->line;
	return 0;
}

static int
take_priority(struct parser *p, const struct body_line *l, struct str value, struct err *e)
{
	int64_t n;

	if (!str_i64(value, &n) || n < 0 || n > 4)
		return bad_line(p, l->line, e, "a priority is a number from 0 to 4");
	p->plan->tasks.items[p->plan->tasks.n - 1].priority = (int)n;
	return 0;
}

/*
 * Take a line that is for us out of a task's body: *ret_taken. A dependency may also be an
 * item of a list.
 */
static int take_line(struct parser *p, const struct body_line *l, bool *ret_taken, struct err *e)
{
	struct markdown_task *t = &p->plan->tasks.items[p->plan->tasks.n - 1];
	struct str value, item = l->text;

	*ret_taken = true;
	if (directive(l->text, "after", &value) ||
	    (bullet(&item) && directive(item, "after", &value)))
		return take_after(p, l, value, e);
	if (directive(l->text, "priority", &value))
		return take_priority(p, l, value, e);
	if (directive(l->text, "labels", &value)) {
		free(t->labels);
		t->labels = text_labels(value);
		return 0;
	}
	*ret_taken = false;
	return 0;
}

static int least_columns(const struct body_lines *body)
{
	int least = -1;

	for (size_t i = 0; i < body->at.n; i++) {
		const struct body_line *l = &body->at.items[i];

		if (l->text.n && (least < 0 || l->columns < least))
			least = l->columns;
	}
	return least < 0 ? 0 : least;
}

static void put_line(const struct body_line *l, int least, struct buf *b)
{
	for (int i = least; l->text.n && i < l->columns; i++)
		buf_putc(b, ' ');
	buf_add(b, l->text.p, l->text.n);
	buf_putc(b, '\n');
}

/* Blank lines at both ends go, what is written stays indented. */
static char *body_text(const struct buf *b)
{
	struct str s = buf_str(b);

	while (s.n && s.p[0] == '\n')
		s = skip(s, 1);
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' '))
		s.n--;
	return text_clean(s);
}

/* The lines so far become the body of the last task, or of the epic. */
static int end_body(struct parser *p, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	int least = least_columns(&p->body), rc = 0;
	bool begun = false; /* by a line that is not for us */

	for (size_t i = 0; rc == 0 && i < p->body.at.n; i++) {
		const struct body_line *l = &p->body.at.items[i];
		bool taken = false;

		/* Deeper than the rest it is quoted, but not where the body begins. */
		if (p->in_task && !l->fenced && (l->columns == least || !begun))
			rc = take_line(p, l, &taken, e);
		begun = begun || (!taken && l->text.n);
		if (!taken)
			put_line(l, least, &b);
	}
	char **body =
		p->in_task ? &p->plan->tasks.items[p->plan->tasks.n - 1].body : &p->plan->body;
	free(*body);
	*body = body_text(&b);
	p->body.at.n = 0;
	return rc;
}

static int start_task(struct parser *p, struct str title, bool closed, int columns, struct err *e)
{
	int rc = 0;

	if (p->in_task || !p->plan->tasks.n)
		rc = end_body(p, e);
	if (rc)
		return rc;
	if (!title.n)
		return bad_line(p, p->line, e, "a task without a title");
	if (p->plan->tasks.n == MARKDOWN_TASKS_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than %u tasks", p->name, MARKDOWN_TASKS_MAX);
	*VEC_ADD(&p->plan->tasks) = (struct markdown_task){
		.line = p->line,
		.title = text_line(title),
		.labels = mem_strdup(""),
		.priority = -1,
		.closed = closed,
	};
	p->in_task = true;
	p->task_columns = columns;
	p->fence = 0;
	return 0;
}

static void keep_line(struct parser *p, struct str text, int columns, bool fenced)
{
	*VEC_ADD(&p->body.at) = (struct body_line){
		.text = text, .columns = columns, .line = p->line, .fenced = fenced};
}

/* Text after the first task that is not indented below one. */
static int stray_line(struct parser *p, struct str text, bool fenced, struct err *e)
{
	static const char *const keys[] = {"after", "labels", "priority"};
	struct str value;

	for (size_t i = 0; !fenced && i < ARRAY_LEN(keys); i++) {
		if (directive(text, keys[i], &value))
			return err_set(e, ERR_INVALID,
				       "%s:%d: '%s:' is not indented below its task", p->name,
				       p->line, keys[i]);
	}
	if (!fenced && text.p[0] == '#')
		return 0; /* headings between tasks are for the reader */
	*VEC_ADD(&p->plan->notes) = (struct markdown_note){
		.line = p->line, .text = mem_strdup("text that is not indented below a task")};
	return 0;
}

static int top_line(struct parser *p, struct str text, int columns, struct err *e)
{
	struct str title;
	bool closed, fenced = fence_step(p, text);

	if (!fenced && is_task(text, &title, &closed))
		return start_task(p, title, closed, columns, e);
	if (!fenced && is_title(text, &title)) {
		if (p->plan->title)
			return bad_line(p, p->line, e, "a second '# title': a plan is one epic");
		p->plan->title = text_line(title);
		return 0;
	}
	if (p->plan->tasks.n)
		return stray_line(p, text, fenced, e);
	keep_line(p, text, columns, fenced);
	return 0;
}

static int parse_line(struct parser *p, struct str text, struct err *e)
{
	if (str_ends(text, "\r"))
		text.n--;
	int columns = indentation(&text);
	struct str trimmed = str_trim(text);

	if (!trimmed.n) {
		if (p->in_task || !p->plan->tasks.n)
			keep_line(p, trimmed, 0, p->fence != 0);
		return 0;
	}
	if (p->in_task && columns >= p->task_columns + BODY_COLUMNS) {
		keep_line(p, text, columns, fence_step(p, trimmed));
		return 0;
	}
	if (p->in_task) {
		/* Less indented: the task, and a fence in it, is over. */
		int rc = end_body(p, e);
		if (rc)
			return rc;
		p->in_task = false;
		p->fence = 0;
	}
	return top_line(p, text, columns, e);
}

int markdown_parse(struct str text, const char *name, struct markdown *ret, struct err *e)
{
	struct markdown plan = {0};
	struct parser p = {.name = name, .plan = &plan};
	struct str line;
	int rc = 0;

	if (str_starts(text, "\xef\xbb\xbf"))
		text = skip(text, 3);
	while (rc == 0 && str_next(&text, '\n', &line)) {
		p.line++;
		rc = parse_line(&p, line, e);
	}
	if (rc == 0 && (p.in_task || !plan.tasks.n))
		rc = end_body(&p, e);
	if (rc == 0 && !plan.tasks.n)
		rc = err_set(e, ERR_INVALID, "%s: there is no task, '- [ ] title', in it", name);
	VEC_DONE(&p.body.at);
	if (rc)
		markdown_done(&plan);
	else
		*ret = plan;
	return rc;
}

/* Cut the next reference off: up to a comma, or in quotes. */
static bool next_reference(struct str *rest, struct str *ret, bool *ret_quoted)
{
	const char *end;

	*rest = str_trim(*rest);
	*ret_quoted = rest->n > 1 && rest->p[0] == '"' &&
		      (end = memchr(rest->p + 1, '"', rest->n - 1)) != NULL;
	if (!*ret_quoted)
		return str_next(rest, ',', ret);
	*ret = (struct str){rest->p + 1, (size_t)(end - rest->p) - 1};
	*rest = str_trim(skip(*rest, ret->n + 2));
	if (str_starts(*rest, ","))
		*rest = skip(*rest, 1);
	return true;
}

/* By title: the only task of that title. */
static int find_title(const struct markdown *p,
		      const struct markdown_task *t,
		      const char *name,
		      struct str title,
		      size_t *ret,
		      struct err *e)
{
	size_t found = 0;

	for (size_t i = 0; i < p->tasks.n; i++) {
		if (!str_eq(str_of(p->tasks.items[i].title), title))
			continue;
		if (found++)
			return err_set(e, ERR_INVALID,
				       "%s:%d: two tasks have the title '%.*s' (lines %d and %d)",
				       name, t->after_line, (int)title.n, title.p,
				       p->tasks.items[*ret].line, p->tasks.items[i].line);
		*ret = i;
	}
	return found ? 0 : ERR_NOT_FOUND;
}

static int find_task(const struct markdown *p,
		     const struct markdown_task *t,
		     const char *name,
		     struct str reference,
		     bool quoted,
		     size_t *ret,
		     struct err *e)
{
	int64_t n;

	if (!quoted && str_i64(reference, &n) && n >= 1 && n <= (int64_t)p->tasks.n) {
		*ret = (size_t)n - 1;
		return 0;
	}
	int rc = find_title(p, t, name, reference, ret, e);
	if (rc != ERR_NOT_FOUND)
		return rc;
	return err_set(e, ERR_INVALID, "%s:%d: there is no task '%.*s' in the plan", name,
		       t->after_line, (int)reference.n, reference.p);
}

static int add_place(const struct markdown *p,
		     size_t task,
		     const char *name,
		     size_t place,
		     struct markdown_places *ret,
		     struct err *e)
{
	const struct markdown_task *t = &p->tasks.items[task];

	if (place == task)
		return err_set(e, ERR_INVALID, "%s:%d: '%s' cannot depend on itself", name,
			       t->after_line, t->title);
	VEC_PUSH(&ret->at, place);
	return 0;
}

int markdown_references(const struct markdown *p,
			size_t task,
			const char *name,
			struct markdown_places *ret,
			struct err *e)
{
	const struct markdown_task *t = &p->tasks.items[task];
	struct str rest = str_of(t->after), one;
	size_t place = 0;
	bool quoted;
	int rc = 0;

	/* A title with commas may stand alone. */
	if (rest.n && find_title(p, t, name, rest, &place, NULL) == 0)
		return add_place(p, task, name, place, ret, e);
	while (rc == 0 && next_reference(&rest, &one, &quoted)) {
		one = quoted ? one : str_trim(one);
		if (!one.n)
			continue;
		rc = find_task(p, t, name, one, quoted, &place, e);
		if (rc == 0)
			rc = add_place(p, task, name, place, ret, e);
	}
	return rc;
}
