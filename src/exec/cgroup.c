#include "exec/cgroup.h"

#include "base/child.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROC_FILE_MAX  (1u << 20)
#define PROBE_LIMIT_MS 2000
#define REMOVE_TRIES   50 /* of 2 ms */

/* The n-th blank-separated field of a line, from 0; empty where there are fewer. */
static struct str field(struct str line, int n)
{
	struct str f = {0};

	for (int i = 0; i <= n; i++) {
		if (!str_next(&line, ' ', &f))
			return (struct str){0};
	}
	return f;
}

/* The mount of the whole v2 hierarchy, from /proc/self/mountinfo: NULL where there is none. */
static char *mount_find(struct str mountinfo)
{
	struct str line;

	while (str_next(&mountinfo, '\n', &line)) {
		const char *type = memmem(line.p, line.n, " - cgroup2 ", 11);

		if (type && str_eq(field(line, 3), STR("/")))
			return mem_strndup(field(line, 4).p, field(line, 4).n);
	}
	return NULL;
}

/* Our own cgroup, "0::<path>" of /proc/self/cgroup. */
static bool own_find(struct str cgroups, struct str *ret)
{
	struct str line;

	while (str_next(&cgroups, '\n', &line)) {
		if (str_starts(line, "0::/")) {
			*ret = (struct str){line.p + 3, line.n - 3};
			return true;
		}
	}
	return false;
}

static char *own_folder(struct err *why)
{
	struct buf mounts CLEANUP(buf_done) = BUF_INIT, cgroups CLEANUP(buf_done) = BUF_INIT;
	char *mount CLEANUP(freep) = NULL;
	struct str own;

	if (file_read("/proc/self/mountinfo", PROC_FILE_MAX, &mounts, why) < 0 ||
	    file_read("/proc/self/cgroup", PROC_FILE_MAX, &cgroups, why) < 0)
		return NULL;
	mount = mount_find(buf_str(&mounts));
	if (!mount || !own_find(buf_str(&cgroups), &own)) {
		(void)err_set(why, ERR_NOT_FOUND, "no cgroup v2 here");
		return NULL;
	}
	return mem_printf("%s%.*s", mount, own.n > 1 ? (int)own.n : 0, own.p);
}

/* A process moved into a leaf, and the kernel ends leaves: then it truly works. */
static int try_leaf(const char *shim, const char *leaf, struct err *why)
{
	char *kill_file CLEANUP(freep) = path_join(leaf, "cgroup.kill");
	const char *argv[] = {shim, "--probe-cgroup", leaf, NULL};
	struct child_spec spec = {.argv = argv, .timeout_ms = PROBE_LIMIT_MS};
	struct child_result result = {0};
	int rc;

	if (!file_exists(kill_file))
		return err_set(why, ERR_NOT_FOUND, "the kernel has no cgroup.kill");
	rc = child_run(&spec, &result, why);
	if (!rc && result.exit_code != 0)
		rc = err_set(why, ERR_INVALID, "no process may be moved into '%s'", leaf);
	child_result_done(&result);
	return rc;
}

char *cgroup_find(const char *shim, struct err *why)
{
	char *base CLEANUP(freep) = own_folder(why);
	char *leaf CLEANUP(freep) = NULL;
	int rc;

	if (!base)
		return NULL;
	leaf = mem_printf("%s/ganger-probe-%d", base, (int)getpid());
	if (mkdir(leaf, 0755) < 0 && errno != EEXIST) {
		(void)err_sys(why, "could not make '%s'", leaf);
		return NULL;
	}
	rc = try_leaf(shim, leaf, why);
	(void)rmdir(leaf); /* empty again; if not, it is reused */
	return rc ? NULL : TAKE(base);
}

/* One name a job folder, the same for every supervisor: FNV-1a. */
static uint64_t name_hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h;
}

char *cgroup_leaf_make(const char *base, const char *job_dir)
{
	char *leaf =
		mem_printf("%s/ganger-job-%016llx", base, (unsigned long long)name_hash(job_dir));

	/* One that exists is of a start that was cut short: the status file is made once. */
	if (mkdir(leaf, 0755) == 0 || errno == EEXIST)
		return leaf;
	free(leaf);
	return NULL;
}

void cgroup_leaf_kill(const char *leaf)
{
	char *path CLEANUP(freep) = path_join(leaf, "cgroup.kill");
	int fd CLEANUP(closep) = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "1", 1); /* what stays is found by looking at all processes */
}

void cgroup_leaf_remove(const char *leaf)
{
	/* One that has just died may hold it for a moment; the unkillable hold it for good. */
	for (int i = 0; leaf && i < REMOVE_TRIES && rmdir(leaf) < 0 && errno == EBUSY; i++)
		(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}
