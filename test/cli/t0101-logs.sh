#!/usr/bin/env bash
# What attempts have written and changed, and waiting for a run: logs, diff, wait, top.
. "$(dirname "$0")/lib.sh"
repo

program agent <<'END'
#!/bin/sh
. "$T/do/$GANGER_TASK"
END
export T
mkdir "$T/do"
cat >ganger.yaml <<END
agents: {it: {kind: command, command: ["$T/bin/agent"], env: {T: "$T"}}}
limits: {attempts: 2, log: 64KiB}
retry: {delay: 0s}
END
cat >plan.md <<'END'
# Build it
- [ ] waits
- [ ] fails once
- [ ] writes much
- [ ] needs all
  after: 1, 2, 3
END
mkfifo "$T/go" "$T/here" "$T/lines"
cat >"$T/do/1" <<'END'
echo begins
echo early >early; git add early; git commit -qm early; echo late >>early
echo here >"$T/here"
read -r line <"$T/go"
echo goes on
git commit -qam late
read -r line <"$T/go"
echo ends
END
cat >"$T/do/2" <<'END'
echo "attempt $GANGER_ATTEMPT"
printf '\033[31mred\033[0m\tand\007\r\n'
echo "$GANGER_ATTEMPT" >two; git add two; git commit -qm "two $GANGER_ATTEMPT"
[ "$GANGER_ATTEMPT" = 2 ]
END
cat >"$T/do/3" <<'END'
i=0
while [ $i -lt 20000 ]; do i=$((i + 1)); echo "line $i"; done
echo big >big; git add big; git commit -qm big
END
echo 'exit 1' >"$T/do/4"

run ganger logs 1
code_is 2 'a task of no run has no log'
run ganger wait nothing
code_is 2 'nor can a run be waited for that never was'
epic=$(ganger import markdown plan.md 2>/dev/null)
"$GANGER" run "$epic" >"$T/run.out" 2>&1 &
pid=$!
ok 'the agent that waits has started' wait_line "$T/here" here

run ganger logs 1
out_is begins 'logs prints what there is'
run ganger logs 4
code_is 2 'a task that had no attempt has no log'
err_like "^error: there was no attempt at task '4' yet$" 'which is said'
run ganger diff 1
code_is 0 'diff works while an agent is at it'
is "$(grep '^[+]' "$T/out")" $'+++ b/early\n+early\n+late' 'and shows what the files have by now'
err_like '^hint: attempt 1 is still at work' 'which is said'

# To its end.
ganger wait "$epic" >"$T/wait.out" 2>&1 &
waiting=$!
exec 9<>"$T/lines"
"$GANGER" logs -f 1 >"$T/lines" 2>"$T/err" &
following=$!
# One for whom there is no inotify left: a user has 128 for all that run.
spent=/proc/sys/user/max_inotify_instances
without_inotify() { unshare -Ur sh -c 'echo 0 >"$0" && exec "$@"' "$spent" "$@"; }
looking=
if without_inotify true 2>/dev/null; then
	without_inotify "$GANGER" logs -f 1 >"$T/looked" 2>&1 &
	looking=$!
fi
ok 'logs -f prints what there is' wait_line "$T/lines" '^begins$'
echo go >"$T/go"
ok 'and what comes' wait_line "$T/lines" '^goes on$'
ok 'while the attempt goes on' kill -0 "$following"
echo go >"$T/go"
ok 'to the last line' wait_line "$T/lines" '^ends$'
wait "$following"
is $? 0 'and ends with the attempt'
if [ "$looking" ]; then
	wait "$looking"
	is "$? $(cat "$T/looked")" $'0 begins\ngoes on\nends' 'also where nothing tells it of changes'
fi
wait "$pid"
code=$?
is $code 1 'the run ends with a failure'
wait "$waiting"
is $? $code 'wait exits as the run'
is "$(cat "$T/wait.out")" '' 'and says nothing'
run ganger wait "$epic"
code_is $code 'also of a run that ended before'
ok 'logs -f of what has ended ends' timeout "$WAIT_S" "$GANGER" logs -f 1

