/*
 * A journal whose rows hold anything: it is refused, or the core runs on it. The input: for each
 * table rows of values, ended by a byte 0xff; a value ends with a byte 0xfe, a row with 0xfd.
 */
#include "run/rows.h"

#include "fuzz.h"
#include "port/store.h"

#define NOW_MS      INT64_C(1750000000000)
#define COLUMNS_MAX 128

static struct str given;

int __wrap_store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e);

static int
give_row(const struct store_table *t, struct str row, store_row_fn *fn, void *ctx, struct err *e)
{
	struct store_value values[COLUMNS_MAX] = {0};
	char *texts[COLUMNS_MAX] = {0};
	int rc;

	for (int i = 0; i < t->n_columns; i++) {
		struct str piece = fuzz_piece(&row, '\xfe');

		texts[i] = mem_strndup(piece.p, piece.n);
		if (t->columns[i].type == STORE_TEXT)
			values[i].s = piece.n ? texts[i] : NULL;
		else
			(void)str_i64(piece, &values[i].i); /* else 0 */
		values[i].r = (double)values[i].i;
	}
	rc = fn(ctx, values, e);
	for (int i = 0; i < t->n_columns; i++)
		free(texts[i]);
	return rc;
}

int __wrap_store_load(struct store *s, int table, store_row_fn *fn, void *ctx, struct err *e)
{
	struct str rows = fuzz_piece(&given, '\xff'), row;
	int rc = 0;

	(void)s;
	while (rc == 0 && str_next(&rows, '\xfd', &row))
		rc = give_row(rows_tables[table], row, fn, ctx, e);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct policy policy = {.max_concurrent = 4,
				      .attempts = 3,
				      .interruptions = 3,
				      .deferrals = 3,
				      .gate_slots = 1};
	struct core_event ev = {
		.kind = EV_START,
		.task = -1,
		.text = "boot",
		.at = {.mono_ms = 1000, .wall_ms = NOW_MS}
        };
	struct core c;
	struct err e = ERR_INIT;

	given = fuzz_text(data, n);
	core_init(&c, &policy);
	if (rows_load(NULL, &c, &e) == 0) {
		core_reissue(&c);
		core_step(&c, &ev);
		(void)core_count(&c);
		(void)core_exit_code(&c);
		(void)core_next_ms(&c);
	} else {
		CHECK(e.code == ERR_CORRUPT && e.msg[0]);
	}
	core_done(&c);
	return 0;
}
