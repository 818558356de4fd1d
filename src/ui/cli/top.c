#include "base/clean.h"
#include "ui/boardview.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/epic.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ganger top: the board of a run that somebody else supervises, from its journal. */

#define LOOK_MS 1000

static void draw(const struct view *v, struct board_screen *screen)
{
	struct boardview b;
	const struct run_row *r = &v->core.run;
	bool over = r->state == RUN_ENDED && r->ended_ms;
	struct boardview_spec s = {
		.core = &v->core,
		.paths = &v->paths,
		.title = v->title,
		.wall_ms = over ? r->ended_ms : v->core.now.wall_ms,
		.since_ms = r->started_ms ? r->started_ms : v->core.now.wall_ms,
		.untested = v->untested,
	};

	boardview_fill(&s, &b);
	board_screen_draw(screen, &b.view);
	boardview_done(&b);
}

/* The terminal has its echo back before we go: a signal only ends the loop, or says that we are back. */
static int catch_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these cannot fail */
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCONT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* False: a signal has come that ends it. */
static bool wait_look(int fd, struct board_screen *screen)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct signalfd_siginfo came;

	if (poll(&p, 1, LOOK_MS) == 0)
		return true;
	if (read(fd, &came, sizeof(came)) != sizeof(came) || came.ssi_signo != SIGCONT)
		return false;
	board_screen_lost(screen);
	return true;
}

static int
watch(struct cli *c, const char *epic, struct board_screen *screen, struct board_size size)
{
	int signals CLEANUP(closep) = catch_signals();
	struct board_size now;
	struct err e = ERR_INIT;

	for (;;) {
		struct view v CLEANUP(view_done) = {0};

		if (view_open(&c->place, &c->config, epic, &v, &e))
			return cli_fail(c, &e);
		draw(&v, screen);
		if (!v.pid)
			return CLI_OK;
		if (!wait_look(signals, screen))
			return CLI_OK;
		if (!board_terminal(STDOUT_FILENO, &now))
			continue; /* in the background */
		if (now.rows != size.rows || now.cols != size.cols)
			board_screen_resize(screen, now);
		size = now;
	}
}

int cmd_top(struct cli *c, int argc, char **argv)
{
	struct board_style style = boardview_style(c->colour_out);
	char *epic CLEANUP(freep) = NULL;
	struct board_screen *screen;
	struct board_size size;
	struct err e = ERR_INIT;
	int code;

	if (epic_latest(c, argc ? argv[0] : NULL, &epic, &e))
		return cli_fail(c, &e);
	if (!board_terminal(STDOUT_FILENO, &size)) {
		cli_error(c, "'top' needs a terminal");
		char *word CLEANUP(freep) = shell_word(epic);

		cli_hint(c, "'ganger status %s' says the same once", word);
		return CLI_USAGE;
	}
	screen = board_screen_new(STDOUT_FILENO, size, &style);
	code = watch(c, epic, screen, size);
	board_screen_free(screen);
	return code;
}
