#include "exec/record.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static_assert((int)STATUS_EXITED == (int)JOB_EXITED, "as the port has it");
static_assert((int)STATUS_SIGNALED == (int)JOB_SIGNALED, "as the port has it");
static_assert((int)STATUS_TIMEOUT == (int)JOB_TIMEOUT, "as the port has it");
static_assert((int)STATUS_SILENCE == (int)JOB_SILENCE, "as the port has it");
static_assert((int)STATUS_STOPPED == (int)JOB_STOPPED, "as the port has it");
static_assert((int)STATUS_LOST == (int)JOB_LOST, "as the port has it");
static_assert((int)STATUS_NOT_STARTED == (int)JOB_NOT_STARTED, "as the port has it");
static_assert((int)STATUS_NOT_STARTED + 1 == (int)JOB_HOW_COUNT, "all of the port's");
static_assert(sizeof(((struct status_end *)0)->text) == sizeof(((struct job_end *)0)->text),
	      "as the port has it");

int fd_above_standard(int fd)
{
	int high;

	if (fd < 0 || fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)close(fd); /* its copy is what counts */
	return high;
}

/* Room for the end record must be there when the disk is full. */
static int set_up(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	errno = posix_fallocate(fd, 0, STATUS_SIZE);
	if (errno)
		return -1;
	return fcntl(fd, F_OFD_SETLK, &lock);
}

int record_create(const char *dir, int *ret_fd, struct err *e)
{
	char *path CLEANUP(freep) = path_join(dir, STATUS_NAME);
	int fd CLEANUP(closep) =
		fd_above_standard(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));

	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_CONFLICT, "could not make '%s': it exists", path);
	if (fd < 0)
		return err_sys(e, "could not make '%s'", path);
	if (set_up(fd) < 0) {
		int rc = err_sys(e, "could not set up '%s'", path);

		(void)unlink(path); /* the first error is what is reported */
		return rc;
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Something written, but not what should be there. */
static bool is_torn(const void *record, bool valid)
{
	struct status_seal seal;

	memcpy(&seal, record, sizeof(seal));
	return !valid && (seal.magic || seal.sum);
}

static bool is_ended(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/*
 * A seal tells a torn record from a whole one, not ours from one that an agent wrote, which runs
 * as the same user. What a record says is only taken where it is something the shim can say.
 */
static bool start_fits(const struct status_start *r)
{
	return r->pid > 0 && is_ended(r->boot_id, sizeof(r->boot_id)) &&
	       is_ended(r->cgroup, sizeof(r->cgroup));
}

static bool end_fits(const struct status_end *r)
{
	return r->how >= STATUS_EXITED && r->how <= STATUS_NOT_STARTED && r->left_over >= 0 &&
	       r->unkillable >= 0;
}

static void records_parse(const char *page, uint64_t number, struct record *ret)
{
	memcpy(&ret->start, page + STATUS_START_AT, sizeof(ret->start));
	memcpy(&ret->child, page + STATUS_CHILD_AT, sizeof(ret->child));
	memcpy(&ret->end, page + STATUS_END_AT, sizeof(ret->end));
	ret->has_start = status_valid(&ret->start, sizeof(ret->start), STATUS_START, number) &&
			 start_fits(&ret->start);
	ret->has_child = status_valid(&ret->child, sizeof(ret->child), STATUS_CHILD, number) &&
			 ret->child.pid > 0;
	ret->has_end = status_valid(&ret->end, sizeof(ret->end), STATUS_END, number) &&
		       end_fits(&ret->end);
	ret->damaged = is_torn(&ret->start, ret->has_start) ||
		       is_torn(&ret->child, ret->has_child) || is_torn(&ret->end, ret->has_end);
}

int record_read(const char *dir, uint64_t number, struct record *ret, struct err *e)
{
	char *path CLEANUP(freep) = path_join(dir, STATUS_NAME);
	int fd CLEANUP(closep) = -1;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char page[STATUS_SIZE] = {0};
	int rc = file_open(path, 0, &fd, e);

	if (rc)
		return rc;
	/* The lock first: what was free then has nothing more to write. */
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0 || pread(fd, page, sizeof(page), 0) < 0)
		return err_sys(e, "could not read '%s'", path);
	memset(ret, 0, sizeof(*ret));
	ret->held = lock.l_type != F_UNLCK;
	records_parse(page, number, ret);
	return 0;
}

void record_end(const struct record *r, struct job_end *ret)
{
	CHECK(r->has_end);
	*ret = (struct job_end){
		.number = r->end.number,
		.how = (enum job_how)r->end.how,
		.code = r->end.code,
		.started_ms = r->end.started_ms,
		.ended_ms = r->end.ended_ms,
		.left_over = r->end.left_over,
		.unkillable = r->end.unkillable,
	};
	memcpy(ret->text, r->end.text, sizeof(ret->text));
	ret->text[sizeof(ret->text) - 1] = '\0';
}

bool record_is_of_this_boot(const struct record *r)
{
	char now[BOOT_ID_SIZE];

	clock_boot_id(now);
	if (!r->has_start || !now[0] || !r->start.boot_id[0])
		return true;
	return !memcmp(r->start.boot_id, now, BOOT_ID_SIZE);
}
