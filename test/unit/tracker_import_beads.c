#include "base/clean.h"
#include "base/clock.h"
#include "port/import.h"
#include "tmp.h"
#include "tracker/local.h"
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

static char *dir;
static struct tracker *t;
static struct err e;
static struct import_result r;

static int setup(void **state)
{
	(void)state;
	dir = tmp_make();
	char *path CLEANUP(freep) = path_join(dir, "issues.db");
	return tracker_local_new(path, &t, &e);
}

static int teardown(void **state)
{
	(void)state;
	import_result_done(&r);
	t->ops->free(t);
	tmp_done(dir);
	return 0;
}

/* JSON with single quotes, for the reader's sake. */
static int import_text(const char *text, const char *epic, bool reopen)
{
	char *path CLEANUP(freep) = path_join(dir, "export.jsonl");
	char *json CLEANUP(freep) = mem_strdup(text);

	for (char *p = json; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	assert_int_equal(file_write(path, str_of(json), false, &e), 0);
	import_result_done(&r);
	return import_beads(t, &(struct import_spec){.path = path, .epic = epic, .reopen = reopen},
			    &r, &e);
}

static void load(const char *epic, struct issue_graph *ret)
{
	if (t->ops->load(t, epic, NULL, ret, &e))
		fail_msg("%s", e.msg);
}

static const struct issue *issue_find(const struct issue_graph *g, const char *id)
{
	for (size_t i = 0; i < g->issues.n; i++) {
		if (streq(g->issues.items[i].id, id))
			return &g->issues.items[i];
	}
	return NULL;
}

static void assert_note(enum import_what what, const char *id, const char *text)
{
	for (size_t i = 0; i < r.notes.n; i++) {
		if (r.notes.items[i].what == what && streq(r.notes.items[i].id, id)) {
			assert_string_equal(r.notes.items[i].text, text);
			return;
		}
	}
	fail_msg("no note %d of '%s'", what, id);
}

static char *edges_of(const char *epic)
{
	struct buf b = BUF_INIT;
	struct issue_graph g;

	load(epic, &g);
	for (size_t i = 0; i < g.edges.n; i++)
		buf_printf(&b, " %s>%s", g.edges.items[i].task, g.edges.items[i].needs);
	issue_graph_done(&g);
	return buf_take(&b);
}

#define DEP(id, type) "{'depends_on_id':'" id "','type':'" type "'}"

/* clang-format off */
static const char mixed[] =
	"{'id':'E','issue_type':'epic','title':'the epic'}\n"
	"{'id':'a','status':'closed','close_reason':'done','dependencies':["
		DEP("E", "parent-child") "]}\n"
	"{'id':'b','labels':['x'],'dependencies':["
		DEP("E", "parent-child") "," DEP("a", "blocks") "," DEP("c", "conditional-blocks") ","
		DEP("nope", "blocks") "," DEP("external:p:x", "blocks") "," DEP("dead", "blocks") ","
		DEP("pin", "blocks") "," DEP("c", "related") "]}\n"
	"{'id':'c','comments':[{'author':'k','text':'look here'}]}\n"
	"{'id':'dead','status':'tombstone'}\n"
	"{'id':'pin','status':'pinned'}\n"
	"{'id':'hook','status':'hooked'}\n"
	"{'id':'wisp','ephemeral':true}\n"
	"{'id':'gate','issue_type':'gate'}\n"
	"{'id':'tpl','is_template':true}\n"
	"{'id':'later','defer_until':'2999-01-01T00:00:00Z'}\n"
	"{'id':'past','defer_until':'2001-01-01T00:00:00Z'}\n"
	"{'id':'self','dependencies':[" DEP("self", "blocks") "]}\n"
	"this is no JSON\n";

static const char cycle[] =
	"{'id':'a','dependencies':[" DEP("b", "blocks") "]}\n"
	"{'id':'b','dependencies':[" DEP("a", "blocks") "]}\n";

static const char waits[] =
	"{'id':'S'}\n"
	"{'id':'c1','status':'closed','dependencies':[" DEP("S", "parent-child") "]}\n"
	"{'id':'c2','dependencies':[" DEP("S", "parent-child") "]}\n"
	"{'id':'w','dependencies':[" DEP("S", "waits-for") "]}\n"
	"{'id':'any','dependencies':[{'depends_on_id':'S','type':'waits-for',"
		"'metadata':{'gate':'any-children'}}]}\n";
/* clang-format on */

static void test_import_beads__states_are_kept(void **state)
{
	static const struct {
		const char *id, *hidden;
	} hidden[] = {
		{"pin",   "status 'pinned'"                    },
		{"hook",  "status 'hooked'"                    },
		{"wisp",  "ephemeral"                          },
		{"gate",  "type 'gate'"                        },
		{"tpl",   "template"                         },
		{"later", "deferred until 2999-01-01T00:00:00Z"},
		{"past",  ""				   },
		{"c",     ""				   },
	};
	struct issue_graph g;

	(void)state;
	assert_int_equal(import_text(mixed, NULL, false), 0);
	assert_int_equal(r.issues, 12);
	assert_int_equal(r.closed, 1);
	assert_int_equal(r.edges, 2);
	assert_null(r.epic);
	load(NULL, &g);
	assert_int_equal(g.issues.n, 12);
	assert_null(issue_find(&g, "dead"));
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
		assert_string_equal(issue_find(&g, hidden[i].id)->hidden, hidden[i].hidden);
		if (*hidden[i].hidden)
			assert_note(IMPORT_HIDDEN, hidden[i].id, hidden[i].hidden);
	}
	assert_false(issue_find(&g, "a")->open);
	assert_string_equal(issue_find(&g, "a")->closed_reason, "done");
	assert_string_equal(issue_find(&g, "b")->parent, "E");
	assert_string_equal(issue_find(&g, "b")->labels, "x");
	assert_non_null(strstr(issue_find(&g, "c")->comments, "look here"));
	issue_graph_done(&g);
	assert_note(IMPORT_BLOCKED, "b", "c");
	assert_note(IMPORT_LEFT_OUT, "dead", "tombstone");
	assert_note(IMPORT_EDGE, "self", "depends on itself");
	assert_note(IMPORT_EDGE, "b", "blocks 'nope', which is not in the file");
	assert_int_equal(r.notes.items[0].what, IMPORT_PROBLEM);
	assert_int_equal(r.notes.items[0].line, 14);
	assert_string_equal(r.notes.items[0].text, "not JSON");
	char *edges CLEANUP(freep) = edges_of("E");
	assert_string_equal(edges, " b>a b>c");
}

