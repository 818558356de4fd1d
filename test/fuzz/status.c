/*
 * The status file of a job. An agent runs as the same user and may write into it; where the first
 * byte says so the seals are made right, so that what is behind them is reached, too.
 */
#include "exec/record.h"
#include "fuzz.h"
#include "tmp.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER 7

static char *folder;

static void remove_folder(void)
{
	tmp_done(folder);
}

static int status_file(void)
{
	char *path CLEANUP(freep) = NULL;

	folder = tmp_make();
	CHECK(folder);
	CHECK(atexit(remove_folder) == 0);
	path = path_join(folder, STATUS_NAME);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static void seal(char *page, size_t at, size_t size, enum status_magic magic)
{
	/* As alignment wants it. */
	union {
		struct status_start start;
		struct status_child child;
		struct status_end end;
	} r;
	const uint64_t number = NUMBER;

	memcpy(&r, page + at, size);
	memcpy((char *)&r + sizeof(struct status_seal), &number, sizeof(number));
	status_seal(&r, size, magic);
	memcpy(page + at, &r, size);
}

static void seal_all(char *page, unsigned which)
{
	if (which & 1)
		seal(page, STATUS_START_AT, sizeof(struct status_start), STATUS_START);
	if (which & 2)
		seal(page, STATUS_CHILD_AT, sizeof(struct status_child), STATUS_CHILD);
	if (which & 4)
		seal(page, STATUS_END_AT, sizeof(struct status_end), STATUS_END);
}

static void check_record(const struct record *r)
{
	struct job_end end;

	(void)record_is_of_this_boot(r);
	if (r->has_start) {
		CHECK(memchr(r->start.cgroup, '\0', sizeof(r->start.cgroup)));
		CHECK(memchr(r->start.boot_id, '\0', sizeof(r->start.boot_id)));
		CHECK(r->start.pid > 0);
	}
	if (r->has_child)
		CHECK(r->child.pid > 0);
	if (!r->has_end)
		return;
	record_end(r, &end);
	CHECK(end.number == NUMBER);
	CHECK(end.how >= JOB_EXITED && end.how < JOB_HOW_COUNT);
	CHECK(memchr(end.text, '\0', sizeof(end.text)));
	CHECK(end.left_over >= 0 && end.unkillable >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	char page[STATUS_SIZE] = {0};
	struct str rest = fuzz_text(data, n);
	unsigned which = fuzz_byte(&rest);
	struct record r;
	struct err e = ERR_INIT;
	size_t size = rest.n < sizeof(page) ? rest.n : sizeof(page);

	if (fd < 0)
		fd = status_file();
	CHECK(fd >= 0);
	memcpy(page, rest.p, size);
	seal_all(page, which);
	CHECK(pwrite(fd, page, sizeof(page), 0) == sizeof(page));
	CHECK(record_read(folder, NUMBER, &r, &e) == 0);
	CHECK(!r.held);
	check_record(&r);
	return 0;
}
