#ifndef RUN_LABELS_H
#define RUN_LABELS_H

#include "config/config.h"
#include "port/tracker.h"

/* Is this one of the labels, one a line? */
bool labels_have(const char *labels, const char *label);

/* Which of files (label, file, …, NULL-terminated; NULL: none) the labels choose: the first; -1. */
int labels_choose(const char *labels, char *const *files);

/*
 * What labels.need and labels.never say of the issues of a graph: those that must not be started
 * are hidden, with the label as the reason. One that is hidden already keeps its reason.
 */
void labels_gate(const struct config *c, struct issue_graph *g);

#endif
