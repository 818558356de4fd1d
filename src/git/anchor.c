#include "base/clock.h"
#include "base/file.h"
#include "git/impl.h"

/* How far the anchor's index may lag behind landings: only a person's 'git status' there sees it. */
#define FOLLOW_MS 2000

static void anchor_slot(const struct git_repo *g, struct slot *ret)
{
	*ret = (struct slot){mem_strdup(g->anchor), mem_strdup(g->anchor_admin)};
}

/* Bring index and .gitattributes to a commit. */
static int anchor_sync(struct git_repo *g, const struct oid *at, struct err *e)
{
	struct cmd c = anchor_cmd(g);
	int rc;

	c.sparse = true;
	/* One merge at a time, and nobody while the epic is opened: it is of a git that is gone. */
	slot_unlink(&(struct slot){g->anchor, g->anchor_admin}, "index.lock");
	rc = cmd_line(&c, ARGS("read-tree", "--reset", "-u", at->hex), NULL, e);
	if (rc)
		return err_wrap(e, "could not refresh the anchor '%s'", g->anchor);
	g->anchor_at = *at;
	g->anchor_ms = clock_now().mono_ms;
	return 0;
}

static int write_patterns(const struct slot *s, struct err *e)
{
	char *info CLEANUP(freep) = slot_file(s, "info");
	char *path CLEANUP(freep) = path_join(info, "sparse-checkout");
	int rc = dir_make(info, e);

	return rc ? rc : file_write(path, STR(".gitattributes\n"), /* durable */ false, e);
}

int anchor_open(struct git_repo *g, const struct oid *epic_head, struct err *e)
{
	struct slot s CLEANUP(slot_done) = {0};
	char *head CLEANUP(freep) = mem_printf("ref: %s", g->epic_ref);
	int rc;

	anchor_slot(g, &s);
	rc = slot_make(g, &s, head, e);
	rc = rc ? rc : write_patterns(&s, e);
	if (rc)
		return err_wrap(e, "could not make the anchor '%s'", g->anchor);
	/* What a power cut left of it may be anything, and git reads most of that. */
	slot_unlink(&s, "index");
	return anchor_sync(g, epic_head, e);
}

/* A line with the two trees comes first, then the files; what names no object is echoed. */
static int attributes_differ(
	struct git_repo *g, const struct oid *a, const struct oid *b, bool *ret, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	struct oid tree_a, tree_b;
	char *request CLEANUP(freep) = NULL;
	int rc = commit_tree_of(g, a, &tree_a, e);

	rc = rc ? rc : commit_tree_of(g, b, &tree_b, e);
	if (rc)
		return rc;
	request = mem_printf("%s %s\nend\n", tree_a.hex, tree_b.hex);
	c.input = str_of(request);
	rc = cmd_ask(&g->differ, &c,
		     ARGS("diff-tree", "--stdin", "-r", "--name-only", "--no-renames", "--",
			  ":(top,glob)**/.gitattributes"),
		     STR("end\n"), &r, e);
	if (rc)
		return rc;
	if (!str_starts(buf_str(&r.out), tree_a.hex))
		return err_set(e, ERR_INVALID, "could not run 'git diff-tree': %.*s",
			       (int)cmd_reason(&r).n, cmd_reason(&r).p);
	*ret = r.out.n > strlen(request);
	return 0;
}

int anchor_refresh(struct git_repo *g, const struct oid *at, struct err *e)
{
	struct cmd c = anchor_cmd(g);
	bool differ = true;
	int rc;

	if (!c.work_tree || oid_eq(&g->anchor_at, at))
		return 0;
	rc = g->anchor_at.hex[0] ? attributes_differ(g, &g->anchor_at, at, &differ, e) : 0;
	if (rc)
		return rc;
	if (differ)
		return anchor_sync(g, at, e);
	g->anchor_at = *at;
	return 0;
}

static void follow(struct git_repo *g, const struct oid *at)
{
	struct cmd c = anchor_cmd(g);
	int64_t now = clock_now().mono_ms;

	if (!c.work_tree || now - g->anchor_ms < FOLLOW_MS)
		return;
	g->anchor_ms = now;
	(void)!anchor_sync(g, at, NULL); /* what matters is brought there before each merge */
}

void anchor_follow(struct git_repo *g, const struct oid *at)
{
	/* A merge is under way: the landing that follows it will do. */
	if (pthread_mutex_trylock(&g->queue) != 0)
		return;
	follow(g, at);
	(void)pthread_mutex_unlock(&g->queue); /* it is ours */
}
