#ifndef UI_RESULT_H
#define UI_RESULT_H

#include "base/str.h"
#include "core/core.h"
#include "run/report.h"

#include <cjson/cJSON.h>

/*
 * The result of a run (CONTRACT.md, "Result object"); the caller owns it. completed: landed,
 * nothing to do, or (dispatch) submitted; merged: landed; failed_merges: tasks that conflict, or
 * failed on the merged tree. What no agent said of tokens and cost is null.
 */
cJSON *result_json(const struct core *c, const char *epic);

/* The same for people: how it ended, what needs them with the commands, where the report is. */
void result_text(struct buf *b, const struct report_spec *s);

#endif
