#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/*
 * Reading JSON from outside: what is missing, null or of another type reads as empty, so that a
 * caller checks for what it needs and for nothing else. All take NULL.
 */
const char *json_text(const struct cJSON *object, const char *key); /* never NULL; borrowed */
int64_t json_int(const struct cJSON *object, const char *key);      /* 0 */
bool json_true(const struct cJSON *object, const char *key);
const struct cJSON *json_at(const struct cJSON *object, const char *key); /* NULL: absent or null */
/* "2026-11-28T12:00:00Z" as milliseconds since the epoch; 0 for anything else. */
int64_t json_time(const struct cJSON *object, const char *key);
/* A text that was made by cJSON; NULL for what is no JSON. json_free(). */
struct cJSON *json_parse(struct str text);
void json_free(struct cJSON *j);
/* For CLEANUP(). */
void json_freep(struct cJSON **j);

#endif
