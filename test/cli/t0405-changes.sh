#!/usr/bin/env bash
# What people change in the tracker while a run goes on takes effect without a restart.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

waits='echo here >>"$T/here"; flock -s "$T/gate" true; echo x >x$GANGER_TASK; git add -A; git commit -q -m x'
scene
hold
task first
task other
task again
ganger close "${id[again]}"
does first "$waits"
does other "$waits"
start
wait_lines "$T/here" 2
task late other
task dropped first
ganger edit "${id[late]}" --after "${id[first]}"
ganger close "${id[dropped]}"
ok 'closing it is heard of' wait_file "$T/run.out" " ${id[dropped]} +closed"
is "$(state late)" blocked 'an issue added now waits'
is "$(status '$t.late.reason')" "waits for ${id[first]}" '... for what it was given to need later'
is "$(why dropped)" 'closed in the tracker' 'one that is closed is not started'
task free
ok 'and ends while others work' wait_file "$T/run.out" " ${id[free]} +closed"
ok 'one added now is done at once' has free
ganger edit "${id[again]}" --status open
ok 'opening one again is heard of' wait_file "$T/run.out" " ${id[again]} +closed"
ok 'and it is done' has again
release
ended
code_is 0 'the epic is done'
is "$(ran late) $(ran dropped)" '1 0' 'with what was added, without what was closed'
ok 'the late one started with what it needs' \
	git merge-base --is-ancestor "refs/ganger/$epic/${id[first]}/1" \
	"refs/ganger/$epic/${id[late]}/1"
nothing_left 'and nothing is left'

# Edges that make a cycle are said, and the run goes on by those it has.
scene cycle
hold
task first
does first "$waits"
: >"$T/here"
task second first
start
wait_lines "$T/here" 1
ganger edit "${id[first]}" --after "${id[second]}" 2>/dev/null
ok 'a cycle is said' wait_file "$T/run.err" 'changes in the tracker are not taken in: .*cycle'
release
ended
code_is 0 'and the run ends well'
is "$(landings)" "${id[first]} ${id[second]}" 'by the edges that it had'
done_testing
