#include "abacus.h"

#include <stdlib.h>

int numbers_read(FILE *in, struct numbers *ret)
{
	double value;
	size_t room = 0;

	*ret = (struct numbers){0};
	while (fscanf(in, "%lf", &value) == 1) {
		if (ret->n == room) {
			room = room ? 2 * room : 64;
			ret->items = realloc(ret->items, room * sizeof(value));
			if (!ret->items)
				abort();
		}
		ret->items[ret->n++] = value;
	}
	return feof(in) && ret->n ? 0 : -1;
}
