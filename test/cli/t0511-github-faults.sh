#!/usr/bin/env bash
# What GitHub, the network and people do to a run, one thing after another: whatever it is, nothing
# is done twice and no rule of conduct is broken. ALL=1: every call with every fault (minutes); CHILDREN=30:
# on an epic of as many (an hour); SHARE=1/4: a part of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=$((100 + 25 * children)) # a merge queue is asked every 15 s

# fault LAND CODE JSON [COMMAND]...: a run that it strikes ends with this code; where that is not 0, one
# without it ends well, after a person has done the command.
fault()
{
	local land=$1 want=$2 spec=$3 name task
	mine || return 1
	name="$land: $(jq -r '[.act, .method // "", .route // "", .status // "", .do // "", if .after then "after" else "" end] | map(tostring) | join(" ")' <<<"$spec")"
	the_epic "f$n_turns"
	strike "$spec"
	go "${on_hub[@]}" -c forge.land="$land"
	control asked | jq -e '.faults[0].done > 0' >/dev/null || result 1 "$name: it never struck"
	if [ "$want" != 0 ]; then
		[ "$code" = "$want" ] || result 1 "$name: exit $code, not $want"
		heal
		"${@:4}"
		for task in $all; do # those that failed
			ganger "${on_hub[@]}" retry "$task" >/dev/null 2>&1
		done
		go "${on_hub[@]}" -c forge.land="$land"
	fi
	came_home "$name"
	epic_gone "f$n_turns"
}

# came_home NAME: all are in, once, and closed; nobody complains.
came_home()
{
	local found
	found="$code|$(sorted_landings | xargs)|$(closed)|$(books)|$(git -C "$bare" rev-parse "epic/$epic")"
	is "$found" "0|$all|$all||$(git rev-parse "epic/$epic")" "$1"
	[[ $found == 0* ]] || note "$(cat "$T/err")" "$(cat "$T/out")"
}

# What the hint says: the tested commits to the tasks' branches.
push_again()
{
	local task
	for task in $all; do
		git push -q -f origin "refs/heads/ganger/1/$task" 2>/dev/null
	done
	true
}

fault push 0 '{"act": "status", "status": 502, "html": true, "after": true, "method": "POST", "route": "*/pulls"}'
fault push 0 '{"act": "close", "after": true, "method": "POST", "route": "*/git/refs"}'
fault push 0 '{"act": "secondary", "seconds": 1, "method": "POST", "route": "*/pulls", "nth": 2}'
fault push 0 '{"act": "primary", "seconds": 1, "method": "GET", "route": "*/sub_issues"}'
fault api 0 '{"act": "status", "status": 500, "after": true, "method": "PUT", "route": "*/merge"}'
fault api 0 '{"act": "human", "do": "push_base", "method": "PUT", "route": "*/merge"}' &&
	err_like 'untested as it landed: the branch moved while the forge merged it' 'what landed is compared with what was tested'

# A limit holds up who asks GitHub, and nobody else.
limited()
{
	hub_epic 2 '' limited
	does t3 'flock -s "$T/gate" true; echo x >t3 && git add -A && git commit -qm x'
	hold
	strike '{"act": "secondary", "seconds": 8, "method": "POST", "route": "*/pulls"}'
	start "${on_hub[@]}"
	ok 'origins 4c-9: t2 waits for a limit' wait_file "$T/run.err" 'task 2: could not open its pull request, trying again: .*wait until'
	release
	ok 'origins 4c-9: meanwhile the end of t3 is seen' sees '$t["t3"].state | IN("ready", "claimed", "working") | not'
	is "$(wrote pull)" 0 'while the limit holds'
	ended
	is "$code|$(closed)|$(books)" '0|2 3|' 'and then both come home'
}
mine && limited

# hung CALL: GitHub does not answer, and all is to end at once: nobody waits for it, and the next run goes on.
hung()
{
	the_epic "hung-${1%%:*}"
	strike "{\"act\": \"hang\", \"seconds\": 90, \"times\": 9, \"method\": \"${1%%:*}\", \"route\": \"${1#*:}\"}"
	start "${on_hub[@]}"
	end_while_struck
	code_is 130 "$1 hangs: two signals end the run"
	ok "and do not wait for it: $took s" test "$took" -lt 20
	heal
	go "${on_hub[@]}"
	came_home 'and the next run goes on'
}
for call in POST:*/pulls PATCH:*/issues/{number}; do
	mine && hung "$call"
done

[ "${ALL-}" ] || done_testing

# ---- Every call with everything that can befall it ----

writes='POST:*/pulls POST:*/git/commits POST:*/git/refs PATCH:*/issues/{number} DELETE:*/git/refs/*'
reads='GET:*/pulls GET:*/pulls/{number} GET:*/sub_issues GET:*/blocked_by GET:*/issues/{number} GET:*/matching-refs/*'
merges='PUT:*/merge PUT:*/merge-async'
cuts='"status","status":500
"status","status":503,"after":true
"status","status":504,"after":true
"status","status":502,"html":true
"close"
"close","after":true
"hang","seconds":1
"hang","seconds":1,"after":true
"half"
"slow"
"primary","seconds":1
"secondary","seconds":1
"secondary","seconds":1,"status":429'
while read -r cut; do
	for call in $writes $reads; do
		fault push 0 "{\"act\":$cut,\"method\":\"${call%%:*}\",\"route\":\"${call#*:}\"}"
	done
	for call in $merges; do
		fault api 0 "{\"act\":$cut,\"method\":\"${call%%:*}\",\"route\":\"${call#*:}\"}"
	done
