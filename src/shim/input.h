#ifndef SHIM_INPUT_H
#define SHIM_INPUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The standard input of a program that is talked to: frames that arrive at the socket
 * job/<n>/sock, each a head and so many bytes. Frames are numbered from 1 by whoever talks,
 * without a gap; one whose number was seen is dropped, so that a supervisor started again may say
 * everything again. Only whole frames are passed on. One caller at a time; another is heard when
 * the one before it has hung up. Byte order is the machine's.
 */
#define INPUT_SOCK_NAME "sock"
#define INPUT_MAGIC     0x4e495247u /* "GRIN" */
#define INPUT_FRAME_MAX (16u << 20)

struct input_head {
	uint32_t magic;  /* INPUT_MAGIC */
	uint32_t size;   /* bytes that follow, INPUT_FRAME_MAX at most; 0: the end of the input */
	uint64_t number; /* from 1 */
};
static_assert(sizeof(struct input_head) == 16, "no padding");

struct input {
	int listen_fd;  /* -1: the program is not talked to, and nothing below is used */
	int caller_fd;  /* -1: nobody has called */
	int program_fd; /* the program's standard input, never waited on; -1: it has ended */
	uint64_t seen;  /* the last number that was taken */
	struct input_head head;
	size_t n_head, n_body; /* how much of the frame has arrived */
	size_t n_given;        /* how much of the frame in 'body' the program has */
	char *body;            /* of the frame under way; NULL: none */
	bool is_whole;         /* it has arrived, and goes to the program */
	bool is_last;          /* ended once all that has arrived is given */
};

/*
 * Put a pipe in place of our standard input, for the program to inherit. listen_fd -1: none.
 * Returns 0, or -1 and errno.
 */
int input_init(struct input *in, int listen_fd);
/* The program has its end: ours is closed. */
void input_started(struct input *in);
/* Is it still open? */
bool input_is_open(const struct input *in);
/* End it, behind what has already arrived. */
void input_end(struct input *in);
/* Take and give what can be without waiting. */
void input_step(struct input *in);
/* What to poll, and for what, until the next step; -1: nothing. */
int input_poll_fd(const struct input *in, short *ret_events);

#endif
