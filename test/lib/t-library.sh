#!/usr/bin/env bash
# The dispatcher as a library; what the one of origins.md does wrong, by its number there (4b-1 …).
. "$(dirname "$0")/../cli/lib.sh"
steps=$(realpath "$1")
export GANGER
repo
program agent <<'END'
#!/bin/sh
echo "$GANGER_TASK" >>"$T/started"
: >"$T/active/$GANGER_TASK"
ls "$T/active" | wc -l >>"$T/counts"
[ ! -e "$T/do/$GANGER_TASK" ] || . "$T/do/$GANGER_TASK"
echo "$GANGER_TASK" >"$GANGER_TASK"
rm -f "$T/active/$GANGER_TASK"
END
export T
mkdir "$T/do" "$T/active"
cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
limits: {attempts: 2, timeout: 60s}
retry: {delay: 0s}
END
git add . && git commit -qm settings

# A conversation with the library: say LINE, and its answer in $said.
begin()
{
	mkfifo "$T/ask" "$T/told"
	"$steps" <"$T/ask" >"$T/told" 2>"$T/err" &
	steps_pid=$!
	exec 8>"$T/ask" 9<"$T/told"
	rm "$T/ask" "$T/told"
}

say()
{
	echo "$*" >&8
	read -r -t 60 -u 9 said || said='(silence)'
}

# Lines until one that matches.
until_line()
{
	: >"$T/seen"
	while read -r -t 60 -u 9 said; do
		echo "$said" >>"$T/seen"
		[[ $said == $1 ]] && return
	done
	return 1
}

finish()
{
	exec 8>&- 9<&-
	wait "$steps_pid"
}

issues()
{
	local i
	for ((i = 0; i < $1; i++)); do
		ganger add "issue $i"
	done | tr '\n' ' ' | sed 's/ $//'
}

# 4b-1, 4b-2: 25 issues at a limit of 10, over several calls: none refused, never more than 10.
list=$(issues 25)
begin
say open
is "$said" dispatch-1 'a run of its own'
r=$said
say dispatch nothing-like-it
is "$said" "-2 there is no issue 'nothing-like-it'" 'an issue that is not there is an error'
first=${list%% *}
say dispatch "$first"
is "$said" "$r/$first/1" 'one is dispatched: its session has an id'
say dispatch "$list"
is "$said" "$(echo "$list" | sed "s,[0-9][0-9]*,$r/&/1,g")" 'a batch: each has one, the first the one it had'
echo follow >&8
ok 'all come to an end' until_line '*: idle -> completed'
while [ "$(grep -c 'idle -> completed' "$T/seen")" -lt 25 ] && read -r -t 60 -u 9 said; do
	echo "$said" >>"$T/seen"
done
is "$(grep -c 'idle -> completed' "$T/seen")" 25 'none was refused'
is "$(sort -n "$T/counts" | tail -1 | awk '{print ($1 <= 10)}')" 1 'never more than 10 were active'
is "$(grep "^$r/$first/1:" "$T/seen" | sed 's/.*: //' | tr '\n' ',')" \
	'none -> created,created -> dispatched,dispatched -> running,running -> idle,idle -> completed,' \
	'every state is told, in order' || cat "$T/seen"
is "$(sort "$T/started" | uniq -d)" '' 'no issue had two sessions'
say id "$r/$first/1"
like "$said" "^$r/$first/1 $first completed pull=[1-9][0-9]* over=1 times=111" 'a session is found by its id'
say issue "$first"
like "$said" "^$r/$first/1 $first completed pull=[1-9][0-9]* over=1 times=111" 'and by its issue, with its times'
say id "$first"
is "$said" -2 'an issue is no id of a session'
say id "dispatch-2/$first/1"
is "$said" -2 'nor is one of another run found here'
# 4b-7: again.
say dispatch "$first"
is "$said" "$r/$first/1" 'dispatched again it has the session it had'
say list
is "$said" '0 active of 25' 'and nothing is active'
until_line "$r/25/1 *"
finish

