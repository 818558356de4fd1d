#include "base/map.h"
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#define MANY 5000

static void test_map__finds_what_was_set(void **state)
{
	struct map m = {0};
	char key[32];
	size_t value = 77;

	(void)state;
	assert_false(map_find(&m, "0", &value));
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "%zu", i);
		map_set(&m, key, i * 3);
	}
	memset(key, 'z', sizeof(key)); /* keys are copied */
	assert_int_equal(m.n, MANY);
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "%zu", i);
		assert_true(map_find(&m, key, &value));
		assert_int_equal(value, i * 3);
	}
	value = 77;
	assert_false(map_find(&m, "absent", &value));
	assert_int_equal(value, 77);
	map_done(&m);
	assert_int_equal(m.n, 0);
	assert_false(map_find(&m, "0", &value));
}

static void test_map__set_again_replaces(void **state)
{
	struct map m = {0};
	size_t value = 0;

	(void)state;
	map_set(&m, "", 1);
	map_set(&m, "a", 2);
	map_set(&m, "a", 3);
	assert_int_equal(m.n, 2);
	assert_true(map_find(&m, "a", &value));
	assert_int_equal(value, 3);
	assert_true(map_find(&m, "", &value));
	assert_int_equal(value, 1);
	map_done(&m);
	map_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map__finds_what_was_set),
		cmocka_unit_test(test_map__set_again_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
