#include "run/parts.h"

#include "base/child.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/config.h"
#include "exec/cgroup.h"
#include "exec/local.h"
#include "exec/record.h"
#include "forge/kinds.h"
#include "git/git.h"
#include "port/agent.h"
#include "port/import.h"
#include "run/host_uv.h"
#include "run/place.h"
#include "store/store-impl.h"
#include "tracker/beads.h"
#include "tracker/kinds.h"
#include "wire/github.h"
#include "wire/webhook_server.h"

#include <stdio.h>
#include <string.h>

/* The parts, wired together for the program and the library: nobody else knows the drivers by name. */

static int discover(const char *dir, struct place *ret, struct err *e)
{
	struct git_place g CLEANUP(git_place_done) = {0};

	if (git_discover(dir, NULL, &g, e))
		return e->code;
	if (g.bare) {
		(void)err_set(e, ERR_INVALID, "'%s' is a bare repository", dir);
		return err_hint(e, "run ganger in a clone that has a checkout");
	}
	ret->user_name = mem_strdup(git_place_config(&g, "user.name"));
	ret->user_email = mem_strdup(git_place_config(&g, "user.email"));
	ret->root = TAKE(g.root);
	ret->common_dir = TAKE(g.common_dir);
	ret->name = TAKE(g.name);
	ret->state_name = TAKE(g.state_name);
	ret->branch = TAKE(g.branch);
	if (g.remote) {
		char *key CLEANUP(freep) = mem_printf("remote.%s.url", g.remote);
		ret->remote_url = mem_strdup(git_place_config(&g, key));
	}
	ret->remote = TAKE(g.remote);
	ret->remote_branch = TAKE(g.remote_branch);
	ret->unborn = g.unborn;
	(void)snprintf(ret->git_version, sizeof(ret->git_version), "%d.%d.%d", g.major, g.minor,
		       g.patch);
	return 0;
}

static int git_open(const struct place *p,
		    const struct git_epic_spec *spec,
		    const struct child_env *env,
		    struct git **ret,
		    struct err *e)
{
	return git_new(p->root, spec, env, ret, e);
}

static int executor_open(struct host *host,
			 const struct config *c,
			 const char *shim,
			 const struct executor_events *events,
			 struct executor **ret,
			 struct err *e)
{
	struct executor_local_options o = {.shim = shim, .cgroup = true};

	if (!streq(c->executor, "local"))
		return err_set(e, ERR_INVALID, "executor: this version does not have '%s'",
			       c->executor);
	return executor_local_new(host_uv_loop(host), &o, events, ret, e);
}

/* Beside the program itself, as it is built and installed. */
static int shim_path(char **ret, struct err *e)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash, *path;

	if (n <= 0)
		return err_sys(e, "could not find out where ganger itself is");
	self[n] = '\0';
	slash = strrchr(self, '/');
	path = mem_printf("%.*s/ganger-shim", (int)(slash - self), self);
	if (access(path, X_OK) == 0) {
		*ret = path;
		return 0;
	}
	(void)err_set(e, ERR_NOT_FOUND, "could not find ganger-shim: there is no program '%s'",
		      path);
	free(path);
	return err_hint(e, "install ganger as a whole: 'make install'");
}

/* How GitHub is reached: the same for the tracker and the forge. */
struct github_access {
	struct github_options o; /* borrows from here and from the settings */
	char *repository, *budget_dir;
};

static void github_access_done(struct github_access *a)
{
	free(a->repository);
	free(a->budget_dir);
}

static void
github_access_find(const struct place *p, const struct config *c, struct github_access *ret)
{
	ret->repository = c->github_repository ? mem_strdup(c->github_repository)
					       : github_repository_of(p->remote_url, c->github_url);
	/* Beside the folders of all repositories: a budget is not one repository's. */
	const char *slash = p->state_dir ? strrchr(p->state_dir, '/') : NULL;
	ret->budget_dir = slash ? mem_strndup(p->state_dir, (size_t)(slash - p->state_dir)) : NULL;
	ret->o = (struct github_options){.url = c->github_url,
					 .token_env = c->github_token_env,
					 .app_id = c->github_app_id,
					 .app_key = c->github_app_key,
					 .repository = ret->repository,
					 .write_interval_ms = c->github_write_interval,
					 .budget_dir = ret->budget_dir};
}

