#include "base/file.h"
#include "git/impl.h"

#include <stdio.h>
#include <string.h>

void git_place_done(struct git_place *p)
{
	if (!p)
		return;
	free(p->root);
	free(p->git_dir);
	free(p->common_dir);
	free(p->name);
	free(p->state_name);
	free(p->branch);
	free(p->remote);
	free(p->remote_branch);
	free(p->config);
	*p = (struct git_place){0};
}

/* "git version 2.39.5 (Apple Git-154)" */
static int read_version(const struct cmd *c, struct git_place *p, struct err *e)
{
	struct buf line CLEANUP(buf_done) = BUF_INIT;
	int rc = cmd_line(c, ARGS("version"), &line, e);

	if (rc == ERR_NOT_FOUND)
		return err_hint(e, "install git %d.%d or newer", GIT_MAJOR_MIN, GIT_MINOR_MIN);
	if (rc)
		return rc;
	if (sscanf(buf_cstr(&line), "git version %d.%d.%d", &p->major, &p->minor, &p->patch) < 2)
		return err_set(e, ERR_INVALID, "could not tell git's version from '%s'",
			       buf_cstr(&line));
	if (p->major > GIT_MAJOR_MIN || (p->major == GIT_MAJOR_MIN && p->minor >= GIT_MINOR_MIN))
		return 0;
	(void)err_set(e, ERR_INVALID, "cannot work with git %d.%d.%d: it is too old", p->major,
		      p->minor, p->patch);
	return err_hint(e, "install git %d.%d or newer", GIT_MAJOR_MIN, GIT_MINOR_MIN);
}

static char *take_line(struct str *rest)
{
	struct str line;

	return str_next(rest, '\n', &line) && line.n ? mem_strndup(line.p, line.n) : NULL;
}

static int read_folders(const struct cmd *c, const char *dir, struct git_place *p, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	int rc = cmd_run(c,
			 ARGS("rev-parse", "--path-format=absolute", "--is-bare-repository",
			      "--git-dir", "--git-common-dir", "--show-toplevel"),
			 &r, e);
	char *bare CLEANUP(freep) = NULL, *common CLEANUP(freep) = NULL;
	struct str rest = buf_str(&r.out);

	if (rc)
		return rc;
	bare = take_line(&rest);
	p->git_dir = take_line(&rest);
	common = take_line(&rest);
	if (!common || (r.errout.n && strstr(buf_cstr(&r.errout), "not a git repository"))) {
		(void)err_set(e, ERR_NOT_FOUND, "could not find a git repository in '%s': %.*s",
			      dir, (int)cmd_reason(&r).n, cmd_reason(&r).p);
		return err_hint(e, "go to your checkout, or name it with -C");
	}
	p->common_dir = realpath(common, NULL);
	if (!p->common_dir)
		return err_sys(e, "could not find the git folder '%s'", common);
	/* Inside a '.git' there is no top either; what cannot be worked in is said as 'bare'. */
	p->root = r.exit_code ? NULL : take_line(&rest);
	p->bare = streq(bare, "true") || !p->root;
	return 0;
}

const char *git_place_config(const struct git_place *p, const char *key)
{
	const char *found = NULL, *s = p->config;
	size_t n = strlen(key);

	/* Each is "key\nvalue\0", or "key\0" for a bare true; the last one counts. */
	for (; s && s < p->config + p->n_config; s += strlen(s) + 1) {
		if (strncmp(s, key, n) == 0 && (s[n] == '\n' || !s[n]))
			found = s[n] ? s + n + 1 : "true";
	}
	return found;
}

static int read_config(const struct cmd *c, struct git_place *p, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	int rc = cmd_ok(c, ARGS("config", "-z", "--list"), &r, e);
	const char *kind;

	if (rc)
		return rc;
	p->n_config = r.out.n;
	p->config = buf_take(&r.out);
	kind = git_place_config(p, "extensions.refstorage");
	if (kind && !streq(kind, "files"))
		return err_set(
			e, ERR_INVALID,
			"cannot work in '%s': its refs are kept as '%s', and only 'files' is known",
			p->common_dir, kind);
	return 0;
}

