#include "base/clean.h"
#include "run/protected.h"
#include "run/supervisor-impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Merging an entry of the queue onto what it is tested on, and landing what was tested. */

/* The base comes in as it is, or the epic branch would not descend from it and never go back. */
static const char *method_of(const struct task_work *w)
{
	return w->t.branch == 2 ? "merge" : w->s->config->queue_method;
}

static enum git_method git_method_of(const struct task_work *w)
{
	const char *method = method_of(w);
	if (streq(method, "squash"))
		return GIT_SQUASH;
	return streq(method, "rebase") ? GIT_REBASE : GIT_MERGE;
}

/* On GitHub the number of another tracker's issue is that of a stranger's. */
void act_closes(const struct task_work *w, struct buf *b)
{
	const struct config *c = w->s->config;
	bool theirs = streq(c->forge, "github") && !streq(c->tracker, "github");
	buf_printf(b, theirs ? "Task %s" : "Closes #%s", w->t.id);
}

void act_title(const struct task_work *w, struct buf *b)
{
	struct buf line CLEANUP(buf_done) = BUF_INIT;
	buf_line(&line, str_of(w->t.title));
	if (streq(w->s->config->forge, "github"))
		(void)buf_mute(b, buf_str(&line), MUTE_ALL, line.max);
	else
		buf_puts(b, buf_cstr(&line));
}

static void subject_of(const struct task_work *w, struct buf *b)
{
	act_title(w, b);
	if (w->t.pull)
		buf_printf(b, " (#%" PRId64 ")", w->t.pull);
}

/*
 * What was tested last of all that the merge stands on. What somebody moved the branch to since, by hand,
 * no check has seen: it is tested with this. ret: empty where nobody knows.
 */
