#ifndef UI_CLI_PLAN_OVERLAP_H
#define UI_CLI_PLAN_OVERLAP_H

#include "run/plan.h"
#include "ui/cli/cli.h"

/*
 * What the attempts of an epic's run have changed so far, by the plan's numbers of their tasks.
 * Where there was no run (epic may be NULL) nothing is added.
 */
void plan_overlap_seen(struct cli *c, const char *epic, const struct plan *p, struct overlaps *o);

cJSON *plan_overlap_json(const struct plan *p);
void plan_overlap_text(struct cli *c, const struct plan *p);

#endif
