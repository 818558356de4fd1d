#!/usr/bin/env bash
# Branches of people in the merge queue.
. "$(dirname "$0")/lib.sh"
repo

program agent <<'END'
#!/bin/sh
echo "$GANGER_TASK" >>"$T/started"
echo "$GANGER_TITLE" >agents && git add agents && git commit -qm agents
END
export T PATH="$T/bin:$PATH"
ln -s "$GANGER" "$T/bin/ganger"
cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
limits: {attempts: 2, timeout: 60s}
queue: {check: "test ! -e red"}
END
git add . && git commit -qm settings
base=$(git rev-parse main)
: >"$T/started"

# branch NAME FILE TEXT: one commit on top of main, and back.
branch()
{
	git switch -q -C "$1" main && echo "$3" >"$2" && git add "$2" && git commit -qm "$1" &&
		git switch -q main
}

# state ID: of a task of $epic.
state()
{
	ganger status "$epic" --json | python3 -c 'import json, sys
print([t["state"] for t in json.load(sys.stdin)["tasks"] if t["id"] == sys.argv[1]])' "$1"
}

landed()
{
	git cat-file -e "epic/$epic:$1"
}

run ganger submit nowhere
code_is 2 'a branch that is not there is an error'
err_like "nowhere" 'which names it'
for name in main~0 'main@{0}' HEAD; do
	run ganger submit "$name"
	code_is 2 "what is not the name of a branch is an error: $name"
done
epic=new
run ganger submit --epic "$epic" nowhere main
is "$code $(ganger list 2>/dev/null | grep -c .)" '2 0' 'and nothing is made for it'

# One branch, into an epic that is made for it.
branch one first 1
run ganger submit --epic "$epic" one
code_is 0 'a branch is submitted'
id=$(cat "$T/out")
err_like "^hint: 'ganger run new' lands them$" 'what lands it is said'
is "$(state "$id")" "['queued']" 'it is queued'
is "$(ganger list "$epic" | grep -c "^$id ")" 1 'as a child of the epic'
run ganger diff "$id"
is "$code $(grep '^[+][^+]' "$T/out")" '0 +1' 'diff shows what it would bring'
run ganger run "$epic"
code_is 0 'a run lands it'
run ganger diff "$id"
is "$code $(grep '^[+][^+]' "$T/out")" '0 +1' 'and what it brought'
ok 'it is in the epic branch' landed first
is "$(cat "$T/started")" '' 'no agent was started'
is "$(state "$id")" "['closed']" 'its issue is closed'
is "$(git rev-parse main)" "$base" 'the base is untouched'
is "$(git rev-parse one)" "$(git rev-parse "refs/ganger/$epic/$id/1")" 'the branch too, and its commit is pinned'

