#ifndef UI_CLI_GUESS_H
#define UI_CLI_GUESS_H

#include "base/mem.h"

/* What a checkout says of how it is built and tested. Texts are owned; NULL: no idea. */
struct guess {
	char *check, *check_from; /* a command for sh -c, and the file that suggests it */
	char *setup, *setup_from;
	VEC(char *) others; /* further checks that would do: "make test (Makefile)" */
};

/* Look into the files of a folder; what cannot be read is passed over. guess_done(). */
void guess_project(const char *root, struct guess *ret);
void guess_done(struct guess *g);

/* Where a program is on PATH; NULL: nowhere. The caller owns it. */
char *guess_program(const char *name);

#endif
