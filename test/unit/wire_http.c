#include "base/clean.h"
#include "base/clock.h"
#include "unit/wire_server.h"
#include "wire/http.h"

static struct server server;
static struct http *http;
static struct err e;
static struct http_answer a;

static int setup(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	return http_new(&http, &e);
}

static int teardown(void **state)
{
	(void)state;
	http_answer_done(&a);
	http_free(http);
	server_stop(&server);
	return 0;
}

static int ask(const char *method, const char *body, size_t answer_max)
{
	char *url CLEANUP(freep) = mem_printf("http://127.0.0.1:%d/x", server.port);
	const char *const headers[] = {"X-One: 1", NULL};

	http_answer_done(&a);
	return http_send(http,
			 &(struct http_request){.method = method,
						.url = url,
						.headers = headers,
						.body = str_of(body),
						.timeout_ms = 300,
						.answer_max = answer_max},
			 &a, &e);
}

static void test_http__gives_status_headers_and_body(void **state)
{
	static const char *const script[] = {"HTTP/1.1 418 Teapot\r\nETag: \"a\"\r\nX-Long:  b c "
					     "\r\nContent-Length: 5\r\n\r\nhello",
					     NULL};
	struct str s;

	(void)state;
	server_start(&server, script);
	assert_int_equal(ask("PATCH", "{}", 0), 0);
	assert_int_equal(a.status, 418);
	assert_true(a.sent);
	assert_string_equal(buf_cstr(&a.body), "hello");
	assert_true(http_header(&a, "etag", &s) && str_eq(s, STR("\"a\"")));
	assert_true(http_header(&a, "x-LONG", &s) && str_eq(s, STR("b c")));
	assert_false(http_header(&a, "x-lon", &s));
	assert_non_null(strstr(server.asked.items[0], "PATCH /x HTTP/1.1\r\n"));
	assert_non_null(strstr(server.asked.items[0], "X-One: 1\r\n"));
	assert_null(strstr(server.asked.items[0], "Expect"));
	assert_non_null(strstr(server.asked.items[0], "\r\n\r\n{}"));
}

static void test_http__an_interim_answer_is_not_the_answer(void **state)
{
	static const char *const script[] = {"HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n"
					     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
					     NULL};
	struct str s;

	(void)state;
	server_start(&server, script);
	assert_int_equal(ask("GET", NULL, 0), 0);
	assert_int_equal(a.status, 200);
	assert_false(http_header(&a, "x-a", &s));
}

static void test_http__a_cut_answer_is_an_error_that_was_sent(void **state)
{
	static const char *const script[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nhalf", NULL};

	(void)state;
	server_start(&server, script);
	assert_int_equal(ask("GET", NULL, 0), ERR_IO);
	assert_true(a.sent);
}

static void test_http__no_answer_is_an_error_and_a_write_is_not_sent_again(void **state)
{
	static const char *const script[] = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "",
					     NULL};

	(void)state;
	server_start(&server, script);
	assert_int_equal(ask("GET", NULL, 0), 0);
	/* Over the connection of before libcurl would try once more by itself. */
	assert_int_equal(ask("POST", "x", 0), ERR_IO);
	assert_true(a.sent);
	assert_int_equal(server_asked(&server), 2);
}

static void test_http__a_deadline_ends_it(void **state)
{
	static const char *const script[] = {"hang", NULL};

	(void)state;
	server_start(&server, script);
	assert_int_equal(ask("POST", "x", 0), ERR_LIMIT);
	assert_true(a.sent);
}

static void test_http__an_answer_has_a_size(void **state)
{
	static const char *const script[] = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
					     "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!",
					     NULL};

	(void)state;
	server_start(&server, script);
	assert_int_equal(ask("GET", NULL, 5), 0);
	assert_int_equal(ask("GET", NULL, 5), ERR_LIMIT);
	assert_non_null(strstr(e.msg, "larger than 5 bytes"));
}

static void test_http__nobody_there_was_not_sent(void **state)
{
	static const char *const script[] = {NULL};
	int port;

	(void)state;
	server_start(&server, script);
	port = server.port;
	server_stop(&server);
	server.port = port;
	assert_int_equal(ask("POST", "x", 0), ERR_IO);
	assert_false(a.sent);
	server_start(&server, script);
}

static void test_http__a_hurry_ends_what_hangs(void **state)
{
	static const char *const script[] = {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwell",
					     "hang", NULL};

	(void)state;
	server_start(&server, script);
	http_hurry(http, 100);
	assert_int_equal(ask("GET", NULL, 0), 0); /* who answers is heard */
	assert_int_equal(ask("GET", NULL, 0), ERR_IO);
	assert_non_null(strstr(e.msg, "stopping"));
	assert_int_equal(ask("GET", NULL, 0), ERR_IO); /* and then nobody is asked any more */
	assert_int_equal(server_asked(&server), 2);
}

static void test_http__a_proxy_never_sees_what_is_for_this_machine(void **state)
{
	static const char *const script[] = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL};

	(void)state;
	server_start(&server, script);
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(ask("GET", NULL, 0), 0);
	assert_int_equal(unsetenv("http_proxy"), 0);
}

static void test_http__addresses(void **state)
{
	static const struct {
		const char *url, *origin, *host;
	} cases[] = {
		{"https://api.github.com",           "https://api.github.com",   "api.github.com"},
		{"https://GHE.example:443/api/v3",   "https://ghe.example",      "ghe.example"   },
		{"https://ghe.example:8443/api/v3/", "https://ghe.example:8443", "ghe.example"   },
		{"http://127.0.0.1:80/x?y",          "http://127.0.0.1",         "127.0.0.1"     },
		{"http://localhost:9",               "http://localhost:9",       "localhost"     },
		{"http://[::1]:9",                   "http://[::1]:9",           "[::1]"         },
		{"http://127.0.0.1.example",         NULL,                       NULL            },
		{"http://api.github.com",            NULL,                       NULL            },
		{"https://me:secret@api.github.com", NULL,                       NULL            },
		{"ftp://127.0.0.1",                  NULL,                       NULL            },
		{"api.github.com",                   NULL,                       NULL            },
		{"",				 NULL,                       NULL            },
	};
	static const char *const script[] = {NULL};

	(void)state;
	server_start(&server, script);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *origin CLEANUP(freep) = NULL, *host CLEANUP(freep) = NULL;
		int rc = http_origin(cases[i].url, &origin, &host, &e);

		assert_int_equal(rc, cases[i].origin ? 0 : ERR_INVALID);
		if (rc) {
			assert_null(strstr(e.msg, "secret"));
			continue;
		}
		assert_string_equal(origin, cases[i].origin);
		assert_string_equal(host, cases[i].host);
	}
}

static void test_http__parts_of_an_address_are_escaped(void **state)
{
	static const char *const script[] = {NULL};
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	(void)state;
	server_start(&server, script);
	buf_url(&b, "heads/a b+c&d~\xc3\xbc");
	assert_string_equal(buf_cstr(&b), "heads%2Fa%20b%2Bc%26d~%C3%BC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_http__gives_status_headers_and_body),
		T(test_http__an_interim_answer_is_not_the_answer),
		T(test_http__a_cut_answer_is_an_error_that_was_sent),
		T(test_http__no_answer_is_an_error_and_a_write_is_not_sent_again),
		T(test_http__a_deadline_ends_it),
		T(test_http__an_answer_has_a_size),
		T(test_http__nobody_there_was_not_sent),
		T(test_http__a_hurry_ends_what_hangs),
		T(test_http__a_proxy_never_sees_what_is_for_this_machine),
		T(test_http__addresses),
		T(test_http__parts_of_an_address_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
