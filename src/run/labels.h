#ifndef RUN_LABELS_H
#define RUN_LABELS_H

#include "config/config.h"
#include "port/tracker.h"

/* Is this one of the labels, one a line? */
bool labels_have(const char *labels, const char *label);

/* Which of files (label, file, …, NULL-terminated; NULL: none) the labels choose: the first; -1. */
int labels_choose(const char *labels, char *const *files);

/* Was it made by 'ganger submit', to stand for the branch of its title? Its label says so. */
bool labels_branch(const struct issue *i);
/* The agent that they choose (agents.NAME.labels), the first that fits; NULL: that for all. */
const struct config_agent *labels_agent(const struct config *c, const char *labels);

/*
 * What labels.need and labels.never say of the issues of a graph: those that must not be started
 * are hidden, with the label as the reason, as are those that stand for a branch. One that is hidden already keeps its reason.
 */
void labels_gate(const struct config *c, struct issue_graph *g);

#endif
