#include "tracker/fake.h"

#include "base/check.h"
#include "base/clean.h"
#include "base/str.h"
#include "tracker/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

struct comment {
	char *marker, *text; /* marker NULL: none */
};

struct entry {
	struct issue issue; /* its comments are rendered when asked for */
	VEC(char *) after;
	VEC(struct comment) comments;
};

struct fake {
	struct tracker tracker; /* first, for fake_of() */
	pthread_mutex_t mutex;
	VEC(struct entry) entries;
	int64_t number; /* highest one given or seen */
	int64_t clock;  /* counts calls that write; stands for the time */
	int fail_in;    /* calls; 0: none fails */
	enum err_code fail_code;
	bool fail_after;
};

static const struct tracker_ops fake_ops;

static struct fake *fake_of(struct tracker *t)
{
	CHECK(t->ops == &fake_ops);
	return (struct fake *)t;
}

static struct entry *entry_of(struct fake *f, const char *id)
{
	for (size_t i = 0; i < f->entries.n; i++) {
		if (streq(f->entries.items[i].issue.id, id))
			return &f->entries.items[i];
	}
	return NULL;
}

static int absent(const char *id, enum err_code code, struct err *e)
{
	return err_set(e, code, "there is no issue '%s'", id);
}

static void set(char **at, char *text)
{
	free(*at);
	*at = text;
}

/* What a call runs inside: it gets the entry it is about, or NULL where it names none. */
typedef int call_fn(struct fake *f, struct entry *i, const void *args, struct err *e);

static int make_call(struct tracker *t,
		     const char *id,
		     call_fn *fn,
		     bool writes,
		     const void *args,
		     struct err *e)
{
	struct fake *f = fake_of(t);
	int rc = 0;

	CHECK(pthread_mutex_lock(&f->mutex) == 0);
	bool failing = f->fail_in && --f->fail_in == 0;
	struct entry *i = id ? entry_of(f, id) : NULL;
	if (!failing || (f->fail_after && writes))
		rc = id && !i ? absent(id, ERR_NOT_FOUND, e) : fn(f, i, args, e);
	if (failing)
		rc = err_set(e, f->fail_code, "could not reach the tracker: told so by a test");
	CHECK(pthread_mutex_unlock(&f->mutex) == 0);
	return rc;
}

static int call(struct tracker *t, const char *id, call_fn *fn, const void *args, struct err *e)
{
	return make_call(t, id, fn, true, args, e);
}

/* One that only reads. */
static int ask(struct tracker *t, const char *id, call_fn *fn, const void *args, struct err *e)
{
	return make_call(t, id, fn, false, args, e);
}

static char *render(const struct entry *i)
{
	struct buf b = BUF_INIT;

	for (size_t k = 0; k < i->comments.n; k++)
		buf_printf(&b, "%s%s", k ? "\n\n" : "", i->comments.items[k].text);
	return buf_take(&b);
}

static void copy(const struct entry *from, struct issue *ret)
{
	const struct issue *i = &from->issue;

	*ret = *i;
	char **const texts[] = {&ret->id,     &ret->title,     &ret->body,   &ret->labels,
				&ret->parent, &ret->type,      &ret->status, &ret->closed_reason,
				&ret->hidden, &ret->claimed_by};
	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		*texts[k] = mem_strdup(*texts[k]);
	ret->comments = render(from);
}

static bool graph_has(const struct issue_graph *g, const char *id)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		if (streq(g->issues.items[i].id, id))
			return true;
	}
	for (size_t i = 0; i < g->outside.n; i++) {
		if (streq(g->outside.items[i].id, id))
			return true;
	}
	return false;
}

static void add_outside(struct fake *f, struct issue_graph *g, const char *id)
{
	const struct entry *i = entry_of(f, id);

	CHECK(i);
	if (!graph_has(g, id))
		*VEC_ADD(&g->outside) = (struct issue){.id = mem_strdup(id),
						       .title = mem_strdup(i->issue.title),
						       .open = i->issue.open};
}

static void add_edge(struct fake *f, struct issue_graph *g, const char *task, const char *needs)
{
	for (size_t i = 0; i < g->edges.n; i++) {
		if (streq(g->edges.items[i].task, task) && streq(g->edges.items[i].needs, needs))
			return;
	}
	*VEC_ADD(&g->edges) =
		(struct issue_edge){.task = mem_strdup(task), .needs = mem_strdup(needs)};
	add_outside(f, g, needs);
}

/* Is it the epic, or below it? */
static bool is_inside(struct fake *f, const char *id, const char *epic)
{
	for (size_t steps = 0; id && steps <= f->entries.n; steps++) {
		if (streq(id, epic))
			return true;
		id = entry_of(f, id)->issue.parent;
	}
	return false;
}