# Attempts.
is "$(ganger logs 2 | head -n 1)" 'attempt 2' 'logs is of the latest attempt'
is "$(ganger logs 2 --attempt 1 | head -n 1)" 'attempt 1' 'or of the one that is named'
is "$(ganger logs 2 | tail -n 1)" "$(printf '\033[31mred\033[0m\tand\007\r')" \
	'in a pipe it is what was written'
run ganger logs 2 --attempt 3
code_is 2 'an attempt that was not made is none'
err_like "^error: task '2' has 2 attempts$" 'and it is said how many there are'
run ganger logs 2 --attempt x
code_is 2 'nor is one without a number'
is "$(ganger diff 1 | grep '^[+]')" $'+++ b/early\n+early\n+late' 'diff is of all an attempt did'
is "$(ganger diff 2 --attempt 1 | grep '^[+]')" $'+++ b/two\n+1' 'diff is of an attempt'
like "$(ganger diff 2 | grep '^[+]')" '^\+2$' 'and of the latest'
ok 'a reader that goes away is no error' bash -c '"$GANGER" logs 3 | head -n 1'

# A log over its cap.
run ganger logs 3
log=$(cat "$T"/state/ganger/*/"$epic"/agent-logs/3.log | tr -d '\0' | tail -n 1)
is "$(tail -n 1 "$T/out")" "$log" 'of a long log the end is there'
if [ "$(wc -c <"$T/out")" -lt 188894 ]; then
	err_like '^warning: the first [0-9]+ bytes are gone' 'what is gone is said'
	like "$(head -n 1 "$T/out")" '^line [0-9]+$' 'and what is left begins with a line'
	is "$(tr -dc '\0' <"$T/out" | wc -c)" 0 'without the hole'
fi

# A terminal.
if command -v script >/dev/null; then
	script -qec '"$GANGER" logs 2' /dev/null </dev/null | tr -d '\r' >"$T/out"
	is "$(tail -n 1 "$T/out")" "$(printf 'red\tand\\x07')" 'on a terminal it is made harmless'
	script -qec "TERM=xterm '$GANGER' top $epic" /dev/null </dev/null >"$T/out"
	is $? 0 'top shows a run that has ended, and ends'
	out_like '3 of 4 done' 'with where it stands'
fi
run ganger top
code_is 2 'top needs a terminal'

# A supervisor that died.
echo 'echo here >"$T/here"; read -r line <"$T/go"' >"$T/do/4"
ganger retry 4 >/dev/null 2>&1
"$GANGER" run "$epic" >"$T/lines" 2>&1 &
pid=$!
ok 'the agent runs again' wait_line "$T/here" here
# Its process is in the journal once it is said, and not before.
ok 'and its process is known' wait_line "$T/lines" ' 4 +working +process [0-9]'
"$GANGER" wait "$epic" >"$T/wait.out" 2>"$T/wait.err" &
waiting=$!
"$GANGER" logs -f 4 >/dev/null &
following=$!
kill -9 "$pid"
wait "$pid" 2>/dev/null
wait "$waiting"
is $? 1 'wait ends with the supervisor'
like "$(cat "$T/wait.err")" '^error: (the supervisor of|no supervisor runs) epic' 'and says so'
run ganger status --json
like "$(cat "$T/out")" '"alive":false' 'status says that it is gone'
agent=$(sed 's/.*"id":"4"[^}]*"pid":\([0-9]*\).*/\1/' "$T/out")
ok 'the agent lives on' kill -0 "$agent"
ok 'and is followed' kill -0 "$following"
echo go >"$T/go"
wait "$following"
is $? 0 'to its end'
run ganger status
out_like '^no supervisor runs it$' 'status says that nobody runs it'
err_like "^hint: 'ganger run $epic' goes on from here$" 'and how to go on'
echo 'exit 1' >"$T/do/4"
ganger run "$epic" >"$T/run.out" 2>&1
is $? 1 'the next run takes over'

done_testing
