#include "base/clean.h"
#include "base/file.h"
#include "run/supervisor-impl.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/*
 * What the actions do, off the loop's thread. Each may be asked for again after a crash and
 * then finds what was done before: the drivers under them promise that.
 */

static char *task_branch(const struct task_work *w)
{
	return branch_expand(w->s->config->git_task_branch, w->s->spec.epic, w->t.id);
}

static struct issue_claim claim_of(const struct task_work *w)
{
	return (struct issue_claim){.epic = w->s->spec.epic, .id = w->t.id, .who = w->s->who};
}

/* A claim that is somebody else's by now is not ours to give. */
static int give_back(struct task_work *w)
{
	struct tracker *t = w->s->tracker;
	struct issue_claim claim = claim_of(w);
	int rc = t->ops->release(t, &claim, &w->e);
	if (rc && rc != ERR_CONFLICT && rc != ERR_NOT_FOUND)
		return rc;
	w->e = (struct err)ERR_INIT;
	return 0;
}

/* What the tracker will not have said (a locked issue, one that is gone) holds nothing up. */
static int say_on_issue(struct task_work *w, const char *marker, const char *text)
{
	struct tracker *t = w->s->tracker;
	int rc = t->ops->comment(t, w->t.id, marker, text, &w->e);
	if (rc == ERR_BUSY || rc == ERR_IO || rc == ERR_LIMIT)
		return rc;
	w->e = (struct err)ERR_INIT;
	return 0;
}

void act_claim(struct task_work *w)
{
	struct tracker *t = w->s->tracker;
	struct issue_claim claim = claim_of(w);
	if (t->ops->claim(t, &claim, &w->e) == 0) {
		w->answer.kind = EV_DONE;
	} else if (w->e.code == ERR_CONFLICT || w->e.code == ERR_NOT_FOUND) {
		buf_puts(&w->text, w->e.msg);
		w->answer.kind = EV_REFUSED;
	}
}

void act_release(struct task_work *w)
{
	if (w->t.branch == 2) {
		w->answer.kind = EV_DONE;
		return;
	}
	if (w->t.reason[0]) {
		struct buf text CLEANUP(buf_done) = BUF_INIT;
		buf_printf(&text, "ganger: %s after attempt %" PRId64 ": %s",
			   task_state_word((enum task_state)w->t.state), w->t.attempt, w->t.reason);
		if (say_on_issue(w, "ganger:outcome", buf_cstr(&text)))
			return;
	}
	if (give_back(w) == 0)
		w->answer.kind = EV_DONE;
}

static enum git_from from_of(const struct task *t)
{
	if (!t->head.hex[0])
		return GIT_FROM_EPIC;
	if (t->resolve)
		return GIT_FROM_CONFLICT;
	switch ((enum core_from)t->from) {
	case FROM_LAST:
		return GIT_FROM_LAST;
	case FROM_MERGED:
		return GIT_FROM_MERGED;
	case FROM_FRESH:
		break;
	}
	return GIT_FROM_EPIC;
}

void act_prepare(struct task_work *w)
{
	const struct config *c = w->s->config;
	char *path CLEANUP(freep) = path_worktree(&w->s->paths, w->t.slot - 1);
	char *branch CLEANUP(freep) = task_branch(w);
	struct git_worktree made = {0};
	struct git_worktree_spec spec = {
		.path = path,
		.task = w->t.id,
		.attempt = (int)w->t.attempt,
		.branch = branch,
		.from = from_of(&w->t),
		.last = w->t.head,
		.last_base = w->t.head_base,
		.include = (const char *const *)c->worktree_include,
		.link = (const char *const *)c->worktree_link,
		.keep = (const char *const *)c->worktree_keep,
	};
	if (w->s->git->ops->worktree(w->s->git, &spec, &made, &w->e))
		return;
	w->answer.kind = EV_PREPARED;
	w->answer.a = made.start;
	w->answer.b = made.base;
	if (made.kept.hex[0])
		buf_printf(&w->text,
			   "somebody left %.12s on '%s'; this attempt begins without it, "
			   "it is kept under refs/ganger",
			   made.kept.hex, branch);
}

/* A worktree with exactly one commit: what would land or, before everything, the base itself. */
void act_gate_prepare(struct task_work *w)
{
	const struct config *c = w->s->config;
	char *path CLEANUP(freep) = path_gate(&w->s->paths, work_gate(w));
	struct git_worktree made = {0};
	struct git_worktree_spec spec = {
		.path = path,
		.at = w->action.task < 0 ? w->run.epic_head : w->t.merge,
		.include = (const char *const *)c->worktree_include,
		.link = (const char *const *)c->worktree_link,
		.keep = (const char *const *)c->worktree_keep,
	};
	if (w->s->git->ops->worktree(w->s->git, &spec, &made, &w->e))
		return;
	w->answer.kind = EV_PREPARED;
	w->answer.a = made.start;
}

