#include "base/check.h"
#include "base/file.h"
#include "git/impl.h"

#include <stdio.h>
#include <string.h>

/* Commits need an author; where git knows none, this is who made them. */
static const char *const stand_in[] = {
	"GIT_AUTHOR_NAME=ganger",
	"GIT_AUTHOR_EMAIL=ganger@localhost",
	"GIT_COMMITTER_NAME=ganger",
	"GIT_COMMITTER_EMAIL=ganger@localhost",
	NULL,
};

struct cmd repo_cmd(struct git_repo *g)
{
	return (struct cmd){
		.env = g->has_env ? &g->env : NULL,
		.git_dir = g->place.common_dir,
		.also = g->identity,
		.count = &g->n_processes,
	};
}

struct cmd anchor_cmd(struct git_repo *g)
{
	struct cmd c = repo_cmd(g);
	char *link CLEANUP(freep) = path_join(g->anchor, ".git");

	if (!file_exists(link))
		return c;
	c.git_dir = g->anchor_admin;
	c.work_tree = g->anchor;
	return c;
}

unsigned git_process_count(const struct git *g)
{
	return atomic_load(&((const struct git_repo *)g)->n_processes);
}

/* The user's own ssh command, told to ask nothing; what is not OpenSSH is left as it is. */
static char *ssh_command(const struct git_place *p)
{
	const char *own = getenv("GIT_SSH_COMMAND");
	const char *slash, *end;

	if (!own && getenv("GIT_SSH"))
		return NULL;
	own = own ? own : git_place_config(p, "core.sshcommand");
	own = own && *own ? own : "ssh";
	end = own + strcspn(own, " ");
	for (slash = end; slash > own && slash[-1] != '/';)
		slash--;
	if (end - slash == 3 && memcmp(slash, "ssh", 3) == 0)
		return mem_printf("%s -o BatchMode=yes", own);
	return mem_strdup(own);
}

static bool is_true(const char *value)
{
	return value && (streq(value, "true") || streq(value, "yes") || streq(value, "on") ||
			 streq(value, "1"));
}

static bool has_identity(const struct git_place *p)
{
	return getenv("GIT_COMMITTER_EMAIL") || getenv("EMAIL") ||
	       git_place_config(p, "user.email") || git_place_config(p, "committer.email");
}

static void op_free(struct git *git)
{
	struct git_repo *g = repo_of(git);

	if (!g)
		return;
	(void)pthread_rwlock_destroy(&g->turn);
	(void)pthread_mutex_destroy(&g->queue); /* nobody works any more */
	(void)pthread_mutex_destroy(&g->making);
	cmd_stay_done(&g->differ);
	cmd_stay_done(&g->keeper);
	cmd_stay_done(&g->mover);
	git_place_done(&g->place);
	free(g->epic_name);
	free(g->epic_ref);
	free(g->anchor);
	free(g->anchor_admin);
	free(g->ssh);
	free(g->remote);
	free(g);
}

static const struct git_ops ops = {
	.open_epic = op_open_epic,
	.worktree = op_worktree,
	.brought = op_brought,
	.watch = op_watch,
	.conflict = op_conflict,
	.collect = op_collect,
	.merge = op_merge,
	.land = op_land,
	.resolve = op_resolve,
	.touched = op_touched,
	.changed = op_changed,
	.keep = op_keep,
	.push_task = op_push_task,
	.ancestor = op_ancestor,
	.diff = op_diff,
	.touches = op_touches,
	.remove = op_remove,
	.refs = op_refs,
	.drop_ref = op_drop_ref,
	.squashed = op_squashed,
	.worktrees = op_worktrees,
	.clear_torn = op_clear_torn,
	.prove = op_prove,
	.free = op_free,
};