static void add_inherited(struct fake *f, const struct entry *i, struct issue_graph *g)
{
	const char *epic = i->issue.parent;

	for (size_t steps = 0; epic && steps < f->entries.n; steps++) {
		const struct entry *above = entry_of(f, epic);

		for (size_t k = 0; above->issue.open && k < above->after.n; k++) {
			const char *needs = above->after.items[k];

			if (entry_of(f, needs)->issue.open && !is_inside(f, needs, epic) &&
			    !is_inside(f, i->issue.id, needs))
				add_edge(f, g, i->issue.id, needs);
		}
		epic = above->issue.parent;
	}
}

static bool has_children(const struct fake *f, const char *id, bool open_only)
{
	for (size_t i = 0; i < f->entries.n; i++) {
		const struct issue *one = &f->entries.items[i].issue;

		if (streq(one->parent, id) && (one->open || !open_only))
			return true;
	}
	return false;
}

struct load_args {
	const char *epic;
	struct issue *ret_epic;
	struct issue_graph *ret;
};

static int do_load(struct fake *f, struct entry *epic, const void *args, struct err *e)
{
	const struct load_args *a = args;
	struct issue_graph g = {0};

	(void)e;
	for (size_t i = 0; i < f->entries.n; i++) {
		const struct entry *one = &f->entries.items[i];

		if (a->epic && !streq(one->issue.parent, a->epic))
			continue;
		struct issue *to = VEC_ADD(&g.issues);
		copy(one, to);
		if (a->epic && to->open && !*to->hidden && has_children(f, to->id, true))
			set(&to->hidden, mem_strdup("an epic of its own"));
	}
	for (size_t i = 0; i < g.issues.n; i++) {
		const struct entry *one = entry_of(f, g.issues.items[i].id);

		for (size_t k = 0; k < one->after.n; k++)
			add_edge(f, &g, one->issue.id, one->after.items[k]);
	}
	for (size_t i = 0; i < g.issues.n; i++)
		add_inherited(f, entry_of(f, g.issues.items[i].id), &g);
	if (a->ret_epic)
		memset(a->ret_epic, 0, sizeof(*a->ret_epic));
	if (epic && a->ret_epic)
		copy(epic, a->ret_epic);
	*a->ret = g;
	return 0;
}

static int fake_load(struct tracker *t,
		     const char *epic,
		     struct issue *ret_epic,
		     struct issue_graph *ret,
		     struct err *e)
{
	return ask(t, epic, do_load, &(struct load_args){epic, ret_epic, ret}, e);
}

static int do_get(struct fake *f, struct entry *i, const void *args, struct err *e)
{
	const struct load_args *a = args;
	struct issue_graph g = {0};

	CHECK(i);
	(void)e;
	copy(i, a->ret_epic);
	for (size_t k = 0; k < i->after.n; k++)
		add_edge(f, &g, i->issue.id, i->after.items[k]);
	for (size_t k = 0; k < f->entries.n; k++) {
		const struct entry *other = &f->entries.items[k];

		for (size_t n = 0; n < other->after.n; n++) {
			if (!streq(other->after.items[n], i->issue.id))
				continue;
			*VEC_ADD(&g.edges) =
				(struct issue_edge){.task = mem_strdup(other->issue.id),
						    .needs = mem_strdup(i->issue.id)};
			add_outside(f, &g, other->issue.id);
		}
	}
	if (a->ret)
		*a->ret = g;
	else
		issue_graph_done(&g);
	return 0;
}

static int fake_get(struct tracker *t,
		    const char *id,
		    struct issue *ret,
		    struct issue_graph *ret_edges,
		    struct err *e)
{
	return ask(t, id, do_get, &(struct load_args){NULL, ret, ret_edges}, e);
}

static int do_epics(struct fake *f, struct entry *none, const void *args, struct err *e)
{
	struct issue_graph *ret = ((const struct load_args *)args)->ret;

	(void)none, (void)e;
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < f->entries.n; i++) {
		const struct entry *one = &f->entries.items[i];

		if (one->issue.open && has_children(f, one->issue.id, false))
			copy(one, VEC_ADD(&ret->issues));
	}
	return 0;
}

static int fake_epics(struct tracker *t, struct issue_graph *ret, struct err *e)
{
	return ask(t, NULL, do_epics, &(struct load_args){.ret = ret}, e);
}

