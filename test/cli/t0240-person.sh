#!/usr/bin/env bash
# A person beside a run: who checks the epic branch out, commits to it, rewinds it, deletes it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# at_gate TITLE: its agent waits at the gate.
at_gate()
{
	does "$1" 'flock -s "$T/gate" true; echo 1 >"$GANGER_TITLE"'
}

# commit_onto BRANCH FILE: a commit that somebody else makes.
commit_onto()
{
	local tree
	export GIT_INDEX_FILE=$T/index
	git read-tree "$1"
	git update-index --add --cacheinfo "100644,$(echo person | git hash-object -w --stdin),$2"
	tree=$(git write-tree)
	unset GIT_INDEX_FILE
	git update-ref "refs/heads/$1" "$(git commit-tree "$tree" -p "$1" -m "$2 by a person")" "$(git rev-parse "$1")"
}

scene
task one
task two one
at_gate two
before=$(checkout)
hold
start
ok 'the second works, the first has landed' wait_file "$T/ran" '^two '

# Checking it out does not work, and git says why.
run git checkout "epic/$epic"
code_is 128 'in mid-run the epic branch cannot be checked out'
err_like "$(epic_dir)/anchor" 'git says that our anchor has it'
is "$(checkout)" "$before" 'and nothing changed'
run git worktree add "$T/other" "epic/$epic"
code_is 128 'nor in another worktree'
ok 'looking at it works' git checkout -q --detach "epic/$epic"
git checkout -q main

# Nor can it be pushed to from a clone, as long as we have it.
git clone -q --branch "epic/$epic" . "$T/clone"
run git -C "$T/clone" -c push.default=current push -q origin HEAD~:"epic/$epic" --force
code_is 1 'nor pushed to from a clone'

# A commit onto it is built on.
commit_onto "epic/$epic" by-person
person=$(git rev-parse "epic/$epic")
release
ended
code_is 0 'a person pushes to it: the run comes home'
is "$(git show "epic/$epic:by-person")" person 'what the person did is not reverted'
ok 'it is an ancestor' git merge-base --is-ancestor "$person" "epic/$epic"
is "$(git rev-parse "epic/$epic^")" "$person" 'the landing was built on top of it'
is "$(landings | xargs)" "${id[one]} ${id[two]}" 'each landed once'
err_like "^task ${id[two]}: somebody moved the epic branch to ${person:0:12}" 'and it is said'
nothing_left 'nothing is left'

# With a check: what lands is what was tested, also after the branch has moved.
scene checked
task one
at_gate one
: >"$T/checks"
hold
start -c queue.check="ls | paste -sd ' ' >>'$T/checks'"
ok 'it works' wait_lines "$T/ran" 1
commit_onto "epic/$epic" by-person
release
ended
code_is 0 'moved before its check'
is "$(tail -n 1 "$T/checks")" 'README by-person ganger.yaml one' 'the check saw both'

# Rewound in mid-run: the queue stops, and a person is asked for.
scene rewound
task one
task two one
task three one
at_gate two
at_gate three
hold
start
ok 'the second works' wait_file "$T/ran" '^two '
ok 'and the third' wait_file "$T/ran" '^three '
landed=$(git rev-parse "epic/$epic")
git update-ref "refs/heads/epic/$epic" main
release
ended
code_is 3 'rewound in mid-run: exit 3'
out_like 'the epic branch no longer contains what was landed on it' 'and it is said'
out_like "${landed:0:12}" 'with the commit that was landed'
is "$(git rev-parse "epic/$epic")" "$(git rev-parse main)" 'the branch is left as the person made it'
nothing_left 'nothing is left'
git update-ref "refs/heads/epic/$epic" "$landed"
go
code_is 0 'put right, it goes on'
is "$(tree | grep -cx -e one -e two -e three)" 3 'with all of it'
is "$(ran one) $(ran two) $(ran three)" '1 1 1' 'and no agent again'

# While no supervisor runs.
scene between
task one
task fails
does fails 'exit 1'
go -c limits.attempts=1
landed=$(git rev-parse "epic/$epic")
git update-ref "refs/heads/epic/$epic" main
does fails 'echo 1 >fails'
run ganger retry "${id[fails]}"
go
code_is 3 'rewound while no supervisor ran: exit 3'
out_like "that was ${landed:0:12}" 'and it is said'
unlike "$(cat "$T/out")" 'allow-red' 'and nothing that does not help'
is "$(ran fails)" 1 'nothing is begun'
git branch -q -D "epic/$epic"
git branch -q "epic/$epic" "$landed"
go
code_is 0 'put right, it goes on'
is "$(tree | grep -cx -e one -e fails)" 2 'with all of it'
git branch -q -D "epic/$epic"
task more
go
code_is 3 'deleted: exit 3'
is "$(ran more)" 0 'nothing is begun'

