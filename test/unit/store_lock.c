#include "store/store-impl.h"
#include "unit/store_fixture.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

/*
 * Set by a test that wants its folder to look like a network file system. The linker puts
 * this in the place of statfs, which has this name where files may be large.
 */
static long fake_magic;
int __real_statfs64(const char *path, struct statfs *ret);
int __wrap_statfs64(const char *path, struct statfs *ret);

int __wrap_statfs64(const char *path, struct statfs *ret)
{
	int rc = __real_statfs64(path, ret);

	if (fake_magic)
		ret->f_type = fake_magic;
	return rc;
}

static char *lock_path(const struct fixture *f)
{
	return path_join(f->dir, "ganger/epic.lock");
}

/* A child that takes the lock, says so through the pipe, and holds it until it is ended. */
static pid_t hold_in_child(const char *path)
{
	int p[2], fd = -1;
	char c;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody */
		c = store_lock(path, &fd, NULL) == 0 ? 'y' : 'n';
		(void)!write(p[1], &c, 1);
		for (;;)
			(void)pause();
	}
	(void)close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	(void)close(p[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Has the lock from one that is dead, until somebody looks at the file. */
static void stay_for_a_moment(const char *path, int told)
{
	char event[512];
	int watch = inotify_init1(IN_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, 0);
	if (watch >= 0 && inotify_add_watch(watch, path, IN_OPEN) >= 0 && write(told, "y", 1) == 1)
		(void)!read(watch, event, sizeof(event));
	_exit(0);
}

/* Killed as it started another, which has its descriptors for a moment more. */
static void test_lock__is_waited_for_where_its_holder_is_gone(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	int p[2], fd = -1;
	pid_t pid;
	char c;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (store_lock(path, &fd, NULL) || (pid = fork()) < 0)
			_exit(1);
		if (pid == 0)
			stay_for_a_moment(path, p[1]);
		_exit(0);
	}
	(void)close(p[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(p[0], &c, 1), 1);
	(void)close(p[0]);
	assert_int_equal(store_lock(path, &fd, NULL), 0);
	assert_int_equal(close(fd), 0);
}

static void test_lock__a_second_is_told_who_holds_it(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	pid_t pid = hold_in_child(path);
	char *who CLEANUP(freep) = mem_printf("process %d holds it since 20", (int)pid);
	struct err why = ERR_INIT;
	int64_t holder;
	int fd = -1;

	assert_int_equal(store_lock(path, &fd, &why), ERR_BUSY);
	assert_non_null(strstr(why.msg, who));
	OK(store_lock_holder(path, &holder, e));
	assert_int_equal(holder, pid);
	end_child(pid);
}

static void test_lock__that_of_a_dead_process_is_free(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	int64_t holder = -1;
	int fd = -1;

	end_child(hold_in_child(path));
	assert_true(file_exists(path));
	OK(store_lock_holder(path, &holder, e));
	assert_int_equal(holder, 0);
	OK(store_lock(path, &fd, e));
	OK(store_lock_holder(path, &holder, e));
	assert_int_equal(holder, getpid());
	(void)close(fd);
	OK(store_lock_holder(path, &holder, e));
	assert_int_equal(holder, 0);
}

static void test_lock__nobody_holds_what_is_not_there(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	int64_t holder = -1;

	OK(store_lock_holder(path, &holder, e));
	assert_int_equal(holder, 0);
	assert_false(file_exists(path));
}

static void test_lock__asking_never_takes_it(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	int fd = -1, asked = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int64_t holder;

	end_child(hold_in_child(path)); /* leaves text of a dead one */
	for (int i = 0; i < 100; i++)
		OK(store_lock_holder(path, &holder, e));
	OK(store_lock(path, &fd, e));
	(void)close(fd);
	(void)close(asked);
}

static void test_lock__is_seen_by_flock(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	pid_t pid = hold_in_child(path);
	int fd CLEANUP(closep) = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), -1);
	end_child(pid);
	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
}

static void test_lock__text_has_pid_time_and_start(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	unsigned long long start = 0;
	char since[32] = "";
	int pid = 0, fd = -1;

	OK(store_lock(path, &fd, e));
	OK(file_read(path, 4096, &b, e));
	assert_int_equal(sscanf(buf_cstr(&b), "%d %31s %llu", &pid, since, &start), 3);
	assert_int_equal(pid, getpid());
	assert_int_equal(strlen(since), strlen("2026-11-21T18:28:53Z"));
	assert_true(start > 0);
	(void)close(fd);
}

static void test_lock__is_not_inherited_by_a_program(void **state)
{
	char *path CLEANUP(freep) = lock_path(*state);
	int fd = -1;

	OK(store_lock(path, &fd, e));
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	(void)close(fd);
}

static void test_reserve__takes_its_room_and_gives_it_back(void **state)
{
	struct fixture *f = *state;
	char *path CLEANUP(freep) = path_join(f->dir, "reserve");
	struct stat st;

	OK(store_reserve_make(path, e));
	OK(store_reserve_make(path, e));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4 << 20);
	assert_true((int64_t)st.st_blocks * 512 >= 4 << 20);
	/* The same size as a hole is no reserve. */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, 4 << 20), 0);
	OK(store_reserve_make(path, e));
	assert_int_equal(stat(path, &st), 0);
	assert_true((int64_t)st.st_blocks * 512 >= 4 << 20);
	store_reserve_release(path);
	assert_false(file_exists(path));
	store_reserve_release(path);
}

static void test_store__a_network_file_system_is_refused(void **state)
{
	static const struct {
		long magic;
		const char *name;
	} cases[] = {
		{0x6969,              "(nfs)" },
		{(int32_t)0xff534d42, "(cifs)"}, /* as a 32-bit kernel gives it */
		{0xfe534d42,          "(smb2)"},
		{0x01021997,          "(9p)"  },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = ERR_INIT;
		struct store *s = NULL;
		int rc;

		fake_magic = cases[i].magic;
		rc = store_open(f->path, STORE_WRITE, test_tables, T_COUNT, &s, &e);
		fake_magic = 0;
		assert_int_equal(rc, ERR_INVALID);
		assert_non_null(strstr(e.msg, cases[i].name));
		assert_non_null(strstr(e.hint, "state_dir"));
		assert_false(file_exists(f->path));
	}
}

static void test_store__fuse_is_judged_by_its_mount(void **state)
{
	(void)state;
	assert_string_equal(place_network(0x65735546, "fuse.sshfs"), "fuse.sshfs");
	assert_null(place_network(0x65735546, "fuse.gocryptfs"));
	assert_null(place_network(0x65735546, "fuseblk"));
	assert_null(place_network(0xef53, "ext4"));
	assert_null(place_network(0x01021994, "tmpfs"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_done)
	const struct CMUnitTest tests[] = {
		T(test_lock__is_waited_for_where_its_holder_is_gone),
		T(test_lock__a_second_is_told_who_holds_it),
		T(test_lock__that_of_a_dead_process_is_free),
		T(test_lock__nobody_holds_what_is_not_there),
		T(test_lock__asking_never_takes_it),
		T(test_lock__is_seen_by_flock),
		T(test_lock__text_has_pid_time_and_start),
		T(test_lock__is_not_inherited_by_a_program),
		T(test_reserve__takes_its_room_and_gives_it_back),
		T(test_store__a_network_file_system_is_refused),
		cmocka_unit_test(test_store__fuse_is_judged_by_its_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
