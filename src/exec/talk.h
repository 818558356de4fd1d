#ifndef EXEC_TALK_H
#define EXEC_TALK_H

#include "port/executor.h"

struct executor_local;
struct talk;

/*
 * Talking with the program of a job: its log is read as it grows and told as output, and what is
 * said to it goes to the shim through job/<n>/sock (shim/input.h). Neither needs a word in the
 * journal: the log is read from its beginning, and the shim drops what it has heard before.
 */

/* Make the socket in folder dir, for the shim. *ret_fd is the caller's. */
int exec_talk_listen(const char *dir, int *ret_fd, struct err *e) MUST_CHECK;
void exec_talk_unlink(const char *dir);

/* s is copied. Nothing happens before exec_talk_begin() or exec_talk_end(). */
struct talk *exec_talk_new(struct executor_local *x, const struct job_spec *s);
/* Its program runs: read what there is, now and as it comes, and say what was kept. */
void exec_talk_begin(struct talk *t);
/* It has ended: tell what was not told yet. */
void exec_talk_end(struct talk *t);
/* As executor_ops.say. */
void exec_talk_say(struct talk *t, uint64_t nth, struct str input);
/* NULL is fine. Nothing is told any more; the loop lets go of its handles later. */
void exec_talk_free(struct talk *t);

#endif