static void run_teardown(struct task_work *w, const char *path)
{
	if (!w->s->config->worktree_teardown)
		return;
	struct attempt a CLEANUP(attempt_done) = {0};
	attempt_init(w, &a);
	char **env = agent_env(NULL, &a.a);
	struct child_spec spec = {.env = &w->s->child_env,
				  .cwd = path,
				  .argv = (const char *const *)w->s->config->worktree_teardown,
				  .set = (const char *const *)env,
				  .only_set = true, /* what it calls the agent may have written */
				  .timeout_ms = 60000,
				  .out_max = 65536};
	struct child_result r = {0};
	struct err ignored =
		ERR_INIT; /* the work is what counts; services are ended all the same */
	IGNORE(child_run(&spec, &r, &ignored));
	child_result_done(&r);
	agent_env_free(env);
}

/* The globs of what set-up brought in, in one list. */
static const char **leave_out(const struct config *c)
{
	VEC(const char *) v = {0};
	for (char *const *p = c->worktree_include; p && *p; p++)
		VEC_PUSH(&v, *p);
	for (char *const *p = c->worktree_link; p && *p; p++)
		VEC_PUSH(&v, *p);
	VEC_PUSH(&v, NULL);
	return v.items;
}

static int collect_git(struct task_work *w, const char *path, struct git_work *ret)
{
	const char **out CLEANUP(freep) = leave_out(w->s->config);
	char *branch CLEANUP(freep) = task_branch(w);
	struct buf title CLEANUP(buf_done) = BUF_INIT;
	act_title(w, &title);
	struct git_collect_spec spec = {
		.path = path,
		.task = w->t.id,
		.attempt = (int)w->t.attempt,
		.title = buf_cstr(&title),
		.branch = branch,
		.start = w->t.start,
		/* After a red check the agent must add something: its earlier commits do not count. */
		.base = w->t.red ? w->t.start : w->t.base,
		.commit_leftovers = !streq(w->s->config->policy_uncommitted, "fail") &&
				    !(w->t.job_how == JOB_LOST && w->t.job_code),
		.resolve = w->t.resolve != 0,
		.leave_out = out,
	};
	return w->s->git->ops->collect(w->s->git, &spec, ret, &w->e);
}

static int collect_verdict(struct task_work *w)
{
	struct attempt a CLEANUP(attempt_done) = {0};
	struct agent_verdict v = {.tokens_in = -1, .tokens_out = -1, .cost_usd = -1};
	attempt_init(w, &a);
	struct job_end end = {.number = (uint64_t)w->t.job,
			      .how = (enum job_how)w->t.job_how,
			      .code = (int)w->t.job_code,
			      .started_ms = w->t.job_started_ms,
			      .ended_ms = w->t.job_ended_ms};
	const struct worker *who = worker_of(w->s, &w->t);
	char *broken_off CLEANUP(freep) = NULL;
	if (talk_broken_off(w, &broken_off))
		return w->e.code;
	a.a.broken_off = broken_off;
	if (agent_judge(who->kind, &who->settings, &a.a, &end, clock_now().wall_ms, &v, &w->e))
		return w->e.code;
	w->answer.result = v.result;
	w->answer.until_ms = v.until_ms;
	w->answer.provider = v.provider_limit;
	w->answer.tokens_in = v.tokens_in;
	w->answer.tokens_out = v.tokens_out;
	w->answer.cost = v.cost_usd;
	buf_puts(&w->text, v.reason);
	return 0;
}

static_assert((int)RESULT_DONE == AGENT_DONE && (int)RESULT_NOTHING == AGENT_NOTHING &&
		      (int)RESULT_LATER == AGENT_LATER && (int)RESULT_FAILED == AGENT_FAILED,
	      "core and port count results alike");
static_assert((int)HOW_EXITED == JOB_EXITED && (int)HOW_SIGNALED == JOB_SIGNALED &&
		      (int)HOW_TIMEOUT == JOB_TIMEOUT && (int)HOW_SILENCE == JOB_SILENCE &&
		      (int)HOW_STOPPED == JOB_STOPPED && (int)HOW_LOST == JOB_LOST &&
		      (int)HOW_NOT_STARTED == JOB_NOT_STARTED,
	      "core and port count ends alike");

