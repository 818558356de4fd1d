#include "tracker/import.h"

#include "base/clean.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void import_result_done(struct import_result *r)
{
	if (!r)
		return;
	free(r->epic);
	for (size_t i = 0; i < r->notes.n; i++) {
		free(r->notes.items[i].id);
		free(r->notes.items[i].text);
	}
	VEC_DONE(&r->notes);
	for (size_t i = 0; i < r->ids.n; i++)
		free(r->ids.items[i]);
	VEC_DONE(&r->ids);
	memset(r, 0, sizeof(*r));
}

void import_note(
	struct import_result *r, enum import_what what, int line, const char *id, char *text)
{
	*VEC_ADD(&r->notes) = (struct import_note){
		.what = what, .line = line, .id = mem_strdup(id), .text = text};
}

void import_sort_notes(struct import_result *r)
{
	struct import_result sorted = {0};

	for (int what = 1; what < IMPORT_WHAT_COUNT; what++) {
		for (size_t i = 0; i < r->notes.n; i++) {
			if ((int)r->notes.items[i].what == what)
				VEC_PUSH(&sorted.notes, r->notes.items[i]);
		}
	}
	VEC_DONE(&r->notes);
	memcpy(&r->notes, &sorted.notes, sizeof(r->notes));
}

int import_epic(struct local *l,
		const char *id,
		const char *title,
		const char *body,
		struct import_result *r,
		struct err *e)
{
	int64_t now = clock_now().wall_ms, number = 0;
	int rc = id ? local_check_id(id, e) : local_next_number(l, &number, e);

	if (rc)
		return rc;
	r->epic = id ? mem_strdup(id) : mem_printf("%" PRId64, number);
	return local_put_issue(l,
			       &(struct local_issue){
				       .id = r->epic,
				       .title = title,
				       .body = body,
				       .type = "epic",
				       .status = "open",
				       .open = true,
				       .priority = 2,
				       .created_ms = now,
				       .updated_ms = now,
			       },
			       &r->epic_made, e);
}
