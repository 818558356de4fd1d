#include "base/file.h"
#include "git/leftovers.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Append the files in it, as its own git sees them, from the top of our worktree. */
static int list_files(
	struct git_repo *g, const char *folder, const char *path, struct buf *paths, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	char *git_dir CLEANUP(freep) = path_join(folder, ".git");
	struct cmd c = repo_cmd(g);
	struct str rest, name;
	int rc;

	c.git_dir = git_dir;
	c.work_tree = folder;
	rc = cmd_ok(&c, ARGS("ls-files", "-z", "-c", "-o", "--exclude-standard"), &r, e);
	if (rc)
		return rc;
	rest = buf_str(&r.out);
	while (str_next(&rest, '\0', &name)) {
		if (!name.n || name.p[name.n - 1] == '/')
			continue; /* one more inside it */
		buf_printf(paths, "%s/%.*s", path, (int)name.n, name.p);
		buf_putc(paths, '\0');
	}
	return 0;
}

static bool has_commit(struct git_repo *g, const char *folder)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	char *git_dir CLEANUP(freep) = path_join(folder, ".git");
	struct cmd c = repo_cmd(g);

	c.git_dir = git_dir;
	c.cwd = folder;
	return cmd_run(&c, ARGS("rev-parse", "-q", "--verify", "HEAD^{commit}"), &r, NULL) == 0 &&
	       r.exit_code == 0;
}

int nested_keep(struct git_repo *g,
		const struct slot *s,
		const struct job *j,
		const char *path,
		int number,
		struct buf *paths,
		struct err *e)
{
	bool whole = !streq(path, ".");
	char *folder CLEANUP(freep) = whole ? path_join(s->path, path) : mem_strdup(s->path);
	char *git_dir CLEANUP(freep) = path_join(folder, ".git");
	char *to CLEANUP(freep) = ref_attempt(g, j->task, j->attempt, ".nested");
	char *head CLEANUP(freep) = mem_printf("+HEAD:%s/%d/HEAD", to, number);
	char *heads CLEANUP(freep) = mem_printf("+refs/heads/*:%s/%d/heads/*", to, number);
	struct cmd c = repo_cmd(g);
	struct stat st;
	int rc = 0;

	if (lstat(git_dir, &st) < 0)
		return 0; /* only looked like one */
	/* One whose '.git' is a file shares its branches with something else. */
	if (has_commit(g, folder))
		rc = cmd_line(&c,
			      ARGS("fetch", "-q", "--no-tags", "--no-prune",
				   "--no-write-fetch-head", "--no-recurse-submodules",
				   "--no-auto-maintenance", folder, head,
				   S_ISDIR(st.st_mode) ? heads : NULL),
			      NULL, e);
	if (!rc && whole)
		rc = list_files(g, folder, path, paths, e);
	return rc ? err_wrap(e, "could not save the repository '%s'", folder) : 0;
}
