#!/usr/bin/env bash
# The defects of the two systems that this one follows, as they are numbered in the notes on
# their origins (section 4). Each has a test here, or is said to be shown by another one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
here=$(cd "$(dirname "$0")" && pwd)

# shown DEFECT SCRIPT NAME: a test of this name shows it.
shown()
{
	ok "$1 (see $2)" grep -qF -- "$3" "$here/$2".sh
}

# ---- 4a: what was reported ----

scene
task t1
for n in 2 3 4 5 6; do
	task "t$n" "t$((n - 1))"
done
go --json
is "$(jq -c '[.status, .completed]' "$T/out")" '["done",6]' \
	'origins PR 565: a moment with nothing ready does not end the run: 6 of 6'
before=$(git rev-parse "epic/$epic")
go
is "$code $(wc -l <"$T/ran") $(git rev-parse "epic/$epic")" "0 6 $before" \
	'origins 787, 999: run again, it finds the epic and builds nothing anew'

# One that enters the branch of another: what lands of that one is its own work.
scene boundaries
task victim
task intruder
does victim 'echo mine >victim; git add victim; git commit -qm mine; echo 1 >"$T/committed"; flock -s "$T/gate" true'
does intruder 'git checkout -q -b tmp; git rm -qr .; echo theirs >theirs; git add .; git commit -qm theirs
git update-ref "refs/heads/ganger/$GANGER_EPIC/$((GANGER_TASK - 1))" HEAD; git update-ref "refs/ganger/$GANGER_EPIC/$((GANGER_TASK - 1))/1" HEAD
git checkout -q --detach "$GANGER_BASE"; echo 1 >intruder; git add intruder; git commit -qm own; echo 1 >"$T/intruded"'
hold
start -c limits.max_concurrent=2
ok 'origins 678: one works' wait_file "$T/committed" 1
ok 'another moves its branch' wait_file "$T/intruded" 1
release
ended
not_ok 'origins 678: what one puts onto the branch of another does not land' has theirs

# Worktrees are made as late as can be.
scene stale
task one
task two one
task three two
does three 'ls | paste -sd " " >"$T/saw3"; echo 1 >three'
go
is "$(cat "$T/saw3")" 'README ganger.yaml one two' \
	'origins 867: a worktree begins with all that has landed before it'
shown 'origins 730: what hangs is ended' t0220-hard-agents 'one that never ends is ended: $title'
shown 'origins 826: "all done" is not believed' t0201-judged 'exit 0 and nothing: failed'
shown 'origins 934: of two that write one file none is overwritten' t0221-conflicts \
	'the epic branch has what landed first'
shown 'origins 660: nothing is left behind' t0220-hard-agents 'nothing is left of any'
shown 'origins 1032: work that did not land is kept' t0201-judged 'but a ref keeps it'

# ---- 4b ----

shown 'origins 4b-1: 25 issues at limit 10' t0210-graphs 'origins 4b-1: 25 issues at limit 10'
shown 'origins 4b-2: never more than 10 at once' t0210-graphs 'origins 4b-2: never more than 10'

# All of it dies; what is left of it must not count.
scene restart
task one
task two
for title in one two; do
	does $title '[ "$GANGER_ATTEMPT" != 1 ] || exec tail -f /dev/null; echo 1 >"$GANGER_TITLE"'
done
start --max-concurrent 2
ok 'origins 4b-4: two work' wait_lines "$T/ran" 2
ok 'and are known' wait_json "$(epic_dir)/swarm-pids.json" "\"pid\":$(sed -n 's/^two 1 \([0-9]*\) .*/\1/p' "$T/ran")"
killed
of_us | while read -r pid _; do
	kill -9 "$pid"
done
go --max-concurrent 2
code_is 0 'origins 4b-4: sessions of a dead run take no place in the next'

shown 'origins 4b-5: an end that is told twice makes no second pull request' t0231-kills \
	'no pull request twice'
shown 'origins 4b-7: an issue has one agent at a time' t0203-signals 'a second one for the epic cannot'
shown 'origins 4b-8: attempts are counted' t0201-judged 'limits.attempts is the number of attempts'
shown 'origins 4b-8: a time-out holds' t0231-kills 'limits.timeout ends it without a supervisor'
shown 'origins 4b-8: a stop ends the agents' t0203-signals \
	'the agents are ended, with all that they started'

# A late word of what has ended changes nothing.
scene late
task one
does one '(setsid sh -c "exec tail -f /dev/null" &); echo 1 >one'
go
run ganger cancel "${id[one]}"
is "$code $(state one)" '2 closed' 'origins 4b-6: what is closed stays closed'

