#include "base/clock.h"

#include "base/clean.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

static int64_t clock_ms(clockid_t id)
{
	struct timespec ts = {0};

	CHECK(clock_gettime(id, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct moment clock_now(void)
{
	return (struct moment){
		.mono_ms = clock_ms(CLOCK_BOOTTIME),
		.wall_ms = clock_ms(CLOCK_REALTIME),
	};
}

void clock_boot_id(char ret[BOOT_ID_SIZE])
{
	int fd CLEANUP(closep) = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char id[BOOT_ID_SIZE] = "";

	if (fd < 0 || read(fd, id, BOOT_ID_SIZE - 1) != BOOT_ID_SIZE - 1)
		id[0] = '\0';
	memcpy(ret, id, sizeof(id));
}

void buf_time(struct buf *b, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
	struct tm tm;
	char text[64];

	CHECK(gmtime_r(&seconds, &tm)); /* no int64_t of milliseconds leaves the years of an int */
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_puts(b, text);
}
