#include "run/labels.h"

#include "base/clean.h"

bool labels_have(const char *labels, const char *label)
{
	struct str rest = str_of(labels), line;

	while (str_next(&rest, '\n', &line)) {
		if (str_eq(str_trim(line), str_of(label)))
			return true;
	}
	return false;
}

int labels_choose(const char *labels, char *const *files)
{
	for (int i = 0; files && files[2 * i]; i++)
		if (labels_have(labels, files[2 * i]))
			return i;
	return -1;
}

bool labels_branch(const struct issue *i)
{
	struct str rest = str_of(i->labels), line;
	char *wanted CLEANUP(freep) = mem_printf("branch:%s", i->title ? i->title : "");

	while (str_next(&rest, '\n', &line))
		if (str_eq(line, str_of(wanted)))
			return true;
	return false;
}

const struct config_agent *labels_agent(const struct config *c, const char *labels)
{
	for (size_t i = 0; i < c->agents.n; i++)
		for (char *const *l = c->agents.items[i].labels; l && *l; l++)
			if (labels_have(labels, *l))
				return &c->agents.items[i];
	return NULL;
}

/* Why it must not be started; NULL: it may. The caller owns it. */
static char *why_not(const struct config *c, const struct issue *i)
{
	if (labels_branch(i))
		return mem_strdup(
			"it stands for a branch, which 'ganger submit' puts into the queue");
	for (char *const *l = c->labels_never; l && *l; l++) {
		if (labels_have(i->labels, *l))
			return mem_printf("it has label '%s' (labels.never)", *l);
	}
	for (char *const *l = c->labels_need; l && *l; l++) {
		if (!labels_have(i->labels, *l))
			return mem_printf("it has no label '%s' (labels.need)", *l);
	}
	return NULL;
}

void labels_gate(const struct config *c, struct issue_graph *g)
{
	for (size_t n = 0; n < g->issues.n; n++) {
		struct issue *i = &g->issues.items[n];
		char *why CLEANUP(freep) = NULL;

		if (!i->open || (i->hidden && i->hidden[0]))
			continue;
		why = why_not(c, i);
		if (!why)
			continue;
		free(i->hidden);
		i->hidden = TAKE(why);
	}
}
