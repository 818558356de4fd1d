#!/usr/bin/env bash
# What people see of a run: its lines and result, status, queue, report; and what they ask of it.
. "$(dirname "$0")/lib.sh"
repo

json()
{
	python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
print(eval(sys.argv[2], {"j": value, "t": {t["id"]: t for t in value.get("tasks", [])}}))' \
		"$T/out" "$1"
}

# The agent does what the body of its task says, in its worktree.
program agent <<'END'
#!/bin/sh
. "$T/do/$GANGER_TASK"
END
export T
mkdir "$T/do"
cat >ganger.yaml <<END
agents: {it: {kind: command, command: ["$T/bin/agent"], env: {T: "$T"}}}
limits: {attempts: 1}
queue: {conflict_attempts: 0}
END

# 1 lands; 2 waits for the fifo; 3 conflicts with 1; 4 fails and holds 5; 6 has nothing to do.
cat >plan.md <<'END'
# Build it
- [ ] lands
- [ ] waits
- [ ] conflicts
- [ ] fails
- [ ] is held
  after: 4
- [ ] does nothing
END
mkfifo "$T/go" "$T/here" "$T/landed" "$T/lines"
cat >"$T/do/1" <<'END'
echo one >file && git add file && git commit -qm one
END
cat >"$T/do/2" <<'END'
echo says hello
echo here >"$T/here"
read -r line <"$T/go"
echo two >other && git add other && git commit -qm two
END
cat >"$T/do/3" <<'END'
read -r line <"$T/landed"
echo three >file && git add file && git commit -qm three
END
echo 'echo broken; exit 3' >"$T/do/4"
echo 'echo more >more' >"$T/do/5"
echo 'echo "ganger: nothing to do"' >"$T/do/6"

run ganger status
code_is 2 'status where nothing was run is a usage error'
err_like '^error: there was no run here yet$' 'and says so'
run ganger import markdown plan.md
epic=$(cat "$T/out")
run ganger status "$epic"
code_is 2 'so it is for an epic that was never run'
err_like "^hint: 'ganger run $epic' starts one$" 'with what starts it'
run ganger retry 1
code_is 2 'nor is there a task to be retried'

exec 9<>"$T/lines"
"$GANGER" run "$epic" > >(tee "$T/lines" >"$T/run.out") 2>"$T/run.err" &
pid=$!
ok 'the first has landed' wait_line "$T/lines" ' 1  merged '
echo yes >"$T/landed"
ok 'the agent that waits has started' wait_line "$T/here" here

# While it runs.
run ganger status "$epic" --json
code_is 0 'status works while a supervisor runs'
is "$(json 'j["supervisor"]')" "{'pid': $pid, 'alive': True}" 'it names the supervisor'
is "$(json 't["2"]["state"], t["2"]["attempt"], t["2"]["session_state"]')" \
	"('working', 1, 'running')" 'and the task that works'
ok 'its process is there' kill -0 "$(json 't["2"]["pid"]')"
ok 'its worktree is there' test -d "$(json 't["2"]["worktree"]')"
is "$(cat "$(json 't["2"]["log"]')")" 'says hello' 'its log is the agent'\''s'
is "$(json 't["2"]["tokens"], t["2"]["cost_usd"], t["2"]["ended_at"]')" '(None, None, None)' \
	'what is not known is null'
run ganger status
out_like '^running, process ' 'without an epic it takes the latest'
run ganger pause
code_is 0 'pause works'
out_is 'paused: nothing starts or lands; agents go on' 'and says what it means'
run ganger status
out_like 'paused: nothing starts or lands' 'status says that it is paused'
run ganger resume
code_is 0 'resume works'
run ganger report
out_like '^It is running\.$' 'there is a report in mid-run'
out_like '^- 2 waits: working$' 'with what is under way'

echo go >"$T/go"
wait "$pid"
is $? 3 'the run ends: a person is needed'
ok 'it says where the report is' wait_line "$T/lines" '^report: '

