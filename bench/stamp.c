/*
 * An agent that does nothing but say when it was there, and wait.
 *
 *	stamp FILE [FIFO]
 *
 * Appends "<task> start <ns>" to FILE as its first deed and "<task> end <ns>" as its last, wall
 * clock both; between the two it reads from FIFO/<task> to its end, where FIFO is given. Says
 * "ganger: nothing to do", so that nothing is merged.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int stamp(int fd, const char *what)
{
	const char *task = getenv("GANGER_TASK");
	struct timespec t;
	char line[256];
	int n;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	n = snprintf(line, sizeof(line), "%s %s %lld%09ld\n", task ? task : "-", what,
		     (long long)t.tv_sec, t.tv_nsec);
	return write(fd, line, (size_t)n) != n;
}

int main(int argc, char **argv)
{
	const char *task = getenv("GANGER_TASK");
	char path[4096], byte;
	int fd = open(argc > 1 ? argv[1] : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		      0600);

	if (fd < 0 || stamp(fd, "start"))
		return 1;
	if (argc > 2) {
		int fifo;

		(void)snprintf(path, sizeof(path), "%s/%s", argv[2], task ? task : "-");
		fifo = open(path, O_RDONLY | O_CLOEXEC);
		if (fifo < 0)
			return 1;
		while (read(fifo, &byte, 1) > 0)
			;
	}
	(void)!write(STDOUT_FILENO, "ganger: nothing to do\n", 22);
	return stamp(fd, "end");
}
