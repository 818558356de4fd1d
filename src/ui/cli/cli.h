#ifndef UI_CLI_CLI_H
#define UI_CLI_CLI_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "run/parts.h"
#include "run/place.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/*
 * To add a command: a file src/ui/cli/<name>.c with 'int cmd_<name>(struct cli *c, int argc,
 * char **argv)', its prototype in commands.h and a row in table.c. Help, completion, the
 * suggestion for a mistyped name and the tests iterate the table.
 */

/* Exit codes, as CONTRACT.md has them; of several the highest. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,      /* something failed, was skipped or is held behind a failure */
	CLI_USAGE = 2,       /* usage or bad input */
	CLI_PERSON = 3,      /* a person is needed */
	CLI_ENVIRONMENT = 4, /* the environment cannot do it */
	CLI_STOPPED = 130,   /* a second signal */
};

/* What is there before a command is called. */
enum cli_needs {
	CLI_NOTHING = 0,
	CLI_PLACE,  /* c->place */
	CLI_CONFIG, /* c->place, and in c->config the settings in force */
};

struct cli;

struct cli_option {
	const char *name;  /* long name, without dashes; NULL ends the list */
	const char *value; /* what it takes, for help ("TEXT"); NULL: it is a flag */
	const char *help;
	char letter; /* short name, or 0 */
};

struct cli_command {
	const char *name;
	const char *usage; /* what follows the name: "ID TEXT"; options are put in front */
	const char *help;  /* one line */
	const char *about; /* more, for 'ganger help NAME'; lines end with \n; or NULL */
	const struct cli_option *options; /* or NULL */
	int operands_min, operands_max;   /* max -1: any number */
	enum cli_needs needs;
	/* argv holds the operands alone; returns the exit code */
	int (*run)(struct cli *c, int argc, char **argv);
	bool changes_issues; /* who is running their epics is told */
};

/* Ends with a row without name. */
extern const struct cli_command cli_commands[];
/* NULL: there is none of that name. */
const struct cli_command *cli_command_find(const char *name);

struct cli_value {
	const char *name;  /* the option's */
	const char *value; /* borrowed from argv; NULL for a flag */
};

/* One call of the program. */
struct cli {
	const struct parts *parts;
	const struct cli_command *command;
	struct place place;
	struct config config;
	VEC(struct cli_value) values; /* options as given, in order */
	VEC(const char *) overrides;  /* -c */
	bool colour_out, colour_err;  /* may escapes be written there? */
};

/* The whole program: parse, find the place, read the settings, run the command. */
int cli_main(int argc, char **argv, const struct parts *parts);

/* Was this option given? */
bool cli_flag(const struct cli *c, const char *name);
/* The value of an option, the last one given; NULL where it was not. */
const char *cli_value(const struct cli *c, const char *name);
/* The n-th of several, from 0; NULL after the last. */
const char *cli_value_at(const struct cli *c, const char *name, size_t n);

/* Read ganger.yaml of the checkout in c->place (where there is one), then -c. For commands that
 * do not say CLI_CONFIG. */
int cli_config(struct cli *c, struct err *e) MUST_CHECK;

/* The tracker of the settings; the caller frees it with (*ret)->ops->free. */
int cli_tracker(struct cli *c, struct tracker **ret, struct err *e) MUST_CHECK;

/*
 * Messages, on standard error: "error: …", "detail: …", "hint: …", "warning: …". Control
 * bytes are escaped. cli_fail prints an error with its hint and returns the exit code that
 * fits its code: INVALID and NOT_FOUND 2, CONFLICT 3, all other 4.
 */
int cli_fail(struct cli *c, const struct err *e);
/* A call that makes no sense: the message, a hint on the usage; returns CLI_USAGE. */
int cli_usage(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_error(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_detail(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_hint(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_warn(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * The result, on standard output. A reader that went away is no error and ends nothing; a
 * disk that is full is one, said when the command has ended. Text from outside goes through
 * cli_print_line, or buf_line first.
 */
void cli_print(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_print_buf(struct cli *c, const struct buf *b);
/* One line, control bytes escaped, and its end. */
void cli_print_line(struct cli *c, const char *text);
/*
 * A row of a list: what it begins with, which is safe to print; its title; what is said of it. Of
 * these any may be NULL. On a terminal no line of it is wider than that: the title is cut, what is
 * said goes on below where it finds no room beside it. Elsewhere it is one line.
 */
void cli_print_row(struct cli *c, const char *begins, const char *title, const char *said);
/* "" for one, else "s". */
const char *cli_plural(int n);
/* One line of JSON; takes over and frees j. */
void cli_print_json(struct cli *c, cJSON *j);
/* A text as JSON: what is not UTF-8 is replaced. NULL gives null. */
cJSON *cli_json_text(const char *s);

#endif