static int do_claim(struct fake *f, struct entry *i, const void *args, struct err *e)
{
	const char *who = args;

	CHECK(i);
	(void)f;
	if (!i->issue.open)
		return err_set(e, ERR_CONFLICT, "issue '%s' is closed", i->issue.id);
	if (*i->issue.claimed_by && !streq(i->issue.claimed_by, who))
		return err_set(e, ERR_CONFLICT, "issue '%s' is claimed by '%s'", i->issue.id,
			       i->issue.claimed_by);
	set(&i->issue.claimed_by, mem_strdup(who));
	set(&i->issue.status, mem_strdup("in_progress"));
	return 0;
}

static int do_release(struct fake *f, struct entry *i, const void *args, struct err *e)
{
	CHECK(i);
	(void)f, (void)e;
	if (i->issue.open && streq(i->issue.claimed_by, args)) {
		set(&i->issue.claimed_by, mem_strdup(""));
		set(&i->issue.status, mem_strdup("open"));
	}
	return 0;
}

static int fake_claim(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	return call(t, id, do_claim, who, e);
}

static int fake_release(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	return call(t, id, do_release, who, e);
}

struct text_args {
	const char *a, *b;
};

static int do_comment(struct fake *f, struct entry *i, const void *args, struct err *e)
{
	const struct text_args *a = args;

	CHECK(i);
	(void)f, (void)e;
	for (size_t k = 0; a->a && k < i->comments.n; k++) {
		if (streq(i->comments.items[k].marker, a->a)) {
			set(&i->comments.items[k].text, text_clean(str_of(a->b)));
			return 0;
		}
	}
	*VEC_ADD(&i->comments) =
		(struct comment){.marker = mem_strdup(a->a), .text = text_clean(str_of(a->b))};
	return 0;
}

static void close_entry(struct fake *f, struct entry *i, const char *reason)
{
	i->issue.open = false;
	i->issue.closed_ms = ++f->clock;
	set(&i->issue.status, mem_strdup("closed"));
	set(&i->issue.closed_reason, mem_strdup(reason ? reason : "completed"));
	set(&i->issue.claimed_by, mem_strdup(""));
}

static int do_close(struct fake *f, struct entry *i, const void *args, struct err *e)
{
	const struct text_args *a = args;

	CHECK(i);
	if (!i->issue.open)
		return 0;
	close_entry(f, i, a->a);
	return a->b && *a->b ? do_comment(f, i, &(struct text_args){NULL, a->b}, e) : 0;
}

static int
fake_close(struct tracker *t, const char *id, const char *reason, const char *text, struct err *e)
{
	return call(t, id, do_close, &(struct text_args){reason, text}, e);
}

static int
fake_comment(struct tracker *t, const char *id, const char *marker, const char *text, struct err *e)
{
	return call(t, id, do_comment, &(struct text_args){marker, text}, e);
}

/* Can 'id' (NULL: a new one) come after all these? */
static int check_after(struct fake *f, const char *id, const char *const *after, struct err *e)
{
	for (; after && *after; after++) {
		if (!entry_of(f, *after))
			return absent(*after, ERR_INVALID, e);
		if (id && streq(*after, id))
			return err_set(e, ERR_INVALID, "'%s' cannot depend on itself", id);
	}
	return 0;
}

static void set_after(struct entry *i, const char *const *after)
{
	for (size_t k = 0; k < i->after.n; k++)
		free(i->after.items[k]);
	VEC_DONE(&i->after);
	for (; after && *after; after++)
		VEC_PUSH(&i->after, mem_strdup(*after));
}

static int check_texts(const char *title, int priority, struct err *e)
{
	char *line CLEANUP(freep) = title ? text_line(str_of(title)) : NULL;

	if (line && (!*line || strchr(title, '\n')))
		return err_set(e, ERR_INVALID, "a title is one line, and not empty");
	if (priority < -1 || priority > 4)
		return err_set(e, ERR_INVALID, "a priority is from 0 to 4, not %d", priority);
	return 0;
}

struct add_args {
	const struct issue_new *new;
	char **ret_id;
};

static char *new_id(struct fake *f, const char *wanted)
{
	int64_t n;

	if (!wanted)
		return mem_printf("%" PRId64, ++f->number);
	if (str_i64(str_of(wanted), &n) && n > f->number)
		f->number = n;
	return mem_strdup(wanted);
}

