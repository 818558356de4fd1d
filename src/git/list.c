#include "base/file.h"
#include "git/impl.h"

#include <string.h>
#include <sys/stat.h>

/* What 'ganger gc' looks at: refs and worktrees, and whether they may go. */

/* The next part of a record, up to its NUL. */
static struct str part(struct str *rest)
{
	struct str s = {0};

	(void)str_next(rest, '\0', &s); /* at the end: empty */
	return s;
}

/* "<id> NUL <ref> NUL <folder> NUL NL" each. */
static void read_refs(struct str text, struct git_refs *ret)
{
	while (text.n) {
		struct git_ref r = {0};
		struct str id = part(&text), name = part(&text), held = part(&text);

		if (text.n && text.p[0] == '\n')
			text = (struct str){text.p + 1, text.n - 1};
		if (!oid_parse(id, &r.at))
			continue;
		r.name = mem_strndup(name.p, name.n);
		r.held = held.n ? mem_strndup(held.p, held.n) : NULL;
		VEC_PUSH(&ret->items, r);
	}
}

static int list_refs(struct git_repo *g,
		     const char *prefix,
		     const char *merged,
		     struct git_refs *ret,
		     struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct cmd c = repo_cmd(g);
	const char *format = "--format=%(objectname)%00%(refname)%00%(worktreepath)%00";
	int rc = cmd_ok(&c, ARGS("for-each-ref", format, prefix, merged), &r, e);

	if (!rc)
		read_refs(buf_str(&r.out), ret);
	return rc;
}

/* Both lists are in git's order of names. */
static void mark_in(struct git_refs *all, const struct git_refs *merged)
{
	size_t k = 0;

	for (size_t i = 0; i < all->items.n && k < merged->items.n; i++) {
		all->items.items[i].in =
			streq(all->items.items[i].name, merged->items.items[k].name);
		k += all->items.items[i].in;
	}
}

int op_refs(struct git *git,
	    const char *prefix,
	    const struct oid *into,
	    struct git_refs *ret,
	    struct err *e)
{
	struct git_refs merged CLEANUP(git_refs_done) = {0};
	char *option CLEANUP(freep) = into ? mem_printf("--merged=%s", into->hex) : NULL;
	int rc = list_refs(repo_of(git), prefix, NULL, ret, e);

	if (!rc && into)
		rc = list_refs(repo_of(git), prefix, option, &merged, e);
	if (!rc)
		mark_in(ret, &merged);
	return rc;
}

int op_drop_ref(struct git *git, const char *ref, const struct oid *at, struct err *e)
{
	struct git_repo *g = repo_of(git);
	char *lines CLEANUP(freep) = mem_printf("option no-deref\ndelete %s %s\n", ref, at->hex);
	struct oid now;
	int rc = ref_find(g, ref, &now, e);

	if (rc || !now.hex[0])
		return rc;
	if (!oid_eq(&now, at))
		return err_set(e, ERR_CONFLICT, "could not delete '%s': it has moved to %.12s", ref,
			       now.hex);
	/* Git looks once more, with the ref locked. */
	return refs_change(g, str_of(lines), e);
}

int op_worktrees(struct git *git, struct git_founds *ret, struct err *e)
{
	const struct git_repo *g = repo_of(git);
	char **paths = NULL;
	size_t n = 0;

	int rc = list_slots(g, &paths, &n, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++) {
		struct slot s CLEANUP(slot_done) = {0};
		struct err why = ERR_INIT;
		struct stat st;
		struct git_found f = {.path = paths[i],
				      .there = lstat(paths[i], &st) == 0,
				      .anchor = streq(paths[i], g->anchor)};

		slot_init(g, paths[i], &s);
		if (slot_check_kept(g, &s, &why))
			(void)snprintf(f.problem, sizeof(f.problem), "%.200s", why.msg);
		VEC_PUSH(&ret->items, f);
	}
	free(paths);
	return 0;
}
