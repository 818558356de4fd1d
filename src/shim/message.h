#ifndef SHIM_MESSAGE_H
#define SHIM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A stream of messages, each with a header that has its Content-Length, on its way through. Bytes are
 * passed on as they come; the beginning of each message is held until it is known whether it is
 * to be dropped. So a message is passed on whole, but where the stream breaks off.
 */
#define MESSAGE_HEAD_MAX 512
#define MESSAGE_PEEK     96 /* of the body, in which its method is looked for */
#define MESSAGE_MAX      (UINT64_C(256) << 20)

struct message {
	/* Take bytes of it; false: nobody takes any more. */
	bool (*pass)(void *ctx, const char *p, size_t n);
	void *ctx;
	char **drop; /* methods, NULL-terminated; NULL: none */

	char held[MESSAGE_HEAD_MAX + MESSAGE_PEEK + 1];
	size_t n_held, n_head; /* n_head: 0 while the header is not whole */
	uint64_t left;         /* bytes of the body that have not come yet */
	bool is_passing;       /* what was held has been passed on, or dropped */
	bool is_dropped;
};

/* False: it is no such stream, or nobody takes it any more. */
bool message_take(struct message *m, const char *p, size_t n);
/*
 * The stream broke off: the message under way, if some of it was passed on, is made as long as it said
 * by spaces, so that what comes next is understood.
 */
bool message_break(struct message *m);
/* Nothing of the message under way is passed on any more. */
void message_drop(struct message *m);

#endif
