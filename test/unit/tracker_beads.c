#include "base/clean.h"
#include "tmp.h"
#include "tracker/beads.h"
#include "unit/test.h"

#include <cJSON.h>
#include <stdio.h>
#include <string.h>

/* 2026-11-21: after the past dates of the cases, before their future ones. */
#define NOW_MS INT64_C(1795286400000)

static char *dir;

static int setup(void **state)
{
	(void)state;
	dir = tmp_make();
	return dir ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	tmp_done(dir);
	return 0;
}

static void load_text(const char *text, size_t n, struct beads_file *ret)
{
	char *path CLEANUP(freep) = path_join(dir, "issues.jsonl");
	struct err e = ERR_INIT;

	if (file_write(path, (struct str){text, n}, false, &e) || beads_load(path, ret, &e))
		fail_msg("%s", e.msg);
}

#define LOAD(text, ret) load_text(text, sizeof(text) - 1, ret)

static cJSON *read_json(const char *path)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;

	if (file_read(path, 16 << 20, &b, &e))
		fail_msg("%s", e.msg);
	cJSON *o = cJSON_Parse(buf_cstr(&b));
	assert_non_null(o);
	return o;
}

static bool has(const cJSON *list, const char *id)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		if (streq(one->valuestring, id))
			return true;
	}
	return false;
}

/* The judged ones are exactly those of the list. */
static void check_verdicts(const struct beads_file *f, const cJSON *ready, const char *name)
{
	struct beads_verdicts v;
	int n = 0;

	beads_judge(f, NOW_MS, &v);
	assert_int_equal(v.items.n, f->issues.n);
	for (size_t i = 0; i < v.items.n; i++) {
		bool is_ready = v.items.items[i].state == BEADS_READY;

		if (is_ready != has(ready, f->issues.items[i].id))
			fail_msg("%s: '%s' ready: %d", name, f->issues.items[i].id, is_ready);
		assert_int_equal(v.items.items[i].reason != NULL,
				 v.items.items[i].state == BEADS_HIDDEN);
		assert_int_equal(v.items.items[i].by.n > 0,
				 v.items.items[i].state == BEADS_BLOCKED);
		n += is_ready;
	}
	assert_int_equal(n, cJSON_GetArraySize(ready));
	beads_verdicts_done(&v);
}

/* And so does everyone see them who only knows the port. */
static void check_graph(const struct beads_file *f, const cJSON *ready, const char *name)
{
	struct issue_graph g = {0};
	struct map blocked CLEANUP(map_done) = {0};
	size_t at;

	assert_int_equal(beads_graph(f, NULL, NOW_MS, &g, NULL), 0);
	for (size_t i = 0; i < g.edges.n; i++) {
		if (!beads_is_closed(beads_find(f, g.edges.items[i].needs)))
			map_set(&blocked, g.edges.items[i].task, 1);
	}
	for (size_t i = 0; i < g.issues.n; i++) {
		const struct issue *is = &g.issues.items[i];
		bool is_ready = is->open && !*is->hidden && !map_find(&blocked, is->id, &at);

		if (is_ready != has(ready, is->id))
			fail_msg("%s: '%s' ready in the graph: %d", name, is->id, is_ready);
	}
	issue_graph_done(&g);
}

/* As an export has them: the edges inside their issue. */
static void load_case(cJSON *one, struct beads_file *ret)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	cJSON *issue, *dep;

	cJSON_ArrayForEach(issue, cJSON_GetObjectItem(one, "issues"))
	{
		cJSON *list = cJSON_AddArrayToObject(issue, "dependencies");

		cJSON_ArrayForEach(dep, cJSON_GetObjectItem(one, "deps"))
		{
			if (streq(cJSON_GetObjectItem(dep, "issue_id")->valuestring,
				  cJSON_GetObjectItem(issue, "id")->valuestring))
				cJSON_AddItemToArray(list, cJSON_Duplicate(dep, 1));
		}
		char *line = cJSON_PrintUnformatted(issue);
		buf_printf(&text, "%s\n", line);
		free(line);
	}
	load_text(buf_cstr(&text), text.n, ret);
}