# Several at once; one is moved and submitted again, one is deleted after.
branch two second 2
branch three third 3
branch four fourth 4
run ganger submit --epic "$epic" two three four
code_is 0 'several branches are submitted'
mapfile -t ids <"$T/out"
is "${#ids[@]}" 3 'each has an issue'
git switch -q two && echo more >>second && git commit -qam more && git switch -q main
run ganger submit --epic "$epic" two
out_is "${ids[0]}" 'one that has moved is submitted again, under the same issue'
git branch -qD three
git switch -q four && echo late >>fourth && git commit -qam late && git switch -q main
is "$(ganger queue "$epic" --json | jq -r '.queue[-1].id')" "${ids[0]}" 'with its new work it stands at the end of the queue'
run ganger run "$epic"
code_is 0 'they land'
is "$(git show "epic/$epic:second" | tr '\n' ' ')" '2 more ' 'the moved one as it is now'
ok 'the deleted one all the same: it was pinned' landed third
ok 'and the other' landed fourth
is "$(git show "epic/$epic:fourth")" 4 'one that moved and was not submitted again as it was'
is "$(git log --first-parent --format=%s "$base..epic/$epic" | sort)" "four (#4)
one (#1)
three (#3)
two (#2)" 'each once'
git switch -q two && echo again >>second && git commit -qam again && git switch -q main
run ganger submit --epic "$epic" two
unlike "$(cat "$T/out")" "^${ids[0]}$" 'one that has landed and moved is a new issue'
ganger run "$epic" >"$T/run.out" 2>&1
is "$(git show "epic/$epic:second" | tail -n 1)" again 'and lands again'

# While it is being tested its place and its commit are fixed; what comes later is not lost unsaid.
branch busy sixth 6
mkfifo "$T/at-check" "$T/go-on"
run ganger submit --epic "$epic" busy
ganger -c "queue.check=[ ! -e sixth ] || { echo >'$T/at-check'; read -r x <'$T/go-on'; }" run "$epic" >"$T/run.out" 2>&1 &
supervisor=$!
read -r _ <"$T/at-check"
git switch -q busy && echo late >>sixth && git commit -qam late && git switch -q main
run ganger submit --epic "$epic" busy
not_ok 'one that is being merged is not taken again' test "$code" = 0
err_like "'busy' is being merged: submit it again after that" 'and it is said'
echo >"$T/go-on"
wait "$supervisor"
is "$(git show "epic/$epic:sixth")" 6 'it landed as it was tested'
run ganger submit --epic "$epic" busy
ganger run "$epic" >"$T/run.out" 2>&1
is "$(git show "epic/$epic:sixth" | tail -n 1)" late 'and after that it is taken'

# Red: nobody starts an agent on a person's branch.
branch bad red 1
run ganger submit --epic "$epic" bad
id=$(cat "$T/out")
run ganger run "$epic"
code_is 1 'a red branch fails'
out_like "^[0-9:]+  $id  failed  *the check failed on the merged tree: exit code 1" 'which is said'
is "$(cat "$T/started")" '' 'and no agent is started on it'
not_ok 'it did not land' landed red
run ganger logs "$id"
err_like "^hint: its check has: less /.*$" 'where its log is, is said'
git switch -q bad && git rm -q red && echo 5 >fifth && git add fifth && git commit -qm mended && git switch -q main
run ganger submit --epic "$epic" bad
is "$(cat "$T/out") $(state "$id")" "$id ['queued']" 'mended, it is submitted again'
run ganger run "$epic"
code_is 0 'and lands'
ok 'it is in' landed fifth

# A conflict: the printed commands resolve it, wherever the branch is checked out.
branch six first other
git worktree add -q "$T/six" six
run ganger submit --epic "$epic" six
id=$(cat "$T/out")
run ganger run "$epic"
code_is 3 'a conflict needs a person'
sed -n 's/^    //p' "$T/out" | grep -A20 '^git worktree add' >"$T/steps"
dir=$(sed -n 's/^# resolve the conflicts in \(.*\), then:$/\1/p' "$T/steps")
sed -i "s,^# resolve.*,echo both >'$dir/first'," "$T/steps"
run bash "$T/steps"
code_is 0 'the printed commands work'
run ganger run "$epic"
code_is 0 'and the next run lands it'
is "$(git show "epic/$epic:first")" both 'as the person resolved it'
is "$(git -C "$T/six" rev-parse HEAD)" "$(git rev-parse six)" 'the branch itself is as it was'

# With agents beside it.
other=$(ganger add 'for an agent' --epic "$epic")
branch seven seventh 7
run ganger submit --epic "$epic" seven
run ganger run "$epic"
code_is 0 'agents and branches go together'
is "$(cat "$T/started") $(git show "epic/$epic:agents")" "$other for an agent" 'the agent did its own'
ok 'and the branch is in' landed seventh

# To a run that is under way.
mkfifo "$T/here" "$T/go"
program agent <<END
#!/bin/sh
echo here >"$T/here"
read -r line <"$T/go"
echo late >late
END
ganger add waits --epic "$epic" >"$T/out"
branch eight eighth 8
"$GANGER" run "$epic" >"$T/run.out" 2>&1 &
pid=$!
ok 'an agent works' wait_line "$T/here" here
run ganger submit --epic "$epic" eight
code_is 0 'a branch is submitted to a live run'
echo >"$T/go"
wait "$pid"
is $? 0 'which lands it'
ok 'it is in' landed eighth

# Withdrawn, and submitted again.
branch back twelfth 12
run ganger submit --epic "$epic" back
id=$(cat "$T/out")
ganger cancel "$id" >/dev/null 2>&1
run ganger submit --epic "$epic" back
not_ok 'while it is being withdrawn it is not taken' test "$code" = 0
err_like "'back' is being cancelled: submit it again after that" 'which is said'
ganger run "$epic" >"$T/run.out" 2>&1
is "$(state "$id")" "['cancelled']" 'it is withdrawn'
run ganger submit --epic "$epic" back
is "$(state "$id")" "['queued']" 'and is submitted again'
ganger run "$epic" >"$T/run.out" 2>&1
ok 'which lands it' landed twelfth

# An issue that stands for a branch is not for an agent, whenever the supervisor sees it.
: >"$T/started"
id=$(ganger add lonely --epic "$epic" --label branch:lonely)
run ganger run "$epic"
is "$(cat "$T/started")" '' 'no agent is started for an issue whose branch was not submitted yet'
run ganger status "$epic"
out_like "it stands for a branch, which 'ganger submit' puts into the queue" 'which is said'
branch lonely thirteenth 13
run ganger submit --epic "$epic" lonely
out_is "$id" 'the branch enters by it'
ganger run "$epic" >"$T/run.out" 2>&1
ok 'and lands' landed thirteenth

# Where an issue stays open until the base has its work, the next state of the branch has another.
branch long fourteenth 14
run ganger submit --epic "$epic" long
id=$(cat "$T/out")
ganger -c tracker.close=base run "$epic" >"$T/run.out" 2>&1
git switch -q long && echo more >>fourteenth && git commit -qam more && git switch -q main
run ganger submit --epic "$epic" long
unlike "$(cat "$T/out")" "^$id$" 'one whose issue is open until the base has it is a new issue'
ganger -c tracker.close=base run "$epic" >"$T/run.out" 2>&1
is "$(git show "epic/$epic:fourteenth" | tail -n 1)" more 'and lands'

# Without a name: the only epic there is.
branch nine ninth 9
run ganger submit nine
code_is 0 'where there is one epic it need not be named'
run ganger run
ok 'and is the one' landed ninth

# A merge queue without any agent.
repo nobody
branch ten tenth 10
run ganger submit --epic queue ten
run ganger run queue
code_is 0 'no agent is needed to land a branch'
err_like 'no agent is set: what is in the queue lands' 'and it is said'
ok 'it is in' git cat-file -e epic/queue:tenth
run ganger run "$(ganger add 'an epic of issues')"
code_is 2 'issues need one'

# hinted TEXT: do what the last hint says before that text, as it would be pasted.
hinted()
{
	local command
	command=$(sed -n "s/^hint: '\(.*\)' $1.*/\1/p" "$T/err" | head -n 1)
	run eval "$command"
}

# The commands that hints give are fit for a shell, whatever the epic is called.
run ganger status "it's not"
hinted 'starts one'
err_like "^error: there is no issue 'it's not'" 'of an epic that is not there'
branch eleven eleventh 11
run ganger submit --epic "it's new" eleven
hinted 'lands them'
code_is 0 'of one that is made'
ok 'it is in' git cat-file -e "epic/it%27s%20new:eleventh"
branch twelve twelfth 12
ganger submit --epic "it's next" twelve >/dev/null 2>&1
run ganger wait "it's next"
hinted 'goes on from there'
ok 'and of one that nobody runs' git cat-file -e "epic/it%27s%20next:twelfth"
old="$(echo "$XDG_STATE_HOME"/ganger/nobody-*)/it%27s%20old"
mkdir "$old" && echo damaged >"$old/journal.db"
run ganger gc
out_like "ganger status 'it'\\\\''s old'" 'also of one whose journal cannot be read'
done_testing