static int
tracker_open(const struct place *p, const struct config *c, struct tracker **ret, struct err *e)
{
	const struct tracker_kind *kind = tracker_kind_find(c->tracker);
	int rc;

	if (!kind)
		return err_set(e, ERR_IO, "cannot use tracker '%s': this version does not have it",
			       c->tracker);
	rc = dir_make(p->state_dir, e);
	rc = rc ? rc : place_note(p, e);
	if (rc < 0)
		return rc;
	struct github_access github CLEANUP(github_access_done) = {0};
	github_access_find(p, c, &github);
	struct tracker_where where = {.state_dir = p->state_dir,
				      .root = p->root,
				      .beads = c->beads_path,
				      .beads_rule = c->beads_rule,
				      .github = &github.o,
				      .github_comments = c->github_comments,
				      .github_label = c->github_label,
				      .github_graph = c->github_graph};
	return kind->open(&where, ret, e);
}

static int
forge_open(const struct place *p, const struct config *c, struct forge **ret, struct err *e)
{
	const struct forge_kind *kind = forge_kind_find(c->forge);

	if (!kind)
		return err_set(e, ERR_INVALID,
			       "cannot use forge '%s': this version does not have it", c->forge);
	struct github_access github CLEANUP(github_access_done) = {0};
	github_access_find(p, c, &github);
	return kind->open(&(struct forge_where){.state_dir = p->state_dir,
						.github = &github.o,
						.draft = c->github_draft,
						.rewrites = !streq(c->queue_method, "merge")},
			  ret, e);
}

static bool tracker_known(const char *kind)
{
	return tracker_kind_find(kind);
}

static bool forge_known(const char *kind)
{
	return forge_kind_find(kind);
}

static bool agent_known(const char *kind)
{
	return agent_kind_find(kind);
}

/* What stood in the file and was not used is a note beside the graph. */
static void notes_add(const struct beads_file *f, struct issue_graph *ret)
{
	for (size_t i = 0; i < f->problems.n; i++)
		VEC_PUSH(&ret->notes, mem_printf("line %d: %s", f->problems.items[i].line,
						 f->problems.items[i].text));
	if (f->copies)
		VEC_PUSH(&ret->notes,
			 mem_printf("%d lines are older copies of other lines", f->copies));
}

static int beads_graph_of(const char *path,
			  const char *rule,
			  const char *epic,
			  struct issue_graph *ret,
			  struct err *e)
{
	struct beads_file file CLEANUP(beads_file_done) = {0};
	enum beads_rule named = beads_rule_named(rule);
	int rc = beads_load(path, &file, e);

	file.rule = named ? named : file.rule;
	if (rc == 0)
		rc = beads_graph(&file, epic, clock_now().wall_ms, ret, e);
	if (rc == 0)
		notes_add(&file, ret);
	return rc;
}

static bool cgroup_usable(const char *shim, struct err *why)
{
	char *base CLEANUP(freep) = cgroup_find(shim, why);

	return base;
}

static int
job_look(const char *dir, int64_t number, enum job_look *ret, int64_t *ret_pid, struct err *e)
{
	struct record r;
	int rc = record_read(dir, (uint64_t)number, &r, e);

	*ret_pid = 0;
	*ret = JOB_LOOK_OVER;
	if (rc == ERR_NOT_FOUND) /* it was never begun */
		return 0;
	if (rc)
		return rc;
	*ret_pid = r.has_start ? r.start.pid : 0;
	if (r.held)
		*ret = JOB_LOOK_ALIVE;
	else if (!r.has_end && record_is_of_this_boot(&r))
		*ret = JOB_LOOK_LOST;
	return 0;
}

const struct parts parts_all = {
	.discover = discover,
	.forge_open = forge_open,
	.git_open = git_open,
	.executor_open = executor_open,
	.tracker_open = tracker_open,
	.tracker_known = tracker_known,
	.forge_known = forge_known,
	.agent_known = agent_known,
	.github_repository = github_repository_of,
	.webhooks = webhook_serve,
	.beads_graph = beads_graph_of,
	.state_check = place_check,
	.cgroup_usable = cgroup_usable,
	.import_beads = import_beads,
	.import_markdown = import_markdown,
	.job_look = job_look,
	.shim_path = shim_path,
};
