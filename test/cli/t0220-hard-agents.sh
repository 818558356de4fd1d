#!/usr/bin/env bash
# Agents that do not end, say nothing, leave children, or write without end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
megabytes=3
[ -z "${GANGER_LONG:-}" ] || megabytes=2048

scene
before=$(checkout)
for title in never deaf setsid forks outlives loud apart; do
	task "$title"
done
does never 'echo 1 >never; exec tail -f /dev/null'
does deaf 'trap "" TERM INT HUP; echo 1 >deaf; while :; do read -r _ <"$T/nothing"; done'
does setsid 'echo 1 >setsid; setsid sh -c "trap \"\" TERM HUP; echo \$\$ >\"$T/setsid.pid\"; while :; do read -r _ <\"$T/nothing\"; done" & exec tail -f /dev/null'
does forks 'echo 1 >forks; read -r go <"$T/nothing" & setsid sh -c "echo \$\$ >\"$T/forks.pid\"; exec tail -f /dev/null" & while [ ! -s "$T/forks.pid" ]; do :; done'
# Two forks and no terminal, its output closed, its environment empty, elsewhere: as a daemon does it.
does outlives 'echo 1 >outlives; (setsid env -i sh -c "cd /; echo \$\$ >\"$T/outlives.pid\"; exec tail -f /dev/null" >/dev/null 2>&1 </dev/null &) ; while [ ! -s "$T/outlives.pid" ]; do :; done'
does loud "yes 'all work and no play' | head -c ${megabytes}M; echo; echo the end; echo 1 >loud"
mkfifo "$T/nothing"
go -c limits.timeout=1s -c limits.grace=200ms -c limits.attempts=1 -c limits.log=64KiB --max-concurrent 7
code_is 1 'some fail: exit 1'
for title in never deaf setsid; do
	is "$(state $title)" failed "one that never ends is ended: $title"
	like "$(why $title)" 'limits\.timeout' 'and the reason says by what'
	is "$(git show "refs/ganger/$epic/${id[$title]}/1:$title")" 1 'its work is in a ref'
done
for title in forks outlives loud apart; do
	is "$(state $title)" closed "this one lands: $title"
done
for title in setsid forks outlives; do
	ok "it left a process: $title" test -s "$T/$title.pid"
	not_ok 'which is ended' alive "$(cat "$T/$title.pid")"
done
log=$(epic_dir)/agent-logs/${id[loud]}.log
is "$(tail -n 1 "$log")" 'the end' 'the log of one that writes much keeps its end'
ok 'and takes not much more room than limits.log' test "$(du -k "$log" | cut -f1)" -le 256
nothing_left 'nothing is left of any'
is "$(checkout)" "$before" "the user's checkout is as it was"

# The next attempt of one that was cut short goes on from its work.
scene again
task slow
does slow 'ls >"$T/saw.$GANGER_ATTEMPT"; [ "$GANGER_ATTEMPT" = 2 ] || { echo half >half; git add half; git commit -qm half; exec tail -f /dev/null; }; echo 1 >slow'
go -c limits.timeout=1s
code_is 0 'after a time-out it is tried again'
like "$(cat "$T/saw.2")" '^half$' 'from where it was'
is "$(ran slow) $(git show "epic/$epic:half")" '2 half' 'and all of it lands'

# Silence: no output and no change in the worktree. Either is life.
scene silence
task silent
does silent 'exec tail -f /dev/null'
go -c limits.silence=1s -c limits.attempts=1
code_is 1 'one that is silent is ended'
like "$(why silent)" 'limits\.silence' 'and the reason says by what'
nothing_left 'nothing is left'

# What set-up does and does not.
scene set-up
git commit -q --allow-empty -m more
task one
task two
go -c worktree.setup='echo "no network"; exit 3'
code_is 4 'set-up that fails on the untouched base: exit 4'
out_like "set-up does not work on 'main': exit code 3$" 'and says so'
is "$(wc -l <"$T/ran")" 0 'nothing was begun'
nothing_left 'nothing is left'
setup="echo \"\$GANGER_TASK\" >>'$T/setups'; [ \"\$GANGER_TITLE.\$GANGER_ATTEMPT\" != third.1 ] || exit 1; echo from set-up >.ready"
echo .ready >>.git/info/exclude
does one 'cat .ready >"$T/one.ready"; echo 1 >one'
task third two
go -c worktree.setup="$setup" -c queue.check='test -e .ready'
code_is 0 'what fails once is tried again'
is "$(cat "$T/one.ready")" 'from set-up' 'an agent finds what set-up made'
is "$(grep -cx preflight "$T/setups") $(grep -cx "${id[one]}" "$T/setups")" '1 2' \
	'set-up runs before pre-flight, each attempt and each check'
is "$(landings | wc -w)" 3 'all landed'
task fourth
does fourth 'echo 1 >fourth'
go -c worktree.setup='exit 9' -c limits.attempts=2
code_is 1 'set-up that fails later fails the task'
like "$(why fourth)" '^set-up: exit code 9' 'with the reason'
is "$(ran fourth)" 0 'and no agent ran in what was not set up'
done_testing
