#!/usr/bin/env bash
# The way back: the base into the epic, checked, and the epic into the base.
. "$(dirname "$0")/lib.sh"
repo

program agent <<'END'
#!/bin/sh
echo "$GANGER_TASK" >>"$T/started"
echo "$GANGER_TITLE" >shared
git add shared && git commit -qm "$GANGER_TITLE"
END
export T PATH="$T/bin:$PATH"
ln -s "$GANGER" "$T/bin/ganger"
cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
limits: {attempts: 1, timeout: 60s}
queue: {check: "test ! -e red"}
END
git add . && git commit -qm settings

# epic TITLE: an epic of one task, which has landed; sets $epic, and $branch.
epic()
{
	epic=$(ganger add "$1") branch=epic/$epic
	ganger add "$1" --epic "$epic" >"$T/out"
	ganger run "$epic" >"$T/run.out" 2>&1 || note "$(cat "$T/run.out")"
}

# commit FILE TEXT: on the base.
commit()
{
	echo "$2" >"$1" && git add "$1" && git commit -qm "$2"
}

is_open()
{
	ganger show "$1" --json | grep -q '"open":true'
}

run ganger finish 99
code_is 2 'an epic that was never run cannot be finished'

# Nothing is new in the base.
epic first
tip=$(git rev-parse "$branch")
run ganger finish "$epic"
code_is 0 'an epic is finished'
out_is "git switch main && git merge --ff-only $branch" 'by the one git command'
is "$(git rev-parse "$branch")" "$tip" 'the epic branch has nothing to get'
run ganger finish "$epic" --merge
code_is 0 'with --merge the base is moved'
is "$(git rev-parse main) $(cat shared)" "$tip first" 'and the checkout with it'
out_is "'main' is now at '$branch'
issue '$epic' is closed" 'and the issue is closed, and both are said'
not_ok 'it is closed' is_open "$epic"
run ganger finish "$epic" --merge
code_is 0 'finished twice'
out_is "'main' has all of '$branch'" 'it does nothing twice'
is "$(ganger show "$epic" | grep -c 'is in main by')" 1 'and says so once'

# Issues that are closed with the base.
epic=$(ganger add later)
one=$(ganger add 'with the base' --epic "$epic")
run ganger -c tracker.close=base run "$epic"
code_is 0 'tracker.close=base: the run ends'
ok 'what landed in the epic stays open' is_open "$one"
run ganger -c tracker.close=base run "$epic"
code_is 0 'run again it starts nothing'
is "$(grep -cx "$one" "$T/started")" 1 'for it is done'
run ganger -c tracker.close=base finish "$epic" --merge
code_is 0 'with the base it is finished'
not_ok 'and the issue is closed' is_open "$one"
not_ok 'as the epic is' is_open "$epic"

# Something is.
epic second
commit news one
run ganger finish "$epic"
code_is 0 'what is new in the base is brought in'
is "$(git show "$branch:news")" one 'it is in the epic branch'
is "$(git log -1 --format=%s "$branch")" "Bring main into the epic (#$(ganger status "$epic" --json | python3 -c 'import json, sys
print([t["pr"] for t in json.load(sys.stdin)["tasks"] if t["id"].startswith("main@")][0])'))" \
	'as an entry of the queue'
is "$(cat "$T/started" | wc -l)" 3 'for which no agent is started'
tip=$(git rev-parse "$branch")
run ganger finish "$epic"
is "$(git rev-parse "$branch") $(tail -n 1 "$T/out")" "$tip git switch main && git merge --ff-only $branch" \
	'again, nothing is done twice'
commit news two
run ganger finish "$epic" --merge
code_is 0 'a base that moved meanwhile comes in as well'
is "$(cat news shared)" 'two
second' 'and then moves'
not_ok 'the issue is closed' is_open "$epic"

# On another branch, and one that is dirty.
epic third
git switch -q -c elsewhere
run ganger finish "$epic" --merge
code_is 0 'the base is moved while another branch is checked out'
is "$(git show main:shared) $(git branch --show-current) $(cat shared)" 'third elsewhere second' \
	'and the checkout is as it was'
git switch -q main
epic fourth
echo dirty >shared
run ganger finish "$epic" --merge
code_is 3 'a checkout in the way is left'
err_like "^error: could not move 'main' to '$branch': " 'which is said'
ok 'then the issue stays open' is_open "$epic"
git checkout -q shared
run ganger finish "$epic" --merge
code_is 0 'until it is clean'

# Somebody goes to another branch while the base is brought in.
epic meanwhile
commit news half
run ganger -c "queue.check=git -C '$PWD' switch -q -C meanwhile" finish "$epic" --merge
code_is 0 'a checkout may go elsewhere meanwhile'
is "$(git rev-parse main)" "$(git rev-parse "$branch")" 'it is the base that moves'
is "$(git log -1 --format=%s meanwhile)" half 'and not what is checked out by then'
git switch -q main

