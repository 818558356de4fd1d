#include "base/clean.h"
#include "github_fake.h"
#include "tmp.h"
#include "wire/github-impl.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

/* Where tokens come from: a GitHub App, the program gh, a variable. */

static char *dir, *key_path;
static struct github_fake hub;
static struct github *g;
static struct err e;

static void write_key(EVP_PKEY *key, const char *path)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
}

/* The public half, as JSON has it; the caller's. */
static char *public_key(EVP_PKEY *key)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	long n = BIO_get_mem_data(bio, &p);
	for (long i = 0; i < n; i++) {
		if (p[i] == '\n')
			buf_puts(&b, "\\n");
		else
			buf_putc(&b, p[i]);
	}
	BIO_free(bio);
	return buf_take(&b);
}

static int setup(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	dir = tmp_make();
	key_path = path_join(dir, "key.pem");
	github_fake_start(&hub, dir, ", \"issues\": [{\"number\": 1, \"title\": \"one\"}]");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	github_close(g);
	g = NULL;
	github_fake_check(&hub);
	github_fake_stop(&hub);
	tmp_done(dir);
	free(key_path);
	return 0;
}

/* An App of the stand-in's, and a client for it. */
static void open_app(const char *more)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	char *pem CLEANUP(freep) = public_key(key);
	char *conf CLEANUP(freep) = mem_printf("{\"app\": {\"id\": 77, \"slug\": \"x\", \"key\": "
					       "\"%s\", \"installation\": 5%s}}",
					       pem, more);

	write_key(key, key_path);
	EVP_PKEY_free(key);
	github_fake_tell(&hub, "conf", conf);
	if (github_open(&(struct github_options){.url = hub.url,
						 .app_id = "77",
						 .app_key = key_path,
						 .repository = "o/r"},
			&g, &e))
		fail_msg("%s", e.msg);
}

static int read_one(void)
{
	struct cJSON *j CLEANUP(json_freep) = NULL;

	return github_get(g, "/repos/o/r/issues/1", &j, &e);
}

static int tokens_made(void)
{
	char *text CLEANUP(freep) = github_fake_control(&hub, "journal", NULL);
	int n = 0;

	for (const char *p = text; (p = strstr(p, "access_token")); p++)
		n++;
	return n;
}

static void test_auth__an_app_has_a_token_for_an_hour(void **state)
{
	(void)state;
	open_app(", \"long\": true"); /* of more than 400 bytes, as they are today */
	for (int i = 0; i < 3; i++) {
		if (read_one())
			fail_msg("%s", e.msg);
	}
	assert_int_equal(tokens_made(), 1);
}

static void test_auth__an_apps_token_is_renewed_before_it_ends(void **state)
{
	(void)state;
	open_app(", \"lifetime\": 250"); /* less than is left when one is renewed */
	assert_int_equal(read_one(), 0);
	assert_int_equal(read_one(), 0);
	assert_int_equal(tokens_made(), 2);
}

static void test_auth__a_token_that_ended_early_is_renewed_once(void **state)
{
	(void)state;
	open_app("");
	assert_int_equal(read_one(), 0);
	github_fake_tell(&hub, "fault", "{\"act\": \"unauthorized\", \"route\": \"*/issues/*\"}");
	assert_int_equal(read_one(), 0);
	assert_int_equal(tokens_made(), 2);
	github_fake_tell(&hub, "fault",
			 "{\"act\": \"unauthorized\", \"route\": \"*/issues/*\", \"times\": 2}");
	assert_int_equal(read_one(), ERR_INVALID);
	assert_int_equal(tokens_made(), 3);
}

static void test_auth__keys_that_cannot_be_used_are_named(void **state)
{
	struct github_options o = {.url = hub.url, .app_id = "77", .repository = "o/r"};
	struct github *none = NULL;

	(void)state;
	assert_int_equal(github_open(&o, &none, &e), ERR_INVALID);
	assert_non_null(strstr(e.msg, "github.app_key"));
	o.app_key = key_path;
	assert_int_equal(github_open(&o, &g, &e), 0); /* it is read when it is wanted */
	assert_int_equal(read_one(), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "github.app_key"));
	assert_int_equal(
		file_write(key_path, STR("-----BEGIN PRIVATE KEY-----\nsecret\n"), false, &e), 0);
	assert_int_equal(read_one(), ERR_INVALID);
	assert_non_null(strstr(e.msg, key_path));
	assert_null(strstr(e.msg, "secret"));
}

/* A gh that prints a token and keeps how it was called. */
static void make_gh(const char *prints)
{
	char *path CLEANUP(freep) = path_join(dir, "gh");
	char *text CLEANUP(freep) =
		mem_printf("#!/bin/sh\nprintf '%%s\\n' \"$*\" >'%s/asked'\n%s\n", dir, prints);
	char *all CLEANUP(freep) = mem_printf("%s:%s", dir, getenv("PATH"));

	assert_int_equal(file_write(path, str_of(text), false, &e), 0);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(setenv("PATH", all, 1), 0);
}

static void test_auth__gh_is_asked_where_nothing_is_named(void **state)
{
	struct github_options o = {.url = "https://ghe.example/api/v3", .token_env = "NO_SUCH"};
	struct buf asked CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = path_join(dir, "asked");

	(void)state;
	make_gh("echo gho_abc");
	assert_int_equal(github_open(&o, &g, &e), 0);
	assert_int_equal(file_read(path, 1000, &asked, &e), 0);
	assert_string_equal(buf_cstr(&asked), "auth token --hostname ghe.example\n");
	assert_string_equal(g->token, "gho_abc");
	github_close(g);
	g = NULL;
	make_gh("exit 1");
	assert_int_equal(github_open(&o, &g, &e), ERR_IO);
	assert_non_null(strstr(e.hint, "gh auth login"));
	make_gh("echo 'no oauth token'");
	assert_int_equal(github_open(&o, &g, &e), ERR_IO);
}

static void test_auth__a_variable_comes_before_gh(void **state)
{
	struct github_options o = {.url = "https://ghe.example/api/v3", .token_env = "HAS_ONE"};

	(void)state;
	make_gh("echo gho_abc");
	assert_int_equal(setenv("HAS_ONE", "ghp_env", 1), 0);
	assert_int_equal(github_open(&o, &g, &e), 0);
	assert_string_equal(g->token, "ghp_env");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_auth__an_app_has_a_token_for_an_hour),
		T(test_auth__an_apps_token_is_renewed_before_it_ends),
		T(test_auth__a_token_that_ended_early_is_renewed_once),
		T(test_auth__keys_that_cannot_be_used_are_named),
		T(test_auth__gh_is_asked_where_nothing_is_named),
		T(test_auth__a_variable_comes_before_gh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
