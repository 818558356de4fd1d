#include "port/forge.h"

#include <stdlib.h>
#include <string.h>

void pull_done(struct pull *p)
{
	if (!p)
		return;
	free(p->head);
	free(p->base);
	free(p->head_sha);
	free(p->title);
	free(p->body);
	free(p->task);
	free(p->merged_sha);
	memset(p, 0, sizeof(*p));
}
