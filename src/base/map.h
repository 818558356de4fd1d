#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

/* Text to a number (an index, usually). Keys are copied. Iteration is not offered:
 * order would depend on hashing, and nothing here may. */
struct map {
	struct map_slot *slots;
	size_t n, cap;
};

void map_done(struct map *m);
void map_set(struct map *m, const char *key, size_t value);
bool map_find(const struct map *m, const char *key, size_t *ret);

#endif
