#include "base/clean.h"
#include "tmp.h"
#include "tracker/beads.h"
#include "tracker/markdown.h"
#include "unit/test.h"

#include <string.h>

/* Damaged input is refused or read in part; it never ends the program (run this with sanitizers). */

#define ROUNDS      3000
#define FILE_ROUNDS 300

static uint32_t seed = 1;

static uint32_t next(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* Change, drop, repeat or cut some bytes of a text. */
static void damage(const char *text, struct buf *b)
{
	static const char marks[] = "\n\t -*#[]x`~\":,{}\\\xff\x80\xc3"
				    "019a";
	size_t n = strlen(text);
	char *copy CLEANUP(freep) = mem_strdup(text);

	for (uint32_t k = next(8) + 1; k > 0; k--)
		copy[next((uint32_t)n)] = marks[next(sizeof(marks) - 1)];
	uint32_t cut = next((uint32_t)n), again = next((uint32_t)n);
	buf_add(b, copy, next(4) ? n : cut);
	if (next(3) == 0)
		buf_add(b, copy + again, n - again);
}

static void test_mutations__markdown(void **state)
{
	static const char plan[] = "# T\n\ntext\n- [ ] a\n  body\n  after: 2, \"c, d\"\n  ```\n"
				   "  after: x\n  ```\n- [x] b\n  labels: x, y\n  priority: 1\n"
				   "1. [ ] c, d\n\tafter: a\n";

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;
		struct markdown m CLEANUP(markdown_done) = {0};
		struct err e = ERR_INIT;

		damage(plan, &b);
		int rc = markdown_parse(buf_str(&b), "plan.md", &m, &e);
		for (size_t k = 0; rc == 0 && k < m.tasks.n; k++) {
			struct markdown_places places = {0};

			rc = markdown_references(&m, k, "plan.md", &places, &e);
			for (size_t p = 0; p < places.at.n; p++)
				assert_true(places.at.items[p] < m.tasks.n);
			VEC_DONE(&places.at);
		}
		if (rc != 0) {
			assert_int_equal(rc, ERR_INVALID);
			assert_memory_equal(e.msg, "plan.md:", 8);
		}
	}
}

static void test_mutations__beads(void **state)
{
	static const char export[] =
		"{\"id\":\"a\",\"title\":\"t\",\"labels\":[\"x\"],\"priority\":1,\"updated_at\":"
		"\"2026-01-01T00:00:00.5-08:00\",\"comments\":[{\"text\":\"y\"}]}\n"
		"{\"id\":\"b\",\"dependencies\":[{\"depends_on_id\":\"a\",\"type\":\"waits-for\","
		"\"metadata\":\"{\\\"gate\\\":\\\"any-children\\\"}\"},{\"depends_on_id\":\"c\","
		"\"type\":\"parent-child\"}]}\n"
		"{\"id\":\"c\",\"dependencies\":[{\"depends_on_id\":\"b\",\"type\":\"parent-"
		"child\"},"
		"{\"depends_on_id\":\"c\",\"type\":\"blocks\"}]}\n";
	char *dir = tmp_make();
	char *path CLEANUP(freep) = path_join(dir, "x.jsonl");

	(void)state;
	for (int i = 0; i < FILE_ROUNDS; i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;
		struct beads_file f CLEANUP(beads_file_done) = {0};
		struct issue_graph g CLEANUP(issue_graph_done) = {0};

		damage(export, &b);
		assert_int_equal(file_write(path, buf_str(&b), false, NULL), 0);
		assert_int_equal(beads_load(path, &f, NULL), 0);
		assert_int_equal(beads_graph(&f, NULL, 0, &g, NULL), 0);
		assert_true(g.issues.n <= f.issues.n);
	}
	tmp_done(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutations__markdown),
		cmocka_unit_test(test_mutations__beads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
