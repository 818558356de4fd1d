/*
 * A stand-in for Copilot's headless server, which does nothing and says at once that it is done, for
 * measuring what is around it. FOLDER/sessions gets a line a session: when it was at work (ms of
 * the monotonic clock), and how long it took from the answer that a session is open until
 * "session.send" was there.
 *
 *	server FOLDER
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX (1 << 20)

static char frame[FRAME_MAX];

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The next message in 'frame'; 0: there is none any more. */
static size_t take(void)
{
	char line[256];
	size_t n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "Content-Length: %zu", &n) == 1)
			continue;
		if (line[0] != '\r' && line[0] != '\n')
			continue;
		if (n == 0 || n >= FRAME_MAX || fread(frame, 1, n, stdin) != n)
			return 0;
		frame[n] = '\0';
		return n;
	}
	return 0;
}

static void tell(const char *text)
{
	printf("Content-Length: %zu\r\n\r\n%s", strlen(text), text);
	(void)fflush(stdout);
}

static void answer(long id, const char *result)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":%s}", id,
		       result);
	tell(text);
}

static void event(const char *type, const char *data)
{
	char text[256];

	(void)snprintf(
		text, sizeof(text),
		"{\"jsonrpc\":\"2.0\",\"method\":\"session.event\",\"params\":{\"sessionId\":\"s\","
		"\"event\":{\"type\":\"%s\",\"data\":%s}}}",
		type, data);
	tell(text);
}

static int has(const char *method)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "\"method\":\"%s\"", method);
	return strstr(frame, text) != NULL;
}

static void work(void)
{
	int fd = open("made", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	(void)!write(fd, "x\n", 2);
	(void)close(fd);
	event("user.message", "{}");
	event("assistant.message", "{\"content\":\"done\"}");
	event("session.idle", "{}");
}

static void note(const char *folder, double began, double sent)
{
	char path[4096], line[128];
	int n, fd;

	(void)snprintf(path, sizeof(path), "%s/sessions", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	n = snprintf(line, sizeof(line), "%.3f %.3f %.3f\n", began, now_ms(), sent);
	(void)!write(fd, line, (size_t)n);
	(void)close(fd);
}

int main(int argc, char **argv)
{
	double began = now_ms(), opened = 0, sent = 0;

	if (argc != 2)
		return 2;
	while (take()) {
		const char *at = strstr(frame, "\"id\":");
		long id = at ? strtol(at + 5, NULL, 10) : 0;

		if (has("session.send"))
			sent = now_ms() - opened;
		if (has("session.create")) {
			opened = now_ms();
			answer(id, "{\"sessionId\":\"s\"}");
		} else if (has("session.send")) {
			answer(id, "{\"messageId\":\"m\"}");
			work();
		} else {
			answer(id, "{\"ok\":true}");
		}
		if (has("runtime.shutdown"))
			break;
	}
	note(argv[1], began, sent);
	return 0;
}
