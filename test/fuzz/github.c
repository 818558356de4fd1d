/*
 * What GitHub answers: headers (links, limits), the words of an error, and texts of issues. The
 * input: a status, then headers, and after a byte 0xff a body.
 */
#include "wire/github.h"

#include "base/utf8.h"
#include "fuzz.h"
#include "wire/github_parse.h"
#include "wire/github_text.h"
#include "wire/http.h"

#define NOW_S INT64_C(1750000000)

static void check_headers(struct http_answer *a)
{
	struct github_limits l;
	struct str link, next;

	github_limits_read(a, &l);
	CHECK(l.remaining >= -1 && l.reset_s >= -1 && l.retry_after_s >= -1 && l.date_s >= -1);
	for (int times = 0; times < 70; times += 3) {
		int64_t wait = github_wait_ms(a, NOW_S, times);
		CHECK(wait >= 0 && wait <= GITHUB_WAIT_MAX_MS);
	}
	if (http_header(a, "link", &link) && link_next(link, &next))
		CHECK(next.n && next.p >= link.p && next.p + next.n <= link.p + link.n);
}

static void check_refs(const struct github_refs *r)
{
	for (size_t i = 0; i < r->list.n; i++) {
		CHECK(r->list.items[i].number > 0);
		CHECK(!r->list.items[i].repository || strchr(r->list.items[i].repository, '/'));
	}
}

/* Copied text is text, calls nobody, and hides nothing. */
static void check_copied(struct str body)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct github_refs refs CLEANUP(github_refs_done) = {0};

	buf_github_copied(&b, body);
	CHECK(str_utf8(buf_str(&b)) && !memchr(buf_cstr(&b), '\0', b.n));
	CHECK(b.n <= GITHUB_BODY_MAX + 100);
	CHECK(!strstr(buf_cstr(&b), "<!--") && !strstr(buf_cstr(&b), "//github.com/"));
	for (const char *p = buf_cstr(&b); (p = strchr(p, '@')); p++)
		CHECK(!p[1] ||
		      !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
			      p[1]));
	CHECK(!github_has_marker(buf_str(&b), "m"));
	github_task_list(body, "github.com", &refs);
	github_depends_on(body, "github.com", &refs);
	check_refs(&refs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str rest = fuzz_text(data, n);
	struct http_answer a = {.headers = BUF_INIT, .body = BUF_INIT};

	a.status = 200 + (int)fuzz_byte(&rest) % 4 * 100 + (int)fuzz_byte(&rest) % 32;
	struct str headers = fuzz_piece(&rest, '\xff');
	buf_add(&a.headers, headers.p, headers.n);
	buf_add(&a.body, rest.p, rest.n);
	check_headers(&a);
	char *words CLEANUP(freep) = github_message(a.status, rest);
	fuzz_check_line(str_of(words));
	CHECK(*words);
	check_copied(rest);
	char *remote CLEANUP(freep) = mem_strndup(headers.p, headers.n);
	char *repository CLEANUP(freep) = github_repository_of(remote, NULL);
	CHECK(!repository || strchr(repository, '/'));
	http_answer_done(&a);
	return 0;
}
