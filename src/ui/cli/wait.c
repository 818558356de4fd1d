#include "base/clean.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/epic.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>

/* ganger wait: to the end of a run that somebody else has started, and with its exit code. */

#define ASK_MS 1000 /* between two looks, where the kernel cannot tell us */

/* Until the process has ended. Whether it is the one we mean, the caller sees by looking again. */
static void wait_process(int64_t pid)
{
	int fd CLEANUP(closep) = pidfd_open((pid_t)pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (fd < 0 && errno == ESRCH)
		return;
	while (poll(&p, fd < 0 ? 0 : 1, fd < 0 ? ASK_MS : -1) < 0 && errno == EINTR)
		;
}

int cmd_wait(struct cli *c, int argc, char **argv)
{
	struct err e = ERR_INIT;

	(void)argc;
	for (int64_t last = 0;;) {
		struct view v CLEANUP(view_done) = {0};
		int code;

		if (epic_view(c, argv[0], &v, &e))
			return cli_fail(c, &e);
		if (v.pid) {
			last = v.pid;
			wait_process(v.pid);
			continue;
		}
		code = core_exit_code(&v.core);
		if (v.core.run.state == RUN_ENDED)
			return code;
		cli_error(c,
			  last ? "the supervisor of epic '%s' died"
			       : "no supervisor runs epic '%s'",
			  v.epic);
		char *epic CLEANUP(freep) = shell_word(v.epic);
		cli_hint(c, "'ganger run %s' goes on from there", epic);
		return code > CLI_FAILED ? code : CLI_FAILED;
	}
}