static void check(struct beads_file *f, enum beads_rule rule, const cJSON *ready, const char *name)
{
	f->rule = rule;
	check_verdicts(f, ready, name);
	check_graph(f, ready, name);
}

static void test_beads__ready_cases(void **state)
{
	char *path CLEANUP(freep) =
		path_join(getenv("GANGER_SOURCE"), "test/data/beads-ready-cases.json");
	cJSON *cases = read_json(path), *one;

	(void)state;
	assert_int_equal(cJSON_GetArraySize(cases), 34);
	cJSON_ArrayForEach(one, cases)
	{
		const char *name = cJSON_GetObjectItem(one, "name")->valuestring;
		const cJSON *ready = cJSON_GetObjectItem(one, "ready");
		const cJSON *old = cJSON_GetObjectItem(one, "ready_0_49");
		struct beads_file f;

		load_case(one, &f);
		check(&f, BEADS_RULE_UNSAID, ready, name);
		check(&f, BEADS_RULE_1_0, ready, name);
		check(&f, BEADS_RULE_0_49, old ? old : ready, name);
		beads_file_done(&f);
	}
	cJSON_Delete(cases);
}

/* An export and what two programs that are not ours found ready in it. */
static void check_oracles(
	const char *path, const char *oracles, size_t n, const char *new_rule, const char *old_rule)
{
	cJSON *expected = read_json(oracles);
	struct beads_file f;
	struct err e = ERR_INIT;

	if (beads_load(path, &f, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(f.issues.n, n);
	assert_int_equal(f.problems.n, 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(expected, new_rule)), 63);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(expected, old_rule)), 61);
	check(&f, BEADS_RULE_1_0, cJSON_GetObjectItem(expected, new_rule), "real, 1.0");
	check(&f, BEADS_RULE_0_49, cJSON_GetObjectItem(expected, old_rule), "real, 0.49");
	cJSON_Delete(expected);
	beads_file_done(&f);
}

static void test_beads__what_decides_of_a_real_export(void **state)
{
	char *path CLEANUP(freep) =
		path_join(getenv("GANGER_SOURCE"), "test/data/beads-real.jsonl");
	char *ready CLEANUP(freep) =
		path_join(getenv("GANGER_SOURCE"), "test/data/beads-real.ready.json");

	(void)state;
	check_oracles(path, ready, 397, "1.0", "0.49");
}

static void test_beads__real_export(void **state)
{
	const char *shared = getenv("GANGER_SHARED");

	(void)state;
	if (!shared)
		skip();
	char *path CLEANUP(freep) = path_join(shared, "data/beads/beads-3003.jsonl");
	char *ready CLEANUP(freep) = path_join(shared, "data/beads/beads-3003.ready.json");
	check_oracles(path, ready, 3003, "v1.0.5_rule", "v0.49.6_sql");
}

#define ON(id, type) "{'depends_on_id':'" id "','type':'" type "'}"
#define X(edges)     "{'id':'x','dependencies':[" edges "]}\n"
#define A(status)    "{'id':'a','status':'" status "'}\n"
#define CHILD(id, is)                                                                              \
	"{'id':'" id "','status':'" is "','dependencies':[" ON("s", "parent-child") "]}\n"
#define WAITS X(ON("s", "waits-for")) "{'id':'s'}\n"
#define WAITS_ANY                                                                                  \
	X("{'depends_on_id':'s','type':'waits-for','metadata':{'gate':'any-children'}}")           \
	"{'id':'s'}\n"
#define PINNED_PARENT                                                                              \
	X(ON("p", "parent-child"))                                                                 \
	"{'id':'p','status':'pinned','dependencies':[" ON("a", "blocks") "]}\n"