/* The remote the epic goes to: the one named, the base's own, or the repository's. */
static char *choose_remote(const struct git_repo *g)
{
	const struct git_epic_spec *s = g->spec;
	char *key CLEANUP(freep) = mem_printf("branch.%s.remote", s->base ? s->base : "");
	const char *of_base = s->base ? git_place_config(&g->place, key) : NULL;

	if (s->remote)
		return mem_strdup(s->remote);
	if (of_base && !streq(of_base, "."))
		return mem_strdup(of_base);
	return mem_strdup(g->place.remote);
}

int git_new(const char *root,
	    const struct git_epic_spec *spec,
	    const struct child_env *env,
	    struct git **ret,
	    struct err *e)
{
	struct git_repo *g = mem_alloc(sizeof(*g));
	struct slot anchor CLEANUP(slot_done) = {0};
	int rc;

	g->git.ops = &ops;
	CHECK(pthread_rwlock_init(&g->turn, NULL) == 0);
	CHECK(pthread_mutex_init(&g->queue, NULL) == 0);
	CHECK(pthread_mutex_init(&g->making, NULL) == 0);
	cmd_stay_init(&g->differ);
	cmd_stay_init(&g->keeper);
	cmd_stay_init(&g->mover);
	g->spec = spec;
	g->has_env = env != NULL;
	if (env)
		g->env = *env;
	rc = git_discover(root, env, &g->place, e);
	if (rc) {
		op_free(&g->git);
		return rc;
	}
	g->epic_name = name_of(spec->epic);
	g->epic_ref = mem_printf(PREFIX_HEADS "%s", spec->epic_branch);
	g->anchor = path_join(spec->state_dir, "anchor");
	slot_init(g, g->anchor, &anchor);
	g->anchor_admin = TAKE(anchor.admin);
	g->ssh = ssh_command(&g->place);
	g->signs = is_true(git_place_config(&g->place, "commit.gpgsign"));
	g->bare_main = is_true(git_place_config(&g->place, "core.bare"));
	g->identity = has_identity(&g->place) ? NULL : stand_in;
	g->remote = choose_remote(g);
	*ret = &g->git;
	return 0;
}

int op_resolve(struct git *git, const char *name, struct oid *ret, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct cmd c = repo_cmd(g);
	struct child_result r CLEANUP(child_result_done) = {0};
	char *commit CLEANUP(freep) = mem_printf("%s^{commit}", name);
	int rc;

	c.git_dir = g->place.git_dir; /* "HEAD" is the user's */
	rc = cmd_run(&c, ARGS("rev-parse", "--verify", "-q", "--end-of-options", commit), &r, e);
	if (rc)
		return rc;
	if (r.exit_code || !oid_parse(buf_str(&r.out), ret))
		return err_set(e, ERR_NOT_FOUND, "could not find commit '%s' in '%s'", name,
			       g->place.common_dir);
	return 0;
}

int op_touched(struct git *git,
	       const struct oid *from,
	       const struct oid *to,
	       struct buf *ret,
	       struct err *e)
{
	struct cmd c = repo_cmd(repo_of(git));
	struct child_result r CLEANUP(child_result_done) = {0};
	/* What 'to' did since they parted: what landed meanwhile is not its own. */
	char *range CLEANUP(freep) = mem_printf("%s...%s", from->hex, to->hex);
	int rc = cmd_ok(&c, ARGS("diff", "--name-only", "-z", "--no-renames", range, "--"), &r, e);

	if (!rc)
		buf_add(ret, r.out.p, r.out.n);
	return rc;
}

int op_changed(
	struct git *git, const char *path, const struct oid *start, struct buf *ret, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct slot s CLEANUP(slot_done) = {0};
	struct child_result new_ CLEANUP(child_result_done) = {0};
	struct child_result r CLEANUP(child_result_done) = {0};
	int rc;

	slot_init(g, path, &s);
	slot_clear_pipes(&s);
	struct cmd c = slot_cmd(g, &s);
	rc = cmd_ok(&c,
		    ARGS("diff", "--name-only", "-z", "--no-renames", "--ignore-submodules=all",
			 start->hex, "--"),
		    &r, e);
	rc = rc ? rc
		: cmd_ok(&c, ARGS("ls-files", "-z", "--others", "--exclude-standard"), &new_, e);
	if (rc)
		return rc;
	buf_add(ret, r.out.p, r.out.n);
	buf_add(ret, new_.out.p, new_.out.n);
	return 0;
}

