#include "base/clean.h"
#include "tmp.h"
#include "tracker/beads_bd.h"
#include "tracker/beads_tracker.h"
#include "unit/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A bd that is a script: what it answers to each command, and whether it answers at all. */

static char *dir, *path_before;
static struct err e;

static int setup(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	dir = tmp_make();
	path_before = mem_strdup(getenv("PATH"));
	char *path CLEANUP(freep) = mem_printf("%s:%s", dir, path_before);
	char *store CLEANUP(freep) = path_join(dir, ".beads");
	CHECK(setenv("PATH", path, 1) == 0);
	return mkdir(store, 0700);
}

static int teardown(void **state)
{
	(void)state;
	CHECK(setenv("PATH", path_before, 1) == 0);
	free(path_before);
	tmp_done(dir);
	return 0;
}

static void bd_is(const char *cases)
{
	char *path CLEANUP(freep) = path_join(dir, "bd");
	char *text CLEANUP(freep) =
		mem_printf("#!/bin/sh\ncase $1 in\nversion) echo '{}';;\n%s\nesac\n", cases);

	if (file_write(path, str_of(text), false, &e) || chmod(path, 0700))
		fail_msg("%s", e.msg);
}

static struct tracker *open_it(int64_t timeout_ms)
{
	struct tracker *t = NULL;

	if (tracker_beads_new(
		    &(struct beads_spec){.root = dir, .state_dir = dir, .timeout_ms = timeout_ms},
		    &t, &e))
		fail_msg("%s", e.msg);
	return t;
}

static int load(const char *cases, int64_t timeout_ms, struct issue_graph *ret)
{
	bd_is(cases);
	struct tracker *t = open_it(timeout_ms);
	int rc = t->ops->load(t, NULL, NULL, ret, &e);

	t->ops->free(t);
	return rc;
}

#define READY "ready) echo '[]';;\n"
#define EXPORT                                                                                     \
	READY                                                                                      \
	"export) echo "                                                                            \
	"'{\"id\":\"a\",\"status\":\"open\",\"dependencies\":[{\"depends_on_id\":\"g\",\"type\":"  \
	"\"blocks\"}]}';;\n"

static void test_bd__one_that_hangs_has_a_deadline(void **state)
{
	struct issue_graph g = {0};
	struct timespec from, to;

	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(load("export) exec sleep 1000;;", 200, &g), ERR_LIMIT);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 100);
	assert_non_null(strstr(e.msg, "bd"));
	/* And it holds nobody up: the next call has the lock. */
	assert_int_equal(load(READY "export) :;;", 60000, &g), 0);
	issue_graph_done(&g);
}

