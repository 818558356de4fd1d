#include "abacus.h"

#include <string.h>

#define COMMAND(name) double command_##name(struct numbers *x);
#include "commands.h"
#undef COMMAND

static const struct {
	const char *name;
	double (*answer)(struct numbers *x);
} commands[] = {
#define COMMAND(name) {#name, command_##name},
#include "commands.h"
};

static const char usage[] = "usage: abacus COMMAND";

int main(int argc, char **argv)
{
	struct numbers x;

	if (argc < 2) {
		fprintf(stderr, "%s\n", usage);
		return 2;
	}
	if (numbers_read(stdin, &x) != 0) {
		fprintf(stderr, "abacus: the input is not a list of numbers\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			printf("%.6g\n", commands[i].answer(&x));
			return 0;
		}
	}
	fprintf(stderr, "abacus: there is no command '%s'\n", argv[1]);
	return 2;
}
