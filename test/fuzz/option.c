/* -c KEY=VALUE, one a line. What was taken stands in the settings, and can be set again. */
#include "settings.h"

static void take_line(struct config *c, struct str line)
{
	struct err e = ERR_INIT;
	char *text CLEANUP(freep) = mem_strndup(line.p, line.n);
	int rc = config_set(c, text, &e);

	CHECK(rc == e.code);
	CHECK(rc == 0 || (rc == ERR_INVALID && e.msg[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config c CLEANUP(config_done) = {0};
	struct str rest = fuzz_text(data, n), line;
	struct err e = ERR_INIT;

	config_init(&c);
	while (str_next(&rest, '\n', &line))
		take_line(&c, line);
	if (config_finish(&c, &e) < 0)
		CHECK(e.code == ERR_INVALID && e.msg[0]);
	else
		settings_check(&c);
	return 0;
}
