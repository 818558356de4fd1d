#include "tracker/beads_tracker.h"

#include "base/clean.h"
#include "base/file.h"
#include "tracker/beads_tracker-impl.h"
#include "tracker/text.h"

#include <string.h>
#include <sys/stat.h>

static const struct tracker_ops beads_ops;

struct beads *beads_of(struct tracker *t)
{
	CHECK(t->ops == &beads_ops);
	return (struct beads *)t;
}

/* Why a claim did not go through, as the store has it now. */
static int not_claimed(struct beads *b, const char *id, int rc, struct err *e)
{
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const struct beads_issue *i;
	struct err words = e ? *e : (struct err)ERR_INIT;

	if (rc != ERR_INVALID) /* it was not bd that refused */
		return rc;
	rc = beads_look(b, id, &f, &i, e);
	if (rc)
		return rc;
	if (beads_is_closed(i))
		return err_set(e, ERR_CONFLICT, "issue '%s' is closed", id);
	if (*i->assignee)
		return err_set(e, ERR_CONFLICT, "issue '%s' is claimed by '%s' (%.300s)", id,
			       i->assignee, words.msg);
	return err_set(e, ERR_CONFLICT, "issue '%s' cannot be claimed: %.600s", id, words.msg);
}

static int claim(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	struct beads *b = beads_of(t);
	struct err own = ERR_INIT, *at = e ? e : &own;
	char *actor CLEANUP(freep) = mem_printf("--actor=%s", who);
	const char *const argv[] = {"update", actor, "--claim", "--", id, NULL};

	CHECK(who && *who);
	int rc = beads_begin(b, true, at);
	if (rc)
		return rc;
	rc = bd_run(&b->bd, argv, NULL, at);
	if (rc)
		rc = not_claimed(b, id, rc, at);
	bd_end(&b->bd);
	return rc;
}

static int release(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	const char *id = c->id, *who = c->who;
	struct beads *b = beads_of(t);
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const char *const argv[] = {"update", "--status=open", "--assignee=", "--", id, NULL};
	const struct beads_issue *i;
	int rc = beads_begin(b, true, e);

	if (rc)
		return rc;
	rc = beads_look(b, id, &f, &i, e);
	/* Somebody else's claim is not ours to end. */
	if (rc == 0 && !beads_is_closed(i) && streq(i->assignee, who))
		rc = bd_run(&b->bd, argv, NULL, e);
	bd_end(&b->bd);
	return rc;
}

static int check_text(const char *what, const char *text, struct err *e)
{
	if (text && strlen(text) > BD_TEXT_MAX)
		return err_set(e, ERR_INVALID, "%s for bd has at most %d bytes", what, BD_TEXT_MAX);
	return 0;
}

/* A section of the notes, or without a marker a comment. */
static int put_comment(struct beads *b,
		       const struct beads_issue *i,
		       const char *marker,
		       const char *text,
		       struct err *e)
{
	char *clean CLEANUP(freep) = text_clean(str_of(text));
	char *notes CLEANUP(freep) = marker ? beads_notes_put(i->notes, marker, clean) : NULL;
	char *option CLEANUP(freep) = mem_printf("--notes=%s", notes ? notes : "");
	const char *const update[] = {"update", option, "--", i->id, NULL};
	const char *const add[] = {"comments", "add", "--author=ganger", "--", i->id, clean, NULL};
	int rc = check_text("a comment", notes ? notes : clean, e);

	if (rc || streq(notes, i->notes))
		return rc;
	return bd_run(&b->bd, marker ? update : add, NULL, e);
}

static int
comment(struct tracker *t, const char *id, const char *marker, const char *text, struct err *e)
{
	struct beads *b = beads_of(t);
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const struct beads_issue *i;
	int rc = beads_begin(b, true, e);

	if (rc)
		return rc;
	rc = beads_look(b, id, &f, &i, e);
	if (rc == 0)
		rc = put_comment(b, i, marker, text, e);
	bd_end(&b->bd);
	return rc;
}

