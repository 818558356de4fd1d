#include "ui/cli/finish_forge.h"

#include "base/child.h"
#include "base/clean.h"
#include "port/forge.h"
#include "port/tracker.h"
#include "run/protected.h"
#include "ui/cli/entry.h"

#include <inttypes.h>
#include <string.h>

bool finish_on_forge(const struct cli *c)
{
	return streq(c->config.forge, "github");
}

int finish_fetch(struct cli *c, const struct view *v, char **ret_ref, struct err *e)
{
	const struct run_row *r = &v->core.run;
	char *ref = mem_printf("refs/remotes/%s/%s", r->remote, r->base);
	char *what CLEANUP(freep) = mem_printf("+refs/heads/%s:%s", r->base, ref);
	const char *const argv[] = {"git",       "-C",      c->place.root, "fetch", "--quiet",
				    "--no-tags", r->remote, what,          NULL};
	struct child_spec spec = {.argv = argv, .timeout_ms = 600000};
	struct child_result result CLEANUP(child_result_done) = {0};

	if (!r->remote[0]) {
		free(ref);
		return err_set(e, ERR_INVALID, "there is no remote with a branch '%s'", r->base);
	}
	if (child_ok(&spec, &result, e)) {
		free(ref);
		return err_wrap(e, "could not fetch '%s' from '%s'", r->base, r->remote);
	}
	*ret_ref = ref;
	return 0;
}

int finish_check(struct cli *c, const struct view *v, const char **ret_method)
{
	struct buf line CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	struct forge *f = NULL;

	if (c->parts->forge_open(&c->place, &c->config, &f, &e))
		return cli_fail(c, &e);
	int rc = protected_final(f, &c->config, v->core.run.base, ret_method, &e);
	if (rc == 0)
		protected_merge(&line, f, v->core.run.base);
	f->ops->free(f);
	if (rc)
		return cli_fail(c, &e);
	if (line.n)
		cli_warn(c, "%s", buf_cstr(&line));
	return CLI_OK;
}

int finish_find_merged(struct cli *c,
		       const struct view *v,
		       const struct oid *epic,
		       const struct oid *base,
		       struct oid *ret,
		       struct err *e)
{
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = v->epic};
	struct forge *f = NULL;
	struct oid as = {""};
	bool in = false;

	*ret = as;
	if (c->parts->forge_open(&c->place, &c->config, &f, e))
		return e->code;
	int rc = f->ops->merged_as ? f->ops->merged_as(f,
						       &(struct pull_spec){.head = v->epic_branch,
									   .base = v->core.run.base,
									   .head_sha = epic->hex},
						       &as, e)
				   : 0;
	f->ops->free(f);
	if (rc || !as.hex[0])
		return rc;
	/* Somebody may have moved the base back since; then it may not even be here. */
	rc = entry_resolve(&g, as.hex, &as, e);
	rc = rc ? rc : entry_contains(&g, &as, base, &in, e);
	if (rc == ERR_INVALID) {
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (rc == 0 && in)
		*ret = as;
	return rc;
}

/* It was where it is what landed last, and nobody moved the branch on since. */
char *finish_untested(const struct view *v, const struct oid *epic)
{
	if (v->untested)
		return mem_strdup("no queue.check");
	for (size_t i = 0; i < v->core.tasks.n; i++) {
		const struct task *t = &v->core.tasks.items[i];
		/* Where its own head landed it was there before its turn came, by another's hand. */
		if (streq(t->landed.hex, epic->hex) && !streq(t->head.hex, epic->hex))
			return NULL;
	}
	return mem_printf("somebody moved '%s' on since the last landing", v->epic_branch);
}

/* ---- The summary ---- */

/* As code: what people wrote must not call others by @name, nor close issues by "fixes #12". */
static void add_code(struct buf *b, const char *text)
{
	buf_putc(b, '`');
	for (const char *p = text; *p; p++)
		buf_putc(b, *p == '`' ? '\'' : (unsigned char)*p < ' ' ? ' ' : *p);
	buf_putc(b, '`');
}

static void add_task(const struct cli *c, struct buf *b, const struct task *t)
{
	bool tracked = t->branch != 2;
	buf_puts(b, "- ");
	/* Another tracker's number is not to be a link to a stranger's issue. */
	if (tracked && streq(c->config.tracker, "github"))
		buf_printf(b, "#%s ", t->id);
	else if (tracked)
		buf_printf(b, "%s ", t->id);
	add_code(b, t->title);
	buf_printf(b, ": %s", task_state_word((enum task_state)t->state));
	if (t->landed.hex[0])
		buf_printf(b, " as %.12s", t->landed.hex);
	if (t->pull)
		buf_printf(b, " by #%" PRId64, t->pull);
	if (!t->landed.hex[0] && t->reason[0]) {
		buf_puts(b, ", ");
		add_code(b, t->reason);
	}
	buf_putc(b, '\n');
}

/* Does what goes into the base have it? Somebody may have taken it out of the epic branch again. */
static bool has(struct entry_git *g, const struct oid *head, const struct task *t)
{
	struct err none = ERR_INIT; /* then nobody is told that it has */
	bool in = false;
	return entry_contains(g, &t->landed, head, &in, &none) == 0 && in;
}

/* What the forge closes once this is in the base. */
static void
add_closes(struct cli *c, const struct view *v, const struct oid *head, int left, struct buf *b)
{
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = v->epic};
	bool all = left == 0;
	if (!streq(c->config.tracker, "github"))
		return;
	for (size_t i = 0; i < v->core.tasks.n; i++) {
		const struct task *t = &v->core.tasks.items[i];
		if (t->outside || t->branch == 2 || !t->landed.hex[0])
			continue;
		bool in = has(&g, head, t);
		all = all && in;
		if (in && streq(c->config.tracker_close, "base"))
			buf_printf(b, "Closes #%s\n", t->id);
	}
	if (all)
		buf_printf(b, "Closes #%s\n", v->epic);
	buf_putc(b, '\n');
}

