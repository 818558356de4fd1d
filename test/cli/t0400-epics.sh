#!/usr/bin/env bash
# Several epics in one call, epics that are not there, runs that are refused, and how they are stopped.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
task one
first=$epic
epic=$(ganger add 'Another epic')
task two
second=$epic

# Named wrongly.
run ganger run "$first" nowhere --yes
code_is 2 'an epic that is not there: exit 2'
err_like "there is no issue 'nowhere'" 'and its name'
not_ok 'nothing has started' test -s "$T/ran"
run ganger status nowhere
code_is 2 'it has no status'

# Refused before anything began.
ganger add turn --epic "$(ganger add 'A cycle')" >"$T/turn"
ganger edit "$(cat "$T/turn")" --after "$(ganger add back --epic 5 --after "$(cat "$T/turn")")" 2>/dev/null
run ganger run 5 --yes
code_is 3 'a cycle: exit 3'
run ganger status
code_is 2 'a run that was refused is no run'
err_like 'there was no run here yet' 'and the message names none'

# Stopped in the first: the second does not begin.
does one 'flock -s "$T/gate" true; echo 1 >one'
hold
"$GANGER" run --yes --json "$first" "$second" >"$T/run.out" 2>"$T/run.err" 7>&- &
supervisor=$!
wait_file "$T/run.err" working
kill -INT "$supervisor"
wait_file "$T/run.err" 'Shutting down gracefully. Waiting for 1 running agents to complete\.\.\.'
release
ended
code_is 1 'stopped with work left: exit 1'
is "$(jq -r '.epic + " " + .status' "$T/out")" "$first done" 'the first came to its end'
err_like "stopped: epic '$second' was not started" 'and it is said that the second did not begin'
run ganger run --yes --json "$first" "$second"
code_is 0 'the next time both do'
is "$(jq -r '.epic' "$T/out" | paste -sd ' ')" "$first $second" 'a result a line'
run ganger status
out_like '^[0-9]+: Another epic$' 'the latest run is shown'

# 'stop' is as the first signal, so a signal after it is the second.
epic=$(ganger add 'A third epic')
task slow
does slow 'echo 1 >slow; flock -s "$T/gate" true'
hold
start
wait_file "$T/run.out" working
ok 'stop' ganger stop "$epic"
wait_file "$T/run.err" 'Shutting down gracefully. Waiting for 1 running agents to complete\.\.\.'
kill -INT "$supervisor"
ended
release
code_is 130 'a signal after stop is the second: exit 130'
nothing_left 'nothing is left'

# The epic branch in somebody's checkout.
scene taken
task one
git branch "epic/$epic" && git worktree add -q "$T/elsewhere" "epic/$epic"
go
code_is 4 'an epic branch that is checked out elsewhere: exit 4'
out_like "checked out in '$T/elsewhere'" 'with the path'
unlike "$(cat "$T/out")" 'allow-red' 'and nothing that does not help'

# What has ended says so, also where no agent is set any more.
repo past
epic=$(ganger add 'Done with')
ganger add works --epic "$epic" >/dev/null
"$GANGER" -c agents.it.command='echo 1 >"$GANGER_TASK"' run "$epic" >/dev/null 2>&1
before=$(git for-each-ref)
run ganger run "$epic"
code_is 0 'an epic that is done needs no agent to say so'
out_like '^done: 1 of 1 done, 1 landed' 'and does'
run ganger run "$epic" --json
is "$(jq -c '[.epic, .status, .merged]' "$T/out")" "[\"$epic\",\"done\",1]" 'with its result'
is "$(git for-each-ref)" "$before" 'nothing has changed'
b=$(ganger add fails --epic "$epic")
run ganger run "$epic"
code_is 2 'a child that was added needs one'
err_like '^error: no agent is set' 'which is said'
"$GANGER" -c agents.it.command='exit 1' -c limits.attempts=1 run "$epic" >/dev/null 2>&1
run ganger run "$epic"
code_is 1 'what has failed exits as it ended'
ganger retry "$b" >/dev/null 2>&1
run ganger run "$epic"
code_is 2 'and what is to be tried again needs an agent'
err_like '^error: no agent is set' 'which is said'

# What a result says of an epic that is none, of what waits for another one, of what was cancelled.
repo results
cat >ganger.yaml <<END
agents: {it: {command: 'exit 1'}}
END
empty=$(ganger add empty)
run ganger run "$empty"
code_is 0 'an epic without tasks is done'
out_like "$(printf 'done: 0 of 0 done')" 'with nothing'
out_like '^it has no tasks: ' 'which is said'
epic=$(ganger add epic)
other=$(ganger add other --epic "$epic")
waits=$(ganger add waits --epic "$epic" --after "$other")
ganger add inner --epic "$other" >/dev/null
run ganger run "$epic"
code_is 1 'what waits for another epic is left'
out_like ' 0 of 1 done, 1 held, in ' 'held, and behind nothing of its own'
out_like "^$waits waits: held: needs '$other'" 'for which reason'
run ganger cancel "$waits"
run ganger run "$epic"
code_is 1 'what is cancelled is not done'
out_like "^    ganger retry $waits\$" 'and how to take that back is said'
done_testing
