#include "config/node.h"
#include "unit/run_fixture.h"
#include "wire/http.h"

#include <curl/curl.h>
#include <libfyaml.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

/* A library that finds no memory: that is said, and no bug of ours is. */

static struct {
	bool diag, parser, address, loop;
} without;

/* Linked with -Wl,--wrap. */
struct fy_diag *__real_fy_diag_create(const struct fy_diag_cfg *cfg);
struct fy_diag *__wrap_fy_diag_create(const struct fy_diag_cfg *cfg);
struct fy_parser *__real_fy_parser_create(const struct fy_parse_cfg *cfg);
struct fy_parser *__wrap_fy_parser_create(const struct fy_parse_cfg *cfg);
CURLU *__real_curl_url(void);
CURLU *__wrap_curl_url(void);
int __real_uv_loop_init(uv_loop_t *loop);
int __wrap_uv_loop_init(uv_loop_t *loop);

struct fy_diag *__wrap_fy_diag_create(const struct fy_diag_cfg *cfg)
{
	return without.diag ? NULL : __real_fy_diag_create(cfg);
}

struct fy_parser *__wrap_fy_parser_create(const struct fy_parse_cfg *cfg)
{
	return without.parser ? NULL : __real_fy_parser_create(cfg);
}

CURLU *__wrap_curl_url(void)
{
	return without.address ? NULL : __real_curl_url();
}

int __wrap_uv_loop_init(uv_loop_t *loop)
{
	return without.loop ? UV_ENOMEM : __real_uv_loop_init(loop);
}

static void parse(void)
{
	struct err e = ERR_INIT;
	struct node n = {0};
	IGNORE(node_parse("ganger.yaml", STR("base: main"), &n, &e));
	node_done(&n);
}

static void read_address(void)
{
	struct err e = ERR_INIT;
	char *origin CLEANUP(freep) = NULL, *host CLEANUP(freep) = NULL;
	IGNORE(http_origin("https://github.com/", &origin, &host, &e));
}

static void supervise(void)
{
	struct err e = ERR_INIT;
	struct config config;
	int code = 0;
	config_init(&config);
	IGNORE(supervisor_run(&(struct supervisor_spec){.config = &config}, &code, &e));
}

/* What fn says in a process of its own, and the signal that ends it; 0 where it returns. */
static int signal_of(void (*fn)(void), char said[256])
{
	int fds[2], status = 0;
	size_t n = 0;
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		(void)signal(SIGABRT, SIG_DFL); /* cmocka catches it */
		(void)dup2(fds[1], STDERR_FILENO);
		(void)close(fds[1]);
		fn();
		_exit(0);
	}
	(void)close(fds[1]);
	for (ssize_t got; n < 255 && (got = read(fds[0], said + n, 255 - n)) > 0;)
		n += (size_t)got;
	said[n] = '\0';
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void assert_says_so(void (*fn)(void), bool *lacks)
{
	char said[256];
	*lacks = true;
	assert_int_equal(signal_of(fn, said), SIGABRT);
	assert_string_equal(said, "error: out of memory\n");
	*lacks = false;
}

static void test_memory__for_a_parser(void **state)
{
	char said[256];
	(void)state;
	assert_says_so(parse, &without.diag);
	assert_says_so(parse, &without.parser);
	assert_int_equal(signal_of(parse, said), 0); /* with memory it is read */
}

static void test_memory__for_an_address(void **state)
{
	char said[256];
	(void)state;
	assert_says_so(read_address, &without.address);
	assert_int_equal(signal_of(read_address, said), 0);
}

static void test_memory__for_a_loop(void **state)
{
	(void)state;
	assert_says_so(supervise, &without.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory__for_a_parser),
		cmocka_unit_test(test_memory__for_an_address),
		cmocka_unit_test(test_memory__for_a_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