# Taken out after it landed, and before its issue was closed. That is not done by the next run.
scene taken-out
task one
{ GANGER_FAILPOINT=LANDED "$GANGER" run "$epic" --yes >"$T/out" 2>"$T/err"; } 2>/dev/null
git update-ref "refs/heads/epic/$epic" main
go
go
code_is 3 'what is taken out before its issue is closed needs a person'
is "$(state one) $(ganger show "${id[one]}" --json | jq .open)" 'merged true' 'the issue stays open'
out_like '^stuck: 1 of 1 done, 1 landed, 1 taken out again, in ' 'the totals do not hide it'
is "$(ganger status "$epic" --json | jq -c '.stats | [.landed, .taken_out]')" '[1,1]' 'nor do those of the status'
like "$(ganger report "$epic")" '^1 of 1 tasks are done, 1 of them landed in .*, 1 taken out again\.$' 'nor the report'
run ganger retry "${id[one]}"
out_is "will be closed if its work is in the epic branch again: ${id[one]}" 'what a retry of it does is said'
go
code_is 3 'as long as it is not, there is no change'
sed -n '/^    # where it was not/,/^    ganger retry/s/^    //p' "$T/out" >"$T/steps"
ok 'there are steps' grep -q '^ganger submit ' "$T/steps"
(. "$T/steps") >"$T/pasted" 2>&1
go
code_is 0 'they bring it in again' || note "$(cat "$T/steps" "$T/pasted")"
is "$(state one) $(git show "epic/$epic:one")" 'closed one' 'and have its issue closed'
is "$(ran one)" 1 'without its agent'
run ganger retry "${id[one]}"
code_is 2 'what landed and is closed is not tried again'
err_like "is closed: it landed as [0-9a-f]{12}; .*'ganger submit' of its branch" 'and what is to be done is said'

# Checked out when a run begins: exit 4 with the path.
scene held
task one
git branch "epic/$epic"
git worktree add -q "$T/theirs" "epic/$epic"
go
code_is 4 'checked out elsewhere: exit 4'
like "$(cat "$T/out" "$T/err")" "checked out in '$T/theirs'" 'with the path'
is "$(wc -l <"$T/ran")" 0 'nothing was begun'
git worktree remove "$T/theirs"
go
code_is 0 'given back, it goes on'

# A task's branch that a person has checked out is not moved under them.
scene task-branch
task one
git worktree add -q -b "ganger/$epic/${id[one]}" "$T/mine"
start
ok 'it is said' wait_file "$T/run.err" "^task ${id[one]}: .*checked out in '$T/mine'"
kill -TERM "$supervisor"
ended
code_is 1 'a stop does not wait for it'
is "$(git -C "$T/mine" rev-parse HEAD)" "$(git rev-parse main)" 'and the branch is where it was'
git worktree remove "$T/mine"
go
code_is 0 'given back, it goes on'

# What a person commits to the branch of a task that begins anew is not in it, and is not lost.
scene beside
task one
does one 'exit 1'
go -c limits.attempts=1
branch=ganger/$epic/${id[one]}
git worktree add -q "$T/look" "$branch"
git -C "$T/look" commit -q --allow-empty -m theirs
theirs=$(git rev-parse "$branch")
git worktree remove "$T/look"
does one 'echo one >one'
run ganger retry "${id[one]}"
go
code_is 0 'a task is tried again beside what somebody left on its branch'
like "$(cat "$T/out" "$T/err")" "somebody left ${theirs:0:12} on '$branch'" 'which is said'
is "$(git for-each-ref --points-at="$theirs" --format='%(refname)' refs/ganger)" \
	"refs/ganger/$epic/${id[one]}/2.before" 'and named'

# One that is taking its time to be cancelled is not yet to be retried.
scene cancelling
mkfifo "$T/end"
exec 9<>"$T/end"
task one
does one "trap '' TERM; read -r _ <'$T/end'"
start -c limits.grace=1h
ok 'an agent works' wait_file "$T/run.out" ' working '
run ganger cancel "${id[one]}"
run ganger retry "${id[one]}"
code_is 2 'what is being cancelled is not retried'
err_like 'is being cancelled' 'and that is said'
echo >"$T/end"
ended
is "$(state one)" cancelled 'it is cancelled then'
run ganger retry "${id[one]}"
code_is 0 'and can be'
done_testing
