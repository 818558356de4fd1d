#ifndef TEST_FUZZ_SETTINGS_H
#define TEST_FUZZ_SETTINGS_H

#include "base/map.h"
#include "config/config.h"
#include "fuzz.h"

/* The lines of the settings by default, as keys of a map that stays. */
static inline const struct map *settings_defaults(void)
{
	static struct map lines;
	static struct buf text = BUF_INIT;
	static bool is_made;
	struct config c CLEANUP(config_done) = {0};
	struct str rest, line;

	if (is_made)
		return &lines;
	config_init(&c);
	buf_config(&text, &c);
	rest = buf_str(&text);
	while (str_next(&rest, '\n', &line)) {
		char *key CLEANUP(freep) = mem_strndup(line.p, line.n);

		map_set(&lines, key, 1);
	}
	is_made = true;
	return &lines;
}

/* The settings as text; each line of it that is not as by default, given with -c, makes the same. */
static inline void settings_check(const struct config *c)
{
	struct config again CLEANUP(config_done) = {0};
	struct buf first CLEANUP(buf_done) = BUF_INIT, second CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line;
	size_t at;

	buf_config(&first, c);
	CHECK(str_utf8(buf_str(&first)));
	config_init(&again);
	rest = buf_str(&first);
	while (str_next(&rest, '\n', &line)) {
		char *text CLEANUP(freep) = mem_strndup(line.p, line.n);
		struct err e = ERR_INIT;

		if (!map_find(settings_defaults(), text, &at))
			CHECK(config_set(&again, text, &e) == 0);
	}
	buf_config(&second, &again);
	if (!strstr(buf_cstr(&first),
		    "(hidden ")) /* a secret is printed by its fingerprint alone */
		CHECK(str_eq(buf_str(&first), buf_str(&second)));
}

#endif
