#!/usr/bin/env bash
# Does the stand-in for GitHub answer as GitHub's own programs and papers expect? The published
# description (cut anew, compared, compiled), recorded webhooks, and the clients gh, hub and Octokit,
# each with a story. What is not installed and cannot be fetched is skipped by name.
home=$HOME cache=${GANGER_CACHE:-$HOME/.cache/ganger-test} # before they are others
. "$GANGER_SOURCE/test/cli/lib.sh"
. "$GANGER_SOURCE/test/cli/scene.sh"
. "$GANGER_SOURCE/test/cli/github.sh"
here=$GANGER_SOURCE/test/github

# fetch NAME...: packages of npm; false where they are not to be had.
fetch()
{
	command -v npm >/dev/null && command -v node >/dev/null || return 1
	HOME=$home GANGER_CACHE=$cache sh "$GANGER_SOURCE/test/agents/install.sh" "$@" >/dev/null 2>"$T/npm.err"
}
skipped()
{
	result 0 "$1 # SKIP $2"
}
modules=$cache/npm/node_modules

# ---- The published description ----

openapi=$GANGER_SOURCE/test/fake/openapi
if fetch openapi ajv; then
	"$python" "$openapi/cut.py" "$modules/@octokit/openapi/generated/api.github.com.json" >"$T/cut.json" 2>"$T/cut.err"
	ok "what is here is cut from it: $(cat "$T/cut.err")" cmp -s "$T/cut.json" "$openapi/github.json"
	run node "$here/compile.mjs" "$modules" "$openapi/github.json"
	code_is 0 "every schema compiles: $(cat "$T/out")"
else
	skipped 'the description cut anew' 'npm has no @octokit/openapi'
fi

# ---- Recorded webhooks ----

hub_epic 2 '3:2' hooks
if fetch webhooks; then
	mkfifo "$T/url"
	GANGER_WEBHOOK_SECRET=secret "$GANGER" "${on_hub[@]}" serve >"$T/url" 2>"$T/serve.err" 7>&- &
	server=$!
	url=$(wait_line "$T/url" '^listening on ')
	run node "$here/webhooks.mjs" "$modules" "${url#listening on }" secret "$T/payloads"
	code_is 0 'each recorded payload is answered as what it is'
	is "$(cat "$T/out")" '329 payloads of 58 events: 48 news, 281 none; none without its signature' 'all of them'
	kill "$server"
	wait "$server" 2>/dev/null
	run "$GANGER_BUILD/test/fuzz/fuzz_github" "$T/payloads"
	code_is 0 'and their texts go through what reads texts of GitHub'
else
	skipped 'recorded webhooks' 'npm has no @octokit/webhooks-examples'
fi
hub_down

# ---- Clients ----

# api OPTION...: a call by the client, gh or hub: they spell it alike.
api()
{
	"${client[@]}" api "$@"
}
# field JQ OPTION...: a value of its answer.
field()
{
	api "${@:2}" | jq -r "$1"
}

story()
{
	local child blocker main tree sha pull
	echo '{"labels": ["bug"]}' >"$T/labels.json"
	child=$(field .id -X POST repos/o/r/issues -f title=child -f body=text)
	is "$(field .sub_issues_summary.total -X POST repos/o/r/issues/1/sub_issues -F sub_issue_id="$child")" 3 "$1: a sub-issue"
	blocker=$(field .id repos/o/r/issues/2)
	is "$(field .issue_dependencies_summary.blocked_by -X POST repos/o/r/issues/4/dependencies/blocked_by -F issue_id="$blocker")" 1 "$1: a dependency"
	is "$(field '[.[].number] | join(" ")' repos/o/r/issues/4/dependencies/blocked_by)" 2 "$1: which is read"
	main=$(field .object.sha repos/o/r/git/ref/heads/main)
	tree=$(field .tree.sha "repos/o/r/git/commits/$main")
	jq -n --arg tree "$tree" --arg main "$main" '{message: "work", tree: $tree, parents: [$main]}' >"$T/commit.json"
	sha=$(field .sha -X POST repos/o/r/git/commits --input "$T/commit.json")
	is "$(field .object.sha -X POST repos/o/r/git/refs -f ref=refs/heads/task/a -f sha="$sha")" "$sha" "$1: a ref"
	pull=$(field .number -X POST repos/o/r/pulls -f title=work -f head=task/a -f base=main -f body='Closes #2')
	is "$(field '[.[].number] | join(" ")' "repos/o/r/pulls?head=o:task/a&base=main")" "$pull" "$1: a pull request, found by its head"
	is "$(field '.[0].name' -X POST "repos/o/r/issues/$pull/labels" --input "$T/labels.json")" bug "$1: a label"
	is "$(field .merged -X PUT "repos/o/r/pulls/$pull/merge" -f sha="$sha" -f merge_method=squash)" true "$1: a merge"
	is "$(field '[.state, .merged] | join(" ")' "repos/o/r/pulls/$pull")" 'closed true' "$1: which is there"
	is "$(field .state repos/o/r/issues/2)" closed "$1: and closed what it names"
	is "$(field .body -X POST repos/o/r/issues/3/comments -f body=done)" 'done' "$1: a comment"
	is "$(field .state_reason -X PATCH repos/o/r/issues/3 -f state=closed -f state_reason=not_planned)" not_planned "$1: a close"
	is "$(books)" '' "$1: and all of it is as published"
}

# told NAME: the stand-in, on a socket of its own, for a client of this name.
told()
{
	hub_socket=$T/$1.sock
	hub_epic 2 '' "$1"
	hub_socket=
	git remote set-url origin https://github.com/o/r.git
}

if command -v gh >/dev/null; then
	told gh
	export GH_CONFIG_DIR=$T/gh-config GH_TOKEN=human-token GH_NO_UPDATE_NOTIFIER=1
	mkdir -p "$GH_CONFIG_DIR"
	printf 'http_unix_socket: %s\n' "$T/gh.sock" >"$GH_CONFIG_DIR/config.yml"
	client=(gh)
	story gh
	is "$(gh api --paginate 'repos/o/r/issues?state=all&per_page=2' --jq '.[].number' | paste -sd ' ')" '5 4 3 2 1' 'gh: pages by their links'
	not_ok 'gh: a refusal is one to it' gh api repos/o/r/issues/99 --silent
else
	skipped 'a story of gh' 'no gh'
fi
if command -v hub >/dev/null; then
	told hub-client
	export HUB_CONFIG=$T/hub-config GITHUB_USER=person
	printf 'github.com:\n- user: person\n  oauth_token: human-token\n  protocol: https\n  unix_socket: %s\n' "$T/hub-client.sock" >"$HUB_CONFIG"
	client=(env -u GITHUB_TOKEN hub)
	story hub
	is "$("${client[@]}" issue -f '%I %t%n' | paste -sd ' ')" '4 child 1 The epic' 'hub: its list of issues'
	is "$("${client[@]}" pr list -s all -f '%I %t%n')" '5 work' 'hub: its list of pull requests'
else
	skipped 'a story of hub' 'no hub'
fi
if fetch octokit; then
	hub_epic 2 '' octokit
	run node "$here/octokit.mjs" "$modules" "$hub_url"
	code_is 0 'octokit: its story'
	[ "$code" = 0 ] || note "$(cat "$T/err")"
	is "$(books)" '' 'octokit: and all of it is as published'
else
	skipped 'a story of Octokit' 'npm has no @octokit/rest'
fi
hub_down
done_testing
