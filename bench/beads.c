#include "tracker/beads.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Reading a Beads export and saying who is ready: beads FILE FOLDER. The file is taken twice, with
 * other ids the second time; FOLDER is for that. The best of some rounds.
 */
#define ROUNDS   20
#define FILE_MAX (64u << 20)

/* The text again, with its ids "bd-…" as "xx-…". */
static void add_other(struct buf *b, struct str text)
{
	const char *at;

	while (text.n && (at = memmem(text.p, text.n, "\"bd-", 4))) {
		buf_add(b, text.p, (size_t)(at - text.p));
		buf_puts(b, "\"xx-");
		text.n -= (size_t)(at - text.p) + 4;
		text.p = at + 4;
	}
	buf_add(b, text.p, text.n);
}

static _Noreturn void die_with(const struct err *e)
{
	(void)fprintf(stderr, "error: %s\n", e->msg);
	exit(4);
}

static int64_t once(const char *path, size_t *ret_issues, size_t *ret_ready)
{
	struct beads_file f CLEANUP(beads_file_done) = {0};
	struct beads_verdicts v CLEANUP(beads_verdicts_done) = {0};
	struct err e = ERR_INIT;
	struct timespec from, to;

	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	if (beads_load(path, &f, &e))
		die_with(&e);
	beads_judge(&f, clock_now().wall_ms, &v);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	*ret_issues = f.issues.n;
	*ret_ready = 0;
	for (size_t i = 0; i < v.items.n; i++)
		*ret_ready += v.items.items[i].state == BEADS_READY;
	return (to.tv_sec - from.tv_sec) * INT64_C(1000000) + (to.tv_nsec - from.tv_nsec) / 1000;
}

int main(int argc, char **argv)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT, both CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	size_t issues = 0, ready = 0;
	int64_t best = INT64_MAX;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: beads FILE FOLDER\n");
		return 2;
	}
	char *path CLEANUP(freep) = path_join(argv[2], "beads-bench.jsonl");
	if (file_read(argv[1], FILE_MAX, &text, &e))
		die_with(&e);
	buf_add(&both, text.p, text.n);
	add_other(&both, buf_str(&text));
	if (file_write(path, buf_str(&both), false, &e))
		die_with(&e);
	for (int i = 0; i < ROUNDS; i++) {
		int64_t took = once(path, &issues, &ready);

		best = took < best ? took : best;
	}
	(void)remove(path);
	printf("%zu issues read, %zu ready: %.1f ms, best of %d\n", issues, ready,
	       (double)best / 1000, ROUNDS);
	return 0;
}