void act_collect(struct task_work *w)
{
	char *path CLEANUP(freep) = path_worktree(&w->s->paths, w->t.slot - 1);
	struct git_work found = {0};
	/* With the reserve released there is a little room again; the agent had none. */
	w->answer.m = w->run.full || disk_is_full(w->s);
	if (collect_git(w, path, &found) || collect_verdict(w))
		return;
	w->answer.kind = EV_COLLECTED;
	w->answer.a = found.head;
	w->answer.ahead = found.ahead;
	w->answer.leftovers = found.leftovers;
	/* The next attempt at it will probably touch the same. */
	if (streq(w->s->config->queue_overlap, "wait") && found.ahead > 0 &&
	    w->s->git->ops->touched(w->s->git, &w->t.base, &found.head, &w->touched, &w->e))
		return;
	run_teardown(w, path); /* what it takes away is named by now */
	buf_puts(&w->text2, found.problem);
	buf_puts(&w->text3, found.left_out);
}

/* A dispatched issue ends here: what came of it is said there once, and it is free again. */
static int hand_back(struct task_work *w, const struct pull_spec *pull)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	buf_printf(&text,
		   "ganger: pull request %" PRId64 ", %s into %s, by attempt %" PRId64 "; untested",
		   w->answer.n, pull->head, pull->base, w->t.attempt);
	int rc = say_on_issue(w, "ganger:submitted", buf_cstr(&text));
	return rc ? rc : give_back(w);
}

/* As code: a path like "@scope/name" would call people of that name. */
static void add_left_out(struct buf *b, const char *lines)
{
	struct str rest = str_of(lines), line;
	buf_puts(b, "\nNot committed:\n\n");
	while (str_next(&rest, '\n', &line))
		buf_printf(b, "    %.*s\n", (int)line.n, line.p);
}

/* The epic's own pull request shows all of them; a dispatched task has no epic. */
static bool opens_none(const struct task_work *w)
{
	const struct config *c = w->s->config;
	return !w->run.dispatch && streq(c->forge, "github") &&
	       streq(c->github_pull_requests, "final");
}

/* The pull request: what it closes, and whether anything tests it. */
void act_submit(struct task_work *w)
{
	const struct config *c = w->s->config;
	char *branch CLEANUP(freep) = task_branch(w);
	struct buf body CLEANUP(buf_done) = BUF_INIT;
	act_closes(w, &body);
	buf_putc(&body, '\n');
	if (w->run.dispatch)
		buf_puts(&body, "\nuntested: dispatched work is not merged, so not checked\n");
	else if (!c->queue_check)
		buf_puts(&body, "\nuntested: no queue.check\n");
	if (w->t.left_out[0])
		add_left_out(&body, w->t.left_out);
	bool is_theirs = streq(c->forge, c->tracker);
	struct pull_spec spec = {
		.labels_of = is_theirs ? w->t.id : NULL,
		.head = branch,
		.base = w->run.dispatch ? w->run.base : w->s->epic_branch,
		.head_sha = w->t.head.hex,
		.title = w->t.title,
		.body = buf_cstr(&body),
		.task = w->t.id,
	};
	if ((!opens_none(w) &&
	     (w->s->git->ops->push_task(w->s->git, branch, &w->t.head, &w->e) ||
	      w->s->forge->ops->ensure(w->s->forge, &spec, &w->answer.n, &w->e))) ||
	    (w->run.dispatch && hand_back(w, &spec)))
		return;
	w->answer.kind = EV_PULL;
}

static void say_end(const struct task_work *w, struct buf *b)
{
	if (!w->t.landed.hex[0]) {
		buf_puts(b, "nothing to do, says its agent");
		return;
	}
	buf_printf(b, "landed in %s by %.12s", w->s->epic_branch, w->t.landed.hex);
	if (w->t.pull)
		buf_printf(b, " (pull request %" PRId64 ")", w->t.pull);
	if (!w->s->config->queue_check)
		buf_puts(b, "; untested: no queue.check");
}

/* Is it in there? What a power cut took is in nothing. */
static int is_in(const struct task_work *w,
		 const struct oid *commit,
		 const struct oid *tip,
		 bool *ret,
		 struct err *e)
{
	struct git *g = w->s->git;
	struct oid at;
	*ret = streq(commit->hex, tip->hex);
	int rc = *ret ? 0 : g->ops->resolve(g, commit->hex, &at, e);
	if (*ret || rc)
		return rc == ERR_NOT_FOUND ? 0 : rc;
	return g->ops->ancestor(g, commit, tip, ret, e);
}

/* As it landed, or by another merge: who took it out may have brought its work in again. */
static int is_work_in(const struct task_work *w, bool *ret, bool *ret_again, struct err *e)
{
	const struct oid *tip = &w->run.epic_head;
	int rc = is_in(w, &w->t.landed, tip, ret, e);
	if (rc || *ret || !w->t.head.hex[0])
		return rc;
	rc = is_in(w, &w->t.head, tip, ret_again, e);
	*ret = *ret_again;
	return rc;
}

