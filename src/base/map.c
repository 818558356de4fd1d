#include "base/map.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAP_FIRST 16 /* a power of two, as every later size */

struct map_slot {
	char *key; /* owned; NULL: the slot is free */
	size_t hash; /* of the key */
	size_t value;
};

/* FNV-1a: keys are short, and nobody outside chooses enough of them to matter. */
static size_t key_hash(const char *key)
{
	uint64_t h = 14695981039346656037u;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return (size_t)(h ^ (h >> 32));
}

/* The slot that holds key, or the free one where it belongs. There is always a free one. */
static struct map_slot *slot_of(const struct map *m, const char *key, size_t hash)
{
	for (size_t i = hash;; i++) {
		struct map_slot *slot = &m->slots[i & (m->cap - 1)];

		if (!slot->key || (slot->hash == hash && !strcmp(slot->key, key)))
			return slot;
	}
}

static void map_grow(struct map *m)
{
	struct map bigger = {.n = m->n, .cap = m->cap ? m->cap * 2 : MAP_FIRST};

	CHECK(bigger.cap > m->cap && bigger.cap <= SIZE_MAX / sizeof(struct map_slot));
	bigger.slots = mem_alloc(bigger.cap * sizeof(struct map_slot));
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].key)
			*slot_of(&bigger, m->slots[i].key, m->slots[i].hash) = m->slots[i];
	}
	free(m->slots);
	*m = bigger;
}

void map_done(struct map *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->cap; i++)
		free(m->slots[i].key);
	free(m->slots);
	*m = (struct map){0};
}

void map_set(struct map *m, const char *key, size_t value)
{
	size_t hash = key_hash(key);
	struct map_slot *slot;

	if (m->n >= m->cap / 4 * 3)
		map_grow(m);
	slot = slot_of(m, key, hash);
	if (!slot->key) {
		slot->key = mem_strdup(key);
		slot->hash = hash;
		m->n++;
	}
	slot->value = value;
}

bool map_find(const struct map *m, const char *key, size_t *ret)
{
	const struct map_slot *slot;

	if (!m->n)
		return false;
	slot = slot_of(m, key, key_hash(key));
	if (!slot->key)
		return false;
	*ret = slot->value;
	return true;
}