/* What the cases of the reference do not have. */
static void test_beads__the_old_rule(void **state)
{
	static const struct {
		const char *text;
		bool ready, ready_0_49; /* 'x' */
	} cases[] = {
		{X(ON("a",			       "blocks")) A("hooked"),               false,                                                     false},
		{X(ON("a",				      "conditional-blocks")) A("hooked"),								   false,                                                     true},
		{X(ON("a",				  "blocks")) A("in review"),								      false,								    true},
		{X(ON("a",				 "conditional-blocks")) A("tombstone"),true,true},
		{X(ON("a","conditional-blocks")) A("closed"),      true,									  false},
		{WAITS CHILD("c",                               "pinned"),								 true,														 false},
		{WAITS_ANY CHILD("c",				      "pinned"),							    true,									      false},
		{WAITS_ANY CHILD("c",                                 "closed") CHILD("d",								     "open"),true, true},
		{PINNED_PARENT A("open"),                                  true,      false},
		{PINNED_PARENT A("closed"),true,true     },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text CLEANUP(freep) = mem_strdup(cases[i].text);
		struct beads_file f;

		for (char *p = text; *p; p++)
			*p = *p == '\'' ? '"' : *p;
		load_text(text, strlen(text), &f);
		for (int old = 0; old < 2; old++) {
			struct beads_verdicts v;

			f.rule = old ? BEADS_RULE_0_49 : BEADS_RULE_1_0;
			beads_judge(&f, NOW_MS, &v);
			bool ready = v.items.items[0].state == BEADS_READY;
			if (ready != (old ? cases[i].ready_0_49 : cases[i].ready))
				fail_msg("%zu: old rule %d, ready %d", i, old, ready);
			beads_verdicts_done(&v);
		}
		beads_file_done(&f);
	}
}

#undef ON
#undef X
#undef A
#undef CHILD
#undef WAITS
#undef WAITS_ANY
#undef PINNED_PARENT

static const char *note_of(const struct issue_graph *g)
{
	return g->notes.n ? g->notes.items[0] : "";
}

/* An export may not say which version's it is: then the rule is a guess, and said where it matters. */
static void test_beads__a_guessed_rule_is_said(void **state)
{
	static const char text[] = "{\"id\":\"a-wisp-1\"}\n{\"id\":\"b\"}\n";
	static const char newer[] = "{\"_type\":\"issue\",\"id\":\"a-wisp-1\"}\n";
	struct issue_graph g = {0};
	struct beads_file f;

	(void)state;
	LOAD(text, &f);
	assert_int_equal(beads_graph(&f, NULL, NOW_MS, &g, NULL), 0);
	assert_string_equal(note_of(&g), "ready by the rule of Beads 1.0, not by that of 0.49: "
					 "'a-wisp-1' (a guess; key beads.rule)");
	issue_graph_done(&g);
	f.rule = BEADS_RULE_0_49;
	assert_int_equal(beads_graph(&f, NULL, NOW_MS, &g, NULL), 0);
	assert_string_equal(note_of(&g), "");
	assert_string_equal(g.issues.items[0].hidden, "an id of Beads' own steps");
	issue_graph_done(&g);
	beads_file_done(&f);

	LOAD(newer, &f);
	assert_int_equal(f.rule, BEADS_RULE_1_0);
	assert_int_equal(beads_graph(&f, NULL, NOW_MS, &g, NULL), 0);
	assert_string_equal(note_of(&g), "");
	issue_graph_done(&g);
	beads_file_done(&f);
}