static void test_bd__what_an_export_lacks_is_asked_for(void **state)
{
	static const struct {
		const char *show; /* what bd says of the gate */
		size_t edges;
	} cases[] = {
  /* 0.49: an array; 1.x: an object with its version, or an envelope; 2.0: the same */
		{"echo '[{\"id\":\"g\",\"status\":\"open\",\"issue_type\":\"gate\"}]'",         1},
		{"echo '{\"schema_version\":1,\"id\":\"g\",\"status\":\"open\"}'",              1},
		{"echo '{\"schema_version\":1,\"data\":[{\"id\":\"g\",\"status\":\"open\"}]}'", 1},
		{"echo '{\"schema_version\":1,\"data\":{\"id\":\"g\",\"status\":\"open\"}}'",   1},
 /* not known in the words of each version: it dangles, and holds nothing up */
		{"echo 'Error: no issue found matching \"g\"' >&2; exit 1",                     0},
		{"echo '{\"error\":\"issue g not found\",\"schema_version\":1}' >&2; exit 1",   0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct issue_graph g = {0};
		char *all CLEANUP(freep) = mem_printf(EXPORT "show) %s;;", cases[i].show);

		if (load(all, 60000, &g))
			fail_msg("%zu: %s", i, e.msg);
		size_t open = 0;
		for (size_t k = 0; k < g.outside.n; k++)
			open += g.outside.items[k].open;
		for (size_t k = 0; k < g.issues.n; k++)
			open += streq(g.issues.items[k].id, "g") && g.issues.items[k].open;
		if (g.edges.n != cases[i].edges || open != cases[i].edges)
			fail_msg("%zu: %zu edges, %zu open", i, g.edges.n, open);
		issue_graph_done(&g);
	}
}

static void test_bd__what_cannot_be_read_is_an_error(void **state)
{
	static const struct {
		const char *cases;
		int code;
		const char *words;
	} cases[] = {
		{EXPORT "show) echo 'Error: database is broken' >&2; exit 1;;",        ERR_INVALID,
		 "database is broken"												},
		{EXPORT "show) echo '{';;",					    ERR_CORRUPT, "could not read issue 'g'"       },
		{"export) echo '{\"id\":\"a\"}'; echo '{\"id\":';;",                   ERR_CORRUPT,
		 "line 2: not JSON"												  },
		{"export) :;;\nready) echo 'Error: database is broken' >&2; exit 1;;", ERR_INVALID,
		 "bd ready: database is broken"										      },
		{"export) :;;\nready) :;;",					    ERR_CORRUPT, "bd ready: its answer is no list"},
		{"export) :;;\nready) echo '{\"schema_version\":1}';;",                ERR_CORRUPT, "is no list"                     },
		{"export) :;;\nready) echo '[{\"title\":\"a\"}]';;",                   ERR_CORRUPT,
		 "an issue without 'id'"											     },
		{"export) exit 3;;",						   ERR_INVALID, "bd export: exit 3"              },
		{"export) echo '{\"error\":\"no database\"}'; exit 1;;",               ERR_INVALID,
		 "no database"												       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct issue_graph g = {0};

		e = (struct err)ERR_INIT;
		assert_int_equal(load(cases[i].cases, 60000, &g), cases[i].code);
		if (!strstr(e.msg, cases[i].words))
			fail_msg("%zu: '%s'", i, e.msg);
	}
}

/* Its word over what an export tells: both ways, in either envelope, and of all issues. */
static void test_bd__says_who_is_ready(void **state)
{
	static const struct {
		const char *ready;
		const char *
			hidden; /* of the issue that waits for 'k', and of one that waits for nothing */
		const char *hidden_free;
		size_t edges;
		const char *k; /* the status of what is waited for */
	} cases[] = {
		{"[]",						      "", "not among the ready ones, says bd", 1, "in_progress"},
		{"{\"schema_version\":1,\"data\":[{\"id\":\"free\"}]}",     "", "",                                  1, "in_progress"},
		{"[{\"id\":\"waits\"},{\"id\":\"free\"},{\"id\":\"new\"}]", "", "",                                  0, "blocked"    },
 /* It may have been closed since the export, and its work comes to nothing. */
		{"[{\"id\":\"waits\"},{\"id\":\"free\"},{\"id\":\"new\"}]", "", "",                                  1,
		 "in_progress"												       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct issue_graph g = {0};
		char *all CLEANUP(freep) =
			mem_printf("ready) case \"$*\" in *--limit=0*) echo '%s';; esac;;\n"
				   "export) echo "
				   "'{\"id\":\"waits\",\"dependencies\":[{\"depends_on_id\":\"k\","
				   "\"type\":\"blocks\"}]}'; echo '{\"id\":\"free\"}';"
				   "echo '{\"id\":\"k\",\"status\":\"%s\",\"assignee\":\"me\"}';"
				   "echo '{\"id\":\"model\",\"is_template\":true}';;",
				   cases[i].ready, cases[i].k);

		if (load(all, 60000, &g))
			fail_msg("%zu: %s", i, e.msg);
		assert_int_equal(g.issues.n, 4);
		assert_string_equal(g.issues.items[0].hidden, cases[i].hidden);
		assert_string_equal(g.issues.items[1].hidden, cases[i].hidden_free);
		/* Not of what is in progress, and never of a template. */
		if (streq(cases[i].k, "in_progress"))
			assert_string_equal(g.issues.items[2].hidden, "");
		assert_string_equal(g.issues.items[3].hidden, "template");
		assert_int_equal(g.edges.n, cases[i].edges);
		issue_graph_done(&g);
	}
}

static void test_bd__its_version_says_by_which_rule(void **state)
{
	static const struct {
		const char *version;
		enum beads_rule rule;
	} cases[] = {
		{"{\"version\":\"0.49.6\"}",                                 BEADS_RULE_0_49},
		{"{\"schema_version\":1,\"data\":{\"version\":\"0.50.3\"}}", BEADS_RULE_0_49},
		{"{\"version\":\"0.51.0\",\"schema_version\":1}",            BEADS_RULE_1_0 },
		{"{\"version\":\"1.0.5\"}",                                  BEADS_RULE_1_0 },
		{"{\"version\":\"0.dev\"}",                                  BEADS_RULE_1_0 },
		{"{}",						       BEADS_RULE_1_0 },
		{"bd version 0.49",					  BEADS_RULE_1_0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(bd_rule(str_of(cases[i].version)), cases[i].rule);
}

/* Agents call it, too. What passes is asked again, and is no refusal if it does not. */
static void test_bd__a_store_that_another_program_has_is_busy(void **state)
{
	static const char *const words[] = {
		"Error: failed to open database: failed to ping Dolt database: the database is "
		"locked by another dolt process",
		"Error: dolt access lock timeout (exclusive, 15s): lock busy: held by another "
		"process",
		"{\"error\":\"embeddeddolt: another process holds the exclusive lock on x\"}",
		"Error: database is locked (5) (SQLITE_BUSY)",
		"Error 1213: try restarting transaction",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct issue_graph g = {0};
		char *again CLEANUP(freep) =
			mem_printf(READY "export) [ -e \"$0.%zu\" ] || { : >\"$0.%zu\"; echo '%s' "
					 ">&2; exit 1; }; echo '{\"id\":\"a\"}';;",
				   i, i, words[i]);
		char *ever CLEANUP(freep) = mem_printf("export) echo '%s' >&2; exit 1;;", words[i]);

		if (load(again, 60000, &g))
			fail_msg("%zu: %s", i, e.msg);
		assert_int_equal(g.issues.n, 1);
		issue_graph_done(&g);
		int64_t ms = 300;
		int rc;
		while ((rc = load(ever, ms, &g)) == ERR_LIMIT && ms < 60000)
			ms *= 4; /* a machine that cannot start it in that time */
		assert_int_equal(rc, ERR_BUSY);
	}
}

/* Some versions wait by themselves before they say so: that is time, too. */
static void test_bd__one_that_waits_itself_is_not_asked_for_ever(void **state)
{
	struct issue_graph g = {0};
	struct buf asked CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = path_join(dir, "bd.asked");

	(void)state;
	int rc = load("export) echo >>\"$0.asked\"; sleep 0.4; echo 'database is locked' >&2; exit 1;;",
		      1000, &g);
	assert_true(rc == ERR_BUSY || rc == ERR_LIMIT); /* LIMIT: a very slow machine */
	assert_int_equal(file_read(path, 100, &asked, &e), 0);
	assert_in_range(asked.n, 1, 4); /* eleven times, were it not */
}

static void test_bd__agents_are_told_of_the_store(void **state)
{
	static const char *const starts[] = {"BEADS_DIR=/", "BEADS_NO_DAEMON=1",
					     "BD_NON_INTERACTIVE=1", "BD_ACTOR=ganger 7"};

	(void)state;
	bd_is("");
	struct tracker *t = open_it(60000);
	char **env = t->ops->agent_env(t, "ganger 7");
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		assert_true(str_starts(str_of(env[i]), starts[i]));
		free(env[i]);
	}
	assert_null(env[ARRAY_LEN(starts)]);
	free(env);
	t->ops->free(t);
	/* An export is nothing that bd could use. */
	char *path CLEANUP(freep) = path_join(dir, "export.jsonl");
	assert_int_equal(file_write(path, STR(""), false, &e), 0);
	assert_int_equal(
		tracker_beads_new(&(struct beads_spec){.root = dir, .path = path, .state_dir = dir},
				  &t, &e),
		0);
	assert_null(t->ops->agent_env(t, "ganger 7"));
	t->ops->free(t);
}

/* It may close nothing, say nothing, and exit 0: what it has afterwards counts. */
static void test_bd__a_close_that_closed_nothing_is_none(void **state)
{
	(void)state;
	bd_is("export) echo '{\"id\":\"a\",\"status\":\"open\"}';;\nclose) :;;");
	struct tracker *t = open_it(60000);
	assert_int_equal(t->ops->close(t, "a", "completed", NULL, &e), ERR_CONFLICT);
	assert_non_null(strstr(e.msg, "bd left it open"));
	t->ops->free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_bd__one_that_hangs_has_a_deadline),
		T(test_bd__what_an_export_lacks_is_asked_for),
		T(test_bd__what_cannot_be_read_is_an_error),
		T(test_bd__says_who_is_ready),
		T(test_bd__its_version_says_by_which_rule),
		T(test_bd__a_store_that_another_program_has_is_busy),
		T(test_bd__one_that_waits_itself_is_not_asked_for_ever),
		T(test_bd__agents_are_told_of_the_store),
		T(test_bd__a_close_that_closed_nothing_is_none),
	};

	return cmocka_run_group_tests_name("bd", tests, NULL, NULL);
}
