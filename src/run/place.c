#include "run/place.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

/* FNV-1a: it only has to keep repositories of the same name apart. */
static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h;
}

/* "/src/shop/.git" and "/src/shop.git" are both called "shop". */
static char *repository_name(const char *common_dir)
{
	struct str s = str_of(common_dir), piece;
	struct buf name = BUF_INIT;
	char *text CLEANUP(freep) = NULL;

	if (str_ends(s, "/.git"))
		s.n -= strlen("/.git");
	else if (str_ends(s, ".git"))
		s.n -= strlen(".git");
	piece = s;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '/')
			piece = (struct str){s.p + i + 1, s.n - i - 1};
	}
	text = mem_strndup(piece.p, piece.n);
	buf_name(&name, text);
	return buf_take(&name);
}

/* The folder above the repositories' state folders. */
static int state_home_find(const char *set, char **ret, struct err *e)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (set && set[0] != '/')
		return err_set(e, ERR_INVALID,
			       "cannot keep state in '%s': the path is not absolute", set);
	if (set) {
		*ret = mem_strdup(set);
		return 0;
	}
	/* The XDG specification: a path that is not absolute is ignored. */
	if (xdg && xdg[0] == '/') {
		*ret = path_join(xdg, "ganger");
		return 0;
	}
	if (!home || home[0] != '/') {
		(void)err_set(e, ERR_NOT_FOUND,
			      "could not find a folder for state: HOME is not set");
		return err_hint(e, "set HOME, XDG_STATE_HOME or the key state_dir");
	}
	*ret = path_join(home, ".local/state/ganger");
	return 0;
}

int place_find(struct place_git *git, const char *state_home, struct place *ret, struct err *e)
{
	char *home CLEANUP(freep) = NULL;
	int rc = state_home_find(state_home, &home, e);

	if (rc < 0)
		return rc;
	*ret = (struct place){.root = TAKE(git->root), .common_dir = TAKE(git->common_dir)};
	ret->name = repository_name(ret->common_dir);
	ret->state_dir =
		mem_printf("%s/%s-%08" PRIx32, home, ret->name, (uint32_t)hash(ret->common_dir));
	return 0;
}

void place_done(struct place *p)
{
	if (!p)
		return;
	free(p->root);
	free(p->common_dir);
	free(p->name);
	free(p->state_dir);
	*p = (struct place){0};
}

void place_git_done(struct place_git *p)
{
	if (!p)
		return;
	free(p->root);
	free(p->common_dir);
	*p = (struct place_git){0};
}
