#!/usr/bin/env bash
# With a remote: what is pushed, one that refuses, one that somebody else has moved.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# remote NAME: a scene with a bare repository as its origin.
remote()
{
	scene "$1"
	bare=$T/$1.git
	git clone -q --bare . "$bare"
	git remote add origin "$bare"
	git fetch -q origin
	git remote set-head origin main
}

# commit_there FILE: somebody else pushes a commit onto the epic branch.
commit_there()
{
	rm -rf "$T/clone"
	git clone -q --branch "epic/$epic" "$bare" "$T/clone"
	(cd "$T/clone" && echo person >"$1" && git add "$1" && git commit -q -m "$1 by a person" && git push -q)
}

there()
{
	git -C "$bare" for-each-ref --format='%(refname:short)' refs/heads refs/ganger | sort | paste -sd ' '
}

remote never
task one
go
code_is 0 'with a remote and no git.push'
is "$(there)" main 'nothing is pushed'
run ganger report "$epic"
out_like '^- nothing was pushed$' 'and the report says so'

remote epic
task one
task two one
go -c git.push=epic
code_is 0 'git.push: epic'
is "$(there)" "epic/$epic main" 'the epic branch is pushed, no other'
is "$(git -C "$bare" rev-parse "epic/$epic")" "$(git rev-parse "epic/$epic")" 'as it is here'
is "$(landings | xargs)" "${id[one]} ${id[two]}" 'each landed once'
run ganger -c git.push=epic report "$epic"
out_like "epic/$epic was pushed to 'origin'" 'and the report says so'

remote all
task one
go -c git.push=all
code_is 0 'git.push: all'
is "$(there)" "epic/$epic ganger/$epic/${id[one]} main" "the tasks' branches are pushed, too"

# Somebody else pushes to it in mid-run.
remote moved
task one
task two one
does two 'flock -s "$T/gate" true; echo 1 >two'
hold
start -c git.push=epic
ok 'the second works' wait_file "$T/ran" '^two '
commit_there by-person
person=$(git -C "$bare" rev-parse "epic/$epic")
release
ended
code_is 0 'a person pushes to it: the run comes home'
is "$(git -C "$bare" show "epic/$epic:by-person")" person 'nothing of it is reverted'
is "$(git -C "$bare" rev-parse "epic/$epic^")" "$person" 'the landing was built on top of it'
is "$(git -C "$bare" rev-parse "epic/$epic")" "$(git rev-parse "epic/$epic")" 'here and there are the same'
err_like "^task ${id[two]}: somebody moved the epic branch to ${person:0:12}" 'and it is said'

# Somebody else rewinds it there.
remote rewound
task one
task two one
does two 'flock -s "$T/gate" true; echo 1 >two'
hold
start -c git.push=epic
ok 'the second works' wait_file "$T/ran" '^two '
git -C "$bare" update-ref "refs/heads/epic/$epic" "$(git commit-tree -p main -m other 'main^{tree}' | xargs -I{} sh -c "git push -q '$bare' {}:refs/heads/other && echo {}")"
theirs=$(git -C "$bare" rev-parse "epic/$epic")
release
ended
code_is 3 'rewritten on the remote: exit 3'
out_like 'the epic branch no longer contains what was landed on it' 'and it is said'
is "$(git -C "$bare" rev-parse "epic/$epic")" "$theirs" 'the remote is left as it is'

# One that refuses.
remote refuses
printf '#!/bin/sh\necho "no merges on Fridays" >&2\nexit 1\n' >"$bare/hooks/update" && chmod +x "$bare/hooks/update"
task one
go -c git.push=epic
code_is 4 'a remote that takes nothing: exit 4'
out_like 'no merges on Fridays' 'and why is said'
is "$(wc -l <"$T/ran")" 0 'nothing was begun'
printf '#!/bin/sh\ncase $1 in refs/heads/epic/*) [ "$2" = 0000000000000000000000000000000000000000 ] || { echo "no merges on Fridays" >&2; exit 1; } ;; esac\n' >"$bare/hooks/update"
go -c git.push=epic
code_is 3 'one that takes no landing: exit 3'
like "$(cat "$T/out" "$T/err")" 'no merges on Fridays' 'and why is said'
is "$(git rev-parse "epic/$epic")" "$(git rev-parse main)" 'nothing landed here either'
is "$(state one)" queued 'the work is in the queue'
rm "$bare/hooks/update"
go -c git.push=epic
code_is 0 'once it takes it, all comes home'
is "$(ran one) $(git -C "$bare" rev-parse "epic/$epic")" "1 $(git rev-parse "epic/$epic")" 'without an agent again'

# One that is not there.
remote gone
mv "$bare" "$bare.away"
task one
start -c git.push=epic
ok 'one that is not there is said' wait_file "$T/run.err" '^could not open the epic, trying again: '
kill -TERM "$supervisor"
ended
code_is 4 'and stopped, it cannot'
is "$(wc -l <"$T/ran")" 0 'nothing was begun'
mv "$bare.away" "$bare"
go -c git.push=epic
code_is 0 'once it is, it goes on'

# The crash between the push and the local ref.
remote crash
task one
task two one
code=0
{ GANGER_FAILPOINT=LANDED "$GANGER" -c git.push=epic run "$epic" --yes >"$T/out" 2>"$T/err"; } 2>/dev/null || code=$?
is $code 137 'killed as it has landed'
git update-ref "refs/heads/epic/$epic" main # as if before the local ref was moved
go -c git.push=epic
code_is 0 'pushed, and not yet moved here: it goes on'
is "$(landings | xargs)" "${id[one]} ${id[two]}" 'each landed once'
done_testing
