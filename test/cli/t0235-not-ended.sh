#!/usr/bin/env bash
# A process that nobody can end: here one that the old freezer holds, which needs root.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
freezer=/sys/fs/cgroup/freezer/ganger-test-$$
mkdir "$freezer" 2>/dev/null || skip_all 'no freezer'

scene
task one
task two one
does one '
setsid tail -f /dev/null &
echo $! >"$T/frozen"
echo $! >"'"$freezer"'/cgroup.procs"
echo FROZEN >"'"$freezer"'/freezer.state"
echo one >one; git add -A; git commit -q -m one'
go -c limits.max_concurrent=1 -c limits.grace=100ms
frozen=$(cat "$T/frozen")
there=$(ps -o comm= -p "$frozen")
echo THAWED >"$freezer/freezer.state"
kill -9 "$frozen" && wait_gone "$frozen"
rmdir "$freezer"

code_is 0 'what an agent leaves behind for good does not keep its work'
is "${there:+still}" still 'it was still there'
like "$(cat "$T/err")" "^${id[one]}: .*; could not end '[a-z]+' \(pid $frozen\); nobody else is given its worktree\$" 'and named'
is "$(cut -d' ' -f1,2,4 <"$T/ran")" 'one 1 0
two 1 2' 'the next agent is given another worktree'
done_testing