/* bd may say nothing and exit 0 although it closed nothing: what it has afterwards counts. */
static int close_it(struct beads *b, const char *id, const char *reason, struct err *e)
{
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const struct beads_issue *i;
	char *option CLEANUP(freep) = mem_printf("--reason=%s", reason ? reason : "completed");
	const char *const argv[] = {"close", option, "--", id, NULL};
	struct err words = ERR_INIT;
	int rc = bd_run(&b->bd, argv, NULL, &words);

	if (rc && rc != ERR_INVALID) {
		if (e)
			*e = words;
		return rc;
	}
	rc = beads_look(b, id, &f, &i, e);
	if (rc || beads_is_closed(i))
		return rc;
	(void)err_set(e, ERR_CONFLICT, "could not close issue '%s': %.800s", id,
		      *words.msg ? words.msg : "bd left it open");
	char *word CLEANUP(freep) = shell_word(id);
	return err_hint(e, "close it yourself: bd close %s --force", word);
}

static int
close_issue(struct tracker *t, const char *id, const char *reason, const char *text, struct err *e)
{
	struct beads *b = beads_of(t);
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const struct beads_issue *i;
	int rc = beads_begin(b, true, e);

	if (rc)
		return rc;
	rc = beads_look(b, id, &f, &i, e);
	if (rc == 0 && !beads_is_closed(i)) {
		/* First the comment, which repeated is still one. */
		if (text && *text)
			rc = put_comment(b, i, "ganger:closed", text, e);
		if (rc == 0)
			rc = close_it(b, id, reason, e);
	}
	bd_end(&b->bd);
	return rc;
}

static int check_title(const char *title, struct err *e)
{
	char *line CLEANUP(freep) = text_line(str_of(title));

	if (!*line)
		return err_set(e, ERR_INVALID, "a title cannot be empty");
	if (strchr(title, '\n'))
		return err_set(e, ERR_INVALID, "a title has one line: '%s'", line);
	return 0;
}

static int check_priority(int priority, struct err *e)
{
	if (priority < -1 || priority > 4)
		return err_set(e, ERR_INVALID, "a priority is from 0 to 4, not %d", priority);
	return 0;
}

static int check_new(const struct beads_file *f, const struct issue_new *n, struct err *e)
{
	const struct beads_issue *i;
	int rc = check_title(n->title, e);

	if (rc == 0)
		rc = check_text("a body", n->body, e);
	if (rc == 0)
		rc = check_priority(n->priority, e);
	if (rc == 0 && n->parent)
		rc = beads_find_live(f, n->parent, ERR_INVALID, &i, e);
	for (size_t k = 0; rc == 0 && n->after && n->after[k]; k++)
		rc = beads_find_live(f, n->after[k], ERR_INVALID, &i, e);
	if (rc == 0 && n->id && beads_find(f, n->id))
		rc = err_set(e, ERR_CONFLICT, "there is an issue '%s' already", n->id);
	return rc;
}

char *beads_labels_arg(const char *labels)
{
	char *list = text_labels(str_of(labels));

	for (char *p = list; *p; p++) {
		if (*p == '\n')
			*p = ',';
	}
	return list;
}

static void arg_new(struct bd_args *a, const struct issue_new *n)
{
	char *title CLEANUP(freep) = text_line(str_of(n->title));
	char *body CLEANUP(freep) = text_clean(str_of(n->body));
	char *labels CLEANUP(freep) = beads_labels_arg(n->labels);
	char *priority CLEANUP(freep) = mem_printf("%d", n->priority < 0 ? 2 : n->priority);
	struct buf deps CLEANUP(buf_done) = BUF_INIT;

	bd_arg(a, "create", NULL);
	bd_arg(a, "--title", title);
	bd_arg(a, "--description", body);
	bd_arg(a, "--type", n->type && *n->type ? n->type : "task");
	bd_arg(a, "--priority", priority);
	if (*labels)
		bd_arg(a, "--labels", labels);
	if (n->id) { /* as it is wanted, whatever the store's prefix */
		bd_arg(a, "--id", n->id);
		bd_arg(a, "--force", NULL);
	} else if (n->parent) {
		bd_arg(a, "--parent", n->parent);
	}
	if (n->id && n->parent)
		buf_printf(&deps, "parent-child:%s", n->parent);
	for (size_t i = 0; n->after && n->after[i]; i++)
		buf_printf(&deps, "%s%s", deps.n ? "," : "", n->after[i]);
	if (deps.n)
		bd_arg(a, "--deps", buf_cstr(&deps));
}

