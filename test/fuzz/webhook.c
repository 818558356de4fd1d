/* A webhook from anybody: the fields of its head, a line each ("-": it has none), then its body. */
#include "wire/webhook.h"

#include "fuzz.h"

enum { METHOD, PATH, LENGTH, CODING, SIGNATURE, DELIVERY, EVENT, FIELDS };

/* The body in two pieces, whatever the signature: only its own verifies. */
static void check_body(struct str body, const char *signature)
{
	struct webhook_body *b = webhook_body_new(STR("secret")), *other;
	struct str first = {body.p, body.n / 2}, second = {body.p + first.n, body.n - first.n};

	CHECK(webhook_body_add(b, first) && webhook_body_add(b, second));
	if (webhook_body_verify(b, signature)) {
		CHECK(strlen(signature) == 71 && str_starts(str_of(signature), "sha256="));
		other = webhook_body_new(STR("another"));
		CHECK(webhook_body_add(other, body) && !webhook_body_verify(other, signature));
		webhook_body_free(other);
	}
	webhook_body_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct webhook_seen seen;
	struct str rest = fuzz_text(data, n);
	char *texts[FIELDS];
	const char *f[FIELDS];
	for (size_t i = 0; i < FIELDS; i++) {
		texts[i] = fuzz_cstr(&rest, '\n');
		f[i] = streq(texts[i], "-") ? NULL : texts[i];
	}
	struct webhook_head h = {
		f[METHOD],
		f[PATH],
		f[LENGTH],
		f[CODING],
		f[SIGNATURE],
		f[DELIVERY],
		f[EVENT]
	};
	enum webhook_answer answer = webhook_head_check(&h);

	CHECK(answer == WEBHOOK_GO_ON || (answer >= 400 && answer < 500));
	if (answer == WEBHOOK_GO_ON) {
		fuzz_check_line(str_of(h.event));
		fuzz_check_line(str_of(h.delivery));
		check_body(rest, h.signature);
		answer = webhook_take(&seen, &h);
		CHECK(answer == WEBHOOK_NEWS || answer == WEBHOOK_NO_NEWS);
		CHECK(webhook_take(&seen, &h) == WEBHOOK_NO_NEWS);
	}
	for (size_t i = 0; i < FIELDS; i++)
		free(texts[i]);
	return 0;
}
