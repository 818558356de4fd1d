#ifndef WIRE_GITHUB_BUDGET_H
#define WIRE_GITHUB_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the processes of a user that have the same credential tell each other, in a file: until when GitHub said
 * to wait, and when one of them last wrote. Where there can be no such file each keeps to its own.
 */
struct github_budget {
	int fd; /* -1: there is none */
};

/*
 * dir       a folder that all of them name; NULL: nothing is told to others
 * of        what the credential is, with its secret: the file's name has a part of its digest alone
 */
void github_budget_open(struct github_budget *b, const char *dir, const char *of);
void github_budget_close(struct github_budget *b);

/* GitHub's word; wall clock. 0: none that is not over long since. */
int64_t github_budget_wait(const struct github_budget *b, int64_t now_ms);
void github_budget_set_wait(struct github_budget *b, int64_t until_ms);

/*
 * The one that writes: false where another process does at this moment. It ends with leave, which tells when it
 * was, by the boot's clock; the last of all before (0: none in this boot) is in *ret_last_ms.
 */
bool github_budget_enter(struct github_budget *b, int64_t now_ms, int64_t *ret_last_ms);
void github_budget_leave(struct github_budget *b, int64_t last_ms);

#endif
