#!/usr/bin/env bash
# What set-up leaves is not the agent's; what limits set-up and checks is named as it is.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
echo locked >lock.json
printf 'ignored/\n' >.gitignore
git add . && git commit -q -m more
program set-up <<'END'
#!/bin/sh
mkdir -p ignored gen
echo i >ignored/i
echo made >made
echo g >"gen/a b"
ln -s made link
echo changed >lock.json
END
task works
task nothing
task changes
task 'again'
does works 'echo 1 >works; rm -f made; echo made >made'
does nothing 'ls >"$T/seen"'
does changes 'echo more >>made'
does again 'echo 1 >again; git add again gen; git commit -qm all; echo 2 >again2'
go -c "worktree.setup=[$T/bin/set-up]" -c limits.attempts=1 -c policy.uncommitted=commit
code_is 1 'one did nothing'
is "$(sort "$T/seen" | paste -sd ' ')" 'README ganger.yaml gen ignored link lock.json made' 'set-up was there'
like "$(state nothing) $(why nothing)" '^failed no changes' \
	'what set-up left is no work of the agent'
is "$(git diff --name-only main "refs/ganger/$epic/${id[works]}/1" | paste -sd ' ')" works \
	'and is not committed with it, also where it was made once more'
is "$(git diff --name-only main "refs/ganger/$epic/${id[changes]}/1" | paste -sd ' ')" made \
	'what the agent changed of it is'
is "$(git diff --name-only main "refs/ganger/$epic/${id[again]}/1" | paste -sd ' ')" \
	'again again2 gen/a b' 'as is what it committed by itself'
run ganger report "$epic"
out_like 'lock\.json: came from set-up' 'the report names what was left out'

scene strict
task one
does one 'echo 1 >one; git add one; git commit -qm one'
go -c "worktree.setup=[$T/bin/set-up]" -c policy.uncommitted=fail
code_is 0 'nor is it held against the agent where nothing may be left'
is "$(git diff --name-only main "epic/$epic")" one 'its work landed alone'

# Limits.
scene limits
task one
go -c 'worktree.setup=exec tail -f /dev/null' -c worktree.setup_timeout=1s
code_is 4 'set-up that does not end: exit 4'
out_like "set-up does not work on 'main': worktree\.setup_timeout was over" 'the limit is named'
go -c 'queue.check=[ ! -e one ] || exec tail -f /dev/null' -c queue.timeout=1s
code_is 3 'a check that never ends is no verdict'
like "$(why one)" 'queue\.timeout was over' 'the limit is named'

# A command on the command line is text, whatever it begins with.
scene text
task one
go -c 'queue.check=[ -e README ] && { cat >"$GANGER_WORKTREE/in"; }'
code_is 0 'a check may begin with a bracket'
task two
go -c 'queue.check={ test -e one; }' -c limits.attempts=1 --allow-red
code_is 0 'or a brace'
task three
does three 'cat >"$T/prompt"; echo 3 >three'
go -c 'queue.check="/bin/sh" -c true' --allow-red
code_is 0 'or a quote'
like "$(cat "$T/prompt")" 'lands only if this passes: "/bin/sh" -c true\.$' \
	'and the prompt has it as it was written'

# A caller deep inside of git.
scene inside
task one
run env GIT_QUARANTINE_PATH=/nowhere GIT_INTERNAL_SUPER_PREFIX=x/ GIT_NO_REPLACE_OBJECTS=1 \
	timeout "$WAIT_S" "$GANGER" run "$epic" --yes
code_is 0 "it runs inside of one of git's hooks"

# What is to be tidied away is named by then, and the worktree is still there.
scene tidied
program tear-down <<END
#!/bin/sh
pwd >>"$T/torn"
git reset -q --hard && git clean -fdxq
END
task one
does one 'echo 1 >one; pwd >>"$T/torn"'
go -c "worktree.teardown=[$T/bin/tear-down]"
code_is 0 'with a tear-down that leaves nothing, too'
is "$(git show "epic/$epic:one")" 1 'work that was left uncommitted has landed'
is "$(sort -u "$T/torn" | wc -l) $(wc -l <"$T/torn")" '1 2' 'it ran once, in the worktree'
done_testing
