#include "base/clock.h"
#include "base/file.h"
#include "config/config.h"
#include "port/store.h"
#include "run/gc-impl.h"
#include "run/parts.h"
#include "run/place.h"
#include "run/rows.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What lies in folders: worktrees, jobs, trash, files that were being written. */

/* ---- the list ---- */

static struct gc_item *item_add(struct gc *g, enum gc_result r, const char *kind, const char *name)
{
	struct gc_item *i = VEC_ADD(&g->items);
	*i = (struct gc_item){.result = r, .kind = kind, .name = mem_strdup(name)};
	return i;
}

void gc_removed(
	struct gc_epic *x, const char *kind, const char *name, gc_remove *remove, const void *arg)
{
	struct err e = ERR_INIT;
	int rc = x->spec->dry_run ? 0 : remove(x, name, arg, &e);
	struct gc_item *i = item_add(x->gc, rc ? GC_FAILED : GC_REMOVED, kind, name);
	i->epic = mem_strdup(x->core.run.epic);
	i->why = rc ? mem_strdup(e.msg) : NULL;
}

void gc_kept(struct gc_epic *x,
	     const char *kind,
	     const char *name,
	     const char *why,
	     const char *look,
	     const char *on)
{
	struct gc_item *i = item_add(x->gc, GC_KEPT, kind, name);
	struct buf command CLEANUP(buf_done) = BUF_INIT;
	buf_puts(&command, look);
	if (on)
		buf_shell(&command, on);
	i->epic = mem_strdup(x->core.run.epic);
	i->why = mem_strdup(why);
	i->look = buf_take(&command);
}

void gc_done(struct gc *g)
{
	for (size_t i = 0; i < g->items.n; i++) {
		free(g->items.items[i].epic);
		free(g->items.items[i].name);
		free(g->items.items[i].why);
		free(g->items.items[i].look);
	}
	VEC_DONE(&g->items);
}

static int remove_path(struct gc_epic *x, const char *name, const void *arg, struct err *e)
{
	(void)x;
	(void)arg;
	return dir_remove(name, e);
}

/* ---- names of a folder, in a fixed order ---- */

struct names {
	VEC(char *) items;
};

static void names_done(struct names *n)
{
	for (size_t i = 0; i < n->items.n; i++)
		free(n->items.items[i]);
	VEC_DONE(&n->items);
}

static void names_add(void *ctx, const char *name)
{
	struct names *n = ctx;
	VEC_PUSH(&n->items, mem_strdup(name));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Empty where there is no such folder. */
static int names_read(const char *dir, struct names *ret, struct err *e)
{
	if (!file_exists(dir))
		return 0;
	if (dir_each(dir, names_add, ret, e))
		return e->code;
	if (ret->items.n)
		qsort(ret->items.items, ret->items.n, sizeof(*ret->items.items), by_text);
	return 0;
}

/* "<known name>.XXXXXX", as file_write() leaves it where it was killed. */
static bool is_temporary(const char *name)
{
	static const char *const known[] = {"swarm-pids.json", "swarm-progress.json", "report.md",
					    ".journal.db.mark", "repository"};
	const char *dot = strrchr(name, '.');
	if (!dot || strlen(dot) != 7)
		return false;
	for (const char *c = dot + 1; *c; c++)
		if (!isalnum((unsigned char)*c))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i]) == (size_t)(dot - name) &&
		    strncmp(known[i], name, strlen(known[i])) == 0)
			return true;
	return false;
}

/* ---- one epic ---- */

static bool is_wanted(const struct gc_epic *x, int64_t job)
{
	for (size_t i = 0; i < x->core.tasks.n; i++) {
		const struct task *t = &x->core.tasks.items[i];
		unsigned flags = task_state_flags((enum task_state)t->state);
		if (t->job == job && ((flags & F_JOB) || t->state == TASK_COLLECTING))
			return true;
	}
	return !x->ended && x->core.run.run_job == job;
}