/* Somebody took it out of the branch again: whether that is the end of it is for a person to say. */
static bool is_left_open(struct task_work *w, bool in)
{
	if (in || w->t.away == AWAY_SHUT || w->t.away == AWAY_EARLY)
		return false;
	buf_printf(&w->text,
		   "what landed as %.12s is no longer in '%s'; close it by hand if that is meant",
		   w->t.landed.hex, w->s->epic_branch);
	w->answer.kind = EV_REFUSED;
	w->answer.m = 1;
	return true;
}

void act_close(struct task_work *w)
{
	struct tracker *t = w->s->tracker;
	struct buf comment CLEANUP(buf_done) = BUF_INIT;
	say_end(w, &comment);
	/* One whose next attempt found nothing to do is closed unmerged. */
	const char *sha = w->t.landed.hex[0] ? w->t.landed.hex : NULL;
	/* What landed may be left open until the base has it: 'finish' or the forge closes it then. */
	bool stays = w->t.branch == 2 || (sha && streq(w->s->config->tracker_close, "base"));
	bool in = true, again = false;
	if ((sha && !stays && is_work_in(w, &in, &again, &w->e)) || is_left_open(w, in))
		return;
	int rc = w->t.pull ? w->s->forge->ops->finish(w->s->forge, w->t.pull, sha, &w->e) : 0;
	if (rc && !(rc == ERR_CONFLICT && again)) /* else it has ended by that other merge */
		return;
	w->e = (struct err)ERR_INIT;
	if (stays || !in ||
	    t->ops->close(t, w->t.id, "completed", buf_cstr(&comment), &w->e) == 0) {
		if (w->t.branch == 2 || give_back(w) == 0)
			w->answer.kind = EV_DONE;
	} else if (w->e.code == ERR_CONFLICT || w->e.code == ERR_NOT_FOUND) {
		buf_puts(&w->text, w->e.msg);
		w->answer.kind = EV_REFUSED;
	}
}

/* Has a person left something on the branch since we did? */
void act_look(struct task_work *w)
{
	char *branch CLEANUP(freep) = task_branch(w);
	struct buf ref CLEANUP(buf_done) = BUF_INIT;
	struct git *g = w->s->git;
	struct oid tip = {""};
	buf_printf(&ref, "refs/heads/%s", branch);
	int rc = g->ops->resolve(g, buf_cstr(&ref), &tip, &w->e);
	if (rc && rc != ERR_NOT_FOUND)
		return;
	/* Where an attempt ended, or only began, we left it; what is in the epic is no news. */
	bool ours = rc || streq(tip.hex, w->t.head.hex) || streq(tip.hex, w->t.start.hex);
	if (!ours && g->ops->ancestor(g, &tip, &w->run.epic_head, &ours, &w->e))
		return;
	/* Of a submitted branch it may be what resolved an earlier state of it. */
	bool is_of_it = true;
	if (!ours && w->t.branch && g->ops->ancestor(g, &w->t.head, &tip, &is_of_it, &w->e))
		return;
	if (ours || !is_of_it) {
		w->answer.kind = EV_UNFIXED;
		return;
	}
	if (g->ops->keep(g, w->t.id, (int)w->t.attempt + 1, &tip, &w->e))
		return;
	w->answer.kind = EV_FIXED;
	w->answer.a = tip;
	w->answer.b = w->run.epic_head;
}

/* A branch that does not contain our last landing was moved back by somebody, or made anew. */
static int has_landings(const struct task_work *w, const struct oid *tip, bool *ret, struct err *e)
{
	const struct oid *last = &w->run.last_landing;
	*ret = !last->hex[0];
	return *ret ? 0 : is_in(w, last, tip, ret, e);
}

void act_open(struct task_work *w)
{
	struct git_opened found = {0};
	bool whole = true;
	if (w->s->git->ops->open_epic(w->s->git, &found, &w->e) ||
	    has_landings(w, &found.epic_head, &whole, &w->e))
		return;
	w->answer.kind = EV_OPENED;
	w->answer.m = !whole;
	w->answer.a = found.epic_head;
	w->answer.b = found.fork;
	buf_puts(&w->text, found.base);
	buf_puts(&w->text2, found.remote);
}

/* A folder of the user's choice is left as it was; what is not empty stays. */
static void remove_folders(const struct paths *p)
{
	char *parent CLEANUP(freep) =
		mem_strndup(p->worktrees, (size_t)(strrchr(p->worktrees, '/') - p->worktrees));
	if (rmdir(p->worktrees) == 0)
		(void)rmdir(parent);
}

void act_tidy(struct task_work *w)
{
	if (w->s->git->ops->remove(w->s->git, NULL, &w->e))
		return;
	if (w->s->config->worktree_dir)
		remove_folders(&w->s->paths);
	w->answer.kind = EV_DONE;
}