# 4b-4: what one program dispatched, another goes on with. 4b-8: an attempt is retried.
mkfifo "$T/here" "$T/go"
a=$(ganger add waits) b=$(ganger add breaks) c=$(ganger add queued)
echo 'echo here >"$T/here"; read -r line <"$T/go"' >"$T/do/$a"
echo 'echo broken; exit 3' >"$T/do/$b"
echo 'limits: {max_concurrent: 1, attempts: 2, timeout: 60s}' >"$T/limits"
sed -i 's/^limits:.*/limits: {max_concurrent: 1, attempts: 2, timeout: 60s}/' ganger.yaml
begin
say open
run_name=$said r=$said
say dispatch "$a $b $c"
is "$said" "$r/$a/1 $r/$b/1 $r/$c/1" 'three at a limit of one'
ok 'the first works' wait_line "$T/here" here
echo "follow $a running" >&8
until_line "$r/$a/1: dispatched -> running"
say issue "$c"
like "$said" "^$r/$c/1 $c created " 'the last waits its turn'
kill -9 "$steps_pid"
wait "$steps_pid" 2>/dev/null
exec 8>&- 9<&-
begin
say open "$run_name"
is "$said" "$run_name" 'the program died; another opens the run by its name'
say list
is "$said" '3 active of 3' 'and has its sessions'
until_line "$r/$c/1 *"
# The supervisor dies in the middle of it.
supervisor=$(ganger status "$run_name" --json | jq .supervisor.pid)
say dispatch "$a"
is "$said" "$r/$a/1" 'still one session'
kill -9 "$supervisor"
wait_gone "$supervisor"
echo go >"$T/go"
echo follow >&8
until_line "$r/$c/1: idle -> completed" || note "$said"
like "$(cat "$T/seen")" "^$r/$a/1: idle -> completed" 'the supervisor died, and was started again'
is "$(grep -cx "$a" "$T/started")" 1 'its agent was not'
like "$(cat "$T/seen")" "^$r/$b/2: created -> dispatched" 'one that broke was tried again, as the next session'
say issue "$b"
like "$said" "^$r/$b/2 $b failed pull=0 over=1 times=111 exit 3: broken" 'and then failed, with its reason'
is "$(ganger list | grep -c .)" "$(ganger list | sort -u | grep -c .)" 'no issue is there twice'
# 4b-5, 4b-6, 4b-10: what comes late changes nothing.
pulls=$(ganger status "$run_name" --json | jq -c '[.tasks[].pr]')
say retry "$a"
like "$said" '^(0|-1 .*)$' 'a completed one may be retried'
say retry nothing-like-it
like "$said" "^-2 epic '$run_name' has no task 'nothing-like-it'" 'one that was not dispatched cannot'
echo ':' >"$T/do/$a"
rm "$T/do/$b"
say retry "$b"
is "$said" 0 'one that failed is tried again'
echo follow >&8
until_line "$r/$b/3: idle -> completed"
is "$said" "$r/$b/3: idle -> completed" 'and completes'
is "$(ganger show "$a" | grep -c 'ganger: pull request')" 1 'its outcome is on the issue once'
finish

# Stopping, and cancelling.
d=$(ganger add 'to be stopped') e=$(ganger add 'to be cancelled')
echo 'echo here >"$T/here"; read -r line <"$T/go"' >"$T/do/$d"
begin
say open
run_name=$said r=$said
say stop
like "$said" "^-2 " 'there is nothing to stop yet'
say dispatch "$d $e"
ok 'one works' wait_line "$T/here" here
say cancel "$e"
is "$said" 0 'one that waits is cancelled'
say stop now
is "$said" 0 'and the run is stopped'
echo "follow $d idle" >&8
until_line "$r/$d/1: running -> idle"
echo "follow $d created" >&8
until_line "$r/$d/2: idle -> created"
is "$said" "$r/$d/2: idle -> created" 'its agent was ended, it is to be tried again' || cat "$T/seen"
say close
say open "$run_name"
is "$said" "$run_name" 'it is opened while it ends'
echo follow >&8
ok 'to open it begins it again' wait_line "$T/here" here
echo go >"$T/go"
until_line "$r/$d/2: idle -> completed"
is "$said" "$r/$d/2: idle -> completed" 'and it completes'
say issue "$e"
like "$said" "^$r/$e/1 $e failed .* over=1" 'what was cancelled stays so'
finish

# A supervisor that cannot begin.
git rm -q --cached ganger.yaml
echo 'queue: {check: "true"}' >ganger.yaml
begin
say open
run_name=$said r=$said
say dispatch "$first"
like "$said" "^-[0-9] could not start '.*ganger'" 'why there is no supervisor is said'
say issue "$first"
like "$said" "^$r/$first/1 $first created " 'what was registered is'
finish
is "$(git worktree list | wc -l)" 1 'no worktree is left'
done_testing