static int find_tested(struct task_work *w, struct oid *ret)
{
	const struct run_row *r = &w->run;
	struct oid at;
	*ret = w->t.onto;
	if (!streq(w->t.onto.hex, r->epic_head.hex) || streq(w->t.onto.hex, r->tested_head.hex))
		return 0; /* it stands on another's merge, or on what landed last */
	*ret = r->tested_head.hex[0] ? r->tested_head : r->base_head;
	int rc = ret->hex[0] ? w->s->git->ops->resolve(w->s->git, ret->hex, &at, &w->e) : 0;
	if (rc == ERR_NOT_FOUND)
		*ret = (struct oid){""};
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* The mask of the checks whose paths the merge does not touch. */
static int find_skips(struct task_work *w, const struct oid *merge, int64_t *ret)
{
	struct git *g = w->s->git;
	const struct config_check *x = w->s->config->queue_check;
	struct oid tested;
	*ret = 0;
	if (!x)
		return 0;
	if (find_tested(w, &tested))
		return w->e.code;
	for (int i = 0; x->run; i++, x++) {
		bool touches = true;
		if (x->paths && tested.hex[0] &&
		    g->ops->touches(g, &tested, merge, (const char *const *)x->paths, &touches,
				    &w->e))
			return w->e.code;
		*ret |= (int64_t)!touches << i;
	}
	return 0;
}

static struct git_land_spec land_spec(const struct task_work *w)
{
	return (struct git_land_spec){.branch = w->s->epic_branch,
				      .old = w->t.lands_on,
				      .new_ = w->t.lands_as,
				      .task = w->t.id};
}

/* Was it merged, and the answer got lost? ret->result stays as it is where it was not. */
static int merged_before(struct task_work *w, struct forge_merge *ret)
{
	struct forge *f = w->s->forge;
	struct pull p CLEANUP(pull_done) = {0};
	if (f->ops->get(f, w->t.pull, &p, &w->e))
		return w->e.code;
	if (p.state != PULL_MERGED || !streq(p.head_sha, w->t.head.hex))
		return 0;
	if (!p.merged_sha[0])
		return err_set(&w->e, ERR_BUSY, "the forge does not say yet as what it merged it");
	ret->result = FORGE_MERGED;
	(void)snprintf(ret->sha.hex, sizeof(ret->sha.hex), "%s", p.merged_sha);
	return 0;
}

static bool lands_by_forge(const struct task_work *w)
{
	/* What brings the base in has no pull request. */
	return streq(w->s->config->forge_land, "api") && w->s->forge->ops->merge && w->t.pull;
}

/*
 * A landing that was begun before, and of which nobody heard: a forge's squash is a commit that only the
 * forge can name. It is found here, for it might conflict with what has come in since.
 */
static bool find_landing(struct task_work *w)
{
	struct git_land found = {0};
	struct git_land_spec spec = land_spec(w);
	struct forge_merge made = {0};
	if (!w->t.lands_as.hex[0] || !lands_by_forge(w) || git_method_of(w) == GIT_MERGE)
		return false;
	if (merged_before(w, &made))
		return true;
	if (made.result != FORGE_MERGED)
		return false;
	spec.by = GIT_LAND_THERE;
	spec.there = made.sha;
	if (w->s->git->ops->land(w->s->git, &spec, &found, &w->e))
		return true;
	w->answer.kind = EV_ALREADY;
	w->answer.a = made.sha;
	buf_puts(&w->text, found.text);
	return true;
}

void act_merge(struct task_work *w)
{
	struct buf subject CLEANUP(buf_done) = BUF_INIT;
	struct buf body CLEANUP(buf_done) = BUF_INIT;
	struct git_merge made = {0};
	if (find_landing(w))
		return;
	subject_of(w, &subject);
	act_closes(w, &body);
	struct git_merge_spec spec = {
		.method = git_method_of(w),
		.onto = w->t.onto,
		.head = w->t.head,
		.landed = w->t.lands_as,
		.task = w->t.id,
		.attempt = (int)w->t.attempt,
		.subject = buf_cstr(&subject),
		.body = buf_cstr(&body),
	};
	if (w->s->git->ops->merge(w->s->git, &spec, &made, &w->e) ||
	    (made.result == GIT_MERGED && find_skips(w, &made.commit, &w->answer.n)))
		return;
	switch (made.result) {
	case GIT_MERGED:
		w->answer.kind = EV_MERGE_MADE;
		w->answer.a = made.commit;
		w->answer.b = made.tree;
		break;
	case GIT_CONFLICT:
		w->answer.kind = EV_CONFLICT;
		buf_puts(&w->text, made.conflicts);
		break;
	case GIT_ALREADY:
		w->answer.kind = EV_ALREADY;
		w->answer.a = made.commit;
		break;
	}
}

/* ---- Landing ---- */

static void answer_landed(struct task_work *w, const struct git_land *found, const struct oid *as)
{
	w->answer.a = found->result == GIT_LANDED ? *as : found->tip;
	buf_puts(&w->text, found->text);
	switch (found->result) {
	case GIT_LANDED:
		w->answer.kind = EV_LANDED;
		break;
	case GIT_MOVED:
		w->answer.kind = EV_MOVED;
		break;
	case GIT_REWRITTEN:
		w->answer.kind = EV_REWRITTEN;
		break;
	case GIT_FREE:
		(void)err_set(&w->e, ERR_BUSY, "the forge did not merge it, and nothing has moved");
		break;
	}
}

static void land_by_push(struct task_work *w)
{
	struct git_land found = {0};
	struct git_land_spec spec = land_spec(w);
	if (w->s->git->ops->land(w->s->git, &spec, &found, &w->e) == 0)
		answer_landed(w, &found, &w->t.lands_as);
	else if (w->e.code == ERR_INVALID && w->s->forge->ops->merge && protected_is_why(w->e.msg))
		IGNORE(err_hint(&w->e, "forge.land: api lands through pull requests"));
}

static int ask_forge(struct task_work *w, struct forge_merge *ret)
{
	struct forge *f = w->s->forge;
	struct buf title CLEANUP(buf_done) = BUF_INIT, message CLEANUP(buf_done) = BUF_INIT;
	subject_of(w, &title);
	act_closes(w, &message);
	buf_puts(&message, "\n\nGanger-Task: ");
	buf_line(&message, str_of(w->t.id));
	buf_printf(&message, "\nGanger-Attempt: %" PRId64, w->t.attempt);
	struct forge_merge_spec spec = {
		.number = w->t.pull,
		.head_sha = w->t.head.hex,
		.method = method_of(w),
		.title = buf_cstr(&title),
		.message = buf_cstr(&message),
	};
	return f->ops->merge(f, &spec, ret, &w->e);
}

/*
 * The forge merges onto whatever its branch is then. That it was where the entry was tested is
 * looked at before, and what landed is compared with what was tested afterwards.
 */
static void land_by_forge(struct task_work *w)
{
	struct git *g = w->s->git;
	struct git_land found = {0};
	struct git_land_spec spec = land_spec(w);
	struct forge_merge made = {0};
	spec.by = GIT_LAND_LOOK;
	if (g->ops->land(g, &spec, &found, &w->e) ||
	    (found.result == GIT_FREE ? ask_forge(w, &made) : merged_before(w, &made)))
		return;
	if (made.result == FORGE_MERGED && !made.sha.hex[0]) {
		(void)err_set(&w->e, ERR_BUSY, "the forge does not say yet as what it merged it");
		return;
	}
	if (made.result == FORGE_MERGED) {
		spec.by = GIT_LAND_THERE;
		spec.there = made.sha;
	}
	/* Else, where it was free: what has moved since? */
	if ((made.result == FORGE_MERGED || found.result == GIT_FREE) &&
	    g->ops->land(g, &spec, &found, &w->e))
		return;
	answer_landed(w, &found, &made.sha);
}

void act_land(struct task_work *w)
{
	if (lands_by_forge(w))
		land_by_forge(w);
	else
		land_by_push(w);
}
