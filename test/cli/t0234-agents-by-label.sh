#!/usr/bin/env bash
# Which agent makes the attempts at an issue: that of its labels, else that for all.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# agents FIRST SECOND: the two that are for issues with a label, in this order.
agents()
{
	settings
	sed -i '/^agents:/d' ganger.yaml
	cat >>ganger.yaml <<-END
		agent: it
		agents:
		  it: {command: ["$T/bin/agent"], env: {T: "$T", BY: it}}
	END
	for name; do
		cat >>ganger.yaml <<-END
			  $name: {command: ["$T/bin/agent"], env: {T: "$T", BY: $name}, labels: ["other", "role:$name"]}
		END
	done
}

by()
{
	status '$t["'"$1"'"].agent'
}

label()
{
	ganger edit "${id[$1]}" "${@:2}"
}

scene
agents review docs
for title in plain review docs both; do
	task $title
	does $title 'echo "$BY" >"$GANGER_TITLE.txt"'
done
label review --label role:review --label size:s
label docs --label role:docs
label both --label other
go
code_is 0 'an epic of three agents is brought home'
is "$(by plain) $(by review) $(by docs) $(by both)" 'it review docs review' \
	'each issue by the agent of its labels, the first that fits, or that for all'
is "$(for f in plain review docs both; do git show "epic/$epic:$f.txt"; done | paste -sd ' ')" \
	'it review docs review' 'by its command and in its environment'
journal=$(epic_dir)/journal.db
run ganger replay $journal
code_is 0 'a replay knows them, too' || note "$(cat "$T/out" "$T/err")"

# Labels that change count from the next attempt.
scene turns
agents review docs
task turns
does turns '[ "$GANGER_ATTEMPT" = 2 ] || exit 1; echo "$BY" >turns.txt'
label turns --label role:review
go -c limits.attempts=1
is "$(state turns) $(by turns)" 'failed review' 'the first attempt is by the one'
label turns --label role:docs
ganger retry "${id[turns]}" >/dev/null 2>&1
go
is "$(state turns) $(git show "epic/$epic:turns.txt")" 'closed docs' 'the next one by the other'

# An attempt that outlives its supervisor stays its agent's, whatever order the settings have then.
scene adopted
agents review docs
hold
for title in review docs; do
	task $title
	does $title 'flock -s "$T/gate" true; echo "$BY" >"$GANGER_TITLE.txt"'
	label $title --label role:$title
done
start
ok 'both are at work' wait_lines "$T/ran" 2
killed
agents docs review
start
ok 'they are adopted' wait_file "$T/run.err" adopted
is "$(by review) $(by docs)" 'review docs' 'each as its own agent'
release
ended
code_is 0 'they are brought home' || note "$(cat "$T/out" "$T/err")"
is "$(ran review) $(ran docs)" '1 1' 'in one attempt each'

# A limit of one is no other's.
scene limits
agents review docs
hold
for title in one two three; do
	task $title
	does $title 'flock -s "$T/gate" true; echo x >"$GANGER_TITLE"'
done
label one --label role:review
label two --label role:review
start -c agents.review.max_concurrent=1
ok 'as many as may' wait_lines "$T/ran" 2
is "$(cut -d' ' -f1 "$T/ran" | sort | paste -sd ' ')" 'one three' 'one of the one that may have no more, and the other'
release
ended
code_is 0 'and the rest after it'

# Dispatched issues, too.
scene alone
agents review
task alone
label alone --label role:review
run ganger dispatch "${id[alone]}" --json
code_is 0 'an issue is dispatched' || note "$(cat "$T/err")"
is "$(ganger status dispatch-1 --json | jq -r '.tasks[0].agent')" review 'to the agent of its label'

# Before the first claim each that an open issue may get is probed, once, and no other.
scene probes
agents review docs
sed -i 's/labels: /probe: "echo $BY >>$T\/probed; test $BY != docs || test -e $T\/login", &/' ganger.yaml
task plain
task review
label review --label role:review
go
code_is 0 'an agent that no issue asks for need not be able to work' || note "$(cat "$T/out")"
is "$(cat "$T/probed")" review 'one that is needed is probed'
task docs
label docs --label role:docs
: >"$T/ran"
go
code_is 4 'one that is needed later, and cannot: exit 4'
out_like "^the probe of agent 'docs' does not pass" 'is named'
is "$(cat "$T/ran")" '' 'before anything is begun'
touch "$T/login"
task more
label more --label role:review
go
code_is 0 'once it can, all go on'
is "$(paste -sd ' ' "$T/probed")" 'review docs docs' 'and nobody is probed again'

# One that is for some is not the only one for all.
scene some
printf 'agents: {it: {command: "true"}, review: {command: "true", labels: [r]}}\n' >ganger.yaml
run ganger doctor
out_like '^ok +agent +it' 'the other is, without being named'
printf 'agents: {it: {command: "true"}, resolver: {command: "true", labels: [r]}}\n' >ganger.yaml
go
code_is 2 'the resolver is for all issues'
err_like 'agents\.resolver\.labels' 'which is said'
printf 'agents: {it: {command: "true"}, some: {kind: acp, labels: [r]}}\n' >ganger.yaml
go
code_is 2 'one without a command is named before anything starts'
err_like "agents\.some\.command" 'by its key'
done_testing
