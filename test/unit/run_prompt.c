#include "run/prompt.h"
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

static char *build(const struct prompt_spec *s)
{
	struct buf b = BUF_INIT;

	prompt_build(&b, s);
	return buf_take(&b);
}

/* Every one of the texts is in the prompt, in this order. */
static void assert_in_order(const char *prompt, const char *const *texts)
{
	const char *at = prompt;

	for (; *texts; texts++) {
		const char *found = strstr(at, *texts);

		if (!found)
			fail_msg("'%s' is not there, or not in its place:\n%s", *texts, prompt);
		at = found + strlen(*texts);
	}
}

static void test_prompt__is_the_task_and_then_the_rules(void **state)
{
	static const char *const texts[] = {
		"# Say hello\n",
		"\nIn C.\nPlease.\n",
		"## Comments\n\nann: politely\n",
		"alone in this worktree, /w, on branch ganger/7/1.",
		"Do only this task",
		"Run the project's tests; your work lands only if this passes: make test",
		"Commit your work with git, here. If committing is refused, leave the files",
		"Do not push, open pull requests, switch branches, write outside this folder",
		"services",
		"ask questions: nobody answers",
		"ganger: nothing to do",
		NULL,
	};
	char *p = build(&(struct prompt_spec){
		.task = "1",
		.title = "Say hello",
		.body = "\n\nIn C.\nPlease.\n\n\n",
		.comments = "ann: politely",
		.worktree = "/w",
		.branch = "ganger/7/1",
		.check = "make test",
		.attempt = 1,
	});

	(void)state;
	assert_in_order(p, texts);
	assert_null(strstr(p, "last attempt"));
	assert_null(strstr(p, "Already done"));
	free(p);
}

/* An agent that only prints its prompt must not be taken for one that had nothing to do. */
static void test_prompt__does_not_end_with_the_magic_line(void **state)
{
	char *p = build(&(struct prompt_spec){.task = "1", .attempt = 1});

	(void)state;
	assert_null(strstr(p, "\nganger: nothing to do"));
	assert_non_null(strstr(p, "# 1\n"));
	free(p);
}

static void test_prompt__says_what_landed(void **state)
{
	static const struct prompt_landed landed[] = {
		{"3", "The parser"},
                {"4", NULL        }
        };
	static const char *const texts[] = {"## Already done", "- 3: The parser\n- 4\n", "## Rules",
					    NULL};
	char *p = build(&(struct prompt_spec){
		.task = "1", .title = "t", .landed = landed, .n_landed = 2, .attempt = 1});

	(void)state;
	assert_in_order(p, texts);
	free(p);
}

static void test_prompt__gives_the_epic_as_context(void **state)
{
	static const char *const texts[] = {"# t\n",
					    "## The epic that this task is part of: The release\n",
					    "your task is the one above",
					    "\nFor the summer.\n",
					    "## Rules",
					    NULL};
	struct prompt_spec s = {.task = "1", .title = "t", .attempt = 1};
	struct buf body = BUF_INIT;
	char *p = build(&s);

	(void)state;
	assert_null(strstr(p, "epic"));
	free(p);
	s.epic = "The release\n";
	s.epic_body = "\nFor the summer.\n\n";
	p = build(&s);
	assert_in_order(p, texts);
	assert_null(strstr(p, "left out"));
	free(p);
	buf_puts(&body, "x");
	for (int i = 0; i < 10000; i++)
		buf_puts(&body, "\xc3\xa4");
	s.epic_body = buf_cstr(&body);
	p = build(&s);
	assert_true(str_utf8(str_of(p)));
	assert_non_null(strstr(p, "(3618 bytes after this are left out)\n"));
	free(p);
	buf_done(&body);
}

/* What a template makes of a spec; NULL: the error is in *e. */
static char *expand(const char *text, const struct prompt_spec *s, struct err *e)
{
	struct buf b = BUF_INIT;

	if (prompt_expand(&b, str_of(text), s, e) == 0)
		return buf_take(&b);
	buf_done(&b);
	return NULL;
}

static void test_expand__fills_in_fields_and_nothing_else(void **state)
{
	static const struct prompt_spec s = {.epic = "E",
					     .epic_body = "EB",
					     .task = "7",
					     .title = "{{id}}",
					     .body = "B",
					     .comments = "C",
					     .branch = "b",
					     .worktree = "/w",
					     .check = "make",
					     .attempt = 2,
					     .feedback = STR("red"),
					     .diff = STR("+d")};
	struct err e = ERR_INIT;
	char *p =
		expand("{{id}} {{ title }} {{body}}{{comments}} {{epic}} {{epic_body}} {{branch}} "
		       "{{worktree}} {{check}} {{attempt}} {a} }} {{feedback}}{{diff}}",
		       &s, &e);

	(void)state;
	assert_non_null(p);
	assert_string_equal(p, "7 {{id}} BC E EB b /w make 2 {a} }} \nred\n+d\n");
	free(p);
	p = expand("", &s, &e);
	assert_non_null(p);
	assert_string_equal(p, "");
	free(p);
}