static int do_add(struct fake *f, struct entry *none, const void *args, struct err *e)
{
	const struct add_args *a = args;
	const struct issue_new *n = a->new;
	int rc = check_texts(n->title, n->priority, e);

	(void)none;
	if (rc == 0)
		rc = check_after(f, NULL, n->after, e);
	if (rc == 0 && n->parent && !entry_of(f, n->parent))
		rc = absent(n->parent, ERR_INVALID, e);
	if (rc == 0 && n->id && entry_of(f, n->id))
		rc = err_set(e, ERR_CONFLICT, "there is an issue '%s' already", n->id);
	if (rc)
		return rc;
	struct entry *i = VEC_ADD(&f->entries);
	i->issue = (struct issue){
		.id = new_id(f, n->id),
		.title = text_line(str_of(n->title)),
		.body = text_clean(str_of(n->body)),
		.labels = text_labels(str_of(n->labels)),
		.parent = mem_strdup(n->parent),
		.type = mem_strdup(n->type ? n->type : "task"),
		.status = mem_strdup("open"),
		.priority = n->priority < 0 ? 2 : n->priority,
		.created_ms = ++f->clock,
		.updated_ms = f->clock,
		.open = true,
		.closed_reason = mem_strdup(""),
		.claimed_by = mem_strdup(""),
		.hidden = mem_strdup(""),
	};
	set_after(i, n->after);
	*a->ret_id = mem_strdup(i->issue.id);
	return 0;
}

static int fake_add(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e)
{
	char *id CLEANUP(freep) = NULL;
	int rc = call(t, NULL, do_add, &(struct add_args){n, &id}, e);

	if (rc == 0 && ret_id)
		*ret_id = TAKE(id);
	return rc;
}

static void set_status(struct fake *f, struct entry *i, const char *status)
{
	if (streq(status, "closed") && i->issue.open)
		close_entry(f, i, NULL);
	if (!streq(status, "open"))
		return;
	i->issue.open = true;
	i->issue.closed_ms = 0;
	set(&i->issue.status, mem_strdup("open"));
	set(&i->issue.closed_reason, mem_strdup(""));
	set(&i->issue.claimed_by, mem_strdup(""));
	set(&i->issue.hidden, mem_strdup(""));
}

static int do_edit(struct fake *f, struct entry *i, const void *args, struct err *e)
{
	const struct issue_change *c = args;
	int rc = check_texts(c->title, c->priority, e);

	CHECK(i);
	if (rc == 0)
		rc = check_after(f, i->issue.id, c->after, e);
	if (rc == 0 && c->status && !streq(c->status, "open") && !streq(c->status, "closed"))
		rc = err_set(e, ERR_INVALID, "a status is 'open' or 'closed'");
	if (rc)
		return rc;
	if (c->title)
		set(&i->issue.title, text_line(str_of(c->title)));
	if (c->body)
		set(&i->issue.body, text_clean(str_of(c->body)));
	if (c->labels)
		set(&i->issue.labels, text_labels(str_of(c->labels)));
	if (c->status)
		set_status(f, i, c->status);
	if (c->priority >= 0)
		i->issue.priority = c->priority;
	if (c->after)
		set_after(i, c->after);
	i->issue.updated_ms = ++f->clock;
	return 0;
}

static int fake_edit(struct tracker *t, const char *id, const struct issue_change *c, struct err *e)
{
	return call(t, id, do_edit, c, e);
}

static void fake_free(struct tracker *t)
{
	if (!t)
		return;
	struct fake *f = fake_of(t);
	for (size_t i = 0; i < f->entries.n; i++) {
		struct entry *one = &f->entries.items[i];

		issue_done(&one->issue);
		set_after(one, NULL);
		for (size_t k = 0; k < one->comments.n; k++) {
			free(one->comments.items[k].marker);
			free(one->comments.items[k].text);
		}
		VEC_DONE(&one->comments);
	}
	VEC_DONE(&f->entries);
	CHECK(pthread_mutex_destroy(&f->mutex) == 0);
	free(f);
}

static const struct tracker_ops fake_ops = {
	.name = "fake",
	.load = fake_load,
	.claim = fake_claim,
	.release = fake_release,
	.close = fake_close,
	.comment = fake_comment,
	.add = fake_add,
	.edit = fake_edit,
	.get = fake_get,
	.epics = fake_epics,
	.free = fake_free,
};

int tracker_fake_new(struct tracker **ret, struct err *e)
{
	struct fake *f = mem_alloc(sizeof(*f));

	(void)e; /* it cannot fail */
	f->tracker.ops = &fake_ops;
	CHECK(pthread_mutex_init(&f->mutex, NULL) == 0);
	*ret = &f->tracker;
	return 0;
}

void tracker_fake_fail(struct tracker *t, int n, enum err_code code, bool after)
{
	struct fake *f = fake_of(t);

	CHECK(pthread_mutex_lock(&f->mutex) == 0);
	f->fail_in = n;
	f->fail_code = code;
	f->fail_after = after;
	CHECK(pthread_mutex_unlock(&f->mutex) == 0);
}