# A journal that was cut off is said, and is not emptied.
scene damaged
task one
task two
does two 'exit 1'
go -c limits.attempts=1
journal=$(epic_dir)/journal.db
size=$(stat -c %s "$journal")
truncate -s $((size / 2)) "$journal"
rm -f "$journal-wal" "$journal-shm"
sum=$(sha256sum <"$journal")
go
code_is 4 'origins 4b-9: a journal that was cut off: exit 4'
err_like 'journal.db' 'it is named'
is "$(sha256sum <"$journal")" "$sum" 'origins 4b-9: and its history is not erased'
is "$(wc -l <"$T/ran")" 2 'nothing is begun'

# ---- 4c ----

shown 'origins 4c-1: a run with a conflict ends' t0221-conflicts 'a conflict is left: exit 3'
shown 'origins 4c-2: a failed task unblocks nothing' t0210-graphs 'what needs a failed task is not begun'
shown 'origins 4c-3: what did nothing is not done' t0201-judged 'but done without work is not'
shown 'origins 4c-4, 4c-5: a crash between merge and close repeats neither' t0230-crashes 'LANDED'
shown 'origins 4c-6: who still works is adopted' t0231-kills 'with the same process ids'

# Two epics at once, in one repository and one tracker.
scene epics
first=$epic
second=$(ganger add 'Another epic')
for n in 1 2 3; do
	task "a$n"
done
epic=$second
for n in 1 2; do
	task "b$n"
done
task closed
ganger close "${id[closed]}" >/dev/null
for title in a1 a2 a3 b1 b2; do
	does "$title" 'flock -s "$T/gate" true; echo 1 >"$GANGER_TITLE"'
done
hold
"$GANGER" run "$first" --json --yes >"$T/first.out" 2>&1 7>&- &
first_pid=$!
start --json
ok 'origins 4c-7: two epics run at once' wait_lines "$T/ran" 5
release
ended
wait_gone "$first_pid"
is "$(jq -c '[.status, .total, .completed, .merged]' "$T/out")" '["done",3,3,2]' \
	'origins 4c-7: the one counts its own tasks'
is "$(grep '^{' "$T/first.out" | jq -c '[.status, .total, .completed, .merged]')" '["done",3,3,3]' \
	'origins 4c-7: and so does the other'
is "$(git ls-tree --name-only "epic/$first" | paste -sd ' ')|$(git ls-tree --name-only "epic/$second" | paste -sd ' ')" \
	'README a1 a2 a3 ganger.yaml|README b1 b2 ganger.yaml' 'each has its own work'
shown 'origins 4b-10, 4c-7: a state folder of its own, private' t0202-files 'all folders are 0700'

shown 'origins 4c-8: a hung agent does not hold up the shutdown' t0203-signals 'a second SIG$signal: exit 130'
shown 'origins 4c-8: the terminal'"'"'s signal does not reach the agents' t0203-signals 'does not reach the agent'

# A check that takes its time keeps nobody from starting or ending.
scene loop
task one
task two
task three two
does two 'flock -s "$T/gate" true; echo 1 >two'
program check <<'END'
#!/bin/sh
[ "$GANGER_TASK" != preflight ] && [ -e one ] && [ ! -e two ] || exit 0
echo 1 >>"$T/checking"
read -r _ <"$T/go"
END
mkfifo "$T/go"
hold
start -c "queue.check=T='$T' '$T/bin/check'" -c limits.max_concurrent=2
ok 'origins 4c-9: a check is under way' wait_file "$T/checking" 1
release
ok 'origins 4c-9: meanwhile an agent ends' wait_file "$T/run.out" " ${id[two]}  queued"
echo go >"$T/go"
ended
code_is 0 'and all comes home'

shown 'origins 4c-10: a claim that is refused ends' t0222-pre-flight 'a claim that the tracker refuses: exit 3'
shown 'origins 4c-11: partial failure is failure' t0202-files 'one task failed: exit 1'

# One that waits for its next try does not keep a place.
scene starving
for n in 1 2 3; do
	task "fails$n"
	does "fails$n" '[ "$GANGER_ATTEMPT" != 1 ] || exit 1; echo 1 >"$GANGER_TITLE"'
done
for n in 1 2 3; do
	task "works$n"
done
go -c limits.max_concurrent=1 -c retry.delay=1s
code_is 0 'origins 4c-12: those that failed'
is "$(sed -n '/ 2 /!s/ .*//p' "$T/ran" | sort | paste -sd ' ')" 'fails1 fails2 fails3 works1 works2 works3' 'do not starve those that are ready'
done_testing
