#include "base/clean.h"
#include "base/mem.h"
#include "store/files.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define WAL_HEADER   32
#define FRAME_HEADER 24
#define WAL_MAGIC    0x377f0682u /* its last bit: checksums over big-endian words */
#define SHM_VERSION  3007000u
#define PAGE_MAX     65536u

struct sum {
	uint32_t a, b;
};

struct wal {
	const char *path;
	int fd;
	size_t page;           /* bytes */
	bool big_endian;       /* of the words that checksums are taken over */
	unsigned char salt[8]; /* of this round of the WAL; frames of earlier rounds have others */
	struct sum sum;        /* after the last frame read */
	unsigned char *frame;  /* FRAME_HEADER + page */
	int64_t n_frames;      /* whole ones in the file */
	int64_t n_committed;   /* frames up to the last whole turn */
};

/* The start of the wal-index, as the last writer or reader of this boot left it. */
struct shm_header {
	uint32_t version, unused, change;
	uint8_t is_init, big_endian;
	uint16_t page;
	uint32_t n_frames, n_pages; /* up to the last commit */
	uint32_t frame_sum[2];
	unsigned char salt[8];
	struct sum sum;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static struct sum sum_add(struct sum s, const unsigned char *p, size_t n, bool big_endian)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		s.a += (big_endian ? be32(p + i) : le32(p + i)) + s.b;
		s.b += (big_endian ? be32(p + i + 4) : le32(p + i + 4)) + s.a;
	}
	return s;
}

static bool sum_is(struct sum s, const unsigned char *p)
{
	return s.a == be32(p) && s.b == be32(p + 4);
}

static int read_at(const struct wal *w, void *p, size_t n, int64_t at, struct err *e)
{
	ssize_t got = pread(w->fd, p, n, at);

	if (got < 0)
		return err_sys(e, "could not read '%s'", w->path);
	if ((size_t)got < n)
		return err_set(e, ERR_CORRUPT, "'%s' became shorter", w->path);
	return 0;
}

static bool all_zero(const unsigned char *p, size_t n)
{
	while (n && *p == 0)
		n--, p++;
	return n == 0;
}

/*
 * ret_used is false where no turn can have been acknowledged from this file: the header is
 * synced before the first one is.
 */
static int header_read(struct wal *w, bool *ret_used, struct err *e)
{
	unsigned char h[WAL_HEADER];
	struct stat st;
	int rc;

	*ret_used = false;
	if (fstat(w->fd, &st) < 0)
		return err_sys(e, "could not look at '%s'", w->path);
	if (st.st_size < WAL_HEADER)
		return 0;
	rc = read_at(w, h, sizeof(h), 0, e);
	if (rc || all_zero(h, sizeof(h)))
		return rc;
	w->big_endian = be32(h) & 1;
	w->page = be32(h + 8);
	w->sum = sum_add((struct sum){0}, h, WAL_HEADER - 8, w->big_endian);
	if ((be32(h) & ~1u) != WAL_MAGIC || !sum_is(w->sum, h + WAL_HEADER - 8) || w->page < 512 ||
	    w->page > PAGE_MAX)
		return err_set(e, ERR_CORRUPT, "the header of its write-ahead log is damaged");
	memcpy(w->salt, h + 16, sizeof(w->salt));
	w->n_frames = (st.st_size - WAL_HEADER) / (int64_t)(FRAME_HEADER + w->page);
	*ret_used = true;
	return 0;
}

static int64_t frame_at(const struct wal *w, int64_t i)
{
	return WAL_HEADER + i * (int64_t)(FRAME_HEADER + w->page);
}

/* Walk the frames as SQLite does, to the first that does not fit its predecessors. */
static int count_committed(struct wal *w, struct err *e)
{
	for (int64_t i = 0; i < w->n_frames; i++) {
		int rc = read_at(w, w->frame, FRAME_HEADER + w->page, frame_at(w, i), e);

		if (rc)
			return rc;
		w->sum = sum_add(w->sum, w->frame, 8, w->big_endian);
		w->sum = sum_add(w->sum, w->frame + FRAME_HEADER, w->page, w->big_endian);
		if (memcmp(w->frame + 8, w->salt, sizeof(w->salt)) != 0 ||
		    !sum_is(w->sum, w->frame + 16))
			break;
		if (be32(w->frame + 4))
			w->n_committed = i + 1;
	}
	return 0;
}

/*
 * A turn begins in the WAL only after the one before it was synced and acknowledged. So
 * frames of this round that lie behind the end of a turn prove that turn, and it must have
 * been among the whole ones.
 */
static int check_rest(struct wal *w, struct err *e)
{
	bool ended = false;

	for (int64_t i = w->n_committed; i < w->n_frames; i++) {
		int rc = read_at(w, w->frame, FRAME_HEADER, frame_at(w, i), e);

		if (rc)
			return rc;
		if (memcmp(w->frame + 8, w->salt, sizeof(w->salt)) != 0)
			continue;
		if (ended)
			return err_set(e, ERR_CORRUPT,
				       "its write-ahead log is damaged in the middle");
		ended = be32(w->frame + 4) != 0;
	}
	return 0;
}

/* Both copies alike and summed up well, over words in the order of this machine. */
static bool shm_holds(const struct shm_header h[2])
{
	struct sum s = {0};

	static_assert(sizeof(h[0]) == 48, "as the file format says");
	if (memcmp(&h[0], &h[1], sizeof(h[0])) != 0 || h[0].version != SHM_VERSION || !h[0].is_init)
		return false;
	for (size_t at = 0; at < offsetof(struct shm_header, sum); at += 8) {
		uint32_t word[2];

		memcpy(word, (const unsigned char *)&h[0] + at, sizeof(word));
		s.a += word[0] + s.b;
		s.b += word[1] + s.a;
	}
	return s.a == h[0].sum.a && s.b == h[0].sum.b;
}

/*
 * The wal-index outlives kill -9 (not a reboot, after which it may be older): it is updated
 * after the sync of a turn, so the WAL holds at least as much as it says. This is what shows
 * a WAL whose end was lost.
 */
static int check_shm(const struct wal *w, const char *shm_path, struct err *e)
{
	struct shm_header h[2];
	int fd CLEANUP(closep) = open(shm_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return 0;
	if (!shm_holds(h) || memcmp(h[0].salt, w->salt, sizeof(w->salt)) != 0)
		return 0;
	if (w->n_committed < (int64_t)h[0].n_frames)
		return err_set(e, ERR_CORRUPT, "the end of its write-ahead log is lost");
	return 0;
}

int wal_check(const char *wal_path, const char *shm_path, struct err *e)
{
	int fd CLEANUP(closep) = open(wal_path, O_RDONLY | O_CLOEXEC);
	struct wal w = {.path = wal_path, .fd = fd};
	bool used;
	int rc;

	if (fd < 0)
		return err_sys(e, "could not open '%s'", wal_path);
	rc = header_read(&w, &used, e);
	if (rc || !used)
		return rc;
	w.frame = mem_alloc(FRAME_HEADER + w.page);
	rc = count_committed(&w, e);
	if (!rc)
		rc = check_rest(&w, e);
	if (!rc)
		rc = check_shm(&w, shm_path, e);
	free(w.frame);
	return rc;
}
