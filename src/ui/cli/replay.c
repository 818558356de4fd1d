#include "run/replay.h"

#include "base/clean.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

#include <inttypes.h>

/* ganger replay: does the trace of a journal lead to what its tables say? */

static void print_json(struct cli *c, const struct replay *r)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddNumberToObject(j, "events", (double)r->events);
	cJSON_AddBoolToObject(j, "equal", r->equal);
	cJSON_AddItemToObject(j, "difference",
			      cli_json_text(r->equal ? NULL : buf_cstr(&r->difference)));
	cJSON_AddItemToObject(j, "version", cli_json_text(buf_cstr(&r->version)));
	cli_print_json(c, j);
}

int cmd_replay(struct cli *c, int argc, char **argv)
{
	struct replay r CLEANUP(replay_done) = {0};
	struct err e = ERR_INIT;

	(void)argc;
	if (replay_journal(argv[0], &r, &e)) {
		(void)err_wrap(&e, "could not replay '%s'", argv[0]);
		return cli_fail(c, &e);
	}
	if (!streq(buf_cstr(&r.version), GANGER_VERSION))
		cli_warn(c, "it was written by ganger %s, this is %s: they may decide differently",
			 buf_cstr(&r.version), GANGER_VERSION);
	if (cli_flag(c, "json")) {
		print_json(c, &r);
	} else if (r.equal) {
		cli_print(c, "%" PRId64 " events, tables equal\n", r.events);
	} else {
		cli_print(c, "%" PRId64 " events, tables differ\n", r.events);
		cli_print_line(c, buf_cstr(&r.difference));
	}
	return r.equal ? CLI_OK : CLI_FAILED;
}
