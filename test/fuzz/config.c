/* ganger.yaml: what is read can be written down, and reads the same as options. */
#include "fuzz.h"
#include "settings.h"

static void use_agents(struct config *c)
{
	const struct config_agent *agent;
	struct err e = ERR_INIT;

	if (config_agent(c, NULL, &agent, &e) == 0)
		CHECK(agent->name && *agent->name);
	for (size_t i = 0; i < c->agents.n; i++) {
		e = (struct err)ERR_INIT;
		if (config_agent(c, c->agents.items[i].name, &agent, &e) == 0)
			CHECK(streq(agent->name, c->agents.items[i].name));
		else
			CHECK(e.code == ERR_INVALID && strstr(e.msg, "has no command"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config c CLEANUP(config_done) = {0};
	struct err e = ERR_INIT;
	struct buf origins CLEANUP(buf_done) = BUF_INIT;
	int rc;

	config_init(&c);
	rc = config_read_text(&c, "ganger.yaml", fuzz_text(data, n), &e);
	if (rc == 0)
		rc = config_finish(&c, &e);
	CHECK(rc == e.code);
	CHECK(rc == 0 || (rc == ERR_INVALID && e.msg[0]));
	if (rc)
		return 0;
	settings_check(&c);
	buf_config_origins(&origins, &c);
	use_agents(&c);
	return 0;
}
