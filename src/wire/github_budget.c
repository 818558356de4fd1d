#include "wire/github_budget.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/github_parse.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define NAME_BYTES 8 /* of the digest: enough to tell credentials apart */

/* Each is read and written by itself, so that none is ever half of one and half of another. */
enum { AT_WAIT = 0, AT_LAST = sizeof(int64_t) };

static int64_t get(const struct github_budget *b, int at)
{
	int64_t n;

	return b->fd >= 0 && pread(b->fd, &n, sizeof(n), at) == sizeof(n) ? n : 0;
}

/* On a disk that is full nothing is told: each then keeps to its own. */
static void put(struct github_budget *b, int at, int64_t n)
{
	if (b->fd >= 0)
		(void)!pwrite(b->fd, &n, sizeof(n), at);
}

void github_budget_open(struct github_budget *b, const char *dir, const char *of)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct buf name CLEANUP(buf_done) = BUF_INIT;

	b->fd = -1;
	if (!dir)
		return;
	CHECK(EVP_Digest(of, strlen(of), digest, NULL, EVP_sha256(), NULL) == 1);
	buf_puts(&name, "github-");
	for (int i = 0; i < NAME_BYTES; i++)
		buf_printf(&name, "%02x", digest[i]);
	char *path CLEANUP(freep) = path_join(dir, buf_cstr(&name));
	b->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void github_budget_close(struct github_budget *b)
{
	if (b->fd >= 0)
		(void)close(b->fd);
	b->fd = -1;
}

int64_t github_budget_wait(const struct github_budget *b, int64_t now_ms)
{
	int64_t until = get(b, AT_WAIT);

	/* Longer than anybody is told to wait: a clock was wrong. */
	return until > now_ms && until - now_ms <= GITHUB_WAIT_MAX_MS ? until : 0;
}

void github_budget_set_wait(struct github_budget *b, int64_t until_ms)
{
	put(b, AT_WAIT, until_ms);
}

bool github_budget_enter(struct github_budget *b, int64_t now_ms, int64_t *ret_last_ms)
{
	*ret_last_ms = 0;
	if (b->fd < 0)
		return true;
	if (flock(b->fd, LOCK_EX | LOCK_NB) != 0)
		return false;
	int64_t last = get(b, AT_LAST);
	*ret_last_ms = last <= now_ms ? last : 0; /* of another boot */
	return true;
}

void github_budget_leave(struct github_budget *b, int64_t last_ms)
{
	if (b->fd < 0)
		return;
	put(b, AT_LAST, last_ms);
	(void)flock(b->fd, LOCK_UN);
}