static void test_beads__what_cannot_be_read_is_named_and_the_rest_read(void **state)
{
	static const struct {
		int line;
		const char *text;
	} expected[] = {
		{2,  "not JSON"				  },
		{3,  "not one JSON object"                       },
		{4,  "not one JSON object"                       },
		{6,  "an issue without 'id'"                     },
		{9,  "a dependency of 'c' has no 'depends_on_id'"},
		{10, "'defer_until' of 'd' is not a time: 'soon'"},
		{12, "not JSON"				  },
	};
	struct beads_file f;

	(void)state;
	LOAD("\xef\xbb\xbf{\"id\":\"a\",\"title\":\"first\"}\r\n"
	     "<<<<<<< HEAD\n"
	     "[1,2]\n"
	     "{\"id\":\"x\"} {\"id\":\"y\"}\n"
	     "\n"
	     "{\"title\":\"no id\"}\n"
	     "{\"_type\":\"memory\",\"id\":\"m\"}\n"
	     "{\"id\":\"b\",\"title\":\"bad \xff byte\",\"new_field\":{\"x\":[1]}}   \r\n"
	     "{\"id\":\"c\",\"dependencies\":[{\"type\":\"blocks\"},"
	     "{\"depends_on_id\":\"a\",\"type\":\"own-kind\"}]}\n"
	     "{\"id\":\"d\",\"defer_until\":\"soon\"}\n"
	     "{\"_type\":\"issue\",\"id\":\"e\"}\n"
	     "{\"id\":\"cut off",
	     &f);
	assert_int_equal(f.problems.n, ARRAY_LEN(expected));
	for (size_t i = 0; i < f.problems.n; i++) {
		assert_int_equal(f.problems.items[i].line, expected[i].line);
		assert_string_equal(f.problems.items[i].text, expected[i].text);
	}
	assert_int_equal(f.issues.n, 5);
	assert_int_equal(f.other, 1);
	assert_string_equal(beads_find(&f, "a")->title, "first");
	assert_string_equal(beads_find(&f, "b")->title, "bad \xef\xbf\xbd byte");
	const struct beads_issue *c = beads_find(&f, "c");
	assert_int_equal(c->edges.n, 1);
	assert_string_equal(c->edges.items[0].type, "own-kind");
	assert_int_equal(c->edges.items[0].kind, BEADS_INERT);
	assert_null(beads_find(&f, "m"));
	beads_file_done(&f);
}

static void test_beads__too_long_a_line_is_named(void **state)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct beads_file f;

	(void)state;
	buf_puts(&text, "{\"id\":\"a\",\"description\":\"");
	char *fill = mem_alloc(BEADS_LINE_MAX);
	memset(fill, 'x', BEADS_LINE_MAX);
	buf_add(&text, fill, BEADS_LINE_MAX);
	free(fill);
	buf_puts(&text, "\"}\n{\"id\":\"b\"}\n");
	load_text(buf_cstr(&text), text.n, &f);
	assert_int_equal(f.problems.n, 1);
	assert_int_equal(f.problems.items[0].line, 1);
	assert_string_equal(f.problems.items[0].text, "longer than 16777216 bytes");
	assert_int_equal(f.issues.n, 1);
	beads_file_done(&f);
}

static void test_beads__newest_copy_counts(void **state)
{
	struct beads_file f;

	(void)state;
	LOAD(/* the first is newer, by its zone alone */
	     "{\"id\":\"a\",\"title\":\"new\",\"updated_at\":\"2026-01-01T10:00:00-08:00\"}\n"
	     "{\"id\":\"a\",\"title\":\"old\",\"updated_at\":\"2026-01-01T17:59:59Z\"}\n"
	     /* of equals the last, also in another zone */
	     "{\"id\":\"b\",\"title\":\"first\",\"updated_at\":\"2026-01-01T10:00:00Z\"}\n"
	     "{\"id\":\"b\",\"title\":\"last\",\"updated_at\":\"2026-01-01T11:00:00+01:00\"}\n"
	     /* microseconds apart */
	     "{\"id\":\"c\",\"title\":\"new\",\"updated_at\":\"2026-01-01T10:00:00.000002Z\"}\n"
	     "{\"id\":\"c\",\"title\":\"old\",\"updated_at\":\"2026-01-01T10:00:00.000001Z\"}\n"
	     /* one without a time is older than any */
	     "{\"id\":\"d\",\"title\":\"new\",\"updated_at\":\"1970-01-01T00:00:00Z\"}\n"
	     "{\"id\":\"d\",\"title\":\"old\"}\n",
	     &f);
	assert_int_equal(f.issues.n, 4);
	assert_int_equal(f.copies, 4);
	assert_string_equal(beads_find(&f, "a")->title, "new");
	assert_string_equal(beads_find(&f, "b")->title, "last");
	assert_string_equal(beads_find(&f, "c")->title, "new");
	assert_string_equal(beads_find(&f, "d")->title, "new");
	beads_file_done(&f);
}

