#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The settings in force: the defaults, over them ganger.yaml, over it -c KEY=VALUE.
 * The list of keys is keys.def; here are the C types of its TYPE column.
 */
typedef char *config_TEXT; /* NULL: not set */
typedef char *config_WORD; /* one of the words of its range; NULL: not set */
typedef int config_INT;
typedef int64_t config_COUNT;    /* 0: not set */
typedef int64_t config_DURATION; /* milliseconds; 0: off; -1: not set */
typedef int64_t config_SIZE;     /* bytes */
typedef double config_MONEY;     /* US dollars; negative: not set */
typedef bool config_BOOL;
typedef char **config_LIST;    /* NULL-terminated; NULL: not set */
typedef char **config_COMMAND; /* argv, NULL-terminated; a text became { "sh", "-c", text } */
/* One of queue.check: the only one, or one of several. */
struct config_check {
	char *name;              /* NULL: the only one */
	char **run;              /* as config_COMMAND */
	char **paths;            /* git's globs of what it is about; NULL: anything */
	config_DURATION timeout; /* -1: queue.timeout */
};
#define CONFIG_CHECKS_MAX 16
typedef struct config_check *config_CHECKS; /* up to one without 'run'; NULL: not set */
typedef char **config_MAP;     /* "NAME=value", or "NAME" alone for null; as port/agent.h env */
typedef char **config_FILES;   /* label, file, label, file, …; NULL-terminated; NULL: not set */

enum config_type {
	CONFIG_TEXT = 1,
	CONFIG_WORD,
	CONFIG_INT,
	CONFIG_COUNT,
	CONFIG_DURATION,
	CONFIG_SIZE,
	CONFIG_MONEY,
	CONFIG_BOOL,
	CONFIG_LIST,
	CONFIG_COMMAND,
	CONFIG_MAP,
	CONFIG_FILES,
	CONFIG_CHECKS,
	CONFIG_TYPE_COUNT,
};

enum config_key {
#define TOP(name, type, default_, range, help)          CONFIG_KEY_##name,
#define KEY(section, name, type, default_, range, help) CONFIG_KEY_##section##_##name,
#include "config/keys.def"
	CONFIG_KEY_COUNT,
};

enum config_agent_key {
#define AGENT(name, type, default_, range, help) CONFIG_AGENT_##name,
#include "config/keys.def"
	CONFIG_AGENT_COUNT,
};

/* Where a value came from. */
enum config_from { CONFIG_DEFAULT = 0, CONFIG_PRESET, CONFIG_FILE, CONFIG_OPTION };
struct config_origin {
	enum config_from from;
	int line; /* of FILE, from 1; else 0 */
};

/* agents.NAME, with the fields kind, command, env, … of keys.def */
struct config_agent {
	char *name;
#define AGENT(name, type, default_, range, help) config_##type name;
#include "config/keys.def"
	struct config_origin origin[CONFIG_AGENT_COUNT];
};

/* A field for each key: limits.timeout is limits_timeout. */
struct config {
#define TOP(name, type, default_, range, help)          config_##type name;
#define KEY(section, name, type, default_, range, help) config_##type section##_##name;
#include "config/keys.def"
	struct config_origin origin[CONFIG_KEY_COUNT];
	VEC(struct config_agent) agents; /* in the order of the file */
	char *path;                      /* the file that was read; NULL: none */
};

/* The defaults. The caller owns c and what it holds: config_done(). */
void config_init(struct config *c);
/* NULL and half-built are fine. */
void config_done(struct config *c);

/*
 * Read settings over those that c has.
 *
 * path      of ganger.yaml; appears in messages as given
 * e         NOT_FOUND where there is no such file; INVALID: names key, file and line
 */
int config_read_file(struct config *c, const char *path, struct err *e) MUST_CHECK;
/* As config_read_file, from a text; path is only what messages call it. */
int config_read_text(struct config *c, const char *path, struct str text, struct err *e) MUST_CHECK;

/* One -c KEY=VALUE. VALUE is a plain text, or YAML where it begins with one of [ { " ' */
int config_set(struct config *c, const char *assignment, struct err *e) MUST_CHECK;

/* Check what no single key can say, and fill what depends on others. Call once, last. */
int config_finish(struct config *c, struct err *e) MUST_CHECK;

/* queue.batch, but where a forge merges one pull request at a time: no group would land as it was tested. */
int config_batch(const struct config *c);

/*
 * The agent to use.
 *
 * name      NULL: the key 'agent', else the only one there is beside agents.resolver and those with labels. One that is not under 'agents'
 *           but is a preset is added to c
 * ret       borrowed from c until the next call or config_done()
 * e         NOT_FOUND with the names there are
 */
int config_agent(struct config *c, const char *name, const struct config_agent **ret, struct err *e)
	MUST_CHECK;

/* Agents that are for issues with a label (agents.NAME.labels). */
#define CONFIG_FOR_SOME_MAX 32
bool config_is_for_some(const struct config_agent *a);
/* Make each of them as config_agent() does; what that gave stays as it is. e: INVALID */
int config_for_some(struct config *c, struct err *e) MUST_CHECK;

/* The agent of this name makes the attempts at a conflict. */
#define CONFIG_RESOLVER "resolver"

/* That agent; *ret NULL where there is none. What config_agent() gave stays as it is. */
int config_resolver(struct config *c, const struct config_agent **ret, struct err *e) MUST_CHECK;

/* What the list of keys says of one. All texts are static. */
struct config_key_info {
	const char *section; /* "" for the top level, "agents" for agents.NAME */
	const char *name;    /* without the section */
	enum config_type type;
	const char *default_; /* "" not set */
	const char *range, *help;
};
struct config_section_info {
	const char *name, *help;
};
/* All rows in order, agents' keys at their place; *ret_n of them. */
const struct config_key_info *config_keys(size_t *ret_n);
const struct config_section_info *config_sections(size_t *ret_n);
/* "limits.timeout", "agents.NAME.kind" */
void buf_config_key(struct buf *b, const struct config_key_info *k);
/* What may be written for it: "a duration from 1s to 30d, or off"; for people. */
void buf_config_type(struct buf *b, const struct config_key_info *k);

/* Every value in force as sorted lines "key=value"; the same settings give the same text. */
void buf_config(struct buf *b, const struct config *c);
/* As buf_config, with where each came from: "key=value<tab>default", "… ganger.yaml:12", "… -c" */
void buf_config_origins(struct buf *b, const struct config *c);
/* What differs between two texts of buf_config, a line "key: old -> new" each; returns how many. */
int buf_config_changes(struct buf *b, struct str before, struct str after);

/* A text as YAML: plain where that is safe, else double-quoted. */
void buf_yaml_text(struct buf *b, const char *s);

#endif
