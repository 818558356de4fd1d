#include "base/clean.h"
#include "base/clock.h"
#include "run/control.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * ganger serve: GitHub's webhooks wake the supervisors of the repository, which then ask GitHub as
 * they do at every poll. Nothing depends on a webhook's arrival.
 */

#define LISTEN_DEFAULT "127.0.0.1:0"

/* There is nothing to be put away: no lock, no file, and no look that a supervisor would miss. */
static void end_at_once(int signal_number)
{
	(void)signal_number;
	_exit(CLI_OK);
}

static const char *meaning(int answer)
{
	switch (answer) {
	case 202:
		return "the supervisors are told to look";
	case 204:
		return "no news";
	case 401:
		return "not signed with our secret";
	case 413:
		return "too large";
	default:
		return "no webhook of GitHub";
	}
}

/* By a thread of the server. A look may take a while: that is the main thread's. */
static void heard(void *ctx, int answer, const char *event, const char *delivery)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	const int *wake = ctx;

	buf_time(&b, clock_now().wall_ms);
	buf_printf(&b, " %d", answer);
	if (event)
		buf_printf(&b, " %s %s", event, delivery);
	(void)fprintf(stderr, "%s: %s\n", buf_cstr(&b), meaning(answer));
	if (answer == 202)
		(void)eventfd_write(*wake, 1); /* full: there is one to come in any case */
}

static int no_secret(struct cli *c)
{
	cli_error(c, "there is no secret for webhooks: $%s (github.webhook_secret_env) is not set",
		  c->config.github_webhook_secret_env);
	cli_hint(c,
		 "choose one ('openssl rand -hex 32'), set it there and in the webhook's settings "
		 "on GitHub");
	return CLI_USAGE;
}

static void say_where(struct cli *c, const char *url)
{
	bool is_private =
		str_starts(str_of(url), "http://127.") || str_starts(str_of(url), "http://[::1]:");

	cli_print(c, "listening on %s\n", url);
	if (!cli_value(c, "listen"))
		cli_hint(c, "a free port that this machine alone can reach is a guess: --listen "
			    "ADDR:PORT changes it");
	if (is_private)
		cli_hint(c, "GitHub comes here through a tunnel or a proxy of yours");
	else
		cli_warn(c, "others can reach this address, and nothing is encrypted: put a proxy "
			    "with TLS in front");
	if (!streq(c->config.tracker, "github"))
		cli_warn(c, "the tracker is '%s': what happens on GitHub does not change it",
			 c->config.tracker);
}

int cmd_serve(struct cli *c, int argc, char **argv)
{
	const struct sigaction end = {.sa_handler = end_at_once};
	const char *secret = getenv(c->config.github_webhook_secret_env);
	const char *listen = cli_value(c, "listen");
	int wake CLEANUP(closep) = eventfd(0, EFD_CLOEXEC);
	char *url CLEANUP(freep) = NULL;
	struct err e = ERR_INIT;
	eventfd_t times;

	(void)argc;
	(void)argv;
	if (!secret || !*secret)
		return no_secret(c);
	(void)sigaction(SIGINT, &end, NULL); /* these cannot fail */
	(void)sigaction(SIGTERM, &end, NULL);
	if (wake < 0)
		(void)err_sys(&e, "could not make an eventfd");
	if (e.code ||
	    c->parts->webhooks(listen ? listen : LISTEN_DEFAULT, secret, heard, &wake, &url, &e))
		return cli_fail(c, &e);
	say_where(c, url);
	(void)fflush(stdout); /* whoever reads it or not: GitHub knows where we are */
	for (;;) {
		/* However many came during a look, one more sees all that they tell of. */
		CHECK(eventfd_read(wake, &times) == 0);
		control_look(&c->place);
	}
}
