#!/usr/bin/env bash
# plan: a dry run over a tracker.
. "$(dirname "$0")/lib.sh"
repo

# issue ID [NEEDS…]: a line of a Beads export
issue()
{
	local id=$1 edges= need
	shift
	for need; do
		edges="$edges${edges:+,}{\"issue_id\":\"$id\",\"depends_on_id\":\"$need\",\"type\":\"blocks\"}"
	done
	printf '{"id":"%s","title":"task %s","status":"%s","priority":%d,"issue_type":"task","created_at":"2026-01-0%d","dependencies":[%s]}\n' \
		"$id" "$id" "${status:-open}" "${priority:-2}" "${day:-1}" "$edges"
}

plan()
{
	run ganger plan --from "beads:$T/beads" "$@"
}

# The value of a key of the JSON; each is known by the key that follows.
json()
{
	local next
	case $1 in
	ready) next=blocked ;;
	blocked) next=waves ;;
	waves) next=cycles ;;
	cycles) next=critical_path ;;
	hidden) next=notes ;;
	notes) next=ceiling ;;
	esac
	sed -n "s/.*\"$1\":\(.*\),\"$next\":.*/\1/p" "$T/out"
}

{ issue a; issue b a; issue c a; issue d b c; } >"$T/beads"
plan --json
code_is 0 'a diamond: works'
err_is '' 'a diamond: has nothing to complain of'
is "$(json ready)" '["a"]' 'a diamond: ready'
is "$(json waves)" '[["a"],["b","c"],["d"]]' 'a diamond: waves'
is "$(json blocked)" '[{"id":"b","by":["a"]},{"id":"c","by":["a"]},{"id":"d","by":["b","c"]}]' 'a diamond: blocked'
is "$(json cycles)" '[]' 'a diamond: no cycles'
plan
out_like '^wave 1: 1 task, ready' 'a diamond: the first wave, for people'
out_like '^  d  task d  \(after b, c\)' 'a diamond: what a task waits for'
out_like '^critical path: a -> b -> d' 'a diamond: the critical path'
out_like '^starts first: a$' 'a diamond: what starts first'
is "$(tail -1 "$T/out")" 'at most: 4 tasks x 3 attempts x 2h = 1d of agents, 10 at once; no cost limit set' 'it ends with the ceiling'

{ status=closed issue a; issue b a; issue c b; } >"$T/beads"
plan --json
is "$(json ready) $(json waves)" '["b"] [["b"],["c"]]' 'what is closed is done'

{ issue a b; issue b c; issue c a; issue d c; issue e; } >"$T/beads"
plan --json
code_is 3 'a cycle: exits with 3'
is "$(json cycles)" '[["a","b","c"]]' 'a cycle: its members'
is "$(json ready) $(json waves)" '["e"] [["e"]]' 'a cycle: what is behind it is in no wave'
plan
code_is 3 'a cycle: exits with 3, for people'
out_like '^cycle: a needs b needs c needs a$' 'a cycle: told with its members'
out_like 'cannot start as things are' 'a cycle: what cannot start is said'

{ issue a nowhere; } >"$T/beads"
plan --json
is "$(json ready)" '["a"]' 'an edge to nowhere does not block'

{ priority=2 day=1 issue old; priority=2 day=2 issue new; priority=0 day=3 issue urgent
	priority=2 day=4 issue key; day=5 issue x key; } >"$T/beads"
plan --json
is "$(json ready)" '["urgent","key","old","new"]' 'first the urgent, then what unblocks most, then the old'

{ issue a; echo 'not JSON'; status=deferred issue later; } >"$T/beads"
plan
code_is 0 'a line that is not JSON does not end it'
out_like '^note: line 2: ' 'and is named'
out_like '^  later .*\(' 'what is hidden is named with its reason'
plan --json
like "$(json hidden)" '^\[\{"id":"later","why":".+"\}\]$' 'in the JSON too'

# By whose rule: an older Beads' steps of its own are ready by the newer one's alone.
{ issue a; issue a-wisp-1 a; issue b-wisp-2; } >"$T/beads"
plan --json
is "$(json ready)" '["a","b-wisp-2"]' 'an export that does not say whose it is: the rule of 1.0'
out_like "0.49: 'b-wisp-2' \(a guess; key beads.rule\)" '… a guess, and said'
run ganger -c beads.rule=0.49 plan --from "beads:$T/beads" --json
is "$(json ready) $(json notes)" '["a"] []' 'the rule of 0.49, as named'
run ganger -c beads.rule=1.0 plan --from "beads:$T/beads" --json
is "$(json ready) $(json notes)" '["a","b-wisp-2"] []' 'the rule of 1.0, as named'

: >"$T/beads"
plan --json
is "$code $(json ready) $(json waves) $(json cycles)" '0 [] [] []' 'nothing to do is no error'

printf '{"id":"a","title":"red \\u001b[31m\\nline","status":"open"}\n' >"$T/beads"
plan
unlike "$(cat "$T/out")" "$(printf '\033')" 'no escape of a title reaches the terminal'

run ganger plan --from "beads:$T/nothing"
code_is 2 'a file that is not there is a usage error'
err_like "$T/nothing" 'and is named'
run ganger plan --from jira:x
code_is 2 'so is another tracker'
run ganger plan nothing
code_is 2 'an epic that there is not is a usage error'
err_like nothing 'and is named'

ok 'nothing was changed in the repository' test -z "$(git status --porcelain)"

done_testing