static void look_at_job(struct gc_epic *x, const char *dir, int64_t number)
{
	struct err e = ERR_INIT;
	enum job_look look = JOB_LOOK_OVER;
	int64_t pid = 0;
	char on[32];
	if (x->spec->parts->job_look(dir, number, &look, &pid, &e)) {
		gc_kept(x, "job", dir, e.msg, "ls -l ", dir);
		return;
	}
	(void)snprintf(on, sizeof(on), "%" PRId64, pid);
	x->alive = x->alive || look != JOB_LOOK_OVER;
	if (look == JOB_LOOK_ALIVE)
		gc_kept(x, "job", dir, "its program is running", "ps -fp ", on);
	else if (look == JOB_LOOK_LOST)
		gc_kept(x, "job", dir,
			"it was lost, and processes of it may be left: the next run ends them",
			"ganger run ", x->core.run.epic);
	else if (is_wanted(x, number))
		gc_kept(x, "job", dir, "the next run reads from it how it ended", "ganger run ",
			x->core.run.epic);
	else
		gc_removed(x, "job", dir, remove_path, NULL);
}

static void tidy_jobs(struct gc_epic *x)
{
	struct names jobs CLEANUP(names_done) = {0};
	struct err e = ERR_INIT;
	if (names_read(x->paths.jobs, &jobs, &e))
		gc_kept(x, "job", x->paths.jobs, e.msg, "ls -l ", x->paths.jobs);
	for (size_t i = 0; i < jobs.items.n; i++) {
		char *dir CLEANUP(freep) = path_join(x->paths.jobs, jobs.items.items[i]);
		int64_t number = 0;
		if (str_i64(str_of(jobs.items.items[i]), &number))
			look_at_job(x, dir, number);
	}
}

/* The task that is under way in this worktree; NULL: none. */
static const struct task *task_in(const struct gc_epic *x, const char *path)
{
	for (size_t i = 0; i < x->core.tasks.n; i++) {
		const struct task *t = &x->core.tasks.items[i];
		char *own CLEANUP(freep) = t->slot ? path_worktree(&x->paths, t->slot - 1) : NULL;
		if (own && streq(own, path))
			return t;
	}
	return NULL;
}

static int remove_worktree(struct gc_epic *x, const char *name, const void *arg, struct err *e)
{
	(void)arg;
	return x->git->ops->remove(x->git, name, e);
}

static void look_at_worktree(struct gc_epic *x, const struct git_found *f)
{
	const char *kind = f->anchor ? "anchor" : "worktree";
	struct buf look CLEANUP(buf_done) = BUF_INIT;
	const struct task *t = task_in(x, f->path);
	buf_puts(&look, "git -C ");
	buf_shell(&look, f->path);
	buf_puts(&look, " status");
	if (f->problem[0])
		gc_kept(x, kind, f->path, f->problem, buf_cstr(&look), NULL);
	else if (x->alive)
		gc_kept(x, kind, f->path, "a program of this epic is running, or may be",
			"ganger status ", x->core.run.epic);
	/* Whose attempt has it is not collected, whatever its books say. */
	else if (t || (!x->ended && (f->anchor || str_starts(str_of(f->path), x->paths.gates))))
		gc_kept(x, kind, f->path, "the run was cut short; the next one goes on there",
			"ganger status ", x->core.run.epic);
	else
		gc_removed(x, kind, f->path, remove_worktree, NULL);
}

static int remove_folder(struct gc_epic *x, const char *name, const void *arg, struct err *e)
{
	(void)x;
	(void)arg;
	return rmdir(name) ? err_sys(e, "could not remove '%s'", name) : 0;
}

/* Folders among the worktrees that git does not know: only empty ones can be proven useless. */
static void tidy_strays(struct gc_epic *x, const char *parent, const struct git_founds *known)
{
	struct names all CLEANUP(names_done) = {0};
	struct err none = ERR_INIT; /* one that cannot be read is left */
	if (names_read(parent, &all, &none))
		return;
	for (size_t i = 0; i < all.items.n; i++) {
		char *path CLEANUP(freep) = path_join(parent, all.items.items[i]);
		struct names in CLEANUP(names_done) = {0};
		bool found = false;
		for (size_t k = 0; k < known->items.n; k++)
			found = found || streq(known->items.items[k].path, path);
		if (found)
			continue;
		if (names_read(path, &in, &none) || in.items.n)
			gc_kept(x, "folder", path, "git knows no worktree there", "ls -la ", path);
		else
			gc_removed(x, "folder", path, remove_folder, NULL);
	}
}