static void test_beads__fields(void **state)
{
	struct beads_file f;

	(void)state;
	LOAD("{\"id\":\"a\",\"title\":\"two\\nlines\",\"description\":\"what\",\"notes\":\"n\","
	     "\"design\":\"how\",\"acceptance_criteria\":\"it works\",\"priority\":9,\"labels\":[\"x\",\"y\",\"x\",7],"
	     "\"created_at\":\"1970-01-01T00:00:01.5Z\",\"close_reason\":\"done\","
	     "\"comments\":[{\"author\":\"k\",\"text\":\"hm\","
	     "\"created_at\":\"1970-01-01T00:00:02Z\"},{\"author\":\"k\"}]}\n",
	     &f);
	const struct beads_issue *a = beads_find(&f, "a");
	assert_string_equal(a->title, "two lines");
	assert_string_equal(a->body, "what\n\n## Design\n\nhow\n\n## Acceptance criteria\n\n"
				     "it works\n\n## Notes\n\nn");
	assert_int_equal(a->priority, 4);
	assert_string_equal(a->labels, "x\ny");
	assert_string_equal(a->status, "open");
	assert_string_equal(a->type, "task");
	assert_int_equal(a->created_ms, 1500);
	assert_int_equal(a->comments.n, 1);
	assert_int_equal(a->comments.items[0].created_ms, 2000);
	beads_file_done(&f);
}

static void test_beads__times(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t ns;
	} cases[] = {
		{"1970-01-01T00:00:00Z",            true,  0                      },
		{"1970-01-01T00:00:00.000000001Z",  true,  1                      },
		{"1970-01-01T00:00:00.0000000019Z", true,  1                      },
		{"1969-12-31T16:00:00-08:00",       true,  0                      },
		{"1970-01-01T05:30:00+05:30",       true,  0                      },
		{"1970-01-02",                      true,  INT64_C(86400000000000)},
		{" 1970-01-01t00:00:01z ",          true,  1000000000             },
		{"1970-01-01T00:00:00",             false, 0                      },
		{"1970-13-01T00:00:00Z",            false, 0                      },
		{"1970-01-01T00:00:00Z!",           false, 0                      },
		{"1970-01-01T00:00:00+-1:00",       false, 0                      },
		{"yesterday",                       false, 0                      },
		{"",				false, 0                      },
	};
	int64_t ns, later;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (beads_time(str_of(cases[i].text), &ns) != cases[i].ok)
			fail_msg("'%s'", cases[i].text);
		if (cases[i].ok)
			assert_int_equal(ns, cases[i].ns);
	}
	assert_true(beads_time(STR("9999-12-31T00:00:00Z"), &later));
	assert_true(beads_time(STR("2200-01-01T00:00:00Z"), &ns));
	assert_true(later > ns);
}

static void test_beads__a_circle_of_parents_ends(void **state)
{
	struct beads_file f;
	struct beads_verdicts v;

	(void)state;
	LOAD("{\"id\":\"a\",\"dependencies\":[{\"depends_on_id\":\"b\",\"type\":\"parent-child\"}]}"
	     "\n"
	     "{\"id\":\"b\",\"dependencies\":[{\"depends_on_id\":\"a\",\"type\":\"parent-child\"},"
	     "{\"depends_on_id\":\"k\",\"type\":\"blocks\"}]}\n"
	     "{\"id\":\"k\"}\n",
	     &f);
	beads_judge(&f, NOW_MS, &v);
	assert_int_equal(v.items.items[0].state, BEADS_BLOCKED);
	assert_string_equal(v.items.items[0].by.items[0], "k");
	assert_int_equal(v.items.items[1].state, BEADS_BLOCKED);
	assert_int_equal(v.items.items[2].state, BEADS_READY);
	beads_verdicts_done(&v);
	beads_file_done(&f);
}

