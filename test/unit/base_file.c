#include "base/file.h"
#include "base/mem.h"
#include "unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64]; /* an empty folder of this test's own, and the current one */

static int setup(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/ganger-test-XXXXXX");
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 ? dir_remove(top, NULL) : -1;
}

static void must_write(const char *path, const char *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(file_write(path, str_of(text), false, &e), 0);
}

static void assert_content(const char *path, const char *want)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(file_read(path, 1 << 20, &b, &e), 0);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static int n_entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 2;
}

static void test_file__read_says_why_not(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_read("absent", 10, &b, &e), ERR_NOT_FOUND);
	assert_int_equal(file_read(".", 10, &b, &e), ERR_IO);
	must_write("f", "0123456789");
	assert_int_equal(file_read("f/x", 10, &b, &e), ERR_NOT_FOUND);
	assert_int_equal(file_read("f", 9, &b, &e), ERR_LIMIT);
	buf_reset(&b);
	buf_puts(&b, "before ");
	assert_int_equal(file_read("f", 10, &b, &e), 0);
	assert_string_equal(buf_cstr(&b), "before 0123456789");
	buf_done(&b);
}

/* Whoever opens one to read waits until somebody writes to it. */
static void test_file__a_pipe_is_not_waited_for(void **state)
{
	struct err e = ERR_INIT;
	struct buf b = BUF_INIT;
	char *given;
	int fds[2];

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("fifo", "link"), 0);
	assert_int_equal(file_read("fifo", 10, &b, &e), ERR_INVALID);
	assert_string_equal(e.msg, "could not open 'fifo': it is not a file");
	assert_int_equal(file_read("link", 10, &b, &e), ERR_INVALID);
	assert_int_equal(file_tail("fifo", 10, &b, &e), ERR_INVALID);
	assert_int_equal(file_read("/dev/zero", 10, &b, &e), ERR_INVALID);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "given", 5), 5);
	assert_int_equal(close(fds[1]), 0);
	given = mem_printf("/dev/fd/%d", fds[0]);
	assert_int_equal(file_read_given(given, 10, &b, &e), 0);
	assert_string_equal(buf_cstr(&b), "given");
	assert_int_equal(file_read_given("absent", 10, &b, &e), ERR_NOT_FOUND);
	assert_int_equal(close(fds[0]), 0);
	buf_done(&b);
	free(given);
}

static void test_file__tail_gives_the_end(void **state)
{
	static const struct {
		size_t n;
		const char *want;
	} cases[] = {
		{0,    ""          },
		{3,    "789"       },
		{10,   "0123456789"},
		{1000, "0123456789"},
	};
	struct err e = ERR_INIT;

	(void)state;
	must_write("f", "0123456789");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		assert_int_equal(file_tail("f", cases[i].n, &b, &e), 0);
		assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_done(&b);
	}
}

static void test_file__write_replaces_whole_and_private(void **state)
{
	struct err e = ERR_INIT;
	struct stat st;
	char old[16] = "";
	int fd;

	(void)state;
	must_write("f", "old");
	assert_int_equal(chmod("f", 0644), 0);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_write("f", STR("new and longer"), true, &e), 0);
	assert_int_equal(read(fd, old, sizeof(old)), 3); /* who reads the old one sees all of it */
	assert_string_equal(old, "old");
	assert_content("f", "new and longer");
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(n_entries("."), 1);
	(void)close(fd);
}

