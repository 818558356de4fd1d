#ifndef FORGE_GITHUB_H
#define FORGE_GITHUB_H

#include "port/forge.h"

struct github_options;

/*
 * Pull requests on GitHub, by its REST API (docs.github.com/rest/pulls, API version as in
 * wire/github.h). Branches are pushed by Git: the head and the base are there when ensure() is
 * called, and after a landing by push GitHub itself marks the pull request as merged.
 *
 * Beyond the port: what a call may have done is read back before it returns; where even that
 * fails the code is IO, and the same call again finds out. A head without commits of its own has
 * no pull request: number 0. One that a person closed or merged stays so, and finish() is done.
 */
struct forge_github_options {
	const struct github_options *client; /* repository: owner/name; borrowed until return */
	bool draft;                          /* open as drafts; made ready to be merged */
	bool rewrites; /* landings by push do not have the head in them (squash, rebase): GitHub
	                  does not see that they merged anything */
};

/*
 * ret       forge->ops->free(); github_open() has the client
 * e         as github_open(); INVALID: no repository
 */
int forge_github_new(const struct forge_github_options *o,
		     struct forge **ret,
		     struct err *e) MUST_CHECK;

#endif
