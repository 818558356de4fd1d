/* Runs the files of the folders named as arguments through a target, as an ordinary test. */
#include "base/file.h"
#include "fuzz.h"

#include <stdio.h>

#define INPUT_MAX (1u << 20)

struct folder {
	const char *path;
	int n;
};

/* Read by the C library alone: a target may have put something in the place of ours. */
static size_t read_file(const char *path, uint8_t *room)
{
	FILE *file = fopen(path, "re");
	size_t n;

	CHECK(file);
	n = fread(room, 1, INPUT_MAX, file);
	CHECK(!ferror(file));
	(void)fclose(file); /* it was only read */
	return n;
}

static void run_file(void *ctx, const char *name)
{
	struct folder *f = ctx;
	char *path CLEANUP(freep) = path_join(f->path, name);
	uint8_t *room CLEANUP(freep) = mem_alloc(INPUT_MAX), *data CLEANUP(freep) = NULL;
	size_t n = read_file(path, room);

	/* A block of just its size, so that a sanitizer sees what reads past it. */
	data = mem_alloc(n);
	memcpy(data, room, n);
	(void)printf("%s\n", path);
	(void)fflush(stdout); /* the last name printed is the one that fails */
	(void)LLVMFuzzerTestOneInput(data, n);
	f->n++;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		struct folder f = {.path = argv[i]};
		struct err e = ERR_INIT;

		if (dir_each(argv[i], run_file, &f, &e) < 0) {
			printf("%s\n", e.msg);
			return 1;
		}
		total += f.n;
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("%d inputs\n", total);
	return total > 0 ? 0 : 1;
}