static void test_expand__has_each_part_of_the_built_in_prompt(void **state)
{
	static const struct prompt_landed landed[] = {
		{"3", "The parser"}
        };
	static const struct prompt_file files[] = {
		{"plan.md",   STR("First.")},
                {"AGENTS.md", STR("Tabs.") }
        };
	static const struct prompt_spec s = {.epic = "E",
					     .task = "7",
					     .title = "t",
					     .attempt = 2,
					     .landed = landed,
					     .n_landed = 1,
					     .files = files,
					     .n_files = 1,
					     .instructions = files + 1,
					     .conflicts = "a.c",
					     .feedback = STR("red")};
	struct err e = ERR_INIT;
	char *built = build(&s);
	char *p =
		expand("{{task}}{{context}}{{done}}{{conflicts}}{{retry}}{{instructions}}{{files}}"
		       "{{rules}}",
		       &s, &e);

	(void)state;
	assert_non_null(p);
	assert_string_equal(p, built);
	assert_non_null(strstr(p, "## From the project: AGENTS.md\n\nTabs.\n"));
	free(p);
	free(built);
}

static void test_expand__names_what_it_does_not_know(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_null(expand("a {{nothing}}", &(struct prompt_spec){0}, &e));
	assert_int_equal(e.code, ERR_INVALID);
	assert_non_null(strstr(e.msg, "'{{nothing}}'"));
	assert_non_null(strstr(e.hint, "instructions"));
	e = (struct err)ERR_INIT;
	assert_null(expand("a {{task", &(struct prompt_spec){0}, &e));
	assert_non_null(strstr(e.msg, "not closed"));
}

static void test_prompt__says_why_the_last_attempt_did_not_land(void **state)
{
	static const char *const texts[] = {"## Why the last attempt did not land",
					    "attempt 2",
					    "go on from it",
					    "/j/feedback",
					    "test 7 is red",
					    "## Rules",
					    NULL};
	static const char *const fresh[] = {"starts afresh", NULL};
	struct prompt_spec s = {
		.task = "1",
		.title = "t",
		.attempt = 2,
		.continues = true,
		.feedback_path = "/j/feedback",
		.feedback = STR("test 7 is red\n"),
	};
	char *p = build(&s);

	(void)state;
	assert_in_order(p, texts);
	free(p);
	s.continues = false;
	p = build(&s);
	assert_in_order(p, fresh);
	free(p);
}

static void test_prompt__bounds_the_feedback_and_keeps_its_end(void **state)
{
	struct buf long_text = BUF_INIT;
	char *p;

	(void)state;
	buf_puts(&long_text, "first line\n");
	for (int i = 0; i < 10000; i++)
		buf_puts(&long_text, "\xc3\xa4\xc3\xb6\n");
	buf_puts(&long_text, "last line");
	p = build(&(struct prompt_spec){
		.task = "1", .attempt = 2, .feedback_path = "/f", .feedback = buf_str(&long_text)});
	assert_null(strstr(p, "first line"));
	assert_non_null(strstr(p, "last line"));
	assert_true(strlen(p) < PROMPT_FEEDBACK_MAX + 2000);
	assert_true(str_utf8(str_of(p)));
	free(p);
	buf_done(&long_text);
}

static void test_prompt__shows_the_work_so_far_up_to_a_limit(void **state)
{
	static const char *const texts[] = {"## Why the last attempt did not land",
					    "red",
					    "What was changed so far (git diff a b):",
					    "+one\n",
					    "## Rules",
					    NULL};
	struct buf diff = BUF_INIT;
	struct prompt_spec s = {.task = "1",
				.attempt = 2,
				.feedback_path = "/f",
				.feedback = STR("red"),
				.diff = STR("+one\n"),
				.diff_command = "git diff a b"};
	char *p = build(&s);

	(void)state;
	assert_in_order(p, texts);
	assert_null(strstr(p, "cut here"));
	free(p);
	for (int i = 0; diff.n <= PROMPT_DIFF_MAX; i++)
		buf_printf(&diff, "+line %d\n", i);
	buf_puts(&diff, "+the last\n");
	s.diff = buf_str(&diff);
	p = build(&s);
	assert_non_null(strstr(p, "+line 0\n"));
	assert_null(strstr(p, "+the last"));
	assert_non_null(strstr(p, "\n(cut here; all of it: git diff a b)\n"));
	assert_true(strlen(p) < PROMPT_DIFF_MAX + 2000);
	free(p);
	s.diff = STR("");
	p = build(&s);
	assert_null(strstr(p, "What was changed"));
	free(p);
	buf_done(&diff);
}

