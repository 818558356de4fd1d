#include "shim/status.h"
#include "unit/test.h"

#include <string.h>

static void test_status__a_sealed_record_is_valid_for_its_job_alone(void **state)
{
	struct status_end end = {.number = 7, .how = STATUS_EXITED, .code = 3, .text = "x"};

	(void)state;
	assert_false(status_valid(&end, sizeof(end), STATUS_END, 7));
	status_seal(&end, sizeof(end), STATUS_END);
	assert_true(status_valid(&end, sizeof(end), STATUS_END, 7));
	assert_false(status_valid(&end, sizeof(end), STATUS_END, 8));
	assert_false(status_valid(&end, sizeof(end), STATUS_START, 7));
	assert_false(status_valid(&end, sizeof(end) - 1, STATUS_END, 7));
	assert_int_equal(end.code, 3);
	status_seal(&end, sizeof(end), STATUS_END); /* again, as it was */
	assert_true(status_valid(&end, sizeof(end), STATUS_END, 7));
}

static void test_status__any_flipped_bit_is_found(void **state)
{
	struct status_start start = {.number = 1, .pid = 2, .start_time = 3, .cgroup = "/a"};
	unsigned char *p = (unsigned char *)&start;

	(void)state;
	status_seal(&start, sizeof(start), STATUS_START);
	for (size_t i = 0; i < sizeof(start) * 8; i++) {
		p[i / 8] ^= (unsigned char)(1u << i % 8);
		assert_false(status_valid(&start, sizeof(start), STATUS_START, 1));
		p[i / 8] ^= (unsigned char)(1u << i % 8);
	}
	assert_true(status_valid(&start, sizeof(start), STATUS_START, 1));
}

static void test_status__what_was_cut_short_is_absent(void **state)
{
	struct status_child child = {.number = 1, .pid = 2, .start_time = 3}, torn;

	(void)state;
	status_seal(&child, sizeof(child), STATUS_CHILD);
	for (size_t n = 0; n < sizeof(child); n++) {
		memset(&torn, 0, sizeof(torn));
		memcpy(&torn, &child, n);
		if (memcmp(&torn, &child, sizeof(torn)) != 0)
			assert_false(status_valid(&torn, sizeof(torn), STATUS_CHILD, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status__a_sealed_record_is_valid_for_its_job_alone),
		cmocka_unit_test(test_status__any_flipped_bit_is_found),
		cmocka_unit_test(test_status__what_was_cut_short_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