static void tidy_worktrees(struct gc_epic *x)
{
	struct git_founds all CLEANUP(git_founds_done) = {0};
	struct err e = ERR_INIT;
	if (x->git->ops->worktrees(x->git, &all, &e)) {
		gc_kept(x, "worktree", x->paths.worktrees, e.msg, "git worktree list", NULL);
		return;
	}
	for (size_t i = 0; i < all.items.n; i++)
		look_at_worktree(x, &all.items.items[i]);
	/* A folder of the user's choice is not ours to look through. */
	if (!x->spec->config->worktree_dir)
		tidy_strays(x, x->paths.worktrees, &all);
	tidy_strays(x, x->paths.gates, &all);
}

static void tidy_files(struct gc_epic *x)
{
	struct names all CLEANUP(names_done) = {0}, logs CLEANUP(names_done) = {0};
	struct err none = ERR_INIT; /* the journal was read from there a moment ago */
	char *trash CLEANUP(freep) = path_join(x->paths.epic_dir, "trash");
	if (file_exists(trash))
		gc_removed(x, "trash", trash, remove_path, NULL);
	IGNORE(names_read(x->paths.epic_dir, &all, &none));
	for (size_t i = 0; i < all.items.n; i++) {
		char *path CLEANUP(freep) = path_join(x->paths.epic_dir, all.items.items[i]);
		if (is_temporary(all.items.items[i]))
			gc_removed(x, "file", path, remove_path, NULL);
	}
	IGNORE(names_read(x->paths.logs, &logs, &none));
	for (size_t i = 0; i < logs.items.n; i++) {
		char *path CLEANUP(freep) = path_join(x->paths.logs, logs.items.items[i]);
		if (str_ends(str_of(path), ".log.new"))
			gc_removed(x, "file", path, remove_path, NULL);
	}
}

static void epic_done(struct gc_epic *x)
{
	if (x->git)
		x->git->ops->free(x->git);
	core_done(&x->core);
	paths_done(&x->paths);
	free(x->epic_branch);
	closep(&x->env.lock_fd);
	closep(&x->lock_fd); /* last: from here on somebody may run it */
}

/* 1: somebody has it; e says who. */
static int epic_lock(struct gc_epic *x, const char *folder, struct err *e)
{
	char *lock CLEANUP(freep) =
		mem_printf("%s/ganger/%s.lock", x->spec->place->common_dir, folder);
	char *helpers CLEANUP(freep) =
		mem_printf("%s/%s/helpers.lock", x->spec->place->state_dir, folder);
	int64_t pid = 0;
	if (!x->spec->dry_run)
		return store_lock(lock, &x->lock_fd, e) || child_lock(helpers, &x->env.lock_fd, e);
	if (store_lock_holder(lock, &pid, e))
		return 1;
	return pid ? err_set(e, ERR_BUSY, "process %" PRId64 " holds it", pid) : 0;
}

static int epic_load(struct gc_epic *x, const char *folder, struct err *e)
{
	struct store *store = NULL;
	struct buf name CLEANUP(buf_done) = BUF_INIT;
	char *journal CLEANUP(freep) =
		mem_printf("%s/%s/journal.db", x->spec->place->state_dir, folder);
	if (store_open(journal, STORE_READ, rows_tables, ROWS_TABLE_COUNT, &store, e))
		return e->code;
	int rc = rows_load(store, &x->core, e);
	store_close(store);
	if (rc)
		return rc;
	buf_name(&name, x->core.run.epic);
	if (!streq(buf_cstr(&name), folder))
		return err_set(e, ERR_INVALID, "its journal is of epic '%s'", x->core.run.epic);
	return 0;
}

static int epic_open(struct gc_epic *x, struct err *e)
{
	const struct config *c = x->spec->config;
	const char *epic = x->core.run.epic;
	paths_find(x->spec->place, epic, c->worktree_dir, &x->paths);
	x->epic_branch = branch_expand(c->git_epic_branch, epic, NULL);
	x->ended = x->core.run.state == RUN_ENDED;
	x->git_spec = (struct git_epic_spec){.epic = epic,
					     .epic_branch = x->epic_branch,
					     .base = x->core.run.base,
					     .state_dir = x->paths.epic_dir,
					     .worktree_dir = c->worktree_dir,
					     .push = GIT_PUSH_NEVER};
	return x->spec->parts->git_open(x->spec->place, &x->git_spec, &x->env, &x->git, e);
}

