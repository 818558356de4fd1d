#include "run/paths.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"

#include <inttypes.h>
#include <string.h>

void paths_find(const struct place *p,
		const char *epic,
		const char *worktree_dir,
		struct paths *ret)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	buf_name(&name, epic);
	*ret = (struct paths){.epic_dir = path_join(p->state_dir, buf_cstr(&name))};
	ret->journal = path_join(ret->epic_dir, "journal.db");
	ret->reserve = path_join(ret->epic_dir, "reserve");
	ret->helpers = path_join(ret->epic_dir, "helpers.lock");
	ret->socket = path_join(ret->epic_dir, "control.sock");
	ret->logs = path_join(ret->epic_dir, "agent-logs");
	ret->jobs = path_join(ret->epic_dir, "job");
	ret->pids = path_join(ret->epic_dir, "swarm-pids.json");
	ret->progress = path_join(ret->epic_dir, "swarm-progress.json");
	ret->report = path_join(ret->epic_dir, "report.md");
	ret->run_log = path_join(ret->epic_dir, "run.log");
	ret->lock = mem_printf("%s/ganger/%s.lock", p->common_dir, buf_cstr(&name));
	/* A folder of the user's choice may be that of other epics, and repositories, as well. */
	ret->worktrees = worktree_dir ? mem_printf("%s/%s/%s", worktree_dir,
						   strrchr(p->state_dir, '/') + 1, buf_cstr(&name))
				      : path_join(ret->epic_dir, "worktree");
	ret->gates = path_join(ret->epic_dir, "gate");
	ret->repository = mem_strdup(p->name);
	ret->beside = mem_strndup(p->root, (size_t)(strrchr(p->root, '/') - p->root));
}

void paths_done(struct paths *p)
{
	char **all[] = {&p->epic_dir, &p->journal,   &p->reserve,    &p->helpers,
			&p->socket,   &p->logs,      &p->jobs,       &p->pids,
			&p->progress, &p->report,    &p->run_log,    &p->lock,
			&p->gates,    &p->worktrees, &p->repository, &p->beside};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		free(*all[i]);
		*all[i] = NULL;
	}
}

char *path_job(const struct paths *p, int64_t job)
{
	return mem_printf("%s/%" PRId64, p->jobs, job);
}

char *path_worktree(const struct paths *p, int64_t slot)
{
	return mem_printf("%s/%s-%" PRId64, p->worktrees, p->repository, slot);
}

char *path_gate(const struct paths *p, int64_t slot)
{
	return mem_printf("%s/%s-%" PRId64, p->gates, p->repository, slot);
}

char *path_persons(const struct paths *p, const char *task)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	buf_name(&name, task);
	return mem_printf("%s/%s-%s", p->beside, p->repository, buf_cstr(&name));
}

static char *path_of(const struct paths *p, const char *task, const char *part, const char *end)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	buf_name(&name, task);
	return mem_printf("%s/%s%s%s.%s", p->logs, buf_cstr(&name), part ? "." : "",
			  part ? part : "", end);
}

char *path_log(const struct paths *p, const char *task, const char *part)
{
	return path_of(p, task, part, "log");
}

char *path_events(const struct paths *p, const char *task, const char *part)
{
	return path_of(p, task, part, "events.jsonl");
}

char *path_gate_log(const struct paths *p,
		    const char *task,
		    const char *check,
		    const char *tree,
		    int64_t n)
{
	struct buf part CLEANUP(buf_done) = BUF_INIT;
	buf_puts(&part, "gate");
	if (check && check[0])
		buf_printf(&part, "-%s", check);
	if (tree)
		buf_printf(&part, "-%.12s-%" PRId64, tree, n);
	return path_log(p, task, buf_cstr(&part));
}

char *branch_expand(const char *pattern, const char *epic, const char *task)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	while (*pattern) {
		const char *id = NULL;
		size_t skip = 1;
		if (strncmp(pattern, "{epic}", 6) == 0) {
			id = epic;
			skip = 6;
		} else if (strncmp(pattern, "{task}", 6) == 0) {
			id = task ? task : "";
			skip = 6;
		}
		if (id)
			buf_name(&b, id);
		else
			buf_putc(&b, *pattern);
		pattern += skip;
	}
	return buf_take(&b);
}
