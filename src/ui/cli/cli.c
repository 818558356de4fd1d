#include "ui/cli/cli.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/near.h"
#include "port/tracker.h"
#include "run/control.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>

#define OPTIONS_MAX 32

/* How to go on after a step that may have ended the program. */
#define GO_ON (-1)

bool cli_flag(const struct cli *c, const char *name)
{
	for (size_t i = 0; i < c->values.n; i++) {
		if (streq(c->values.items[i].name, name))
			return true;
	}
	return false;
}

const char *cli_value(const struct cli *c, const char *name)
{
	for (size_t i = c->values.n; i > 0; i--) {
		if (streq(c->values.items[i - 1].name, name))
			return c->values.items[i - 1].value;
	}
	return NULL;
}

const char *cli_value_at(const struct cli *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->values.n; i++) {
		if (streq(c->values.items[i].name, name) && n-- == 0)
			return c->values.items[i].value;
	}
	return NULL;
}

int cli_tracker(struct cli *c, struct tracker **ret, struct err *e)
{
	return c->parts->tracker_open(&c->place, &c->config, ret, e);
}

const struct cli_command *cli_command_find(const char *name)
{
	for (const struct cli_command *k = cli_commands; k->name; k++) {
		if (streq(k->name, name))
			return k;
	}
	return NULL;
}

/* One of the commands that are always there. */
static int run_named(struct cli *c, const char *name, int argc, char **argv)
{
	const struct cli_command *command = cli_command_find(name);

	CHECK(command);
	return command->run(c, argc, argv);
}

/* getopt's way of asking for the options of a row; --help is everybody's. */
struct options {
	struct option rows[OPTIONS_MAX + 2];
	char letters[2 * OPTIONS_MAX + 4];
	int n;
};

#define OPTION_HELP OPTIONS_MAX

static void options_fill(struct options *o, const struct cli_option *list)
{
	size_t n = 0;

	*o = (struct options){0};
	o->letters[n++] = ':';
	for (; list && list->name; list++) {
		CHECK(o->n < OPTIONS_MAX);
		o->rows[o->n] = (struct option){
			list->name, list->value ? required_argument : no_argument, NULL, o->n};
		if (list->letter)
			o->letters[n++] = list->letter;
		if (list->letter && list->value)
			o->letters[n++] = ':';
		o->n++;
	}
	o->rows[o->n] = (struct option){"help", no_argument, NULL, OPTION_HELP};
}

/* The option that getopt means by ch: an index, or a letter. */
static const struct cli_option *option_meant(const struct cli_option *list, int ch)
{
	if (ch < OPTIONS_MAX)
		return &list[ch];
	while (list->letter != ch)
		list++;
	return list;
}

static int option_wrong(struct cli *c, const struct cli_option *list, int ch, char **argv)
{
	struct near near = NEAR_INIT(argv[optind - 1]);

	if (ch == ':')
		return cli_usage(c, "option '%s' needs a value", argv[optind - 1]);
	if (optopt >= ' ')
		return cli_usage(c, "'%s' has no option '-%c'", c->command->name, optopt);
	if (optopt)
		return cli_usage(c, "option '%s' takes no value", argv[optind - 1]);
	cli_error(c, "'%s' has no option '%s'", c->command->name, argv[optind - 1]);
	near.typed += 2;
	for (; list && list->name; list++)
		near_offer(&near, list->name);
	if (near.best)
		cli_hint(c, "did you mean '--%s'?", near.best);
	else
		cli_hint(c, "'ganger help %s' lists its options", c->command->name);
	return CLI_USAGE;
}

/* Read the options of the command; *ret_first is the first operand. */
static int command_options(struct cli *c, int argc, char **argv, int *ret_first)
{
	const struct cli_option *list = c->command->options;
	struct options o;
	int ch;

	options_fill(&o, list);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((ch = getopt_long(argc, argv, o.letters, o.rows, NULL)) != -1) {
		const struct cli_option *option;

		if (ch == '?' || ch == ':')
			return option_wrong(c, list, ch, argv);
		if (ch == OPTION_HELP) {
			char *name = argv[0];

			return run_named(c, "help", 1, &name);
		}
		option = option_meant(list, ch);
		VEC_PUSH(&c->values, ((struct cli_value){option->name, optarg}));
	}
	*ret_first = optind;
	return GO_ON;
}

static int operands_check(struct cli *c, int n, char **operands)
{
	const struct cli_command *k = c->command;

	if (n < k->operands_min)
		return cli_usage(c, "'%s' needs %s", k->name, k->usage);
	if (k->operands_max >= 0 && n > k->operands_max)
		return cli_usage(c, "'%s' cannot use '%s'", k->name, operands[k->operands_max]);
	return GO_ON;
}

int cli_config(struct cli *c, struct err *e)
{
	char *path CLEANUP(freep) = path_join(c->place.root, "ganger.yaml");
	char *cwd CLEANUP(freep) = getcwd(NULL, 0);
	int rc;

	/* Where the file is in the folder of the user, its name is enough. */
	rc = config_read_file(&c->config, streq(cwd, c->place.root) ? "ganger.yaml" : path, e);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	for (size_t i = 0; i < c->overrides.n; i++) {
		rc = config_set(&c->config, c->overrides.items[i], e);
		if (rc < 0)
			return rc;
	}
	return config_finish(&c->config, e);
}

