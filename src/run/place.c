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
	free(p->remote_branch);
	free(p->user_name);
	free(p->user_email);
	free(p->state_dir);
	*p = (struct place){0};
}
