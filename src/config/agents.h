#ifndef CONFIG_AGENTS_H
#define CONFIG_AGENTS_H

#include "config/config.h"

/* Of the name; NULL: there is none. Borrowed until the next one is made. */
struct config_agent *config_agent_find(const struct config *c, const char *name);
/* The agent of that name, with the defaults where it is new. */
struct config_agent *config_agent_make(struct config *c, const char *name);

#endif
