/* What git's own words are worth: may it be tried again? */
#include "base/check.h"
#include "git/cmd.h"
#include "unit/test.h"

static void test_cmd__tells_what_may_pass(void **state)
{
	static const struct {
		const char *says;
		int code;
	} cases[] = {
		{"fatal: write error: No space left on device",                         ERR_LIMIT  },
		{"error: unable to write file: Input/output error",                     ERR_IO     },
		{"fatal: mmap failed: Cannot allocate memory",                          ERR_IO     },
		{"fatal: Out of memory, malloc failed",                                 ERR_IO     },
		{"error: open(\"x\"): Too many open files",                             ERR_IO     },
		{"error: cannot fork() for rev-list: Resource temporarily unavailable", ERR_IO     },
		{"fatal: Unable to create '/x.lock': File exists.",                     ERR_BUSY   },
		{"fatal: bad object deadbeef",                                          ERR_INVALID},
	};
	const char *const args[] = {"merge-tree", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct child_result r = {.exit_code = 128, .errout = BUF_INIT};
		struct err e = ERR_INIT;

		buf_puts(&r.errout, cases[i].says);
		if (cmd_error(args, &r, &e) != cases[i].code)
			fail_msg("'%s' is %d", cases[i].says, e.code);
		buf_done(&r.errout);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmd__tells_what_may_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
