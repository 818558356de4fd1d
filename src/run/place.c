#include "run/place.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"

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

int place_set_state(struct place *p, const char *state_home, struct err *e)
{
	char *home CLEANUP(freep) = NULL;
	int rc = state_home_find(state_home, &home, e);

	if (rc < 0)
		return rc;
	free(p->state_dir);
	p->state_dir = path_join(home, p->state_name);
	return 0;
}

#define NOTE_NAME "repository"
#define NOTE_MAX  ((size_t)64 << 10)

char *place_noted(const char *state_dir)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT;
	char *path CLEANUP(freep) = path_join(state_dir, NOTE_NAME);

	if (file_read(path, NOTE_MAX, &text, &none) || !text.n || text.p[text.n - 1] != '\n')
		return NULL;
	return mem_strndup(text.p, text.n - 1);
}

int place_note(const struct place *p, struct err *e)
{
	char *path CLEANUP(freep) = path_join(p->state_dir, NOTE_NAME);
	char *noted CLEANUP(freep) = place_noted(p->state_dir);
	char *line CLEANUP(freep) = mem_printf("%s\n", p->common_dir);

	return streq(noted, p->common_dir) ? 0 : file_write(path, str_of(line), false, e);
}

const char *place_base(const struct place *p, const char *base)
{
	if (base)
		return base;
	return p->remote_branch ? p->remote_branch : p->branch;
}

void place_done(struct place *p)
{
	if (!p)
		return;
	free(p->root);
	free(p->common_dir);
	free(p->name);
	free(p->state_name);
	free(p->branch);
	free(p->remote);
	free(p->remote_url);
	free(p->remote_branch);
	free(p->user_name);
	free(p->user_email);
	free(p->state_dir);
	*p = (struct place){0};
}
