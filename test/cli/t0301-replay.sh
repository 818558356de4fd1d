#!/usr/bin/env bash
# A journal's trace leads to its tables: after failures, retries, changes of settings, kills at
# many places, and changes that were made while no supervisor ran.
. "$(dirname "$0")/lib.sh"
repo

program agent <<'END'
#!/bin/sh
echo "attempt $GANGER_ATTEMPT of $GANGER_TASK"
. "$T/do/$GANGER_TASK"
END
export T
mkdir "$T/do"
cat >ganger.yaml <<END
agents:
  it: {command: ["$T/bin/agent"], env: {T: "$T"}}
  other: {command: ["$T/bin/agent"], env: {T: "$T"}, max_concurrent: 1}
agent: it
limits: {attempts: 2, timeout: 60s}
retry: {delay: 10ms}
queue: {check: "test ! -e broken"}
END
git add . && git commit -qm settings
cat >plan.md <<'END'
# Build it
- [ ] lands
- [ ] fails, then lands
- [ ] is red, then lands
- [ ] needs the first
  after: 1
- [ ] conflicts
  after: 1
- [ ] fails
- [ ] is held
  after: 6
- [ ] does nothing
- [ ] puts it off
END
echo 'echo 1 >one; git add one; git commit -qm one' >"$T/do/1"
echo 'test "$GANGER_ATTEMPT" -gt 1 || exit 1; echo 2 >two' >"$T/do/2"
echo 'if [ -e broken ]; then git rm -q broken; else echo >broken; fi; echo $GANGER_ATTEMPT >three' >"$T/do/3"
echo 'echo 4 >clash' >"$T/do/4"
echo 'echo 5 >clash' >"$T/do/5"
echo 'exit 3' >"$T/do/6"
echo 'echo 7 >seven' >"$T/do/7"
echo 'echo "ganger: nothing to do"' >"$T/do/8"
echo 'test -e "$T/later" || { : >"$T/later"; exit 75; }; echo 9 >nine' >"$T/do/9"
epic=$(ganger import markdown plan.md)
j=$(echo "$T"/state/ganger/repo-*)/$epic/journal.db

# replays NAME: it does, now.
replays()
{
	run ganger replay "$j"
	code_is 0 "$1" || note "$(cat "$T/out")"
}

# sql STATEMENT: in the copy.
sql()
{
	python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute(sys.argv[2])' "$T/copy.db" "$1"
}

run ganger replay "$j"
code_is 2 'where there is no journal, that is said'

# A kill at each place, and the next run goes on.
n=0
for at in carry-out:1 OPENED:1 commit:4 PREPARED:1 JOB_STARTED:1 JOB_ENDED:1 COLLECTED:1 COLLECTED:2 \
	PULL:1 MERGE_MADE:1 LANDED:1 DONE:3 carry-out:9 CONFLICT:1; do
	n=$((n + 1))
	{ GANGER_FAILPOINT=$at "$GANGER" -c limits.attempts=$((n % 3 + 2)) run "$epic" >"$T/run.out"; } 2>"$T/run.err"
	killed=$?
	run ganger replay "$j"
	is "$code $(cut -d, -f2 "$T/out")" '0  tables equal' "run until $at ($killed): it replays" ||
		note "$(cat "$T/out" "$T/err")"
done
"$GANGER" run "$epic" --agent other >"$T/run.out" 2>&1
replays 'run to its end with another agent: it replays'
like "$(cat "$T/out")" '^[0-9]{3} events, tables equal$' 'and says how many events it took'

# Without a supervisor.
ganger cancel 6 >"$T/out" 2>&1
replays 'a task cancelled meanwhile: it replays'
ganger pause "$epic" >"$T/out" 2>&1
replays 'paused meanwhile: it replays'
ganger resume "$epic" >"$T/out" 2>&1
ganger retry 6 >"$T/out" 2>&1
replays 'resumed and a task retried meanwhile: it replays'
git branch mine main
ganger submit --epic "$epic" mine >"$T/out" 2>&1
replays 'a branch submitted meanwhile: it replays'
echo 'echo 6 >six' >"$T/do/6"
ganger run "$epic" >"$T/run.out" 2>&1
replays 'and after the run that followed'

# On a running one, and one that is stopped.
mkfifo "$T/here" "$T/go"
id=$(ganger add waits --epic "$epic")
echo 'echo here >"$T/here"; read -r line <"$T/go"; echo >waited' >"$T/do/$id"
"$GANGER" run "$epic" >"$T/run.out" 2>&1 &
pid=$!
ok 'an agent waits' wait_line "$T/here" here
replays 'while a supervisor runs, it replays'
ganger stop --now "$epic" >"$T/out" 2>&1
wait "$pid"
replays 'after it was stopped at once'

# What is not as it should be.
cp "$j" "$T/copy.db"
sql "UPDATE task SET spent = 7 WHERE id = '4'"
run ganger replay "$T/copy.db"
code_is 1 'a row that was changed is found'
out_like "^task '4', spent: stored 7, replayed [12]$" 'with the task, the field, and both values'
run ganger replay "$T/copy.db" --json
is "$(python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
print(j["equal"], j["difference"][:32], j["events"] > 100)' "$T/out")" \
	"False task '4', spent: stored 7, repla True" 'also as JSON'
sql "DELETE FROM trace WHERE kind = 'COLLECTED' AND task = '1'"
run ganger replay "$T/copy.db"
code_is 1 'an event that is missing is found'
sql "UPDATE trace SET text = replace(text, '\"version\":\"', '\"version\":\"9.') WHERE kind = 'BEGIN'"
run ganger replay "$T/copy.db"
err_like '^warning: it was written by ganger 9\.' 'another version is said'
sql "UPDATE trace SET text = '{' WHERE kind = 'OPENED'"
run ganger replay "$T/copy.db"
code_is 4 'an event that cannot be read is an error'
sql "DELETE FROM trace WHERE kind = 'BEGIN'"
run ganger replay "$T/copy.db"
code_is 2 'a trace without its beginning cannot be replayed'
err_like 'its trace does not say how it was begun$' 'which is said'

# Issues of a dispatch.
one=$(ganger add 'a dispatched one')
echo 'echo >dispatched' >"$T/do/$one"
ganger dispatch "$one" >"$T/run.out" 2>&1
is $? 0 'an issue is dispatched'
j=${j%/*/*}/dispatch-1/journal.db
replays 'and replays'
ganger retry --epic dispatch-1 "$one" >"$T/out" 2>&1
replays 'also when it is retried'
{ GANGER_FAILPOINT=COLLECTED:1 "$GANGER" run dispatch-1 >"$T/run.out"; } 2>"$T/run.err"
ganger run dispatch-1 >"$T/run.out" 2>&1
replays 'and after that'

done_testing