static void add_summary(struct cli *c, const struct view *v, const struct oid *head, struct buf *b)
{
	struct core_totals n = core_count(&v->core);
	int left = n.total - n.closed - n.merged;
	char *untested CLEANUP(freep) = finish_untested(v, head);
	add_closes(c, v, head, left, b);
	buf_printf(b, "%d of %d tasks are in%s", n.total - left, n.total,
		   v->untested ? "" : ", each tested as it landed");
	if (untested)
		buf_printf(b, "; untested: %s", untested);
	buf_puts(b, "\n\n");
	for (size_t i = 0; i < v->core.tasks.n; i++)
		if (!v->core.tasks.items[i].outside)
			add_task(c, b, &v->core.tasks.items[i]);
}

/* ---- The pull request ---- */

static int ensure(struct cli *c,
		  struct forge *f,
		  const struct view *v,
		  const struct oid *head,
		  int64_t *ret,
		  struct err *e)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT;
	char *title CLEANUP(freep) =
		v->title && *v->title ? mem_strdup(v->title) : mem_printf("Epic %s", v->epic);
	add_summary(c, v, head, &body);
	struct pull_spec spec = {.head = v->epic_branch,
				 .base = v->core.run.base,
				 .head_sha = head->hex,
				 .title = title,
				 .body = buf_cstr(&body)};
	return f->ops->ensure(f, &spec, ret, e);
}

/* ret: the commit that came of it; as it was where the forge does not say. */
static int merge(struct forge *f,
		 const struct view *v,
		 const struct forge_merge_spec *how,
		 struct oid *ret,
		 struct err *e)
{
	char *message CLEANUP(freep) = mem_printf("Ganger-Epic: %s", v->epic);
	char *title CLEANUP(freep) =
		mem_printf("Merge %s (#%" PRId64 ")", v->epic_branch, how->number);
	struct forge_merge_spec spec = *how;
	struct forge_merge made = {0};
	spec.title = title;
	spec.message = message;
	int rc = f->ops->merge(f, &spec, &made, e);
	if (rc == 0 && made.result == FORGE_MOVED)
		return err_set(e, ERR_BUSY, "'%s' moved meanwhile", v->core.run.base);
	if (made.sha.hex[0])
		*ret = made.sha;
	return rc;
}

/* The forge's word for it is not enough: is it in the base, and is that what was tested? */
static int prove(struct cli *c,
		 const struct view *v,
		 const struct oid *head,
		 const struct oid *as,
		 struct err *e)
{
	char *ref CLEANUP(freep) = NULL;
	struct oid base;
	struct entry_git g CLEANUP(entry_git_done) = {.c = c, .epic = v->epic};
	bool in = false;
	if (finish_fetch(c, v, &ref, e) || entry_resolve(&g, ref, &base, e) ||
	    entry_contains(&g, head, &base, &in, e) ||
	    (!in && as->hex[0] && entry_contains(&g, as, &base, &in, e)))
		return e->code;
	if (!in)
		return err_set(e, ERR_BUSY, "'%s' does not have it yet", v->core.run.base);
	const char *const argv[] = {"git",     "-C",      c->place.root, "diff-tree",
				    "--quiet", head->hex, base.hex,      NULL};
	struct child_spec spec = {.argv = argv, .timeout_ms = 600000};
	struct child_result r CLEANUP(child_result_done) = {0};
	if (child_run(&spec, &r, e))
		return e->code;
	if (r.exit_code)
		cli_warn(c, "untested as it landed: '%s' moved while it was merged",
			 v->core.run.base);
	return 0;
}

/* Who merges it there is to know what for it has to wait. */
static void say_waits(struct cli *c, struct forge *f, int64_t number)
{
	struct buf what CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	if (!f->ops->waits)
		return;
	if (f->ops->waits(f, number, &what, &e))
		cli_warn(c, "could not find out what it waits for: %s", e.msg);
	else if (what.n)
		cli_print(c, "it is merged there only with %s\n", buf_cstr(&what));
}

int finish_pull(struct cli *c,
		const struct view *v,
		const struct oid *head,
		const char *method,
		struct oid *ret_as)
{
	struct err e = ERR_INIT;
	struct forge *f = NULL;
	int64_t number = 0;
	if (c->parts->forge_open(&c->place, &c->config, &f, &e))
		return cli_fail(c, &e);
	int rc = ensure(c, f, v, head, &number, &e);
	if (rc == 0 && number)
		cli_print(c, "pull request %" PRId64 " brings '%s' into '%s'\n", number,
			  v->epic_branch, v->core.run.base);
	if (rc == 0 && number && !method)
		say_waits(c, f, number);
	if (rc == 0 && number && method) {
		struct forge_merge_spec how = {
			.number = number, .head_sha = head->hex, .method = method};
		rc = merge(f, v, &how, ret_as, &e);
		rc = rc ? rc : prove(c, v, head, ret_as, &e);
	}
	f->ops->free(f);
	if (rc == 0 && number && method)
		cli_print(c, "'%s' has all of '%s'\n", v->core.run.base, v->epic_branch);
	char *epic CLEANUP(freep) = shell_word(v->epic);
	if (rc == ERR_BUSY)
		(void)err_hint(&e, "'ganger finish %s --merge' asks again", epic);
	return rc ? cli_fail(c, &e) : CLI_OK;
}