# It cannot be brought in without a person.
epic fifth
commit shared mine
run ganger finish "$epic" --merge
code_is 3 'a conflict with the base needs a person'
err_like "^error: could not bring 'main' into '$branch': conflicts with what has landed: shared \(1 hunk\)$" 'and is said'
is "$(git show main:shared)" mine 'the base stays'
ok 'the issue stays open' is_open "$epic"
grep -A20 '^git worktree add' "$T/out" >"$T/steps"
is "$(tail -n 1 "$T/steps")" "ganger finish $epic" 'commands are printed'
# Where they leave it to a person, its work.
dir=$(sed -n 's/^# resolve the conflicts in \(.*\), then:$/\1/p' "$T/steps")
sed -i "s,^# resolve.*,echo both >'$dir/shared'," "$T/steps"
run bash "$T/steps"
code_is 0 'executed as they stand, they resolve it'
is "$(git show "$branch:shared")" both 'as the person did'
is "$(tail -n 1 "$T/out")" "git switch main && git merge --ff-only $branch" 'to the command that is left'
run bash -ec "$(tail -n 1 "$T/out")"
code_is 0 'which works'
is "$(cat shared)" both 'and brings it home'
is "$(git worktree list | wc -l)" 1 'no worktree is left'

# It breaks the check.
epic sixth
commit red yes
run ganger finish "$epic" --merge
code_is 1 'a base that breaks the check is no person'\''s conflict'
err_like "^error: could not bring 'main' into '$branch': the check failed on the merged tree: exit code 1$" \
	'it is said'
not_ok 'it did not land' git cat-file -e "$branch:red"
git rm -q red && git commit -qm 'green again'
run ganger finish "$epic" --merge
code_is 0 'mended in the base, it comes in'
is "$(git show main:shared)" sixth 'and home'
is "$(ganger status "$epic" --json |
	jq -r '[.tasks[] | select(.id | startswith("main@")).pr] | "\(length) \(unique | length)"')" \
	'2 2' 'each state of the base had a pull request of its own'

# Somebody cancelled what brings it in.
epic cancelled
commit shared ours
run ganger finish "$epic" --merge
entry="main@$(git rev-parse main | cut -c 1-12)"
ganger cancel "$entry" >/dev/null
run ganger finish "$epic" --merge
code_is 3 'a base whose entry was cancelled waits for a person'
err_like "^error: could not bring 'main' into '$branch': cancelled$" 'and why is said'
out_like "^ganger retry --epic $epic $entry\$" 'with what to do'
git checkout -q -B main "$branch"

# Work is squashed, the base is not: it could not be moved to what does not descend from it.
epic squashed
commit news three
run ganger -c queue.method=squash finish "$epic" --merge
code_is 0 'where work is squashed, the base comes in as it is'
is "$(git rev-parse main)" "$(git rev-parse "$branch")" 'and moves'
unlike "$(cat "$T/err")" untested 'what it moves to was tested'

# Somebody moved the epic branch on by hand.
epic moved
git update-ref "refs/heads/$branch" "$(git commit-tree "$branch^{tree}" -p "$branch" -m 'by hand')"
run ganger finish "$epic" --merge
code_is 0 'what somebody added by hand goes home, too'
err_like "^warning: untested: somebody moved '$branch' on since the last landing$" 'that it is untested is said'
like "$(ganger show "$epic")" "is in main by [0-9a-f]{12}; untested: somebody moved '$branch' on since the last landing" 'also where its issue is read'

# Somebody took out what had landed.
epic=$(ganger add taken)
one=$(ganger add 'taken out' --epic "$epic")
ganger -c tracker.close=base run "$epic" >"$T/run.out" 2>&1
git update-ref "refs/heads/epic/$epic" main
run ganger -c tracker.close=base finish "$epic"
err_like "^warning: 'main' does not have what landed of '$one', " 'who asks how is told what is not in'
run ganger -c tracker.close=base finish "$epic" --merge
code_is 0 'an epic is finished from which somebody took what had landed'
err_like "^warning: 'main' does not have what landed of '$one', " 'which is said'
ok 'that issue stays open' is_open "$one"
ok 'and so does the epic' is_open "$epic"

# Somebody took out the base that had come in.
epic again
tip=$(git rev-parse "$branch")
commit news four
run ganger finish "$epic"
code_is 0 'the base comes in'
git update-ref "refs/heads/$branch" "$tip"
run ganger finish "$epic"
code_is 3 'and somebody takes it out again'
err_like "^error: could not bring 'main' into '$branch': the epic branch no longer contains" 'which is said'
run ganger finish "$epic" --merge
code_is 0 'then it comes in anew'
is "$(git show main:news) $(git rev-parse main)" "four $(git rev-parse "$branch")" 'and goes home'

# Not all is done.
epic seventh
ganger add more --epic "$epic" >"$T/out"
ganger run "$epic" --agent nobody >"$T/run.out" 2>&1
ganger close 99 >"$T/out" 2>&1
program agent <<'END'
#!/bin/sh
exit 1
END
ganger run "$epic" >"$T/run.out" 2>&1
run ganger finish "$epic" --merge
code_is 0 'what is in can be taken home before the rest'
err_like '^warning: 1 of 2 tasks are not in: ' 'which is said'
out_like "^issue '$epic' stays open: not all of its tasks are in$" 'and the issue stays open'
ok 'it does' is_open "$epic"

# While it is run.
epic=$(ganger add eighth)
ganger add eighth --epic "$epic" >"$T/out"
mkfifo "$T/here" "$T/go"
program agent <<END
#!/bin/sh
echo here >"$T/here"
read -r line <"$T/go"
END
"$GANGER" run "$epic" >"$T/run.out" 2>&1 &
pid=$!
ok 'an agent works' wait_line "$T/here" here
run ganger finish "$epic"
code_is 4 'an epic that is run is not finished'
err_like "^error: epic '$epic' is being run by process $pid$" 'by whom is said'
echo >"$T/go"
wait "$pid"

done_testing
