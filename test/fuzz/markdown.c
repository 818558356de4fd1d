/* A plan in Markdown, and the references between its tasks. */
#include "tracker/markdown.h"

#include "fuzz.h"

static void check_task(const struct markdown *p, size_t at)
{
	const struct markdown_task *t = &p->tasks.items[at];
	struct markdown_places places = {0};
	struct err e = ERR_INIT;

	CHECK(t->line > 0 && t->priority >= -1 && t->priority <= 4);
	fuzz_check_line(str_of(t->title));
	CHECK(str_utf8(str_of(t->body)) && str_utf8(str_of(t->labels)));
	if (markdown_references(p, at, "plan.md", &places, &e) == 0) {
		for (size_t i = 0; i < places.at.n; i++)
			CHECK(places.at.items[i] < p->tasks.n && places.at.items[i] != at);
	} else {
		CHECK(e.code == ERR_INVALID && str_starts(str_of(e.msg), "plan.md:"));
	}
	VEC_DONE(&places.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct markdown p CLEANUP(markdown_done) = {0};
	struct err e = ERR_INIT;

	if (markdown_parse(fuzz_text(data, n), "plan.md", &p, &e) < 0) {
		CHECK(e.code == ERR_INVALID && str_starts(str_of(e.msg), "plan.md:"));
		return 0;
	}
	CHECK(p.tasks.n > 0);
	if (p.title)
		fuzz_check_line(str_of(p.title));
	CHECK(str_utf8(str_of(p.body)));
	for (size_t i = 0; i < p.tasks.n; i++)
		check_task(&p, i);
	return 0;
}
