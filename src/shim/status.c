#include "shim/status.h"

#include <string.h>

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

/* The sum field itself counts as zero. */
static uint64_t record_sum(const unsigned char *p, size_t size)
{
	const size_t from = offsetof(struct status_seal, sum), to = sizeof(struct status_seal);
	uint64_t sum = FNV_BASIS;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ (i >= from && i < to ? 0 : p[i])) * FNV_PRIME;
	return sum;
}

void status_seal(void *record, size_t size, enum status_magic magic)
{
	struct status_seal seal = {.magic = magic, .version = STATUS_VERSION, .size = size};

	memcpy(record, &seal, sizeof(seal));
	seal.sum = record_sum(record, size);
	memcpy(record, &seal, sizeof(seal));
}

bool status_valid(const void *record, size_t size, enum status_magic magic, uint64_t number)
{
	struct status_seal seal;
	uint64_t its_number;

	memcpy(&seal, record, sizeof(seal));
	memcpy(&its_number, (const char *)record + sizeof(seal), sizeof(its_number));
	return seal.magic == magic && seal.version == STATUS_VERSION && seal.size == size &&
	       seal.sum == record_sum(record, size) && its_number == number;
}
