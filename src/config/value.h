#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/config.h"
#include "config/node.h"

/*
 * The types of the keys: how one is read from a node, written, and freed. A field is
 * a place of the C type that config.h gives the type.
 */

/*
 * Read a value into a field, which must be valid and is replaced; NODE_NULL gives the default.
 *
 * e         INVALID: what is wrong with the value, without key, file and line ("must be …")
 */
int value_read(const struct config_key_info *k, const struct node *n, void *field, struct err *e)
	MUST_CHECK;
/* A name that an environment can hold, and a person can read. */
bool value_is_variable(const char *s);
/* The default of the list; only our own mistake can be wrong there. */
void value_default(const struct config_key_info *k, void *field);
void value_done(enum config_type type, void *field);
/* As it could be written for -c; a value that is not set gives nothing. */
void buf_value(struct buf *b, enum config_type type, const void *field);

#endif
