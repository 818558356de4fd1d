/* A Beads export, who is ready in it, and its graph, which must agree. */
#include "tracker/beads.h"

#include "base/map.h"
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOW_MS INT64_C(1750000000000)

/* beads_load() reads a path: a file in memory, kept from one input to the next. */
static const char *as_file(struct str s)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0) {
		fd = memfd_create("beads", MFD_CLOEXEC);
		CHECK(fd >= 0);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(pwrite(fd, s.p, s.n, 0) == (ssize_t)s.n);
	return path;
}

static void check_issue(const struct beads_file *f, size_t at)
{
	const struct beads_issue *i = &f->issues.items[at];

	CHECK(beads_find(f, i->id) == i);
	CHECK(*i->id && *i->title && *i->status && *i->type);
	fuzz_check_line(str_of(i->id));
	fuzz_check_line(str_of(i->title));
	fuzz_check_line(str_of(i->status));
	CHECK(str_utf8(str_of(i->body)) && str_utf8(str_of(i->labels)));
	CHECK(i->priority >= 0 && i->priority <= 4);
	CHECK(i->line > 0);
}

static bool
edges_are_closed(const struct beads_file *f, const struct issue_graph *g, const char *id)
{
	for (size_t i = 0; i < g->edges.n; i++) {
		const struct beads_issue *needs = beads_find(f, g->edges.items[i].needs);

		CHECK(needs && beads_find(f, g->edges.items[i].task));
		if (streq(g->edges.items[i].task, id) && !beads_is_closed(needs))
			return false;
	}
	return true;
}

/* The header's promise: ready by the rule if and only if the graph alone says so. */
static void check_graph(const struct beads_file *f, const struct beads_verdicts *v)
{
	struct issue_graph g CLEANUP(issue_graph_done) = {0};
	struct err e = ERR_INIT;
	size_t at = 0;

	CHECK(beads_graph(f, NULL, NOW_MS, &g, &e) == 0);
	for (size_t i = 0; i < g.issues.n; i++) {
		const struct issue *issue = &g.issues.items[i];

		CHECK(map_find(&f->index, issue->id, &at));
		CHECK((v->items.items[at].state == BEADS_READY) ==
		      (issue->open && !*issue->hidden && edges_are_closed(f, &g, issue->id)));
	}
}

static void check_verdict(const struct beads_verdict *v)
{
	CHECK((v->state == BEADS_HIDDEN) == (v->reason != NULL));
	CHECK((v->state == BEADS_BLOCKED) == (v->by.n > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct beads_file f CLEANUP(beads_file_done) = {0};
	struct beads_verdicts v CLEANUP(beads_verdicts_done) = {0};
	struct err e = ERR_INIT;
	int64_t ns;

	(void)beads_time(fuzz_text(data, n), &ns); /* whatever it is, it is read without harm */
	CHECK(beads_load(as_file(fuzz_text(data, n)), &f, &e) == 0);
	beads_judge(&f, NOW_MS, &v);
	CHECK(v.items.n == f.issues.n);
	for (size_t i = 0; i < f.issues.n; i++) {
		check_issue(&f, i);
		check_verdict(&v.items.items[i]);
	}
	check_graph(&f, &v);
	if (f.issues.n) {
		struct issue_graph g CLEANUP(issue_graph_done) = {0};

		CHECK(beads_graph(&f, f.issues.items[0].id, NOW_MS, &g, &e) == 0);
	}
	return 0;
}
