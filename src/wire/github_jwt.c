#include "base/clean.h"
#include "base/file.h"
#include "wire/github-impl.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define KEY_FILE_MAX 65536
#define SKEW_S       60  /* GitHub refuses what was made in its future */
#define LIFE_S       540 /* and what lives for more than ten minutes */

void github_secret_free(char *secret)
{
	if (!secret)
		return;
	OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}

/* Base 64 for addresses, without padding (RFC 7515). */
static void add_base64(struct buf *b, const unsigned char *p, size_t n)
{
	unsigned char *text = mem_alloc(n * 4 / 3 + 5);
	int length = EVP_EncodeBlock(text, p, (int)n);

	for (int i = 0; i < length && text[i] != '='; i++)
		buf_putc(b, text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i]);
	free(text);
}

/* A key that asks for a pass phrase must not ask on the terminal. */
static int no_phrase(char *p, int size, int is_write, void *ctx)
{
	(void)p;
	(void)size;
	(void)is_write;
	(void)ctx;
	return -1;
}

static int read_key(const char *path, EVP_PKEY **ret, struct err *e)
{
	struct buf text CLEANUP(buf_done) = {.max = KEY_FILE_MAX};
	int rc = file_read_given(path, KEY_FILE_MAX, &text, e);

	if (rc)
		return err_wrap(e, "could not read the GitHub App's key (github.app_key)");
	BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
	CHECK(bio);
	*ret = PEM_read_bio_PrivateKey(bio, NULL, no_phrase, NULL);
	(void)BIO_free(bio); /* it only points to the text */
	OPENSSL_cleanse(text.p, text.n);
	if (*ret && EVP_PKEY_get_base_id(*ret) == EVP_PKEY_RSA)
		return 0;
	EVP_PKEY_free(*ret);
	return err_set(e, ERR_INVALID,
		       "'%s' (github.app_key) holds no RSA key without a pass phrase", path);
}

static int sign(EVP_PKEY *key, struct str text, struct buf *ret, struct err *e)
{
	unsigned char signature[1024]; /* of a key of 8192 bits */
	size_t n = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	CHECK(ctx);
	bool ok = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text.p, text.n) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return err_set(e, ERR_INVALID, "could not sign with the GitHub App's key");
	add_base64(ret, signature, n);
	return 0;
}

int github_jwt(const char *app_id, const char *key_path, int64_t now_s, char **ret, struct err *e)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	struct buf claims CLEANUP(buf_done) = BUF_INIT;
	struct buf token CLEANUP(buf_done) = BUF_INIT;
	struct buf signature CLEANUP(buf_done) = BUF_INIT;
	EVP_PKEY *key = NULL;
	int rc = read_key(key_path, &key, e);

	if (rc)
		return rc;
	buf_printf(&claims, "{\"iat\":%lld,\"exp\":%lld,\"iss\":\"%s\"}", (long long)now_s - SKEW_S,
		   (long long)now_s + LIFE_S, app_id);
	add_base64(&token, (const unsigned char *)header, sizeof(header) - 1);
	buf_putc(&token, '.');
	add_base64(&token, (const unsigned char *)claims.p, claims.n);
	rc = sign(key, buf_str(&token), &signature, e);
	EVP_PKEY_free(key);
	if (rc)
		return rc;
	buf_printf(&token, ".%s", buf_cstr(&signature));
	*ret = buf_take(&token);
	return 0;
}
