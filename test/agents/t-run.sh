#!/usr/bin/env bash
# What agents do, run by the supervisor: each way of like-real is a task of one epic.
. "$(dirname "$0")/../cli/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
repo
cat >ganger.yaml <<END
agents:
  like:
    command: exec "$here/like-real"
    pause_on: [session limit]
limits: {attempts: 1, timeout: 3s, grace: 200ms}
retry: {delay: 100ms}
worktree: {include: [local.env]}
END
printf 'local.env\nbuild/\nnode_modules/\n*.o\n' >.gitignore
echo SECRET=1 >local.env
git add . && git commit -q -m settings
epic=$(ganger add 'An epic')
declare -A id

# task NAME BODY: adds a task.
task()
{
	id[$1]=$(ganger add "$1" --epic "$epic" --body "$2")
}

# state NAME: its state and reason, from the journal.
state()
{
	ganger status "$epic" --json | jq -r --arg id "${id[$1]}" \
		'.tasks[] | select(.id == $id) | .state + ": " + (.error // .reason // "")'
}

state_like()
{
	like "$(state "$1")" "$2" "$3" || note "$(cat "$XDG_STATE_HOME"/ganger/*/"$epic"/agent-logs/"${id[$1]}".log)"
}

has()
{
	git ls-tree -r --name-only "epic/$epic" | grep -qx "$1"
}

task plain '%like commit plain.txt'
task left '%like no-commit left.txt'
task own '%like own-branch mine
%like commit own.txt'
task detached '%like detach
%like commit detached.txt'
task outside '%like home-and-tmp
%like commit outside.txt'
task ignored '%like needs-ignored local.env
%like commit ignored.txt'
task built '%like build-output
%like secrets
%like no-commit built.txt'
task nothing '%like nothing'
task liar '%like nothing-says-done'
task limited "%like session-limit $T/once try again in 1 second
%like commit limited.txt"
task broken '%like say no compiler
%like exit 3'
task forks "%like fork-setsid $T/forks.pid
%like commit forks.txt"
task leaves "%like spawn-and-leave $T/leaves.pid
%like commit leaves.txt"
task hangs "%like hang-setsid $T/hangs.pid"
task deaf '%like no-commit deaf.txt
%like stop-ignoring-term'
task loud '%like big-output 3
%like commit loud.txt'
task merging '%like unfinished-merge'
task rewrites '%like amend
%like commit rewrites.txt'
before=$(git rev-parse HEAD main; git status --porcelain)
run timeout -k 10 90 "$GANGER" run "$epic" --yes
code_is 1 'an epic with failures ends with 1'

state_like plain '^closed' 'what commits, lands'
ok 'and is in the epic branch' has plain.txt
ok 'what is left uncommitted, lands' has left.txt
ok 'what is done on a branch of its own, lands' has own.txt
ok 'what is done on no branch, lands' has detached.txt
ok 'what writes to HOME and TMPDIR, lands' has outside.txt
ok 'what needs ignored files, lands' has ignored.txt
not_ok 'without them' has local.env
ok 'what leaves what builds leave, lands' has built.txt
for file in .env id_rsa key.pem big.bin main.o build/main.o node_modules/dep/index.js; do
	not_ok "without $file" has "$file"
done
state_like nothing '^closed' 'nothing to do is done'
state_like liar '^failed: no changes' 'no changes are a failure'
state_like limited '^closed' 'after a limit it is tried again'
state_like broken '^failed: exit 3: no compiler' 'a failure is one'
ok 'what forks, lands' has forks.txt
ok 'what leaves a process, lands' has leaves.txt
ok 'what is loud, lands' has loud.txt
state_like hangs '^failed: .*limits.timeout' 'what hangs is ended'
state_like deaf '^failed: .*limits.timeout' 'and so is what does not listen'
state_like merging '^failed: .*unfinished merge' 'an unfinished merge is a failure'
state_like rewrites '^failed: .*descend' 'and so is another history'
for name in forks leaves hangs; do
	ok "$name: it left a process" test -s "$T/$name.pid"
	not_ok "$name: which is ended" kill -0 "$(cat "$T/$name.pid")"
done
is "$(git rev-parse HEAD main; git status --porcelain)" "$before" "the user's checkout is as it was"
is "$(git rev-list --count --first-parent "main..epic/$epic")" 11 'each landed once'

done_testing