static void test_import_beads__reopen_takes_work_alone(void **state)
{
	struct issue_graph g;
	struct issue epic;

	(void)state;
	assert_int_equal(import_text(mixed, "all", true), 0);
	assert_string_equal(r.epic, "all");
	assert_true(r.epic_made);
	assert_int_equal(r.issues, 9);
	assert_int_equal(r.closed, 0);
	assert_int_equal(r.edges, 3);
	assert_int_equal(t->ops->load(t, "all", &epic, &g, &e), 0);
	assert_string_equal(epic.title, "all");
	assert_int_equal(g.issues.n, 9);
	assert_null(issue_find(&g, "E"));
	assert_null(issue_find(&g, "wisp"));
	assert_null(issue_find(&g, "gate"));
	for (size_t i = 0; i < g.issues.n; i++) {
		assert_true(g.issues.items[i].open);
		assert_string_equal(g.issues.items[i].hidden, "");
		assert_string_equal(g.issues.items[i].parent, "all");
	}
	assert_int_equal(g.edges.n, 3);
	assert_int_equal(g.outside.n, 0);
	assert_note(IMPORT_LEFT_OUT, "E", "type 'epic'");
	assert_note(IMPORT_LEFT_OUT, "wisp", "ephemeral");
	assert_note(IMPORT_BLOCKED, "b", "a\nc\npin");
	issue_done(&epic);
	issue_graph_done(&g);
}

