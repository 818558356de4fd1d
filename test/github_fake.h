#ifndef TEST_GITHUB_FAKE_H
#define TEST_GITHUB_FAKE_H

#include "base/child.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "unit/test.h"
#include "wire/http.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* test/fake/github, over a bare repository with one commit on main; its name is "o/r". */

extern char **environ;

struct github_fake {
	pid_t pid;
	char *url;  /* of the API */
	char *bare; /* the repository */
	struct http *http;
};

/* Run a shell text in the bare repository; what it prints, trimmed; the caller's. */
static inline char *github_fake_git(const struct github_fake *f, const char *text)
{
	const char *const argv[] = {"sh", "-ec", text, NULL};
	const char *const set[] = {"GIT_AUTHOR_NAME=x",     "GIT_AUTHOR_EMAIL=x@example.org",
				   "GIT_COMMITTER_NAME=x",  "GIT_COMMITTER_EMAIL=x@example.org",
				   "GIT_CONFIG_NOSYSTEM=1", NULL};
	struct child_result r = {0};
	struct err e = ERR_INIT;
	struct child_spec spec = {.cwd = f->bare, .argv = argv, .set = set, .timeout_ms = 30000};

	if (child_run(&spec, &r, &e))
		fail_msg("%s", e.msg);
	if (r.exit_code)
		fail_msg("'%s': %s", text, buf_cstr(&r.errout));
	struct str out = str_trim(buf_str(&r.out));
	char *copy = mem_strndup(out.p ? out.p : "", out.n);
	child_result_done(&r);
	return copy;
}

/* The commit 'n' after main on a branch, which is moved there; the caller's. */
static inline char *github_fake_push(const struct github_fake *f, const char *branch, int n)
{
	char *text CLEANUP(freep) =
		mem_printf("c=$(git commit-tree -p main -m 'work %d of %s' \"$(printf '100644 blob "
			   "%%s\\t%d\\n'"
			   " $(echo '%s' | git hash-object -w --stdin) | git mktree)\");"
			   "git update-ref 'refs/heads/%s' $c; echo $c",
			   n, branch, n, branch, branch);

	return github_fake_git(f, text);
}

/* What a person or a test asks of it: "fault", "human", "conf"; its answer, the caller's. */
static inline char *github_fake_control(struct github_fake *f, const char *word, const char *json)
{
	char *url CLEANUP(freep) = mem_printf("%s/_control/%s", f->url, word);
	struct http_answer a = {0};
	struct err e = ERR_INIT;
	struct http_request r = {.method = json ? "POST" : "GET",
				 .url = url,
				 .body = str_of(json),
				 .timeout_ms = 30000};

	if (http_send(f->http, &r, &a, &e))
		fail_msg("%s", e.msg);
	if (a.status != 200)
		fail_msg("%s: %s", word, buf_cstr(&a.body));
	char *text = mem_strdup(buf_cstr(&a.body));
	http_answer_done(&a);
	return text;
}

static inline void github_fake_tell(struct github_fake *f, const char *word, const char *json)
{
	free(github_fake_control(f, word, json));
}

/* Its books: no rule of conduct was broken. */
static inline void github_fake_check(struct github_fake *f)
{
	char *said CLEANUP(freep) = github_fake_control(f, "check", NULL);

	assert_string_equal(said, "{\"broken\": []}");
}

/* more: the rest of the repository's seed (", \"issues\": […]"), or "". Ends with its parent. */
static inline void github_fake_start(struct github_fake *f, const char *dir, const char *more)
{
	char *program CLEANUP(freep) = mem_printf("%s/test/fake/github", getenv("GANGER_SOURCE"));
	char *seed CLEANUP(freep) = path_join(dir, "seed.json");
	char *argv[] = {"python3", program, "--seed", seed, NULL};
	/* What is first on PATH may be a script that looks for one. */
	const char *system_python = "/usr/bin/python3";
	const char *python = access(system_python, X_OK) == 0 ? system_python : "python3";
	posix_spawn_file_actions_t actions;
	struct err e = ERR_INIT;
	char line[64] = "";
	int out[2];

	f->bare = path_join(dir, "o-r.git");
	char *make CLEANUP(freep) = mem_printf(
		"git init -q --bare -b main '%s'; cd '%s'; git update-ref refs/heads/main "
		"$(git commit-tree -m start $(git mktree </dev/null))",
		f->bare, f->bare);
	struct github_fake here = {.bare = (char *)(uintptr_t)dir};
	free(github_fake_git(&here, make));
	char *text CLEANUP(freep) =
		mem_printf("{\"repos\": {\"o/r\": {\"git\": \"%s\"%s}}}", f->bare, more);
	if (file_write(seed, str_of(text), false, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], 1), 0);
	assert_int_equal(posix_spawnp(&f->pid, python, &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	for (size_t n = 0; n + 1 < sizeof(line) && read(out[0], line + n, 1) == 1; n++)
		if (line[n] == '\n')
			break;
	close(out[0]);
	const char *port = strpbrk(line, "0123456789");
	if (!port)
		fail_msg("the stand-in for GitHub did not start");
	f->url = mem_printf("http://127.0.0.1:%.*s", (int)strspn(port, "0123456789"), port);
	if (http_new(&f->http, &e))
		fail_msg("%s", e.msg);
}

static inline void github_fake_stop(struct github_fake *f)
{
	if (f->pid > 0) {
		(void)kill(f->pid, SIGKILL);
		(void)waitpid(f->pid, NULL, 0);
	}
	http_free(f->http);
	free(f->url);
	free(f->bare);
	*f = (struct github_fake){0};
}

#endif
