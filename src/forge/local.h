#ifndef FORGE_LOCAL_H
#define FORGE_LOCAL_H

#include "port/forge.h"

/*
 * The built-in forge: pulls.db, where a pull request is no more than the merge queue's entry with
 * a number, from 1 on in each repository. Calls may come from any thread and from several
 * processes; they are made one at a time.
 *
 * Beyond the port: ensure() of an empty head, base or title is INVALID; finish() of one that
 * ended otherwise already is CONFLICT.
 *
 * db_path   in a folder that exists; made 0600 where absent
 * ret       forge->ops->free()
 * e         as db_open(); INVALID: made by a newer version
 */
int forge_local_new(const char *db_path, struct forge **ret, struct err *e) MUST_CHECK;

#endif
