#include "wire/webhook.h"

#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "sha256="
#define DIGEST 32 /* bytes of SHA-256 */

static const char event_set[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
static const char id_set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

/* The events after which a look at the tracker finds something else; of all others it reads nothing. */
static const char *const news[] = {
	"issues", "sub_issues", "issue_dependencies", "label", "repository",
};

static bool is_made_of(const char *s, const char *set, size_t max)
{
	size_t n = s ? strlen(s) : 0;

	return n && n <= max && strspn(s, set) == n;
}

enum webhook_answer webhook_head_check(const struct webhook_head *h)
{
	int64_t length;

	if (!streq(h->path, WEBHOOK_PATH))
		return WEBHOOK_ELSEWHERE;
	if (!streq(h->method, "POST"))
		return WEBHOOK_NO_POST;
	if (h->coding || !is_made_of(h->length, "0123456789", 32))
		return WEBHOOK_NO_LENGTH;
	if (!str_i64(str_of(h->length), &length) || length > WEBHOOK_BODY_MAX)
		return WEBHOOK_TOO_LARGE;
	if (!h->signature)
		return WEBHOOK_UNSIGNED;
	if (!is_made_of(h->delivery, id_set, WEBHOOK_ID_MAX) ||
	    !is_made_of(h->event, event_set, WEBHOOK_EVENT_MAX))
		return WEBHOOK_MALFORMED;
	return WEBHOOK_GO_ON;
}

struct webhook_body {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx;
	size_t n;
};

struct webhook_body *webhook_body_new(struct str secret)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	struct webhook_body *b = mem_alloc(sizeof(*b));

	b->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	b->ctx = b->mac ? EVP_MAC_CTX_new(b->mac) : NULL;
	CHECK(b->ctx && EVP_MAC_init(b->ctx, (const unsigned char *)secret.p, secret.n, params));
	return b;
}

void webhook_body_free(struct webhook_body *b)
{
	if (!b)
		return;
	EVP_MAC_CTX_free(b->ctx);
	EVP_MAC_free(b->mac);
	free(b);
}

bool webhook_body_add(struct webhook_body *b, struct str bytes)
{
	if (bytes.n > WEBHOOK_BODY_MAX || b->n > WEBHOOK_BODY_MAX - bytes.n) {
		b->n = SIZE_MAX;
		return false;
	}
	b->n += bytes.n;
	CHECK(EVP_MAC_update(b->ctx, (const unsigned char *)bytes.p, bytes.n));
	return true;
}

/* The right text is made and compared as a text: then there is one spelling of it, and no digits to read. */
bool webhook_body_verify(struct webhook_body *b, const char *signature)
{
	unsigned char digest[DIGEST];
	char right[sizeof(SCHEME) + (size_t)2 * DIGEST] = SCHEME;
	size_t n = 0;

	if (b->n > WEBHOOK_BODY_MAX)
		return false;
	CHECK(EVP_MAC_final(b->ctx, digest, &n, sizeof(digest)) && n == sizeof(digest));
	for (size_t i = 0; i < n; i++)
		(void)snprintf(right + strlen(SCHEME) + 2 * i, 3, "%02x", digest[i]);
	return signature && strlen(signature) == strlen(right) &&
	       CRYPTO_memcmp(signature, right, strlen(right)) == 0;
}

static bool was_here(const struct webhook_seen *seen, const char *id)
{
	for (size_t i = 0; i < WEBHOOK_SEEN_MAX; i++)
		if (streq(seen->ids[i], id))
			return true;
	return false;
}

enum webhook_answer webhook_take(struct webhook_seen *seen, const struct webhook_head *h)
{
	if (was_here(seen, h->delivery))
		return WEBHOOK_NO_NEWS;
	(void)snprintf(seen->ids[seen->next], sizeof(seen->ids[0]), "%s", h->delivery);
	seen->next = (seen->next + 1) % WEBHOOK_SEEN_MAX;
	for (size_t i = 0; i < ARRAY_LEN(news); i++)
		if (streq(h->event, news[i]))
			return WEBHOOK_NEWS;
	return WEBHOOK_NO_NEWS;
}
