#!/usr/bin/env bash
# What changes in Beads, by bd itself, while a run goes on takes effect without a restart, and frees
# nothing that is not free.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
WAIT_S=100

python=$(command -v /usr/bin/python3 python3 | head -1)
[ "$python" ] || skip_all 'no python3'
export PATH=$GANGER_SOURCE/test/fake:$PATH
b()
{
	BEADS_DIR=$PWD/.beads bd "$@" >/dev/null
}

# made TITLE [OPTION]...: by bd alone, no supervisor is told.
made()
{
	local title=$1
	shift
	id[$title]=bd-$title
	b create "$title" --id "bd-$title" --deps "parent-child:$epic${1:+,blocks:${id[$1]}}"
}

# soon FILTER EXPECTED NAME: once the supervisor has looked.
soon()
{
	local found='' end=$((SECONDS + WAIT_S))
	while [ $SECONDS -lt $end ]; do
		found=$(status "$1" 2>/dev/null)
		[ "$found" = "$2" ] && break
	done
	is "$found" "$2" "$3"
}

waits='echo here >>"$T/here"; flock -s "$T/gate" true; echo x >x$GANGER_TITLE; git add -A; git commit -q -m x'
scene
echo 'tracker: beads' >>ganger.yaml
echo .beads >.gitignore
git add -A && git commit -q -m settings
epic=$(ganger add 'An epic')
hold
made first
made again
made second first
made gone first
made loose first
does first "$waits"
b close bd-again
: >"$T/here"
start -c poll=1s
wait_lines "$T/here" 1

made late first
soon '$t.late.state' blocked 'added: it waits'
made free
soon '$t.free.state' closed 'added, and free: it is done at once'
b dep add bd-loose bd-second
b dep remove bd-loose bd-first
soon '$t.loose.reason' 'waits for bd-second' 're-linked: it waits for the other now, and was never free'
b close bd-gone --force
soon '$t.gone.reason' 'closed in the tracker' 'closed: it is not started'
b dep remove bd-late "$epic"
soon '$t | has("late")' false 'out of the epic: it is not started'
b update bd-again --status open
soon '$t.again.state' closed 'opened again: it is done'
is "$(ran second) $(ran loose) $(ran late) $(ran gone)" '0 0 0 0' 'nothing that waits was started'
b delete bd-second --force
soon '$t.loose.state' closed 'deleted: what waited for it alone goes on'
release
ended
code_is 0 'the epic is done'
is "$(ran first) $(ran free) $(ran again) $(ran loose)" '1 1 1 1' 'each was done once'
is "$(ran second) $(ran late) $(ran gone)" '0 0 0' '… and what was taken out was not'
nothing_left 'nothing is left'

# Many an agent closes its issue before it ends, and so closed ones land; not where it was taken out as well.
scene both
echo 'tracker: beads' >>ganger.yaml
echo .beads >.gitignore
git add -A && git commit -q -m settings
epic=$(ganger add 'An epic')
hold
made both
does both "$waits"
: >"$T/here"
start -c poll=1s
wait_lines "$T/here" 1
b close bd-both --force
b dep remove bd-both "$epic"
ok 'closed, and taken out of the epic: what becomes of it is said' \
	wait_file "$T/run.err" 'task bd-both was taken out of the epic'
release
ended
is "$code $(state both) $(landings)" '3 queued ' '… and it does not land'
done_testing
