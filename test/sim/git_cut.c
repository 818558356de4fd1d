#include "sim/sim.h"

#include <stdio.h>

/* port/git.h after a reboot: what a power cut took of the repository of repo.c. */

bool commit_is_gone(const struct oid *o)
{
	int c = oid_commit(o);
	return c >= 0 && sim->commits.items[c].gone;
}

/* Is any of it named by one of its attempts' refs? If not, it is named again. */
static void name_again(const struct git_named *v)
{
	char name[200], free_name[200] = "";
	for (int attempt = v->attempt; attempt > 0; attempt--) {
		(void)snprintf(name, sizeof(name), "refs/ganger/" EPIC "/%s/%d", v->task, attempt);
		int at = ref_get(name);
		if (at == oid_commit(&v->head))
			return;
		if (at < 0 && !free_name[0])
			(void)snprintf(free_name, sizeof(free_name), "%s", name);
	}
	if (free_name[0])
		ref_set(free_name, oid_commit(&v->head));
}

/* Its commits have no files: one is there, or a cut took it. */
int git_clear_torn(struct git *g, int64_t since_ms, size_t *ret, struct err *e)
{
	enum fate f = fate("look for what is torn");
	int rc = refused(f, e);
	(void)g;
	(void)since_ms;
	*ret = 0;
	return rc ? rc : heard(f, e);
}

int git_prove(struct git *g, struct git_named *v, size_t n, struct err *e)
{
	enum fate f = fate("look for what is gone");
	int rc = refused(f, e);
	(void)g;
	for (size_t i = 0; !rc && i < n; i++) {
		v[i].head_lost = commit_is_gone(&v[i].head);
		v[i].merge_lost = commit_is_gone(&v[i].merge) || commit_is_gone(&v[i].as);
		if (v[i].as.hex[0] && is_ancestor(oid_commit(&v[i].as), epic_tip()))
			v[i].head_lost = v[i].merge_lost = false;
		sim->lost = sim->lost || v[i].head_lost || v[i].merge_lost;
		if (v[i].head.hex[0] && !v[i].head_lost)
			name_again(&v[i]);
	}
	return rc ? rc : heard(f, e);
}
