#include "base/arena.h"
#include "core/graph.h"
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDGES(...)                                                                                 \
	(const struct graph_edge[]){__VA_ARGS__},                                                  \
		(int)(sizeof((const struct graph_edge[]){__VA_ARGS__}) /                           \
		      sizeof(struct graph_edge))

/* "0,1|2" for lists of lists. */
static const char *text_of(const struct graph_list *lists, int n)
{
	static char text[4096];
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (i)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "|");
		for (int j = 0; j < lists[i].n; j++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d", j ? "," : "",
					       lists[i].items[j]);
	}
	return text;
}

struct shape {
	const char *name;
	int n;
	const struct graph_edge *edges;
	int n_edges;
	const bool *stuck;
	const char *waves, *path, *cycles;
};

static const struct shape shapes[] = {
	{"nothing",          0, NULL,         0,                  NULL,          "",                                         "",""       },
	{"no edges",         3, NULL,         0,                  NULL,          "0,1,2",                                    "0",""       },
	{"chain",            3, EDGES({1, 0}, {2, 1}),            NULL,          "0|1|2",                                    "0,1,2",""       },
	{"chain, backwards", 3, EDGES({0, 1}, {1, 2}),            NULL,          "2|1|0",                                    "2,1,0",""       },
	{"diamond",          4, EDGES({1, 0}, {2, 0},             {3, 1},        {3, 2}),                                    NULL,"0|1,2|3", "0,1,3", ""},
	{"long way round",                4,                 EDGES({3, 0},              {1, 0},                {2, 1}, {3, 2}),                        NULL,"0|1|2|3","0,1,2,3",
	 ""},
	{"edge twice",         2, EDGES({1, 0},                                  {1, 0}),						    NULL,                                                      "0|1",										       "0,1",""},
	{"two",             2,         EDGES({0, 1},                   {1, 0}),                                     NULL,"","","0,1"},
	{"itself",                2,               EDGES({0, 0}),                      NULL,                                        "1",						      "1",																		 "0"									      },
	{"ring",               5,             EDGES({4, 1},                         {1, 3},                                      {3, 4},{2, 1}),NULL,"0",										   "0", "1,3,4"},
	{"ring entered late",              4,            EDGES({0, 3},                     {3, 2},                                {2, 1},                                             {1, 3}),																										     NULL,																																																								   "","", "1,3,2"},
	{"two rings",            5,      EDGES({3, 4},              {4, 3},{0, 1},{1, 0},{2, 0},{2, 3}),																																												   NULL, "", "",
	 "0,1|3,4"},
	{"stuck",      4,EDGES({1, 0},{2, 1}),   (const bool[]){false, true, false, false},                                             "0,3",																																				    "0",
	 ""},
};

static void test_graph__shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		struct graph_spec spec = {s->n, s->edges, s->n_edges, s->stuck};
		struct arena a = {0};
		struct graph g;

		graph_analyse(&a, &spec, &g);
		print_message("# %s\n", s->name);
		assert_string_equal(text_of(g.waves, g.n_waves), s->waves);
		assert_string_equal(text_of(&g.path, 1), s->path);
		assert_string_equal(text_of(g.cycles, g.n_cycles), s->cycles);
		arena_done(&a);
	}
}

static void test_graph__users_and_heights(void **state)
{
	struct graph_spec spec = {4, EDGES({1, 0}, {2, 0}, {3, 1}, {1, 0}), NULL};
	struct arena a = {0};
	struct graph g;

	(void)state;
	graph_analyse(&a, &spec, &g);
	assert_string_equal(text_of(g.users, g.n), "1,2|3||");
	assert_string_equal(text_of(g.needs, g.n), "|0|0|1");
	assert_int_equal(g.height[0], 3);
	assert_int_equal(g.height[1], 2);
	assert_int_equal(g.height[2], 1);
	arena_done(&a);
}

/* Deep enough that recursion would have no stack left. */
static void test_graph__deep(void **state)
{
	enum { N = 1000000 };
	struct graph_edge *edges = calloc(N, sizeof(*edges));
	struct graph_spec spec = {N, edges, N - 1, NULL};
	struct arena a = {0};
	struct graph g;

	(void)state;
	for (int i = 0; i + 1 < N; i++)
		edges[i] = (struct graph_edge){i, i + 1};
	graph_analyse(&a, &spec, &g);
	assert_int_equal(g.n_waves, N);
	assert_int_equal(g.path.n, N);
	assert_int_equal(g.n_cycles, 0);
	edges[N - 1] = (struct graph_edge){N - 1, 0};
	spec.n_edges = N;
	graph_analyse(&a, &spec, &g);
	assert_int_equal(g.n_waves, 0);
	assert_int_equal(g.n_cycles, 1);
	assert_int_equal(g.cycles[0].n, N);
	assert_int_equal(g.cycles[0].items[0], 0);
	assert_int_equal(g.cycles[0].items[1], 1);
	arena_done(&a);
	free(edges);
}

/* Against the plainest check there is: on random graphs, by following every edge. */
static void test_graph__random(void **state)
{
	enum { N = 12 };
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct graph_edge edges[N * 2];
		bool reach[N][N] = {{false}};
		int n_edges = (int)(rand_r(&seed) % (N * 2));
		struct graph_spec spec = {N, edges, n_edges, NULL};
		struct arena a = {0};
		struct graph g;

		for (int i = 0; i < n_edges; i++) {
			edges[i] = (struct graph_edge){(int)(rand_r(&seed) % N),
						       (int)(rand_r(&seed) % N)};
			reach[edges[i].task][edges[i].needs] = true;
		}
		for (int k = 0; k < N; k++)
			for (int i = 0; i < N; i++)
				for (int j = 0; j < N; j++)
					reach[i][j] |= reach[i][k] && reach[k][j];
		graph_analyse(&a, &spec, &g);
		int members = 0, in_rings = 0;
		for (int c = 0; c < g.n_cycles; c++) {
			members += g.cycles[c].n;
			for (int i = 0; i < g.cycles[c].n; i++)
				for (int j = 0; j < g.cycles[c].n; j++)
					assert_true(
						reach[g.cycles[c].items[i]][g.cycles[c].items[j]]);
		}
		for (int t = 0; t < N; t++) {
			bool behind = reach[t][t];

			in_rings += reach[t][t];
			for (int u = 0; u < N; u++)
				behind |= reach[t][u] && reach[u][u];
			assert_int_equal(g.wave[t] < 0, behind);
		}
		assert_int_equal(members, in_rings);
		for (int i = 0; i < n_edges; i++) {
			if (g.wave[edges[i].task] >= 0)
				assert_true(g.wave[edges[i].needs] < g.wave[edges[i].task]);
		}
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_graph__shapes),
		cmocka_unit_test(test_graph__users_and_heights),
		cmocka_unit_test(test_graph__deep),
		cmocka_unit_test(test_graph__random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
