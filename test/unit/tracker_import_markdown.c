#include "base/clean.h"
#include "port/import.h"
#include "tmp.h"
#include "tracker/local.h"
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

static char *dir, *path;
static struct tracker *t;
static struct err e;
static struct import_result r;

static int setup(void **state)
{
	(void)state;
	dir = tmp_make();
	path = path_join(dir, "plan.md");
	char *db CLEANUP(freep) = path_join(dir, "issues.db");
	return tracker_local_new(db, &t, &e);
}

static int teardown(void **state)
{
	(void)state;
	import_result_done(&r);
	t->ops->free(t);
	tmp_done(dir);
	free(path);
	return 0;
}

static int import_text(const char *text, const char *epic)
{
	assert_int_equal(file_write(path, str_of(text), false, &e), 0);
	import_result_done(&r);
	return import_markdown(t, &(struct import_spec){.path = path, .epic = epic}, &r, &e);
}

static void import_ok(const char *text)
{
	if (import_text(text, NULL))
		fail_msg("%s", e.msg);
}

static struct issue get(const char *id)
{
	struct issue i;

	if (t->ops->get(t, id, &i, NULL, &e))
		fail_msg("%s", e.msg);
	return i;
}

static void assert_issue(const char *id, const char *title, const char *body)
{
	struct issue i = get(id);

	assert_string_equal(i.title, title);
	assert_string_equal(i.body, body);
	issue_done(&i);
}

static void assert_edges(const char *expected)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct issue_graph g;

	assert_int_equal(t->ops->load(t, r.epic, NULL, &g, &e), 0);
	for (size_t i = 0; i < g.edges.n; i++)
		buf_printf(&b, "%s%s>%s", i ? " " : "", g.edges.items[i].task,
			   g.edges.items[i].needs);
	assert_string_equal(buf_cstr(&b), expected);
	issue_graph_done(&g);
}

static void test_import_markdown__a_plan(void **state)
{
	(void)state;
	import_ok("# Build the thing\n"
		  "\n"
		  "What it is for.\n"
		  "\n"
		  "## Tasks\n"
		  "- [ ] Parse the file\n"
		  "  Read it line by line.\n"
		  "\n"
		  "  after: 3\n"
		  "  labels: parser, io\n"
		  "  priority: 0\n"
		  "- [x] Set up the build\n"
		  "- [ ] Define the format\n"
		  "  after: \"Set up the build\"\n"
		  "- [ ] Write it out\n"
		  "  after: 1, Define the format\n");
	assert_int_equal(r.issues, 4);
	assert_int_equal(r.closed, 1);
	assert_int_equal(r.edges, 4);
	assert_int_equal(r.notes.n, 0);
	assert_string_equal(r.epic, "5");
	assert_true(r.epic_made);
	assert_issue("5", "Build the thing", "What it is for.\n\n## Tasks");
	assert_issue("1", "Parse the file", "Read it line by line.");
	assert_issue("2", "Set up the build", "");
	struct issue i = get("1");
	assert_string_equal(i.labels, "parser\nio");
	assert_int_equal(i.priority, 0);
	assert_string_equal(i.parent, "5");
	assert_true(i.open);
	issue_done(&i);
	i = get("2");
	assert_false(i.open);
	assert_string_equal(i.closed_reason, "completed");
	assert_int_equal(i.priority, 2);
	issue_done(&i);
	assert_edges("1>3 3>2 4>1 4>3");
}

static void test_import_markdown__every_bullet_and_end_of_line(void **state)
{
	(void)state;
	import_ok("\xef\xbb\xbf# Title\r\n"
		  "* [ ] one\r\n"
		  "\tbody of one\r\n"
		  "\t\tdeeper\r\n"
		  "\tafter: two\r\n"
		  "+ [X] two\r\n"
		  "1. [ ] three\r\n"
		  "   body of three\r\n"
		  "12) [ ] four");
	assert_int_equal(r.issues, 4);
	assert_issue("5", "Title", "");
	assert_issue("1", "one", "body of one\n    deeper");
	assert_issue("3", "three", "body of three");
	assert_issue("4", "four", "");
	assert_edges("1>2");
}

static void test_import_markdown__body_is_kept_as_written(void **state)
{
	(void)state;
	import_ok("# T\n"
		  "- [ ] one\n"
		  "\n"
		  "  First.\n"
		  "\n"
		  "  - [ ] a step, not a task\n"
		  "    - deeper\n"
		  "  ```sh\n"
		  "  after: 99\n"
		  "    # not a title\n"
		  "  - [ ] not a task\n"
		  "\n"
		  "  ```\n"
		  "    after: 98 is quoted text\n"
		  "  Last.\n"
		  "\n"
		  "- [ ] two\n");
	assert_int_equal(r.issues, 2);
	assert_issue("1", "one",
		     "First.\n\n- [ ] a step, not a task\n  - deeper\n```sh\nafter: 99\n"
		     "  # not a title\n- [ ] not a task\n\n```\n  after: 98 is quoted text\nLast.");
	assert_edges("");
}

static void test_import_markdown__fences_before_the_tasks(void **state)
{
	(void)state;
	import_ok("# T\n"
		  "~~~\n"
		  "# an example\n"
		  "- [ ] no task\n"
		  "```\n"
		  "~~~\n"
		  "- [ ] task\n");
	assert_int_equal(r.issues, 1);
	assert_issue("2", "T", "~~~\n# an example\n- [ ] no task\n```\n~~~");
}

