#ifndef TRACKER_LOCAL_H
#define TRACKER_LOCAL_H

#include "port/tracker.h"

/*
 * The built-in tracker: issues.db, which several processes may write at once. Ids that it
 * gives are numbers; imported ones are kept. Every change is one durable transaction. Calls
 * may come from any thread; they are made one at a time.
 *
 * Beyond the port: edit's status is "open" (a closed issue is reopened, and what was hidden
 * by an import may be started) or "closed"; close takes NULL as the comment.
 *
 * load() tells of an epic's direct children. A child that has children itself is hidden: it
 * is an epic of its own. What an epic (or one of its own epics) still waits for, its
 * children wait for too, unless that is inside it.
 *
 * db_path   in a folder that exists; made 0600 where absent
 * ret       tracker->ops->free()
 * e         as db_open(); INVALID: made by a newer version
 */
int tracker_local_new(const char *db_path, struct tracker **ret, struct err *e) MUST_CHECK;

#endif
