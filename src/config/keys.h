#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/config.h"

#include <stddef.h>

/* Where a key's value lies in its struct, as config_keys() orders the rows. */
struct key_place {
	size_t offset; /* in struct config, or for a key of an agent in struct config_agent */
	int index;     /* enum config_key, or enum config_agent_key */
};

const struct key_place *key_places(void);

static inline bool key_is_agents(const struct config_key_info *k)
{
	return k->section[0] == 'a' && streq(k->section, "agents");
}

static inline void *key_field(void *base, size_t row)
{
	return (char *)base + key_places()[row].offset;
}

#endif
