#include "config/keys.h"

#include "base/clean.h"

#include <string.h>

static const struct config_key_info keys[] = {
#define TOP(name, type, default_, range, help) {"", #name, CONFIG_##type, default_, range, help},
#define KEY(section, name, type, default_, range, help)                                            \
	{#section, #name, CONFIG_##type, default_, range, help},
#define AGENT(name, type, default_, range, help)                                                   \
	{"agents", #name, CONFIG_##type, default_, range, help},
#include "config/keys.def"
};

static const struct key_place places[] = {
#define TOP(name, type, default_, range, help) {offsetof(struct config, name), CONFIG_KEY_##name},
#define KEY(section, name, type, default_, range, help)                                            \
	{offsetof(struct config, section##_##name), CONFIG_KEY_##section##_##name},
#define AGENT(name, type, default_, range, help)                                                   \
	{offsetof(struct config_agent, name), CONFIG_AGENT_##name},
#include "config/keys.def"
};

static const struct config_section_info sections[] = {
#define SECTION(name, help) {#name, help},
#include "config/keys.def"
};

const struct config_key_info *config_keys(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(keys);
	return keys;
}

const struct config_section_info *config_sections(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(sections);
	return sections;
}

const struct key_place *key_places(void)
{
	return places;
}

void buf_config_key(struct buf *b, const struct config_key_info *k)
{
	if (k->section[0])
		buf_printf(b, "%s.", k->section);
	if (key_is_agents(k))
		buf_puts(b, "NAME.");
	buf_puts(b, k->name);
}

/* "one of local, github, beads" */
static void words_text(struct buf *b, const char *range)
{
	struct str words = str_of(range), word;
	const char *between = strchr(range, ' ') ? "one of " : "";

	while (str_next(&words, ' ', &word)) {
		buf_printf(b, "%s%.*s", between, (int)word.n, word.p);
		between = ", ";
	}
}

/* "a duration from 1s to 30d, or off" */
static void range_text(struct buf *b, const char *what, const char *range)
{
	bool off = !strncmp(range, "off,", 4);
	const char *low = off ? range + 4 : range, *dots = strstr(low, "..");

	buf_puts(b, what);
	if (dots)
		buf_printf(b, " from %.*s to %s", (int)(dots - low), low, dots + 2);
	if (off)
		buf_puts(b, ", or off");
}

void buf_config_type(struct buf *b, const struct config_key_info *k)
{
	static const char *const names[CONFIG_TYPE_COUNT] = {
		[CONFIG_TEXT] = "a text",
		[CONFIG_INT] = "a whole number",
		[CONFIG_COUNT] = "a whole number",
		[CONFIG_DURATION] = "a duration (like 90s, 15m, 2h)",
		[CONFIG_SIZE] = "a size (like 64KiB, 5MB)",
		[CONFIG_MONEY] = "an amount (like 5 or 2.50)",
		[CONFIG_BOOL] = "true or false",
		[CONFIG_LIST] = "a text or a list of texts",
		[CONFIG_COMMAND] = "a text for 'sh -c', or a list of arguments",
		[CONFIG_MAP] = "a map of names to texts, or to nothing",
		[CONFIG_FILES] = "a map of labels to files",
		[CONFIG_CHECKS] = "a command, or a map of names to commands or to run, paths and timeout",
	};

	if (k->type == CONFIG_WORD)
		words_text(b, k->range);
	else
		range_text(b, names[k->type], k->range);
}