static void test_prompt__tells_a_resolver_what_conflicts(void **state)
{
	static const char *const texts[] = {"## Resolve a conflict",
					    "src/a.c (2 hunks)\nsrc/b.c\n",
					    "no marker is left",
					    "What the task did:\n\nabc mine",
					    "What landed:\n\ndef theirs",
					    "## Rules",
					    NULL};
	char *p = build(&(struct prompt_spec){.task = "1",
					      .attempt = 2,
					      .conflicts = "src/a.c (2 hunks)\nsrc/b.c\n",
					      .ours = "abc mine\n",
					      .theirs = "def theirs\n"});

	(void)state;
	assert_in_order(p, texts);
	free(p);
}

static void test_prompt__keeps_a_title_on_its_line(void **state)
{
	char *p = build(&(struct prompt_spec){.task = "1", .title = " a\nb ", .attempt = 1});

	(void)state;
	assert_int_equal(strncmp(p, "# a", 3), 0);
	assert_null(strstr(p, "\nb"));
	free(p);
}

static void test_prompt__expands_a_template(void **state)
{
	static const struct {
		const char *template, *expected; /* expected NULL: it is refused */
		const char *said;
	} cases[] = {
		{"",			  "",                 NULL				},
		{"plain { text }}",           "plain { text }}",  NULL                                },
		{"{{id}}: {{ title }}",       "12: a title",      NULL                                },
		{"{{id}}{{id}}",              "1212",             NULL                                },
		{"{{comments}}|{{feedback}}", "|",                NULL                                },
		{"try {{attempt}}",           "try 3",            NULL                                },
		{"{{body}}",                  "use {{title}} {{", NULL                                },
		{"{{everything}}",            NULL,               "there is no field '{{everything}}'"},
		{"{{}}",                      NULL,               "there is no field '{{}}'"          },
		{"a {{title",                 NULL,               "a '{{' is not closed"              },
	};
	const struct prompt_spec spec = {
		.task = "12", .title = "a title", .body = "use {{title}} {{", .attempt = 3};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;
		struct err e = ERR_INIT;
		int rc = prompt_expand(&out, str_of(cases[i].template), &spec, &e);

		assert_int_equal(rc, cases[i].expected ? 0 : ERR_INVALID);
		if (cases[i].expected)
			assert_string_equal(buf_cstr(&out), cases[i].expected);
		else
			assert_string_equal(e.msg, cases[i].said);
		buf_done(&out);
	}
}

static void test_prompt__expands_whole_parts_as_they_are_built_in(void **state)
{
	const struct prompt_spec spec = {.task = "12", .title = "a title", .attempt = 1};
	char *whole = build(&spec);
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(prompt_expand(&out,
				       STR("{{task}}{{done}}{{conflicts}}{{retry}}{{files}}"
					   "{{rules}}"),
				       &spec, &e),
			 0);
	assert_string_equal(buf_cstr(&out), whole);
	buf_done(&out);
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompt__is_the_task_and_then_the_rules),
		cmocka_unit_test(test_prompt__does_not_end_with_the_magic_line),
		cmocka_unit_test(test_prompt__says_what_landed),
		cmocka_unit_test(test_prompt__gives_the_epic_as_context),
		cmocka_unit_test(test_expand__fills_in_fields_and_nothing_else),
		cmocka_unit_test(test_expand__has_each_part_of_the_built_in_prompt),
		cmocka_unit_test(test_expand__names_what_it_does_not_know),
		cmocka_unit_test(test_prompt__says_why_the_last_attempt_did_not_land),
		cmocka_unit_test(test_prompt__bounds_the_feedback_and_keeps_its_end),
		cmocka_unit_test(test_prompt__shows_the_work_so_far_up_to_a_limit),
		cmocka_unit_test(test_prompt__tells_a_resolver_what_conflicts),
		cmocka_unit_test(test_prompt__keeps_a_title_on_its_line),
		cmocka_unit_test(test_prompt__expands_a_template),
		cmocka_unit_test(test_prompt__expands_whole_parts_as_they_are_built_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
