#ifndef TEST_CONTRACT_EACH_H
#define TEST_CONTRACT_EACH_H

#include "base/mem.h"
#include "unit/test.h"

/*
 * Run the same cases over every kind, as one group: 'kinds' is an array of structs whose first
 * member is their name, ended by one without. A case's setup finds its kind in *state.
 */
static inline int each_kind(const char *group,
			    const void *kinds,
			    size_t kind_size,
			    const struct CMUnitTest *cases,
			    size_t n_cases)
{
	VEC(struct CMUnitTest) all = {0};

	for (const char *kind = kinds; *(const char *const *)kind; kind += kind_size) {
		for (size_t i = 0; i < n_cases; i++) {
			struct CMUnitTest *t = VEC_ADD(&all);

			*t = cases[i];
			t->name = mem_printf("%s: %s", *(const char *const *)kind, cases[i].name);
			t->initial_state = (void *)(uintptr_t)kind;
		}
	}
	int failed = _cmocka_run_group_tests(group, all.items, all.n, NULL, NULL);
	for (size_t i = 0; i < all.n; i++)
		free((void *)(uintptr_t)all.items[i].name);
	VEC_DONE(&all);
	return failed;
}

#endif