static void test_file__a_write_that_fails_leaves_the_old_file(void **state)
{
	struct rlimit was, small;
	struct err e = ERR_INIT;
	char big[4096] = "";
	int rc;

	(void)state;
	must_write("f", "old");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){.rlim_cur = 100, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = file_write("f", (struct str){big, sizeof(big)}, true, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(e.sys, EFBIG);
	assert_content("f", "old");
	assert_int_equal(n_entries("."), 1);
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(file_write("d", STR("x"), false, &e), ERR_IO);
	assert_int_equal(file_write("no/f", STR("x"), false, &e), ERR_IO);
	assert_int_equal(n_entries("."), 2);
}

static void test_dir__make_makes_what_is_missing(void **state)
{
	struct err e = ERR_INIT;
	struct stat st;
	char *absolute = path_join(top, "x/y//z/");

	(void)state;
	assert_int_equal(dir_make("a/b/c", &e), 0);
	assert_int_equal(stat("a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(dir_make("a/b/c", &e), 0);
	assert_int_equal(dir_make(absolute, &e), 0);
	assert_true(file_exists("x/y/z"));
	must_write("file", "");
	assert_int_equal(dir_make("file", &e), ERR_IO);
	assert_int_equal(e.sys, ENOTDIR);
	assert_int_equal(dir_make("file/below", &e), ERR_IO);
	free(absolute);
}

static void test_dir__remove_does_not_follow_links(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(dir_make("outside", &e), 0);
	must_write("outside/keep", "me");
	assert_int_equal(dir_make("tree/sub", &e), 0);
	must_write("tree/sub/f", "");
	assert_int_equal(symlink("../../outside", "tree/sub/link"), 0);
	assert_int_equal(symlink("outside", "top-link"), 0);
	assert_int_equal(symlink("nowhere", "tree/dangling"), 0);
	assert_int_equal(dir_remove("tree", &e), 0);
	assert_false(file_exists("tree"));
	assert_int_equal(dir_remove("top-link", &e), 0);
	assert_content("outside/keep", "me");
	assert_int_equal(n_entries("."), 1);
	assert_int_equal(dir_remove("absent", &e), 0);
	assert_int_equal(dir_remove("outside/keep", &e), 0);
	assert_int_equal(n_entries("outside"), 0);
}

static void test_dir__remove_takes_any_depth(void **state)
{
	struct err e = ERR_INIT;
	struct rlimit was, few;
	int fd;

	(void)state;
	assert_int_equal(mkdir("deep", 0700), 0);
	fd = open("deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "folder-with-a-name", 0700), 0);
		assert_int_equal(symlinkat("/", fd, "link"), 0);
		next = openat(fd, "folder-with-a-name", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = (struct rlimit){.rlim_cur = 100, .rlim_max = was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(dir_remove("deep", &e), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_false(file_exists("deep"));
}

/* Go's module cache, for one, is read-only; root would not notice. */
static void test_dir__remove_opens_folders_that_are_closed(void **state)
{
	struct err e = ERR_INIT;
	bool root = geteuid() == 0;
	int rc;

	(void)state;
	assert_int_equal(chmod(top, 0777), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(dir_make("tree/closed/sub", &e), 0);
	must_write("tree/closed/sub/f", "");
	assert_int_equal(chmod("tree/closed/sub", 0555), 0);
	assert_int_equal(chmod("tree/closed", 0), 0);
	assert_int_equal(chmod("tree", 0555), 0);
	rc = dir_remove("tree", &e);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, 0);
	assert_false(file_exists("tree"));
}

static void test_dir__remove_leaves_what_is_mounted(void **state)
{
	struct err e = ERR_INIT;
	int rc;

	(void)state;
	assert_int_equal(dir_make("outside", &e), 0);
	assert_int_equal(dir_make("tree/mount", &e), 0);
	must_write("outside/keep", "me");
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("outside", "tree/mount", NULL, MS_BIND, NULL) < 0)
		skip(); /* not ours to do */
	rc = dir_remove("tree", &e);
	assert_int_equal(umount("tree/mount"), 0);
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(e.sys, EBUSY);
	assert_content("outside/keep", "me");
}

static void test_file__link_takes_the_place_of_what_was_there(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	must_write("old", "old");
	assert_int_equal(file_touch("log", &e), 0);
	assert_int_equal(file_link("log", "old", &e), 0);
	assert_content("old", "");
	assert_int_equal(file_link("log", "old", &e), 0); /* it is the same file now */
	assert_false(file_exists("old.new"));
	must_write("log", "x"); /* replaces by rename: the other name keeps the old file */
	assert_int_equal(file_touch("log", &e), 0); /* what is there stays */
	assert_content("log", "x");
	assert_int_equal(file_link("absent", "old", &e), ERR_IO);
}

static void count_name(void *ctx, const char *name)
{
	int *n = ctx;

	assert_true(streq(name, "a") || streq(name, "b"));
	(*n)++;
}

static void test_dir__each_name_is_given_once(void **state)
{
	struct err e = ERR_INIT;
	int n = 0;

	(void)state;
	assert_int_equal(dir_make("d/a", &e), 0);
	must_write("d/b", "");
	assert_int_equal(dir_each("d", count_name, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(dir_each("absent", count_name, &n, &e), ERR_IO);
}

static void test_disk__free_is_a_number_of_bytes(void **state)
{
	struct err e = ERR_INIT;
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(disk_free(".", &bytes, &e), 0);
	assert_true(bytes > 0);
	assert_int_equal(disk_free("absent", &bytes, &e), ERR_IO);
}

static void test_dir__remove_says_what_it_could_not(void **state)
{
	struct err e = ERR_INIT;
	bool root = geteuid() == 0;
	int rc;

	(void)state;
	if (!root)
		skip(); /* needs a folder of somebody else */
	assert_int_equal(dir_make("tree", &e), 0);
	must_write("tree/f", "");
	assert_int_equal(seteuid(65534), 0);
	rc = dir_remove("tree", &e);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(e.sys, EACCES);
	assert_true(file_exists("tree/f"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_file__read_says_why_not),
		CASE(test_file__a_pipe_is_not_waited_for),
		CASE(test_file__tail_gives_the_end),
		CASE(test_file__write_replaces_whole_and_private),
		CASE(test_file__a_write_that_fails_leaves_the_old_file),
		CASE(test_file__link_takes_the_place_of_what_was_there),
		CASE(test_dir__each_name_is_given_once),
		CASE(test_disk__free_is_a_number_of_bytes),
		CASE(test_dir__make_makes_what_is_missing),
		CASE(test_dir__remove_does_not_follow_links),
		CASE(test_dir__remove_takes_any_depth),
		CASE(test_dir__remove_opens_folders_that_are_closed),
		CASE(test_dir__remove_says_what_it_could_not),
		CASE(test_dir__remove_leaves_what_is_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
