#include "wire/http.h"

#include "base/clean.h"
#include "base/clock.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

struct http {
	CURL *easy;
	int64_t began_ms; /* of the boot's clock, as is the next */
	atomic_int_least64_t hurried_ms, each_ms;
	atomic_bool is_over;
};

struct sink {
	struct http_answer *a;
	bool is_too_large;
};

static void init_once(void)
{
	CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

int http_new(struct http **ret, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = mem_alloc(sizeof(*h));

	CHECK(pthread_once(&once, init_once) == 0);
	h->easy = curl_easy_init();
	if (!h->easy) {
		free(h);
		return err_set(e, ERR_IO, "could not set libcurl up");
	}
	*ret = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	free(h);
}

void http_hurry(struct http *h, int64_t each_ms)
{
	atomic_store(&h->hurried_ms, clock_now().mono_ms);
	atomic_store(&h->each_ms, each_ms);
}

int64_t http_hurried(const struct http *h)
{
	return atomic_load(&h->each_ms);
}

void http_answer_done(struct http_answer *a)
{
	if (!a)
		return;
	buf_done(&a->headers);
	buf_done(&a->body);
	a->status = 0;
}

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
	struct sink *s = ctx;

	buf_add(&s->a->body, p, size * n);
	s->is_too_large |= s->a->body.full;
	return s->is_too_large ? 0 : size * n; /* anything else than what was given ends it */
}

static size_t take_header(char *p, size_t size, size_t n, void *ctx)
{
	struct sink *s = ctx;
	struct str line = {p, size * n};

	if (str_starts(line, "HTTP/")) /* of the next answer, after a proxy's or a 100 */
		buf_reset(&s->a->headers);
	else
		buf_add(&s->a->headers, line.p, line.n);
	s->is_too_large |= s->a->headers.full;
	return s->is_too_large ? 0 : size * n;
}

static int watch(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct http *h = ctx;
	int64_t each_ms = http_hurried(h), from_ms = atomic_load(&h->hurried_ms);

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (!each_ms)
		return 0;
	from_ms = from_ms > h->began_ms ? from_ms : h->began_ms;
	if (clock_now().mono_ms - from_ms >= each_ms)
		atomic_store(&h->is_over, true);
	return atomic_load(&h->is_over);
}

#define SET(easy, option, value) CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* As the program curl does, which the library does not do by itself. */
static void set_certificates(CURL *easy)
{
	const char *bundle = getenv("CURL_CA_BUNDLE"), *file = getenv("SSL_CERT_FILE"),
		   *dir = getenv("SSL_CERT_DIR");

	if (bundle && *bundle) {
		SET(easy, CURLOPT_CAINFO, bundle);
		return;
	}
	if (dir && *dir)
		SET(easy, CURLOPT_CAPATH, dir);
	if (file && *file)
		SET(easy, CURLOPT_CAINFO, file);
}

