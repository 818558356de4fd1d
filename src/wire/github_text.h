#ifndef WIRE_GITHUB_TEXT_H
#define WIRE_GITHUB_TEXT_H

#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Text as GitHub reads it: what refers to issues, and what must not when it is copied. */

#define GITHUB_BODY_MAX 60000 /* bytes of a body or comment; GitHub takes 65536 characters */

struct github_ref {
	char *repository; /* "owner/name"; NULL: the same one */
	int64_t number;
};
struct github_refs {
	VEC(struct github_ref) list;
};
void github_refs_done(struct github_refs *r);

/* The issues of a task list: "- [ ] #12", "* [x] owner/name#12", or an address of an issue on 'host'. */
void github_task_list(struct str body, const char *host, struct github_refs *ret);

/* What a text says it waits for: "depends on #12", "Blocked by: #1, #2 and owner/name#3". */
void github_depends_on(struct str body, const char *host, struct github_refs *ret);

/*
 * A text from elsewhere (an agent, an error) for a body or comment: names of people and issues
 * of other repositories in it call nobody, and it holds no hidden marker. At most GITHUB_BODY_MAX.
 */
void buf_github_copied(struct buf *b, struct str text);

/* "<!-- marker -->", as the last line of a body of ours; and is it there? */
void buf_github_marker(struct buf *b, const char *marker);
bool github_has_marker(struct str body, const char *marker);

#endif
