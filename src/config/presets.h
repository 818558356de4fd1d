#ifndef CONFIG_PRESETS_H
#define CONFIG_PRESETS_H

#include <stdbool.h>

/*
 * Agent programs that are known: a command line, what its output looks like at a limit, and
 * how to ask whether it can work at all. 'init' writes those that are on PATH into
 * ganger.yaml, and naming one as agent is enough where the file has no entry of its own.
 */
struct config_preset {
	const char *name;
	const char *program;         /* looked for on PATH */
	const char *title;           /* for people */
	const char *command;         /* for sh -c */
	const char *talk_kind;    /* of agent, to talk to it by a protocol; NULL: none is known */
	const char *talk_command; /* for that kind; NULL with it */
	const char *probe;           /* for sh -c; NULL: none known */
	const char *const *pause_on; /* extended regular expressions; NULL-terminated */
	const char *const *env;      /* "NAME=value" or "NAME"; NULL-terminated or NULL */
	const char *const *keys;     /* variables with an API key it would use; NULL-terminated */
	const char *note;            /* what is worth knowing, or NULL */
	const char *const *reads; /* files of instructions in a repository's root that it reads by
				      * itself; NULL-terminated, or NULL: none is known */
	bool tested;                 /* proved on the real program */
};

/* Ends with a row without name. */
extern const struct config_preset config_presets[];
/* NULL: there is none of that name. */
const struct config_preset *config_preset_find(const char *name);

#endif
