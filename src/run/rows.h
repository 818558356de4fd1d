#ifndef RUN_ROWS_H
#define RUN_ROWS_H

#include "base/str.h"
#include "core/core.h"
#include "port/store.h"

/* The core's tables as the journal keeps them; both sides come from core/fields.def. */

enum rows_table { ROWS_RUN, ROWS_KIND, ROWS_TASK, ROWS_EDGE, ROWS_PASS, ROWS_TABLE_COUNT };
extern const struct store_table *const rows_tables[ROWS_TABLE_COUNT];

/* Write what the core marked as changed. In a turn; nothing is forgotten in the core. */
int rows_save(struct store *s, const struct core *c, struct err *e) MUST_CHECK;

/*
 * Fill a core that was just made (its kinds added, if they are known) from the journal, and
 * count anew. A kind that the journal knows and the core does not is added with its old limit.
 * e         CORRUPT: a row that cannot be
 */
int rows_load(struct store *s, struct core *c, struct err *e) MUST_CHECK;

/*
 * What rows_load() would find, had 'from' been saved, into a core that was just made likewise.
 * The trees that passed the check are the caller's to bring over.
 */
int rows_reload(const struct core *from, struct core *to, struct err *e) MUST_CHECK;

/*
 * Compare the rows of two cores field by field; ret gets the first difference, for a person.
 * Trees that passed the check are not compared.
 */
bool rows_differ(const struct core *stored, const struct core *made, struct buf *ret);

#endif