done <<<"$cuts"

fault push 0 '{"act": "secondary", "method": "POST", "route": "*/pulls"}' # without a time: a minute
fault push 0 '{"act": "stale", "method": "GET", "route": "*/pulls", "times": 2}'
fault push 0 '{"act": "human", "do": "rename", "to": "o/new", "method": "GET", "route": "*/pulls"}'
fault push 0 '{"act": "human", "do": "create_branch", "branch": "ganger/1/2", "method": "GET", "route": "*/sub_issues"}'
fault push 0 '{"act": "human", "do": "delete_branch", "branch": "ganger/1/2", "after": true, "method": "POST", "route": "*/pulls", "nth": '"$children"'}'
fault push 0 '{"act": "human", "do": "close_pull", "after": true, "method": "POST", "route": "*/pulls", "nth": 2}'
fault push 0 '{"act": "human", "do": "unlabel", "number": 2, "label": "x", "method": "GET", "route": "*/pulls"}'
fault push 0 '{"act": "human", "do": "push", "branch": "epic/1", "after": true, "method": "POST", "route": "*/pulls"}'
fault push 3 '{"act": "unauthorized", "method": "POST", "route": "*/pulls"}'
fault push 3 '{"act": "gone", "method": "POST", "route": "*/pulls"}'
fault api 0 '{"act": "unknown", "method": "GET", "route": "*/pulls/{number}", "times": 999}'
fault api 3 '{"act": "human", "do": "push_head", "method": "PUT", "route": "*/merge"}' push_again
fault api 3 '{"act": "human", "do": "close_pull", "method": "PUT", "route": "*/merge"}' person '{"do": "reopen_pull"}'

# guarded NAME RULE DEED...: the base asks for something, which people do once it was looked for. RULE: of a
# ruleset, or a deed that sets up another.
guarded()
{
	mine || return 1
	the_epic "g$n_turns"
	case $2 in
	'{'*) person "$2" ;;
	*) person "{\"do\": \"rules\", \"rules\": [{\"branches\": [\"epic/*\"], $2}]}" ;;
	esac
	for deed in "${@:3}"; do
		strike "{\"act\": \"human\", \"after\": true, \"times\": 999, \"do\": $deed}"
	done
	go "${on_hub[@]}" -c forge.land=api
	if [ "${queued-}" ]; then
		is "$code|$(closed)|$(books)|$(git -C "$bare" rev-parse "epic/$epic")" "0|$all||$(git rev-parse "epic/$epic")" "api: $1"
	else
		came_home "api: $1"
	fi
}
ci='"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "ci"}]}'
guarded 'a required check that comes late' "$ci" \
	'"everywhere", "each": "check", "name": "ci", "conclusion": "success", "method": "GET", "route": "*/check-runs"'
guarded 'one that is renamed, and made anew' "$ci" \
	'"everywhere", "each": "check", "name": "ci (1)", "conclusion": "failure", "method": "GET", "route": "*/pulls/{number}"' \
	'"everywhere", "each": "check", "name": "ci", "method": "GET", "route": "*/status", "times": 1' \
	'"everywhere", "each": "check", "name": "ci", "conclusion": "success", "method": "GET", "route": "*/status", "nth": 2'
guarded 'a review that comes late, and one that a push dismisses' \
	'"type": "pull_request", "parameters": {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": true}' \
	'"everywhere", "each": "review", "method": "GET", "route": "*/reviews"'
guarded 'a review that only the older protection asks for, which it may not read' \
	'{"do": "protect", "protection": {"epic/1": {"reviews": 1}}}' \
	'"everywhere", "each": "review", "method": "PUT", "route": "*/merge"'
# Its merges are its own: they have no trailers of ours.
queued=1 guarded 'a merge queue of its own' '"type": "merge_queue"' '"run_queue", "method": "POST", "route": "/graphql"' &&
	is "$(pulls | cut -d' ' -f2 | sort | uniq -c | xargs) $(control asked | jq '[.requests | keys[] | select(test("PUT .*/merge$"))] | length')" \
		"$children merged 0" 'they are given to it, and not merged by us'

# Its clock is an hour ahead, an hour behind: "wait until" is by its clock.
for skew in 3600 -3600; do
	mine || continue
	the_epic "skew$skew"
	control conf "{\"skew\": $skew}" >/dev/null
	strike '{"act": "primary", "seconds": 2, "method": "POST", "route": "*/pulls"}'
	go "${on_hub[@]}"
	came_home "push: its clock is off by $skew s"
done

for text in 'Base branch was modified. Review and try the merge again.' 'Pull Request is not mergeable' \
	'Required status check \"ci\" is expected.' 'At least 1 approving review is required.' \
	'Changes must be made through the merge queue'; do
	fault api 0 "{\"act\": \"status\", \"status\": 405, \"message\": \"$text\", \"method\": \"PUT\", \"route\": \"*/merge\"}"
done
done_testing
