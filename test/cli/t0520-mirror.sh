#!/usr/bin/env bash
# An epic of GitHub in Beads, by the stand-ins for both: 'mirror', and runs that ask both.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=100
export T PATH=$GANGER_SOURCE/test/fake:$PATH BD_FAKE_LOG=$T/bd.log

b()
{
	BEADS_DIR=$PWD/.beads bd "$@"
}

# store: all of it, a line an issue: id, state, type, title, then its edges.
store()
{
	b export | jq -r '[.id, .status, .issue_type, .title] + ([.dependencies[] | {blocks: ">", "parent-child": "^"}[.type] + .depends_on_id] | sort) | join(" ")' | sort
}

# changes: calls of bd that change something, since the last time.
changes()
{
	grep -cE '^(create|update|close|dep|delete) ' "$T/bd.log"
	: >"$T/bd.log"
}

mirror()
{
	run ganger "${on_hub[@]}" mirror "${1:-1}"
}

hub_epic 3 '3:2 4:3'
mirror
code_is 0 'an epic is copied into a store that is made'
out_like '^epic 1 is in Beads: 3 issues, 2 dependencies$' 'it says how much there is'
first='gh-1 open epic The epic
gh-2 open task t2 ^gh-1
gh-3 open task t3 >gh-2 ^gh-1
gh-4 open task t4 >gh-3 ^gh-1'
is "$(store)" "$first" 'the epic, its children and the edges'
is "$(b export | jq -r 'select(.id == "gh-3") | .external_ref')" "$hub_url/o/r/issues/3" 'known by its address'
is "$(control journal | jq length)" 0 'nothing is changed on GitHub'
: >"$T/bd.log"
mirror
is "$code $(store) $(changes)" "0 $first 0" 'given again it changes nothing'

# Edges and children that change; what people put into Beads stays.
own=$(b create 'only here' --deps blocks:gh-2 | jq -r .id)
b dep add gh-4 "$own" >/dev/null
api DELETE "issues/4/dependencies/blocked_by/$(hub_id 3)"
api POST issues/4/dependencies/blocked_by "{\"issue_id\": $(hub_id 2)}"
mirror
out_like "^'4' no longer waits for '3'$" 'an edge that went is said'
is "$(store | grep '^gh-4')" "gh-4 open task t4 >$own >gh-2 ^gh-1" 'edges are followed, one to an issue of Beads stays'
api DELETE issues/1/sub_issue "{\"sub_issue_id\": $(hub_id 4)}"
mirror
is "$(store | grep '^gh-4')" "gh-4 open task t4 >$own >gh-2" 'a child that left is no child, and kept'
api POST issues/1/sub_issues "{\"sub_issue_id\": $(hub_id 4)}"
api PATCH issues/2 '{"state": "closed", "title": "t2 anew"}'
mirror
is "$(store | grep '^gh-[24]')" "gh-2 closed task t2 anew ^gh-1
gh-4 open task t4 >$own >gh-2 ^gh-1" 'it comes back; another title and a closing are followed'
api PATCH issues/2 '{"state": "open"}'
mirror
like "$(store)" '^gh-2 open ' 'opened again there is opened again here'
b close gh-3 --force >/dev/null
mirror
out_like "^'3' is closed in Beads \('gh-3'\), and open on GitHub$" 'closed in Beads alone is said'
like "$(store)" '^gh-3 closed ' '… and stays so'
run ganger "${on_hub[@]}" -c github.graph=beads plan 1 --json
is "$(jq -c '.blocked | sort_by(.id) | map([.id] + .by)' "$T/out")" "[[\"3\",\"2\"],[\"4\",\"2\",\"$own\"]]" 'a plan asks both'

# Several epics in one store never mix; what one waits for in the other is one issue.
hub two "\"issues\": $(jq -nc '[{number: 1, title: "A", children: [2, 3]}, {number: 2, title: "a2"}, {number: 3, title: "a3", blocked_by: [2, 5]},
	{number: 4, title: "B", children: [5, 6]}, {number: 5, title: "b5"}, {number: 6, title: "b6", blocked_by: [5]}]')"
mirror 1
mirror 4
code_is 0 'another epic into the same store'
two='gh-1 open epic A
gh-2 open task a2 ^gh-1
gh-3 open task a3 >gh-2 >gh-5 ^gh-1
gh-4 open epic B
gh-5 open task b5 ^gh-4
gh-6 open task b6 >gh-5 ^gh-4'
is "$(store)" "$two" 'each has its own children; an issue that both know is there once'
api DELETE "issues/3/dependencies/blocked_by/$(hub_id 2)"
api DELETE issues/4/sub_issue "{\"sub_issue_id\": $(hub_id 6)}"
mirror 4
is "$(store)" "${two/b6 >gh-5 ^gh-4/b6 >gh-5}" 'bringing one up to date touches nothing of the other'
mirror 1
like "$(store)" '^gh-3 open task a3 >gh-5 \^gh-1$' '… and the other comes by itself'

