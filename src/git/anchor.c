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
	return anchor_sync(g, epic_head, e);
}

int anchor_refresh(struct git_repo *g, const struct oid *at, struct err *e)
{
	struct cmd c = anchor_cmd(g);
	struct child_result r CLEANUP(child_result_done) = {0};
	int rc;

	if (!c.work_tree || oid_eq(&g->anchor_at, at))
		return 0;
	if (!g->anchor_at.hex[0])
		return anchor_sync(g, at, e);
	rc = cmd_ok(&c,
		    ARGS("diff-tree", "-r", "--name-only", "--no-renames", g->anchor_at.hex,
			 at->hex, "--", ":(top,glob)**/.gitattributes"),
		    &r, e);
	if (rc)
		return rc;
	if (r.out.n)
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
