#include "base/child.h"
#include "base/clean.h"
#include "base/mem.h"
#include "config/config.h"
#include "port/tracker.h"
#include "run/parts.h"
#include "run/place.h"
#include "ui/cli/cli.h"

/* The parts, wired together: nobody else knows the drivers by name. */

static int not_built(const char *what, struct err *e)
{
	return err_set(e, ERR_IO, "cannot use %s: this build does not have it", what);
}

/* One line of 'git rev-parse', without its end. */
static char *line_take(struct str *rest)
{
	struct str line;

	return str_next(rest, '\n', &line) ? mem_strndup(line.p, line.n) : NULL;
}

static int discover(const char *dir, struct place_git *ret, struct err *e)
{
	const char *const argv[] = {"git",
				    "-C",
				    dir,
				    "rev-parse",
				    "--path-format=absolute",
				    "--git-common-dir",
				    "--show-toplevel",
				    NULL};
	struct child_spec spec = {.argv = argv, .timeout_ms = 10000};
	struct child_result result CLEANUP(child_result_done) = {0};
	struct str rest;
	int rc = child_run(&spec, &result, e);

	if (rc < 0)
		return rc;
	rest = buf_str(&result.out);
	ret->common_dir = line_take(&rest);
	ret->root = line_take(&rest);
	if (result.exit_code == 0 && ret->root)
		return 0;
	place_git_done(ret);
	(void)err_set(e, ERR_NOT_FOUND, "'%s' is in no Git repository with a checkout", dir);
	return err_hint(e, "go into one, or name it with -C");
}

static int
tracker_open(const struct place *p, const struct config *c, struct tracker **ret, struct err *e)
{
	(void)p;
	(void)ret;
	return not_built(c->tracker, e);
}

static int beads_open(const char *path, struct tracker **ret, struct err *e)
{
	(void)path;
	(void)ret;
	return not_built("a Beads export", e);
}

static const struct parts parts = {
	.discover = discover,
	.tracker_open = tracker_open,
	.beads_open = beads_open,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &parts);
}