int beads_make_store(struct beads *b, struct err *e)
{
	/* Nothing of the repository but the folder is to change. */
	const char *const argv[] = {"init", "--quiet", "--skip-hooks", NULL};
	struct stat st;

	return stat(b->bd.dir, &st) == 0 ? 0 : bd_run(&b->bd, argv, NULL, e);
}

static int create(struct beads *b, const struct issue_new *n, char **ret_id, struct err *e)
{
	struct beads_file f CLEANUP(beads_file_done) = {0};
	struct bd_args a CLEANUP(bd_args_done) = {0};
	struct buf out CLEANUP(buf_done) = BUF_INIT;
	int rc = beads_make_store(b, e);

	if (rc == 0)
		rc = beads_read_store(b, &f, e);
	if (rc == 0)
		rc = check_new(&f, n, e);
	if (rc)
		return rc;
	arg_new(&a, n);
	rc = bd_run(&b->bd, a.argv, &out, e);
	if (rc)
		return rc;
	char *id CLEANUP(freep) = bd_created(buf_str(&out));
	if (!id)
		return err_set(e, ERR_CORRUPT, "bd create: its answer has no 'id'");
	if (ret_id)
		*ret_id = TAKE(id);
	return 0;
}

static int add(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e)
{
	struct beads *b = beads_of(t);
	int rc = beads_begin(b, true, e);

	if (rc)
		return rc;
	rc = create(b, n, ret_id, e);
	bd_end(&b->bd);
	return rc;
}

static bool listed(const char *const *list, const char *id)
{
	for (; *list; list++) {
		if (streq(*list, id))
			return true;
	}
	return false;
}

static bool has_edge(const struct beads_issue *i, const char *needs)
{
	for (size_t k = 0; k < i->edges.n; k++) {
		if (i->edges.items[k].kind == BEADS_BLOCKS && streq(i->edges.items[k].needs, needs))
			return true;
	}
	return false;
}

static int dep(struct beads *b, const char *verb, const char *id, const char *needs, struct err *e)
{
	const char *const argv[] = {"dep", verb, "--", id, needs, NULL};

	return bd_run(&b->bd, argv, NULL, e);
}

/* What is new first: where bd refuses it (a cycle), the old ones still hold. */
static int set_after(struct beads *b,
		     const struct beads_file *f,
		     const struct beads_issue *i,
		     const char *const *after,
		     struct err *e)
{
	const struct beads_issue *other;
	int rc = 0;

	for (size_t k = 0; rc == 0 && after[k]; k++) {
		rc = beads_find_live(f, after[k], ERR_INVALID, &other, e);
		if (rc == 0 && streq(after[k], i->id))
			rc = err_set(e, ERR_INVALID, "'%s' cannot depend on itself", i->id);
	}
	for (size_t k = 0; rc == 0 && after[k]; k++) {
		if (!has_edge(i, after[k]))
			rc = dep(b, "add", i->id, after[k], e);
	}
	for (size_t k = 0; rc == 0 && k < i->edges.n; k++) {
		const struct beads_edge *edge = &i->edges.items[k];

		if (edge->kind == BEADS_BLOCKS && !listed(after, edge->needs))
			rc = dep(b, "remove", i->id, edge->needs, e);
	}
	return rc;
}

static int set_fields(struct beads *b, const char *id, const struct issue_change *c, struct err *e)
{
	struct bd_args a CLEANUP(bd_args_done) = {0};
	char *title CLEANUP(freep) = c->title ? text_line(str_of(c->title)) : NULL;
	char *body CLEANUP(freep) = c->body ? text_clean(str_of(c->body)) : NULL;
	char *labels CLEANUP(freep) = c->labels ? beads_labels_arg(c->labels) : NULL;
	char *priority CLEANUP(freep) = mem_printf("%d", c->priority);

	bd_arg(&a, "update", NULL);
	if (title)
		bd_arg(&a, "--title", title);
	if (body)
		bd_arg(&a, "--description", body);
	if (labels)
		bd_arg(&a, "--set-labels", labels);
	if (c->status)
		bd_arg(&a, "--status", c->status);
	if (streq(c->status, "open"))
		bd_arg(&a, "--assignee", "");
	if (c->priority >= 0)
		bd_arg(&a, "--priority", priority);
	if (a.n == 1)
		return 0;
	bd_arg(&a, "--", NULL);
	bd_arg(&a, id, NULL);
	return bd_run(&b->bd, a.argv, NULL, e);
}