static void test_beads__graph_of_an_epic(void **state)
{
	struct beads_file f;
	struct issue_graph g = {0};
	struct err e = ERR_INIT;

	(void)state;
	LOAD("{\"id\":\"E\"}\n"
	     "{\"id\":\"a\",\"dependencies\":[{\"depends_on_id\":\"E\",\"type\":\"parent-child\"},"
	     "{\"depends_on_id\":\"k\",\"type\":\"blocks\"}]}\n"
	     "{\"id\":\"k\",\"title\":\"outside\"}\n",
	     &f);
	assert_int_equal(beads_graph(&f, "none", NOW_MS, &g, &e), ERR_NOT_FOUND);
	assert_int_equal(beads_graph(&f, "E", NOW_MS, &g, &e), 0);
	assert_int_equal(g.issues.n, 1);
	assert_string_equal(g.issues.items[0].parent, "E");
	assert_int_equal(g.edges.n, 1);
	assert_int_equal(g.outside.n, 1);
	assert_string_equal(g.outside.items[0].title, "outside");
	assert_true(g.outside.items[0].open);
	issue_graph_done(&g);
	beads_file_done(&f);
}

static void test_beads__what_was_discovered_from_an_epic(void **state)
{
#define FROM(id) "\"dependencies\":[{\"depends_on_id\":\"" id "\",\"type\":\"discovered-from\"}"
	struct beads_file f;
	struct issue_graph g = {0};

	(void)state;
	LOAD("{\"id\":\"E\"," FROM(
		     "k") "]}\n"
			  "{\"id\":\"k\",\"dependencies\":[{\"depends_on_id\":\"E\",\"type\":"
			  "\"parent-child\"}]}\n"
			  "{\"id\":\"child\"," FROM(
				  "k") ",{\"depends_on_id\":\"E\",\"type\":\"parent-child\"}]}\n"
				       "{\"id\":\"bug\",\"title\":\"A bug\"," FROM(
					       "k") "]}\n"
						    "{\"id\":\"more\"," FROM(
							    "E") "]}\n"
								 "{\"id\":\"done\",\"status\":"
								 "\"closed\"," FROM(
									 "k") "]}\n"
									      "{\"id\":"
									      "\"far\"," FROM(
										      "bug") "]}\n"
											     "{\"id"
											     "\":"
											     "\"los"
											     "t\""
											     "," FROM(
												     "nothing") "]}\n",
	     &f);
#undef FROM
	assert_int_equal(beads_graph(&f, "E", NOW_MS, &g, NULL), 0);
	assert_int_equal(g.issues.n, 2);
	assert_int_equal(g.edges.n, 0);
	assert_int_equal(g.found.n, 2);
	assert_string_equal(g.found.items[0].id, "bug");
	assert_string_equal(g.found.items[0].title, "A bug");
	assert_string_equal(g.found.items[0].from, "k");
	assert_string_equal(g.found.items[1].id, "more");
	assert_string_equal(g.found.items[1].from, "E");
	issue_graph_done(&g);
	assert_int_equal(beads_graph(&f, NULL, NOW_MS, &g, NULL), 0);
	assert_int_equal(g.found.n, 0);
	issue_graph_done(&g);
	beads_file_done(&f);
}

static void test_beads__absent_file(void **state)
{
	struct beads_file f;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(beads_load("/nonexistent.jsonl", &f, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "/nonexistent.jsonl"));
	assert_int_equal(beads_load("/", &f, &e), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beads__ready_cases),
		cmocka_unit_test(test_beads__what_decides_of_a_real_export),
		cmocka_unit_test(test_beads__real_export),
		cmocka_unit_test(test_beads__the_old_rule),
		cmocka_unit_test(test_beads__a_guessed_rule_is_said),
		cmocka_unit_test(test_beads__what_cannot_be_read_is_named_and_the_rest_read),
		cmocka_unit_test(test_beads__too_long_a_line_is_named),
		cmocka_unit_test(test_beads__newest_copy_counts),
		cmocka_unit_test(test_beads__fields),
		cmocka_unit_test(test_beads__times),
		cmocka_unit_test(test_beads__a_circle_of_parents_ends),
		cmocka_unit_test(test_beads__graph_of_an_epic),
		cmocka_unit_test(test_beads__what_was_discovered_from_an_epic),
		cmocka_unit_test(test_beads__absent_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