static void test_import_markdown__titles_with_commas_and_numbers(void **state)
{
	(void)state;
	import_ok("# T\n"
		  "- [ ] Parse, then print\n"
		  "- [ ] 2\n"
		  "  after: Parse, then print\n"
		  "- [ ] 1\n"
		  "  after: \"Parse, then print\", 2\n"
		  "- [ ] four\n"
		  "  after: \"1\" , 1,\n"
		  "- [ ] five\n"
		  "  after:\n");
	assert_edges("2>1 3>1 3>2 4>3 4>1");
}

static void test_import_markdown__what_is_wrong_is_named_and_nothing_imported(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"# T\n- [ ] a\n- [ ] b\n  text\n  after: 1, 7\n",
		 "5: there is no task '7' in the plan"							  },
		{"# T\n- [ ] a\n  after: 0\n",                      "3: there is no task '0' in the plan"       },
		{"# T\n- [ ] a\n  after: nobody\n",                 "3: there is no task 'nobody' in the plan"  },
		{"# T\n- [ ] a\n  after: a\n",                      "3: 'a' cannot depend on itself"            },
		{"# T\n- [ ] x\n- [ ] x\n- [ ] b\n  after: x\n",
		 "5: two tasks have the title 'x' (lines 2 and 3)"                                              },
		{"# T\n- [ ] a\nafter: 1\n",                        "3: 'after:' is not indented below its task"},
		{"# T\n- [ ] a\n- [ ] b\n  after: 1\n  after: 1\n",
		 "5: a second 'after:' of one task"							     },
		{"# T\n- [ ] a\n  priority: high\n",                "3: a priority is a number from 0 to 4"     },
		{"# T\n- [ ] a\n  priority: 5\n",                   "3: a priority is a number from 0 to 4"     },
		{"# T\n- [ ]  \n",                                  "2: a task without a title"                 },
		{"# T\n# U\n- [ ] a\n",                             "2: a second '# title': a plan is one epic" },
		{"# T\n\ntext\n",				   " there is no task, '- [ ] title', in it"   },
		{"- [ ] a\n",				       " no '# title' names the epic"              },
		{"",						" there is no task, '- [ ] title', in it"   },
	};
	struct issue_graph g;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *expected CLEANUP(freep) = mem_printf("%s:%s", path, cases[i].reason);

		assert_int_equal(import_text(cases[i].text, NULL), ERR_INVALID);
		assert_string_equal(e.msg, expected);
	}
	assert_int_equal(t->ops->load(t, NULL, NULL, &g, &e), 0);
	assert_int_equal(g.issues.n, 0);
	issue_graph_done(&g);
}

static void test_import_markdown__into_a_named_epic(void **state)
{
	struct issue_graph g;

	(void)state;
	assert_int_equal(import_text("- [ ] a\n", "2"), 0);
	assert_string_equal(r.epic, "2");
	assert_string_equal(r.ids.items[0], "3");
	assert_int_equal(import_text("# Other\n- [ ] b\n  after: 1\n- [ ] c\n", "2"), ERR_INVALID);
	assert_int_equal(import_text("# Other\n- [ ] b\n- [ ] c\n  after: 1\n", "2"), 0);
	assert_false(r.epic_made);
	assert_int_equal(t->ops->load(t, "2", NULL, &g, &e), 0);
	assert_int_equal(g.issues.n, 3);
	issue_graph_done(&g);
	assert_edges("5>4");
	assert_issue("2", "2", "");
}

static void test_import_markdown__a_cycle_comes_as_it_is(void **state)
{
	(void)state;
	import_ok("# T\n- [ ] a\n  after: 2\n- [ ] b\n  after: 1\n");
	assert_edges("1>2 2>1");
}

static void test_import_markdown__text_of_no_task_is_noted(void **state)
{
	(void)state;
	import_ok("# T\n- [ ] a\n\n## Later\nSome text.\n- [ ] b\n- plain\n");
	assert_int_equal(r.issues, 2);
	assert_int_equal(r.notes.n, 2);
	assert_int_equal(r.notes.items[0].line, 5);
	assert_int_equal(r.notes.items[1].line, 7);
	assert_issue("1", "a", "");
}

static void test_import_markdown__tasks_below_a_heading_bullet(void **state)
{
	(void)state;
	import_ok("# T\n- Phase one\n  - [ ] a\n    body\n  - [ ] b\n    after: 1\n- [ ] c\n");
	assert_int_equal(r.issues, 3);
	assert_issue("1", "a", "body");
	assert_edges("2>1");
}

static void test_import_markdown__absent_file(void **state)
{
	(void)state;
	assert_int_equal(
		import_markdown(t, &(struct import_spec){.path = "/nonexistent.md"}, &r, &e),
		ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_import_markdown__a_plan),
		T(test_import_markdown__every_bullet_and_end_of_line),
		T(test_import_markdown__body_is_kept_as_written),
		T(test_import_markdown__fences_before_the_tasks),
		T(test_import_markdown__titles_with_commas_and_numbers),
		T(test_import_markdown__what_is_wrong_is_named_and_nothing_imported),
		T(test_import_markdown__into_a_named_epic),
		T(test_import_markdown__a_cycle_comes_as_it_is),
		T(test_import_markdown__text_of_no_task_is_noted),
		T(test_import_markdown__tasks_below_a_heading_bullet),
		T(test_import_markdown__absent_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