static void test_import_beads__named_epic_may_be_in_the_file(void **state)
{
	struct issue i;

	(void)state;
	assert_int_equal(import_text(mixed, "E", true), 0);
	assert_int_equal(r.issues, 9);
	assert_int_equal(t->ops->get(t, "E", &i, NULL, &e), 0);
	assert_string_equal(i.title, "the epic");
	assert_null(i.parent);
	issue_done(&i);
}

static void test_import_beads__again_changes_nothing(void **state)
{
	struct issue i;

	(void)state;
	assert_int_equal(import_text(mixed, "all", true), 0);
	assert_int_equal(t->ops->close(t, "c", "completed", NULL, &e), 0);
	assert_int_equal(import_text(mixed, "all", true), 0);
	assert_int_equal(r.issues, 0);
	assert_int_equal(r.edges, 0);
	assert_false(r.epic_made);
	assert_note(IMPORT_KEPT, "c", "was there already");
	assert_int_equal(t->ops->get(t, "c", &i, NULL, &e), 0);
	assert_false(i.open);
	issue_done(&i);
}

static void test_import_beads__a_cycle_comes_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(import_text(cycle, "x", false), 0);
	char *edges CLEANUP(freep) = edges_of("x");
	assert_string_equal(edges, " a>b b>a");
}

static void test_import_beads__waits_for_becomes_edges(void **state)
{
	(void)state;
	assert_int_equal(import_text(waits, NULL, false), 0);
	char *edges CLEANUP(freep) = edges_of(NULL);
	assert_string_equal(edges, " w>c2");
}

static void test_import_beads__nothing_in_it_is_an_error(void **state)
{
	struct issue_graph g;

	(void)state;
	assert_int_equal(import_text("# a plan\n- [ ] not Beads\n", "x", false), ERR_INVALID);
	assert_int_equal(import_text("{\"id\":\"a\"}\n", "no\nname", false), ERR_INVALID);
	load(NULL, &g);
	assert_int_equal(g.issues.n, 0);
	issue_graph_done(&g);
}

static void test_import_beads__hostile_ids(void **state)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;

	(void)state;
	buf_puts(&text, "{\"id\":\"../../x y\\u0007;rm\"}\n{\"id\":\"");
	for (int i = 0; i < 300; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\"}\n");
	assert_int_equal(import_text(buf_cstr(&text), "e", false), 0);
	assert_int_equal(r.issues, 1);
	assert_string_equal(r.ids.items[0], "../../x y ;rm");
}

/* The main job's input: its counts are known. */
static void test_import_beads__real_export(void **state)
{
	const char *shared = getenv("GANGER_SHARED");
	struct issue_graph g;

	(void)state;
	if (!shared)
		skip();
	char *path CLEANUP(freep) = path_join(shared, "data/beads/beads-3003.jsonl");
	int64_t start_ms = clock_now().mono_ms;
	if (import_beads(t, &(struct import_spec){.path = path, .epic = "real", .reopen = true}, &r,
			 &e))
		fail_msg("%s", e.msg);
	print_message("imported in %d ms\n", (int)(clock_now().mono_ms - start_ms));
	assert_int_equal(r.issues, 1473);
	assert_int_equal(r.edges, 234);
	start_ms = clock_now().mono_ms;
	load("real", &g);
	print_message("loaded in %d ms\n", (int)(clock_now().mono_ms - start_ms));
	assert_int_equal(g.issues.n, 1473);
	assert_int_equal(g.edges.n, 234);
	assert_int_equal(g.outside.n, 0);
	for (size_t i = 0; i < g.issues.n; i++)
		assert_true(g.issues.items[i].open && !*g.issues.items[i].hidden);
	issue_graph_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_import_beads__states_are_kept),
		T(test_import_beads__reopen_takes_work_alone),
		T(test_import_beads__named_epic_may_be_in_the_file),
		T(test_import_beads__again_changes_nothing),
		T(test_import_beads__a_cycle_comes_as_it_is),
		T(test_import_beads__waits_for_becomes_edges),
		T(test_import_beads__nothing_in_it_is_an_error),
		T(test_import_beads__hostile_ids),
		T(test_import_beads__real_export),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
