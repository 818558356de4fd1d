#include "base/file.h"
#include "git/impl.h"

#include <string.h>
#include <unistd.h>

/* After a reboot: are the commits that the journal names still there, and named? */

static void ask_for(struct buf *b, const struct oid *commit)
{
	if (commit->hex[0])
		buf_printf(b, "%s\n", commit->hex);
}

/* The answers come in the order of the questions; one of another kind is no commit either. */
static bool is_lost(struct str *answers, const struct oid *commit)
{
	struct str line = {0}, id = {0}, kind = {0};

	if (!commit->hex[0])
		return false;
	return !str_next(answers, '\n', &line) || !str_next(&line, ' ', &id) ||
	       !str_eq(id, str_of(commit->hex)) || !str_next(&line, ' ', &kind) ||
	       !str_eq(kind, str_of("commit"));
}

/* One process for all of them. An object file that is cut or empty is missing, too. */
static int look(struct git_repo *g, struct git_named *v, size_t n, bool *ret_lost, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct cmd c = repo_cmd(g);
	struct str rest;
	int rc;

	for (size_t i = 0; i < n; i++) {
		ask_for(&names, &v[i].head);
		ask_for(&names, &v[i].merge);
		ask_for(&names, &v[i].as);
	}
	c.input = buf_str(&names);
	rc = cmd_ok(&c, ARGS("cat-file", "--batch-check"), &r, e);
	rest = buf_str(&r.out);
	*ret_lost = false;
	for (size_t i = 0; !rc && i < n; i++) {
		bool merge, as;

		v[i].head_lost = is_lost(&rest, &v[i].head);
		merge = is_lost(&rest, &v[i].merge);
		as = is_lost(&rest, &v[i].as);
		v[i].merge_lost = merge || as;
		*ret_lost = *ret_lost || v[i].head_lost || v[i].merge_lost;
	}
	return rc;
}

/* What has landed is on the remote as well, where the epic is pushed. */
static int bring_epic(struct git_repo *g, struct oid *ret_tip, struct err *e)
{
	int rc = remote_tip(g, g->spec->epic_branch, ret_tip, e);

	return rc || !ret_tip->hex[0] ? rc : remote_fetch(g, g->spec->epic_branch, e);
}

/* Its landing was done, though nobody heard: a squash, say, does without the head. */
static void heed_landing(struct git_repo *g, const struct oid *tip, struct git_named *v)
{
	bool in = false;

	if (v->as.hex[0] && tip->hex[0] && (v->head_lost || v->merge_lost) &&
	    op_ancestor(&g->git, &v->as, tip, &in, NULL) == 0 && in)
		v->head_lost = v->merge_lost = false;
}

/* The ref of one of its attempts that names nothing; NULL: one names the head, or none is free. */
static int unnamed(const struct git_repo *g, const struct git_named *v, char **ret, struct err *e)
{
	char *name CLEANUP(freep) = name_of(v->task);
	char *free_ref CLEANUP(freep) = NULL;

	for (int attempt = v->attempt; attempt > 0; attempt--) {
		char *ref CLEANUP(freep) = ref_attempt(g, name, attempt, "");
		struct oid at;
		int rc = ref_find(g, ref, &at, e);

		if (rc || oid_eq(&at, &v->head))
			return rc;
		if (!at.hex[0] && !free_ref)
			free_ref = TAKE(ref);
	}
	*ret = TAKE(free_ref);
	return 0;
}

static int name_head(struct git_repo *g, const struct git_named *v, struct err *e)
{
	char *ref CLEANUP(freep) = NULL;
	int rc = unnamed(g, v, &ref, e);

	if (!ref)
		return rc;
	char *path CLEANUP(freep) = path_join(g->place.common_dir, ref);
	char *lock CLEANUP(freep) = mem_printf("%s.lock", path);
	/* Both are usually absent. A file that names no commit would be in git's way, and so would a
	 * lock that a crash left: no helper of ours is alive. */
	(void)unlink(lock);
	(void)unlink(path);
	return ref_set(g, ref, &v->head, NULL, e);
}

int op_prove(struct git *git, struct git_named *v, size_t n, struct err *e)
{
	struct git_repo *g = repo_of(git);
	bool lost = false, pushed = g->spec->push == GIT_PUSH_EPIC || g->spec->push == GIT_PUSH_ALL;
	int rc = look(g, v, n, &lost, e);
	struct oid tip = {{0}};

	rc = rc ? rc : ref_find(g, g->epic_ref, &tip, e);
	for (size_t i = 0; i < n; i++) {
		if (v[i].branch)
			branch_clear(g, v[i].branch);
	}
	rc = rc ? rc : reflogs_mend(g, v, n, e);
	if (!rc && lost && g->remote && pushed) {
		rc = bring_epic(g, &tip, e);
		rc = rc ? rc : look(g, v, n, &lost, e);
	}
	for (size_t i = 0; !rc && i < n; i++) {
		if (v[i].head.hex[0] && !v[i].head_lost)
			rc = name_head(g, &v[i], e);
		heed_landing(g, &tip, &v[i]);
	}
	return rc;
}
