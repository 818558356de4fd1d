#include "run/overlap.h"
#include "unit/test.h"

#include <string.h>

static void test_overlap__globs_meet_where_a_path_is_both(void **state)
{
	static const struct {
		const char *a, *b;
		bool meet;
	} cases[] = {
		{"src/a.c", "src/a.c", true},      {"src/a.c", "src/b.c", false},
		{"src", "src/a.c", true},          {"src", "srcs/a.c", false},
		{"src/a.c", "src/a.cc", false},    {"src/*.c", "src/a.c", true},
		{"src/*.c", "src/a.h", false},     {"src/*.c", "src/x/a.c", false},
		{"src/**", "src/x/a.c", true},     {"**/a.c", "src/x/a.c", true},
		{"**/a.c", "a.c", true},           {"**/a.c", "b.c", false},
		{"*.md", "README.md", true},       {"*.md", "docs/x.md", false},
		{"a*", "*b", true},                {"a*c", "b*", false},
		{"src/?.c", "src/a.c", true},      {"src/?.c", "src/ab.c", false},
		{"?", "/", false},                 {"a/*/c", "a/b", true},
		{"*", "src/a.c", true},            {"**", "x/y/z", true},
		{"src/*/t*.c", "src/run/*.c", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (globs_meet(cases[i].a, cases[i].b) != cases[i].meet ||
		    globs_meet(cases[i].b, cases[i].a) != cases[i].meet)
			fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
	}
	/* However it is written, it ends. */
	(void)globs_meet("*a*a*a*a*a*a*a*a*a*a*a*b", "*a*a*a*a*a*a*a*a*a*a*a*a*c");
}

static void test_overlap__is_declared_by_lines_of_the_issue(void **state)
{
	struct overlaps o = {0};
	(void)state;
	overlaps_declare(&o, 0, "Do it.\n\nFiles: src/a.c, ./lib/ `docs/*.md`\nfiles:\nprofiles: x\n");
	overlaps_declare(&o, 1, "- **files:** docs/x.md");
	overlaps_declare(&o, 2, "the files: lib/b.c");
	overlaps_declare(&o, 3, "* files: lib/b.c\n");
	overlaps_declare(&o, 5, "");
	assert_int_equal(o.tasks.items[0].globs.n, 3);
	assert_string_equal(o.tasks.items[0].globs.items[1], "lib");
	assert_string_equal(overlaps_between(&o, 0, 1), "docs/*.md");
	assert_null(overlaps_between(&o, 0, 2));
	assert_string_equal(overlaps_between(&o, 3, 0), "lib/b.c");
	assert_null(overlaps_between(&o, 1, 3));
	assert_null(overlaps_between(&o, 0, 0));
	assert_null(overlaps_between(&o, 0, 99));
	overlaps_add(&o, 2, STR("lib/b.c"));
	assert_non_null(overlaps_between(&o, 2, 3));
	overlaps_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlap__globs_meet_where_a_path_is_both),
		cmocka_unit_test(test_overlap__is_declared_by_lines_of_the_issue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