static void read_head(struct git_place *p)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = path_join(p->git_dir, "HEAD");
	struct oid at;
	struct str s;

	if (file_read(path, SMALL_FILE, &text, NULL) < 0)
		return;
	s = str_trim(buf_str(&text));
	if (str_starts(s, "ref: " PREFIX_HEADS)) {
		char *ref CLEANUP(freep) = mem_strndup(s.p + 5, s.n - 5);

		p->branch = mem_strdup(ref + strlen(PREFIX_HEADS));
		p->unborn = !ref_read_in(p->common_dir, ref, &at);
	}
}

/* The one remote that is configured; NULL: none or several. The caller owns it. */
static char *only_remote(const struct git_place *p)
{
	char *found = NULL;

	for (const char *s = p->config; s && s < p->config + p->n_config; s += strlen(s) + 1) {
		struct str key = {s, strcspn(s, "\n")};

		/* "remote.url" alone, in a file edited by hand, names no remote. */
		if (key.n < 12 || !str_starts(key, "remote.") || !str_ends(key, ".url"))
			continue;
		key = (struct str){key.p + 7, key.n - 11};
		if (found && !str_eq(key, str_of(found))) {
			free(found);
			return NULL;
		}
		free(found);
		found = mem_strndup(key.p, key.n);
	}
	return found;
}

static void read_remote(struct git_place *p)
{
	char *key CLEANUP(freep) = mem_printf("branch.%s.remote", p->branch ? p->branch : "");
	const char *of_branch = git_place_config(p, key);
	char *path CLEANUP(freep) = NULL, *start CLEANUP(freep) = NULL;
	struct buf text CLEANUP(buf_done) = BUF_INIT;

	/* A branch may follow another one here, which git writes as the remote "."; a quoted value
	   may have two lines, and names nothing then. */
	if (of_branch && !streq(of_branch, ".") && !strchr(of_branch, '\n'))
		p->remote = mem_strdup(of_branch);
	else if (git_place_config(p, "remote.origin.url"))
		p->remote = mem_strdup("origin");
	else
		p->remote = only_remote(p);
	if (!p->remote)
		return;
	path = mem_printf("%s/refs/remotes/%s/HEAD", p->common_dir, p->remote);
	start = mem_printf("ref: refs/remotes/%s/", p->remote);
	if (file_read(path, SMALL_FILE, &text, NULL) == 0 && str_starts(buf_str(&text), start)) {
		struct str s = str_trim(buf_str(&text));

		p->remote_branch = mem_strndup(s.p + strlen(start), s.n - strlen(start));
	}
}

/* FNV-1a: it only has to tell folders of one user apart. */
uint64_t text_hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h ^ h >> 32;
}

static void read_names(struct git_place *p)
{
	char *folder CLEANUP(freep) = mem_strdup(p->common_dir);
	char *slash = strrchr(folder, '/'), *safe CLEANUP(freep) = NULL;
	size_t n;

	if (slash && slash != folder && streq(slash, "/.git")) {
		*slash = '\0';
		slash = strrchr(folder, '/');
	}
	p->name = mem_strdup(slash ? slash + 1 : folder);
	n = strlen(p->name);
	if (n > 4 && str_ends(str_of(p->name), ".git"))
		p->name[n - 4] = '\0';
	safe = name_of(p->name);
	p->state_name =
		mem_printf("%s-%012llx", safe,
			   (unsigned long long)(text_hash(p->common_dir) & 0xffffffffffffu));
}

int git_discover(const char *dir, const struct child_env *env, struct git_place *ret, struct err *e)
{
	struct cmd c = {.env = env, .cwd = dir};
	struct git_place p CLEANUP(git_place_done) = {0};
	int rc = read_version(&c, &p, e);

	rc = rc ? rc : read_folders(&c, dir, &p, e);
	rc = rc ? rc : read_config(&c, &p, e);
	if (rc)
		return rc;
	read_head(&p);
	read_remote(&p);
	read_names(&p);
	*ret = p;
	p = (struct git_place){0};
	return 0;
}
