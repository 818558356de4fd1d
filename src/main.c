#include "base/child.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/config.h"
#include "port/agent.h"
#include "run/parts.h"
#include "run/place.h"
#include "tracker/beads.h"
#include "tracker/kinds.h"
#include "ui/cli/cli.h"

#include <string.h>

/* The parts, wired together: nobody else knows the drivers by name. */

/* One line of 'git rev-parse', without its end. */
static char *line_take(struct str *rest)
{
	struct str line;

	return str_next(rest, '\n', &line) ? mem_strndup(line.p, line.n) : NULL;
}

static int discover(const char *dir, struct place *ret, struct err *e)
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
	if (result.exit_code == 0 && ret->root) {
		ret->name = mem_strdup(strrchr(ret->root, '/') + 1);
		ret->state_name = mem_strdup(ret->name);
		return 0;
	}
	place_done(ret);
	(void)err_set(e, ERR_NOT_FOUND, "'%s' is in no Git repository with a checkout", dir);
	return err_hint(e, "go into one, or name it with -C");
}

static int
tracker_open(const struct place *p, const struct config *c, struct tracker **ret, struct err *e)
{
	const struct tracker_kind *kind = tracker_kind_find(c->tracker);
	int rc;

	if (!kind)
		return err_set(e, ERR_IO, "cannot use tracker '%s': this version does not have it",
			       c->tracker);
	rc = dir_make(p->state_dir, e);
	return rc < 0 ? rc : kind->open(p->state_dir, ret, e);
}

static bool tracker_known(const char *kind)
{
	return tracker_kind_find(kind);
}

static bool forge_known(const char *kind)
{
	return streq(kind, "local");
}

static bool agent_known(const char *kind)
{
	return agent_kind_find(kind);
}

/* What stood in the file and was not used is a note beside the graph. */
static void notes_add(const struct beads_file *f, struct issue_graph *ret)
{
	for (size_t i = 0; i < f->problems.n; i++)
		VEC_PUSH(&ret->notes, mem_printf("line %d: %s", f->problems.items[i].line,
						 f->problems.items[i].text));
	if (f->copies)
		VEC_PUSH(&ret->notes,
			 mem_printf("%d lines are older copies of other lines", f->copies));
}

static int
beads_graph_of(const char *path, const char *epic, struct issue_graph *ret, struct err *e)
{
	struct beads_file file CLEANUP(beads_file_done) = {0};
	int rc = beads_load(path, &file, e);

	if (rc == 0)
		rc = beads_graph(&file, epic, clock_now().wall_ms, ret, e);
	if (rc == 0)
		notes_add(&file, ret);
	return rc;
}

/* Beside the program itself, as it is built and installed. */
static int shim_path(char **ret, struct err *e)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash, *path;

	if (n <= 0)
		return err_sys(e, "could not find out where ganger itself is");
	self[n] = '\0';
	slash = strrchr(self, '/');
	path = mem_printf("%.*s/ganger-shim", (int)(slash - self), self);
	if (access(path, X_OK) == 0) {
		*ret = path;
		return 0;
	}
	(void)err_set(e, ERR_NOT_FOUND, "could not find ganger-shim: there is no program '%s'",
		      path);
	free(path);
	return err_hint(e, "install ganger as a whole: 'make install'");
}

static const struct parts parts = {
	.discover = discover,
	.tracker_open = tracker_open,
	.tracker_known = tracker_known,
	.forge_known = forge_known,
	.agent_known = agent_known,
	.beads_graph = beads_graph_of,
	.shim_path = shim_path,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &parts);
}
