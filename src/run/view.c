#include "run/view.h"

#include "base/clean.h"
#include "base/file.h"
#include "config/config.h"
#include "run/place.h"
#include "run/rows.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* What follows from settings. */
static void view_settle(struct view *v, const struct place *p, const struct config *c)
{
	v->config = c;
	v->untested = !c->queue_check;
	paths_done(&v->paths);
	paths_find(p, v->epic, c->worktree_dir, &v->paths);
	free(v->epic_branch);
	v->epic_branch = branch_expand(c->git_epic_branch, v->epic, NULL);
}

/*
 * What a run did, it did with the settings it had; a -c of then is not there now. A line that
 * cannot be read any more leaves the default.
 */
static void settings_of_run(struct view *v, const struct place *p, struct store *store)
{
	struct err none = ERR_INIT; /* a run that has just begun has not noted them */
	char *text CLEANUP(freep) = NULL;
	struct str rest, line;
	if (store_meta_get(store, "config", &text, &none))
		return;
	v->own = mem_alloc(sizeof(*v->own));
	config_init(v->own);
	for (rest = str_of(text); str_next(&rest, '\n', &line);) {
		char *assignment CLEANUP(freep) = mem_strndup(line.p, line.n);
		IGNORE(config_set(v->own, assignment, &none));
	}
	IGNORE(config_finish(v->own, &none));
	view_settle(v, p, v->own);
}

/* All of it as of one moment, though a supervisor goes on writing: an edge has its two tasks. */
static int load_rows(struct store *store, struct core *ret, struct err *e)
{
	return store_begin(store, e) ? e->code : rows_load(store, ret, e);
}

static int load(struct view *v, const struct place *p, struct err *e)
{
	struct store *store = NULL;
	if (!file_exists(v->paths.journal))
		return err_set(e, ERR_NOT_FOUND, "there was no run of epic '%s' yet", v->epic);
	if (store_open(v->paths.journal, STORE_READ, rows_tables, ROWS_TABLE_COUNT, &store, e))
		return e->code;
	int rc = load_rows(store, &v->core, e);
	char *title = NULL;
	struct err none = ERR_INIT; /* a run that has just begun has not noted it */
	if (rc == 0 && store_meta_get(store, "title", &title, &none) == 0)
		v->title = title;
	if (rc == 0 && store_meta_get(store, "found", &v->found, &none))
		v->found = NULL;
	if (rc == 0)
		settings_of_run(v, p, store);
	store_close(store);
	return rc;
}

int view_open(const struct place *p,
	      const struct config *c,
	      const char *epic,
	      struct view *ret,
	      struct err *e)
{
	*ret = (struct view){.epic = mem_strdup(epic)};
	struct policy policy = {.max_concurrent = c->limits_max_concurrent};
	core_init(&ret->core, &policy);
	view_settle(ret, p, c);
	if (load(ret, p, e) || store_lock_holder(ret->paths.lock, &ret->pid, e))
		return e->code;
	if (!ret->title)
		ret->title = mem_strdup("");
	ret->core.now = clock_now();
	return 0;
}

void view_done(struct view *v)
{
	core_done(&v->core);
	paths_done(&v->paths);
	free(v->epic);
	free(v->epic_branch);
	free(v->title);
	free(v->found);
	config_done(v->own);
	free(v->own);
	*v = (struct view){0};
}

char *view_title(const struct paths *p)
{
	struct store *store = NULL;
	struct err none = ERR_INIT; /* then it is not shown */
	char *title = NULL;
	if (store_open(p->journal, STORE_READ, rows_tables, ROWS_TABLE_COUNT, &store, &none))
		return NULL;
	if (store_meta_get(store, "title", &title, &none))
		title = NULL;
	store_close(store);
	return title;
}

struct report_spec view_report(const struct view *v)
{
	return (struct report_spec){.core = &v->core,
				    .title = v->title,
				    .epic_branch = v->epic_branch,
				    .task_pattern = v->config->git_task_branch,
				    .paths = &v->paths,
				    .untested = v->untested,
				    .batch = config_batch(v->config),
				    .push = v->config->git_push,
				    .found = v->found,
				    .running = v->pid != 0};
}

