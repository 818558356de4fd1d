#!/usr/bin/env bash
# Where no agent is set any more: an attempt that one had begun is left to an agent.
. "$(dirname "$0")/lib.sh"
repo

program agent <<'END'
#!/bin/sh
echo "$GANGER_TASK" >>"$T/started"
echo done >work && git add work && git commit -qm work
END
export T PATH="$T/bin:$PATH"

# settings AGENTS: ganger.yaml with these.
settings()
{
	printf '%s\n' "$1" 'limits: {timeout: 60s}' 'queue: {check: "true"}' >ganger.yaml
	git add ganger.yaml && git commit -qm settings
}

# Nothing here may wait for ever.
bounded()
{
	timeout -k 5 "$WAIT_S" "$GANGER" "$@"
}

state()
{
	ganger status "$epic" --json | python3 -c 'import json, sys
print([t["state"] for t in json.load(sys.stdin)["tasks"] if t["id"] == sys.argv[1]])' "$1"
}

agents="agents: {it: {command: [\"$T/bin/agent\"], env: {T: \"$T\"}}}"
settings "$agents"
epic=$(ganger add begun)
task=$(ganger add one --epic "$epic")
git switch -q -c theirs && echo theirs >theirs && git add theirs && git commit -qm theirs && git switch -q main

# Its attempt is in the journal, and its agent was not started. (The first worktree is the pre-flight's.)
code=0
{ GANGER_FAILPOINT=PREPARED:2 bounded run "$epic" --yes >"$T/out" 2>"$T/err"; } 2>"$T/shell" || code=$?
is "$code" 137 'a supervisor dies as an agent is to begin'
is "$(state "$task")" "['working']" 'its task is at work'
settings ''
run ganger submit --epic "$epic" theirs
code_is 0 'a branch is in the queue beside it'
branch=$(cat "$T/out")

run bounded run "$epic" --yes
code_is 2 'without an agent that attempt cannot be brought to its end'
err_like '^error: no agent ' 'which is said'
is "$(state "$task") $(state "$branch")" "['working'] ['queued']" 'and all stays as it was'
run bounded finish "$epic" --merge
code_is 3 'nor is the epic finished meanwhile'
err_like "^error: an attempt of epic '$epic' is not at its end$" 'for the same reason'
err_like "^hint: 'ganger run $epic' brings it there$" 'and what does is said'
is "$(state "$task") $(state "$branch")" "['working'] ['queued']" 'and all stays as it was'

settings "$agents"
run bounded run "$epic" --yes
code_is 0 'with one it goes on'
is "$(cat "$T/started")" "$task" 'from where it was, once'
is "$(state "$task") $(state "$branch")" "['closed'] ['closed']" 'and both land'

done_testing
