#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Memory for a program of one thread that makes and drops the same sizes again and again: a list for
 * each size, and nothing is given back. What is freed twice, or was never had, ends the program. A
 * sanitizer has its own.
 */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#define ALIGN   16
#define STEPS   64 /* sizes up to STEPS * ALIGN, one a step; above that four for each doubling */
#define CLASSES (STEPS + 1 + 4 * 48)
#define CHUNK   ((size_t)16 << 20)
#define LIVE    0x6c697665u
#define FREED   0x66726565u
#define NEVER   UINT32_MAX /* it is never used again */

struct head {
	uint32_t state, list;
	size_t size; /* that may be used */
};
_Static_assert(sizeof(struct head) == ALIGN, "what follows it is aligned");

static void *lists[CLASSES]; /* the first free one; each begins with the next */
static char *room, *room_end;

size_t malloc_usable_size(void *p);
void *memalign(size_t align, size_t n);

/* The list that has n bytes, and what those of it have. */
static uint32_t list_of(size_t n, size_t *ret)
{
	if (n <= STEPS * ALIGN) {
		*ret = n ? (n + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
		return (uint32_t)(*ret / ALIGN);
	}
	int bits = 63 - __builtin_clzll(n - 1); /* 2^bits < n <= 2^(bits + 1) */
	size_t step = (size_t)1 << (bits - 2), k = (n - ((size_t)1 << bits) + step - 1) / step;
	*ret = ((size_t)1 << bits) + k * step;
	return (uint32_t)(STEPS + 4 * (size_t)(bits - 10) + k);
}

static void *take_new(size_t n)
{
	if ((size_t)(room_end - room) < n) {
		size_t size = n > CHUNK ? n : CHUNK;
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
		if (p == MAP_FAILED)
			return NULL;
		room = p;
		room_end = p + size;
	}
	char *p = room;
	room += n;
	return p;
}

static void *take(size_t n, bool *ret_zero)
{
	size_t size;
	uint32_t list = n > SIZE_MAX / 4 ? NEVER : list_of(n, &size);
	if (list == NEVER || list >= CLASSES) {
		errno = ENOMEM;
		return NULL;
	}
	struct head *h = lists[list];
	*ret_zero = !h;
	if (h)
		memcpy(&lists[list], h + 1, sizeof(void *));
	else if (!(h = take_new(sizeof(*h) + size)))
		return NULL;
	*h = (struct head){LIVE, list, size};
	return h + 1;
}

void *malloc(size_t n)
{
	bool zero;
	return take(n, &zero);
}

void *calloc(size_t n, size_t each)
{
	size_t all;
	bool zero = false;
	if (__builtin_mul_overflow(n, each, &all))
		return NULL;
	void *p = take(all, &zero);
	return p && !zero ? memset(p, 0, all) : p;
}

static struct head *head_of(void *p)
{
	struct head *h = (struct head *)p - 1;
	if (h->state != LIVE)
		abort();
	return h;
}

void free(void *p)
{
	if (!p)
		return;
	struct head *h = head_of(p);
	h->state = FREED;
	if (h->list == NEVER)
		return;
	memcpy(p, &lists[h->list], sizeof(void *));
	lists[h->list] = h;
}

void *realloc(void *p, size_t n)
{
	if (!p)
		return malloc(n);
	struct head *h = head_of(p);
	if (n <= h->size)
		return p;
	void *to = malloc(n);
	if (!to)
		return NULL;
	memcpy(to, p, h->size);
	free(p);
	return to;
}

size_t malloc_usable_size(void *p)
{
	return p ? head_of(p)->size : 0;
}

/* Seldom: these are not used again. */
void *memalign(size_t align, size_t n)
{
	if (align <= ALIGN)
		return malloc(n);
	char *p = take_new((n + 2 * align + ALIGN - 1) / ALIGN * ALIGN);
	if (!p)
		return NULL;
	p += align - (uintptr_t)p % align;
	if ((uintptr_t)p % align)
		abort();
	((struct head *)p)[-1] = (struct head){LIVE, NEVER, n};
	return p;
}

void *aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}

int posix_memalign(void **ret, size_t align, size_t n)
{
	*ret = memalign(align, n);
	return *ret ? 0 : ENOMEM;
}

#endif
