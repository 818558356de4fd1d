/*
 * The bare shape of an agent's end, as a measure of the machine: a process ends, its parent hears
 * of that and tells a third, which waited. No record, no lock, no journal.
 *
 *	relay ROUNDS [EVERY_MS]
 *
 * Prints a line a round: milliseconds from the last clock the ending process read to the first
 * that the third one read. Between two rounds EVERY_MS (100) go by with everything asleep.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The process that ends: its last deed is to read the clock into the pipe. */
static void end_after(int every_ms, int told)
{
	double now;

	(void)poll(NULL, 0, every_ms);
	now = now_ms();
	_exit(write(told, &now, sizeof(now)) != sizeof(now));
}

/* Its parent, as the shim is: waits, then tells how that process ended. */
static void wait_and_tell(int every_ms, int told, int ended)
{
	int status = -1;
	pid_t child = fork();

	if (!child)
		end_after(every_ms, told);
	if (child < 0 || waitpid(child, &status, 0) != child)
		_exit(1);
	_exit(write(ended, &status, sizeof(status)) != sizeof(status));
}

/* Milliseconds from the end to its being known here; negative: it could not be measured. */
static double round_of(int every_ms)
{
	int told[2], ended[2], status = -1;
	double began = 0, known;
	pid_t parent;

	if (pipe(told) || pipe(ended))
		return -1;
	parent = fork();
	if (!parent)
		wait_and_tell(every_ms, told[1], ended[1]);
	if (parent < 0 || read(ended[0], &status, sizeof(status)) != sizeof(status))
		return -1;
	known = now_ms();
	if (status || read(told[0], &began, sizeof(began)) != sizeof(began))
		return -1;
	(void)waitpid(parent, NULL, 0);
	for (int i = 0; i < 2; i++) {
		(void)close(told[i]);
		(void)close(ended[i]);
	}
	return known - began;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 30, every_ms = argc > 2 ? atoi(argv[2]) : 100;

	for (int i = 0; i < rounds; i++) {
		double ms = round_of(every_ms);

		if (ms < 0)
			return 1;
		printf("%.3f\n", ms);
	}
	return 0;
}
