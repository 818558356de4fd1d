#include "config/config.h"
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(struct config *c, const char *assignment)
{
	struct err e = ERR_INIT;

	if (config_set(c, assignment, &e) < 0)
		fail_msg("%s", e.msg);
}

/* The lines are sorted by key, name each key once, and can be given back with -c. */
static void test_config__lines_read_back(void **state)
{
	static const char *const assignments[] = {
		"limits.timeout=90s",
		"limits.silence=off",
		"limits.cost=2.5",
		"limits.log=100KiB",
		"limits.tokens=123456789012",
		"worktree.include=[\"a, b\", \"#c\", d]",
		"queue.check=echo \"x: y\" # z",
		"worktree.setup=[npm, ci]",
		"retry.from=fresh",
		"agents.x.command=a\nb\tc",
		"agents.x.pause_on=[\"rate.?limit\", \"\\\\d{3}\"]",
		"agents.x.env={\"A\": \"1\", \"B\": null, \"C\": \"\"}",
		"prompt.templates={\"good first\": a.md, \"b=c\": d.md}",
		"prompt.roles={role:tester: t.md}",
		"base=true",
		"agents.x.push=true",
		"queue.check={a: {run: \"x y\", paths: [\"b/**\", c], timeout: 2m}, d: {run: [e]}}",
		"limits.task_cost=1000000",
		"state_dir=/x/\xc3\xa9",
	};
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct config c, again;
	struct str rest, line;
	char *last = NULL;

	(void)state;
	config_init(&c);
	config_init(&again);
	for (size_t i = 0; i < ARRAY_LEN(assignments); i++)
		set(&c, assignments[i]);
	buf_config(&first, &c);
	rest = buf_str(&first);
	while (str_next(&rest, '\n', &line)) {
		char *text = mem_strndup(line.p, line.n);
		char *key = mem_strndup(text, strcspn(text, "="));

		assert_true(!last || strcmp(last, key) < 0);
		free(last);
		last = key;
		set(&again, text);
		free(text);
	}
	buf_config(&second, &again);
	assert_string_equal(buf_cstr(&first), buf_cstr(&second));
	assert_non_null(strstr(buf_cstr(&first), "\nlimits.timeout=90s\n"));
	assert_non_null(strstr(buf_cstr(&first), "\nlimits.attempts=3\n"));
	assert_non_null(strstr(buf_cstr(&first), "\nagents.x.push=true\n"));
	free(last);
	config_done(&c);
	config_done(&again);
	buf_done(&first);
	buf_done(&second);
}

static void test_config__origins(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	struct config c;

	(void)state;
	config_init(&c);
	assert_int_equal(
		config_read_text(&c, "ganger.yaml", str_of("\nlimits:\n  attempts: 4\n"), &e), 0);
	set(&c, "limits.timeout=1h");
	buf_config_origins(&b, &c);
	assert_non_null(strstr(buf_cstr(&b), "\nlimits.attempts=4\tganger.yaml:3\n"));
	assert_non_null(strstr(buf_cstr(&b), "\nlimits.timeout=1h\t-c\n"));
	assert_non_null(strstr(buf_cstr(&b), "\nlimits.grace=10s\tdefault\n"));
	config_done(&c);
	buf_done(&b);
}

static void test_config__secrets_are_hidden(void **state)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct config c;

	(void)state;
	config_init(&c);
	set(&c, "agents.x.env={\"API_KEY\": \"sk-1234\", \"MODEL\": \"big\"}");
	buf_config(&a, &c);
	assert_null(strstr(buf_cstr(&a), "sk-1234"));
	assert_non_null(strstr(buf_cstr(&a), "MODEL: big"));
	set(&c, "agents.x.env.API_KEY=sk-5678");
	buf_config(&b, &c);
	assert_string_not_equal(buf_cstr(&a), buf_cstr(&b));
	config_done(&c);
	buf_done(&a);
	buf_done(&b);
}

static void test_config__changes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(buf_config_changes(&b, str_of("a=1\nb=2\nforge=x\nforge.land=y\n"),
					    str_of("a=1\nb=3\nc=4\nforge=z\nforge.land=\n")),
			 4);
	assert_string_equal(buf_cstr(&b), "b: 2 -> 3\n"
					  "c: (not set) -> 4\n"
					  "forge: x -> z\n"
					  "forge.land: y -> (not set)\n");
	buf_reset(&b);
	assert_int_equal(buf_config_changes(&b, str_of("a=1\n"), str_of("a=1\n")), 0);
	assert_int_equal(buf_config_changes(&b, str_of(""), str_of("")), 0);
	assert_int_equal(buf_config_changes(&b, str_of("a=1"), str_of("")), 1);
	buf_done(&b);
}

static void test_config__yaml_texts(void **state)
{
	static const char *const texts[] = {
		"plain",     "two words",   "",
		" lead",     "trail ",      "a: b",
		"a:",        "a #b",        "#a",
		"- a",       "-a",          "true",
		"No",        "null",        "~",
		"1",         "1.5",         ".5",
		".env*",     "*x",          "&x",
		"!x",        "|",           ">",
		"'a'",       "\"a\"",       "a\\b",
		"[a]",       "{a}",         "a,b",
		"@a",        "`a`",         "%a",
		"a\tb",      "a\nb\n",      "\xc3\xa9",
		"x\xc3\xa9", "epic/{epic}", "$A \"b\" 'c'",
		"/x",        "=",           "<<",
		"?",         "? a",         "a\x01",
		"a\x7f",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf b = BUF_INIT;
		struct err e = ERR_INIT;
		struct config c;

		/* In a block and in a flow, as a key's value and in a list. */
		config_init(&c);
		buf_puts(&b, "worktree: {include: [");
		buf_yaml_text(&b, texts[i]);
		buf_puts(&b, ", x], link: ");
		buf_yaml_text(&b, texts[i]);
		buf_puts(&b, "}\nworktree.keep:\n  - ");
		buf_yaml_text(&b, texts[i]);
		buf_puts(&b, "\n");
		if (config_read_text(&c, "x", buf_str(&b), &e) < 0)
			fail_msg("%s: %s", buf_cstr(&b), e.msg);
		assert_string_equal(c.worktree_include[0], texts[i]);
		assert_string_equal(c.worktree_link[0], texts[i]);
		assert_string_equal(c.worktree_keep[0], texts[i]);
		config_done(&c);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config__lines_read_back),
		cmocka_unit_test(test_config__origins),
		cmocka_unit_test(test_config__secrets_are_hidden),
		cmocka_unit_test(test_config__changes),
		cmocka_unit_test(test_config__yaml_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