struct found {
	char *id;
	int64_t changed;
};

static int newest_first(const void *a, const void *b)
{
	int64_t x = ((const struct found *)a)->changed, y = ((const struct found *)b)->changed;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* The latest commits may be in the log beside it alone. */
static int64_t changed_ms(const char *journal)
{
	char *log CLEANUP(freep) = mem_printf("%s-wal", journal);
	struct stat st;
	int64_t latest = -1;
	if (stat(journal, &st) != 0)
		return -1;
	latest = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	if (stat(log, &st) == 0) {
		int64_t ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
		latest = ms > latest ? ms : latest;
	}
	return latest;
}

/* The epic's own name is in its journal; the folder's is escaped. */
static char *epic_name(const char *journal)
{
	struct store *store = NULL;
	struct err none = ERR_INIT; /* one that cannot be read is no epic of this list */
	struct core c;
	struct policy policy = {0};
	char *name = NULL;
	if (store_open(journal, STORE_READ, rows_tables, ROWS_TABLE_COUNT, &store, &none))
		return NULL;
	core_init(&c, &policy);
	/* No name: a run that was refused before its first turn. */
	if (load_rows(store, &c, &none) == 0 && c.run.epic[0])
		name = mem_strdup(c.run.epic);
	core_done(&c);
	store_close(store);
	return name;
}

int view_epics(const struct place *p, struct view_epics *ret, struct err *e)
{
	*ret = (struct view_epics){0};
	DIR *d = opendir(p->state_dir);
	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "could not read '%s'", p->state_dir);
	VEC(struct found) all = {0};
	for (struct dirent *entry; (entry = readdir(d));) {
		char *path CLEANUP(freep) =
			mem_printf("%s/%s/journal.db", p->state_dir, entry->d_name);
		int64_t changed = changed_ms(path);
		char *id = changed < 0 ? NULL : epic_name(path);
		if (id)
			VEC_PUSH(&all, ((struct found){id, changed}));
	}
	(void)closedir(d);
	if (all.n)
		qsort(all.items, all.n, sizeof(*all.items), newest_first);
	for (size_t i = 0; i < all.n; i++)
		VEC_PUSH(&ret->ids, all.items[i].id);
	VEC_DONE(&all);
	return 0;
}

void view_epics_done(struct view_epics *v)
{
	for (size_t i = 0; i < v->ids.n; i++)
		free(v->ids.items[i]);
	VEC_DONE(&v->ids);
}

static bool epic_has(const struct place *p,
		     const struct config *c,
		     const char *epic,
		     const char *task,
		     bool *ret_dispatch)
{
	struct view v CLEANUP(view_done) = {0};
	struct err none = ERR_INIT; /* it was read a moment ago; if not now, it has no such task */
	if (view_open(p, c, epic, &v, &none))
		return false;
	*ret_dispatch = v.core.run.dispatch;
	return core_find(&v.core, task) >= 0;
}

int view_epic_of(const struct place *p,
		 const struct config *c,
		 const char *task,
		 char **ret_epic,
		 char **ret_beside,
		 struct err *e)
{
	struct view_epics all CLEANUP(view_epics_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	const char *found[2] = {NULL}; /* by whether it is a dispatch */
	int n[2] = {0};
	if (view_epics(p, &all, e))
		return e->code;
	for (size_t i = 0; i < all.ids.n; i++) {
		bool dispatch;
		if (!epic_has(p, c, all.ids.items[i], task, &dispatch))
			continue;
		buf_printf(&names, "%s'%s'", names.n ? ", " : "", all.ids.items[i]);
		found[dispatch] = all.ids.items[i];
		n[dispatch]++;
	}
	if (n[0] > 1 || (!n[0] && n[1] > 1))
		return err_set(e, ERR_INVALID, "several epics have a task '%s': %s", task,
			       buf_cstr(&names));
	if (!n[0] && !n[1])
		return err_set(e, ERR_NOT_FOUND, "no run here has a task '%s'", task);
	*ret_epic = mem_strdup(found[n[0] ? 0 : 1]);
	*ret_beside = n[0] && n[1] ? mem_strdup(found[1]) : NULL;
	return 0;
}