static void set_limits(struct http *h, const struct http_request *r)
{
	SET(h->easy, CURLOPT_NOSIGNAL, 1L);
	SET(h->easy, CURLOPT_TIMEOUT_MS, (long)(r->timeout_ms ? r->timeout_ms : HTTP_TIMEOUT_MS));
	SET(h->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
	SET(h->easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(h->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(h->easy, CURLOPT_NOPROGRESS, 0L);
	SET(h->easy, CURLOPT_XFERINFOFUNCTION, watch);
	SET(h->easy, CURLOPT_XFERINFODATA, h);
}

static struct curl_slist *header_list(const struct http_request *r)
{
	struct curl_slist *list =
		curl_slist_append(NULL, "Expect:"); /* no round trip before a body */

	for (const char *const *p = r->headers; p && *p; p++) {
		CHECK(!strpbrk(*p, "\r\n"));
		list = curl_slist_append(list, *p);
	}
	CHECK(list);
	return list;
}

static void set_request(struct http *h, const struct http_request *r, struct curl_slist *headers)
{
	bool is_get = streq(r->method, "GET");

	SET(h->easy, CURLOPT_URL, r->url);
	SET(h->easy, CURLOPT_HTTPHEADER, headers);
	SET(h->easy, CURLOPT_ACCEPT_ENCODING, "");
	SET(h->easy, CURLOPT_FRESH_CONNECT, is_get ? 0L : 1L);
	if (str_starts(str_of(r->url), "http:")) /* to this machine, whatever http_proxy says */
		SET(h->easy, CURLOPT_PROXY, "");
	if (is_get)
		return;
	SET(h->easy, CURLOPT_CUSTOMREQUEST, r->method);
	if (r->body.n || streq(r->method, "POST") || streq(r->method, "PUT")) {
		SET(h->easy, CURLOPT_POST, 1L);
		SET(h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
		SET(h->easy, CURLOPT_POSTFIELDS, r->body.n ? r->body.p : "");
	}
}

static int failed(struct http *h,
		  CURLcode code,
		  const char *words,
		  const struct sink *s,
		  const char *host,
		  struct err *e)
{
	const char *text = *words ? words : curl_easy_strerror(code);

	if (atomic_load(&h->is_over))
		return err_set(e, ERR_IO, "could not ask '%s': ganger is stopping", host);
	if (s->is_too_large)
		return err_set(e, ERR_LIMIT, "the answer of '%s' is larger than %zu bytes", host,
			       s->a->body.full ? s->a->body.max : s->a->headers.max);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_LIMIT, "no answer of '%s' in time: %s", host, text);
	return err_set(e, ERR_IO, "no answer of '%s': %s", host, text);
}

static void read_outcome(struct http *h, struct http_answer *a)
{
	long status = 0, bytes = 0;

	CHECK(curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
	CHECK(curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK);
	a->status = (int)status;
	a->sent = bytes > 0;
}

int http_send(struct http *h, const struct http_request *r, struct http_answer *ret, struct err *e)
{
	char words[CURL_ERROR_SIZE] = "", *host CLEANUP(freep) = NULL;
	struct sink sink = {.a = ret};

	*ret = (struct http_answer){
		.headers = {.max = HTTP_HEADERS_MAX},
		.body = {.max = r->answer_max ? r->answer_max : HTTP_ANSWER_MAX},
	};
	if (http_origin(r->url, NULL, &host, e))
		return ERR_INVALID;
	if (atomic_load(&h->is_over))
		return failed(h, CURLE_OK, "", &sink, host, e);
	h->began_ms = clock_now().mono_ms;
	struct curl_slist *headers = header_list(r);
	curl_easy_reset(h->easy); /* its connections stay */
	set_limits(h, r);
	set_certificates(h->easy);
	set_request(h, r, headers);
	SET(h->easy, CURLOPT_ERRORBUFFER, words);
	SET(h->easy, CURLOPT_WRITEFUNCTION, take_body);
	SET(h->easy, CURLOPT_WRITEDATA, &sink);
	SET(h->easy, CURLOPT_HEADERFUNCTION, take_header);
	SET(h->easy, CURLOPT_HEADERDATA, &sink);
	CURLcode code = curl_easy_perform(h->easy);
	read_outcome(h, ret);
	curl_easy_reset(h->easy); /* what it was told to use is gone with this call */
	curl_slist_free_all(headers);
	return code == CURLE_OK ? 0 : failed(h, code, words, &sink, host, e);
}

bool http_header(const struct http_answer *a, const char *name, struct str *ret)
{
	struct str rest = buf_str(&a->headers), line;
	size_t n = strlen(name);

	while (str_next(&rest, '\n', &line)) {
		if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
			continue;
		*ret = str_trim((struct str){line.p + n + 1, line.n - n - 1});
		return true;
	}
	return false;
}

static char *url_part(CURLU *u, CURLUPart what)
{
	char *part = NULL, *copy;

	if (curl_url_get(u, what, &part, 0) != CURLUE_OK)
		return NULL;
	copy = mem_strdup(part);
	curl_free(part);
	return copy;
}

static bool is_loopback(const char *host)
{
	return streq(host, "127.0.0.1") || streq(host, "localhost") || streq(host, "[::1]");
}

static int origin_of(CURLU *u, const char *url, char **ret_origin, char **ret_host, struct err *e)
{
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		return err_set(e, ERR_INVALID, "this is no address: '%.200s'", url);
	char *scheme CLEANUP(freep) = url_part(u, CURLUPART_SCHEME);
	char *host CLEANUP(freep) = url_part(u, CURLUPART_HOST);
	char *port CLEANUP(freep) = url_part(u, CURLUPART_PORT);
	char *user CLEANUP(freep) = url_part(u, CURLUPART_USER);
	char *password CLEANUP(freep) = url_part(u, CURLUPART_PASSWORD);
	if (user || password) /* not repeated: it may be a secret */
		return err_set(e, ERR_INVALID, "an address of the API must not hold a login");
	bool is_plain = streq(scheme, "http");
	if (!scheme || !host || !*host || (!is_plain && !streq(scheme, "https")))
		return err_set(e, ERR_INVALID, "this is no https address: '%.200s'", url);
	if (is_plain && !is_loopback(host))
		return err_set(e, ERR_INVALID, "plain http is for this machine alone: '%.200s'",
			       url);
	for (char *p = host; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	if (port && streq(port, is_plain ? "80" : "443"))
		*port = '\0';
	if (ret_origin)
		*ret_origin = mem_printf("%s://%s%s%s", scheme, host, port && *port ? ":" : "",
					 port ? port : "");
	if (ret_host)
		*ret_host = TAKE(host);
	return 0;
}

int http_origin(const char *url, char **ret_origin, char **ret_host, struct err *e)
{
	CURLU *u = mem_must_have(curl_url());
	int rc = origin_of(u, url, ret_origin, ret_host, e);
	curl_url_cleanup(u);
	return rc;
}

void buf_url(struct buf *b, const char *part)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (; *part; part++) {
		if (strchr(plain, *part))
			buf_putc(b, *part);
		else
			buf_printf(b, "%%%02X", (unsigned char)*part);
	}
}