static int prepare(struct cli *c)
{
	char *cwd CLEANUP(freep) = getcwd(NULL, 0);
	struct err e = ERR_INIT;
	int rc = 0;

	if (c->command->needs == CLI_NOTHING)
		return GO_ON;
	if (!cwd)
		rc = err_sys(&e, "could not find the current folder");
	if (rc == 0)
		rc = c->parts->discover(cwd, &c->place, &e);
	/* The settings lie in the root, and say where state is kept. */
	if (rc == 0 && c->command->needs == CLI_CONFIG)
		rc = cli_config(c, &e);
	if (rc == 0)
		rc = place_set_state(&c->place, c->config.state_dir, &e);
	return rc == 0 ? GO_ON : cli_fail(c, &e);
}

/* argv[0] is the name of a command. */
static int command_run(struct cli *c, int argc, char **argv)
{
	struct near near = NEAR_INIT(argv[0]);
	int first = 0, rc;

	c->command = cli_command_find(argv[0]);
	if (!c->command) {
		cli_error(c, "there is no command '%s'", argv[0]);
		for (const struct cli_command *k = cli_commands; k->name; k++)
			near_offer(&near, k->name);
		if (near.best)
			cli_hint(c, "did you mean 'ganger %s'?", near.best);
		else
			cli_hint(c, "'ganger help' lists the commands");
		return CLI_USAGE;
	}
	rc = command_options(c, argc, argv, &first);
	if (rc == GO_ON)
		rc = operands_check(c, argc - first, argv + first);
	if (rc == GO_ON)
		rc = prepare(c);
	if (rc != GO_ON)
		return rc;
	rc = c->command->run(c, argc - first, argv + first);
	if (c->command->changes_issues)
		control_look(&c->place);
	return rc;
}

static int folder_change(struct cli *c, const char *dir)
{
	struct err e = ERR_INIT;

	if (chdir(dir) == 0)
		return GO_ON;
	(void)err_sys(&e, "could not change to folder '%s'", dir);
	e.code = ERR_INVALID;
	return cli_fail(c, &e);
}

/* What stands before the command; *ret_first is the command's place in argv. */
static int global_options(struct cli *c, int argc, char **argv, int *ret_first)
{
	static const struct option rows[] = {
		{"help",    no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL,      0,           NULL, 0  },
	};
	int ch, rc = GO_ON;

	opterr = 0;
	while (rc == GO_ON && (ch = getopt_long(argc, argv, "+:C:c:hV", rows, NULL)) != -1) {
		switch (ch) {
		case 'C':
			rc = folder_change(c, optarg);
			break;
		case 'c':
			VEC_PUSH(&c->overrides, optarg);
			break;
		case 'h':
			return run_named(c, "help", 0, NULL);
		case 'V':
			return run_named(c, "version", 0, NULL);
		case ':':
			return cli_usage(c, "option '%s' needs a value", argv[optind - 1]);
		default:
			return cli_usage(c, "ganger has no option '%s' in front of a command",
					 optopt ? (char[]){'-', (char)optopt, 0}
						: argv[optind - 1]);
		}
	}
	*ret_first = optind;
	return rc;
}

/*
 * Descriptors 0 to 2 must not become a database or a lock by accident. Standard output is
 * opened for reading, so that what a command writes there fails and is said.
 */
static void standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free one is fd itself; without /dev/null we go on as we are. */
		(void)!open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
	}
}

/* Escapes only for a terminal that wants them: no-color.org. */
static bool colour_wanted(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(no && no[0]) && term && !streq(term, "dumb");
}

/* Was all of the result written? A reader that went away has seen enough. */
static int output_close(struct cli *c, int code)
{
	bool failed = fflush(stdout) != 0 || ferror(stdout);
	struct err e = ERR_INIT;
	struct stat st;

	if (!failed)
		return code;
	(void)err_sys(&e, "could not write the result");
	if (fstat(1, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return code;
	(void)cli_fail(c, &e);
	return code > CLI_ENVIRONMENT ? code : CLI_ENVIRONMENT;
}

static int start(struct cli *c, int argc, char **argv)
{
	int first = 0, rc = global_options(c, argc, argv, &first);

	if (rc != GO_ON)
		return rc;
	if (first < argc)
		return command_run(c, argc - first, argv + first);
	return cli_usage(c, "which command?");
}

int cli_main(int argc, char **argv, const struct parts *parts)
{
	struct cli c = {.parts = parts};
	cJSON_Hooks hooks = {mem_alloc, free};
	int code;

	standard_files();
	/* A closed pipe is an error of the write, not the end of a supervisor. */
	(void)signal(SIGPIPE, SIG_IGN);
	cJSON_InitHooks(&hooks);
	c.colour_out = colour_wanted(1);
	c.colour_err = colour_wanted(2);
	config_init(&c.config);
	code = output_close(&c, start(&c, argc, argv));
	VEC_DONE(&c.values);
	VEC_DONE(&c.overrides);
	config_done(&c.config);
	place_done(&c.place);
	return code;
}
