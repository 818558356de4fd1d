#include "base/clean.h"
#include "base/file.h"
#include "run/supervisor-impl.h"

/*
 * A power cut may have taken commits and refs that the journal names, on a disk that does not keep
 * what it was told to sync. So after a reboot they are looked for, before anything is asked for again
 * (docs/adr/0024).
 */

typedef VEC(struct git_named) named_vec;

static void add_named(struct supervisor *s, named_vec *v, const struct task *t)
{
	unsigned must = core_must_have(t);
	if (!must && !t->attempt)
		return;
	struct git_named *x = VEC_ADD(v);
	*x = (struct git_named){.task = t->id, .attempt = (int)t->attempt};
	if (!t->branch)
		x->branch = branch_expand(s->config->git_task_branch, s->spec.epic, t->id);
	if (must & LOST_HEAD)
		x->head = t->head;
	if (must & LOST_MERGE)
		x->merge = t->merge;
	if (t->state == TASK_LANDING)
		x->as = t->lands_as;
}

static void say_lost(struct supervisor *s, const struct git_named *x)
{
	const struct task *t = &s->core.tasks.items[core_find(&s->core, x->task)];
	if (x->head_lost)
		supervisor_message(s,
				   "task %s: its work was lost by a power cut: %.12s is no longer in the "
				   "repository; %s",
				   x->task, x->head.hex,
				   t->branch ? "submit its branch again" : "what is made of it begins anew");
	else
		supervisor_message(s,
				   "task %s: its merge was lost by a power cut: it is merged anew",
				   x->task);
}

static void tell(struct supervisor *s, const struct git_named *x)
{
	const struct task *t = &s->core.tasks.items[core_find(&s->core, x->task)];
	bool files = t->state == TASK_COLLECTING;
	if (!x->head_lost && !x->merge_lost && !files)
		return;
	if (x->head_lost || x->merge_lost)
		say_lost(s, x);
	supervisor_step(s, &(struct core_event){.kind = EV_LOST,
						.task = -1,
						.text = x->task,
						.n = (x->head_lost ? LOST_HEAD : 0) |
						     (x->merge_lost ? LOST_MERGE : 0) |
						     (files ? LOST_FILES : 0)});
}

/* Agents outlive a supervisor: those of the last one may have been at work since before it. */
static int clear_torn(struct supervisor *s, struct err *e)
{
	int64_t since_ms = s->core.run.resumed_ms;
	size_t n = 0;
	int rc = s->git->ops->clear_torn(
		s->git, since_ms ? since_ms : s->host->now(s->host).wall_ms, &n, e);
	if (n)
		supervisor_message(s,
				   "%zu object%s that a power cut tore %s moved to '%s/trash': git "
				   "could not read %s",
				   n, n == 1 ? "" : "s", n == 1 ? "was" : "were", s->paths.epic_dir,
				   n == 1 ? "it" : "them");
	return rc;
}

/*
 * Its worktree was made in an earlier boot, and what it was made for did not begin: files of it may be
 * cut, and nothing is run there any more.
 */
static void lose_unbegun(struct supervisor *s)
{
	for (size_t i = 0; i < s->core.tasks.n; i++) {
		const struct task *t = &s->core.tasks.items[i];
		if (!(task_state_flags((enum task_state)t->state) & F_JOB))
			continue;
		char *dir CLEANUP(freep) = path_job(&s->paths, t->job);
		char *status CLEANUP(freep) = path_join(dir, "status");
		if (file_exists(status))
			continue;
		/* First what says that nothing begins before START. */
		supervisor_step(s,
				&(struct core_event){.kind = EV_LOST, .task = -1, .text = t->id});
		supervisor_step(s, &(struct core_event){.kind = EV_JOB_ENDED,
							.task = (int)i,
							.serial = t->serial,
							.how = HOW_LOST,
							.code = 1,
							.text = "the machine was restarted"});
	}
}

int recovery_lost(struct supervisor *s, struct err *e)
{
	named_vec v = {0};
	char boot[BOOT_ID_SIZE];
	int rc = 0;
	clock_boot_id(boot);
	/* Before its first run it names none: what was submitted so far may be of an earlier boot. */
	if (streq(s->core.run.boot, boot))
		return 0;
	for (size_t i = 0; i < s->core.tasks.n; i++)
		add_named(s, &v, &s->core.tasks.items[i]);
	if (v.n)
		rc = clear_torn(s, e);
	if (v.n && !rc)
		rc = s->git->ops->prove(s->git, v.items, v.n, e);
	for (size_t i = 0; !rc && i < v.n; i++)
		tell(s, &v.items[i]);
	if (!rc)
		lose_unbegun(s);
	for (size_t i = 0; i < v.n; i++)
		free(v.items[i].branch);
	VEC_DONE(&v);
	return rc ? err_wrap(e, "could not look for what the last power cut took") : 0;
}