# Its lines.
out=$(cat "$T/run.out")
is "$(grep -c 'untested  *no queue.check' <<<"$out")" 1 'untested is said once'
like "$out" '^[0-9:]{8}  1  claimed        lands$' 'a line an event: the claim'
like "$out" '^[0-9:]{8}  2  working        process [0-9]+$' 'the process, where it lived long enough to be seen'
like "$out" '^[0-9:]{8}  1  merged         [0-9a-f]{12}, untested$' 'the landing'
like "$out" '^[0-9:]{8}  6  closed         nothing to do$' 'why nothing landed'
like "$out" '^[0-9:]{8}  4  failed         exit 3: broken$' 'why it failed'
like "$out" '^stuck: 3 of 6 done, 2 landed, 1 conflicted, 1 failed, 1 held behind those, in ' \
	'and at the end what came of it'
is "$(sed -n 's/^    //p' <<<"$out" | tail -n 2)" $'ganger logs 4\nganger retry 4' \
	'with the commands that help'
like "$out" "^report: /.*/report.md$" 'and the report'
is "$(cat "$T/run.err")" '' 'nothing is said beside it'

# After it.
run ganger status --json
is "$(json 'j["supervisor"]')" "{'pid': None, 'alive': False}" 'the supervisor is gone'
is "$(json 'tuple(j["stats"][k] for k in ("total", "blocked", "held", "closed", "failed", "conflicted"))')" \
	'(6, 1, 1, 3, 1, 1)' 'it counts'
is "$(json 't["5"]["state"], t["5"]["reason"], t["5"]["attempt"], t["5"]["log"]')" \
	"('blocked', \"held: needs '4', which is failed\", None, None)" 'why a task is held is said'
is "$(json 't["4"]["error"], t["4"]["pid"], t["4"]["session_state"]')" \
	"('exit 3: broken', None, 'failed')" 'why a task failed is said'
is "$(json 't["1"]["pr"], t["1"]["branch"], t["1"]["session"]')" \
	"(1, 'ganger/$epic/1', '$epic/1/1')" 'what landed has its pull request'
ok 'the session is the ref of its work' git rev-parse -q --verify "refs/ganger/$epic/1/1"
run ganger status
out_like '^ended: stuck$' 'status says how it ended'
err_like "^hint: 'ganger report $epic' says what to do" 'and where to look next'

run ganger run "$epic" --json
code_is 3 'run again it ends as it ended'
is "$(json '(j["epic"], j["status"], j["total"], j["completed"], j["failed"], j["skipped"], j["merged"], j["failed_merges"], j["attempts"])')" \
	"('$epic', 'stuck', 6, 3, 1, 0, 2, 1, 5)" 'with the result alone on standard output'
is "$(json 'j["tokens"], j["cost_usd"]')" "({'in': None, 'out': None}, None)" \
	'in which what is not known is null'

run ganger queue
code_is 0 'an empty queue is no error'
out_is '' 'and prints nothing'
run ganger queue --json
out_is "{\"epic\":\"$epic\",\"queue\":[]}" 'as JSON it is empty'

# What a person does.
run ganger report
is "$(cat "$T/out")" "$(cat "$T"/state/ganger/*/"$epic"/report.md)" 'the report is kept as a file'
out_like "^- 3 conflicts: conflicts with what has landed: file \(1 hunk\)$" 'it names the conflict'
sed -n '/^- 3 conflicts/,/^## /s/^      //p' "$T/out" >"$T/steps"
# The printed commands, and where they leave it to a person, their work.
sed -i 's,^# resolve.*,echo both >../repo-3/file,' "$T/steps"
(. "$T/steps") >"$T/out" 2>"$T/err"
out_like '^will be tried again: 3$' 'its commands can be pasted'
err_like "^hint: no supervisor runs it; 'ganger run $epic' goes on from here$" \
	'and say how to go on'
run ganger cancel 3 5 6
code_is 2 'of several tasks all or none are asked for'
run ganger status --json
is "$(json 't["3"]["state"], t["5"]["state"]')" "('conflicted', 'blocked')" 'so nothing changed'
run ganger retry 4
echo 'echo good >good; git add good; git commit -qm good' >"$T/do/4"
ganger run "$epic" >"$T/run.out" 2>&1
is $? 0 'the next run brings it home'
is "$(git show "epic/$epic:file")" both 'with what the person resolved'
like "$(cat "$T/run.out")" "^next: ganger finish $epic$" 'and says what is next'

run ganger cancel 1
code_is 2 'what is closed cannot be cancelled'
run ganger retry 77
code_is 2 'nor can be retried what is not there'
run ganger stop
code_is 2 'nor stopped what does not run'
err_like 'no supervisor runs' 'which is said'

done_testing
