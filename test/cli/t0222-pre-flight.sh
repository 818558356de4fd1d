#!/usr/bin/env bash
# Before the first claim: set-up, check and probe on the untouched base; exit codes of a run.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
task one
before=$(checkout)
go -c queue.check='echo "2 tests fail"; exit 1'
code_is 3 'a check that is red on the base: exit 3'
out_like '^the check already fails on main: ' 'it says that the check already fails'
out_like '^    # with --allow-red it starts all the same$' 'and how it starts all the same'
log=$(epic_dir)/agent-logs/preflight.gate.log
out_like "$log" 'and where its log is'
is "$(cat "$log")" '2 tests fail' 'which has what it said'
is "$(wc -l <"$T/ran")" 0 'nothing was begun'
nothing_left 'nothing is left'
is "$(checkout)" "$before" "the user's checkout is as it was"
go -c queue.check='test -e one' --allow-red
code_is 0 '--allow-red begins all the same'
is "$(landings)" "${id[one]}" 'and lands what passes'

scene probe
task one
go -c agents.it.probe='echo "not logged in"; exit 1'
code_is 4 'a probe that does not pass: exit 4'
out_like "^the probe of agent 'it' does not pass" 'it is said'
is "$(wc -l <"$T/ran")" 0 'nothing was begun'
go -c agents.it.probe='echo "$GANGER_TASK" >>'"$T/probed"
code_is 0 'one that passes begins'
go -c agents.it.probe='echo "$GANGER_TASK" >>'"$T/probed"
is "$(wc -l <"$T/probed")" 1 'once for the epic'

# The check runs in set-up's worktree of the base, and again on each merged tree.
scene checked
echo base >base && git add base && git commit -q -m base
task one
task two one
go -c queue.check='git status --porcelain; ls | paste -sd " " | tee -a '"$T/checks"
code_is 0 'with a check'
is "$(cat "$T/checks")" $'README base ganger.yaml\nREADME base ganger.yaml one\nREADME base ganger.yaml one two' \
	'it is run on the base and on what lands, as it lands'
unlike "$(cat "$T/out")" 'untested' 'what is tested is not called untested'

# Without one it is said wherever it is shown.
scene untested
task one
go
out_like '^untested: no queue\.check$' 'without a check the result says so'
run ganger report "$epic"
out_like 'untested: no queue\.check' 'the report says so'
run ganger status "$epic"
out_like 'untested: no queue\.check' 'status says so'
run ganger show "${id[one]}"
out_like 'untested: no queue\.check' 'and the issue'

# What cannot be tried ends before it begins.
scene bad
task one
for bad in no.such.key=1 limits.max_concurrent=many limits.max_concurrent=0 limits.timeout=yesterday; do
	go -c "$bad"
	code_is 2 "bad input, exit 2: $bad"
	err_like "${bad%=*}" 'the key is named'
done
go --agent nobody
code_is 2 'an agent that is not there: exit 2'
run ganger run 999
code_is 2 'an epic that is not there: exit 2'
printf 'limits:\n  max_concurent: 3\n' >>ganger.yaml
go
code_is 2 'a misspelt key in ganger.yaml: exit 2'
err_like 'ganger\.yaml.*3|line' 'with file and line' || cat "$T/err"
err_like 'max_concurrent' 'and what was meant'
is "$(wc -l <"$T/ran")" 0 'nothing was begun by any'
git checkout -q ganger.yaml

# Of several epics: the highest code, all of them run.
one=$epic
does fails 'exit 1'
epic=$(ganger add 'Another epic')
task fails
run timeout "$WAIT_S" "$GANGER" -c limits.attempts=1 run "$epic" "$one" --yes
code_is 1 'of several epics the highest code counts'
is "$(ran one)" 1 'and all are run'
run timeout "$WAIT_S" "$GANGER" run
code_is 2 'without an epic, and two that are open: exit 2'
err_like "Another epic" 'with a list'

# An issue that somebody else has claimed or closed, unheard.
scene claimed
run timeout "$WAIT_S" "$GANGER" run
code_is 2 'an epic without children cannot be run'
task one
task two one
does one 'echo 1 >one
	socket=${GANGER_PROMPT_FILE%/job/*}/control.sock
	mv "$socket" "$socket.away"
	"$GANGER_BIN" -C "$GANGER_ROOT" close $((GANGER_TASK + 1))
	mv -n "$socket.away" "$socket"'
go -c "agents.it.env.GANGER_BIN=$GANGER"
code_is 3 'a claim that the tracker refuses: exit 3'
is "$(ran two)" 0 'is not begun'
like "$(why two)" 'closed' 'and says why'

# With a check that there was not when it was begun: who is at work then is not tidied away for a base that is red.
scene adopted
task one
does one 'echo 1 >one; echo at work >"$T/there"; flock -s "$T/gate" true'
hold
start
wait_lines "$T/there" 1
killed
start -c 'queue.check=test -e one'
wait_file "$T/run.err" 'adopted process'
release
ended
code_is 0 'what was adopted is no part of a pre-flight'
is "$(cat "$T/ran" | wc -l) $(git show "epic/$epic:one")" '1 1' 'and its work has landed'

# A check that runs as its supervisor dies: it is ended before the next one begins in the same worktree.
scene orphan
task one
program check <<'END'
#!/bin/bash
if [ ! -e "$T/first" ]; then
	echo $$ >"$T/first"
	exec flock -s "$T/gate" true
fi
kill -0 "$(cat "$T/first")" 2>/dev/null && echo beside >>"$T/beside"
exit 0
END
sed -i "s|\$T/|$T/|g" "$T/bin/check"
hold
start -c "queue.check=$T/bin/check"
ok 'a check runs' wait_file "$T/first" '^[0-9]'
killed
go -c "queue.check=$T/bin/check"
code_is 0 'another supervisor begins with a check of its own'
not_ok 'which is beside no other' test -e "$T/beside"
release
nothing_left 'nothing is left'
done_testing
