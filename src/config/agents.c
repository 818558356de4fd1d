#include "config/agents.h"

#include "base/clean.h"
#include "config/keys.h"
#include "config/presets.h"
#include "config/value.h"

/* Which agents the settings have, and what they leave open of one. */

struct config_agent *config_agent_find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->agents.n; i++) {
		if (streq(c->agents.items[i].name, name))
			return &c->agents.items[i];
	}
	return NULL;
}

struct config_agent *config_agent_make(struct config *c, const char *name)
{
	struct config_agent *a = config_agent_find(c, name);
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	if (a)
		return a;
	a = VEC_ADD(&c->agents);
	a->name = mem_strdup(name);
	for (size_t i = 0; i < n; i++) {
		if (key_is_agents(&k[i]))
			value_default(&k[i], key_field(a, i));
	}
	return a;
}

static char **texts_copy(const char *const *from)
{
	size_t n = 0;
	char **to;

	while (from && from[n])
		n++;
	to = mem_resize(NULL, n + 1, sizeof(*to));
	for (size_t i = 0; i < n; i++)
		to[i] = mem_strdup(from[i]);
	to[n] = NULL;
	return to;
}

/* Fill what the file leaves open with what is known of the program. */
static void preset_apply(struct config_agent *a, const struct config_preset *p, const char *command)
{
	const struct config_origin from = {CONFIG_PRESET, 0};

	a->command = texts_copy((const char *const[]){"sh", "-c", command, NULL});
	a->origin[CONFIG_AGENT_command] = from;
	if (!a->probe && p->probe) {
		a->probe = texts_copy((const char *const[]){"sh", "-c", p->probe, NULL});
		a->origin[CONFIG_AGENT_probe] = from;
	}
	if (!a->pause_on && p->pause_on) {
		a->pause_on = texts_copy(p->pause_on);
		a->origin[CONFIG_AGENT_pause_on] = from;
	}
	if (!a->env && p->env) {
		a->env = texts_copy(p->env);
		a->origin[CONFIG_AGENT_env] = from;
	}
}

static int no_agent(const struct config *c, const char *name, struct err *e)
{
	struct buf names CLEANUP(buf_done) = BUF_INIT;

	for (size_t i = 0; i < c->agents.n; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", c->agents.items[i].name);
	if (name)
		(void)err_set(e, ERR_NOT_FOUND, "there is no agent '%s'", name);
	else if (c->agents.n)
		(void)err_set(e, ERR_NOT_FOUND, "there is more than one agent, and none is chosen");
	else
		(void)err_set(e, ERR_NOT_FOUND, "no agent is set");
	if (c->agents.n)
		return err_hint(e, "choose one with --agent or the key agent: %s",
				buf_cstr(&names));
	return err_hint(e, "'ganger init' looks for one, or set agent and agents.NAME.command");
}

/* What only resolves conflicts, or is for some issues, is not asked to do all tasks. */
static const char *only_one(const struct config *c)
{
	const char *name = NULL;

	if (c->agents.n == 1)
		return c->agents.items[0].name;
	for (size_t i = 0; i < c->agents.n; i++) {
		if (streq(c->agents.items[i].name, CONFIG_RESOLVER) ||
		    config_is_for_some(&c->agents.items[i]))
			continue;
		if (name)
			return NULL;
		name = c->agents.items[i].name;
	}
	return name;
}

bool config_is_for_some(const struct config_agent *a)
{
	return a->labels && a->labels[0];
}

int config_for_some(struct config *c, struct err *e)
{
	const struct config_agent *a;
	int rc = 0, n = 0;

	for (size_t i = 0; rc == 0 && i < c->agents.n; i++) {
		a = &c->agents.items[i];
		if (!config_is_for_some(a))
			continue;
		if (streq(a->name, CONFIG_RESOLVER))
			return err_set(
				e, ERR_INVALID,
				"agents.resolver.labels: it is for conflicts, of all issues");
		if (++n > CONFIG_FOR_SOME_MAX)
			return err_set(e, ERR_INVALID, "more than %d agents have labels",
				       CONFIG_FOR_SOME_MAX);
		rc = config_agent(c, a->name, &a, e);
	}
	return rc;
}

int config_resolver(struct config *c, const struct config_agent **ret, struct err *e)
{
	*ret = NULL;
	return config_agent_find(c, CONFIG_RESOLVER) ? config_agent(c, CONFIG_RESOLVER, ret, e) : 0;
}

int config_agent(struct config *c, const char *name, const struct config_agent **ret, struct err *e)
{
	const struct config_preset *preset;
	struct config_agent *a;

	if (!name)
		name = c->agent;
	if (!name)
		name = only_one(c);
	if (!name)
		return no_agent(c, NULL, e);
	preset = config_preset_find(name);
	a = config_agent_find(c, name);
	if (!a && !preset)
		return no_agent(c, name, e);
	if (!a)
		a = config_agent_make(c, preset->name);
	if (streq(a->kind, "command")) {
		if (!a->command && preset)
			preset_apply(a, preset, preset->command);
	} else {
		if (!preset || !streq(preset->talk_kind, a->kind))
			preset = config_preset_find(a->kind);
		if (!a->command && preset && preset->talk_command)
			preset_apply(a, preset, preset->talk_command);
	}
	if (!a->command && (streq(a->kind, "command") || streq(a->kind, "acp")))
		return err_set(e, ERR_INVALID, "agent '%s' has no command: set agents.%s.command",
			       name, name);
	*ret = a;
	return 0;
}