static void tidy_epic(const struct gc_spec *s, struct gc *g, const char *folder)
{
	struct buf epic CLEANUP(buf_done) = BUF_INIT;
	struct gc_epic x CLEANUP(epic_done) = {
		.spec = s, .gc = g, .lock_fd = -1, .env = {.lock_fd = -1}};
	struct policy none = {0};
	struct err e = ERR_INIT;
	char *dir CLEANUP(freep) = path_join(s->place->state_dir, folder);
	core_init(&x.core, &none);
	if (!buf_unname(&epic, str_of(folder)))
		buf_puts(&epic, folder); /* it is none of ours: as it is called */
	x.core.run.epic = buf_cstr(&epic);
	if (epic_lock(&x, folder, &e)) {
		gc_kept(&x, "epic", dir, e.msg, "ganger status ", buf_cstr(&epic));
		return;
	}
	if (epic_load(&x, folder, &e) || epic_open(&x, &e)) {
		gc_kept(&x, "epic", dir, e.msg, "ganger status ", buf_cstr(&epic));
		return;
	}
	tidy_jobs(&x);
	tidy_worktrees(&x);
	tidy_files(&x);
	gc_branches(&x);
	gc_refs(&x);
}

/* ---- beside the epics ---- */

/* Whatever was tried there is over when its lock is free; it holds no work. */
static void tidy_trial(const struct gc_spec *s, struct gc *g)
{
	struct gc_epic x CLEANUP(epic_done) = {
		.spec = s, .gc = g, .lock_fd = -1, .env = {.lock_fd = -1}};
	struct policy none = {0};
	struct err e = ERR_INIT;
	struct git_founds all CLEANUP(git_founds_done) = {0};
	char *dir CLEANUP(freep) = path_join(s->place->state_dir, PATH_TRIAL);
	core_init(&x.core, &none);
	x.core.run.epic = PATH_TRIAL;
	x.core.run.state = RUN_ENDED;
	if (!file_exists(dir))
		return;
	if (epic_lock(&x, PATH_TRIAL, &e)) {
		gc_kept(&x, "trial", dir, e.msg, "ls -la ", dir);
		return;
	}
	if (epic_open(&x, &e) == 0) {
		free(x.paths.gates);
		x.paths.gates = path_join(dir, "gate");
		x.git_spec.state_dir = dir;
		IGNORE(x.git->ops->worktrees(x.git, &all, &e));
	}
	for (size_t i = 0; i < all.items.n; i++)
		look_at_worktree(&x, &all.items.items[i]);
	gc_removed(&x, "trial", dir, remove_path, NULL);
}

/* Of repositories that were moved or deleted: whether that was meant, only their owner knows. */
static void list_gone(const struct gc_spec *s, struct gc *g)
{
	char *home CLEANUP(freep) =
		mem_strndup(s->place->state_dir,
			    (size_t)(strrchr(s->place->state_dir, '/') - s->place->state_dir));
	struct names all CLEANUP(names_done) = {0};
	struct err none = ERR_INIT;
	if (names_read(home, &all, &none))
		return;
	for (size_t i = 0; i < all.items.n; i++) {
		char *dir CLEANUP(freep) = path_join(home, all.items.items[i]);
		char *repository CLEANUP(freep) = place_noted(dir);
		struct stat st;
		if (!repository || stat(repository, &st) == 0 || errno != ENOENT)
			continue;
		struct gc_item *item = item_add(g, GC_KEPT, "state", dir);
		struct buf look CLEANUP(buf_done) = BUF_INIT;
		buf_puts(&look, "ls -la ");
		buf_shell(&look, dir);
		item->why = mem_printf("its repository is gone: %s", repository);
		item->look = buf_take(&look);
	}
}

int gc_run(const struct gc_spec *s, struct gc *ret, struct err *e)
{
	struct names all CLEANUP(names_done) = {0};
	*ret = (struct gc){0};
	if (names_read(s->place->state_dir, &all, e))
		return e->code;
	for (size_t i = 0; i < all.items.n; i++) {
		char *journal CLEANUP(freep) =
			mem_printf("%s/%s/journal.db", s->place->state_dir, all.items.items[i]);
		if (file_exists(journal))
			tidy_epic(s, ret, all.items.items[i]);
	}
	tidy_trial(s, ret);
	list_gone(s, ret);
	return 0;
}
