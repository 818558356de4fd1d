#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"
#include "unit/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The signal that ends fn in a process of its own; 0 where it returns. */
static int signal_of(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = {0};

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL); /* cmocka catches it */
		(void)close(STDERR_FILENO);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* The product wraps around to 2. */
static void resize_past_the_address_space(void)
{
	free(mem_resize(NULL, SIZE_MAX / 2 + 2, 2));
}

static void allocate_too_much(void)
{
	free(mem_alloc(SIZE_MAX / 4));
}

static void test_mem__ends_the_program_rather_than_give_too_little(void **state)
{
	(void)state;
	assert_int_equal(signal_of(resize_past_the_address_space), SIGABRT);
	assert_int_equal(signal_of(allocate_too_much), SIGABRT);
}

static void test_mem__alloc_is_zeroed_and_never_null(void **state)
{
	char *p = mem_alloc(100);
	void *nothing = mem_alloc(0);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	assert_non_null(nothing);
	free(nothing);
	free(p);
}

static void test_mem__copies_texts(void **state)
{
	char *whole = mem_strdup("abc"), *part = mem_strndup("abcdef", 2);
	char *printed = mem_printf("%s-%d", "t", 4), *shorter = mem_strndup("ab", 10);
	char *empty = mem_strndup(NULL, 0);

	(void)state;
	assert_string_equal(whole, "abc");
	assert_string_equal(part, "ab");
	assert_string_equal(shorter, "ab");
	assert_string_equal(printed, "t-4");
	assert_string_equal(empty, "");
	assert_null(mem_strdup(NULL));
	free(whole);
	free(part);
	free(shorter);
	free(printed);
	free(empty);
}

static void test_vec__grows_and_gives_zeroed_items(void **state)
{
	VEC(int) v = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int *item = VEC_ADD(&v);

		assert_int_equal(*item, 0);
		*item = i;
	}
	VEC_PUSH(&v, -1);
	assert_int_equal(v.n, 1001);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v.items[i], i);
	assert_int_equal(v.items[1000], -1);
	VEC_DONE(&v);
	assert_null(v.items);
	assert_int_equal(v.cap, 0);
}

static void test_arena__pieces_do_not_overlap_and_are_zeroed(void **state)
{
	static const size_t sizes[] = {1, 0, 7, 100, 70000, 3, 65536, 200000, 16};
	struct arena a = {0};
	unsigned char *pieces[ARRAY_LEN(sizes)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pieces[i] = arena_alloc(&a, sizes[i]);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], i + 1);
	}
	arena_done(&a);
	assert_null(a.chunks);
}

static void test_arena__grows_arrays_and_copies_texts(void **state)
{
	struct arena a = {0};
	int *few = arena_alloc(&a, 2 * sizeof(int)), *more;

	(void)state;
	few[0] = 1;
	few[1] = 2;
	more = arena_grow(&a, few, 2, 5, sizeof(int));
	assert_int_equal(more[0] + more[1], 3);
	assert_int_equal(more[4], 0);
	assert_string_equal(arena_strdup(&a, "x"), "x");
	assert_string_equal(arena_strdup(&a, NULL), "");
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mem__ends_the_program_rather_than_give_too_little),
		cmocka_unit_test(test_mem__alloc_is_zeroed_and_never_null),
		cmocka_unit_test(test_mem__copies_texts),
		cmocka_unit_test(test_vec__grows_and_gives_zeroed_items),
		cmocka_unit_test(test_arena__pieces_do_not_overlap_and_are_zeroed),
		cmocka_unit_test(test_arena__grows_arrays_and_copies_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
