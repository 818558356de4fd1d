#include "port/tracker.h"

#include <string.h>

void issue_done(struct issue *i)
{
	if (!i)
		return;
	free(i->id);
	free(i->title);
	free(i->body);
	free(i->comments);
	free(i->labels);
	free(i->parent);
	free(i->type);
	free(i->status);
	free(i->closed_reason);
	free(i->claimed_by);
	free(i->hidden);
	memset(i, 0, sizeof(*i));
}

void issue_graph_done(struct issue_graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->issues.n; i++)
		issue_done(&g->issues.items[i]);
	for (size_t i = 0; i < g->outside.n; i++)
		issue_done(&g->outside.items[i]);
	for (size_t i = 0; i < g->edges.n; i++) {
		free(g->edges.items[i].task);
		free(g->edges.items[i].needs);
	}
	for (size_t i = 0; i < g->found.n; i++) {
		free(g->found.items[i].id);
		free(g->found.items[i].title);
		free(g->found.items[i].from);
	}
	for (size_t i = 0; i < g->notes.n; i++)
		free(g->notes.items[i]);
	VEC_DONE(&g->issues);
	VEC_DONE(&g->outside);
	VEC_DONE(&g->edges);
	VEC_DONE(&g->found);
	VEC_DONE(&g->notes);
}