# What bd does not take (an epic that blocks a task) is said, and waits all the same.
api POST issues/2/dependencies/blocked_by "{\"issue_id\": $(hub_id 4)}"
mirror 1
out_like "^not in Beads: '2' waits for '4' now: bd dep: tasks can only block other tasks" 'in its words'
run ganger "${on_hub[@]}" -c github.graph=beads plan 1 --json
is "$(jq -c '.ready' "$T/out")" '[]' '… and nothing is free by that'

# Cut off anywhere, the next pass does the rest.
for ((n = 2; n < 30; n += 2)); do # the first asks for its version: any answer will do
	rm -rf .beads
	run env BD_FAKE_DIES="$n $T/calls" "$GANGER" "${on_hub[@]}" mirror 1
	rm -f "$T/calls"
	[ "$code" = 0 ] && break
	mirror 1
	[ "$code|$(store | grep -c '')|$(store | grep '^gh-3')" = '0|5|gh-3 open task a3 >gh-5 ^gh-1' ] || break
done
ok "bd had no answer to its 2nd, 4th, … ${n}th call: the next pass did the rest" test "$code" = 0 -a "$n" -gt 6

# Two issues in a chain: through Beads, agents, pull requests, merge and close.
ends()
{
	echo "$code|$(landings)|$(closed)|$(pulls | cut -d' ' -f2 | paste -sd ' ')|$(store | grep '^gh-[23]' | cut -d' ' -f1,2 | paste -sd ' ')|$(books)"
}
both='0|2 3|2 3|merged merged|gh-2 closed gh-3 closed|'
hub_epic 2 '3:2' chain
on_hub+=(-c github.graph=beads)
b init
run ganger "${on_hub[@]}" plan 1
out_like 'note: epic .1. is not in Beads yet' 'a plan copies nothing'
does t2 'bd show gh-2 >/dev/null || exit 1; echo 2 >t2; git add -A; git commit -qm 2' # there is no store here
go "${on_hub[@]}"
is "$(ends)" "$both" 'a chain of two: merged in order, and closed in both; agents reach the copy'
is "$(b export | jq -r 'select(.id == "gh-2") | .assignee, .close_reason')" "$(b export | jq -r 'select(.id == "gh-3") | .assignee')
completed" 'claimed and closed as a person sees it'
run ganger "${on_hub[@]}" finish 1 --merge
is "$code $(store | grep '^gh-1')" '0 gh-1 closed epic The epic' 'the epic, too, is closed in both'
nothing_left 'nothing is left'

# GitHub does not answer, and all is to end at once: nobody waits for it.
hub_epic 2 '3:2' hung
on_hub+=(-c github.graph=beads)
strike '{"act": "hang", "seconds": 90, "times": 9, "method": "PATCH", "route": "*/issues/{number}"}'
start "${on_hub[@]}"
end_while_struck
ok "a hung GitHub holds up no end: $code, $took s" test "$code" = 130 -a "$took" -lt 20
heal
go "${on_hub[@]}"
is "$(ends)" "$both" 'and the next run goes on'

# kill -9 at calls of bd and at requests to GitHub, again and again a little later.
for where in bd hub; do
	hub_epic 2 '3:2' "kills-$where"
	on_hub+=(-c github.graph=beads)
	for ((n = 1; n < 200; n += ${STEP:-3})); do
		rm -f "$T/pid" "$T/calls"
		heal
		[ $where = bd ] || strike "{\"act\": \"kill\", \"pid\": \"$T/pid\", \"nth\": $n, \"after\": $([ $((n % 2)) = 1 ] && echo true || echo false)}"
		[ $where = hub ] || export BD_FAKE_KILLS="$n $T/calls $T/pid"
		run timeout -k 5 "$WAIT_S" bash -c 'echo $$ >"$T/pid" && exec "$@"' - \
			"$GANGER" "${on_hub[@]}" run 1 --yes 2>/dev/null
		unset BD_FAKE_KILLS
		[ "$code" = 137 ] || break
	done
	is "$(ends)" "$both" "$where: killed at the 1st, $((1 + ${STEP:-3}))th … ${n}th call of a run each: both end the same"
	ok "$where: that was more than twice" test "$n" -gt 6
	nothing_left "$where: nothing is left"
done
done_testing