static int edit(struct tracker *t, const char *id, const struct issue_change *c, struct err *e)
{
	struct beads *b = beads_of(t);
	struct beads_file f CLEANUP(beads_file_done) = {0};
	const struct beads_issue *i;
	int rc = c->title ? check_title(c->title, e) : 0;

	if (rc == 0)
		rc = check_text("a body", c->body, e);
	if (rc == 0)
		rc = check_priority(c->priority, e);
	if (rc == 0)
		rc = beads_begin(b, true, e);
	if (rc)
		return rc;
	rc = beads_look(b, id, &f, &i, e);
	if (rc == 0)
		rc = set_fields(b, id, c, e);
	if (rc == 0 && c->after)
		rc = set_after(b, &f, i, c->after, e);
	bd_end(&b->bd);
	return rc;
}

static void free_tracker(struct tracker *t)
{
	if (!t)
		return;
	struct beads *b = beads_of(t);
	CHECK(pthread_mutex_destroy(&b->bd.mutex) == 0);
	free(b->bd.dir);
	free(b->bd.root);
	free(b->bd.lock);
	free(b->file);
	free(b);
}

static const struct tracker_ops beads_ops = {
	.name = "beads",
	.polled = true,
	.agents_write = true,
	.load = beads_tracker_load,
	.follow = beads_tracker_follow,
	.claim = claim,
	.release = release,
	.close = close_issue,
	.comment = comment,
	.add = add,
	.edit = edit,
	.get = beads_tracker_get,
	.epics = beads_tracker_epics,
	.agent_env = beads_agent_env,
	.free = free_tracker,
};

/* Is there a bd? Any answer to the question will do. */
static int look_for_bd(struct beads *b, struct err *e)
{
	const char *const argv[] = {"version", NULL};
	struct buf out CLEANUP(buf_done) = BUF_INIT;
	struct err why = ERR_INIT;
	int rc = bd_begin(&b->bd, e);

	if (rc)
		return rc;
	rc = bd_run(&b->bd, argv, &out, &why);
	bd_end(&b->bd);
	if (rc == 0)
		b->rule = bd_rule(buf_str(&out));
	b->no_bd = rc == ERR_NOT_FOUND;
	if (b->no_bd)
		b->file = path_join(b->bd.dir, "issues.jsonl");
	if (rc == 0 || rc == ERR_INVALID || b->no_bd)
		return 0;
	if (e)
		*e = why;
	return rc;
}

int tracker_beads_new(const struct beads_spec *spec, struct tracker **ret, struct err *e)
{
	struct beads *b = mem_alloc(sizeof(*b));
	const char *path = spec->path && *spec->path ? spec->path : ".beads";
	struct stat st;
	int rc = 0;

	b->tracker.ops = &beads_ops;
	b->bd.dir = *path == '/' ? mem_strdup(path) : path_join(spec->root, path);
	b->bd.root = mem_strdup(spec->root);
	b->bd.lock = path_join(spec->state_dir, "bd.lock");
	b->bd.timeout_ms = spec->timeout_ms ? spec->timeout_ms : BD_TIMEOUT_MS;
	b->bd.lock_fd = -1;
	CHECK(pthread_mutex_init(&b->bd.mutex, NULL) == 0);
	b->rule = beads_rule_named(spec->rule);
	if (stat(b->bd.dir, &st) == 0 && S_ISREG(st.st_mode))
		b->file = mem_strdup(b->bd.dir);
	else
		rc = look_for_bd(b, e);
	if (rc) {
		free_tracker(&b->tracker);
		return rc;
	}
	*ret = &b->tracker;
	return 0;
}