int op_keep(struct git *git, const char *task, int attempt, const struct oid *head, struct err *e)
{
	struct git_repo *g = repo_of(git);
	char *name CLEANUP(freep) = name_of(task);
	char *ref CLEANUP(freep) = ref_attempt(g, name, attempt, ""), *spare CLEANUP(freep) = NULL;
	struct buf lines CLEANUP(buf_done) = BUF_INIT;
	struct oid have, tip;
	int rc;

	TURN_SHARED(g);
	rc = ref_find(g, ref, &have, e);
	if (rc || oid_eq(&have, head))
		return rc;
	rc = commit_sync(g, head, ref_read(g, g->epic_ref, &tip) ? g->epic_ref : "HEAD", e);
	if (rc)
		return rc;
	/* Who asks may not know of the latest attempt: what it left keeps a name. */
	if (have.hex[0])
		rc = ref_spare(g, name, attempt, ".earlier", &have, &spare, e);
	if (rc)
		return rc;
	if (spare)
		buf_printf(&lines, "update %s %s\n", spare, have.hex);
	buf_printf(&lines, "update %s %s\n", ref, head->hex);
	return refs_change(g, buf_str(&lines), e);
}

int op_diff(struct git *git,
	    const struct oid *a,
	    const struct oid *b,
	    struct buf *ret,
	    struct err *e)
{
	struct cmd c = repo_cmd(repo_of(git));
	struct child_result r CLEANUP(child_result_done) = {0};
	/* Nothing that the repository's settings name is run for it. */
	const char *const *args = ARGS("diff-tree", "-r", "-M", "--patch-with-stat", "--no-color",
				       "--no-ext-diff", "--no-textconv", a->hex, b->hex);

	c.out_max = ret->max;
	if (cmd_run(&c, args, &r, e))
		return e->code;
	if (r.exit_code != 0)
		return cmd_error(args, &r, e);
	buf_add(ret, r.out.p, r.out.n);
	return 0;
}

int op_touches(struct git *git,
	       const struct oid *a,
	       const struct oid *b,
	       const char *const *globs,
	       bool *ret,
	       struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	VEC(const char *) args = {0};

	/* Globs where nothing else is said; what begins with ':' says itself what it is. */
	static const char *const first[] = {"--glob-pathspecs", "diff-tree", "--quiet", "-r"};
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		VEC_PUSH(&args, first[i]);
	VEC_PUSH(&args, a->hex);
	VEC_PUSH(&args, b->hex);
	VEC_PUSH(&args, "--");
	for (; *globs; globs++)
		VEC_PUSH(&args, *globs);
	VEC_PUSH(&args, NULL);
	int rc = cmd_run(&c, args.items, &r, e);
	if (!rc && r.exit_code > 1)
		rc = cmd_error(args.items, &r, e);
	VEC_DONE(&args);
	if (!rc)
		*ret = r.exit_code == 1;
	return rc;
}

int op_ancestor(struct git *git, const struct oid *a, const struct oid *b, bool *ret, struct err *e)
{
	struct cmd c = repo_cmd(repo_of(git));
	struct child_result r CLEANUP(child_result_done) = {0};
	const char *const *args = ARGS("merge-base", "--is-ancestor", a->hex, b->hex);
	int rc = cmd_run(&c, args, &r, e);

	if (rc)
		return rc;
	if (r.exit_code > 1)
		return cmd_error(args, &r, e);
	*ret = r.exit_code == 0;
	return 0;
}
