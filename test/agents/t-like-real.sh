#!/usr/bin/env bash
# The stand-in for agents does what it says, and kind 'command' judges it as CONTRACT.md has it.
. "$(dirname "$0")/../cli/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
drive=$(dirname "$GANGER")/test/agents/agent-drive
command -v setsid >/dev/null || skip_all 'there is no setsid'
repo
echo more >>README && git commit -q -am more
n=0

# attempt LINES [OPTION...]: one attempt with these '%like' lines in a fresh worktree $W, with
# its folder $J; verdict in $T/out.
attempt()
{
	n=$((n + 1)) W=$T/w$n J=$T/j$n
	git -C "$T/repo" worktree add -q -b "b$n" "$W" main && mkdir "$J" || exit 1
	printf '# A task\n\n%s\n\n## Rules\n' "$1" >"$J/prompt"
	shift
	cd "$W" || exit 1
	run "$drive" -c "exec $here/like-real" -l 'session limit' "$@" "$J"
	[ "$code" = 0 ] || note "$(cat "$T/err")"
}

got()
{
	sed -n "s/^$1=//p" "$T/out"
}

result_is()
{
	is "$(got result)" "$1" "$2"
}

ahead()
{
	git -C "$T/repo" rev-list --count "main..b$n"
}

attempt ''
result_is done 'without a mode it works'
is "$(ahead) $(cat work/1.txt)" '1 work of 1' 'and commits a file'
is "$(cat "$J/log")" '' 'and is silent'

attempt '%like commit a/b.txt two words
%like append a/b.txt line'
is "$(ahead) $(tr '\n' , <a/b.txt)" '2 two words,line,' 'modes are done in their order'

attempt '%like own-branch mine
%like commit'
is "$(ahead) $(git branch --show-current)" '0 mine' 'it may work on a branch of its own'

attempt '%like no-commit'
is "$(ahead) $(git status --porcelain)" '0 ?? work/' 'it may leave its work uncommitted'
result_is 'done' 'which is for Git to judge'

attempt '%like nothing'
result_is nothing 'nothing to do is seen'
attempt '%like nothing-says-done'
result_is 'done' 'words alone are not'
is "$(ahead)" 0 'though nothing was done'

attempt "%like session-limit $T/once
%like commit"
result_is later 'a limit is later'
is "$(got code) $(got limit)" '1 1' 'a limit of the provider'
like "$(got reason)" 'session limit · resets 10:20pm' 'with its words'
ok 'and until when' test "$(got until)" -gt "$(date +%s)"
attempt "%like session-limit $T/once
%like commit"
result_is 'done' 'the second time there is none'
attempt '%like session-limit - try again in 1 minute'
ok 'the time may be chosen' test "$(got until)" -le $(($(date +%s) + 60))

attempt '%like later'
is "$(got result) $(got limit)" 'later 0' 'exit 75 is later'
attempt '%like say oh no
%like exit 3'
is "$(got reason)" 'exit 3: oh no' 'a failure has its last words'
attempt '%like result {"result":"failed","reason":"no compiler"}
%like commit'
is "$(got reason)" 'said that it failed: no compiler' 'a result file decides'

attempt '%like needs-ignored .env
%like commit'
is "$(got reason)" 'exit 1: error: .env is missing' 'it may need what is not there'
attempt '%like home-and-tmp' -e TMPDIR="$T"
ok 'it writes to HOME' test -e "$HOME/.like-real/1"
ok 'and to TMPDIR' ls "$T"/like-real-*.tmp
attempt '%like build-output
%like secrets'
is "$(git status --porcelain | tr '\n' ' ')" \
	'?? .env ?? big.bin ?? build/ ?? id_rsa ?? key.pem ?? main.o ?? node_modules/ ' \
	'it leaves what should not be committed'

attempt '%like big-output 3'
is "$(wc -c <"$J/log")" 3145728 'it may write much'
attempt '%like amend'
not_ok 'it may change its start' git merge-base --is-ancestor main HEAD
attempt '%like reset'
not_ok 'it may lose its start' git merge-base --is-ancestor main HEAD
attempt '%like unfinished-merge'
ok 'it may leave a merge' test -e "$(git rev-parse --git-path MERGE_HEAD)"
attempt '%like detach
%like commit'
is "$(ahead) $(git branch --show-current) $(git rev-list --count main..HEAD)" '0  1' \
	'it may work on no branch'
attempt '%like move-ref other'
ok 'it may move other branches' git rev-parse -q --verify other
attempt '%like write-hook'
ok 'and write hooks' test -x "$T/repo/.git/hooks/post-commit"
rm "$T/repo/.git/hooks/post-commit"

# The fifo is the event: what is left behind tells its pid.
mkfifo "$T/pid"
for mode in fork-setsid spawn-and-leave; do
	wait_line "$T/pid" >"$T/child" &
	attempt "%like $mode $T/pid
%like commit"
	wait $!
	result_is 'done' "$mode ends well"
	ok 'and leaves a process' kill -0 "$(cat "$T/child")"
	kill "$(cat "$T/child")"
	wait_gone "$(cat "$T/child")"
done
wait_line "$T/pid" >"$T/child" &
attempt "%like hang-setsid $T/pid" -t 300ms
wait $!
is "$(got how) $(got result)" 'timeout failed' 'hang-setsid hangs'
ok 'and leaves a process' kill -0 "$(cat "$T/child")"
kill "$(cat "$T/child")"
wait_gone "$(cat "$T/child")"
for mode in silent never-ends stop-ignoring-term; do
	attempt "%like $mode" -t 300ms
	is "$(got how)" timeout "$mode does not end"
done

mkfifo "$T/go" "$T/told"
{
	wait_line "$T/told" >"$T/line"
	echo >"$T/go"
} &
attempt "%like tell $T/told
%like wait $T/go
%like commit"
wait $!
is "$(cat "$T/line") $(ahead)" '1 1 1' 'it tells, and waits to be told'

attempt "%like first-time $T/marker
%like exit 4
%like always
%like commit"
is "$(got code)" 4 'first-time is done at first'
attempt "%like first-time $T/marker
%like exit 4
%like always
%like commit"
is "$(got code) $(ahead)" '0 1' 'and passed over then'

attempt '$ echo hi >a && git add a && git commit -qm a
no command
$ echo "ganger: nothing to do"' -k fake
is "$(ahead) $(got result)" '1 nothing' "kind 'fake' runs what its prompt says"

done_testing
